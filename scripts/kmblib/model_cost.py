# SPDX-License-Identifier: GPL-2.0
"""What the model of a TLB costs: the same guest with and without it, on the real clock."""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from . import bench, build, cache, initramfs, qemu, results, tlb, vm
from .errors import Broken, Code
from .kernels import Kernel
from .options import Machine

_MACHINE = Machine("real", 1024, 1)
_TIMEOUT = 600.0
_USER = re.compile(r"^\[ *([0-9.]+)\] Run /init.*^\[ *([0-9.]+)\] reboot: Power down", re.M | re.S)


@dataclass(frozen=True)
class Took:
    """Seconds of a guest's clock. walks: each walk's, between the markers. all: from its
    first process to its end: walks, allocator, and what is around them."""

    walks: tuple[float, ...]
    all: float

    def least(self, other: Took) -> Took:
        """Of each the shorter: what comes between only ever adds to it."""
        return Took(tuple(map(min, self.walks, other.walks)), min(self.all, other.all))


def _took(ended: vm.Ended) -> Took:
    if vm.judge(ended) != Code.GOOD:
        raise Broken("the guest's command failed")
    document = results.parse(ended.results, "results of the guest")
    stamps = _USER.search(ended.console)
    if not stamps or not document["clock"]["hz"]:
        raise Broken("the guest's kernel does not tell the time in its log, or its clock's rate")
    walks = [w["ticks"] / document["clock"]["hz"] for w in document["walks"] if not w["unavailable"]]
    return Took(tuple(walks), float(stamps[2]) - float(stamps[1]))


def _boot(boot: build.Boot, scratch: Path, emulator: qemu.Emulator) -> Took:
    paths = qemu.Paths(boot.image, scratch / "initramfs", scratch / "console.log",
                       scratch / "verdict", scratch / "results")
    return _took(vm.boot(paths, _MACHINE, qemu.TCG, f"{tlb.CMDLINE} printk.time=1",
                         what="walk with a model" if emulator.files else "walk without a model",
                         timeout=_TIMEOUT, emulator=emulator))


def measure(kernel: Kernel, times: int) -> tuple[Took, Took]:
    """What a guest takes without and with the model: in turn, the least of each."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        scratch = Path(name)
        with cache.lock(f"guest-{kernel.key}"):
            boot, guest = bench.guest(kernel, ("tlb", "--json", initramfs.RESULTS))
            initramfs.pack(guest, scratch / "initramfs")
            plugin = build.tool(kernel, "model") / "tlb-model.so"
            (scratch / "model.so").write_bytes(plugin.read_bytes())
        model = tlb.Model(scratch / "model.so", tlb.find_geometry(""), scratch / "regions")
        found: list[tuple[Took, Took]] = []
        for _ in range(times):
            without = _boot(boot, scratch, qemu.INSTALLED)
            with tlb.modelled(qemu.INSTALLED, model, _MACHINE.mem_mib) as modelled:
                found.append((without, _boot(boot, scratch, modelled)))
    first, *rest = found
    for pair in rest:
        first = first[0].least(pair[0]), first[1].least(pair[1])
    return first
