# SPDX-License-Identifier: GPL-2.0
"""Plots of results, as SVG: the same figures give the same file."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Mapping, Sequence

# More than there are colours, and than kinds of memory.
_MARKERS = "osv^D<>P*Xdph8"
# As many places of an axis are named.
_TICKS = 8
# Two kernels are measured side by side, and two threads cannot draw at once: the parser of labels
# is one for all, and what it was at is lost.
_LOCK = threading.Lock()
_COLOURS = tuple(f"C{i}" for i in range(10))

FOOTPRINT = "footprint, bytes"

Points = list[tuple[float, float]]


@dataclass(frozen=True)
class Panel:
    """One of the plots of a file.

    title, xlabel, ylabel: texts. lines: points by the name of what they are of.
    scales: of x and y, as matplotlib names them; log is to the base of 2 for x.
    intervals: by name of a line, low and high for each of its points. spans: from x to
    x, to be marked in the colour of a line. marks: points that are to be seen, by what they
    are. ticks: names of places on the x axis, instead of numbers; of many only some are shown.
    """

    title: str
    xlabel: str
    ylabel: str
    lines: Mapping[str, Points]
    scales: tuple[str, str] = ("linear", "linear")
    intervals: Mapping[str, Points] = field(default_factory=dict)
    spans: tuple[tuple[str, float, float], ...] = ()
    marks: Mapping[str, Points] = field(default_factory=dict)
    ticks: Mapping[float, str] = field(default_factory=dict)


def by_footprint(title: str, ylabel: str, lines: Mapping[str, Points], yscale: str,
                 spans: tuple[tuple[str, float, float], ...] = ()) -> Panel:
    """A plot against the footprint, bytes."""
    return Panel(title, FOOTPRINT, ylabel, lines, ("log", yscale), spans=spans)


def _bars(panel: Panel, name: str) -> list[list[float]] | None:
    """How far the interval of each point goes down, and up."""
    if name not in panel.intervals:
        return None
    pairs = list(zip(panel.lines[name], panel.intervals[name], strict=True))
    return [[max(0.0, y - low) for (_x, y), (low, _high) in pairs],
            [max(0.0, high - y) for (_x, y), (_low, high) in pairs]]


def styles_of(panels: list[Panel], colours: Sequence[str]) -> dict[str, dict[str, str]]:
    """How each line looks: the same in all plots of a row, and told by its marker as well."""
    names = dict.fromkeys(name for panel in panels for name in panel.lines)
    return {name: {"color": colours[i % len(colours)], "marker": _MARKERS[i % len(_MARKERS)]}
            for i, name in enumerate(names)}


def _mark(axis: Any, panel: Panel) -> dict[str, Any]:
    """Draw what is to be seen, and name places of the x axis."""
    if panel.ticks:
        # The newest one always, and every so many before it.
        some = list(panel.ticks)[::-1][::-(-len(panel.ticks) // _TICKS)]
        axis.set_xticks(some, [panel.ticks[at] for at in some], rotation=30, ha="right")
    return {name: axis.plot(*zip(*points), linestyle="none", marker="s", markersize=11,
                            fillstyle="none", color=axis.xaxis.label.get_color(), label=name)[0]
            for name, points in panel.marks.items() if points}


def _line(axis: Any, points: Points, bars: list[list[float]] | None, look: dict[str, str]) -> Any:
    if bars is None:
        return axis.plot(*zip(*points), markersize=4, **look)[0]
    return axis.errorbar(*zip(*points), yerr=bars, capsize=2, markersize=4, **look)


def draw_on(axis: Any, panel: Panel, styles: dict[str, dict[str, str]]) -> dict[str, Any]:
    """Draw a plot; its lines by name."""
    drawn = {name: _line(axis, points, _bars(panel, name), {"label": name, **styles[name]})
             for name, points in panel.lines.items() if points}
    for name, low, high in panel.spans:
        axis.axvspan(low, high, alpha=0.15, color=styles[name]["color"])
    axis.set(title=panel.title, xlabel=panel.xlabel, ylabel=panel.ylabel, yscale=panel.scales[1])
    if panel.scales[0] == "log":
        axis.set_xscale("log", base=2)
    return {**drawn, **_mark(axis, panel)}


def _draw_row(axes: Any, panels: list[Panel]) -> None:
    """Draw plots side by side, with one legend."""
    styles, drawn = styles_of(panels, _COLOURS), dict[str, Any]()
    for axis, panel in zip(axes, panels):
        drawn = {**draw_on(axis, panel, styles), **drawn}
    for axis in axes[len(panels):]:
        axis.remove()
    if drawn:
        axes[len(panels) - 1].legend(list(drawn.values()), list(drawn),
                                     loc="center left", bbox_to_anchor=(1.02, 0.5))


def draw(path: Path, panels: list[list[Panel]]) -> None:
    """Write rows of plots; each row has its legend beside it."""
    # Takes a second to load, and most commands do not plot.
    import matplotlib  # pylint: disable=import-outside-toplevel
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "kmbench"
    from matplotlib.figure import Figure  # pylint: disable=import-outside-toplevel
    columns = max(map(len, panels))
    with _LOCK:
        figure = Figure(figsize=(5 * columns, 4 * len(panels)), layout="constrained")
        for row, across in zip(figure.subplots(len(panels), columns, squeeze=False), panels):
            _draw_row(row, across)
        figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
