# SPDX-License-Identifier: GPL-2.0
"""What one kmalloc() and one kfree() touch, for the exact gate: accesses of memory and page
walks, counted by the model of a TLB in boots of their own."""

from __future__ import annotations

import hashlib
from typing import Any

from . import bench, proc, tlb
from .errors import CannotTell, KmbError

# The cells of the call that is counted: module/touch.c, with interrupts off.
CALL = "pair/irqsoff/GFP_ATOMIC"

Figures = dict[str, dict[str, int]]


def _of(touch: dict[str, Any]) -> dict[str, int]:
    """Accesses of a call that comes after another, page walks of one that finds the TLB empty."""
    found = {}
    for word, call in (("alloc", "kmalloc"), ("free", "kfree")):
        cold, warm = (touch[call][state] for state in ("cold", "warm"))
        found[f"{word}_accesses"] = warm["loads"] + warm["stores"]
        found[f"{word}_walks"] = sum(cold["page_walks"].values())
    return found


def figures(touches: list[dict[str, Any]]) -> Figures:
    """By the name of a cell; of a size that could not be looked at, nothing."""
    return {f"{CALL}/{t['size']}": _of(t) for t in touches if not t["unavailable"]}


def place(job: tlb.Job, seen: tlb.Touches) -> str:
    """What counted, or why nothing did: figures of two such are not comparable."""
    reasons = [t["unavailable"] for t in seen.touches]
    if seen.why or all(reasons):
        return f"unavailable: {seen.why or next(iter(reasons), 'no size was looked at')}"
    digest = hashlib.sha256(job.path.read_bytes()).hexdigest()[:16]
    return f"{job.name}, sha256 {digest}, {seen.qemu}"


def _seen(job: tlb.Job) -> tlb.Touches | KmbError:
    """An error is no reason to end the other boot, and all that come later."""
    try:
        return tlb.touches(job)
    except KmbError as error:
        return error


def repeated(job: bench.Job, times: int) -> tuple[list[Figures], str]:
    """Those of so many boots side by side, which nothing disturbs on this clock; and what
    counted."""
    path = tlb.find_geometry("")
    jobs = [tlb.Job(job.kernel, job.machine, tlb.read_geometry(path), path, job.run / f"touches-{n}")
            for n in range(1, times + 1)]
    for one in jobs:
        one.run.mkdir(parents=True, exist_ok=True)
    all_ = list[tlb.Touches]()
    for seen in proc.side_by_side(_seen, jobs, len(jobs)):
        if isinstance(seen, KmbError):
            raise seen
        all_.append(seen)
    first, *others = (place(*pair) for pair in zip(jobs, all_))
    for other in (o for o in others if o != first):
        raise CannotTell(f"not deterministic: accesses were counted by {first} and by {other}")
    return [figures(seen.touches) for seen in all_], first
