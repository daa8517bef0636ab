# SPDX-License-Identifier: GPL-2.0
"""The exact gate: integers of two kernels, cell by cell. There is no noise, hence no
statistics: what differs, differs. The question is only whether it is much."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Iterator

from .baseline import Baseline
from .errors import CannotTell, Code


@dataclass(frozen=True)
class Limit:
    """What is not much: at most so many instructions (or bytes, or events) for each
    operation, or at most so many per cent. What is above both is."""

    each: float
    per_cent: float


# Of the scenario that stays on the fast path, where one instruction more is one more in
# each kmalloc() of a machine; and of the others, whose slow path has many.
_FAST = "pair"
# Those whose path is the same each time, the other ways to allocate and to free among them.
_STEADY = (_FAST, "account", "alloc", "bulk", "crowd", "krealloc", "kvmalloc", "kzalloc")
# What it frees comes back later: while the next objects are made, and looked at for what they occupy.
_LATE = "kfree_rcu"
# It has no fast path.
_SLOWEST = "cold"
_FAST_LIMIT, _LARGE_LIMIT, _STEADY_LIMIT, _SLOW_LIMIT = Limit(0, 0), Limit(4, 1), Limit(11, 1), Limit(32, 2)
# Up to here objects lie in slabs of one page. In a larger one it takes two instructions
# more to find the slab of an object that is not in the first page: kmbench.ko begins a cell with
# one that is, which those that hold several objects, or have a cache of their own, do not keep to.
_ONE_PAGE = 512
# What the cheapest operation of a cell took is the fast path of its own, whatever the scenario: what
# the kernel did before decides how often it is taken, and not what it costs; but where each operation
# has to make a slab, and of these in larger slabs: where the object lies in it decides, and with
# memory cgroups, where what is charged lies.
_CHEAPEST = "fast_insns"
_CHEAPEST_LARGE_LIMITS = {"account": Limit(16, 0), "bulk": Limit(4, 0), "krealloc": Limit(4, 0)}
# Above these, most of the instructions are those of the page allocator: whether a block has to be
# split, and two are joined, what the kernel did before decides as well. These are told, and
# never fail: of one kernel, 88 % more or less were seen. The largest slabs are of 8 KiB, and what
# makes and gives back many of them asks the page allocator as often.
_LARGEST, _LARGEST_STEADY = 4096, 8192
# Of all cells together: one instruction in each of them shows here. And of those of a scenario.
_SUM_LIMIT, _SCENARIO_LIMIT = Limit(0, 0.15), Limit(0, 0.35)
_SCENARIO_LIMITS = {"burst256-alloc": Limit(0, 0.5), "burst256-lifo": Limit(0, 2), "free": Limit(0, 1),
                    "kfree_rcu": Limit(0, 1), "krealloc": Limit(0, 0.5), "bulk": Limit(0, 0.1), "cold": Limit(0, 0.1)}
# How the sum of a scenario is named among the changes.
ALL_OF = "{}/*"
# Slabs of which a part may be of others.
_SLABS = 4
# How often what a figure is of was done; 1 where there is nothing of that kind.
_OF = {"insns": "ops", "loop_insns": "loop_ops", "alloc_slowpath": "ops", "alloc_slab": "ops",
       "order_fallback": "ops", "allocstall": "ops"}
# Limits of what is no instruction; other events are told, and never fail.
_LIMITS = {"failed": Limit(0, 0), "alloc_slowpath": Limit(0.01, 1), "alloc_slab": Limit(0.01, 1),
           "order_fallback": Limit(0, 0), "allocstall": Limit(0, 0)}
# Counted as instructions are: each is one more for each call.
_INSTRUCTIONS = ("insns", "loop_insns", _CHEAPEST)
_ACCESSES = ("alloc_accesses", "free_accesses")
# On which side of a page's end a variable or a function lies decides one of them.
_LIMITS |= dict.fromkeys(("alloc_walks", "free_walks"), Limit(1, 0))
# What decides what is compared, and is compared with nothing itself.
_COUNTS = ("ops", "loop_ops")


@dataclass(frozen=True)
class Change:
    """A figure of a cell that is another one. base, new: the integers. ops: how many
    operations they are of. beyond: whether the change is above its limit. limited: whether
    it has one; what has none never fails."""

    cell: str
    figure: str
    base: int
    new: int
    ops: int
    beyond: bool
    limited: bool = True

    def each(self) -> float:
        """By how much, for each operation."""
        return (self.new - self.base) / (self.ops or 1)

    def per_cent(self) -> float:
        """By how much of the base."""
        return 100 * (self.new - self.base) / self.base if self.base else float("inf")

    def worse(self) -> bool:
        """All figures are costs."""
        return self.new > self.base


def _is_beyond(base: int, new: int, ops: int, limit: Limit) -> bool:
    by = abs(new - base)
    return by / (ops or 1) > limit.each and 100 * by > limit.per_cent * base


def _scenario_and_size(cell: str) -> tuple[str, int]:
    scenario, _context, _gfp, size, *_cpus = cell.split("/")
    return scenario, int(size)


def is_exact(cell: str) -> bool:
    """Whether each instruction more is one of the allocator's fast path."""
    return _scenario_and_size(cell)[0] == _FAST and is_gated(cell)


