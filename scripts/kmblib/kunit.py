# SPDX-License-Identifier: GPL-2.0
"""Correctness: the suites of kunit/, built and run by the kernel's own kunit.py."""

from __future__ import annotations

import hashlib
import os
import re
import shlex
import shutil
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Callable, Sequence

from . import adopted, arches, breaches, cache, configs, farm, ktap, proc, qemu, results, skips
from .arches import Arch
from .configs import Config, Merged
from .errors import Broken, Code
from .kernels import Kernel
from .place import Place, version
from .progress import Course, objects, step

# A UML of the default configuration has about so many object files.
_OBJECTS = 725
# Cases that plant a fault; all others say which promise they test.
_CONTROL = "control_"
# A result of a case, of one parameter of it, or of a suite.
_RESULT = re.compile(rb"^\s*(?:not )?ok \d", re.M)
# kunit.py says itself how long the suites took.
_ELAPSED = re.compile(r"Elapsed time: ([\d.]+)s")
_NOT_TAKEN = re.compile(r"^Missing: (.*)$", re.M)
# The complaint about a log that breaks off.
MISSING = "kunit.py finds the log broken: cases are missing"
# QEMU itself chooses these on a host whose KVM hangs; then KUnit hangs, too.
_ACCELERATORS = ("kvm", "hvf")


@dataclass(frozen=True)
class Target:
    """What a kernel is tested on: an architecture and a configuration."""

    arch: Arch
    config: Config

    def place(self, kernel: Kernel) -> Place:
        """Where the suites run, for the rules of matrix.toml."""
        return Place(version(kernel.version), self.arch.name, self.config.name)

    def boot(self) -> list[str]:
        """The words of the kernel's command line that belong to it."""
        if self.arch.emulator or self.config.cpus == 1:
            return list(self.config.boot)
        # UML has several processors only where seccomp, not ptrace, stops its processes.
        return [*self.config.boot, f"ncpus={self.config.cpus}", "seccomp=on"]

    def build_name(self, kernel: Kernel, merged: Merged) -> str:
        """What its build is called in the cache; configurations without options
        share one."""
        config = self.config.name if merged.own else configs.DEFAULT
        if (self.arch.name, config) == (arches.DEFAULT, configs.DEFAULT):
            return kernel.key
        return f"{kernel.key}-{self.arch.name}-{config}"

    def seconds(self) -> int:
        """How long the suites may take."""
        return max(self.arch.timeout, self.config.timeout)

    def words(self) -> dict[str, str]:
        """The variables of make that ask for it."""
        return {"ARCH": "" if self.arch.name == arches.DEFAULT else self.arch.name,
                "CONFIG": "" if self.config.name == configs.DEFAULT else self.config.name}


def target(arch: str = "", config: str = "") -> Target:
    """The target that ARCH= and CONFIG= name; all that it needs is there."""
    found = Target(arches.find(arch), configs.find(config))
    arches.require(found.arch)
    return found


def strict() -> bool:
    """Whether KMBENCH_STRICT asks to fail for properties of the implementation, too."""
    return os.environ.get("KMBENCH_STRICT", "0") not in ("", "0")


