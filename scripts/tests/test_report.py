# SPDX-License-Identifier: GPL-2.0
"""The report: everything that a reviewer needs, in 72 columns of plain text."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from pathlib import Path
from typing import Any, Callable

import pytest
from kmblib import cells, report, results
from kmblib.errors import Broken

Document = dict[str, Any]
Change = Callable[[Document, Document], None]


@pytest.fixture(name="rendered")
def _rendered(data: Path, tmp_path: Path) -> Callable[[Change], str]:
    """The report of the recorded run, after a change to it."""

    def rendered(change: Change) -> str:
        kunit, bench = (results.load(data / f"{name}.json") for name in ("kunit", "bench"))
        change(kunit, bench)
        for name, document in (("kunit", kunit), ("bench", bench)):
            if document:
                results.write(tmp_path / f"{name}.json", document)
        return report.render(tmp_path)

    return rendered


def _case(kunit: Document, nr: int, outcome: str, reason: str, which: int = 0) -> None:
    promise = next(p for p in kunit["promises"] if p["nr"] == nr)
    promise["cases"][which].update(outcome=outcome, reason=reason)
    promise["outcome"] = {"fail": "failed", "error": "error", "skip": "held"}[outcome]
    if outcome != "skip":
        kunit.update(verdict="fail", reason=f"{promise['cases'][which]['suite']}: {reason}")


def _cells(bench: Document) -> list[Document]:
    return [c for b in bench["boots"] for c in b["measurement"]["measured"]["cells"]]


def _nothing(_kunit: Document, _bench: Document) -> None:
    pass


def _fails(kunit: Document, bench: Document) -> None:
    _case(kunit, 2, "fail", "promise 2 C: size 64: expected alignment to 64, got " + "8 " * 60)
    _case(kunit, 39, "error", "died here")
    _case(kunit, 12, "skip", "init_on_alloc is on", 3)
    kunit["controls"][0].update(outcome="fail", reason="the planted fault was not found")
    bench.update(verdict="fail", reason="the guest hung: no verdict after 600 s; its last line: x")
    del bench["boots"][1]


def _no_samples(_kunit: Document, bench: Document) -> None:
    for cell in _cells(bench)[:1]:
        cell["percentiles"] = None
        for r in cell["repetitions"]:
            r.update(count=0, failed=cell["iterations"], sum=0, min=None, max=None, histogram=[])


def _few_samples(_kunit: Document, bench: Document) -> None:
    for cell in _cells(bench):
        cell["percentiles"].update({"p99": None, "p99.9": None, "p99.99": None})


def _huge(_kunit: Document, bench: Document) -> None:
    for cell in _cells(bench):
        cell["percentiles"] = {k: 10 ** 12 + 7 for k in cell["percentiles"]}
        for r in cell["repetitions"]:
            r["max"] = 10 ** 13


def _long_names(kunit: Document, bench: Document) -> None:
    for document in (kunit, bench):
        document["kernel"].update(label="my-linux-tree-with-a-rather-long-name", version="7.3.4-rc1"
                                  "-next-20261122-with-a-very-long-extraversion and a word more", origin="tree")
        document["command"] = ("make bench KDIR='/home/me/my linux' SCENARIOS='" + " ".join(
            ["pair/task/GFP_KERNEL/64", "free/softirq/GFP_ATOMIC/*"] * 8) + "' MEM=512M CPUS=1")
    for cell in _cells(bench):
        cell.update(context="hardirq", gfp="GFP_KERNEL_ACCOUNT|__GFP_ZERO", steady=False,
                    scenario="burst1024-shuffled", cpus=128)


def _foreign(kunit: Document, bench: Document) -> None:
    """Letters of two and three bytes, a wide one, and a byte that is no letter."""
    for document in (kunit, bench):
        document["kernel"].update(label="linux-m\u00fcller-\u65e5\u672c", origin="tree")
        document["command"] = "make bench KDIR='/home/jos\u00e9/linux \u65e5\udcff' MEM=512M"
    _case(kunit, 2, "fail", "expected \u2264 64 \u2014 got \U0001f600")


_CHANGES: dict[str, Change] = {
    "as recorded": _nothing, "failing": _fails, "no samples": _no_samples, "huge": _huge,
    "few samples": _few_samples,
    "long names": _long_names, "foreign letters": _foreign,
    "no boot": lambda _k, b: b.update(boots=[], verdict="fail", reason="the guest hung"),
    "only kunit": lambda _k, b: b.clear(), "only bench": lambda k, _b: k.clear(),
}


@pytest.mark.parametrize("name", _CHANGES)
def test_fits_into_a_mail(rendered: Callable[[Change], str], name: str) -> None:
    """At most 72 columns, ASCII, no tab, no blank at a line's end."""
    text = rendered(_CHANGES[name])
    assert text.isascii() and "\t" not in text and text.endswith("\n")
    assert not [line for line in text.splitlines() if len(line) > 72]
    assert not [line for line in text.splitlines() if line != line.rstrip()]


