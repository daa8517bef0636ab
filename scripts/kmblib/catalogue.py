# SPDX-License-Identifier: GPL-2.0
"""The catalogue of broken allocators: what scripts/mutants.d/*.toml say.

A mutant is a small edit of the kernel's source that breaks a promise. It is
applied only where its text is found exactly once; where it is not, the tree
has changed, and nobody knows what the mutant would prove.
"""

from __future__ import annotations

import difflib
import fnmatch
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable

from . import arches, configs
from . import promises as table
from .errors import Broken
from .farm import REPO
from .kernels import KERNELS, Kernel

HOME = REPO / "scripts/mutants.d"
_PROMISES = REPO / "kunit/promises.c"
# Short for: in the thread in which KUnit runs a case, so that a kernel with a
# fault comes as far as the test. Not for what runs in interrupts.
_IN_TEST = "IN_TEST"
_IN_TEST_C = '(!strncmp(current->comm, "kunit_try", 9))'
# What an edit may change: a header of include/ would rebuild the kernel, so
# it changes for the objects of the suites alone (scope = "tests").
_FILES = {"kernel": re.compile(r"mm/[\w-]+\.[ch]|kernel/[\w/-]+\.c"),
          "tests": re.compile(r"include/linux/[\w/-]+\.h")}
_FIELDS = {"name": str, "breaks": list, "edit": list, "args": str, "scope": str,
           "arch": str, "config": str, "equivalent": str, "nowhere": str, "why": str}


@dataclass(frozen=True)
class Edit:
    """A change of one file: `old`, which occurs once, becomes `new`."""

    file: str
    old: str
    new: str


@dataclass(frozen=True)
class Mutant:
    """A broken allocator.

    name: what is broken. breaks: the numbers of the promises. edits: of the
    source. args: of the kernel's command line. scope: "kernel", or "tests"
    for a header that changes for the suites alone. config: as in CONFIG=. arch: as in
    ARCH=, where user-mode Linux cannot show it. equivalent: why no caller can tell it
    from the original; "" where one can. nowhere: why no kernel that the suites run on
    can show it, so that it is not tried; "" where one can. why: it is right that no case of its
    promises notices it, but another or none; "" where one has to.
    """

    name: str
    breaks: tuple[int, ...]
    edits: tuple[Edit, ...]
    args: str
    scope: str
    config: str = configs.DEFAULT
    arch: str = arches.DEFAULT
    equivalent: str = ""
    nowhere: str = ""
    why: str = ""


def promises() -> dict[int, str]:
    """Kind (C or I) of each promise, by its number."""
    return {row.nr: row.kind for row in table.read(_PROMISES)}


def _edit(row: dict[str, Any], scope: str, where: str) -> Edit:
    if set(row) != {"file", "old", "new"} or not all(isinstance(v, str) for v in row.values()):
        raise Broken(f"{where}: an edit has the texts file, old and new")
    if not _FILES[scope].fullmatch(row["file"]):
        raise Broken(f"{where}: {row['file']} cannot be changed with scope = \"{scope}\"")
    new = re.sub(rf"\b{_IN_TEST}\b", lambda _: _IN_TEST_C, row["new"])
    if not row["old"] or row["old"] == new:
        raise Broken(f"{where}: old is empty or the same as new")
    return Edit(row["file"], row["old"], new)


