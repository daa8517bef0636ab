# SPDX-License-Identifier: GPL-2.0
"""Fragmentation: kmalloc() at levels that were asked for, reached and read back, in a
virtual machine. The tool's command `frag` does it; this boots it and keeps the result."""

from __future__ import annotations

import argparse
import dataclasses
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench, cache, errors, initramfs, qemu, results, vm
from .errors import Broken, Code, Failed
from .kernels import Kernel
from .options import Machine
from .responses import Responses

# The largest order of the page allocator with 4 KiB pages.
_ORDER_MAX = 10
_ORDER = 9
# Per cent of the free memory that is asked for at once.
_DEMAND = 25
# Seconds a boot may take: many times what it needs on two slow cores.
_TIMEOUT = 1800.0
_CMDLINE = f"{vm.CMDLINE} init_on_alloc=0"


@dataclass(frozen=True)
class Wanted:
    """Which blocks are to be scarce, and how scarce.

    order: of the blocks. levels: unusable free space indices, as the user typed them;
    "": those of the tool, of which one out of reach is left out. compact: whether the
    kernel compacts all memory after each level.
    """

    order: int
    levels: str
    compact: bool = False

    def words(self) -> tuple[str, ...]:
        """Arguments of `kmbench frag`."""
        return ("--order", str(self.order), "--demand", str(_DEMAND),
                *(("--levels", self.levels) if self.levels else ()),
                *(("--compact",) if self.compact else ()))

    def variables(self) -> dict[str, str]:
        """The variables of make that ask for it."""
        return {"ORDER": str(self.order), "LEVELS": self.levels,
                "COMPACT": "1" if self.compact else ""}


def wanted(args: argparse.Namespace) -> Wanted:
    """Check --order and --levels before anything is built or booted."""
    order = args.order or str(_ORDER)
    if not re.fullmatch(r"\d{1,2}", order) or not 1 <= int(order) <= _ORDER_MAX:
        raise Broken(f"ORDER={order} is no order of blocks; 1 to {_ORDER_MAX}")
    levels = args.levels.replace(" ", "")
    for level in levels.split(",") if levels else ():
        if not re.fullmatch(r"0?\.\d+|[01](\.0*)?", level):
            raise Broken(f"LEVELS={args.levels}: {level!r} is no unusable free space index; "
                         "0 to 1, as 0,0.5,0.9")
    if args.compact not in ("", "0", "1"):
        raise Broken(f"COMPACT={args.compact} is neither 0 nor 1")
    return Wanted(int(order), levels, args.compact == "1")


@dataclass(frozen=True)
class Job:
    """One request: a kernel, the virtual machine, how scarce blocks are to be, and where
    logs and results go."""

    kernel: Kernel
    machine: Machine
    wanted: Wanted
    run: Path


def _parts(job: Job, scratch: Path) -> vm.Parts:
    probe = scratch / "initramfs-probe"
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{job.kernel.key}"):
        boot, contents = bench.guest(job.kernel, ("info",))
        initramfs.pack(contents, probe)
        command = ("/bin/kmbench", "frag", "--json", initramfs.RESULTS, *job.wanted.words())
        initramfs.pack(dataclasses.replace(contents, command=command), scratch / "initramfs")
    name, accel, why = qemu.accel(job.machine, boot.image, probe)
    return vm.Parts(boot, scratch / "initramfs", name, accel, why)


def _boot(job: Job, parts: vm.Parts, scratch: Path) -> dict[str, Any]:
    """All levels, in one boot."""
    paths = qemu.Paths(parts.boot.image, parts.archive, job.run / "console-frag.log",
                       scratch / "verdict", scratch / "results")
    ended = vm.boot(paths, job.machine, parts.accel, _CMDLINE, timeout=_TIMEOUT,
                    what=f"{job.kernel.label}, order {job.wanted.order}, {parts.accel_name}",
                    emulator=parts.emulator)
    code = vm.judge(ended)
    if code not in (Code.GOOD, Code.BROKEN) or not ended.results:
        said = re.findall(r"^kmbench: (.*)$", ended.console, re.M)
        raise errors.of(code)(said[-1] if said else f"kmbench exited with {code}")
    return results.parse(ended.results, "results of the guest")


def _boot_twice(job: Job, parts: vm.Parts, scratch: Path) -> tuple[dict[str, Any], vm.Parts, str]:
    """All levels; under another QEMU, where this one may be to blame for a failure. What
    was found, what it was found with, and the first failure, if any."""
    try:
        return _boot(job, parts, scratch), parts, ""
    except Failed as failure:
        newer = parts.another_qemu(failure)
        if not newer:
            raise
        vm.keep_consoles(job.run)
        parts = dataclasses.replace(parts, emulator=newer)
        return _boot(job, parts, scratch), parts, str(failure)


def run(job: Job) -> Code:
    """Fragment, ask, and write frag.json and its plots."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        found, parts, first = _boot_twice(job, _parts(job, Path(name)), Path(name))
        fingerprint = parts.fingerprint(job.machine)
    reached = [level for level in found["levels"] if not level["unavailable"]]
    missed = [level for level in found["levels"] if level["unavailable"]]
    wrong = missed[0]["unavailable"] if missed and (job.wanted.levels or not reached) else ""
    results.write(job.run / "frag.json", {
        **results.header("kmbench-frag", job.kernel, _repeat(job)), "fingerprint": fingerprint,
        "first_failure": first, "cmdline": _CMDLINE, "verdict": "error" if wrong else "pass",
        "reason": wrong, "measured": found})
    Responses(results.load(job.run / "frag.json")).plot(job.run / "frag.svg")
    return Code.BROKEN if wrong else Code.GOOD


def _repeat(job: Job) -> str:
    machine = job.machine
    return results.command("frag", job.kernel, **job.wanted.variables(), CLOCK=machine.clock,
                           MEM=f"{machine.mem_mib}M", CPUS=str(machine.cpus))
