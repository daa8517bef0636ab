# SPDX-License-Identifier: GPL-2.0
"""Is the statistical gate right? Trials of it on recorded noise: times of identical code.

A row of the recording is a restart of one process, so its neighbour stands for what ran side by
side: both saw the same state of the machine, more or less (they correlate by 0.5). What the
recording does not have is another boot: how much a kernel's own layout is worth is not in it.

    across boots    a round is two neighbouring rows, a pair the median of some rounds
    in one boot     going back and forth costs milliseconds there, not a boot: a pair is the
                    median of 32 times A B or B A
"""

from __future__ import annotations

import csv
import functools
import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

import numpy
from scipy import stats

from . import noise_verdict, paired
from .noise_verdict import Row
from .paired import DELTAS, REGRESSION
from .plan import Plan

# Cells of a suite.
CELLS = 144
IN_ONE_BOOT, ACROSS_BOOTS = 32, 4
# How far apart stretches begin that suites are made of: rows.
_STEP = 5

# Of floats; numpy's own type says no more to a reader.
_Array = Any


@dataclass(frozen=True)
class Noise:
    """A recording: logarithms of times, by call and figure, in the order of time."""

    series: dict[tuple[str, str], _Array]

    def benches(self) -> list[str]:
        """The calls that were timed."""
        return list(dict.fromkeys(bench for bench, _figure in self.series))


def load(path: Path) -> Noise:
    """Read a recording, as scripts/tests/data/README.md describes it."""
    found: dict[tuple[str, str], list[float]] = {}
    with path.open() as file:
        for row in csv.DictReader(file):
            for figure in DELTAS:
                found.setdefault((row["bench"], figure), []).append(math.log(float(row[figure])))
    return Noise({key: numpy.array(values) for key, values in found.items()})


def rounds(values: _Array, swapped: bool = False) -> _Array:
    """ln(new/base) of neighbours, of which base and new take turns to be the first."""
    first = values.reshape(-1, 2)
    sign = numpy.where((numpy.arange(len(first)) + swapped) % 2, -1.0, 1.0)
    return (first[:, 1] - first[:, 0]) * sign


