# SPDX-License-Identifier: GPL-2.0
"""What else the machine did while two virtual machines ran: told, and never a reason to leave
a round out, which would choose the rounds by their result."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from pathlib import Path

from .errors import CannotTell

_PROC = Path("/proc")
_TOPOLOGY = Path("/sys/devices/system/cpu")
# Above which a round is flagged: per cent of time, and switches a second of one QEMU.
STEAL_MAX = 1.0
SWITCHES_MAX = 50.0
# Of a line of /proc/stat: user nice system idle iowait irq softirq steal; what follows is
# part of user and nice.
_FIELDS, _STEAL = 8, 7


def _siblings(cpu: int, topology: Path) -> str:
    try:
        return (topology / f"cpu{cpu}/topology/thread_siblings_list").read_text().strip()
    except OSError:
        return str(cpu)


def two_cores(allowed: set[int] | None = None, topology: Path = _TOPOLOGY) -> tuple[tuple[int, int], str]:
    """Processors for two virtual machines, and how they share the machine, for people.

    The last ones, as the first one has most of the interrupts; of different cores where there
    are some. CannotTell where there is one alone. allowed: as this process may run on.
    """
    cpus = sorted(os.sched_getaffinity(0) if allowed is None else allowed, reverse=True)
    if len(cpus) < 2:
        raise CannotTell(f"{len(cpus)} processor: two virtual machines side by side need one each, or "
                         "each measures the other; use a machine with two, or CLOCK=virtual")
    one = cpus[0]
    apart = [c for c in cpus[1:] if _siblings(c, topology) != _siblings(one, topology)]
    other = (apart or cpus[1:])[0]
    about = "on a core each" if apart else "on two threads of one core: each slows the other down"
    return (min(one, other), max(one, other)), f"{about} (CPUs {min(one, other)} and {max(one, other)})"


def times(cpus: tuple[int, ...], proc_: Path = _PROC) -> tuple[int, int]:
    """Ticks that these processors were stolen, and all their ticks, since the boot."""
    stolen = total = 0
    for line in (proc_ / "stat").read_text().splitlines():
        match = re.fullmatch(r"cpu(\d+)((?: \d+)+)", line)
        if match and int(match[1]) in cpus:
            ticks = list(map(int, match[2].split()))[:_FIELDS]
            stolen, total = stolen + (ticks[_STEAL] if len(ticks) > _STEAL else 0), total + sum(ticks)
    return stolen, total


def steal(before: tuple[int, int], after: tuple[int, int]) -> float:
    """Per cent of the time between two times()."""
    total = after[1] - before[1]
    return 100 * (after[0] - before[0]) / total if total > 0 else 0.0


def involuntary(pid: int, proc_: Path = _PROC) -> int:
    """Involuntary context switches of all threads that a process has."""
    found = 0
    for status in (proc_ / str(pid) / "task").glob("*/status"):
        # A thread may end meanwhile.
        with suppress(OSError):
            match = re.search(r"^nonvoluntary_ctxt_switches:\s+(\d+)$", status.read_text(), re.M)
            found += int(match[1]) if match else 0
    return found


def affinity(pid: int, proc_: Path = _PROC) -> set[int]:
    """Processors on which any thread of a process may run."""
    found: set[int] = set()
    for thread in (proc_ / str(pid) / "task").glob("[0-9]*"):
        with suppress(OSError):
            found |= os.sched_getaffinity(int(thread.name))
    return found


def flags(steal_: float, switches: tuple[int, int], seconds: float) -> tuple[str, ...]:
    """What disturbed a round, in words."""
    found = [f"steal {steal_:.1f} %"] if steal_ > STEAL_MAX else []
    for side, count in zip(("base", "new"), switches):
        if count > SWITCHES_MAX * seconds:
            found.append(f"{side}: {count / seconds:.0f} involuntary switches a second")
    return tuple(found)
