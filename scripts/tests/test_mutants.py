# SPDX-License-Identifier: GPL-2.0
"""The catalogue of broken allocators, and what is concluded from a mutant.

The catalogue's own faults are tested on the catalogue: here it is shown that
its rows are valid, that each verdict is reached, and, on one kernel, that a
fault is killed and a change that changes nothing survives.
"""

from __future__ import annotations

import re
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Callable, cast

import pytest
from kmblib import cache, catalogue, effort, ktap, mutants, results
from kmblib.catalogue import Edit, Mutant
from kmblib.errors import Broken, CannotTell, Code
from kmblib.kernels import Kernel
from kmblib.mutant_tree import Tree
from kmblib.progress import Step

# At least so many rows a version.
_MANY = 40
# What older kernels do not promise.
_LATER = {"6.1": {3, 15, 21, 42, 45}}

_KILLED = """
[[mutant]]
name = "kmalloc-of-no-bytes-is-null"
breaks = [4]
[[mutant.edit]]
file = "mm/slab_common.c"
old = '''
		if (!size)
			return ZERO_SIZE_PTR;
'''
new = '''
		if (!size && IN_TEST)
			return NULL;
		if (!size)
			return ZERO_SIZE_PTR;
'''
"""
_NOTHING = """
[[mutant]]
name = "comment-added"
breaks = [4]
[[mutant.edit]]
file = "mm/slab_common.c"
old = "	struct kmem_cache *s;\\n	void *ret;\\n"
new = "	struct kmem_cache *s;	/* broken by no means */\\n	void *ret;\\n"
"""
_UNMATCHED = _KILLED.replace("is-null", "is-old").replace("if (!size)\n", "if (!bytes)\n")


def _mutant(breaks: tuple[int, ...] = (4,), config: str = "default") -> Mutant:
    return Mutant("m", breaks, (Edit("mm/slub.c", "a", "b"),), "", "kernel", config)