@dataclass(frozen=True)
class Work:
    """A kernel that is built and run: everything that kunit.py is told."""

    kernel: Kernel
    target: Target
    merged: Merged
    kunit_py: Path
    build: Path

    @property
    def what(self) -> str:
        """For people."""
        return f"KUnit of {self.kernel.label} ({self.target.arch.name}, {self.target.config.name})"

    def common(self) -> list[str]:
        """Options of each verb of kunit.py."""
        arch = self.target.arch
        cross = [f"--cross_compile={arch.cross}"] if arch.cross else []
        return [f"--arch={arch.kunit}", *cross, f"--build_dir={self.build}"]

    def boot(self) -> list[str]:
        """The words that are added to the kernel's command line."""
        # One that panics is to end, or QEMU would wait for its time-out.
        return [*(["panic=-1"] if self.target.arch.emulator else []), *self.target.boot(),
                *self.merged.instead]

    def asked(self) -> list[str]:
        """Those, and what the user asks for."""
        return [*self.boot(), "kmalloc_kunit.strict=1"] if strict() else self.boot()

    def _launch(self) -> Path:
        """A directory of its own, as another command may run such a kernel at the same time."""
        return cache.workdir(f"launch/{self.build.parent.name}/{self.build.name}")

    def build_argv(self, fragment: Path) -> list[str]:
        """kunit.py build; fragment: a file of options."""
        return ["/usr/bin/python3", str(self.kunit_py), "build", *self.common(),
                f"--kunitconfig={fragment}", f"--jobs={os.cpu_count()}"]

    def exec_argv(self, words: Sequence[str],
                  emulator: qemu.Emulator) -> tuple[list[str], dict[str, str]]:
        """kunit.py exec with words of a command line, and its environment."""
        arch, config = self.target.arch, self.target.config
        argv = ["/usr/bin/python3", str(self.kunit_py), "exec", *self.common(), "--raw_output=all",
                f"--timeout={self.target.seconds()}", *(f"--kernel_args={word}" for word in words)]
        if config.only and not any("kunit.filter_glob" in word for word in words):
            argv.append(config.only)
        if not arch.emulator:
            return argv, {}
        memory = [f"--qemu_args=-m {config.memory}"] if config.memory else []
        front = _launcher(arch, emulator, self._launch())
        return [*argv, f"--qemu_args=-smp {config.cpus}", *memory], {
            "PATH": f"{front}:{os.environ['PATH']}"}


