# SPDX-License-Identifier: GPL-2.0
"""A KTAP log, read by the kernel's own kunit.py, as cases and promises.

kunit.py says what passed; it drops the reason of a skip, and knows nothing of
promises, so these two are read from the log's lines beside it.
"""

from __future__ import annotations

import json
import re
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Iterator

from . import proc
from .vm import badness

_RESULT = re.compile(r"^(?P<indent> *)(?:not )?ok \d+ (?:- )?(?P<name>.*?)(?: # SKIP ?(?P<why>.*))?$")
_SUBTEST = re.compile(r"^(?P<indent> *)# Subtest: (?P<name>.*)$")
_PROMISE = re.compile(r"^ *# (?P<case>\S+): promise (?P<nr>\d+) (?P<kind>[CI]): (?P<text>.*) \((?P<place>.*)\)$")
_SKIP = re.compile(r"^ *# (?P<case>\S+): skip: (?P<why>.*)$")
_DIFFERS = re.compile(r"^ *# (?P<case>\S+): differs: (?P<text>.*)$")
_FAILURE = re.compile(r"^ *# (?P<case>\S+): (?P<text>(?:EXPECTATION|ASSERTION) FAILED.*|"
                      r"failed to initialize: .*|test case timed out.*|internal error occurred.*)$")
# What a case says before it does anything: one without parameters that it begins.
_BEGUN = re.compile(r"^ *# (?P<case>\S+): (?:promise \d+ [CI]: .*|begins)$")

_ASKED = re.compile(r"kmbench: the following warning is asked for.*?"
                    r"kmbench: the warning that was asked for is over", re.S)
_NEVER_ASKED = re.compile(r"KASAN:|KFENCE:|UBSAN:|KCSAN:|INFO: |WARNING: (possible|inconsistent)|Oops[: ]|"
                          r"Kernel panic|general protection fault|Unable to handle|soft lockup|hard LOCKUP|"
                          r"kernel BUG at|BUG: (Bad|spinlock)|BUG [\w-]+ \((?!.*Objects remaining)|"
                          r"lib/(debugobjects|list_debug)")

_KUNIT_LINE = re.compile(r"^ *(?:# |(?:not )?ok \d|K?TAP version|\d+\.\.\d+$)")
_DIED = "died here: the log ends or the kernel crashed"

_OUTCOMES = {"PASS": "pass", "SKIP": "skip", "FAIL": "fail", "ERROR": "error"}


@dataclass(frozen=True)
class Case:
    """One result: suite, case, parameter ("" if the case has none).

    outcome: pass, fail, skip or error. reason: why, where it did not pass.
    """

    suite: str
    case: str
    parameter: str
    outcome: str
    reason: str


@dataclass(frozen=True)
class Promise:
    """A row of the promise table, as the kernel under test printed it."""

    nr: int
    kind: str
    text: str
    place: str


@dataclass(frozen=True)
class Log:
    """What a log says.

    cases: in order. promises: by the name of the case that checks each.
    differences: what a case says of a property of the implementation that this
    kernel lacks, by the case's name; that is no failure.
    sound: kunit.py found nothing wrong, neither failures nor a broken log.
    started: the kernel came as far as KUnit. complaint: the first warning,
    BUG or panic since then that no case had asked for, or how the kernel
    died before; "" for none. unexplained: a suite, or a case with parameters, that is
    "not ok" though nothing in it failed; "" for none.
    """

    cases: tuple[Case, ...]
    promises: dict[str, Promise]
    differences: dict[str, str]
    sound: bool
    started: bool
    complaint: str
    unexplained: str = ""


