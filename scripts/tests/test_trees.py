# SPDX-License-Identifier: GPL-2.0
"""Trees that are compared: the right files are in them, little is written again, and the
user's tree stays as it is, git's own files included."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
from pathlib import Path

import pytest
from kmblib import ab, build, kernels, trees
from kmblib.errors import Broken, Misuse
from kmblib.kernels import Kernel

_FILES = {
    "Makefile": "VERSION = 6\nPATCHLEVEL = 1\nSUBLEVEL = 0\nEXTRAVERSION =\n",
    "Kconfig": "# top\n",
    ".gitignore": "*.o\n",
    "mm/Makefile": "obj-y += slub.o\n",
    "mm/Kconfig": "config SLUB\n",
    "mm/slab_common.c": "common\n",
    "mm/slub.c": "one\ntwo\nthree\n",
}
_PATCH = """--- a/mm/slub.c
+++ b/mm/slub.c
@@ -1,3 +1,3 @@
 one
-two
+2
 three
--- /dev/null
+++ b/mm/fresh.c
@@ -0,0 +1 @@
+fresh
"""


def _git(tree: Path, *words: str) -> str:
    return subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x@y", *words], cwd=tree,
                          check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(name="tree")
def _tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two commits, and a change that is in neither."""
    monkeypatch.setenv("KMBENCH_CACHE", str(tmp_path / "cache"))
    tree = tmp_path / "linux"
    for name, text in _FILES.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    _git(tree, "init", "-q")
    _git(tree, "add", "-A")
    _git(tree, "commit", "-q", "-m", "first")
    (tree / "mm/slub.c").write_text("one\ntwo\nthree\nfour\n")
    (tree / "mm/later.c").write_text("later\n")
    _git(tree, "add", "-A")
    _git(tree, "commit", "-q", "-m", "second")
    (tree / "mm/slub.c").write_text("not committed\n")
    return tree


@pytest.fixture(name="patch")
def _patch(tmp_path: Path) -> str:
    (tmp_path / "x.patch").write_text(_PATCH)
    return str(tmp_path / "x.patch")


def _asked(tree: Path, word: str, slot: str = "new") -> trees.Asked:
    return trees.Asked("NEW", word, str(tree), slot)


def _text(kernel: Kernel, name: str = "mm/slub.c") -> str:
    return (kernel.source / name).read_text()


def _state(tree: Path) -> dict[str, tuple[str, int]]:
    return {str(p): (hashlib.sha256(p.read_bytes()).hexdigest() if p.is_file() else "",
                     p.lstat().st_mtime_ns) for p in (tree, *tree.rglob("*"))}


def test_revision_is_what_was_committed(tree: Path) -> None:
    """Not what lies in the tree; files that it has not are gone again."""
    assert _text(trees.find(_asked(tree, "HEAD"))) == "one\ntwo\nthree\nfour\n"
    first = trees.find(_asked(tree, "HEAD~1"))
    assert _text(first) == "one\ntwo\nthree\n" and not (first.source / "mm/later.c").exists()
    assert first.label == "linux-HEAD-1" and first.version == "6.1.0" and first.is_tree
    assert (trees.find(_asked(tree, "HEAD")).source / "mm/later.c").exists()


def test_directory_is_the_tree_as_it_lies_there(tree: Path) -> None:
    """Also the change that is not committed."""
    assert _text(trees.find(_asked(tree, str(tree)))) == "not committed\n"


def test_what_is_the_same_is_not_written_again(tree: Path) -> None:
    """Or make would build all of it."""
    kernel = trees.find(_asked(tree, "HEAD"))
    before = {n: (kernel.source / n).stat().st_mtime_ns for n in _FILES}
    trees.find(_asked(tree, "HEAD~1"))
    after = {n: (kernel.source / n).stat().st_mtime_ns for n in _FILES}
    assert [n for n in _FILES if before[n] != after[n]] == ["mm/slub.c"]


def test_two_slots_are_two_trees(tree: Path) -> None:
    """And one does not change with the other."""
    base = trees.find(_asked(tree, "HEAD~1", "base"))
    new = trees.find(_asked(tree, "HEAD"))
    assert base.source != new.source and base.key != new.key
    assert _text(base) == "one\ntwo\nthree\n"


@pytest.mark.parametrize("word", ["HEAD~1", ""])
def test_patch_is_applied_and_gone_again(tree: Path, patch: str, word: str) -> None:
    """On a revision, and on a copy of a directory: also the file that it adds."""
    if not word:
        (tree / "mm/slub.c").write_text(_FILES["mm/slub.c"])
    base = trees.find(_asked(tree, word or str(tree), "base"))
    patched = trees.patched(base, [patch], "new")
    assert _text(patched) == "one\n2\nthree\n" and _text(patched, "mm/fresh.c") == "fresh\n"
    assert patched.label.endswith("+x") and patched.like == base
    again = trees.patched(base, [], "new")
    assert again.source == patched.source
    assert _text(again) == "one\ntwo\nthree\n" and not (again.source / "mm/fresh.c").exists()


