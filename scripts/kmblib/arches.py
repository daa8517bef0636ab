# SPDX-License-Identifier: GPL-2.0
"""Architectures that the promises are tested on, and what each needs."""

from __future__ import annotations

import shutil
from dataclasses import dataclass

from .errors import Broken


@dataclass(frozen=True)
class Arch:
    """An architecture.

    name: as in ARCH=. kunit: as kunit.py calls it. cross: prefix of the
    compiler. emulator: its QEMU, "" for UML. packages: the Debian package of
    each program that is needed besides those of every run. timeout: seconds
    that the suites may take at least.
    """

    name: str
    kunit: str
    cross: str
    emulator: str
    packages: dict[str, str]
    timeout: int


def _foreign(name: str, kunit: str, cross: str, emulator: str, package: str) -> Arch:
    compiler = f"{cross}gcc"
    return Arch(name, kunit, cross, emulator,
                {compiler: f"gcc-{cross.removesuffix('-')}", emulator: package}, 600)


# UML is a process of the host, of the host's architecture, and quick. The packages
# are also in packages.txt, in the group that is called as the architecture.
ARCHES = {arch.name: arch for arch in (
    Arch("um", "um", "", "", {}, 120),
    Arch("x86_64", "x86_64", "", "qemu-system-x86_64",
         {"qemu-system-x86_64": "qemu-system-x86"}, 600),
    _foreign("arm64", "arm64", "aarch64-linux-gnu-", "qemu-system-aarch64", "qemu-system-arm"),
    _foreign("riscv64", "riscv", "riscv64-linux-gnu-", "qemu-system-riscv64",
             "qemu-system-misc"),
)}
DEFAULT = "um"


def find(name: str) -> Arch:
    """The architecture that ARCH= names."""
    if (name or DEFAULT) not in ARCHES:
        raise Broken(f"no ARCH={name}; there are: {' '.join(ARCHES)}")
    return ARCHES[name or DEFAULT]


def require(arch: Arch) -> None:
    """Broken, with the packages' names, where a program is missing."""
    missing = {program: package for program, package in arch.packages.items()
               if not shutil.which(program)}
    if missing:
        raise Broken(f"ARCH={arch.name} needs {' and '.join(missing)}; "
                     f"apt-get install {' '.join(missing.values())}")
