# SPDX-License-Identifier: GPL-2.0
"""How other tools decide whether something got slower, and how often each is wrong on times
of identical code: the rules, not the tools, each told of the same numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Callable

from scipy import stats

# Of floats; numpy's own type says no more to a reader.
_Array = Any


def _mean_worse(base: _Array, new: _Array) -> bool:
    return bool(new.mean() > 1.05 * base.mean())


def _u_test(base: _Array, new: _Array) -> bool:
    """Two-sided, as these tools have it; what got better is no false alarm."""
    different = stats.mannwhitneyu(base, new, alternative="two-sided").pvalue < 0.05
    return bool(different and sorted(new)[len(new) // 2] > sorted(base)[len(base) // 2])


def _ranges_apart(base: _Array, new: _Array) -> bool:
    return bool(new.min() > base.max())


def _welch(base: _Array, new: _Array) -> bool:
    different = stats.ttest_ind(base, new, equal_var=False).pvalue < 0.05
    return bool(different and new.mean() > base.mean())


def _half_width(values: _Array) -> float:
    return float(stats.t.ppf(0.975, len(values) - 1) * values.std(ddof=1) / math.sqrt(len(values)))


def _intervals_apart(base: _Array, new: _Array) -> bool:
    return bool(new.mean() - _half_width(new) > base.mean() + _half_width(base))


@dataclass(frozen=True)
class Rule:
    """count: values of each side that it looks at. worse: whether it says that the new one
    is. known: false alarms on other recordings of the same machine, per cent of cells, by
    design; None: not known."""

    name: str
    count: int
    worse: Callable[[_Array, _Array], bool]
    known: tuple[float, float, float] | None = None


RULES = (
    Rule("mean worse by 5 %, n=5", 5, _mean_worse, (36, 31, 19)),
    Rule("U test .05, n=10 (benchstat)", 10, _u_test, (17.5, 11, 0.9)),
    Rule("U test .05, n=20", 20, _u_test, (20.9, 14, 1.1)),
    Rule("ranges apart, n=3 (LKP)", 3, _ranges_apart, (8.9, 3.2, 0.7)),
    Rule("Welch .05, n=10", 10, _welch, (18, 13, 0.8)),
    Rule("intervals apart, n=5 (mmtests)", 5, _intervals_apart, (1.4, 0.4, 0)),
)
DESIGNS = ("stored", "A then B", "interleaved")


def sides(values: _Array, count: int, design: str, random: Any) -> tuple[_Array, _Array]:
    """Base and new, of a recording in the order of time: as a stored baseline that was
    measured at another time, one after the other, or in turn."""
    if design == "stored":
        one, other = (int(random.integers(0, len(values) - count)) for _ in range(2))
        while abs(one - other) < count:
            other = int(random.integers(0, len(values) - count))
        return values[one:one + count], values[other:other + count]
    start = int(random.integers(0, len(values) - 2 * count))
    part = values[start:start + 2 * count]
    return (part[:count], part[count:]) if design == "A then B" else (part[::2], part[1::2])


def alarms(rule: Rule, recordings: list[_Array], design: str, draws: int, random: Any,
           change: float = 0.0) -> float:
    """Per cent of cells that a rule calls worse. change: how much the new one is slower, a
    fraction; 0: each is a false alarm."""
    found = 0
    for values in recordings:
        for _ in range(draws):
            base, new = sides(values, rule.count, design, random)
            found += rule.worse(base, new * (1 + change))
    return 100 * found / (draws * len(recordings))
