# SPDX-License-Identifier: GPL-2.0
"""Contiguity on the running machine: walks over memory of a process, timed.

Needs neither a module nor root nor counters: what the TLB costs is seen where an
access takes longer than one to as many lines side by side. Root, where a module can
be loaded, has the kernel's own memory walked over as well.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import errors, host, objections, proc, results, steps, vm
from .errors import Broken, Code
from .latencies import CONTROL, PATTERN, SMALL, Curves, Latencies
from .progress import step
from .system import System

# Seconds the tool may take: many times what it needs on a busy CPU.
_TIMEOUT = 600.0
# A kind whose pages are less than so many small ones is not compared with them: some
# processors hold four or eight neighbours in one entry.
_GRANULE_PAGES_MIN = 16
_HUGE = ("anon-thp", "hugetlb")
COMMAND = results.command_of("tlb", WHERE="host")
# Passes of a walk over the kernel's memory: the clock is read once for all of them.
_PASSES = ("--warmup", "1", "--passes", "100")
# How often each is made; the fastest counts, as what comes between only ever adds to it.
KERNEL_LAPS = 5


@dataclass(frozen=True)
class Job:
    """One request: the running machine, and where logs and results go."""

    system: System
    run: Path


def admit(given: argparse.Namespace) -> None:
    """Refuse options that say something else than WHERE=host does."""
    for reason in host.clashes(given):
        raise Broken(reason)


def no_module(system: System) -> str:
    """Why kmbench.ko cannot be loaded, one line; "" if it can be."""
    reasons = objections.impossible(system)
    return reasons[0].replace(objections.COMMAND, f"sudo {COMMAND}") if reasons else ""


def announce(job: Job) -> None:
    """Say what is about to happen."""
    why = no_module(job.system)
    loading = "build the tool, but no module; nothing is loaded, and root is not needed" if why else \
        ("build the tool and kmbench.ko, load it, which taints the kernel until the next boot, and "
         "unload it,\n    also after an error or Ctrl-C")
    print(f"kmbench: about to walk over memory of a process on the running kernel, "
          f"{job.system.release}:\n"
          f"  {loading}\n"
          "  allocate up to 64 MiB at once: of 4 KiB pages, THP and hugetlb, and dense, the "
          "control;\n"
          "    " + (f"none of the kernel's: {why}" if why else
                    "and of the kernel's, by kmalloc(), vmalloc() and others, up to 32 MiB") +
          "\n  walk over it on one CPU, some seconds, a minute where it is busy, "
          f"{_TIMEOUT / 60:.0f} at most", file=sys.stderr, flush=True)


def _run_tool(job: Job, scratch: Path, command: str, *options: str) -> dict[str, Any]:
    """What a command of the tool measures; raises as its exit code says."""
    log, found = job.run / "tool.log", scratch / f"{command}.json"
    argv: list[str | Path] = [scratch / "kmbench", command, "--progress", "--json", found, *options]
    what = {"chase": "a process", "tlb": "the kernel"}[command]
    with step(f"walk over memory of {what}, {job.system.release}", vm.how_far(log)) as current, \
            log.open("wb") as out, proc.child(argv, stdout=out) as process:
        status = proc.wait(process, current, _TIMEOUT)
    if status is None:
        raise Broken(f"the tool hung: no end after {_TIMEOUT:.0f} s")
    if status:
        raise errors.of(status)(proc.last_lines(log).removeprefix("kmbench: "))
    return results.parse(found.read_bytes(), "results of the tool")


def find_steps(curves: Curves) -> list[dict[str, Any]]:
    """The steps of each kind but the control, as in chase.json."""
    found = []
    for kind in curves.distinct("kind"):
        cost = curves.cost(kind)
        if kind != CONTROL and cost:
            found += [{"kind": kind, "below_bytes": s.below, "above_bytes": s.above,
                       "before_ns": round(s.before, 3), "after_ns": round(s.after, 3)}
                      for s in steps.find(list(cost), list(cost.values()), curves.floor())]
    return found


def _place(kind: str, found: list[dict[str, Any]]) -> float | None:
    """The footprint, bytes, of a kind's first step; None: it has none."""
    return next((math.sqrt(s["below_bytes"] * s["above_bytes"]) for s in found
                 if s["kind"] == kind), None)


