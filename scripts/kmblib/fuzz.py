# SPDX-License-Identifier: GPL-2.0
"""Random ioctls in a guest whose kernel looks for what a module does wrong.

The guest's program is userspace/tests/fuzz.c. It checks the answers; what the
kernel finds stands on its console, where vm.judge() sees it, and in kmemleak.
"""

from __future__ import annotations

import re
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

from . import build, cache, initramfs, qemu, vm
from .errors import Broken, Code, Failed
from .kernels import Kernel
from .options import Machine

# The configuration of the kernel, see scripts/configs.
CONFIG = "debug"
# KASAN and kmemleak keep books of all memory.
MACHINE = Machine("real", 1024, 2)
# Linux checks at boot whether the timer ticks, and panics when the host had no time
# for it.
_CMDLINE = f"{vm.CMDLINE} no_timer_check"
# Seconds for the boot, and for a thousand ioctls on a slow machine.
_TIMEOUT_BOOT = 600.0
_TIMEOUT_THOUSAND = 10.0
_KINDS = ("hello", "info", "row", "run", "footprint", "walk", "touch", "lend", "frag")
# What must have happened, or too little was tried: ioctl and its answer.
_MUST = (*((kind, "0") for kind in _KINDS),
         *((kind, "EPROTO") for kind in (*_KINDS, "none")),
         *((kind, "EFAULT") for kind in _KINDS),
         *((kind, "EINVAL") for kind in _KINDS if kind != "info"),
         *(("run", answer) for answer in ("EBUSY", "EINTR", "ENOSPC")), ("none", "ENOTTY"),
         ("frag", "ERANGE"), ("frag", "ENOSPC"),
         *(("mmap", answer) for answer in ("0", "ENXIO", "EINVAL")))


@dataclass(frozen=True)
class Job:
    """What to try.

    seed: decides what is asked. count: ioctls. fault: what kmbench_fault.ko is
    to break meanwhile, for a control.
    """

    seed: int
    count: int
    fault: str = ""

    def words(self) -> tuple[str, ...]:
        """Arguments of the guest's program."""
        return (str(self.seed), str(self.count), *((self.fault,) if self.fault else ()))


@dataclass(frozen=True)
class Report:
    """What the guest's program found.

    answers: how often each ioctl had which answer. leaks: that kmemleak tells of;
    -1: it is not in this kernel, or gave up. planted: those that were there to be
    found. complaints: answers that are wrong, and the first of them. held: what was
    not given back. text: all of it.
    """

    answers: dict[tuple[str, str], int]
    leaks: int
    planted: int
    complaints: int
    first: str
    held: str
    text: str


def parse(text: str) -> Report:
    """The report from the guest's results."""
    answers = {(kind, answer): int(count) for kind, answer, count in
               re.findall(r"^answers (\S+) (\S+) (\d+)$", text, re.M)}
    tail = re.search(r"^planted (-?\d+)\nleaks (-?\d+)\ncomplaints (\d+) (.*)\nheld ?(.*)$", text,
                     re.M)
    if not tail or not answers:
        raise Broken(f"the fuzzer's report has no end: {text[-200:]!r}")
    return Report(answers, int(tail[2]), int(tail[1]), int(tail[3]), tail[4], tail[5], text)


def verdict(report: Report, count: int) -> str:
    """What is wrong; "" if nothing is. Too little that was tried is wrong, too."""
    if report.complaints:
        return f"{report.complaints} answers are wrong, the first: {report.first}"
    if report.leaks > 0:
        return f"{report.leaks} objects leaked; see the report"
    if report.held:
        return f"after the run: {report.held}"
    missing = [f"{kind} {answer}" for kind, answer in _MUST
               if not report.answers.get((kind, answer))]
    if missing and count >= 100_000:
        return f"too little was tried, never seen: {', '.join(missing)}"
    return ""


def require_kmemleak(report: Report, job: Job) -> None:
    """Broken where no leak could have been found."""
    if report.leaks < 0:
        raise Broken("kmemleak is not in the guest's kernel, or gave up; see configs/debug.config")
    if not job.fault and report.planted <= 0:
        raise Broken("kmemleak did not find memory that was lost on purpose")


def _guest(kernel: Kernel, boot: build.Boot, job: Job) -> initramfs.Guest:
    modules = build.modules(kernel, boot)
    tool = build.tool(kernel, "guests")
    return initramfs.Guest(
        tool / "init", {"fuzz": tool / "fuzz"},
        (*((module, "") for module in boot.modules), (modules / "kmbench.ko", "")),
        ("/bin/fuzz", *job.words()), unloaded=(modules / "kmbench_fault.ko",))


def boot(kernel: Kernel, job: Job, scratch: Path, config: str = CONFIG) -> vm.Ended:
    """Boot the guest of a job. config: "" for the kernel that `make bench` boots."""
    parts = build.kernel_for_vm(kernel, config)
    archive, probe = scratch / "initramfs", scratch / "initramfs-probe"
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{kernel.key}"):
        guest = _guest(kernel, parts, job)
        initramfs.pack(guest, archive)
        initramfs.pack(replace(guest, command=()), probe)
    accel = qemu.accel(MACHINE, parts.image, probe)[1]
    paths = qemu.Paths(parts.image, archive, scratch / "console", scratch / "verdict",
                       scratch / "results")
    return vm.boot(paths, MACHINE, accel, _CMDLINE,
                   what=f"{job.count} ioctls on {kernel.label}, seed {job.seed}",
                   timeout=_TIMEOUT_BOOT + _TIMEOUT_THOUSAND * job.count / 1000)


def run(kernel: Kernel, job: Job) -> Report:
    """Boot, judge, report; Failed when the kernel or an answer was wrong."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        ended = boot(kernel, job, Path(name))
    code = vm.judge(ended)
    report = parse(ended.results.decode(errors="replace"))
    require_kmemleak(report, job)
    wrong = verdict(report, job.count)
    if code != Code.GOOD or wrong:
        raise Failed(f"seed {job.seed}: {wrong or f'the fuzzer exited with {code}'}")
    return report
