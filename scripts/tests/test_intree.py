# SPDX-License-Identifier: GPL-2.0
"""The suites as a patch: what is in it, and that git takes it."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from kmblib import farm, intree, intree_text, kernels
from kmblib.errors import Broken
from kmblib.kernels import Kernel

_SOURCE = """#include <linux/version.h>
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
new
#else
old
#endif
#ifdef CONFIG_X
kept
#endif
"""
_AUTHOR = {"user.name": "A Developer", "user.email": "dev@example.org"}


@pytest.fixture(name="tree")
def _tree(tmp_path: Path) -> Kernel:
    """A git tree with the few files of a kernel that the patch touches."""
    tree = tmp_path / "tree"
    (tree / "mm").mkdir(parents=True)
    texts = {"Makefile": "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 2\nEXTRAVERSION =\n",
             "Kconfig": "", "mm/slab_common.c": "",
             "mm/Makefile": "obj-y := slub.o\n", "mm/Kconfig": "menu \"MM\"\n\nendmenu\n",
             "MAINTAINERS": "\nSLAB ALLOCATOR\nS:\tMaintained\nF:\tinclude/linux/sl?b*.h\n"
                            "F:\tmm/sl?b*\nF:\tmm/zz.c\n\nSLCAN\nF:\tx\n"}
    for name, text in texts.items():
        (tree / name).write_text(text)
    git = ["git", "-C", str(tree)]
    subprocess.run([*git, "init", "-q"], check=True)
    for key, value in _AUTHOR.items():
        subprocess.run([*git, "config", key, value], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "before"], check=True)
    return kernels.find(None, str(tree))


def test_version_tests_are_decided() -> None:
    """Only these; what depends on the configuration stays."""
    assert intree_text.decided(_SOURCE, (6, 13, 0)) == "new\n#ifdef CONFIG_X\nkept\n#endif\n"
    assert intree_text.decided(_SOURCE, (6, 12, 95)) == "old\n#ifdef CONFIG_X\nkept\n#endif\n"


def test_undecidable_version_test_is_refused() -> None:
    """Rather than a tree that asks for its own version."""
    with pytest.raises(Broken, match="cannot decide"):
        intree_text.decided("#if LINUX_VERSION_CODE == 3\nx\n#endif\n", (6, 1, 0))


def _texts(version: tuple[int, int, int]) -> dict[str, str]:
    return intree_text.resolved({f.name: f.read_text().replace("../module/", "")
                                 for f in [*(farm.REPO / "kunit").glob("*.*"),
                                           farm.REPO / "kunit/Makefile",
                                           *intree._shared()]}, version)


@pytest.mark.parametrize("version", [(6, 1, 192), (6, 12, 95), (7, 3, 4)])
def test_tree_hears_of_no_other_version(version: tuple[int, int, int]) -> None:
    """Nor of the benchmark; the repository's own files are the control."""
    said = re.compile(r"LINUX_VERSION|kmbench\.ko|benchmark|(?:before|since) [67]\.\d|"
                      r"between Linux|\b[67]\.\d+ (?:and|came|has)\b")
    texts = _texts(version)
    files = {n: t for n, t in texts.items() if n.endswith((".c", ".h", "Makefile", "config"))}
    assert not {n: m[0] for n, t in files.items() if (m := said.search(t))}
    assert said.search((farm.REPO / "module/compat.h").read_text())
    assert said.search((farm.REPO / "module/tables.h").read_text())
    assert said.search((farm.REPO / "kunit/.kunitconfig").read_text())


def test_names_that_bridge_nothing_are_replaced() -> None:
    """By what they stand for in that tree; where that is a function they stay."""
    old, new = _texts((6, 1, 192)), _texts((7, 3, 4))
    assert "\thrtimer_setup(&storm" in new["storm_kunit.c"]
    assert "kmb_hrtimer_setup" not in new["compat.h"]
    assert "kmb_hrtimer_setup(&storm" in old["storm_kunit.c"]
    assert "static inline void\nkmb_hrtimer_setup(" in old["compat.h"]
    assert "KMB_NO_MERGE SLAB_NO_MERGE\n#else\n" in new["compat.h"], "not of one meaning only"


