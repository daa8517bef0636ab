# SPDX-License-Identifier: GPL-2.0
"""Cost on the running machine: check, say, build, load, measure, unload.

    check      objections.py: all that speaks against it, before anything is built
    keeper     loads kmbench.ko, and unloads it when its standard input ends: when
               the run is over, was interrupted, or was killed
    tool       runs while the module is loaded, and is dead before that ends
    kernel log of all that, read for badness
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

from . import build, cache, errors, kernels, objections, proc, results, vm
from .bench import Amount
from .errors import Broken, CannotTell, Code, Failed, KmbError
from .kernel_log import KernelLog
from .kernels import Kernel
from .progress import step
from .system import System

# A process of its own, so that not even kill -9 leaves the module behind. Who
# was killed with the run may have the device open for a moment still.
_KEEPER = """
trap '' INT TERM HUP
insmod "$1" || exit
echo loaded
read -r end
for try in 1 2 3 4 5 6 7 8 9 10; do
	rmmod kmbench && exit
	sleep 0.5
done
exit 1
"""
# Options that only a virtual machine has.
_OF_VM = ("kernel", "kdir", "mem", "cpus", "geometry", "arch")


@dataclass(frozen=True)
class Job:
    """One request to measure the running machine.

    amount: how much. forced: what spoke against it. run: where logs and results
    go.
    """

    system: System
    amount: Amount
    forced: tuple[str, ...]
    run: Path

    @property
    def cpu(self) -> int:
        """Where it is measured: the first CPU gets most of the interrupts."""
        return max(os.sched_getaffinity(0))


def clashes(given: argparse.Namespace) -> list[str]:
    """Options that say something else than WHERE=host does."""
    values = [(name.upper(), getattr(given, name, "")) for name in _OF_VM]
    if getattr(given, "clock", "real") != "real":
        values.append(("CLOCK", given.clock))
    return [f"{name}={value} is for a virtual machine, and WHERE=host measures the running "
            "kernel; leave one out" for name, value in values if value]


def admit(system: System, clashing: list[str], force: bool,
          command: str = objections.COMMAND) -> tuple[str, ...]:
    """Refuse a machine, with all reasons, or return those that are disregarded. command: the one
    that is to be admitted."""
    impossible = [*clashing, *(reason.replace(objections.COMMAND, command)
                               for reason in objections.impossible(system))]
    distorting = objections.distorting(system)
    for reason in impossible:
        print(f"kmbench: impossible: {reason}", file=sys.stderr)
    for reason in distorting:
        print(f"kmbench: distorting: {reason}", file=sys.stderr)
    if impossible:
        raise Broken("nothing was built or loaded; --force does not help against what is "
                     "impossible")
    if distorting and not force:
        raise Broken("nothing was built or loaded; --force (FORCE=1) measures all the same, and "
                     "marks the result")
    return tuple(distorting)


@contextmanager
def new_run(system: System) -> Iterator[Path]:
    """As results.new_run(), but the checkout's owner shall own what root makes."""
    with results.new_run(system.release) as run:
        try:
            yield run
        finally:
            owner = results.RUNS.parent.stat()
            for path in (results.RUNS, run, *run.glob("*")) if os.geteuid() == 0 else ():
                os.chown(path, owner.st_uid, owner.st_gid)


def announce(job: Job) -> None:
    """Say what is about to happen."""
    what = " ".join(job.amount.scenarios) or f"the profile {job.amount.profile or 'quick'}"
    print(f"kmbench: about to measure the running kernel, {job.system.release}:\n"
          f"  build kmbench.ko against {job.system.headers}, and the tool, in {cache.root()};\n"
          "  the source of a kernel is fetched there first, if it is not, for libperf\n"
          "  load kmbench.ko; it is unsigned and not of the kernel's tree, which taints the "
          "kernel until the next boot\n"
          f"  measure {what} on CPU {job.cpu}, and on others what takes several, now and then "
          f"with interrupts off: seconds to minutes, {job.amount.timeout() / 60:.0f} at most\n"
          "  unload kmbench.ko, also after an error or Ctrl-C", file=sys.stderr, flush=True)


def _kernel(system: System) -> Kernel:
    return Kernel("", system.release, system.release, system.headers,
                  f"host-{system.release}", None)


def module_dir(system: System) -> Path:
    """Where in the cache the module of a machine is built."""
    return cache.root() / "module" / _kernel(system).key


def build_tool_into(into: Path) -> None:
    """Put the tool into a directory that no other run touches."""
    tools = kernels.find(kernels.DEFAULT, None)
    with cache.lock(f"guest-{tools.key}"):
        shutil.copy(build.tool(tools) / "kmbench", into)


