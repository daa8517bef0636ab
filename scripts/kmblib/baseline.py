# SPDX-License-Identifier: GPL-2.0
"""Exact figures of one kernel on the virtual clock, as a text that diff(1) and people can
read: where it was measured, and a cell a line, sorted, all numbers integers.

Each is measured twice. Two boots of one kernel that differ are a broken set-up, and no
figures of a kernel's.
"""

from __future__ import annotations

import glob
import hashlib
import re
import statistics
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench, touches, vm
from .errors import CannotTell, Failed, Misuse
from .farm import REPO
from .kernels import Kernel

BASELINES = REPO / "results/baselines"
FORMAT = "kmbench-baseline 4"
# What has to be the same for figures to be of the same machine; the kernel is not among
# them, it is what is compared.
_PLACE = ("arch", "compiler", "options_sha256", "qemu", "accelerator", "accelerator_options",
          "mem_mib", "cpus", "profile", "cmdline", "timed", "tlb")
_LABELS = ("kernel", "version")
# Events that the allocator itself counts.
_EVENTS = ("alloc_slowpath", "free_slowpath", "alloc_slab", "order_fallback", "compact_stall",
           "compact_success", "pgmigrate_success", "allocstall", "pgscan")
# Scenario, context, GFP flags, size, and the number of CPUs where there are several.
_LINE = re.compile(r"([\w-]+/\w+/[\w|]+/\d{1,12}(?:/\w+)?)((?: [a-z_]+=\d{1,18})+)")
# Figures without which a cell is none.
_NEEDED = ("ops", "insns", "fast_insns", "failed")

Cells = dict[str, dict[str, int]]


@dataclass(frozen=True)
class Baseline:
    """Figures of a kernel. place: where they were measured, by _PLACE. label: of the
    kernel, by _LABELS. cells: by name, then by figure: ops and loop_ops, how often it was
    done in a repetition; insns and loop_insns, instructions of all these, the median of the
    repetitions; fast_insns, those of one operation, the cheapest of all repetitions; held, bytes
    that so many objects occupy, and block, those of one slab (or block of pages) of them; events
    of the allocator. alloc_accesses and free_accesses, of memory, by one kmalloc() and one
    kfree(); alloc_walks and free_walks, page walks of one that finds the modelled TLB empty."""

    place: dict[str, str]
    label: dict[str, str]
    cells: Cells

    def text(self) -> str:
        """As a file."""
        head = [f"# {key}: {value}" for key, value in {**self.label, **self.place}.items()]
        rows = [" ".join([name, *(f"{k}={v}" for k, v in sorted(figures.items()))])
                for name, figures in sorted(self.cells.items())]
        return "\n".join([f"# {FORMAT}", *head, *rows]) + "\n"


def _median(values: list[int]) -> int:
    """One of them: a repetition that a timer's interrupt fell into is no median."""
    return statistics.median_low(values)


def _figures(cell: dict[str, Any]) -> dict[str, int]:
    seen = cell["repetitions"]
    loops = [r["mean_loop"] for r in seen if r["mean_loop"]]
    figures = {"ops": _median([r["count"] + r["failed"] for r in seen]),
               "insns": _median([r["sum"] for r in seen]),
               "fast_insns": min((r["min"] for r in seen if r["count"]), default=0),
               "failed": sum(r["failed"] for r in (*seen, *loops))}
    if loops:
        figures.update(loop_ops=_median([r["count"] for r in loops]),
                       loop_insns=_median([r["sum"] for r in loops]))
    if cell["footprint"]["objects"]:
        figures["held"] = cell["footprint"]["held_bytes"]
        figures["block"] = figures["held"] // cell["footprint"]["blocks"]
    events = ((name, cell["events"].get(name, {}).get("value")) for name in _EVENTS)
    return {**figures, **{name: value for name, value in events if value is not None}}


def cells_of(boot: dict[str, Any]) -> Cells:
    """The figures of one boot."""
    return {cell["name"]: _figures(cell) for cell in boot["measurement"]["measured"]["cells"]}


def _with(cells: Cells, more: Cells) -> Cells:
    return {name: {**figures, **more.get(name, {})} for name, figures in cells.items()}


def repetitions_of(boot: dict[str, Any]) -> Cells:
    """All that one boot counted, repetition by repetition: what medians leave out, too."""
    return {cell["name"]: {f"{figure} of repetition {nr}": r[figure] or 0
                           for nr, r in enumerate(cell["repetitions"], 1)
                           for figure in ("count", "failed", "sum", "min", "max")}
            for cell in boot["measurement"]["measured"]["cells"]}


def differing(one: Cells, other: Cells) -> list[str]:
    """Names of cells that are not the same in both."""
    return sorted(name for name in one.keys() | other.keys() if one.get(name) != other.get(name))


def _difference(one: dict[str, int], other: dict[str, int]) -> str:
    """The first figure that is not the same."""
    figure = next(f for f in (*one, *other) if one.get(f) != other.get(f))
    return f"{figure} is {one.get(figure, 'not there')} and {other.get(figure, 'not there')}"


