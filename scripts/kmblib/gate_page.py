# SPDX-License-Identifier: GPL-2.0
"""What a report has of gate.json: two kernels, instruction by instruction."""

from __future__ import annotations

import re
from typing import Any

from .gate_report import each
from .page import Block, Document, Figure, Lines, Section, Table, text
from .svg import Dot, Dots

# Movers that stand on top, and those of which it is said what moved with them.
_MOST, _CAUSES, _BRIEF = 5, 2, 3
# The same operations, timed as a whole, or the cheapest of them: they move with all, and lead only alone.
_COMPANION = {"loop_insns": "insns", "fast_insns": "insns"}
_OPERATIONS = {"insns", *_COMPANION}
_PLOTTED = 20
_FORM, _HEAD = "%-42s%9s%9s%9s %-2s", ["cell", "base", "new", "%", ""]
_ABOUT = "Of one operation: instructions, or what stands behind the cell"
# Of a change, and what each means.
_MARKS = {"!": "!: beyond its limit", "=": "=: within its limit", "": "no mark: without a limit"}
_DOTS = ("By how much each figure changed, in per cent of the base. There is no noise on the "
         "virtual clock: the interval of each is nothing but its point.")

Change = dict[str, Any]


def verdict(document: Document) -> str:
    """In a sentence."""
    unclear = "CANNOT TELL. " if document["verdict"] in ("cannot tell", "error") else ""
    return f"Gate: {unclear}{document['reason']}."


def subject(document: Document) -> str:
    """What it is about."""
    base, new = document["base"], document["new"]
    return f"Linux {new['version']} against {base['version']}" if base and new else "two kernels"


def _short(program: str) -> str:
    """A compiler or QEMU without its packages' version, which gate.json has."""
    return re.sub(r"QEMU emulator version", "QEMU", re.sub(r" \(Debian [^)]*\)", "", program))


def measured_on(document: Document) -> list[tuple[str, str]]:
    """What was compared and on what, labels and texts."""
    sides = [(label, document[label]) for label in ("base", "new") if document[label]]
    fields = [(label, f"{side['label']}, {side['version']}") for label, side in sides]
    for place in (side["place"] for _label, side in sides[:1]):
        fields += [("both on", f"{place['arch']}, {_short(place['compiler'])}, PROFILE={place['profile']}, "
                               f"options {place['options_sha256'][:12]}"),
                   ("machine", f"{place['cpus']} CPU, {place['mem_mib']} MiB, "
                               f"{place['accelerator']}, {_short(place['qemu'])}"),
                   ("boot", place["cmdline"])]
        # Of a run of an older kmbench there is none.
        fields += [("accesses by", _short(place["tlb"]))] if "tlb" in place else []
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


def _name(change: Change) -> str:
    return str(change["cell"]) + ("" if change["figure"] == "insns" else f" {change['figure']}")


def _row(change: Change) -> list[str]:
    return [_name(change), each(change["base"], change["ops"]),
            each(change["new"], change["ops"]), _percent(change), _mark(change)]


def _alike(changes: list[Change]) -> list[tuple[Change, int]]:
    """Changes by the same to the same as one, and of how many cells it is."""
    by: dict[tuple[Any, ...], list[Change]] = {}
    for change in changes:
        key = tuple(change[k] for k in ("figure", "base", "new", "ops", "beyond"))
        by.setdefault(key, []).append(change)
    return [(of[0], len(of)) for of in by.values()]


def _by(change: Change) -> float:
    """For each operation."""
    return float(change["new"] - change["base"]) / (change["ops"] or 1)


def _follows(change: Change, leader: Change | None) -> bool:
    """Whether a figure does no more than move with its companion: the same way, not much more."""
    return leader is not None and _by(change) * _by(leader) > 0 and \
        abs(_by(change)) <= 2 * abs(_by(leader))


def _leading(changes: list[Change]) -> list[Change]:
    """Those that do not only move with another figure of their cell."""
    seen = {(c["cell"], c["figure"]): c for c in changes}
    return [c for c in changes
            if not _follows(c, seen.get((c["cell"], _COMPANION.get(c["figure"], ""))))]