def _kunit_parse(kunit_py: Path, log: Path, *options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(["/usr/bin/python3", str(kunit_py), "parse", *options, str(log)],
                          capture_output=True, check=False, env=proc.clean_env())


def lines_of(kunit_py: Path, log: Path) -> list[str]:
    """The KTAP lines of a console log, without what the console put before."""
    done = _kunit_parse(kunit_py, log, "--raw_output=kunit")
    return [line.rstrip() for line in done.stdout.decode(errors="replace").splitlines()]


# The first line of what the kernel has to say of itself.
_KERNEL_LINE = re.compile(r"={20}|-{20}|BUG[ :]|WARNING: |Kernel panic|Oops|------------\[ cut here")


def _message(lines: list[str], at: int) -> str:
    """What a failed expectation says, on one line: all up to KUnit's next line."""
    said: list[str] = []
    for line in lines[at + 1:at + 12]:
        if _KUNIT_LINE.match(line) or _KERNEL_LINE.match(line.strip()):
            break
        said.append(line.strip())
    return " ".join(said) or lines[at].split(": ", 1)[1]


def _reasons(lines: list[str]) -> tuple[dict[tuple[str, ...], str], dict[tuple[str, ...], str]]:
    """Why each result was skipped, and why each failed, by its path of names.

    A case says why before its result, or that of its parameter; KUnit of 6.1
    says only "ok" of a parameter that was skipped, so the case's line counts.
    """
    skips: dict[tuple[str, ...], str] = {}
    failures: dict[tuple[str, ...], str] = {}
    open_tests: dict[int, str] = {}
    skip, failure = ("", ""), ""
    for at, line in enumerate(lines):
        if match := _SKIP.match(line):
            skip = (match["case"], match["why"])
        elif match := _FAILURE.match(line):
            failure = failure or _message(lines, at)
        elif match := _SUBTEST.match(line):
            open_tests[len(match["indent"]) // 4] = match["name"]
        elif match := _RESULT.match(line):
            depth = len(match["indent"]) // 4
            path = (*(open_tests.get(d, "") for d in range(1, depth + 1)), match["name"])
            own = skip[1] if skip[0] in path else ""
            if match["why"] is not None or own:
                skips[path] = match["why"] or own
            failures[path] = failure
            skip, failure = ("", ""), ""
    return skips, failures


def _leaves(group: dict[str, Any], path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    for sub in group["sub_groups"]:
        yield from _leaves(sub, (*path, sub["name"]))
    for case in group["test_cases"]:
        yield (*path, case["name"]), _OUTCOMES[case["status"]]


def _case(path: tuple[str, ...], outcome: str, skips: dict[tuple[str, ...], str],
          failures: dict[tuple[str, ...], str]) -> Case:
    suite, case, parameter = (*path, "", "", "")[:3]
    if outcome == "pass" and path in skips:
        outcome = "skip"
    reason = {"skip": skips.get(path, ""), "fail": failures.get(path, ""),
              "error": _DIED}.get(outcome, "")
    return Case(suite, case, parameter, outcome, reason)


def _unexplained(lines: list[str], cases: list[Case]) -> str:
    """What is "not ok" though nothing in it failed; "" for none."""
    bad = [(c.suite, c.case, c.parameter) for c in cases if c.outcome in ("fail", "error")]
    open_tests: dict[int, str] = {}
    for line in lines:
        if match := _SUBTEST.match(line):
            open_tests[len(match["indent"]) // 4] = match["name"]
        elif (match := _RESULT.match(line)) and line.lstrip().startswith("not ok"):
            depth = len(match["indent"]) // 4
            path = (*(open_tests.get(d, "") for d in range(1, depth + 1)), match["name"])
            if not any(one[:len(path)] == path for one in bad):
                return "/".join(path)
    return ""


def _unended(lines: list[str]) -> list[tuple[str, str]]:
    """Suite and name of the cases that began and have no result, whatever their
    parameters had. A name may be in several suites."""
    begun: dict[tuple[str, str], None] = {}
    suite = ""
    for line in lines:
        if match := _SUBTEST.match(line):
            if len(match["indent"]) == 4:
                suite = match["name"]
            elif len(match["indent"]) == 8:
                begun[suite, match["name"]] = None
        elif match := _BEGUN.match(line):
            begun[suite, match["case"]] = None
        elif (match := _RESULT.match(line)) and len(match["indent"]) == 4:
            begun.pop((suite, match["name"]), None)
    return list(begun)


def _named(cases: list[Case], lines: list[str]) -> list[Case]:
    """Name the cases in which the kernel died; kunit.py may know only their suite."""
    for suite, name in _unended(lines):
        died = Case(suite, name, "", "error", _DIED)
        mute = [at for at, case in enumerate(cases)
                if case.outcome == "error" and (case.suite, case.case) == (suite, "")]
        if mute:
            cases[mute[0]] = died
        elif not any((c.suite, c.case, c.outcome) == (suite, name, "error") for c in cases):
            cases.append(died)
    return cases


def unasked(console: str) -> str:
    """A console log without the complaints that a case asked for. What none ever asks
    for stays: KASAN and lockdep report once, and are silent from then on."""
    def kept(asked: re.Match[str]) -> str:
        lines = [line for line in asked[0].splitlines() if _NEVER_ASKED.search(line)]
        return "\n".join(["", *lines, ""])
    return _ASKED.sub(kept, console)


def _complaint(console: str) -> str:
    """What the kernel complained of since KUnit began, but was not asked to.

    A kernel that does not come that far died at its last line.
    """
    since = re.split(r"K?TAP version", console, maxsplit=1)
    if len(since) < 2:
        lines = [line.strip() for line in console.splitlines() if line.strip()]
        panics = [line for line in lines if "Kernel panic" in line]
        return f"it died before KUnit: {(panics or lines[-1:])[0]}" if lines else ""
    return badness(unasked(since[1]))


def read(kunit_py: Path, log: Path) -> Log:
    """Read a log with the kunit.py of the kernel that wrote it."""
    log = log.resolve()  # kunit.py opens it from another directory
    lines = lines_of(kunit_py, log)
    skips, failures = _reasons(lines)
    with tempfile.NamedTemporaryFile(suffix=".json") as out:
        done = _kunit_parse(kunit_py, log, f"--json={out.name}")
        text = Path(out.name).read_text()
    leaves = list(_leaves(json.loads(text), ())) if text else []
    cases = [_case(path, outcome, skips, failures) for path, outcome in leaves]
    promises = {m["case"]: Promise(int(m["nr"]), m["kind"], m["text"], m["place"])
                for m in map(_PROMISE.match, lines) if m}
    differences = {m["case"]: m["text"] for m in map(_DIFFERS.match, reversed(lines)) if m}
    return Log(tuple(_named(cases, lines)), promises, differences, done.returncode == 0,
               bool(lines), _complaint(log.read_text(errors="replace")), _unexplained(lines, cases))
