# SPDX-License-Identifier: GPL-2.0
"""Kernel trees that are compared: the distribution's, the user's, a revision of the user's,
and each of them with patches.

The user's tree is only read. What is not there as it is wanted is put into a tree of its own
in the cache, two for each user's tree: of what lies in them already only what differs is
written, so that make builds no more than that.
"""

from __future__ import annotations

import dataclasses
import filecmp
import hashlib
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from . import cache, farm, kernels, proc
from .errors import Broken, Misuse
from .kernels import Kernel
from .progress import step

SLOTS = ("base", "new")


@dataclass(frozen=True)
class Asked:
    """What a side is asked for with.

    variable: BASE or NEW, for messages. word: a kernel's name, a directory or a revision.
    kdir: the tree whose revision it may be; "" for none. slot: one of SLOTS.
    """

    variable: str
    word: str
    kdir: str
    slot: str


class _Git:
    """A git repository that is read; its own index and work tree stay as they are."""

    def __init__(self, kdir: str, tree: Path) -> None:
        self._dir = _git_dir(kdir)
        self._tree = tree
        self._index = tree.with_name(f"{tree.name}.index")

    def forget_lock(self) -> None:
        """Of a git that was killed while it wrote the index, which is ours alone: the next one would
        wait for it for ever."""
        self._index.with_name(f"{self._index.name}.lock").unlink(missing_ok=True)

    def __call__(self, *words: str) -> str:
        # Neither what the user has checked out in part, nor how lines end there.
        config = ("core.sparseCheckout=false", "core.autocrlf=false", "core.fsmonitor=false")
        options = [word for value in config for word in ("-c", value)]
        return proc.output(
            ["git", "-c", "safe.directory=*", *options, f"--git-dir={self._dir}",
             f"--work-tree={self._tree}", *words], cwd=self._tree, what=f"git {words[0]}",
            env={"GIT_INDEX_FILE": str(self._index), "GIT_OPTIONAL_LOCKS": "0"})


def _git_dir(kdir: str) -> str:
    return proc.output(["git", "-c", "safe.directory=*", "-C", kdir, "rev-parse",
                        "--absolute-git-dir"], what=f"KDIR={kdir}: git").strip()


def commit_of(kdir: str, revision: str) -> str:
    """The commit that a revision of a tree names; "" if it names none."""
    try:
        return proc.output(["git", "-c", "safe.directory=*", "-C", kdir, "rev-parse", "--verify",
                            "--quiet", "--end-of-options", f"{revision}^{{commit}}"],
                           what="git rev-parse").strip()
    except Broken:
        return ""


def _home(name: str, slot: str) -> Path:
    return cache.workdir(f"trees/{name}-{slot}")


def _named(path: Path) -> str:
    digest = hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:8]
    return f"{path.resolve().name}-{digest}"


def _revision(asked: Asked, commit: str) -> Kernel:
    """A commit, in a tree of the cache."""
    name = _named(Path(asked.kdir))
    tree = _home(name, asked.slot)
    git = _Git(asked.kdir, tree)
    label = re.sub(r"[^\w.-]", "-", f"{Path(asked.kdir).resolve().name}-{asked.word}")
    with step(f"check out {asked.word} of {asked.kdir}"):
        git.forget_lock()
        git("read-tree", "--reset", "-u", commit)
        git("clean", "-ffdxq")
    return dataclasses.replace(kernels.at(tree, label, f"ab-{name}-{asked.slot}"),
                               origin=f"commit {commit}")


def _checked_out(directory: str) -> str:
    """What a directory has: the commit, and whether anything was changed; "" where it is no
    repository's."""
    commit = commit_of(directory, "HEAD")
    if not commit:
        return ""
    changed = proc.output(["git", "-c", "safe.directory=*", "--no-optional-locks", "-C", directory,
                           "status", "--porcelain", "--untracked-files=no"], what="git status")
    return f"commit {commit}, {len(changed.splitlines())} files changed" if changed else f"commit {commit}"


def _is_git(tree: str) -> bool:
    return commit_of(tree, "HEAD") != ""


