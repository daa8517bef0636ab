# SPDX-License-Identifier: GPL-2.0
"""Does the suite notice broken allocators? Applies each mutant of the catalogue to a
private tree, rebuilds UML or, where only that can show it, another architecture, runs
the suites, and asks whether they are red.

The unmutated kernel goes first, with each configuration and command line that a
mutant has: what is red there would be no mutant's doing. A mutant that does not
match the tree, does not compile or does not boot proves nothing and is no kill.
Neither is one well tested that only a case of another promise notices, or none.
The cases of the first promise that it breaks run alone first, and if they are red
that is the answer: it takes a second, not ten. Otherwise all suites run, and where
the kernel dies in a case of another promise, those of each of its own run alone.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Callable, Iterator

from . import arches, cache, catalogue, ktap, kunit, qemu, results
from .catalogue import Mutant
from .effort import Effort
from .errors import Broken, CannotTell, Code
from .kernels import Kernel
from .mutant_tree import Tree, original
from .progress import Course, Step, step

# A mutant's run may take so many times as long as the control's, and seconds more.
_PATIENCE = 3
_PATIENCE_MORE = 10.0
# What a mutant may take at most, rebuild included, by itself: seconds.
MOST_SECONDS = 60.0
# Outcomes that prove nothing, and why.
_BROKEN = {"unmatched": "its text is not in the tree once", "unbuilt": "it does not compile",
           "unbooted": "it does not come as far as KUnit",
           "refuted": "the data says that no caller can tell it from the original"}
# Outcomes that are as they should be, and what is no result at all.
_COUNTED = ("killed", "survived", "equivalent", "untried")
_CASE = re.compile(r"^ {4}(?:not )?ok \d+ (?:- )?(\w+)")


@dataclass(frozen=True)
class Red:
    """A case that noticed; promise: its number, 0 for a control or if unknown."""

    case: str
    promise: int


@dataclass(frozen=True)
class Result:
    """What became of a mutant.

    outcome: one of _COUNTED or of _BROKEN; untried is what the data says cannot
    be tried here. red: the cases that failed, died, hung, or during which the
    kernel complained. reason: the first failure, or why the outcome is none. seconds: of all,
    rebuild included. own: of those, what it took by itself, on a machine that is busy.
    """

    mutant: Mutant
    outcome: str
    red: tuple[Red, ...] = ()
    reason: str = ""
    seconds: float = 0.0
    own: float = 0.0

    @property
    def expected(self) -> bool:
        """Whether a case of a promise that the mutant breaks noticed it."""
        return any(red.promise in self.mutant.breaks for red in self.red)

    @property
    def fault(self) -> str:
        """Why the run fails for it, where it proves something; "" where it does not."""
        if self.outcome == "survived":
            return "survived"
        if self.outcome == "killed" and not self.expected and not self.mutant.why:
            promises = " or ".join(map(str, self.mutant.breaks))
            return f"killed, but by no case of promise {promises}"
        if self.own > MOST_SECONDS:
            return f"took {self.own:.0f} s with its rebuild, more than {MOST_SECONDS:.0f}"
        return ""


def _case_of_complaint(console: str, complaint: str) -> str:
    """The case during which the kernel complained; "" if it cannot be told.

    A line before KUnit is no complaint, though UML's boot has "Call Trace:".
    """
    asked, here = False, False
    for line in re.split(r"K?TAP version", console, maxsplit=1)[-1].splitlines():
        if "kmbench: the following warning is asked for" in line:
            asked = True
        elif "kmbench: the warning that was asked for is over" in line:
            asked = False
        elif not asked and complaint in line:
            here = True
        elif here and (match := _CASE.match(line)):
            return match[1]
    return ""


def _promise_of(case: str, log: ktap.Log) -> int:
    if case in log.promises:
        return log.promises[case].nr
    match = re.match(r"p(\d+)_", case)
    return int(match[1]) if match else 0


def _skipped(log: ktap.Log) -> set[tuple[str, str, str]]:
    return {(c.suite, c.case, c.parameter) for c in log.cases if c.outcome == "skip"}


def judge(log: ktap.Log, console: str, ended: bool,
          may_skip: set[tuple[str, str, str]]) -> tuple[tuple[Red, ...], str]:
    """Which cases are red, and why the run is no pass; ((), "") for a pass.

    may_skip: what the control skipped. What a mutant makes skip besides is
    red, as it is in make kunit, where no skip is allowed that is not declared.
    """
    verdict, reason = kunit.verdict_of(log)
    more = [c for c in log.cases
            if c.outcome == "skip" and (c.suite, c.case, c.parameter) not in may_skip]
    if ended and verdict == "pass" and not more:
        return (), ""
    bad = [c for c in log.cases if c.outcome in ("fail", "error")]
    names = [c.case or c.suite for c in (*bad, *more)]
    if log.complaint:
        names.append(_case_of_complaint(console, log.complaint))
    if verdict == "pass" and more:
        reason = f"{more[0].case}: skipped, but not without the mutant: {more[0].reason}"
    if not ended:
        reason = f"it hung; {reason}"
    return tuple(Red(n, _promise_of(n, log)) for n in dict.fromkeys(names) if n), reason


def _booted(log: ktap.Log) -> bool:
    return log.started and not log.complaint.startswith("it died before KUnit")


def _only(args: str, nr: int) -> str:
    """A command line for no cases but those of a promise."""
    return f"{args} kunit.filter_glob=kmalloc_*.p{nr}_*".strip()


def _where(arch: str, config: str) -> str:
    return config if arch == arches.DEFAULT else f"{arch}-{config}"


@dataclass
class Laboratory:
    """The tree in one configuration, and what the suites do in it without a mutant.

    took: seconds, by command line. skipped: the cases that skip, likewise.
    """

    tree: Tree
    run_dir: Path
    took: dict[str, float] = field(default_factory=dict)
    skipped: dict[str, set[tuple[str, str, str]]] = field(default_factory=dict)

    @property
    def config(self) -> str:
        """The name of the configuration; in front of it the architecture's, if it is not UML."""
        return _where(self.tree.target.arch.name, self.tree.target.config.name)

    def _suites(self, args: str, name: str, timeout: float,
                current: Step) -> tuple[ktap.Log, str, bool]:
        path = self.run_dir / f"{name}.log"
        ended = self.tree.run(args, path, timeout, current)
        return ktap.read(self.tree.kunit_py, path), path.read_text(errors="replace"), ended

    def control(self, mutants: list[Mutant]) -> None:
        """The unmutated kernel has to pass, or no verdict below means anything:
        all suites, and the cases that are to run alone."""
        self.tree.restore()
        self.tree.configure()
        for args in dict.fromkeys(m.args for m in mutants):
            log = self._control(args)
            passed = {_promise_of(c.case, log) for c in log.cases if c.outcome == "pass"}
            for nr in sorted({m.breaks[0] for m in mutants if m.args == args} & passed):
                self._control(_only(args, nr))

    def _control(self, args: str) -> ktap.Log:
        what = f"the unmutated kernel ({self.config}) {args}".strip()
        name = f"control-{self.config}-{len(self.took)}"
        with step(f"control: {what}") as current:
            # It is not known to end.
            log, console, ended = self._suites(args, name, self.tree.target.seconds(), current)
            self.took[args] = current.seconds()
        self.skipped[args] = _skipped(log)
        _, reason = judge(log, console, ended, self.skipped[args])
        if reason:
            raise Broken(f"{what} does not pass: {reason}; console: {self.run_dir}/{name}.log")
        return log

    def _run(self, mutant: Mutant, args: str, current: Step) -> Result:
        """Run suites on a mutant that is built, and judge. args: of the kernel, which
        say which suites, and with which the control has run."""
        timeout = _PATIENCE * self.took[args] + _PATIENCE_MORE
        log, console, ended = self._suites(args, mutant.name, timeout, current)
        red, reason = judge(log, console, ended, self.skipped[args])
        outcome = "killed" if reason else "equivalent" if mutant.equivalent else "survived"
        if outcome == "killed" and mutant.equivalent:
            outcome = "refuted"
        return Result(mutant, outcome if _booted(log) else "unbooted", red, reason)

    def _alone(self, mutant: Mutant, current: Step) -> tuple[Red, ...]:
        """The red cases of a promise that it breaks, where no other case runs.

        A kernel that died in another case did not come to them. A skip is not
        red here, as the control is not known to run them alone.
        """
        for nr in mutant.breaks:
            log, console, ended = self._suites(_only(mutant.args, nr), f"{mutant.name}-p{nr}",
                                               self.took[mutant.args] + _PATIENCE_MORE, current)
            red = tuple(r for r in judge(log, console, ended, _skipped(log))[0] if r.promise == nr)
            if red:
                return red
        return ()

    def _judged(self, mutant: Mutant, current: Step) -> Result:
        """What the suites say of a mutant that is built."""
        first = _only(mutant.args, mutant.breaks[0])
        if first in self.took:
            result = self._run(mutant, first, current)
            if result.expected:
                return result
        result = self._run(mutant, mutant.args, current)
        if result.outcome == "killed" and not result.expected:
            result = replace(result, red=result.red + self._alone(mutant, current))
        return result

    def _after(self, build: Callable[[Step], None], mutant: Mutant, current: Step) -> Result:
        """Rebuild in one of the tree's ways, run, judge."""
        try:
            build(current)
        except Broken as error:
            return Result(mutant, "unbuilt", (), str(error))
        return self._judged(mutant, current)

    def try_one(self, mutant: Mutant, current: Step) -> Result:
        """Apply a mutant, rebuild, run, judge. One that was not noticed may not have been built:
        that needs a whole build."""
        effort, result = Effort(), None
        with self.tree.mutated(mutant):
            if self.tree.in_mm():
                result = self._after(self.tree.make_mm, mutant, current)
            if not result or not result.expected:
                result = self._after(self.tree.make, mutant, current)
        return replace(result, seconds=current.seconds(), own=effort.seconds())