def _inputs(work: Work) -> str:
    """What a build depends on, as a digest; "" where it cannot be known.

    A named kernel does not change; of the user's tree every file would have to
    be looked at, and make does that as well.
    """
    if work.kernel.is_tree:
        return ""
    compiler = f"{work.target.arch.cross}gcc"
    digest = hashlib.sha256(work.kernel.key.encode() + work.merged.text.encode())
    digest.update(proc.output([compiler, "--version"], what=compiler).encode())
    for path in farm.own_files():
        digest.update(f"{path}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def _launcher(arch: Arch, emulator: qemu.Emulator, directory: Path) -> Path:
    """A directory to put in front of PATH, whose QEMU always emulates.

    kunit.py of newer kernels asks for KVM, and no option of it takes that
    back. What is emulated gives the same result on every host.
    """
    cases = "|".join(_ACCELERATORS)
    binary = shlex.join([shutil.which(emulator.binary) or emulator.binary, *emulator.options])
    script = ("#!/bin/bash\nargs=()\nwhile [ $# -gt 0 ]; do\n"
              f"\tif [ \"$1\" = -accel ]; then\n\t\tcase $2 in {cases}) shift 2; continue ;; esac\n"
              f"\tfi\n\targs+=(\"$1\")\n\tshift\ndone\nexec {binary} \"${{args[@]}}\"\n")
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / arch.emulator
    path.write_text(script)
    path.chmod(0o755)
    return directory


def _not_taken(work: Work, log: Path) -> None:
    """Broken, if kunit.py says that the kernel does not take some options."""
    match = _NOT_TAKEN.search(log.read_text(errors="replace"))
    if match:
        of = work.target
        raise Broken(f"CONFIG={of.config.name} ARCH={of.arch.name}: Linux {work.kernel.version} "
                     f"does not take {match[1]}")


def forget_other_checkout(build: Path) -> None:
    """Remove what was built of another checkout's suites: its files may be newer
    than ours, and make would take that for up to date."""
    mark = build / ".kmbench-checkout"
    if not mark.exists() or mark.read_text() != str(farm.REPO):
        shutil.rmtree(build / farm.HOME, ignore_errors=True)
        mark.write_text(str(farm.REPO))


def _make(work: Work, log: Path) -> None:
    """kunit.py build, unless nothing can have changed since it did."""
    stamp, inputs = work.build / ".kmbench-inputs", _inputs(work)
    if inputs and stamp.exists() and stamp.read_text() == inputs:
        return
    stamp.unlink(missing_ok=True)
    forget_other_checkout(work.build)
    fragment = work.build / "kmbench.kunitconfig"
    cache.write_if_changed(fragment, work.merged.text)
    usual = _OBJECTS if work.build.name == work.kernel.key else 0
    with step(f"build {work.what}", objects(work.build, usual)) as current:
        try:
            proc.run(work.build_argv(fragment), log, what="kunit.py build", step=current)
        except Broken:
            _not_taken(work, log)
            raise
    stamp.write_text(inputs)


def _results(work: Work) -> int:
    """How many results of cases the log of the run under way has."""
    log = work.build / "test.log"
    return len(_RESULT.findall(log.read_bytes())) if log.exists() else 0


def _course(work: Work, before: Path) -> Callable[[], str]:
    """What tells how many cases are done of as many as before, and how long the rest will take."""
    count = before.read_text() if before.exists() else ""
    course = Course(int(count)) if count.isdigit() else None

    def far() -> str:
        count = _results(work)
        return f"case {course.at(count)}" if course and 0 < count < course.total else f"{count} cases"
    return far


def _exec(work: Work, log: Path, emulator: qemu.Emulator) -> float:
    """kunit.py exec; returns the seconds that the suites took, boot included."""
    # UML keeps a directory a process; without this, in the user's home.
    home = [] if work.target.arch.emulator else [f"uml_dir={work.build}/uml/"]
    argv, env = work.exec_argv([*home, *work.asked()], emulator)
    (work.build / "test.log").unlink(missing_ok=True)
    before = work.build / ".kmbench-cases"
    with step(f"run {work.what}", _course(work, before)) as current:
        proc.run(argv, log, what="kunit.py exec", step=current, env=env)
    if not (work.build / "test.log").exists():
        raise Broken(f"kunit.py exec: {proc.first_error(log)} (all of it: {log})")
    before.write_text(str(_results(work)))
    match = _ELAPSED.search(log.read_text(errors="replace"))
    return float(match[1]) if match else 0.0


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


def _name(case: ktap.Case) -> str:
    return "/".join(filter(None, (case.suite, case.case, case.parameter)))


def complaints(log: ktap.Log, allowed: Sequence[skips.Rule] | None = None) -> list[str]:
    """What is wrong with a log, whatever its cases say. allowed: as in verdict_of()."""
    found = [f"the kernel complained: {log.complaint}"] if log.complaint else []
    found += [f"{c.case}: does not say which promise it tests" for c in log.cases
              if not c.case.startswith(_CONTROL) and c.case not in log.promises]
    failed = any(c.outcome in ("fail", "error") for c in log.cases)
    if not (log.sound or failed and not log.unexplained) or not any(c.outcome == "pass" for c in log.cases):
        found.append(MISSING)
    more = [] if allowed is None else skips.unexpected(log.cases, list(allowed))
    return found + [f"{_name(case)}: skipped ({case.reason or 'no reason given'}), which no [[skip]] of "
                    f"kunit/matrix.toml allows here; {len(more)} such skips" for case in more]


def verdict_of(log: ktap.Log, allowed: Sequence[skips.Rule] | None = None) -> tuple[str, str]:
    """pass, fail or error of a whole log, and why.

    A log without a single passed case, or one that kunit.py finds broken,
    never passes: silence is no success. Neither is a skip that no rule of
    `allowed` covers; None allows all.
    """
    bad = [c for c in log.cases if c.outcome in ("fail", "error")]
    if bad:
        said = f": {log.complaint}" if bad[0].outcome == "error" and log.complaint else ""
        return "fail", f"{_name(bad[0])}: {bad[0].reason or bad[0].outcome}{said}"
    if not log.started and not log.complaint:
        return "error", "the kernel said nothing"
    wrong = complaints(log, allowed)
    return ("fail", wrong[0]) if wrong else ("pass", "")


@dataclass(frozen=True)
class Ran:
    """A suite that has run.

    log: what it said. seconds: it took, with the boot. emulator: the QEMU that
    it ran in; "" for UML. boot: words of the command line. without: options
    that this kernel does not have. first: a failure under another QEMU.
    """

    log: ktap.Log
    seconds: float = 0.0
    emulator: str = ""
    boot: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    first: str = ""


def _run_once(work: Work, run_dir: Path, emulator: qemu.Emulator) -> Ran:
    seconds = _exec(work, run_dir / "kunit-run.log", emulator)
    shutil.copyfile(work.build / "test.log", run_dir / "kunit.log")
    return Ran(ktap.read(work.kunit_py, run_dir / "kunit.log"), seconds,
               emulator.version() if work.target.arch.emulator else "", tuple(work.asked()),
               tuple(work.merged.without))


def _run(work: Work, run_dir: Path) -> Ran:
    """Run it; what a flaw of an old QEMU explains is heard again under another."""
    emulator = qemu.Emulator(work.target.arch.emulator)
    ran = _run_once(work, run_dir, emulator)
    said = " ".join([ran.log.complaint, *(c.reason for c in ran.log.cases if c.outcome != "pass")])
    if emulator != qemu.INSTALLED or not qemu.blames_flags(said):
        return ran
    newer = qemu.newer_if_suspect(emulator, "tcg")
    return replace(_run_once(work, run_dir, newer), first=ran.log.complaint) if newer else ran


def _build_of(kernel: Kernel, of: Target) -> Path:
    """Where the cache has its build, if it has."""
    merged = configs.merge(of.config, of.arch, of.place(kernel))
    return cache.root() / f"kunit/{of.build_name(kernel, merged)}"


def build_and_run(kernel: Kernel, run_dir: Path, of: Target | None = None) -> Ran:
    """Build and run a kernel; its console goes to run_dir/kunit.log."""
    of = of or target()
    merged = configs.merge(of.config, of.arch, of.place(kernel))
    for option, why in merged.without.items():
        print(f"  without {option}: {why}", file=sys.stderr)
    name = of.build_name(kernel, merged)
    with cache.lock(f"kunit-{name}"):
        tree = farm.plant(kernel)
        if kernel.like and (have := _build_of(kernel.like, of)).exists():
            adopted.copy(have, f"kunit/{name}", tree)
        work = Work(kernel, of, merged, tree / "tools/testing/kunit/kunit.py",
                    cache.workdir(f"kunit/{name}"))
        _make(work, run_dir / "kunit-build.log")
        shutil.copyfile(work.build / ".config", run_dir / "kunit.config")
        return _run(work, run_dir)


def findings(log: ktap.Log, allowed: list[skips.Rule]) -> dict[str, Any]:
    """What a log says, as results/schema.json describes it."""
    verdict, reason = verdict_of(log, allowed)
    return {
        "verdict": verdict, "reason": reason, "counts": _counts(log),
        "notes": skips.unused(log.cases, allowed), "promises": _promises(log),
        "complaints": complaints(log, allowed),
        "controls": [_case_json(c) for c in log.cases if c.case not in log.promises],
    }


def _beside(log: ktap.Log, place: Place) -> dict[str, Any]:
    """What a log says but for what the kernel is known to break at that place."""
    known = breaches.known(place)
    verdict, reason = verdict_of(breaches.without(log, known), skips.rules(place))
    if verdict == "pass" and (late := breaches.missing(log.cases, known)):
        verdict, reason = "fail", late
    return {"cases": [_name(case) for case in breaches.covered(log.cases, known)],
            "verdict": verdict, "reason": reason}


def document(kernel: Kernel, run_dir: Path, ran: Ran, of: Target | None = None) -> dict[str, Any]:
    """The content of kunit.json, as results/schema.json describes it."""
    of = of or target()
    found = findings(ran.log, skips.rules(of.place(kernel)))
    config = (run_dir / "kunit.config").read_bytes()
    emulator = {"qemu": ran.emulator} if ran.emulator else {}
    if ran.first:
        found["notes"].append(f"at first, under another QEMU, not confirmed by this one: {ran.first}")
    return {
        **results.header("kmbench-kunit", kernel, results.command("kunit", kernel, **of.words())),
        "environment": {"runner": "kunit", "arch": of.arch.name, "config": of.config.name,
                        "compiler": results.compiler(config.decode()),
                        "config_sha256": hashlib.sha256(config).hexdigest(),
                        "boot": list(ran.boot), "cpus": of.config.cpus,
                        "without": list(ran.without), **emulator},
        **found, "known": _beside(ran.log, of.place(kernel)), "seconds": ran.seconds,
    }


def judge(kernel: Kernel, run_dir: Path, of: Target | None = None) -> dict[str, Any]:
    """Build, run, judge, write kunit.json; returns its content."""
    doc = document(kernel, run_dir, build_and_run(kernel, run_dir, of), of)
    results.write(run_dir / "kunit.json", doc)
    return doc


def run(kernel: Kernel, run_dir: Path, of: Target | None = None) -> Code:
    """Correctness of one kernel, as an exit code."""
    doc = judge(kernel, run_dir, of)
    if doc["verdict"] == "error":
        raise Broken(f"KUnit: {doc['reason']}; console: {run_dir}/kunit.log")
    return Code.GOOD if doc["verdict"] == "pass" else Code.FAILED
