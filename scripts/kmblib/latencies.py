# SPDX-License-Identifier: GPL-2.0
"""Walks over memory of a process, chase.json, as tables and as plots."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Callable

from . import plots
from .cells import number, size
from .walks import abreast, direct_map, user_mappings

# What the others are compared with, what huge pages are, and in which order.
CONTROL = "dense"
SMALL = "anon-4k"
PATTERN = "chase"
_MISSES = "dTLB-load-misses"
# Whose accesses are taken: the first whose are known.
_MODES = ("user", "all")
# How many modes there are: user, kernel, all.
_ALL_MODES = 3

Walk = dict[str, Any]
Curve = dict[int, float]


class Curves:
    """What `kmbench chase` measured, by kind of memory, pattern and footprint (bytes)."""

    def __init__(self, measured: dict[str, Any]) -> None:
        self.walks: list[Walk] = measured["walks"]
        self.probes: list[dict[str, Any]] = measured["strides"]
        self._hz = measured["clock"]["hz"]

    def distinct(self, key: str) -> list[Any]:
        """The kinds, patterns or footprints that there are, also in vain."""
        return list(dict.fromkeys(w[key] for w in self.walks))

    def of(self, kind: str, pattern: str, value: Callable[[Walk], float | None]) -> Curve:
        """A value of each walk that has it, by footprint."""
        found = ((w["bytes"], value(w)) for w in self.walks
                 if (w["kind"], w["pattern"]) == (kind, pattern) and not w["unavailable"])
        return {bytes_: v for bytes_, v in found if v is not None}

    def _nsec(self, walk: Walk) -> float:
        ticks = min(int(lap["ticks"]) for lap in walk["laps"])
        return float(ticks * 1e9 / walk["loads"] / self._hz)

    def latency(self, kind: str, pattern: str) -> Curve:
        """What an access takes, nanoseconds, in the fastest lap: what comes
        between only ever adds to it."""
        return self.of(kind, pattern, self._nsec)

    def cost(self, kind: str) -> Curve:
        """What an access of a chase takes longer than one side by side, nanoseconds."""
        control = self.latency(CONTROL, PATTERN)
        return {bytes_: value - control[bytes_]
                for bytes_, value in self.latency(kind, PATTERN).items() if bytes_ in control}

    def apart(self, kind: str) -> dict[int, Curve]:
        """What an access to lines that stand apart takes longer than where all is in the
        caches and the TLB, nanoseconds, by stride (bytes) and number of lines; {}: it
        was not walked, or dense was not."""
        curves: dict[int, Curve] = {}
        if not self.floor():
            return curves
        for walk in (w for p in self.probes if p["kind"] == kind for w in p["walks"]):
            curves.setdefault(walk["stride_bytes"], {})[walk["lines"]] = \
                self._nsec(walk) - self.floor()
        return curves

    def why_not_apart(self, kind: str) -> str:
        """Why there are none; "" if there are some."""
        if self.apart(kind):
            return ""
        if not self.floor():
            return f"there is no {CONTROL} to compare with"
        return next((p["unavailable"] for p in self.probes if p["kind"] == kind and p["unavailable"]),
                    "no such chase was asked for")

    def floor(self) -> float:
        """What an access takes where all is in the caches and the TLB, nanoseconds; 0:
        it was not walked."""
        control = self.latency(CONTROL, PATTERN)
        return control[min(control)] if control else 0.0


def per_load(walk: Walk, event: str) -> float | None:
    """Events per access of a process: in user mode, or in all where the PMU does not
    tell them apart; None: not counted."""
    found = (walk["counters"][mode][event].get("value") for mode in _MODES)
    count = next((value for value in found if value is not None), None)
    return None if count is None else float(count) / walk["loads"]


def misses(walk: Walk) -> float | None:
    """Misses per access, see per_load()."""
    return per_load(walk, _MISSES)


def _span(sizes: list[int]) -> str:
    return size(sizes[0]) if len(sizes) == 1 else f"{size(min(sizes))} to {size(max(sizes))}"


def _whose(event: tuple[str, list[str]]) -> str:
    """An event and the modes in which it was not counted; none of them is all of them."""
    name, modes = event
    return name if len(modes) == _ALL_MODES else f"{name} ({', '.join(modes)})"


class Latencies:
    """What a chase.json says, as rows of text."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._document = document
        self._curves = Curves(document["measured"])
        self.laps = max((len(w["laps"]) for w in self._curves.walks), default=0)

    def patterns(self) -> list[str]:
        """The orders in which lines are taken."""
        return self._curves.distinct("pattern")

    def few_footprints(self) -> list[int]:
        """Those that fit side by side, the smallest and the largest among them."""
        return abreast(sorted(self._curves.distinct("bytes")))

    def _rows(self, curve: Callable[[str], Curve], form: str) -> list[list[str]]:
        curves = {kind: curve(kind) for kind in self._curves.distinct("kind")}
        return [[kind, *(format(values[b], form) if b in values else "-"
                         for b in self.few_footprints())]
                for kind, values in curves.items() if values]

    def latencies(self, pattern: str) -> list[list[str]]:
        """A row a kind: nanoseconds an access at a few footprints."""
        return self._rows(lambda kind: self._curves.latency(kind, pattern), "z.2f")

    def costs(self) -> list[list[str]]:
        """A row a kind but the control: what of that is the TLB's."""
        return [row for row in self._rows(self._curves.cost, "z.2f") if row[0] != CONTROL]

    def misses(self) -> list[list[str]]:
        """A row a kind: misses per access of the chase; [] where none were counted."""
        return self._rows(lambda kind: self._curves.of(kind, PATTERN, misses), ".4f")

    def counted(self) -> tuple[int, list[str]]:
        """The largest footprint of which a kind's events were counted by a PMU, and the
        kinds of which they were; (0, []) where there are none."""
        curves = {kind: self._curves.of(kind, PATTERN, misses)
                  for kind in self._curves.distinct("kind")}
        most = max((max(curve) for curve in curves.values() if curve), default=0)
        return most, [kind for kind, curve in curves.items() if most in curve]

    def events(self) -> list[tuple[str, list[str]]]:
        """What each event of the PMU counts, and how many of it there were in 1000
        accesses of a chase, by the kinds of counted()."""
        bytes_, kinds = self.counted()
        if not kinds:
            return []
        return [(f"{e['name']}{' (generic name)' if e['generic'] else ''}: {e['means']}",
                 [self._per_1000(kind, bytes_, e["name"]) for kind in kinds])
                for e in self._document["measured"]["events"]]

    def _per_1000(self, kind: str, bytes_: int, event: str) -> str:
        value = self._curves.of(kind, PATTERN, lambda walk: per_load(walk, event)).get(bytes_)
        return "-" if value is None else f"{1000 * value:.2f}"

    def steps(self) -> list[list[str]]:
        """A row a step: kind, the interval in which it lies, in bytes and in lines, and
        the cost on either side."""
        page = self._document["measured"]["system"]["page_size"]
        return [[s["kind"], size(s["below_bytes"]), size(s["above_bytes"]),
                 f"{s['below_bytes'] // page}-{s['above_bytes'] // page}",
                 f"{s['before_ns']:z.2f}", f"{s['after_ns']:z.2f}"]
                for s in self._document["steps"]]

    def without_steps(self) -> list[str]:
        """Kinds that were walked and have none."""
        stepped = {s["kind"] for s in self._document["steps"]}
        return [row[0] for row in self.costs() if row[0] not in stepped]

    def contrasts(self) -> list[str]:
        """For each kind of huge pages what it is worth, or why that is not told."""
        return [self._contrast(granule) for granule in self._document["granules"]]

    def _contrast(self, granule: dict[str, Any]) -> str:
        kind, bytes_ = granule["kind"], granule["bytes"]
        if bytes_ is None:
            return f"{kind}: no contrast, since {SMALL} has no step to compare with."
        if granule["most_bytes"] and not granule["contrast"]:
            return (f"{kind}: NO CONTRAST. Of lines {size(granule['most_bytes'])} apart or more as many "
                    f"are translated as of {SMALL}, so that at most {size(granule['most_bytes'])} are "
                    "translated at once, whatever the kernel mapped; so it is in a virtual machine "
                    "whose memory the host backs by small pages.")
        what = f"{'at least ' if granule['is_least'] else 'about '}{size(bytes_)}"
        if not granule["contrast"]:
            return (f"{kind}: NO CONTRAST. Its first step lies where that of {SMALL} does: what is "
                    f"translated at once is {what}, whatever the kernel mapped; so it is in a "
                    "virtual machine whose memory the host backs by small pages.")
        small, huge = self._curves.cost(SMALL), self._curves.cost(kind)
        most = max(set(small) & set(huge))
        return (f"{kind}: {what} are translated at once; at {size(most)} an access costs "
                f"{huge[most]:z.2f} ns more than side by side, of {SMALL} {small[most]:z.2f} ns.")

    def apart(self) -> list[list[str]]:
        """A row a kind that was probed: from how many lines on an access takes longer,
        by stride."""
        return [[g["kind"], *("none" if s["below_lines"] is None else
                              f"{s['below_lines']}-{s['above_lines']}" for s in g["strides"])]
                for g in self._document["granules"] if g["strides"]]

    def strides(self) -> list[int]:
        """The strides of these rows, bytes."""
        return next(([s["stride_bytes"] for s in g["strides"]]
                     for g in self._document["granules"] if g["strides"]), [])

    def mappings(self) -> list[list[str]]:
        """See walks.user_mappings()."""
        return user_mappings(self._curves.walks)

    def direct_map(self) -> str:
        """How the kernel mapped all memory, see walks.direct_map()."""
        return direct_map(self._curves.walks)

    def lent(self) -> list[str]:
        """How the kernel has memory of its own mapped that the process walked over, in
        the kernel's place: the largest footprint of each such kind."""
        largest = {w["kind"]: w for w in sorted(self._curves.walks, key=lambda w: int(w["bytes"]))
                   if w["mapping"] and w["mapping"]["kernel"]}
        return [f"{kind} at {size(w['bytes'])}, in the kernel's own place: " + ", ".join(
            f"{number(pages)} pages by {by}"
            for by, pages in w["mapping"]["kernel"]["pages"].items()) +
                f", {number(w['mapping']['kernel']['runs'])} contiguous runs"
                for kind, w in largest.items()]

    def disturbed(self) -> tuple[int, int]:
        """In how many laps the thread lost its CPU, and of how many."""
        laps = [lap for w in self._curves.walks for lap in w["laps"]]
        return sum(lap["switches"] > 0 for lap in laps), len(laps)

    def missing(self) -> list[str]:
        """What could not be looked at, and why: each reason once."""
        sizes: dict[str, dict[str, list[int]]] = {}
        modes: dict[str, dict[str, list[str]]] = {}

        def add(why: str | None, what: str, walk: Walk) -> None:
            if why:
                sizes.setdefault(why, {}).setdefault(what, []).append(walk["bytes"])

        for walk in self._curves.walks:
            add(walk["unavailable"], walk["kind"], walk)
            add((walk["mapping"] or {}).get("why_no_runs"), "contiguous runs", walk)
            add((walk["mapping"] or {}).get("why_no_mapped"), "page tables", walk)
            for mode, counters in (walk["counters"] or {}).items():
                for name in (n for n, value in counters.items() if "unavailable" in value):
                    of = modes.setdefault(counters[name]["unavailable"], {}).setdefault(name, [])
                    of += [mode] if mode not in of else []
        return [*(f"unavailable: {', '.join(f'{w} {_span(s)}' for w, s in of.items())}: {why}"
                  for why, of in sizes.items()),
                *(f"unavailable: {', '.join(map(_whose, of.items()))}: {why}"
                  for why, of in modes.items()),
                *(f"unavailable: strides of {g['kind']}: {g['why_no_strides']}"
                  for g in self._document["granules"] if g["why_no_strides"])]

    def _lines(self, pattern: str, value: Callable[[str, str], Curve]) -> dict[str, plots.Points]:
        curves = {kind: value(kind, pattern) for kind in self._curves.distinct("kind")}
        return {kind: list(curve.items()) for kind, curve in curves.items() if curve}

    def _misses(self, kind: str, pattern: str) -> Curve:
        return self._curves.of(kind, pattern, misses)

    def panels(self) -> list[list[plots.Panel]]:
        """Nanoseconds an access against footprint, a line a kind, for each pattern; where
        steps lie as lines across. And misses per access, where a PMU counted them."""
        label, spans = self._document["kernel"]["label"], tuple(
            (s["kind"], s["below_bytes"], s["above_bytes"]) for s in self._document["steps"])
        rows = [("ns per access", self._curves.latency, "log"),
                ("dTLB-load-misses per access", self._misses, "symlog")]
        return [
            [plots.by_footprint(f"{label}, {pattern}", ylabel, self._lines(pattern, value), scale,
                                spans if pattern == PATTERN and value == rows[0][1] else ())
             for pattern in self.patterns()]
            for ylabel, value, scale in rows[:2 if self.counted()[0] else 1]]

    def plot(self, path: Path) -> None:
        """Write panels() into a file."""
        plots.draw(path, self.panels())
