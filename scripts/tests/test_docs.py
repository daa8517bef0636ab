# SPDX-License-Identifier: GPL-2.0
"""The pages of Documentation/: they say what the sources say, and are built without a
warning; each check is seen to fail."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import messages
import pytest
from kmblib import build, directives, docs, errors, kernels, ktap, options, proc, promises
from kmblib.farm import REPO

_PAGE = docs.HOME / "troubleshooting.rst"


def test_messages_that_are_quoted_are_printed() -> None:
    """Word by word."""
    quoted, texts = messages.quoted(_PAGE.read_text()), messages.printed()
    assert len(quoted) > 30
    assert [m for m in quoted if not messages.is_printed(m, texts)] == []


@pytest.mark.parametrize("message, known", [
    ("no KERNEL=<name>; there are: <names> (or KDIR=/path/to/a/kernel/tree)", True),
    ("no KERNEL=<name>; there were: <names> (or KDIR=/path/to/a/kernel/tree)", False),
    ("no KERNEL=<name>; there are: <names>", False),
    ("the module speaks ABI <n>, this tool ABI <n>; build both from one tree", True),
    ("the module speaks ABI <n>, this tool <n>; build both from one tree", False),
    ("missing packages: <names>(KMBENCH_NO_INSTALL is set: install them and run again)", True),
    ("missing packages: <names>", False),
])
def test_message_that_has_changed_is_found(message: str, known: bool) -> None:
    """Of Python, C and the shell: the words in order, and all of them."""
    assert messages.is_printed(message, messages.printed()) == known


def _broken(tmp_path: Path, index: str, **pages: str) -> str:
    """What is said of pages that are these, with the real conf.py."""
    home = tmp_path / "Documentation"
    home.mkdir()
    for name, text in pages.items():
        (home / f"{name}.rst").write_text(text)
    (tmp_path / "scripts").symlink_to(REPO / "scripts")
    shutil.copy(docs.HOME / "conf.py", home)
    (home / "index.rst").write_text(index)
    (home / "kmbench.rst").write_text(":orphan:\n\nTitle\n=====\n\n.. c:struct:: is_there\n")
    return docs.complaints(home)


def test_broken_reference_turns_lint_red(tmp_path: Path) -> None:
    """To a page, to a structure, to a file with kernel-doc; and a page in no table of contents."""
    said = _broken(tmp_path, "Title\n=====\n\nSee :doc:`nowhere` and :c:struct:`nothing`.\n\n"
                   ".. kernel-doc:: module/uapi/no*.h\n", lonely="Title\n=====\n")
    assert "index.rst:4: WARNING: unknown document: 'nowhere'" in said
    assert "c:struct reference target not found: nothing" in said
    assert "lonely.rst: WARNING: document isn't included in any toctree" in said
    assert "no file module/uapi/no*.h has kernel-doc" in said


def test_sound_reference_does_not(tmp_path: Path) -> None:
    """The control of the one above."""
    assert _broken(tmp_path, "Title\n=====\n\nSee :doc:`kmbench` and :c:struct:`is_there`.\n") == ""


def test_manual_page_that_is_broken_is_found(tmp_path: Path) -> None:
    """By the program that shows manual pages; the control is a sound one."""
    page = tmp_path / "x.1"
    page.write_text('.TH X 1\n.SH NAME\nx \\- y\n.NO "such macro"\n')
    assert "'NO' not defined" in docs.man_complaints(page)
    page.write_text(".TH X 1\n.SH NAME\nx \\- y\n")
    assert docs.man_complaints(page) == ""


_ROWS = """
#define RST(_section) "a.rst, " _section

