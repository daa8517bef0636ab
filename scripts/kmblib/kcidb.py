# SPDX-License-Identifier: GPL-2.0
"""A verdict of the exact gate as KernelCI's database takes it: kcidb, schema 5.3. Each cell is a
test with a number; who submits it puts its own origin and build in place of ours."""

from __future__ import annotations

import hashlib
import re
from typing import Any

from .gate_report import Row

ORIGIN = "kmbench"
VERSION = {"major": 5, "minor": 3}

# What base and new are, in words that no other kernel has, nor another one's figures.
Sides = tuple[str, str]


def _id(*parts: str) -> str:
    """Unique among all of this origin, and the same for the same content."""
    return f"{ORIGIN}:{hashlib.sha256(chr(0).join(parts).encode()).hexdigest()[:32]}"


def _path(cell: str) -> str:
    """A cell's name, in the letters that a path may have."""
    return ".".join(re.sub(r"[^\w-]", "-", part) for part in (ORIGIN, *cell.split("/")))


def _status(row: Row) -> str:
    """What is unclear is no verdict on the kernel."""
    return "FAIL" if row.worse else "DONE" if row.unclear else "PASS"


def _test(row: Row, base: str, build: str) -> dict[str, Any]:
    number = {} if row.value is None else {"number": {"value": row.value, "unit": row.unit}}
    said = {"comment": row.worse or row.unclear} if row.worse or row.unclear else {}
    return {"id": _id(build, base, row.name), "build_id": build, "origin": ORIGIN,
            "path": _path(row.name), "status": _status(row), **number, **said}


def document(rows: list[Row], sides: Sides, reason: str) -> dict[str, Any]:
    """A test a row; where there is no comparison, one that could not be made. reason: why. One
    kernel has one build, and against each base tests of its own."""
    base, new = sides
    build = _id(new)
    tests = [_test(row, base, build) for row in rows] or [
        {"id": _id(build, base, "comparison"), "build_id": build, "origin": ORIGIN,
         "path": f"{ORIGIN}.comparison", "status": "MISS", "comment": reason}]
    return {"version": VERSION, "tests": tests}
