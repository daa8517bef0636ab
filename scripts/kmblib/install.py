# SPDX-License-Identifier: GPL-2.0
"""What `make install` installs: the tool with its manual page and completion; or, for a
machine without this repository, tests as the kernel's kselftests are laid out."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from . import build, cache, docs, kernels, proc
from .farm import REPO
from .kernels import Kernel

_TESTS = REPO / "scripts/kselftest"
_COMPLETION = REPO / "scripts/completion/kmbench"
_COLLECTION = "kmbench"
# Seconds; the suites take minutes where a machine is emulated.
_SETTINGS = "timeout=1800\n"
_RUNNER, _SHARED = "run_kselftest.sh", "common.sh"


def _copy(source: Path, into: Path, mode: int = 0o644) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    into.unlink(missing_ok=True)
    shutil.copyfile(source, into)
    into.chmod(mode)


def to_prefix(kernel: Kernel, destdir: str, prefix: str) -> Path:
    """Install the tool below DESTDIR/PREFIX; returns where it is."""
    work = build.tool(kernel)
    proc.run([*build.tool_make(kernel, work), "install", f"DESTDIR={destdir}", f"PREFIX={prefix}"],
             cache.workdir("logs") / "install.log", what="installing the tool")
    top = Path(f"{destdir}{prefix}")
    _copy(_COMPLETION, top / "share/bash-completion/completions/kmbench")
    with tempfile.TemporaryDirectory(prefix="kmbench-") as scratch:
        _copy(docs.man(Path(scratch)), top / "share/man/man1/kmbench.1")
    return top / "bin/kmbench"


def tests() -> list[str]:
    """The names of the tests of scripts/kselftest, as kselftest-list.txt has them."""
    names = sorted(p.name for p in _TESTS.glob("*.sh") if p.name not in (_RUNNER, _SHARED))
    return [f"{_COLLECTION}:{name}" for name in names]


def _modules(kernel: Kernel, home: Path) -> str:
    """The modules for a distribution's kernel; returns the release that they are for."""
    boot = build.kernel_for_vm(kernel)
    release = kernels.stock(kernel).release
    for module in (build.modules(kernel, boot) / "kmbench.ko", build.ktap(kernel, boot)):
        into = home / "modules" / release / module.name
        _copy(module, into)
        proc.output(["strip", "--strip-debug", into], what="strip")
    return release


def kselftest(kernel: Kernel, top: Path) -> str:
    """Install runner, list, tests, tool and modules below a directory.

    Returns the release of the kernel that there are modules for; "" where it is not
    a distribution's own, whose modules another machine could load.
    """
    home = top / _COLLECTION
    has_stock = kernel.distro is not None and kernel.distro.stock is not None
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{kernel.key}"):
        _copy(build.tool(kernel) / "kmbench-static", home / "kmbench", 0o755)
        release = _modules(kernel, home) if has_stock else ""
    for path in _TESTS.glob("*.sh"):
        place = top if path.name == _RUNNER else home
        _copy(path, place / path.name, 0o644 if path.name == _SHARED else 0o755)
    (home / "settings").write_text(_SETTINGS)
    (top / "kselftest-list.txt").write_text("".join(f"{name}\n" for name in tests()))
    return release
