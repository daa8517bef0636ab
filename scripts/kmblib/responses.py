# SPDX-License-Identifier: GPL-2.0
"""Levels of fragmentation and what kmalloc() did there, frag.json, as tables."""

from __future__ import annotations

import math
from typing import Any

from .cells import number

_ONE = 1_000_000
# A level that is further off than this, in millionths, is another one: struct kmb_frag.
_TOLERANCE = 20_000
_CONFIDENCE = 0.95
# log2 of the buckets in an octave: KMB_HIST_SUB_BITS.
_SUB_BITS = 6
# What the allocator may do before it gives up: names of events, and how to say it.
EVENTS = {"compact_stall": "compactions", "compact_success": "that succeeded",
           "pgmigrate_success": "pages migrated", "allocstall": "direct reclaims",
           "pgscan": "pages scanned", "oom_kill": "OOM kills",
           "order_fallback": "slab order fallbacks"}

# What compaction does until the index is back.
_WORK = ("compact_migrate_scanned", "compact_free_scanned", "pgmigrate_success")

# The ways of asking that most tables are of.
MAIN = ("demand", "task", "GFP_KERNEL")
KVMALLOC = ("kvdemand", "task", "GFP_KERNEL")

Response = dict[str, Any]


def index(value: int | None) -> str:
    """An unusable free space index, given in millionths."""
    return "-" if value is None else f"{value / _ONE:.4f}"


def middle(low: int) -> int:
    """The middle of a bucket of the histogram, of which `low` is the smallest value."""
    return low + ((1 << max(low.bit_length() - 1 - _SUB_BITS, 0)) - 1) // 2


