# SPDX-License-Identifier: GPL-2.0
"""What is concluded of a guest that ran kmalloc_ktap.ko: its log and how it
ended count, and either alone can fail the run."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from kmblib import build, guest_ktap, ktap, kunit, options, results, vm
from kmblib.errors import Broken, Failed
from kmblib.kernels import Kernel

Reader = Callable[[str], ktap.Log]
_HUNG = Failed("the guest hung: no verdict after 600 s; its last line: x")
_CASES = 225


@pytest.fixture(name="passed")
def _passed(data: Path) -> str:
    """A recorded log in which all is well."""
    return (data / "ktap-pass.log").read_text()


@pytest.fixture(name="read")
def _read(kunit_py: Path, tmp_path: Path) -> Reader:
    """Reads a log that a test made."""

    def read(text: str) -> ktap.Log:
        (tmp_path / "made.log").write_text(text)
        return ktap.read(kunit_py, tmp_path / "made.log")

    return read


def test_recorded_log_passes(read: Reader, passed: str) -> None:
    """The control: KUnit's layout, so every case and every promise is found."""
    log = read(passed)
    assert kunit.verdict_of(log) == ("pass", "")
    assert log.sound and len(log.cases) == _CASES
    assert {row["nr"] for row in kunit.findings(log, [])["promises"]} == {1, 2, 4, 5, 6, 7, 9, 12, 35, 39}
    assert len(kunit.findings(log, [])["controls"]) == 45


def test_same_cases_as_kunit(read: Reader, passed: str, data: Path) -> None:
    """No case is lost on the way into the module: UML's recording has the same."""
    theirs = read((data / "kunit-pass.log").read_text())
    assert [(c.suite, c.case, c.parameter) for c in read(passed).cases] == [
        (c.suite, c.case, c.parameter) for c in theirs.cases]


def test_priorities_are_no_part_of_the_log(read: Reader, passed: str) -> None:
    """The kernel gives its log with them, the console without."""
    sent = "".join(f"<6>{line}\n" for line in passed.splitlines())
    ended = vm.Ended(False, 60, "the console\n", "", sent.encode())
    assert guest_ktap.log_text(ended, None) == passed
    assert guest_ktap.log_text(ended, _HUNG) == "the console\n"
    assert kunit.verdict_of(read(sent)) == ("pass", "")


def test_guest_that_failed_never_passes(read: Reader, passed: str) -> None:
    """Even where each case passed before."""
    found = guest_ktap.findings(read(passed), _HUNG, [])
    assert (found["verdict"], found["reason"]) == ("fail", str(_HUNG))
    assert guest_ktap.findings(read(passed), None, [])["verdict"] == "pass"


@pytest.mark.parametrize("line, where", [
    ("# p7_max_size_is_whole_or_null: begins\n", "p7_max_size_is_whole_or_null"),
    ("# control_one_byte_is_seen: begins\n", "control_one_byte_is_seen"),
])
def test_case_in_which_the_guest_died_is_named(read: Reader, passed: str, line: str,
                                               where: str) -> None:
    """One that says its promise, and a control, which says only that it begins."""
    log = read(passed[:passed.index(line) + len(line)])
    found = guest_ktap.findings(log, _HUNG, [])
    assert found["verdict"] == "fail"
    assert f"{where}: died here" in found["reason"] and found["reason"].endswith(str(_HUNG))


@pytest.mark.parametrize("part", [0.1, 0.5, 0.9, 0.99])
def test_log_that_is_cut_off_fails(read: Reader, passed: str, part: float) -> None:
    """Wherever, and whatever the guest says of itself."""
    begin, end = passed.index("KTAP version 1"), passed.rindex("ok 5 kmalloc_zeroing")
    log = read(passed[:begin + int(part * (end - begin))])
    assert guest_ktap.findings(log, None, [])["verdict"] == "fail"


def test_suite_that_is_bad_without_a_bad_case_is_named(read: Reader, passed: str) -> None:
    """A breach that is known must not stand in for it."""
    assert not read(passed).unexplained
    assert read(passed.replace("ok 5 kmalloc_zeroing", "not ok 5 kmalloc_zeroing")).unexplained == "kmalloc_zeroing"