def find_knees(curves: Curves, kind: str) -> list[dict[str, Any]]:
    """Where a chase over lines that stand apart has its first step, by stride, as in
    chase.json."""
    knees = []
    for stride, curve in curves.apart(kind).items():
        first = next(iter(steps.find(list(curve), list(curve.values()), curves.floor())), None)
        knees.append({"stride_bytes": stride, "below_lines": first and first.below,
                      "above_lines": first and first.above})
    return knees


def _most_bytes(knees: list[dict[str, Any]], small: dict[str, Any] | None, page: int) -> int | None:
    """The smallest stride at which as many lines are translated as of small pages."""
    if not small:
        return None
    below, above = small["below_bytes"] // page, small["above_bytes"] // page
    return next((k["stride_bytes"] for k in knees if k["below_lines"] is not None
                 and k["below_lines"] <= above and below <= k["above_lines"]), None)


def find_granules(curves: Curves, found: list[dict[str, Any]], page: int) -> list[dict[str, Any]]:
    """What is translated at once in memory of huge pages, as in chase.json.

    An entry of the TLB holds `page` bytes of anon-4k; how many more it holds of another
    kind shows by how much farther off its first step lies. It also shows by lines that
    stand apart: of those an entry holds fewer, until it holds one. Only so can it be
    seen that a host has no huge pages behind those of its guest.
    """
    granules, small = [], _place(SMALL, found)
    first = next((s for s in found if s["kind"] == SMALL), None)
    for kind in (k for k in _HUGE if curves.latency(k, PATTERN)):
        place, knees = _place(kind, found), find_knees(curves, kind)
        reach = place or max(curves.latency(kind, PATTERN))
        pages = max(1, round(reach / small)) if small else None
        most = _most_bytes(knees, first, page)
        granules.append({"kind": kind, "bytes": pages and pages * page, "is_least": place is None,
                         "strides": knees, "most_bytes": most,
                         "why_no_strides": curves.why_not_apart(kind) or None,
                         "contrast": (pages or 0) >= _GRANULE_PAGES_MIN and
                         (most is None or most >= _GRANULE_PAGES_MIN * page)})
    return granules


def fastest(laps: list[dict[str, Any]]) -> dict[str, Any]:
    """Of walks over the kernel's memory that were made several times the fastest each."""
    each = zip(*(lap["walks"] for lap in laps), strict=True)
    return {**laps[0], "walks": [min(walks, key=lambda w: (bool(w["unavailable"]), w["ticks"]))
                                 for walks in each]}


def _walk(job: Job, scratch: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """What the tool measures of a process; and of the kernel, or why not."""
    why = no_module(job.system)
    if why:
        host.build_tool_into(scratch)
        return _run_tool(job, scratch, "chase"), {"unavailable": why, "clock": None, "walks": []}
    host.build_into(job.system, scratch)
    both = host.believed(lambda: {
        "chase": _run_tool(job, scratch, "chase"),
        "tlb": fastest([_run_tool(job, scratch, "tlb", *_PASSES) for _ in range(KERNEL_LAPS)])},
                         scratch, job.run)
    return both["chase"], {"unavailable": None, "clock": both["tlb"]["clock"],
                           "walks": both["tlb"]["walks"]}


def document(job: Job, measured: dict[str, Any], kernel: dict[str, Any]) -> dict[str, Any]:
    """The contents of chase.json; kernel: walks over the kernel's memory, or why not."""
    release, curves = job.system.release, Curves(measured)
    found = find_steps(curves) if curves.floor() else []
    reason = "" if curves.floor() else "the control, dense, could not be walked: " + next(
        (w["unavailable"] for w in curves.walks if w["kind"] == CONTROL), "it is not there")
    repeat = COMMAND if kernel["unavailable"] else f"sudo {COMMAND}"
    return {**results.header("kmbench-chase", None, repeat),
            "kernel": {"label": release, "version": release, "origin": "running"},
            "fingerprint": job.system.fingerprint(()),
            "verdict": "error" if reason else "pass", "reason": reason, "measured": measured,
            "kernel_walks": kernel, "steps": found,
            "granules": find_granules(curves, found, measured["system"]["page_size"])}


def run(job: Job) -> Code:
    """Walk on the running machine and write chase.json, and chase.svg."""
    announce(job)
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        found = document(job, *_walk(job, Path(name)))
    results.write(job.run / "chase.json", found)
    Latencies(found).plot(job.run / "chase.svg")
    return Code.CANNOT_TELL if found["verdict"] == "error" else Code.GOOD
