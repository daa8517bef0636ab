# SPDX-License-Identifier: GPL-2.0
"""A comparison of two kernels for machines, as JSON; report.py makes texts and pages of it."""

from __future__ import annotations

import dataclasses
from typing import Any

from . import gate_files, results, where
from .ab import Found, Job
from .errors import Code, Failed, KmbError
from .kernels import Kernel

_WORDS = {Code.GOOD: "pass", Code.FAILED: "fail", Code.BROKEN: "error", Code.CANNOT_TELL: "cannot tell"}


def _side(kernel: Kernel) -> dict[str, Any]:
    return {"label": kernel.label, "version": kernel.version}


def _rows(items: list[Any] | None) -> list[dict[str, Any]]:
    return [dataclasses.asdict(item) for item in items or []]


def _promises(found: Found) -> dict[str, Any] | None:
    if not found.promises:
        return None
    return {"broken": _rows(found.promises.broken), "mended": _rows(found.promises.mended),
            "both": found.promises.both, "passed": found.promises.passed}


def _exact(found: Found) -> dict[str, Any] | None:
    if not found.exact or not found.sides:
        return None
    return {"place": found.sides[0].place, "cells": found.exact.cells,
            "total": gate_files.change(found.exact.total),
            "changes": [gate_files.change(c) for c in found.exact.changes]}


def _where(found: Found) -> dict[str, Any] | None:
    if found.moves is None:
        return None
    return {"cells": found.moved_cells, "attributed": round(where.attributed(found.moves), 4),
            "moves": _rows(found.moves)}


def document(job: Job, found: Found, command: str) -> dict[str, Any]:
    """The content of ab.json, as results/schema.json describes it."""
    return {**results.header("kmbench-ab", None, command), "verdict": _WORDS[found.code()],
            "reason": found.sentence(), "base": _side(job.base), "new": _side(job.new),
            "parts": list(job.parts), "options": found.options, "promises": _promises(found),
            "exact": _exact(found), "where": _where(found),
            "told": [{"part": part, **row} for part, told in found.told.items()
                     for row in _rows(told)]}


def write(job: Job, found: Found, command: str) -> None:
    """Write ab.json into the run's directory; and what the gate writes, which has a line a
    cell."""
    results.write(job.run / "ab.json", document(job, found, command))
    if found.exact and found.sides:
        gate_files.write(job.run, found.exact, *found.sides, command)


def write_refusal(job: Job, error: KmbError, command: str) -> None:
    """The same where there is no comparison."""
    code = Code.CANNOT_TELL if isinstance(error, Failed) else error.code
    results.write(job.run / "ab.json", {
        **results.header("kmbench-ab", None, command), "verdict": _WORDS[code],
        "reason": str(error), "base": _side(job.base), "new": _side(job.new),
        "parts": list(job.parts), "options": [], "promises": None, "exact": None, "where": None, "told": []})
