# SPDX-License-Identifier: GPL-2.0
"""Steps in a curve of latency against footprint: where a level of the TLB is full.

The curve is taken as level between steps: the fit with the least squares for each
number of levels, by dynamic programming, and of these fits the one that an
information criterion prefers (change-point search). It is made on the logarithm of
the latency, whose noise grows with it. Where a step lies is told as an interval, from
fits to the same levels with their residuals drawn anew (bootstrap).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Sequence

import numpy

# Levels that are looked for, and points that make one at least.
_LEVELS_MAX = 6
_POINTS_MIN = 3
# What a further level must be worth, in units of log(points): its height, its place,
# and that the place was searched for.
_PENALTY = 3
# Less is no step, log2: a latency a quarter higher; and this much of noise is taken
# for granted, so that a curve without any is not cut to pieces.
_RISE_MIN = 0.32
_NOISE_MIN = 0.03
# Over time less is no change, log2: 5 %, from when on repetitions of a cell disagree.
_CHANGE_MIN = 0.07
_REDRAWN = 200
_INTERVAL = (2.5, 97.5)

# Of floats; numpy's own type says no more to a reader.
_Array = Any


@dataclass(frozen=True)
class Step:
    """A rise of a curve.

    below: the last footprint before it, above: the first one behind it, both of the
    interval in which the step lies with 95 %. before, after: the level there, as the
    median of the points, in the curve's unit.
    """

    below: int
    above: int
    before: float
    after: float


def _squares(values: _Array) -> _Array:
    """Squares [i, j] about the mean of values[i:j]; infinite where these are too few."""
    sums: _Array = numpy.insert(numpy.cumsum(values), 0, 0.0)
    squares: _Array = numpy.insert(numpy.cumsum(values ** 2), 0, 0.0)
    count = numpy.arange(len(sums))[None, :] - numpy.arange(len(sums))[:, None]
    total = sums[None, :] - sums[:, None]
    about = squares[None, :] - squares[:, None] - total ** 2 / numpy.maximum(count, 1)
    return numpy.where(count >= _POINTS_MIN, numpy.maximum(about, 0.0), numpy.inf)


def _fits(values: _Array, most: int) -> list[tuple[float, list[int]]]:
    """For 1 to `most` levels: the least squares, and the first point of each level
    but the first one; fewer where the points do not suffice."""
    squares = _squares(values)
    best, came_from = squares[0], []
    fits: list[tuple[float, list[int]]] = [(float(best[-1]), [])]
    for _ in range(1, most):
        through = best[:, None] + squares
        came_from.append(through.argmin(axis=0))
        best = through.min(axis=0)
        if not numpy.isfinite(best[-1]):
            break
        cuts: list[int] = []
        at = len(values)
        for back in reversed(came_from):
            at = int(back[at])
            cuts.insert(0, at)
        fits.append((float(best[-1]), cuts))
    return fits


def _cut(values: _Array) -> list[int]:
    """Where the preferred fit changes its level."""
    points = len(values)

    def price(fit: tuple[float, list[int]]) -> float:
        noise = fit[0] / points + _NOISE_MIN ** 2
        return float(points * numpy.log(noise) + _PENALTY * len(fit[1]) * numpy.log(points))

    return min(_fits(values, _LEVELS_MAX), key=price)[1]


def _redrawn(values: _Array, cuts: list[int], random: Any) -> _Array:
    """The levels of a fit, with the residuals of each drawn anew."""
    parts = []
    for part in numpy.split(values, cuts):
        residuals = part - part.mean()
        parts.append(part.mean() + random.choice(residuals, len(part)))
    return numpy.concatenate(parts)


def _intervals(values: _Array, cuts: list[int]) -> list[tuple[int, int]]:
    """For each cut the points between which it lies."""
    random = numpy.random.default_rng(1)
    again = [_fits(_redrawn(values, cuts, random), len(cuts) + 1)[-1][1] for _ in range(_REDRAWN)]
    low, high = numpy.percentile(numpy.array(again), _INTERVAL, axis=0, method="nearest")
    return [(int(a) - 1, int(b)) for a, b in zip(low, high)]


def find(footprints: Sequence[int], cost: Sequence[float], floor: float) -> list[Step]:
    """The steps of a curve, in order; [] where there is none.

    footprints: ascending, evenly spaced on a logarithmic scale. cost: at each of them.
    floor: what an access takes at no cost, in the same unit; more than 0.
    """
    values = numpy.log2(1 + numpy.maximum(numpy.array(cost), -floor / 2) / floor)
    if len(values) < 2 * _POINTS_MIN:
        return []
    cuts = _cut(values)
    levels = [float(numpy.median(part)) for part in numpy.split(values, cuts)]
    steps = []
    for i, (below, above) in enumerate(_intervals(values, cuts) if cuts else ()):
        if levels[i + 1] - levels[i] >= _RISE_MIN:
            before, after = (floor * (2 ** level - 1) for level in levels[i:i + 2])
            steps.append(Step(footprints[below], footprints[above], before, after))
    return steps


def changes(values: Sequence[float]) -> list[int]:
    """Where a series of positive values, one after the other, changes its level: which of
    them are the first ones of a new level, by 5 % at least. [] where there are too few
    for two levels."""
    logs = numpy.log2(numpy.array(values))
    if len(logs) < 2 * _POINTS_MIN:
        return []
    cuts = _cut(logs)
    levels = [float(numpy.median(part)) for part in numpy.split(logs, cuts)]
    return [cut for cut, one, other in zip(cuts, levels, levels[1:])
            if abs(other - one) >= _CHANGE_MIN]
