# SPDX-License-Identifier: GPL-2.0
"""What is read from the log of KUnit, and what is concluded from it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable

import pytest
from kmblib import farm, kunit, ktap, results
from kmblib.kernels import Kernel

Reader = Callable[[str], ktap.Log]
_CASES = 225


@pytest.fixture(name="read")
def _read(kunit_py: Path, data: Path, tmp_path: Path) -> Reader:
    """Reads a recording by name, or a log that a test made out of one."""

    def read(text: str) -> ktap.Log:
        recorded = data / f"kunit-{text}.log"
        if "\n" not in text and text and recorded.exists():
            return ktap.read(kunit_py, recorded)
        (tmp_path / "made.log").write_text(text)
        return ktap.read(kunit_py, tmp_path / "made.log")

    return read


@pytest.fixture(name="passed")
def _passed(data: Path) -> str:
    """The text of the log in which all is well."""
    return (data / "kunit-pass.log").read_text()


def _of(log: ktap.Log, outcome: str) -> list[ktap.Case]:
    return [case for case in log.cases if case.outcome == outcome]


def _promise(log: ktap.Log, nr: int) -> dict[str, Any]:
    return next(row for row in kunit._promises(log) if row["nr"] == nr)


def test_log_without_fault_passes(read: Reader) -> None:
    """The control: every case, every promise, no reason."""
    log = read("pass")
    assert kunit.verdict_of(log) == ("pass", "")
    assert log.sound and len(log.cases) == len(_of(log, "pass")) == _CASES
    assert {row["nr"] for row in kunit._promises(log)} == {1, 2, 4, 5, 6, 7, 9, 12, 35, 39}
    assert {row["outcome"] for row in kunit._promises(log)} == {"held"}


def test_names_and_promise_are_taken_apart(read: Reader) -> None:
    """Suite, case and parameter; number, kind, text and place."""
    log = read("pass")
    assert log.cases[0] == ktap.Case("kmalloc_alignment", "p1_aligned_to_minalign",
                                     "8 bytes: smallest class of most architectures", "pass", "")
    assert log.promises["p6_oversize_warns_once"] == ktap.Promise(
        6, "C", "above KMALLOC_MAX_SIZE is NULL with one warning, none with __GFP_NOWARN",
        "linux/slab.h, KMALLOC_MAX_SIZE; gfp flags, __GFP_NOWARN")


def test_each_parameter_fails_with_its_own_message(read: Reader) -> None:
    """The message is what the case said, not only where."""
    failed = _of(read("failure"), "fail")
    assert len(failed) == 17
    assert failed[0].reason == (
        "promise 9 C: size 8, GFP_KERNEL: ksize() is 16: expected all of it to be one object, "
        "got another 8 bytes on (ksize())")
    assert "size 16, GFP_KERNEL: ksize() is 32" in failed[1].reason


def test_failure_fails_its_promise_alone(read: Reader) -> None:
    """The verdict names the first case; other promises held."""
    log = read("failure")
    verdict, reason = kunit.verdict_of(log)
    assert verdict == "fail"
    assert reason.startswith("kmalloc_limits/p9_ksize_counts_no_neighbour/8 bytes: ")
    assert {row["nr"] for row in kunit._promises(log) if row["outcome"] != "held"} == {9}
    assert _promise(log, 9)["outcome"] == "failed"


@pytest.mark.parametrize("said", ["=" * 77 + "\nBUG kmbench_bulk (Tainted: G)", "BUG: KASAN: x", "WARNING: CPU: 0",
                                  "------------[ cut here ]------------"])
def test_what_the_kernel_says_next_is_no_part_of_a_message(said: str) -> None:
    """Which ends where the kernel itself begins; the control is a message of two lines."""
    lines = ["    # p1_x: EXPECTATION FAILED at x.c:1", "    size 8: expected 1,", "    got 2"]
    assert ktap._message(lines, 0) == "size 8: expected 1, got 2"
    assert ktap._message([*lines, *said.splitlines()], 0) == "size 8: expected 1, got 2"


def test_failure_of_a_case_without_parameters_has_its_message(read: Reader) -> None:
    """A stack trace stands between, and another case follows."""
    case, = _of(read("warning"), "fail")
    assert (case.case, case.parameter) == ("p5_kfree_of_nothing_does_nothing", "")
    assert case.reason == ("promise 5 C: NULL and ZERO_SIZE_PTR: expected no warning, got 1 "
                           "(kfree() and linux/slab.h, ZERO_SIZE_PTR)")


def test_skip_keeps_its_reason(read: Reader) -> None:
    """kunit.py drops it; a skip without a reason would be worthless."""
    case, = _of(read("skip"), "skip")
    assert case.case == "p6_oversize_warns_once"
    assert case.reason == "the page allocator may have given its one warning since the boot"


def test_skip_of_one_parameter_keeps_its_reason(read: Reader, passed: str) -> None:
    """In 6.1 the result line of a parameter has none, only kmb_skip()'s line."""
    row = "        ok 1 8 bytes: smallest class of most architectures\n"
    said = "    # p1_aligned_to_minalign: skip: above KMALLOC_MAX_SIZE, which is 4194304\n"
    log = read(passed.replace(row, said + row.rstrip("\n") + " # SKIP\n", 1))
    case, = _of(log, "skip")
    assert case.parameter.startswith("8 bytes")
    assert case.reason == "above KMALLOC_MAX_SIZE, which is 4194304"
    assert kunit.verdict_of(log) == ("pass", "")


