# SPDX-License-Identifier: GPL-2.0
"""What may be believed of a boot, rule by rule, on recorded consoles.

test_guest_*.py shows the same on guests that boot; here each rule is met
alone. The healthy recording, which passes, is the control of all others.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from kmblib import vm
from kmblib.errors import Broken, Code, Failed

_VERDICT = "kmbench-verdict 1 exit=0 bytes=5485 crc32=82f446d4\n"


@pytest.fixture(name="healthy")
def _healthy(data: Path) -> vm.Ended:
    """The recorded boot of a healthy guest."""
    return vm.Ended(False, 60, (data / "console-healthy.log").read_text(), _VERDICT,
                    (data / "measurement.json").read_bytes())


def _console(data: Path, name: str) -> str:
    return (data / f"console-{name}.log").read_text()


def test_healthy_guest_is_believed(healthy: vm.Ended) -> None:
    """The control: a real console of 346 lines holds nothing bad."""
    assert vm.judge(healthy) == Code.GOOD
    assert vm.badness(healthy.console) == ""


@pytest.mark.parametrize("name, line", [
    ("warn", "WARNING: CPU: 0 PID: 1 at "),
    ("oops", "BUG: kernel NULL pointer dereference, address: 0000000000000000"),
    ("panic", "Kernel panic - not syncing: kmbench_fault: a panic was asked for"),
])
def test_bad_console_outweighs_a_good_verdict(data: Path, healthy: vm.Ended, name: str,
                                              line: str) -> None:
    """The first bad line is quoted without its time stamp."""
    with pytest.raises(Failed, match=f"the guest's kernel complained: {line}"):
        vm.judge(replace(healthy, console=_console(data, name)))


@pytest.mark.parametrize("line", [
    "[    1.5] Kernel panic - not syncing: Fatal exception",
    "[    1.5] BUG: unable to handle page fault for address: ffffc90000000000",
    "[    1.5] kernel BUG at mm/slub.c:4386!",
    "[    1.5] WARNING: CPU: 0 PID: 1 at mm/page_alloc.c:5531 __alloc_pages+0x1/0x2",
    "[    1.5] Oops: 0002 [#1] PREEMPT SMP NOPTI",
    "[    1.5] general protection fault, probably for non-canonical address 0x1: 0000 [#1]",
    "[    1.5] Unable to handle kernel NULL pointer dereference at virtual address 0",
    "[    1.5] INFO: task kmbench:1 blocked for more than 120 seconds.",
    "[    1.5] INFO: rcu_preempt self-detected stall on CPU",
    "[    1.5] INFO: possible recursive locking detected",
    "[    1.5] BUG: KASAN: slab-out-of-bounds in kfree+0x1/0x2",
    "[    1.5] BUG: KFENCE: memory corruption in kfree+0x1/0x2",
    "[    1.5] kmemleak: 3 new suspected memory leaks (see /sys/kernel/debug/kmemleak)",
    "[    1.5] UBSAN: shift-out-of-bounds in mm/slab_common.c:1:2",
    "[    1.5] watchdog: BUG: soft lockup - CPU#0 stuck for 26s! [kmbench:1]",
    "[    1.5] NMI watchdog: Watchdog detected hard LOCKUP on cpu 0",
    "[    1.5] rcu: rcu_sched detected stalls on CPUs/tasks: self-detected stall on CPU",
    "[    1.5] kmbench[71]: segfault at 0 ip 0 sp 0 error 4 in kmbench[400000+1000]",
    "[    1.5] SLUB: Unable to allocate memory on CPU 0 (of node 0) on node -1",
    "[    1.5] Call Trace:",
])
def test_each_kind_of_complaint_is_bad(line: str) -> None:
    """One line is enough, wherever it stands."""
    assert vm.badness(f"fine\n{line}\nfine\n") == line.removeprefix("[    1.5] ")


@pytest.mark.parametrize("line", [
    "[    1.2] kmbench: loading out-of-tree module taints kernel.",
    "[    1.2] Spectre V2 : WARNING-free",
    "[    1.2] DEBUG: nothing",
    "[    1.2] SLUB: HWalign=64, Order=0-3, MinObjects=0, CPUs=1, Nodes=1",
    "[    1.2] kmemleak: Kernel memory leak detector initialized (mem pool available: 15621)",
    "[    1.2] reboot: Power down",
])
def test_harmless_lines_are_not_bad(line: str) -> None:
    """The control of the list above: words that only look alike."""
    assert vm.badness(line) == ""


def test_hung_guest_fails(data: Path, healthy: vm.Ended) -> None:
    """Its console is clean, and a verdict that came all the same does not help."""
    console = _console(data, "hang")
    assert not vm.badness(console)
    for verdict in ("", _VERDICT):
        with pytest.raises(Failed, match="the guest hung: no verdict after 60 s; its last lines: "
                                         ".*tainting kernel"):
            vm.judge(replace(healthy, console=console, verdict=verdict, timed_out=True))


def test_guest_that_powers_off_early_fails(data: Path, healthy: vm.Ended) -> None:
    """QEMU ends well, the console is clean, only the verdict is missing."""
    with pytest.raises(Failed, match="ended without a verdict; its last lines: .*Power down"):
        vm.judge(replace(healthy, console=_console(data, "poweroff"), verdict=""))


def test_guest_without_a_word_fails(healthy: vm.Ended) -> None:
    """Not even a console."""
    with pytest.raises(Failed, match=r"its last lines: \(none\)"):
        vm.judge(vm.Ended(False, 60, "", "", b""))


def test_results_that_are_cut_off_fail(data: Path, healthy: vm.Ended) -> None:
    """As kmbench.truncate=100 does it."""
    with pytest.raises(Failed, match="results were cut off: 100 of 5485 bytes arrived"):
        vm.judge(replace(healthy, console=_console(data, "truncate"),
                         results=healthy.results[:100]))


def test_results_of_the_right_length_but_other_content_fail(healthy: vm.Ended) -> None:
    """The checksum is looked at, too."""
    other = healthy.results.replace(b'"failed":0', b'"failed":1', 1)
    assert len(other) == len(healthy.results) and other != healthy.results
    with pytest.raises(Failed, match="cut off"):
        vm.judge(replace(healthy, results=other))


def test_verdict_of_a_broken_set_up_is_broken(healthy: vm.Ended) -> None:
    """Not the kernel's fault."""
    verdict = "kmbench-verdict 1 error=/lib/modules/kmbench.ko: Invalid argument\n"
    with pytest.raises(Broken, match="the guest could not set itself up: /lib/modules/kmbench.ko"):
        vm.judge(replace(healthy, verdict=verdict))


