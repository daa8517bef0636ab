# SPDX-License-Identifier: GPL-2.0
"""The statistical gate: judge what was collected; its verdict as JSON, from which it can be
computed again, and as text."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

from . import results
from .errors import Code, KmbError
from .noise_verdict import Row, Verdict, judge
from .paired import DELTAS
from .plan import Plan
from .samples import Origin, Round, Samples

__all__ = ["Verdict", "document", "judge", "refusal", "samples_of"]

_WORDS = {0: "pass", 1: "fail", 3: "cannot tell"}


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


def refusal(error: KmbError, plan: Plan, command: str) -> dict[str, Any]:
    """The same where nothing could be judged."""
    return {**results.header("kmbench-noise", None, command), "verdict": "error" if error.code == Code.BROKEN else "cannot tell",
            "reason": str(error), "base": None, "new": None, "about": "", "plan": _plan(plan),
            "pairs": 0, "alpha": None, "rows": [], "rounds": []}


def samples_of(document_: dict[str, Any]) -> tuple[Samples, Plan]:
    """What a document's verdict came from."""
    rounds = tuple(Round(**_tuples(r)) for r in document_["rounds"])
    plan = {key: value for key, value in document_["plan"].items() if key != "deltas"}
    return Samples(Origin(**document_["base"]), Origin(**document_["new"]), rounds,
                   document_["about"]), Plan(**_tuples(plan))
