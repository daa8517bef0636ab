# SPDX-License-Identifier: GPL-2.0
"""Distributions of latency: what is drawn is what was counted."""

from __future__ import annotations

import copy
from typing import Any, Callable, Sequence

import pytest
from kmblib import cell_plots, promise_page, results, specimens, svg
from kmblib.page import Entries


@pytest.fixture(name="cells")
def _cells() -> list[dict[str, Any]]:
    """Those of the recorded run."""
    boots = results.load(specimens.DATA / "bench.json")["boots"]
    return [c for b in boots for c in b["measurement"]["measured"]["cells"]]


def test_line_falls_from_all_to_the_slowest(cells: list[dict[str, Any]]) -> None:
    """From the fastest sample to the slowest, ever further to the right."""
    for cell in cells:
        points = cell_plots.steps(cell)
        count = sum(r["count"] for r in cell["repetitions"])
        assert points[0] == (min(r["min"] for r in cell["repetitions"]), 1.0)
        assert points[-1][0] <= max(r["max"] for r in cell["repetitions"])
        assert points[-1][1] == 0.5 / count
        assert all(a[0] <= b[0] and a[1] > b[1] for a, b in zip(points, points[1:]))


def test_no_tick_at_all_has_a_place(cells: list[dict[str, Any]]) -> None:
    """A clock that is coarser than an operation, as cntvct of many arm64 boards is."""
    document = results.load(specimens.DATA / "bench.json")
    for cell in (c for b in document["boots"] for c in b["measurement"]["measured"]["cells"]):
        for repetition in cell["repetitions"]:
            repetition.update(min=0, histogram=[[0, 1], *repetition["histogram"]])
        cell["percentiles"]["p50"] = 0
        assert cell_plots.steps(cell)[0] == (0.5, 1.0) and cell_plots.marks(cell)[0] == (0.5, 0.5)
    found = cell_plots.figures(document, "ticks")
    assert found and all("<svg" in svg.draw(figure.plot) for figure in found)
    assert all(value > 0 for value, _part in cell_plots.steps(cells[0]))


def test_each_context_is_drawn_before_other_flags() -> None:
    """Where there is no room for all; how many are left out is said."""
    document = results.load(specimens.DATA / "bench.json")
    boot = document["boots"][0]["measurement"]["measured"]
    like = boot["cells"][0]
    contexts = ("task", "softirq", "hardirq", "irqwork", "rcu", "spinlock", "preemptoff", "irqsoff")
    boot["cells"] = [
        {**copy.deepcopy(like), "scenario": scenario, "context": context, "gfp": gfp, "size": size,
         "name": f"{scenario}/{context}/{gfp}/{size}"}
        for scenario in ("pair", "alloc", "free") for context in contexts for gfp in ("GFP_ATOMIC", "GFP_NOWAIT", "X")
        for size in (8, 64)]
    found = [f for f in cell_plots.figures(document, "ticks") if f.title.startswith("Distribution")]
    titles = " ".join(figure.title for figure in found)
    assert all(f"in {context} context" in titles for context in contexts)
    assert "Distribution: alloc" in titles and "Distribution: free" in titles
    assert found[-1].about.endswith("14 more are not drawn; the table of all cells has their percentiles.")


def test_numbers_of_the_heat_map_can_be_read() -> None:
    """4.5 to 1, as WCAG 2.1 AA wants it, on each colour of the map; the control is a rule that
    goes by the mean of red, green and blue."""
    from matplotlib import colormaps  # pylint: disable=import-outside-toplevel
    def contrast(value: float, white: bool) -> float:
        light = svg.luminance(colormaps["cividis"](value)[:3])
        return 1.05 / (light + 0.05) if white else (light + 0.05) / 0.05
    def worst(dark: Callable[[Sequence[float]], bool]) -> float:
        return min(contrast(i / 255, dark(colormaps["cividis"](i / 255)[:3])) for i in range(256))
    assert worst(svg.is_dark) >= 4.5 > worst(lambda rgb: sum(rgb) / 3 < 0.5)


def test_percentiles_lie_on_the_line(cells: list[dict[str, Any]]) -> None:
    """All that there are: at each of them no more samples take longer than it says."""
    for cell in cells:
        marks, points = cell_plots.marks(cell), cell_plots.steps(cell)
        assert len(marks) == sum(v is not None for v in cell["percentiles"].values()) > 1
        for ticks, part in marks:
            assert min(above for x, above in points if x <= ticks) <= part


def test_case_without_a_verdict_is_told_below_its_promise() -> None:
    """As a failed one is."""
    document = results.load(specimens.DATA / "kunit.json")
    document["promises"][3].update(outcome="error")
    document["promises"][3]["cases"][0].update(outcome="error", reason="died here")
    entries = promise_page.sections(document)[0].blocks[1]
    assert isinstance(entries, Entries)
    first = entries.entries[0]
    assert (first.outcome, first.number) == ("error", str(document["promises"][3]["nr"]))
    assert first.notes[0].startswith("promised in ") and first.notes[1].endswith(": died here")
