# SPDX-License-Identifier: GPL-2.0
"""Walks that the PMU of a riscv64 guest counts, for real: libperf, the kernel's
driver, the firmware's counters, and the emulator's events."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
from kmblib import arches, build, cache, initramfs, kernel_counts, pmu, pmu_counts, qemu, report, results, vm
from kmblib.errors import Code
from kmblib.kernels import Kernel
from kmblib.options import Machine

# Enough pages to be judged, few enough to be quick.
_PAGES = ("--min", "1024", "--max", "2048")
# The driver does not start: a kernel that has none, as far as anybody can see.
_NO_DRIVER = "initcall_blacklist=pmu_sbi_devinit"
# What is added to the command line, and what the program is asked for.
_BOOTS = {"counted": ("", _PAGES), "again": ("", _PAGES), "no driver": (_NO_DRIVER, _PAGES),
          "too much": ("", ("--min", "16384", "--max", "65536", "--passes", "1"))}
_TIMEOUT = 300.0


@pytest.fixture(scope="module", name="ended")
def _ended(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> dict[str, vm.Ended]:
    """How each guest ended."""
    pmu.require()
    scratch: Path = tmp_path_factory.mktemp("pmu")
    found = {}
    for name, (words, pages) in _BOOTS.items():
        boot, contents = pmu.guest(kernel, *pages)
        initramfs.pack(contents, scratch / "initramfs")
        paths = qemu.Paths(boot.image, scratch / "initramfs", scratch / "console",
                           scratch / "verdict", scratch / "results")
        found[name] = vm.boot(paths, Machine("virtual", 256, 1), qemu.accel_riscv64()[1],
                              f"{pmu.CMDLINE} {words}".strip(), what=name, timeout=_TIMEOUT,
                              emulator=qemu.RISCV64)
    return found


@pytest.fixture(scope="module", name="counted")
def _counted(ended: dict[str, vm.Ended]) -> dict[str, Any]:
    """What was counted."""
    return pmu.read(ended["counted"])


def test_walks_are_counted(counted: dict[str, Any]) -> None:
    """Once over n pages, n misses; after that next to none."""
    assert pmu.judge(counted) == ("pass", "")
    assert {(w["pattern"], w["pages"]) for w in counted["walks"]} == {
        (pattern, pages) for pattern in ("stride", "chase") for pages in (1024, 2048)}


def test_half_of_a_walk_is_no_walk(counted: dict[str, Any]) -> None:
    """The control: the same counts, said to be of twice as many pages."""
    walks = [{**w, "pages": 2 * w["pages"], "loads": 2 * w["loads"]} for w in counted["walks"]]
    assert pmu.judge({**counted, "walks": walks})[0] == "fail"


_KINDS = ("kmalloc", "kmalloc-pages", "vmalloc", "vmalloc-huge", "kvmalloc", "kvmalloc-2m",
          "alloc_pages-0", "alloc_pages-3")


def test_memory_of_the_kernel_is_counted_too(counted: dict[str, Any]) -> None:
    """Of each kind, by the module around the walk and through libperf around the ioctl:
    of a first pass misses in each page, of 249 that follow the same instructions."""
    assert tuple(walk["kind"] for walk in counted["kernel_walks"]) == _KINDS
    for walk in counted["kernel_walks"]:
        counts = walk["counters"]
        pages, misses = kernel_counts.first(counts)
        assert misses is not None and pages == 4096 and pages <= misses <= 1.01 * pages
        loads, instructions = kernel_counts.repeated(counts, event="instructions")
        assert loads == 249 * 4096
        assert instructions is not None and loads < instructions < 1.5 * loads


def test_how_that_memory_is_mapped_is_known(counted: dict[str, Any]) -> None:
    """By the page tables: kmalloc() under large pages, vmalloc() by small ones."""
    mapped = {walk["kind"]: walk["mapped"] for walk in counted["kernel_walks"]}
    assert all(sum(m["pages"].values()) == 4096 for m in mapped.values())
    assert mapped["kmalloc"]["pages"]["2M"] == 4096 and mapped["kmalloc"]["runs"] <= 4
    assert mapped["vmalloc"]["pages"]["4K"] == 4096 and mapped["vmalloc"]["runs"] > 100


@pytest.mark.parametrize("factor, verdict", [(1.005, "pass"), (1.02, "fail"), (2, "fail")])
def test_module_that_counts_too_much_is_contradicted(counted: dict[str, Any], factor: float,
                                                     verdict: str) -> None:
    """The control: what libperf says is not what the module says."""
    spoilt = copy.deepcopy(counted)
    kmalloc = spoilt["kernel_walks"][0]["counters"]
    for state in ("once", "again"):
        count = kmalloc[state]["inside"]["instructions"]
        count["value"] = int(factor * count["value"])
    found, reason = pmu.judge(spoilt)
    assert found == verdict
    assert reason.startswith("kmalloc, by the module: instructions of the repeated passes: "
                             if verdict == "fail" else "")


def test_user_and_kernel_are_apart(counted: dict[str, Any]) -> None:
    """The walk is the user's; what the PMU cannot keep apart is not said to be."""
    for walk in counted["walks"]:
        misses = {mode: counts[pmu_counts.MISSES]["value"] for mode, counts in walk["counts"].items()}
        assert misses["kernel"] < walk["pages"] // 50 < misses["user"]
        assert misses["user"] <= misses["all"] <= misses["user"] + walk["pages"] // 50
        for event in ("cycles", "instructions"):
            counts = {mode: of[event] for mode, of in walk["counts"].items()}
            assert counts["all"]["value"] >= walk["loads"]
            assert "apart" in counts["user"].get("unavailable", "apart")


