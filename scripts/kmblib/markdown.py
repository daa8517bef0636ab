# SPDX-License-Identifier: GPL-2.0
"""Markdown as GitHub reads it: values escaped, so that they say what they are."""

from __future__ import annotations

import re

from .page import Table

# What would begin a format, a link, an element or a column; an underscore within a word
# does none of these.
_SPECIAL = re.compile(r"[\\`*\[\]|~$]|(?<![^\W_])_|_(?![^\W_])")
_AT_START = re.compile(r"^(\s*)(#|[-+>]|\d+[.)](?= ))")


def escape(text: str) -> str:
    """A text in which nothing is taken for Markdown or HTML, on one line."""
    flat = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _AT_START.sub(r"\1\\\2", _SPECIAL.sub(lambda m: f"\\{m[0]}", flat))


def code(text: str) -> str:
    """A block of code that the text cannot end."""
    longest = max((len(run) for run in re.findall(r"`+", text)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}\n{text}\n{fence}"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def table(of: Table) -> str:
    """A table; the columns are aligned as in plain text."""
    heads = [escape(head) for head in of.heads()]
    rule = [":---" if left else "---:" for left in [c.left for c in of.columns()]]
    return "\n".join([_line(heads), _line(rule),
                      *(_line([escape(cell.strip()) for cell in row]) for row in of.rows)])
