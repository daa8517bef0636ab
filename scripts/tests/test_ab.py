# SPDX-License-Identifier: GPL-2.0
"""A comparison of two kernels: what is newly broken, what moved, and that the verdict,
the text and the file say the same."""

from __future__ import annotations

import copy
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kmblib import ab, ab_files, ab_parts, baseline, gate, kunit, report, results, where
from kmblib.ab import Found, Job
from kmblib.errors import Broken, CannotTell, Code, Failed
from kmblib.kernels import Kernel
from kmblib.options import Machine

_CELL = "pair/task/GFP_KERNEL/64"
_FILE = sorted(baseline.BASELINES.glob("*.txt"))[0]


def _kernel(label: str) -> Kernel:
    return Kernel(label, label, "6.1.0", Path("/x"), label, None)


@pytest.fixture(name="job")
def _job(tmp_path: Path) -> Job:
    return Job(_kernel("base"), _kernel("new"), Machine("virtual", 1024, 1), ab.PARTS, tmp_path)


def _case(name: str, outcome: str) -> dict[str, str]:
    return {"suite": "kmalloc_x", "case": name, "parameter": "8", "outcome": outcome,
            "reason": "" if outcome == "pass" else f"{name} said so"}


def _doc(first: str = "pass", second: str = "pass", control: str = "pass",
         verdict: str = "") -> dict[str, Any]:
    """As much of kunit.json as is looked at."""
    outcomes = (first, second, control)
    return {"verdict": verdict or ("fail" if "fail" in outcomes else "pass"), "reason": "case 12 of 7",
            "complaints": ["case 12 of 7"] if verdict == "fail" else [], "counts": {"pass": outcomes.count("pass")}, "controls": [_case("control_x", control)],
            "promises": [{"nr": 2, "place": "slab.h:1", "cases": [_case("p2_a", first)]},
                         {"nr": 7, "place": "slab.h:9", "cases": [_case("p7_b", second)]}]}


@pytest.fixture(name="sides")
def _sides() -> tuple[baseline.Baseline, baseline.Baseline]:
    """One instruction more in one cell."""
    base = baseline.load(_FILE)
    cells = copy.deepcopy(base.cells)
    cells[_CELL]["insns"] += cells[_CELL]["ops"]
    return base, replace(base, cells=cells)


def _found(sides: tuple[baseline.Baseline, baseline.Baseline]) -> Found:
    return Found(ab_parts.promises(_doc(), _doc()), sides, gate.compare(*sides, stored=False),
                 [where.Move("kfree", 1000, 1128), where.Move(where.UNKNOWN, 0, 8)], 1)


def test_case_that_only_the_new_kernel_fails_is_newly_broken() -> None:
    """One that both fail is not; one that only the base fails is mended."""
    found = ab_parts.promises(_doc(first="fail"), _doc(first="fail", second="fail"))
    assert [(c.nr, c.name, c.place) for c in found.broken] == [(7, "kmalloc_x/p7_b/8", "slab.h:9")]
    assert (found.mended, found.both) == ([], 1)
    turned = ab_parts.promises(_doc(first="fail", second="fail"), _doc(first="fail"))
    assert (turned.broken, [c.nr for c in turned.mended]) == ([], [7])


def test_control_and_whole_suite_count_as_well() -> None:
    """A detector that went blind; a log that breaks off, which names no case."""
    assert ab_parts.promises(_doc(), _doc(control="fail")).broken[0].nr == 0
    silent = ab_parts.promises(_doc(), _doc(verdict="fail"))
    assert silent.broken[0].name == "the whole suite"
    assert not ab_parts.promises(_doc(verdict="fail"), _doc(verdict="fail")).broken


def test_a_failure_of_both_hides_nothing_else() -> None:
    """A kernel that already breaks a promise: a warning of the new one is seen all the same, and
    so is a case that is not there any more, or that skips and must not."""
    base, new = _doc(first="fail"), _doc(first="fail", second="skip", verdict="fail")
    assert [c.name for c in ab_parts.promises(base, new).broken] == ["the whole suite"]
    assert not ab_parts.promises(base, _doc(first="fail", second="skip")).broken
    cut = _doc(first="fail", verdict="fail")
    cut["promises"].pop()
    found = ab_parts.promises(base, cut)
    assert [(c.nr, c.name) for c in found.broken] == [(0, "the whole suite"), (7, "kmalloc_x/p7_b/8")]
    assert found.sentence().startswith("2 cases no longer pass as in the base; promises newly broken: 7;")
    assert not ab_parts.promises(cut, base).broken


