# SPDX-License-Identifier: GPL-2.0
"""One boot of a guest, and what may be believed of it.

    runner --initramfs, command line-->  QEMU [ kernel -> init -> kmbench ]
           <--- console (dmesg) --------  ttyS0: read for badness only
           <--- results (JSON) ---------  virtio port kmbench.results
           <--- verdict (one line) -----  virtio port kmbench.verdict, last

A boot passes only if the guest wrote its verdict, the results are as long and
have the checksum that it says, and the console shows nothing bad. Silence,
time-outs, panics, oopses, warnings and truncated output all fail.
"""

from __future__ import annotations

import hashlib
import re
import shlex
import sys
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from . import proc, qemu, results
from .build import Boot
from .errors import Broken, Code, Failed, KmbError
from .options import Machine
from .progress import Course, step

# A kernel under test that does any of these has failed, whatever it says.
CMDLINE = "console=ttyS0 nokaslr panic=-1 panic_on_warn=1 oops=panic"
# For cases that ask for a warning.
CMDLINE_MAY_WARN = CMDLINE.replace(" panic_on_warn=1", "")

_NO_MEMORY = re.compile(r"Out of memory and no killable|deadlocked on memory|"
                        r"Initramfs unpacking failed|Out of memory: Killed process 1 ")
_BADNESS = re.compile(
    r"Kernel panic|\bBUG: |\bBUG\b.*!|\bBUG [\w-]+ \(|(?:^|[\]>] ?)WARNING: |Oops[: ]|general protection fault|"
    r"Unable to handle kernel|INFO: (task|rcu|possible|inconsistent)|KASAN:|KFENCE:|"
    r"UBSAN:|kmemleak: \d+ new suspected|soft lockup|hard LOCKUP|rcu: .*stall|segfault at|"
    r"SLUB: Unable to allocate memory|Call Trace:")
_COUNTED = re.compile(r"^kmbench: (?:(step .*?),|(level|cell|walk) (\d+) of (\d+)(?::|,? .*now) (.*?))\r?$", re.M)
_VERDICT = re.compile(r"kmbench-verdict 1 (?:exit=(?P<exit>\d+) bytes=(?P<bytes>\d+) "
                      r"crc32=(?P<crc>[0-9a-f]{8})|error=(?P<error>.*))\n")


@dataclass(frozen=True)
class Parts:
    """What the boots of a job share."""

    boot: Boot
    archive: Path
    accel_name: str
    accel: tuple[str, ...]
    why_not_kvm: str
    emulator: qemu.Emulator = qemu.INSTALLED
    arch: str = "x86_64"

    def fingerprint(self, machine: Machine) -> dict[str, Any]:
        """What ran, for a results file."""
        config = self.boot.config.read_bytes()
        return {"arch": self.arch, "config_sha256": hashlib.sha256(config).hexdigest(),
                "compiler": results.compiler(config.decode()), "qemu": self.emulator.version(),
                "accelerator": self.accel_name, "accelerator_options": shlex.join(self.accel),
                "why_not_kvm": self.why_not_kvm, "clock": machine.clock,
                "mem_mib": machine.mem_mib, "cpus": machine.cpus}

    def options_sha256(self) -> str:
        """Of what was configured: without comments and the salt of a distribution's build,
        which name the version."""
        lines = re.findall(r"^(?:# )?CONFIG_(?!BUILD_SALT\b).*$", self.boot.config.read_text(), re.M)
        return hashlib.sha256("\n".join(lines).encode()).hexdigest()

    def another_qemu(self, failure: KmbError | None) -> qemu.Emulator | None:
        """The QEMU to hear next, where the failure may be this one's; None else."""
        if not failure or not qemu.blames_flags(str(failure)):
            return None
        try:
            newer = qemu.newer_if_suspect(self.emulator, self.accel_name)
        except KmbError as error:
            print(f"kmbench: no second QEMU to hear: {error}", file=sys.stderr)
            return None
        if newer:
            print(f"kmbench: {failure}; once more under another QEMU before the kernel "
                  "is blamed", file=sys.stderr)
        return newer


def keep_consoles(run: Path) -> None:
    """Put the consoles of a first try aside."""
    for console in run.glob("console-*.log"):
        console.rename(console.with_name(f"first-{console.name}"))


@dataclass(frozen=True)
class Verdict:
    """What the guest says of itself: exit code of the command, and how long
    its results are (bytes) with which checksum; or an error of its set-up."""

    exit: int
    size: int
    crc32: int
    error: str