@pytest.mark.parametrize("line", [
    "Kernel panic - not syncing: System is deadlocked on memory",
    "Kernel panic - not syncing: Out of memory and no killable processes...",
    "Initramfs unpacking failed: write error",
])
def test_too_little_memory_is_broken_not_failed(healthy: vm.Ended, line: str) -> None:
    """MEM= was too small; the kernel is not to blame."""
    with pytest.raises(Broken, match="memory is too small to boot; give a larger MEM="):
        vm.judge(replace(healthy, console=f"{line}\n", verdict=""))


@pytest.mark.parametrize("status, code", [(0, 0), (1, 1), (2, 2), (3, 3), (127, 2)])
def test_exit_code_of_the_command_arrives(healthy: vm.Ended, status: int, code: int) -> None:
    """One that no command of kmbench has is a broken set-up."""
    verdict = _VERDICT.replace("exit=0", f"exit={status}")
    assert vm.judge(replace(healthy, verdict=verdict)) == code


def test_whole_verdict_is_read() -> None:
    """Both forms, field by field."""
    assert vm.parse_verdict(_VERDICT) == vm.Verdict(0, 5485, 0x82f446d4, "")
    assert vm.parse_verdict("kmbench-verdict 1 error=fork: no\n") == vm.Verdict(0, 0, 0, "fork: no")


@pytest.mark.parametrize("text", [
    "", "\n", _VERDICT[:-1], _VERDICT[:-5] + "\n", "x" + _VERDICT, _VERDICT * 2,
    _VERDICT.replace("verdict 1", "verdict 2"), _VERDICT.replace("exit=0", "exit="),
    _VERDICT.replace("exit=0", "exit=-1"), _VERDICT.upper(),
])
def test_part_of_a_verdict_is_none(text: str) -> None:
    """Cut off, doubled, of another version: no verdict."""
    assert vm.parse_verdict(text) is None
