# SPDX-License-Identifier: GPL-2.0
"""Walks on the running machine: what is made of what the tool measured, from a
recorded run and from curves that are known."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kmblib import chase, host, report, results
from kmblib.errors import Broken, Code
from kmblib.latencies import Curves, Latencies, misses
from kmblib.system import System

Document = dict[str, Any]
_FOOTPRINTS = [round(65536 * 2 ** (i / 4)) for i in range(41)]
_HUGE = 32 << 20


@pytest.fixture(name="job")
def _job(tmp_path: Path) -> chase.Job:
    """A machine with as much as a results file needs to know."""
    for name, text in {"proc/meminfo": "MemTotal:  2097152 kB\n", "proc/stat": "cpu0 1\n"}.items():
        (tmp_path / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "root" / name).write_text(text)
    (tmp_path / "run").mkdir()
    return chase.Job(System(tmp_path / "root", "6.1.0-x"), tmp_path / "run")


@pytest.fixture(name="measured")
def _measured(data: Path) -> Document:
    """What the tool wrote."""
    return results.load(data / "user-walks.json")


_NO_KERNEL: Document = {"unavailable": "not root", "clock": None, "walks": []}


def _document(job: chase.Job, measured: Document) -> Document:
    """chase.json of a run that nobody loaded a module for."""
    return chase.document(job, measured, _NO_KERNEL)


def _rendered(job: chase.Job, measured: Document) -> str:
    """The report, whose lines are not too long; without its folding."""
    results.write(job.run / "chase.json", _document(job, measured))
    text = report.render(job.run)
    assert max(map(len, text.splitlines())) <= report.WIDTH
    return " ".join(text.split())


def _set(measured: Document, kind: str, **first_step: int) -> None:
    """Give a kind the curve of a known TLB: flat, but for a step at `at` bytes."""
    at = first_step.get("at", 1 << 40)
    template = next(w for w in measured["walks"] if not w["unavailable"])
    measured["walks"] = [w for w in measured["walks"] if w["kind"] != kind]
    for bytes_ in _FOOTPRINTS:
        ticks = template["loads"] * (3 if bytes_ <= at else 9)
        measured["walks"].append({**template, "kind": kind, "bytes": bytes_,
                                  "laps": [{"ticks": ticks, "switches": 0}] * 3})


_STRIDES = (4096, 8192, 16384, 65536)


def _set_strides(measured: Document, granule: int, entries: int = 64) -> None:
    """Give THP the curves of a TLB that has so many entries of so many bytes each."""
    template = next(w for p in measured["strides"] for w in p["walks"])
    lines = [round(16 * 2 ** (i / 4)) for i in range(17)]
    walks = [{**template, "stride_bytes": stride, "lines": n, "laps": [
        {"ticks": template["loads"] * (3 if n <= entries * max(1, granule // stride) else 9),
         "switches": 0}] * 3} for stride in _STRIDES for n in lines]
    measured["strides"] = [{"kind": "anon-thp", "unavailable": None, "walks": walks}]


@pytest.fixture(name="known")
def _known(measured: Document) -> Document:
    """A machine whose small pages are 64 entries, and whose huge ones are huge."""
    _set_strides(measured, 2 << 20)
    measured["walks"] = [w for w in measured["walks"] if w["kind"] != "hugetlb"]
    _set(measured, "dense")
    _set(measured, "anon-4k", at=256 << 10)
    _set(measured, "anon-thp")
    return measured


def test_report_of_a_recorded_run(job: chase.Job, measured: Document) -> None:
    """In 72 columns, with the command in its head and at its end."""
    text = _rendered(job, measured)
    for line in ("Contiguity in user space: measured, tables below.",
                 "command make tlb WHERE=host", "Nanoseconds per access, chase, by footprint",
                 "no PMU in this machine, or none that counts it",
                 "unavailable: hugetlb 64K to 16M: 0 free hugetlb pages of 2 MiB are too few"):
        assert line in text, line
    assert "To repeat --------- make tlb WHERE=host Under a patch" in text
    assert report.code(job.run) == Code.GOOD
    assert "dTLB-load-misses per access" not in text


def test_steps_of_the_recorded_run(measured: Document) -> None:
    """A Zen 3 has 64 entries and 2048, which other data have a part of; a walk that is
    its own control has none."""
    found = [s for s in chase.find_steps(Curves(measured)) if s["kind"] == "anon-4k"]
    assert found[0]["below_bytes"] <= 256 << 10 <= found[0]["above_bytes"] <= 512 << 10
    assert 4 << 20 < found[1]["below_bytes"] < found[1]["above_bytes"] <= 8 << 20
    for walk in measured["walks"]:
        if walk["kind"] == "dense":
            other = next(w for w in measured["walks"] if (w["kind"], w["lines"])
                         == ("anon-4k", walk["lines"]))
            other["laps"] = walk["laps"]
    assert not [s for s in chase.find_steps(Curves(measured)) if s["kind"] == "anon-4k"]


def test_huge_pages_that_the_host_has_not(job: chase.Job, measured: Document) -> None:
    """The recorded machine is one; there no contrast is stated. It has 64 entries, and as
    many lines are held whatever the stride."""
    granule, = _document(job, measured)["granules"]
    assert granule["most_bytes"] == 4096 and len(granule["strides"]) == 4
    for knee in granule["strides"]:
        assert 50 <= knee["below_lines"] <= 64 < knee["above_lines"] <= 90
    assert (granule["kind"], granule["is_least"], granule["contrast"]) == ("anon-thp", False, False)
    assert granule["bytes"] in (4096, 8192)
    assert "anon-thp: NO CONTRAST." in _rendered(job, measured)


def test_huge_pages_that_are_some(job: chase.Job, known: Document) -> None:
    """With the cost of both at the largest footprint; small pages end after 64 entries."""
    for walk in known["walks"]:
        if walk["kind"] == "anon-thp":
            # What is less than nothing by noise is no negative 0.
            walk["laps"] = [{"ticks": walk["laps"][0]["ticks"] - 1, "switches": 0}] * 3
    text = _rendered(job, known)
    granule, = results.load(job.run / "chase.json")["granules"]
    assert granule["is_least"] and granule["contrast"]
    assert granule["bytes"] == pytest.approx((64 << 20) / 64, rel=0.2)
    assert "NO CONTRAST" not in text and "anon-thp no step" in text
    assert "at 64M an access costs 0.00 ns more than side by side, of anon-4k 2.45 ns" in text


@pytest.mark.parametrize("pages, contrast", [(1, False), (4, False), (8, False), (32, True)])
def test_granule_is_told_by_the_first_step(known: Document, pages: int, contrast: bool) -> None:
    """Of some processors an entry holds four neighbours, or eight."""
    _set(known, "anon-thp", at=pages * (256 << 10))
    curves = Curves(known)
    granule, = chase.find_granules(curves, chase.find_steps(curves), 4096)
    assert (granule["bytes"], granule["is_least"], granule["contrast"]) == \
        (pages * 4096, False, contrast)


@pytest.mark.parametrize("granule, most, contrast", [
    (4096, 4096, False), (8192, 8192, False), (16384, 16384, False), (65536, 65536, True),
    (2 << 20, None, True)])
def test_granule_is_told_by_strides(job: chase.Job, known: Document, granule: int, most: int | None,
                                    contrast: bool) -> None:
    """Though the first step alone would be believed, as where only caches hide it."""
    _set_strides(known, granule)
    found, = _document(job, known)["granules"]
    assert found["bytes"] > 900_000 and found["why_no_strides"] is None
    assert (found["most_bytes"], found["contrast"]) == (most, contrast)
    text = _rendered(job, known)
    assert ("NO CONTRAST" in text) != contrast
    assert ("anon-thp none none none none" in text) == (granule == 2 << 20)


def test_strides_that_were_not_walked_are_told(job: chase.Job, known: Document) -> None:
    """With the reason; the first step alone decides then."""
    known["strides"] = [{"kind": "anon-thp", "unavailable": "THP is off", "walks": []}]
    found, = _document(job, known)["granules"]
    assert (found["strides"], found["most_bytes"], found["contrast"]) == ([], None, True)
    assert "unavailable: strides of anon-thp: THP is off" in _rendered(job, known)
    known["strides"] = []
    assert "strides of anon-thp: no such chase was asked for" in _rendered(job, known)


def test_without_a_step_of_small_pages_there_is_no_contrast(job: chase.Job, known: Document) -> None:
    """Nothing is known of the entries."""
    _set(known, "anon-4k")
    assert "anon-thp: no contrast, since anon-4k has no step" in _rendered(job, known)


def test_misses_are_those_of_the_counts(job: chase.Job, known: Document) -> None:
    """An access that misses every time is 1; a count that is not there is no 0."""
    own = "DTLB_LOAD_MISSES.WALK_COMPLETED"
    known["events"].append({"name": own, "generic": False, "type": 0xffffffff, "config": "0xe08",
                            "means": "page walks for loads, of all page sizes"})
    for walk in (w for w in known["walks"] if w["counters"]):
        for counts in walk["counters"].values():
            counts[own] = {"unavailable": "ENOENT"}
        if walk["kind"] == "anon-4k":
            walk["counters"]["user"]["dTLB-load-misses"] = {"value": walk["loads"]}
            walk["counters"]["kernel"]["dTLB-load-misses"] = {"value": 0}
            walk["counters"]["user"][own] = {"value": walk["loads"] // 2}
    assert {misses(w) for w in known["walks"] if w["kind"] == "anon-4k"} == {1.0}
    assert {misses(w) for w in known["walks"] if w["kind"] == "anon-thp"} == {None}
    text = _rendered(job, known)
    assert "dTLB-load-misses per access in user mode" in text
    assert "anon-4k 1.0000 1.0000" in text and "anon-thp 0.0000" not in text
    assert "per 1000 accesses at 64M" in text and "anon-4k cycles (generic name):" in text
    assert f"{own}: page walks for loads, of all page sizes 500.00" in text


def test_misses_of_a_pmu_that_does_not_tell_user_and_kernel_apart(known: Document) -> None:
    """There are those of both."""
    walk = next(w for w in known["walks"] if w["counters"])
    walk["counters"]["all"]["dTLB-load-misses"] = {"value": 3 * walk["loads"]}
    assert misses(walk) == 3.0
    walk["counters"]["user"]["dTLB-load-misses"] = {"value": 0}
    assert misses(walk) == 0.0


def test_how_memory_is_mapped_is_told(job: chase.Job, known: Document) -> None:
    """By the kernel, where it is its own; and all memory, with what changed it."""
    text = _rendered(job, known)
    assert "direct map:" not in text and "in the kernel's own place" not in text
    pages = {"4K": 0, "2M": 4 << 30, "1G": 0}
    for walk in known["walks"]:
        walk["direct_map"] = {"before": pages, "after": pages, "splits": None}
    last = known["walks"][-1]
    last["direct_map"] = {"before": pages, "after": {**pages, "4K": 2 << 20},
                          "splits": 1}
    last["mapping"]["kernel"] = {"pages": {"4K": 0, "2M": 16384, "1G": 0}, "runs": 16}
    text = _rendered(job, known)
    assert "direct map: 0 MiB by 4K, 4096 MiB by 2M" in text
    assert "otherwise before or after anon-thp chase 64M" in text
    assert ("anon-thp at 64M, in the kernel's own place: 0 pages by 4K, 16384 pages by 2M, 0 pages "
            "by 1G, 16 contiguous runs") in text


def test_memory_of_the_kernel_is_told(job: chase.Job, known: Document, data: Path) -> None:
    """Where root had it walked over: a row a kind, in nanoseconds where the clock's rate is
    known; and with what repeats it. Else why not."""
    assert "Contiguity in the kernel ------------------------ unavailable: not root" in \
        _rendered(job, known)
    walks = results.load(data / "tlb.json")["walks"]
    kernel = {"unavailable": None, "clock": {"name": "tsc", "hz": 10 ** 9}, "walks": walks}
    for walk in walks:
        walk["ticks"] = 2 * walk["loads"]
    results.write(job.run / "chase.json", chase.document(job, known, kernel))
    text = " ".join(report.render(job.run).split())
    assert "several times: nanoseconds per access, chase, by footprint" in text
    assert "vmalloc 2.00 2.00 2.00" in text and "kmalloc 32M 0 8192 0" in text
    assert text.endswith("sudo make tlb WHERE=host")
    kernel["clock"] = {"name": "x", "hz": None}
    results.write(job.run / "chase.json", chase.document(job, known, kernel))
    assert "several times: ticks per access" in " ".join(report.render(job.run).split())


def test_fastest_of_the_kernels_walks_counts() -> None:
    """Each by itself; one that was made only now and then is one that was made."""
    def lap(*ticks: int) -> Document:
        return {"walks": [{"ticks": t, "unavailable": None if t else "no memory"} for t in ticks]}

    found = chase.fastest([lap(5, 9, 0), lap(7, 3, 0), lap(6, 4, 8)])
    assert found["walks"] == [{"ticks": ticks, "unavailable": None} for ticks in (5, 3, 8)]
    assert chase.fastest([lap(0), lap(0)])["walks"] == lap(0)["walks"]
    with pytest.raises(ValueError):
        chase.fastest([lap(1), lap(1, 2)])


def test_no_control_is_no_pass(job: chase.Job, measured: Document) -> None:
    """What the others are compared with; the reason is the tool's."""
    for walk in measured["walks"]:
        if walk["kind"] == "dense":
            walk.update(unavailable="too little memory", laps=[], mapping=None, counters=None)
    text = _rendered(job, measured)
    assert ("Contiguity in user space: CANNOT TELL. the control, dense, could not be walked: too "
            "little memory") in text
    assert report.code(job.run) != Code.GOOD


