# SPDX-License-Identifier: GPL-2.0
"""The search for steps, on curves whose steps are known."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, Sequence

import numpy
import pytest
from kmblib import steps
from kmblib.steps import Step

FOOTPRINTS = [round(65536 * 2 ** (i / 4)) for i in range(41)]
# Nanoseconds of an access that costs nothing more.
FLOOR = 1.25
# Behind which footprint what is added: a first and a second level that are full.
KNOWN = ((256 << 10, 2.0), (8 << 20, 18.0))


def _curve(known: Sequence[tuple[int, float]], noise: float, seed: int) -> list[float]:
    """A cost with these steps; noise: of the latency, as a part of it."""
    random = numpy.random.default_rng(seed)
    costs = [sum(rise for place, rise in known if f > place) for f in FOOTPRINTS]
    return [(FLOOR + c) * float(random.normal(1, noise)) - FLOOR for c in costs]


def _found(known: Sequence[tuple[int, float]], noise: float, seed: int) -> list[Step]:
    return steps.find(FOOTPRINTS, _curve(known, noise, seed), FLOOR)


def _hold(found: list[Step], known: Sequence[tuple[int, float]]) -> bool:
    """Whether there is an interval for each known step and no other."""
    return len(found) == len(known) and all(
        step.below <= place < step.above for step, (place, _) in zip(found, known))


@pytest.mark.parametrize("noise", [0.0, 0.02, 0.1])
def test_known_steps_are_found(noise: float) -> None:
    """Both, in 95 % of the curves, and near their heights; none elsewhere."""
    results = [_found(KNOWN, noise, seed) for seed in range(20)]
    assert sum(_hold(found, KNOWN) for found in results) >= 19
    first, second = next(found for found in results if _hold(found, KNOWN))
    assert first.before == pytest.approx(0, abs=0.2)
    assert first.after == second.before == pytest.approx(2, rel=0.2)
    assert second.after == pytest.approx(20, rel=0.2)


def test_step_elsewhere_is_not_where_it_is_looked_for() -> None:
    """The control of the one above: its comparison tells half an octave."""
    moved = tuple((round(place * 2 ** 0.5), rise) for place, rise in KNOWN)
    assert not any(_hold(_found(moved, 0.02, seed), KNOWN) for seed in range(10))
    assert not any(_hold(_found(KNOWN[:1], 0.02, seed), KNOWN) for seed in range(10))


@pytest.mark.parametrize("noise", [0.0, 0.05, 0.3])
def test_no_step_is_found_where_there_is_none(noise: float) -> None:
    """In 98 of 100 flat curves at least."""
    assert sum(not _found((), noise, seed) for seed in range(100)) >= 98


def test_price_of_a_level_is_what_keeps_noise_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """A mutant: levels that cost nothing are found in noise."""
    monkeypatch.setattr(steps, "_PENALTY", 0)
    assert sum(not _found((), 0.3, seed) for seed in range(20)) < 10


def test_fall_is_no_step() -> None:
    """Nor is a rise that is too small to be told from a cache's."""
    assert not _found(((1 << 20, -0.6),), 0.01, 1)
    assert not _found(((1 << 20, 0.2),), 0.01, 1)
    assert len(_found(((1 << 20, 0.6),), 0.01, 1)) == 1


def test_interval_is_as_wide_as_noise_makes_it() -> None:
    """Without any it is between two neighbours."""
    def width(noise: float) -> float:
        found = [s for seed in range(20) for s in _found(KNOWN[:1], noise, seed)]
        return float(numpy.mean([numpy.log2(s.above / s.below) for s in found]))

    assert width(0.0) == pytest.approx(0.25, rel=0.01)
    assert width(0.5) > 2 * width(0.0)


def test_interval_is_redrawn(monkeypatch: pytest.MonkeyPatch) -> None:
    """A low step in strong noise. A mutant: with the residuals left as they are no interval
    is wider than from one footprint to the next, and too few hold the step."""
    known = ((1 << 20, 1.0),)

    def left(values: Any, _cuts: list[int], _random: Any) -> Any:
        return values

    def hold() -> int:
        return sum(_hold(_found(known, 0.25, seed), known) for seed in range(40))

    honest = hold()
    monkeypatch.setattr(steps, "_redrawn", left)
    assert honest >= 34 and hold() <= honest - 4


def test_same_curve_gives_the_same_steps() -> None:
    """What is drawn anew is drawn alike."""
    assert _found(KNOWN, 0.1, 7) == _found(KNOWN, 0.1, 7)


def test_steps_are_in_order() -> None:
    """Of three levels of a TLB."""
    known = ((128 << 10, 2.0), (2 << 20, 8.0), (16 << 20, 60.0))
    found = _found(known, 0.03, 3)
    assert _hold(found, known)
    assert all(a.after == b.before and a.below < b.below for a, b in pairwise(found))


def test_few_points_are_no_curve() -> None:
    """Of fewer than two levels' worth nothing is said; of that many it is."""
    cost = [0.0, 0.0, 0.0, 9.0, 9.0, 9.0]
    assert steps.find(FOOTPRINTS[:5], cost[:5], FLOOR) == []
    assert steps.find(FOOTPRINTS[:6], cost, FLOOR) == [Step(FOOTPRINTS[2], FOOTPRINTS[3], 0.0, 9.0)]