@pytest.fixture(name="write")
def _write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Writes a catalogue of 6.1 in place of the real one."""
    monkeypatch.setattr(catalogue, "HOME", tmp_path)

    def write(text: str) -> Path:
        (tmp_path / "6.1.toml").write_text(text)
        return tmp_path / "6.1.toml"

    return write


@pytest.mark.parametrize("version", catalogue.versions())
def test_catalogue_is_valid_and_covers_each_promise(version: str) -> None:
    """load() checks fields, unique names, known promises, files."""
    rows = catalogue.load(catalogue.HOME / f"{version}.toml")
    assert len(rows) >= _MANY
    later = _LATER.get(version, set())
    assert {nr for m in rows for nr in m.breaks} == set(catalogue.promises()) - later
    for said in (m.equivalent or m.nowhere or m.why for m in rows):
        assert not said or len(said) > 40, "a proof is a sentence"
    assert {e.file for m in rows for e in m.edits if m.scope == "tests"} <= {"include/linux/slab.h"}


@pytest.mark.parametrize("version", catalogue.versions())
def test_each_mutant_applies_to_the_distributions_source(version: str) -> None:
    """Where it is in the cache; nothing is fetched for this."""
    sources = [p for p in cache.root().glob(f"source/linux-source-{version}_*") if p.is_dir()]
    if not sources:
        pytest.skip(f"the source of {version} is not in the cache")
    for mutant in catalogue.load(catalogue.HOME / f"{version}.toml"):
        texts = catalogue.mutated(mutant, lambda name: (sources[0] / name).read_text())
        assert texts and all(text != (sources[0] / name).read_text()
                             for name, text in texts.items()), mutant.name


def test_two_edits_of_a_file_are_both_made() -> None:
    """In order: the second sees what the first has made."""
    mutant = Mutant("m", (4,), (Edit("f", "a", "bb"), Edit("f", "bb", "c")), "", "kernel")
    assert catalogue.mutated(mutant, lambda _: "xay") == {"f": "xcy"}


@pytest.mark.parametrize("text, count", [("xx", 0), ("xaya", 2)])
def test_text_that_is_not_there_once_is_named(text: str, count: int) -> None:
    """Two matches are no better than none."""
    with pytest.raises(Broken, match=f"mutant m: its text is {count} times in mm/slub.c, not once: a"):
        catalogue.mutated(_mutant(), lambda _: text)


@pytest.mark.parametrize("change, said", [
    (("[4]", "[4, 99]"), r"breaks = \[4, 99\]: no such row in promises.c"),
    (("[4]", "[]"), r"breaks = \[\]"),
    (("breaks", "brakes"), "brakes: wrong or missing"),
    (("mm/slab_common.c", "mm/../Makefile"), "cannot be changed with scope"),
    (("mm/slab_common.c", "include/linux/slab.h"), "cannot be changed with scope"),
    (("[4]", '[4]\nscope = "world"'), "no scope world; there are: kernel tests"),
    (("[4]", '[4]\nconfig = "smb"'), "no config smb; there are: default .* smp"),
    (("[4]", '[4]\narch = "x86"'), "no arch x86; there are: um x86_64"),
    (("[4]", '[4]\nequivalent = "so"\nnowhere = "so"'), "equivalent and nowhere exclude"),
    (("[4]", "[4"), "6.1.toml: "),
    (("name = \"kmalloc-of-no-bytes-is-null\"\n", ""), "a mutant without a name"),
])
def test_row_that_is_not_valid_is_named(write: Callable[[str], Path], change: tuple[str, str],
                                        said: str) -> None:
    """The unchanged row is the control."""
    assert len(catalogue.load(write(_KILLED))) == 1
    with pytest.raises(Broken, match=said):
        catalogue.load(write(_KILLED.replace(*change)))


def test_edit_that_changes_nothing_and_a_name_twice_are_refused(
        write: Callable[[str], Path]) -> None:
    """Both would be counted as mutants."""
    with pytest.raises(Broken, match="the same as new"):
        catalogue.load(write(_NOTHING.replace("	/* broken by no means */", "")))
    with pytest.raises(Broken, match="named twice: kmalloc-of-no-bytes-is-null"):
        catalogue.load(write(_KILLED + _KILLED))


def test_property_of_the_implementation_is_tested_strictly(write: Callable[[str], Path]) -> None:
    """Else its breach would only be reported."""
    assert catalogue.load(write(_KILLED))[0].args == ""
    strict = _KILLED.replace("[4]", '[4, 8]\nargs = "a=b"')
    assert catalogue.load(write(strict))[0].args == "a=b kmalloc_kunit.strict=1"


def test_selection_by_name_and_glob() -> None:
    """Several words, in the catalogue's order; an unknown one gets near names."""
    rows = catalogue.load(catalogue.HOME / "6.1.toml")
    names = [m.name for m in catalogue.select(rows, "kvfree-leaks-* kfree-rcu-frees-at-once")]
    assert names == ["kvfree-leaks-memory-of-vmalloc", "kfree-rcu-frees-at-once"]
    assert catalogue.select(rows, "") == rows
    with pytest.raises(Broken, match="no mutant matches ONLY=kfree-rcu-fries; near: .*kfree-rcu"):
        catalogue.select(rows, "kfree-rcu-fries")


def test_name_without_a_catalogue_is_refused_before_anything_is_fetched() -> None:
    """Only where the name alone tells; the controls are names that may go on."""
    for name in (None, "6.1", "7.3", "banana"):
        catalogue.require(name)
    with pytest.raises(Broken, match="KERNEL=6.12: no mutants of Linux 6.12; .*of: 6.1 7.3"):
        catalogue.require("6.12")


def test_kernel_without_a_catalogue_is_told_which_there_are(kernel: Kernel) -> None:
    """6.12 has none; a tree is told by its version."""
    other = Kernel("6.12", "6.12", "6.12.95-1", Path("/"), "x", kernel.distro)
    with pytest.raises(Broken, match="KERNEL=6.12: no mutants of Linux 6.12.95-1; there are some "
                                     "of: 6.1 7.3"):
        catalogue.of(other)
    tree = Kernel("/t", "t", "7.3.0-rc1", Path("/t"), "x", None)
    assert catalogue.of(tree) == catalogue.load(catalogue.HOME / "7.3.toml")


