# SPDX-License-Identifier: GPL-2.0
"""Runs made of the recordings in scripts/tests/data, for tests of reports, and for figures of
how long reports take."""

from __future__ import annotations

import copy
import random
import shutil
from pathlib import Path
from typing import Any

from . import (ab, ab_files, ab_parts, baseline, chase, gate, gate_files, noise_gate, perf, pmu_counts,
               results, where)
from .farm import REPO
from .kernels import Kernel
from .options import Machine
from .plan import Plan
from .samples import Figures, Origin, Round, Samples
from .system import System

DATA = REPO / "scripts/tests/data"
_KINDS = ("kunit", "bench", "tlb", "frag")
_OLDER, _RUN, _GATE = "20260101-000000-6.1", "20260102-000000-6.1", "20260103-000000-gate"
# What no text of a report may become, whatever the format.
HOSTILE = "<script>alert(1)</script> & | `x` **b** _i_ [l](http://example.org) \"q\" 'a'"
_CELL = "pair/task/GFP_KERNEL/64"


def gate_run(run: Path, worse: bool = True) -> Path:
    """A gate.json of the committed baseline of 6.1 against itself, but for some cells."""
    base = baseline.load(baseline.files("6.1")[0])
    new = copy.deepcopy(base)
    for i, figures in enumerate(new.cells.values()):
        figures["insns"] += i % 3 * figures["ops"] if worse else 0
    run.mkdir(parents=True, exist_ok=True)
    gate_files.write(run, gate.compare(base, new), base, new, "make gate BASE=a NEW=b")
    return run


def ab_run(run: Path) -> Path:
    """A comparison of two trees in which all that can be told is told: what a mail has to hold."""
    tip = "v7.3-rc1-412-g0123456789ab, \"mm/slub: fill sheaves from the barn before the node\""
    base, new = (Kernel("", label, version, Path("/linux"), label, None, origin=origin) for label, version, origin in (
        ("linux-HEAD", "7.3.0-rc1-next-20261122", tip),
        ("linux", "7.3.0-rc1-next-20261122+", f"{tip}, and what is not committed")))
    one = baseline.load(baseline.files("6.1")[0])
    two = copy.deepcopy(one)
    for i, figures in enumerate(two.cells.values()):
        figures["insns"] += i % 7 * figures["ops"]
    mended = [ab_parts.Case(12, "mm/slub.c:4711", f"kmalloc_zeroing/p12_zeroed/{n} bytes", "") for n in (8, 16, 24)]
    found = ab.Found(ab_parts.Promises([], mended, 2, 1758), (one, two), gate.compare(one, two, stored=False),
                     [where.Move(f"__slab_alloc_node_{i}", 1000, 1128 + i) for i in range(4)], 300)
    found.told = {part: [ab_parts.Told("kmalloc(2097152), cold, shuffled", "page walks of a load", 3, 4)]
                  for part in ("tlb", "frag")}
    found.options = ["+CONFIG_SLUB_STATS=y", "+CONFIG_SLAB_FREELIST_RANDOM=y", "-CONFIG_SLAB_MERGE_DEFAULT=y"]
    run.mkdir(parents=True)
    job = ab.Job(base, new, Machine("virtual", 1024, 1), ab.PARTS, run)
    ab_files.write(job, found, "make ab KDIR=/home/developer/src/linux BASE=v7.3-rc1-411-gfedcba987654 "
                   "PATCH='/home/developer/patches/0001-mm-slub-fill-sheaves-from-the-barn.patch'")
    return run


_PLACE = {"arch": "x86_64", "qemu": "QEMU emulator version 7.2.22 (Debian 1:7.2+dfsg-7+deb12u18+b3)"}
_SCALES = {"p50": 1000.0, "p90": 1200.0, "p99": 2000.0, "p99.9": 9000.0, "max": 50000.0}
_OTHER = {**_PLACE, "qemu": "QEMU emulator version 7.2.23 (Debian 1:7.2+dfsg-7+deb12u19)"}


def _figures(draw: random.Random, scale: float) -> Figures:
    return {**{name: scale * value * draw.lognormvariate(0, 0.004) for name, value in _SCALES.items()}, "failed": 0.0}


def _round(draw: random.Random, nr: int) -> Round:
    """All cells take 3 % longer in the new kernel, on a machine whose speed drifts."""
    drift, cells = draw.uniform(0.7, 1.4), [f"burst4096-shuffled/preemptoff/GFP_NOWAIT|ZERO/{8 << i}" for i in range(20)]
    base, new = ({cell: _figures(draw, drift * slower) for cell in cells} for slower in (1.0, 1.03))
    return Round(nr // 2, (nr % 2, 1 - nr % 2), base, new, 3.0, 0.1, (3, 4), ("steal 12.0 %",) if nr == 3 else ())


def noise_run(run: Path) -> Path:
    """Times of two kernels, of which one is slower in all: as long as the text of it can be."""
    plan, draw = Plan((20, 40), 2), random.Random(1)
    of = Samples(Origin("6.1", "6.1.192", _PLACE), Origin("tree", "6.1.0", _OTHER),
                 tuple(_round(draw, nr) for nr in range(40)), "on a core each (CPUs 0 and 1)")
    document = noise_gate.document(noise_gate.judge(of, plan), of, "make ab CLOCK=real")
    for row in document["rows"]:
        row["suspect"] = True
    run.mkdir(parents=True, exist_ok=True)
    results.write(run / "noise.json", document)
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


def more(top: Path) -> None:
    """Another series of runs of the same kernel: of fewer cells, and so many that not each of them
    can be named in a plot."""
    document = results.load(DATA / "bench.json")
    for boot in document["boots"]:
        boot["measurement"]["measured"]["cells"] = boot["measurement"]["measured"]["cells"][:2]
    for day in range(6, 30):
        run = top / f"202601{day:02}-000000-6.1"
        run.mkdir()
        results.write(run / "bench.json", document if day % 2 else older(document))


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


def counters_run(run: Path) -> Path:
    """What perf, a PMU, walks of a process and the module of the promises told."""
    root, bench = run.parent / "root", results.load(DATA / "bench.json")
    for name, text in {"meminfo": "MemTotal:  2097152 kB\n", "stat": "cpu0 1\n"}.items():
        (root / "proc").mkdir(parents=True, exist_ok=True)
        (root / "proc" / name).write_text(text)
    run.mkdir()
    shutil.copy(DATA / "kunit.json", run / "ktap.json")
    no_kernel: dict[str, Any] = {"unavailable": "not root", "clock": None, "walks": []}
    results.write(run / "chase.json", chase.document(
        chase.Job(System(root, "6.1.0-x"), run), results.load(DATA / "user-walks.json"), no_kernel))
    on = {key: bench[key] for key in ("format_version", "time", "tool", "command", "kernel", "fingerprint")}
    files = {path.name: path.read_text() for path in (DATA / "perf").iterdir()}
    results.write(run / "perf.json", {"format": "kmbench-perf", **on, **perf.compare(files)})
    results.write(run / "pmu.json", {
        "format": "kmbench-pmu", **on, "cmdline": "", "verdict": "pass", "reason": "",
        **pmu_counts.parse((DATA / "pmu.lines").read_text())})
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
