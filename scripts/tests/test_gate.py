# SPDX-License-Identifier: GPL-2.0
"""The exact gate: what it finds, what it lets pass, what it refuses to compare."""

from __future__ import annotations

import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from kmblib import (baseline, bench, build, gate, gate_files, gate_page, kernels, proc, report,
                    tlb, touches, vm)
from kmblib.baseline import Baseline
from kmblib.errors import Broken, CannotTell, Code, Failed
from kmblib.options import Machine
from kmblib.page import Page

_FAST, _SLOW = "pair/task/GFP_KERNEL/64", "burst256-lifo/task/GFP_KERNEL/64"
_PAGES = "pair/task/GFP_KERNEL/262144"
_FILES = sorted(baseline.BASELINES.glob("*.txt"))


@pytest.fixture(name="base")
def _base() -> Baseline:
    """A committed one."""
    return baseline.load(_FILES[0])


def _with(side: Baseline, cell: str, **more: int) -> Baseline:
    """The same, with figures of a cell raised."""
    figures = {key: side.cells[cell][key] + by for key, by in more.items()}
    return replace(side, cells={**side.cells, cell: {**side.cells[cell], **figures}})


def test_the_same_is_no_regression(base: Baseline) -> None:
    """Whatever the order of its cells."""
    names = list(base.cells)
    random.Random(1).shuffle(names)
    verdict = gate.compare(base, replace(base, cells={n: base.cells[n] for n in names}))
    assert verdict.code() == Code.GOOD and not verdict.changes


def test_one_instruction_of_any_fast_cell_is_found(base: Baseline) -> None:
    """With its exact count, and that it is the only one."""
    fast = [name for name in base.cells if gate.is_exact(name)]
    assert len(fast) > 20
    for name in fast:
        for n in (1, 2, 4, 8, 16):
            verdict = gate.compare(base, _with(base, name, insns=n * base.cells[name]["ops"]))
            change, = verdict.changes
            assert (change.cell, change.figure, change.each()) == (name, "insns", n)
            assert verdict.code() == Code.FAILED and change in verdict.regressions()


def test_one_instruction_of_any_fast_path_is_found(base: Baseline) -> None:
    """Where much may change with what the kernel did before, too: not what an operation that meets
    with nothing takes. Where objects are several, or charged, in slabs of several pages there is
    more room."""
    rooms = {"account": 17, "bulk": 5, "krealloc": 5}
    gated = {name: rooms.get(name.split("/")[0], 1) if int(name.split("/")[3]) > 512 else 1
             for name in base.cells if gate.is_gated(name) and not name.startswith("cold/")}
    assert list(gated.values()).count(1) > 230 and len(gated) > 250
    for name, least in gated.items():
        verdict = gate.compare(base, _with(base, name, fast_insns=least))
        change, = verdict.changes
        assert (change.cell, change.figure, change.each()) == (name, "fast_insns", least)
        assert verdict.code() == Code.FAILED and change in verdict.regressions()
        assert least == 1 or gate.compare(base, _with(base, name, fast_insns=least - 1)).code() == Code.GOOD


