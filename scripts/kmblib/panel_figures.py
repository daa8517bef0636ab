# SPDX-License-Identifier: GPL-2.0
"""Plots of lines as figures of a report: with all of their numbers behind them."""

from __future__ import annotations

from .cells import size
from .page import Figure, Table
from .plots import FOOTPRINT, Panel


def figure(value: float) -> str:
    """A number, to six digits."""
    return f"{value:.6g}"


def _x(panel: Panel, value: float) -> str:
    if panel.ticks:
        return panel.ticks[value]
    return size(int(value)) if panel.xlabel == FOOTPRINT else figure(value)


def _cell(panel: Panel, name: str, x: float) -> str:
    for i, (at, value) in enumerate(panel.lines[name]):
        if at == x:
            marks = [what for what, points in panel.marks.items() if (at, value) in points]
            bounds = panel.intervals.get(name)
            return " ".join([figure(value), *(
                [f"({figure(bounds[i][0])} to {figure(bounds[i][1])})"] if bounds else []), *marks])
    return "-"


def table_of(panel: Panel) -> Table:
    """All points of a plot: a row an x, a column a line."""
    names = list(panel.lines)
    xs = sorted({x for points in panel.lines.values() for x, _y in points})
    spans = [[f"step of {name}", f"{_x(panel, low)} to {_x(panel, high)}", *[""] * (len(names) - 1)]
             for name, low, high in panel.spans]
    return Table(f"{panel.title}: {panel.ylabel}", "%s" * (1 + len(names)), [panel.xlabel, *names],
                 [[_x(panel, x), *(_cell(panel, name, x) for name in names)] for x in xs] + spans)


def _text(panel: Panel) -> str:
    """What a line does, for each."""
    said = []
    for name, points in panel.lines.items():
        (x0, y0), (x1, y1) = min(points), max(points)
        said.append(f"{name}: {figure(y0)} at {_x(panel, x0)}" +
                    (f", {figure(y1)} at {_x(panel, x1)}" if len(points) > 1 else ""))
    return "; ".join(said) + "."


def figure_of(panel: Panel, about: str = "") -> Figure:
    """A plot as a figure."""
    return Figure(f"{panel.title}: {panel.ylabel}", about or
                  f"Against {panel.xlabel}; each line has a marker of its own.",
                  _text(panel), panel, table_of(panel))


def figures_of(rows: list[list[Panel]]) -> list[Figure]:
    """All plots that have a line."""
    some = ((panel, {name: p for name, p in panel.lines.items() if p})
            for row in rows for panel in row)
    return [figure_of(panel) for panel, lines in some if lines]
