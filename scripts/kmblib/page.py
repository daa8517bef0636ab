# SPDX-License-Identifier: GPL-2.0
"""What a report consists of, whatever it is written as: sections of blocks.

All that is shown is text by now; templates only place it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Union

_COLUMN = re.compile(r"(\|?)%(-?)(\d+)s")

Rows = list[list[str]]
Document = dict[str, Any]


@dataclass(frozen=True)
class Lines:
    """Paragraphs, one below the other. hang: by how many columns the lines after the first
    one of each are indented, in plain text."""

    lines: list[str]
    hang: int = 2
    name: str = field(default="lines", init=False)


def text(line: str) -> Lines:
    """A paragraph of its own."""
    return Lines([line], 0)


@dataclass(frozen=True)
class Column:
    """How wide a column is in plain text, and what stands before it ("" or "|")."""

    bar: str
    left: bool
    width: int


@dataclass(frozen=True)
class Table:
    """Rows under a caption.

    form: a line of plain text, of nothing but columns as "%-15s" or "|%8s". head: names of
    the columns; "" where it needs none. groups: above these, a label and over how many
    columns it reaches. bare: the caption is for formats in which each table has one.
    """

    caption: str
    form: str
    head: list[str]
    rows: Rows
    groups: tuple[tuple[str, int], ...] = ()
    bare: bool = False
    name: str = field(default="table", init=False)

    def columns(self) -> list[Column]:
        """Those of the form."""
        return [Column(bar, bool(left), int(width))
                for bar, left, width in _COLUMN.findall(self.form)]

    def heads(self) -> list[str]:
        """Names of the columns that say of which group each is, for formats without groups."""
        of = [label for label, span in self.groups for _ in range(span)] or [""] * len(self.head)
        return [" ".join(filter(None, pair)) for pair in zip(of, self.head, strict=True)]


def simple(caption: str, first: int, width: int, head: list[str], rows: Rows) -> Table:
    """A table whose columns but the first one are all as wide."""
    return Table(caption, f"%-{first}s" + f"%{width}s" * (len(head) - 1), head, rows)


@dataclass(frozen=True)
class Fields:
    """Labels and texts; a text without a label goes on with the one above it."""

    pairs: list[tuple[str, str]]
    name: str = field(default="fields", init=False)


@dataclass(frozen=True)
class Entry:
    """What came of one promise. number, kind: "" where it is none. notes: why."""

    outcome: str
    number: str
    kind: str
    text: str
    notes: list[str]


@dataclass(frozen=True)
class Entries:
    """Promises, and what came of them."""

    caption: str
    entries: list[Entry]
    name: str = field(default="entries", init=False)


@dataclass(frozen=True)
class Commands:
    """Commands of a shell, to be pasted."""

    commands: list[str]
    name: str = field(default="commands", init=False)


@dataclass(frozen=True)
class Paste:
    """Text to be pasted somewhere, each item folded on its own, and commands below it."""

    lines: list[str]
    commands: list[str]
    name: str = field(default="paste", init=False)


@dataclass(frozen=True)
class Figure:
    """A plot, for formats that have any, and the table behind it.

    plot: what svg.draw() takes. about: what it shows and how to read it, a sentence or two.
    text: its text equivalent. table: all of its numbers.
    """

    title: str
    about: str
    text: str
    plot: Any
    table: Table
    name: str = field(default="figure", init=False)


@dataclass(frozen=True)
class Details:
    """A table that only a format with room for it has, folded away."""

    table: Table
    name: str = field(default="details", init=False)


Block = Union[Lines, Table, Fields, Entries, Commands, Paste, Figure, Details]


@dataclass(frozen=True)
class Section:
    """A heading and what stands under it."""

    title: str
    blocks: list[Block]

    def short(self) -> Section:
        """Without what only a page has room for."""
        return Section(self.title,
                       [b for b in self.blocks if not isinstance(b, (Figure, Details))])


@dataclass(frozen=True)
class Page:
    """A report. verdict: one sentence; lines: one for each kind of result."""

    title: str
    verdict: str
    lines: list[str]
    sections: list[Section]

    def short(self) -> Page:
        """Without what only a page has room for; a section of nothing else is left out."""
        sections = [s.short() for s in self.sections]
        return Page(self.title, self.verdict, self.lines, [s for s in sections if s.blocks])
