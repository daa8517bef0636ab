# SPDX-License-Identifier: GPL-2.0
"""What kunit/matrix.toml declares, and what becomes of it: rows, skips that are
allowed and those that are not, options that a kernel lacks. Nothing is built."""

from __future__ import annotations

import fnmatch
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, Callable

import pytest
from kmblib import arches, configs, kernels, kunit, ktap, matrix, results, skips
from kmblib.errors import Broken, Code
from kmblib.farm import REPO
from kmblib.kernels import Kernel
from kmblib.place import Place, Where, declared, version, where

_UM = Place((6, 1), "um", "default")
_SKIPPED = ktap.Case("s", "p9_x", "", "skip", "CONFIG_X is off")
_HELD = ktap.Case("s", "p1_x", "", "pass", "")


Logs = Callable[..., ktap.Log]


@pytest.fixture(name="log", scope="module")
def _log(data: Path, kunit_py: Path) -> Logs:
    """A sound log that says nothing but these cases."""
    recorded = ktap.read(kunit_py, data / "kunit-pass.log")
    promise = ktap.Promise(1, "C", "text", "place")
    return lambda *cases: replace(recorded, cases=cases,
                                  promises={case.case: promise for case in cases})


def _file(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "matrix.toml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("said, place, holds", [
    ({}, _UM, True),
    ({"arch": "um"}, _UM, True),
    ({"arch": "arm64"}, _UM, False),
    ({"arch": ["arm64", "u?"]}, _UM, True),
    ({"config": "!smp"}, _UM, True),
    ({"config": ["!smp", "!def*"]}, _UM, False),
    ({"config": ["def*", "!default"]}, _UM, False),
    ({"since": "6.1"}, _UM, True),
    ({"since": "6.12"}, _UM, False),
    ({"before": "6.12"}, _UM, True),
    ({"before": "6.1"}, _UM, False),
    # As numbers: 6.9 is older than 6.12.
    ({"since": "6.9"}, replace(_UM, version=(6, 12)), True),
])
def test_where_holds(said: dict[str, Any], place: Place, holds: bool) -> None:
    """Each key alone, with a place inside and one outside."""
    assert where(said).holds(place) == holds


@pytest.mark.parametrize("text, number", [
    ("6.1", (6, 1)), ("6.1.192-2", (6, 1)), ("7.3.4-1~bpo13+1", (7, 3)), ("6.12.0-rc1+", (6, 12))])
def test_version_of_a_kernel(text: str, number: tuple[int, int]) -> None:
    """Of a package, of a tree, of a name."""
    assert version(text) == number


def test_what_is_no_version_is_named() -> None:
    """As someone may write it in the file."""
    with pytest.raises(Broken, match="^'six' is no version of a kernel"):
        version("six")


@pytest.mark.parametrize("text, said", [
    ("[[skip]]\ncase = 'p1_*'\nreason = '*'\n", r"\[\[skip\]\] without why: "),
    ("[[skip]]\ncase = 'p1_*'\nreason = '*'\nwhy = 'x'\nacrh = 'um'\n",
     r"\[\[skip\]\] has no key acrh; there are: case reason why sometimes arch"),
    ("[[skips]]\n", "no table skips; there are: row skip without known"),
    ("[[skip\n", "Expected"),
])
def test_mistake_in_the_file_is_named(tmp_path: Path, text: str, said: str) -> None:
    """A rule that is misspelt must not be taken for one that is not there."""
    with pytest.raises(Broken, match=said):
        declared("skip", _file(tmp_path, text))


_RULE = "[[skip]]\ncase = 'p9_*'\nreason = 'CONFIG_X is *'\nwhy = 'so'\n"


@pytest.mark.parametrize("rule, verdict", [
    (_RULE, "pass"), (_RULE + "arch = 'um'\n", "pass"), ("", "fail"),
    (_RULE + "arch = 'arm64'\n", "fail"), (_RULE + "since = '6.12'\n", "fail"),
    (_RULE.replace("CONFIG_X", "CONFIG_Y"), "fail"), (_RULE.replace("p9", "p8"), "fail")])
def test_skip_that_no_rule_covers_fails(log: Logs, tmp_path: Path, rule: str,
                                        verdict: str) -> None:
    """The same log, judged by a rule that covers it and by some that do not."""
    allowed = skips.rules(_UM, _file(tmp_path, rule))
    got, reason = kunit.verdict_of(log(_HELD, _SKIPPED), allowed)
    assert got == verdict
    if verdict == "fail":
        assert reason == ("s/p9_x: skipped (CONFIG_X is off), which no [[skip]] of "
                          "kunit/matrix.toml allows here; 1 such skips")


