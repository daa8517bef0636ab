# SPDX-License-Identifier: GPL-2.0
"""Collecting rounds: which cores, how many, what is told of the neighbours. Nothing boots."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from kmblib import interleave, neighbours
from kmblib.errors import CannotTell
from kmblib.plan import Plan
from kmblib.samples import Origin, Round, Samples

_STAT = """cpu  9 9 9 9 9 9 9 9 0 0
cpu0 10 0 10 70 0 0 0 {one} 0 0
cpu1 10 0 10 60 0 0 0 {other} 5 5
cpu2 0 0 0 0 0 0 0 999 0 0
intr 1 2 3
"""


def _machine(top: Path, siblings: dict[int, str]) -> Path:
    for cpu, text in siblings.items():
        (top / f"cpu{cpu}/topology").mkdir(parents=True)
        (top / f"cpu{cpu}/topology/thread_siblings_list").write_text(f"{text}\n")
    return top


def test_two_cores_are_two(tmp_path: Path) -> None:
    """Not two threads of one, where there are others; the first is left to interrupts."""
    top = _machine(tmp_path, {0: "0-1", 1: "0-1", 2: "2-3", 3: "2-3"})
    cores, about = neighbours.two_cores({0, 1, 2, 3}, top)
    assert cores == (1, 3) and about.startswith("on a core each")
    cores, about = neighbours.two_cores({2, 3}, top)
    assert cores == (2, 3) and about.startswith("on two threads of one core")


def test_one_processor_cannot_tell() -> None:
    """With the reason, and what to do."""
    with pytest.raises(CannotTell, match="1 processor: .* use a machine with two"):
        neighbours.two_cores({3})


def test_steal_is_of_these_processors(tmp_path: Path) -> None:
    """And a part of all their time, guests' time not counted twice."""
    (tmp_path / "stat").write_text(_STAT.format(one=0, other=0))
    before = neighbours.times((0, 1), tmp_path)
    (tmp_path / "stat").write_text(_STAT.format(one=15, other=5))
    after = neighbours.times((0, 1), tmp_path)
    assert (before, after) == ((0, 170), (20, 190)) and neighbours.steal(before, after) == 100
    assert neighbours.steal(before, before) == 0


def test_involuntary_switches_are_of_all_threads(tmp_path: Path) -> None:
    """Of a process; one that is gone has none."""
    for tid, count in ((7, 5), (8, 6)):
        (tmp_path / f"7/task/{tid}").mkdir(parents=True)
        (tmp_path / f"7/task/{tid}/status").write_text(f"Name:\tx\nnonvoluntary_ctxt_switches:\t{count}\n")
    assert neighbours.involuntary(7, tmp_path) == 11 and neighbours.involuntary(9, tmp_path) == 0
    assert neighbours.affinity(os.getpid()) >= os.sched_getaffinity(0)


def test_what_disturbs_is_flagged() -> None:
    """By its side; a quiet round is not."""
    assert not neighbours.flags(0.5, (10, 10), 3.0)
    assert neighbours.flags(2.0, (10, 600), 3.0) == ("steal 2.0 %", "new: 200 involuntary switches a second")


@dataclass(frozen=True)
class _Side:
    """One that never boots."""

    label: str
    accelerator: str = "tcg"

    def origin(self) -> Origin:
        """Its name, and a place."""
        place = dict.fromkeys(interleave._PLACE, "the same")
        return Origin(self.label, "1", {**place, "accelerator": self.accelerator})


@pytest.fixture(name="collected")
def _collected(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """collect(), with rounds that only say which they are."""

    def one_round(_sides: Any, cpus: tuple[int, int], unit: int, _run: Path) -> Round:
        return Round(unit, cpus, {}, {})

    monkeypatch.setattr(interleave, "one_round", one_round)
    monkeypatch.setattr(neighbours, "two_cores", lambda: ((0, 1), "on a core each"))

    def collect(plan: Plan, decided: Any) -> Samples:
        base: Any = _Side("a")
        new: Any = _Side("b")
        return interleave.collect(base, new, plan, tmp_path, decided)

    return collect


def test_cores_are_swapped_each_round(collected: Any) -> None:
    """So that within each pair of rounds, and hence in all, each side has each as often."""
    got = collected(Plan((4,), 2), lambda *_: True)
    assert [r.cores for r in got.rounds] == [(0, 1), (1, 0)] * 4
    assert got.units() == [0, 0, 1, 1, 2, 2, 3, 3] and (got.base.label, got.new.label) == ("a", "b")


def test_it_looks_where_the_plan_says(collected: Any) -> None:
    """And nowhere else; it ends at the first look that tells, or at the last one."""
    asked: list[int] = []

    def at(told: int) -> Any:
        def decided(samples: Samples, _plan: Plan) -> bool:
            asked.append(samples.pairs())
            return samples.pairs() >= told
        return decided

    assert collected(Plan((3, 5, 9), 1), at(5)).pairs() == 5 and asked == [3, 5]
    assert collected(Plan((3, 5, 9), 1), at(99)).pairs() == 9 and asked == [3, 5, 3, 5, 9]


def test_places_that_differ_are_not_compared(tmp_path: Path) -> None:
    """One of them had KVM, as the probe of the other's image had no time: nothing is booted."""
    one: Any = _Side("a")
    other: Any = _Side("b", "kvm")
    with pytest.raises(CannotTell, match="accelerator is 'tcg' of the base and 'kvm' of the new one"):
        interleave.collect(one, other, Plan((1,), 1), tmp_path)


def test_emulator_to_blame_is_heard_again(monkeypatch: pytest.MonkeyPatch, collected: Any) -> None:
    """Once, and the round says so; another failure ends it at once."""
    failures = ["no figures: 6.1 failed: the guest's kernel complained: double fault: 0000"]

    def one_round(_sides: Any, cpus: tuple[int, int], unit: int, _run: Path) -> Round:
        if failures:
            raise CannotTell(failures.pop())
        return Round(unit, cpus, {}, {})

    monkeypatch.setattr(interleave, "one_round", one_round)
    got = collected(Plan((2,), 1), lambda *_: True)
    assert [bool(r.flags) for r in got.rounds] == [True, False] and "double fault" in got.flagged()[0].flags[0]
    failures[:] = ["no figures: 6.1 failed: the guest hung"]
    with pytest.raises(CannotTell, match="hung"):
        collected(Plan((2,), 1), lambda *_: True)
