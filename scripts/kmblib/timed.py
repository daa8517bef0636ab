# SPDX-License-Identifier: GPL-2.0
"""What lies between two readings of the clock besides the kernel: code of kmbench.ko. Another
version of it, or of its compiler, would be taken for a change of the kernel's."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from . import proc
from .errors import Broken
from .farm import REPO

# The operations, the loops around them, and the reading of the clock; of them not the comments.
_SOURCES = ("ops.c", "batch.h", "clock.h")


def _without_comments(source: Path) -> str:
    return proc.output(["gcc", "-fpreprocessed", "-dD", "-E", "-P", source], what=f"gcc -E {source.name}")


def sources() -> str:
    """A digest of what is timed."""
    text = "".join(_without_comments(REPO / "module" / name) for name in _SOURCES)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def compiler(module: Path) -> str:
    """What kmbench.ko was compiled with, as the compiler wrote into it (section .comment)."""
    said = re.search(rb"GCC: (\([^\0]*)\0", module.read_bytes())
    if not said:
        raise Broken(f"{module}: it does not say which compiler made it; gcc writes that into .comment")
    return said[1].decode(errors="replace")


def place(module: Path) -> str:
    """For what has to be the same of two measurements."""
    return f"sha256 {sources()}, gcc {compiler(module)}"
