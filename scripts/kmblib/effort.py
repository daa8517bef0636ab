# SPDX-License-Identifier: GPL-2.0
"""How long work takes by itself, on a machine that others may keep busy."""

from __future__ import annotations

import os
import re
import time
from pathlib import Path

_PRESSURE = Path("/proc/pressure/cpu")
_STARVED = re.compile(r"^some .*\btotal=(\d+)$", re.M)


def starved(pressure: Path = _PRESSURE) -> float:
    """Seconds since the boot in which a task had to wait for a processor.

    0.0 where the kernel does not say, without CONFIG_PSI or with psi=0.
    """
    try:
        match = _STARVED.search(pressure.read_text())
    except OSError:
        return 0.0
    return int(match[1]) / 1e6 if match else 0.0


def _used() -> float:
    """Seconds of all processors that children have used that were waited for."""
    times = os.times()
    return times.children_user + times.children_system


class Effort:
    """The time that children take since it was made."""

    def __init__(self) -> None:
        self._wall, self._starved, self._used = time.monotonic(), starved(), _used()

    def seconds(self) -> float:
        """Seconds by the wall clock, without those in which a processor was waited for.

        Not less than what the children have used takes, shared among all processors:
        they wait for each other, too.
        """
        return own(time.monotonic() - self._wall, starved() - self._starved,
                   _used() - self._used, os.cpu_count() or 1)


def own(wall: float, waited: float, used: float, processors: int) -> float:
    """Seconds of work by itself: see Effort.seconds(); never more than `wall`.

    used: of all `processors` together, as a build keeps all of them busy.
    """
    return min(wall, max(used / processors, wall - waited))
