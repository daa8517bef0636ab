# SPDX-License-Identifier: GPL-2.0
"""Plain text of at most 72 columns, as a mail holds it."""

from __future__ import annotations

import shlex
import textwrap
from dataclasses import replace

from .page import Entry, Table

WIDTH = 72
_LABEL = 13
# Letters of a command in a line, which is indented, and may end in a backslash.
_ROOM = WIDTH - 8


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


def _cut(word: str) -> str:
    """A word that is too long for a line, as pieces that a shell puts together: each ends in a
    backslash, and the next one begins where its line does."""
    pieces = [""]
    for letter in word:
        if len(_quoted(pieces[-1] + letter)) >= _ROOM:
            pieces.append("")
        pieces[-1] += letter
    return "\\\n".join(map(_quoted, pieces))


def _folded(word: str) -> list[str]:
    """A word of a command as lines."""
    lines = textwrap.wrap(_quoted(word), _ROOM, break_long_words=False, break_on_hyphens=False)
    return lines if max(map(len, lines)) <= _ROOM else [_cut(word)]


def shell(text: str) -> str:
    """A command, folded so that it can still be pasted.

    Between words a backslash goes before the line's end; within quotes the
    line just ends, which for a list of names is as good as a space.
    """
    lines = [""]
    for word in shlex.split(text):
        quoted = _folded(word)
        if lines[-1] and len(lines[-1].rpartition("\n")[2]) + len(quoted[0].partition("\n")[0]) > _ROOM:
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


def _parts(table: Table) -> list[Table]:
    """A table that is too wide as several, each of which has the first column, too."""
    columns, parts = table.columns(), [[0]]
    width = [len(c.bar) + c.width for c in columns]
    if table.groups or sum(width) <= WIDTH:
        return [table]
    for i in range(1, len(columns)):
        if len(parts[-1]) > 1 and sum(width[j] for j in parts[-1]) + width[i] > WIDTH:
            parts.append([0])
        parts[-1].append(i)
    forms = [f"{c.bar}%{'-' if c.left else ''}{c.width}s" for c in columns]
    return [replace(table, form="".join(forms[i] for i in part), head=[table.head[i] for i in part],
                    rows=[[row[i] for i in part] for row in table.rows]) for part in parts]


def rows(table: Table) -> list[str]:
    """The lines of a table, without its caption; one that is too wide goes on below an empty line."""
    return [line for i, part in enumerate(_parts(table)) for line in ([""] if i else []) + _lines(part)]


def _lines(table: Table) -> list[str]:
    heads = [_groups(table)] if table.groups else []
    all_ = [*([table.head] if any(table.head) else []), *table.rows]
    return [line.rstrip() for line in (*heads, *(t for row in all_ for t in _row(table, row)))]
