# SPDX-License-Identifier: GPL-2.0
"""make gate as a user types it: a kernel of the distribution against its committed
baseline, and files against each other."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Iterator

import pytest
from checkout import Checkout
from kmblib import baseline
from kmblib.errors import Code

_CELL = "pair/task/GFP_KERNEL/64"
_BASE, _OTHER = (baseline.files(name)[0] for name in ("6.1", "6.12"))


@pytest.fixture(autouse=True)
def _left_as_it_was(copy: Checkout) -> Iterator[None]:
    """The checkout is that of other tests, too, and they look for results."""
    before = copy.runs()
    yield
    for run in copy.runs() - before:
        shutil.rmtree(run)


def _slower(path: Path, out: Path) -> None:
    """One instruction more in one cell."""
    side = baseline.load(path)
    side.cells[_CELL]["insns"] += side.cells[_CELL]["ops"]
    out.write_text(side.text())


def test_kernel_has_the_figures_of_its_baseline(copy: Checkout) -> None:
    """Measured now, twice, with another build of the tool: no figure is beyond its limit.
    The baseline is part of the checkout."""
    (copy.repo / "results/baselines").mkdir(exist_ok=True)
    for path in baseline.files("6.1"):
        shutil.copy(path, copy.repo / "results/baselines")
    ended = copy.run("gate")
    assert ended.status == Code.GOOD, ended.stdout + ended.stderr
    assert "Gate: no regression: 353 cells; " in ended.stdout


def test_baseline_that_cannot_be_compared_stays(copy: Checkout) -> None:
    """And nothing is measured first; a file that the user names is written."""
    path = copy.repo / "results/baselines" / _BASE.name
    path.parent.mkdir(exist_ok=True)
    path.write_text("# kmbench-baseline 1\n")
    before = copy.runs()
    ended = copy.run("baseline")
    assert ended.status == Code.CANNOT_TELL and f"{path} is left as it is: " in ended.stderr
    assert (copy.runs(), path.read_text()) == (before, "# kmbench-baseline 1\n")
    shutil.copy(_BASE, path)


def test_one_instruction_more_fails(copy: Checkout, tmp_path: Path) -> None:
    """Of one cell, between two files; and the other way round a new baseline is due."""
    _slower(_BASE, tmp_path / "slower")
    ended = copy.run("gate", BASE=str(_BASE), NEW=str(tmp_path / "slower"))
    assert ended.status == Code.FAILED and _CELL in ended.stdout and "REGRESSION" in ended.stdout
    ended = copy.run("gate", BASE=str(tmp_path / "slower"), NEW=str(_BASE))
    assert ended.status == Code.CANNOT_TELL and "IMPROVEMENT" in ended.stdout


def test_bisection_knows_good_bad_and_neither(copy: Checkout, tmp_path: Path) -> None:
    """What got faster is good; what cannot be compared is skipped; what there is not ends it."""
    _slower(_BASE, tmp_path / "slower")
    pairs = [(_BASE, tmp_path / "slower"), (tmp_path / "slower", _BASE), (_BASE, _OTHER),
             (_BASE, tmp_path / "none")]
    assert [copy.run("gate", "--bisect", BASE=str(base), NEW=str(new)).status
            for base, new in pairs] == [1, 0, 125, 129]
    # No other commit makes these right.
    assert [copy.run("gate", "--bisect", **wrong).status
            for wrong in ({"KERNEL": "5.4"}, {"KDIR": "/proc"}, {"KERNEL": "6.1", "KDIR": "/proc"})] == [129] * 3


def test_verdict_is_kept_for_machines(copy: Checkout) -> None:
    """In a run of its own, also of files."""
    before = copy.runs()
    assert copy.run("gate", BASE=str(_BASE), NEW=str(_BASE)).status == Code.GOOD
    run, = copy.runs() - before
    assert {path.name for path in run.iterdir()} == {"gate.json", "gate.kcidb", "gate.ktap", "gate.txt",
                                                     "gate.xml", "report.txt"}


def test_other_kernel_is_not_comparable(copy: Checkout) -> None:
    """It has another configuration: neither good nor a regression."""
    ended = copy.run("gate", BASE=str(_BASE), NEW=str(_OTHER))
    assert ended.status == Code.CANNOT_TELL and "not comparable: " in ended.stderr
