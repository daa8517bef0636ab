# SPDX-License-Identifier: GPL-2.0
"""The suites as a module in a guest: the log arrives, kunit.py reads it, and
each way in which a case may end is told. What fails is the selftest."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Callable

import lab
import pytest
from kmblib import guest_ktap, ktap, kunit, vm
from kmblib.errors import Code

_SUITE = "ktap_selftest"
# Each result of the selftest: case, parameter, outcome, what its reason has in it.
_RESULTS = [
    ("control_what_holds_passes", "", "pass", ""),
    ("control_what_fails_is_told", "", "fail", "Expected one == two to be true, but is false"),
    ("control_assertion_ends_the_case", "", "fail",
     "Expected 1 + 1 == 3, but 1 + 1 == 2 an assertion that fails"),
    ("control_exit_is_always_called", "", "pass", ""),
    ("control_skip_has_a_reason", "", "skip", "no feature 7"),
    ("control_skip_hides_no_failure", "", "fail", "before the skip"),
    ("control_each_row_has_its_result", "row 3", "pass", ""),
    ("control_each_row_has_its_result", "row 4", "fail", "Expected *row != 4, but *row == 4"),
    ("control_each_row_has_its_result", "row 5", "skip", "no row 5"),
    ("control_case_that_hangs_is_named", "", "fail",
     f"test case timed out: still running after {lab.KTAP_TIMEOUT} s"),
]


@pytest.fixture(name="text")
def _text(guests: lab.Lab) -> str:
    """The kernel's log that the guest sent."""
    ended = guests.ended("ktap")
    assert vm.judge(ended) == Code.GOOD
    return guest_ktap.log_text(ended, None)


@pytest.fixture(name="read")
def _read(text: str, kunit_py: Path, tmp_path: Path) -> Callable[[int], ktap.Log]:
    """Reads the log of the first or of the second module that was loaded."""

    def read(which: int) -> ktap.Log:
        starts = [m.start() for m in re.finditer(r"(?m)^\[ *[\d.]+\] KTAP version 1$", text)]
        assert len(starts) == 2
        part = text[starts[which]:(*starts, len(text))[which + 1]]
        (tmp_path / "log").write_text(part)
        return ktap.read(kunit_py, tmp_path / "log")

    return read


@pytest.mark.guests("ktap")
def test_case_of_the_real_suites_passes(read: Callable[[int], ktap.Log]) -> None:
    """The control: what was asked for is run, no more, and found good."""
    log = read(0)
    assert kunit.verdict_of(log) == ("pass", "")
    assert {c.case for c in log.cases} == {
        "p2_power_of_two_is_aligned_to_itself", "p2_constant_power_of_two_is_aligned_to_itself",
        "p2_largest_block_is_aligned_to_itself"}
    assert {p.nr for p in log.promises.values()} == {2}


@pytest.mark.guests("ktap")
def test_each_end_of_a_case_is_told(read: Callable[[int], ktap.Log]) -> None:
    """With its reason; the case after the one that hangs is missing."""
    cases = {(c.suite, c.case, c.parameter): c for c in read(1).cases if c.outcome != "error"}
    assert set(cases) == {(_SUITE, *row[:2]) for row in _RESULTS}
    for name, parameter, outcome, why in _RESULTS:
        case = cases[_SUITE, name, parameter]
        assert (case.outcome, why in case.reason) == (outcome, True), case


@pytest.mark.guests("ktap")
def test_failing_cases_turn_the_run_red(read: Callable[[int], ktap.Log]) -> None:
    """One of them is named."""
    verdict, reason = kunit.verdict_of(read(1))
    assert verdict == "fail"
    assert reason.startswith(f"{_SUITE}/control_each_row_has_its_result/row 4: Expected *row != 4")


@pytest.mark.guests("ktap")
@pytest.mark.parametrize("line", [
    "Expected one to be false, but is true", "Expected one == 2, but", "Expected one != 1, but",
    "Expected two < one, but", "Expected two <= one, but", "Expected one > two, but",
    "Expected one >= two, but", r"Expected \(void \*\)test == .*NULL|\(\(void \*\)0\), but",
    "Expected test != test, but", "size 8", "fails on purpose",
])
def test_each_comparison_can_fail(text: str, line: str) -> None:
    """All of them stand in one case, whose first failure is its reason."""
    case = text[text.index("control_what_fails_is_told: begins"):]
    assert re.search(line, case[:case.index("not ok 2")])


@pytest.mark.guests("ktap")
def test_nothing_is_reached_that_must_not_be(text: str) -> None:
    """Behind an assertion, and behind a case that hangs."""
    assert "was reached after the assertion" not in text
    assert "control_nothing_is_run_after_it" not in text