def is_gated(cell: str) -> bool:
    """Whether it may fail: whether slabs, not the page allocator, decide what it costs."""
    scenario, size = _scenario_and_size(cell)
    return size <= (_LARGEST_STEADY if scenario in _STEADY else _LARGEST)


def _limit(cell: str, figure: str, block: int) -> Limit | None:
    """Of a figure of a cell; None: it may be what it likes. block: bytes of a slab of it."""
    if figure != "failed" and not is_gated(cell):
        return None
    scenario, size = _scenario_and_size(cell)
    if figure == "held":
        return None if scenario == _LATE else Limit(_SLABS * block, 0)
    if figure == _CHEAPEST and scenario != _SLOWEST:
        return _CHEAPEST_LARGE_LIMITS.get(scenario, _FAST_LIMIT) if size > _ONE_PAGE else _FAST_LIMIT
    if figure in _ACCESSES:
        return _FAST_LIMIT if size <= _ONE_PAGE else _LARGE_LIMIT
    if figure not in _INSTRUCTIONS:
        return _LIMITS.get(figure)
    return _FAST_LIMIT if scenario == _FAST else _STEADY_LIMIT if scenario in _STEADY else _SLOW_LIMIT


def _changes(name: str, base: dict[str, int], new: dict[str, int]) -> Iterator[Change]:
    for figure, one in base.items():
        other, ops = new[figure], base.get(_OF.get(figure, ""), 1)
        limit = _limit(name, figure, base.get("block", 0))
        if one != other:
            yield Change(name, figure, one, other, ops,
                         limit is not None and _is_beyond(one, other, ops, limit),
                         limit is not None)


@dataclass(frozen=True)
class Verdict:
    """What came of a comparison. changes: of cells, the largest first; and of all gated cells of
    a scenario together (ALL_OF), where that is beyond its limit. total: the
    instructions of all cells together that may fail. cells: how many there are. stored: whether
    the base is one that is kept, and not measured for this comparison alone."""

    changes: tuple[Change, ...]
    total: Change
    cells: int
    stored: bool = True

    def regressions(self) -> list[Change]:
        """What is worse beyond its limit, the sum last."""
        return [c for c in (*self.changes, self.total) if c.beyond and c.worse()]

    def improvements(self) -> list[Change]:
        """What is better beyond its limit, the sum last."""
        return [c for c in (*self.changes, self.total) if c.beyond and not c.worse()]

    def code(self) -> Code:
        """A regression fails; an improvement asks for a new baseline where one is kept, or drift
        hides in what is left of it. Where no cost may fail, that none does says nothing."""
        return Code.FAILED if self.regressions() else \
            Code.CANNOT_TELL if self.stored and self.improvements() or not self.total.ops else Code.GOOD

    def _told(self, changes: list[Change], word: str) -> str:
        """How many figures of cells are that, and whether the sum of all is."""
        own, many = sum(c is not self.total for c in changes), len(changes) > 1
        what = [f"{own} figure{'s' if own > 1 else ''}"] if own else []
        what += ["the sum of all cells"] if own < len(changes) else []
        return (f"{' and '.join(what)} {'are' if many else 'is'} {word} beyond "
                f"{'their limits' if many else 'its limit'}")

    def sentence(self) -> str:
        """All of it in one line."""
        if worse := self.regressions():
            return f"REGRESSION: {self._told(worse, 'worse')}"
        if not self.total.ops:
            return (f"CANNOT TELL: no cost of these {self.cells} cells has a limit; those have up to "
                    f"{_LARGEST} bytes ({_LARGEST_STEADY}: {', '.join(_STEADY)})")
        if better := self.improvements():
            if not self.stored:
                return f"better: {self._told(better, 'better')}"
            return (f"IMPROVEMENT: {self._told(better, 'better')}; make a new baseline, or what gets "
                    "worse again is not seen")
        within = sum(c.limited for c in self.changes)
        return (f"no regression: {self.cells} cells; {within} figures changed within their limits, "
                f"{len(self.changes) - within} that have none")


