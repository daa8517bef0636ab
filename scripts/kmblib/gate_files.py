# SPDX-License-Identifier: GPL-2.0
"""A verdict of the exact gate for machines: JSON, KTAP with a line a cell, JUnit's XML."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from . import gate_report, results
from .baseline import Baseline
from .gate import Change, Verdict

_WORDS = {0: "pass", 1: "fail", 3: "cannot tell"}


def _change(change: Change) -> dict[str, Any]:
    return {"cell": change.cell, "figure": change.figure, "base": change.base, "new": change.new,
            "ops": change.ops, "beyond": change.beyond, "worse": change.worse()}


def _side(side: Baseline) -> dict[str, Any]:
    return {"label": side.label["kernel"], "version": side.label["version"], "place": side.place}


def document(verdict: Verdict, base: Baseline, new: Baseline, command: str) -> dict[str, Any]:
    """The content of gate.json, as results/schema.json describes it."""
    return {**results.header("kmbench-gate", None, command),
            "verdict": _WORDS[verdict.code()], "reason": verdict.sentence(),
            "base": _side(base), "new": _side(new), "cells": verdict.cells,
            "total": _change(verdict.total), "changes": [_change(c) for c in verdict.changes]}


def _said(changes: list[Change]) -> str:
    """What moved beyond its limit in a cell, in a line."""
    return "; ".join(f"{c.figure} {gate_report.each(c.base, c.ops)} to "
                     f"{gate_report.each(c.new, c.ops)}" for c in changes)


def _beyond(verdict: Verdict, names: list[str]) -> list[tuple[str, str]]:
    """A line a cell, and one of all together: its name, and what is worse; "" for nothing."""
    worse = verdict.regressions()
    return [(name, _said([c for c in worse if c.cell == name]))
            for name in [*names, verdict.total.cell]]


def ktap(verdict: Verdict, names: list[str]) -> str:
    """KTAP, version 1: a line a cell, and one of all together."""
    rows = _beyond(verdict, names)
    lines = [f"{'not ok' if said else 'ok'} {nr} {name.replace(' ', '_')}"
             for nr, (name, said) in enumerate(rows, 1)]
    notes = [f"# {said}" if said else "" for _name, said in rows]
    body = [text for pair in zip(notes, lines) for text in pair if text]
    return "\n".join(["KTAP version 1", f"1..{len(rows)}", *body]) + "\n"


def junit(verdict: Verdict, names: list[str]) -> str:
    """The same as JUnit has it, a test case a cell."""
    rows = _beyond(verdict, names)
    suite = ElementTree.Element("testsuite", name="kmbench gate", tests=str(len(rows)),
                                failures=str(sum(bool(said) for _name, said in rows)))
    for name, said in rows:
        case = ElementTree.SubElement(suite, "testcase", classname="gate", name=name)
        if said:
            ElementTree.SubElement(case, "failure", message=said)
    ElementTree.indent(suite)
    return ElementTree.tostring(suite, encoding="unicode", xml_declaration=True) + "\n"


def write(run: Path, verdict: Verdict, base: Baseline, new: Baseline, command: str) -> None:
    """Write gate.json, gate.ktap, gate.xml and gate.txt into a run's directory."""
    names = sorted(base.cells)
    results.write(run / "gate.json", document(verdict, base, new, command))
    for name, text in (("gate.ktap", ktap(verdict, names)), ("gate.xml", junit(verdict, names)),
                       ("gate.txt", gate_report.render(verdict, base, new))):
        aside = run / f"{name}.part"
        aside.write_text(text)
        os.replace(aside, run / name)