def test_promise_of_which_all_is_skipped_is_not_held(read: Reader, passed: str) -> None:
    """Skip is not pass; the other promises are the control."""
    line = "ok 1 p4_no_bytes_give_zero_size_ptr"
    assert line in passed
    log = read(passed.replace(line, f"{line} # SKIP no such size"))
    assert _promise(log, 4)["outcome"] == "skipped"
    assert _promise(log, 5)["outcome"] == "held"


@pytest.mark.parametrize("name, where", [("crash", "kmalloc_contiguity"),
                                         ("hang", "kmalloc_limits")])
def test_kernel_that_dies_in_the_middle_fails(read: Reader, name: str, where: str) -> None:
    """72 passed cases do not help; where it died is said."""
    log = read(name)
    verdict, reason = kunit.verdict_of(log)
    assert verdict == "fail"
    assert reason.startswith(where)
    assert len(_of(log, "pass")) > 70 and _of(log, "error")


def test_case_in_which_the_kernel_dies_is_named(read: Reader) -> None:
    """It said which promise it tests, and nothing after that."""
    log = read("hang")
    assert _promise(log, 5)["outcome"] == "error"
    assert "p5_kfree_of_nothing_does_nothing" in kunit.verdict_of(log)[1]


def test_panic_in_the_middle_of_a_case_names_it(read: Reader) -> None:
    """Of which four parameters had passed before the fifth did not come back."""
    verdict, reason = kunit.verdict_of(read("panic"))
    assert (verdict, reason) == (
        "fail", "kmalloc_overlap/p39_full_writes_stay_apart: died here: the log ends or the "
        "kernel crashed: Kernel panic - not syncing: provoked")


def _dies_in(passed: str, case: str, nr: int) -> str:
    """The log up to a case without parameters, of which there is only that it begins."""
    return passed[:passed.index(f"    ok {nr} {case}\n")] + f"    # {case}: begins\n"


@pytest.mark.parametrize("suite, case, nr", [
    ("kmalloc_alignment", "control_misaligned_pointer_is_seen", 3),
    ("kmalloc_overlap", "control_object_given_twice_is_seen", 3),
    ("kmalloc_limits", "p4_no_bytes_give_zero_size_ptr", 1),
])
def test_case_without_parameters_in_which_the_kernel_dies_is_named(
        read: Reader, passed: str, suite: str, case: str, nr: int) -> None:
    """A control, too, which names no promise; once, and with its suite."""
    log = read(_dies_in(passed, case, nr))
    assert kunit.verdict_of(log)[1].startswith(f"{suite}/{case}: died here")
    assert [(c.suite, c.case) for c in _of(log, "error") if c.case] == [(suite, case)]


def test_case_whose_name_another_suite_has_is_named(read: Reader, passed: str) -> None:
    """The first of them passed; the second is the one in which the kernel died."""
    first, second = "control_one_byte_is_seen", "control_overlap_is_seen"
    assert passed.index(second) < passed.index(first)
    text = _dies_in(passed, first, 3).replace(first, second)
    assert f"    ok 2 {second}\n" in text
    assert kunit.verdict_of(read(text))[1].startswith(f"kmalloc_zeroing/{second}: died here")


