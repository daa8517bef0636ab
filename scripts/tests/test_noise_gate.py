# SPDX-License-Identifier: GPL-2.0
"""The statistical gate on samples that are made up: verdicts, refusals, what it writes."""

from __future__ import annotations

import json
import random
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from kmblib import ab, ab_files, noise_gate, noise_trials, report, results, samples
from kmblib.errors import Broken, CannotTell, Code
from kmblib.kernels import Kernel
from kmblib.options import Machine
from kmblib.paired import REGRESSION
from kmblib.plan import Plan
from kmblib.samples import Figures, Origin, Round, Samples

_CELLS = [f"pair/task/GFP_KERNEL/{8 << i}" for i in range(8)]
_SLOW = "pair/task/GFP_KERNEL/64"
_SCALES = {"p50": 1000.0, "p90": 1200.0, "p99": 2000.0, "p99.9": 9000.0, "max": 50000.0}
_PLAN = Plan((20, 40), 2)


def _boot(draw: random.Random, slower: float, drift: float) -> dict[str, Figures]:
    return {cell: {**{figure: scale * drift * draw.lognormvariate(0, 0.004)
                      * (slower if cell == _SLOW else 1) for figure, scale in _SCALES.items()},
                   "failed": 0} for cell in _CELLS}


def _samples(slower: float = 1.0, pairs: int = 20) -> Samples:
    """Rounds on a machine whose speed drifts, of which one cell is slower in the new one."""
    draw = random.Random(1)
    rounds = []
    for nr in range(pairs * _PLAN.rounds_each):
        drift = draw.uniform(0.7, 1.4)
        rounds.append(Round(nr // _PLAN.rounds_each, (nr % 2, 1 - nr % 2), _boot(draw, 1.0, drift),
                            _boot(draw, slower, drift), 3.0, 0.1, (3, 4)))
    return Samples(Origin("6.1", "6.1.192", {"arch": "x86_64"}), Origin("tree", "6.1.0", {"arch": "x86_64"}),
                   tuple(rounds), "on a core each (CPUs 0 and 1)")


def _swapped(of: Samples) -> Samples:
    return replace(of, base=of.new, new=of.base,
                   rounds=tuple(replace(r, base=r.new, new=r.base) for r in of.rounds))


def _changes(verdict: noise_gate.Verdict) -> dict[tuple[str, str], tuple[float, float, float]]:
    return {(r.cell, r.figure): (r.tested.change.middle, r.tested.change.low, r.tested.change.high)
            for r in verdict.rows if r.tested}


@pytest.mark.parametrize("slower, worse", [(1.03, 1), (1.0, 0)])
def test_times_are_said_in_each_form(tmp_path: Path, slower: float, worse: int) -> None:
    """A line a figure that may fail."""
    verdict = noise_gate.judge(_samples(slower), _PLAN)
    kernel = Kernel("6.1", "6.1", "6.1.0", tmp_path, "6.1", None)
    job = ab.Job(kernel, kernel, Machine("real", 1024, 1), ("kunit",), tmp_path)
    ab_files.write(job, ab.Found(), "make ab")
    ab_files.write_times(job, verdict)
    told = results.load(tmp_path / "ab.json")
    assert told["verdict"] == ("fail" if worse else "cannot tell" if verdict.undecided() else "pass")
    assert told["reason"].startswith(verdict.sentence())
    suite = ElementTree.parse(tmp_path / "gate.xml").getroot()
    open_ = len(verdict.undecided())
    assert (suite.get("tests"), suite.get("failures"), suite.get("errors")) == (
        str(verdict.gated()), str(worse), str(open_))
    ktap = (tmp_path / "gate.ktap").read_text()
    assert ktap.count("not ok") == worse and ktap.count("# SKIP neither") == open_
    numbers = [t["number"] for t in json.loads((tmp_path / "gate.kcidb").read_text())["tests"]]
    assert len(numbers) == verdict.gated() and {n["unit"] for n in numbers} == {"ticks"}
    assert (f"{_SLOW}/p50" in ktap.partition("# worse by")[2].partition("\nok")[0]) == bool(worse)


def test_slower_cell_is_found_and_it_alone() -> None:
    """By 3 %; its p90 and p99 are not worse by more than matters there."""
    verdict = noise_gate.judge(_samples(1.03), _PLAN)
    assert [(r.cell, r.figure) for r in verdict.regressions()] == [(_SLOW, "p50")]
    assert verdict.code() == Code.FAILED and verdict.rows[0].cell == _SLOW
    assert verdict.rows[0].per_cent()[0] == pytest.approx(3, abs=0.3)
    assert _SLOW in verdict.sentence() and verdict.decided()


def test_the_same_is_no_regression() -> None:
    """The control: the same noise, nothing slower."""
    verdict = noise_gate.judge(_samples(), _PLAN)
    assert verdict.code() == Code.GOOD and not verdict.undecided()
    assert verdict.gated() == 3 * len(_CELLS) and len(verdict.rows) == 5 * len(_CELLS)