static const struct kmb_promise promises[] = {
	{ .nr = 1, .kind = 'C',
	  .text = "says \\"so\\" and "
		  "goes on",
	  .place = RST("Here") },
	{ .nr = 2, .kind = 'I', .text = "two", .place = "x.c" },
"""


def test_promises_are_read(tmp_path: Path) -> None:
    """A row over several lines, with a macro; one that is not understood is not left out."""
    path = tmp_path / "promises.c"
    path.write_text(_ROWS + "};\n")
    assert promises.read(path) == (
        ktap.Promise(1, "C", 'says "so" and goes on', "a.rst, Here"),
        ktap.Promise(2, "I", "two", "x.c"))
    path.write_text(_ROWS + "\t{ .nr = 3, .kind = 'C', .text = THREE, .place = \"x.c\" },\n};\n")
    with pytest.raises(errors.Broken, match="3 rows, of which 2 are understood"):
        promises.read(path)


def test_page_of_promises_has_each_with_a_case() -> None:
    """None is without a case, and no case is of a promise that there is not."""
    rows, cases = promises.read(), promises.cases()
    assert {row.nr for row in rows} == set(cases)
    text = directives.promises_rst()
    for row in rows:
        assert f"**{row.nr} {row.kind}** " in text
    assert "``kmalloc_zeroing/p12_" in text and "Cases: none" not in text
    assert " (6.1, 7.3)``" in text


def test_case_says_the_promise_of_its_name() -> None:
    """The page goes by names; the report by what a case says."""
    said = {}
    for path in promises.KUNIT.glob("*_kunit.c"):
        for body in re.split(r"^static void (?=p\d)", path.read_text(), flags=re.M)[1:]:
            nr = re.search(r"kmb_promise\(test, (\d+)\)", body.partition("\n}\n")[0])
            if nr:
                said[body.partition("(")[0]] = nr[1]
    assert len(said) > 100
    assert {name: nr for name, nr in said.items() if not name.startswith(f"p{nr}_")} == {}


def test_page_of_the_abi_has_each_ioctl() -> None:
    """The table is written by hand; all else there is from kernel-doc."""
    header = (REPO / "module/uapi/kmbench.h").read_text()
    ioctls = set(re.findall(r"#define (KMB_IOC_\w+)\s+_IO", header))
    assert len(ioctls) >= 10
    assert set(re.findall(r"^``(KMB_IOC_\w+)``", (docs.HOME / "abi.rst").read_text(), re.M)) == ioctls


def test_pages_go_nowhere_into_the_repository() -> None:
    """Not below it, either; the control is a directory elsewhere."""
    for wrong in (REPO, REPO / "Documentation/html"):
        with pytest.raises(errors.Broken, match="is in the repository"):
            options.directory("OUT", str(wrong))
    assert options.directory("OUT", "/nonexistent/html") == Path("/nonexistent/html")


_RECIPE = re.compile(r"``(kmb_\w+)`` of ``module/([\w.]+)``::\n\n\t(.*)\n")


def _followed(kernel: kernels.Kernel, work: Path, recipes: list[tuple[str, str, str]]) -> bytes:
    """The object that has the rows of all tables, with lines of recipes; b"" if it cannot be
    compiled."""
    shutil.copytree(REPO / "module", work, ignore=shutil.ignore_patterns("*.o", ".*"))
    for table, name, line in recipes:
        text = (work / name).read_text()
        begin, found, rest = text.partition(f" {table}[]")
        head, brace, rows = rest.partition("{\n")
        assert found and brace
        (work / name).write_text(f"{begin}{found}{head}{brace}\t{line}\n{rows}")
    argv = build.module_make(build.kernel_for_vm(kernel), work)[:-1]
    subprocess.run([*map(str, argv), "scenario.o"], check=False, env=proc.clean_env(),
                   stdin=subprocess.DEVNULL, capture_output=True)
    made = work / "scenario.o"
    return made.read_bytes() if made.exists() else b""


def test_recipes_of_one_line_make_rows(kernel: kernels.Kernel, tmp_path: Path) -> None:
    """As they stand on the page; the control is one with a typing error."""
    recipes = _RECIPE.findall((docs.HOME / "adding-a-test.rst").read_text())
    assert len(recipes) == 3
    rows = (b"no class; a multiple of 256", b"GFP_NOFS", b"kmalloc() of 64 in a row")
    made = _followed(kernel, tmp_path / "module", recipes)
    before = b"".join((REPO / "module" / name).read_bytes() for _t, name, _l in recipes)
    assert [row in made for row in rows] == [True] * 3
    assert [row in before for row in rows] == [False] * 3
    table, name, line = recipes[1]
    assert _followed(kernel, tmp_path / "typo", [(table, name, line.replace("NOFS", "NOSF"))]) == b""