@pytest.mark.parametrize("name", _CHANGES)
def test_same_files_give_the_same_bytes(rendered: Callable[[Change], str], name: str) -> None:
    """And other files other bytes: the control."""
    assert rendered(_CHANGES[name]) == rendered(_CHANGES[name])
    if name in ("failing", "no samples", "huge", "long names"):
        assert rendered(_CHANGES[name]) != rendered(_nothing)


def _flat(text: str) -> str:
    return " ".join(text.split())


def test_good_run_says_so_first(rendered: Callable[[Change], str]) -> None:
    """The verdict stands before all figures; every promise is there."""
    text = rendered(_nothing)
    head = _flat(text[:text.index("Kernel and fingerprint")])
    assert "Promises: every one that was tested holds." in head and "Cost: measured" in head
    assert "225 cases passed, 0 failed, 0 skipped, 0 errors." in text
    assert sum(line.startswith("held  ") for line in text.splitlines()) == 10 + 1
    assert "FAILED" not in text and "BROKEN" not in text


def test_broken_promise_is_told_with_place_and_reason(rendered: Callable[[Change], str]) -> None:
    """Which, where it was promised, which case saw it, and what it saw."""
    text = _flat(rendered(_fails))
    assert "failed: promise 2" in text.partition("Ready to be pasted")[2]
    assert "Promises: BROKEN. kmalloc_" in text
    assert "(2 cases in all, of promise 2, 39)" in text
    assert ("failed 2 C a size that is a power of two is aligned to itself promised in "
            "core-api/memory-allocation.rst, Selecting memory allocator kmalloc_alignment/"
            "p2_power_of_two_is_aligned_to_itself/") in text
    assert "size 64: expected alignment to 64, got 8 8" in text
    assert "error 39 C live objects do not share memory" in text and "died here" in text
    assert "held 4 C" in text
    assert "FAILED controls:" in text and "the planted fault was not found" in text
    assert "Cost: FAILED. the guest hung: no verdict after 600 s" in text


def test_skip_has_its_reason(rendered: Callable[[Change], str]) -> None:
    """Even where the promise held for other sizes."""
    text = _flat(rendered(_fails))
    assert "held 12 C" in text
    assert "skipped kmalloc_zeroing/p12_zeroed_in_full/" in text and ": init_on_alloc is on" in text


def test_null_and_missing_samples_are_shown(rendered: Callable[[Change], str], data: Path) -> None:
    """A cell without a sample is "-", never 0; how often it was NULL is said."""
    cell = _cells(results.load(data / "bench.json"))[0]
    text = rendered(_no_samples)
    count = sum(cell["iterations"] for _ in cell["repetitions"])
    assert f"NULL {count} times: {cell['name']}, init_on_alloc=0" in text
    assert not re.search(r"NULL \d+ times", rendered(_nothing))
    column = [line for line in text.splitlines() if line.strip().startswith("64|")]
    assert column and "-      -      -" in column[0]


def test_control_of_the_dash(rendered: Callable[[Change], str], data: Path) -> None:
    """Where there are samples, p50 of the recording is in the table."""
    cell = _cells(results.load(data / "bench.json"))[0]
    rows = [line for line in rendered(_nothing).splitlines() if line.strip().startswith("64|")]
    assert str(cell["percentiles"]["p50"]) in rows[0]


@pytest.mark.parametrize("name", ["as recorded", "long names", "foreign letters"])
def test_command_can_be_pasted(rendered: Callable[[Change], str], data: Path, tmp_path: Path,
                               name: str) -> None:
    """Through a shell and make, each variable arrives as it was, but for which
    white space is between names."""
    text = rendered(_CHANGES[name])
    # What reads the command: prints the variables as scripts/ would see them.
    (tmp_path / "Makefile").write_text(
        "export KERNEL KDIR CLOCK SCENARIOS MEM CPUS\nkunit bench:\n\t@/usr/bin/env -0\n")
    pasted = text[text.index("To repeat\n---------\n"):].split("\n", 2)[2].split("\n\n")[0]
    done = subprocess.run(["bash", "-euc", pasted], cwd=tmp_path, capture_output=True, check=True)
    seen: dict[str, list[str]] = {}
    for entry in done.stdout.decode(errors="surrogateescape").split("\0"):
        key, _, value = entry.strip("\n").partition("=")
        seen.setdefault(key, []).append(" ".join(value.split()))
    bench = json.loads((tmp_path / "bench.json").read_text())
    for word in shlex.split(bench["command"])[2:]:
        key, _, value = word.partition("=")
        assert value in seen[key], key