def test_what_is_compared_is_told_exactly(tree: Path, patch: str) -> None:
    """HEAD is another one tomorrow, and so may a patch of that name be."""
    base = trees.find(_asked(tree, "HEAD~1", "base"))
    commit = trees.commit_of(str(tree), "HEAD~1")
    assert len(commit) == 40 and base.origin == f"commit {commit}"
    digest = hashlib.sha256(Path(patch).read_bytes()).hexdigest()
    assert trees.patched(base, [patch], "new").origin == f"commit {commit}; x.patch, sha256 {digest}"
    (tree / "mm/slub.c").write_text("changed\n")
    head = trees.commit_of(str(tree), "HEAD")
    assert trees.find(_asked(tree, str(tree))).origin == f"commit {head}, 1 files changed"
    shutil.rmtree(tree / ".git")
    assert trees.find(_asked(tree, str(tree))).origin == ""


def test_users_tree_stays_as_it_is(tree: Path, patch: str) -> None:
    """Not a byte, not a time; neither in .git."""
    before = _state(tree)
    trees.find(_asked(tree, "HEAD"))
    trees.patched(trees.find(_asked(tree, "HEAD~1", "base")), [patch], "new")
    with pytest.raises(Broken):
        trees.patched(trees.find(_asked(tree, str(tree))), [patch], "new")
    assert _state(tree) == before


def test_patch_that_does_not_apply_is_named(tree: Path, patch: str) -> None:
    """With what git says."""
    with pytest.raises(Broken, match=r"PATCH=.*x\.patch: git apply failed: .*mm/slub\.c"):
        trees.patched(trees.find(_asked(tree, str(tree))), [patch], "new")
    with pytest.raises(Broken, match="PATCH=/none: no such file"):
        trees.patches(f"{patch} /none")
    assert trees.patches(f"{patch}  {patch}") == [patch, patch]


@pytest.mark.parametrize("word", ["no-such-revision", "--all", "6.3"])
def test_unknown_word_names_what_there_is(tree: Path, word: str) -> None:
    """A revision of nothing, an option, a kernel that there is not."""
    with pytest.raises(Broken, match=rf"NEW={word}: no kernel of the distribution \(6.1 .*no revision"):
        trees.find(_asked(tree, word))


def test_tree_without_git_is_told_of(tmp_path: Path, tree: Path) -> None:
    """HEAD is what is taken where nothing was named; of a git repository nothing is said."""
    for top, told in ((tmp_path / "none", True), (tree, False)):
        top.mkdir(exist_ok=True)
        with pytest.raises(Broken, match="no revision of KDIR=") as caught:
            trees.find(trees.Asked("BASE", "v0", str(top), "base"))
        assert str(caught.value).endswith(", which is no git repository") == told


def test_commit_of_something_else_ends_no_bisection(tree: Path) -> None:
    """It is skipped, as a revision or as it lies there; any other directory is wrong use, and
    named as it was given."""
    (tree / "mm/slab_common.c").unlink()
    _git(tree, "commit", "-q", "-a", "-m", "no kernel any more")
    for word, says in (("HEAD", "^linux-HEAD is no kernel: "), (str(tree), f"^NEW={tree} is no kernel tree ")):
        with pytest.raises(Broken, match=says) as caught:
            trees.find(_asked(tree, word))
        assert not isinstance(caught.value, Misuse)
    (tree / ".git").rename(tree / "git")
    with pytest.raises(Misuse, match=f"^NEW={tree} is no kernel tree "):
        trees.find(_asked(tree, str(tree)))


def test_distributions_kernel_is_built_from_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """But one that is built from source anyway keeps its place in the cache."""
    def found(name: str, _kdir: str | None) -> Kernel:
        return Kernel(name, name, name, Path("/x"), name, kernels.KERNELS[name])

    monkeypatch.setattr(kernels, "find", found)
    assert trees.find(trees.Asked("BASE", "6.1", "", "base")).from_source
    assert not trees.find(trees.Asked("BASE", "7.3", "", "base")).from_source


