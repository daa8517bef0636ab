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

from . import bench, cache, errors, initramfs, qemu, results, tlb, vm
from .errors import Broken, Code, Failed
from .kernels import Kernel
from .options import Machine
from .response_plots import ResponsePlots

# The largest order of the page allocator with 4 KiB pages.
_ORDER_MAX = 10
_ORDER = 9
# What pages that the kernel can move are: anonymous memory, or of the page cache.
OCCUPANTS = ("anon", "cache")
# Per cent of the free memory that is asked for at once, or walked over.
_DEMAND = 25
# Seconds a boot may take: many times what it needs on two slow cores.
_TIMEOUT = 1800.0
_CMDLINE = f"{vm.CMDLINE} init_on_alloc=0"


@dataclass(frozen=True)
class Wanted:
    """Which blocks are to be scarce, and how scarce.

    order: of the blocks. levels: unusable free space indices, as the user typed them;
    "": those of the tool, of which one out of reach is left out. geometry: file of the TLB
    that is modelled. movable: per cent of the blocks that are broken by pages which the
    kernel can move. occupants: whose these are, of OCCUPANTS. compact: whether the kernel
    compacts all memory after each level. demand: per cent of the free memory that is asked
    for, and walked over. rounds: how often all levels are reached.
    """

    order: int
    levels: str
    geometry: Path
    movable: int = 0
    occupants: str = OCCUPANTS[0]
    compact: bool = False
    demand: int = _DEMAND
    rounds: int = 1

    def words(self) -> tuple[str, ...]:
        """Arguments of `kmbench frag`."""
        return ("--order", str(self.order), "--demand", str(self.demand),
                "--walk", str(self.demand), "--rounds", str(self.rounds),
                "--movable", str(self.movable),
                *(("--page-cache",) if self.occupants == "cache" else ()),
                *(("--levels", self.levels) if self.levels else ()),
                *(("--compact",) if self.compact else ()))

    def variables(self) -> dict[str, str]:
        """The variables of make that ask for it."""
        return {"ORDER": str(self.order), "LEVELS": self.levels,
                "MOVABLE": str(self.movable or ""),
                "OCCUPANTS": self.occupants if self.movable else "", "COMPACT": "1" if self.compact else "",
                "GEOMETRY": tlb.name_of(self.geometry)}


def wanted(args: argparse.Namespace) -> Wanted:
    """Check what was asked for before anything is built or booted."""
    order = args.order or str(_ORDER)
    if not re.fullmatch(r"\d{1,2}", order) or not 1 <= int(order) <= _ORDER_MAX:
        raise Broken(f"ORDER={order} is no order of blocks; 1 to {_ORDER_MAX}")
    levels = args.levels.replace(" ", "")
    for level in levels.split(",") if levels else ():
        if not re.fullmatch(r"0?\.\d+|[01](\.0*)?", level):
            raise Broken(f"LEVELS={args.levels}: {level!r} is no unusable free space index; "
                         "0 to 1, as 0,0.5,0.9")
    if not re.fullmatch(r"\d{0,3}", args.movable) or int(args.movable or 0) > 100:
        raise Broken(f"MOVABLE={args.movable} is no per cent of the broken blocks; 0 to 100")
    if args.compact not in ("", "0", "1"):
        raise Broken(f"COMPACT={args.compact} is neither 0 nor 1")
    occupants = args.occupants or OCCUPANTS[0]
    if occupants not in OCCUPANTS:
        raise Broken(f"no OCCUPANTS={occupants}; there are: {' '.join(OCCUPANTS)}")
    if args.occupants and not int(args.movable or 0):
        raise Broken(f"OCCUPANTS={occupants} without MOVABLE=: nothing that can be moved breaks a block; say "
                     "how many per cent of them it does, as MOVABLE=50")
    geometry = tlb.find_geometry(args.geometry)
    tlb.read_geometry(geometry)
    return Wanted(int(order), levels, geometry, int(args.movable or 0), occupants,
                  args.compact == "1")


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
        tlb.make_model(job.kernel, job.wanted.geometry, scratch)
    name, accel, why = qemu.accel(job.machine, boot.image, probe)
    return vm.Parts(boot, scratch, name, accel, why)


@dataclass(frozen=True)
class Found:
    """What a guest found: its results; with which parts; how it failed under another QEMU
    before, if it did; and why no TLB was modelled."""

    measured: dict[str, Any]
    parts: vm.Parts
    first: str
    no_model: str


