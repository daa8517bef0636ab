# SPDX-License-Identifier: GPL-2.0
"""Figures of the benchmark that two ways of counting, or of timing, must agree
on; each with a control in which they do not."""

from __future__ import annotations

import copy
import re
from functools import partial
from statistics import median
from typing import Any, Callable

import lab
import pytest
from kmblib import results, vm
from kmblib.errors import Code

Cell = dict[str, Any]
Repetition = dict[str, Any]

# What the mean-loop adds, in instructions of x86-64 with gcc 12, and what is left
# to another compiler: 5 to an operation, 11 to a batch were seen.
_LOOP, _LOOP_BATCH = 8, 16
_RECORD_MAX = 60
# The planted delay, instructions, and by how much a bucket's middle may be off.
_DELAY, _BUCKET_ERROR = 1000, 0.008
_OUTSIDE_ERROR = 0.02
# Operations in a batch of a scenario that is no burst.
_BATCH = 64
# What slabs hold, and what the page allocator gives.
_POWERS_OF_TWO = [1 << n for n in range(3, 14)]
_LARGE_POWERS_OF_TWO = [1 << n for n in range(14, 23)]


def _document(guests: lab.Lab, name: str) -> dict[str, Any]:
    """The results of a guest that is believed."""
    ended = guests.ended(name)
    assert vm.judge(ended) == Code.GOOD
    return results.parse(ended.results, name)


@pytest.fixture(name="counts")
def _counts(guests: lab.Lab) -> list[Cell]:
    """The cells of `kmbench check`."""
    cells: list[Cell] = _document(guests, "counts")["cells"]
    return cells


@pytest.fixture(name="said")
def _said(guests: lab.Lab) -> Callable[[str], str]:
    """What the script counts.sh says of a step."""
    console = guests.ended("counts").console
    return lambda step: str(re.findall(rf"^step {re.escape(step)}: (.*)$", console, re.M)[-1]).strip()


@pytest.fixture(name="cells")
def _cells(guests: lab.Lab) -> list[Cell]:
    """What was measured on the virtual clock."""
    cells: list[Cell] = _document(guests, "outside")["measured"]["cells"]
    return cells


def _cell(cells: list[Cell], name: str) -> Cell:
    """The cell of a name."""
    return next(cell for cell in cells if cell["name"] == name)


@pytest.mark.guests("counts")
def test_ftrace_sees_the_calls_that_the_module_counts(
        counts: list[Cell], said: Callable[[str], str]) -> None:
    """Of each scenario and context that there is, and to the call."""
    assert said("all") == "0"
    assert all(cell["verdict"] == "pass" for cell in counts)
    for kind in ("kmalloc", "kfree"):
        assert all(cell[kind]["said"] == cell[kind]["seen"] > 0 for cell in counts)
    names = [cell["name"].split("/") for cell in counts]
    assert {n[1] for n in names} == {"task", "preemptoff", "irqsoff", "spinlock", "softirq",
                                     "hardirq", "irqwork", "rcu"}
    assert {"pair", "alloc", "free", "burst1024-shuffled", "ring16-free", "ring256-alloc",
            "migrate"} <= {n[0] for n in names}


@pytest.mark.guests("counts")
def test_a_call_more_is_seen(guests: lab.Lab, said: Callable[[str], str]) -> None:
    """The control: somebody else has the module allocate, meanwhile."""
    assert said("disturbed") == "1"
    lines = re.findall(r"^DIFFERS .*: kmalloc (\d+) said, (\d+) seen; kfree (\d+) said, (\d+) seen",
                       guests.ended("counts").console, re.M)
    assert lines
    for line in lines:
        said_, seen = (int(line[0]), int(line[2])), (int(line[1]), int(line[3]))
        assert seen[0] >= said_[0] and seen[1] >= said_[1] and seen != said_


