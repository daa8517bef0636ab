# SPDX-License-Identifier: GPL-2.0
"""`make check`: everything that shows that the suite itself is sound."""

from __future__ import annotations

import itertools
import os
import re
import shutil
import subprocess
import tempfile
import xml.etree.ElementTree
from collections import defaultdict
from pathlib import Path
from typing import Callable

from . import build, cache, docs, farm, intree, kernels, kunit, lint, proc, results
from .errors import Code, KmbError
from .kernels import Kernel
from .progress import Course, Step, note, step
from .tally import Tally


# Seconds in which tests that are broken off may remove what they have.
_PATIENCE = 5.0


def _warnings(log: Path, about: str = "") -> str:
    """A build's complaints about files whose lines contain `about`.

    Without any, a build whose sparse was refused is still no pass.
    """
    text = log.read_text(errors="replace")
    found = [line for line in text.splitlines() if about in line
             and re.search(r"(warning|error):", line, re.IGNORECASE)]
    if not found and "sparse is not available or not up to date" in text:
        raise lint.Absent("a sparse that is new enough for this kernel; W=1 alone found nothing")
    return "\n".join(dict.fromkeys(found))


def _strict_modules(kernel: Kernel, where: str) -> str:
    """W=1 and sparse over modules, from nothing, so that all is looked at."""
    boot = build.kernel_for_vm(kernel)
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        work = Path(name)
        for part in ("kunit", "module"):
            shutil.copytree(farm.REPO / part, work / part,
                            ignore=shutil.ignore_patterns("*.o", ".*"))
        proc.run(build.module_make(boot, work / where, "W=1", "C=2"), work / "log",
                 what=f"W=1 C=2 of {where}/")
        return _warnings(work / "log")


def _strict_kunit(kernel: Kernel) -> str:
    """W=1 and sparse over the suites, in a copy of the UML build directory."""
    with cache.lock(f"kunit-{kernel.key}"):
        built = cache.workdir(f"kunit/{kernel.key}")
        copy = cache.workdir("strict") / kernel.key
        shutil.rmtree(copy, ignore_errors=True)
        proc.run(["cp", "-a", built, copy], cache.workdir("logs") / "cp.log", what="cp")
        log = cache.workdir("logs") / "strict-kunit.log"
        proc.run(["make", "-C", cache.workdir(f"farm/{kernel.key}"), f"O={copy}", "ARCH=um",
                  f"-j{os.cpu_count()}", "W=1", "C=2", "mm/kmbench/kunit/"], log,
                 what="W=1 C=2 of kunit/")
        shutil.rmtree(copy)
    return _warnings(log, f"{farm.HOME}/")


def _patch(kernel: Kernel) -> str:
    """checkpatch as maintainers run it, on what `make patch` writes."""
    with tempfile.NamedTemporaryFile("w", suffix=".patch") as file:
        file.write(intree.patch(kernel))
        file.flush()
        done = subprocess.run(["perl", "scripts/checkpatch.pl", "--terse", "--show-types",
                               "--no-summary", file.name], cwd=kernel.source, check=False,
                              capture_output=True, text=True)
    return done.stdout if done.returncode else ""


def _manual() -> str:
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        return docs.man_complaints(docs.man(Path(name)))


def _lint(tally: Tally, kernel: Kernel) -> None:
    script = kernel.source / "scripts/checkpatch.pl"
    lint.run(tally, (
        lint.Lint("Documentation, by Sphinx", lambda _: docs.complaints(), "sphinx-build"),
        lint.Lint("kmbench(1), by groff", lambda _: _manual(), "groff"),
        lint.Lint("checkpatch", lint.checkpatch(script), "perl"),
        lint.Lint("checkpatch of the in-tree patch", lambda _: _patch(kernel), "perl"),
        lint.Lint("sparse and W=1 of module/", lambda _: _strict_modules(kernel, "module"), "sparse"),
        lint.Lint("sparse and W=1 of kunit/ktap/",
                  lambda _: _strict_modules(kernel, "kunit/ktap"), "sparse"),
        lint.Lint("sparse and W=1 of kunit/", lambda _: _strict_kunit(kernel), "sparse"),
    ))


def _kunit(tally: Tally, kernel: Kernel) -> None:
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        kunit.run(kernel, Path(name))
        document = results.load(Path(name) / "kunit.json")
    cases = [c for p in document["promises"] for c in p["cases"]] + document["controls"]
    for case in cases:
        name = "kunit: " + "/".join(filter(None, (case["suite"], case["case"], case["parameter"])))
        if case["outcome"] == "skip":
            tally.skip(name, case["reason"] or "no reason was given")
        else:
            tally.add(name, "" if case["outcome"] == "pass" else
                      f"{case['outcome']}: {case['reason']}")
    if document["verdict"] != "pass":
        tally.add("kunit: the run as a whole", document["reason"])


def _tap(tally: Tally, prefix: str, text: str) -> None:
    for ok, name, why in re.findall(r"^(ok|not ok) \d+ - (.*?)(?: # SKIP ?(.*))?$", text, re.M):
        if why:
            tally.skip(f"{prefix}: {name}", why)
        else:
            tally.add(f"{prefix}: {name}", "" if ok == "ok" else "see the test's output above")