def test_laps_that_were_disturbed_are_told(job: chase.Job, known: Document) -> None:
    """Of all laps those in which the thread lost its CPU."""
    assert "in 0 of all 369 the thread lost its CPU" in _rendered(job, known)
    known["walks"][-1]["laps"] = [{"ticks": 5, "switches": 2}, {"ticks": 5, "switches": 0}]
    assert "in 1 of all 368 the thread lost its CPU" in _rendered(job, known)


def test_what_is_about_to_happen_is_said(job: chase.Job, capsys: pytest.CaptureFixture[str]) -> None:
    """That nothing is loaded, how much memory and time; on standard error."""
    chase.announce(job)
    out, said = capsys.readouterr()
    assert out == ""
    for word in ("6.1.0-x", "nothing is loaded", "64 MiB", "10 at most"):
        assert word in said


def test_plot_repeats(job: chase.Job, known: Document) -> None:
    """The same figures, the same bytes; others, others; none, no failure."""
    def plotted(name: str) -> bytes:
        path = job.run / f"{name}.svg"
        Latencies(_document(job, known)).plot(path)
        return path.read_bytes()

    one, again = plotted("one"), plotted("again")
    _set(known, "anon-4k", at=_HUGE)
    other = plotted("other")
    for walk in (w for w in known["walks"] if w["counters"]):
        walk["counters"]["user"]["dTLB-load-misses"] = {"value": walk["loads"]}
    assert b"dTLB-load-misses" in plotted("counted") and b"dTLB-load-misses" not in one
    for walk in known["walks"]:
        walk.update(unavailable="x", laps=[], mapping=None, counters=None)
    none = plotted("none")
    assert one == again != other != none
    assert b"anon-4k" in one and b"anon-4k" not in none


@pytest.mark.parametrize("change", [{"laps": [{"ticks": 1}]}, {"lines": 0}, {"counters": {}},
                                    {"mapping": {"runs": 0}}, {"unavailable": 3}])
def test_results_that_lack_something_are_refused(measured: Document, change: Document) -> None:
    """Unchanged they are valid."""
    results.check(measured, "x")
    measured["walks"][0].update(change)
    with pytest.raises(Broken, match="^x: not valid at walks/0"):
        results.check(measured, "x")


def test_results_are_not_given_away_by_others_than_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                        job: chase.Job) -> None:
    """Who may not give files away keeps them; root's are the checkout owner's."""
    monkeypatch.setattr(results, "RUNS", tmp_path / "results/runs")
    given: list[Any] = []
    monkeypatch.setattr("os.chown", lambda *args: given.append(args))
    for user, expected in ((1000, False), (0, True)):
        monkeypatch.setattr("os.geteuid", lambda user=user: user)
        with host.new_run(job.system) as run:
            (run / "x").write_text("x")
        assert bool(given) == expected
