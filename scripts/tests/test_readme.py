# SPDX-License-Identifier: GPL-2.0
"""What README and Documentation/ tell to type, and what README shows: all of it is there."""

from __future__ import annotations

import functools
import re
import subprocess
from pathlib import Path

import pytest
from kmblib import docs, proc, promises, results
from kmblib.farm import REPO

_README = (REPO / "README.md").read_text()
_MAKEFILE = (REPO / "Makefile").read_text()
# Scripts of another name than their target; and what make itself, or each of them, reads.
_SCRIPTS = {"run_tests": "run-tests", "htmldocs": "docs"}
_OF_MAKE = ("V", "PREFIX", "DESTDIR", "INSTALL_PATH")
_COMMAND = re.compile(r"^\s*(?:sudo )?make ([a-z][a-z_-]*)((?: +[A-Z_]+=(?:'[^']*'|\S*))*)", re.M)


def _typed(text: str) -> set[tuple[str, str]]:
    """(target, variable) of each `make` command that is set apart from prose."""
    code = "\n".join(re.findall(r"^(?:    |\t).*$", text, re.M) + re.findall(r"``?([^`\n]+)``?", text))
    found = set()
    for target, given in _COMMAND.findall(code):
        found |= {(target, name) for name in re.findall(r"([A-Z_]+)=", given) or [""]}
    return found


def _unknown(text: str) -> list[str]:
    """Targets that the Makefile does not have, and variables that it refuses."""
    known = {word for line in re.findall(r"^([a-z_ -]+):", _MAKEFILE, re.M) for word in line.split()}
    lists = re.findall(r"^(?:OPTIONS|KNOWN) := ((?:.*\\\n)*.*)$", _MAKEFILE, re.M)
    names = {word for text_ in lists for word in re.findall(r"(?<!\()\b[A-Z_]+\b", text_)}
    return sorted(f"make {target} {name}" for target, name in _typed(text)
                  if target not in known or name and name not in names)


def _refused(text: str) -> list[str]:
    """Variables that the script of a target takes no option for."""
    found = []
    for target, name in sorted(_typed(text)):
        script = REPO / "scripts" / _SCRIPTS.get(target, target)
        if name in _OF_MAKE or not name or not script.is_file():
            continue
        found += [] if f"--{name.lower().replace('_', '-')} " in _help(script) + " " else [f"make {target} {name}"]
    return found


@functools.lru_cache(maxsize=None)
def _help(script: Path) -> str:
    return " ".join(subprocess.run([script, "--help"], check=True, text=True, capture_output=True,
                                   env=proc.clean_env()).stdout.split())


@pytest.mark.parametrize("path", [REPO / "README.md", *sorted(docs.HOME.glob("*.rst"))], ids=lambda p: str(p.name))
def test_commands_are_those_of_the_makefile(path: Path) -> None:
    """Each target, and each variable, which its script takes."""
    assert _unknown(path.read_text()) == _refused(path.read_text()) == []


def test_command_that_is_none_is_found() -> None:
    """The control."""
    text = "Type ``make brench``, or::\n\n    make bench KERNL=6.1   # so\n    make bench KERNEL=6.1\n" \
        "    make run_tests OPTIONS=1\n"
    assert _unknown(text) == ["make bench KERNL", "make brench ", "make run_tests OPTIONS"]
    assert ("bench", "KERNEL") in _typed(text)
    assert _refused("    make bench ARCH=arm64 KERNEL=6.1 V=1\n") == ["make bench ARCH"]


def test_each_kind_of_result_is_named() -> None:
    """As a file of a run."""
    assert [kind for kind in results.KINDS if f"`{kind}.json`" not in _README] == []


def test_result_that_is_shown_has_the_promises_of_today() -> None:
    """All of them, as the tests have them: it was not pasted long ago."""
    shown = " ".join(_README[_README.index("kmalloc() on Linux"):].split())
    missing = [p.nr for p in promises.read() if f" {p.nr} {p.kind} {p.text}" not in shown]
    assert missing == []
