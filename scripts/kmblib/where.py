# SPDX-License-Identifier: GPL-2.0
"""Where instructions went: those that are run while kmbench.ko times an operation, function
by function, counted by a plugin of QEMU (userspace/where/) and named by the System.map of
the kernel that was built."""

from __future__ import annotations

import bisect
import re
from dataclasses import dataclass
from pathlib import Path

from . import bench, build
from .errors import Broken
from .kernels import Kernel
from .options import Machine

# From here on are modules, of which kmbench.ko is the one that is timed.
_MODULES = 0xffffffffa0000000
MODULE, UNKNOWN = "(kmbench.ko)", "(unknown)"
# What a compiler adds to the name of a part, or of a variant, of a function.
_VARIANT = re.compile(r"(\.(constprop|isra|part|cold|llvm)(\.\d+)?)+$")
_LINE = re.compile(r"^([0-9a-f]{16}) ([tTwW]) (\S+)$", re.M)
_END = re.compile(r"^([0-9a-f]{16}) \w _einittext$", re.M)
# Of what moved, so much has to have a name, or it says little of the cause.
LEAST = 0.9


@dataclass(frozen=True)
class Where:
    """What a boot ran in what is timed. spans: how often something was timed. functions:
    instructions by name; those of parts of one are its own."""

    spans: int
    functions: dict[str, int]

    def total(self) -> int:
        """All instructions."""
        return sum(self.functions.values())


@dataclass(frozen=True)
class Move:
    """Instructions of a function on both sides, in the same operations."""

    function: str
    base: int
    new: int

    def by(self) -> int:
        """How many more they are."""
        return self.new - self.base


class Symbols:
    """The functions of a kernel, by address."""

    def __init__(self, system_map: str) -> None:
        rows = sorted((int(address, 16), name) for address, _type, name in _LINE.findall(system_map)
                      if not name.startswith("__pfx_"))
        self._starts = [start for start, _name in rows]
        self._names = [name for _start, name in rows]
        end = _END.search(system_map)
        self._end = int(end[1], 16) if end else _MODULES

    def name(self, address: int) -> str:
        """The function that an address is in, without what a compiler adds to it."""
        if address >= _MODULES:
            return MODULE
        at = bisect.bisect_right(self._starts, address) - 1
        return _VARIANT.sub("", self._names[at]) if at >= 0 and address < self._end else UNKNOWN


def parse(text: str, symbols: Symbols) -> Where:
    """What the plugin wrote; Broken when that is not whole."""
    first, *lines = text.splitlines() or [""]
    spans = re.fullmatch(r"spans (\d+)", first)
    rows = [re.fullmatch(r"([0-9a-f]+) (\d+)", line) for line in lines]
    if not spans or not rows or not text.endswith("\n") or not all(rows):
        raise Broken("the plugin that counts instructions wrote no whole file; "
                     f"it begins with {first[:40]!r}")
    functions: dict[str, int] = {}
    for row in filter(None, rows):
        name = symbols.name(int(row[1], 16))
        functions[name] = functions.get(name, 0) + int(row[2])
    return Where(int(spans[1]), functions)


def count(job: bench.Job) -> Where:
    """Boot a kernel that was built here, and see where the cells of job.amount go."""
    plugin = build.tool(job.kernel, "where") / "where.so"
    system_map = build.kernel_for_vm(job.kernel).build / "System.map"
    aside, out = job.run / "where.so", job.run / "where.txt"
    # Another run may build another version.
    aside.write_bytes(plugin.read_bytes())
    try:
        bench.once(job, f"{aside},out={out}")
        return parse(out.read_text(), Symbols(system_map.read_text()))
    finally:
        aside.unlink()


def moves(base: Where, new: Where) -> list[Move]:
    """What each function runs more or less, the largest first. Both sides have to have timed
    the same operations."""
    if base.spans != new.spans:
        raise Broken(f"{base.spans} operations were timed of the base and {new.spans} of the new "
                     "one: where instructions went cannot be told")
    names = base.functions.keys() | new.functions.keys()
    found = [Move(n, base.functions.get(n, 0), new.functions.get(n, 0)) for n in names]
    return sorted((m for m in found if m.by()), key=lambda m: (-abs(m.by()), m.function))


def attributed(found: list[Move]) -> float:
    """Which part of all that moved is of functions that have a name: 0 to 1."""
    moved = sum(abs(m.by()) for m in found)
    unknown = sum(abs(m.by()) for m in found if m.function == UNKNOWN)
    return 1 - unknown / moved if moved else 1.0


def job_of(kernel: Kernel, machine: Machine, cells: list[str], run: Path) -> bench.Job:
    """A kernel, and these cells alone."""
    return bench.Job(kernel, machine, bench.Amount(scenarios=tuple(cells)), run)
