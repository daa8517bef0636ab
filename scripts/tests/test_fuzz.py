# SPDX-License-Identifier: GPL-2.0
"""What the fuzzer's report means. That it notices a wrong answer is tested in
userspace/tests/test_fuzz.c."""

from __future__ import annotations

import dataclasses

import pytest
from kmblib import fuzz
from kmblib.errors import Broken

_TEXT = "seed 1\ncount 200000\n" + "".join(
    f"answers {kind} {answer} 5\n" for kind, answer in fuzz._MUST
) + "planted 60\nleaks 0\ncomplaints 0 \nheld \n"


def test_good_report_is_read_and_good() -> None:
    """The control."""
    report = fuzz.parse(_TEXT)
    assert (report.leaks, report.complaints, report.held) == (0, 0, "")
    assert report.answers["run", "ENOSPC"] == 5
    assert fuzz.verdict(report, 200000) == ""


@pytest.mark.parametrize("text, said", [
    ("leaks 2", "2 objects leaked"),
    ("complaints 3 run: an error that does not say why", "3 answers are wrong, the first: run: an"),
    ("held 2000 KiB are not given back", "after the run: 2000 KiB"),
])
def test_what_is_wrong_is_said(text: str, said: str) -> None:
    """Each line that may be bad."""
    key = text.split()[0]
    lines = [text if line.startswith(f"{key} ") or line == key else line
             for line in _TEXT.splitlines()]
    assert fuzz.verdict(fuzz.parse("\n".join(lines) + "\n"), 200000).startswith(said)


def test_too_little_that_was_tried_is_wrong() -> None:
    """An answer that was never seen is named, once there was time for it."""
    report = fuzz.parse(_TEXT)
    answers = {key: n for key, n in report.answers.items() if key != ("run", "ENOSPC")}
    less = dataclasses.replace(report, answers=answers)
    assert fuzz.verdict(less, 200000) == "too little was tried, never seen: run ENOSPC"
    assert fuzz.verdict(less, 1000) == ""


@pytest.mark.parametrize("line, said", [("leaks -1", "gave up"), ("planted 0", "on purpose"),
                                        ("planted -1", "on purpose")])
def test_kmemleak_that_finds_nothing_proves_nothing(line: str, said: str) -> None:
    """Not there, given up halfway, or blind for what was planted."""
    job = fuzz.Job(1, 200000)
    fuzz.require_kmemleak(fuzz.parse(_TEXT), job)
    key = line.split()[0]
    text = "".join(f"{line if one.startswith(key) else one}\n" for one in _TEXT.splitlines())
    with pytest.raises(Broken, match=said):
        fuzz.require_kmemleak(fuzz.parse(text), job)


def test_report_that_is_cut_off_is_none() -> None:
    """The guest's program died."""
    with pytest.raises(Broken, match="has no end"):
        fuzz.parse(_TEXT[:_TEXT.index("leaks 0")])