def _by(result: Result) -> str:
    """The promises whose cases noticed; those that the mutant breaks first."""
    numbers = list(dict.fromkeys(r.promise for r in result.red if r.promise))
    numbers.sort(key=lambda nr: (nr not in result.mutant.breaks, nr))
    words = [str(nr) for nr in numbers] or ["a control" if result.red else "no case"]
    return " ".join(words) if result.expected else f"another: {' '.join(words)}"


def _word(result: Result) -> str:
    if result.outcome == "killed":
        return f"killed by {_by(result)}"
    return result.outcome + (f", {_BROKEN[result.outcome]}" if result.outcome in _BROKEN else "")


def _explained(result: Result) -> str:
    """A line on a result that is not simply good."""
    reason = f": {result.reason}" if result.reason else ""
    return f"{result.mutant.name}: {result.fault or _word(result)}{reason}"


def _unmatched(mutants: tuple[Mutant, ...], kernel: Kernel) -> list[Result]:
    """Those whose text is not in the tree; all are named before anything is built."""
    found = []
    for mutant in mutants:
        try:
            catalogue.mutated(mutant, lambda name: original(kernel, name))
        except Broken as error:
            found.append(Result(mutant, "unmatched", (), str(error)))
    return found


def _run_all(mutants: list[Mutant], lab: Laboratory, done: list[Result], course: Course) -> None:
    for mutant in mutants:
        current = Step(f"{course.at(len(done))}: {mutant.name}")
        result = lab.try_one(mutant, current)
        current.done(_word(result))
        done.append(result)


