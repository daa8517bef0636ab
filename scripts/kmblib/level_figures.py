# SPDX-License-Identifier: GPL-2.0
"""Whether levels of fragmentation are what they should be: at each order, and after a
thousand rounds. It takes minutes, and is no test."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from . import frag, tlb
from .kernels import Kernel
from .options import Machine

ORDERS = range(4, 10)
ROUNDS = 1000
# Goals: how far off in millionths, and seconds of the guest's clock that it takes.
TOLERANCE = 20_000
SECONDS = 10.0
# And how much of the free memory may be missing in the end.
LOST = 0.01
_MACHINE = Machine("virtual", 1024, 1)


@dataclass(frozen=True)
class Levels:
    """All levels of an order. reached: how many. off: the largest difference to what was
    asked for, millionths. seconds: the longest. missed: why others were not reached; above:
    whether each of these is 0, which a machine may be above by itself."""

    reached: int
    off: int
    seconds: float
    missed: tuple[str, ...]
    above: bool

    def good(self) -> bool:
        """All reached, but for what the machine is above by itself; none too far off or too late."""
        return (self.reached > 0 and self.above and self.off <= TOLERANCE and self.seconds <= SECONDS)


@dataclass(frozen=True)
class Rounds:
    """Many levels, each reached and undone. missed: how many were not reached. lost: free
    memory that is missing after the last, of that before the first, and of that after the
    first, which finds what the kernel makes on first use. killed: for want of memory, by
    the kernel's count."""

    missed: int
    lost: float
    lost_since: float
    killed: int


def _found(kernel: Kernel, wanted: frag.Wanted) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        found, _fingerprint = frag.find(frag.Job(kernel, _MACHINE, wanted, Path(name)))
    return found.measured


def _wanted(order: int, levels: str) -> frag.Wanted:
    return frag.Wanted(order, levels, tlb.find_geometry(""), demand=0)


def of_order(kernel: Kernel, order: int) -> Levels:
    """The tool's own levels of an order, nothing asked for at any."""
    levels = _found(kernel, _wanted(order, ""))["levels"]
    reached = [level for level in levels if not level["unavailable"]]
    return Levels(len(reached),
                  max((abs(v["reached"] - v["asked"]) for v in reached), default=0),
                  max((v["seconds"] for v in reached), default=0.0),
                  tuple(v["unavailable"] for v in levels if v["unavailable"]),
                  all(not v["asked"] and "this machine is at" in v["unavailable"]
                      for v in levels if v["unavailable"]))


def of_rounds(kernel: Kernel) -> Rounds:
    """A level of 0.75 of order 9, ROUNDS times."""
    found = _found(kernel, replace(_wanted(9, "0.75"), rounds=ROUNDS))
    first, last = found["levels"][0], found["levels"][-1]
    return Rounds(found["missed"], 1 - last["free_after"] / first["free_before"],
                  1 - last["free_after"] / first["free_after"], found["events"]["oom_kill"]["value"])
