# SPDX-License-Identifier: GPL-2.0
"""Plots show what they are given: lines, intervals, spans."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import pytest
from kmblib import plots
from kmblib.plots import Panel, by_footprint, draw

_PANEL = Panel("title", "x", "y", {"one": [(0, 1), (1, 3)], "other": [(0, 2)]})


def _drawn(path: Path, *panels: Panel) -> str:
    draw(path / "plot.svg", [list(panels)])
    return (path / "plot.svg").read_text()


def _colours(text: str) -> list[str]:
    """Of lines and markers, in the order in which they are first used."""
    return list(dict.fromkeys(re.findall(r"(?:fill|stroke): (#[0-9a-f]{6})", text)))


def test_intervals_are_drawn(tmp_path: Path) -> None:
    """Other ones otherwise; of each point of a line there has to be one."""
    some = replace(_PANEL, intervals={"one": [(0, 2), (2, 4)]})
    more = replace(_PANEL, intervals={"one": [(0, 2), (2, 5)]})
    assert len({_drawn(tmp_path, panel) for panel in (_PANEL, some, more)}) == 3
    with pytest.raises(ValueError):
        _drawn(tmp_path, replace(_PANEL, intervals={"one": [(0, 2)]}))


def test_spans_are_drawn(tmp_path: Path) -> None:
    """In the colour of their line."""
    plain = by_footprint("title", "y", {"one": [(1, 1), (2, 3)]}, "linear")
    text = _drawn(tmp_path, replace(plain, spans=(("one", 1, 2),)))
    assert text != _drawn(tmp_path, plain)
    assert text.count("opacity: 0.15") == 1


def test_a_line_looks_the_same_in_each_plot_of_a_row(tmp_path: Path) -> None:
    """Also where the one before it is not there; the legend has it once."""
    both = _drawn(tmp_path, _PANEL)
    text = _drawn(tmp_path, _PANEL, replace(_PANEL, lines={"other": [(0, 2), (1, 2)]}))
    assert _colours(text) == _colours(both)
    assert text.count("<!-- other -->") == text.count("<!-- one -->") == 1


def test_nothing_is_a_plot_without_lines(tmp_path: Path) -> None:
    """No legend, no failure."""
    text = _drawn(tmp_path, replace(_PANEL, lines={}))
    assert "<!-- title -->" in text and "<!-- one -->" not in text


@pytest.mark.parametrize("guarded", [True, False])
def test_two_threads_draw_one_after_the_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, guarded: bool) -> None:
    """As where two kernels are measured side by side. The control has no lock: matplotlib has one
    parser of labels, and it fails."""
    if not guarded:
        monkeypatch.setattr(plots, "_LOCK", nullcontext())

    def one(nr: int) -> str:
        lines = {f"{line}": [(1.0 + x, 10.0 ** (x % 7) + nr) for x in range(9)] for line in range(3)}
        panel = Panel(f"{nr}", f"$10^{{{nr}}}$", "y", lines, ("log", "log"))
        try:
            draw(tmp_path / f"{nr}.svg", [[panel, panel]])
        except Exception as error:  # pylint: disable=broad-exception-caught
            return type(error).__name__
        return ""
    with ThreadPoolExecutor(4) as pool:
        assert any(pool.map(one, range(12))) != guarded


def test_each_kind_of_memory_has_a_look_of_its_own() -> None:
    """In one plot there is a line of each: of the kernel's memory and of a process's."""
    kinds = [f"kind {i}" for i in range(14)]
    looks = plots.styles_of([Panel("", "", "", {kind: [(0, 1)] for kind in kinds})], plots._COLOURS)
    assert len({tuple(look.items()) for look in looks.values()}) == len(kinds)