def _mover(change: Change, cells: int) -> list[str]:
    name, *rest = _row(change)
    return [f"{name}, {cells} cells" if cells > 1 else name, *rest]


def _beside(change: Change, changes: list[Change]) -> str:
    """What was counted in the same cell and moved, too; "" where nothing did."""
    own = _OPERATIONS if change["figure"] in _OPERATIONS else {change["figure"]}
    others = [f"{c['figure']} {each(c['base'], c['ops'])} to {each(c['new'], c['ops'])}"
              for c in changes if c["cell"] == change["cell"] and c["figure"] not in own]
    return f"{_name(change)}: with it moved {', '.join(others)}" if others else ""


def _causes(shown: list[Change], changes: list[Change]) -> tuple[list[str], str]:
    """What moved with the first movers: all of a cause that was counted; and of how many of them
    nothing did, "" of none."""
    found = [_beside(c, changes) for c in shown]
    alone = found.count("")
    return [beside for beside in found if beside][:_CAUSES], (
        f" {alone} of the {len(shown)} below moved alone: nothing else that is counted did." if alone else "")


def _dots(changes: list[Change]) -> list[Figure]:
    some = _alike([c for c in changes if c["base"]])[:_PLOTTED]
    if not some:
        return []
    title = "New against base, per cent"
    dots = [Dot(_mover(c, cells)[0], by, by, by, c["beyond"])
            for c, cells in some for by in (100 * (c["new"] - c["base"]) / c["base"],)]
    said = "; ".join(f"{d.label} {d.value:+.2f} %" for d in dots[:_BRIEF])
    return [Figure(title, _DOTS, f"The largest: {said}.", Dots(title, "per cent of the base", dots),
                   Table(title, _FORM, _HEAD, [_mover(*one) for one in some]))]


def sections(document: Document) -> list[Section]:
    """What moved, and by how much."""
    changes, total = document["changes"], document["total"]
    if total is None:
        return [Section("Movers", [Lines([f"unavailable: movers ({document['reason']})"])])]
    beyond = [c for c in changes if c["beyond"]]
    shown = _alike(_leading(beyond or changes))[:_MOST]
    seen = {_mark(c) for c, _n in shown}
    causes, alone = _causes([c for c, _n in shown], changes)
    about = "; ".join([_ABOUT, *(meaning for mark, meaning in _MARKS.items() if mark in seen)])
    blocks: list[Block] = [text(
        f"{about}. Sum: {total['base']} to {total['new']} instructions, {_exactly(total)} %"
        f"{', BEYOND ITS LIMIT' if total['beyond'] else ''}; {len(beyond)} figures of "
        f"{document['cells']} cells beyond theirs, {len(changes)} changed.{alone}")]
    if shown:
        rows = [_mover(*one) for one in shown]
        blocks += [Table("Movers, the largest first", _FORM, _HEAD, rows, bare=True),
                   *([Lines(causes)] if causes else [])]
    return [Section("Movers", [*blocks, *_dots(changes)])]


def appendix(document: Document) -> list[Section]:
    """All that changed."""
    rows = list(map(_row, document["changes"]))
    return [Section("All that changed", [Table(
        "All figures that are other ones, of one operation", _FORM, _HEAD, rows)])] if rows else []


def brief(document: Document) -> list[str]:
    """For a mail under a patch: the sum, and the first movers."""
    total, movers = document["total"], [c for c in document["changes"] if c["beyond"]]
    if total is None:
        return [verdict(document)]
    return [f"{document['reason']}; instructions of {document['cells']} cells: {_exactly(total)} %",
            *(f"{_mover(c, n)[0]}: {_row(c)[1]} to {_row(c)[2]} ({_percent(c)} %)"
              for c, n in _alike(_leading(movers))[:_BRIEF])]


def headline(document: Document) -> str:
    """By how much all cells together changed."""
    return f"{_exactly(document['total'])} %" if document["total"] else ""
