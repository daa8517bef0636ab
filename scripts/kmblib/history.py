# SPDX-License-Identifier: GPL-2.0
"""What runs have measured over time: a list, the newest two side by side, and curves in
which changes are marked. Nothing depends on it: a run that cannot be read is listed as that.

A change is told by what the clock allows. On the virtual clock an operation takes a whole
number of instructions, the same in each run, so that each other value is a change. On the
real clock a curve is taken as level between steps, see steps.py; and of two runs a cell has
changed where all medians of the repetitions of one are above all those of the other.
"""

from __future__ import annotations

import hashlib
import json
import statistics
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Collection

from . import results, steps, walks
from .cells import Cells
from .errors import Broken, KmbError
from .kinds import KINDS, OUTCOMES
from .page import Document
from .responses import quantile

# What has to be the same for runs to be compared. The kernel, and with it the configuration,
# is what may have changed.
_NOT_PLACE = ("config_sha256", "why_not_kvm", "forced")
# As many runs before it are part of a report; all are part of make history.
MOST = 20

Cell = dict[str, Any]


@dataclass(frozen=True)
class Listed:
    """A document of a run. broken: why it cannot be read; "" if it can be."""

    run: str
    kind: str
    time: str
    kernel: str
    verdict: str
    headline: str
    broken: str = ""


@dataclass(frozen=True)
class Bench:
    """The first boot of a bench.json. series: what has to be the same for it to be compared
    with others; the cells, too, since what was done before one decides what it finds. figures: of
    each cell by its name, see figure()."""

    run: str
    time: str
    series: tuple[str, ...]
    virtual: bool
    unit: str
    cells: Cells
    figures: dict[str, float | None]


@dataclass(frozen=True)
class Moved:
    """A cell of two runs: its figure in both, and whether it changed."""

    cell: str
    base: float
    new: float
    changed: bool

    def per_cent(self) -> float:
        """By how much of the base."""
        return 100 * (self.new - self.base) / self.base if self.base else float("inf")


def runs(top: Path) -> list[Path]:
    """The directories of runs, the oldest first."""
    return sorted(path for path in top.glob("*") if path.is_dir() and results.RUN_NAME.fullmatch(path.name))


def _listed(path: Path) -> Listed:
    run, kind = path.parent.name, path.stem
    try:
        document = results.load(path)
        told = KINDS.get(kind)
        return Listed(run, kind, document.get("time", ""), _kernel(document),
                      OUTCOMES.get(document["verdict"], document["verdict"]),
                      told.headline(document) if told else "")
    except (KmbError, KeyError, ValueError, IndexError, TypeError) as error:
        return Listed(run, kind, "", "", "broken", "", str(error) or type(error).__name__)


def _kernel(document: Document) -> str:
    sides = [document[side] for side in ("kernel", "new") if document.get(side)]
    return str(sides[0]["version"]) if sides else ""


def listed(top: Path) -> list[Listed]:
    """A row a document of each run, the oldest first; a run without any is broken."""
    rows = []
    for run in runs(top):
        found = sorted(run.glob("*.json"))
        rows += [_listed(path) for path in found] or [
            Listed(run.name, "", "", "", "broken", "", "it has no results, or none yet")]
    return rows


def _bench(path: Path) -> Bench | None:
    """None: it cannot be read, or nothing was measured. All that is used of a document is looked
    at here; to check all else takes longer than all the rest of a report, and listed() does."""
    try:
        document = json.loads(path.read_bytes())
        if (document["format"], document["format_version"]) != ("kmbench-bench", results.FORMAT_VERSION):
            return None
        return _of(path.parent.name, document)
    except (ValueError, LookupError, TypeError, AttributeError, OSError):
        return None


def bench(run: Path) -> Bench:
    """What a run measured of cost; Broken, with the runs that there are, where it did not or cannot
    be read."""
    path = run / "bench.json"
    found = _of(run.name, results.load(path)) if path.exists() else None
    if not found:
        there = [path.parent.name for path in sorted(run.parent.glob("*/bench.json")) if _bench(path)][-5:]
        raise Broken(f"{run.name}: no run with costs; the newest such: {' '.join(there) or 'none'}")
    return found