def test_neither_is_shown() -> None:
    """Of a change just as large as is allowed; there is another look, and after it none."""
    for pairs, decided in ((20, False), (40, True)):
        verdict = noise_gate.judge(_samples(1.01, pairs), _PLAN)
        assert verdict.code() == Code.CANNOT_TELL and verdict.decided() == decided
        assert {r.cell for r in verdict.undecided()} == {_SLOW}


def test_what_is_told_alone_never_fails() -> None:
    """A max that is ten times as large."""
    worse = _samples()
    for r in worse.rounds:
        r.new[_SLOW]["max"] = 1e9
    verdict = noise_gate.judge(worse, _PLAN)
    assert verdict.code() == Code.GOOD and verdict.rows[0].figure == "max"


def test_other_side_has_the_other_sign() -> None:
    """Of each change; what is a regression one way is none the other."""
    verdicts = [noise_gate.judge(s, _PLAN) for s in (_samples(1.03), _swapped(_samples(1.03)))]
    one, other = map(_changes, verdicts)
    assert {k: (-middle, -high, -low) for k, (middle, low, high) in one.items()} == other
    assert [v.code() for v in verdicts] == [Code.FAILED, Code.GOOD]


def test_order_and_repetition_change_nothing() -> None:
    """Of cells, units and rounds; and the same rounds twice are no more evidence."""
    plain, draw = _samples(1.03), random.Random(2)
    shuffled = list(plain.rounds)
    draw.shuffle(shuffled)
    mixed = [replace(r, base=dict(reversed(r.base.items())), new=dict(reversed(r.new.items())))
             for r in shuffled]
    wanted = noise_gate.judge(plain, _PLAN)
    for rounds in (mixed, [*plain.rounds, *plain.rounds]):
        assert noise_gate.judge(replace(plain, rounds=tuple(rounds)), _PLAN) == wanted


@pytest.mark.parametrize("slower", [1.0, 1.03])
@pytest.mark.parametrize("by", [0.1, 10.0])
def test_one_spoilt_round_flips_no_verdict(slower: float, by: float) -> None:
    """In which all of the new one took ten times as long, or a tenth."""
    plain = _samples(slower, 40)
    bad = plain.rounds[7]
    spoilt = replace(bad, new={c: {k: v and v * by for k, v in f.items()} for c, f in bad.new.items()})
    rounds = (*plain.rounds[:7], spoilt, *plain.rounds[8:])
    one, other = (noise_gate.judge(s, _PLAN) for s in (plain, replace(plain, rounds=rounds)))
    assert {(r.cell, r.figure): r.verdict for r in one.rows} == {
        (r.cell, r.figure): r.verdict for r in other.rows}


def _dropped(of: Samples, cell: str) -> Samples:
    rounds = [replace(r, new={c: f for c, f in r.new.items() if c != cell}) for r in of.rounds]
    return replace(of, rounds=tuple(rounds))


def _null(of: Samples) -> Samples:
    for r in of.rounds:
        r.new[_SLOW]["failed"] = 3
    return of


@pytest.mark.parametrize("what, said", [
    (replace(_samples(), rounds=_samples().rounds[:-2]), "19 pairs: the plan looks at 20, 40"),
    (replace(_samples(), rounds=_samples().rounds[:-1]), "1 of 20 pairs have fewer rounds"),
    (_dropped(_samples(), _SLOW), "1 of 8 cells are not in each boot"),
    (_null(_samples()), "3 allocations that failed"),
], ids=["fewer pairs", "fewer rounds", "other cells", "NULL"])
def test_what_cannot_be_judged_is_refused(what: Samples, said: str) -> None:
    """With the reason; nothing of it is a pass."""
    with pytest.raises(CannotTell, match=said):
        noise_gate.judge(what, _PLAN)


def test_plan_that_can_find_nothing_is_refused() -> None:
    """Ten pairs of 24 figures: the least p there is, 1/1024, is no evidence among so many."""
    with pytest.raises(CannotTell, match="10 pairs are too few for 24 figures.*at least 12"):
        noise_gate.judge(_samples(2.0, 10), Plan((10,), 2))
    assert noise_gate.judge(_samples(2.0, 12), Plan((12,), 2)).regressions()


def test_plan_splits_its_false_alarms() -> None:
    """Between looks; their sum is the whole."""
    plan = Plan((10, 30, 60))
    shares = [plan.alpha_at(n) for n in plan.looks]
    assert sum(shares) == pytest.approx(plan.alpha) and shares == sorted(shares)


@pytest.mark.parametrize("fields", [{"looks": ()}, {"looks": (20, 10)}, {"looks": (0, 5)},
                                    {"rounds_each": 3}, {"alpha": 0.0}])
def test_plan_that_is_none(fields: dict[str, Any]) -> None:
    """Is refused at once."""
    with pytest.raises(Broken):
        Plan(**fields)


