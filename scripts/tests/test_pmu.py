# SPDX-License-Identifier: GPL-2.0
"""Walks counted by a PMU: the table of events, the judgement and the report. From
a recorded run; a guest of its own is in test_guest_pmu.py."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from kmblib import build, pmu, pmu_counts, report, results
from kmblib.errors import Broken, Code
from kmblib.kernels import Kernel

Document = dict[str, Any]

# Where the kernel has the vendors' tables.
_TABLES = "tools/perf/pmu-events/arch"
_OWN = 0xffffffff
_FINGERPRINT = {
    "arch": "riscv64", "config_sha256": "0" * 64, "compiler": "gcc", "qemu": "QEMU",
    "accelerator": "tcg-icount", "accelerator_options": "", "why_not_kvm": "another",
    "clock": "virtual", "mem_mib": 512, "cpus": 1}


@pytest.fixture(name="counted")
def _counted(data: Path) -> Document:
    """The recorded run."""
    return pmu_counts.parse((data / "pmu.lines").read_text())


def _document(kernel: Kernel, counted: Document) -> Document:
    verdict, reason = pmu.judge(counted)
    return {**results.header("kmbench-pmu", kernel, "make tlb ARCH=riscv64"), **counted,
            "fingerprint": _FINGERPRINT, "cmdline": "x", "verdict": verdict, "reason": reason}


def _walk(counted: Document, state: str, pages: int = 1024) -> Document:
    """A walk in the order of the pages."""
    walk: Document
    walk, = (w for w in counted["walks"]
             if (w["pattern"], w["state"], w["pages"]) == ("stride", state, pages))
    return walk


def _misses(walk: Document, value: int) -> None:
    walk["counts"]["user"][pmu_counts.MISSES] = {"value": value}


def test_recorded_run_passes(counted: Document) -> None:
    """The control of those that are refused."""
    assert pmu.judge(counted) == ("pass", "")
    assert counted["pmu"]["name"] == "riscv64 in QEMU"
    assert len(counted["walks"]) == 8


def test_walk_over_half_of_the_pages_is_refused(counted: Document) -> None:
    """n/2 pages, said to be n: what was counted is not what was said."""
    for walk in counted["walks"]:
        walk.update(pages=2 * walk["pages"], loads=2 * walk["loads"])
    assert pmu.judge(counted) == (
        "fail", "stride over 2048 pages: a first walk misses 2048 times; 1024 were counted")


@pytest.mark.parametrize("once, again, text", [
    (1034, 1034, ""), (1014, 1014, ""),
    (1035, 1035, "a first walk misses 1024 times; 1035 were counted"),
    (1013, 1013, "a first walk misses 1024 times; 1013 were counted"),
    (1024, 1032, ""), (1024, 1000, ""),
    (1024, 1033, "8192 loads that follow it miss practically never; 9 misses were counted")])
def test_counts_are_held_against_the_walk(counted: Document, once: int, again: int,
                                          text: str) -> None:
    """One per cent for the first walk, next to nothing after it."""
    _misses(_walk(counted, "once"), once)
    _misses(_walk(counted, "again"), again)
    verdict, reason = pmu.judge(counted)
    assert (verdict, reason) == (("fail", f"stride over 1024 pages: {text}") if text else ("pass", ""))


def _kernel(counted: Document, kind: str) -> Document:
    counts: Document
    counts, = (w["counters"] for w in counted["kernel_walks"] if w["kind"] == kind)
    return counts


@pytest.mark.parametrize("kind, state, where, event, value, text", [
    ("vmalloc", "once", "inside", "dTLB-load-misses", 4055,
     "a first walk misses 4096 times; 4055 were counted"),
    ("vmalloc", "once", "inside", "dTLB-load-misses", 4137,
     "a first walk misses 4096 times; 4137 were counted"),
    ("vmalloc", "once", "outside", "dTLB-load-misses", 4000,
     "4104 misses were counted within the module, and only 4000 around it"),
    ("vmalloc", "once", "outside", "dTLB-load-misses", 4617,
     "4104 misses were counted within the module, and as many as 4617 around it"),
    ("vmalloc", "again", "inside", "dTLB-load-misses", 4200,
     "walks that follow it miss practically never; 96 misses were counted"),
    ("vmalloc", "again", "outside", "dTLB-load-misses", 4400,
     "walks that follow it miss practically never; 76 misses were counted through libperf"),
    ("vmalloc", "again", "outside", "instructions", 5000000,
     "instructions of the repeated passes: 1402368 from within the module, "),
    ("alloc_pages-0", "again", "inside", "dTLB-load-misses", 9999, "")])
def test_counts_of_the_module_are_held_against_its_walk(  # pylint: disable=too-many-arguments
        counted: Document, kind: str, state: str, where: str, event: str, value: int,
        text: str) -> None:
    """And against libperf's; addresses here and there drive each other out."""
    _kernel(counted, kind)[state][where][event] = {"value": value}
    verdict, reason = pmu.judge(counted)
    assert verdict == ("fail" if text else "pass")
    assert reason.startswith(f"{kind}, by the module: {text}" if text else "")


