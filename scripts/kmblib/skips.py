# SPDX-License-Identifier: GPL-2.0
"""Which cases may skip where, and why: the [[skip]] entries of matrix.toml.

A case that skips although no entry says so is a failure: a check that is not
made looks like one that passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from .ktap import Case
from .place import Place, Statement, declared, said


@dataclass(frozen=True)
class Rule(Statement):
    """Cases that may skip. sometimes: it depends on more than the place."""

    sometimes: bool

    def covers(self, case: Case) -> bool:
        """Whether this is one of the skips that are meant."""
        return self.speaks_of(case, "skip")


def rules(place: Place, path: Path | None = None) -> list[Rule]:
    """The rules that hold at a place."""
    found = [Rule(*said(entry), entry.get("sometimes", False)) for entry in declared("skip", path)]
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
            and any(rule.names(case) for case in seen)
            and not any(rule.covers(case) for case in seen)]
