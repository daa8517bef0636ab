# SPDX-License-Identifier: GPL-2.0
"""What a report has of gate.json: two kernels, instruction by instruction."""

from __future__ import annotations

from typing import Any

from .gate_report import each
from .page import Block, Document, Figure, Lines, Section, Table, text
from .svg import Dot, Dots

# Movers that stand on top, and those of which it is said what moved with them.
_MOST, _CAUSES = 10, 5
_PLOTTED = 20
_WORDS = {"pass": "", "fail": "FAILED. ", "cannot tell": "CANNOT TELL. "}
_FORM, _HEAD = "%-40s%9s%9s%9s %-5s", ["figure of one operation", "base", "new", "%", ""]
_ABOUT = ("In instructions, bytes or events of one operation. Both kernels have been booted twice and "
          "agreed with themselves to the last digit, so that the interval of each figure is the figure "
          "itself. !: beyond its limit; =: within it; no mark: it has no limit, and cannot fail.")
_DOTS = ("By how much each figure changed, in per cent of the base. There is no noise on the virtual "
         "clock: the interval of each is nothing but its point.")

Change = dict[str, Any]


def verdict(document: Document) -> str:
    """In a sentence."""
    return f"Gate: {_WORDS[document['verdict']]}{document['reason']}."


def subject(document: Document) -> str:
    """What it is about."""
    base, new = document["base"], document["new"]
    return f"Linux {new['version']} against {base['version']}" if base and new else "two kernels"


def measured_on(document: Document) -> list[tuple[str, str]]:
    """What was compared and on what, labels and texts."""
    sides = [(label, document[label]) for label in ("base", "new") if document[label]]
    fields = [(label, f"{side['label']}, {side['version']}") for label, side in sides]
    for place in (side["place"] for _label, side in sides[:1]):
        fields += [("both on", f"{place['arch']}, {place['compiler']}"),
                   ("", f"options {place['options_sha256'][:16]}, PROFILE={place['profile']}"),
                   ("machine", f"{place['cpus']} CPU, {place['mem_mib']} MiB, "
                               f"{place['accelerator']}, {place['qemu']}"),
                   ("boot", place["cmdline"])]
    return fields


def _percent(change: Change) -> str:
    if not change["base"]:
        return "from 0"
    return f"{100 * (change['new'] - change['base']) / change['base']:+.2f}"


def _exactly(total: Change) -> str:
    """The same of a sum, of which little is much."""
    return f"{100 * (total['new'] - total['base']) / total['base']:+.4f}" if total["base"] else "-"


def _mark(change: Change) -> str:
    # Documents of before did not say which have a limit.
    return "!" if change["beyond"] else "=" if change.get("limited", False) else ""


def _row(change: Change) -> list[str]:
    return [f"{change['cell']} {change['figure']}", each(change["base"], change["ops"]),
            each(change["new"], change["ops"]), _percent(change), _mark(change)]


def _alike(changes: list[Change]) -> list[tuple[Change, int]]:
    """Changes by the same to the same as one, and of how many cells it is."""
    by: dict[tuple[Any, ...], list[Change]] = {}
    for change in changes:
        key = tuple(change[k] for k in ("figure", "base", "new", "ops", "beyond"))
        by.setdefault(key, []).append(change)
    return [(of[0], len(of)) for of in by.values()]


def _mover(change: Change, cells: int) -> list[str]:
    name, *rest = _row(change)
    return [f"{name}, and {cells - 1} cells alike" if cells > 1 else name, *rest]


def _cause(change: Change, changes: list[Change]) -> str:
    """What was counted in the same cell and moved, too."""
    others = [f"{c['figure']} {each(c['base'], c['ops'])} to {each(c['new'], c['ops'])}"
              for c in changes if c["cell"] == change["cell"] and c["figure"] != change["figure"]]
    return f"{change['cell']} {change['figure']}: " + (
        "with it moved " + ", ".join(others) if others else
        "nothing else that is counted moved with it: the same way is longer or shorter")


def _dots(changes: list[Change]) -> list[Figure]:
    some = _alike([c for c in changes if c["base"]])[:_PLOTTED]
    if not some:
        return []
    title = "New against base, per cent"
    dots = [Dot(_mover(c, cells)[0], by, by, by, c["beyond"])
            for c, cells in some for by in (100 * (c["new"] - c["base"]) / c["base"],)]
    said = "; ".join(f"{d.label} {d.value:+.2f} %" for d in dots[:_CAUSES])
    return [Figure(title, _DOTS, f"The largest: {said}.", Dots(title, "per cent of the base", dots),
                   Table(title, _FORM, _HEAD, [_mover(*one) for one in some]))]


def sections(document: Document) -> list[Section]:
    """What moved, and by how much."""
    changes, total = document["changes"], document["total"]
    if total is None:
        return [Section("Movers", [Lines([f"unavailable: movers ({document['reason']})"])])]
    beyond = [c for c in changes if c["beyond"]]
    shown = _alike(beyond or changes)[:_MOST]
    blocks: list[Block] = [text(_ABOUT), text(
        f"Sum: {total['base']} to {total['new']} instructions, {_exactly(total)} %"
        f"{', BEYOND ITS LIMIT' if total['beyond'] else ''}; {len(beyond)} figures of "
        f"{document['cells']} cells beyond their limits, {len(changes)} changed at all.")]
    if shown:
        blocks += [Table("Movers, the largest first", _FORM, _HEAD, [_mover(*one) for one in shown]),
                   Lines([_cause(c, changes) for c, _n in shown[:_CAUSES] if c["beyond"]])]
    return [Section("Movers", [b for b in [*blocks, *_dots(changes)] if b != Lines([])])]


def appendix(document: Document) -> list[Section]:
    """All that changed."""
    rows = list(map(_row, document["changes"]))
    return [Section("All that changed", [Table(
        "All figures that are other ones, of one operation", _FORM, _HEAD, rows)])] if rows else []


def brief(document: Document) -> list[str]:
    """For a mail under a patch: the sum, and the first movers."""
    total = document["total"]
    if total is None:
        return [verdict(document)]
    return [f"{subject(document)}: {document['reason']}",
            f"instructions, sum of {document['cells']} cells: {_exactly(total)} %",
            *(f"{' '.join(_row(c)[0].split())}: {_row(c)[1]} to {_row(c)[2]} ({_percent(c)} %)"
              for c in document["changes"][:5] if c["beyond"])]


def headline(document: Document) -> str:
    """By how much all cells together changed."""
    return f"{_exactly(document['total'])} %" if document["total"] else ""
