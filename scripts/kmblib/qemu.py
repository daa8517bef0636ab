# SPDX-License-Identifier: GPL-2.0
"""The command line of the virtual machine, and whether KVM really works."""

from __future__ import annotations

import functools
import hashlib
import json
import os
import platform
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import cache, proc
from .apt import Suites
from .options import Machine
from .progress import step

# Seconds after which a probe boot under KVM is taken to hang. It needs two.
_PROBE_TIMEOUT = 20.0

# Time is the number of instructions: nothing of the host gets in. Without erms and
# fsrm kernels zero and copy eight bytes an instruction (rep stosq), not one (rep
# stosb), which is nearer to what that costs, and several times faster to emulate.
_VIRTUAL = ("-accel", "tcg", "-icount", "shift=0,sleep=off",
            "-rtc", "clock=vm,base=2026-01-01", "-cpu", "max,-rdrand,-rdseed,-erms,-fsrm",
            "-seed", "1")
# riscv64: sscofpmf lets a counter keep user and kernel apart.
_RISCV64 = ("-machine", "virt", "-accel", "tcg", "-icount", "shift=0,sleep=off",
            "-rtc", "clock=vm,base=2026-01-01", "-cpu", "rv64,sscofpmf=true", "-seed", "1")
TCG = ("-accel", "tcg,thread=multi", "-cpu", "max")
_KVM = ("-accel", "kvm", "-cpu", "host")


@dataclass(frozen=True)
class Emulator:
    """A QEMU: its binary, options that let it find its own files, the device that has
    the ways out of the guest, and files that it is to find open."""

    binary: str
    options: tuple[str, ...] = ()
    # With ioeventfd the moment of a transfer depends on a thread of the host,
    # and on the virtual clock the same kernel's figures differ.
    ports: str = "virtio-serial-pci,ioeventfd=off"
    files: tuple[int, ...] = ()

    @functools.lru_cache(maxsize=None)
    def version(self) -> str:
        """The version, as it says it."""
        return proc.output([self.binary, "--version"], what=self.binary).splitlines()[0]

    def major(self) -> int:
        """The first number of the version."""
        return int(self.version().split()[3].split(".")[0])


INSTALLED = Emulator("qemu-system-x86_64")
RISCV64 = Emulator("qemu-system-riscv64", (), "virtio-serial-device")
# Before QEMU 8, TCG may leave garbage in the guest's flags after cmpxchg16b: an
# interrupt at the wrong moment then ends in a double fault or a debug trap that
# no kernel is to blame for. Seen with QEMU 7.2 and Linux 6.12.
_SOUND_MAJOR = 8
_NEWER = Suites(("bookworm-backports",))
_NEWER_PACKAGES = ["qemu-system-x86", "qemu-system-common", "qemu-system-data", "seabios"]


_FLAGS = re.compile(r"double fault|exc_debug|debug trap|general protection|impossible flags")
# In what a kernel says as it dies; and bits of them that no processor has set.
_EFLAGS = re.compile(r"\bEFLAGS: ([0-9a-f]{8})\b")
_RESERVED = 0xffc08028


def impossible_flags(console: str) -> str:
    """Flags of a dying guest that no processor can have, in words; "" where there are none."""
    found = next((text for text in _EFLAGS.findall(console) if int(text, 16) & _RESERVED), "")
    return f"impossible flags, EFLAGS {found}" if found else ""


def blames_flags(failure: str) -> bool:
    """Whether a kernel's complaint is one that garbage in its flags explains."""
    return bool(_FLAGS.search(failure))


def newer_if_suspect(emulator: Emulator, accel_name: str) -> Emulator | None:
    """Another QEMU, to hear before a kernel is blamed; None if this one is sound.

    It is unpacked into the cache and needs no library that the installed one
    does not. It is no default, since it takes almost twice as long.
    """
    if accel_name == "kvm" or emulator.major() >= _SOUND_MAJOR:
        return None

    def unpack(aside: Path) -> None:
        _NEWER.update()
        _NEWER.unpack(_NEWER_PACKAGES, aside)

    root = cache.made("qemu", unpack)
    return Emulator(str(root / "usr/bin/qemu-system-x86_64"),
                    ("-L", str(root / "usr/share/qemu"), "-L", str(root / "usr/share/seabios")))


