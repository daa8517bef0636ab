# SPDX-License-Identifier: GPL-2.0
"""A second model of a TLB, slow and plain, for the one in C to be compared with.

Both follow one description and share no code:

- A TLB has levels; a level has arrays; an array holds pages of some sizes, in sets
  of so many ways. The set of a page is its number (address divided by its own
  size) modulo the number of sets. A full set loses what was used longest ago.
- An access counts once for each page of 4 KiB that it touches.
- Levels are asked in order, within one the sizes from small to large, until a page
  is found; that is a use of it in this level alone. Each level asked in vain counts
  a miss. All levels in vain: the page tables are walked.
- What was found is then held by all levels that had been asked in vain, if they
  can hold its size.
- A flush drops all pages but global ones, a flush of all drops those, too.
- After a flush of a page, each page held is compared with the page tables when it
  is next found, and dropped, as if it had not been there, where they now say
  something else or nothing. This look at them is not counted.

The page tables are those of the program tlb-replay.
"""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path
from typing import Iterable, NamedTuple

# Bits of the offset in a page, by name.
SIZES = {"4K": 12, "2M": 21, "1G": 30}
_BITS = list(SIZES.values())


class Event(NamedTuple):
    """A line of a trace. letter: l and s alone have an address and a number of bytes."""

    letter: str
    address: int = 0
    size: int = 0


class Page(NamedTuple):
    """What a walk finds. size: an index into SIZES. frame: what changes when it moves."""

    size: int
    is_global: bool
    frame: tuple[int, int]


@dataclass
class Held:
    """A page in an array, and after how many flushes of a page it was compared."""

    page: Page
    compared: int


@dataclass
class Counts:
    """As struct kmb_tlb_counts."""

    loads: int = 0
    stores: int = 0
    misses: list[int] = field(default_factory=list)
    walks: list[int] = field(default_factory=lambda: [0, 0, 0])
    walk_reads: int = 0
    unmapped: int = 0
    flushes: int = 0
    flushes_all: int = 0
    flushes_page: int = 0


class Array:
    """Sets of pages by size and number; of each the last is the most recent."""

    def __init__(self, sizes: list[str], entries: int, ways: int) -> None:
        self.sizes = [list(SIZES).index(name) for name in sizes]
        self.ways = ways
        self.sets: list[OrderedDict[tuple[int, int], Held]] = [
            OrderedDict() for _ in range(entries // ways)]

    def hold(self, number: int, held: Held) -> None:
        """Take a page in, and put out the least recent one if there is no room."""
        there = self.sets[number % len(self.sets)]
        if len(there) == self.ways:
            there.popitem(last=False)
        there[held.page.size, number] = held

    def drop(self, global_too: bool) -> None:
        """Forget pages."""
        for there in self.sets:
            for key in [k for k, held in there.items() if global_too or not held.page.is_global]:
                del there[key]


class Tlb:
    """All levels, and the page tables that fill them."""

    def __init__(self, geometry: Path) -> None:
        levels = json.loads(geometry.read_text())["levels"]
        self.levels = [[Array(**array) for array in level] for level in levels]
        self.counts = Counts(misses=[0] * len(levels))
        # Of the arrays of a level, in the order of sizes.
        self._ask = [sorted(((size, array) for array in level for size in array.sizes),
                            key=lambda pair: pair[0]) for level in self.levels]
        self._page_flushes = 0

    def _tables(self, address: int) -> Page | None:
        """What tlb-replay says that the page tables do."""
        size = (address >> 40) % 4
        if size == 3:
            return None
        if address >> 44 & 1 and size == 0 and self._page_flushes % 2:
            size = 1
        moved = self._page_flushes if address >> 43 & 1 else 0
        return Page(size, bool(address >> 42 & 1), (address >> _BITS[size], moved))

    def _find(self, level: int, address: int) -> Page | None:
        for size, array in self._ask[level]:
            number = address >> _BITS[size]
            there = array.sets[number % len(array.sets)]
            held = there.get((size, number))
            if held is None:
                continue
            if held.compared < self._page_flushes and self._tables(address) != held.page:
                del there[size, number]
                continue
            held.compared = self._page_flushes
            there.move_to_end((size, number))
            return held.page
        return None

    def _touch(self, address: int) -> None:
        found, asked = None, 0
        for level in range(len(self.levels)):
            found = self._find(level, address)
            if found:
                break
            self.counts.misses[level] += 1
            asked += 1
        if not found:
            found = self._tables(address)
            if not found:
                self.counts.unmapped += 1
                return
            self.counts.walks[found.size] += 1
            self.counts.walk_reads += 4 - found.size
        for arrays in self.levels[:asked]:
            for array in arrays:
                if found.size in array.sizes:
                    array.hold(address >> _BITS[found.size], Held(found, self._page_flushes))

    def _drop(self, global_too: bool) -> None:
        for level in self.levels:
            for array in level:
                array.drop(global_too)

    def _command(self, letter: str) -> None:
        if letter == "p":
            self._page_flushes += 1
            self.counts.flushes_page += 1
        elif letter == "f":
            self.counts.flushes += 1
            self._drop(False)
        else:
            self.counts.flushes_all += letter == "F"
            self._drop(True)

    def replay(self, events: Iterable[Event]) -> Counts:
        """Carry events out, and say what happened since the beginning."""
        for letter, address, size in events:
            if letter not in "ls":
                self._command(letter)
                continue
            pages = range(address >> 12, (address + size - 1 >> 12) + 1)
            if letter == "s":
                self.counts.stores += len(pages)
            else:
                self.counts.loads += len(pages)
            for page in pages:
                self._touch(page << 12)
        return self.counts
