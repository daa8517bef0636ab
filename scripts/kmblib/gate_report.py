# SPDX-License-Identifier: GPL-2.0
"""A verdict of the exact gate as plain text, at most 72 columns."""

from __future__ import annotations

from dataclasses import dataclass

from . import gate
from .baseline import Baseline
from .templates import environment

# Changes that are shown; the largest come first.
_MOST = 20


@dataclass(frozen=True)
class Row:
    """What is judged by itself: a cell, all of them together, a case of the suites. worse: what is;
    unclear: why that cannot be told; "" for nothing."""

    name: str
    worse: str = ""
    unclear: str = ""


def each(value: int, ops: int) -> str:
    """A figure for each operation, in at most eight characters."""
    of = value / (ops or 1)
    return f"{of:.2f}" if of < 100_000 else f"{of:.0f}"


def render(verdict: gate.Verdict, base: Baseline, new: Baseline) -> str:
    """The sentence, what was compared, and what moved."""
    templates = environment()
    templates.filters["each"] = each
    return templates.get_template("gate.txt.j2").render(v=verdict, base=base, new=new, most=_MOST)
