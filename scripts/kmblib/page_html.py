# SPDX-License-Identifier: GPL-2.0
"""What of a page of HTML is no template: plots, and names of places in it."""

from __future__ import annotations

import multiprocessing
import os
import re
import signal
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Iterator

from markupsafe import Markup

from . import svg
from .page import Figure, Page

# Fewer are drawn sooner than a process has begun.
_FEW = 4


def slug(text: str) -> str:
    """A name for a place in the page."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")


def _quiet() -> None:
    """A process that only draws ends without a word when it is told to."""
    for one in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(one, signal.SIG_DFL)


_POOL: ContextVar[ProcessPoolExecutor | None] = ContextVar("_POOL", default=None)


# Each takes a second of a processor to get ready.
_PAINTERS = min(os.cpu_count() or 1, 4)


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(_PAINTERS, multiprocessing.get_context("fork"), _quiet)


@contextmanager
def painters() -> Iterator[None]:
    """Have processes that draw get ready, a second each, while the page is put together that
    plots() is asked for in here."""
    with _pool() as pool:
        for _ in range(_PAINTERS):
            pool.submit(svg.load)
        before = _POOL.set(pool)
        try:
            yield
        finally:
            _POOL.reset(before)


def plots(of: Page) -> list[str]:
    """All figures of a page as SVG, in its order; drawn by as many processes as there are
    processors, since that is most of the work."""
    all_ = [b.plot for section in of.sections for b in section.blocks if isinstance(b, Figure)]
    if ready := _POOL.get():
        return list(ready.map(svg.draw, all_))
    if len(all_) < _FEW or os.cpu_count() == 1:
        return [svg.draw(plot) for plot in all_]
    svg.load()
    with _pool() as pool:
        return list(pool.map(svg.draw, all_))


def figure(of: Figure, number: int, drawn: list[str]) -> Markup:
    """The plot of the figure with this number, from 1 on, of those that plots() made."""
    return Markup(svg.inline(drawn[number - 1], f"f{number}", of.title, of.text))
