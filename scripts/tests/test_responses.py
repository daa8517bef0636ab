# SPDX-License-Identifier: GPL-2.0
"""The report of levels of fragmentation, from a recorded frag.json."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from kmblib import frag, level_figures, report, responses, results
from kmblib.errors import Code
from kmblib.kernels import Kernel
from kmblib.level_walks import LevelWalks
from kmblib.response_plots import ResponsePlots
from kmblib.responses import Responses


@pytest.fixture(name="document")
def _document(data: Path) -> dict[str, Any]:
    """The recorded run: two levels, orders 8 to 10."""
    return results.load(data / "frag.json")


def _rendered(document: dict[str, Any], run: Path) -> str:
    """The report, whose lines are not too long; without its folding."""
    results.write(run / "frag.json", document)
    text = report.render(run)
    assert max(map(len, text.splitlines())) <= report.WIDTH
    return text


def test_report_says_what_fragmentation_does(document: dict[str, Any], tmp_path: Path) -> None:
    """In 72 columns, with what repeats it; success falls with the level."""
    text = _rendered(document, tmp_path)
    assert "Fragmentation: 2 of 2 levels reached, tables below." in text
    assert "    make frag KERNEL=6.1 ORDER=9 LEVELS=0.5,0.99 GEOMETRY=generic" in text
    assert re.search(r"^GFP_KERNEL +100 +\d$", text, re.M)
    assert re.search(r"^9 +0 +96$", text, re.M), "kvmalloc() and vmalloc()"
    assert re.search(r"^Unmovable +\d+ \d+ +\d+ \d+$", text, re.M), "by migrate type"
    assert re.search(r"^kvmalloc-2m +100 +\d$", text, re.M), "and what is left of large pages"
    assert "misses by the PMU are unavailable: ENOENT: " in text
    assert "unavailable: slab order fallbacks (" in text
    assert "DRIFTED" not in text and text.count("unavailable") == 3, "and kmalloc() at 0.99"
    assert all(f"One that {word}, order 9: {figure}, instructions" in text for word in (
        "succeeded", "failed") for figure in ("median", "99th percentile", "the longest"))
    assert report.code(tmp_path) == Code.GOOD


def test_drift_is_told(document: dict[str, Any], tmp_path: Path) -> None:
    """Of a response before which the level was another one."""
    level = document["measured"]["levels"][0]
    sample = next(r for r in level["responses"] if responses.way(r) == (
        "demand", "task", "GFP_KERNEL") and r["order"] == 9)
    sample["reached"] = level["asked"] + 20_001
    text = _rendered(document, tmp_path)
    assert re.search(r"^GFP_KERNEL +100\* +\d$", text, re.M) and "*: it found another level" in text
    assert "2 of 2 levels reached, some drifted, tables below." in text
    assert ("DRIFTED: 1 of 17 demands and walks found a level of 0.5200 to 0.5200 instead of 0.5"
            in " ".join(text.split()))


def test_drift_is_marked_in_each_table(document: dict[str, Any]) -> None:
    """Whatever figure of whatever sample; what was taken where it should be has no mark."""
    level = document["measured"]["levels"][0]
    for sample in (*level["responses"], *level["walks"], *level["user_walks"]):
        sample["reached"] = level["asked"] + 20_001
    of, walks = responses.Responses(document), LevelWalks(document)
    tables = [of.by_order(), of.by_way(), of.intervals(), of.ticks("got", 500), of.ticks("failed", 1000),
              of.events(), *map(walks.rows, ("huge", "rate", "ticks", "user_huge", "user_ticks"))]
    for table in tables:
        known = [(row[1], row[2]) for row in table if row[1] != "-"]
        assert all(first.endswith("*") and "*" not in second for first, second in known)
    assert sum(row[1] != "-" for table in tables for row in table) > 20


def test_level_that_ends_elsewhere_is_told(document: dict[str, Any], tmp_path: Path) -> None:
    """Also where each demand found it in its place."""
    level = document["measured"]["levels"][0]
    level["end"] = level["asked"] - 20_001
    assert ("DRIFTED: a level of 0.5 was 0.4800 in the end"
            in " ".join(_rendered(document, tmp_path).split()))


def test_what_is_missing_is_told(document: dict[str, Any], tmp_path: Path) -> None:
    """A level out of reach has no column, a response that was not asked for no figure."""
    first, last = document["measured"]["levels"]
    last.update(unavailable="index 990000: 0 to 5 can be reached", after=None, reached=None, end=None,
                extfrag=None, steps=None, responses=[], walks=[], user_walks=[])
    none = dict.fromkeys(("got_ticks", "got_histogram", "failed_ticks", "failed_histogram", "events"))
    for response in first["responses"]:
        if response["gfp"] == "GFP_ATOMIC":
            response.update(none, unavailable="it would kill", asked=0, got=0)
    text = _rendered(document, tmp_path)
    assert "unavailable: level 0.99 (index 990000: 0 to 5 can be reached)" in text
    assert text.count("(it would kill)") == 1
    assert re.search(r"^GFP_ATOMIC +-$", text, re.M) and re.search(r"^GFP_KERNEL +100$", text, re.M)


@pytest.mark.parametrize("counts, expected", [
    (None, None), ([], None), ([[7, 1]], 7), ([[7, 2], [9, 2]], 7), ([[7, 2], [9, 3]], 9),
    ([[128, 1]], 128), ([[256, 1]], 257), ([[1 << 20, 1]], (1 << 20) + (1 << 13) - 1)])
def test_median_is_the_middle_of_its_bucket(counts: list[list[int]] | None,
                                            expected: int | None) -> None:
    """Buckets are exact below 128; of more, 64 are an octave."""
    assert responses.quantile(counts) == expected


def test_quantile_has_so_many_samples_below() -> None:
    """Of a hundred samples the 99th is the 99th; of fewer it is the last."""
    counts = [[1, 98], [5, 1], [9, 1]]
    assert [responses.quantile(counts, n) for n in (500, 980, 990, 991)] == [1, 1, 5, 9]
    assert responses.quantile([[1, 1], [2, 1]], 990) == 2


def test_no_quantile_is_above_the_longest(document: dict[str, Any]) -> None:
    """Though the middle of its bucket may be."""
    found = Responses(document)
    sample = next(r for r in document["measured"]["levels"][0]["responses"] if responses.way(r) == (
        "demand", "task", "GFP_KERNEL") and r["order"] == 9)
    sample["got_histogram"] = [[1 << 20, sample["got_ticks"]["count"]]]
    sample["got_ticks"]["max"] = 1 << 20
    figures = [dict((row[0], row[1]) for row in found.ticks("got", n))["GFP_KERNEL"]
               for n in (500, 990, 1000)]
    assert figures == ["1.049M"] * 3


@pytest.mark.parametrize("part, of, said", [
    (0, 10_000, "0"), (1, 10_000, "<1"), (60, 10_000, "1"), (9_940, 10_000, "99"), (9_999, 10_000, ">99"),
    (10_000, 10_000, "100")])
def test_all_and_none_are_said_of_all_and_none(part: int, of: int, said: str) -> None:
    """One failure of ten thousand is not rounded away."""
    assert responses.per_cent(part, of) == said
    level = {"asked": 500_000}
    response = {"got": part, "asked": of, "unavailable": None, "reached": 500_000}
    low, high = map(int, responses.within(response, level).split("-"))
    assert low / 100 <= responses.interval(part, of)[0] and responses.interval(part, of)[1] <= high / 100
    assert high - low <= 2


@pytest.mark.parametrize("asked, why, good", [
    (0, "index 0: this machine is at 11 already", True), (250_000, "index 250000: this machine is at 300000", False),
    (0, "reserve 0: less than 9 bytes are free", False)])
def test_level_that_is_not_reached_is_a_miss(monkeypatch: pytest.MonkeyPatch, kernel: Kernel, asked: int, why: str,
                                             good: bool) -> None:
    """But for that of a machine at rest, which may be above 0 by itself."""
    levels = [{"asked": asked, "unavailable": why},
              {"asked": 500_000, "reached": 519_999, "seconds": 9.9, "unavailable": None}]
    monkeypatch.setattr(level_figures, "_found", lambda _kernel, _wanted: {"levels": levels})
    assert level_figures.of_order(kernel, 9).good() == good


def test_interval_is_wilsons() -> None:
    """By the formula, and never beyond 0 and 1."""
    z, n, p = 1.959963984540054, 45, 5 / 45
    centre, half = p + z * z / (2 * n), z * (p * (1 - p) / n + z * z / (4 * n * n)) ** 0.5
    bounds = [(centre + sign * half) / (1 + z * z / n) for sign in (-1, 1)]
    assert responses.interval(5, 45) == pytest.approx(bounds)
    assert responses.interval(0, 10)[0] == 0 and responses.interval(10, 10)[1] == 1


def test_plot_is_the_same_for_the_same_figures(document: dict[str, Any], tmp_path: Path) -> None:
    """And another one for others."""
    texts = []
    for number in range(3):
        if number == 2:
            document["measured"]["levels"][1]["responses"][1]["got"] = 0
        ResponsePlots(document).draw(tmp_path / "plot.svg")
        texts.append((tmp_path / "plot.svg").read_bytes())
    assert texts[0] == texts[1] != texts[2]


@pytest.mark.parametrize("levels, missed, said", [
    ("", [("0.99: known beforehand", 0)], ""),
    ("", [("0.9: known beforehand", 0), ("0.99: 0.70 was reached instead", 9)], "0.99: 0.70 was reached instead"),
    ("0.9", [("0.9: known beforehand", 0)], "0.9: known beforehand"),
    ("", [("0: no memory", 0)] * 3, "0: no memory")])
def test_what_was_tried_in_vain_is_not_forgiven(tmp_path: Path, levels: str, missed: list[tuple[str, int]],
                                                said: str) -> None:
    """Of the usual levels those are that are known to be out of reach, unless all are; not one that
    the inducer went for and did not reach."""
    job: Any = type("Job", (), {"wanted": frag.Wanted(9, levels, tmp_path)})
    found = [{"unavailable": why, "steps": {"taken": taken}} for why, taken in missed]
    more = [] if len(missed) == 3 else [{"unavailable": "", "steps": {"taken": 1}}]
    assert frag._out_of_reach(job, found + more) == said


def test_slabs_that_got_smaller_are_shown(document: dict[str, Any], tmp_path: Path) -> None:
    """Also of kernels that do not count the fallback of their order; of a tool that did not look
    nothing is said."""
    assert "Bytes of a slab" not in _rendered(document, tmp_path)
    for level, slabs in zip(document["measured"]["levels"], (128, 250)):
        level["slabs"] = {"size": 1024, "objects": 1024, "slabs": slabs, "bytes": 1 << 20}
    assert re.search(r"^1024 bytes +8192 +4194$", _rendered(document, tmp_path), re.M)
