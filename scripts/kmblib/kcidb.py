# SPDX-License-Identifier: GPL-2.0
"""A verdict of the exact gate as KernelCI's database takes it: kcidb, schema 5.3. Each cell is a
test with a number; who submits it puts its own origin and build in place of ours."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from .baseline import Baseline
from .gate_report import Row

ORIGIN = "kmbench"
VERSION = {"major": 5, "minor": 3}


def _id(*parts: str) -> str:
    """Unique among all of this origin, and the same for the same content."""
    return f"{ORIGIN}:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"


def _path(cell: str) -> str:
    """A cell's name, in the letters that a path may have."""
    return ".".join(re.sub(r"[^\w-]", "-", part) for part in (ORIGIN, *cell.split("/")))


def _status(row: Row) -> str:
    """What is unclear is no verdict on the kernel."""
    return "FAIL" if row.worse else "DONE" if row.unclear else "PASS"


def _number(figures: dict[str, int]) -> dict[str, Any]:
    return {"value": figures["insns"] / (figures["ops"] or 1), "unit": "instructions"}


def _test(row: Row, new: Baseline | None, build: str) -> dict[str, Any]:
    number = {"number": _number(new.cells[row.name])} if new and row.name in new.cells else {}
    said = {"comment": row.worse or row.unclear} if row.worse or row.unclear else {}
    return {"id": _id(build, row.name), "build_id": build, "origin": ORIGIN,
            "path": _path(row.name), "status": _status(row), **number, **said}


def document(rows: list[Row], new: Baseline | None, reason: str) -> dict[str, Any]:
    """A test a row; where there is no comparison, one that could not be made. reason: why."""
    build = _id(new.text()) if new else _id(reason, *(f"{row}" for row in rows))
    tests = [_test(row, new, build) for row in rows] or [
        {"id": _id(build, "comparison"), "build_id": build, "origin": ORIGIN,
         "path": f"{ORIGIN}.comparison", "status": "MISS", "comment": reason}]
    return {"version": VERSION, "tests": tests}
