# SPDX-License-Identifier: GPL-2.0
"""TLB misses by the PMU: walks in QEMU's riscv64 machine, whose PMU counts them.

It proves the path from libperf through the kernel's driver and the firmware to a
counter. What is counted are fills of the emulator's own TLB, on the virtual clock.
"""

from __future__ import annotations

import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import arches, build, cache, errors, initramfs, kernel_counts, pmu_counts, qemu, results, vm
from .arches import Arch
from .errors import Broken, Code
from .kernels import Kernel
from .options import Machine

ARCHES = ("x86_64", "riscv64")
_RISCV64 = arches.ARCHES["riscv64"]
_LIBC_PACKAGE = "libc6-dev-riscv64-cross"
_PROGRAM = "kmbench-pmu"
# Where the program's own pages lie decides which of them walked pages drive out.
CMDLINE = f"{vm.CMDLINE} norandmaps"
# Seconds that the boot may take: many times what it needs on two slow cores.
_TIMEOUT = 300.0


@dataclass(frozen=True)
class Job:
    """One request: a kernel, the virtual machine, where logs and results go, and
    words added to the guest's command line."""

    kernel: Kernel
    machine: Machine
    run: Path
    words: str = ""


def wanted(arch: str, geometry: str) -> bool:
    """Whether ARCH= asks for this way; Broken where it, or GEOMETRY= with it, is wrong."""
    if arch and arch not in ARCHES:
        raise Broken(f"ARCH={arch}: make tlb knows {ARCHES[0]} (default), by a model of a TLB, "
                     f"and {ARCHES[1]}, by its PMU in QEMU")
    if arch != _RISCV64.name:
        return False
    if geometry:
        raise Broken(f"GEOMETRY={geometry} with ARCH={arch}: no TLB is modelled there; leave it out")
    return True


def require(arch: Arch = _RISCV64) -> None:
    """Broken, with the packages' names, where a program or the C library is missing."""
    arches.require(arch)
    done = subprocess.run([f"{arch.cross}gcc", "-x", "c", "-E", "-"], input="#include <stdio.h>\n",
                          text=True, capture_output=True, check=False)
    if done.returncode:
        raise Broken(f"ARCH={arch.name} needs the headers of the C library for "
                     f"{arch.cross}gcc; apt-get install {_LIBC_PACKAGE}")


def guest(kernel: Kernel, *arguments: str) -> tuple[build.Boot, initramfs.Guest]:
    """Build what a guest of this kernel needs to run kmbench-pmu."""
    boot = build.kernel_for_vm(kernel, arch=_RISCV64)
    tool = build.pmu_tool(kernel, _RISCV64)
    module = build.modules(kernel, boot) / "kmbench.ko"
    return boot, initramfs.Guest(tool / "init", {_PROGRAM: tool / _PROGRAM}, ((module, ""),),
                                 (f"/bin/{_PROGRAM}", "--out", initramfs.RESULTS, *arguments))


def _parts(job: Job, scratch: Path) -> vm.Parts:
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{_RISCV64.name}-{job.kernel.key}"):
        boot, contents = guest(job.kernel)
        initramfs.pack(contents, scratch / "initramfs")
    return vm.Parts(boot, scratch, *qemu.accel_riscv64(), qemu.RISCV64, _RISCV64.name)


def read(ended: vm.Ended) -> dict[str, Any]:
    """What a guest counted, if the boot may be believed."""
    code = vm.judge(ended)
    if code != Code.GOOD:
        said = re.findall(rf"^{_PROGRAM}: (.*)$", ended.console, re.M)
        raise errors.of(code)(said[-1].strip() if said else f"{_PROGRAM} exited with {code}")
    return pmu_counts.parse(ended.results.decode(errors="replace"))


def _boot(job: Job, parts: vm.Parts, cmdline: str) -> dict[str, Any]:
    scratch = parts.archive
    paths = qemu.Paths(parts.boot.image, scratch / "initramfs", job.run / "console-pmu.log",
                       scratch / "verdict", scratch / "results")
    return read(vm.boot(paths, job.machine, parts.accel, cmdline, timeout=_TIMEOUT,
                        what=f"{job.kernel.label}, {_RISCV64.name}", emulator=parts.emulator))


def judge(counted: dict[str, Any]) -> tuple[str, str]:
    """The verdict on walks of a program and of the module, and why it is not pass."""
    walks, in_kernel = counted["walks"], counted["kernel_walks"]
    reason = pmu_counts.unavailable(walks) or kernel_counts.unjudged(in_kernel)
    if reason:
        return "error", reason
    wrong = [*pmu_counts.miscounts(walks), *kernel_counts.miscounts(in_kernel)]
    return ("fail", wrong[0]) if wrong else ("pass", "")


def run(job: Job) -> Code:
    """Walk, count and write pmu.json, and pmu.svg."""
    cmdline = f"{CMDLINE} {job.words}".strip()
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        parts = _parts(job, Path(name))
        counted = _boot(job, parts, cmdline)
        fingerprint = parts.fingerprint(job.machine)
    verdict, reason = judge(counted)
    results.write(job.run / "pmu.json", {
        **results.header("kmbench-pmu", job.kernel, _repeat(job)), "fingerprint": fingerprint,
        "cmdline": cmdline, "verdict": verdict, "reason": reason, **counted})
    pmu_counts.PmuCounts(results.load(job.run / "pmu.json")).plot(job.run / "pmu.svg")
    return {"pass": Code.GOOD, "fail": Code.FAILED, "error": Code.CANNOT_TELL}[verdict]


def _repeat(job: Job) -> str:
    return results.command("tlb", job.kernel, ARCH=_RISCV64.name, MEM=f"{job.machine.mem_mib}M")