def test_case_that_an_older_kernel_has_not_is_not_broken() -> None:
    """What it calls is not there, so it is not built: the log is whole without it."""
    older = _doc()
    older["promises"].pop()
    assert not ab_parts.promises(_doc(), older).broken


@pytest.mark.parametrize("one, other, same", [
    ("WARNING: at mm/slub.c:12 kfree+0x1a/0x40", "WARNING: at mm/slub.c:13 kfree+0x1a/0x4c", True),
    ("BUG: bad page 0x1234 of ffff888012345678", "BUG: bad page 0x77 of ffff88800abcdef0", True),
    ("WARNING: at mm/slub.c:12 kfree+0x1a/0x40", "WARNING: at mm/slub.c:12 krealloc+0x1a/0x40", False)])
def test_warning_of_both_is_not_new_where_the_code_moved(one: str, other: str, same: bool) -> None:
    """Its place is another after any change; where it is, is told by names."""
    base, new = _doc(verdict="fail"), _doc(verdict="fail")
    base["complaints"], new["complaints"] = [one], [other]
    assert bool(ab_parts.promises(base, new).broken) != same


@pytest.mark.parametrize("part", ["tlb", "frag"])
def test_part_that_is_all_that_was_asked_for_is_not_let_pass(
        monkeypatch: pytest.MonkeyPatch, job: Job, part: str) -> None:
    """A tree that does not build is no success because nothing could be told of it; and what
    was not tested is not said to hold."""
    def fails(*_: Any) -> None:
        raise Broken("mm/slub.c:1: error")
    monkeypatch.setattr(ab, "_TELLS", {part: ((part, fails),)})
    with pytest.raises(Broken, match="slub.c"):
        ab.compare(replace(job, parts=(part,)))
    assert Found().sentence() == "promises were not tested; no instructions were counted"


@pytest.mark.parametrize("base, new, code", [
    (_doc(), _doc(), Code.GOOD), (_doc(), _doc(first="fail"), Code.FAILED),
    (_doc(first="fail"), _doc(first="fail"), Code.GOOD)])
def test_promise_newly_broken_ends_it(monkeypatch: pytest.MonkeyPatch, job: Job, base: dict[str, Any],
                                      new: dict[str, Any], code: Code) -> None:
    """No figure is measured then; where none is, they are."""
    measured: list[str] = []
    monkeypatch.setattr(kunit, "judge", lambda kernel, _run: {"base": base, "new": new}[kernel.label])
    def part(name: str) -> Any:
        return lambda _job, _found: measured.append(name)
    monkeypatch.setitem(ab._JUDGES, "exact", part("exact"))
    monkeypatch.setattr(ab, "_TELLS", {p: ((p, part(f"{p} told")),) for p in ab.PARTS[1:]})
    assert ab.compare(job).code() == code
    assert measured == ([] if code else ["exact", "exact told", "tlb told", "frag told"])


@pytest.mark.parametrize("error", [Failed("panic"), Broken("other spans"), CannotTell("no boot")])
@pytest.mark.parametrize("turned, code", [(1, Code.FAILED), (-1, Code.GOOD)])
def test_what_is_told_takes_no_verdict_away(monkeypatch: pytest.MonkeyPatch, job: Job, error: Exception,
                                            sides: tuple[baseline.Baseline, baseline.Baseline],
                                            turned: int, code: Code) -> None:
    """A boot that breaks down while functions, TLB misses or fragmentation are looked at: what the
    exact gate found stands, good or bad, and the report says what is missing."""
    def fails(*_: Any) -> None:
        raise error
    def exact(_job: Job, found: Found) -> None:
        found.sides = sides[::turned][0], sides[::turned][1]
        found.exact = gate.compare(*found.sides, stored=False)
    monkeypatch.setattr(ab, "_JUDGES", {"exact": exact})
    monkeypatch.setattr(ab, "_TELLS", {"exact": (("where", fails),), "tlb": (("tlb", fails),),
                                       "frag": (("frag", fails),)})
    found = ab.compare(job)
    assert found.code() == code and set(found.unavailable) == {"where", "tlb", "frag"}
    ab_files.write(job, found, "make ab")
    assert " ".join(report.write(job.run).split()).count(f"unavailable: {error}") == 3
    assert report.code(job.run) == code