def find(asked: Asked) -> Kernel:
    """The kernel that a word names. Also a distribution's is built from its source: both
    sides are to have one configuration."""
    if asked.word in kernels.KERNELS:
        kernel = kernels.find(asked.word, None)
        stock = kernel.distro is not None and kernel.distro.stock is not None
        return dataclasses.replace(kernel, from_source=stock)
    if Path(asked.word).is_dir():
        return dataclasses.replace(kernels.tree_of(asked.word, asked.variable),
                                   origin=_checked_out(asked.word))
    commit = commit_of(asked.kdir, asked.word) if asked.kdir else ""
    if not commit:
        where = f"no revision of KDIR={asked.kdir}" if asked.kdir else "no revision without KDIR="
        where += "" if not asked.kdir or _is_git(asked.kdir) else ", which is no git repository"
        raise Misuse(f"{asked.variable}={asked.word}: no kernel of the distribution "
                     f"({' '.join(kernels.KERNELS)}), no directory, and {where}")
    return _revision(asked, commit)


def refuse_the_same(base: Kernel, new: Kernel) -> None:
    """Misuse: HEAD of a tree in which all is committed, and that tree. A kernel of the distribution
    may be compared with itself: nobody does that by mistake."""
    if base.origin == new.origin and re.fullmatch(r"commit \w+", new.origin):
        raise Misuse(f"nothing to compare: both sides are {new.origin}, and nothing is changed there; "
                     "name another base, as BASE=HEAD~1")


def _same(one: Path, other: Path) -> bool:
    """Whether a copy is up to date: that of a file with this size and time, or its content."""
    if not os.path.lexists(other) or one.is_symlink() != other.is_symlink():
        return False
    a, b = one.lstat(), other.lstat()
    if (a.st_size, a.st_mtime_ns) == (b.st_size, b.st_mtime_ns):
        return True
    return a.st_size == b.st_size and not one.is_symlink() and filecmp.cmp(one, other, shallow=False)


def _put(source: Path, target: Path, own: bool) -> None:
    """Copy a file, or link one of the cache's own; what applies a patch replaces files.

    What takes the place of another text has the time of now: with the original's, what was
    compiled of that text would be newer, and stay.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    if os.path.lexists(target):
        target.unlink()
        shutil.copy(source, target, follow_symlinks=False)
    elif own:
        os.link(source, target, follow_symlinks=False)
    else:
        shutil.copy2(source, target, follow_symlinks=False)


def _copy(kernel: Kernel, tree: Path) -> None:
    """Make a tree one of a kernel's sources, writing only what differs."""
    source, files = kernel.source, farm.sources(kernel)
    for base, _dirs, names in os.walk(tree):
        for name in names:
            path = Path(base, name)
            if str(path.relative_to(tree)) not in files:
                path.unlink()
    for name in sorted(files):
        if not _same(source / name, tree / name):
            _put(source / name, tree / name, source.is_relative_to(cache.root()))


def copied(kernel: Kernel, slot: str) -> Kernel:
    """A kernel whose tree is a copy of this one, which may be changed."""
    name = _named(kernel.source)
    tree = _home(name, slot)
    with step(f"copy {kernel.label}"):
        _copy(kernel, tree)
    return dataclasses.replace(kernels.at(tree, kernel.label, f"ab-{name}-{slot}"), like=kernel)


def patches(text: str) -> list[str]:
    """Check PATCH=: files, separated by spaces."""
    for name in text.split():
        if not Path(name).is_file():
            raise Misuse(f"PATCH={name}: no such file; name one of git format-patch or diff -u")
    return text.split()


def _apply(patch: str, tree: Path) -> None:
    path = Path(patch).resolve()
    # The cache may lie in a repository of somebody else's.
    proc.output(["git", "apply", "--whitespace=nowarn", path], cwd=tree,
                what=f"PATCH={patch}: git apply", env={"GIT_CEILING_DIRECTORIES": str(tree.parent)})


def patched(kernel: Kernel, files: list[str], slot: str) -> Kernel:
    """A kernel with patches on top, the first one first."""
    copy = copied(kernel, slot)
    for patch in files:
        _apply(patch, copy.source)
    names = "+".join(Path(patch).stem for patch in files)
    said = [f"{Path(patch).name}, sha256 {hashlib.sha256(Path(patch).read_bytes()).hexdigest()}"
            for patch in files]
    return dataclasses.replace(copy, label=re.sub(r"[^\w.+-]", "-", f"{kernel.label}+{names}")[:60],
                               origin="; ".join(filter(None, (kernel.origin, *said))))
