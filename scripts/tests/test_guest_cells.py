# SPDX-License-Identifier: GPL-2.0
"""Cells of every kind in a real guest: each scenario, each context, several
processors; and that what the answers say of themselves fits together."""

from __future__ import annotations

import json
from typing import Any

import lab
import pytest
from kmblib import results, vm
from kmblib.errors import Code

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
    assert contexts == {"task", "preemptoff", "irqsoff", "spinlock", "softirq", "hardirq",
                        "irqwork", "rcu"}
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


@pytest.mark.guests("two cpus")
def test_who_is_done_keeps_the_others_company(guests: lab.Lab) -> None:
    """A crowd makes at least what is counted: warm-up, samples, mean-loop."""
    for cell in _cells(guests, "two cpus"):
        if cell["scenario"] == "crowd":
            least = 2 * (cell["warmup"] + 2 * cell["iterations"])
            assert all(r["allocs"] >= least for r in cell["repetitions"])