def _tool(tally: Tally, kernel: Kernel) -> None:
    """The tool's unit tests; their own totals are taken."""
    work = build.tool(kernel)
    with cache.lock(f"tool-{kernel.key}"):
        done = subprocess.run(
            [str(a) for a in (*build.tool_make(kernel, work), "check")], check=False,
            env=proc.clean_env({"CMOCKA_MESSAGE_OUTPUT": "TAP"}), stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    text = done.stdout.decode(errors="replace")
    before = (tally.failed, tally.passed)
    _tap(tally, "tool", text)
    if (done.returncode and tally.failed == before[0]) or tally.passed == before[1]:
        tally.add("tool: unit tests", "\n".join(text.splitlines()[-5:]))


def _tests(scratch: Path, what: list[Path], *options: str) -> tuple[list[str | Path], Path]:
    """A command that runs tests, and the report that it writes."""
    report = scratch / f"{what[0].name}.xml"
    return ["/usr/bin/python3", "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider",
            f"--junitxml={report}", *options, *what], report


def _where_time_went(cases: list[xml.etree.ElementTree.Element]) -> str:
    """The files of tests that took longest, with their seconds: what to look at for a shorter run."""
    seconds: dict[str, float] = defaultdict(float)
    for case in cases:
        seconds[(case.get("classname") or "").split(".")[-1]] += float(case.get("time") or 0)
    longest = sorted(seconds, key=lambda name: -seconds[name])[:8]
    return (f"tests, {sum(seconds.values()):.0f} s: "
            + ", ".join(f"{name} {seconds[name]:.0f}" for name in longest))


def _take(tally: Tally, report: Path, log: Path, status: int | None, *options: str) -> None:
    """Count the cases of a report; a failure without a case, or no case, is one as well."""
    cases = list(xml.etree.ElementTree.parse(report).iter("testcase")) if report.exists() else []
    before = tally.failed
    for case in cases:
        _junit_case(tally, case, "".join(f" {option}" for option in options))
    note(_where_time_went(cases))
    if not cases or (status and tally.failed == before):
        tally.add("scripts: tests", proc.last_lines(log, 5))


def _ran(scratch: Path, current: Step, part: list[Path], *options: str) -> tuple[Path, Path, int | None]:
    """Run tests: their report, what they wrote, and the exit status."""
    argv, report = _tests(scratch, part, *options)
    log = report.with_suffix(".log")
    with log.open("wb") as out, proc.child(argv, stdout=out, cwd=farm.REPO) as process:
        return report, log, proc.wait(process, current)


def _how_far(scratch: Path, total: int) -> Callable[[], str]:
    """Which of the parts, and of those that run how much, as pytest says it at the end of a line."""
    course = Course(total)

    def far() -> str:
        ended = {report.stem for report in scratch.glob("*.xml")}
        under_way = [log for log in sorted(scratch.glob("*.log")) if log.stem not in ended]
        said = [(log.stem, re.findall(r"\[ *(\d+)%\]$", log.read_text(errors="replace"), re.M)) for log in under_way]
        return f"part {course.at(len(ended))}" + "".join(f", {name} {(told or [0])[-1]} %" for name, told in said)
    return far


def _pytest(tally: Tally, parts: list[list[Path]], *options: str) -> None:
    """Tests of the scripts, and of guests that break: a part on each processor, and whichever
    is free takes the next one."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name, \
            step("tests of the scripts and of guests", _how_far(Path(name), len(parts))) as current:
        for ran in proc.side_by_side(lambda part: _ran(Path(name), current, part, *options), parts,
                                     patience=_PATIENCE):
            _take(tally, *ran, *options)


def _part(test: Path) -> str:
    """Which tests run in one process: those that look at guests of lab.py, which are booted once
    for all of them; those of commands, which share a checkout; those that are quick. Each that
    boots guests of its own is one by itself. In the order in which they begin."""
    if "pytest.mark.guests" in test.read_text():
        return "1 guests"
    if test.name.startswith("test_command_"):
        return "2 commands"
    return f"4 {test.name}" if test.name.startswith("test_guest_") else "3 quick"


def _scripts(tally: Tally, kernel: Kernel) -> None:
    """All tests, with guests of the default kernel; cells with those of another one, too."""
    tests = sorted((farm.REPO / "scripts/tests").glob("test_*.py"), key=lambda t: (_part(t), t))
    _pytest(tally, [list(part) for _name, part in itertools.groupby(tests, _part)])
    if not kernel.is_tree and kernel.name != kernels.DEFAULT:
        _pytest(tally, [[t for t in tests if t.name == "test_guest_cells.py"]],
                "--kernel", kernel.name)


def _junit_case(tally: Tally, case: xml.etree.ElementTree.Element, of: str) -> None:
    where = (case.get("classname") or "").split(".")[-1].removeprefix("test_")
    name = f"{where}{of}: {case.get('name', '').removeprefix('test_')}"
    skipped, problem = case.find("skipped"), case.find("failure")
    problem = case.find("error") if problem is None else problem
    if skipped is not None:
        tally.skip(name, skipped.get("message", ""))
    else:
        tally.add(name, "" if problem is None else (problem.text or "failed"))


def run(kernel_name: str, kdir: str) -> Code:
    """All checks with one kernel; prints the closing line."""
    tally = Tally()
    try:
        kernel = kernels.find(kernel_name, kdir)
    except KmbError as error:
        tally.add("kernel: set-up", str(error))
        print(tally.line())
        return Code.BROKEN
    for name, part in (("kunit", _kunit), ("lint", _lint), ("tool", _tool),
                       ("scripts", _scripts)):
        try:
            part(tally, kernel)
        except KmbError as error:
            tally.add(f"{name}: set-up", str(error))
    print(tally.line())
    return tally.code()
