# SPDX-License-Identifier: GPL-2.0
"""The report of a comparison of two kernels: each part of it, in each format."""

from __future__ import annotations

from typing import Any

import pytest
from kmblib import ab_page
from kmblib.page import Lines, Section, Table

_CASE = {"nr": 7, "place": "slab.h:9", "name": "kmalloc_x/p7_b/8", "reason": "got 8"}


def _document(**more: Any) -> dict[str, Any]:
    """As much of ab.json as is looked at."""
    return {"verdict": "pass", "reason": "no regression", "base": {"label": "6.1", "version": "6.1.2"},
            "new": {"label": "6.1+x", "version": "6.1.2"}, "parts": ["kunit", "exact", "tlb", "frag"],
            "options": [], "promises": {"broken": [], "mended": [], "both": 1, "passed": 9},
            "exact": {"total": {"base": 200, "new": 203}}, "where": None, "told": [], **more}


def _titles(document: dict[str, Any]) -> list[str]:
    return [section.title for section in ab_page.sections(document)]


def _texts(sections: list[Section]) -> str:
    lines = [line for s in sections for b in s.blocks if isinstance(b, Lines) for line in b.lines]
    cells = [cell for s in sections for b in s.blocks if isinstance(b, Table) for r in b.rows for cell in r]
    return "\n".join(lines + cells)


def test_each_part_that_was_done_is_told() -> None:
    """What is the same on both sides as well; what was not asked for is not."""
    assert _titles(_document()) == ["Promises, and other parts"] and not ab_page.appendix(_document())
    texts = _texts(ab_page.sections(_document()))
    for part in ("TLB misses (modelled)", "Allocations under fragmentation"):
        assert f"{part}: the same on both sides." in texts
    assert _titles(_document(parts=["exact"], promises=None)) == []
    assert ab_page.headline(_document()) == "+1.5000 %"


def test_promise_newly_broken_ends_it() -> None:
    """Where it is promised, and what the case said; no part that was not reached."""
    broken = {"broken": [_CASE], "mended": [], "both": 0, "passed": 8}
    document = _document(verdict="fail", promises=broken, exact=None)
    assert _titles(document) == ["Promises, and other parts"]
    assert "TLB" not in _texts(ab_page.sections(document))
    assert "NEWLY BROKEN: kmalloc_x/p7_b/8 (promise 7, slab.h:9): got 8" in _texts(
        ab_page.sections(document))
    assert ab_page.headline(document) == ""
    assert ("base", "6.1, 6.1.2") in ab_page.measured_on(document)


def test_functions_and_figures_that_moved_are_listed() -> None:
    """With the share of each."""
    moves = [{"function": "kfree", "base": 10, "new": 19}, {"function": "kmalloc", "base": 5, "new": 4}]
    told = [{"part": "tlb", "what": "kfree(64), cold", "figure": "loads", "base": 3, "new": 4}]
    document = _document(where={"cells": 2, "attributed": 1.0, "moves": moves}, told=told)
    texts = _texts([*ab_page.sections(document), *ab_page.appendix(document)])
    for words in ("kfree\n10\n19\n90.0", "kmalloc\n5\n4\n-10.0", "kfree(64), cold, loads\n3\n4",
                  "1 differ, as kfree(64), cold, loads: 3 to 4"):
        assert words in texts
    assert ab_page.brief(document)[1:] == ["kfree: +9 instructions of 10 that moved",
                                           "kmalloc: -1 instructions of 10 that moved"]


def test_many_cases_are_not_all_named() -> None:
    """A mail is read to its end if it has one."""
    broken = {"broken": [_CASE] * 40, "mended": [_CASE], "both": 0, "passed": 8}
    texts = _texts(ab_page.sections(_document(verdict="fail", promises=broken, exact=None)))
    assert texts.count("NEWLY BROKEN") == 5 and "and 35 more, in ab.json" in texts


@pytest.mark.parametrize("verdict", ["cannot tell", "error"])
def test_refusal_is_no_result(verdict: str) -> None:
    """Nothing but why."""
    document = _document(verdict=verdict, reason="it does not boot", promises=None, exact=None)
    assert "CANNOT TELL. it does not boot" in ab_page.verdict(document)
    assert _texts(ab_page.sections(document)) == "unavailable: it does not boot"
