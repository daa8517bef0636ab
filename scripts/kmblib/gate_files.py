# SPDX-License-Identifier: GPL-2.0
"""A verdict of the exact gate for machines: JSON, KTAP with a line a cell, JUnit's XML, and
KernelCI's kcidb; and what else is compared, in these forms."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from . import gate_page, gate_report, kcidb, report, results
from .baseline import Baseline
from .errors import Code
from .gate import Change, Verdict
from .gate_report import Row
from .page import Fields, Page, Section

_WORDS = {0: "pass", 1: "fail", 3: "cannot tell"}
_DUE = "a new baseline is due"
# What XML cannot say, as a console may have it.
_UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")


def change(change_: Change) -> dict[str, Any]:
    """A figure that is not the same, as results/schema.json describes it."""
    return {"cell": change_.cell, "figure": change_.figure, "base": change_.base,
            "new": change_.new, "ops": change_.ops, "beyond": change_.beyond,
            "limited": change_.limited, "worse": change_.worse()}


def _side(side: Baseline) -> dict[str, Any]:
    return {"label": side.label["kernel"], "version": side.label["version"], "place": side.place}


def document(verdict: Verdict, base: Baseline, new: Baseline, command: str) -> dict[str, Any]:
    """The content of gate.json, as results/schema.json describes it."""
    return {**results.header("kmbench-gate", None, command),
            "verdict": _WORDS[verdict.code()], "reason": verdict.sentence(),
            "base": _side(base), "new": _side(new), "cells": verdict.cells,
            "total": change(verdict.total), "changes": [change(c) for c in verdict.changes]}


def _said(changes: list[Change], cell: str) -> str:
    """What moved beyond its limit in a cell, in a line; "" where nothing did."""
    return "; ".join(f"{c.figure} {gate_report.each(c.base, c.ops)} to "
                     f"{gate_report.each(c.new, c.ops)}" for c in changes if c.cell == cell)


def _number(figures: dict[str, int] | None) -> tuple[float | None, str]:
    """What one operation takes; None of what is no cell."""
    return (figures["insns"] / (figures["ops"] or 1), "instructions") if figures else (None, "")


def rows_of(verdict: Verdict, new: Baseline) -> list[Row]:
    """A row a cell, sorted, and one of all together. What is better than a base that is not kept
    is good, and no more is said of it here."""
    worse, better = verdict.regressions(), verdict.improvements() if verdict.stored else []
    names = [*sorted({*new.cells, *(c.cell for c in verdict.changes)}), verdict.total.cell]
    said = {name: _said(better, name) for name in names}
    return [Row(name, _said(worse, name), text and f"better, {_DUE}: {text}", *_number(new.cells.get(name)))
            for name, text in said.items()]


def _lines(nr: int, row: Row) -> list[str]:
    name = row.name.replace(" ", "_")
    if row.worse:
        return [f"# {row.worse}", f"not ok {nr} {name}"]
    return [f"ok {nr} {name}" + (f" # SKIP {row.unclear}" if row.unclear else "")]


def ktap(rows: list[Row], reason: str) -> str:
    """KTAP, version 1. What is unclear is no pass. reason: why there is no row."""
    plan = f"1..{len(rows)}" + ("" if rows else f" # SKIP {reason}")
    body = [line for nr, row in enumerate(rows, 1) for line in _lines(nr, row)]
    return "\n".join(["KTAP version 1", plan, *body]) + "\n"


def _case(suite: ElementTree.Element, name: str, failure: str, error: str) -> None:
    case = ElementTree.SubElement(suite, "testcase", classname="gate", name=name)
    if failure or error:
        ElementTree.SubElement(case, "failure" if failure else "error", message=failure or error)


def junit(rows: list[Row], reason: str) -> str:
    """The same as JUnit has it, a test case a row; what cannot be told is an error."""
    worse = sum(bool(row.worse) for row in rows)
    unclear = sum(bool(row.unclear and not row.worse) for row in rows)
    suite = ElementTree.Element("testsuite", name="kmbench gate", tests=str(len(rows) or 1),
                                failures=str(worse), errors=str(unclear if rows else 1))
    for row in rows:
        _case(suite, row.name, row.worse, row.unclear)
    if not rows:
        _case(suite, "comparison", "", reason)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def text_of(told: dict[str, Any]) -> str:
    """The report of gate.json without what is another one each time: when, and by which command."""
    return report.rendered(Page(f"kmalloc() on {gate_page.subject(told)}", gate_page.verdict(told), [], [
        Section("Base and new", [Fields(gate_page.measured_on(told))]), *gate_page.sections(told),
        *gate_page.appendix(told)]), "text", "")


def put(run: Path, rows: list[Row], reason: str, text: str, sides: kcidb.Sides) -> None:
    """Write gate.ktap, gate.xml, gate.kcidb and gate.txt, whatever was judged. reason: why there
    is no row."""
    reason = _UNPRINTABLE.sub("?", reason)
    for name, content in (
            ("gate.ktap", ktap(rows, reason)), ("gate.xml", junit(rows, reason)), ("gate.txt", text),
            ("gate.kcidb", json.dumps(kcidb.document(rows, sides, reason), indent=1) + "\n")):
        aside = run / f"{name}.part"
        aside.write_text(content)
        os.replace(aside, run / name)


def write(run: Path, verdict: Verdict, base: Baseline, new: Baseline, command: str) -> None:
    """Write gate.json, gate.ktap, gate.xml and gate.txt into a run's directory."""
    told = document(verdict, base, new, command)
    results.write(run / "gate.json", told)
    put(run, rows_of(verdict, new), "", text_of(told), (base.text(), new.text()))


def write_refusal(run: Path, error: Exception, command: str) -> None:
    """The same where there is nothing to compare, or no figures; or nothing could be built."""
    code = getattr(error, "code", Code.BROKEN)
    reason, word = str(error), "error" if code == Code.BROKEN else "cannot tell"
    results.write(run / "gate.json", {
        **results.header("kmbench-gate", None, command), "verdict": word, "reason": reason, "base": None, "new": None, "cells": 0, "total": None, "changes": []})
    put(run, [], reason, f"{word.upper()}: {reason}\n", (command, reason))
