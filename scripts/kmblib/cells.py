# SPDX-License-Identifier: GPL-2.0
"""The cells of a measurement as rows of text: what the report's tables show."""

from __future__ import annotations

from collections import Counter
from typing import Any

_PERCENTILES = ("p50", "p99")
# At most so many sizes fit beside the name of a context and its flags.
_SIZES_ABREAST = 5

Place = tuple[str, str]


def number(value: int | None) -> str:
    """A count in at most six characters; "-" where there is none."""
    if value is None:
        return "-"
    if value < 100_000:
        return str(value)
    for unit, scale in (("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15)):
        if value < 1000 * scale:
            return f"{value / scale:.4g}{unit}"
    return f"{value / 1e18:.4g}E"


def size(value: int) -> str:
    """Bytes, as 8 or 64K or 4M; never rounded."""
    for unit, scale in (("M", 1 << 20), ("K", 1 << 10)):
        if value >= scale and value % scale == 0:
            return f"{value // scale}{unit}"
    return str(value)


def label(cell: dict[str, Any]) -> str:
    """A scenario, with the number of processors where there are several."""
    return f"{cell['scenario']} x{cell['cpus']}" if cell["cpus"] > 1 else str(cell["scenario"])


def _three(cell: dict[str, Any] | None) -> list[str]:
    """p50, p99 and max of a cell, as shown."""
    if cell is None or cell["percentiles"] is None:
        return ["-", "-", "-"]
    peak = max(r["max"] for r in cell["repetitions"] if r["max"] is not None)
    return [number(cell["percentiles"][p]) for p in _PERCENTILES] + [number(peak)]


def mean_loop(cell: dict[str, Any]) -> int | None:
    """Ticks of an operation in the mean-loop, rounded; None if there is none, or if an
    allocation failed in it, which takes a time of its own."""
    loops = [r["mean_loop"] for r in cell["repetitions"] if r["mean_loop"]]
    count = sum(loop["count"] for loop in loops)
    if any(loop["failed"] for loop in loops):
        return None
    return round(sum(loop["sum"] for loop in loops) / count) if count else None


class Cells:
    """The cells of one boot, by their coordinates, in the order measured."""

    def __init__(self, boot: dict[str, Any]) -> None:
        self.cells = boot["measurement"]["measured"]["cells"]
        self._memory_cgroup = boot["measurement"]["system"]["memory_cgroup"]
        self._by = {(label(c), c["context"], c["gfp"], c["size"]): c for c in self.cells}

    def get(self, scenario: str, place: Place, size_: int) -> dict[str, Any] | None:
        """The cell at these coordinates; None if it was not measured."""
        return self._by.get((scenario, *place, size_))

    def places(self) -> list[Place]:
        """Pairs of context and flags."""
        return list(dict.fromkeys((c["context"], c["gfp"]) for c in self.cells))

    def main_place(self) -> Place:
        """The pair with the most cells."""
        return Counter((c["context"], c["gfp"]) for c in self.cells).most_common(1)[0][0]

    def scenarios(self, place: Place | None = None) -> list[str]:
        """Labels of the scenarios that were measured at a place, or at any."""
        return list(dict.fromkeys(label(c) for c in self.cells
                                  if place in (None, (c["context"], c["gfp"]))))

    def main_scenario(self) -> str:
        """The scenario with the most cells; of equals the last, which is a pair's."""
        counts = Counter(label(c) for c in self.cells)
        return max(reversed(list(counts)), key=lambda name: counts[name])

    def sizes(self) -> list[int]:
        """All sizes, ascending."""
        return sorted({c["size"] for c in self.cells})

    def by_size(self, place: Place, scenarios: list[str]) -> list[list[str]]:
        """A row a size: p50, p99, max of up to three scenarios at one place."""
        rows = []
        for s in self.sizes():
            cells = [self.get(name, place, s) for name in scenarios]
            if any(cells):
                rows.append([size(s), *(text for c in cells for text in _three(c))])
        return rows

    def few_sizes(self) -> list[int]:
        """Some of the sizes, evenly spread, first and last among them."""
        sizes = self.sizes()
        if len(sizes) <= _SIZES_ABREAST:
            return sizes
        last = len(sizes) - 1
        return [sizes[i * last // (_SIZES_ABREAST - 1)] for i in range(_SIZES_ABREAST)]

    def by_place(self, scenario: str) -> list[list[str]]:
        """A row a context and flags: p50 of one scenario at a few sizes."""
        rows = []
        for place in self.places():
            cells = [self.get(scenario, place, s) for s in self.few_sizes()]
            if any(cells):
                rows.append([f"{place[0]} {place[1]}", *(
                    number(c["percentiles"]["p50"]) if c and c["percentiles"] else "-"
                    for c in cells)])
        return rows

    def by_loop(self, place: Place) -> list[list[str]]:
        """A row a scenario: the mean-loop's ticks an operation at a few sizes."""
        rows = []
        for name in self.scenarios(place):
            cells = [self.get(name, place, s) for s in self.few_sizes()]
            means = [mean_loop(c) if c else None for c in cells]
            if any(means):
                rows.append([name, *map(number, means)])
        return rows

    def overhead(self) -> dict[str, int]:
        """Empty loop, clock and recording over all cells: smallest and largest."""
        seen = [r for c in self.cells for r in c["repetitions"]]
        return {f"{kind}_{end}": pick(r[kind][end] for r in seen)
                for kind in ("empty", "clock", "record")
                for end, pick in (("min", min), ("max", max))}

    def footprints(self) -> list[list[str]]:
        """A row a size: what objects of the commonest flags occupy."""
        gfp = Counter(c["gfp"] for c in self.cells).most_common(1)[0][0]
        seen = {c["size"]: c["footprint"] for c in reversed(self.cells)
                if c["gfp"] == gfp and c["footprint"]["objects"]}
        return [[size(s), number(f["objects"]), number(f["blocks"]), number(f["held_bytes"]),
                 f"{f['held_bytes'] / f['live_bytes']:.2f}"] for s, f in sorted(seen.items())]

    def events(self) -> list[str]:
        """What the kernel counted in all cells together, where it counted anything."""
        total: Counter[str] = Counter()
        reasons: dict[str, list[str]] = {}
        for name, value in ((n, v) for c in self.cells for n, v in c["events"].items()):
            if "value" in value:
                total[name] += value["value"]
            elif name not in total:
                names = reasons.setdefault(value["unavailable"], [])
                names.extend([name] if name not in names else [])
        counted = ", ".join(f"{name} {number(n)}" for name, n in total.items() if n)
        missing = [f"unavailable: {' '.join(names)} ({why})" for why, names in reasons.items()
                   if not any(name in total for name in names)]
        return ([f"counted: {counted}"] if counted else []) + missing

    def untabled(self) -> list[str]:
        """Scenarios with cells that no table of the report has, and how many."""
        place, scenario = self.main_place(), self.main_scenario()
        counts = Counter(label(c) for c in self.cells
                         if (c["context"], c["gfp"]) != place and label(c) != scenario)
        return [f"{name} {count}" for name, count in counts.items()]

    def charged_nothing(self) -> bool:
        """Whether accounted memory was measured where nothing is charged."""
        return self._memory_cgroup is None and any(c["scenario"] == "account" for c in self.cells)

    def unsteady(self) -> list[str]:
        """Cells whose repetitions disagree."""
        return [c["name"] for c in self.cells if not c["steady"]]

    def nulls(self) -> list[tuple[str, int]]:
        """Cells in which kmalloc() returned NULL, and how often."""
        counts = [(c["name"], sum(r["failed"] for r in c["repetitions"])) for c in self.cells]
        return [row for row in counts if row[1]]
