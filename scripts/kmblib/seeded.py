# SPDX-License-Identifier: GPL-2.0
"""Is a slower allocator found, and another one that is not slower let pass? Changes of mm/
(scripts/slower.d), each built and measured, and compared with the kernel as it was."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Sequence

from . import baseline, bench, cache, catalogue, gate, trees
from .catalogue import Edit
from .errors import Broken, Code, KmbError
from .farm import REPO
from .kernels import Kernel
from .options import Machine
from .progress import Course, note

HOME = REPO / "scripts/slower.d"


@dataclass(frozen=True)
class Change:
    """A change of the kernel's source. slower: whether the gate has to find it."""

    name: str
    slower: bool
    edits: tuple[Edit, ...]


@dataclass(frozen=True)
class Outcome:
    """What the gate said of a change: its sentence, and whether that is right. error: why it
    said nothing, which is neither."""

    change: Change
    sentence: str
    right: bool
    error: KmbError | None = None


def _change(row: dict[str, Any]) -> Change:
    if set(row) != {"name", "slower", "edit"}:
        raise Broken(f"{row.get('name', 'a change without a name')}: it has name, slower and edit")
    return Change(row["name"], row["slower"], tuple(Edit(**edit) for edit in row["edit"]))


def load(path: Path) -> tuple[Change, ...]:
    """Read a file of slower.d."""
    changes = tuple(map(_change, tomllib.loads(path.read_text())["change"]))
    if len({c.name for c in changes}) != len(changes):
        raise Broken(f"{path}: a name is there twice")
    return changes


def texts(change: Change, source: Path) -> dict[str, str]:
    """The changed files; Broken where a text is not found once."""
    mutant = catalogue.Mutant(change.name, (), change.edits, "", "kernel")
    return catalogue.mutated(mutant, lambda name: (source / name).read_text())


def _measured(kernel: Kernel, run: Path, times: int) -> baseline.Baseline:
    run.mkdir(exist_ok=True)
    return baseline.measure(bench.Job(kernel, Machine("virtual", 1024, 1), bench.Amount(), run),
                            times)


def _right(change: Change, verdict: gate.Verdict) -> bool:
    """One that is not slower may not be better either."""
    return verdict.code() == (Code.FAILED if change.slower else Code.GOOD)


def _tried(change: Change, kernel: Kernel, base: baseline.Baseline, run: Path) -> Outcome:
    originals: dict[str, str] = {}
    try:
        changed = texts(change, kernel.source)
        originals = {name: (kernel.source / name).read_text() for name in changed}
        for name, text in changed.items():
            cache.write_if_changed(kernel.source / name, text)
        verdict = gate.compare(base, _measured(kernel, run, 1))
        return Outcome(change, verdict.sentence(), _right(change, verdict))
    except KmbError as error:
        # One kernel that cannot be judged is no reason not to try the others.
        return Outcome(change, str(error), False, error)
    finally:
        for name, text in originals.items():
            cache.write_if_changed(kernel.source / name, text)


def chosen(changes: Sequence[Change], only: str) -> list[Change]:
    """Those that ONLY= names, by names or globs; all without it."""
    globs = only.split() or ["*"]
    for glob in (g for g in globs if not any(fnmatchcase(c.name, g) for c in changes)):
        raise Broken(f"no change ONLY={glob}; there are: {' '.join(c.name for c in changes)}")
    return [c for c in changes if any(fnmatchcase(c.name, glob) for glob in globs)]


def run(kernel: Kernel, version: str, only: str, run_dir: Path) -> list[Outcome]:
    """Try the changes that ONLY= names, all without it, on a copy of a kernel's tree."""
    changes = load(HOME / f"{version}.toml")
    wanted = chosen(changes, only)
    with cache.lock("ab"):
        copy = dataclasses.replace(trees.copied(kernel, "new"), tools=kernel)
        # That boots agree is shown once; a change that is let pass agrees with it, too.
        base = _measured(copy, run_dir / "base", 2)
        outcomes: list[Outcome] = []
        course = Course(len(wanted))
        for change in wanted:
            note(f"{course.at(len(outcomes))}: {change.name}")
            outcomes.append(_tried(change, copy, base, run_dir / change.name))
            said = "none " if outcomes[-1].error else "right" if outcomes[-1].right else "WRONG"
            print(f"{said}  {change.name}: "
                  f"{outcomes[-1].sentence}", flush=True)
        return outcomes
