# SPDX-License-Identifier: GPL-2.0
"""The benchmark under perf: what is read, the judgement and the report. From a recorded
run; a guest of its own is in test_guest_perf.py."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kmblib import perf, perf_host, report, results
from kmblib.errors import Broken
from kmblib.kernels import Kernel

_FINGERPRINT = {
    "arch": "x86_64", "config_sha256": "0" * 64, "compiler": "gcc", "qemu": "QEMU",
    "accelerator": "tcg-icount", "accelerator_options": "", "why_not_kvm": "another",
    "clock": "virtual", "mem_mib": 1024, "cpus": 1}


@pytest.fixture(name="files")
def _files(data: Path) -> dict[str, str]:
    """What a guest found."""
    return {path.name: path.read_text() for path in (data / "perf").iterdir()}


def _replaced(files: dict[str, str], name: str, old: str, new: str) -> dict[str, str]:
    assert old in files[name]
    return {**files, name: files[name].replace(old, new)}


def test_recorded_run_passes(files: dict[str, str]) -> None:
    """The control of those that are refused: of a pair 9 repetitions of (32 + 128 + 128)
    calls, and of the largest size of (1 + 2 + 2)."""
    found = perf.compare(files)
    assert (found["verdict"], found["reason"]) == ("pass", "")
    assert found["module"] == {"calls": 9 * 288 + 9 * 5,
                               "requested": 9 * 288 * 64 + 9 * 5 * 65536, "uncounted": []}
    assert {s["function"] for s in found["sites"] if s["counted"]} == {"each_pair", "all_pair"}


def test_module_that_counts_one_more_is_contradicted(files: dict[str, str]) -> None:
    """A repetition of the document says a call more than perf saw."""
    found = perf.compare(_replaced(files, "kmem.json", '"allocs":288', '"allocs":289'))
    assert found["verdict"] == "fail" and "perf kmem saw 2637 calls" in found["reason"]


def test_calls_of_another_size_are_contradicted(files: dict[str, str]) -> None:
    """As many calls, but a byte more in each."""
    found = perf.compare(_replaced(files, "kmem.json", '"size":64', '"size":65'))
    assert found["verdict"] == "fail" and "bytes of the loops" in found["reason"]


def test_lost_events_are_no_verdict(files: dict[str, str]) -> None:
    """A ring buffer that was full: as counted, or as complained of."""
    for name, line, least in (("stats.txt", "            LOST events:          3  ( 0.1%)", 3),
                              ("stats.txt", "    LOST_SAMPLES events:          2", 2),
                              ("kmem.txt", "Processed 8719 samples and lost 12.50%!", 1)):
        found = perf.compare({**files, name: f"{files[name]}\n{line}\n"})
        assert (found["verdict"], found["lost"]) == ("cannot tell", least)
        assert f"lost events, {least} at least" in found["reason"]


def test_calls_that_are_not_counted_are_no_verdict(files: dict[str, str]) -> None:
    """A scenario of which the module says nothing."""
    found = perf.compare(_replaced(files, "kmem.json", '"allocs":288', '"allocs":null'))
    assert found["verdict"] == "cannot tell" and " of pair; leave" in found["reason"]
    files["stat.json"] = files["stat.json"].replace('"allocs":288', '"allocs":null')
    events = {e["event"]: e["ours"] for e in perf.compare(files)["events"]}
    assert "value" not in events["kmem:kmalloc"] and "value" in events["kmem:kfree"]


@pytest.mark.parametrize("name, old, new, said", [
    ("stat.csv", ";kmem:kfree;", ";kmem:other;", "no line of kmem:kfree"),
    ("kmem.txt", "Total bytes freed", "Totals", "no totals"),
    ("kmem.txt", " | ", " ! ", "no call from kmbench.ko"),
    ("kallsyms.txt", " t ", " d ", "no addresses of kmbench.ko"),
    ("kallsyms.txt", "ffffffff", "00000000", "no addresses of kmbench.ko"),
    ("module.txt", "0xffffffff", "0x00000000 ", "no addresses of kmbench.ko"),
    ("stat.csv", ";msec;", "x;msec;", "no number"),
])
def test_what_is_missing_is_named(files: dict[str, str], name: str, old: str, new: str,
                                  said: str) -> None:
    """A perf of another version may write otherwise."""
    with pytest.raises(Broken, match=said):
        perf.compare(_replaced(files, name, old, new))


def test_address_behind_the_module_is_of_none_of_its_functions(files: dict[str, str]) -> None:
    """Nor is one before it: as of the kernel, and of a module that was loaded later."""
    module = perf.module_at(files["kallsyms.txt"], files["module.txt"])
    assert [module.function(at) for at in (module.starts[0] - 1, module.end)] == ["", ""]
    assert module.function(module.end - 1) and module.function(module.starts[0])


@pytest.mark.parametrize("function", ["ring_work", "ring_produce", "kmb_work_crowd", "each_alloc"])
def test_functions_of_all_scenarios_that_are_counted_are_known(function: str) -> None:
    """Also of those that take several processors; the set-up of a file is none."""
    files = {"kmem": f" 0x{16:x} | 64/64 | 64/64 | 1 | 0 | 0%\n"}
    module = perf.Module([16], [f"{function}.isra.0"], 32)
    assert perf.sites(files["kmem"], module)[0]["counted"]
    assert not perf.sites(files["kmem"], perf.Module([16], ["kmb_open"], 32))[0]["counted"]


def test_results_that_are_no_archive() -> None:
    """As a guest that was cut off leaves them."""
    with pytest.raises(Broken, match="no archive"):
        perf.unpacked(b"kmbench")


def test_counters_stand_beside_ours(files: dict[str, str]) -> None:
    """perf sees at least what the cells did; what has no PMU is not 0."""
    events: dict[str, dict[str, Any]] = {e["event"]: e for e in perf.compare(files)["events"]}
    assert list(events) == list(perf.EVENTS)
    for name in ("kmem:kmalloc", "kmem:kfree"):
        ours = events[name]["ours"]["value"]
        assert 0 < ours <= events[name]["perf"]["value"] <= 1.2 * ours
    assert events["cycles"]["perf"] == {"unavailable": "perf stat: <not supported>"}
    assert "unavailable" in events["cycles"]["ours"]
    assert events["task-clock"]["ours"] is None


def test_two_kinds_of_processors_are_one_machine(files: dict[str, str]) -> None:
    """Of an event that both count the sum, of one that only one counts that one's."""
    files["stat.csv"] = files["stat.csv"].replace(
        "<not supported>;;cycles;", "7;;cpu_core/cycles/;\n<not counted>;;cpu_atom/cycles/;").replace(
        "<not supported>;;instructions;", "7;;armv8_cortex_a53/instructions/;\n4;;armv8_cortex_a73/instructions/;")
    events = {e["event"]: e["perf"] for e in perf.compare(files)["events"]}
    assert (events["cycles"], events["instructions"]) == ({"value": 7}, {"value": 11})
    assert events["dTLB-load-misses"] == {"unavailable": "perf stat: <not supported>"}