def _of(run: str, document: Document) -> Bench | None:
    if not document["boots"]:
        return None
    f, boot = document["fingerprint"], document["boots"][0]
    clock = boot["measurement"]["clock"]["name"]
    place = (f"{k}={v}" for k, v in sorted(f.items()) if k not in _NOT_PLACE)
    virtual, cells = f["clock"] == "virtual", Cells(boot)
    names = hashlib.sha256(" ".join(c["name"] for c in cells.cells).encode()).hexdigest()
    return Bench(run, document["time"],
                 (document["kernel"]["label"], boot["cmdline"], names, *place), virtual,
                 "instructions" if virtual else f"ticks of {clock}", cells,
                 {c["name"]: figure(c, virtual) for c in cells.cells})


def benches(top: Path, last: str = "", most: int = 0, without: Collection[str] = ()) -> list[Bench]:
    """What was measured of cost, the oldest first; up to the run `last`, at most so many. without:
    runs that are left out."""
    paths = [path for run in runs(top) if (not last or run.name <= last) and run.name not in without
             if (path := run / "bench.json").exists()]
    return [bench for path in paths[-most:] if (bench := _bench(path))]


def series_of(all_: list[Bench]) -> list[list[Bench]]:
    """Runs that may be compared with each other, of which there are two at least."""
    by: dict[tuple[str, ...], list[Bench]] = {}
    for bench in all_:
        by.setdefault(bench.series, []).append(bench)
    return [of for of in by.values() if len(of) > 1]


def figure(cell: Cell, virtual: bool) -> float | None:
    """What an operation takes: on the virtual clock exactly, instructions of all of a
    repetition (the median of these) by their number; else the median. None: no sample."""
    if not virtual:
        return cell["percentiles"]["p50"] if cell["percentiles"] else None
    seen = [r for r in cell["repetitions"] if r["count"]]
    return statistics.median_low(r["sum"] / r["count"] for r in seen) if seen else None


def _medians(cell: Cell) -> list[int]:
    found = (quantile(r["histogram"]) for r in cell["repetitions"])
    return [value for value in found if value is not None]


def _apart(one: Cell, other: Cell) -> bool:
    a, b = _medians(one), _medians(other)
    return bool(a and b) and (max(a) < min(b) or max(b) < min(a))


def compare(base: Bench, new: Bench) -> list[Moved]:
    """Cells that both have, the largest change first."""
    others, moved = {c["name"]: c for c in new.cells.cells}, []
    for cell in (c for c in base.cells.cells if c["name"] in others):
        other = others[cell["name"]]
        one, two = base.figures[cell["name"]], new.figures[cell["name"]]
        if one is not None and two is not None:
            changed = one != two if base.virtual else _apart(cell, other)
            moved.append(Moved(cell["name"], one, two, changed))
    return sorted(moved, key=lambda m: (not m.changed, -abs(m.per_cent()), m.cell))


def changes(values: list[float], virtual: bool) -> list[int]:
    """Which values of a curve are the first ones of another level."""
    if virtual:
        return [i for i in range(1, len(values)) if values[i] != values[i - 1]]
    return steps.changes(values)


def shown(of: list[Bench]) -> list[str]:
    """Cells that stand for all others: of the newest run, in its main context, those of the
    scenario with the most sizes, at a few of them."""
    cells = of[-1].cells
    place = cells.main_place()
    names = cells.scenarios(place)
    counts = {name: sum(bool(cells.get(name, place, s)) for s in cells.sizes()) for name in names}
    found = [cell for s in cells.sizes() if (cell := cells.get(
        max(reversed(names), key=lambda name: counts[name]), place, s))]
    return [cell["name"] for cell in walks.abreast(found)]


def curve(of: list[Bench], name: str) -> list[tuple[int, float]]:
    """Which of the runs had what of a cell."""
    points = []
    for i, bench in enumerate(of):
        value = bench.figures.get(name)
        points += [(i, value)] if value is not None else []
    return points
