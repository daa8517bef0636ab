# SPDX-License-Identifier: GPL-2.0
"""Child processes that never outlive the command that started them."""

from __future__ import annotations

import errno
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor
from concurrent.futures import wait as wait_for
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Callable, Iterator, Mapping, Sequence, TypeVar

from .errors import Broken, CannotTell
from .progress import Step, note, verbose

_T = TypeVar("_T")
_R = TypeVar("_R")

# What make(1) and a user hand down that a build of ours must not see.
_HIDDEN = (
    "MAKEFLAGS", "MFLAGS", "MAKEOVERRIDES", "MAKELEVEL", "MAKEFILES", "GNUMAKEFLAGS",
    "KERNEL", "KDIR", "CLOCK", "SCENARIOS", "MEM", "CPUS", "RUN", "OUT",
    "INIT_ON_ALLOC", "CONFIG", "ROWS", "ONLY", "WHERE", "FORCE",
    "BASE", "NEW", "PATCH", "PARTS", "CONFIG_FRAGMENT",
    "ARCH", "CROSS_COMPILE", "CFLAGS", "LDFLAGS", "O", "V", "C", "W", "M",
)


def clean_env(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment for a build: this one without the caller's make."""
    env = {k: v for k, v in os.environ.items()
           if k not in _HIDDEN and not k.startswith(("KBUILD_", "KCONFIG_"))}
    env["LC_ALL"] = "C"
    env.update(extra or {})
    return env


def shown(argv: Sequence[str | Path], cwd: Path | None = None,
          env: Mapping[str, str] | None = None) -> str:
    """A command as a shell takes it: where, with which variables, what."""
    words = ["env", *(f"{k}={v}" for k, v in env.items())] if env else []
    line = shlex.join([*words, *map(str, argv)])
    return f"(cd {shlex.quote(str(cwd))} && {line})" if cwd else line


def _show(argv: Sequence[str | Path], cwd: Path | None, env: Mapping[str, str] | None) -> None:
    """With V=1 tell what is about to run, as Kbuild does."""
    if verbose():
        note(shown(argv, cwd, env))


# Those that are running, in whichever thread; and whether there may be new ones.
_children: set[subprocess.Popen[bytes]] = set()
_children_lock = threading.Lock()
_closed = threading.Event()


def kill_children(patience: float = 0.0) -> None:
    """Kill all children, so that threads which wait for them go on, and let nobody
    have another: a thread may be about to. patience: seconds for them to end by themselves."""
    with _children_lock:
        _closed.set()
        until = time.monotonic() + patience
        while patience and any([_signal_group(c, signal.SIGTERM) for c in _children]) \
                and time.monotonic() < until:
            time.sleep(0.1)
        for process in _children:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)


@contextmanager
def threads(workers: int = 0, patience: float = 0.0) -> Iterator[ThreadPoolExecutor]:
    """So many threads, or one on each processor.

    Where the block raises, or is broken off, the children of all threads are gone. After an error
    there may be others: who goes on without what failed needs some. patience: see kill_children().
    """
    try:
        with ThreadPoolExecutor(workers or len(os.sched_getaffinity(0))) as pool:
            try:
                yield pool
            except BaseException:
                # Leaving the pool waits for its threads, and these for their children.
                pool.shutdown(wait=False, cancel_futures=True)
                kill_children(patience)
                raise
    except Exception:
        # Not in a thread of somebody's who may be broken off meanwhile.
        if threading.current_thread() is threading.main_thread():
            _closed.clear()
        raise


def side_by_side(do: Callable[[_T], _R], items: Sequence[_T], workers: int = 0,
                 patience: float = 0.0) -> list[_R]:
    """What a function makes of each item, in order. workers, patience: see threads(); where one
    raises, the others are broken off."""
    with threads(workers, patience) as pool:
        futures = [pool.submit(do, item) for item in items]
        for ended in wait_for(futures, return_when=FIRST_EXCEPTION).done:
            ended.result()
        return [future.result() for future in futures]


def _signal_group(child: subprocess.Popen[bytes], sig: int) -> bool:
    """Whether there was anybody to send it to; 0 only asks."""
    child.poll()
    try:
        os.killpg(child.pid, sig)
    except ProcessLookupError:
        return False
    return True


