# SPDX-License-Identifier: GPL-2.0
"""The templates of reports, and what they place values with."""

from __future__ import annotations

from pathlib import Path

import jinja2

from . import layout, markdown, page_html
from .cells import size
from .page import Paste

_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


def _folded(block: Paste) -> str:
    """What is to be pasted, as plain text."""
    return "\n".join([*(layout.wrap(line, 0, 2) for line in block.lines),
                      *(f"    {layout.shell(command)}" for command in block.commands)])


def environment() -> jinja2.Environment:
    """For templates of all formats; values are escaped in those of HTML and Markdown."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True,
        autoescape=jinja2.select_autoescape(("html.j2",), default=False))
    made.filters.update(size=size, wrap=layout.wrap, title=layout.title, field=layout.field, shell=layout.shell,
                        rows=layout.rows, plain=layout.plain, entry=layout.entry, md=markdown.escape,
                        md_table=markdown.table, md_code=markdown.code, folded=_folded,
                        figure=page_html.figure, slug=page_html.slug)
    return made
