# SPDX-License-Identifier: GPL-2.0
"""Walks over the kernel's memory that a PMU counted: from within kmbench.ko, around
little but the walk, and from without, around the whole ioctl, through libperf.

Both have to agree in what a walk of many passes has more than one of a single pass: all
that is around the walks falls away in the difference, but for what the kernel needs one
time more than another to allocate the memory.
"""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

MISSES = "dTLB-load-misses"
INSIDE, OUTSIDE = "inside", "outside"
INSTRUCTIONS = "instructions"
# A first pass over n pages misses n times, and the module and libperf count the same
# instructions of those that follow, within so much of them.
_WITHIN = 0.01
# Passes that follow miss never, but for so many around them.
_AROUND = 64
# What the kernel needs around a first pass, to allocate, map and free the memory, misses no
# more than once in so many of its pages.
_ALLOCATION = 8
# Kinds of many blocks, whose addresses are not one after the other: in a TLB with one place
# for each they drive each other out, as many as they happen to be each time.
_SCATTERED = ("kmalloc-pages", "alloc_pages-*")

Counts = dict[str, Any]


def _value(counts: Counts, state: str, where: str, event: str) -> int | None:
    value: int | None = counts[state][where][event].get("value")
    return value


def first(counts: Counts, where: str = INSIDE, event: str = MISSES) -> tuple[int, int | None]:
    """Loads of one pass over all pages, and events in it; None: not known."""
    return counts["once"]["loads"], _value(counts, "once", where, event)


def repeated(counts: Counts, where: str = INSIDE, event: str = MISSES) -> tuple[int, int | None]:
    """Loads of the passes that follow the first, and events in these; None: not known.
    Where there are hardly any, there may be less than none: of what is around them."""
    loads = counts["again"]["loads"] - counts["once"]["loads"]
    once, again = (_value(counts, state, where, event) for state in ("once", "again"))
    return loads, None if once is None or again is None else again - once


def rate(counts: Counts | None, warmup: int, where: str = INSIDE) -> float | None:
    """Misses per 1000 loads; None: not known. Of the same passes as the walk's own: all,
    from an empty TLB, or with passes before them those that follow the first."""
    if counts is None or "unavailable" in counts:
        return None
    loads, misses = repeated(counts, where) if warmup else (
        counts["again"]["loads"], _value(counts, "again", where, MISSES))
    return None if misses is None or not loads else 1000.0 * max(0, misses) / loads


def _reason(counts: Counts, state: str, where: str, event: str) -> str:
    return str(counts[state][where][event].get("unavailable", ""))


def _not_walked(counts: Counts | None) -> str:
    """Why there are no counts of any event; "" where there may be."""
    return "it could not be walked over" if counts is None else str(counts.get("unavailable", ""))


def _uncounted(counts: Counts) -> tuple[str, str]:
    """The first event that is not known of a walk, and why; "" twice if all are."""
    found = ((event, _reason(counts, state, where, event)) for event in (MISSES, INSTRUCTIONS)
             for state in ("once", "again") for where in (INSIDE, OUTSIDE))
    return next(((event, reason) for event, reason in found if reason), ("", ""))


def unavailable(counts: Counts | None) -> str:
    """Why there are no misses; "" if there are, by the module and through libperf."""
    if why := _not_walked(counts):
        return why
    assert counts
    return _uncounted(counts)[1]


def unjudged(walks: list[Counts]) -> str:
    """Why the walks prove nothing; "" where they do. A kind of memory that a kernel does not have may
    be missing, but not counts of one that was walked over."""
    walked = [walk for walk in walks if not _not_walked(walk["counters"])]
    if not walked:
        return next((f"{w['kind']}: {_not_walked(w['counters'])}" for w in walks), "kmbench.ko did not walk")
    found = ((walk["kind"], *_uncounted(walk["counters"])) for walk in walked)
    return next((f"{event} of the kernel is unavailable, of {kind}: {reason}"
                 for kind, event, reason in found if event), "")


def _disagreement(counts: Counts) -> str:
    inside, outside = (repeated(counts, where, INSTRUCTIONS)[1] or 0 for where in (INSIDE, OUTSIDE))
    if abs(inside - outside) <= _WITHIN * inside:
        return ""
    return (f"{INSTRUCTIONS} of the repeated passes: {inside} from within the module, "
            f"{outside} through libperf")


def _is_scattered(kind: str) -> bool:
    return any(fnmatchcase(kind, glob) for glob in _SCATTERED)


def _miscount(walk: Counts) -> str:
    counts = walk["counters"]
    if unavailable(counts):
        return ""
    (pages, misses), (_, whole), (_, more) = first(counts), first(counts, OUTSIDE), repeated(counts)
    if abs((misses or 0) - pages) > _WITHIN * pages:
        return f"a first walk misses {pages} times; {misses} were counted"
    if (whole or 0) < (misses or 0) - _AROUND:
        return f"{misses} misses were counted within the module, and only {whole} around it"
    if (whole or 0) > (misses or 0) + pages // _ALLOCATION:
        return f"{misses} misses were counted within the module, and as many as {whole} around it"
    for how, count in (("", more), (" through libperf", repeated(counts, OUTSIDE)[1])):
        if (count or 0) > _AROUND and not _is_scattered(walk["kind"]):
            return f"walks that follow it miss practically never; {count} misses were counted{how}"
    return _disagreement(counts)


def miscounts(walks: list[Counts]) -> list[str]:
    """What is not as it must be in QEMU, whose TLB holds these pages and is empty before."""
    return [f"{walk['kind']}, by the module: {text}" for walk in walks if (text := _miscount(walk))]