def _kill_group(child: subprocess.Popen[bytes]) -> None:
    """End a child and all that it started (it leads its own session).

    All of them, not the child alone, have time to remove their files: a compiler
    has some, and outlives the make that started it.
    """
    for sig, patience in ((signal.SIGTERM, 2.0), (signal.SIGKILL, 10.0)):
        until = time.monotonic() + patience
        alive = _signal_group(child, sig)
        while alive and time.monotonic() < until:
            time.sleep(0.01)
            alive = _signal_group(child, 0)
        if not alive:
            break
    child.wait()


@contextmanager
def child(argv: Sequence[str | Path], *, stdout: IO[bytes] | int = subprocess.DEVNULL,
          stdin: IO[bytes] | int = subprocess.DEVNULL, cwd: Path | None = None,
          env: Mapping[str, str] | None = None,
          files: Sequence[int] = ()) -> Iterator[subprocess.Popen[bytes]]:
    """A child in a session of its own that is gone when the block is left.

    setpriv(1) has the kernel kill it even when this process is killed. files: open
    ones that it inherits, under the same numbers.
    """
    with _children_lock:
        if _closed.is_set():
            raise CannotTell("interrupted")
        _show(argv, cwd, env)
        process = subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *map(str, argv)],
            stdin=stdin, stdout=stdout, stderr=subprocess.STDOUT, cwd=cwd,
            env=clean_env(env), start_new_session=True, pass_fds=files)
        _children.add(process)
    try:
        yield process
    finally:
        _kill_group(process)
        _children.discard(process)


def wait(process: subprocess.Popen[bytes], step: Step | None = None,
         timeout: float | None = None, watch: Callable[[], None] = lambda: None) -> int | None:
    """Wait for a child, ticking a step, and calling `watch` as often.

    Returns its exit status, or None when `timeout` seconds have passed.
    """
    waited = 0.0
    while timeout is None or waited < timeout:
        try:
            return process.wait(timeout=0.2)
        except subprocess.TimeoutExpired:
            waited += 0.2
        watch()
        if step:
            step.tick()
    return None


def last_lines(log: Path, count: int = 1) -> str:
    """The last non-empty lines of a log, for an error message."""
    if not log.exists():
        return "(no output)"
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines()]
    return "\n".join([line for line in lines if line][-count:]) or "(no output)"


def first_error(log: Path) -> str:
    """The line of a build log that names the first error, else its last line. kunit.py puts
    its own ERROR before all that make said: what a compiler says comes first."""
    lines = log.read_text(errors="replace").splitlines()
    for line in lines:
        if ": error: " in line:
            return line.strip()
    for line in lines:
        if "warning:" not in line and (
                "error:" in line or "undefined reference" in line or "***" in line
                or line.startswith(("E: ", "ERROR:"))):
            return line.strip()
    return last_lines(log)


def failed(what: str, log: Path) -> Exception:
    """What to raise when a command failed. On a full disk its log is empty, too."""
    if shutil.disk_usage(log.parent).free < 1 << 20:
        return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(log.parent))
    return Broken(f"{what} failed: {first_error(log)} (all of it: {log})")


def run(argv: Sequence[str | Path], log: Path, *, what: str, step: Step | None = None,
        cwd: Path | None = None, env: Mapping[str, str] | None = None) -> None:
    """Run a command with its output in `log`; Broken when it fails."""
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("wb") as out, child(argv, stdout=out, cwd=cwd, env=env) as process:
        status = wait(process, step)
    if status:
        raise failed(what, log)


def output(argv: Sequence[str | Path], *, what: str, cwd: Path | None = None,
           env: Mapping[str, str] | None = None) -> str:
    """A short command's standard output; Broken when it fails."""
    done = subprocess.run([str(a) for a in argv], cwd=cwd, env=clean_env(env),
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    if done.returncode:
        reason = done.stderr.decode(errors="replace").strip().splitlines()
        raise Broken(f"{what} failed: {reason[-1] if reason else done.returncode}")
    return done.stdout.decode(errors="surrogateescape")
