# SPDX-License-Identifier: GPL-2.0
"""What scripts/flakes says of several runs: of recorded ones, nothing is built."""

from __future__ import annotations

import sys
from importlib.machinery import SourceFileLoader
from importlib.util import module_from_spec, spec_from_loader
from pathlib import Path
from types import ModuleType
from typing import Any, Callable

import pytest
from kmblib import ktap, skips
from kmblib.farm import REPO
from kmblib.place import Where

# Judges a recording by name, or a text that a test made of one.
Judge = Callable[[str], Any]
_SKIPPED = "p4_no_bytes_give_zero_size_ptr"


@pytest.fixture(name="flakes", scope="module")
def _flakes() -> ModuleType:
    """The command as a module; it has no .py in its name."""
    loader = SourceFileLoader("flakes", str(REPO / "scripts/flakes"))
    spec = spec_from_loader("flakes", loader)
    assert spec
    module = sys.modules["flakes"] = module_from_spec(spec)
    loader.exec_module(module)
    return module


@pytest.fixture(name="judge")
def _judge(flakes: ModuleType, kunit_py: Path, data: Path, tmp_path: Path) -> Judge:
    """A run of 7 s, of which no skip is allowed."""

    def judge(text: str) -> Any:
        path = data / f"kunit-{text}.log"
        if "\n" in text or not text:
            path = tmp_path / "made.log"
            path.write_text(text)
        return flakes.judged(ktap.read(kunit_py, path), 7.0, [])

    return judge


def _with_skip(data: Path) -> str:
    text = (data / "kunit-pass.log").read_text()
    assert f"ok 1 {_SKIPPED}" in text
    return text.replace(f"ok 1 {_SKIPPED}", f"ok 1 {_SKIPPED} # SKIP no such size")


def test_runs_that_are_the_same_and_pass_are_good(flakes: ModuleType, judge: Judge) -> None:
    """The control."""
    runs = [judge("pass")] * 3
    assert not flakes.faults(runs)
    assert flakes.report(runs) == ("3 runs of 225 cases, 0 times unsteady or failed; "
                                   "7.0 to 7.0 s, middle 7.0 s")


def test_runs_without_cases_are_no_pass(flakes: ModuleType, judge: Judge) -> None:
    """Silence is the same in every run, and yet nothing was shown."""
    assert flakes.faults([judge("")] * 2) == [
        "run 1: the kernel said nothing", "run 2: the kernel said nothing"]
    assert "2 runs of 0 cases, 2 times unsteady or failed" in flakes.report([judge("")] * 2)


def test_log_that_is_cut_off_is_no_pass(flakes: ModuleType, judge: Judge, data: Path) -> None:
    """The last suite said that it has more cases than came."""
    text = (data / "kunit-pass.log").read_text()
    cut = judge(text[:text.rindex("    ok ")] + "ok 5 kmalloc_zeroing\n")
    assert set(cut.outcomes.values()) <= {"pass", "error"}
    assert len(flakes.faults([cut] * 2)) >= 2


def test_skip_has_to_be_allowed(flakes: ModuleType, judge: Judge, kunit_py: Path, data: Path,
                                tmp_path: Path) -> None:
    """Though it is one in every run."""
    runs = [judge(_with_skip(data))] * 2
    first, _ = flakes.faults(runs)
    assert first.startswith(f"run 1: kmalloc_limits/{_SKIPPED}: skipped (no such size), which no")
    rule = skips.Rule((_SKIPPED,), ("no such *",), Where(), "it is so", False)
    log = ktap.read(kunit_py, tmp_path / "made.log")
    assert not flakes.faults([flakes.judged(log, 7.0, [rule])] * 2)


def test_case_that_fails_at_times_is_told_with_how_often(flakes: ModuleType, judge: Judge) -> None:
    """And the run that it failed in, with the first reason."""
    lines = flakes.faults([judge("pass"), judge("pass"), judge("warning")])
    assert any(line.endswith("p5_kfree_of_nothing_does_nothing/: 2 pass, 1 fail") for line in lines)
    assert lines[-1].startswith("run 3: kmalloc_limits/p5_kfree_of_nothing_does_nothing: promise 5")


def test_complaint_of_the_kernel_is_no_pass(flakes: ModuleType, judge: Judge, data: Path) -> None:
    """All cases passed."""
    line, bad = "ok 2 kmalloc_contiguity\n", "WARNING: CPU: 0 PID: 1 at mm/slub.c:1 kfree+0x1"
    text = (data / "kunit-pass.log").read_text().replace(line, f"{line}{bad}\n")
    assert flakes.faults([judge(text)]) == [f"run 1: the kernel complained: {bad}"]