def test_fragment_is_looked_at(tmp_path: Path) -> None:
    """Before a kernel is built with it."""
    (tmp_path / "good").write_text("# more\nCONFIG_SLUB_STATS=y\n# CONFIG_MEMCG is not set\n\n")
    (tmp_path / "bad").write_text("SLUB_STATS=y\n")
    assert ab.fragment("") is None
    assert ab.fragment(str(tmp_path / "good")) == tmp_path / "good"
    with pytest.raises(Broken, match="'SLUB_STATS=y' is no line"):
        ab.fragment(str(tmp_path / "bad"))
    with pytest.raises(Broken, match="no such file"):
        ab.fragment(str(tmp_path / "none"))


@pytest.mark.parametrize("config, missing", [
    ("CONFIG_A=y\nCONFIG_N=12\n", []), ("CONFIG_A=y\nCONFIG_N=12\n# CONFIG_B is not set\n", []),
    ("CONFIG_A=y\nCONFIG_N=13\n", ["CONFIG_N=12"]), ("CONFIG_A=m\nCONFIG_N=12\n", ["CONFIG_A=y"]),
    ("CONFIG_A=y\nCONFIG_N=12\nCONFIG_B=y\n", ["# CONFIG_B is not set"])])
def test_line_that_the_kernel_does_not_take_is_named(config: str, missing: list[str]) -> None:
    """Of whatever kind. Of two about one option the last one holds: a fragment may switch off what
    the configuration has."""
    wanted = "# of ours\nCONFIG_A=y\nCONFIG_B=y\nCONFIG_N=12\n# CONFIG_B is not set\n"
    assert build.lost(wanted, config) == missing


def test_cached_source_is_linked_and_not_written_through(tree: Path, patch: str) -> None:
    """Copying a whole kernel takes a minute; a patch must not reach the original, and what
    changes there reaches the copy."""
    base = trees.find(_asked(tree, "HEAD~1", "base"))
    patched = trees.patched(base, [patch], "new")
    assert (patched.source / "mm/Kconfig").samefile(base.source / "mm/Kconfig")
    assert _text(patched) == "one\n2\nthree\n" and _text(base) == _FILES["mm/slub.c"]
    base = trees.find(_asked(tree, "HEAD", "base"))
    assert _text(trees.patched(base, [], "new")) == "one\ntwo\nthree\nfour\n"


@pytest.mark.parametrize("word", ["HEAD~1", ""])
def test_what_a_patch_leaves_is_newer_than_what_was_compiled_of_it(
        tree: Path, patch: str, word: str) -> None:
    """Or make would keep an object of the last patch; and it is not written again and again."""
    if not word:
        (tree / "mm/slub.c").write_text(_FILES["mm/slub.c"])
    base = trees.find(_asked(tree, word or str(tree), "base"))
    path = trees.patched(base, [patch], "new").source / "mm/slub.c"
    compiled = path.stat().st_mtime_ns
    trees.patched(base, [], "new")
    restored = path.stat().st_mtime_ns
    assert path.read_text() == _FILES["mm/slub.c"] and restored > compiled
    trees.patched(base, [], "new")
    assert path.stat().st_mtime_ns == restored


def test_users_tree_is_copied_and_not_linked(tree: Path) -> None:
    """A link would change the time of its file."""
    copy = trees.copied(trees.find(_asked(tree, str(tree))), "new")
    assert not (copy.source / "mm/Kconfig").samefile(tree / "mm/Kconfig")
    assert _text(copy) == "not committed\n"


def test_the_same_on_both_sides_is_refused(tree: Path) -> None:
    """Who has committed his patch, and leaves out BASE=, would be told that it costs nothing. What
    is not committed, another commit, and a kernel of the distribution are something else."""
    _git(tree, "stash", "-q")
    head, here = trees.find(_asked(tree, "HEAD", "base")), trees.find(_asked(tree, str(tree)))
    with pytest.raises(Misuse, match="nothing to compare: both sides are commit [0-9a-f]{40}, and"):
        trees.refuse_the_same(head, here)
    trees.refuse_the_same(trees.find(_asked(tree, "HEAD~1", "base")), here)
    (tree / "mm/slub.c").write_text("changed\n")
    trees.refuse_the_same(head, trees.find(_asked(tree, str(tree))))
    debian = trees.find(trees.Asked("BASE", "6.1", "", "base"))
    trees.refuse_the_same(debian, debian)


def test_lock_of_a_git_that_was_killed_is_forgotten(tree: Path) -> None:
    """It is of an index that nobody else has; the next checkout would fail, each time."""
    kernel = trees.find(_asked(tree, "HEAD"))
    lock = kernel.source.with_name(f"{kernel.source.name}.index.lock")
    lock.touch()
    assert trees.find(_asked(tree, "HEAD~1")).source == kernel.source and not lock.exists()
    assert (kernel.source / "mm/slub.c").read_text() == _FILES["mm/slub.c"]
