# SPDX-License-Identifier: GPL-2.0
"""Cost: the tool's scenarios in a virtual machine, with and without zeroing.

Two boots of the same guest: init_on_alloc=0, the primary figure, and
init_on_alloc=1, which distributions switch on and which makes every
allocation contain a memset.
"""

from __future__ import annotations

import argparse
import dataclasses
import os
import re
import subprocess
import tempfile
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import build, cache, errors, initramfs, place, proc, qemu, results, timed, vm
from .errors import Broken, Code, Failed, KmbError, Misuse
from .farm import REPO
from .kernels import Kernel
from .options import Machine

INIT_ON_ALLOC = (0, 1)
# The tool's table of profiles; and its RUN_SHARE_MAX.
_PROFILES = REPO / "userspace/profile.c"
SHARE_MAX = 90
# What the second boot measures of a profile: it shows what zeroing adds.
_SECOND = {"": "core", "quick": "core", "standard": "quick", "full": "standard"}
# Seconds a boot may take: many times what it needs on two slow cores.
_TIMEOUTS = {"": 600.0, "quick": 600.0, "core": 600.0, "standard": 1800.0, "full": 7200.0}


@dataclass(frozen=True)
class Amount:
    """What to measure, in the tool's words; "" leaves it to the tool.

    scenarios: names or globs. profile: a name. share: per cent of the
    available memory.
    """

    scenarios: tuple[str, ...] = ()
    profile: str = ""
    share: str = ""

    def beside(self) -> Amount:
        """What to measure where the figures only stand beside these."""
        if self.scenarios and not self.profile:
            return self
        return dataclasses.replace(self, profile=_SECOND.get(self.profile, self.profile))

    def timeout(self) -> float:
        """Seconds after which a guest is taken to hang; names may mean all cells."""
        whole = "full" if self.scenarios and not self.profile else self.profile
        return _TIMEOUTS.get(whole, _TIMEOUTS["full"])

    def words(self) -> tuple[str, ...]:
        """Arguments of `kmbench run`. Names of cells go behind "--"."""
        return (*(("--profile", self.profile) if self.profile else ()),
                *(("--share", self.share) if self.share else ()), "--", *self.scenarios)

    def variables(self) -> dict[str, str]:
        """The variables of make that ask for it."""
        return {"SCENARIOS": " ".join(self.scenarios), "PROFILE": self.profile,
                "SHARE": self.share}


def amount(args: argparse.Namespace) -> Amount:
    """From --scenarios, --profile and --share; Misuse of a profile or a share that the tool would
    refuse, before anything is built for it. Names of scenarios are the module's to know."""
    hidden = dict(re.findall(r'{ \.name = "(\w+)"([^}]*)}', _PROFILES.read_text()))
    if args.profile and args.profile not in hidden:
        known = (name for name, rest in hidden.items() if ".hidden" not in rest)
        raise Misuse(f"no PROFILE={args.profile}; there are: {' '.join(known)}")
    if args.share and not (args.share.isdecimal() and 1 <= int(args.share) <= SHARE_MAX):
        raise Misuse(f"SHARE={args.share} is no per cent of the available memory; 1 to {SHARE_MAX}")
    return Amount(tuple(args.scenarios.split()), args.profile, args.share)


# What the files of a guest are filled up to: bytes.
FILES = 16 << 20


@dataclass(frozen=True)
class Job:
    """One request to measure.

    amount: how much. run: where logs and results go. beside: the kernels whose figures it is
    compared with.
    """

    kernel: Kernel
    machine: Machine
    amount: Amount
    run: Path
    beside: tuple[Kernel, ...] = ()

    def versions(self) -> list[tuple[int, int]]:
        """Of Linux, of all that have to run under one emulator."""
        return [place.version(kernel.version) for kernel in (self.kernel, *self.beside)]


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


def check(tool: Path, amount_: Amount) -> None:
    """Have the tool look at its own options, before minutes go by until it does.

    Names of scenarios are the module's to know.
    """
    argv = [str(tool), "run", "--device", os.devnull, *amount_.words()]
    done = subprocess.run(argv, check=False, capture_output=True, env=proc.clean_env(),
                          stdin=subprocess.DEVNULL)
    said = done.stderr.decode(errors="replace").strip()
    if f": {os.devnull}: " not in said:
        raise Broken(said.partition("\n")[0].removeprefix("kmbench: ")
                     or f"{tool} exited with {done.returncode} and said nothing")


def _archive(scratch: Path, init_on_alloc: int) -> Path:
    """The initramfs of one of the boots."""
    return scratch / f"initramfs-{init_on_alloc}"