def quantile(histogram: list[list[int]] | None, thousandths: int = 500) -> int | None:
    """A quantile of the samples in a histogram, ticks, off by less than 0.8 %; None: there
    is no sample."""
    rank, seen = -(-sum(count for _low, count in histogram or []) * thousandths // 1000), 0
    for low, count in histogram or []:
        seen += count
        if seen >= rank:
            return middle(low)
    return None


def interval(got: int, asked: int) -> tuple[float, float]:
    """Wilson's interval of 95 % of the rate of success."""
    # Takes a second to load, and most commands need none.
    from scipy import stats  # pylint: disable=import-outside-toplevel
    bounds = stats.binomtest(got, asked).proportion_ci(_CONFIDENCE, method="wilson")
    return float(bounds.low), float(bounds.high)


def has_drifted(sample: dict[str, Any], level: dict[str, Any]) -> bool:
    """Whether it was taken at another level than was asked for."""
    return not sample["unavailable"] and abs(sample["reached"] - level["asked"]) > _TOLERANCE


def marked(text: str, sample: dict[str, Any] | None, level: dict[str, Any]) -> str:
    """A figure; with a mark, if it was taken at another level."""
    return f"{text}*" if sample and text != "-" and has_drifted(sample, level) else text


def per_cent(part: int, of: int) -> str:
    """A part of so many, per cent: 0 is none of them and 100 all, however many they are."""
    said = f"{100 * part / of:.0f}"
    return "<1" if said == "0" and part else ">99" if said == "100" and part != of else said


def share(response: Response | None, level: dict[str, Any]) -> str:
    """How much there was of what was asked for, per cent."""
    if not response or not response["asked"]:
        return "-"
    return marked(per_cent(response["got"], response["asked"]), response, level)


def within(response: Response | None, level: dict[str, Any]) -> str:
    """The interval of that."""
    if not response or not response["asked"]:
        return "-"
    low, high = interval(response["got"], response["asked"])
    return marked(f"{math.floor(100 * low)}-{math.ceil(100 * high)}", response, level)


def way(response: Response) -> tuple[str, str, str]:
    """How it was asked for."""
    return response["scenario"], response["context"], response["gfp"]


def name(way_: tuple[str, str, str]) -> str:
    """A way of asking, as a row is called."""
    scenario, context, gfp = way_
    call = {"demand": "", "kvdemand": "kvmalloc "}[scenario]
    return call + gfp.replace("GFP_KERNEL|__GFP_", "") + ("" if context == "task" else f" {context}")


class Responses:
    """What a frag.json says, by level, way of asking and order."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.measured = document["measured"]
        self.order: int = self.measured["order"]
        self.reached = [v for v in self.measured["levels"] if not v["unavailable"]]

    def asked(self) -> list[str]:
        """The levels that were reached, as they were asked for."""
        return [f"{level['asked'] / _ONE:g}" for level in self.reached]

    def levels(self) -> list[list[str]]:
        """A row a level: asked for, found before, reached, external fragmentation index,
        pages held, seconds, and how many free pages were missing in the end, per cent."""
        return [[f"{v['asked'] / _ONE:g}", index(v["before"]["index"]), index(v["reached"]),
                 f"{v['extfrag'] / 1000:.3f}", number(v["steps"]["held"]), f"{v['seconds']:.2f}",
                 f"{100 * (v['free_before'] - v['free_after']) / v['free_before']:.2f}"]
                for v in self.reached]

    def slabs(self) -> list[list[str]]:
        """A row for small objects: bytes of a slab of them, the mean, by level; none where no level
        has it."""
        seen = [level.get("slabs") for level in self.reached]
        sizes = [s["size"] for s in seen if s]
        return [[f"{sizes[0]} bytes", *(number(s["bytes"] // s["slabs"]) if s else "-" for s in seen)]] \
            if sizes else []

    def types(self) -> list[list[str]]:
        """A row a migrate type of which any memory is free: per cent of all that is, and
        blocks of the order, by level."""
        rows = []
        for type_ in dict.fromkeys(t["type"] for level in self.reached for t in level["types"]):
            found = [next((t for t in v["types"] if t["type"] == type_), None) for v in self.reached]
            if any(t and t["free"] for t in found):
                rows.append([type_, *("-" if not t else _share_and_blocks(t, level)
                                      for t, level in zip(found, self.reached))])
        return rows

    def find(self, way_: tuple[str, str, str], order: int) -> list[Response | None]:
        """The responses of a way and an order, by level."""
        return [next((r for r in level["responses"] if way(r) == way_ and r["order"] == order),
                     None) for level in self.reached]

    def ways(self) -> list[tuple[str, str, str]]:
        """All ways of asking."""
        return list(dict.fromkeys(way(r) for level in self.reached for r in level["responses"]))

    def orders(self) -> list[int]:
        """The orders that were asked for."""
        return sorted({r["order"] for level in self.reached for r in level["responses"]})

    def by_order(self) -> list[list[str]]:
        """A row an order: per cent that GFP_KERNEL got, by level."""
        return [[str(order), *map(share, self.find(MAIN, order), self.reached)]
                for order in self.orders()]

    def by_way(self) -> list[list[str]]:
        """A row a way: per cent that it got of the order, by level."""
        return [[name(w), *map(share, self.find(w, self.order), self.reached)]
                for w in self.ways()]

    def intervals(self) -> list[list[str]]:
        """A row a way: the interval of that, by level."""
        return [[name(w), *map(within, self.find(w, self.order), self.reached)] for w in self.ways()]

    def ticks(self, outcome: str, thousandths: int) -> list[list[str]]:
        """A row a way: a quantile of the ticks of "got" or "failed" of the order, by level;
        of a thousand thousandths the longest, to the last digit."""
        def of(response: Response | None) -> int | None:
            stats = response[f"{outcome}_ticks"] if response else None
            if not response or not stats or not stats["count"]:
                return None
            most: int = stats["max"]
            # The middle of the last bucket may be above all that is in it.
            value = quantile(response[f"{outcome}_histogram"], thousandths)
            return most if thousandths == 1000 or value is None else min(value, most)
        return [[name(w), *(marked(number(of(r)), r, level)
                            for r, level in zip(self.find(w, self.order), self.reached))]
                for w in self.ways()]

    def vmalloced(self) -> list[list[str]]:
        """A row an order of which kvmalloc() had to ask vmalloc(): per cent, by level."""
        rows = []
        for order in self.orders():
            found = self.find(KVMALLOC, order)
            if any(r and r["vmalloced"] for r in found):
                rows.append([str(order), *(marked(per_cent(r["vmalloced"], r["got"]), r, level)
                                           if r and r["got"] else "-"
                                           for r, level in zip(found, self.reached))])
        return rows

    def events(self) -> list[list[str]]:
        """A row an event: how often for each block of the order that GFP_KERNEL was
        asked for, by level."""
        found = self.find(MAIN, self.order)
        return [[text, *(marked(_each(r, event), r, level) for r, level in zip(found, self.reached))]
                for event, text in EVENTS.items()]

    def recoveries(self) -> list[list[str]]:
        """A row a level: the index just after it was undone and the last one that was seen,
        seconds until it was back, what compaction scanned and what it moved, pages."""
        rows = []
        for level in self.reached:
            after = level["recovery"]
            rows.append([f"{level['asked'] / _ONE:g}", index(after["goal"]), index(after["released"]),
                         index(after["index"]), f"{after['seconds']:.3f}" if after["back"] else "never",
                         *(number(after["events"][event].get("value")) for event in _WORK)])
        return rows

    def compacted(self) -> bool:
        """Whether the kernel was asked to compact memory after each level."""
        return any(level["recovery"]["compacted"] for level in self.reached)

    def summary(self) -> str:
        """How many levels were reached, of how many."""
        asked = len(self.measured["levels"])
        return (f"{len(self.reached)} of {asked} levels reached" +
                (", some drifted" if self.drifted() else "") + ", tables below.")

    def drifted(self) -> list[str]:
        """Levels at which responses or walks found another one than was asked for: how many did,
        and what they found."""
        lines = []
        for level in self.reached:
            all_ = [*level["responses"], *level["walks"], *level["user_walks"]]
            found = [r["reached"] for r in all_ if has_drifted(r, level)]
            if abs(level["end"] - level["asked"]) > _TOLERANCE:
                lines.append(f"a level of {level['asked'] / _ONE:g} was {index(level['end'])} "
                             "in the end")
            if found:
                lines.append(f"{len(found)} of {len(all_)} demands and walks found a level of "
                             f"{index(min(found))} to {index(max(found))} instead of "
                             f"{level['asked'] / _ONE:g}")
        return lines

    def missing(self) -> list[str]:
        """What could not be had, and why: each reason once."""
        reasons: dict[str, list[str]] = {}
        for level in self.measured["levels"]:
            if level["unavailable"]:
                reasons.setdefault(level["unavailable"], []).append(f"level {level['asked'] / _ONE:g}")
            for response in level["responses"]:
                if response["unavailable"]:
                    reasons.setdefault(response["unavailable"], []).append(
                        f"{name(way(response))} order {response['order']}")
                for event, text in EVENTS.items():
                    if why := (response["events"] or {}).get(event, {}).get("unavailable"):
                        reasons.setdefault(why, []).append(text)
        return [f"unavailable: {', '.join(dict.fromkeys(names))} ({why})"
                for why, names in reasons.items()]


def _share_and_blocks(type_: dict[str, Any], level: dict[str, Any]) -> str:
    """What a migrate type has of the free memory of a level."""
    free = sum(t["free"] for t in level["types"])
    return f"{100 * type_['free'] / free:.0f} {number(type_['suitable'])}"


def _each(response: Response | None, event: str) -> str:
    """How often an event came for each block that was asked for."""
    if not response or not response["asked"]:
        return "-"
    value = response["events"][event].get("value")
    return "-" if value is None else f"{value / response['asked']:.2f}"