def units(logs: _Array, each: int) -> _Array:
    """One value for so many rounds."""
    return paired.by_unit(logs, [i // each for i in range(len(logs))])


@dataclass
class Suites:
    """Suites of cells, each a stretch of the recording.

    plan: of the gate. shifts: injected change by figure, a fraction. decide: the gate's own,
    or a broken one. corrupt: what one round of each cell is made of what it was.
    """

    noise: Noise
    plan: Plan
    shifts: dict[str, float] = field(default_factory=dict)
    decide: Callable[[list[Row], Plan, float], list[Row]] = noise_verdict.decide
    corrupt: Callable[[_Array], None] = lambda _logs: None

    def __post_init__(self) -> None:
        self.row = functools.lru_cache(maxsize=None)(self._row)

    def _logs(self, bench: str, figure: str, start: int, swapped: bool) -> _Array:
        count = 2 * self.plan.cap() * self.plan.rounds_each
        logs = rounds(self.noise.series[bench, figure][start:start + count], swapped)
        logs += math.log1p(self.shifts.get(figure, 0.0))
        self.corrupt(logs)
        return logs

    def _row(self, bench: str, figure: str, start: int, swapped: bool, pairs: int) -> Row:
        each = self.plan.rounds_each
        values = units(self._logs(bench, figure, start, swapped)[:pairs * each], each)
        tested = paired.tested(values, DELTAS[figure], self.plan.alpha_at(pairs))
        return Row(f"{bench}/{start}/{swapped:d}", figure, 1.0, 1.0, tested)

    def clears(self, bench: str, figure: str, start: int, swapped: bool, pairs: int) -> bool:
        """Whether a look shows that a figure by itself is no regression."""
        tested = self.row(bench, figure, start, swapped, pairs).tested
        return tested is not None and tested.change.high < math.log1p(DELTAS[figure])

    def cells(self, random: Any, count: int = CELLS) -> list[tuple[str, int, bool]]:
        """Draw the cells of a suite: call, first row, which side begins."""
        benches = self.noise.benches()
        rows = min(map(len, self.noise.series.values()))
        places = (rows - 2 * self.plan.cap() * self.plan.rounds_each) // _STEP
        return [(benches[b], _STEP * int(s), bool(w)) for b, s, w in zip(
            random.integers(0, len(benches), count), random.integers(0, places + 1, count),
            random.integers(0, 2, count))]

    def look(self, cells: list[tuple[str, int, bool]], pairs: int) -> list[Row]:
        """What the gate says at a look."""
        rows = [self.row(b, f, s, w, pairs) for b, s, w in cells for f in DELTAS]
        return self.decide(rows, self.plan, self.plan.alpha_at(pairs))

    def outcome(self, cells: list[tuple[str, int, bool]]) -> str:
        """Of a suite, look by look, as it is collected: the first that is told."""
        for pairs in self.plan.looks:
            verdicts = {row.verdict for row in self.look(cells, pairs)}
            if REGRESSION in verdicts:
                return REGRESSION
            if paired.CANNOT_TELL not in verdicts:
                return paired.NONE
        return paired.CANNOT_TELL

    def outcomes(self, suites: int, seed: int, cells: int = CELLS) -> list[str]:
        """Of so many suites."""
        random = numpy.random.default_rng(seed)
        return [self.outcome(self.cells(random, cells)) for _ in range(suites)]


def flips(sound: Suites, spoilt: Suites, suites: int, seed: int) -> tuple[int, int, int]:
    """Of figures at the last look, how many are called a regression with one round spoilt and
    none without, or the other way round; how many have another verdict of any kind; of how
    many."""
    random, pairs, turned, moved, count = numpy.random.default_rng(seed), sound.plan.cap(), 0, 0, 0
    for _ in range(suites):
        cells = sound.cells(random)
        one, other = ({(r.cell, r.figure): r.verdict for r in s.look(cells, pairs)} for s in (sound, spoilt))
        for key, verdict in one.items():
            turned += {verdict, other[key]} == {REGRESSION, paired.NONE}
            moved += verdict != other[key]
        count += len(one)
    return turned, moved, count


def upper_bound(found: int, of: int) -> float:
    """Clopper and Pearson's one-sided bound of a rate, 95 %."""
    return 1.0 if found == of else float(stats.beta.ppf(0.95, found + 1, of - found))


def without_holm(rows: list[Row], plan: Plan, alpha: float) -> list[Row]:
    """A broken gate: each figure is tested as if it were the only one."""
    return [row for one in rows for row in noise_verdict.decide([one], plan, alpha)]


def drawn(noise: Noise, bench: str, figure: str, pairs: int, each: int, random: Any) -> _Array:
    """Pairs, each of a block of rows at some place of the recording."""
    values, rows = noise.series[bench, figure], 2 * each
    logs = [rounds(values[s:s + rows], bool(s % 2))
            for s in random.integers(0, len(values) - rows + 1, pairs)]
    return units(numpy.concatenate(logs), each)


@dataclass(frozen=True)
class Power:
    """How often a change is found, a fraction: alone, p of at most 0.01; in_suite: as one of
    the figures of a suite, at the last look of the plan."""

    alone: float
    in_suite: float


def power(noise: Noise, figure: str, change: float, pairs: int, each: int, draws: int,
          delta: float | None = None, seed: int = 1) -> Power:
    """Of an injected change (a fraction), over all calls alike. delta: None for the gate's
    own."""
    random, plan, benches = numpy.random.default_rng(seed), Plan(), noise.benches()
    limit = plan.alpha_at(plan.cap()) / (CELLS * len(DELTAS))
    p = [paired.signed_rank(drawn(noise, benches[i % len(benches)], figure, pairs, each, random)
                            + math.log1p(change), DELTAS[figure] if delta is None else delta)
         for i in range(draws)]
    return Power(sum(v <= plan.alpha for v in p) / draws, sum(v <= limit for v in p) / draws)
