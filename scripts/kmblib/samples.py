# SPDX-License-Identifier: GPL-2.0
"""What the statistical gate judges: rounds, in each of which two virtual machines ran side by
side, and the figures of each cell in both."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from .errors import CannotTell

# Of the tool's JSON; p50 is there wherever there is a sample.
_QUANTILES = {"p50": 0.5, "p90": 0.9, "p99": 0.99, "p99.9": 0.999}
# Buckets of the histogram in an octave, as module/uapi/kmbench.h defines them.
_BUCKETS = 64

Figures = dict[str, float | None]


def _width(low: int) -> int:
    """Values that the bucket beginning with this one counts."""
    return max(1, 1 << max(0, low.bit_length() - 1) >> (_BUCKETS.bit_length() - 1))


def quantile(buckets: list[tuple[int, int]], part: float) -> float:
    """A quantile of a histogram, as if the values of a bucket were spread evenly in it.

    The middle of a bucket, which the tool reports, moves in steps of 1.1 to 1.6 %: more than
    the change of a p50 that matters here. buckets: (smallest value, count), ascending. part:
    0 to 1.
    """
    wanted, below = part * sum(count for _low, count in buckets), 0
    for low, count in buckets:
        if below + count >= wanted:
            return low + _width(low) * (wanted - below) / count
        below += count
    raise ValueError("a histogram without a sample has no quantile")


def figures(cell: dict[str, Any]) -> Figures:
    """The figures of a cell of one boot, ticks: all repetitions together; None: too few samples
    for it. failed: how often kmalloc() returned NULL."""
    counts: Counter[int] = Counter()
    for repetition in cell["repetitions"]:
        counts.update({low: count for low, count in repetition["histogram"]})
    buckets, known = sorted(counts.items()), cell["percentiles"] or {}
    found: Figures = {name: quantile(buckets, part) if known.get(name) is not None else None
                      for name, part in _QUANTILES.items()}
    peaks = [r["max"] for r in cell["repetitions"] if r["max"] is not None]
    return {**found, "max": max(peaks, default=None),
            "failed": sum(r["failed"] for r in cell["repetitions"])}


def cells_of(measurement: dict[str, Any]) -> dict[str, Figures]:
    """The figures of one boot, by cell."""
    return {cell["name"]: figures(cell) for cell in measurement["measured"]["cells"]}


@dataclass(frozen=True)
class Round:
    """Two virtual machines, side by side.

    unit: which pair it is part of; rounds of one are no independent evidence. cores: of base
    and new. base, new: figures by cell. seconds: how long both took. steal: per cent of the
    two cores' time that the hypervisor gave to others. switches: involuntary context switches
    of each QEMU. flags: what disturbed it, in words; it counts all the same.
    """

    unit: int
    cores: tuple[int, int]
    base: dict[str, Figures]
    new: dict[str, Figures]
    seconds: float = 0.0
    steal: float = 0.0
    switches: tuple[int, int] = (0, 0)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Origin:
    """A kernel, and where it was measured: what a fingerprint names."""

    label: str
    version: str
    place: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Samples:
    """What was collected of two kernels. about: how both shared the machine, for people."""

    base: Origin
    new: Origin
    rounds: tuple[Round, ...]
    about: str = ""

    def pairs(self) -> int:
        """Units of replication."""
        return len({r.unit for r in self.rounds})

    def cells(self) -> list[str]:
        """Names of all cells, sorted; CannotTell where one is not in each boot."""
        sides = [side for r in self.rounds for side in (r.base, r.new)]
        names = sorted({name for side in sides for name in side})
        if missing := [n for n in names if any(n not in side for side in sides)]:
            raise CannotTell(f"not comparable: {len(missing)} of {len(names)} cells are not in each "
                             f"boot, as {missing[0]}; measure both with one kmbench")
        return names

    def of(self, cell: str, figure: str) -> tuple[list[float | None], list[float | None]]:
        """A figure of each round: of the base, and of the new one."""
        return [r.base[cell][figure] for r in self.rounds], [r.new[cell][figure] for r in self.rounds]

    def units(self) -> list[int]:
        """The unit of each round."""
        return [r.unit for r in self.rounds]

    def flagged(self) -> list[Round]:
        """Rounds that were disturbed."""
        return [r for r in self.rounds if r.flags]


def ratios(base: list[float | None], new: list[float | None]) -> list[float] | None:
    """ln(new/base) of each round; None unless each has both, above 0."""
    if any(not one or not other for one, other in zip(base, new)):
        return None
    return [math.log(other) - math.log(one) for one, other in zip(base, new) if one and other]
