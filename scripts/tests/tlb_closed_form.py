# SPDX-License-Identifier: GPL-2.0
"""How often walks over contiguous pages miss, from the numbers of a TLB alone."""

from __future__ import annotations

from typing import Any


def _capacity(level: list[dict[str, Any]], size: str) -> int:
    """Pages of a size that a level can hold."""
    return sum(array["entries"] for array in level if size in array["sizes"])


def closed_form(geometry: dict[str, Any], size: str, pages: int, passes: int) -> list[int]:
    """Misses at each level when pages are walked over in order, again and again.

    geometry: what its file says. size: of the pages. pages: how many, a power of
    two, contiguous. passes: how often all of them are walked over.

    A power of two of contiguous pages spreads evenly over sets, of which there is a
    power of two as well. So either each set has room, and only the first pass
    misses; or, with LRU, each page is gone when its turn comes again, and all
    passes do. A level is asked for what the ones before it did not have: once
    where one of them has room, always where none has.
    """
    assert pages & (pages - 1) == 0
    misses, there_is_room = [], False
    for level in geometry["levels"]:
        there_is_room |= pages <= _capacity(level, size)
        misses.append(pages if there_is_room else pages * passes)
    return misses