def test_half_of_the_comparison_is_none(counted: Document) -> None:
    """Where libperf counted nothing, nothing contradicts the module: of no kind, and of one alone."""
    for walk in reversed(counted["kernel_walks"]):
        walk["counters"]["again"]["outside"]["instructions"] = {"unavailable": "multiplexed"}
        assert pmu.judge(counted) == (
            "error", f"instructions of the kernel is unavailable, of {walk['kind']}: multiplexed")


def test_no_walk_of_the_module_cannot_be_told(counted: Document) -> None:
    """Nor one that counted nothing; a kind that could not be had is left out."""
    counted["kernel_walks"][0]["counters"] = {"unavailable": "Cannot allocate memory"}
    assert pmu.judge(counted) == ("pass", "")
    for walk in counted["kernel_walks"]:
        walk["counters"] = {"unavailable": "Cannot allocate memory"}
    first = counted["kernel_walks"][0]["kind"]
    assert pmu.judge(counted) == ("error", f"{first}: Cannot allocate memory")
    counted["kernel_walks"] = []
    assert pmu.judge(counted) == ("error", "kmbench.ko did not walk")


def test_what_was_not_counted_cannot_be_told(counted: Document) -> None:
    """With the reason; an event that nobody judges may be missing."""
    missing = {"unavailable": "ENOENT: none"}
    _walk(counted, "again")["counts"]["kernel"][pmu_counts.MISSES] = missing
    assert pmu.judge(counted)[0] == "pass"
    _walk(counted, "again")["counts"]["user"][pmu_counts.MISSES] = missing
    assert pmu.judge(counted) == (
        "error", "dTLB-load-misses is unavailable: ENOENT: none")


def test_too_few_pages_prove_nothing(counted: Document) -> None:
    """One per cent of them is less than a miss."""
    counted["walks"] = [walk for walk in counted["walks"] if walk["pages"] == 1024]
    for walk in counted["walks"]:
        walk["pages"] = 64
    assert pmu.judge(counted) == ("error", "no walk over 1024 pages or more")


@pytest.mark.parametrize("spoil, text", [
    (lambda lines: lines[1:], "0 PMUs and 8 walks"),
    (lambda lines: lines[:6], "1 PMUs and 0 walks"),
    (lambda lines: [*lines, "walk\tstride\t1024"], "has 3 fields, not 9"),
    (lambda lines: ["oops", *lines], "has 1 fields, not 9"),
    (lambda lines: [line for line in lines if "\tonce\t" not in line or line.startswith("walk")],
     "of kmalloc there is only again")])
def test_other_lines_are_refused(data: Path, spoil: Callable[[list[str]], list[str]],
                                 text: str) -> None:
    """Rather than read as something."""
    lines = spoil((data / "pmu.lines").read_text().splitlines())
    with pytest.raises(Broken, match=text):
        pmu_counts.parse("\n".join(lines))


def test_walk_without_its_other_half_is_refused(counted: Document) -> None:
    """A repeated walk is a difference of two."""
    del counted["walks"][1]
    with pytest.raises(Broken, match="no walk again for"):
        pmu.judge(counted)


