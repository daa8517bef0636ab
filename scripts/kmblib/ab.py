# SPDX-License-Identifier: GPL-2.0
"""Two kernels, judged one against the other: which promises are newly broken, what each
operation costs in instructions, where these went, and what became of TLB misses and of
fragmentation. Both are built from one configuration, here, and both are measured now."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable

from . import ab_parts, baseline, bench, build, frag, gate, kunit, proc, results, tlb, where
from .ab_parts import Told
from .errors import CannotTell, Code, KmbError, Misuse
from .kernels import Kernel
from .options import Machine

# In this order: a promise that is newly broken ends it.
PARTS = ("kunit", "exact", "tlb", "frag")
# How scarce blocks are for the profile of fragmentation, and which.
_LEVELS, _ORDER = "0.5,0.9", 9
_INSTRUCTIONS = ("insns", "loop_insns", "fast_insns")
# Both kernels may differ in this: it is told, option by option.
_NOT_PLACE = ("options_sha256",)


@dataclass(frozen=True)
class Job:
    """What is compared, on which machine, how much of it (of PARTS; and of the exact part, which
    cells), and where results go."""

    base: Kernel
    new: Kernel
    machine: Machine
    parts: tuple[str, ...]
    run: Path
    amount: bench.Amount = bench.Amount()

    def sides(self) -> tuple[tuple[Kernel, Path], ...]:
        """Each kernel, and the directory for what is found of it."""
        found = ((self.base, self.run / "base"), (self.new, self.run / "new"))
        for _kernel, path in found:
            path.mkdir(exist_ok=True)
        return found


@dataclass
class Found:
    """What came of it; None: a part was not asked for, or not reached.

    promises: cases that only the new kernel, or only the base, fails. exact: the gate's
    verdict; sides: what it compared. moves: of instructions, by function; None: no cell's
    moved. told: figures of the other parts that are not the same. unavailable: what has no
    verdict and could not be found out, "where" or one of PARTS, and why. options: of the
    configuration that only one side has.
    """

    promises: ab_parts.Promises | None = None
    sides: tuple[baseline.Baseline, baseline.Baseline] | None = None
    exact: gate.Verdict | None = None
    moves: list[where.Move] | None = None
    moved_cells: int = 0
    told: dict[str, list[Told]] = field(default_factory=dict)
    unavailable: dict[str, str] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)

    def code(self) -> Code:
        """What got better is good: the base was measured now, no drift hides in it."""
        broken = self.promises is not None and bool(self.promises.broken)
        return Code.FAILED if broken else self.exact.code() if self.exact else Code.GOOD

    def sentence(self) -> str:
        """All of it in one line."""
        if self.promises and self.promises.broken:
            return f"BROKEN: {self.promises.sentence()}"
        promises = "no promise newly broken" if self.promises else "promises were not tested"
        if not self.exact:
            return f"{promises}; no instructions were counted"
        return f"{self.exact.sentence()}; {promises}"


def parts(text: str) -> tuple[str, ...]:
    """Check PARTS=."""
    words = tuple(text.replace(",", " ").split()) or PARTS
    for word in words:
        if word not in PARTS:
            raise Misuse(f"no PARTS={word}; there are: {' '.join(PARTS)}")
    return words


def _judged(kernel: Kernel, run: Path) -> dict[str, Any]:
    """kunit.json of a kernel. A log that breaks off is no slow machine's: it has to do so twice."""
    doc = kunit.judge(kernel, run)
    # One that does not boot keeps no promise, and breaks none.
    if doc["verdict"] == "error" or not any(doc["counts"].values()):
        raise CannotTell(f"KUnit of {kernel.label}: {doc['reason']}")
    first = ab_parts.broke_off(doc)
    if not first:
        return doc
    (run / "kunit.log").rename(run / "kunit-first.log")
    doc = kunit.judge(kernel, run)
    if not ab_parts.broke_off(doc):
        raise CannotTell(f"KUnit of {kernel.label}: {first}, and did not when it ran again; "
                         f"{run}/kunit-first.log")
    return doc


def _kunit(job: Job, found: Found) -> None:
    (_kernel, path), (_new, new_path) = job.sides()
    base = _judged(job.base, path)
    # What the cases after it would have said is not known: they may be broken before, or newly.
    if said := ab_parts.broke_off(base):
        raise CannotTell(f"KUnit of {job.base.label}, the base: {said}; without a whole log of it nothing "
                         "is newly broken, and nothing known to be kept; PARTS=exact tests no promise")
    found.promises = ab_parts.promises(base, _judged(job.new, new_path))


