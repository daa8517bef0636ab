# SPDX-License-Identifier: GPL-2.0
"""Walks that a PMU counted: read from kmbench-pmu, judged, and as tables."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import kernel_counts, plots
from .cells import number, size
from .errors import Broken

# What is judged, and whose accesses.
MISSES = "dTLB-load-misses"
USER = "user"
PAGE = 4096
# A walk once over n pages misses n times, within so much of it. It is judged from so
# many pages on: the program's own, stack and all, add a few where walked ones drove
# them out.
ONCE_WITHIN = 0.01
JUDGED_PAGES = 1024
# The passes after it practically never: so many misses in all, or per load.
REPEATED_MISSES = 8
REPEATED_RATE = 0.001

Document = dict[str, Any]


def _fields(line: str, count: int) -> list[str]:
    fields = line.split("\t")
    if len(fields) != count:
        raise Broken(f"kmbench-pmu: '{line[:60]}' has {len(fields)} fields, not {count}")
    return fields


def _pmu(line: str) -> Document:
    _, name, device, cpuid, source = _fields(line, 5)
    return {"name": name, "device": device, "cpuid": cpuid, "source": source}


def _event(line: str) -> Document:
    _, name, generic, type_, config, means = _fields(line, 6)
    return {"name": name, "generic": generic == "generic", "type": int(type_),
            "config": config, "means": means}


def _add_walk(walks: dict[tuple[str, ...], Document], line: str) -> None:
    _, pattern, pages, state, loads, mode, event, value, why = _fields(line, 9)
    walk = walks.setdefault((pattern, pages, state), {
        "pattern": pattern, "pages": int(pages), "state": state, "loads": int(loads),
        "counts": {}})
    count: Document = {"unavailable": why} if value == "-" else {"value": int(value)}
    walk["counts"].setdefault(mode, {})[event] = count


def _add_kernel_walk(walks: dict[str, Document], line: str) -> None:
    _, kind, state, loads, where, event, value, why = _fields(line, 8)
    counts = walks.setdefault(kind, {})
    count: Document = {"unavailable": why} if value == "-" else {"value": int(value)}
    counts.setdefault(state, {"loads": int(loads)}).setdefault(where, {})[event] = count


def _mapped(line: str) -> Document:
    counts = [int(field) for field in _fields(line, 6)[2:]]
    return {"pages": dict(zip(("4K", "2M", "1G"), counts)), "runs": counts[3]}


def _kernel_walks(walks: dict[str, Document], mapped: dict[str, Document]) -> list[Document]:
    for kind, counts in walks.items():
        if set(counts) not in ({"unavailable"}, {"once", "again"}):
            raise Broken(f"kmbench-pmu: of {kind} there is only {' '.join(counts)}")
    return [{"kind": kind, "mapped": mapped.get(kind), "counters": counts}
            for kind, counts in walks.items()]


def parse(text: str) -> Document:
    """What kmbench-pmu found: pmu, events and walks, as results/schema.json has them."""
    walks: dict[tuple[str, ...], Document] = {}
    kernel_walks: dict[str, Document] = {}
    mapped: dict[str, Document] = {}
    pmus, events = [], []
    for line in text.splitlines():
        if line.startswith("pmu\t"):
            pmus.append(_pmu(line))
        elif line.startswith("event\t"):
            events.append(_event(line))
        elif line.startswith("mapped\t"):
            mapped[line.split("\t")[1]] = _mapped(line)
        elif line.startswith("kernel\t"):
            _add_kernel_walk(kernel_walks, line)
        elif line.startswith("none\t"):
            _, kind, why = _fields(line, 3)
            kernel_walks[kind] = {"unavailable": why}
        else:
            _add_walk(walks, line)
    if len(pmus) != 1 or not walks:
        raise Broken(f"kmbench-pmu: {len(pmus)} PMUs and {len(walks)} walks in its results")
    return {"pmu": pmus[0], "events": events, "walks": list(walks.values()),
            "kernel_walks": _kernel_walks(kernel_walks, mapped)}


def _count(walk: Document, event: str = MISSES, mode: str = USER) -> int | None:
    value: int | None = walk["counts"][mode][event].get("value")
    return value


@dataclass(frozen=True)
class Pair:
    """A walk once over its pages, and one that goes over them again: what it loads
    and misses after its first pass is the difference."""

    once: Document
    again: Document

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.once['pattern']} over {self.once['pages']} pages"

    def first(self) -> tuple[int, int | None]:
        """Loads and misses of the first walk."""
        return self.once["loads"], _count(self.once)

    def repeated(self) -> tuple[int, int | None]:
        """Loads and misses of the passes after it."""
        once, again = _count(self.once), _count(self.again)
        loads = self.again["loads"] - self.once["loads"]
        return loads, None if once is None or again is None else max(0, again - once)

    def wrong(self) -> str:
        """What in the counts is not as it must be in QEMU; "" if nothing, or if there
        are none."""
        pages, misses, (loads, more) = self.once["pages"], self.first()[1], self.repeated()
        if misses is not None and pages >= JUDGED_PAGES and abs(misses - pages) > ONCE_WITHIN * pages:
            return f"{self.name}: a first walk misses {pages} times; {misses} were counted"
        if more is not None and more > max(REPEATED_MISSES, REPEATED_RATE * loads):
            return (f"{self.name}: {loads} loads that follow it miss practically never; "
                    f"{more} misses were counted")
        return ""


def pairs(walks: list[Document]) -> list[Pair]:
    """Walks by pattern and footprint."""
    again = {(w["pattern"], w["pages"]): w for w in walks if w["state"] == "again"}
    try:
        return [Pair(w, again[w["pattern"], w["pages"]]) for w in walks if w["state"] == "once"]
    except KeyError as error:
        raise Broken(f"kmbench-pmu: no walk again for {error}") from error


def unavailable(walks: list[Document]) -> str:
    """Why walks cannot be judged; "" if they can be."""
    for walk in walks:
        if _count(walk) is None:
            return f"{MISSES} is unavailable: {walk['counts'][USER][MISSES]['unavailable']}"
    if not any(pair.once["pages"] >= JUDGED_PAGES for pair in pairs(walks)):
        return f"no walk over {JUDGED_PAGES} pages or more"
    return ""


def miscounts(walks: list[Document]) -> list[str]:
    """What in the counts is not as it must be in QEMU."""
    return [text for pair in pairs(walks) if (text := pair.wrong())]


class PmuCounts:
    """What a pmu.json says, as rows of tables."""

    def __init__(self, document: Document) -> None:
        self._pairs = pairs(document["walks"])
        self._events = document["events"]
        self._kernel = document["kernel_walks"]
        self._title = f"{document['kernel']['label']}, {document['pmu']['name']}"

    def rows(self) -> list[list[str]]:
        """Pattern, footprint, and of the first and the repeated walk: loads, misses,
        misses per load."""
        return [[pair.once["pattern"], size(pair.once["pages"] * PAGE),
                 *_rate(*pair.first()), *_rate(*pair.repeated())] for pair in self._pairs]

    def largest(self) -> list[list[str]]:
        """All events of the largest walk of the first pattern, once: by whose count."""
        pattern = self._pairs[0].once["pattern"]
        walk = max((p.once for p in self._pairs if p.once["pattern"] == pattern),
                   key=lambda w: int(w["pages"]))
        modes = list(walk["counts"])
        return [["event", *modes], *([e["name"], *(_text(_count(walk, e["name"], m)) for m in modes)]
                                     for e in self._events)]

    def _lines(self, pattern: str) -> dict[str, plots.Points]:
        """Footprint and misses per load, of the first walk and of the repeated one."""
        lines: dict[str, plots.Points] = {}
        for pair in (p for p in self._pairs if p.once["pattern"] == pattern):
            for what, (loads, misses) in (("first walk", pair.first()),
                                          ("repeated", pair.repeated())):
                if misses is not None:
                    lines.setdefault(what, []).append((pair.once["pages"] * PAGE, misses / loads))
        return lines

    def panels(self) -> list[list[plots.Panel]]:
        """Misses per access against footprint, of memory of a process, for each pattern."""
        return [[plots.by_footprint(f"{self._title}, {pattern}", f"{MISSES} per access",
                                    self._lines(pattern), "symlog")
                 for pattern in dict.fromkeys(p.once["pattern"] for p in self._pairs)]]

    def plot(self, path: Path) -> None:
        """Write panels() into a file."""
        plots.draw(path, self.panels())

    def kernel_rows(self) -> list[list[str]]:
        """A row a kind of the kernel's memory: loads of a pass, and misses of the first
        walk and of the repeated one, from within the module and through libperf."""
        sides = (kernel_counts.INSIDE, kernel_counts.OUTSIDE)
        return [[walk["kind"], number(kernel_counts.first(counts)[0]),
                 *(_text(kernel_counts.first(counts, side)[1]) for side in sides),
                 *(_text(_not_below_none(kernel_counts.repeated(counts, side)[1]))
                   for side in sides)]
                for walk in self._kernel if "unavailable" not in (counts := walk["counters"])]

    def kernel_mappings(self) -> list[list[str]]:
        """A row a kind of the kernel's memory whose page tables could be walked: pages by
        the size of the page that maps them, and contiguous runs."""
        return [[walk["kind"], *map(number, walk["mapped"]["pages"].values()),
                 number(walk["mapped"]["runs"])] for walk in self._kernel if walk["mapped"]]

    def meanings(self) -> list[str]:
        """What each event counts on this PMU."""
        return [f"{e['name']}{' (generic name)' if e['generic'] else ''}: {e['means']}"
                for e in self._events]

    def missing(self) -> list[str]:
        """What could not be counted, and why: each reason once."""
        reasons: dict[str, list[str]] = {}
        for walk in self._kernel:
            if why := kernel_counts.unavailable(walk["counters"]):
                reasons.setdefault(why, []).append(walk["kind"])
        for mode, counts in self._pairs[0].once["counts"].items():
            for event, count in counts.items():
                if "unavailable" in count:
                    reasons.setdefault(count["unavailable"], []).append(f"{event} {mode}")
        return [f"unavailable: {', '.join(names)} ({why})" for why, names in reasons.items()]


def _not_below_none(value: int | None) -> int | None:
    return None if value is None else max(0, value)


def _text(value: int | None) -> str:
    return "-" if value is None else number(value)


def _rate(loads: int, misses: int | None) -> tuple[str, str, str]:
    return number(loads), _text(misses), "-" if misses is None else f"{misses / loads:.4f}"
