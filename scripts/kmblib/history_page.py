# SPDX-License-Identifier: GPL-2.0
"""The history of runs as a page, and as a section of a run's report."""

from __future__ import annotations

import tempfile
from pathlib import Path

from . import history, plots, results
from .history import Bench, Listed, Moved
from .page import Block, Lines, Page, Section, Table, text
from .errors import Broken
from .panel_figures import figure_of
from .plots import Panel

# Cells of the newest two runs that are shown.
_MOST = 10
_CHANGE = "change"
_ABOUT = ("Runs one after the other, the newest on the right; a square is a change. On the virtual "
          "clock each other value is one; on the real clock only where the level of the curve "
          "changes for three runs or more.")


def _panel(of: list[Bench]) -> Panel:
    lines, marks = {}, []
    for name in history.shown(of):
        points = history.curve(of, name)
        at = history.changes([value for _i, value in points], of[-1].virtual)
        lines[name] = [(float(i), value) for i, value in points]
        marks += [lines[name][i] for i in at]
    ticks = {float(i): bench.run[:15] for i, bench in enumerate(of)}
    return Panel(f"{of[-1].series[0]}, over runs", "run", f"{of[-1].unit} of an operation", lines,
                 ("linear", "log"), marks={_CHANGE: marks}, ticks=ticks)


def _moved(rows: list[Moved]) -> Table:
    return Table("What changed, of one operation, the largest first", "%-42s%10s%10s%10s",
                 ["cell", "before", "now", "per cent"],
                 [[m.cell, f"{m.base:.2f}", f"{m.new:.2f}", f"{m.per_cent():+.2f}"] for m in rows])


def _pair(base: Bench, new: Bench) -> list[Block]:
    moved = [m for m in history.compare(base, new) if m.changed]
    blocks: list[Block] = [text(f"{new.run} against {base.run}, {new.unit}: {_count(base, new)}" + (
        "" if new.virtual else " One changed where the medians of all its repetitions are on one side of "
        "the others."))]
    return [*blocks, *([_moved(moved[:_MOST])] if moved else [])]


def _count(base: Bench, new: Bench) -> str:
    all_ = history.compare(base, new)
    return f"{sum(m.changed for m in all_)} of {len(all_)} cells that both have changed."


def sections(run: Path) -> list[Section]:
    """What a report has of the runs before it: the curves of its own series."""
    of = history.benches(run.parent, run.name, history.MOST)
    own = [series for series in history.series_of(of) if series[-1].run == run.name]
    return [Section("History", [figure_of(_panel(series), _ABOUT)]) for series in own]


def _list(rows: list[Listed]) -> list[Block]:
    table = Table("Documents of each run, the oldest first", "%-21s%-8s%-10s%-13s%-20s",
                  ["run", "kind", "kernel", "verdict", "headline"],
                  [[r.run, r.kind, r.kernel, r.verdict, r.headline] for r in rows])
    broken = [f"broken: {r.run}{f'/{r.kind}.json' if r.kind else ''}: {r.broken}"
              for r in rows if r.broken]
    return [table, *([Lines(broken)] if broken else [])]


def _unread(rows: list[Listed]) -> set[str]:
    """Runs whose costs are listed as broken, and compared with nothing."""
    return {r.run for r in rows if r.kind == "bench" and r.broken}


def _compared(series: list[list[Bench]]) -> list[Section]:
    return [Section(f"The newest two of {_name(of, series)}",
                    [*_pair(of[-2], of[-1]), figure_of(_panel(of), _ABOUT)]) for of in series]


def _name(of: list[Bench], series: list[list[Bench]]) -> str:
    """What a series is called; of several of a kernel and clock, after its newest run, too."""
    label = f"{of[-1].series[0]}, {of[-1].unit}"
    alike = [one for one in series if (one[-1].series[0], one[-1].unit) == (of[-1].series[0], of[-1].unit)]
    return f"{label}, up to {of[-1].run}" if len(alike) > 1 else label


def page(top: Path) -> Page:
    """All runs of a directory."""
    rows = history.listed(top)
    series = history.series_of(history.benches(top, without=_unread(rows)))
    bad = sum(bool(r.broken) for r in rows)
    broken = f", {bad} documents or runs broken" if bad else ""
    said = f"{len({r.run for r in rows})} runs{broken}"
    alone: list[Block] = [] if series else [Lines([
        "unavailable: comparison and curves (no two runs of make bench are of one kernel, machine, "
        "clock and set of cells)"])]
    return Page("History of kmbench", f"{said}.", [], [
        Section("Runs", [*_list(rows), *alone]), *_compared(series)])


def pair(base: Path, new: Path) -> Page:
    """Two runs of make bench side by side, whatever they are of; Broken where that says nothing."""
    one, other = (history.bench(run) for run in (base, new))
    if one.unit != other.unit:
        raise Broken(f"BASE={base.name} is in {one.unit} and NEW={new.name} in {other.unit}; name two of "
                     "one clock")
    if not history.compare(one, other):
        raise Broken(f"BASE={base.name} and NEW={new.name} have no cell in common; name two of the same cells")
    apart = sorted(set(one.series) ^ set(other.series))
    lines = ["Not of one place and set of cells, so what changed may be due to that."] if apart else []
    return Page(f"{new.name} against {base.name}", f"Compared: {_count(one, other)}", lines,
                [Section("What changed", _pair(one, other))])


def curves_into(name: str) -> Path:
    """Check OUT= of curves, before anything is printed; Broken unless it can be a file of SVG."""
    path = Path(name)
    if path.suffix != ".svg":
        raise Broken(f"OUT={name}: curves are written as SVG; name a file *.svg, or say FORMAT=html for a page")
    if path.is_dir() or not path.parent.is_dir():
        raise Broken(f"OUT={name}: {'a directory' if path.is_dir() else 'no such directory'}; name a file in a "
                     "directory that exists")
    return path


def draw(top: Path, path: Path) -> bool:
    """Write the curves into a file of SVG, whole or not at all; False: there are none."""
    series = history.series_of(history.benches(top, without=_unread(history.listed(top))))
    if series:
        with tempfile.TemporaryDirectory(prefix="kmbench-") as scratch:
            plots.draw(Path(scratch) / path.name, [[_panel(of)] for of in series])
            results.put(path, (Path(scratch) / path.name).read_text())
    return bool(series)
