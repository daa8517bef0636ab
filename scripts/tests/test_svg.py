# SPDX-License-Identifier: GPL-2.0
"""What plots of a page draw, read from their SVG: lines that can be told apart without colour,
percentiles, intervals, numbers that can be read."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest
from kmblib import svg
from kmblib.svg import Distribution, Dot, Dots, Heat

_SVG = "{http://www.w3.org/2000/svg}"
_HREF = "{http://www.w3.org/1999/xlink}href"
_NAMES = [f"line {i}" for i in range(8)]
_LINES = {name: [(1.0 + i, 1.0), (100.0 + i, 0.5), (10000.0 + i, 0.001)] for i, name in enumerate(_NAMES)}
_MARKS = {name: points[1:] for name, points in _LINES.items()}
_DISTRIBUTION = Distribution("t", "ticks", _LINES, _MARKS)
_DOTS = Dots("t", "per cent", [Dot("a", 3.0, 1.0, 5.0, True), Dot("b", 1.0, -1.0, 2.5, False)])
_HEAT = Heat("t", ["row"], ["8", "64", "512"], [[1.0, None, 1000.0]], [["dark", "none", "light"]])


def _tree(plot: Any) -> ElementTree.Element:
    return ElementTree.fromstring(svg.draw(plot))


def _lines(tree: ElementTree.Element) -> list[ElementTree.Element]:
    """Groups of the plot's own lines, without those of the axes and the legend."""
    axes, = (g for g in tree.iter(f"{_SVG}g") if g.get("id") == "axes_1")
    return [g for g in axes if (g.get("id") or "").startswith("line2d_")]


def _style(element: ElementTree.Element, name: str) -> str:
    found = re.search(rf"(?:^|[ ;]){name}: ([^;]+)", element.get("style") or "")
    return found[1] if found else ""


def _dashes(tree: ElementTree.Element) -> list[str]:
    return [_style(path, "stroke-dasharray") for g in _lines(tree) for path in g.findall(f"{_SVG}path")]


def _markers(tree: ElementTree.Element) -> list[tuple[str, int]]:
    """The shape of the markers of each line, and how many there are."""
    found, shapes = [], {p.get("id"): p.get("d", "") for p in tree.iter(f"{_SVG}path")}
    for g in _lines(tree):
        uses = list(g.iter(f"{_SVG}use"))
        if uses:
            found.append((shapes[(uses[0].get(_HREF) or "")[1:]], len(uses)))
    return found


def _at(tree: ElementTree.Element, text: str) -> float:
    """Where a label of the x axis stands."""
    label = next(t for t in tree.iter(f"{_SVG}text") if t.text == text)
    return float(label.get("x") or "nan")


def test_lines_can_be_told_apart_without_colour() -> None:
    """No two of eight have both dash and marker in common."""
    tree = _tree(_DISTRIBUTION)
    looks = list(zip(_dashes(tree), (shape for shape, _n in _markers(tree)), strict=True))
    assert len(looks) == len(set(looks)) == len(_NAMES)
    assert len({dash for dash, _marker in looks}) > 1 and len({marker for _dash, marker in looks}) > 4


@pytest.mark.parametrize("constant, value", [("plots._MARKERS", "o"), ("svg._DASHES", ("-",))])
def test_control_of_what_is_told_apart(monkeypatch: pytest.MonkeyPatch, constant: str, value: Any) -> None:
    """One dash, or one marker, is seen to be one."""
    monkeypatch.setattr(f"kmblib.{constant}", value)
    tree = _tree(_DISTRIBUTION)
    assert 1 in (len(set(_dashes(tree))), len({shape for shape, _n in _markers(tree)}))


def test_all_percentiles_are_marked() -> None:
    """As many on each line as it has."""
    assert [n for _shape, n in _markers(_tree(_DISTRIBUTION))] == [2] * len(_NAMES)


def test_ticks_of_a_distribution_are_logarithmic() -> None:
    """From 10 to 100 is as far as from 100 to 1000."""
    tree = _tree(_DISTRIBUTION)
    ten, hundred, thousand = (_at(tree, text) for text in ("10", "100", "1000"))
    assert hundred - ten == pytest.approx(thousand - hundred, rel=0.05) and hundred > ten + 20


def _bars(plot: Dots) -> int:
    """Intervals that have a length."""
    axes, = (g for g in _tree(plot).iter(f"{_SVG}g") if g.get("id") == "axes_1")
    paths = [p for g in axes if (g.get("id") or "").startswith("LineCollection") for p in g.iter(f"{_SVG}path")]
    ends = [list(map(float, re.findall(r"-?[\d.]+", p.get("d") or ""))) for p in paths]
    return sum(len(e) == 4 and abs(e[2] - e[0]) > 1 for e in ends)


def test_intervals_are_drawn_and_kinds_told_by_shape() -> None:
    """The control has none; and one beyond its limit has another marker, and is named so."""
    exact = [replace(d, low=d.value, high=d.value) for d in _DOTS.dots]
    assert (_bars(_DOTS), _bars(replace(_DOTS, dots=exact))) == (2, 0)
    texts = [t.text for t in _tree(replace(_DOTS, words=("worse", "other"))).iter(f"{_SVG}text")]
    assert "worse" in texts and "other" in texts
    shapes = {shape for shape, n in _markers(_tree(_DOTS)) if len(shape) > 40 and n == 1}
    assert len(shapes) == 2


def test_numbers_of_a_heat_map_are_on_what_they_can_be_read_on() -> None:
    """White on the dark end of the map, black on the light one, the page's ink on nothing."""
    fills = {t.text: _style(t, "fill") for t in _tree(_HEAT).iter(f"{_SVG}text")}
    assert fills["dark"] == "#ffffff" and fills["light"] == "#000001"
    assert fills["none"] == "#010203"
