# SPDX-License-Identifier: GPL-2.0
"""A copy of this repository with a cache of its own, in which commands may be
broken off without harm to the user's results and cache."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import time
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from kmblib import build, cache, farm, kernels, proc
from kmblib.kernels import Kernel

_PARTS = ("kunit", "module", "userspace", "scripts")
# Each process that a test starts carries this variable, and so do its children.
_MARKER = "KMBENCH_TEST_MARKER"


@dataclass(frozen=True)
class Ended:
    """How a command ended: exit status (negative: the signal) and its texts."""

    status: int
    stdout: str
    stderr: str

    @property
    def said(self) -> list[str]:
        """The lines by which the command itself explains its end."""
        return [line for line in self.stderr.splitlines() if line.startswith("kmbench: ")]


@dataclass(frozen=True)
class Checkout:
    """A repository, the cache that its commands use, and where they keep what
    they need for a while."""

    repo: Path
    cache: Path
    scratch: Path

    def environment(self, **variables: str) -> dict[str, str]:
        """As a user's, but with this cache and a TMPDIR of its own."""
        return proc.clean_env({"KMBENCH_CACHE": str(self.cache), "TMPDIR": str(self.scratch),
                               "PYTHONDONTWRITEBYTECODE": "1", **variables})

    def run(self, command: str, *args: str, **variables: str) -> Ended:
        """Run a command of scripts/ to its end."""
        done = subprocess.run([self.repo / "scripts" / command, *args], check=False,
                              stdin=subprocess.DEVNULL, capture_output=True,
                              env=self.environment(**variables), timeout=600)
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    def runs(self) -> set[Path]:
        """The directories of results."""
        return set(self.repo.glob("results/runs/*"))

    def half_made(self) -> list[Path]:
        """What an interrupted command must not leave: parts, unfinished results,
        what was needed for a while."""
        return [*self.scratch.iterdir(),
                *(p for top in (self.cache, self.repo / "results")
                for p in (*top.glob("*.part"), *top.glob("*/*.part"), *top.glob("*/*/*.part")))]


def make(kernel: Kernel, top: Path) -> Checkout:
    """Copy the repository; lend its cache the user's source and boot image, and
    what is known of KVM here."""
    repo, own = top / "repo", top / "cache"
    kernels.stock(kernel)
    build.tool(kernel)
    for part in _PARTS:
        shutil.copytree(farm.REPO / part, repo / part, symlinks=True,
                        ignore=shutil.ignore_patterns(".*_cache", "__pycache__"))
    (repo / "results").mkdir()
    shutil.copy(farm.REPO / "results/schema.json", repo / "results")
    for name in (f"source/{kernel.key}", f"stock/{kernel.key}", f"libperf/{kernel.key}",
                 f"kernels/{kernel.label}.json", "probe"):
        if (cache.root() / name).exists():
            (own / name).parent.mkdir(parents=True, exist_ok=True)
            (own / name).symlink_to(cache.root() / name)
    shutil.copytree(cache.root() / "tool" / kernel.key, own / "tool" / kernel.key)
    (top / "tmp").mkdir()
    return Checkout(repo, own, top / "tmp")


def _carriers(marker: str) -> dict[int, str]:
    """Processes with the marker in their environment, by id; zombies are gone."""
    found = {}
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            if f"{_MARKER}={marker}".encode() in (entry / "environ").read_bytes():
                found[int(entry.name)] = (entry / "comm").read_text().strip()
        except OSError:
            continue
    return found


class Running:
    """A command under way, as the leader of a process group, and its offspring."""

    def __init__(self, place: Checkout, command: str, *args: str, **variables: str) -> None:
        self._marker = uuid.uuid4().hex
        self._log = place.repo.parent / f"{self._marker}.log"
        with self._log.open("wb") as out:
            self._process = subprocess.Popen(
                [place.repo / "scripts" / command, *args], stdin=subprocess.DEVNULL,
                stdout=out, stderr=out, start_new_session=True,
                env=place.environment(**{_MARKER: self._marker}, **variables))

    def family(self) -> dict[int, str]:
        """Names of all living processes that stem from the command, by id."""
        return _carriers(self._marker)

    def text(self) -> str:
        """What it has written so far."""
        return self._log.read_text(errors="replace")

    def wait_until(self, holds: Callable[[], bool], seconds: float = 120) -> None:
        """Wait for something to happen while the command runs."""
        until = time.monotonic() + seconds
        while not holds():
            assert self._process.poll() is None, f"it ended too early: {self.text()}"
            assert time.monotonic() < until, f"still not there: {self.text()}"
            time.sleep(0.05)

    def has(self, *names: str) -> bool:
        """Whether a process of one of these names is in the family."""
        return any(n.startswith(names) for n in self.family().values())

    def end(self, signum: signal.Signals, to_group: bool = False) -> Ended:
        """Send a signal, to the process alone or to its group; wait for its end."""
        (os.killpg if to_group else os.kill)(self._process.pid, signum)
        return self.wait()

    def wait(self) -> Ended:
        """Wait for its end."""
        return Ended(self._process.wait(timeout=60), "", self.text())

    def left(self, seconds: float = 5) -> dict[int, str]:
        """Who of the family outlives the command, after some seconds of grace
        in which the kernel may take away what was killed."""
        until = time.monotonic() + seconds
        while (family := self.family()) and time.monotonic() < until:
            time.sleep(0.05)
        return family

    def clean_up(self) -> None:
        """Kill whoever is left, so that a failed test leaves nothing running."""
        for pid in (self._process.pid, *self.family()):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        self._process.wait()
