# SPDX-License-Identifier: GPL-2.0
"""A guest that plays the running machine: `make bench WHERE=host` and its like, for real.

Debian's stock kernel is booted, and this machine's files are shared with it,
read-only; what the guest writes stays in its memory:

    /             virtiofsd, over it a tmpfs, together an overlay
    /lib/modules  only a link to the kernel's headers, in the cache
    scripts/host-selftest --inside   what runs there, as root

Its results are a JSON object: what became of each act.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

from . import build, cache, farm, host, initramfs, kernels, proc, qemu, vm
from .errors import Broken, Code
from .kernels import Kernel
from .options import Machine
from .system import System

_MACHINE = Machine("real", 2048, 2)
# Without the first two, an emulated compiler spends most of its time in the
# kernel; without the last, the kernel drops what is written to its log fast.
_CMDLINE = f"{vm.CMDLINE_MAY_WARN} mitigations=off init_on_alloc=0 printk.devkmsg=on"
# Seconds. A compiler that is emulated on a busy machine takes its time.
_TIMEOUT = 3600.0
_SHARE = "machine"
_DAEMONS = ("/usr/lib/qemu/virtiofsd", "/usr/libexec/virtiofsd")
# In a mount namespace of its own, so that what is shared can be read only.
_SERVE = 'mount --bind / "$1" && mount -o remount,bind,ro "$1" && shift && exec "$@"'
_ENTER = f"""
set -e
mount -t virtiofs -o ro {_SHARE} /lower
mount -t tmpfs tmpfs /upper
mkdir /upper/changes /upper/work
mount -t overlay -o lowerdir=/lower,upperdir=/upper/changes,workdir=/upper/work overlay /machine
mount -t proc proc /machine/proc
mount -t sysfs sysfs /machine/sys
mount -t securityfs securityfs /machine/sys/kernel/security
mount -t devtmpfs devtmpfs /machine/dev
mount -t tmpfs tmpfs /machine/tmp
status=0
chroot /machine "$@" || status=$?
cp /machine/tmp/results.json /results.json
exit $status
"""
_PROGRAMS = ("bash", "mount", "mkdir", "chroot", "cp")
_LOADED = "sys/module/kmbench"
_RUNS = farm.REPO / "results/runs"
# What the tool says while it measures, and what is written in the end; of any of the commands.
_LOGS = ("*/tool.log", "*/perf.log")
_FOUND = ("*/bench.json", "*/chase.json", "*/perf.json")


@dataclass(frozen=True)
class Act:
    """Something to do on the machine.

    scenarios: as for scripts/bench; "": command knows none. args: more options of command. disturb:
    what is done once it measures: a signal to its process group, or a record of the kernel's
    log, so many times. afresh: build the module there; else that of play() is
    taken, as an emulated make needs minutes to find out that all is built.
    """

    scenarios: str
    args: tuple[str, ...] = ()
    disturb: str = ""
    times: int = 1
    afresh: bool = False
    command: str = "bench"


@dataclass(frozen=True)
class Ended:
    """What became of an act.

    status: exit status (negative: a signal). said: standard error. was_loaded:
    the module was seen. still_loaded: it is there afterwards. bench: bench.json,
    chase.json or perf.json, or {}.
    """

    status: int
    said: str
    seconds: float
    was_loaded: bool
    still_loaded: bool
    bench: dict[str, Any]

    def walked(self) -> int:
        """How many walks over the kernel's memory were made."""
        walks = self.bench.get("kernel_walks", {}).get("walks", [])
        return sum(walk["unavailable"] is None for walk in walks)

    def marks(self) -> list[str]:
        """What the results say was disregarded."""
        found: list[str] = self.bench.get("fingerprint", {}).get("forced", [])
        return found


def _programs() -> dict[str, Path]:
    """A shell and what it needs to enter the machine, by their places below /bin."""
    found = {}
    for name in _PROGRAMS:
        path = shutil.which(name, path="/usr/bin:/bin:/usr/sbin:/sbin")
        if not path:
            raise Broken(f"no program {name} on this machine")
        found[name] = Path(path)
        for library in re.findall(r"(/\S+) \(0x", proc.output(["ldd", path], what="ldd")):
            found[f"..{library}"] = Path(library)
    return found


