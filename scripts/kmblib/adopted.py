# SPDX-License-Identifier: GPL-2.0
"""A build directory that begins with what was compiled of another tree of the same text: only
what is changed afterwards is compiled again."""

from __future__ import annotations

import os
import re
from pathlib import Path

from . import cache, proc
from .errors import Broken


def _replace(path: Path, changes: dict[bytes, bytes]) -> None:
    """Change a file and keep its time, or everything that depends on it would be compiled."""
    text = changed = path.read_bytes()
    for old, new in changes.items():
        changed = changed.replace(old, new)
    if changed != text:
        times = path.stat()
        path.write_bytes(changed)
        os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def relocate(build: Path, tree: Path, have: Path, place: Path) -> None:
    """Have a copy of the build directory `have`, which is to be at `place`, belong to another
    tree of the same text.

    The paths are in commands, which make compares, and in lists of what an object depends
    on; those of tools, as of objtool, name the build directory, too.
    """
    old = re.search(rb"^include (.*)/Makefile$", (build / "Makefile").read_bytes(), re.M)
    if not old:
        raise Broken(f"{build}/Makefile names no source tree; remove {build}")
    changes = {old[1] + b"/": bytes(tree) + b"/", bytes(have) + b"/": bytes(place) + b"/"}
    for path in build.rglob("*"):
        if path.suffix in (".cmd", ".s", ".d") or path.name == "Makefile":
            _replace(path, changes)


def copy(have: Path, relative: str, tree: Path) -> None:
    """Make a build directory of the cache, of a farm of links, from another tree's; nothing
    where it is there already."""
    def made(aside: Path) -> None:
        proc.run(["cp", "-a", have, aside], cache.workdir("logs") / "cp.log", what="cp")
        relocate(aside, tree, have, cache.root() / relative)

    cache.made(relative, made)
