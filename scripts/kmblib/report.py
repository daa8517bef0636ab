# SPDX-License-Identifier: GPL-2.0
"""Plain text of a run, at most 72 columns, from its JSON files alone."""

from __future__ import annotations

import shlex
import textwrap
from pathlib import Path
from typing import Any

import jinja2

from . import results
from .cells import Cells, size
from .errors import Broken, Code
from .kernel_walks import KernelWalks
from .latencies import Latencies
from .level_walks import LevelWalks
from .pmu_counts import PmuCounts
from .responses import Responses
from .walks import Walks

WIDTH = 72
_TEMPLATES = Path(__file__).resolve().parents[1] / "templates"


def wrap(text: str, indent: int = 0, hang: int = 0) -> str:
    """Fold to the width; continuation lines are indented by `hang` more."""
    return textwrap.fill(" ".join(text.split()), WIDTH, initial_indent=" " * indent,
                         subsequent_indent=" " * (indent + hang), break_on_hyphens=False)


def field(text: str, label: str) -> str:
    """A labelled text: the label in a column of its own, the text folded."""
    return textwrap.fill(" ".join(text.split()), WIDTH, initial_indent=f"{label:<13}",
                         subsequent_indent=" " * 13, break_on_hyphens=False)


def shell(text: str) -> str:
    """A command, folded so that it can still be pasted.

    Between words a backslash goes before the line's end; within quotes the
    line just ends, which for a list of names is as good as a space.
    """
    lines = [""]
    for word in shlex.split(text):
        quoted = textwrap.wrap(shlex.quote(word), WIDTH - 8, break_long_words=False,
                               break_on_hyphens=False)
        if lines[-1] and len(lines[-1]) + len(quoted[0]) > WIDTH - 8:
            lines[-1] += " \\"
            lines.append("")
        lines[-1] = f"{lines[-1]} {quoted[0]}".strip()
        lines.extend(quoted[1:])
    return "\n    ".join(lines)


def _case_name(case: dict[str, str]) -> str:
    return "/".join(filter(None, (case["suite"], case["case"], case["parameter"])))


def _label(document: dict[str, Any], text: str) -> str:
    """A heading, which says so when a module stood in for KUnit."""
    return f"{text}, tested by a module" if document["environment"].get("guest") else text


def _why(cases: list[dict[str, str]], outcomes: tuple[str, ...]) -> list[str]:
    """Each distinct reason once, with the first case that gave it."""
    reasons: dict[str, str] = {}
    for case in cases:
        if case["outcome"] in outcomes:
            reasons.setdefault(case["reason"], _case_name(case))
    return [f"{name}: {reason}" for reason, name in reasons.items()]


def environment() -> jinja2.Environment:
    """For templates of plain text."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES), trim_blocks=True, lstrip_blocks=True,
        undefined=jinja2.StrictUndefined, keep_trailing_newline=True)
    made.filters.update(size=size, wrap=wrap, field=field, shell=shell)
    return made


def render(run: Path) -> str:
    """The report of a run that has some of results.KINDS."""
    documents = {kind: results.load(run / f"{kind}.json") if (run / f"{kind}.json").exists()
                 else None for kind in results.KINDS}
    if not any(documents.values()):
        raise Broken(f"RUN={run}: none of {', '.join(f'{k}.json' for k in results.KINDS)} in it")
    templates = environment()
    templates.globals.update(why=_why, label=_label, Cells=Cells, Walks=Walks,
                             KernelWalks=KernelWalks,
                             Latencies=Latencies, LevelWalks=LevelWalks,
                             PmuCounts=PmuCounts, Responses=Responses)
    head = next(d for d in documents.values() if d)
    return templates.get_template("report.txt.j2").render(run=run.name, head=head, **documents)


def code(run: Path) -> Code:
    """What a run's verdicts come to."""
    verdicts = [results.load(f)["verdict"] for f in sorted(run.glob("*.json"))]
    if "fail" in verdicts:
        return Code.FAILED
    return Code.BROKEN if "error" in verdicts else Code.GOOD


def write(run: Path) -> str:
    """Render a run into its report.txt; returns the text."""
    text = render(run)
    (run / "report.txt").write_text(text)
    return text
