# SPDX-License-Identifier: GPL-2.0
"""One kernel, measured again and again: whether that it is the same can be found untrue. Boots
are a committed baseline's figures; `make gate-selftest PARTS=again` has real ones."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from kmblib import baseline, bench, repetitions
from kmblib.kernels import Kernel

_KERNEL = Kernel("6.1", "6.1", "6.1.0", Path("/x"), "6.1", None)
_BASE = baseline.load(baseline.files(_KERNEL.label)[0])
_FAST, _SLOW = "pair/task/GFP_KERNEL/64", "burst256-lifo/task/GFP_KERNEL/64"


def _repeated(monkeypatch: pytest.MonkeyPatch, run: Path, cell: str = "", by: int = 0
              ) -> repetitions.Repetitions:
    """Of which the second has so many instructions more in a cell."""
    def measure(job: bench.Job, _times: int) -> baseline.Baseline:
        if job.run.name != "2" or not cell:
            return _BASE
        figures = {**_BASE.cells[cell], "insns": _BASE.cells[cell]["insns"] + by}
        return replace(_BASE, cells={**_BASE.cells, cell: figures})
    monkeypatch.setattr(baseline, "measure", measure)
    return repetitions.run(_KERNEL, 4, run)


def test_the_same_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """And how many comparisons that was is told, with what they show."""
    found = _repeated(monkeypatch, tmp_path)
    compared = 4 * len(_BASE.cells)
    assert found.good()
    assert found.text().startswith(f"0 alarms in {compared} comparisons of cells (at most 0.2")
    assert found.text().endswith("; 1 different reports of 4")


@pytest.mark.parametrize("cell, by, alarms", [(_FAST, _BASE.cells[_FAST]["ops"], 1), (_SLOW, 1, 0)])
def test_another_is_not(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, cell: str, by: int,
                        alarms: int) -> None:
    """An instruction of a fast path is an alarm; one in all calls of a slow one is none, and
    still not what was there before: two reports are not the same, byte for byte."""
    found = _repeated(monkeypatch, tmp_path, cell, by)
    assert not found.good() and found.alarms() == alarms
    assert found.text().endswith(f"2 different reports of 4; 1 figures moved, as {cell} insns: "
                                 f"{_BASE.cells[cell]['insns']} and {_BASE.cells[cell]['insns'] + by}")