def test_failure_outweighs_an_unexpected_skip(log: Logs) -> None:
    """It is the failure that is reported."""
    failed = replace(_HELD, outcome="fail", reason="expected 1, got 2")
    assert kunit.verdict_of(log(_HELD, _SKIPPED, failed), []) == (
        "fail", "s/p1_x: expected 1, got 2")


def test_recorded_skips_are_unexpected(data: Path, kunit_py: Path, log: Logs) -> None:
    """Skips of a real log, which older kernels print as "ok"."""
    recorded = ktap.read(kunit_py, data / "kunit-skip.log")
    skipped = [case for case in recorded.cases if case.outcome == "skip"]
    assert skipped
    assert kunit.verdict_of(log(_HELD, *skipped)) == ("pass", "")
    reason = kunit.verdict_of(log(_HELD, *skipped), [])[1]
    assert reason.endswith(f"allows here; {len(skipped)} such skips")


@pytest.mark.parametrize("more, notes", [
    ("", ["p9_*: may skip here (so), and did not"]), ("sometimes = true\n", []),
    ("arch = 'arm64'\n", [])])
def test_declared_skip_that_did_not_happen_is_noted(tmp_path: Path, more: str,
                                                    notes: list[str]) -> None:
    """Only where it is declared, and not if it need not be."""
    allowed = skips.rules(_UM, _file(tmp_path, _RULE + more))
    assert skips.unused([replace(_SKIPPED, outcome="pass", reason="")], allowed) == notes
    assert not skips.unused([_SKIPPED], allowed)
    assert not skips.unused([_HELD], allowed)


_KNOWN = "[[known]]\ncase = 'p1_*'\nreason = 'size 8, *'\nwhy = 'so'\n"
_BREACH = replace(_HELD, outcome="fail", reason="size 8, task: got 2")


@pytest.mark.parametrize("cases, verdict, reason", [
    ((_BREACH,), "pass", ""),
    ((replace(_BREACH, reason="size 16, task: got 2"),), "fail", "s/p1_x: size 16, task: got 2"),
    ((_BREACH, replace(_BREACH, case="p2_x")), "fail", "s/p2_x: size 8, task: got 2"),
    ((replace(_BREACH, outcome="error"),), "fail", "s/p1_x: size 8, task: got 2"),
    ((_BREACH, _SKIPPED), "fail", "s/p9_x: skipped (CONFIG_X is off), which no [[skip]] of "
     "kunit/matrix.toml allows here; 1 such skips"),
    ((), "fail", "p1_*: does not fail, but a [[known]] of kunit/matrix.toml says that it does (so)"),
])
def test_only_what_is_known_is_known(monkeypatch: pytest.MonkeyPatch, log: Logs, tmp_path: Path,
                                     cases: tuple[ktap.Case, ...], verdict: str,
                                     reason: str) -> None:
    """The same failure and nothing else, and it has to happen; make kunit fails for it."""
    monkeypatch.setattr("kmblib.place.DECLARED", _file(tmp_path, _KNOWN))
    said = replace(log(_HELD, *cases), sound=False) if cases else log(_HELD)
    beside = kunit._beside(said, _UM)
    assert (beside["verdict"], beside["reason"]) == (verdict, reason)
    assert not cases or kunit.verdict_of(said)[0] == "fail"


def test_rows_are_pairs_on_each_kernel(tmp_path: Path) -> None:
    """Lists multiply, a version leaves out, a row twice is a row once."""
    path = _file(tmp_path, """
        [[row]]
        arch = ["um", "arm64"]
        config = ["default", "debug"]
        [[row]]
        arch = "um"
        config = ["default", "slub_tiny"]
        since = "6.12"
        """.replace("        ", ""))
    names = [row.name for row in matrix.rows("6.1", path)]
    assert names == ["6.1/um/default", "6.1/um/debug", "6.1/arm64/default", "6.1/arm64/debug"]
    assert [r.name for r in matrix.rows("7.3", path)][4:] == ["7.3/um/slub_tiny"]


def test_declared_rows_can_be_asked_for() -> None:
    """Each names an architecture and a configuration that there is."""
    for row in matrix.chosen("", "", ()):
        assert row.arch in arches.ARCHES and row.config in configs.known()
        assert row.kernel in kernels.KERNELS


def test_rows_are_chosen_by_globs() -> None:
    """Several, as one variable of make."""
    found = {row.name for row in matrix.chosen("6.1", "", ("*/um/default", "*/arm64/64k*"))}
    assert found == {"6.1/um/default", "6.1/arm64/64k_pages"}


