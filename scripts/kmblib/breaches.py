# SPDX-License-Identifier: GPL-2.0
"""What a kernel is known to break: the [[known]] entries of matrix.toml.

`make kunit` is red there, as it should be. The matrix, which asks whether anything
else is wrong, would be red for ever, and nobody would see the next fault in it.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Iterable

from .ktap import Case, Log
from .place import Place, Statement, declared, said


class Breach(Statement):
    """Cases that fail because of the kernel."""

    def covers(self, case: Case) -> bool:
        """Whether this is one of the failures that are meant; a death is none."""
        return self.speaks_of(case, "fail")


def known(place: Place, path: Path | None = None) -> list[Breach]:
    """What is known of a place."""
    found = [Breach(*said(entry)) for entry in declared("known", path)]
    return [breach for breach in found if breach.places.holds(place)]


def covered(cases: Iterable[Case], breaches: list[Breach]) -> list[Case]:
    """The failures that are known."""
    return [case for case in cases if any(breach.covers(case) for breach in breaches)]


def without(log: Log, breaches: list[Breach]) -> Log:
    """A log as it were without them. They are why kunit.py finds it bad, unless something
    is "not ok" without a failure in it."""
    gone = covered(log.cases, breaches)
    return replace(log, cases=tuple(case for case in log.cases if case not in gone),
                   sound=log.sound or (bool(gone) and not log.unexplained))


def missing(cases: Iterable[Case], breaches: list[Breach]) -> str:
    """Why an entry is out of date: nothing failed as it says. "" if none is."""
    seen = list(cases)
    for breach in breaches:
        if not any(breach.covers(case) for case in seen):
            return (f"{' '.join(breach.cases)}: does not fail, but a [[known]] of "
                    f"kunit/matrix.toml says that it does ({breach.why})")
    return ""
