# SPDX-License-Identifier: GPL-2.0
"""Statistics of pairs: a figure of the base and of the new kernel, measured side by side.

Each pair is ln(new/base). The question is never whether that differs from 0, which it always
does, but whether it is above the smallest change that matters, delta; so that is inside the
test: Wilcoxon's signed rank, one-sided, on ln(new/base) - ln(1 + delta). No regression is a
claim of its own (equivalence) and needs its own evidence: an upper bound below delta.
"""

from __future__ import annotations

import functools
import math
import statistics
from dataclasses import dataclass
from typing import Any, Sequence

import numpy

# The smallest change that matters, of figures that may fail: a fraction of the base.
DELTAS = {"p50": 0.01, "p90": 0.05, "p99": 0.20}
# Told, and never gated: too few samples decide these.
TOLD = ("p99.9", "max")

# Of floats; numpy's own type says no more to a reader.
_Array = Any


def by_unit(values: Sequence[float], units: Sequence[int]) -> _Array:
    """One value a unit of replication, the median of those of it, in the order of the units.

    Rounds that share boots, or swap their cores, are no independent evidence: they are one
    unit, however many there are.
    """
    of: dict[int, list[float]] = {}
    for value, unit in zip(values, units):
        of.setdefault(unit, []).append(value)
    return numpy.array([statistics.median(of[unit]) for unit in sorted(of)])


@functools.lru_cache(maxsize=None)
def _at_most(count: int) -> _Array:
    """Probability that the signed rank sum of `count` pairs is w or less, by w. Exact for each
    number of pairs; scipy's is exact up to 50, and takes twenty times as long."""
    ways: _Array = numpy.ones(1)
    for rank in range(1, count + 1):
        none = numpy.zeros(rank)
        ways = (numpy.append(ways, none) + numpy.append(none, ways)) / 2
    return numpy.minimum(1.0, numpy.cumsum(ways))


@functools.lru_cache(maxsize=None)
def _indices(count: int) -> tuple[_Array, _Array]:
    row, column = numpy.triu_indices(count)
    return row, column


def _walsh(values: _Array) -> _Array:
    """The means of all pairs of values, each with itself included. So many of them as are above
    0 is the signed rank sum, hence test and interval cannot contradict each other."""
    row, column = _indices(len(values))
    return (values[row] + values[column]) / 2


@dataclass(frozen=True)
class Estimate:
    """How much it changed, ln(new/base): Hodges-Lehmann, and an interval of which each end
    is wrong with a probability of at most the level asked for; infinite where so few pairs
    cannot tell."""

    middle: float
    low: float
    high: float


def hodges_lehmann(values: _Array, alpha: float) -> Estimate:
    """The median of the means of all pairs of values. alpha: of each end of the interval."""
    means = numpy.sort(_walsh(values))
    at = int(numpy.searchsorted(_at_most(len(values)), alpha, side="right")) - 1
    ends = (means[at], means[-1 - at]) if at >= 0 else (-math.inf, math.inf)
    return Estimate(float(numpy.median(means)), float(ends[0]), float(ends[1]))


def signed_rank(values: _Array, delta: float) -> float:
    """p of the hypothesis that it is worse by delta (a fraction) at most. A value at delta
    speaks for and against it alike."""
    means = _walsh(values - math.log1p(delta))
    against = len(means) - numpy.count_nonzero(means > 0) - numpy.count_nonzero(means == 0) // 2
    return float(_at_most(len(values))[against])


@dataclass(frozen=True)
class Tested:
    """A figure of a cell, tested. p: see signed_rank(). pairs: units of replication."""

    p: float
    change: Estimate
    pairs: int


def tested(values: _Array, delta: float, alpha: float) -> Tested:
    """Test a figure. values: ln(new/base), one a unit. delta: the smallest change that
    matters, a fraction. alpha: of each end of the interval."""
    return Tested(signed_rank(values, delta), hodges_lehmann(values, alpha), len(values))


def holm(p: Sequence[float]) -> list[float]:
    """p of each of a family, adjusted so that the probability of any false alarm among them
    is at most what they are compared with (Holm's step-down)."""
    order = numpy.argsort(p, kind="stable")
    factors = numpy.arange(len(p), 0, -1)
    adjusted = numpy.maximum.accumulate(numpy.minimum(1.0, numpy.array(p)[order] * factors))
    return _reordered(adjusted, order)


def benjamini_hochberg(p: Sequence[float]) -> list[float]:
    """The same for screening: the share of false ones among those that are found is at most
    what they are compared with. Only a hint; scipy 1.10 does not have it."""
    order = numpy.argsort(p, kind="stable")[::-1]
    factors = len(p) / numpy.arange(len(p), 0, -1)
    adjusted = numpy.minimum.accumulate(numpy.minimum(1.0, numpy.array(p)[order] * factors))
    return _reordered(adjusted, order)


def _reordered(values: _Array, order: _Array) -> list[float]:
    back = numpy.empty(len(values))
    back[order] = values
    return [float(value) for value in back]


REGRESSION, NONE, CANNOT_TELL = "regression", "no regression", "cannot tell"


def verdict(tested: Tested, adjusted: float, delta: float, alpha: float) -> str:
    """Of one figure. adjusted: its p within the family; alpha: of this look."""
    if adjusted <= alpha:
        return REGRESSION
    return NONE if tested.change.high < math.log1p(delta) else CANNOT_TELL
