# SPDX-License-Identifier: GPL-2.0
"""How commands end: their exit codes, and the one line that they say."""

from __future__ import annotations

import os
import signal
import subprocess
import textwrap
from pathlib import Path

import pytest
from kmblib import errors, farm

_SAY = "print('cleaned up', flush=True)"


def _run(body: str, end: str = "command") -> subprocess.CompletedProcess[str]:
    """A command whose main() has this body."""
    script = "import os, signal\nfrom kmblib import errors\ndef main():\n" + textwrap.indent(
        f"try:\n{textwrap.indent(body, '    ')}\nfinally:\n    {_SAY}\n", "    ")
    return subprocess.run(["/usr/bin/python3", "-B", "-c", f"{script}errors.{end}(main)"],
                          capture_output=True, text=True, check=False,
                          cwd=farm.REPO / "scripts", env={**os.environ, "PYTHONPATH": "."})


@pytest.mark.parametrize("body, status, said", [
    ("return errors.Code.GOOD", 0, ""),
    ("return errors.Code.FAILED", 1, ""),
    ("raise errors.Failed('the kernel')", 1, "kmbench: the kernel\n"),
    ("raise errors.Broken('the set-up')", 2, "kmbench: the set-up\n"),
    ("raise errors.Misuse('no such option')", 2, "kmbench: no such option\n"),
    ("raise errors.CannotTell('who knows')", 3, "kmbench: who knows\n"),
    ("raise OSError(28, 'No space left on device', '/x')", 2,
     "kmbench: [Errno 28] No space left on device: '/x'\n"),
    ("raise KeyboardInterrupt", 3, "kmbench: interrupted; what was written by then is kept\n"),
])
def test_end_of_main_is_the_exit_code(body: str, status: int, said: str) -> None:
    """And every `finally` has run."""
    done = _run(body)
    assert (done.returncode, done.stderr, done.stdout) == (status, said, "cleaned up\n")


@pytest.mark.parametrize("body, status", [
    ("return errors.Code.GOOD", 0), ("return errors.Code.FAILED", 1),
    ("return errors.Code.CANNOT_TELL", 125), ("raise errors.Failed('the kernel')", 1),
    ("raise errors.Broken('it does not build')", 125),
    ("raise errors.Misuse('no such option')", 129),
    ("raise errors.CannotTell('who knows')", 125), ("raise ValueError('a bug')", 125),
    ("raise KeyboardInterrupt", 130)])
def test_bisection_skips_what_is_no_verdict(body: str, status: int) -> None:
    """As `git bisect run` wants it: 125 skips, from 128 on it ends."""
    assert _run(body, "bisected").returncode == status


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_signals_are_interruptions(name: str) -> None:
    """The three that a user or a CI system sends."""
    done = _run(f"os.kill(os.getpid(), signal.{name})\nsignal.pause()")
    assert (done.returncode, done.stdout) == (3, "cleaned up\n")
    assert done.stderr == "kmbench: interrupted; what was written by then is kept\n"


def test_fault_of_the_suite_is_no_verdict() -> None:
    """A bug in a script must never look like a result of the kernel: its exit
    code is none of GOOD, and its traceback is kept."""
    done = _run("raise ValueError('a bug')")
    assert done.returncode not in (errors.Code.GOOD, errors.Code.FAILED)
    assert "ValueError: a bug" in done.stderr


def test_signal_handler_is_that_of_the_command_alone() -> None:
    """The control of the signals above: importing changes nothing."""
    assert signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    assert Path(errors.__file__).is_relative_to(farm.REPO)


_COMMITS = {"oldest": "return Code.GOOD", "no boot": 'raise CannotTell("it does not boot")',
            "sound": "return Code.GOOD", "culprit": "return Code.FAILED",
            "no build": 'raise Broken("it does not build")', "newest": "return Code.FAILED"}


def test_git_finds_the_commit(tmp_path: Path) -> None:
    """git itself, past two commits that nobody can judge."""
    def git(*words: str) -> str:
        return subprocess.run(["git", "-c", "user.name=x", "-c", "user.email=x", *words], cwd=tmp_path,
                              check=True, capture_output=True, text=True).stdout
    git("init", "-q")
    for name, body in _COMMITS.items():
        (tmp_path / "judge.py").write_text(
            f"import sys\nsys.path.insert(0, {str(farm.REPO / 'scripts')!r})\n"
            "from kmblib.errors import Broken, CannotTell, Code, bisected\n"
            f"def main():\n    {body}\nbisected(main)\n")
        git("add", "judge.py")
        git("commit", "-qm", name)
    git("bisect", "start", "HEAD", f"HEAD~{len(_COMMITS) - 1}")
    said = git("bisect", "run", "/usr/bin/python3", "-B", "judge.py")
    assert "is the first bad commit" in said
    assert git("log", "-1", "--format=%s", "refs/bisect/bad").strip() == "culprit"
