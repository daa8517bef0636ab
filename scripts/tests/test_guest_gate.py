# SPDX-License-Identifier: GPL-2.0
"""The committed baselines are those of the kernels they name; a slower kernel is found."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from kmblib import baseline, bench, build, cache, gate, kernels, qemu, tlb, touches, vm
from kmblib.errors import CannotTell, Code
from kmblib.kernels import Kernel
from kmblib.options import Machine


def is_there(name: str) -> bool:
    """Whether a kernel need not be built first, which takes six minutes."""
    distro = kernels.KERNELS[name]
    return bool(distro.stock) or any(
        cache.root().glob(f"vm/{distro.exact}_*/arch/x86/boot/bzImage"))


@pytest.mark.parametrize("name", [name for name in kernels.KERNELS if name != kernels.DEFAULT])
def test_kernel_has_the_figures_of_its_baseline(tmp_path: Path, name: str) -> None:
    """Measured now, once, as the baseline was twice: no figure is beyond its limit. The default
    kernel is test_command_gate.py's."""
    if not is_there(name):
        pytest.skip(f"the kernel of {name} for the virtual machine is not in the cache; "
                    f"`make gate KERNEL={name}` builds it and does the same")
    kernel = kernels.find(name, None)
    job = bench.Job(kernel, Machine("virtual", 1024, 1), bench.Amount(), tmp_path)
    new = baseline.measure(job, 1)
    # Where it began under the installed one, and that one's flaw ended it.
    was = {baseline.load(path).place["qemu"] for path in baseline.files(name)}
    if new.place["qemu"] not in was and qemu.INSTALLED.version() in was:
        pytest.skip(f"no figures under {qemu.INSTALLED.version()}, whose flaw ended the boot (qemu.py): "
                    f"those of {new.place['qemu']} are not comparable")
    base = baseline.of_place(kernel, new.place)
    verdict = gate.compare(base, new)
    beyond = [(c.cell, c.figure, c.base, c.new) for c in (*verdict.changes, verdict.total) if c.beyond]
    assert not beyond and verdict.code() == Code.GOOD


_TOUCHED = f"{touches.CALL}/64"


def test_slower_kernel_is_found(kernel: Kernel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: the same kernel, whose slabs are checked for consistency at each call, which
    takes it off the fast path. No cell is let pass; against itself each one is."""
    job = bench.Job(kernel, Machine("virtual", 1024, 1),
                    bench.Amount((_TOUCHED, "pair/hardirq/GFP_ATOMIC/512")), tmp_path)
    base = baseline.measure(job, 1)
    for part in (vm, tlb):
        monkeypatch.setattr(part, "CMDLINE", f"{part.CMDLINE} slub_debug=F")
    slow = replace(baseline.measure(job, 1), place=base.place)
    found = gate.compare(base, slow).regressions()
    worse = {(c.cell, c.figure) for c in found}
    assert {cell for cell, figure in worse if figure == "insns"} == {
        *base.cells, "pair/*", "all cells"}
    # What kfree() checks lies in pages that it touches in any case.
    assert {(_TOUCHED, figure) for figure in ("alloc_accesses", "free_accesses",
                                              "alloc_walks")} <= worse
    assert min(c.per_cent() for c in found if c.figure == "insns") > 100
    assert gate.compare(base, base).code() == Code.GOOD


_LADDER = ("pair/task/GFP_KERNEL/8", "pair/task/GFP_KERNEL/4096", "pair/hardirq/GFP_ATOMIC/64")


def test_ladder_is_found_rung_by_rung(kernel: Kernel, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:
    """The same kernel, and N instructions more in what is timed: each cell has them, as many,
    and so has the loop that reads no clock in between."""
    monkeypatch.setattr(touches, "repeated", lambda _job, _times: ([{}], ""))
    job = bench.Job(kernel, Machine("virtual", 1024, 1), bench.Amount(_LADDER), tmp_path)
    base, boot = baseline.measure(job, 1), build.kernel_for_vm(kernel)
    for insns in (1, 16):
        slower = build.slower_module(boot, tmp_path / f"{insns}", insns)
        monkeypatch.setattr(build, "modules", lambda _kernel, _boot, slower=slower: slower)
        cells = baseline.cells_of(bench.once(job))
        worse = gate.compare(base, replace(base, cells=cells)).regressions()
        found = {(c.cell, c.figure): c.each() for c in worse if c.cell in _LADDER}
        assert found == {(cell, figure): insns for cell in _LADDER
                         for figure in ("insns", "loop_insns", "fast_insns")}


def test_random_numbers_of_the_host_are_noticed(kernel: Kernel, tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """The control of two boots that agree: where processors have rdrand, and QEMU no seed, each kernel
    shuffles its free lists anew."""
    words = [word.replace(",-rdrand,-rdseed", "") for word in qemu._VIRTUAL]
    seed = words.index("-seed")
    monkeypatch.setattr(qemu, "_VIRTUAL", (*words[:seed], *words[seed + 2:]))
    monkeypatch.setattr(touches, "repeated", lambda _job, times: ([{}] * times, ""))
    cells = tuple(f"{scenario}/task/GFP_KERNEL/1024" for scenario in ("alloc", "burst256-lifo", "cold"))
    job = bench.Job(kernel, Machine("virtual", 1024, 1), bench.Amount(cells), tmp_path)
    with pytest.raises(CannotTell, match="^not deterministic: "):
        baseline.measure(job)
