# SPDX-License-Identifier: GPL-2.0
"""Walks over the kernel's memory that a PMU counted: from within kmbench.ko, around
nothing but the walk, and from without, around the whole ioctl, through libperf.

Both have to agree in what a walk that goes on has more than one that ends after a pass:
all that is around the walks falls away in the difference.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

MISSES = "dTLB-load-misses"
INSIDE, OUTSIDE = "inside", "outside"
INSTRUCTIONS = "instructions"
# What both count the same, within so much of all that was counted through libperf, since
# the kernel does not allocate the same way each time; or so many.
_AGREE = 0.05
_AGREE_EVENTS = 64
# A walk once over n pages misses n times, within so much of it.
ONCE_WITHIN = 0.01
# Misses of what starts and stops the counters.
_AROUND = 32
# Kinds of many blocks, whose addresses are not one after the other: in a TLB with one place
# for each they drive each other out.
_SCATTERED = ("kmalloc-pages", "alloc_pages-*")

Counts = dict[str, Any]


def _value(counts: Counts, state: str, where: str, event: str) -> int | None:
    value: int | None = counts[state][where][event].get("value")
    return value


def first(counts: Counts, where: str = INSIDE, event: str = MISSES) -> tuple[int, int | None]:
    """Loads of one pass over all pages, and events in it; None: not known."""
    return counts["once"]["loads"], _value(counts, "once", where, event)


def repeated(counts: Counts, where: str = INSIDE, event: str = MISSES) -> tuple[int, int | None]:
    """Loads of the passes that follow the first, and events in these; None: not known."""
    loads = counts["again"]["loads"] - counts["once"]["loads"]
    once, again = (_value(counts, state, where, event) for state in ("once", "again"))
    return loads, None if once is None or again is None else again - once


def rate(counts: Counts | None, where: str = INSIDE) -> float | None:
    """Misses per 1000 loads of the passes that follow the first; None: not known."""
    if counts is None or "unavailable" in counts:
        return None
    loads, misses = repeated(counts, where)
    return None if misses is None or not loads else 1000.0 * max(0, misses) / loads


def disagreement(counts: Counts, events: tuple[str, ...]) -> str:
    """Where the module and libperf contradict each other; "" if nowhere, or if one of
    them knows nothing."""
    for event in events:
        inside, outside = (repeated(counts, where, event)[1] for where in (INSIDE, OUTSIDE))
        whole = _value(counts, "again", OUTSIDE, event)
        if inside is None or outside is None or whole is None:
            continue
        if abs(inside - outside) > max(_AGREE_EVENTS, _AGREE * whole):
            return (f"{event} of the repeated passes: {inside} from within the module, "
                    f"{outside} through libperf")
    return ""


def unavailable(counts: Counts | None) -> str:
    """Why there are no misses; "" if there are."""
    if counts is None:
        return "it could not be walked over"
    if "unavailable" in counts:
        return str(counts["unavailable"])
    return str(counts["once"][INSIDE][MISSES].get("unavailable", ""))


def all_unavailable(walks: list[Counts]) -> str:
    """Why no walk can be judged; "" if one can be."""
    reasons = [unavailable(walk["counters"]) for walk in walks]
    if not reasons:
        return "kmbench.ko did not walk"
    return "" if "" in reasons else f"{MISSES} of the kernel is unavailable: {reasons[0]}"


def _is_scattered(kind: str) -> bool:
    return any(fnmatchcase(kind, glob) for glob in _SCATTERED)


def _miscount(walk: Counts) -> str:
    counts, scattered = walk["counters"], _is_scattered(walk["kind"])
    if unavailable(counts):
        return ""
    (pages, misses), (_, more), (_, whole) = first(counts), repeated(counts), first(counts, OUTSIDE)
    if misses is not None and abs(misses - pages) > max(ONCE_WITHIN * pages, _AROUND):
        return f"a first walk misses {pages} times; {misses} were counted"
    if misses is not None and whole is not None and whole < misses - _AROUND:
        return f"{misses} misses were counted within the module, and only {whole} around it"
    if more is not None and more > _AROUND and not scattered:
        return f"walks that follow it miss practically never; {more} misses were counted"
    return disagreement(counts, (INSTRUCTIONS,) if scattered else (INSTRUCTIONS, MISSES))


def miscounts(walks: list[Counts]) -> list[str]:
    """What is not as it must be in QEMU, whose TLB holds these pages and is empty before."""
    return [f"{walk['kind']}, by the module: {text}" for walk in walks if (text := _miscount(walk))]
