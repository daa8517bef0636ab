# SPDX-License-Identifier: GPL-2.0
"""What `make install` installs: the tool with its manual page and completion; or, for a
machine without this repository, tests as the kernel's kselftests are laid out."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from . import build, cache, docs, host, kernels, objections, options, proc
from .errors import Broken, Misuse
from .farm import REPO
from .kernels import Kernel
from .system import System

_TESTS = REPO / "scripts/kselftest"
_COMPLETION = REPO / "scripts/completion/kmbench"
_COLLECTION = "kmbench"
# Seconds; the suites take minutes where a machine is emulated.
_SETTINGS = "timeout=1800\n"
_RUNNER, _SHARED = "run_kselftest.sh", "common.sh"
# Seconds that a test may take to unload what it has loaded.
_PATIENCE = 60.0


def _copy(source: Path, into: Path, mode: int = 0o644) -> None:
    into.parent.mkdir(parents=True, exist_ok=True)
    into.unlink(missing_ok=True)
    shutil.copyfile(source, into)
    into.chmod(mode)


def below(destdir: str, prefix: str) -> Path:
    """Check DESTDIR and PREFIX; the directory that both name. Misuse where that is none, or is not
    to be written to."""
    if not prefix.startswith("/"):
        raise Misuse(f"PREFIX={prefix} is no absolute path; as /usr/local")
    top = Path(f"{options.directory('DESTDIR', destdir) if destdir else ''}{prefix}")
    there = next(parent for parent in (top, *top.parents) if parent.exists())
    if not there.is_dir() or not os.access(there, os.W_OK):
        raise Misuse(f"{top}: {there} cannot be written to; give another PREFIX= or DESTDIR=, or be root")
    return top


def to_prefix(kernel: Kernel, top: Path) -> Path:
    """Install the tool below a directory; returns where it is."""
    work = build.tool(kernel)
    proc.run([*build.tool_make(kernel, work), "install", f"PREFIX={top}"],
             cache.workdir("logs") / "install.log", what="installing the tool")
    _copy(_COMPLETION, top / "share/bash-completion/completions/kmbench")
    with tempfile.TemporaryDirectory(prefix="kmbench-") as scratch:
        _copy(docs.man(Path(scratch)), top / "share/man/man1/kmbench.1")
    return top / "bin/kmbench"


def tests() -> list[str]:
    """The names of the tests of scripts/kselftest, as kselftest-list.txt has them."""
    names = sorted(p.name for p in _TESTS.glob("*.sh") if p.name not in (_RUNNER, _SHARED))
    return [f"{_COLLECTION}:{name}" for name in names]


def _modules(kernel: Kernel, boot: build.Boot, release: str, home: Path) -> str:
    """The modules for a kernel that another machine may run; returns its release."""
    for module in (build.modules(kernel, boot) / "kmbench.ko", build.ktap(kernel, boot)):
        into = home / "modules" / release / module.name
        _copy(module, into)
        proc.output(["strip", "--strip-debug", into], what="strip")
    return release


def _loadable(kernel: Kernel, home: Path, system: System | None) -> str:
    """The modules for the kernel that runs, or a distribution's own, which another machine
    could load. Returns the release that they are for; "" where there are none."""
    if system:
        return "" if objections.unloadable(system) else \
            _modules(*host.own(system), system.release, home)
    if kernel.distro is None or kernel.distro.stock is None:
        return ""
    return _modules(kernel, build.kernel_for_vm(kernel), kernels.stock(kernel).release, home)


def kselftest(kernel: Kernel, top: Path, system: System | None = None) -> str:
    """Install runner, list, tests, tool and modules below a directory.

    system: modules are for the kernel that runs, if it can load any. Returns the release
    that there are modules for; "" where there are none.
    """
    home = top / _COLLECTION
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{kernel.key}"):
        _copy(build.tool(kernel) / "kmbench-static", home / "kmbench", 0o755)
        release = _loadable(kernel, home, system)
    for path in _TESTS.glob("*.sh"):
        place = top if path.name == _RUNNER else home
        _copy(path, place / path.name, 0o644 if path.name == _SHARED else 0o755)
    (home / "settings").write_text(_SETTINGS)
    (top / "kselftest-list.txt").write_text("".join(f"{name}\n" for name in tests()))
    return release


def run_in_place(top: Path, patience: float = _PATIENCE) -> int:
    """Run what kselftest() installed there; the runner's exit status. On an interrupt all tests are
    told to end, which unloads modules; Broken where that takes more than so many seconds."""
    with subprocess.Popen([top / _RUNNER], start_new_session=True) as runner:
        try:
            return runner.wait()
        except BaseException:
            _end(runner, patience)
            raise


def _end(runner: subprocess.Popen[bytes], patience: float) -> None:
    """Tell them each second: a shell that was about to start a program waits for that first."""
    until = time.monotonic() + patience
    while time.monotonic() < until:
        os.killpg(runner.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            runner.wait(1)
            return
    os.killpg(runner.pid, signal.SIGKILL)
    raise Broken(f"a test has not ended {patience:g} s after it was told to, and was killed; rmmod what it "
                 "left: kmbench, kmalloc_ktap")
