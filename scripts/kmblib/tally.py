# SPDX-License-Identifier: GPL-2.0
"""Counting what was checked: passed, failed, skipped, with names."""

from __future__ import annotations

import sys
from dataclasses import dataclass

from .errors import Code


@dataclass
class Tally:
    """Results so far. Only what really ran is counted as passed or failed."""

    passed: int = 0
    failed: int = 0
    skipped: int = 0

    def add(self, name: str, problem: str = "") -> None:
        """Count one check; a problem makes it a failure and is printed."""
        if problem:
            self.failed += 1
            print(f"FAIL {name}\n" + "".join(f"     {line}\n" for line in problem.splitlines()),
                  end="", file=sys.stderr, flush=True)
        else:
            self.passed += 1
            print(f"ok   {name}", file=sys.stderr, flush=True)

    def skip(self, name: str, absent: str) -> None:
        """Count one check that could not run, for want of a named feature."""
        self.skipped += 1
        print(f"skip {name}: {absent}", file=sys.stderr, flush=True)

    def line(self) -> str:
        """The closing line that CI reads."""
        skipped = f", {self.skipped} skipped" if self.skipped else ""
        return f"{self.passed} passed, {self.failed} failed{skipped}"

    def code(self) -> Code:
        """Good only if something passed and nothing failed."""
        return Code.GOOD if self.passed and not self.failed else Code.FAILED
