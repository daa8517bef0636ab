# SPDX-License-Identifier: GPL-2.0
"""What a kernel is known to break: the [[known]] entries of matrix.toml.

`make kunit` is red there, as it should be. The matrix, which asks whether anything
else is wrong, would be red for ever, and nobody would see the next fault in it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Iterable

from .ktap import Case, Log
from .place import Place, Where, declared, names, where


@dataclass(frozen=True)
class Breach:
    """Cases that fail because of the kernel.

    cases: globs of their names. reasons: globs of what they say. places: where.
    why: what is wrong with the kernel.
    """

    cases: tuple[str, ...]
    reasons: tuple[str, ...]
    places: Where
    why: str

    def covers(self, case: Case) -> bool:
        """Whether this is one of the failures that are meant; a death is none."""
        return (case.outcome == "fail"
                and any(fnmatchcase(case.case, glob) for glob in self.cases)
                and any(fnmatchcase(case.reason, glob) for glob in self.reasons))


def known(place: Place, path: Path | None = None) -> list[Breach]:
    """What is known of a place."""
    found = [Breach(names(entry["case"]), names(entry["reason"]), where(entry), entry["why"])
             for entry in declared("known", path)]
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
