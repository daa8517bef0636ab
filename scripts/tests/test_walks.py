# SPDX-License-Identifier: GPL-2.0
"""The report of walks over memory, from a recorded tlb.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kmblib import report, results
from kmblib.errors import Code
from kmblib.walks import READS, Walks, rate


@pytest.fixture(name="document")
def _document(data: Path) -> dict[str, Any]:
    """The recorded run."""
    return results.load(data / "tlb.json")


def _rendered(document: dict[str, Any], run: Path) -> str:
    """The report, whose lines are not too long; without its folding."""
    results.write(run / "tlb.json", document)
    text = report.render(run)
    assert max(map(len, text.splitlines())) <= report.WIDTH
    return " ".join(text.split())


def test_report_says_what_contiguity_is_worth(document: dict[str, Any], tmp_path: Path) -> None:
    """In 72 columns, with what repeats it."""
    text = _rendered(document, tmp_path)
    for line in ("Contiguity: measured, tables below.", "Page walks per 1000 loads, stride, by footprint",
                 "TLB model generic: ", "make tlb KERNEL=6.1 GEOMETRY=generic"):
        assert line in text
    assert report.code(tmp_path) == Code.GOOD
    assert text.count("unavailable") == 1
    assert "misses by the PMU are unavailable: ENOENT: " in text


def _count(walk: dict[str, Any], once: int, again: int) -> None:
    """As a machine that has a PMU would."""
    pages = walk["loads"] // walk["passes"]
    walk["counters"] = {state: {"loads": loads, **{where: {
        event: {"value": misses} for event in ("dTLB-load-misses", "instructions")}
        for where in ("inside", "outside")}} for state, loads, misses in (
            ("once", pages, once), ("again", walk["loads"], again))}


def test_pmu_stands_beside_the_model(document: dict[str, Any], tmp_path: Path) -> None:
    """Where both count the same, also where only the first pass misses, they are the same."""
    for walk in document["walks"]:
        if walk["kind"] == "vmalloc" and walk["bytes"] <= 4 << 20:
            misses = walk["model"]["misses"][-1]
            _count(walk, min(misses, walk["loads"] // walk["passes"]), misses)
        elif walk["kind"] == "vmalloc":
            walk.update(unavailable="left out", counters=None)
    row, = Walks(document).pmu()
    assert row == ["vmalloc", "4M", "125.0", "125.0", "125.0", "1.00"]
    text = _rendered(document, tmp_path)
    assert " ".join(row) in text and "misses by the PMU are unavailable" not in text


def test_rates_are_those_of_the_counts(document: dict[str, Any]) -> None:
    """4 MiB of vmalloc(): 1024 walks in 8192 loads."""
    walk, = (w for w in document["walks"] if (w["kind"], w["pattern"], w["bytes"])
             == ("vmalloc", "stride", 4 << 20))
    assert rate(walk) == 125.0
    assert rate(walk, READS) == 625.0, "five levels of page tables"
    walks = Walks(document)
    row, = (row for row in walks.rates("stride") if row[0] == "vmalloc")
    assert row[1 + walks.few_footprints().index(4 << 20)] == "125.0"


def test_direct_map_that_changed_is_told(document: dict[str, Any], tmp_path: Path) -> None:
    """Which walks; and nothing where the kernel does not tell."""
    assert "MiB by 1G; 0 large pages broken up meanwhile; the same before and after each walk" in _rendered(document, tmp_path)
    after = document["walks"][3]["direct_map"]["after"]
    after["2M"] -= 2 << 20
    after["4K"] += 2 << 20
    document["walks"][3]["direct_map"]["splits"] = 1
    text = _rendered(document, tmp_path)
    assert "; 1 large pages broken up meanwhile; otherwise before" in text
    assert "otherwise before or after kmalloc stride 512K" in text and "the same before" not in text
    for walk in [*document["walks"], *document["user_walks"]]:
        walk["direct_map"] = {"before": None, "after": None, "splits": None}
    assert "direct map" not in _rendered(document, tmp_path)


def test_what_is_missing_is_told(document: dict[str, Any], tmp_path: Path) -> None:
    """Once a reason, of walks and of the allocator; and no number in its place."""
    for walk in document["walks"]:
        if walk["kind"] == "vmalloc":
            walk.update(unavailable="share 1: too little", model=None, mapped=None)
    document["allocator"][0].update(unavailable="not legal on PREEMPT_RT")
    document["allocator"][0]["kmalloc"].update(cold=None, warm=None)
    text = _rendered(document, tmp_path)
    assert text.count("(share 1: too little)") == 1
    assert "kmalloc(8) (not legal on PREEMPT_RT)" in text
    assert {v for row in Walks(document).rates("chase") if row[0] == "vmalloc" for v in row[1:]} == {"-"}


def test_what_the_kernel_marked_is_told(document: dict[str, Any], tmp_path: Path) -> None:
    """A row a name; without any there is no table."""
    assert "Regions that the kernel marked" not in _rendered(document, tmp_path)
    model = {**document["walks"][0]["model"], "loads": 40, "stores": 2, "misses": [9, 6],
             "page_walks": {"4K": 5, "2M": 1, "1G": 0}, "flushes": 3, "flushes_page": 4}
    document["regions"] = [{"region": "slub/new_slab", "times": 7, "model": model}]
    text = _rendered(document, tmp_path)
    assert "slub/new_slab 7 42 9 5 1 0 7" in text


def test_contradiction_is_no_pass(document: dict[str, Any], tmp_path: Path) -> None:
    """It stands at the top."""
    document.update(verdict="error", reason="kmalloc/stride/65536: 1 misses, but 2 page walks")
    text = _rendered(document, tmp_path)
    assert "Contiguity: CANNOT TELL. kmalloc/stride/65536: 1 misses, but 2 page walks" in text
    assert report.code(tmp_path) != Code.GOOD


def test_plot_repeats(document: dict[str, Any], tmp_path: Path) -> None:
    """The same figures, the same bytes; others, others; none, no failure."""
    Walks(document).plot(tmp_path / "one.svg")
    Walks(document).plot(tmp_path / "again.svg")
    for walk in document["walks"]:
        walk["model"]["misses"][-1] += 1
    Walks(document).plot(tmp_path / "other.svg")
    for walk in document["walks"]:
        walk["model"] = None
    Walks(document).plot(tmp_path / "none.svg")
    one, again, other, none = ((tmp_path / f"{n}.svg").read_bytes()
                               for n in ("one", "again", "other", "none"))
    assert one == again != other != none
    assert b"vmalloc" in one and b"vmalloc" not in none