def test_only_warnings_that_were_asked_for_are_excused(passed: str) -> None:
    """One is in the recording; the guest as a whole is judged without it."""
    assert vm.badness(passed).startswith("WARNING: ")
    assert not vm.badness(ktap.unasked(passed))
    bad = "[    9.1] WARNING: CPU: 0 PID: 1 at mm/slub.c:1 kfree+0x1/0x2\n"
    assert vm.badness(ktap.unasked(passed + bad))
    assert vm.badness(ktap.unasked(passed.replace("kmbench: the warning that was asked for is over", "x")))


@pytest.mark.parametrize("report", [
    "BUG: KASAN: slab-use-after-free in kfree+0x1/0x2", "WARNING: possible recursive locking detected",
    "INFO: task kunit_try_catch:55 blocked for more than 122 seconds.",
    "Oops: general protection fault, probably for non-canonical address",
    "BUG kmalloc-64 (Tainted: G    N): Right Redzone overwritten", "kernel BUG at mm/slub.c:1!",
    "BUG: Bad page state in process kunit_try_catch  pfn:01234",
    "WARNING: CPU: 0 PID: 9 at lib/debugobjects.c:615 __debug_object_init+0x1/0x2"])
def test_no_case_asks_for_a_report_of_a_detector(passed: str, report: str) -> None:
    """Such a one comes once: excused, it would hide all that come after it."""
    begins = "kmbench: the following warning is asked for"
    with_it = passed.replace(begins, f"{begins}\n[    9.1] {report}\n", 1)
    assert with_it != passed
    assert vm.badness(ktap.unasked(with_it)) == report


@pytest.mark.parametrize("has, strict, given", [
    ("strict", "", ""), ("strict", "0", ""), ("strict", "1", "strict=1"), ("timeout", "1", ""),
    ("strict exhaust", "", "exhaust=1"), ("strict exhaust", "1", "exhaust=1 strict=1")])
def test_parameters_are_given_to_a_module_that_has_them(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has: str, strict: str, given: str) -> None:
    """The kernel would complain of an unknown one."""
    monkeypatch.setenv("KMBENCH_STRICT", strict)
    module = tmp_path / "x.ko"
    module.write_bytes(b"".join(b"\0parmtype=%s:bool\0" % name.encode() for name in has.split()))
    assert guest_ktap._parameters(module) == given


def test_document_says_how_it_was_run(read: Reader, passed: str, kernel: Kernel,
                                      tmp_path: Path) -> None:
    """It fits results/schema.json, and the command in it repeats the run."""
    config = tmp_path / "config"
    config.write_text('CONFIG_CC_VERSION_TEXT="gcc"\n')
    parts = vm.Parts(build.Boot(config, config, tmp_path, ()), config, "tcg", ("-accel", "tcg"), "")
    job = guest_ktap.Job(kernel, options.Machine("real", 1024, 2), 1, tmp_path)
    document = guest_ktap.document(job, parts, None, read(passed), _HUNG)
    results.check(document, "ktap.json")
    assert document["verdict"] == "fail"
    assert document["environment"]["guest"]["cmdline"].endswith("init_on_alloc=1")
    assert document["command"] == f"make ktap KERNEL={kernel.name} MEM=1024M CPUS=2 INIT_ON_ALLOC=1"


@pytest.mark.parametrize("value", ["2", "on"])
def test_init_on_alloc_is_0_or_1(value: str) -> None:
    """And nothing else."""
    args = options.parser("x")
    options.add(args, "init_on_alloc")
    with pytest.raises(Broken, match=f"^INIT_ON_ALLOC={value} is neither 0 nor 1$"):
        options.init_on_alloc(args.parse_args(["--init-on-alloc", value]))
    assert options.init_on_alloc(args.parse_args(["--init-on-alloc", "1"])) == 1
    assert options.init_on_alloc(args.parse_args([])) == 0
