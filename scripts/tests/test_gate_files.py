# SPDX-License-Identifier: GPL-2.0
"""What the exact gate writes for machines."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema
import pytest
from kmblib import baseline, gate, gate_files, kcidb, report, results
from kmblib.baseline import Baseline
from kmblib.errors import Broken, CannotTell, Code

_CELL = "pair/task/GFP_KERNEL/64"


@pytest.fixture(name="base")
def _base() -> Baseline:
    """A committed one."""
    return baseline.load(sorted(baseline.BASELINES.glob("*.txt"))[0])


def _slower(base: Baseline) -> Baseline:
    """One instruction more in one cell."""
    figures = base.cells[_CELL]
    return replace(base, cells={**base.cells, _CELL: {**figures, "insns": figures["insns"] + figures["ops"]}})


def _written(run: Path, base: Baseline, new: Baseline) -> Path:
    gate_files.write(run, gate.compare(base, new), base, new, "make gate")
    return run


def test_a_cell_that_is_slower_is_named(base: Baseline, tmp_path: Path) -> None:
    """In each form, and it alone."""
    run = _written(tmp_path, base, _slower(base))
    document = results.load(run / "gate.json")
    assert document["verdict"] == "fail" and document["cells"] == len(base.cells)
    assert [(c["cell"], c["figure"], c["new"] - c["base"]) for c in document["changes"]] == [
        (_CELL, "insns", base.cells[_CELL]["ops"])]
    red = [line for line in (run / "gate.ktap").read_text().splitlines() if line.startswith("not ok")]
    assert len(red) == 1 and red[0].endswith(f" {_CELL}")
    failed = ElementTree.parse(run / "gate.xml").getroot().findall("testcase[failure]")
    assert [case.get("name") for case in failed] == [_CELL]
    assert _CELL in (run / "gate.txt").read_text()


def test_the_same_is_all_green(base: Baseline, tmp_path: Path) -> None:
    """The control: a line a cell and one for their sum, twenty times the same bytes."""
    run = _written(tmp_path, base, base)
    assert results.load(run / "gate.json")["verdict"] == "pass"
    ktap = (run / "gate.ktap").read_text()
    assert ktap.startswith(f"KTAP version 1\n1..{len(base.cells) + 1}\nok 1 ")
    assert "not ok" not in ktap
    suite = ElementTree.parse(run / "gate.xml").getroot()
    assert (suite.get("tests"), suite.get("failures")) == (str(len(base.cells) + 1), "0")
    files = ("gate.ktap", "gate.xml", "gate.txt")
    first = [(run / name).read_bytes() for name in files]
    for _again in range(19):
        assert [(_written(tmp_path, base, base) / name).read_bytes() for name in files] == first


def test_what_is_better_is_no_failure(base: Baseline, tmp_path: Path) -> None:
    """It asks for a new baseline: neither pass nor fail, in any form."""
    run = _written(tmp_path, _slower(base), base)
    assert results.load(run / "gate.json")["verdict"] == "cannot tell"
    ktap = (run / "gate.ktap").read_text()
    assert "not ok" not in ktap and f"{_CELL} # SKIP better, a new baseline is due: insns" in ktap
    suite = ElementTree.parse(run / "gate.xml").getroot()
    assert (suite.get("failures"), suite.get("errors")) == ("0", "1")


def test_refusal_is_no_success(tmp_path: Path) -> None:
    """In any form, with the reason: not the same as a gate that never ran."""
    gate_files.write_refusal(tmp_path, CannotTell("not comparable: why"), "make gate")
    document = results.load(tmp_path / "gate.json")
    assert (document["verdict"], document["reason"]) == ("cannot tell", "not comparable: why")
    assert (tmp_path / "gate.ktap").read_text() == "KTAP version 1\n1..0 # SKIP not comparable: why\n"
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot()
    assert (suite.get("tests"), suite.get("errors")) == ("1", "1")
    assert (tmp_path / "gate.txt").read_text() == "CANNOT TELL: not comparable: why\n"


def test_what_a_console_may_have_is_no_xml(tmp_path: Path) -> None:
    """Of a reason that has it the file is well-formed."""
    gate_files.write_refusal(tmp_path, CannotTell("it said \x1b[31mpanic\x00"), "make gate")
    case, = ElementTree.parse(tmp_path / "gate.xml").getroot()
    assert "it said ?[31mpanic?" in ElementTree.tostring(case, encoding="unicode")


def test_broken_set_up_is_said_in_each_form(tmp_path: Path) -> None:
    """A tree that does not build, for one: a CI system that finds no file shows nothing."""
    gate_files.write_refusal(tmp_path, Broken("mm/slub.c:1: error"), "make gate")
    assert results.load(tmp_path / "gate.json")["verdict"] == "error"
    assert 'message="mm/slub.c:1: error"' in (tmp_path / "gate.xml").read_text()
    assert report.code(tmp_path) == Code.BROKEN and "mm/slub.c:1: error" in report.write(tmp_path)


def test_ktap_is_what_the_kernel_reads(base: Baseline, kunit_py: Path, tmp_path: Path) -> None:
    """By the parser of kunit.py."""
    _written(tmp_path, base, _slower(base))
    cases = len(base.cells) + 1
    assert f"Ran {cases} tests: passed: {cases - 1}, failed: 1" in _parsed(kunit_py, tmp_path)


def _parsed(kunit_py: Path, run: Path) -> str:
    done = subprocess.run(["/usr/bin/python3", kunit_py, "parse", run / "gate.ktap"], check=False,
                          capture_output=True, text=True)
    return done.stdout


def test_file_that_is_no_verdict_is_refused(base: Baseline, tmp_path: Path) -> None:
    """The schema has an eye on it."""
    run = _written(tmp_path, base, base)
    (run / "gate.json").write_text((run / "gate.json").read_text().replace('"pass"', '"perhaps"'))
    with pytest.raises(Broken, match="not valid at verdict"):
        results.load(run / "gate.json")


# What schema 5.3 of kcidb-io says of a document and of a test in it, as far as we fill it.
_KCIDB_ID = r"^[a-z0-9_]+:.*$"
_KCIDB = {
    "type": "object", "required": ["version"], "additionalProperties": False,
    "properties": {
        "version": {"const": {"major": 5, "minor": 3}},
        "tests": {"type": "array", "items": {
            "type": "object", "required": ["build_id", "id", "origin"], "additionalProperties": False,
            "properties": {
                "id": {"type": "string", "pattern": _KCIDB_ID},
                "build_id": {"type": "string", "pattern": _KCIDB_ID},
                "origin": {"type": "string", "pattern": "^[a-z0-9_]+$"},
                "path": {"type": "string", "pattern": r"^([a-zA-Z0-9_-]+(\.[a-zA-Z0-9_-]+)*)?$"},
                "status": {"enum": ["FAIL", "ERROR", "MISS", "PASS", "DONE", "SKIP"]},
                "comment": {"type": "string"},
                "number": {"type": "object", "required": ["value"], "additionalProperties": False,
                           "properties": {"value": {"type": "number"}, "unit": {"type": "string"},
                                          "prefix": {"enum": ["metric", "binary"]}}}}}}}}


def _kcidb(base: Baseline, new: Baseline) -> list[dict[str, Any]]:
    document = kcidb.document(gate_files.rows_of(gate.compare(base, new), new), (base.text(), new.text()), "")
    jsonschema.validate(document, _KCIDB)
    tests: list[dict[str, Any]] = document["tests"]
    return tests


def test_kcidb_has_a_number_a_cell(base: Baseline) -> None:
    """Instructions of an operation, under a path that the schema takes; one cell is worse."""
    slower = _slower(base)
    tests = _kcidb(base, slower)
    assert len({t["id"] for t in tests}) == len(tests) == len(base.cells) + 1
    worse, = (t for t in tests if t["status"] == "FAIL" and "number" in t)
    figures = slower.cells[_CELL]
    assert worse["path"] == "kmbench.pair.task.GFP_KERNEL.64"
    assert worse["number"] == {"value": figures["insns"] / figures["ops"], "unit": "instructions"}
    assert {t["status"] for t in _kcidb(slower, base)} == {"PASS", "DONE"}
    # Against another base it is another test, of the same build.
    again = _kcidb(slower, slower)
    assert not {t["id"] for t in tests} & {t["id"] for t in again}
    assert {t["build_id"] for t in tests} == {t["build_id"] for t in again}


def test_kcidb_says_what_could_not_be_compared() -> None:
    """That is no pass."""
    document = kcidb.document([], ("6.1", "6.12"), "not comparable: qemu")
    jsonschema.validate(document, _KCIDB)
    other = kcidb.document([], ("6.1", "7.3"), "not comparable: qemu")
    assert document["tests"][0]["id"] != other["tests"][0]["id"]
    assert [(t["status"], t["comment"]) for t in document["tests"]] == [("MISS", "not comparable: qemu")]