def test_little_of_a_slow_cell_is_let_pass(base: Baseline) -> None:
    """Up to 32 instructions of each operation, or 2 %; more is found. In the sum, too, it is
    little; what is more is there as well."""
    ops, insns = base.cells[_SLOW]["ops"], base.cells[_SLOW]["insns"]
    little, much = (gate.compare(base, _with(base, _SLOW, insns=n))
                    for n in (insns // 51, max(33 * ops, insns // 49)))
    assert little.code() == Code.GOOD and not little.changes[0].beyond
    assert much.code() == Code.FAILED and much.changes[0].beyond


def test_an_instruction_everywhere_shows_in_the_sum(base: Baseline) -> None:
    """Though of no slow cell it is beyond a limit."""
    slow = {name: c if gate.is_exact(name) else {**c, "insns": c["insns"] + c["ops"]}
            for name, c in base.cells.items()}
    verdict = gate.compare(base, replace(base, cells=slow))
    assert verdict.total in verdict.regressions()
    assert all(c.cell not in base.cells for c in verdict.regressions())


@pytest.mark.parametrize("scenario, more", [("krealloc", 3), ("kfree_rcu", 2), ("bulk", 2), ("crowd", 2)])
def test_little_in_each_cell_of_a_scenario_is_found(base: Baseline, scenario: str, more: int) -> None:
    """Two or three instructions of each of its operations, where the path has few: in no cell, nor in
    all of them together, is it beyond a limit, and where each has its own share it is."""
    slow = {name: {**c, "insns": c["insns"] + more * c["ops"]} if name.startswith(f"{scenario}/") else c
            for name, c in base.cells.items()}
    verdict = gate.compare(base, replace(base, cells=slow))
    assert [c.cell for c in verdict.regressions()] == [f"{scenario}/*"]


@pytest.mark.parametrize("cell", ["krealloc/task/GFP_KERNEL/64", "account/task/GFP_KERNEL/64", "kvmalloc/task/GFP_KERNEL/8192"])
def test_a_dozen_instructions_of_a_steady_path_are_found(base: Baseline, cell: str) -> None:
    """The largest slabs, and what is no kmalloc() of a size alone, have a path as short."""
    ops, insns = base.cells[cell]["ops"], base.cells[cell]["insns"]
    worse = gate.compare(base, _with(base, cell, insns=max(12 * ops, insns // 90)))
    assert cell in {c.cell for c in worse.regressions()}
    assert gate.compare(base, _with(base, cell, insns=3 * ops)).code() == Code.GOOD


def test_cells_without_a_limit_have_no_verdict(base: Baseline) -> None:
    """Not even that there is no regression; a NULL is one all the same."""
    large = {name: c for name, c in base.cells.items() if not gate.is_gated(name)}
    base = replace(base, cells=large)
    slow = replace(base, cells={name: {**c, "insns": 3 * c["insns"]} for name, c in large.items()})
    for verdict in (gate.compare(base, base), gate.compare(base, slow, stored=False)):
        assert verdict.code() == Code.CANNOT_TELL
        assert verdict.sentence().startswith(f"CANNOT TELL: no cost of these {len(large)} cells has a limit")
    cell = next(iter(large))
    null = _with(base, cell, failed=1)
    assert gate.compare(base, null).code() == Code.FAILED
    # One NULL less is no verdict on what it costs, and words and code say the same.
    fewer = gate.compare(null, base, stored=False)
    assert fewer.code() == Code.CANNOT_TELL and fewer.sentence().startswith("CANNOT TELL: ")


def test_more_memory_than_some_slabs_is_found(base: Baseline) -> None:
    """Four may have objects of others in them."""
    slabs = 4 * base.cells[_FAST]["block"]
    assert gate.compare(base, _with(base, _FAST, held=slabs)).code() == Code.GOOD
    assert gate.compare(base, _with(base, _FAST, held=slabs + 1)).code() == Code.FAILED


def test_null_is_found(base: Baseline) -> None:
    """A single one."""
    assert gate.compare(base, _with(base, _FAST, failed=1)).code() == Code.FAILED


def test_page_allocator_is_told_and_never_fails(base: Baseline) -> None:
    """But for NULL. Of a steady path cells of up to 8192 bytes may fail, else of 4096."""
    verdict = gate.compare(base, _with(base, _PAGES, insns=base.cells[_PAGES]["insns"]))
    change, = verdict.changes
    assert verdict.code() == Code.GOOD and change.per_cent() == 100 and not change.limited
    told = gate_files.document(verdict, base, base, "")
    text = report.rendered(Page("", "", [], gate_page.appendix(told)), "text", "")
    assert re.search(rf"^{_PAGES} .* \+100\.00$", text, re.M)
    assert gate.compare(base, _with(base, _PAGES, failed=1)).code() == Code.FAILED
    assert gate.is_gated("pair/task/GFP_KERNEL/8192") and not gate.is_gated("pair/task/GFP_KERNEL/16384")
    assert gate.is_gated("free/task/GFP_KERNEL/4096") and not gate.is_gated("free/task/GFP_KERNEL/8192")


def test_kernel_that_only_gives_null_fails(base: Baseline) -> None:
    """Though it takes fewer instructions; each attempt is an operation."""
    boot = {"measurement": {"measured": {"cells": [{
        "name": _FAST, "footprint": {"objects": 0}, "events": {}, "repetitions": [
            {"count": 0, "sum": 0, "failed": 2, "mean_loop": {"count": 2, "sum": 9, "failed": 2}}]}]}}}
    null = baseline.cells_of(boot)
    assert null == {_FAST: {"ops": 2, "insns": 0, "fast_insns": 0, "failed": 4, "loop_ops": 2,
                            "loop_insns": 9}}
    good = {**null[_FAST], "insns": 340, "fast_insns": 170, "failed": 0, "loop_insns": 340}
    verdict = gate.compare(replace(base, cells={_FAST: good}), replace(base, cells=null))
    assert verdict.code() == Code.FAILED and [c.figure for c in verdict.regressions()] == ["failed"]


def test_each_event_is_told(base: Baseline) -> None:
    """Also those that never fail."""
    new = _with(base, _FAST, pgscan=1000, compact_stall=5)
    verdict = gate.compare(base, new)
    assert {c.figure for c in verdict.changes} == {"pgscan", "compact_stall"}
    assert verdict.code() == Code.GOOD and verdict.changes


def test_other_side_has_the_other_sign(base: Baseline) -> None:
    """What is a regression one way is an improvement the other: a new baseline is due."""
    slower = _with(base, _FAST, insns=base.cells[_FAST]["ops"])
    verdict = gate.compare(slower, base)
    assert verdict.code() == Code.CANNOT_TELL and "make a new baseline" in verdict.sentence()
    assert verdict.changes[0].each() == -gate.compare(base, slower).changes[0].each() == -1


def test_other_place_is_refused(base: Baseline) -> None:
    """Each part of the fingerprint; the kernel's version is none."""
    for key in base.place:
        with pytest.raises(CannotTell, match=f"^not comparable: {key} is "):
            gate.compare(base, replace(base, place={**base.place, key: "other"}))
    assert gate.compare(base, replace(base, label={**base.label, "version": "9"})).code() == Code.GOOD


def test_other_cells_are_refused(base: Baseline) -> None:
    """Missing on either side, or with other numbers of operations."""
    less = replace(base, cells={n: c for n, c in base.cells.items() if n != _FAST})
    with pytest.raises(CannotTell, match=f"1 cells are missing in the new one, as {_FAST}"):
        gate.compare(base, less)
    with pytest.raises(CannotTell, match=f"1 cells are missing in the base, as {_FAST}"):
        gate.compare(less, base)
    for of in ("ops", "loop_ops"):
        with pytest.raises(CannotTell, match=f"{_FAST} has .* operations in the base"):
            gate.compare(base, _with(base, _FAST, **{of: 1}))


def test_figure_on_one_side_alone_is_refused(base: Baseline) -> None:
    """It is not taken for 0."""
    for figure in ("loop_insns", "held", "allocstall", "block"):
        cell = {k: v for k, v in base.cells[_FAST].items() if k != figure}
        less = replace(base, cells={**base.cells, _FAST: cell})
        for pair in ((base, less), (less, base)):
            with pytest.raises(CannotTell, match=f"{_FAST} has {figure} on one side alone"):
                gate.compare(*pair)


@pytest.mark.parametrize("spoil, says", [
    (lambda line: f"{line}\n{line}", r"354 cells have 353 names"),
    (lambda line: f"{line} ops=1", "and no other twice"),
    (lambda line: line.replace(" insns=", " other="), "each of ops insns fast_insns failed block once"),
    (lambda line: line.replace(" block=", " other="), "each of ops insns fast_insns failed block once"),
    (lambda line: line.replace("/64 ", "/many "), "is no cell"),
    (lambda line: line.replace(" ops=", f" ops={'9' * 5000}"), "is no cell"),
    (lambda line: line.replace("pair/", "pair\x01/"), "is no cell")])
def test_file_that_somebody_spoilt_is_refused(base: Baseline, tmp_path: Path, spoil: Any,
                                              says: str) -> None:
    """A line of it, in ways that an editor or a merge has."""
    lines = base.text().splitlines()
    (tmp_path / "file").write_text("\n".join(
        spoil(line) if line.startswith(f"{_FAST} ") else line for line in lines) + "\n")
    with pytest.raises(Broken, match=says):
        baseline.load(tmp_path / "file")


def test_kernel_that_breaks_down_has_no_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    """That is no verdict on what it costs, nor a bad commit for a bisection."""
    def panics(_job: Any, _times: int) -> Any:
        raise Failed("Kernel panic")
    monkeypatch.setattr(bench, "repeated", panics)
    job = bench.Job(kernels.find("6.1", None), Machine("virtual", 1024, 1), bench.Amount(), Path("/"))
    with pytest.raises(CannotTell, match="^no figures: 6.1 failed: Kernel panic"):
        baseline.measure(job)


def test_version_is_no_option(tmp_path: Path) -> None:
    """A configuration names it in a comment and in Debian's salt; an option is one."""
    def options(text: str) -> str:
        (tmp_path / "config").write_text(text)
        boot = build.Boot(Path("image"), tmp_path / "config", Path("modules"), ())
        return vm.Parts(boot, tmp_path, "tcg", (), "").options_sha256()
    one = "# Linux/x86 6.1.1 Kernel Configuration\nCONFIG_BUILD_SALT=\"1\"\nCONFIG_SLUB=y\n"
    assert options(one) == options(one.replace("6.1.1", "6.1.2").replace('"1"', '"2"'))
    assert options(one) != options(one.replace("SLUB=y", "SLUB=n"))
    assert options(one) != options(one + "# CONFIG_SLAB is not set\n")


@pytest.mark.parametrize("name", kernels.KERNELS)
def test_text_is_read_back(tmp_path: Path, name: str) -> None:
    """And is the same text again: sorted, a cell a line. There is one of each kernel."""
    for path in baseline.files(name):
        base = baseline.load(path)
        (tmp_path / "one").write_text(base.text())
        again = baseline.load(tmp_path / "one")
        assert again == base and again.text() == base.text() == path.read_text()
        assert base.label["kernel"] == name
        assert path == baseline.path_of(kernels.find(name, ""), base.place)


@pytest.mark.parametrize("key", ["qemu", "timed"])
def test_baseline_of_another_place_is_none(base: Baseline, key: str) -> None:
    """Of each kernel there may be one of each place: what is not that of this machine is told from
    what is no baseline at all."""
    kernel = kernels.find(base.label["kernel"], "")
    assert baseline.of_place(kernel, base.place) == base
    with pytest.raises(CannotTell, match=f"no baseline of .* for this place: of the nearest, {key} is"):
        baseline.of_place(kernel, {**base.place, key: "another"})
    with pytest.raises(Broken, match="no baseline of none in baselines/"):
        baseline.of_place(replace(kernel, label="none"), base.place)


@pytest.mark.parametrize("text, says", [
    ("", "begins with ''"), ("# kmbench-baseline 0\n", "begins with '# kmbench-baseline 0'"),
    ("{}", "begins with '{}'"), ("# kmbench-baseline 4\n", "no line '# kernel: ...'")])
def test_other_file_is_refused(tmp_path: Path, text: str, says: str) -> None:
    """With what is wrong and what would be right."""
    (tmp_path / "file").write_text(text)
    with pytest.raises(Broken, match=says):
        baseline.load(tmp_path / "file")


def test_broken_cell_is_refused(base: Baseline, tmp_path: Path) -> None:
    """A line that is none, and no line at all."""
    (tmp_path / "file").write_text(base.text() + "pair insns=x\n")
    with pytest.raises(Broken, match="'pair insns=x' is no cell"):
        baseline.load(tmp_path / "file")
    (tmp_path / "file").write_text("".join(f"{line}\n" for line in base.text().splitlines()
                                           if line.startswith("#")))
    with pytest.raises(Broken, match="it has no cell"):
        baseline.load(tmp_path / "file")
    with pytest.raises(Broken, match="No such file"):
        baseline.load(tmp_path / "none")


def test_head_that_is_there_twice_is_refused(base: Baseline, tmp_path: Path) -> None:
    """As a merge leaves it that kept both: which is right, nobody knows."""
    (tmp_path / "file").write_text(base.text().replace("# qemu: ", "# qemu: another\n# qemu: ", 1))
    with pytest.raises(Broken, match="'# qemu: ...' is there twice"):
        baseline.load(tmp_path / "file")


def _boot(*sums: int) -> dict[str, Any]:
    """One with a cell whose repetitions took so many instructions for two operations."""
    cell = {"name": _FAST, "footprint": {"objects": 0}, "events": {}, "repetitions": [
        {"count": 2, "sum": sum_, "min": 169, "max": sum_ - 169, "failed": 0, "mean_loop": None} for sum_ in sums]}
    return {"measurement": {"measured": {"cells": [cell]}}}


def test_boots_that_differ_are_no_figures() -> None:
    """Of one kernel: a broken set-up, and never a verdict."""
    one, two = map(baseline.cells_of, (_boot(340), _boot(341)))
    assert one == {_FAST: {"ops": 2, "insns": 340, "fast_insns": 169, "failed": 0}}
    baseline.agreed(one, one)
    with pytest.raises(CannotTell, match=f"^not deterministic: 1 of 1 cells .*{_FAST}: insns is 340 and 341"):
        baseline.agreed(one, two)


def test_repetition_that_differs_is_no_figure_either(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The median leaves it out, as an interrupt's; two boots have that in the same one."""
    other = _boot(340, 340, 999)
    job = bench.Job(kernels.find("6.1", None), Machine("virtual", 1024, 1), bench.Amount(), tmp_path)
    place = dict.fromkeys(("arch", "compiler", "options_sha256", "qemu", "accelerator",
                           "accelerator_options", "mem_mib", "cpus", "timed"), "x")
    monkeypatch.setattr(touches, "repeated", lambda _job, times: ([{}] * times, "x"))
    monkeypatch.setattr(bench, "repeated", lambda _job, _times: ([other, other], place))
    assert baseline.measure(job).cells[_FAST]["insns"] == 340
    monkeypatch.setattr(bench, "repeated", lambda _job, _times: ([_boot(340, 340, 341), other], place))
    with pytest.raises(CannotTell, match="sum of repetition 3 is 341 and 999$"):
        baseline.measure(job)


def test_accesses_are_told_of_both_states() -> None:
    """Accesses of a call after another, page walks of one that finds the TLB empty; of a size
    that was not looked at nothing."""
    counts = {"cold": {"loads": 40, "stores": 9, "page_walks": {"4K": 1, "2M": 4}},
              "warm": {"loads": 37, "stores": 18, "page_walks": {"4K": 0, "2M": 0}}}
    touch = {"size": 64, "unavailable": None, "kmalloc": counts, "kfree": counts}
    cell = {"alloc_accesses": 55, "alloc_walks": 5, "free_accesses": 55, "free_walks": 5}
    assert touches.figures([touch]) == {_TOUCHED: cell}
    assert touches.figures([{**touch, "unavailable": "no model"}]) == {}


_TOUCHED = "pair/irqsoff/GFP_ATOMIC/64"


@pytest.mark.parametrize("figure, by, code", [
    ("alloc_accesses", 1, Code.FAILED), ("free_accesses", -1, Code.CANNOT_TELL),
    ("free_walks", 1, Code.GOOD), ("alloc_walks", 2, Code.FAILED)])
def test_accesses_and_page_walks_are_compared(base: Baseline, figure: str, by: int,
                                              code: Code) -> None:
    """An access as an instruction is; where a page ends decides one page walk. Of more than
    4096 bytes they are told."""
    assert gate.compare(base, _with(base, _TOUCHED, **{figure: by})).code() == code
    large = _with(base, _TOUCHED.replace("64", "16384"), **{figure: 100})
    assert gate.compare(base, large).code() == Code.GOOD


def _touches_of(job: tlb.Job) -> tlb.Touches:
    """The second boot is one that did not succeed as the first one did."""
    if job.run.name == "touches-1":
        return tlb.Touches([{"size": 64, "unavailable": "PREEMPT_RT"}], "QEMU 9", "")
    raise Failed("Kernel panic")


@pytest.mark.parametrize("second, error, says", [
    (_touches_of, Failed, "Kernel panic"),
    (lambda job: tlb.Touches([], "QEMU 9", "no plugins" if job.run.name == "touches-1" else "MEM="),
     CannotTell, "^not deterministic: .* by unavailable: no plugins and by unavailable: MEM=")])
def test_boots_with_the_model_that_differ_are_no_figures(
        monkeypatch: pytest.MonkeyPatch, tmp_path: Path, second: Any, error: type[Exception],
        says: str) -> None:
    """Nor does one that fails end what runs after it."""
    monkeypatch.setattr(tlb, "touches", second)
    job = bench.Job(kernels.find("6.1", None), Machine("virtual", 1024, 1), bench.Amount(), tmp_path)
    with pytest.raises(error, match=says):
        touches.repeated(job, 2)
    assert proc.output(["echo", "still"], what="echo") == "still\n"


def test_what_could_not_count_is_part_of_the_place(tmp_path: Path) -> None:
    """So that a comparison without accesses says so, and one of such with others is refused."""
    job = bench.Job(kernels.find("6.1", None), Machine("virtual", 4096, 1), bench.Amount(), tmp_path)
    more, by = touches.repeated(job, 2)
    assert more == [{}, {}] and by.startswith("unavailable: MEM=4096M: the model knows memory below")


def test_verdict_fits_into_a_mail(base: Baseline) -> None:
    """72 columns; the sentence first, what is beyond its limit before the rest."""
    new = _with(_with(base, _SLOW, insns=3), _FAST, insns=base.cells[_FAST]["ops"])
    def render(one: Baseline) -> str:
        return gate_files.text_of(gate_files.document(gate.compare(base, one), base, one, ""))
    text = render(new)
    assert max(map(len, text.splitlines())) <= report.WIDTH
    assert "Gate: REGRESSION: 1 figure is worse beyond its limit" in text
    everything = text[text.index("All that changed"):]
    assert everything.index(_FAST) < everything.index(_SLOW)
    assert "0 changed." in render(base) and render(base) == render(base)
