# SPDX-License-Identifier: GPL-2.0
"""The statistical gate: judge what was collected; its verdict as JSON, from which it can be
computed again, and as text."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from . import results
from .cells import number
from .noise_verdict import Row, Verdict, judge
from .paired import DELTAS
from .plan import Plan
from .samples import Origin, Round, Samples
from .templates import environment

__all__ = ["Verdict", "document", "judge", "refusal", "render", "samples_of"]

_WORDS = {0: "pass", 1: "fail", 3: "cannot tell"}
# Rows that are shown; movers come first.
_MOST = 20


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _row(row: Row) -> dict[str, Any]:
    change, low, high = row.per_cent()
    test, family = row.tested, row.figure in DELTAS
    return {"cell": row.cell, "figure": row.figure, "base": row.base, "new": row.new,
            "change": change if test else None,
            "low": _finite(low) if test and math.isfinite(test.change.low) else None,
            "high": _finite(high) if test else None, "p": test.p if test else None,
            "adjusted": row.adjusted if test and family else None,
            "verdict": row.verdict or "told", "suspect": row.suspect, "reason": row.reason}


def _plan(plan: Plan) -> dict[str, Any]:
    return {**dataclasses.asdict(plan), "looks": list(plan.looks), "deltas": DELTAS}


def _round(one: Round) -> dict[str, Any]:
    return {**dataclasses.asdict(one), "cores": list(one.cores), "switches": list(one.switches),
            "flags": list(one.flags)}


def _tuples(fields: dict[str, Any]) -> dict[str, Any]:
    return {k: tuple(v) if isinstance(v, list) else v for k, v in fields.items()}


def document(verdict: Verdict, samples: Samples, command: str) -> dict[str, Any]:
    """The content of noise.json, as results/schema.json describes it."""
    return {**results.header("kmbench-noise", None, command),
            "verdict": _WORDS[verdict.code()], "reason": verdict.sentence(),
            "base": dataclasses.asdict(samples.base), "new": dataclasses.asdict(samples.new),
            "about": samples.about, "plan": _plan(verdict.plan), "pairs": verdict.pairs,
            "alpha": verdict.alpha, "rows": [_row(r) for r in verdict.rows],
            "rounds": [_round(r) for r in samples.rounds]}


def refusal(reason: str, plan: Plan, command: str) -> dict[str, Any]:
    """The same where nothing could be judged."""
    return {**results.header("kmbench-noise", None, command), "verdict": "cannot tell",
            "reason": reason, "base": None, "new": None, "about": "", "plan": _plan(plan),
            "pairs": 0, "alpha": None, "rows": [], "rounds": []}


def samples_of(document_: dict[str, Any]) -> tuple[Samples, Plan]:
    """What a document's verdict came from."""
    rounds = tuple(Round(**_tuples(r)) for r in document_["rounds"])
    plan = {key: value for key, value in document_["plan"].items() if key != "deltas"}
    return Samples(Origin(**document_["base"]), Origin(**document_["new"]), rounds,
                   document_["about"]), Plan(**_tuples(plan))


def _per_cent(value: float) -> str:
    """In at most seven characters; "?" where it is unbounded."""
    return f"{value:+.1f}" if math.isfinite(value) and value > -100 else "?"


def differing(samples: Samples) -> list[str]:
    """What is not the same of the places of both: told, since kernels differ in more than
    their source then."""
    base, new = samples.base.place, samples.new.place
    return [f"{key}: {base[key][:40]} and {new.get(key, '')[:40]}" for key in base
            if base[key] != new.get(key, "")]


def render(verdict: Verdict, samples: Samples) -> str:
    """The sentence, what was compared, what moved, what disturbed; at most 72 columns."""
    templates = environment()
    templates.filters.update(number=lambda v: number(None if v is None else round(v)),
                             per_cent=_per_cent)
    shown = [r for r in verdict.rows if r.verdict][:_MOST]
    return templates.get_template("noise.txt.j2").render(
        v=verdict, s=samples, shown=shown, differ=differing(samples),
        suspects=sorted({r.cell for r in verdict.suspects()}),
        untested=[r for r in verdict.rows if r.reason], flagged=samples.flagged())