def own(system: System) -> tuple[Kernel, build.Boot]:
    """The kernel that runs, for what builds modules."""
    return _kernel(system), build.Boot(
        system.root / f"boot/vmlinuz-{system.release}",
        system.root / f"boot/config-{system.release}", system.headers, ())


def build_into(system: System, into: Path) -> None:
    """Put kmbench.ko and the tool into a directory that no other run touches."""
    kernel, boot = own(system)
    with cache.lock(f"guest-{kernel.key}"):
        shutil.copy(build.modules(kernel, boot) / "kmbench.ko", into)
    build_tool_into(into)


@contextmanager
def _loaded(module: Path, log: Path) -> Iterator[None]:
    """Have the module loaded for as long as the block runs, or this process lives."""
    path, refused = f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin", False
    with log.open("wb") as out, subprocess.Popen(
            ["sh", "-c", _KEEPER, "keeper", module], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=out, env=proc.clean_env({"PATH": path}),
            start_new_session=True) as keeper:
        assert keeper.stdin and keeper.stdout
        try:
            refused = keeper.stdout.readline() != b"loaded\n"
            if refused:
                raise Broken(f"kmbench.ko cannot be loaded: {proc.last_lines(log)}; see dmesg")
            yield
        finally:
            keeper.stdin.close()
            if keeper.wait() and not refused:
                raise Broken(f"kmbench.ko is still loaded: {proc.last_lines(log)}; find out who "
                             "uses /dev/kmbench, then rmmod kmbench")


def judge(what: str, status: int | None, timeout: float, log: Path) -> None:
    """Raise as the exit status of what measured says; None: it was ended after so many seconds."""
    if status is None:
        raise Failed(f"{what} hung: no end after {timeout:.0f} s; its last line: "
                     f"{proc.last_lines(log)}")
    if status:
        all_ = f" (all of it: {log})" if len(log.read_bytes().splitlines()) > 1 else ""
        raise errors.of(status)(f"{proc.last_lines(log).removeprefix('kmbench: ')}{all_}")


def _run_tool(job: Job, scratch: Path) -> dict[str, Any]:
    """What the tool measures; raises as its exit code says."""
    log, found, timeout = job.run / "tool.log", scratch / "results", job.amount.timeout()
    argv: list[str | Path] = [scratch / "kmbench", "run", "--progress=cells", "--cpu",
                              str(job.cpu), "--json", found, *job.amount.words()]
    with step(f"measure {job.system.release}", vm.how_far(log)) as current, \
            log.open("wb") as out, proc.child(argv, stdout=out) as process:
        judge("the tool", proc.wait(process, current, timeout), timeout, log)
    return results.parse(found.read_bytes(), "results of the tool")


def believed(measure: Callable[[], dict[str, Any]], scratch: Path, run: Path) -> dict[str, Any]:
    """What is measured while kmbench.ko is loaded, which build_into() put into scratch; it
    is believed only if the kernel had nothing to complain of."""
    with KernelLog() as log:
        try:
            with _loaded(scratch / "kmbench.ko", scratch / "keeper.log"):
                measurement, error = measure(), None
        except KmbError as caught:
            measurement, error = {}, caught
        said = log.new()
    (run / "kernel.log").write_text(said)
    if bad := vm.badness(said):
        raise Failed(f"the kernel complained: {bad}")
    if error:
        raise error
    if log.lost:
        raise CannotTell("the kernel logged more than its log holds, so it may have complained; "
                         f"what is left is in {run}/kernel.log")
    return measurement


def _document(job: Job, measurement: dict[str, Any], failure: Failed | None) -> dict[str, Any]:
    release = job.system.release
    repeat = results.command_of("bench", WHERE="host", **job.amount.variables(),
                                FORCE="1" if job.forced else "")
    boots = [] if failure else [{"init_on_alloc": job.system.init_on_alloc(),
                                 "cmdline": job.system.text("proc/cmdline"),
                                 "measurement": measurement}]
    return {**results.header("kmbench-bench", None, f"sudo {repeat}"),
            "kernel": {"label": release, "version": release, "origin": "running"},
            "fingerprint": job.system.fingerprint(job.forced), "first_failure": "",
            "verdict": "fail" if failure else "pass", "reason": str(failure or ""),
            "boots": boots}


def run(job: Job) -> Code:
    """Measure the running machine and write bench.json."""
    announce(job)
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        build_into(job.system, Path(name))
        measurement: dict[str, Any] = {}
        failure = None
        try:
            measurement = believed(lambda: _run_tool(job, Path(name)), Path(name), job.run)
        except Failed as error:
            failure = error
    results.write(job.run / "bench.json", _document(job, measurement, failure))
    return Code.FAILED if failure else Code.GOOD
