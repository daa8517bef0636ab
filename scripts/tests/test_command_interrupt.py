# SPDX-License-Identifier: GPL-2.0
"""Commands that are broken off: no process and nothing half-made is left.

Each test sees QEMU or a compiler alive before the signal, so that its absence
afterwards means something.
"""

from __future__ import annotations

import shutil
import signal
from typing import Iterator

import pytest
from checkout import Checkout, Running

_BOOTING = {"SCENARIOS": "pair/task/GFP_KERNEL/64", "MEM": "512M", "CLOCK": "virtual"}
_QEMU = "qemu-system"


@pytest.fixture(name="bench")
def _bench(copy: Checkout) -> Iterator[Running]:
    """scripts/bench, with a guest that is booting."""
    running = Running(copy, "bench", **_BOOTING)
    try:
        running.wait_until(lambda: running.has(_QEMU))
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
    assert ended.said == ["kmbench: interrupted; what was complete is kept"]
    assert "Traceback" not in ended.stderr
    # The step under way was stopped, and nothing was waited for.
    assert ended.stderr.splitlines()[-2].split(": ")[-1].startswith("stopped, ")
    assert not copy.half_made()
    assert not list((copy.repo / "results").glob("runs/*/*.json"))


@pytest.mark.parametrize("signum, to_group", [(signal.SIGINT, True), (signal.SIGTERM, False)],
                         ids=["Ctrl-C", "SIGTERM"])
def test_while_a_guest_boots(copy: Checkout, bench: Running, signum: signal.Signals,
                             to_group: bool) -> None:
    """No virtual machine outlives the command, which does not wait for one."""
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
