# SPDX-License-Identifier: GPL-2.0
"""Walks at levels of fragmentation, from a recorded frag.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kmblib import frag, results
from kmblib.level_walks import LevelWalks


@pytest.fixture(name="document")
def _document(data: Path) -> dict[str, Any]:
    """The recorded run: two levels."""
    return results.load(data / "frag.json")


def _rows(walks: LevelWalks, figure: str) -> dict[str, list[str]]:
    return {kind: values for kind, *values in walks.rows(figure)}


def test_contiguity_is_lost_with_the_level(document: dict[str, Any]) -> None:
    """Blocks of kvmalloc() are under large pages at the first level and hardly at the
    second, single pages always: they are of the direct map."""
    rows = _rows(LevelWalks(document), "huge")
    assert rows["kvmalloc-2m"][0] == "100" and float(rows["kvmalloc-2m"][1]) < 10
    assert rows["alloc_pages-0"][1] in ("99", "100")
    assert rows["kmalloc"] == ["100", "-"], "there are no such blocks"


def test_what_it_was_worth_is_counted(document: dict[str, Any]) -> None:
    """Page walks of kvmalloc()'s blocks: few, and then one of nearly each load."""
    rows = _rows(LevelWalks(document), "rate")
    few, many = map(float, rows["kvmalloc-2m"])
    assert few < 0.3 * many and 900 < many < 1000


def test_huge_pages_of_a_process(document: dict[str, Any]) -> None:
    """None where none are wanted; where the kernel gave none, that is a figure as well."""
    walk = next(w for w in document["measured"]["levels"][1]["user_walks"]
                if w["kind"] == "anon-thp")
    walk.update(unavailable="MADV_HUGEPAGE was ignored: AnonHugePages is 0", laps=[], mapping=None)
    walks = LevelWalks(document)
    rows = _rows(walks, "user_huge")
    assert rows["anon-4k"] == ["0", "0"] and rows["anon-thp"] == ["100", "0"]
    assert _rows(walks, "user_rate")["anon-4k"] == ["1000.0", "1000.0"], "the model counts them, too"
    assert _rows(walks, "user_ticks")["anon-thp"][1] == "-"
    assert walks.missing()[-1].endswith("AnonHugePages is 0)")


def test_pmu_is_told_where_there_is_one(document: dict[str, Any]) -> None:
    """Of the kernel's memory and of a process's; else why there is none."""
    assert "no PMU" in LevelWalks(document).no_pmu()
    level = document["measured"]["levels"][0]
    walk = next(w for w in level["walks"] if w["kind"] == "kvmalloc-2m")
    counts = {state: {"loads": n * walk["loads"], "inside": {"dTLB-load-misses": {"value": n * 7}}}
              for state, n in (("once", 1), ("again", 3))}
    walk["counters"] = counts
    level["user_walks"][0]["counters"]["user"]["dTLB-load-misses"] = {
        "value": level["user_walks"][0]["loads"] // 2}
    walks = LevelWalks(document)
    assert _rows(walks, "pmu") == {"kvmalloc-2m": [f"{7000 / walk['loads']:.1f}", "-"]}
    assert _rows(walks, "user_pmu") == {"anon-4k": ["500.0", "-"]}
    assert not walks.no_pmu()


def test_model_that_contradicts_itself_is_seen(document: dict[str, Any]) -> None:
    """The recorded counts agree; a load that was not counted does not."""
    found = document["measured"]
    assert not frag.contradiction(found, "generic")
    found["levels"][1]["walks"][2]["model"]["loads"] += 1
    assert "loads were made, the model saw" in frag.contradiction(found, "generic")


def test_walk_of_a_process_that_contradicts_itself_is_seen(document: dict[str, Any]) -> None:
    """Fewer loads than were made, or more, as of an interrupt in each try; a store; walks that are
    no misses; none."""
    found = document["measured"]
    walk = found["levels"][0]["user_walks"][0]
    loads = walk["model"]["loads"]
    assert not frag.contradiction(found, "generic")
    for wrong in ({"loads": loads - 1}, {"loads": loads + 1}, {"stores": 1}, {"unmapped": 1}):
        walk["model"] = {**walk["model"], "loads": loads, "stores": 0, "unmapped": 0, **wrong}
        assert frag.contradiction(found, "generic").startswith("anon-4k/chase/")
    walk["model"] = None
    assert frag.contradiction(found, "generic").endswith("the model did not answer")


def test_moved_pages_are_told(document: dict[str, Any]) -> None:
    """Of levels that have any."""
    assert not LevelWalks(document).moved()
    document["measured"]["levels"][1]["movable"] = {"held": 190, "moved": 7}
    held = document["measured"]["levels"][1]["steps"]["held"]
    assert LevelWalks(document).moved() == [
        f"0.99: 7 of 190, which broke {100 * 190 / (190 + held):.0f} % of the blocks"]