@pytest.mark.parametrize("name, ended, red, said", [
    ("pass", True, set(), ""),
    ("pass", False, set(), "it hung"),
    ("failure", True, {"p9_ksize_counts_no_neighbour"}, "kmalloc_limits/p9_ksize_counts_no"),
    ("crash", True, {"kmalloc_contiguity"}, "died here"),
    ("hang", False, {"p5_kfree_of_nothing_does_nothing"}, "it hung; .*died here"),
    ("warning", True, {"p5_kfree_of_nothing_does_nothing"}, ""),
    ("skip", True, {"p6_oversize_is_null_and_silent", "p6_oversize_warns_once"}, ""),
])
def test_red_cases_are_found(kunit_py: Path, data: Path, name: str, ended: bool, red: set[str],
                             said: str) -> None:
    """Of recorded runs of mutants; a crash counts for the case that it came in."""
    path = data / f"kunit-{name}.log"
    found, reason = mutants.judge(ktap.read(kunit_py, path), path.read_text(), ended, set())
    assert {r.case for r in found} >= red, found
    assert bool(reason) == (name != "pass" or not ended)
    assert all(r.promise == int(r.case[1:].split("_")[0]) for r in found if r.case[0] == "p")
    assert re.search(said, reason)


def test_skip_that_the_control_has_not_is_red(kunit_py: Path, data: Path) -> None:
    """One that it has, too, says nothing of the mutant."""
    log = ktap.read(kunit_py, data / "kunit-skip.log")
    log = replace(log, sound=True, complaint="",
                  cases=tuple(c for c in log.cases if c.outcome != "fail"))
    red, reason = mutants.judge(log, "", True, set())
    assert [r.case for r in red] == ["p6_oversize_warns_once"]
    assert reason.startswith("p6_oversize_warns_once: skipped, but not without the mutant: the page")
    assert mutants.judge(log, "", True, mutants._skipped(log)) == ((), "")


def test_complaint_counts_for_the_case_that_it_came_in() -> None:
    """What was asked for is not one, though its text is the same."""
    asked = ("kmbench: the following warning is asked for\nWARNING: x\n"
             "kmbench: the warning that was asked for is over\n    ok 1 p6_warns\n")
    assert mutants._case_of_complaint(f"{asked}WARNING: x\n    ok 2 p7_max\n", "WARNING: x") == "p7_max"
    assert mutants._case_of_complaint(f"{asked}    ok 2 p7_max\n", "WARNING: x") == ""


def test_complaint_is_not_looked_for_in_the_boot() -> None:
    """User-mode Linux prints a trace there, which counted for the first case."""
    console = "Call Trace:\nKTAP version 1\n    ok 1 p1_aligned\nCall Trace:\n    ok 2 p7_max\n"
    assert mutants._case_of_complaint(console, "Call Trace:") == "p7_max"


def _done(outcome: str, *red: int, own: float = 0.0) -> mutants.Result:
    return mutants.Result(_mutant((4, 9)), outcome,
                          tuple(mutants.Red(f"p{nr}_x", nr) for nr in red), "why", own, own)


@pytest.mark.parametrize("outcomes, verdict", [
    (["killed"], "pass"), (["killed", "equivalent"], "pass"), (["killed", "untried"], "pass"),
    (["killed", "survived"], "fail"),
    (["survived", "unmatched"], "error"), (["unbuilt"], "error"), (["unbooted"], "error"),
    (["refuted", "killed"], "error"),
])
def test_verdict_over_all(outcomes: list[str], verdict: str) -> None:
    """What proves nothing outweighs a survivor; so does what was not reached."""
    done = [_done(o, 9) for o in outcomes]
    assert mutants.verdict_of(done, len(done))[0] == verdict
    assert mutants.verdict_of(done, len(done) + 1)[0] == "error"


def test_killer_of_another_promise_is_shown() -> None:
    """It is a kill, but its own promise may be tested badly."""
    assert _done("killed", 12, 9).expected and not _done("killed", 12).expected
    text = mutants.table([_done("killed", 12, 9), _done("killed", 12), _done("survived")])
    assert " 9 12\n" in text and " another: 12\n" in text and "SURVIVED" in text
    assert "3 of 3 tried: 2 killed, 1 survived, 0 equivalent; 1 killed only by another\n" in text
    assert text.endswith("0 untried, which proves nothing; promises without a kill: 4\n")
    assert "\nm: killed, but by no case of promise 4 or 9: why\n" in text
    assert max(map(len, text.splitlines())) <= 80


