# SPDX-License-Identifier: GPL-2.0
"""The guest's file system: PID 1, the tool, modules, and what to run."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from . import proc
from .errors import Broken

RESULTS = "/results.json"
_PAGE = 4096
# What headers of an archive take at most, beside the files: bytes.
_HEADERS = 1 << 16


@dataclass(frozen=True)
class Guest:
    """What is put into a guest.

    init: PID 1. programs: name in /bin to file. modules: files and their
    parameters, in loading order. command: what PID 1 runs, as argv. unloaded:
    modules that the command loads itself. libraries: files that programs need at the same
    paths as here.
    """

    init: Path
    programs: dict[str, Path]
    modules: tuple[tuple[Path, str], ...]
    command: tuple[str, ...]
    unloaded: tuple[Path, ...] = ()
    libraries: tuple[Path, ...] = ()
    directories: tuple[str, ...] = field(default=("proc", "sys", "dev", "tmp", "bin",
                                                  "etc/kmbench", "lib/modules"))


def _fill(guest: Guest, root: Path) -> None:
    for name in guest.directories:
        (root / name).mkdir(parents=True, exist_ok=True)
    shutil.copy(guest.init, root / "init")
    for name, program in guest.programs.items():
        shutil.copy(program, root / "bin" / name)
    for library in guest.libraries:
        copy = root / library.relative_to("/")
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(library, copy)
    for module in guest.unloaded:
        shutil.copyfile(module, root / "lib/modules" / module.name)
    lines = []
    for module, parameters in guest.modules:
        shutil.copyfile(module, root / "lib/modules" / module.name)
        lines.append(f"/lib/modules/{module.name} {parameters}".strip() + "\n")
    (root / "etc/kmbench/modules").write_text("".join(lines))
    (root / "etc/kmbench/command").write_text("".join(f"{a}\n" for a in guest.command))


def _fill_up(root: Path, bytes_: int) -> None:
    """Have the files take so many bytes of pages, all together."""
    pages = sum(-(-p.stat().st_size // _PAGE) for p in root.rglob("*") if p.is_file())
    rest = bytes_ - pages * _PAGE
    if rest < 0:
        raise Broken(f"the guest's files take {pages * _PAGE} bytes; at most {bytes_} are provided for")
    with (root / "fill").open("wb") as file:
        file.truncate(rest)


def pack(guest: Guest, archive: Path, bytes_: int = 0) -> None:
    """Write the archive that a kernel unpacks at boot.

    The same content gives the same bytes: names are sorted, times and owners
    are none. bytes_: what its files are filled up to, so that one that is a little
    larger does not move all that the kernel allocates afterwards; 0: they are not.
    """
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch) / "root"
        root.mkdir()
        _fill(guest, root)
        if bytes_:
            _fill_up(root, bytes_)
        names = sorted(str(p.relative_to(root)) for p in root.rglob("*"))
        proc.output(["find", root, "-exec", "touch", "-h", "-d", "@0", "{}", "+"], what="touch")
        done = subprocess.run(
            ["cpio", "--quiet", "-o", "-H", "newc", "--reproducible", "-R", "0:0"],
            input="\n".join(names).encode(), cwd=root, capture_output=True, check=False)
    if done.returncode:
        raise Broken(f"cpio: {done.stderr.decode(errors='replace').strip()}")
    # The kernel skips zeros at the end.
    archive.write_bytes(done.stdout.ljust(bytes_ + _HEADERS if bytes_ else 0, b"\0"))