def _untried(mutants: list[Mutant]) -> list[Result]:
    """Those that the data says cannot be tried here."""
    return [Result(m, "untried", (), m.nowhere) for m in mutants if m.nowhere]


def _by_target(mutants: list[Mutant]) -> dict[tuple[str, str], list[Mutant]]:
    """The mutants of each architecture and configuration, so that each is built once; and of
    each file one after the other, so that few builds compile one that is whole again."""
    near = sorted(mutants, key=lambda m: (m.scope, [edit.file for edit in m.edits]))
    return {target: [m for m in near if (m.arch, m.config) == target]
            for target in dict.fromkeys((m.arch, m.config) for m in mutants)}


def verdict_of(done: list[Result], wanted: int) -> tuple[str, str]:
    """pass, fail or error, and why: what proves nothing outweighs what fails the run."""
    broken = [r for r in done if r.outcome in _BROKEN]
    faults = [f"{r.mutant.name}: {r.fault}" for r in done if r.fault]
    if broken:
        return "error", f"{broken[0].mutant.name}: {broken[0].reason or _BROKEN[broken[0].outcome]}"
    if len(done) < wanted:
        return "error", f"interrupted: {len(done)} of {wanted} mutants were tried"
    if faults:
        return "fail", "; ".join(faults)
    return "pass", ""


def _json(result: Result) -> dict[str, Any]:
    mutant = result.mutant
    return {"name": mutant.name, "breaks": list(mutant.breaks), "arch": mutant.arch,
            "config": mutant.config, "args": mutant.args, "outcome": result.outcome,
            "expected": result.expected,
            "red": [{"case": r.case, "promise": r.promise} for r in result.red],
            "reason": result.reason, "equivalent": mutant.equivalent, "why": mutant.why,
            "fault": result.fault, "seconds": round(result.seconds, 1),
            "own_seconds": round(result.own, 1)}


def _environment(labs: list[Laboratory]) -> dict[str, Any]:
    texts = {lab.config: (lab.tree.build / ".config").read_bytes() for lab in labs}
    return {"compiler": results.compiler(next(iter(texts.values())).decode()),
            "configs": {name: hashlib.sha256(text).hexdigest() for name, text in texts.items()}}


def document(labs: list[Laboratory], done: list[Result], wanted: int, only: str) -> dict[str, Any]:
    """The content of mutants.json, as results/schema.json describes it."""
    verdict, reason = verdict_of(done, wanted)
    kernel = labs[0].tree.kernel
    count = {word: sum(r.outcome == word for r in done) for word in _COUNTED}
    return {
        **results.header("kmbench-mutants", kernel, results.command("mutants", kernel, ONLY=only)),
        "environment": _environment(labs), "verdict": verdict, "reason": reason,
        "counts": {**count, "broken": len(done) - sum(count.values()), "asked": wanted,
                   "tried": len(_tried(done))},
        "unproven": unproven(done),
        "controls": [{"arch": lab.tree.target.arch.name, "config": lab.tree.target.config.name,
                      "args": args, "seconds": round(seconds, 1)}
                     for lab in labs for args, seconds in lab.took.items()],
        "mutants": [_json(r) for r in done],
    }


