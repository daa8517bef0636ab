# SPDX-License-Identifier: GPL-2.0
"""The table of kunit/promises.c, and the cases that say which promise they check."""

from __future__ import annotations

import re
from pathlib import Path

from .errors import Broken
from .farm import REPO
from .ktap import Promise

KUNIT = REPO / "kunit"
_STRING = r'"(?:[^"\\]|\\.)*"'
# A string, or RST() of one, as promises.c has it for the documents of the kernel.
_TEXT = rf"(?:RST\(\s*)?{_STRING}(?:\s*{_STRING})*\)?"
_ROW = re.compile(rf"\{{ \.nr = (?P<nr>\d+), \.kind = '(?P<kind>[CI])',\s*"
                  rf"\.text = (?P<text>{_TEXT}),\s*\.place = (?P<place>{_TEXT}) \}}")
_RST = re.compile(rf"#define RST\(_section\) ({_STRING}) _section")
_CASE = re.compile(r"^static void (p(\d+)_\w+)\(struct kunit \*test\)\n\{", re.M)
_SUITE = re.compile(r'struct kunit_suite \w+ = \{\s*\.name = "(\w+)"')


def _unquoted(text: str, rst: str) -> str:
    """The value of a C expression that _TEXT matches. rst: what RST() puts in front."""
    joined = "".join(part[1:-1] for part in re.findall(_STRING, text))
    plain = re.sub(r"\\(.)", r"\1", joined)
    return rst + plain if text.startswith("RST(") else plain


def read(path: Path = KUNIT / "promises.c") -> tuple[Promise, ...]:
    """All rows; Broken where one is written in a way that is not understood."""
    source = path.read_text()
    macro = _RST.search(source)
    rst = macro[1][1:-1] if macro else ""
    rows = tuple(Promise(int(m["nr"]), m["kind"], _unquoted(m["text"], rst),
                         _unquoted(m["place"], rst)) for m in _ROW.finditer(source))
    count = len(re.findall(r"\.nr = ", source))
    if not rows or len(rows) != count:
        raise Broken(f"{path}: {count} rows, of which {len(rows)} are understood; a row is "
                     "{ .nr = 1, .kind = 'C', .text = \"...\", .place = \"...\" }")
    return rows


def cases(home: Path = KUNIT) -> dict[int, tuple[str, ...]]:
    """The cases, as suite/case, of each promise: the number is in a case's name."""
    found: dict[int, list[str]] = {}
    for path in sorted(home.glob("*_kunit.c")):
        source = path.read_text()
        suite = _SUITE.search(source)
        if not suite:
            raise Broken(f"{path}: no struct kunit_suite with a .name first")
        for name, nr in _CASE.findall(source):
            found.setdefault(int(nr), []).append(f"{suite[1]}/{name}")
    return {nr: tuple(names) for nr, names in found.items()}
