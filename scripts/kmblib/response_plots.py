# SPDX-License-Identifier: GPL-2.0
"""Levels of fragmentation and what kmalloc() did there, frag.json, as plots: one a
response, against the level that was reached."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from .level_walks import LevelWalks
from .plots import Panel, Points, draw
from .responses import EVENTS, KVMALLOC, MAIN, Response, Responses, interval, name, quantile

_ONE = 1_000_000
_LEVEL = "unusable free space index"

Lines = dict[str, Points]
Figure = Callable[[Response], float | None]


def rate(response: Response) -> float | None:
    """The part of what was asked for that there was."""
    return response["got"] / response["asked"] if response["asked"] else None


def vmalloced(response: Response) -> float | None:
    """The part of what there was that vmalloc() gave."""
    return response["vmalloced"] / response["got"] if response["got"] else None


def median(outcome: str) -> Figure:
    """The median of the ticks of "got" or "failed"."""
    return lambda response: quantile(response[f"{outcome}_histogram"])


def each(event: str) -> Figure:
    """How often an event came to pass for each block that was asked for."""
    def of(response: Response) -> float | None:
        value = (response["events"] or {}).get(event, {}).get("value")
        return None if value is None or not response["asked"] else value / response["asked"]
    return of


class ResponsePlots:
    """The plots of a frag.json."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._responses = Responses(document)
        self._walks = LevelWalks(document)
        self._title = document["kernel"]["label"]
        self._order = f"order {self._responses.order}"
        self._unit = "instructions" if document["fingerprint"]["clock"] == "virtual" else "ticks"

    def _points(self, way: tuple[str, str, str], order: int, figure: Figure) -> Points:
        found = ((r["reached"] / _ONE, figure(r)) for r in self._responses.find(way, order) if r)
        return [(level, value) for level, value in found if value is not None]

    def _ways(self, figure: Figure) -> Lines:
        lines = {name(way): self._points(way, self._responses.order, figure)
                 for way in self._responses.ways()}
        return {way: points for way, points in lines.items() if points}

    def _orders(self, way: tuple[str, str, str], figure: Figure) -> Lines:
        lines = {f"order {order}": self._points(way, order, figure)
                 for order in self._responses.orders()}
        return {order: points for order, points in lines.items() if points}

    def _intervals(self) -> Lines:
        """Of each point of a rate by way the interval of 95 %."""
        return {name(way): [interval(r["got"], r["asked"]) for r in
                            self._responses.find(way, self._responses.order) if r and r["asked"]]
                for way in self._responses.ways()}

    def _events(self) -> Lines:
        lines = {text: self._points(MAIN, self._responses.order, each(event))
                 for event, text in EVENTS.items()}
        return {text: points for text, points in lines.items() if any(y for _x, y in points)}

    def _panel(self, title: str, label: str, lines: Lines, scale: str = "linear",
               intervals: Lines | None = None) -> Panel:
        return Panel(f"{self._title}, {title}", _LEVEL, label, lines, ("linear", scale),
                     intervals or {})

    def panels(self) -> list[list[Panel]]:
        """Rows of plots that share a legend: by way, by order, by kind of event, and by
        kind of memory that was walked."""
        return [
            [self._panel(self._order, f"{self._unit} of a success, median",
                         self._ways(median("got")), "log"),
             self._panel(self._order, f"{self._unit} of a failure, median",
                         self._ways(median("failed")), "log"),
             self._panel(self._order, "rate of success, interval of 95 %", self._ways(rate),
                         intervals=self._intervals())],
            [self._panel("kvmalloc()", "part that vmalloc() gave",
                         self._orders(KVMALLOC, vmalloced)),
             self._panel("GFP_KERNEL", "rate of success", self._orders(MAIN, rate))],
            [self._panel(f"GFP_KERNEL, {self._order}", "events a block", self._events(), "symlog")],
            [self._panel("memory of the kernel", "page walks per 1000 loads",
                         self._walks.lines("rate")),
             self._panel("memory of a process", "page walks per 1000 loads",
                         self._walks.lines("user_rate"))]]

    def draw(self, path: Path) -> None:
        """Write them into a file."""
        draw(path, self.panels())
