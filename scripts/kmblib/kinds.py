# SPDX-License-Identifier: GPL-2.0
"""The kinds of documents that reports and the history tell of: one table."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Callable

from . import (ab_page, chase_page, cost_page, frag_page, gate_page, noise_page, perf_page, pmu_page,
               promise_page, walk_page)
from .page import Document, Section

# What a verdict is called; the worst comes first.
OUTCOMES = {"fail": "FAILED", "error": "NOT MEASURED", "cannot tell": "CANNOT TELL", "pass": "good"}


def _kernel(document: Document) -> str:
    return f"Linux {document['kernel']['version']}"


def _none(_document: Document) -> list[Section]:
    return []


@dataclass(frozen=True)
class Kind:
    """How one kind of document is told.

    topic: in a word or two. verdict: in a sentence. measured_on: its fingerprint, as labels
    and texts. sections: what stands in the report. brief: a few lines for a mail under a
    patch. headline: its first figure, in at most 20 characters. subject: of which kernel or
    kernels. appendix: what stands after all else.
    """

    topic: str
    verdict: Callable[[Document], str]
    measured_on: Callable[[Document], list[tuple[str, str]]]
    sections: Callable[[Document], list[Section]]
    brief: Callable[[Document], list[str]]
    headline: Callable[[Document], str]
    subject: Callable[[Document], str] = _kernel
    appendix: Callable[[Document], list[Section]] = _none


# By the name of the file. One more is a row here and a name in results.KINDS.
KINDS = {
    "ab": Kind("comparison", ab_page.verdict, ab_page.measured_on, ab_page.sections, ab_page.brief,
               ab_page.headline, ab_page.subject, ab_page.appendix),
    "noise": Kind("times", noise_page.verdict, noise_page.measured_on, noise_page.sections,
                  noise_page.brief, noise_page.headline, noise_page.subject),
    "gate": Kind("gate", gate_page.verdict, gate_page.measured_on, gate_page.sections,
                 gate_page.brief, gate_page.headline, gate_page.subject, gate_page.appendix),
    "kunit": Kind("promises", promise_page.verdict, promise_page.measured_on,
                  promise_page.sections, promise_page.brief, promise_page.headline),
    "ktap": Kind("promises by a module", promise_page.verdict, promise_page.measured_on,
                 promise_page.sections, promise_page.brief, promise_page.headline),
    "bench": Kind("cost", cost_page.verdict, cost_page.measured_on, cost_page.sections,
                  cost_page.brief, cost_page.headline),
    "tlb": Kind("contiguity", walk_page.verdict, walk_page.measured_on, walk_page.sections,
                walk_page.brief, walk_page.headline),
    "frag": Kind("fragmentation", frag_page.verdict, frag_page.measured_on, frag_page.sections,
                 frag_page.brief, frag_page.headline),
    "chase": Kind("contiguity in user space", chase_page.verdict, chase_page.measured_on,
                  chase_page.sections, chase_page.brief, chase_page.headline),
    "pmu": Kind("PMU", pmu_page.verdict, pmu_page.measured_on, pmu_page.sections,
                pmu_page.brief, pmu_page.headline),
    "perf": Kind("perf", perf_page.verdict, perf_page.measured_on, perf_page.sections,
                 perf_page.brief, perf_page.headline),
}
