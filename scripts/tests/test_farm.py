# SPDX-License-Identifier: GPL-2.0
"""The farm of links: what is a source is in it, the user's tree stays as it is."""

from __future__ import annotations

import hashlib
import os
import subprocess
from pathlib import Path

import pytest
from kmblib import farm, kernels
from kmblib.errors import Broken

_TREE = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\nEXTRAVERSION =\n",
    "Kconfig": "# top\n",
    ".gitignore": "*.o\n*.cmd\n/include/generated/\n",
    "mm/Makefile": "obj-y += slub.o\n",
    "mm/Kconfig": "config SLUB\n",
    "mm/slab_common.c": "/* common */\n",
    "mm/slub.c": "/* committed */\n",
    "mm/gone.c": "/* to be deleted */\n",
    "tools/testing/kunit/kunit.py": "print()\n",
    "tools/testing/kunit/old.py": "print()\n",
}
_PRODUCTS = ("mm/slub.o", "mm/.slub.o.cmd", "include/generated/autoconf.h")


def _write(tree: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)


def _git(tree: Path, *words: str) -> None:
    subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@y", *words], cwd=tree,
                   check=True, capture_output=True)


@pytest.fixture(name="tree", params=["git", "plain"])
def _tree(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree in use: built in, changed, with a file new and one gone."""
    monkeypatch.setenv("KMBENCH_CACHE", str(tmp_path / "cache"))
    tree = tmp_path / "linux"
    _write(tree, _TREE)
    if request.param == "git":
        _git(tree, "init", "-q")
        _git(tree, "add", "-A")
        _git(tree, "commit", "-q", "-m", "x")
    _write(tree, {"mm/slub.c": "/* uncommitted */\n", "mm/new.c": "/* untracked */\n",
                  "mm/sp ace-\u00fc.c": "/* odd name */\n", **dict.fromkeys(_PRODUCTS, "product")})
    (tree / "mm/gone.c").unlink()
    return tree


def _plant(tree: Path) -> Path:
    return farm.plant(kernels.find(None, str(tree)))


def _state(tree: Path) -> dict[str, tuple[str, int, int]]:
    """Content, mode and time of all files and directories, git's own included."""
    return {str(p): (hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "",
                     p.lstat().st_mode, p.lstat().st_mtime_ns) for p in (tree, *tree.rglob("*"))}


def _sources(planted: Path) -> set[str]:
    """Files of the farm that stand for the tree's."""
    names = {str(p.relative_to(planted)) for p in planted.rglob("*") if not p.is_dir()}
    return {n for n in names if not n.startswith((".kmbench-", farm.HOME))}


def test_tree_is_not_touched(tree: Path) -> None:
    """Not a byte, not a time, not even git's index."""
    before = _state(tree)
    for _ in range(2):
        _plant(tree)
    assert _state(tree) == before
    _write(tree, {"mm/slub.c": "/* other */\n"})
    assert _state(tree) != before, "the comparison cannot fail"


def test_sources_are_in_and_products_out(tree: Path) -> None:
    """The change, the new file, the odd name; neither products nor what is gone."""
    planted = _plant(tree)
    assert _sources(planted) == (set(_TREE) - {"mm/gone.c"}) | {"mm/new.c", "mm/sp ace-\u00fc.c"}
    assert (planted / "mm/slub.c").read_text() == "/* uncommitted */\n"


def test_sources_are_links_and_what_changes_is_copied(tree: Path) -> None:
    """kunit.py changes to the directory of its real path: it must be a file."""
    planted = _plant(tree)
    assert os.readlink(planted / "mm/slub.c") == str(tree / "mm/slub.c")
    for name in ("mm/Makefile", "mm/Kconfig", "tools/testing/kunit/kunit.py"):
        assert not (planted / name).is_symlink(), name
    assert (planted / "tools/testing/kunit/kunit.py").read_text() == "print()\n"


def test_extension_is_in_the_copies_alone(tree: Path) -> None:
    """The line comes after the tree's own, which stay."""
    planted = _plant(tree)
    assert (planted / "mm/Makefile").read_text() == (
        "obj-y += slub.o\nobj-$(CONFIG_KMALLOC_KUNIT_TEST) += kmbench/kunit/\n")
    assert (planted / "mm/Kconfig").read_text() == (
        'config SLUB\nsource "mm/kmbench/kunit/Kconfig"\n')
    assert (tree / "mm/Makefile").read_text() == _TREE["mm/Makefile"]
    assert (planted / farm.HOME / "kunit/Makefile").samefile(farm.REPO / "kunit/Makefile")
    assert (planted / farm.HOME / "module/tables.h").samefile(farm.REPO / "module/tables.h")


def test_second_planting_follows_the_tree(tree: Path) -> None:
    """Added, removed, changed, extended again; what did not change is as it was."""
    planted = _plant(tree)
    unchanged = (planted / "mm/slab_common.c").lstat().st_mtime_ns
    makefile = (planted / "mm/Kconfig").stat().st_mtime_ns
    _write(tree, {"mm/added.c": "", "mm/slub.c": "/* third */\n", "mm/Makefile": "obj-y += x.o\n"})
    (tree / "mm/new.c").unlink()
    assert _plant(tree) == planted
    assert (planted / "mm/added.c").exists() and not os.path.lexists(planted / "mm/new.c")
    assert (planted / "mm/slub.c").read_text() == "/* third */\n"
    assert (planted / "mm/Makefile").read_text().startswith("obj-y += x.o\nobj-$(CONFIG_KMALLOC")
    assert (planted / "mm/slab_common.c").lstat().st_mtime_ns == unchanged
    assert (planted / "mm/Kconfig").stat().st_mtime_ns == makefile


def test_copied_file_that_is_gone_from_the_tree_goes(tree: Path) -> None:
    """kunit.py would import it."""
    planted = _plant(tree)
    assert (planted / "tools/testing/kunit/old.py").exists()
    (tree / "tools/testing/kunit/old.py").unlink()
    _plant(tree)
    assert not (planted / "tools/testing/kunit/old.py").exists()


@pytest.mark.parametrize("first, second", [("mm/x", "mm/x/y.c"), ("mm/x/y.c", "mm/x")])
def test_file_becomes_a_directory_and_back(tree: Path, first: str, second: str) -> None:
    """As between two branches of the user's."""
    _write(tree, {first: "first"})
    _plant(tree)
    (tree / first).unlink()
    if first > second:
        (tree / second).rmdir()
    _write(tree, {second: "second"})
    assert (_plant(tree) / second).read_text() == "second"


def test_interrupted_planting_is_made_up_for(tree: Path) -> None:
    """The list of links is written last: without it each link is made anew."""
    planted = _plant(tree)
    (planted / ".kmbench-manifest").unlink()
    (planted / "mm/slub.c").unlink()
    (planted / "mm/slub.c").symlink_to("/nowhere")
    assert (_plant(tree) / "mm/slub.c").read_text() == "/* uncommitted */\n"


def test_tree_whose_sources_are_ignored_is_refused(tree: Path) -> None:
    """An empty farm would give an error of make's that nobody understands."""
    _write(tree, {".gitignore": "mm/Makefile\n*.c\n"})
    if (tree / ".git").exists():
        _git(tree, "rm", "-q", "--cached", "mm/Makefile")
    with pytest.raises(Broken, match=f"^KDIR={tree}: git takes mm/Makefile for no source"):
        _plant(tree)


@pytest.mark.parametrize("tree", ["git"], indirect=True)
def test_tracked_file_is_a_source_whatever_gitignore_says(tree: Path) -> None:
    """As vmlinux.o_shipped; the same file, not tracked, is the control."""
    _write(tree, {"mm/shipped.o": "", "mm/product.o": ""})
    _git(tree, "add", "-f", "mm/shipped.o")
    assert {"mm/shipped.o", "mm/product.o"} & _sources(_plant(tree)) == {"mm/shipped.o"}