def _refuse_other_place(base: Baseline, new: Baseline, but: tuple[str, ...]) -> None:
    for key, value in base.place.items():
        if new.place[key] != value and key not in but:
            raise CannotTell(f"not comparable: {key} is {value[:60]!r} of the base and "
                             f"{new.place[key][:60]!r} of the new one; measure both in one place")


def _refuse_other_cells(base: Baseline, new: Baseline) -> None:
    for has, lacks, which in ((base, new, "new one"), (new, base, "base")):
        if missing := sorted(has.cells.keys() - lacks.cells.keys()):
            raise CannotTell(f"not comparable: {len(missing)} cells are missing in the {which}, as "
                             f"{missing[0]}; measure both with one kmbench")
    for name, figures in base.cells.items():
        if other := figures.keys() ^ new.cells[name].keys():
            raise CannotTell(f"not comparable: {name} has {sorted(other)[0]} on one side alone")
        for of in (key for key in _COUNTS if figures.get(key) != new.cells[name].get(key)):
            raise CannotTell(f"not comparable: {name} has {figures[of]} operations in the base and "
                             f"{new.cells[name][of]} in the new one ({of})")


def _sum(name: str, base: Baseline, new: Baseline, of: str, limit: Limit) -> Change:
    """Instructions of the gated cells of a scenario; of all where it is ""."""
    gated = [cell for cell in base.cells if is_gated(cell) and of in ("", _scenario_and_size(cell)[0])]
    one, other = (sum(side.cells[cell]["insns"] for cell in gated) for side in (base, new))
    ops = sum(base.cells[cell]["ops"] for cell in gated)
    return Change(name, "insns", one, other, ops, _is_beyond(one, other, ops, limit))


def _scenarios(base: Baseline, new: Baseline) -> Iterator[Change]:
    """What is much in all cells of a scenario together, little in each as it may be."""
    for scenario in sorted({_scenario_and_size(cell)[0] for cell in base.cells}):
        found = _sum(ALL_OF.format(scenario), base, new, scenario,
                     _SCENARIO_LIMITS.get(scenario, _SCENARIO_LIMIT))
        if found.beyond:
            yield found


def compare(base: Baseline, new: Baseline, but: tuple[str, ...] = (), stored: bool = True) -> Verdict:
    """Both sides, cell by cell; CannotTell where they are not of one place, or not of the
    same cells. but: what of the place may differ. stored: as Verdict has it."""
    _refuse_other_place(base, new, but)
    _refuse_other_cells(base, new)
    changes = [c for name, figures in base.cells.items()
               for c in _changes(name, figures, new.cells[name])] + list(_scenarios(base, new))
    changes.sort(key=lambda c: (not c.beyond, c.cell not in base.cells, -abs(c.per_cent()), c.cell, c.figure))
    total = _sum("all cells", base, new, "", _SUM_LIMIT)
    return Verdict(tuple(changes), total, len(base.cells), stored)