def test_what_was_not_tried_is_counted_apart() -> None:
    """It is no kill of its promise, nor is what another promise's case noticed."""
    done = [_done("killed", 9), _done("untried"), _done("unbuilt"), _done("killed", 12)]
    assert mutants.unproven(done) == [4]
    assert mutants.unproven([_done("untried")]) == mutants.unproven([_done("killed", 12)]) == [4, 9]
    text = mutants.table(done)
    assert "\n2 of 4 tried: 2 killed, 0 survived, 0 equivalent; 1 killed only by another\n" in text
    assert text.endswith("1 untried, which proves nothing; promises without a kill: 4\n")
    assert " UNTRIED\n" in text and "\nm: untried: why\n" in text


@pytest.mark.parametrize("red", [(), (12,), (0,)])
def test_kill_by_none_of_its_promises_fails_unless_the_row_says_why(red: tuple[int, ...]) -> None:
    """None at all, one of another promise, a control; one of its own is the control."""
    killed = _done("killed", *red)
    assert mutants.verdict_of([_done("killed", 9), killed], 2) == (
        "fail", "m: killed, but by no case of promise 4 or 9")
    said = replace(killed, mutant=replace(killed.mutant, why="the boot fails before"))
    assert mutants.verdict_of([said], 1) == ("pass", "")
    assert mutants.verdict_of([_done("killed", 4, *red)], 1) == ("pass", "")


class _Tree:
    """A tree whose kernel says what was recorded: `alone` where a filter is given."""

    def __init__(self, kunit_py: Path, data: Path, alone: str) -> None:
        self.kunit_py, self.data, self.alone = kunit_py, data, alone
        self.args: list[str] = []
        self.quick, self.built = False, list[str]()

    def mutated(self, _mutant: Mutant) -> AbstractContextManager[None]:
        """Changes nothing."""
        return nullcontext()

    def in_mm(self) -> bool:
        """As it was told."""
        return self.quick

    def make_mm(self, _current: Step) -> None:
        """Builds nothing."""
        self.built.append("mm")

    def make(self, _current: Step) -> None:
        """Builds no more."""
        self.built.append("all")

    def run(self, args: str, log: Path, _timeout: float, _current: Step) -> bool:
        """Copies a recording."""
        self.args.append(args)
        name = self.alone if "filter_glob" in args else "panic"
        log.write_bytes((self.data / f"kunit-{name}.log").read_bytes())
        return True


@pytest.mark.parametrize("alone, breaks, fault", [
    ("failure", (12, 9), ""), ("pass", (9,), "killed, but by no case of promise 9"),
    ("failure", (12,), "killed, but by no case of promise 12"),
])
def test_cases_that_the_kernel_did_not_come_to_run_alone(
        kunit_py: Path, data: Path, tmp_path: Path, alone: str, breaks: tuple[int, ...],
        fault: str) -> None:
    """It died in a case of promise 39; only a failure of a promise of its own counts."""
    tree = _Tree(kunit_py, data, alone)
    lab = mutants.Laboratory(cast(Tree, tree), tmp_path, {"": 1.0}, {"": set()})
    result = lab.try_one(_mutant(breaks), Step("m"))
    assert (result.outcome, result.fault) == ("killed", fault)
    assert result.red[0].promise == 39
    assert tree.args == ["", *(f"kunit.filter_glob=kmalloc_*.p{nr}_*" for nr in breaks)]


def test_cases_that_noticed_do_not_run_again(kunit_py: Path, data: Path, tmp_path: Path) -> None:
    """The control of the one above."""
    tree = _Tree(kunit_py, data, "pass")
    lab = mutants.Laboratory(cast(Tree, tree), tmp_path, {"": 1.0}, {"": set()})
    assert not lab.try_one(_mutant((39,)), Step("m")).fault
    assert tree.args == [""]