def _exact(job: Job, found: Found) -> None:
    jobs = [bench.Job(kernel, job.machine, job.amount, path, (job.base, job.new))
            for kernel, path in job.sides()]
    base, new = map(baseline.measure, jobs)
    found.sides = base, new
    found.exact = gate.compare(base, new, _NOT_PLACE, stored=False)
    found.options = ab_parts.options(*(build.kernel_for_vm(j.kernel).config for j in jobs))


def _where(job: Job, found: Found) -> None:
    """In all cells whose instructions moved: of a part of them it would be a part of the answer."""
    changes = found.exact.changes if found.exact and found.sides else ()
    cells = list(dict.fromkeys(c.cell for c in changes if c.figure in _INSTRUCTIONS and c.limited
                               and found.sides and c.cell in found.sides[0].cells))
    found.moved_cells = len(cells)
    if cells:
        jobs = [where.job_of(kernel, job.machine, cells, path) for kernel, path in job.sides()]
        moves = where.moves(*proc.side_by_side(where.count, jobs, len(jobs)))
        if (part := where.attributed(moves)) < where.LEAST:
            raise CannotTell(f"of what moved only {100 * part:.0f} % is of functions that have a name; "
                             f"{100 * where.LEAST:.0f} % would say where")
        found.moves = moves


def _side_by_side(job: Job, measure: Callable[[Kernel, Path], Code], name: str,
                  ) -> list[dict[str, Any]]:
    """What both sides write into a file of this name, at once: the virtual clock is disturbed
    by nothing."""
    sides = job.sides()
    codes = proc.side_by_side(lambda side: measure(*side), sides, len(sides))
    docs = [results.load(path / name) for _kernel, path in sides]
    for (kernel, _path), code, doc in zip(sides, codes, docs):
        if code != Code.GOOD:
            raise CannotTell(f"{name} of {kernel.label}: {doc['reason']}")
    return docs


def _tlb(job: Job, found: Found) -> None:
    path = tlb.find_geometry("")
    geometry = tlb.read_geometry(path)
    docs = _side_by_side(job, lambda kernel, run: tlb.run(
        tlb.Job(kernel, job.machine, geometry, path, run)), "tlb.json")
    found.told["tlb"] = ab_parts.tlb_changes(*docs)


def _frag(job: Job, found: Found) -> None:
    wanted = frag.Wanted(_ORDER, _LEVELS, tlb.find_geometry(""))
    docs = _side_by_side(job, lambda kernel, run: frag.run(
        frag.Job(kernel, job.machine, wanted, run)), "frag.json")
    found.told["frag"] = ab_parts.frag_changes(*docs)


# What decides; and what is told besides, part by part.
_JUDGES: dict[str, Callable[[Job, Found], None]] = {"kunit": _kunit, "exact": _exact}
_TELLS: dict[str, tuple[tuple[str, Callable[[Job, Found], None]], ...]] = {
    "exact": (("where", _where),), "tlb": (("tlb", _tlb),), "frag": (("frag", _frag),)}


def _tell(job: Job, found: Found, part: str) -> None:
    """What never fails takes no verdict away, either, where it cannot be found out; where
    nothing else was asked for there is none to take away."""
    for name, tell in _TELLS.get(part, ()):
        try:
            tell(job, found)
        except (KmbError, OSError) as error:
            if not _JUDGES.keys() & set(job.parts):
                raise
            found.unavailable[name] = str(error)


def compare(job: Job) -> Found:
    """Do all parts; CannotTell where one of the kernels does not get so far."""
    found = Found()
    for part in (part for part in PARTS if part in job.parts):
        if part in _JUDGES:
            _JUDGES[part](job, found)
        if found.promises and found.promises.broken:
            break
        _tell(job, found, part)
    return found


def fragment(text: str) -> Path | None:
    """Check CONFIG_FRAGMENT=."""
    if not text:
        return None
    path = Path(text).resolve()
    if not path.is_file():
        raise Misuse(f"CONFIG_FRAGMENT={text}: no such file; one with lines as CONFIG_X=y")
    for line in path.read_text(errors="replace").splitlines():
        if not re.fullmatch(r"\s*|#.*|CONFIG_\w+=\S.*", line):
            raise Misuse(f"CONFIG_FRAGMENT={text}: {line[:60]!r} is no line of a configuration; "
                         "CONFIG_X=y, or '# CONFIG_X is not set'")
    return path