def _guest(kernel: Kernel, acts: dict[str, Act],
           scratch: Path) -> tuple[build.Boot, initramfs.Guest]:
    boot = build.kernel_for_vm(kernel)
    more = build.stock_modules(kernels.stock(kernel), "virtiofs", "overlay")
    enter = scratch / "enter"
    enter.write_text(_ENTER)
    programs = {**_programs(), "enter": enter}
    homes = {os.path.dirname(os.path.normpath(f"bin/{name}")) for name in programs}
    command = ("/bin/bash", "/bin/enter", "/usr/bin/env", "-i", f"HOME={Path.home()}",
               f"PATH={os.environ['PATH']}", "PYTHONDONTWRITEBYTECODE=1",
               f"KMBENCH_CACHE={cache.root()}", str(farm.REPO / "scripts/host-selftest"),
               "--inside", json.dumps({name: asdict(act) for name, act in acts.items()}))
    directories = {"proc", "sys", "dev", "tmp", "etc/kmbench", "lib/modules", "lower", "upper",
                   "machine", *homes}
    return boot, initramfs.Guest(
        build.tool(kernel) / "init", programs,
        tuple((m, "") for m in dict.fromkeys((*boot.modules, *more))), command,
        directories=tuple(sorted(directories)))


@contextmanager
def _shared(scratch: Path) -> Iterator[tuple[str, ...]]:
    """This machine's files, offered to a guest; QEMU's options for that."""
    daemon = next((d for d in _DAEMONS if Path(d).exists()), None)
    if not daemon:
        raise Broken(f"no virtiofsd in {' or '.join(_DAEMONS)}; install qemu-system-common "
                     "(Debian 12) or virtiofsd")
    top, socket, log = scratch / "top", scratch / "socket", scratch / "virtiofsd.log"
    top.mkdir()
    # What the guest has seen of a file stays: asking again each time is slow.
    serve: list[str | Path] = [
        "unshare", "--mount", "sh", "-c", _SERVE, "serve", top, daemon,
        f"--socket-path={socket}", "-o", f"source={top},sandbox=chroot,cache=always"]
    with log.open("wb") as out, proc.child(serve, stdout=out) as process:
        until = time.monotonic() + 20
        while not socket.exists():
            if process.poll() is not None or time.monotonic() > until:
                raise Broken(f"virtiofsd does not serve: {proc.last_lines(log)}")
            time.sleep(0.05)
        yield ("-object", f"memory-backend-memfd,id=ram,size={_MACHINE.mem_mib}M,share=on",
               "-machine", "memory-backend=ram",
               "-chardev", f"socket,id=share,path={socket}",
               "-device", f"vhost-user-fs-pci,chardev=share,tag={_SHARE}")


def _provide(stock: kernels.Stock, root: Path) -> System:
    """Have a machine's files name the headers and configuration of a kernel."""
    system = System(root, stock.release)
    for link, target in ((system.headers, stock.headers),
                         (root / f"boot/config-{stock.release}", stock.config)):
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(target)
    return system


def _boot(kernel: Kernel, words: str, acts: dict[str, Act], scratch: Path) -> vm.Ended:
    boot, guest = _guest(kernel, acts, scratch)
    initramfs.pack(guest, scratch / "initramfs")
    paths = qemu.Paths(boot.image, scratch / "initramfs", scratch / "console.log",
                       scratch / "verdict", scratch / "results")
    accel = qemu.accel(_MACHINE, boot.image, scratch / "initramfs")[1]
    with _shared(scratch) as options:
        return vm.boot(paths, _MACHINE, accel, f"{_CMDLINE} {words}".strip(),
                       what=f"{kernel.label} as the running machine {words}".strip(),
                       timeout=_TIMEOUT, emulator=qemu.Emulator(qemu.INSTALLED.binary, options))


