# SPDX-License-Identifier: GPL-2.0
"""Plots as SVG that is part of a page: its text is text, its colours are the page's, so
that both a dark page and a light one can be read, and no two parts have the same id."""

from __future__ import annotations

import html
import io
import re
from dataclasses import dataclass, field
from typing import Any, Callable, Mapping, Sequence

from . import plots
from .cells import number, size
from .plots import Panel, Points

# Stand-ins, which no plot uses otherwise, for colours that the page decides on.
_INK = "#010203"
COLOURS = tuple(f"#a0000{i}" for i in range(8))
_DASHES = ("-", "--", ":", "-.")
# Height of a plot, of a row of a heat map or a list, and of what is around them, inches.
_SIZE = (6.4, 3.6)
_ROW, _AROUND = 0.3, 1.0
_CELL_WIDTH = 0.52
# Of a letter of a label, and around it.
_LETTER, _GAP, _HANDLE = 0.075, 0.3, 0.5
# A logarithmic scale from one value to so many times it has other numbers beside it.
_NARROW, _WIDE = 3, 40
# A cell of the heat map that is darker (relative luminance, WCAG 2.1) is written on in white:
# there both white and black have a contrast of 4.58.
_DARK = 0.179
_STYLE = {
    "svg.fonttype": "none", "svg.hashsalt": "kmbench", "font.sans-serif": ["DejaVu Sans"],
    "font.size": 9.0, "path.simplify": True,
    **dict.fromkeys(("text.color", "axes.edgecolor", "axes.labelcolor", "xtick.color",
                     "ytick.color"), _INK)}


@dataclass(frozen=True)
class Distribution:
    """Which part of the samples takes longer than so many ticks, a line of steps each.

    lines: (ticks, part) by name. marks: percentiles of the same lines.
    """

    title: str
    xlabel: str
    lines: Mapping[str, Points]
    marks: Mapping[str, Points]


@dataclass(frozen=True)
class Heat:
    """Values by row and column, all of them written into their places; None: there is none."""

    title: str
    rows: list[str]
    columns: list[str]
    values: list[list[float | None]]
    texts: list[list[str]]


@dataclass(frozen=True)
class Dot:
    """An estimate and its interval (the same where it is exact). strong: beyond a limit."""

    label: str
    value: float
    low: float
    high: float
    strong: bool


@dataclass(frozen=True)
class Dots:
    """Estimates, one below the other, and where nothing changed."""

    title: str
    xlabel: str
    dots: list[Dot]
    nothing: float = 0.0
    words: tuple[str, str] = field(default=("beyond its limit", "within its limit, or without one"))


def _panel(figure: Any, panel: Panel) -> None:
    axis, styles = figure.subplots(), plots.styles_of([panel], COLOURS)
    for i, style in enumerate(styles.values()):
        style["linestyle"] = _DASHES[i % len(_DASHES)]
    _legend(axis, plots.draw_on(axis, panel, styles))
    from matplotlib.ticker import FuncFormatter  # pylint: disable=import-outside-toplevel
    if panel.xlabel == plots.FOOTPRINT:
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _at: size(int(value))))
    values = [y for points in panel.lines.values() for _x, y in points]
    if panel.scales[1] == "log" and min(values) > 0:
        _ticks(axis.yaxis, values)
    elif panel.scales[1] == "symlog":
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:g}"))


def _legend(axis: Any, drawn: Mapping[str, Any]) -> None:
    axis.legend(list(drawn.values()), list(drawn), loc="center left", bbox_to_anchor=(1.01, 0.5),
                frameon=False)


def _ticks(axis: Any, values: list[float]) -> None:
    """Numbers beside an axis with a logarithmic scale, also where it spans less than a power
    of ten. matplotlib's own are formulas, which take long to draw."""
    from matplotlib.ticker import (  # pylint: disable=import-outside-toplevel
        FuncFormatter, LogLocator, MaxNLocator)
    span = max(values) / min(values)
    axis.set_major_locator(MaxNLocator(4) if span < _NARROW else LogLocator(
        subs=(1.0, 2.0, 5.0) if span < _WIDE else (1.0,)))
    axis.set_major_formatter(FuncFormatter(lambda value, _at: f"{value:g}" if value < 1 else
                                           number(round(value)) if value == round(value) else
                                           f"{value:.6g}"))


