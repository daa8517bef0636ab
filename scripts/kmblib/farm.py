# SPDX-License-Identifier: GPL-2.0
"""A kernel tree extended without touching it: a farm of symbolic links.

Every source file of the tree is a link. Files that the extension changes
(mm/Makefile, mm/Kconfig) are copies with a line more; tools/testing/kunit is
a copy, since kunit.py changes to the directory of its own real path. Build
products in the tree are left out, as an out-of-tree build would refuse them
or, through VPATH, take them for its own.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from . import cache, proc
from .errors import Broken
from .kernels import Kernel
from .progress import step

REPO = Path(__file__).resolve().parents[2]
# Where the repository's files appear in the farm.
HOME = "mm/kmbench"
_PARTS = ("kunit", "module")
_OWN_NAMES = ("Kconfig", "Makefile", ".kunitconfig")
_APPENDED = {
    "mm/Makefile": "obj-$(CONFIG_KMALLOC_KUNIT_TEST) += kmbench/kunit/\n",
    "mm/Kconfig": 'source "mm/kmbench/kunit/Kconfig"\n',
}
_COPIED = "tools/testing/kunit/"
# Which links there are; written last, so that a farm without it is no farm.
_MANIFEST = ".kmbench-manifest"


def _walked(tree: Path) -> set[str]:
    found: set[str] = set()
    for base, _dirs, files in os.walk(tree):
        relative = os.path.relpath(base, tree)
        found.update(os.path.normpath(os.path.join(relative, f)) for f in files)
    return found


def _unhide(tree: Path) -> list[str]:
    """Exclude options that undo what Debian's source packages put at the end
    of .gitignore: that everything but debian/ is ignored."""
    ignore = tree / ".gitignore"
    if not ignore.is_file() or "/*" not in ignore.read_text(errors="replace").splitlines():
        return []
    return [f"--exclude=!/{name}" for name in ("*/", "Makefile", "Kconfig", "Kbuild", "COPYING")]


def _ls_files(tree: Path, *git_options: str) -> set[str]:
    """What git takes for a source: tracked, or neither tracked nor ignored."""
    text = proc.output(["git", "-c", "safe.directory=*", *git_options, "ls-files", "-z",
                        "--cached", "--others", "--exclude-standard", *_unhide(tree)],
                       what=f"listing the sources of {tree}", cwd=tree,
                       env={"GIT_OPTIONAL_LOCKS": "0"})
    return set(text.split("\0")) - {""}


def _init_empty(aside: Path) -> None:
    proc.output(["git", "init", "-q", "--bare", str(aside)], what="git init")


def sources(kernel: Kernel) -> set[str]:
    """The source files of a tree, relative to it, without build products.

    The kernel's own .gitignore files say what a product is, whether or not
    the tree is a git checkout (an empty repository lends git its eyes then).
    """
    tree = kernel.source
    if not kernel.is_tree:
        return _walked(tree)
    if (tree / ".git").exists():
        files = _ls_files(tree)
    else:
        empty = cache.made("empty.git", _init_empty)
        files = _ls_files(tree, f"--git-dir={empty}", f"--work-tree={tree}")
    if not set(_APPENDED) <= files:
        raise Broken(f"KDIR={tree}: git takes mm/Makefile for no source; is it ignored "
                     "by a .gitignore?")
    return {f for f in files if os.path.lexists(tree / f)}


def _special(name: str) -> bool:
    return name in _APPENDED or name.startswith((_COPIED, f"{HOME}/"))


def _link_tree(tree: Path, farm: Path, files: set[str]) -> None:
    """Make the farm's links those of `files`, changing only what differs."""
    manifest = farm / _MANIFEST
    before = set(manifest.read_text().split("\0")) - {""} if manifest.exists() else set()
    wanted = {name for name in files if not _special(name)}
    for name in before - wanted:
        (farm / name).unlink(missing_ok=True)
    made = set()
    for name in sorted(wanted - before):
        target = farm / name
        if target.parent not in made:
            target.parent.mkdir(parents=True, exist_ok=True)
            made.add(target.parent)
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        target.unlink(missing_ok=True)
        target.symlink_to(tree / name)
    if wanted != before:
        manifest.write_text("\0".join(sorted(wanted)))


def _copy_specials(tree: Path, farm: Path, files: set[str]) -> None:
    for name, line in _APPENDED.items():
        cache.write_if_changed(farm / name, (tree / name).read_text() + line)
    copied = {name for name in files if name.startswith(_COPIED)}
    for name in copied:
        cache.write_if_changed(farm / name, (tree / name).read_text())
    for have in (farm / _COPIED).rglob("*.py"):
        if str(have.relative_to(farm)) not in copied:
            have.unlink()


def own_files() -> list[Path]:
    """The repository's files that a kernel is extended with."""
    return sorted(f for part in _PARTS for f in (REPO / part).rglob("*")
                  if f.suffix in (".c", ".h") or f.name in _OWN_NAMES)


def _link_repo(farm: Path) -> None:
    """Link the repository's own files; what it no longer has goes."""
    for part in _PARTS:
        home = farm / HOME / part
        wanted = {f.relative_to(REPO / part) for f in own_files()
                  if f.is_relative_to(REPO / part)}
        have = {f.relative_to(home) for f in home.rglob("*") if f.is_symlink()}
        for name in have - wanted:
            (home / name).unlink()
        for name in wanted - have:
            (home / name).parent.mkdir(parents=True, exist_ok=True)
            (home / name).symlink_to(REPO / part / name)
        for name in wanted & have:
            if os.readlink(home / name) != str(REPO / part / name):
                (home / name).unlink()
                (home / name).symlink_to(REPO / part / name)


def plant(kernel: Kernel, home: str = "farm") -> Path:
    """The farm of a kernel, up to date with its tree and this repository.

    home: where in the cache; one that is not shared may be changed.
    """
    with cache.lock(f"{home}-{kernel.key}"):
        farm = cache.workdir(f"{home}/{kernel.key}")
        if kernel.is_tree or not (farm / _MANIFEST).exists():
            with step(f"farm of links to {kernel.label}"):
                files = sources(kernel)
                _copy_specials(kernel.source, farm, files)
                _link_tree(kernel.source, farm, files)
        _link_repo(farm)
    return farm
