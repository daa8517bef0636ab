# SPDX-License-Identifier: GPL-2.0
"""How long a report of many cells takes, how large it is, and how long the text of a
comparison is."""

from __future__ import annotations

import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from . import proc, report, specimens
from .farm import REPO

CELLS = 500
# Goals.
SECONDS, BYTES, LINES = 5.0, 2_000_000, 60


@dataclass(frozen=True)
class Figures:
    """seconds, busy: of the whole command that writes the page of CELLS cells, by the wall
    clock and of the processor. bytes: of that page. lines: of a comparison's text before its
    full tables."""

    seconds: float
    busy: float
    bytes: int
    lines: int


def _page(run: Path, out: Path) -> tuple[float, float]:
    """Seconds by the wall clock, and of the processor, as time(1) has them."""
    start = time.monotonic()
    done = subprocess.run(
        ["/usr/bin/python3", "-c", "import resource, subprocess, sys; subprocess.run(sys.argv[1:], "
         "check=True); used = resource.getrusage(resource.RUSAGE_CHILDREN); "
         "print(used.ru_utime + used.ru_stime)",
         str(REPO / "scripts/report"), "--run", str(run), "--format", "html", "--out", str(out)],
        check=True, capture_output=True, env=proc.clean_env())
    return time.monotonic() - start, float(done.stdout)


def measure() -> Figures:
    """Of runs that are made of recordings."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        top = Path(name)
        run, out = specimens.large(top / "runs", CELLS), top / "report.html"
        seconds, busy = _page(run, out)
        text = report.render(specimens.ab_run(top / "ab"))
        return Figures(seconds, busy, out.stat().st_size,
                       len(text.partition("\nAll that ")[0].splitlines()))
