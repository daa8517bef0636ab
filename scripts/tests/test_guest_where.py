# SPDX-License-Identifier: GPL-2.0
"""Where instructions go, in a real kernel under QEMU with the plugin: all that is timed has a
name, and what is added to it shows where it was added, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import pytest
from kmblib import bench, build, kernels, where
from kmblib.options import Machine
from test_guest_gate import is_there

_CELL = "pair/task/GFP_KERNEL/64"
_MORE = 8


def test_what_is_added_shows_where_it_was_added(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: kmbench.ko with eight instructions more in what it times. They are the
    module's, in each operation; the kernel's functions stay as they are, but for what happens
    once in a while: a tick of the timer, a new slab."""
    if not is_there("7.3"):
        pytest.skip("the kernel of 7.3 for the virtual machine is not in the cache; "
                    "`make gate KERNEL=7.3` builds it")
    kernel = kernels.find("7.3", None)
    job = bench.Job(kernel, Machine("virtual", 1024, 1), bench.Amount((_CELL,)), tmp_path)
    base = where.count(job)
    assert where.UNKNOWN not in base.functions
    assert base.functions["kfree"] > base.spans and base.functions[where.MODULE] > base.spans
    slower = build.slower_module(build.kernel_for_vm(kernel), tmp_path / "slower", _MORE)
    monkeypatch.setattr(build, "modules", lambda _kernel, _boot: slower)
    first, *others = where.moves(base, where.count(job))
    assert first.function == where.MODULE and first.by() >= _MORE * base.spans
    always = [m for m in others if min(m.base, m.new) >= base.spans]
    assert sum(abs(m.by()) for m in always) < first.by() / 100, always
    assert sum(abs(m.by()) for m in others) < first.by() / 2, others[:5]
