# SPDX-License-Identifier: GPL-2.0
"""Which cases may skip where, and why: the [[skip]] entries of matrix.toml.

A case that skips although no entry says so is a failure: a check that is not
made looks like one that passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Iterable

from .ktap import Case
from .place import Place, Where, declared, names, where


@dataclass(frozen=True)
class Rule:
    """Cases that may skip.

    cases: globs of their names. reasons: globs of what they say. places: where.
    why: this is right there. sometimes: it depends on more than the place.
    """

    cases: tuple[str, ...]
    reasons: tuple[str, ...]
    places: Where
    why: str
    sometimes: bool

    def covers(self, case: Case) -> bool:
        """Whether this is one of the skips that are meant."""
        return (case.outcome == "skip"
                and any(fnmatchcase(case.reason, glob) for glob in self.reasons)
                and any(fnmatchcase(case.case, glob) for glob in self.cases))


def rules(place: Place, path: Path | None = None) -> list[Rule]:
    """The rules that hold at a place."""
    found = [Rule(names(entry["case"]), names(entry["reason"]), where(entry), entry["why"],
                  entry.get("sometimes", False)) for entry in declared("skip", path)]
    return [rule for rule in found if rule.places.holds(place)]


def unexpected(cases: Iterable[Case], allowed: list[Rule]) -> list[Case]:
    """The cases that skipped and should not have."""
    return [case for case in cases if case.outcome == "skip"
            and not any(rule.covers(case) for rule in allowed)]


def unused(cases: Iterable[Case], allowed: list[Rule]) -> list[str]:
    """Skips that are declared for just this place and did not happen: notes.

    Perhaps the entry is out of date, or the feature was not really absent.
    """
    seen = list(cases)
    return [f"{' '.join(rule.cases)}: may skip here ({rule.why}), and did not"
            for rule in allowed if not rule.sometimes
            and any(fnmatchcase(case.case, glob) for case in seen for glob in rule.cases)
            and not any(rule.covers(case) for case in seen)]
