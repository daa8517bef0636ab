# SPDX-License-Identifier: GPL-2.0
"""The cache: what was fetched and built, whole or not at all.

Things that are made once (an unpacked source, a boot image) are built aside
and renamed at the end, so what exists is complete. Directories that builds
reuse (a kernel's build directory) are locked while they are worked in.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from contextlib import contextmanager
from pathlib import Path
from typing import Callable, Iterator

from .errors import Broken
from .progress import step


def root() -> Path:
    """The cache's directory; made if need be."""
    base = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    path = Path(os.environ.get("KMBENCH_CACHE") or f"{base}/kmbench")
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise Broken(f"KMBENCH_CACHE={path}: {error.strerror}; name a "
                     "directory that can be written") from error
    return path.resolve()


@contextmanager
def lock(name: str) -> Iterator[None]:
    """Keep other runs out of one part of the cache; wait for them if need be."""
    path = root() / "locks" / (name.replace("/", "_") + ".lock")
    path.parent.mkdir(exist_ok=True)
    with path.open("a+") as held:
        try:
            fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            with step(f"waiting for another run of kmbench ({name})"):
                fcntl.flock(held, fcntl.LOCK_EX)
        yield


def made(relative: str, make: Callable[[Path], None]) -> Path:
    """A file or directory of the cache, made by make(aside) if it is not there.

    `make` fills the path that it is given; only then is it renamed. What an
    interrupted run left aside is removed first.
    """
    path = root() / relative
    if path.exists():
        return path
    with lock(relative):
        if path.exists():
            return path
        aside = path.with_name(path.name + ".part")
        _remove(aside)
        aside.parent.mkdir(parents=True, exist_ok=True)
        try:
            make(aside)
            aside.rename(path)
        except OSError as error:
            raise Broken(f"{path}: {error.strerror or error}; make room or set "
                         "KMBENCH_CACHE to another place") from error
        finally:
            _remove(aside)
    return path


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def workdir(relative: str) -> Path:
    """A directory of the cache that builds work in again and again."""
    path = root() / relative
    path.mkdir(parents=True, exist_ok=True)
    return path


def write_if_changed(path: Path, text: str) -> bool:
    """Write a file only if its text differs, so that make sees no change.

    Returns whether it was written.
    """
    if path.is_file() and not path.is_symlink() and path.read_text() == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    path.write_text(text)
    return True
