# SPDX-License-Identifier: GPL-2.0
"""What of a page of HTML is no template: plots, and names of places in it."""

from __future__ import annotations

import re

from markupsafe import Markup

from . import svg
from .page import Figure


def slug(text: str) -> str:
    """A name for a place in the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def figure(of: Figure, number: int) -> Markup:
    """The plot of a figure; its number is of no other one in the page."""
    return Markup(svg.inline(svg.draw(of.plot), f"f{number}", of.title, of.text))
