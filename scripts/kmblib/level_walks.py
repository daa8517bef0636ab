# SPDX-License-Identifier: GPL-2.0
"""Walks over memory that was allocated at levels of fragmentation, frag.json: how much of
it lies under large pages, and what that is worth."""

from __future__ import annotations

from typing import Any, Callable

from . import kernel_counts
from .cells import number
from .latencies import misses
from .responses import marked
from .walks import rate

_ONE = 1_000_000

Walk = dict[str, Any]


def huge(walk: Walk) -> float | None:
    """Per cent of a walk's pages that a page of 2 MiB or more maps; None: not known."""
    if walk["unavailable"] or not walk["mapped"]:
        return None
    pages: dict[str, int] = walk["mapped"]["pages"]
    return 100 * (1 - pages["4K"] / sum(pages.values())) if sum(pages.values()) else None


def ticks(walk: Walk) -> float | None:
    """Ticks of the module's clock per load; None: there was no walk."""
    return None if walk["unavailable"] or not walk["loads"] else walk["ticks"] / walk["loads"]


def user_huge(walk: Walk) -> float | None:
    """Per cent of a process's memory that is in huge pages."""
    if walk["unavailable"]:
        return 0.0 if "AnonHugePages is 0" in walk["unavailable"] else None
    return float(100 * walk["mapping"]["anon_huge_bytes"] / walk["held_bytes"])


def user_ticks(walk: Walk) -> float | None:
    """Ticks of the process's clock per load, of the lap that was disturbed least."""
    return min(lap["ticks"] for lap in walk["laps"]) / walk["loads"] if walk["laps"] else None


def pmu(walk: Walk) -> float | None:
    """Misses of the data TLB per 1000 loads that the PMU counted in the kernel."""
    return kernel_counts.rate(walk["counters"], walk["warmup"])


def user_pmu(walk: Walk) -> float | None:
    """The same of a process, in user mode."""
    if walk["unavailable"]:
        return None
    count = misses(walk)
    return None if count is None else 1000.0 * count


# What there is of each kind of walk: which, how, and digits after the point.
_FIGURES: dict[str, tuple[str, Callable[[Walk], float | None], int]] = {
    "huge": ("walks", huge, 0), "rate": ("walks", rate, 1), "ticks": ("walks", ticks, 1),
    "user_rate": ("user_walks", rate, 1),
    "pmu": ("walks", pmu, 1), "user_pmu": ("user_walks", user_pmu, 1),
    "user_huge": ("user_walks", user_huge, 0), "user_ticks": ("user_walks", user_ticks, 1)}


def _part(level: dict[str, Any]) -> str:
    """How many of the blocks memory of the process broke, per cent; the module broke the others."""
    own = level["movable"]["held"]
    return f"{100 * own / (own + level['steps']['held'] or 1):.0f}"


class LevelWalks:
    """What a frag.json says of walks, by level and kind of memory."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._levels = [v for v in document["measured"]["levels"] if not v["unavailable"]]
        self.no_model: str = document["no_model"]

    def any(self) -> bool:
        """Whether there was any walk."""
        return any(level["walks"] for level in self._levels)

    def bytes(self) -> int:
        """The largest footprint."""
        return max((w["bytes"] for level in self._levels for w in level["walks"]), default=0)

    def _walks(self, where: str) -> dict[str, list[Walk | None]]:
        """By kind: the walk at each level; None where there is none."""
        kinds = dict.fromkeys(w["kind"] for level in self._levels for w in level[where])
        return {kind: [next((w for w in level[where] if w["kind"] == kind), None)
                       for level in self._levels] for kind in kinds}

    def _values(self, figure: str) -> dict[str, list[float | None]]:
        """By kind: the figure at each level; None where there is none."""
        where, how, _digits = _FIGURES[figure]
        return {kind: [how(w) if w else None for w in walks]
                for kind, walks in self._walks(where).items()}

    def rows(self, figure: str) -> list[list[str]]:
        """A row a kind: the figure, by level; none where nothing is known."""
        where, _how, digits = _FIGURES[figure]
        found = self._walks(where)
        return [[kind, *("-" if v is None else marked(f"{v:.{digits}f}", walk, level)
                         for v, walk, level in zip(values, found[kind], self._levels))]
                for kind, values in self._values(figure).items()
                if any(v is not None for v in values)]

    def lines(self, figure: str) -> dict[str, list[tuple[float, float]]]:
        """Level and figure, by kind, where it is known."""
        lines = {kind: [(level["reached"] / _ONE, value)
                        for level, value in zip(self._levels, values) if value is not None]
                 for kind, values in self._values(figure).items()}
        return {kind: points for kind, points in lines.items() if points}

    def moved(self) -> list[str]:
        """By level: how many of the pages that broke blocks the kernel has moved, and how many of
        all blocks these were: the mix that was had, whatever was asked for."""
        return [f"{level['asked'] / _ONE:g}: {number(level['movable']['moved'])} of "
                f"{number(level['movable']['held'])}, which broke {_part(level)} % of the blocks"
                for level in self._levels if level["movable"]]

    def no_pmu(self) -> str:
        """Why the PMU counted nothing; "" if it did."""
        if self.rows("pmu") or self.rows("user_pmu"):
            return ""
        reasons = [kernel_counts.unavailable(walk["counters"]) for level in self._levels
                   for walk in level["walks"] if not walk["unavailable"]]
        return next(iter(reasons), "")

    def missing(self) -> list[str]:
        """What could not be had, and why: each reason once."""
        reasons: dict[str, list[str]] = {}
        for level in self._levels:
            for walk in [*level["walks"], *level["user_walks"]]:
                if walk["unavailable"]:
                    reasons.setdefault(walk["unavailable"], []).append(
                        f"{walk['kind']} at {level['asked'] / _ONE:g}")
        return [f"unavailable: {', '.join(names)} ({why})" for why, names in reasons.items()]
