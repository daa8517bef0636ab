# SPDX-License-Identifier: GPL-2.0
"""Walks over memory, tlb.json, as tables and as plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

from . import kernel_counts, plots
from .cells import number, size

_FOOTPRINTS_ABREAST = 7
_T = TypeVar("_T")
# The pages of memory whose page tables could not be walked.
_UNKNOWN: dict[str, int | None] = dict.fromkeys(("4K", "2M", "1G"))


def abreast(all_: list[_T]) -> list[_T]:
    """Of ascending footprints, or what has a size, those that fit side by side, both ends
    among them."""
    if len(all_) <= _FOOTPRINTS_ABREAST:
        return all_
    last = len(all_) - 1
    return [all_[i * last // (_FOOTPRINTS_ABREAST - 1)] for i in range(_FOOTPRINTS_ABREAST)]


# Of rate(), instead of a level: entries of page tables that page walks read.
READS = "walk_reads"


def rate(walk: dict[str, Any], level: int | str = -1) -> float | None:
    """Misses of a level per 1000 loads, of the last one: page walks; or READS; None: not counted."""
    model = walk["model"]
    if not model or not model["loads"]:
        return None
    count = model["misses"][level] if isinstance(level, int) else model[level]
    return 1000.0 * float(count) / float(model["loads"])


def direct_map(walks: list[dict[str, Any]]) -> str:
    """How the kernel mapped all memory before the first walk, and which walks
    found or left it otherwise; "" if it does not tell."""
    maps = [(w, w["direct_map"]["before"], w["direct_map"]["after"]) for w in walks]
    first = next((before for _walk, before, _after in maps if before), None)
    if not first:
        return ""
    changed = [f"{w['kind']} {w['pattern']} {size(w['bytes'])}"
               for w, before, after in maps if not before == after == first]
    text = ", ".join(f"{number(value >> 20)} MiB by {page}" for page, value in first.items())
    splits = sum(w["direct_map"]["splits"] or 0 for w in walks)
    return f"direct map: {text}; {number(splits)} large pages broken up meanwhile; " + (
        f"otherwise before or after {', '.join(changed)}" if changed else
        "the same before and after each walk")


def user_mappings(walks: list[dict[str, Any]]) -> list[list[str]]:
    """A row a kind of memory of a process, the largest footprint that there was: how it
    was mapped, as smaps, the page tables and pagemap tell."""
    largest = {w["kind"]: w for w in sorted(walks, key=lambda w: int(w["bytes"])) if w["mapping"]}
    return [[kind, size(w["bytes"]), size(mapping["anon_huge_bytes"]),
             *(number(n) for n in ((mapping["mapped"] or {}).get("pages") or _UNKNOWN).values()),
             number(mapping["runs"])]
            for kind, w in largest.items() for mapping in (w["mapping"],)]


class Walks:
    """What a tlb.json says, by kind of memory, pattern and footprint (bytes)."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._walks = document["walks"]
        # Of a process; what both have in common is asked of all.
        self._user = document["user_walks"]
        self._all = [*self._walks, *self._user]
        self._touches = document["allocator"]
        self._regions = document["regions"]
        self._title = f"{document['kernel']['label']}, {document['geometry']['name']}"
        self.passes = max((w["passes"] for w in self._walks), default=0)

    def _distinct(self, key: str) -> list[Any]:
        return list(dict.fromkeys(w[key] for w in self._all))

    def _get(self, kind: str, pattern: str, bytes_: int) -> dict[str, Any] | None:
        return next((w for w in self._all if (w["kind"], w["pattern"], w["bytes"])
                     == (kind, pattern, bytes_)), None)

    def patterns(self) -> list[str]:
        """The orders in which pages are taken."""
        return self._distinct("pattern")

    def few_footprints(self) -> list[int]:
        """Those that fit side by side, the smallest and the largest among them."""
        return abreast(sorted(self._distinct("bytes")))

    def rates(self, pattern: str, level: int | str = -1) -> list[list[str]]:
        """A row a kind: rate() of a level at a few footprints."""
        rows = []
        for kind in self._distinct("kind"):
            walks = [self._get(kind, pattern, b) for b in self.few_footprints()]
            values = [rate(w, level) if w else None for w in walks]
            rows.append([kind, *("-" if v is None else f"{v:.1f}" for v in values)])
        return rows

    def mappings(self) -> list[list[str]]:
        """A row a kind and footprint, the largest that there was: how it was mapped."""
        rows = []
        for kind in self._distinct("kind"):
            walks = [w for w in self._walks if w["kind"] == kind and w["mapped"]]
            if walks:
                walk = max(walks, key=lambda w: int(w["bytes"]))
                pages = walk["mapped"]["pages"]
                rows.append([kind, size(walk["bytes"]), *map(number, pages.values()),
                             number(walk["mapped"]["runs"])])
        return rows

    def user_mappings(self) -> list[list[str]]:
        """See user_mappings()."""
        return user_mappings(self._user)

    def _largest(self, kind: str) -> dict[str, Any] | None:
        """The last pattern's walk over most memory of a kind; None: there is none."""
        walks: list[dict[str, Any]] = [
            w for w in self._walks if w["kind"] == kind and not w["unavailable"]
            and w["pattern"] == self.patterns()[-1]]
        return max(walks, key=lambda w: int(w["bytes"])) if walks else None

    def pmu(self) -> list[list[str]]:
        """A row a kind, where the PMU counted: footprint, misses per 1000 loads from
        within the module and through libperf, by the model, and the ratio to that."""
        rows = []
        for walk in filter(None, map(self._largest, self._distinct("kind"))):
            inside, outside = (kernel_counts.rate(walk["counters"], walk["warmup"], where)
                               for where in (kernel_counts.INSIDE, kernel_counts.OUTSIDE))
            model = rate(walk)
            if inside is not None or outside is not None:
                ratio = inside / model if inside is not None and model else None
                rows.append([walk["kind"], size(walk["bytes"]), *(
                    "-" if v is None else f"{v:.1f}" for v in (inside, outside, model)),
                    "-" if ratio is None else f"{ratio:.2f}"])
        return rows

    def no_pmu(self) -> str:
        """Why the PMU counted nothing of any walk; "" if it did of one."""
        reasons = [kernel_counts.unavailable(w["counters"]) for w in self._walks
                   if not w["unavailable"]]
        return "" if not reasons or "" in reasons else reasons[0]

    def direct_map(self) -> str:
        """See direct_map()."""
        return direct_map(self._all)

    def allocator(self) -> list[list[str]]:
        """A row a size: accesses and page walks of kmalloc() and of kfree(), cold and
        warm."""
        rows = []
        for touch in self._touches:
            counts = [touch[call][state] for call in ("kmalloc", "kfree")
                      for state in ("cold", "warm")]
            if all(counts):
                rows.append([size(touch["size"]), *(
                    number(value) for c in counts
                    for value in (c["loads"] + c["stores"], c["misses"][-1]))])
        return rows

    def regions(self) -> list[list[str]]:
        """A row a name that others marked: how often, accesses, misses of the first
        level, page walks by size of the page, and flushes."""
        rows = []
        for region in self._regions:
            model = region["model"]
            flushes = sum(model[kind] for kind in ("flushes", "flushes_all", "flushes_page"))
            rows.append([region["region"], *map(number, (
                region["times"], model["loads"] + model["stores"], model["misses"][0],
                *model["page_walks"].values(), flushes))])
        return rows

    def missing(self) -> list[str]:
        """What could not be looked at, and why: each reason once."""
        reasons: dict[str, list[str]] = {}
        for walk in self._all:
            if walk["unavailable"]:
                reasons.setdefault(walk["unavailable"], []).append(
                    f"{walk['kind']} {walk['pattern']} {size(walk['bytes'])}")
        for touch in self._touches:
            if touch["unavailable"]:
                reasons.setdefault(touch["unavailable"], []).append(
                    f"kmalloc({size(touch['size'])})")
        return [f"unavailable: {', '.join(names)} ({why})" for why, names in reasons.items()]

    def _lines(self, pattern: str, level: int) -> dict[str, plots.Points]:
        """Footprint and misses of a level per 1000 loads, by kind, where they were counted."""
        lines: dict[str, plots.Points] = {}
        for walk in self._all:
            value = rate(walk, level)
            if walk["pattern"] == pattern and value is not None:
                lines.setdefault(walk["kind"], []).append((walk["bytes"], value))
        return lines

    def panels(self) -> list[list[plots.Panel]]:
        """Page walks, and misses of the first level, per 1000 loads against footprint, a
        line a kind, for each pattern."""
        return [
            [plots.by_footprint(f"{self._title}, {pattern}", f"{what} per 1000 loads",
                                self._lines(pattern, level), "symlog")
             for pattern in self.patterns()]
            for what, level in (("page walks", -1), ("L1 misses", 0))]

    def plot(self, path: Path) -> None:
        """Write panels() into a file."""
        plots.draw(path, self.panels())
