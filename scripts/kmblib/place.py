# SPDX-License-Identifier: GPL-2.0
"""Where a suite runs, and what kunit/matrix.toml declares for which places."""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from .errors import Broken
from .farm import REPO
from .ktap import Case

DECLARED = REPO / "kunit/matrix.toml"


def version(text: str) -> tuple[int, int]:
    """Major and minor number of a kernel, from its name or its whole version."""
    match = re.match(r"(\d+)\.(\d+)", text)
    if not match:
        raise Broken(f"{text!r} is no version of a kernel; write it as 6.12")
    return int(match[1]), int(match[2])


@dataclass(frozen=True)
class Place:
    """Where a suite runs.

    version: of the kernel, major and minor. arch: as in ARCH=, or "module" for
    the suites as a module of a stock kernel. config: as in CONFIG=.
    """

    version: tuple[int, int]
    arch: str
    config: str


def _among(name: str, globs: tuple[str, ...]) -> bool:
    wanted = [glob for glob in globs if not glob.startswith("!")] or ["*"]
    return (any(fnmatchcase(name, glob) for glob in wanted)
            and not any(fnmatchcase(name, glob[1:]) for glob in globs if glob.startswith("!")))


@dataclass(frozen=True)
class Where:
    """Some places: those that match a glob of each kind, in a range of versions.

    A glob after a "!" takes away. since: the first version, before: the first
    that is no longer meant.
    """

    arch: tuple[str, ...] = ("*",)
    config: tuple[str, ...] = ("*",)
    since: tuple[int, int] = (0, 0)
    before: tuple[int, int] = (999, 0)

    def holds(self, place: Place) -> bool:
        """Whether a place is one of them."""
        return (_among(place.arch, self.arch) and _among(place.config, self.config)
                and self.since <= place.version < self.before)


_PLACE_KEYS = ("arch", "config", "since", "before")


def names(value: Any) -> tuple[str, ...]:
    """One name or a list of them, as TOML gives it."""
    return (value,) if isinstance(value, str) else tuple(str(v) for v in value)


def where(entry: dict[str, Any]) -> Where:
    """The places that an entry of the file speaks of; all if it names none."""
    return Where(names(entry.get("arch", "*")), names(entry.get("config", "*")),
                 version(entry.get("since", "0.0")), version(entry.get("before", "999.0")))


@dataclass(frozen=True)
class Statement:
    """What is said of some cases where they have one outcome.

    cases: globs of their names. reasons: globs of what they say. places: where. why: the
    reason for it.
    """

    cases: tuple[str, ...]
    reasons: tuple[str, ...]
    places: Where
    why: str

    def names(self, case: Case) -> bool:
        """Whether the case is one of them, whatever became of it."""
        return any(fnmatchcase(case.case, glob) for glob in self.cases)

    def speaks_of(self, case: Case, outcome: str) -> bool:
        """Whether the case came out so, and says what is meant."""
        return (case.outcome == outcome and self.names(case)
                and any(fnmatchcase(case.reason, glob) for glob in self.reasons))


def said(entry: dict[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...], Where, str]:
    """The parts of a Statement, from an entry of the file."""
    return names(entry["case"]), names(entry["reason"]), where(entry), str(entry["why"])


_TABLES = {"row": ("arch", "config"), "skip": ("case", "reason", "why"),
           "without": ("option", "why"), "known": ("case", "reason", "why")}
_OPTIONAL = {"skip": ("sometimes",), "without": ("instead",)}


def _check(path: Path, table: str, entry: dict[str, Any]) -> None:
    known = (*_TABLES[table], *_OPTIONAL.get(table, ()), *_PLACE_KEYS)
    for key in entry:
        if key not in known:
            raise Broken(f"{path}: [[{table}]] has no key {key}; there are: {' '.join(known)}")
    for key in _TABLES[table]:
        if not entry.get(key):
            raise Broken(f"{path}: [[{table}]] without {key}: {entry}")


def declared(table: str, path: Path | None = None) -> list[dict[str, Any]]:
    """The entries of one table of the file, in order, with only known keys."""
    path = path or DECLARED
    try:
        document = tomllib.loads(path.read_text())
    except tomllib.TOMLDecodeError as error:
        raise Broken(f"{path}: {error}") from error
    for name in document:
        if name not in _TABLES:
            raise Broken(f"{path}: no table {name}; there are: {' '.join(_TABLES)}")
    entries: list[dict[str, Any]] = document.get(table, [])
    for entry in entries:
        _check(path, table, entry)
    return entries
