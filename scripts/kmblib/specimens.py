# SPDX-License-Identifier: GPL-2.0
"""Runs made of the recordings in scripts/tests/data, for tests of reports, and for figures of
how long reports take."""

from __future__ import annotations

import copy
import shutil
from pathlib import Path
from typing import Any

from . import baseline, gate, gate_files, results
from .farm import REPO

DATA = REPO / "scripts/tests/data"
_KINDS = ("kunit", "bench", "tlb", "frag")
_OLDER, _RUN, _GATE = "20260101-000000-6.1", "20260102-000000-6.1", "20260103-000000-gate"
# What no text of a report may become, whatever the format.
HOSTILE = "<script>alert(1)</script> & | `x` **b** _i_ [l](http://example.org) \"q\" 'a'"
_CELL = "pair/task/GFP_KERNEL/64"


def gate_run(run: Path, worse: bool = True) -> Path:
    """A gate.json of the committed baseline of 6.1 against itself, but for some cells."""
    base = baseline.load(baseline.BASELINES / "6.1-x86_64.txt")
    new = copy.deepcopy(base)
    for i, figures in enumerate(new.cells.values()):
        figures["insns"] += i % 3 * figures["ops"] if worse else 0
    run.mkdir(parents=True, exist_ok=True)
    gate_files.write(run, gate.compare(base, new), base, new, "make gate BASE=a NEW=b")
    return run


def older(bench: dict[str, Any]) -> dict[str, Any]:
    """A bench.json of before, when all took a tenth more."""
    made = copy.deepcopy(bench)
    for cell in (c for b in made["boots"] for c in b["measurement"]["measured"]["cells"]):
        for repetition in cell["repetitions"]:
            repetition["sum"] += repetition["sum"] // 10
        cell["percentiles"]["p50"] += cell["percentiles"]["p50"] // 10
    return made


def runs(top: Path) -> list[Path]:
    """A run of all that is recorded, with one of bench before it, and a run of the gate."""
    for name in (_OLDER, _RUN):
        (top / name).mkdir(parents=True)
    for kind in _KINDS:
        shutil.copy(DATA / f"{kind}.json", top / _RUN)
    results.write(top / _OLDER / "bench.json", older(results.load(DATA / "bench.json")))
    return [top / _RUN, gate_run(top / _GATE)]


def hostile(top: Path) -> Path:
    """A run in which texts are what nobody should print as they are."""
    run = top / "20260104-000000-hostile"
    run.mkdir(parents=True)
    for kind in ("kunit", "bench"):
        document = results.load(DATA / f"{kind}.json")
        document["kernel"].update(label=HOSTILE, version=HOSTILE)
        document.update(command=f"make {kind} '{HOSTILE[:30]}'", verdict="fail", reason=HOSTILE)
        for cell in (c for b in document.get("boots", []) for c in
                     b["measurement"]["measured"]["cells"]):
            cell["gfp"] = HOSTILE
        for promise in document.get("promises", []):
            promise["cases"][0].update(outcome="skip", reason=f"{HOSTILE} {promise['nr']}")
        results.write(run / f"{kind}.json", document)
    return run


def _cell(like: dict[str, Any], nr: int) -> dict[str, Any]:
    """A cell as many others: other names, and histograms that are further to the right."""
    cell = copy.deepcopy(like)
    scenario, context, size = f"s{nr // 100}", f"context{nr // 20 % 5}", 8 << nr % 20
    cell.update(scenario=scenario, context=context, gfp="GFP_KERNEL", size=size, cpus=1,
                name=f"{scenario}/{context}/GFP_KERNEL/{size}")
    for repetition in cell["repetitions"]:
        repetition["histogram"] = [[low + nr, n] for low, n in repetition["histogram"]]
    return cell


def large(top: Path, cells: int) -> Path:
    """A run of so many cells in all, and of what else is recorded."""
    run = runs(top)[0]
    document = results.load(run / "bench.json")
    likes = [c for b in document["boots"] for c in b["measurement"]["measured"]["cells"]]
    boots = document["boots"]
    for i, boot in enumerate(boots):
        boot["measurement"]["measured"]["cells"] = [
            _cell(likes[nr % len(likes)], nr) for nr in range(i, cells, len(boots))]
    results.write(run / "bench.json", document)
    return run