def sound(emulator: Emulator) -> Emulator:
    """The emulator; or, of one whose flaw would look like the work of a kernel, another."""
    return (newer_if_suspect(emulator, "tcg") if emulator == INSTALLED else None) or emulator


# Linux versions, the first and the first no more, that are hit often: of 6.12 two boots of
# five whose guest differed a little, of 6.1 and 7.3 none.
_OFTEN_HIT = ((6, 2), (7, 0))


def for_figures(emulator: Emulator, versions: Iterable[tuple[int, int]]) -> Emulator:
    """The emulator for figures of kernels, which are comparable to those under the same one
    alone; where that would be another one with every other change of one of them, a sound one
    from the start.

    versions: of Linux, of all that are compared."""
    first, end = _OFTEN_HIT
    return sound(emulator) if any(first <= v < end for v in versions) else emulator


@dataclass(frozen=True)
class Paths:
    """Files of one boot: what goes in, and where each channel ends."""

    image: Path
    initramfs: Path
    console: Path
    verdict: Path
    results: Path


def _channel(name: str, path: Path) -> list[str]:
    return ["-chardev", f"file,id={name},path={path}",
            "-device", f"virtserialport,chardev={name},name=kmbench.{name}"]


def argv(paths: Paths, machine: Machine, accel: tuple[str, ...], cmdline: str,
         emulator: Emulator = INSTALLED) -> list[str]:
    """QEMU's arguments: no network, no display, no disk; three ways out."""
    return [
        emulator.binary, *emulator.options, *accel, "-m", f"{machine.mem_mib}M", "-smp", str(machine.cpus),
        "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
        "-kernel", str(paths.image), "-initrd", str(paths.initramfs), "-append", cmdline,
        "-chardev", f"file,id=console,path={paths.console}", "-serial", "chardev:console",
        "-device", emulator.ports,
        *_channel("verdict", paths.verdict), *_channel("results", paths.results),
    ]


def _probe(image: Path, initramfs: Path, scratch: Path) -> str:
    """Boot under KVM and see whether the guest says anything; why not, if not."""
    paths = Paths(image, initramfs, scratch / "console", scratch / "verdict",
                  scratch / "results")
    line = argv(paths, Machine("real", 512, 1), _KVM, "console=ttyS0 panic=-1")
    with step("probe whether KVM works") as current, \
            (scratch / "qemu.log").open("wb") as log, proc.child(line, stdout=log) as process:
        status = proc.wait(process, current, _PROBE_TIMEOUT)
    if status is None:
        return f"a guest under KVM did not finish booting in {_PROBE_TIMEOUT:.0f} s"
    if status or not paths.verdict.exists() or not paths.verdict.read_bytes():
        return f"a guest under KVM did not boot: {proc.last_lines(scratch / 'qemu.log')}"
    return ""


def kvm_refusal(image: Path, initramfs: Path) -> str:
    """Why KVM is not used; "" when a probe boot showed that it works.

    The answer is remembered for this image, host kernel and QEMU: that /dev/kvm can
    be opened, or even makes a machine, proves nothing.
    """
    if not os.access("/dev/kvm", os.R_OK | os.W_OK):
        return "/dev/kvm is not there or may not be used"

    def ask(aside: Path) -> None:
        scratch = cache.workdir("probe")
        aside.write_text(json.dumps({"refusal": _probe(image, initramfs, scratch)}))

    digest = hashlib.sha256(image.read_bytes()).hexdigest()[:12]
    key = f"{digest}-{platform.node()}-{platform.release()}-{INSTALLED.version().split()[3]}"
    answer: str = json.loads(cache.made(f"probe/kvm-{key}.json", ask).read_text())["refusal"]
    return answer


def accel_riscv64() -> tuple[str, tuple[str, ...], str]:
    """As accel(), for riscv64: always on the virtual clock."""
    return "tcg-icount", _RISCV64, "the guest is of another architecture"


def accel(machine: Machine, image: Path, initramfs: Path) -> tuple[str, tuple[str, ...], str]:
    """Which accelerator: its name, its arguments, and why not KVM."""
    if machine.clock == "virtual":
        return "tcg-icount", _VIRTUAL, "the virtual clock counts instructions of TCG"
    refusal = kvm_refusal(image, initramfs)
    return ("tcg", TCG, refusal) if refusal else ("kvm", _KVM, "")
