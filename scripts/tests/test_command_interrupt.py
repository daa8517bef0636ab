# SPDX-License-Identifier: GPL-2.0
"""Commands that are broken off: no process and nothing half-made is left.

Each test sees QEMU or a compiler alive before the signal, so that its absence
afterwards means something.
"""

from __future__ import annotations

import os
import shutil
import signal
from contextlib import suppress
from pathlib import Path
from typing import Iterator

import pytest
from checkout import Checkout, Running

_BOOTING = {"SCENARIOS": "pair/task/GFP_KERNEL/64", "MEM": "512M", "CLOCK": "virtual"}
_QEMU = "qemu-system"
# Of a guest under the model; and what a killed command may leave: kernel and initramfs.
_MODELLED_MIB = 512
_LEFT_MAX = 32 << 20


def _boots(pid: int) -> bool:
    """Whether it has a kernel; one that is only asked for its version has none."""
    with suppress(OSError):
        return b"-kernel" in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return False


def _emulators(running: Running) -> list[int]:
    """Those in which a guest boots."""
    return [pid for pid, name in running.family().items()
            if name.startswith(_QEMU) and _boots(pid)]


@pytest.fixture(name="bench")
def _bench(copy: Checkout) -> Iterator[Running]:
    """scripts/bench, with a guest that is booting."""
    running = Running(copy, "bench", **_BOOTING)
    try:
        running.wait_until(lambda: bool(_emulators(running)))
        yield running
    finally:
        running.clean_up()


@pytest.fixture(name="kunit")
def _kunit(copy: Checkout) -> Iterator[Running]:
    """scripts/kunit, in the middle of a build."""
    running = Running(copy, "kunit")
    try:
        running.wait_until(lambda: running.has("cc1") and running.has("make"))
        yield running
    finally:
        running.clean_up()


def _ended_well(copy: Checkout, running: Running, signum: signal.Signals, to_group: bool) -> None:
    ended = running.end(signum, to_group)
    assert not running.left()
    assert ended.status == 3, ended.stderr
    assert ended.said == ["kmbench: interrupted; what was written by then is kept"]
    assert "Traceback" not in ended.stderr
    # The step under way was stopped, and nothing was waited for.
    assert ended.stderr.splitlines()[-2].split(": ")[-1].startswith("stopped, ")
    assert not copy.half_made()
    assert not list((copy.repo / "results").glob("runs/*/*.json"))


@pytest.mark.parametrize("signum, to_group", [(signal.SIGINT, True), (signal.SIGTERM, False)],
                         ids=["Ctrl-C", "SIGTERM"])
def test_while_a_guest_boots(copy: Checkout, bench: Running, signum: signal.Signals,
                             to_group: bool) -> None:
    """No virtual machine outlives the command, which does not wait for one: they are held, or one
    might end by itself before the signal."""
    for pid in _emulators(bench):
        os.kill(pid, signal.SIGSTOP)
    _ended_well(copy, bench, signum, to_group)
    for console in copy.repo.glob("results/runs/*/console-*.log"):
        assert "kmbench-verdict" not in console.read_text(errors="replace")


def test_killed_while_a_guest_boots(copy: Checkout, bench: Running) -> None:
    """Not even kill -9, which no command can handle, leaves a virtual machine."""
    ended = bench.end(signal.SIGKILL)
    assert ended.status == -signal.SIGKILL
    assert not bench.left()
    # The files it leaves are the control of half_made(), which sees them.
    left = list(copy.scratch.iterdir())
    assert left and set(left) <= set(copy.half_made())
    for directory in left:
        shutil.rmtree(directory)


def _bytes_left(copy: Checkout) -> int:
    """Of all files that a command keeps for a while."""
    return sum(p.stat().st_size for p in copy.scratch.rglob("*") if p.is_file())


def _shared() -> set[str]:
    """Names of files in memory."""
    return {p.name for p in Path("/dev/shm").iterdir()}


@pytest.fixture(name="walking")
def _walking(copy: Checkout) -> Iterator[Running]:
    """scripts/tlb, whose guest's memory is a file that the model sees, too."""
    running = Running(copy, "tlb", MEM=f"{_MODELLED_MIB}M")
    try:
        running.wait_until(lambda: _guest_memory(running) > 0)
        yield running
    finally:
        running.clean_up()


def _guest_memory(running: Running) -> int:
    """Bytes of the file without a name that QEMU has for its guest; 0: not so far."""
    for pid in _emulators(running):
        for link in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                if link.readlink().name.startswith("memfd:kmbench-guest"):
                    return link.stat().st_blocks * 512
    return 0


def test_killed_while_a_guest_is_modelled(copy: Checkout, walking: Running) -> None:
    """Nothing of the guest's memory is left, which is many times what is left else."""
    shared = _shared()
    walking.wait_until(lambda: _guest_memory(walking) > _LEFT_MAX)
    assert walking.end(signal.SIGKILL).status == -signal.SIGKILL
    assert not walking.left()
    assert 0 < _bytes_left(copy) < _LEFT_MAX
    assert _shared() <= shared
    for directory in copy.scratch.iterdir():
        shutil.rmtree(directory)


def test_emulator_is_killed_while_a_guest_is_modelled(copy: Checkout, walking: Running) -> None:
    """The command says so in a line, and leaves nothing at all."""
    shared = _shared()
    for pid in _emulators(walking):
        os.kill(pid, signal.SIGKILL)
    ended = walking.wait()
    assert ended.status == 2, ended.stderr
    assert [line.startswith("kmbench: QEMU did not run") for line in ended.said] == [True]
    assert not walking.left() and not copy.half_made()
    assert _shared() <= shared


@pytest.mark.parametrize("signum, to_group", [(signal.SIGINT, True), (signal.SIGTERM, False)],
                         ids=["Ctrl-C", "SIGTERM"])
def test_while_a_kernel_is_built(copy: Checkout, kunit: Running, signum: signal.Signals,
                                 to_group: bool) -> None:
    """No make and no compiler outlives the command."""
    _ended_well(copy, kunit, signum, to_group)


def test_next_run_takes_up_what_was_broken_off(copy: Checkout) -> None:
    """After all of the above: a run in the same cache is good."""
    ended = copy.run("bench", **{**_BOOTING, "CLOCK": "real"})
    assert ended.status == 0, ended.stderr
    run, = (copy.repo / "results").glob("runs/*/bench.json")
    assert copy.run("report", RUN=run.parent.name).status == 0