def test_no_row_matches() -> None:
    """Those that there are, are named."""
    with pytest.raises(Broken, match="^no row matches ROWS=6.1/vax; there are: 6.1/um/default "):
        matrix.chosen("6.1", "", ("6.1/vax",))
    with pytest.raises(Broken, match="^no KERNEL=5.4; there are: "):
        matrix.chosen("5.4", "", ())


_COUNTS = {"pass": 2, "fail": 0, "skip": 0, "error": 0}
_BESIDE = {"cases": ["s/p1_x"], "verdict": "pass", "reason": ""}
_FAILS = {"verdict": "fail", "reason": "p1: broken", "counts": {**_COUNTS, "fail": 1}}


def _judge(outcomes: dict[str, Any]) -> Callable[..., Any]:
    """A stand-in of kunit.judge(): by the configuration, what to return or raise."""
    def judge(_kernel: Kernel, _run: Path, of: kunit.Target) -> dict[str, Any]:
        outcome = outcomes[of.config.name]
        if isinstance(outcome, BaseException):
            raise outcome
        doc = {"verdict": "pass", "reason": "", "counts": _COUNTS, "seconds": 1.5, "notes": [],
               **outcome}
        beside = {"cases": [], "verdict": doc["verdict"], "reason": doc["reason"]}
        return {"known": beside, **doc}
    return judge


def _run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kernel: Kernel,
         outcomes: dict[str, Any]) -> Code:
    monkeypatch.setattr(kunit, "judge", _judge(outcomes))
    monkeypatch.setattr(kernels, "find", lambda *_: kernel)
    rows = tuple(matrix.Row("6.1", "um", config) for config in outcomes)
    return matrix.run(matrix.Job(rows, "", tmp_path, "make kunit-matrix"))


@pytest.mark.parametrize("outcomes, code, verdict", [
    ({"default": {}, "debug": {}}, Code.GOOD, "pass"),
    ({"default": {}, "debug": _FAILS}, Code.FAILED, "fail"),
    ({"default": {}, "debug": {**_FAILS, "known": _BESIDE}}, Code.GOOD, "pass"),
    ({"default": {}, "debug": {**_FAILS, "known": {**_BESIDE, "verdict": "fail"}}},
     Code.FAILED, "fail"),
    ({"default": _FAILS, "debug": Broken("ARCH=x needs y")}, Code.FAILED, "fail"),
    ({"default": {}, "debug": Broken("ARCH=x needs y")}, Code.BROKEN, "error"),
])
def test_matrix_is_as_good_as_its_worst_row(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kernel: Kernel,
        outcomes: dict[str, Any], code: Code, verdict: str) -> None:
    """And each row is in the file, those that could not be run, too."""
    assert _run(monkeypatch, tmp_path, kernel, outcomes) == code
    document = results.load(tmp_path / "matrix.json")
    assert (document["verdict"], document["asked"]) == (verdict, 2)
    assert [row["config"] for row in document["rows"]] == ["default", "debug"]


def test_table(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, kernel: Kernel,
               capsys: pytest.CaptureFixture[str]) -> None:
    """To the letter; why a row is bad, and what to look at, below it."""
    _run(monkeypatch, tmp_path, kernel, {"default": {"notes": ["p9: so"]}, "debug": _FAILS,
                                         "smp": Broken("ARCH=um needs gcc")})
    assert capsys.readouterr().out == """\
kernel  arch  config   passed  failed  skipped  seconds  verdict
6.1     um    default       2       0        0      1.5  pass
6.1     um    debug         2       1        0      1.5  fail
6.1     um    smp           0       0        0      0.0  error
fail: 6.1/um/debug: p1: broken
error: 6.1/um/smp: ARCH=um needs gcc
note: 6.1/um/default: p9: so
"""


def test_matrix_that_is_broken_off_is_kept(monkeypatch: pytest.MonkeyPatch, tmp_path: Path,
                                           kernel: Kernel,
                                           capsys: pytest.CaptureFixture[str]) -> None:
    """Its complete rows are in the table and in the file, which is not good."""
    with pytest.raises(KeyboardInterrupt):
        _run(monkeypatch, tmp_path, kernel, {"default": {}, "debug": KeyboardInterrupt()})
    assert "6.1     um    default" in capsys.readouterr().out
    document = results.load(tmp_path / "matrix.json")
    assert (document["verdict"], len(document["rows"])) == ("error", 1)
    assert document["reason"] == "broken off after 1 of 2 rows"


def test_matrix_is_not_taken_for_a_run_with_a_report(monkeypatch: pytest.MonkeyPatch,
                                                     tmp_path: Path) -> None:
    """`make report` has nothing to say of it."""
    (tmp_path / "1").mkdir()
    (tmp_path / "1/matrix.json").write_text("{}")
    monkeypatch.setattr(results, "RUNS", tmp_path)
    with pytest.raises(Broken, match="^no results in "):
        results.find_run("")


