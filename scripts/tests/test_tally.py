# SPDX-License-Identifier: GPL-2.0
"""Counting: what did not run is not passed, and nothing at all is not good."""

from __future__ import annotations

import pytest
from kmblib.errors import Code
from kmblib.tally import Tally


@pytest.mark.parametrize("passed, failed, skipped, line, code", [
    (0, 0, 0, "0 passed, 0 failed", Code.FAILED),
    (0, 0, 3, "0 passed, 0 failed, 3 skipped", Code.FAILED),
    (0, 1, 0, "0 passed, 1 failed", Code.FAILED),
    (5, 1, 0, "5 passed, 1 failed", Code.FAILED),
    (5, 0, 2, "5 passed, 0 failed, 2 skipped", Code.GOOD),
    (5, 0, 0, "5 passed, 0 failed", Code.GOOD),
])
def test_line_and_code(passed: int, failed: int, skipped: int, line: str, code: Code) -> None:
    """As CI reads them."""
    tally = Tally()
    for n in range(passed):
        tally.add(f"good {n}")
    for n in range(failed):
        tally.add(f"bad {n}", "why")
    for n in range(skipped):
        tally.skip(f"absent {n}", "a feature")
    assert (tally.line(), tally.code()) == (line, code)


def test_names_and_reasons_are_printed(capsys: pytest.CaptureFixture[str]) -> None:
    """One line a check, the problem below, on stderr."""
    tally = Tally()
    tally.add("a")
    tally.add("b", "one\ntwo")
    tally.skip("c", "no such feature")
    seen = capsys.readouterr()
    assert seen.err == "ok   a\nFAIL b\n     one\n     two\nskip c: no such feature\n"
    assert seen.out == ""