def test_two_runs_count_the_same(ended: dict[str, vm.Ended]) -> None:
    """On the virtual clock, to the last digit."""
    assert ended["counted"].results == ended["again"].results
    assert ended["counted"].results != ended["no driver"].results


def test_pmu_is_known(counted: dict[str, Any]) -> None:
    """By its name and its CPU; it has generic events only, which say what they are."""
    assert (counted["pmu"]["name"], counted["pmu"]["device"]) == ("riscv64 in QEMU", "cpu")
    means = {e["name"]: e["means"] for e in counted["events"] if e["generic"]}
    assert "QEMU's own TLB" in means[pmu_counts.MISSES]


def test_without_a_driver_there_are_no_counts(ended: dict[str, vm.Ended]) -> None:
    """Each is unavailable, with the reason; the verdict is no pass."""
    counted = pmu.read(ended["no driver"])
    assert (counted["pmu"]["name"], counted["pmu"]["device"]) == ("unknown", "")
    verdict, reason = pmu.judge(counted)
    assert verdict == "error"
    assert reason.startswith("dTLB-load-misses is unavailable: no PMU in this machine")
    assert all(("unavailable" in count) == (event != "page-faults") for walk in counted["walks"]
               for counts in walk["counts"].values() for event, count in counts.items())
    assert all("no PMU" in kernel_counts.unavailable(walk["counters"])
               for walk in counted["kernel_walks"]) and len(counted["kernel_walks"]) == len(_KINDS)


def test_command_says_what_it_cannot_tell(ended: dict[str, vm.Ended], kernel: Kernel,
                                          tmp_path: Path) -> None:
    """With exit code 3, in the results and in the report; all that it needs is built."""
    assert ended
    job = pmu.Job(kernel, Machine("virtual", 256, 1), tmp_path, _NO_DRIVER)
    assert pmu.run(job) == Code.CANNOT_TELL
    document = results.load(tmp_path / "pmu.json")
    assert document["verdict"] == "error" and _NO_DRIVER in document["cmdline"]
    assert document["fingerprint"]["arch"] == "riscv64"
    assert "PMU: CANNOT TELL. dTLB-load-misses is unavailable: no PMU in" in \
        " ".join(report.write(tmp_path).split())


def test_kernel_is_not_built_again(ended: dict[str, vm.Ended], kernel: Kernel) -> None:
    """Unless what it is built from is another, as a stamp says that is spoilt."""
    assert ended
    riscv64 = arches.ARCHES["riscv64"]
    log = cache.root() / f"logs/{kernel.key}-riscv64/build.log"
    log.write_text("not made")
    boot = build.kernel_for_vm(kernel, arch=riscv64)
    assert log.read_text() == "not made"
    (boot.build / ".kmbench-inputs").write_text("others")
    assert build.kernel_for_vm(kernel, arch=riscv64) == boot
    assert log.read_text() != "not made"


def test_more_than_there_is_is_unavailable(ended: dict[str, vm.Ended]) -> None:
    """256 MiB in a machine that has no more: it says so, and walks over what there is."""
    counted = pmu.read(ended["too much"])
    reasons = {walk["pages"]: walk["counts"]["user"][pmu_counts.MISSES].get("unavailable")
               for walk in counted["walks"]}
    assert set(reasons) == {16384, 32768, 65536}
    assert reasons[16384] is None
    assert reasons[65536] == "more than 50 per cent of the available memory"
    verdict, reason = pmu.judge(counted)
    assert verdict == "error" and "is unavailable: more than 50 per cent" in reason
