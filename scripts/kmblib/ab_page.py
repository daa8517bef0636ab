# SPDX-License-Identifier: GPL-2.0
"""What a report has of ab.json: two kernels, judged one against the other. What each operation
costs on both stands in gate.json, which lies beside it."""

from __future__ import annotations

from typing import Any

from .page import Block, Document, Lines, Section, Table, text

# Functions that stand in the first table; all are in the last one.
_MOST = 3
# Cases that are named of those that newly fail.
_CASES = 5
_TITLES = {"tlb": "TLB misses (modelled)", "frag": "Allocations under fragmentation"}


def verdict(document: Document) -> str:
    """In a sentence."""
    unclear = "CANNOT TELL. " if document["verdict"] in ("cannot tell", "error") else ""
    return f"Comparison: {unclear}{document['reason']}."


def subject(document: Document) -> str:
    """What it is about."""
    base, new = document["base"], document["new"]
    if not base or not new:
        return "two kernels"
    new_is, base_is = (f"{side['version']} ({side['label']})" for side in (new, base))
    return f"Linux {new_is} against {base_is}"


def measured_on(document: Document) -> list[tuple[str, str]]:
    """What was compared, labels and texts; both sides' versions stand in the title."""
    sides = [(label, document[label]) for label in ("base", "new") if document[label]]
    fields = [(label, side.get("source") or f"{side['label']}, {side['version']}") for label, side in sides]
    options = document["options"]
    said = f"{len(options)} of one side alone: {' '.join(options[:6])}"
    return fields + ([("options", said)] if options else [])


def _case(case: dict[str, Any]) -> str:
    promise = f"promise {case['nr']}, {case['place']}" if case["nr"] else "a control"
    return f"NEWLY BROKEN: {case['name']} ({promise}): {case['reason']}"


def _promises(found: dict[str, Any] | None) -> list[str]:
    if found is None:
        return []
    lines = [f"Promises: {found['passed']} cases pass, {len(found['broken'])} newly fail, "
             f"{len(found['mended'])} mended, {found['both']} fail as before."]
    lines += [_case(case) for case in found["broken"][:_CASES]]
    more = len(found["broken"]) - _CASES
    return lines + ([f"and {more} more, in ab.json"] if more > 0 else [])


def _mended(document: Document) -> list[Block]:
    names = [case["name"] for case in (document["promises"] or {"mended": []})["mended"]]
    more = [f"and {len(names) - _CASES} more, in ab.json"] if len(names) > _CASES else []
    return [Lines([*(f"no longer fails: {name}" for name in names[:_CASES]), *more])] if names else []


def _share(move: dict[str, Any], moved: int) -> list[str]:
    return [move["function"], str(move["base"]), str(move["new"]),
            f"{100 * (move['new'] - move['base']) / moved:.1f}"]


def _moves(document: Document, caption: str, most: int | None = None) -> Table:
    moves = document["where"]["moves"]
    moved = sum(abs(m["new"] - m["base"]) for m in moves) or 1
    return Table(caption, "%-38s%12s%12s%9s", ["function", "base", "new", "share %"],
                 [_share(move, moved) for move in moves[:most]])


def _missing(document: Document, part: str) -> str:
    """Why there is nothing of a part; "" if there is."""
    return next((u["reason"] for u in document.get("unavailable", []) if u["part"] == part), "")


def _where(document: Document) -> list[Section]:
    found = document["where"]
    if why := _missing(document, "where"):
        return [Section("Where the instructions went", [text(f"unavailable: {why}")])]
    if found is None:
        return []
    about = (f"In {found['cells']} cells that moved; {100 * found['attributed']:.1f} % of what moved "
             "has a function's name.")
    return [Section("Where the instructions went", [_moves(document, about, _MOST)])]


def _told(document: Document, part: str) -> list[dict[str, Any]]:
    return [t for t in document["told"] if t["part"] == part]


def _first(document: Document, part: str) -> str:
    """How many are other figures, and the one that moved most."""
    told = _told(document, part)
    if why := _missing(document, part):
        return f"unavailable: {why}"
    if not told:
        return "the same on both sides"
    t = told[0]
    return (f"{len(told)} differ, as {t['what']}, {t['figure']}: {t['base']:g} to "
            f"{t['new']:g}")


def _beside(document: Document) -> list[Section]:
    """Promises, and the parts that have no limit, a line each; their tables are at the end."""
    lines = _promises(document["promises"])
    if not (document["promises"] or {}).get("broken"):
        lines += [f"{title}: {_first(document, part)}." for part, title in _TITLES.items()
                  if part in document["parts"]]
    return [Section("Promises, and other parts", [Lines(lines)])] if lines else []


def sections(document: Document) -> list[Section]:
    """Part by part, what moved most; in few lines."""
    if document["verdict"] in ("cannot tell", "error") and not document["promises"]:
        return [Section("Comparison", [text(f"unavailable: {document['reason']}")])]
    return [*_where(document), *_beside(document)]


def appendix(document: Document) -> list[Section]:
    """All functions, and all figures of the other parts."""
    blocks = _mended(document)
    blocks += [_moves(document, "Where the instructions went, all functions")] if document["where"] else []
    for part, title in _TITLES.items():
        rows = [[f"{t['what']}, {t['figure']}", f"{t['base']:g}", f"{t['new']:g}"]
                for t in _told(document, part)]
        blocks += [Table(title, "%-52s%10s%10s", ["what", "base", "new"], rows)] if rows else []
    return [Section("All that moved besides", blocks)] if blocks else []


def brief(document: Document) -> list[str]:
    """For a mail under a patch: the sentence, and where it went."""
    moves = (document["where"] or {"moves": []})["moves"]
    moved = sum(abs(m["new"] - m["base"]) for m in moves)
    large = [m for m in moves if abs(m["new"] - m["base"]) > moved / 20][:3]
    return [verdict(document), *(f"{m['function']}: {m['new'] - m['base']:+d} instructions of "
                                 f"{moved} that moved" for m in large)]


def headline(document: Document) -> str:
    """By how much all cells together changed."""
    exact = document["exact"]
    if not exact or not exact["total"]["base"]:
        return ""
    total = exact["total"]
    return f"{100 * (total['new'] - total['base']) / total['base']:+.4f} %"
