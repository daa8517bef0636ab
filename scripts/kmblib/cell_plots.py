# SPDX-License-Identifier: GPL-2.0
"""Figures of bench.json: distributions of latency, and a map of sizes and contexts."""

from __future__ import annotations

import dataclasses
from collections import Counter
from typing import Any

from .cells import Cells, Place, number, size
from .page import Document, Figure, Table
from .plots import Points
from .responses import middle
from .svg import Distribution, Heat

# As many distributions are drawn; the table of all cells has the others.
_MOST = 12
_QUANTILES = {"p50": 0.5, "p90": 0.1, "p99": 0.01, "p99.9": 0.001, "p99.99": 0.0001}
_ABOUT = ("Which part of the operations took longer than so much, down to the slowest of all; "
          "marked are p50, p90, p99, p99.9 and p99.99, as far as there are samples enough.")
_HEAT = ("The median of each size (column) in each context with each set of flags (row). A lighter "
         "place is a slower one; each has its number in it.")


def _histogram(cell: dict[str, Any]) -> list[tuple[int, int]]:
    total: Counter[int] = Counter()
    for repetition in cell["repetitions"]:
        total.update(dict(repetition["histogram"]))
    return sorted(total.items())


def _bounds(cell: dict[str, Any]) -> tuple[int, int]:
    seen = [r for r in cell["repetitions"] if r["count"]]
    return min(r["min"] for r in seen), max(r["max"] for r in seen)


def _placed(ticks: float) -> float:
    """Where so many ticks are on a logarithmic scale: none, as a coarse clock has, as half a one."""
    return max(ticks, 0.5)


def steps(cell: dict[str, Any]) -> Points:
    """(ticks, part of the samples that takes longer); of the slowest one half a sample, since
    none has no place on a logarithmic scale."""
    histogram, (least, most) = _histogram(cell), _bounds(cell)
    count, seen = sum(n for _low, n in histogram), 0
    points: Points = [(_placed(least), 1.0)]
    for low, n in histogram:
        seen += n
        points.append((_placed(min(max(middle(low), least), most)), (count - seen or 0.5) / count))
    return points


def marks(cell: dict[str, Any]) -> Points:
    """The percentiles that there are, in the same coordinates."""
    found = ((cell["percentiles"][name], part) for name, part in _QUANTILES.items())
    return [(_placed(value), part) for value, part in found if value is not None]


def _row(name: str, cell: dict[str, Any]) -> list[str]:
    samples = sum(r["count"] for r in cell["repetitions"])
    if cell["percentiles"] is None:
        return [name, number(samples), *["-"] * (2 + len(_QUANTILES))]
    least, most = _bounds(cell)
    return [name, number(samples), number(least),
            *(number(cell["percentiles"][p]) for p in _QUANTILES), number(most)]


def _table(caption: str, what: str, cells: list[tuple[str, dict[str, Any]]]) -> Table:
    head = [what, "samples", "min", *_QUANTILES, "max"]
    return Table(caption, "%-40s" + "%8s" * (len(head) - 1), head, [_row(n, c) for n, c in cells])


def _distribution(cells: Cells, scenario: str, place: Place, unit: str) -> Figure | None:
    found = [(size(s), c) for s in cells.sizes() if (c := cells.get(scenario, place, s))]
    few = [size(s) for s in cells.few_sizes()]
    drawn = {name: c for name, c in found if name in few and c["percentiles"]}
    if not drawn:
        return None
    title = f"{scenario}, {place[1]} in {place[0]} context"
    said = "; ".join(f"{name} bytes p50 {number(c['percentiles']['p50'])}, "
                     f"max {number(_bounds(c)[1])}" for name, c in drawn.items())
    plot = Distribution(title, f"{unit}, logarithmic", {n: steps(c) for n, c in drawn.items()},
                        {n: marks(c) for n, c in drawn.items()})
    return Figure(f"Distribution: {title}", _ABOUT, f"In {unit}: {said}.", plot,
                  _table(f"{title}, {unit}, by size", "size", found))


def _wanted(cells: Cells) -> list[tuple[str, Place]]:
    """Of the main scenario in each context, once; of the others in the main place; and last of
    the main one with all other flags."""
    main, place, places = cells.main_scenario(), cells.main_place(), cells.places()
    firsts = {context: at for at in reversed(places) for context in at[:1]}
    contexts = [at for at in places if at == firsts[at[0]]]
    return list(dict.fromkeys([(main, place), *((main, at) for at in contexts if at[0] != place[0]),
                               *((scenario, place) for scenario in cells.scenarios(place)),
                               *((main, at) for at in places)]))


def _distributions(cells: Cells, unit: str) -> list[Figure]:
    """As many as there is room for; with the last one it is said how many are not drawn."""
    found = [figure for one in _wanted(cells) if (figure := _distribution(cells, *one, unit))]
    drawn, left = found[:_MOST], len(found) - _MOST
    if left > 0:
        more = f"{_ABOUT} {left} more are not drawn; the table of all cells has their percentiles."
        drawn[-1] = dataclasses.replace(drawn[-1], about=more)
    return drawn


def _median(cell: dict[str, Any] | None) -> int | None:
    return cell["percentiles"]["p50"] if cell and cell["percentiles"] else None


def _heat(cells: Cells, unit: str) -> list[Figure]:
    scenario, sizes = cells.main_scenario(), cells.sizes()
    medians = {place: [_median(cells.get(scenario, place, s)) for s in sizes]
               for place in cells.places()}
    known = {" ".join(place): row for place, row in medians.items() if any(row)}
    flat = [(v, name, s) for name, row in known.items() for v, s in zip(row, sizes) if v]
    if len(flat) < 2:
        return []
    texts = [[number(v) for v in row] for row in known.values()]
    columns, title = [size(s) for s in sizes], f"{scenario}: median by size and context, {unit}"
    ends = " to ".join(f"{number(v)} ({name}, {size(s)})" for v, name, s in (min(flat), max(flat)))
    rows = [[name, *row] for name, row in zip(known, texts)]
    return [Figure(title, _HEAT, f"From {ends}.", Heat(
        title, list(known), columns, [list(row) for row in known.values()], texts),
        Table(title, "%s" * (1 + len(sizes)), ["context and flags", *columns], rows))]


def figures(document: Document, unit: str) -> list[Figure]:
    """All figures of the first boot."""
    cells = Cells(document["boots"][0])
    return [*_heat(cells, unit), *_distributions(cells, unit)]


def all_cells(document: Document) -> list[Table]:
    """A row a cell, of each boot, for formats that have the room."""
    return [_table(f"All cells, init_on_alloc={boot['init_on_alloc']}", "cell", [
        (c["name"], c) for c in Cells(boot).cells]) for boot in document["boots"]]
