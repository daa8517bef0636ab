# SPDX-License-Identifier: GPL-2.0
"""How much the statistical gate collects, and when it looks: fixed before the first round.

Who looks after each pair, and stops when there is an alarm, has one sooner or later. So the
looks are at fixed numbers of pairs, and the probability of a false alarm is split between
them in proportion to what each adds (Bonferroni: the sum is at most the whole, whatever the
dependence between looks).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .errors import Broken, CannotTell


@dataclass(frozen=True)
class Plan:
    """looks: numbers of pairs, ascending; the last one is the cap. rounds_each: rounds of
    which the median is one pair; between two of them the cores are swapped, so it is even,
    or 1, where that cancels in the long run only. alpha: probability of any false alarm in
    the whole comparison, all figures and looks together. screening: share of false ones among
    suspects."""

    looks: tuple[int, ...] = (20, 40, 60)
    rounds_each: int = 4
    alpha: float = 0.01
    screening: float = 0.05

    def __post_init__(self) -> None:
        if not self.looks or list(self.looks) != sorted(set(self.looks)) or self.looks[0] < 1:
            raise Broken(f"looks at {self.looks} pairs: ascending numbers from 1 on")
        if self.rounds_each < 1 or (self.rounds_each % 2 and self.rounds_each > 1):
            raise Broken(f"{self.rounds_each} rounds a pair: 1, or an even number, so that each "
                         "side has each core as often")
        if not 0 < self.alpha < 0.5:
            raise Broken(f"a probability of false alarms of {self.alpha}: above 0, below 0.5")

    def cap(self) -> int:
        """Pairs at which it ends."""
        return self.looks[-1]

    def alpha_at(self, pairs: int) -> float:
        """The part of alpha that the look at so many pairs may spend; CannotTell where the
        plan has no look there."""
        if pairs not in self.looks:
            raise CannotTell(f"{pairs} pairs: the plan looks at {self.text()} and at no other "
                             "number of them; collect as many")
        before = (0, *self.looks)[self.looks.index(pairs)]
        return self.alpha * (pairs - before) / self.cap()

    def text(self) -> str:
        """The looks, for people."""
        return ", ".join(map(str, self.looks))

    def fewest(self, figures: int) -> int:
        """Pairs below which no test of so many figures could alarm at the last look, whatever
        the change: the smallest p is 1/2 for each pair."""
        return math.ceil(math.log2(figures / self.alpha_at(self.cap())))

    def refuse_blind(self, figures: int) -> None:
        """CannotTell where not even the last look could find anything among so many figures."""
        if self.cap() < self.fewest(figures):
            raise CannotTell(f"{self.cap()} pairs are too few for {figures} figures: no change, however "
                             f"large, could be found; at least {self.fewest(figures)}, or fewer cells")
