# SPDX-License-Identifier: GPL-2.0
"""Cells of every kind in a real guest: each scenario, each context, several
processors; and that what the answers say of themselves fits together."""

from __future__ import annotations

import json
import re
from typing import Any

import lab
import pytest
from kmblib import results, vm
from kmblib.errors import Code

_CONTEXTS = {"task", "preemptoff", "irqsoff", "spinlock", "softirq", "hardirq", "irqwork", "rcu"}
_PAIRS = ("kzalloc", "kcalloc", "account", "pair")


def _cells(guests: lab.Lab, name: str) -> list[dict[str, Any]]:
    ended = guests.ended(name)
    assert vm.judge(ended) == Code.GOOD
    measurement = json.loads(ended.results)
    results.check(measurement, name)
    cells: list[dict[str, Any]] = measurement["measured"]["cells"]
    return cells


@pytest.mark.guests("everywhere")
def test_each_scenario_and_context_is_measured(guests: lab.Lab) -> None:
    """The names are the module's; these are some that must be among them."""
    cells = _cells(guests, "everywhere")
    contexts = {c["context"] for c in cells if c["scenario"] == "pair"}
    assert contexts == _CONTEXTS
    scenarios = {c["scenario"] for c in cells}
    assert {"alloc", "free", "cold", "bulk", "krealloc", "kvmalloc", "kfree_rcu", "crowd",
            "burst1-fifo", "burst16-lifo", "burst256-shuffled", *_PAIRS} <= scenarios
    assert "delay" not in scenarios


@pytest.mark.guests("everywhere")
def test_every_operation_succeeded_and_is_counted(guests: lab.Lab) -> None:
    """With plenty of memory nothing is NULL, and the mean-loop did as much."""
    for cell in _cells(guests, "everywhere"):
        for one in cell["repetitions"]:
            assert (one["count"], one["failed"]) == (cell["iterations"], 0), cell["name"]
            loop = one["mean_loop"]
            assert (loop is None) == (cell["scenario"] == "cold"), cell["name"]
            assert loop is None or (loop["count"], loop["failed"]) == (cell["iterations"], 0)


@pytest.mark.guests("everywhere")
def test_burst_holds_what_its_name_says(guests: lab.Lab) -> None:
    """Whole bursts only: a burst of 256 is no burst of 128."""
    for cell in _cells(guests, "everywhere"):
        if cell["scenario"].startswith("burst"):
            length = int(cell["scenario"].removeprefix("burst").split("-")[0])
            assert cell["iterations"] % length == 0 and cell["iterations"] >= length


@pytest.mark.guests("everywhere")
def test_longer_bursts_cost_more(guests: lab.Lab) -> None:
    """They reach the slow path, which short ones do not: what a burst is for."""
    largest = {c["scenario"]: max(r["max"] for r in c["repetitions"])
               for c in _cells(guests, "everywhere")}
    mean = {c["scenario"]: sum(r["sum"] for r in c["repetitions"]) /
            sum(r["count"] for r in c["repetitions"]) for c in _cells(guests, "everywhere")}
    assert mean["cold"] > 10 * mean["alloc"]
    assert largest["burst1024-alloc"] > 2 * mean["burst1-alloc"]


@pytest.mark.guests("everywhere")
def test_objects_occupy_at_least_themselves(guests: lab.Lab) -> None:
    """And a slab of 64-byte objects is well filled. Those of another cache than
    kmalloc()'s are not looked at, nor are the events of its caches theirs."""
    for cell in _cells(guests, "everywhere"):
        footprint = cell["footprint"]
        if cell["scenario"] in ("cold", "bulk"):
            assert footprint["objects"] == 0
            assert "a cache of its own" in cell["events"]["alloc_slowpath"]["unavailable"]
            continue
        assert footprint["objects"] == 1024
        assert footprint["live_bytes"] == 1024 * 64
        assert footprint["live_bytes"] <= footprint["held_bytes"] < 2 * footprint["live_bytes"]
        assert footprint["blocks"] == footprint["held_bytes"] / 4096


@pytest.mark.guests("two cpus")
def test_several_processors_take_samples(guests: lab.Lab) -> None:
    """All of a crowd, one side of a ring."""
    cells = {c["scenario"] + "/" + c["context"]: c for c in _cells(guests, "two cpus")}
    assert len(cells) == len(lab.ON_TWO.split())
    for name, cell in cells.items():
        assert cell["cpus"] == 2 and cell["name"].endswith("/2cpus")
        samplers = 2 if name.startswith("crowd") else 1
        for one in cell["repetitions"]:
            assert one["count"] + one["failed"] == samplers * cell["iterations"], name
            assert one["allocs"] >= one["count"] and one["frees"] >= one["count"]


