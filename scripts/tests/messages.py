# SPDX-License-Identifier: GPL-2.0
"""The texts that kmbench may print, and those that the documentation quotes.

In both, what changes from one time to the next is one mark.
"""

from __future__ import annotations

import ast
import re
from pathlib import Path

from kmblib.farm import REPO

_MARK = "\0"
_STRING = r'"(?:[^"\\]|\\.)*"'


def _python(source: str) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.JoinedStr):
            found.add("".join(part.value if isinstance(part, ast.Constant) else _MARK
                              for part in node.values))
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            found.add(node.value)
    return found


def _c(source: str) -> set[str]:
    joined = re.findall(rf"{_STRING}(?:\s*(?:PRI\w+\s*)?{_STRING})*", source)
    texts = ("".join(part[1:-1] for part in re.findall(_STRING, text)) for text in joined)
    return {re.sub(r"%(%|[-.\d]*\w*)", lambda m: "%" if m[1] == "%" else _MARK, text)
            for text in texts}


def _shell(source: str) -> set[str]:
    return {re.sub(r"\$(\w+|\{[^}]*\}|\(.*\))", _MARK, text[1:-1])
            for text in re.findall(_STRING, source)}


def printed(top: Path = REPO) -> set[str]:
    """All texts of the scripts, of the tool and of the set-up, without the kmbench: in front."""
    found: set[str] = set()
    for path in (top / "scripts/kmblib").glob("*.py"):
        found |= _python(path.read_text())
    for path in (top / "userspace").glob("*.c"):
        found |= _c(path.read_text())
    found |= _shell((top / "scripts/setup").read_text())
    return {text.removeprefix("kmbench: ") for text in found}


def quoted(page: str) -> list[str]:
    """The messages of a page: its terms in double back quotes, a line each."""
    return re.findall(r"^``([^`]+)``$", page, re.M)


def is_printed(message: str, texts: set[str]) -> bool:
    """Whether one of the texts is this message; <...> is the mark in it."""
    return re.sub(r"<[^>]*>", _MARK, message) in texts
