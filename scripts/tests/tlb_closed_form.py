# SPDX-License-Identifier: GPL-2.0
"""How often walks over contiguous pages miss, from the numbers of a TLB alone."""

from __future__ import annotations

from typing import Any


def array_of(level: list[dict[str, Any]], size: str) -> dict[str, Any] | None:
    """The array of a level that holds pages of a size; None: it holds none."""
    found = [array for array in level if size in array["sizes"]]
    assert len(found) <= 1
    return found[0] if found else None


def _missed(asked: list[int], array: dict[str, Any]) -> list[int]:
    """How often each page misses in an array, of which it is asked for so often.

    A set that has room for its pages misses each once. One that has not, with LRU, has
    lost each page when its turn comes again, if all are asked for in each pass; what is
    asked for less often than its neighbours has no formula.
    """
    sets = array["entries"] // array["ways"]
    missed = [1] * len(asked)
    for first in range(sets):
        if len(asked[first::sets]) > array["ways"]:
            assert len(set(asked[first::sets])) == 1
            missed[first::sets] = asked[first::sets]
    return missed


def closed_form(geometry: dict[str, Any], size: str, pages: int, passes: int) -> list[int]:
    """Misses at each level when pages are walked over in order, again and again.

    geometry: what its file says. size: of the pages. pages: how many, contiguous, so
    that every so-manieth is of the same set. passes: how often all of them are walked
    over, always in the same order. A level is asked for what the one before it missed.
    """
    asked, misses = [passes] * pages, []
    for level in geometry["levels"]:
        array = array_of(level, size)
        if array:
            asked = _missed(asked, array)
        misses.append(sum(asked))
    return misses
