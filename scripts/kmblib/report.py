# SPDX-License-Identifier: GPL-2.0
"""Plain text of a run, at most 72 columns, from its JSON files alone."""

from __future__ import annotations

import shlex
import textwrap
from pathlib import Path
from typing import Any

import jinja2

from . import results
from .errors import Broken, Code

WIDTH = 72
_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"
_PERCENTILES = ("p50", "p99")
# At most so many sizes fit beside the name of a context and its flags.
_SIZES_ABREAST = 5


def number(value: int | None) -> str:
    """A count in at most six characters; "-" where there is none."""
    if value is None:
        return "-"
    if value < 100_000:
        return str(value)
    for unit, scale in (("k", 1e3), ("M", 1e6), ("G", 1e9), ("T", 1e12), ("P", 1e15)):
        if value < 1000 * scale:
            return f"{value / scale:.4g}{unit}"
    return f"{value / 1e18:.4g}E"


def size(value: int) -> str:
    """Bytes, as 8 or 64K or 4M; never rounded."""
    for unit, scale in (("M", 1 << 20), ("K", 1 << 10)):
        if value >= scale and value % scale == 0:
            return f"{value // scale}{unit}"
    return str(value)


def wrap(text: str, indent: int = 0, hang: int = 0) -> str:
    """Fold to the width; continuation lines are indented by `hang` more."""
    return textwrap.fill(" ".join(text.split()), WIDTH, initial_indent=" " * indent,
                         subsequent_indent=" " * (indent + hang), break_on_hyphens=False)


def field(text: str, label: str) -> str:
    """A labelled text: the label in a column of its own, the text folded."""
    return textwrap.fill(" ".join(text.split()), WIDTH, initial_indent=f"{label:<13}",
                         subsequent_indent=" " * 13, break_on_hyphens=False)


def shell(text: str) -> str:
    """A command, folded so that it can still be pasted.

    Between words a backslash goes before the line's end; within quotes the
    line just ends, which for a list of names is as good as a space.
    """
    lines = [""]
    for word in shlex.split(text):
        quoted = textwrap.wrap(shlex.quote(word), WIDTH - 8, break_long_words=False,
                               break_on_hyphens=False)
        if lines[-1] and len(lines[-1]) + len(quoted[0]) > WIDTH - 8:
            lines[-1] += " \\"
            lines.append("")
        lines[-1] = f"{lines[-1]} {quoted[0]}".strip()
        lines.extend(quoted[1:])
    return "\n    ".join(lines)


def _three(cell: dict[str, Any] | None) -> list[str]:
    """p50, p99 and max of a cell, as shown."""
    if cell is None or cell["percentiles"] is None:
        return ["-", "-", "-"]
    peak = max(r["max"] for r in cell["repetitions"] if r["max"] is not None)
    return [number(cell["percentiles"][p]) for p in _PERCENTILES] + [number(peak)]


class Cells:
    """The cells of one boot, by their coordinates, in the order measured."""

    def __init__(self, boot: dict[str, Any]) -> None:
        self.cells = boot["measurement"]["measured"]["cells"]
        self._by = {(c["scenario"], c["context"], c["gfp"], c["size"]): c for c in self.cells}

    def names(self, field: str) -> list[Any]:
        """The values of a coordinate, in order of appearance."""
        return list(dict.fromkeys(c[field] for c in self.cells))

    def get(self, scenario: str, context: str, gfp: str, size_: int) -> dict[str, Any] | None:
        """The cell at these coordinates; None if it was not measured."""
        return self._by.get((scenario, context, gfp, size_))

    def places(self) -> list[tuple[str, str]]:
        """Pairs of context and flags."""
        return list(dict.fromkeys((c["context"], c["gfp"]) for c in self.cells))

    def sizes(self) -> list[int]:
        """All sizes, ascending."""
        return sorted(self.names("size"))

    def by_size(self, place: tuple[str, str], scenarios: list[str]) -> list[list[str]]:
        """A row a size: p50, p99, max of up to three scenarios at one place."""
        return [[size(s), *(text for name in scenarios
                            for text in _three(self.get(name, *place, s)))]
                for s in self.sizes()]

    def few_sizes(self) -> list[int]:
        """Some of the sizes, evenly spread, first and last among them."""
        sizes = self.sizes()
        if len(sizes) <= _SIZES_ABREAST:
            return sizes
        last = len(sizes) - 1
        return [sizes[i * last // (_SIZES_ABREAST - 1)] for i in range(_SIZES_ABREAST)]

    def by_place(self, scenario: str) -> list[list[str]]:
        """A row a context and flags: p50 of one scenario at a few sizes."""
        rows = []
        for place in self.places():
            cells = [self.get(scenario, *place, s) for s in self.few_sizes()]
            p50 = [number(c["percentiles"]["p50"]) if c and c["percentiles"] else "-"
                   for c in cells]
            rows.append([f"{place[0]} {place[1]}", *p50])
        return rows

    def overhead(self) -> dict[str, int]:
        """Empty loop and clock over all cells: smallest and largest sample."""
        seen = [r for c in self.cells for r in c["repetitions"]]
        return {f"{kind}_{end}": pick(r[kind][end] for r in seen)
                for kind in ("empty", "clock") for end, pick in (("min", min), ("max", max))}

    def nulls(self) -> list[tuple[str, int]]:
        """Cells in which kmalloc() returned NULL, and how often."""
        counts = [(c["name"], sum(r["failed"] for r in c["repetitions"])) for c in self.cells]
        return [row for row in counts if row[1]]


def _case_name(case: dict[str, str]) -> str:
    return "/".join(filter(None, (case["suite"], case["case"], case["parameter"])))


def _label(document: dict[str, Any], text: str) -> str:
    """A heading, which says so when a module stood in for KUnit."""
    return f"{text}, tested by a module" if document["environment"].get("guest") else text


def _why(cases: list[dict[str, str]], outcomes: tuple[str, ...]) -> list[str]:
    """Each distinct reason once, with the first case that gave it."""
    reasons: dict[str, str] = {}
    for case in cases:
        if case["outcome"] in outcomes:
            reasons.setdefault(case["reason"], _case_name(case))
    return [f"{name}: {reason}" for reason, name in reasons.items()]


def render(run: Path) -> str:
    """The report of a run that has some of kunit.json, ktap.json, bench.json."""
    documents = {kind: results.load(run / f"{kind}.json") if (run / f"{kind}.json").exists()
                 else None for kind in ("kunit", "ktap", "bench")}
    if not any(documents.values()):
        raise Broken(f"RUN={run}: neither kunit.json, ktap.json nor bench.json in it")
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    environment.filters.update(size=size, wrap=wrap, field=field, shell=shell)
    environment.globals.update(why=_why, label=_label, Cells=Cells)
    head = next(d for d in documents.values() if d)
    return environment.get_template("report.txt.j2").render(run=run.name, head=head, **documents)


def code(run: Path) -> Code:
    """What a run's verdicts come to."""
    verdicts = [results.load(f)["verdict"] for f in sorted(run.glob("*.json"))]
    if "fail" in verdicts:
        return Code.FAILED
    return Code.BROKEN if "error" in verdicts else Code.GOOD


def write(run: Path) -> str:
    """Render a run into its report.txt; returns the text."""
    text = render(run)
    (run / "report.txt").write_text(text)
    return text