def test_only_texts_are_taken(tmp_path: Path) -> None:
    """perf may have left a directory of its own beside them."""
    (tmp_path / ".debug").mkdir()
    (tmp_path / "stat.csv").write_text("x")
    assert perf_host._found(tmp_path) == {"stat.csv": "x"}


def test_report_says_that_it_was_the_running_machine(files: dict[str, str], tmp_path: Path) -> None:
    """As WHERE=host writes it; no QEMU is named."""
    host = {"arch": "x86_64", "config_sha256": "0" * 64, "compiler": "gcc", "accelerator": "none",
            "clock": "real", "mem_mib": 1024, "cpus": 2, "governors": [], "forced": ["a debug kernel"]}
    results.write(tmp_path / "perf.json", {
        **results.header("kmbench-perf", None, "sudo make perf WHERE=host"),
        "kernel": {"label": "6.1.0", "version": "6.1.0", "origin": "running"},
        "fingerprint": host, **perf.compare(files)})
    text = report.write(tmp_path)
    assert "no virtual machine, cpufreq governor none" in text and "QEMU" not in text
    assert "distorted, as a debug kernel" in text


def test_report_has_both_counts(files: dict[str, str], kernel: Kernel, tmp_path: Path) -> None:
    """As text."""
    document = {**results.header("kmbench-perf", kernel, "make perf"),
                "fingerprint": _FINGERPRINT, **perf.compare(files)}
    results.write(tmp_path / "perf.json", document)
    text = report.write(tmp_path)
    assert "Verdict: good (perf)." in text and "2637 calls of" in text
    assert json.loads((tmp_path / "perf.json").read_text())["lost"] == 0
    assert "cycles, instructions, dTLB-load-misses: perf stat: <not" in text
