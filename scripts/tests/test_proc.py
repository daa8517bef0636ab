# SPDX-License-Identifier: GPL-2.0
"""Children that never outlive the command: who may start one, and until when."""

from __future__ import annotations

import subprocess
import sys

from kmblib import farm

# In a process of its own, as what is closed stays closed.
_LATE = """
from kmblib import errors, proc
with proc.child(["sleep", "60"]) as early:
    if {closed}:
        proc.kill_children()
        print("early:", early.wait())
    try:
        with proc.child(["true"]) as late:
            print("late:", late.wait())
    except errors.CannotTell as error:
        print(error)
"""


def _said(closed: bool) -> list[str]:
    done = subprocess.run([sys.executable, "-c", _LATE.format(closed=closed)], check=True,
                          cwd=farm.REPO / "scripts", capture_output=True, text=True, timeout=60)
    return done.stdout.splitlines()


def test_nobody_starts_after_the_end() -> None:
    """A thread that is about to start a guest when Ctrl-C comes must not."""
    assert _said(closed=True) == ["early: -9", "interrupted"]


def test_somebody_starts_before_it() -> None:
    """The control of the test above."""
    assert _said(closed=False) == ["late: 0"]