def test_cells_that_disagree_are_named(rendered: Callable[[Change], str]) -> None:
    """With how many there are; a steady run has no such line."""
    def unsteady(_kunit: Document, bench: Document) -> None:
        for cell in _cells(bench):
            cell["steady"] = cell["size"] != 64

    def steady(_kunit: Document, bench: Document) -> None:
        for cell in _cells(bench):
            cell["steady"] = True

    text = _flat(rendered(unsteady))
    assert re.search(r"\d of 4 cells are UNSTEADY, init_on_alloc=0: .*GFP_\w+/64", text)
    assert "UNSTEADY" not in rendered(steady)


def test_what_no_table_has_is_named(rendered: Callable[[Change], str]) -> None:
    """A cell of neither the main scenario nor the main context and flags."""
    def lonely(_kunit: Document, bench: Document) -> None:
        for boot in bench["boots"]:
            cell = boot["measurement"]["measured"]["cells"][0]
            cell.update(scenario="kfree_rcu", context="softirq", gfp="GFP_NOWAIT")

    assert "in no table here, cells of: kfree_rcu 1" in _flat(rendered(lonely))
    assert "in no table here" not in _flat(rendered(_nothing))


def test_account_without_a_cgroup_is_told(rendered: Callable[[Change], str]) -> None:
    """Nothing is charged in the root's; where it is, or nobody asked, no word."""
    def account(cgroup: str | None) -> Change:
        def change(_kunit: Document, bench: Document) -> None:
            for boot in bench["boots"]:
                boot["measurement"]["system"]["memory_cgroup"] = cgroup
            for cell in _cells(bench):
                cell["scenario"] = "account"
        return change

    assert "where nothing is charged" in _flat(rendered(account(None)))
    assert "where nothing is charged" not in _flat(rendered(account("/a")))
    assert "where nothing is charged" not in _flat(rendered(_nothing))


def test_mean_loop_with_failures_is_no_figure(data: Path) -> None:
    """What failed took a time of its own."""
    cell = _cells(results.load(data / "bench.json"))[0]
    assert cells.mean_loop(cell)
    cell["repetitions"][0]["mean_loop"]["failed"] = 1
    assert cells.mean_loop(cell) is None


def test_several_processors_are_a_column_of_their_own(rendered: Callable[[Change], str]) -> None:
    """One and two of them are not mixed up."""
    def two(_kunit: Document, bench: Document) -> None:
        for cell in _cells(bench):
            cell.update(cpus=2, name=cell["name"] + "/2cpus")

    assert "pair x2" in rendered(two) and "pair x2" not in rendered(_nothing)


def test_memory_and_events_stand_beside(rendered: Callable[[Change], str]) -> None:
    """What objects occupy, and what the kernel did; unavailable with its reason."""
    def events(_kunit: Document, bench: Document) -> None:
        for cell in _cells(bench):
            cell["events"] = {"compact_stall": {"value": 3}, "steal": {"value": 0},
                              "alloc_slab": {"unavailable": "CONFIG_SLUB_STATS is off"}}
            cell["footprint"] = {"objects": 10, "live_bytes": 640, "blocks": 1,
                                 "held_bytes": 4096}

    text = rendered(events)
    assert "counted: compact_stall 12\n" in text and "steal" not in text
    assert "unavailable: alloc_slab (CONFIG_SLUB_STATS is off)" in text
    assert re.search(r"^ +64 +10 +1 +4096 +6.40$", text, re.M)


def test_run_without_results_is_refused(tmp_path: Path) -> None:
    """There is nothing to report."""
    with pytest.raises(Broken, match=f"^RUN={tmp_path}: none of ab.json, noise.json, gate.json, kunit.json, ktap.json, "
                       "bench.json, tlb.json, frag.json, chase.json, pmu.json, perf.json in it$"):
        report.render(tmp_path)


@pytest.mark.parametrize("value", [0, 9, 99_999, 100_000, 123_456, 999_949, 999_999, 10 ** 6,
                                   10 ** 9 - 1, 10 ** 12, 10 ** 15, 2 ** 63, None])
def test_number_fits_its_column(value: int | None) -> None:
    """At most six characters, and not off by more than 1 %."""
    text = cells.number(value)
    assert len(text) <= 6
    if value is None:
        assert text == "-"
    else:
        scale = {"k": 1e3, "M": 1e6, "G": 1e9, "T": 1e12, "P": 1e15, "E": 1e18}.get(text[-1], 1)
        assert float(text.rstrip("kMGTPE")) * scale == pytest.approx(value, rel=0.01)


@pytest.mark.parametrize("value, text", [(8, "8"), (1000, "1000"), (1024, "1K"), (8193, "8193"),
                                         (65536, "64K"), (4 << 20, "4M"), (1536, "1536")])
def test_size_is_never_rounded(value: int, text: str) -> None:
    """8193 is not 8K."""
    assert cells.size(value) == text
