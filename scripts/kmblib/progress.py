# SPDX-License-Identifier: GPL-2.0
"""What a long step is doing: what, how far, how long. On stderr, if that is a terminal; else
only what was stopped is told, unless V=1 asks for all."""

from __future__ import annotations

import os
import shutil
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

# Seconds between two lines of a step where stderr is no terminal, and all is asked for.
LINE_EVERY = 15.0
# How a step ends well.
DONE = "done"


def verbose() -> bool:
    """Whether V=1 asks for all that can be told."""
    return os.environ.get("V", "").strip() not in ("", "0")


class Step:
    """One step under way; tick() may be called as often as one likes."""

    def __init__(self, what: str, how_far: Callable[[], str] | None = None) -> None:
        self.what = what
        self.how_far = how_far
        self._start = self._last = time.monotonic()
        self._tty = sys.stderr.isatty()
        self._told = self._tty or verbose()

    def seconds(self) -> float:
        """Seconds since the step began."""
        return time.monotonic() - self._start

    def tick(self) -> None:
        """Show how far the step is, if it is time to."""
        every = 0.5 if self._tty else LINE_EVERY
        if not self._told or time.monotonic() - self._last < every:
            return
        self._last = time.monotonic()
        far = self.how_far() if self.how_far else ""
        self._show(f"{far or 'under way'}, {self.seconds():.0f} s")

    def done(self, word: str) -> None:
        """Close the step with a word and its duration."""
        if self._told or word != DONE:
            self._show(f"{word}, {self.seconds():.1f} s", last=True)

    def _show(self, text: str, last: bool = False) -> None:
        line = f"  {self.what}: {text}"
        if self._tty:
            end = "\n" if last else ""
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\033[K{line[:width]}", end=end, file=sys.stderr, flush=True)
        else:
            # In one piece: of two steps that end at once neither breaks the other's line.
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()


class Course:
    """How far a command is that does many things of a kind, one after the other."""

    def __init__(self, total: int, already: int = 0) -> None:
        self.total = total
        self._already = already
        self._start = time.monotonic()

    def at(self, done: int) -> str:
        """What is under way after so many, and how long the rest will take at their pace."""
        count, gone = done - self._already, time.monotonic() - self._start
        left = f", about {_duration(gone / count * (self.total - done))} to go" if count > 0 else ""
        return f"{done + 1} of {self.total}{left}"


def objects(build: Path, about: int) -> Callable[[], str]:
    """How far a build is that makes about so many object files."""
    def count() -> int:
        return sum(f.endswith(".o") for _b, _d, files in os.walk(build) for f in files)

    course = Course(about, count())

    def far() -> str:
        done = count()
        return f"object {course.at(done)}" if done < about else f"{done} objects"
    return far


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"


def note(text: str) -> None:
    """A line of its own, also in the middle of a step."""
    begin = "\r\033[K" if sys.stderr.isatty() else ""
    sys.stderr.write(f"{begin}  {text}\n")
    sys.stderr.flush()


@contextmanager
def step(what: str, how_far: Callable[[], str] | None = None) -> Iterator[Step]:
    """Announce a step, hand it out, close it as done or as stopped."""
    current = Step(what, how_far)
    try:
        yield current
    except BaseException:
        current.done("stopped")
        raise
    current.done(DONE)