def test_skip_that_never_comes_is_left_out() -> None:
    """Where the answer may be no it stays, and a suite of nothing goes."""
    old, new = _texts((6, 1, 192)), _texts((7, 3, 4))
    skip = "this kernel promises only powers of two an alignment"
    assert skip in old["alignment_kunit.c"] and skip not in new["alignment_kunit.c"]
    assert "skip_unless_divisor_counts" not in new["alignment_kunit.c"]
    assert "nolock_kunit.c" in new and "nolock_kunit.o" in new["Makefile"]
    assert "nolock_kunit.c" not in old and "nolock" not in old["Makefile"]


def test_skip_that_may_come_is_kept() -> None:
    """A call has an effect, and one of two reasons is enough."""
    call = "\tif (!kmb_wait() && !KMB_X)\n\t\tkmb_skip(test, \"x\");\n"
    either = "\tif (IS_ENABLED(CONFIG_Y) || !KMB_X)\n\t\tkmb_skip(test, \"x\");\n"
    both = "\tif (IS_ENABLED(CONFIG_Y) && !KMB_X)\n\t\tkmb_skip(test, \"x\");\n"
    assert [intree_text._answered(t, {"KMB_X"}) for t in (call, either, both)] == [call, either, ""]


def test_rewording_that_does_not_match_is_refused() -> None:
    """Or the sentence would go into a tree once it is written anew."""
    with pytest.raises(Broken, match="tables.h: the patch rewords a text that is not there once"):
        intree_text._reworded("tables.h", "another head")


def test_git_am_takes_the_patch(tree: Kernel, tmp_path: Path) -> None:
    """And the tree is then what the patch says; nothing points out of its directory."""
    patch = tmp_path / "out.patch"
    patch.write_text(intree.patch(tree))
    assert "Signed-off-by: A Developer <dev@example.org>" in patch.read_text()
    subprocess.run(["git", "-C", str(tree.source), "am", "-q", str(patch)], check=True)
    home = tree.source / intree.HOME
    names = {f.name for f in home.iterdir()}
    assert {"Kconfig", "Makefile", ".kunitconfig", "tables.h", "compat.h"} <= names
    sources = [f.read_text() for f in home.iterdir()]
    assert not [t for t in sources if "../module" in t or "LINUX_VERSION_CODE" in t]
    assert (tree.source / "mm/Makefile").read_text().endswith("+= tests/kmalloc/\n")
    assert "Kconfig\"\n\nendmenu\n" in (tree.source / "mm/Kconfig").read_text()
    lines = (tree.source / "MAINTAINERS").read_text().splitlines()
    at = lines.index("F:\tmm/tests/kmalloc/")
    assert (lines[at - 1], lines[at + 1]) == ("F:\tmm/sl?b*", "F:\tmm/zz.c")


def test_every_include_is_in_the_patch(tree: Kernel) -> None:
    """A quoted include of any file of the patch is itself in it."""
    texts = intree.files(tree)
    names = {name.rsplit("/", 1)[1] for name in texts}
    included = {line.split('"')[1] for text in texts.values() for line in text.splitlines()
                if line.startswith('#include "')}
    assert included and included <= names


def test_uncommitted_changes_do_not_disturb(tree: Kernel) -> None:
    """The patch is for what is committed: git am would not apply otherwise."""
    (tree.source / "mm/Makefile").write_text("obj-y := slub.o mine.o\n")
    assert "mine.o" not in intree.patch(tree)


def test_without_author_it_is_refused(tree: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the line that mends it."""
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_CONFIG_SYSTEM", "/dev/null")
    subprocess.run(["git", "-C", str(tree.source), "config", "--unset", "user.email"], check=True)
    with pytest.raises(Broken, match="git config --global user.email"):
        intree.patch(tree)