def _tried(done: list[Result]) -> list[Result]:
    """Those that ran: what the data says cannot be tried, or proves nothing, did not."""
    return [r for r in done if r.outcome in _COUNTED and r.outcome != "untried"]


def unproven(done: list[Result]) -> list[int]:
    """The promises of which no mutant was noticed by a case of their own."""
    shown = {red.promise for r in done if r.outcome == "killed" for red in r.red
             if red.promise in r.mutant.breaks}
    return sorted({nr for r in done for nr in r.mutant.breaks} - shown)


def _totals(done: list[Result]) -> list[str]:
    """The last lines of the table; what was not tried is no success, and is said."""
    tried = _tried(done)
    counts = ", ".join(f"{sum(r.outcome == word for r in tried)} {word}"
                       for word in _COUNTED if word != "untried")
    by_other = sum(r.outcome == "killed" and not r.expected for r in done)
    untried = sum(r.outcome == "untried" for r in done)
    without = " ".join(map(str, unproven(done))) or "none"
    return [f"{len(tried)} of {len(done)} tried: {counts}; {by_other} killed only by another",
            f"{untried} untried, which proves nothing; promises without a kill: {without}"]


def table(done: list[Result]) -> str:
    """Plain text: a line a mutant, what survived, totals; at most 79 columns."""
    lines = [f"{'mutant':48} {'breaks':9} {'s':>4}  red cases of"]
    for r in done:
        breaks = " ".join(map(str, r.mutant.breaks))
        said = _by(r) if r.outcome == "killed" else r.outcome.upper()
        lines.append(f"{r.mutant.name:48} {breaks:9} {r.seconds:4.0f}  {said}")
    lines += ["", *(_explained(r) for r in done
                    if r.fault or r.outcome not in ("killed", "equivalent"))]
    return "\n".join([*lines, *_totals(done)]) + "\n"


def _settled(mutants: tuple[Mutant, ...], kernel: Kernel) -> list[Result]:
    """Those that need not be built; raises where that is all of them."""
    done = _unmatched(mutants, kernel)
    done += _untried([m for m in mutants if m not in {r.mutant for r in done}])
    for result in done:
        Step(result.mutant.name).done(f"{result.outcome}: {result.reason}")
    if len(done) == len(mutants):
        broken = [r for r in done if r.outcome in _BROKEN]
        if broken:
            raise Broken(broken[0].reason)
        raise CannotTell(f"{done[0].mutant.name}: cannot be tried here: {done[0].reason}")
    return done


def _rest_tried(kernel: Kernel, mutants: list[Mutant], done: list[Result],
                run_dir: Path) -> Iterator[Laboratory]:
    """Try mutants, target by target; each is handed out once its control has passed."""
    logs = cache.workdir(f"mutants/logs/{kernel.key}")
    # What is missing for one is said before hours are spent on the others.
    groups = [(kunit.target(*names), some) for names, some in _by_target(mutants).items()]
    for target, _some in groups:
        qemu.sound(qemu.Emulator(target.arch.emulator))
    course = Course(len(mutants) + len(done), len(done))
    for target, some in groups:
        lab = Laboratory(Tree(kernel, logs, target), run_dir)
        lab.control(some)
        yield lab
        _run_all(some, lab, done, course)


def run(kernel: Kernel, only: str, run_dir: Path) -> Code:
    """Try the mutants that `only` names (all without it) on a kernel."""
    mutants = catalogue.select(catalogue.of(kernel), only)
    with cache.lock(f"mutants-{kernel.key}"):
        shutil.rmtree(cache.root() / f"mutants/logs/{kernel.key}", ignore_errors=True)
        done = _settled(mutants, kernel)
        rest = [m for m in mutants if m not in {r.mutant for r in done}]
        labs: list[Laboratory] = []
        try:
            for lab in _rest_tried(kernel, rest, done, run_dir):
                labs.append(lab)
        finally:
            done.sort(key=lambda result: mutants.index(result.mutant))
            if labs:
                results.write(run_dir / "mutants.json", document(labs, done, len(mutants), only))
                (run_dir / "mutants.txt").write_text(table(done))
    print(table(done), end="")
    verdict, _ = verdict_of(done, len(mutants))
    return {"pass": Code.GOOD, "fail": Code.FAILED}.get(verdict, Code.BROKEN)