def _mutant(row: dict[str, Any], known: dict[int, str], where: str) -> Mutant:
    where = f"{where}: {row.get('name', 'a mutant without a name')}"
    wrong = [k for k, v in row.items() if k not in _FIELDS or not isinstance(v, _FIELDS[k])]
    if wrong or not row.get("name") or not row.get("edit"):
        raise Broken(f"{where}: {' '.join(wrong) or 'name or edit'}: wrong or missing; a mutant "
                     f"has {' '.join(_FIELDS)}")
    missing = [nr for nr in row.get("breaks", []) if nr not in known]
    if missing or not row.get("breaks"):
        raise Broken(f"{where}: breaks = {row.get('breaks', [])}: no such row in {_PROMISES.name}")
    scope = row.get("scope", "kernel")
    if scope not in _FILES:
        raise Broken(f"{where}: no scope {scope}; there are: {' '.join(_FILES)}")
    arch, config = row.get("arch", arches.DEFAULT), row.get("config", configs.DEFAULT)
    for key, value, there in (("arch", arch, arches.ARCHES), ("config", config, configs.known())):
        if value not in there:
            raise Broken(f"{where}: no {key} {value}; there are: {' '.join(there)}")
    if row.get("equivalent") and row.get("nowhere"):
        raise Broken(f"{where}: equivalent and nowhere exclude each other: what is not tried "
                     "cannot be refuted")
    args = row.get("args", "")
    if any(known[nr] == "I" for nr in row["breaks"]):
        args = f"{args} kmalloc_kunit.strict=1".strip()
    edits = tuple(_edit(e, scope, where) for e in row["edit"])
    said = {key: " ".join(row.get(key, "").split()) for key in ("equivalent", "nowhere", "why")}
    return Mutant(row["name"], tuple(row["breaks"]), edits, args, scope, config, arch, **said)


def load(path: Path) -> tuple[Mutant, ...]:
    """Read a catalogue; Broken, with the mutant's name, when it is not valid."""
    try:
        document = tomllib.loads(path.read_text())
    except (OSError, tomllib.TOMLDecodeError) as error:
        raise Broken(f"{path}: {error}") from error
    known = promises()
    mutants = tuple(_mutant(row, known, path.name) for row in document.get("mutant", []))
    names = [m.name for m in mutants]
    twice = sorted({n for n in names if names.count(n) > 1})
    if twice or not mutants:
        raise Broken(f"{path}: {'named twice: ' + ' '.join(twice) if twice else 'empty'}")
    return mutants


def versions() -> list[str]:
    """The versions of Linux that there is a catalogue of."""
    return sorted((f.stem for f in HOME.glob("*.toml")),
                  key=lambda v: [int(n) for n in v.split(".")])


def _none(asked: str, version: str) -> Broken:
    return Broken(f"{asked}: no mutants of Linux {version}; there are some of: "
                  f"{' '.join(versions())}")


def require(name: str | None) -> None:
    """Broken where a kernel's name tells that there is no catalogue of it, before
    anything of it is fetched."""
    if name in KERNELS and name not in versions():
        raise _none(f"KERNEL={name}", name)


def of(kernel: Kernel) -> tuple[Mutant, ...]:
    """The catalogue of a kernel's version; a tree's is told by its Makefile."""
    for version in versions():
        if kernel.version == version or kernel.version.startswith(f"{version}."):
            return load(HOME / f"{version}.toml")
    raise _none(f"KDIR={kernel.name}" if kernel.is_tree else f"KERNEL={kernel.name}",
                kernel.version)


def select(mutants: tuple[Mutant, ...], only: str) -> tuple[Mutant, ...]:
    """The mutants that ONLY= names: names or globs; all without it."""
    wanted: set[str] = set()
    names = [m.name for m in mutants]
    for word in only.split():
        found = fnmatch.filter(names, word)
        if not found:
            near = difflib.get_close_matches(word, names, 3, 0.4) or names[:3]
            raise Broken(f"no mutant matches ONLY={word}; near: {' '.join(near)}")
        wanted.update(found)
    return tuple(m for m in mutants if m.name in wanted) if only.split() else mutants


def mutated(mutant: Mutant, read: Callable[[str], str]) -> dict[str, str]:
    """The changed files and their texts; `read` gives a file of the tree.

    Broken, with the first line of the text, where it is not found once.
    """
    texts: dict[str, str] = {}
    for edit in mutant.edits:
        text = texts.get(edit.file) or read(edit.file)
        count = text.count(edit.old)
        if count != 1:
            first = edit.old.strip().splitlines()[0].strip()
            raise Broken(f"mutant {mutant.name}: its text is {count} times in {edit.file}, "
                         f"not once: {first}")
        texts[edit.file] = text.replace(edit.old, edit.new)
    return texts
