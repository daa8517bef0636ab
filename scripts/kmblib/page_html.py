# SPDX-License-Identifier: GPL-2.0
"""What of a page of HTML is no template: plots, and names of places in it."""

from __future__ import annotations

import re

from markupsafe import Markup

from . import svg
from .page import Figure, Page


def slug(text: str) -> str:
    """A name for a place in the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def plots(of: Page) -> list[str]:
    """All figures of a page as SVG, in its order."""
    return [svg.draw(b.plot) for section in of.sections for b in section.blocks
            if isinstance(b, Figure)]


def figure(of: Figure, number: int, drawn: list[str]) -> Markup:
    """The plot of the figure with this number, from 1 on, of those that plots() made."""
    return Markup(svg.inline(drawn[number - 1], f"f{number}", of.title, of.text))
