# SPDX-License-Identifier: GPL-2.0
"""Results files: valid and whole, or not there."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any, Callable

import pytest
from kmblib import report, results
from kmblib.errors import Broken, Code
from kmblib.kernels import Kernel

Document = dict[str, Any]


@pytest.fixture(name="bench")
def _bench(data: Path) -> Document:
    """A recorded bench.json."""
    document: Document = json.loads((data / "bench.json").read_text())
    return document


@pytest.fixture(name="runs")
def _runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty results/runs."""
    monkeypatch.setattr(results, "RUNS", tmp_path / "runs")
    return tmp_path / "runs"


def _cell(document: Document) -> Document:
    cell: Document = document["boots"][0]["measurement"]["measured"]["cells"][0]
    return cell


def _repetition(document: Document) -> Document:
    repetition: Document = _cell(document)["repetitions"][0]
    return repetition


@pytest.mark.parametrize("name", ["bench.json", "kunit.json", "measurement.json"])
def test_recorded_file_is_valid_and_survives_writing(data: Path, tmp_path: Path, name: str) -> None:
    """The control of all that are refused below."""
    document = results.load(data / name)
    results.write(tmp_path / name, document)
    assert results.load(tmp_path / name) == document
    assert [p.name for p in tmp_path.iterdir()] == [name]


def _set(at: Callable[[Document], Document], **fields: Any) -> Callable[[Document], None]:
    return lambda document: at(document).update(fields)


def _fingerprint(document: Document) -> Document:
    fingerprint: Document = document["fingerprint"]
    return fingerprint


def _without(at: Callable[[Document], Document], field: str) -> Callable[[Document], None]:
    def without(document: Document) -> None:
        del at(document)[field]

    return without


def _top(document: Document) -> Document:
    return document


_SOILED = {
    "unknown format": _set(_top, format="something else"),
    "unknown field": _set(_top, unknown=1),
    "unknown verdict": _set(_top, verdict="good"),
    "digest too short": _set(_fingerprint, config_sha256="abc"),
    "text for a number": _set(_fingerprint, mem_mib="512"),
    "size of 0": _set(_cell, size=0),
    "no repetition": _set(_cell, repetitions=[]),
    "one percentile": _set(_cell, percentiles={"p50": 1}),
    "unavailable without a reason": _set(_cell, counters={"cycles": {"unavailable": ""}}),
    "bare counter": _set(_cell, counters={"cycles": 0}),
    "counted and unavailable": _set(_cell, counters={"cycles": {"value": 0, "unavailable": "x"}}),
    "empty counter": _set(_cell, counters={"cycles": {}}),
    "negative count": _set(_repetition, count=-1),
    "broken number": _set(_repetition, sum=1.5),
    "empty bucket": _set(_repetition, histogram=[[1, 0]]),
    "bucket of three": _set(_repetition, histogram=[[1, 2, 3]]),
    "no verdict": _without(_top, "verdict"),
    "no counters": _without(_cell, "counters"),
    "no failed": _without(_repetition, "failed"),
}


@pytest.mark.parametrize("name", _SOILED)
def test_invalid_document_is_refused_and_nothing_left(
        bench: Document, tmp_path: Path, name: str) -> None:
    """A field that is missing, unknown, of another type or out of range."""
    before = copy.deepcopy(bench)
    _SOILED[name](bench)
    assert bench != before
    with pytest.raises(Broken, match="^bench.json: not valid at "):
        results.write(tmp_path / "bench.json", bench)
    assert not list(tmp_path.iterdir())


def test_place_of_what_is_invalid_is_named(bench: Document) -> None:
    """Down to the field."""
    _repetition(bench)["count"] = -1
    with pytest.raises(Broken, match="^x: not valid at boots/0/measurement/measured/cells/0/"
                       "repetitions/0/count: -1 is less than the minimum of 0$"):
        results.check(bench, "x")


@pytest.mark.parametrize("counter", [{"value": 0}, {"unavailable": "no PMU"}])
def test_counter_of_zero_is_legal_and_so_is_none(bench: Document, counter: Document) -> None:
    """They are two things: zero was counted, or nothing could be."""
    _cell(bench)["counters"] = {"cycles": counter}
    results.check(bench, "x")


def test_refused_document_does_not_touch_the_one_before(bench: Document, tmp_path: Path) -> None:
    """Written whole or not at all."""
    results.write(tmp_path / "bench.json", bench)
    with pytest.raises(Broken):
        results.write(tmp_path / "bench.json", {**bench, "verdict": "good"})
    assert results.load(tmp_path / "bench.json") == bench