def parse_verdict(text: str) -> Verdict | None:
    """The verdict line, or None when there is no whole one."""
    match = _VERDICT.fullmatch(text)
    if not match:
        return None
    if match["error"] is not None:
        return Verdict(0, 0, 0, match["error"])
    return Verdict(int(match["exit"]), int(match["bytes"]), int(match["crc"], 16), "")


def badness(console: str) -> str:
    """The first bad line of a console log, without its time stamp; "" if none."""
    for line in console.splitlines():
        if _BADNESS.search(line):
            return re.sub(r"^\[ *\d+\.\d+\] *", "", line.strip())
    return ""


@dataclass(frozen=True)
class Ended:
    """How a guest ended: timed_out after `timeout` seconds, or by itself."""

    timed_out: bool
    timeout: float
    console: str
    verdict: str
    results: bytes


def judge(ended: Ended) -> Code:
    """The exit code of the guest's command, if the boot may be believed.

    Raises Failed when the kernel under test broke, Broken when the guest's
    set-up did.
    """
    bad = badness(ended.console)
    if _NO_MEMORY.search(ended.console.split("Run /init as init process")[0]):
        raise Broken("the guest's memory is too small to boot; give a larger MEM=")
    if bad:
        if flags := qemu.impossible_flags(ended.console):
            bad = f"{bad} ({flags})"
        raise Failed(f"the guest's kernel complained: {bad}")
    if ended.timed_out:
        raise Failed(f"the guest hung: no verdict after {ended.timeout:.0f} s; its last "
                     f"lines: {_last_lines(ended.console)}")
    verdict = parse_verdict(ended.verdict)
    if verdict is None:
        raise Failed("the guest ended without a verdict; its last lines: "
                     f"{_last_lines(ended.console)}")
    if verdict.error:
        raise Broken(f"the guest could not set itself up: {verdict.error}")
    if len(ended.results) != verdict.size or zlib.crc32(ended.results) != verdict.crc32:
        raise Failed(f"the guest's results were cut off: {len(ended.results)} of "
                     f"{verdict.size} bytes arrived")
    if verdict.exit == Code.GOOD and not verdict.size:
        raise Broken("the guest's command says it is done, but wrote no results")
    return Code(verdict.exit) if verdict.exit in list(Code) else Code.BROKEN


def _last_lines(console: str, count: int = 3) -> str:
    lines = [line.strip() for line in console.splitlines() if line.strip()]
    return " | ".join(lines[-count:]) or "(none)"


def _read(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


class HowFar:
    """What a guest or the tool is doing, from the end of its console: which level, cell or walk, of how
    many, and how long the rest will take. Its own clock may be the virtual one."""

    def __init__(self) -> None:
        self._course, self._done = Course(0), 0

    def at(self, console: str) -> str:
        """One who begins to count again does so in another course."""
        told = _COUNTED.findall(console)
        if not told:
            return _last_lines(console, 1)[-60:]
        step_, word, count, total, about = told[-1]
        if step_:
            return str(step_)
        done = int(count) - 1
        if int(total) != self._course.total or done < self._done:
            self._course = Course(int(total), done)
        self._done = done
        return f"{word} {self._course.at(done)}, {about}"


def how_far(log: Path) -> Callable[[], str]:
    """The same of one whose output goes to a file."""
    course = HowFar()
    return lambda: course.at(_read(log)[-4000:].decode(errors="replace"))


def boot(paths: qemu.Paths, machine: Machine, accel: tuple[str, ...], cmdline: str, *,
         what: str, timeout: float, emulator: qemu.Emulator = qemu.INSTALLED,
         watch: Callable[[int], None] = lambda _pid: None) -> Ended:
    """Boot a guest and wait until it is off, or for `timeout` seconds.

    QEMU is gone when this returns, whichever way it returns. watch: is called with its process
    id now and then while it runs.
    """
    for path in (paths.console, paths.verdict, paths.results):
        path.unlink(missing_ok=True)
    log = paths.console.with_suffix(".qemu")

    with step(what, how_far(paths.console)) as current, log.open("wb") as out, \
            proc.child(qemu.argv(paths, machine, accel, cmdline, emulator),
                       stdout=out, files=emulator.files) as process:
        status = proc.wait(process, current, timeout, lambda: watch(process.pid))
        if status:
            raise Broken(f"QEMU did not run: {proc.last_lines(log)}")
    log.unlink()
    return Ended(status is None, timeout, _read(paths.console).decode(errors="replace"),
                 _read(paths.verdict).decode(errors="replace"), _read(paths.results))
