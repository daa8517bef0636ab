# SPDX-License-Identifier: GPL-2.0
"""What a report has of ab.json: two kernels, judged one against the other. What each operation
costs on both stands in gate.json, which lies beside it."""

from __future__ import annotations

from typing import Any

from .page import Block, Document, Lines, Section, Table, text

# Functions, and figures of each other part, that stand in the table; all are in ab.json.
_MOST = 15
_TITLES = {"tlb": "TLB misses (modelled)", "frag": "Allocations under fragmentation"}


def verdict(document: Document) -> str:
    """In a sentence."""
    unclear = "CANNOT TELL. " if document["verdict"] in ("cannot tell", "error") else ""
    return f"Comparison: {unclear}{document['reason']}."


def subject(document: Document) -> str:
    """What it is about."""
    base, new = document["base"], document["new"]
    return f"Linux {new['label']} against {base['label']}" if base and new else "two kernels"


def measured_on(document: Document) -> list[tuple[str, str]]:
    """What was compared, labels and texts; where instructions were, gate.json says it."""
    known = document["exact"] is not None
    sides = [(label, document[label]) for label in ("base", "new") if document[label] and not known]
    fields = [(label, f"{side['label']}, {side['version']}") for label, side in sides]
    options = document["options"]
    said = f"{len(options)} of one side alone: {' '.join(options[:6])}"
    return fields + ([("options", said)] if options else [])


def _case(case: dict[str, Any]) -> str:
    promise = f"promise {case['nr']}, {case['place']}" if case["nr"] else "a control"
    return f"NEWLY BROKEN: {case['name']} ({promise}): {case['reason']}"


def _promises(document: Document) -> list[Section]:
    found = document["promises"]
    if found is None:
        return []
    lines = [f"{found['passed']} cases pass, {len(found['broken'])} newly fail, "
             f"{len(found['mended'])} no longer fail, {found['both']} fail as before."]
    lines += [_case(case) for case in found["broken"]]
    lines += [f"no longer fails: {case['name']}" for case in found["mended"]]
    return [Section("Promises, new against base", [Lines(lines)])]


def _share(move: dict[str, Any], moved: int) -> list[str]:
    return [move["function"][:37], str(move["base"]), str(move["new"]),
            f"{100 * (move['new'] - move['base']) / moved:.1f}"]


def _where(document: Document) -> list[Section]:
    found = document["where"]
    if found is None:
        return []
    moved = sum(abs(m["new"] - m["base"]) for m in found["moves"]) or 1
    rows = [_share(move, moved) for move in found["moves"][:_MOST]]
    about = (f"Instructions of each function in {found['cells']} cells that moved; "
             f"{100 * found['attributed']:.1f} % of what moved is of functions with a name.")
    blocks: list[Block] = [text(about), Table(
        "Where the instructions went", "%-38s%12s%12s%9s", ["function", "base", "new", "share %"],
        rows, bare=True)]
    return [Section("Where the instructions went", blocks)]


def _told(document: Document, part: str) -> list[Section]:
    if part not in document["parts"] or (document["promises"] or {}).get("broken"):
        return []
    rows = [[f"{t['what']}, {t['figure']}"[:50], f"{t['base']:g}", f"{t['new']:g}"]
            for t in document["told"] if t["part"] == part]
    if not rows:
        return [Section(_TITLES[part], [text("The same on both sides.")])]
    return [Section(_TITLES[part], [Table(_TITLES[part], "%-52s%10s%10s", ["what", "base", "new"],
                                          rows[:_MOST], bare=True)])]


def sections(document: Document) -> list[Section]:
    """Part by part."""
    if document["verdict"] in ("cannot tell", "error"):
        return [Section("Comparison", [text(f"unavailable: {document['reason']}")])]
    return [*_promises(document), *_where(document), *_told(document, "tlb"),
            *_told(document, "frag")]


def brief(document: Document) -> list[str]:
    """For a mail under a patch: the sentence, and where it went."""
    moves = (document["where"] or {"moves": []})["moves"][:3]
    return [verdict(document), *(f"{m['function']}: {m['new'] - m['base']:+d} instructions"
                                 for m in moves)]


def headline(document: Document) -> str:
    """By how much all cells together changed."""
    exact = document["exact"]
    if not exact or not exact["total"]["base"]:
        return ""
    total = exact["total"]
    return f"{100 * (total['new'] - total['base']) / total['base']:+.4f} %"