def _no_model(machine: Machine) -> str:
    if machine.clock != "virtual":
        return f"no model of a TLB: CLOCK={machine.clock}: it would slow down what is timed"
    return tlb.no_model(machine)


def _ended(job: Job, parts: vm.Parts) -> tuple[vm.Ended, str]:
    """All levels, in one boot; and why no TLB was modelled."""
    scratch, console = parts.archive, job.run / "console-frag.log"
    paths = qemu.Paths(parts.boot.image, scratch / "initramfs", console, scratch / "verdict",
                       scratch / "results")

    def boot(emulator: qemu.Emulator) -> vm.Ended:
        return vm.boot(paths, job.machine, parts.accel, _CMDLINE, timeout=_TIMEOUT,
                       what=f"{job.kernel.label}, order {job.wanted.order}, {parts.accel_name}",
                       emulator=emulator)

    if why := _no_model(job.machine):
        return boot(parts.emulator), why
    guest = tlb.Guest(boot, parts.emulator, job.machine.mem_mib, console.with_suffix(".qemu"))
    return tlb.boot_modelled(guest, tlb.model_in(scratch), tlb.name_of(job.wanted.geometry))


def _boot(job: Job, parts: vm.Parts, first: str = "") -> Found:
    """All levels, and that they can be read."""
    ended, no_model = _ended(job, parts)
    code = vm.judge(ended)
    if code not in (Code.GOOD, Code.BROKEN) or not ended.results:
        said = re.findall(r"^kmbench: (.*)$", ended.console, re.M)
        raise errors.of(code)(said[-1] if said else f"kmbench exited with {code}")
    return Found(results.parse(ended.results, "results of the guest"), parts, first, no_model)


def _boot_twice(job: Job, parts: vm.Parts) -> Found:
    """All levels; under another QEMU, where this one may be to blame for a failure."""
    try:
        return _boot(job, parts)
    except Failed as failure:
        newer = parts.another_qemu(failure)
        if not newer:
            raise
        vm.keep_consoles(job.run)
        return _boot(job, dataclasses.replace(parts, emulator=newer), str(failure))


def _out_of_reach(job: Job, levels: list[dict[str, Any]]) -> str:
    """Why a level could not be had that should; "" if all could."""
    missed = [level for level in levels if level["unavailable"]]
    # Of the usual levels some may be out of reach, where that is known before anything is taken.
    failed = [level for level in missed if job.wanted.levels or (level["steps"] or {"taken": 0})["taken"]]
    told = failed or (missed if len(missed) == len(levels) else [])
    return str(told[0]["unavailable"]) if told else ""


def contradiction(found: dict[str, Any], geometry: str) -> str:
    """What in the walks' counts cannot be; "" if nothing."""
    return next(filter(None, (
        *(tlb.walk_contradiction(w, geometry) for v in found["levels"] for w in v["walks"]),
        *(tlb.user_contradiction(w, geometry) for v in found["levels"] for w in v["user_walks"]))),
        "")


def find(job: Job) -> tuple[Found, dict[str, Any]]:
    """Fragment, ask and walk: what was found, and the fingerprint of that."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        found = _boot_twice(job, _parts(job, Path(name)))
        return found, found.parts.fingerprint(job.machine)


def run(job: Job) -> Code:
    """Fragment, ask, walk, and write frag.json and its plots."""
    found, fingerprint = find(job)
    missed = _out_of_reach(job, found.measured["levels"])
    geometry = tlb.read_geometry(job.wanted.geometry)["name"]
    wrong = "" if found.no_model else contradiction(found.measured, geometry)
    results.write(job.run / "frag.json", {
        **results.header("kmbench-frag", job.kernel, _repeat(job)), "fingerprint": fingerprint,
        "first_failure": found.first, "cmdline": _CMDLINE, "no_model": found.no_model,
        "verdict": "error" if missed or wrong else "pass", "reason": missed or wrong,
        "measured": found.measured})
    ResponsePlots(results.load(job.run / "frag.json")).draw(job.run / "frag.svg")
    if missed or tlb.is_refused(found.no_model):
        return Code.BROKEN
    return Code.CANNOT_TELL if wrong else Code.GOOD


def _repeat(job: Job) -> str:
    machine = job.machine
    return results.command("frag", job.kernel, **job.wanted.variables(), CLOCK=machine.clock,
                           MEM=f"{machine.mem_mib}M", CPUS=str(machine.cpus))
