# SPDX-License-Identifier: GPL-2.0
"""What a report has of noise.json: times of two kernels, measured side by side."""

from __future__ import annotations

from typing import Any

from . import ab_page
from .cells import number
from .page import Block, Details, Document, Figure, Lines, Section, Table, text
from .svg import Dot, Dots

# Figures in the table of a text, and in the plot.
_MOST, _PLOTTED = 6, 20
# Suspects that are named.
_SUSPECTS = 3
_FORM, _HEAD = "%-37s%8s%7s%7s%7s%6s", ["cell", "base", "%", "least", "most", ""]
# In a column of a table, and what that means.
_SAID = {"regression": "worse", "no regression": "same", "cannot tell": "?", "told": ""}
_WORDS = ("worse", "same, or cannot be told")
_MEANT = ("Least and most bound the change. worse: by more than what matters; same: no "
          "regression is shown; ?: neither is; no mark: the figure never fails.")
_DOTS = ("By how much each figure changed, in per cent of the base: Hodges-Lehmann estimate, and "
         "the interval that the verdict rests on. Figures whose interval has no end are left out.")

Row = dict[str, Any]


def verdict(document: Document) -> str:
    """In a sentence."""
    unclear = "" if document["rows"] else "CANNOT TELL. "
    return f"Times: {unclear}{document['reason']}."


def measured_on(document: Document) -> list[tuple[str, str]]:
    """What was compared, and how both shared the machine."""
    sides = [(label, document[label]) for label in ("base", "new") if document[label]]
    fields = [(f"{label}, timed", f"{side['label']}, {side['version']}") for label, side in sides]
    return fields + ([("side by side", document["about"])] if document["about"] else [])


def _per_cent(value: float | None) -> str:
    if value is None:
        return "?"
    return f"{value:+.1f}" if abs(value) < 100 else f"{value:+.0f}"


def _name(row: Row) -> str:
    return f"{row['cell']} {row['figure']}"


def _row(row: Row) -> list[str]:
    return [_name(row), number(None if row["base"] is None else round(row["base"])),
            *(_per_cent(row[key]) for key in ("change", "low", "high")), _SAID[row["verdict"]]]


def _plan(document: Document) -> str:
    plan = document["plan"]
    looks = ", ".join(map(str, plan["looks"]))
    matters = ", ".join(f"{figure} {100 * delta:g} %" for figure, delta in plan["deltas"].items())
    return (f"Ticks of the real clock. Looks were planned at {looks} pairs of "
            f"{plan['rounds_each']} rounds; this one is at {document['pairs']}. False alarms: at most "
            f"{100 * plan['alpha']:g} % of comparisons. What matters: {matters}. {_MEANT}")


def _differing(document: Document) -> list[str]:
    """What is not the same of the places of both: kernels differ in more than their source then."""
    base, new = document["base"]["place"], document["new"]["place"]
    return [f"{key}: {base[key]} and {new.get(key, '')}" for key in base
            if base[key] != new.get(key, "")]


def _notes(document: Document) -> list[str]:
    """What else differs, suspects, what was not tested, and what disturbed."""
    rows, rounds = document["rows"], document["rounds"]
    suspects = sorted({row["cell"] for row in rows if row["suspect"]})
    untested = [row for row in rows if row["reason"]]
    flagged = [one for one in rounds if one["flags"]]
    differ = _differing(document)
    notes = [f"what else differs: {'; '.join(differ)}"] if differ else []
    if suspects:
        more = f", and {len(suspects) - _SUSPECTS} more in noise.json" if len(suspects) > _SUSPECTS else ""
        notes += ["Suspects, which only fresh data can confirm: "
                  f"SCENARIOS='{' '.join(suspects[:_SUSPECTS])}'{more}"]
    if untested:
        notes += [f"Not tested: {len(untested)} figures, as {untested[0]['cell']} "
                  f"{untested[0]['figure']}: {untested[0]['reason']}"]
    if flagged:
        notes += [f"{len(flagged)} of {len(rounds)} rounds were disturbed, and count all the same; "
                  f"the first: {'; '.join(flagged[0]['flags'])}"]
    return notes


def _dots(rows: list[Row]) -> list[Block]:
    bounded = [r for r in rows if None not in (r["change"], r["low"], r["high"])][:_PLOTTED]
    if not bounded:
        return []
    title = "New against base, time, per cent"
    dots = [Dot(_name(r), r["change"], r["low"], r["high"],
                r["verdict"] == "regression") for r in bounded]
    said = "; ".join(f"{d.label} {d.value:+.1f} %" for d in dots[:3])
    return [Figure(title, _DOTS, f"The largest: {said}.", Dots(title, "per cent of the base", dots, words=_WORDS),
                   Table(title, _FORM, _HEAD, [_row(r) for r in bounded]))]


def sections(document: Document) -> list[Section]:
    """What moved, with its interval, and what disturbed."""
    if not document["rows"]:
        return [Section("Times", [text(f"unavailable: {document['reason']}")])]
    gated = [r for r in document["rows"] if r["verdict"] != "told"]
    table = Table("Times of both kernels", _FORM, _HEAD, [_row(r) for r in gated[:_MOST]],
                  bare=True)
    every = Table("All figures", _FORM, _HEAD, [_row(r) for r in document["rows"]])
    more = len(gated) - _MOST
    notes = ([f"and {more} more, in noise.json"] if more > 0 else []) + _notes(document)
    return [Section("Times", [text(_plan(document)), *_dots(gated), table,
                              *([Lines(notes)] if notes else []), Details(every)])]


def brief(document: Document) -> list[str]:
    """For a mail under a patch: the sentence, and what is worse."""
    worse = [r for r in document["rows"] if r["verdict"] == "regression"][:3]
    return [verdict(document), *(f"{_name(r)}: {r['change']:+.1f} %, at least "
                                 f"{_per_cent(r['low'])} %" for r in worse)]


def headline(document: Document) -> str:
    """How many figures are worse, of those that may fail."""
    gated = [r for r in document["rows"] if r["verdict"] != "told"]
    worse = sum(r["verdict"] == "regression" for r in gated)
    return f"{worse} of {len(gated)} worse" if gated else ""


subject = ab_page.subject
