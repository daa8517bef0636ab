# SPDX-License-Identifier: GPL-2.0
"""What a report has of perf.json: the benchmark as perf saw it."""

from __future__ import annotations

from typing import Any

from .page import Document, Fields, Lines, Section, Table, text
from .cost_page import machine

_WORDS = {"pass": "as many calls as the module counted, tables below.", "fail": "FAILED. ",
          "cannot tell": "CANNOT TELL. "}


def verdict(document: Document) -> str:
    """In a sentence."""
    return f"perf: {_WORDS[document['verdict']]}{document['reason']}"


def measured_on(document: Document) -> list[tuple[str, str]]:
    """On what, labels and texts."""
    f = document["fingerprint"]
    return [("perf", f"{f['arch']}, {f['compiler']}"), ("", f"config {f['config_sha256'][:16]}"),
            ("machine", machine(f)), ("perf is", document["perf"])]


def _number(counter: dict[str, Any] | None) -> str:
    """A counter as text; "-" where there is none."""
    return f"{counter['value']:.0f}" if counter and "value" in counter else "-"


def _unavailable(events: list[dict[str, Any]]) -> Lines:
    """Why there are no figures: of each reason the events, once."""
    why: dict[str, list[str]] = {}
    for event in events:
        for who in ("perf", "ours"):
            reason = (event[who] or {}).get("unavailable")
            if reason:
                why.setdefault(reason, []).append(event["event"])
    return Lines([f"unavailable: {', '.join(dict.fromkeys(names))}: {reason}"
                  for reason, names in why.items()])


def sections(document: Document) -> list[Section]:
    """Counters beside ours, then calls by function of the module."""
    module, total = document["module"], document["totals"]
    rows = [[f"{event['event']} {event['unit']}".strip(), _number(event["perf"]),
             _number(event["ours"])] for event in document["events"]]
    calls = [[site["function"], "yes" if site["counted"] else "no", str(site["calls"]),
              str(site["requested"]), str(site["allocated"])] for site in document["sites"]]
    return [Section("Under perf", [
        text(f"{len(document['cells'])} cells, measured under perf stat, and again under perf kmem "
             "record. perf stat counts all of the tool's run, its own set-up included; ours count "
             "what the cells did, not what fills up slabs before each."),
        *([text(f"distorted, as {reason}") for reason in document["fingerprint"].get("forced", [])]),
        Table("perf stat, and counters of kmbench over the same cells", "%-30s%18s%18s",
              ["event", "perf stat", "kmbench"], rows),
        _unavailable(document["events"]),
        Table("perf kmem stat: calls that allocate, by function of the module",
              "%-24s%8s%12s%14s%14s", ["function", "counted", "calls", "requested", "allocated"],
              calls),
        Fields([("module", f"{module['calls']} calls of {module['requested']} bytes made by the "
                           "functions that are counted, it says"),
                ("machine", f"{total['requested']} bytes requested, {total['allocated']} allocated, "
                            f"{total['freed']} freed; {document['lost']} events lost, as far as perf says")]),
    ])]


def brief(document: Document) -> list[str]:
    """For a mail under a patch."""
    return [f"perf: {headline(document)} that allocate seen by perf kmem, as the module counted"
            if document["verdict"] == "pass" else verdict(document)]


def headline(document: Document) -> str:
    """How many calls perf saw of those that the module counts."""
    return f"{sum(s['calls'] for s in document['sites'] if s['counted'])} calls"