@pytest.mark.parametrize("doc", [_doc(verdict="error"), {**_doc(verdict="fail"), "counts": {"pass": 0}}])
def test_kernel_that_does_not_start_is_no_verdict(monkeypatch: pytest.MonkeyPatch, job: Job,
                                                  doc: dict[str, Any]) -> None:
    """Neither good nor a regression; it panics before the first case, for one."""
    monkeypatch.setattr(kunit, "judge", lambda _kernel, _run: doc)
    with pytest.raises(CannotTell, match="KUnit of base: case 12"):
        ab.compare(job)


def _cut() -> dict[str, Any]:
    """A log that breaks off: what it says of all others is not known."""
    doc = _doc(first="error", verdict="fail")
    doc["promises"].pop()
    return doc


@pytest.mark.parametrize("base, new, why", [
    ([_cut(), _cut()], [_cut()], "the base: it broke off in kmalloc_x/p2_a/8; without a whole log"),
    ([_cut(), _cut()], [_doc()], "the base: it broke off"),
    ([_cut(), _doc()], [_doc()], "KUnit of base: it broke off in kmalloc_x/p2_a/8, and did not when"),
    ([_doc()], [_cut(), _doc()], "KUnit of new: it broke off in kmalloc_x/p2_a/8, and did not when"),
    ([_doc()], [_cut(), _cut()], "")])
def test_log_that_breaks_off_is_heard_twice(monkeypatch: pytest.MonkeyPatch, job: Job, base: list[dict[str, Any]],
                                            new: list[dict[str, Any]], why: str) -> None:
    """Of both, a promise behind it may be broken; of a machine that was too slow, none is. The
    last is the control: the new kernel alone dies in a case, each time."""
    left = {"base": list(base), "new": list(new)}

    def judge(kernel: Kernel, run: Path) -> dict[str, Any]:
        (run / "kunit.log").touch()
        return left[kernel.label].pop(0)

    monkeypatch.setattr(kunit, "judge", judge)
    if why:
        with pytest.raises(CannotTell, match=why):
            ab.compare(job)
    else:
        assert ab.compare(job).code() == Code.FAILED
        assert (job.run / "new/kunit-first.log").exists() and not left["new"]


def test_instruction_more_fails_and_less_is_good(
        sides: tuple[baseline.Baseline, baseline.Baseline]) -> None:
    """The base is measured now: nothing hides in what got better."""
    assert _found(sides).code() == Code.FAILED
    better = _found(sides[::-1])
    assert better.code() == Code.GOOD and better.sentence().startswith("better: 1 figure is better")


@pytest.mark.parametrize("turned, code", [(1, Code.FAILED), (-1, Code.GOOD)])
def test_all_that_is_written_says_the_same(job: Job, turned: int, code: Code,
                                           sides: tuple[baseline.Baseline, baseline.Baseline]) -> None:
    """Worse, and better, in each format: who is faster is not told that he cannot be judged."""
    found = _found((sides[::turned][0], sides[::turned][1]))
    ab_files.write(job, found, "make ab")
    docs = [results.load(job.run / f"{kind}.json")["verdict"] for kind in ("ab", "gate")]
    assert found.code() == report.code(job.run) == code
    assert docs == ["fail" if code else "pass"] * 2
    assert ("<failure" in (job.run / "gate.xml").read_text()) == bool(code)
    assert 'errors="0"' in (job.run / "gate.xml").read_text()
    assert ("not ok" in (job.run / "gate.ktap").read_text()) == bool(code)
    text = report.write(job.run)
    assert "CANNOT TELL" not in text and "new baseline" not in " ".join(text.split())


def test_other_options_are_told_and_not_refused(
        sides: tuple[baseline.Baseline, baseline.Baseline], tmp_path: Path) -> None:
    """A patch may bring one; another compiler is refused."""
    base, new = sides
    other = replace(new, place={**new.place, "options_sha256": "x"})
    assert gate.compare(base, other, ("options_sha256",)).code() == Code.FAILED
    with pytest.raises(CannotTell, match="compiler"):
        gate.compare(base, replace(new, place={**new.place, "compiler": "x"}), ("options_sha256",))
    (tmp_path / "a").write_text('CONFIG_A=y\nCONFIG_CC_VERSION_TEXT="1"\nCONFIG_B=m\n')
    (tmp_path / "b").write_text('CONFIG_A=y\nCONFIG_CC_VERSION_TEXT="2"\nCONFIG_C=m\n')
    assert ab_parts.options(tmp_path / "a", tmp_path / "b") == ["-CONFIG_B=m", "+CONFIG_C=m"]


