# SPDX-License-Identifier: GPL-2.0
"""A build directory that begins with what was compiled of another tree of the same text: only
what is changed afterwards is compiled again."""

from __future__ import annotations

import os
import re
from pathlib import Path

from . import cache, proc
from .errors import Broken


def relocate(build: Path, tree: Path) -> None:
    """Have a copied build directory belong to another tree of the same text.

    The paths are in commands, which make compares, and in lists of what an
    object depends on. Times stay, or everything would be compiled again.
    """
    old = re.search(rb"^include (.*)/Makefile$", (build / "Makefile").read_bytes(), re.M)
    if not old:
        raise Broken(f"{build}/Makefile names no source tree; remove {build}")
    for path in build.rglob("*"):
        if path.suffix not in (".cmd", ".s", ".d") and path.name != "Makefile":
            continue
        text = path.read_bytes()
        if old[1] in text:
            times = path.stat()
            path.write_bytes(text.replace(old[1] + b"/", bytes(tree) + b"/"))
            os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def copy(have: Path, relative: str, tree: Path) -> None:
    """Make a build directory of the cache, of a farm of links, from another tree's; nothing
    where it is there already."""
    def made(aside: Path) -> None:
        proc.run(["cp", "-a", have, aside], cache.workdir("logs") / "cp.log", what="cp")
        relocate(aside, tree)

    cache.made(relative, made)