@pytest.mark.guests("counts")
@pytest.mark.parametrize(("step", "code"), [("all", "0"), ("TERM", "3"), ("KILL", "137")])
def test_tracing_is_left_as_it_was(said: Callable[[str], str], step: str, code: str) -> None:
    """However the check ends."""
    assert said(step) == code
    assert said(f"mounts after {step}") == "0"
    assert said(f"instances after {step}") == "0"


@pytest.mark.guests("counts")
@pytest.mark.parametrize(("step", "line"), [
    ("uncounted", "'krealloc': the module does not count the calls of this scenario; "),
    ("hidden", "tracing is not available: /proc/modules: Permission denied; it hides addresses; "
               "set kernel.kptr_restrict to 0 or 1"),
    ("untraced", "tracing is not available: mounting tracefs on /sys/kernel/tracing: No such file "
                 "or directory; the kernel needs CONFIG_EVENT_TRACING, you root"),
])
def test_check_that_cannot_look_does_not_pass(
        guests: lab.Lab, said: Callable[[str], str], step: str, line: str) -> None:
    """It says what is missing."""
    assert said(step) == "2"
    assert f"kmbench: {line}" in guests.ended("counts").console


def _mean(stats: dict[str, Any]) -> float:
    """The exact mean of a series."""
    return float(stats["sum"] / stats["count"])


def _added_by_loop(repetition: Repetition) -> float:
    """What the mean-loop has more than the samples, the clock's share of them taken off."""
    return _mean(repetition["mean_loop"]) - (_mean(repetition) - _mean(repetition["empty"]))


def _loops_agree(cell: Cell) -> bool:
    """The two loops differ by what is stated; timer interrupts hit few repetitions."""
    burst = re.match(r"burst(\d+)-", cell["name"])
    batch = min(int(burst[1]) if burst else _BATCH, cell["iterations"])
    added = median(map(_added_by_loop, cell["repetitions"]))
    return 0 <= added <= _LOOP + _LOOP_BATCH / float(batch)


@pytest.mark.guests("outside")
def test_samples_agree_with_the_mean_loop(cells: list[Cell]) -> None:
    """Alone, in pairs, in bursts."""
    off = [cell["name"] for cell in cells if not _loops_agree(cell)]
    assert not off
    assert {"alloc", "free", "pair", "kzalloc", "burst1-lifo", "burst1024-shuffled"} <= {
        cell["scenario"] for cell in cells}


@pytest.mark.guests("outside")
@pytest.mark.parametrize("by", [-2 * _LOOP, 2 * _LOOP])
def test_loops_that_disagree_are_seen(cells: list[Cell], by: int) -> None:
    """The control: each sample some instructions longer, or shorter."""
    cell = copy.deepcopy(_cell(cells, "pair/task/GFP_KERNEL/64"))
    assert _loops_agree(cell)
    for repetition in cell["repetitions"]:
        repetition["sum"] += by * repetition["count"]
    assert not _loops_agree(cell)


@pytest.mark.guests("outside")
def test_histogram_has_all_samples(cells: list[Cell]) -> None:
    """Its sum is the count; that a tool refuses another, test_measurement.c shows."""
    for repetition in (r for cell in cells for r in cell["repetitions"]):
        assert sum(count for _low, count in repetition["histogram"]) == repetition["count"] > 0


def _shows_delay(cell: Cell) -> bool:
    """Exactly in the mean, within the histogram's error in the middle."""
    empty = median(_mean(r["empty"]) for r in cell["repetitions"])
    shown = [median(map(_mean, cell["repetitions"])), cell["percentiles"]["p50"]]
    return all(abs(ticks - empty - _DELAY) <= _BUCKET_ERROR * _DELAY for ticks in shown)


@pytest.mark.guests("outside")
def test_planted_delay_shows(cells: list[Cell]) -> None:
    """1000 instructions are 1000 ticks."""
    assert _shows_delay(_cell(cells, "delay/task/GFP_KERNEL/64"))