def test_text_and_file_say_what_was_found(
        job: Job, sides: tuple[baseline.Baseline, baseline.Baseline]) -> None:
    """The mail fits: 72 columns, ASCII, at most 60 lines before the full tables."""
    found = _found(sides)
    found.told = {"tlb": [ab_parts.Told("kmalloc(64), cold", "page walks", 3, 4)], "frag": []}
    found.options = ["+CONFIG_X=y"]
    ab_files.write(job, found, "make ab BASE=x")
    doc, text = results.load(job.run / "ab.json"), report.write(job.run)
    assert (doc["verdict"], doc["where"]["attributed"]) == ("fail", round(1 - 8 / 136, 4))
    assert doc["told"] == [{"part": "tlb", "what": "kmalloc(64), cold", "figure": "page walks",
                            "base": 3, "new": 4}]
    assert text.isascii() and max(map(len, text.splitlines())) <= 72
    assert text.partition("\nAll that ")[0].count("\n") <= 60
    for words in ("REGRESSION", "kfree", "94.1", "+CONFIG_X=y", "kmalloc(64), cold", "make ab BASE=x"):
        assert words in text
    assert {path.name for path in job.run.iterdir()} >= {"gate.json", "gate.ktap", "gate.xml"}


@pytest.mark.parametrize("error, word", [(CannotTell("x"), "cannot tell"), (Broken("x"), "error"),
                                         (Failed("x"), "cannot tell")])
def test_refusal_is_kept(job: Job, error: Any, word: str) -> None:
    """As a file of the same kind, and in each form for machines; never as a pass or a failure."""
    ab_files.write_refusal(job, error, "make ab")
    assert results.load(job.run / "ab.json")["verdict"] == word
    assert '<error message="x"' in (job.run / "gate.xml").read_text()
    assert (job.run / "gate.ktap").read_text().endswith("1..0 # SKIP x\n")


def test_promise_newly_broken_is_said_in_each_form(job: Job) -> None:
    """A line a case, where no figure is measured any more; and one where none is broken."""
    for second, line in (("fail", "not ok 1 kmalloc_x/p7_b/8"), ("pass", "ok 1 promises")):
        ab_files.write(job, Found(ab_parts.promises(_doc(), _doc(second=second))), "make ab")
        assert f"\n{line}\n" in (job.run / "gate.ktap").read_text()
        assert ('<failure message="p7_b said so"' in (job.run / "gate.xml").read_text()) == (second == "fail")
        tests = json.loads((job.run / "gate.kcidb").read_text())["tests"]
        assert [t["status"] for t in tests] == ["FAIL" if second == "fail" else "PASS"]


@pytest.mark.parametrize("error, word", [(CannotTell("as it is"), "cannot tell"), (Broken("as it is"), "error"),
                                         (Failed("as it is"), "cannot tell")])
def test_times_are_part_of_what_is_said(job: Job, error: Any, word: str) -> None:
    """Who reads one file alone is not told that all is well where it is not; what a comparison
    broken off had said before does not stay."""
    ab_files.write(job, Found(ab_parts.promises(_doc(), _doc())), "make ab")
    before = results.load(job.run / "ab.json")["reason"]
    for said in (CannotTell("broken off"), error):
        ab_files.write_untimed(job, said)
        told = results.load(job.run / "ab.json")
        assert told["reason"] == f"{said}; times apart: {before}"
        assert "1..0 # SKIP" in (job.run / "gate.ktap").read_text()
        assert [t["status"] for t in json.loads((job.run / "gate.kcidb").read_text())["tests"]] == ["MISS"]
    assert told["verdict"] == word and (job.run / "gate.txt").read_text() == f"{word.upper()}: as it is\n"
    assert "cases pass, 0 newly fail" in " ".join(report.render(job.run).split())


def test_figures_of_both_sides_are_compared_and_swap() -> None:
    """What one side alone has cannot be."""
    one, other = {("a", "x"): 1.0, ("b", "x"): 4.0, ("c", "x"): 7.0}, {("a", "x"): 2.0, ("b", "x"): 5.0}
    told = ab_parts._differ(one, other)
    assert [(t.what, t.base, t.new) for t in told] == [("a", 1, 2), ("b", 4, 5)]
    assert [(t.what, t.base, t.new) for t in ab_parts._differ(other, one)] == [("a", 2, 1), ("b", 5, 4)]
