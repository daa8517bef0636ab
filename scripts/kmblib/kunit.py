# SPDX-License-Identifier: GPL-2.0
"""Correctness: the suites of kunit/, built and run in UML by kunit.py."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

from . import cache, farm, ktap, proc, results
from .errors import Broken, Code
from .kernels import Kernel
from .progress import step

KUNITCONFIG = farm.REPO / "kunit/.kunitconfig"
# A UML of this configuration has about so many object files.
_OBJECTS = 640
# Cases that plant a fault; all others say which promise they test.
_CONTROL = "control_"
# Seconds the suites may take; UML needs about one.
_TIMEOUT = 120


def _built(build: Path) -> int:
    return sum(f.endswith(".o") for _b, _d, files in os.walk(build) for f in files)


def _how_far(build: Path) -> str:
    return f"about {min(99, 100 * _built(build) // _OBJECTS)} %"


def _inputs(kernel: Kernel) -> str:
    """What a build depends on, as a digest; "" where it cannot be known.

    A named kernel does not change; of the user's tree every file would have to
    be looked at, and make does that as well.
    """
    if kernel.is_tree:
        return ""
    digest = hashlib.sha256(kernel.key.encode())
    digest.update(proc.output(["gcc", "--version"], what="gcc").encode())
    for path in farm.own_files():
        digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _kunit_py(verb: str, kunit_py: Path, build: Path, log: Path) -> None:
    # UML keeps a directory a process; without this, in the user's home.
    options = [f"--build_dir={build}", f"--timeout={_TIMEOUT}", "--raw_output=all",
               f"--kernel_args=uml_dir={build}/uml/"]
    if verb == "run":
        options += [f"--kunitconfig={KUNITCONFIG}", f"--jobs={os.cpu_count()}"]
    (build / "test.log").unlink(missing_ok=True)
    with step("build and run KUnit in UML" if verb == "run" else "run KUnit in UML",
              lambda: _how_far(build)) as current:
        proc.run(["/usr/bin/python3", str(kunit_py), verb, *options], log,
                 what=f"kunit.py {verb}", step=current)
    if not (build / "test.log").exists():
        raise Broken(f"kunit.py {verb}: {proc.first_error(log)} (all of it: {log})")


def _build_if_changed(kernel: Kernel, kunit_py: Path, build: Path, log: Path) -> None:
    """kunit.py run, or kunit.py exec where nothing can have changed since."""
    stamp, inputs = build / ".kmbench-inputs", _inputs(kernel)
    if inputs and stamp.exists() and stamp.read_text() == inputs:
        _kunit_py("exec", kunit_py, build, log)
        return
    stamp.unlink(missing_ok=True)
    _kunit_py("run", kunit_py, build, log)
    stamp.write_text(inputs)


def _outcome(cases: list[ktap.Case]) -> str:
    """What a promise's cases come to: a failure outweighs all, a skip nothing."""
    outcomes = {case.outcome for case in cases}
    for worst, word in (("fail", "failed"), ("error", "error"), ("pass", "held")):
        if worst in outcomes:
            return word
    return "skipped"


def _case_json(case: ktap.Case) -> dict[str, Any]:
    return {"suite": case.suite, "case": case.case, "parameter": case.parameter,
            "outcome": case.outcome, "reason": case.reason}


def _promises(log: ktap.Log) -> list[dict[str, Any]]:
    rows = []
    for nr in sorted({p.nr for p in log.promises.values()}):
        named = {name: p for name, p in log.promises.items() if p.nr == nr}
        cases = [c for c in log.cases if c.case in named]
        row = next(iter(named.values()))
        differs = [f"{name}: {log.differences[name]}" for name in named if name in log.differences]
        outcome = _outcome(cases)
        rows.append({"nr": nr, "kind": row.kind, "text": row.text, "place": row.place,
                     "outcome": "differs" if differs and outcome == "held" else outcome,
                     "differences": differs, "cases": [_case_json(c) for c in cases]})
    return rows


def _counts(log: ktap.Log) -> dict[str, int]:
    return {word: sum(case.outcome == word for case in log.cases)
            for word in ("pass", "fail", "skip", "error")}


def verdict_of(log: ktap.Log) -> tuple[str, str]:
    """pass, fail or error of a whole log, and why.

    A log without a single passed case, or one that kunit.py finds broken,
    never passes: silence is no success.
    """
    bad = [c for c in log.cases if c.outcome in ("fail", "error")]
    if bad:
        first = bad[0]
        where = "/".join(filter(None, (first.suite, first.case, first.parameter)))
        return "fail", f"{where}: {first.reason or first.outcome}"
    if log.complaint:
        return "fail", f"the kernel complained: {log.complaint}"
    if not log.started:
        return "error", "the kernel said nothing"
    mute = [c.case for c in log.cases if not c.case.startswith(_CONTROL)
            and c.case not in log.promises]
    if mute:
        return "fail", f"{mute[0]}: does not say which promise it tests"
    if not log.sound or not any(c.outcome == "pass" for c in log.cases):
        return "fail", "kunit.py finds the log broken: cases are missing"
    return "pass", ""


def build_and_run(kernel: Kernel, run: Path) -> Path:
    """Build and run UML; its console goes to run/kunit.log. Returns kunit.py."""
    with cache.lock(f"kunit-{kernel.key}"):
        tree = farm.plant(kernel)
        build = cache.workdir(f"kunit/{kernel.key}")
        kunit_py = tree / "tools/testing/kunit/kunit.py"
        _build_if_changed(kernel, kunit_py, build, run / "kunit-build.log")
        shutil.copyfile(build / "test.log", run / "kunit.log")
        shutil.copyfile(build / ".config", run / "kunit.config")
    return kunit_py


def findings(log: ktap.Log) -> dict[str, Any]:
    """What a log says, as results/schema.json describes it."""
    verdict, reason = verdict_of(log)
    return {
        "verdict": verdict, "reason": reason, "counts": _counts(log),
        "promises": _promises(log),
        "controls": [_case_json(c) for c in log.cases if c.case not in log.promises],
    }


def document(kernel: Kernel, run: Path, log: ktap.Log) -> dict[str, Any]:
    """The content of kunit.json, as results/schema.json describes it."""
    config = (run / "kunit.config").read_bytes()
    return {
        **results.header("kmbench-kunit", kernel, results.command("kunit", kernel)),
        "environment": {"runner": "kunit", "arch": "um",
                        "compiler": results.compiler(config.decode()),
                        "config_sha256": hashlib.sha256(config).hexdigest()},
        **findings(log),
    }


def run(kernel: Kernel, run_dir: Path) -> Code:
    """Correctness of one kernel: build, run, judge, write kunit.json."""
    kunit_py = build_and_run(kernel, run_dir)
    log = ktap.read(kunit_py, run_dir / "kunit.log")
    doc = document(kernel, run_dir, log)
    results.write(run_dir / "kunit.json", doc)
    if doc["verdict"] == "error":
        raise Broken(f"KUnit: {doc['reason']}; console: {run_dir}/kunit.log")
    return Code.GOOD if doc["verdict"] == "pass" else Code.FAILED
