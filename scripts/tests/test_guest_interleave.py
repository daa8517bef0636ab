# SPDX-License-Identifier: GPL-2.0
"""Two virtual machines of one kernel, side by side: a live round, and one that is broken off."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kmblib import bench, interleave, neighbours
from kmblib.errors import CannotTell
from kmblib.interleave import Side
from kmblib.kernels import Kernel
from kmblib.options import Machine
from kmblib.plan import Plan

pytestmark = pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2,
                                reason="one processor alone: nothing can run side by side")
_CELLS = ("pair/task/GFP_KERNEL/64", "pair/hardirq/GFP_ATOMIC/512")
_PATIENCE = 120.0
# A command of its own, to be interrupted: rounds without end.
_ENDLESS = """
import sys
from pathlib import Path
sys.path.insert(0, {scripts!r})
from kmblib import bench, errors, interleave, kernels
from kmblib.options import Machine
from kmblib.plan import Plan

def main():
    run = Path({run!r})
    side = interleave.side(kernels.find({kernel!r}, None), bench.Amount({cells!r}),
                           Machine("real", 512, 1), run / "archive")
    interleave.collect(side, side, Plan((99,), 1), run)

errors.command(main)
"""


@pytest.fixture(name="side", scope="module")
def _side(kernel: Kernel, tmp_path_factory: pytest.TempPathFactory) -> Side:
    archive = tmp_path_factory.mktemp("interleave") / "archive"
    return interleave.side(kernel, bench.Amount(_CELLS), Machine("real", 512, 1), archive)


def _ours(parent: int) -> set[int]:
    """QEMUs that a process started, and that boot a kernel."""
    found = set()
    for tasks in Path(f"/proc/{parent}/task").glob("*/children"):
        for pid in tasks.read_text().split():
            if b"-kernel" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
                found.add(int(pid))
    return found


def test_rounds_of_one_kernel(side: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each has all cells of both, on processors that are swapped, each QEMU on its own."""
    seen: set[tuple[int, ...]] = set()
    involuntary = neighbours.involuntary

    def watched(pid: int) -> int:
        seen.add(tuple(neighbours.affinity(pid)))
        return involuntary(pid)

    monkeypatch.setattr(neighbours, "involuntary", watched)
    got = interleave.collect(side, side, Plan((2,), 1), tmp_path, lambda *_: True)
    one, other = (r.cores for r in got.rounds)
    assert one == other[::-1] and len(set(one)) == 2
    assert got.cells() == sorted(_CELLS)
    assert all(value and value > 0 for v in got.of(_CELLS[0], "p50") for value in v)
    # Nothing while a thread is about to have ended.
    assert seen - {()} == {(cpu,) for cpu in one}
    assert not _ours(os.getpid())


def test_kernel_that_breaks_is_no_verdict(side: Side, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On what it costs; the other guest does not outlive it."""
    monkeypatch.setattr(interleave, "CMDLINE", f"{interleave.CMDLINE} rdinit=/nowhere root=/dev/nowhere")
    with pytest.raises(CannotTell, match="no figures: .* failed: the guest's kernel complained"):
        interleave.collect(side, side, Plan((2,), 1), tmp_path, lambda *_: True)
    assert not _ours(os.getpid())


def test_broken_off(kernel: Kernel, tmp_path: Path) -> None:
    """Ctrl-C while both boot: exit code 3, and no virtual machine is left."""
    text = _ENDLESS.format(scripts=str(Path(__file__).parents[1]), run=str(tmp_path), cells=_CELLS,
                           kernel=kernel.name)
    with subprocess.Popen([sys.executable, "-c", text], stderr=subprocess.PIPE, start_new_session=True) as command:
        until, qemus = time.monotonic() + _PATIENCE, set[int]()
        while len(qemus) < 2 and time.monotonic() < until and command.poll() is None:
            time.sleep(0.1)
            qemus = _ours(command.pid)
        assert len(qemus) == 2
        os.killpg(command.pid, signal.SIGINT)
        said = command.communicate(timeout=_PATIENCE)[1].decode()
    assert command.returncode == 3, said
    assert "kmbench: interrupted" in said and "Traceback" not in said
    assert not any(Path(f"/proc/{pid}").exists() for pid in qemus)