def _says_that_it_begins(init: str, code: str) -> bool:
    """Whether an .init says so, itself or by one that it calls."""
    body = re.search(rf"^(?:static )?int {init}\(.*\n\{{\n(?:.*\n)*?\}}", code, re.M)
    assert body, init
    called = re.findall(r"\b(\w+_init)\(test\)", body[0])
    return "kmb_case_begins(test)" in body[0] or any(_says_that_it_begins(c, code) for c in called)


def test_each_suite_says_which_case_begins() -> None:
    """By its .init, as KUnit does not; a new suite forgets it easily."""
    code = "\n".join(f.read_text() for f in sorted((farm.REPO / "kunit").glob("*.c")))
    inits = re.findall(r"^static struct kunit_suite \w+ = \{\n(?:.*\n)*?\};", code, re.M)
    assert len(inits) == len(list((farm.REPO / "kunit").glob("*_kunit.c")))
    for suite in inits:
        init = re.search(r"\.init = (\w+),", suite)
        assert init, suite
        assert init[1] == "kmb_case_begins" or _says_that_it_begins(init[1], code), init[1]


def test_case_that_ended_is_not_dead(read: Reader, passed: str) -> None:
    """It said that it begins, and the kernel died in a later one."""
    case = "control_misaligned_pointer_is_seen"
    began = passed.replace(f"    ok 3 {case}\n", f"    # {case}: begins\n    ok 3 {case}\n")
    assert kunit.verdict_of(read(began)) == ("pass", "")
    log = read(_dies_in(began, "p4_no_bytes_give_zero_size_ptr", 1))
    assert [c.case for c in _of(log, "error") if c.case] == ["p4_no_bytes_give_zero_size_ptr"]


@pytest.mark.parametrize("name", ["pass", "failure", "skip", "warning", "crash", "panic", "hang"])
def test_every_log_gives_a_valid_document(read: Reader, kernel: Kernel, tmp_path: Path,
                                          name: str) -> None:
    """A kernel that dies is a result: it must fit results/schema.json."""
    (tmp_path / "kunit.config").write_text('CONFIG_CC_VERSION_TEXT="gcc"\n')
    document = kunit.document(kernel, tmp_path, kunit.Ran(read(name)))
    results.check(document, name)
    assert document["verdict"] == ("pass" if name == "pass" else "fail")
    assert sum(document["counts"].values()) == sum(
        len(p["cases"]) for p in document["promises"]) + len(document["controls"])


@pytest.mark.parametrize("part", [0.4, 0.6, 0.8, 0.95])
def test_truncated_log_fails(read: Reader, passed: str, part: float) -> None:
    """Cut off anywhere within the results, without a single failure before."""
    begin, end = passed.index("KTAP version 1"), passed.rindex("ok 5 kmalloc_zeroing")
    verdict, reason = kunit.verdict_of(read(passed[:begin + int(part * (end - begin))]))
    assert verdict == "fail" and reason


def test_empty_log_is_no_pass(read: Reader) -> None:
    """Silence is no success."""
    verdict, reason = kunit.verdict_of(read(""))
    assert verdict == "error" and reason


def test_boot_without_suites_is_no_pass(read: Reader, passed: str) -> None:
    """The kernel booted; nothing was tested."""
    verdict, reason = kunit.verdict_of(read(passed[:passed.index("KTAP version 1")]))
    assert verdict != "pass" and reason


def test_log_with_no_passed_case_is_no_pass(read: Reader, passed: str) -> None:
    """All is skipped: nothing failed, and yet nothing was shown."""
    log = read(re.sub(r"(?m)^( *ok \d+ .*)$", r"\1 # SKIP not here", passed))
    assert not _of(log, "fail") and _of(log, "skip")
    assert kunit.verdict_of(log)[0] != "pass"


def test_warning_that_no_case_asked_for_fails(read: Reader, passed: str) -> None:
    """Every case passed; the control is the same log without the line, which
    has warnings that were asked for in it."""
    assert "WARNING: " in passed
    line = "ok 2 kmalloc_contiguity\n"
    bad = "WARNING: CPU: 0 PID: 1 at mm/slub.c:1 kfree+0x1/0x2"
    assert kunit.verdict_of(read(passed.replace(line, f"{line}{bad}\n"))) == (
        "fail", f"the kernel complained: {bad}")


def test_log_is_found_from_any_directory(kunit_py: Path, data: Path,
                                         monkeypatch: pytest.MonkeyPatch) -> None:
    """kunit.py changes its directory before it opens what it was given."""
    monkeypatch.chdir(data)
    assert len(ktap.read(kunit_py, Path("kunit-pass.log")).cases) == _CASES