def test_few_samples_have_no_p99(tmp_path: Path) -> None:
    """Where no boot has one it is told; where some have, it cannot be judged."""
    never, some = _samples(), _samples()
    for nr, (one, other) in enumerate(zip(never.rounds, some.rounds)):
        one.base[_SLOW]["p99"] = one.new[_SLOW]["p99"] = None
        other.new[_SLOW]["p99"] = None if nr else 1.0
    told, open_ = (noise_gate.judge(s, _PLAN) for s in (never, some))
    assert told.code() == Code.GOOD and told.gated() == 3 * len(_CELLS) - 1
    assert open_.code() == Code.CANNOT_TELL and open_.undecided()[0].reason == "not in each boot"
    document = noise_gate.document(told, never, "make ab")
    assert "Not tested: 1 figures" in " ".join(_written(tmp_path / "run", document).split())


def test_screening_names_suspects() -> None:
    """Which the test itself does not confirm."""
    verdicts = [noise_gate.judge(_samples(1 + by / 1000), _PLAN) for by in range(8, 24)]
    assert any(v.suspects() and not v.regressions() for v in verdicts)
    assert all(r.verdict != REGRESSION for v in verdicts for r in v.suspects())


def test_document_has_all_that_the_verdict_came_from() -> None:
    """It can be computed again from JSON."""
    plain = _samples(1.03)
    verdict = noise_gate.judge(plain, _PLAN)
    document = json.loads(json.dumps(noise_gate.document(verdict, plain, "make ab")))
    results.check(document, "noise.json")
    assert document["verdict"] == "fail" and document["rows"][0]["cell"] == _SLOW
    assert noise_gate.judge(*noise_gate.samples_of(document)) == verdict


def test_document_of_a_refusal() -> None:
    """Is one as well, and says why; one without a reason is none."""
    document = noise_gate.refusal(CannotTell("one processor"), _PLAN, "make ab")
    results.check(document, "noise.json")
    assert document["verdict"] == "cannot tell"
    assert noise_gate.refusal(Broken("no QEMU"), _PLAN, "make ab")["verdict"] == "error"
    del document["reason"]
    with pytest.raises(Broken):
        results.check(document, "noise.json")


def test_text_is_narrow_and_tells_what_disturbed(tmp_path: Path) -> None:
    """Also with cells whose names are long, and changes without a bound."""
    plain = _samples(1.03)
    rounds = [replace(r, flags=("steal 12.0 %",)) if n == 3 else r for n, r in enumerate(plain.rounds)]
    long = "burst4096-shuffled/preemptoff/GFP_NOWAIT|ZERO/262144"
    for r in rounds:
        r.base[long], r.new[long] = dict(r.base[_SLOW]), dict(r.new[_SLOW])
    disturbed = replace(plain, rounds=tuple(rounds))
    verdict = noise_gate.judge(disturbed, _PLAN)
    text = _written(tmp_path / "run", noise_gate.document(verdict, disturbed, "make ab"))
    assert max(map(len, text.splitlines())) <= report.WIDTH
    folded = " ".join(text.split())
    assert "1 of 40 rounds were disturbed" in folded and "steal 12.0 %" in folded and long in text
    assert "Times: REGRESSION: 2 of 27 figures" in text


def test_quantile_moves_with_each_sample() -> None:
    """Not in steps of a bucket, whose width is that of module/uapi/kmbench.h."""
    cell = {"repetitions": [{"histogram": [[1000, 60], [1008, 40]], "max": 1015, "failed": 0}],
            "percentiles": {"p50": 1004, "p90": 1012, "p99": 1012, "p99.9": None}}
    figures = samples.figures(cell)
    assert figures["p50"] == pytest.approx(1000 + 8 * 50 / 60) and figures["p99.9"] is None
    assert figures["p90"] == pytest.approx(1008 + 8 * 30 / 40) and figures["max"] == 1015
    assert samples.quantile([(40, 1), (41, 1)], 1.0) == 42


def test_recording_is_whole(data: Path) -> None:
    """3000 restarts of four calls."""
    noise = noise_trials.load(data / "noise-restarts.csv")
    assert len(noise.benches()) == 4 and {len(v) for v in noise.series.values()} == {3000}


def _written(run: Path, document: dict[str, Any]) -> str:
    run.mkdir()
    results.write(run / "noise.json", document)
    return report.write(run)


def test_report_tells_of_times(tmp_path: Path) -> None:
    """Worse or not: the control is the same run the other way round."""
    for name, of, word in (("worse", _samples(1.03), "FAILED (times)"),
                           ("better", _swapped(_samples(1.03)), "good (times)")):
        verdict = noise_gate.judge(of, _PLAN)
        text = _written(tmp_path / name, noise_gate.document(verdict, of, "make ab"))
        assert f"Verdict: {word}." in text and max(map(len, text.splitlines())) <= report.WIDTH
        assert (" worse\n" in text) == (name == "worse") == (f"{_SLOW} p50: +3.1 %" in text)


def test_report_of_a_refusal_says_why(tmp_path: Path) -> None:
    """And has no table."""
    text = _written(tmp_path / "run", noise_gate.refusal(CannotTell("one processor"), _PLAN, "make ab"))
    assert "Times: CANNOT TELL. one processor." in text and "unavailable: one processor" in text
    assert "least" not in text
