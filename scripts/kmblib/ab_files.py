# SPDX-License-Identifier: GPL-2.0
"""A comparison of two kernels for machines, as JSON; report.py makes texts and pages of it."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from . import gate_files, results, where
from .ab import Found, Job
from .errors import Code, Failed
from .gate_report import Row
from .kernels import Kernel
from .noise_verdict import Verdict
from .paired import CANNOT_TELL, REGRESSION

# Between what is said of times and of all else.
_TIMES = "; times apart: "
_WORSE, _NEITHER = "worse by {:+.1f} %", "neither a regression nor its absence is shown"
_WORDS = {Code.GOOD: "pass", Code.FAILED: "fail", Code.BROKEN: "error", Code.CANNOT_TELL: "cannot tell"}


def _side(kernel: Kernel) -> dict[str, Any]:
    return {"label": kernel.label, "version": kernel.version, "source": kernel.origin}


def _sides(job: Job) -> tuple[str, str]:
    """As kcidb.py tells kernels apart."""
    return f"{_side(job.base)}", f"{_side(job.new)}"


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
                     for row in _rows(told)],
            "unavailable": [{"part": part, "reason": why} for part, why in found.unavailable.items()]}


def write(job: Job, found: Found, command: str) -> None:
    """Write ab.json into the run's directory; and what the gate writes, which has a line a cell,
    or where it does not come to that a line a case that is newly broken."""
    results.write(job.run / "ab.json", document(job, found, command))
    if found.exact and found.sides:
        gate_files.write(job.run, found.exact, *found.sides, command)
    elif found.promises:
        rows = [Row(f"{case.name}", case.reason or "it fails") for case in found.promises.broken]
        gate_files.put(job.run, rows or [Row("promises")], "", f"{found.sentence()}\n", _sides(job))


def write_times(job: Job, verdict: Verdict) -> None:
    """ab.json with the times, and what the gate writes: a line a figure that may fail."""
    _add_times(job.run, verdict.code(), verdict.sentence())
    rows = [Row(f"{row.cell}/{row.figure}", _WORSE.format(row.per_cent()[0]) if row.verdict == REGRESSION
                else "", (row.reason or _NEITHER) if row.verdict == CANNOT_TELL else "", row.new, "ticks")
            for row in verdict.rows if row.verdict]
    gate_files.put(job.run, rows, "no figure that may fail", f"{verdict.sentence()}\n", _sides(job))


def write_untimed(job: Job, error: Exception) -> None:
    """The same where no times were compared, or not yet."""
    code = _code(error)
    _add_times(job.run, code, str(error))
    gate_files.put(job.run, [], str(error), f"{_WORDS[code].upper()}: {error}\n", _sides(job))


def _code(error: Exception) -> Code:
    """What a comparison comes to that ends with an error: a kernel that breaks is compared with none."""
    return Code.CANNOT_TELL if isinstance(error, Failed) else getattr(error, "code", Code.BROKEN)


def _add_times(run: Path, code: Code, sentence: str) -> None:
    """Have ab.json say what comes of both, promises and times: it is read for the whole."""
    told = results.load(run / "ab.json")
    said = told["reason"].partition(_TIMES)[2] or told["reason"]
    results.write(run / "ab.json", {**told, "verdict": _WORDS[code], "reason": f"{sentence}{_TIMES}{said}"})


def write_refusal(job: Job, error: Exception, command: str) -> None:
    """The same where there is no comparison."""
    code = _code(error)
    results.write(job.run / "ab.json", {
        **results.header("kmbench-ab", None, command), "verdict": _WORDS[code],
        "reason": str(error), "base": _side(job.base), "new": _side(job.new),
        "parts": list(job.parts), "options": [], "promises": None, "exact": None, "where": None, "told": [],
        "unavailable": []})
    gate_files.put(job.run, [], str(error), f"{_WORDS[code].upper()}: {error}\n", _sides(job))
