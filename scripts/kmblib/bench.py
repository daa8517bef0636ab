# SPDX-License-Identifier: GPL-2.0
"""Cost: the tool's scenarios in a virtual machine, with and without zeroing.

Two boots of the same guest: init_on_alloc=0, the primary figure, and
init_on_alloc=1, which distributions switch on and which makes every
allocation contain a memset.
"""

from __future__ import annotations

import dataclasses
import os
import tempfile
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import build, cache, initramfs, proc, qemu, results, vm
from .errors import Broken, CannotTell, Code, Failed, KmbError
from .kernels import Kernel
from .options import Machine

INIT_ON_ALLOC = (0, 1)
# Seconds a boot may take; the whole table needs about 30 on two slow cores.
TIMEOUT = 600.0


@dataclass(frozen=True)
class Job:
    """One request to measure.

    scenarios: names or globs for the tool. run: where logs and results go.
    """

    kernel: Kernel
    machine: Machine
    scenarios: tuple[str, ...]
    run: Path


def guest(kernel: Kernel, command: tuple[str, ...], fault: str = "") -> tuple[build.Boot, initramfs.Guest]:
    """Build what a guest of this kernel needs, to run a command of the tool.

    fault: break the guest instead, as kmbench_fault.ko knows how to.
    """
    boot = build.kernel_for_vm(kernel)
    modules = build.modules(kernel, boot)
    tool = build.tool(kernel)
    loaded = [(m, "") for m in boot.modules] + [(modules / "kmbench.ko", "")]
    if fault:
        loaded.append((modules / "kmbench_fault.ko", f"fault={fault}"))
    return boot, initramfs.Guest(tool / "init", {"kmbench": tool / "kmbench-static"},
                                 tuple(loaded), ("/bin/kmbench", *command))


def _parts(job: Job, scratch: Path) -> vm.Parts:
    command = ("run", "--progress", "--json", initramfs.RESULTS, *job.scenarios)
    archive, probe = scratch / "initramfs", scratch / "initramfs-probe"
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{job.kernel.key}"):
        boot, contents = guest(job.kernel, command)
        initramfs.pack(contents, archive)
        initramfs.pack(dataclasses.replace(contents, command=("/bin/kmbench", "info")), probe)
    name, accel, why = qemu.accel(job.machine, boot.image, probe)
    return vm.Parts(boot, archive, name, accel, why)


def _boot(job: Job, parts: vm.Parts, init_on_alloc: int, scratch: Path) -> dict[str, Any]:
    """One boot: its measurement, or the reason why there is none."""
    base = f"init_on_alloc={init_on_alloc}"
    cmdline = f"{vm.CMDLINE} {base}"
    paths = qemu.Paths(parts.boot.image, parts.archive, job.run / f"console-{base}.log",
                       scratch / f"verdict-{base}", scratch / f"results-{base}")
    ended = vm.boot(paths, job.machine, parts.accel, cmdline, timeout=TIMEOUT,
                    what=f"{job.kernel.label}, {parts.accel_name}, {base}",
                    emulator=parts.emulator)
    code = vm.judge(ended)
    if code != Code.GOOD:
        said = [line for line in ended.console.splitlines() if line.startswith("kmbench: ")]
        reason = said[-1].removeprefix("kmbench: ") if said else f"kmbench exited with {code}"
        raise {Code.FAILED: Failed, Code.CANNOT_TELL: CannotTell}.get(code, Broken)(reason)
    measurement = results.parse(ended.results, f"results of the guest ({base})")
    return {"init_on_alloc": init_on_alloc, "cmdline": cmdline, "measurement": measurement}


def _boots(job: Job, parts: vm.Parts, scratch: Path) -> tuple[list[dict[str, Any]], KmbError | None]:
    """All boots: at once on the virtual clock, which nothing disturbs; else in turn.

    Returns what was measured, and the first failure of the kernel under test.
    """
    workers = min(len(INIT_ON_ALLOC), os.cpu_count() or 1) if job.machine.clock == "virtual" else 1
    with ThreadPoolExecutor(workers) as pool:
        futures: list[Future[dict[str, Any]]] = [
            pool.submit(_boot, job, parts, n, scratch) for n in INIT_ON_ALLOC]
        done, failure = [], None
        try:
            for future in futures:
                try:
                    done.append(future.result())
                except Failed as error:
                    failure = failure or error
        except BaseException:
            # Leaving the pool waits for its threads, and these for their guests.
            pool.shutdown(wait=False, cancel_futures=True)
            proc.kill_children()
            raise
    return done, failure


def _repeat(job: Job) -> str:
    machine = job.machine
    return results.command("bench", job.kernel, CLOCK=machine.clock,
                           SCENARIOS=" ".join(job.scenarios), MEM=f"{machine.mem_mib}M",
                           CPUS=str(machine.cpus))


def run(job: Job) -> Code:
    """Measure one kernel and write bench.json."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        parts = _parts(job, Path(name))
        boots, failure = _boots(job, parts, Path(name))
        first, newer = failure, parts.another_qemu(failure)
        if newer:
            vm.keep_consoles(job.run)
            parts = dataclasses.replace(parts, emulator=newer)
            boots, failure = _boots(job, parts, Path(name))
        fingerprint = parts.fingerprint(job.machine)
    results.write(job.run / "bench.json", {
        **results.header("kmbench-bench", job.kernel, _repeat(job)),
        "fingerprint": fingerprint, "first_failure": str(first) if newer else "",
        "verdict": "fail" if failure else "pass", "reason": str(failure or ""),
        "boots": boots})
    return Code.FAILED if failure else Code.GOOD


def write_error(job: Job, error: KmbError) -> None:
    """Write a bench.json that says why there is no measurement."""
    results.write(job.run / "bench.json", {
        **results.header("kmbench-bench", job.kernel, _repeat(job)),
        "fingerprint": None, "first_failure": "",
        "verdict": "error", "reason": str(error), "boots": []})