def _did_its_part(cell: dict[str, Any], one: dict[str, Any]) -> bool:
    """Whether the threads of a repetition did together what the scenario is."""
    did = one["together"]
    if cell["scenario"] == "crowd":
        return ([did[f] for f in ("alloc_cpus", "free_cpus", "met")] == 3 * [cell["cpus"]]
                and [did[f] for f in ("gone", "freed_elsewhere")] == [0, 0])
    threads = 1 if cell["scenario"] == "migrate" else 2
    return bool(did["met"] == threads and did["freed_elsewhere"] == one["frees"] > 0)


@pytest.mark.guests("two cpus")
def test_processors_do_what_the_scenario_is(guests: lab.Lab) -> None:
    """They meet, they stay, and each allocates and frees where it is to."""
    for cell in _cells(guests, "two cpus"):
        assert all(_did_its_part(cell, one) for one in cell["repetitions"]), cell["name"]


@pytest.mark.guests("two cpus")
@pytest.mark.parametrize(("scenario", "field", "value"), [
    ("crowd", "alloc_cpus", 1), ("crowd", "free_cpus", 1), ("crowd", "met", 1),
    ("crowd", "gone", 1), ("crowd", "freed_elsewhere", 1), ("ring16-alloc", "met", 1),
    ("ring16-alloc", "freed_elsewhere", 0), ("migrate", "freed_elsewhere", 0)])
def test_processors_that_do_something_else_are_seen(guests: lab.Lab, scenario: str, field: str,
                                                    value: int) -> None:
    """The control."""
    cell = next(c for c in _cells(guests, "two cpus") if c["scenario"] == scenario)
    one = cell["repetitions"][0]
    assert not _did_its_part(cell, {**one, "together": {**one["together"], field: value}})


@pytest.mark.guests("two cpus")
def test_crowd_is_at_once(guests: lab.Lab) -> None:
    """Both are in the middle of a batch at the same time; also with a spinlock held,
    which is not one that they share. Of interrupts there are too few to be sure."""
    crowds = [c for c in _cells(guests, "two cpus") if c["scenario"] == "crowd"
              and c["context"] in ("task", "spinlock")]
    assert len(crowds) == 2
    for cell in crowds:
        assert max(r["together"]["at_once"] for r in cell["repetitions"]) == 2, cell["name"]


@pytest.mark.guests("everywhere")
def test_one_processor_is_no_crowd(guests: lab.Lab) -> None:
    """The control; and who has no threads says nothing of any."""
    for cell in _cells(guests, "everywhere"):
        did = [one["together"] for one in cell["repetitions"]]
        if cell["scenario"] == "crowd":
            assert all(d["at_once"] == d["met"] == d["alloc_cpus"] == 1 for d in did)
        else:
            assert did == [None] * len(did)


@pytest.mark.guests("skewed")
def test_who_is_done_keeps_the_others_company(guests: lab.Lab) -> None:
    """Where one of two has half of its processor, a crowd makes far more than what
    is counted: warm-up, samples, mean-loop. How a busy host runs the two may make up
    for that in a repetition; without company none had one operation more."""
    cell, = _cells(guests, "skewed")
    least = 2 * (cell["warmup"] + 2 * cell["iterations"])
    assert (cell["scenario"], cell["cpus"]) == ("crowd", 2)
    assert any(r["allocs"] > 1.1 * least for r in cell["repetitions"])


@pytest.mark.guests("some online")
def test_all_processors_are_those_online(guests: lab.Lab) -> None:
    """Of six that are possible; and not one more than are online."""
    ended = guests.ended("some online")
    console = ended.console.replace("\r", "")
    assert "possible 0-5, online 0-2\n" in console
    assert re.findall(r"^step (\w+): (\d+)$", console, re.M) == [
        ("six", "2"), ("three", "0"), ("fewer", "2"), ("two", "0")]
    assert "no scenario matches 'crowd/task/GFP_KERNEL/64/6cpus'; no cpus '6cpus'; " in console
    assert "crowd/task/GFP_KERNEL/64/3cpus: refused by the module: cpus 3: 2 are online\n" in console
    cell, = _cells(guests, "some online")
    assert (cell["name"], cell["cpus"]) == ("crowd/task/GFP_KERNEL/64/3cpus", 3)
    assert all(_did_its_part(cell, one) for one in cell["repetitions"])


@pytest.mark.guests("nolock")
def test_nolock_is_measured_everywhere(guests: lab.Lab) -> None:
    """With flags that it can honour, which those of the other guests are not."""
    ended = guests.ended("nolock")
    if vm.judge(ended) == Code.BROKEN:
        assert "kmbench: no scenario matches 'nolock/*/GFP_NOWAIT/64'; near: " in ended.console
        pytest.skip("this kernel has no kmalloc_nolock(), which came with 6.18")
    assert {c["context"] for c in _cells(guests, "nolock")} == _CONTEXTS
