# SPDX-License-Identifier: GPL-2.0
"""What times of two kernels, measured side by side, come to, cell by cell.

    regression      worse by more than delta, and luck is no explanation
    no regression   an upper bound of the change is below delta, in each cell
    cannot tell     neither; collect up to the plan's cap, then it stays so
"""

from __future__ import annotations

import math
import statistics
from dataclasses import dataclass, replace

from . import paired
from .errors import CannotTell, Code
from .paired import CANNOT_TELL, DELTAS, NONE, REGRESSION, TOLD, Tested
from .plan import Plan
from .samples import Samples, ratios


@dataclass(frozen=True)
class Row:
    """A figure of a cell.

    base, new: medians over all boots, ticks. tested: None where it cannot be (see reason).
    adjusted: p within the family of all figures that may fail. verdict: of it alone; "" where
    it is told and never fails. suspect: found by screening alone, to be confirmed.
    """

    cell: str
    figure: str
    base: float | None
    new: float | None
    tested: Tested | None
    adjusted: float = 1.0
    verdict: str = ""
    suspect: bool = False
    reason: str = ""

    def per_cent(self) -> tuple[float, float, float]:
        """The change and its interval, per cent of the base; 0 and infinite if untested."""
        if not self.tested:
            return 0.0, -math.inf, math.inf
        c = self.tested.change
        return tuple(100 * math.expm1(v) for v in (c.middle, c.low, c.high))  # type: ignore[return-value]

    def key(self) -> tuple[bool, float, str, str]:
        """Regressions first, then what moved most."""
        moved = abs(self.tested.change.middle) if self.tested else 0.0
        return self.verdict != REGRESSION, -moved, self.cell, self.figure


@dataclass(frozen=True)
class Verdict:
    """What came of a comparison. rows: movers first. pairs: units of replication that this look
    had. alpha: probability of a false alarm that it might spend."""

    rows: tuple[Row, ...]
    plan: Plan
    pairs: int
    alpha: float

    def regressions(self) -> list[Row]:
        """Figures that are worse."""
        return [r for r in self.rows if r.verdict == REGRESSION]

    def undecided(self) -> list[Row]:
        """Figures of which neither can be said."""
        return [r for r in self.rows if r.verdict == CANNOT_TELL]

    def suspects(self) -> list[Row]:
        """What screening found and the test does not confirm: measure these cells again."""
        return [r for r in self.rows if r.suspect]

    def gated(self) -> int:
        """Figures that may fail."""
        return sum(bool(r.verdict) for r in self.rows)

    def code(self) -> Code:
        """No regression is a claim about each of the figures, hence needs all of them."""
        if self.regressions():
            return Code.FAILED
        return Code.CANNOT_TELL if self.undecided() else Code.GOOD

    def decided(self) -> bool:
        """Whether to stop collecting: it is told, or this was the last look."""
        return self.code() != Code.CANNOT_TELL or self.pairs >= self.plan.cap()

    def sentence(self) -> str:
        """All of it in one line."""
        if worse := self.regressions():
            return (f"REGRESSION: {len(worse)} of {self.gated()} figures are worse, "
                    f"{worse[0].cell} {worse[0].figure} by {worse[0].per_cent()[0]:+.1f} %")
        if open_ := self.undecided():
            return (f"CANNOT TELL: of {len(open_)} of {self.gated()} figures neither a regression nor "
                    f"its absence is shown by {self.pairs} pairs (at most {self.plan.cap()})")
        return (f"no regression: each of {self.gated()} figures is less than "
                f"{', '.join(f'{100 * d:.0f} % ({f})' for f, d in DELTAS.items())} worse, "
                f"{self.pairs} pairs")


def decide(rows: list[Row], plan: Plan, alpha: float) -> list[Row]:
    """The verdict of each row of one family, movers first. alpha: of this look."""
    gated = [r for r in rows if r.tested and r.figure in DELTAS]
    p = [r.tested.p for r in gated if r.tested]
    screened = paired.benjamini_hochberg(p)
    done = [r for r in rows if not (r.tested and r.figure in DELTAS)]
    for row, adjusted, screen in zip(gated, paired.holm(p), screened):
        assert row.tested
        verdict = paired.verdict(row.tested, adjusted, DELTAS[row.figure], alpha)
        done.append(replace(row, adjusted=adjusted, verdict=verdict,
                            suspect=verdict != REGRESSION and screen <= plan.screening))
    return sorted(done, key=Row.key)


def _median(values: list[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None


def _row(samples: Samples, cell: str, figure: str, alpha: float) -> Row:
    sides = samples.of(cell, figure)
    base, new = map(_median, sides)
    logs = ratios(*sides)
    if logs is not None:
        values = paired.by_unit(logs, samples.units())
        return Row(cell, figure, base, new, paired.tested(values, DELTAS.get(figure, 0.0), alpha))
    never = all(value is None for side in sides for value in side)
    # A p99 needs 100 samples; which cells have as many does not depend on the kernel.
    gated = figure in DELTAS and not (never and figure != "p50")
    return Row(cell, figure, base, new, None, verdict=CANNOT_TELL if gated else "",
               reason="too few samples" if never else "not in each boot")


def _refuse_null(samples: Samples) -> None:
    """A kmalloc() that returns NULL is quick; its time is compared with no other."""
    for cell in samples.cells():
        if failed := [side for side in samples.of(cell, "failed") if any(side)]:
            raise CannotTell(f"not comparable: {cell} has {max(v or 0 for v in failed[0]):.0f} "
                             "allocations that failed; choose a smaller SHARE= or other cells")


def judge(samples: Samples, plan: Plan) -> Verdict:
    """All cells. CannotTell where the plan has no look at so many pairs, or where the two
    cannot be compared."""
    pairs = samples.pairs()
    alpha = plan.alpha_at(pairs)
    short = [u for u in set(samples.units()) if samples.units().count(u) < plan.rounds_each]
    if short:
        raise CannotTell(f"{len(short)} of {pairs} pairs have fewer rounds than the plan's "
                         f"{plan.rounds_each}; collect all of them")
    _refuse_null(samples)
    cells = samples.cells()
    rows = [_row(samples, cell, figure, alpha) for cell in cells for figure in (*DELTAS, *TOLD)]
    plan.refuse_blind(sum(r.tested is not None and r.figure in DELTAS for r in rows) or 1)
    return Verdict(tuple(decide(rows, plan, alpha)), plan, pairs, alpha)
