# SPDX-License-Identifier: GPL-2.0
"""make perf, with the real perf in a guest."""

from __future__ import annotations

from pathlib import Path

import pytest
from kmblib import bench, perf, results
from kmblib.errors import Broken, Code
from kmblib.kernels import Kernel
from kmblib.options import Machine

_CELLS = ("pair/task/GFP_KERNEL/64", "alloc/softirq/GFP_ATOMIC/4096")


def _job(kernel: Kernel, run: Path, *cells: str) -> perf.Job:
    return perf.Job(kernel, Machine("virtual", 1024, 1), bench.Amount(cells), run)


def test_perf_sees_the_calls_that_the_module_counts(kernel: Kernel, tmp_path: Path) -> None:
    """Of a task and of an interrupt. test_perf.py has what contradicts them."""
    assert perf.run(_job(kernel, tmp_path, *_CELLS)) == Code.GOOD
    document = results.load(tmp_path / "perf.json")
    assert sorted(document["cells"]) == sorted(_CELLS)
    assert document["module"]["calls"] == sum(
        s["calls"] for s in document["sites"] if s["counted"]) > 0


def test_unknown_profile_is_refused_before_a_boot(kernel: Kernel, tmp_path: Path) -> None:
    """By the tool, in a line."""
    with pytest.raises(Broken, match="no profile 'quik'"):
        perf.run(perf.Job(kernel, Machine("virtual", 1024, 1), bench.Amount((), "quik"), tmp_path))