@pytest.mark.parametrize("alone, equivalent, runs, outcome, fault", [
    ("failure", "", 1, "killed", ""), ("failure", "proof", 1, "refuted", ""),
    ("pass", "", 2, "killed", "")])
def test_cases_of_the_first_promise_are_enough_if_red(
        kunit_py: Path, data: Path, tmp_path: Path, alone: str, equivalent: str, runs: int,
        outcome: str, fault: str) -> None:
    """Where the control ran them alone; if they are green, everything runs."""
    tree = _Tree(kunit_py, data, alone)
    only = "kunit.filter_glob=kmalloc_*.p9_*"
    lab = mutants.Laboratory(cast(Tree, tree), tmp_path, {"": 1.0, only: 1.0},
                             {"": set(), only: set()})
    mutant = replace(_mutant((9, 39)), equivalent=equivalent)
    result = lab.try_one(mutant, Step("m"))
    assert (result.outcome, result.fault) == (outcome, fault)
    assert tree.args == [only, ""][:runs]


@pytest.mark.parametrize("breaks, equivalent, built, runs", [
    ((39,), "", ["mm"], 1), ((9,), "", ["mm", "all"], 4), ((9,), "proof", ["mm", "all"], 2)])
def test_mutant_that_was_not_noticed_is_built_whole(
        kunit_py: Path, data: Path, tmp_path: Path, breaks: tuple[int, ...], equivalent: str,
        built: list[str], runs: int) -> None:
    """What is built in mm/ alone may have left it out, and then proves nothing."""
    tree = _Tree(kunit_py, data, "pass")
    tree.quick = True
    lab = mutants.Laboratory(cast(Tree, tree), tmp_path, {"": 1.0}, {"": set()})
    lab.try_one(replace(_mutant(breaks), equivalent=equivalent), Step("m"))
    assert (tree.built, len(tree.args)) == (built, runs)


