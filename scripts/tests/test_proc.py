# SPDX-License-Identifier: GPL-2.0
"""Children that never outlive the command: who may start one, and until when."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from kmblib import farm, proc

# In a process of its own, as what is closed stays closed.
_LATE = """
from kmblib import errors, proc
with proc.child(["sleep", "60"]) as early:
    if {closed}:
        proc.kill_children()
        print("early:", early.wait())
    try:
        with proc.child(["true"]) as late:
            print("late:", late.wait())
    except errors.CannotTell as error:
        print(error)
"""


def _said(closed: bool) -> list[str]:
    done = subprocess.run([sys.executable, "-c", _LATE.format(closed=closed)], check=True,
                          cwd=farm.REPO / "scripts", capture_output=True, text=True, timeout=60)
    return done.stdout.splitlines()


def test_nobody_starts_after_the_end() -> None:
    """A thread that is about to start a guest when Ctrl-C comes must not."""
    assert _said(closed=True) == ["early: -9", "interrupted"]


def test_somebody_starts_before_it() -> None:
    """The control of the test above."""
    assert _said(closed=False) == ["late: 0"]


# One that raises when asked to; the other has a child that cleans up if it is let.
_BESIDE = """
import sys, time
from kmblib import proc
def do(what):
    if what == "raises":
        time.sleep(1)
        raise ValueError("the other one")
    with proc.child(["sh", "-c", "trap 'touch {made}; exit' TERM; sleep 60 & wait"]) as child:
        return what, proc.wait(child, timeout={seconds})
try:
    print(proc.side_by_side(do, {items}, 2, patience=5.0))
except ValueError as error:
    print(error)
"""


def _beside(tmp_path: Path, *items: str, seconds: float) -> str:
    code = _BESIDE.format(made=tmp_path / "made", items=items, seconds=seconds)
    done = subprocess.run([sys.executable, "-B", "-c", code], check=True, text=True, timeout=50,
                          cwd=farm.REPO / "scripts", capture_output=True)
    return done.stdout.strip()


def test_what_is_done_side_by_side_comes_in_order(tmp_path: Path) -> None:
    """None: of both children the time was up."""
    assert _beside(tmp_path, "a", "b", seconds=0.5) == "[('a', None), ('b', None)]"


def test_one_that_raises_ends_the_other_which_may_clean_up(tmp_path: Path) -> None:
    """In seconds, though its child would take a minute."""
    assert _beside(tmp_path, "sleeps", "raises", seconds=60.0) == "the other one"
    assert (tmp_path / "made").exists()


# What comes of another child once a block of threads was left like this.
_AFTER = """
from kmblib import errors, proc
def do(_item):
    raise {error}("over")
try:
    proc.side_by_side(do, [1, 2])
except BaseException as error:
    print(type(error).__name__)
try:
    with proc.child(["true"]) as child:
        print(child.wait())
except errors.CannotTell as error:
    print(error)
"""


@pytest.mark.parametrize("error, then", [("errors.Failed", ["Failed", "0"]),
                                         ("KeyboardInterrupt", ["KeyboardInterrupt", "interrupted"])])
def test_who_goes_on_after_an_error_may_have_children(error: str, then: list[str]) -> None:
    """What is told besides a verdict goes on without what failed; nobody does after Ctrl-C."""
    done = subprocess.run([sys.executable, "-B", "-c", _AFTER.format(error=error)], check=True, text=True,
                          timeout=50, cwd=farm.REPO / "scripts", capture_output=True)
    assert done.stdout.split() == then


_RUN = """
from pathlib import Path
from kmblib import proc
proc.run(["sh", "-c", 'echo "$X" "$V" "$(pwd)"', "it's me"], Path("{log}"), what="sh",
         cwd=Path("{cwd}"), env={{"X": "a  b"}})
"""


def _run(tmp_path: Path, **variables: str) -> str:
    """What a run of a command says on stderr."""
    (tmp_path / "of two words").mkdir(exist_ok=True)
    code = _RUN.format(log=tmp_path / "log", cwd=tmp_path / "of two words")
    environ = {k: v for k, v in os.environ.items() if k != "V"}
    done = subprocess.run([sys.executable, "-B", "-c", code], check=True, text=True, timeout=60,
                          cwd=farm.REPO / "scripts", capture_output=True, env={**environ, **variables})
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize("variables", [{}, {"V": ""}, {"V": "0"}])
def test_commands_are_not_shown_unasked(tmp_path: Path, variables: dict[str, str]) -> None:
    """The control of the one below: the command ran, and nothing was said."""
    assert _run(tmp_path, **variables) == ""
    assert (tmp_path / "log").read_text() == f"a  b  {tmp_path}/of two words\n"


def test_commands_are_shown_as_a_shell_takes_them(tmp_path: Path) -> None:
    """V=1; the line does by hand what it did here, and the child does not see V."""
    line = _run(tmp_path, V="1")
    assert line.startswith(f"  (cd '{tmp_path}/of two words' && env 'X=a  b' sh -c ")
    assert (tmp_path / "log").read_text() == f"a  b  {tmp_path}/of two words\n"
    again = subprocess.run(["bash", "-c", line], check=True, capture_output=True, text=True,
                           env=proc.clean_env())
    assert again.stdout == (tmp_path / "log").read_text()


def test_command_of_plain_words_is_shown_plainly() -> None:
    """Nothing in front where nothing is set."""
    assert proc.shown(["make", "-C", Path("/x"), "a b"]) == "make -C /x 'a b'"


@pytest.mark.parametrize("text, said", [
    ("ERROR:root:mm/slub.c: In function 'x':\nmm/slub.c:9:2: error: expected ';'\nmake: *** [x] Error 1\n",
     "mm/slub.c:9:2: error: expected ';'"),
    ("ld: x.o: undefined reference to `y'\nmake: *** [x] Error 1\n", "ld: x.o: undefined reference to `y'"),
    ("fine\nmake: *** No rule\n", "make: *** No rule"), ("one\ntwo\n", "two")])
def test_first_error_of_a_log_is_the_compiler_s(tmp_path: Path, text: str, said: str) -> None:
    """kunit.py puts ERROR before the first line, whatever that says."""
    (tmp_path / "log").write_text(text)
    assert proc.first_error(tmp_path / "log") == said