def test_report_says_what_was_counted_and_that_it_is_no_hardware(
        kernel: Kernel, counted: Document, tmp_path: Path) -> None:
    """In 72 columns, with what repeats it."""
    results.write(tmp_path / "pmu.json", _document(kernel, counted))
    text = report.render(tmp_path)
    assert max(map(len, text.splitlines())) <= report.WIDTH
    text = " ".join(text.split())
    for line in ("PMU: what was walked was counted", "it is no measurement of hardware",
                 "stride 4M| 1024 1024 1.0000| 8192 0 0.0000",
                 "dTLB-load-misses (generic name): fills of QEMU's own TLB",
                 "vmalloc 4096| 4104 4324| 1 9", "(this PMU does not count user and kernel apart)", "make tlb ARCH=riscv64"):
        assert line in text
    assert report.code(tmp_path) == Code.GOOD


def test_report_says_what_was_not_counted(kernel: Kernel, counted: Document,
                                          tmp_path: Path) -> None:
    """And has no number in its place."""
    for walk in counted["walks"]:
        walk["counts"]["user"][pmu_counts.MISSES] = {"unavailable": "ENOENT: none"}
    results.write(tmp_path / "pmu.json", _document(kernel, counted))
    text = " ".join(report.render(tmp_path).split())
    assert "PMU: CANNOT TELL. dTLB-load-misses is unavailable: ENOENT: none" in text
    assert "stride 4M| 1024 - -| 8192 - -" in text
    assert report.code(tmp_path) == Code.BROKEN


@pytest.mark.parametrize("arch, geometry, expected", [
    ("", "", False), ("x86_64", "zen3", False), ("riscv64", "", True)])
def test_way_follows_the_architecture(arch: str, geometry: str, expected: bool) -> None:
    """The model, or the PMU."""
    assert pmu.wanted(arch, geometry) is expected


@pytest.mark.parametrize("arch, geometry, text", [
    ("arm64", "", "ARCH=arm64: make tlb knows x86_64 .* and riscv64"),
    ("um", "", "ARCH=um: make tlb knows x86_64 "), ("vax", "zen3", "ARCH=vax: make tlb knows "),
    ("riscv64", "zen3", "GEOMETRY=zen3 with ARCH=riscv64: no TLB is modelled there")])
def test_other_ways_are_refused(arch: str, geometry: str, text: str) -> None:
    """In one line, before anything is built."""
    with pytest.raises(Broken, match=f"^{text}[^\n]*$"):
        pmu.wanted(arch, geometry)