def _parts(job: Job, scratch: Path) -> vm.Parts:
    probe = scratch / "initramfs-probe"
    amounts = dict(zip(INIT_ON_ALLOC, (job.amount, job.amount.beside())))
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{job.kernel.key}"):
        boot, contents = guest(job.kernel, ("info",))
        check(contents.programs["kmbench"], job.amount)
        initramfs.pack(contents, probe)
        for init_on_alloc, amount_ in amounts.items():
            command = ("/bin/kmbench", "run", "--progress=cells", "--json", initramfs.RESULTS,
                       *amount_.words())
            initramfs.pack(dataclasses.replace(contents, command=command),
                           _archive(scratch, init_on_alloc), FILES)
    name, accel, why = qemu.accel(job.machine, boot.image, probe)
    return vm.Parts(boot, scratch, name, accel, why)


@dataclass(frozen=True)
class Variant:
    """One of the boots: init_on_alloc, and which one where there are several of that."""

    init_on_alloc: int
    number: int = 0

    def __str__(self) -> str:
        return f"init_on_alloc={self.init_on_alloc}" + (f".{self.number}" if self.number else "")


def _boot(job: Job, parts: vm.Parts, variant: Variant, scratch: Path, which: str = "",
          ) -> dict[str, Any]:
    """One boot: its measurement, or the reason why there is none. which: of how many, as a
    person is told."""
    cmdline = f"{vm.CMDLINE} init_on_alloc={variant.init_on_alloc}"
    paths = qemu.Paths(parts.boot.image, _archive(scratch, variant.init_on_alloc),
                       job.run / f"console-{variant}.log", scratch / f"verdict-{variant}",
                       scratch / f"results-{variant}")
    ended = vm.boot(paths, job.machine, parts.accel, cmdline, timeout=job.amount.timeout(),
                    what=f"{job.kernel.label}, {parts.accel_name}, {variant}{which}",
                    emulator=parts.emulator)
    code = vm.judge(ended)
    if code != Code.GOOD:
        said = [line for line in ended.console.splitlines() if line.startswith("kmbench: ")]
        reason = said[-1].removeprefix("kmbench: ") if said else f"kmbench exited with {code}"
        raise errors.of(code)(reason)
    measurement = results.parse(ended.results, f"results of the guest ({variant})")
    return {"init_on_alloc": variant.init_on_alloc, "cmdline": cmdline, "measurement": measurement}


VARIANTS = tuple(Variant(n) for n in INIT_ON_ALLOC)


def _boots(job: Job, parts: vm.Parts, scratch: Path, variants: tuple[Variant, ...] = VARIANTS,
           ) -> tuple[list[dict[str, Any]], KmbError | None]:
    """All boots: at once on the virtual clock, which nothing disturbs; else in turn.

    Returns what was measured, and the first failure of the kernel under test.
    """
    workers = min(len(variants), os.cpu_count() or 1) if job.machine.clock == "virtual" else 1
    done, failure = [], None
    with proc.threads(workers) as pool:
        futures: list[Future[dict[str, Any]]] = [
            pool.submit(_boot, job, parts, variant, scratch, f", boot {nr} of {len(variants)}")
            for nr, variant in enumerate(variants, 1)]
        for future in futures:
            try:
                done.append(future.result())
            except Failed as error:
                failure = failure or error
    return done, failure


def repeated(job: Job, times: int) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The same boot so often, without zeroing: what each measured, and the fingerprint.
    Failed where the kernel under test broke."""
    variants = tuple(Variant(0, n + 1) for n in range(times))
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        parts = _parts(job, Path(name))
        emulator = qemu.for_figures(parts.emulator, job.versions())
        parts = dataclasses.replace(parts, emulator=emulator)
        boots, failure = _boots(job, parts, Path(name), variants)
        newer = parts.another_qemu(failure)
        if newer:
            parts = dataclasses.replace(parts, emulator=newer)
            boots, failure = _boots(job, parts, Path(name), variants)
        if failure:
            raise failure
        module = build.module_home(job.kernel, parts.boot) / "kmbench.ko"
        return boots, {**parts.fingerprint(job.machine), "options_sha256": parts.options_sha256(),
                       "timed": timed.place(module)}


def once(job: Job, plugin: str = "") -> dict[str, Any]:
    """The same boot once, with a plugin of QEMU and its options, if any: what it measured. Under
    a QEMU without the flaw: there is no other boot that would show that the kernel is sound."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        parts = _parts(job, Path(name))
        emulator = qemu.sound(parts.emulator)
        options = (*emulator.options, *(("-plugin", plugin) if plugin else ()))
        emulator = dataclasses.replace(emulator, options=options)
        return _boot(job, dataclasses.replace(parts, emulator=emulator), Variant(0, 3), Path(name))


def _repeat(job: Job) -> str:
    machine = job.machine
    return results.command("bench", job.kernel, CLOCK=machine.clock,
                           **job.amount.variables(), MEM=f"{machine.mem_mib}M",
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