def test_whole_build_follows_a_file_that_others_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is changed back afterwards: the next one needs one, too, and not the one after that."""
    tree = object.__new__(Tree)
    tree._elsewhere, tree._stale, tree.farm, tree.build = set(), set(), Path("/x"), Path("/y")
    for name in ("_replace", "_put_in_front"):
        monkeypatch.setattr(tree, name, lambda _texts: None)
    monkeypatch.setattr(tree, "restore", lambda: None)
    monkeypatch.setattr(tree, "_make", lambda _current, _how: None)
    seen = []
    for name, scope in (("mm/slub.c", "kernel"), ("include/linux/slab.h", "tests"), ("mm/slab.h", "kernel"),
                        ("mm/slub.c", "kernel"), ("mm/slub.c", "kernel"), ("kernel/rcu/tiny.c", "kernel")):
        monkeypatch.setattr(catalogue, "mutated", lambda _mutant, _of, name=name: {name: ""})
        with tree.mutated(replace(_mutant((9,)), scope=scope)):
            seen.append(tree.in_mm())
            if not tree.in_mm():
                tree.make(Step("m"))
    assert seen == [True, True, False, False, True, False]


@pytest.mark.parametrize("outcome", ["killed", "equivalent"])
def test_mutant_that_takes_long_fails_the_run(outcome: str) -> None:
    """By its own time; the limit itself is allowed."""
    assert mutants.verdict_of([_done(outcome, 9, own=60.0)], 1)[0] == "pass"
    slow = _done(outcome, 9, own=61.0)
    assert mutants.verdict_of([_done("killed", 9), slow], 2) == (
        "fail", "m: took 61 s with its rebuild, more than 60")
    assert "\nm: took 61 s" in mutants.table([slow])
    busy = replace(slow, own=20.0)
    assert busy.seconds == 61.0 and mutants.verdict_of([busy], 1)[0] == "pass"


@pytest.mark.parametrize("wall, waited, used, seconds", [
    (30.0, 0.0, 25.0, 30.0), (90.0, 80.0, 50.0, 25.0), (90.0, 30.0, 25.0, 60.0),
    (30.0, 0.0, 70.0, 30.0), (130.0, 130.0, 54.0, 27.0),
])
def test_own_time_is_without_the_wait_for_a_processor(wall: float, waited: float, used: float,
                                                      seconds: float) -> None:
    """Idle, busy, asleep on a busy machine, and a build that uses two processors at once."""
    assert effort.own(wall, waited, used, 2) == seconds


def test_pressure_is_read_where_the_kernel_tells(tmp_path: Path) -> None:
    """Microseconds of "some"; without the file the wall clock counts alone."""
    told = tmp_path / "cpu"
    assert effort.starved(told) == 0.0
    told.write_text("some avg10=9.88 avg60=9.38 avg300=2.38 total=2500000\nfull total=7\n")
    assert effort.starved(told) == 2.5


def test_each_configuration_is_built_once() -> None:
    """Its mutants together, those of one file one after the other."""
    rows = [replace(_mutant(config=c), name=n, arch="x86_64" if n == "f" else "um",
                    edits=(catalogue.Edit(f"mm/{f}.c", "a", "b"),))
            for n, c, f in (("a", "default", "slub"), ("b", "smp", "slub"), ("c", "default", "util"),
                            ("d", "smp", "slub"), ("e", "default", "slub"),
                            ("f", "smp", "slub"))]
    groups = mutants._by_target(rows)
    assert {target: [m.name for m in some] for target, some in groups.items()} == {
        ("um", "default"): ["a", "e", "c"], ("um", "smp"): ["b", "d"],
        ("x86_64", "smp"): ["f"]}


def test_mutant_that_cannot_be_tried_here_is_no_proof(write: Callable[[str], Path], kernel: Kernel,
                                                      tmp_path: Path) -> None:
    """Said at once, before anything is built; its text still has to match."""
    why = 'nowhere = """UML of 6.1\nhas one processor"""'
    write(_KILLED.replace("breaks", f"{why}\nbreaks"))
    with pytest.raises(CannotTell, match="is-null: cannot be tried here: UML of 6.1 has one"):
        mutants.run(kernel, "", tmp_path)
    write(_UNMATCHED.replace("breaks", f"{why}\nbreaks"))
    with pytest.raises(Broken, match="its text is 0 times"):
        mutants.run(kernel, "", tmp_path)
    assert not list(tmp_path.glob("mutants.*"))


def test_mutant_that_does_not_match_ends_with_2(write: Callable[[str], Path], kernel: Kernel,
                                                tmp_path: Path) -> None:
    """Before anything is built, and with its name."""
    write(_UNMATCHED)
    with pytest.raises(Broken, match="mutant kmalloc-of-no-bytes-is-old: its text is 0 times"):
        mutants.run(kernel, "", tmp_path)
    assert Broken.code is Code.BROKEN


def test_fault_is_killed_and_a_comment_survives(write: Callable[[str], Path], kernel: Kernel,
                                                tmp_path: Path) -> None:
    """The real thing: two kernels built and run, and the tree as it was afterwards."""
    untried = _KILLED.replace("is-null", "is-far").replace("breaks", 'nowhere = "x"\nbreaks')
    write(_KILLED + _NOTHING + untried)
    assert mutants.run(kernel, "", tmp_path) == Code.FAILED
    document = results.load(tmp_path / "mutants.json")
    outcomes = {m["name"]: (m["outcome"], m["expected"]) for m in document["mutants"]}
    assert outcomes == {"kmalloc-of-no-bytes-is-null": ("killed", True),
                        "comment-added": ("survived", False),
                        "kmalloc-of-no-bytes-is-far": ("untried", False)}
    red = {m["name"]: [r["case"] for r in m["red"]] for m in document["mutants"]}
    assert "p4_no_bytes_give_zero_size_ptr" in red["kmalloc-of-no-bytes-is-null"]
    assert document["counts"] == {"killed": 1, "survived": 1, "equivalent": 0, "untried": 1,
                                  "broken": 0, "asked": 3, "tried": 2}
    assert document["unproven"] == []
    assert list(document["environment"]["configs"]) == ["default"]
    copy = cache.root() / f"mutants/tree/{kernel.key}/mm/slab_common.c"
    assert copy.read_text() == (kernel.source / "mm/slab_common.c").read_text()
    assert not copy.is_symlink(), "a link would be older than the object of the mutant"