def _distribution(figure: Any, plot: Distribution) -> None:
    axis, drawn = figure.subplots(), {}
    styles = plots.styles_of([Panel("", "", "", plot.lines)], COLOURS)
    for i, (name, points) in enumerate(plot.lines.items()):
        axis.step(*zip(*points), where="post", color=styles[name]["color"], linewidth=1.2,
                  linestyle=_DASHES[i % len(_DASHES)])
        drawn[name], = axis.plot(*zip(*plot.marks[name]), linestyle="none", markersize=5,
                                 **styles[name])
    axis.set(title=plot.title, xlabel=plot.xlabel, xscale="log", yscale="log",
             ylabel="part that takes longer")
    _ticks(axis.xaxis, [x for points in plot.lines.values() for x, _part in points])
    axis.set_yticks([1, 0.5, 0.1, 0.01, 0.001, 0.0001],
                    ["all", "p50", "p90", "p99", "p99.9", "p99.99"])
    axis.grid(axis="y", alpha=0.3, color=_INK)
    _legend(axis, drawn)


def luminance(colour: Sequence[float]) -> float:
    """The relative luminance of WCAG 2.1, 0 to 1, of red, green and blue, 0 to 1 each."""
    red, green, blue = (c / 12.92 if c <= 0.04045 else float(((c + 0.055) / 1.055) ** 2.4) for c in colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def is_dark(colour: Sequence[float]) -> bool:
    """Whether white is what can be read on it, and black is not."""
    return luminance(colour) < _DARK


def _heat(figure: Any, plot: Heat) -> None:
    import numpy  # pylint: disable=import-outside-toplevel
    from matplotlib import colormaps, colors  # pylint: disable=import-outside-toplevel
    axis, known = figure.subplots(), [v for row in plot.values for v in row if v]
    norm = colors.LogNorm(min(known, default=1), max(known, default=1) * 1.000001)
    values = numpy.array([[v or numpy.nan for v in row] for row in plot.values], float)
    axis.pcolormesh(values, cmap="cividis", norm=norm)
    for y, row in enumerate(plot.texts):
        for x, said in enumerate(row):
            value = plot.values[y][x]
            dark = value and is_dark(colormaps["cividis"](norm(value))[:3])
            axis.text(x + 0.5, y + 0.5, said, ha="center", va="center", fontsize=7,
                      color=_INK if not value else "#ffffff" if dark else "#000001")
    axis.set(title=plot.title, ylim=(len(plot.rows), 0), xlabel="size, bytes")
    axis.set_xticks([i + 0.5 for i in range(len(plot.columns))], plot.columns, rotation=60)
    axis.set_yticks([i + 0.5 for i in range(len(plot.rows))], plot.rows)


def _dots(figure: Any, plot: Dots) -> None:
    axis, drawn = figure.subplots(), {}
    for strong, marker, fill, word in ((True, "D", "full", plot.words[0]),
                                       (False, "o", "none", plot.words[1])):
        some = [(y, dot) for y, dot in enumerate(plot.dots) if dot.strong == strong]
        if some:
            bars = [[d.value - d.low for _y, d in some], [d.high - d.value for _y, d in some]]
            drawn[word] = axis.errorbar(
                [d.value for _y, d in some], [y for y, _d in some], xerr=bars, linestyle="none",
                marker=marker, fillstyle=fill, capsize=3, color=COLOURS[0 if strong else 1])
    axis.axvline(plot.nothing, color=_INK, linewidth=0.8)
    axis.set(title=plot.title, xlabel=plot.xlabel, ylim=(len(plot.dots) - 0.5, -0.5))
    axis.set_yticks(range(len(plot.dots)), [d.label for d in plot.dots])
    axis.legend(list(drawn.values()), list(drawn), loc="upper left", frameon=False,
                bbox_to_anchor=(0, -0.55 / (_ROW * len(plot.dots))))


def _size(plot: Any) -> tuple[float, float]:
    """Inches."""
    left = max(map(len, _names(plot)[0]), default=0) * _LETTER + 2 * _GAP
    if isinstance(plot, Heat):
        return (left + _CELL_WIDTH * len(plot.columns), _AROUND + _ROW * len(plot.rows))
    if isinstance(plot, Dots):
        return (left + _SIZE[1], _AROUND + 0.6 + _ROW * len(plot.dots))
    return _SIZE


def _names(plot: Any) -> tuple[list[str], list[str]]:
    """What stands on the left of a plot, and on the right."""
    if isinstance(plot, Heat):
        return plot.rows, []
    if isinstance(plot, Dots):
        return [dot.label for dot in plot.dots], []
    return ["1,000,000"], [*plot.lines, *getattr(plot, "marks", ())]


def _margins(plot: Any) -> dict[str, float]:
    """Where the plot is in its figure, in parts of it. To have matplotlib find that out takes
    as long as to draw it."""
    (width, height), sides = _size(plot), _names(plot)
    left, right = (max(map(len, names), default=0) * _LETTER + _GAP for names in sides)
    right += _HANDLE if sides[1] else 0
    below = _BELOW.get(type(plot), 1.0 if getattr(plot, "ticks", None) else 0.5)
    return {"left": left / width, "right": 1 - right / width, "top": 1 - 0.35 / height,
            "bottom": below / height}


# What is below a plot, inches: names of columns, or a legend.
_BELOW: dict[type, float] = {Heat: 0.65, Dots: 1.0}
_DRAW: dict[type, Callable[[Any, Any], None]] = {
    Panel: _panel, Distribution: _distribution, Heat: _heat, Dots: _dots}


def draw(plot: Any) -> str:
    """A plot of one of the types of _DRAW, as a whole file of SVG."""
    # Takes a second to load, and most commands do not plot.
    from matplotlib import rc_context  # pylint: disable=import-outside-toplevel
    from matplotlib.backends.backend_svg import (  # pylint: disable=import-outside-toplevel
        FigureCanvasSVG)
    from matplotlib.figure import Figure  # pylint: disable=import-outside-toplevel
    out = io.StringIO()
    with rc_context(_STYLE):
        figure = Figure(figsize=_size(plot))
        FigureCanvasSVG(figure)
        figure.subplots_adjust(**_margins(plot))
        _DRAW[type(plot)](figure, plot)
        for axis in figure.axes:
            axis.patch.set_visible(False)
            # Each of them is drawn, and there are hundreds.
            axis.minorticks_off()
        figure.savefig(out, format="svg", transparent=True,
                       metadata=dict.fromkeys(("Date", "Creator", "Format", "Type")))
    return out.getvalue()


def _own_ids(svg: str, prefix: str) -> str:
    return re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{prefix}-", svg)


def inline(svg: str, prefix: str, title: str, text: str) -> str:
    """A file of SVG as an element of a page.

    prefix: of all ids. title, text: its name, and what stands for it where it is not seen.
    """
    head = (f'<title id="{prefix}-t">{html.escape(title)}</title>'
            f'<desc id="{prefix}-d">{html.escape(text)}</desc>')
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg"):], flags=re.S)
    svg = _own_ids(svg, prefix)
    svg = re.sub(r"font: ([\d.]+px)[^;\"]*", r"font-size: \1", svg).replace(_INK, "currentColor")
    for i, colour in enumerate(COLOURS):
        svg = svg.replace(colour, f"var(--c{i})")
    role = f' role="img" aria-labelledby="{prefix}-t" aria-describedby="{prefix}-d"'
    width = re.search(r'width="([\d.]+)pt"', svg)
    svg = re.sub(r'<svg [^>]*?(viewBox="[^"]*")[^>]*>', rf"<svg \1{role}>{head}", svg, count=1)
    return svg.replace("<svg ", f'<svg style="max-width:{width[1]}pt" ' if width else "<svg ", 1)
