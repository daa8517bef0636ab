# SPDX-License-Identifier: GPL-2.0
"""What files and reports of a gate have in common: a row of what is judged, a figure as text."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """What is judged by itself: a cell, all of them together, a case of the suites. worse: what is;
    unclear: why that cannot be told; "" for nothing. value: that of the new kernel, in unit; None
    where it is no number."""

    name: str
    worse: str = ""
    unclear: str = ""
    value: float | None = None
    unit: str = ""


def each(value: int, ops: int) -> str:
    """A figure for each operation, in at most eight characters."""
    of = value / (ops or 1)
    return f"{of:.2f}" if of < 100_000 else f"{of:.0f}"