def test_option_that_a_kernel_lacks_is_left_out_and_named() -> None:
    """DEBUG_ATOMIC_SLEEP in UML, by version; the control is another machine."""
    debug, option = configs.find("debug"), "CONFIG_DEBUG_ATOMIC_SLEEP"
    for of, release, left_out in (("um", (6, 1), True), ("um", (7, 3), False),
                                  ("x86_64", (6, 1), False)):
        merged = configs.merge(debug, arches.find(of), Place(release, of, "debug"))
        assert (option in merged.without) == left_out
        assert (f"{option}=y" in merged.text.splitlines()) == (not left_out)
        assert merged.own


def test_fragment_outweighs_the_base(tmp_path: Path) -> None:
    """Each option is there once: kunit.py takes no two values."""
    path = tmp_path / "x.config"
    path.write_text("# Why.\n# CONFIG_MEMCG is not set\nCONFIG_NEW=m\n")
    lines = configs.merge(configs.read(path), arches.find("um"), _UM).text.splitlines()
    assert "# CONFIG_MEMCG is not set" in lines and "CONFIG_MEMCG=y" not in lines
    assert "CONFIG_NEW=m" in lines and "CONFIG_KMALLOC_KUNIT_TEST=y" in lines


def test_directives_of_a_fragment(tmp_path: Path) -> None:
    """Read from its comments."""
    path = tmp_path / "x.config"
    path.write_text("# SPDX-License-Identifier: GPL-2.0\n# Why.\n"
                    "# boot: a=1 b\n# cpus: 2\n# memory: 512\n# only: kmalloc_b*\n# timeout: 30\n")
    config = configs.read(path)
    assert (config.boot, config.cpus, config.memory, config.only, config.timeout,
            config.options) == (("a=1", "b"), 2, 512, "kmalloc_b*", 30, {})


@pytest.mark.parametrize("line, said", [
    ("# bot: x", "x.config:1: no directive bot; there are: boot cpus memory only timeout"),
    ("CONFIG_A", "x.config:1: no option and no comment: CONFIG_A"),
    ("# cpus: two", "x.config: cpus: two is no number")])
def test_mistake_in_a_fragment_is_named(tmp_path: Path, line: str, said: str) -> None:
    """With its file and line."""
    (tmp_path / "x.config").write_text(f"{line}\n")
    with pytest.raises(Broken, match=f"{re.escape(said)}$"):
        configs.read(tmp_path / "x.config")


def test_every_fragment_can_be_read_and_says_what_it_is_for() -> None:
    """So that the list of names is enough to choose."""
    for name in configs.known()[1:]:
        assert configs.find(name).name == name
        second = (configs.CONFIGS / f"{name}.config").read_text().splitlines()[1]
        assert re.match(r"# [A-Z].*", second), name


def test_place_of_a_target(kernel: Kernel) -> None:
    """What the rules are asked for."""
    of = kunit.target("", "debug")
    assert of.place(kernel) == Place(version(kernel.version), "um", "debug")
    assert of.words() == {"ARCH": "", "CONFIG": "debug"}
    assert Where().holds(of.place(kernel))


def _sources() -> str:
    """The suites, and the names of contexts, with strings that go over several lines as one."""
    paths = [*sorted((REPO / "kunit").rglob("*.[ch]")), REPO / "module/context.c"]
    return re.sub(r'"\s*\n?\s*"', "", "\n".join(path.read_text() for path in paths))


def _unsaid(reason: str, said: str) -> list[str]:
    """Pieces of a glob, without numbers, that no text of a case has."""
    pieces = re.split(r"\*|\?|\[[^]]*\]|\d+|[:,]", reason)
    return [piece for piece in map(str.strip, pieces) if len(piece) > 2 and piece not in said]


def _listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


@pytest.mark.parametrize("table", ["skip", "known"])
def test_what_an_entry_waits_for_can_be_said(table: str) -> None:
    """An entry whose reason no case says any more, or whose case is gone, covers nothing: the row
    that needs it is red, on a machine that few look at."""
    said = _sources()
    cases = re.findall(r"^static void ((?:p\d+|control)_\w+)\(struct kunit ", said, re.M)
    for entry in declared(table):
        for reason in _listed(entry["reason"]):
            assert not _unsaid(reason, said), entry
        for case in _listed(entry["case"]):
            assert fnmatch.filter(cases, case), entry


def test_reason_that_nobody_says_is_noticed() -> None:
    """The control: so a message of p13 had become another one, unnoticed."""
    assert _unsaid("*size 4194304,*expected the alignment of kmalloc()*", _sources()) == \
        ["expected the alignment of kmalloc()"]