def test_c_library_of_the_cross_compiler_is_asked_for(tmp_path: Path,
                                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """A compiler that finds no header; the control is one that does."""
    for name, status in (("qemu-system-riscv64", 0), ("riscv64-linux-gnu-gcc", 1)):
        (tmp_path / name).write_text(f"#!/bin/sh\nexit {status}\n")
        (tmp_path / name).chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    with pytest.raises(Broken, match="apt-get install libc6-dev-riscv64-cross$"):
        pmu.require()
    (tmp_path / "riscv64-linux-gnu-gcc").write_text("#!/bin/sh\nexit 0\n")
    pmu.require()


@pytest.fixture(scope="module", name="table")
def _table(kernel: Kernel) -> list[tuple[list[str], list[list[str]]]]:
    """The rows of userspace/events_tlb.c, each with its events, as kmbench-pmu lists them."""
    program = build.tool(kernel, "pmu") / "kmbench-pmu"
    text = subprocess.run([program, "--list"], check=True, capture_output=True, text=True).stdout
    rows: list[tuple[list[str], list[list[str]]]] = []
    for line in text.splitlines():
        kind, *fields = line.split("\t")
        if kind == "pmu":
            rows.append((fields, []))
        else:
            rows[-1][1].append(fields)
    return rows


def _vendors(tree: Path) -> dict[str, set[int]]:
    """Numbers by name, of every event of a directory of pmu-events."""
    numbers: dict[str, set[int]] = {}
    for path in tree.glob("*.json"):
        events = json.loads(path.read_text())
        for event in events if isinstance(events, list) else ():
            code = event.get("EventCode")
            if code and "," not in code:
                number = int(code, 0) | int(event.get("UMask", "0"), 0) << 8 \
                    | int(event.get("CounterMask", "0"), 0) << 24
                numbers.setdefault(event["EventName"], set()).add(number)
    return numbers


def _strangers(events: list[list[str]], vendors: dict[str, set[int]]) -> list[str]:
    """The events of a row that its vendor's table has not, or not as they are here."""
    return [name for name, _, type_, config, _ in events
            if int(type_) == _OWN and int(config, 0) not in vendors.get(name, set())]


@pytest.mark.parametrize("name, directory", [
    ("Intel, Skylake to Ice Lake", "skylake"), ("Intel, Skylake to Ice Lake", "skylakex"),
    ("Intel, Skylake to Ice Lake", "cascadelakex"), ("Intel, Skylake to Ice Lake", "icelakex"),
    ("Intel, Sapphire Rapids and on", "sapphirerapids"),
    ("AMD Zen 2 and on", "amdzen2"), ("AMD Zen 2 and on", "amdzen3")])
def test_numbers_of_x86_are_the_vendors(kernel: Kernel, table: list[tuple[list[str], list[list[str]]]],
                                        name: str, directory: str) -> None:
    """As the kernel has them from them; a number that is off would be found."""
    events, = (events for row, events in table if row[0] == name)
    vendors = _vendors(kernel.source / _TABLES / "x86" / directory)
    assert len(events) > 8
    assert _strangers(events, vendors) == []
    planted = copy.deepcopy(events)
    planted[0][3] = hex(int(planted[0][3], 0) + 1)
    assert _strangers(planted, vendors) == [planted[0][0]]


def test_numbers_of_arm_are_the_architectures(
        kernel: Kernel, table: list[tuple[list[str], list[list[str]]]]) -> None:
    """Of the events that all its processors share."""
    events, = (events for row, events in table if row[0] == "Arm Neoverse")
    common = json.loads((kernel.source / _TABLES / "arm64/common-and-microarch.json").read_text())
    vendors = {e["EventName"]: {int(e["EventCode"], 0)} for e in common}
    assert _strangers(events, vendors) == []
    assert _strangers([["L1D_TLB", "own", str(_OWN), "0x26", ""]], vendors) == ["L1D_TLB"]


@pytest.mark.parametrize("directories, name", [
    (("skylake", "skylakex", "cascadelakex", "icelakex", "icelake", "tigerlake", "rocketlake"),
     "Intel, Skylake to Ice Lake"),
    (("sapphirerapids",), "Intel, Sapphire Rapids and on"),
    (("broadwell", "alderlake", "knightslanding", "amdzen1"), "")])
def test_cpus_are_those_of_the_kernels_map(
        kernel: Kernel, table: list[tuple[list[str], list[list[str]]]],
        directories: tuple[str, ...], name: str) -> None:
    """Every model that the kernel gives these tables has the row that has them."""
    text = (kernel.source / _TABLES / "x86/mapfile.csv").read_text()
    known = [row for row in table if row[0][0] != "unknown"]
    for pattern, directory in re.findall(r"^(\S+?),[^,]*,([^,]*),core", text, re.M):
        if directory in directories:
            cpus = [f"{maker}-{family}-{model:X}" for maker, family in
                    (("GenuineIntel", 6), ("AuthenticAMD", 23)) for model in range(0x100)]
            # Some name steppings, which no row of ours tells apart.
            matching = [c for c in cpus if any(re.fullmatch(pattern, f"{c}{step}") for step in
                                               ("", *(f"-{n:X}" for n in range(16))))]
            rows = {row[0] for c in matching for row, _ in known if re.search(row[2], c)}
            assert matching and rows == ({name} if name else set()), (directory, rows)


def test_plot_has_both_walks(counted: Document, kernel: Kernel, tmp_path: Path) -> None:
    """The same figures, the same bytes; what was not counted is no line."""
    def plotted(document: Document) -> str:
        pmu_counts.PmuCounts(document).plot(tmp_path / "pmu.svg")
        return (tmp_path / "pmu.svg").read_text()

    document = _document(kernel, counted)
    text = plotted(document)
    assert text == plotted(document)
    assert "<!-- first walk -->" in text and "<!-- repeated -->" in text
    for walk in counted["walks"]:
        if walk["state"] == "again":
            walk["counts"]["user"][pmu_counts.MISSES] = {"unavailable": "made up"}
    assert "<!-- repeated -->" not in plotted(document)