def play(kernel: Kernel, words: str, acts: dict[str, Act], scratch: Path) -> dict[str, Ended]:
    """Boot a machine and have the acts done there, in order; how each ended.

    words: added to the kernel's command line. scratch: an empty directory.
    """
    host.build_into(_provide(kernels.stock(kernel), scratch / "root"), scratch)
    ended = _boot(kernel, words, acts, scratch)
    if "kmbench-verdict 1 exit=0 " not in ended.verdict:
        raise Broken("the machine was not played to the end: "
                     f"{ended.verdict.strip() or 'no verdict'}; the last it said:\n"
                     f"{proc.last_lines(scratch / 'console.log', 10)}")
    return {act: Ended(**fields) for act, fields in json.loads(ended.results).items()}


def _no_make(scratch: Path) -> Path:
    """A directory for PATH with a make that finds nothing to do."""
    (scratch / "bin").mkdir(exist_ok=True)
    make = scratch / "bin/make"
    if not make.exists():
        make.symlink_to("/bin/true")
    return make.parent


def _argv(act: Act) -> list[str | Path]:
    scenarios = ["--scenarios", act.scenarios] if act.scenarios else []
    return [farm.REPO / "scripts" / act.command, "--where", "host", *scenarios, *act.args]


class _Command:
    """A command for the running machine under way, in a process group of its own."""

    def __init__(self, act: Act, scratch: Path) -> None:
        self.was_loaded = False
        self._log = scratch / "log"
        path = os.environ["PATH"] if act.afresh else f"{_no_make(scratch)}:{os.environ['PATH']}"
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                _argv(act), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=out,
                env={**os.environ, "PATH": path}, start_new_session=True)

    def wait(self, disturb: Callable[[int], None]) -> int:
        """Its exit status; disturb() once the tool has said that it measures."""
        shown, disturbed = 0, False
        while self._process.poll() is None:
            text = self._log.read_text(errors="replace")
            print(text[shown:], end="", flush=True)
            shown = len(text)
            self.was_loaded |= System().exists(_LOADED)
            if not disturbed and any(log.stat().st_size for name in _LOGS for log in _RUNS.glob(name)):
                disturbed = True
                disturb(self._process.pid)
            time.sleep(0.02)
        return self._process.returncode


def _disturb(act: Act, pid: int) -> None:
    if act.disturb.startswith("SIG"):
        os.killpg(pid, signal.Signals[act.disturb])
    elif act.disturb:
        for _ in range(act.times):
            # Without the newline it might go on, and is not readable yet.
            Path("/dev/kmsg").write_text(f"{act.disturb}\n")


def _still_loaded() -> bool:
    """Whether the module is there, after the seconds that a killed run may need."""
    until = time.monotonic() + 10
    while System().exists(_LOADED) and time.monotonic() < until:
        time.sleep(0.1)
    return System().exists(_LOADED)


def _do(act: Act, system: System, scratch: Path) -> Ended:
    for old in (_RUNS, *([host.module_dir(system)] if act.afresh else [])):
        shutil.rmtree(old, ignore_errors=True)
    began = time.monotonic()
    command = _Command(act, scratch)
    status = command.wait(lambda pid: _disturb(act, pid))
    seconds = time.monotonic() - began
    still_loaded = _still_loaded()
    found = [path for name in _FOUND for path in _RUNS.glob(name)]
    document = json.loads(found[0].read_text()) if found else {}
    return Ended(status, (scratch / "log").read_text(), seconds, command.was_loaded,
                 still_loaded, document)


def inside(kernel: Kernel, acts: str) -> Code:
    """What runs on the machine that is played: provide its headers, do the acts."""
    system, done = _provide(kernels.stock(kernel), Path("/")), {}
    with tempfile.TemporaryDirectory() as name:
        for act, fields in json.loads(acts).items():
            print(f"act: {act}", flush=True)
            done[act] = asdict(_do(Act(**fields), system, Path(name)))
    Path("/tmp/results.json").write_text(json.dumps(done))
    return Code.GOOD
