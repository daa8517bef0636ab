# SPDX-License-Identifier: GPL-2.0
"""Plain text of at most 72 columns, as a mail holds it."""

from __future__ import annotations

import shlex
import textwrap

from .page import Entry, Table

WIDTH = 72
_LABEL = 13


def plain(text: str) -> str:
    """Text without a letter that a mail may spoil, each as Python writes it."""
    return text.encode("ascii", "backslashreplace").decode()


def wrap(text: str, indent: int = 0, hang: int = 0) -> str:
    """Fold to the width; continuation lines are indented by `hang` more."""
    return textwrap.fill(" ".join(plain(text).split()), WIDTH, initial_indent=" " * indent,
                         subsequent_indent=" " * (indent + hang), break_on_hyphens=False)


def title(text: str, mark: str) -> str:
    """A heading, underlined as far as its longest line."""
    folded = wrap(text)
    return f"{folded}\n{mark * max(map(len, folded.splitlines()), default=0)}"


def field(text: str, label: str) -> str:
    """A labelled text: the label in a column of its own, the text folded."""
    return textwrap.fill(" ".join(plain(text).split()), WIDTH, initial_indent=f"{plain(label):<{_LABEL}}",
                         subsequent_indent=" " * _LABEL, break_on_hyphens=False)


def _quoted(word: str) -> str:
    """A word of a command; one that is not ASCII as bash spells it, byte by byte."""
    if word.isascii():
        return shlex.quote(word)
    told = (chr(b) if 32 <= b < 127 and chr(b) not in "\\'" else f"\\x{b:02x}"
            for b in word.encode(errors="surrogateescape"))
    return f"$'{''.join(told)}'"


def shell(text: str) -> str:
    """A command, folded so that it can still be pasted.

    Between words a backslash goes before the line's end; within quotes the
    line just ends, which for a list of names is as good as a space.
    """
    lines = [""]
    for word in shlex.split(text):
        quoted = textwrap.wrap(_quoted(word), WIDTH - 8, break_long_words=False,
                               break_on_hyphens=False)
        if lines[-1] and len(lines[-1]) + len(quoted[0]) > WIDTH - 8:
            lines[-1] += " \\"
            lines.append("")
        lines[-1] = f"{lines[-1]} {quoted[0]}".strip()
        lines.extend(quoted[1:])
    return "\n    ".join(lines)


def entry(of: Entry) -> str:
    """A promise, and below it why."""
    label = f"{of.outcome:<8}{of.number:>2} {of.kind}" if of.number else of.outcome
    return "\n".join([field(of.text, f"{label} "), *(wrap(note, 14, 2) for note in of.notes)])


def _groups(table: Table) -> str:
    columns, texts = table.columns(), []
    for label, span in table.groups:
        of, columns = columns[:span], columns[span:]
        texts.append(f"{of[0].bar}{label:>{sum(c.width for c in of)}}")
    return "".join(texts)


def _apart(table: Table, row: list[str]) -> list[str]:
    """The cells of a row, each that fills a left column cut so that the next one stands apart."""
    last = len(row) - 1
    return [f"{cell[:c.width - 2]}." if i < last and i and c.left and len(cell) >= c.width else cell
            for i, (cell, c) in enumerate(zip(row, table.columns()))]


def _row(table: Table, row: list[str]) -> list[str]:
    """A row; what is too long for the first column has a line of its own."""
    row, (first, *others) = _apart(table, [plain(cell) for cell in row]), table.columns()
    room = first.width - (1 if others and others[0].left else 0)
    if first.left and len(row[0]) > room and any(row[1:]):
        return [wrap(row[0], 0, 2), table.form % ("", *row[1:])]
    return [table.form % tuple(row)]


def rows(table: Table) -> list[str]:
    """The lines of a table, without its caption."""
    heads = [_groups(table)] if table.groups else []
    all_ = [*([table.head] if any(table.head) else []), *table.rows]
    return [line.rstrip() for line in (*heads, *(t for row in all_ for t in _row(table, row)))]