def agreed(one: Cells, other: Cells) -> None:
    """CannotTell unless the figures of two boots of one kernel are the same."""
    if names := differing(one, other):
        raise CannotTell(f"not deterministic: {len(names)} of {len(one)} cells differ in two boots "
                         f"of one kernel, as {names[0]}: "
                         f"{_difference(one.get(names[0], {}), other.get(names[0], {}))}")


def measure(job: bench.Job, times: int = 2) -> Baseline:
    """Boot a kernel so often for each kind of figure; CannotTell where the boots do not agree,
    or one broke down: that is no verdict on what it costs."""
    try:
        boots, fingerprint = bench.repeated(job, times)
        more, counted_by = touches.repeated(job, times)
    except Failed as error:
        raise CannotTell(f"no figures: {job.kernel.label} failed: {error}") from error
    cells, *others = map(_with, map(cells_of, boots), more)
    for boot, other in zip(boots[1:], others):
        agreed(cells, other)
        agreed(repetitions_of(boots[0]), repetitions_of(boot))
    place = {**fingerprint, "cmdline": f"{vm.CMDLINE} init_on_alloc=0",
             "profile": job.amount.profile or "quick", "tlb": counted_by}
    return Baseline({key: str(place[key]) for key in _PLACE},
                    {"kernel": job.kernel.label, "version": job.kernel.version}, cells)


def path_of(kernel: Kernel, place: dict[str, str]) -> Path:
    """Where the baseline of a kernel of the distribution is committed: a file for each place."""
    text = "\n".join(f"{key}: {place[key]}" for key in _PLACE)
    return BASELINES / f"{kernel.label}-x86_64-{hashlib.sha256(text.encode()).hexdigest()[:8]}.txt"


def there(label: str) -> list[Path]:
    """Those that are committed of a kernel, wherever they were measured."""
    return sorted(BASELINES.glob(f"{glob.escape(label)}-x86_64-*.txt"))


def files(label: str) -> list[Path]:
    """The same; Misuse: there is none."""
    paths = there(label)
    if not paths:
        raise Misuse(f"no baseline of {label} in {BASELINES.name}/; name one with BASE=FILE, or let "
                     f"`make baseline KERNEL={label}' make it")
    return paths


def of_place(kernel: Kernel, place: dict[str, str]) -> Baseline:
    """The committed one that was measured in such a place; CannotTell: none was, and why the
    nearest is not."""
    def others(base: Baseline) -> list[str]:
        return [key for key in _PLACE if base.place[key] != place[key]]

    nearest = min(map(load, files(kernel.label)), key=lambda base: len(others(base)))
    for key in others(nearest):
        raise CannotTell(f"no baseline of {kernel.label} for this place: of the nearest, {key} is "
                         f"{nearest.place[key][:80]!r}, and {place[key][:80]!r} here; `make baseline "
                         f"KERNEL={kernel.label}' makes one")
    return nearest


def _head(lines: list[str], path: Path) -> dict[str, str]:
    found = re.findall(r"^# (\w+): (.*)$", "\n".join(lines), re.M)
    head = dict(found)
    if twice := [key for key, count in Counter(key for key, _value in found).items() if count > 1]:
        raise Misuse(f"{path}: '# {twice[0]}: ...' is there twice; once, as make baseline writes it")
    if missing := [key for key in (*_LABELS, *_PLACE) if key not in head]:
        raise Misuse(f"{path}: no line '# {missing[0]}: ...'; make baseline writes such a file")
    return head


def _row(line: str, path: Path) -> tuple[str, dict[str, int]]:
    match = _LINE.fullmatch(line)
    if not match:
        raise Misuse(f"{path}: {line[:60]!r} is no cell; NAME and figures as insns=1")
    items = [item.split("=") for item in match[2].split()]
    figures = {key: int(value) for key, value in items}
    needed = (*_NEEDED, "block") if "held" in figures else _NEEDED
    if len(figures) < len(items) or not figures.keys() >= set(needed):
        raise Misuse(f"{path}: {match[1]}: each of {' '.join(needed)} once, and no other twice")
    return match[1], figures


def load(path: Path) -> Baseline:
    """Read a file of text(); Misuse where it is none, or of another format."""
    try:
        lines = path.read_text(errors="replace").splitlines()
    except OSError as error:
        raise Misuse(f"{path}: {error.strerror}; make baseline OUT=FILE makes one") from error
    if not lines or lines[0] != f"# {FORMAT}":
        raise Misuse(f"{path}: begins with {lines[0][:40] if lines else ''!r}; '# {FORMAT}' is what "
                     "this kmbench reads; make baseline OUT=FILE measures it anew")
    head = _head([line for line in lines if line.startswith("#")], path)
    rows = [_row(line, path) for line in lines if not line.startswith("#")]
    cells = dict(rows)
    if not cells:
        raise Misuse(f"{path}: it has no cell")
    if len(cells) < len(rows):
        raise Misuse(f"{path}: {len(rows)} cells have {len(cells)} names; each once")
    return Baseline({k: head[k] for k in _PLACE}, {k: head[k] for k in _LABELS}, cells)