@pytest.mark.parametrize("value", [
    {}, [], {"a": {}}, {"a": [1, {"b": [[[[[[1, 2]]]]]]}], "c": None}, [[], [[]], ""],
    {"quote\"": "\u00fc\n"}, 1, "text", True,
])
def test_layout_is_the_same_json(value: Any) -> None:
    """It is for people and diffs; no value changes."""
    assert json.loads(results._layout(value)) == value


def test_repetition_is_one_line(bench: Document) -> None:
    """So that a diff of two runs can be read."""
    lines = [line for line in results._layout(bench).splitlines() if '"histogram"' in line]
    assert lines and all('"repetitions"' in line for line in lines)
    assert results._layout(bench).count("\n") > 60


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "{}", '{"format": "kmbench-bench"}'])
def test_broken_file_is_named(tmp_path: Path, text: str) -> None:
    """Cut off, empty, or something else."""
    (tmp_path / "bench.json").write_text(text)
    with pytest.raises(Broken, match=f"^{tmp_path}/bench.json: not "):
        results.load(tmp_path / "bench.json")


def test_missing_file_is_named(tmp_path: Path) -> None:
    """The system's own words."""
    with pytest.raises(Broken, match=f"^{tmp_path}/bench.json: No such file or directory; "):
        results.load(tmp_path / "bench.json")


def test_file_that_is_no_text_is_named(tmp_path: Path) -> None:
    """As a disk with errors gives it."""
    (tmp_path / "bench.json").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(Broken, match=f"^{tmp_path}/bench.json: not JSON: "):
        results.load(tmp_path / "bench.json")


def test_command_that_repeats_it_is_one_that_there_is(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Of a checkout make's; of the package, which has no Makefile, its own."""
    given = {"WHERE": "host", "SCENARIOS": "a b", "FORCE": "1", "RUN": ""}
    assert results.command_of("bench", **given) == "make bench WHERE=host SCENARIOS='a b' FORCE=1"
    (tmp_path / "version.txt").write_text("1\n")
    monkeypatch.setattr(results, "_VERSION", tmp_path / "version.txt")
    assert results.command_of("bench", **given) == \
        "kmbench-suite bench --where host --scenarios 'a b' --force"


def test_no_results_at_all(runs: Path) -> None:
    """What to do is said."""
    with pytest.raises(Broken, match=f"^no results in {runs}; `make run` makes some$"):
        results.find_run("")
    with pytest.raises(Broken, match="^no RUN=x; there are none yet$"):
        results.find_run("x")


def test_run_is_found_by_name_by_path_or_as_the_newest(runs: Path, data: Path) -> None:
    """A newer one in which nothing was measured does not count."""
    for name in ("20260101-000000-6.1", "20260102-000000-6.1", "20260103-000000-6.1"):
        (runs / name).mkdir(parents=True)
    for name in ("20260101-000000-6.1", "20260102-000000-6.1"):
        (runs / name / "bench.json").write_bytes((data / "bench.json").read_bytes())
    assert results.find_run("") == runs / "20260102-000000-6.1"
    assert results.find_run("20260101-000000-6.1") == runs / "20260101-000000-6.1"
    assert results.find_run(str(runs / "20260101-000000-6.1")) == runs / "20260101-000000-6.1"
    with pytest.raises(Broken, match="^no RUN=x; there are: 20260101-000000-6.1 2026"):
        results.find_run("x")


def test_run_without_results_is_taken_away(runs: Path, kernel: Kernel) -> None:
    """One with a file is kept: the control."""
    with results.new_run(kernel) as empty:
        assert empty.is_dir()
    assert not empty.exists()
    with pytest.raises(Broken), results.new_run(kernel) as full:
        (full / "console.log").write_text("why")
        raise Broken("x")
    assert full.is_dir() and full.parent == runs


def test_two_runs_in_one_second_do_not_share(runs: Path, kernel: Kernel) -> None:
    """Neither overwrites the other."""
    with results.new_run(kernel) as first, results.new_run(kernel) as second:
        assert first != second and {first, second} == set(runs.iterdir())


@pytest.mark.parametrize("kunit, bench, code", [
    ("pass", "pass", Code.GOOD), ("fail", "pass", Code.FAILED), ("pass", "fail", Code.FAILED),
    ("error", "fail", Code.FAILED), ("pass", "error", Code.BROKEN)])
def test_worst_verdict_is_the_run_s(data: Path, tmp_path: Path, kunit: str, bench: str,
                                    code: Code) -> None:
    """What `make report` exits with."""
    for name, verdict in (("kunit", kunit), ("bench", bench)):
        results.write(tmp_path / f"{name}.json",
                      {**results.load(data / f"{name}.json"), "verdict": verdict})
    assert report.code(tmp_path) == code
