# SPDX-License-Identifier: GPL-2.0
"""Distributions of latency: what is drawn is what was counted."""

from __future__ import annotations

from typing import Any

import pytest
from kmblib import cell_plots, promise_page, results, specimens
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