@pytest.mark.guests("outside")
@pytest.mark.parametrize("by", [-10, 10])
def test_other_delay_does_not(cells: list[Cell], by: int) -> None:
    """The control: 1 % more, or less."""
    cell = copy.deepcopy(_cell(cells, "delay/task/GFP_KERNEL/64"))
    for repetition in cell["repetitions"]:
        repetition["sum"] += by * repetition["count"]
    assert not _shows_delay(cell)


@pytest.mark.guests("outside")
def test_measuring_costs_little_and_always_the_same(cells: list[Cell]) -> None:
    """A sample and its record, and the empty loop, where no timer comes between."""
    repetitions = [r for cell in cells for r in cell["repetitions"]]
    assert all(0 < r["record"]["max"] <= _RECORD_MAX for r in repetitions)
    assert all(r["clock"]["max"] == r["clock"]["min"] > 0 for r in repetitions)
    assert median(r["empty"]["max"] - r["empty"]["min"] for r in repetitions) == 0
    assert len({r["empty"]["min"] for r in repetitions}) == 1
    # The control: what is spread, shows so.
    assert any(r["max"] > r["min"] for r in repetitions)


def _outside(console: str, size: int) -> float:
    """Instructions that a pair of the plain loop took, by the stamps of the kernel's log."""
    stamps = [(float(at), int(pairs)) for at, pairs in
              re.findall(rf"^\[ *([\d.]+)\] (?:begin|end) {size} (\d+)\r?$", console, re.M)]
    took: dict[int, list[float]] = {}
    for (begin, pairs), (end, _same) in zip(stamps[::2], stamps[1::2], strict=True):
        took.setdefault(pairs, []).append(end - begin)
    short, long = sorted(took)
    # What comes between only ever adds to it.
    return (min(took[long]) - min(took[short])) / (long - short) * 1e9


def _agrees(inside: float, outside: float) -> bool:
    """Within 2 %."""
    return abs(inside / outside - 1) <= _OUTSIDE_ERROR


@pytest.mark.guests("outside")
@pytest.mark.parametrize("size", _POWERS_OF_TWO)
def test_pair_agrees_with_a_plain_loop(guests: lab.Lab, cells: list[Cell], size: int) -> None:
    """That another module runs, and the kernel's log times; raw samples and mean-loop."""
    outside = _outside(guests.ended("outside").console, size)
    repetitions = _cell(cells, f"pair/task/GFP_KERNEL/{size}")["repetitions"]
    assert _agrees(median(map(_mean, repetitions)), outside)
    assert _agrees(median(_mean(r["mean_loop"]) for r in repetitions), outside)


@pytest.mark.guests("outside")
@pytest.mark.parametrize("size", _LARGE_POWERS_OF_TWO)
def test_pair_of_large_blocks_agrees_with_it(guests: lab.Lab, size: int) -> None:
    """Where both find the same blocks free, one right after the other."""
    console = guests.ended("outside").console
    text = re.findall(rf"^document {size}: (.*?)\r?$", console, re.M)[-1]
    document = results.parse(text.encode(), "outside")["measured"]
    repetitions = _cell(document["cells"], f"pair/task/GFP_KERNEL/{size}")["repetitions"]
    assert _agrees(median(map(_mean, repetitions)), _outside(console, size))
    assert _agrees(median(_mean(r["mean_loop"]) for r in repetitions), _outside(console, size))


@pytest.mark.guests("outside")
def test_other_scenarios_disagree_with_it(guests: lab.Lab, cells: list[Cell]) -> None:
    """The control: kzalloc(), kmalloc() alone, kfree() alone."""
    agrees = partial(_agrees, outside=_outside(guests.ended("outside").console, 64))
    for name in ("kzalloc/task/GFP_KERNEL/1024", "alloc/task/GFP_KERNEL/64",
                 "free/task/GFP_KERNEL/64"):
        assert not agrees(median(map(_mean, _cell(cells, name)["repetitions"])))
