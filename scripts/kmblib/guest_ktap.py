# SPDX-License-Identifier: GPL-2.0
"""Correctness on a kernel without KUnit: the suites of kunit/ as a module,
kmalloc_ktap.ko, which a virtual machine loads.

The guest sends the kernel's log as its results. The console has the same
lines, and is what is read when the guest died before it could send any.
"""

from __future__ import annotations

import dataclasses
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import build, cache, farm, initramfs, ktap, kunit, place, qemu, results, skips, vm
from .errors import Broken, Code, Failed, KmbError
from .kernels import Kernel
from .options import Machine

# Seconds the guest may take; it needs about a minute. A case that hangs is given
# up by the module after 120.
_TIMEOUT = 1200.0


@dataclass(frozen=True)
class Job:
    """One request to test.

    init_on_alloc: 0 or 1, of the kernel's command line. run: where logs and
    results go.
    """

    kernel: Kernel
    machine: Machine
    init_on_alloc: int
    run: Path


def cmdline(init_on_alloc: int) -> str:
    """The kernel's command line; its log has to hold all that the cases say."""
    return f"{vm.CMDLINE_MAY_WARN} log_buf_len=4M init_on_alloc={init_on_alloc}"


def _parameters(module: Path) -> str:
    """What is wanted of those that a module has, as its .modinfo says.

    exhaust: the machine is the module's own, so its memory may be used up.
    """
    content = module.read_bytes()
    return " ".join(f"{name}=1" for name, wanted in (("exhaust", True), ("strict", kunit.strict()))
                    if wanted and f"\0parmtype={name}:".encode() in content)


def guest(kernel: Kernel) -> tuple[build.Boot, initramfs.Guest]:
    """Build what a guest needs that loads the module and runs nothing else."""
    boot = build.kernel_for_vm(kernel)
    module = build.ktap(kernel, boot)
    loaded = [(m, "") for m in boot.modules] + [(module, _parameters(module))]
    return boot, initramfs.Guest(build.tool(kernel) / "init", {}, tuple(loaded), ())


def _parts(job: Job, scratch: Path) -> vm.Parts:
    archive, probe = scratch / "initramfs", scratch / "initramfs-probe"
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{job.kernel.key}"):
        boot, contents = guest(job.kernel)
        initramfs.pack(contents, archive)
        initramfs.pack(dataclasses.replace(contents, modules=contents.modules[:-1]), probe)
    name, accel, why = qemu.accel(job.machine, boot.image, probe)
    return vm.Parts(boot, archive, name, accel, why)


def log_text(ended: vm.Ended, failure: KmbError | None) -> str:
    """The kernel's log as it was sent, or the console of a guest that failed."""
    if failure:
        return ended.console
    return re.sub(r"(?m)^<\d+>", "", ended.results.decode(errors="replace"))


def _boot(job: Job, parts: vm.Parts, scratch: Path) -> KmbError | None:
    """Boot, keep console and log; how the guest failed, if it did."""
    paths = qemu.Paths(parts.boot.image, parts.archive, job.run / "console-ktap.log",
                       scratch / "verdict", scratch / "results")
    ended = vm.boot(paths, job.machine, parts.accel, cmdline(job.init_on_alloc),
                    what=f"{job.kernel.label}, {parts.accel_name}, kmalloc_ktap.ko",
                    timeout=_TIMEOUT, emulator=parts.emulator)
    failure = None
    try:
        vm.judge(dataclasses.replace(ended, console=ktap.unasked(ended.console)))
    except Failed as error:
        failure = error
    (job.run / "ktap.log").write_text(log_text(ended, failure))
    return failure


def _allowed(job: Job) -> list[skips.Rule]:
    where = place.Place(place.version(job.kernel.version), "module",
                        f"init_on_alloc_{job.init_on_alloc}")
    return skips.rules(where)


def findings(log: ktap.Log, failure: KmbError | None, allowed: list[skips.Rule]) -> dict[str, Any]:
    """What a log says, where a guest that failed never passes."""
    found = kunit.findings(log, allowed)
    if not failure:
        return found
    bad = any(case.outcome in ("fail", "error") for case in log.cases)
    return {**found, "verdict": "fail",
            "reason": f"{found['reason']}; {failure}" if bad else str(failure)}


def _kunit_py(kernel: Kernel) -> Path:
    tree = farm.plant(kernel) if kernel.is_tree else kernel.source
    return tree / "tools/testing/kunit/kunit.py"


def _environment(job: Job, parts: vm.Parts, first: KmbError | None) -> dict[str, Any]:
    ran = parts.fingerprint(job.machine)
    shared = {key: ran.pop(key) for key in ("arch", "compiler", "config_sha256")}
    del ran["clock"]
    return {"runner": "ktap", **shared,
            "guest": {**ran, "cmdline": cmdline(job.init_on_alloc), "first_failure": str(first or "")}}


def _repeat(job: Job) -> str:
    return results.command("ktap", job.kernel, MEM=f"{job.machine.mem_mib}M",
                           CPUS=str(job.machine.cpus), INIT_ON_ALLOC=str(job.init_on_alloc))


def document(job: Job, parts: vm.Parts, first: KmbError | None, log: ktap.Log,
             failure: KmbError | None) -> dict[str, Any]:
    """The content of ktap.json, as results/schema.json describes it.

    first: a failure that another QEMU did not confirm. failure: how the guest
    failed, beside what its log says.
    """
    return {**results.header("kmbench-kunit", job.kernel, _repeat(job)),
            "environment": _environment(job, parts, first), **findings(log, failure, _allowed(job))}


def run(job: Job) -> Code:
    """Correctness of one kernel: build, boot, judge, write ktap.json."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        parts = _parts(job, Path(name))
        failure, first = _boot(job, parts, Path(name)), None
        if newer := parts.another_qemu(failure):
            first = failure
            vm.keep_consoles(job.run)
            parts = dataclasses.replace(parts, emulator=newer)
            failure = _boot(job, parts, Path(name))
        log = ktap.read(_kunit_py(job.kernel), job.run / "ktap.log")
        doc = document(job, parts, first, log, failure)
    results.write(job.run / "ktap.json", doc)
    if doc["verdict"] == "error":
        raise Broken(f"kmalloc_ktap.ko: {doc['reason']}; log: {job.run}/ktap.log")
    return Code.GOOD if doc["verdict"] == "pass" else Code.FAILED
