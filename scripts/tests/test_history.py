# SPDX-License-Identifier: GPL-2.0
"""The history of runs: what is listed, compared and marked, and what is not."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest
from kmblib import history, history_page, report, results, specimens
from kmblib.errors import Broken
from kmblib.page import Figure

Document = dict[str, Any]


@pytest.fixture(name="bench", scope="module")
def _bench() -> Document:
    """The recorded one, on the real clock."""
    return results.load(specimens.DATA / "bench.json")


def _put(top: Path, day: int, document: Document, factor: float = 1.0) -> Path:
    """A run of a day, in which all took so many times as long."""
    made = copy.deepcopy(document)
    for cell in (c for b in made["boots"] for c in b["measurement"]["measured"]["cells"]):
        for r in cell["repetitions"]:
            r["sum"] = int(r["sum"] * factor)
            r["histogram"] = [[int(low * factor), n] for low, n in r["histogram"]]
        cell["percentiles"] = {k: v if v is None else int(v * factor)
                               for k, v in cell["percentiles"].items()}
    run = top / f"202601{day:02}-000000-6.1"
    run.mkdir()
    results.write(run / "bench.json", made)
    return run


def _virtual(document: Document) -> Document:
    made = copy.deepcopy(document)
    made["fingerprint"]["clock"] = "virtual"
    return made


def _text(top: Path) -> str:
    return report.rendered(history_page.page(top), "text", "history")


def test_each_document_is_listed(tmp_path: Path) -> None:
    """With time, kind, kernel, verdict and a figure; in a mail's width."""
    specimens.runs(tmp_path)
    text = _text(tmp_path)
    total = results.load(tmp_path / "20260103-000000-gate/gate.json")["total"]
    change = f"{100 * (total['new'] - total['base']) / total['base']:.4f}"
    assert text.startswith("History of kmbench\n") and "3 runs." in text
    assert re.search(r"^20260102-000000-6.1 +kunit +6.1.192-2 +good +225 of 225 passed$", text,
                     re.M)
    assert re.search(r"^20260102-000000-6.1 +bench +6.1.192-2 +good +\w+ 64: \d+$", text, re.M)
    assert re.search(rf"^20260103-000000-gate +gate +6.1.192-2 +FAILED +\+{change} %$", text, re.M)
    assert max(map(len, text.splitlines())) <= 72


def test_broken_run_is_listed_as_broken(bench: Document, tmp_path: Path) -> None:
    """And nothing else is lost for it."""
    _put(tmp_path, 1, bench)
    for day, content in ((2, "{"), (3, '{"format": "kmbench-bench"}'), (4, None)):
        run = tmp_path / f"202601{day:02}-000000-6.1"
        run.mkdir()
        if content:
            (run / "bench.json").write_text(content)
    text = _text(tmp_path)
    assert "4 runs, 3 documents or runs broken." in text
    flat = " ".join(text.split())
    assert "broken: 20260102-000000-6.1/bench.json: " in flat and "not JSON" in flat
    assert "broken: 20260103-000000-6.1/bench.json: " in flat and "not valid" in flat
    assert "broken: 20260104-000000-6.1: it has no results" in flat
    assert re.search(r"^20260101-000000-6.1 +bench +6.1.192-2 +good", text, re.M)


def test_columns_stand_apart(tmp_path: Path) -> None:
    """Also of a kernel of backports, and of the longest word for a verdict."""
    document = results.load(specimens.DATA / "bench.json")
    document["kernel"]["version"] = "6.12.95-1~bpo12+1"
    document["verdict"] = "error"
    for label in ("6.12", "linux", "my-linux"):
        (tmp_path / f"20260101-000000-{label}").mkdir()
        results.write(tmp_path / f"20260101-000000-{label}/bench.json", document)
    text = _text(tmp_path)
    assert re.search(r"^20260101-000000-6.12 +bench +6.12.95-. +NOT MEASURED +\w", text, re.M)
    for label in ("linux", "my-linux"):
        assert re.search(rf"^20260101-000000-{label}\n +bench +6.12.95-", text, re.M)


def test_two_series_of_a_kernel_have_two_names(tmp_path: Path) -> None:
    """Or a page has an id twice; and of many runs a plot names some, the newest one too."""
    specimens.runs(tmp_path)
    specimens.more(tmp_path)
    page = history_page.page(tmp_path)
    titles = [s.title for s in page.sections]
    assert len(titles) == len(set(titles)) == 3
    html = report.rendered(page, "html", "history")
    assert html.count("20260129-000000</text>") == 1 and 4 <= html.count("-000000</text>") <= 12


def test_two_runs_that_are_named_are_compared(bench: Document, tmp_path: Path) -> None:
    """Whichever; and one that has no costs is refused, with those that there are."""
    for day, factor in ((1, 1.0), (2, 1.0), (3, 2.0)):
        _put(tmp_path, day, bench, factor)
    one, two, three = history.runs(tmp_path)
    text = report.rendered(history_page.pair(one, three), "text", "")
    assert "4 of 4 cells that both have changed" in " ".join(text.split())
    assert "Not of one place" not in text
    same = report.rendered(history_page.pair(one, two), "text", "")
    assert "0 of 4 cells" in " ".join(same.split())
    for day, keep in ((5, 0), (6, 1)):
        few = copy.deepcopy(bench)
        for boot in few["boots"]:
            cells = boot["measurement"]["measured"]["cells"]
            boot["measurement"]["measured"]["cells"] = cells[keep:keep + 1]
        _put(tmp_path, day, few)
    with pytest.raises(Broken, match="have no cell in common"):
        history_page.pair(*history.runs(tmp_path)[-2:])
    with pytest.raises(Broken, match="none: no run with costs; the newest such: 2026010[1-2]"):
        history_page.pair(one, tmp_path / "none")
    virtual = _put(tmp_path, 7, _virtual(bench))
    with pytest.raises(Broken, match="name two of one clock"):
        history_page.pair(one, virtual)


def test_other_directories_are_no_runs(bench: Document, tmp_path: Path) -> None:
    """Such as what somebody keeps beside."""
    _put(tmp_path, 1, bench)
    (tmp_path / "notes").mkdir()
    assert [run.name for run in history.runs(tmp_path)] == ["20260101-000000-6.1"]


def test_one_instruction_is_a_change(bench: Document, tmp_path: Path) -> None:
    """On the virtual clock; the same run again has none."""
    before, same, new = (_virtual(bench) for _ in range(3))
    for repetition in new["boots"][0]["measurement"]["measured"]["cells"][0]["repetitions"]:
        repetition["sum"] += repetition["count"]
    for day, document in enumerate((before, same, new), 1):
        _put(tmp_path, day, document)
    first, second, third = history.benches(tmp_path)
    assert not any(m.changed for m in history.compare(first, second))
    moved = history.compare(second, third)
    assert [m.changed for m in moved].count(True) == 1 and moved[0].new == moved[0].base + 1
    assert "1 of 4 cells that both have changed" in " ".join(_text(tmp_path).split())


@pytest.mark.parametrize("factor, changed", [(1.0, 0), (1.0001, 0), (2.0, 4)])
def test_noise_is_no_change(bench: Document, tmp_path: Path, factor: float, changed: int) -> None:
    """On the real clock the medians of all repetitions have to be apart."""
    _put(tmp_path, 1, bench)
    _put(tmp_path, 2, bench, factor)
    one, other = history.benches(tmp_path)
    assert sum(m.changed for m in history.compare(one, other)) == changed


def test_one_repetition_is_no_change(bench: Document, tmp_path: Path) -> None:
    """However far it is off, and though it moves all that is made of all of them."""
    other = copy.deepcopy(bench)
    for cell in other["boots"][0]["measurement"]["measured"]["cells"]:
        first = cell["repetitions"][0]
        first["histogram"] = [[3 * low, n] for low, n in first["histogram"]]
    _put(tmp_path, 1, bench)
    _put(tmp_path, 2, other)
    one, new = history.benches(tmp_path)
    assert not any(m.changed for m in history.compare(one, new))


def _other_kernel(document: Document) -> None:
    document["kernel"]["label"] = "6.12"


def _other_machine(document: Document) -> None:
    document["fingerprint"]["mem_mib"] += 1


def _other_cells(document: Document) -> None:
    del document["boots"][0]["measurement"]["measured"]["cells"][0]


def _other_config(document: Document) -> None:
    document["fingerprint"]["config_sha256"] = "0" * 64


@pytest.mark.parametrize("change, comparable", [
    (_other_kernel, False), (_other_machine, False), (_other_cells, False), (_other_config, True)])
def test_unlike_runs_are_not_compared(bench: Document, tmp_path: Path, change: Any,
                                      comparable: bool) -> None:
    """The kernel's configuration names its version, so that it is no machine's."""
    other = copy.deepcopy(bench)
    change(other)
    _put(tmp_path, 1, bench)
    _put(tmp_path, 2, other)
    assert bool(history.series_of(history.benches(tmp_path))) == comparable
    assert ("unavailable: comparison" in _text(tmp_path)) != comparable
    assert history_page.draw(tmp_path, tmp_path / "history.svg") == comparable
    assert (tmp_path / "history.svg").exists() == comparable


@pytest.mark.parametrize("values, virtual, at", [
    ([5, 5, 5], True, []), ([5, 5, 6, 6, 5], True, [2, 4]),
    ([100, 101, 99, 100, 101, 100], False, []),
    ([100, 101, 99, 150, 151, 149], False, [3]),
    ([100, 101, 99, 100, 150, 101, 99, 100], False, []),
    ([150, 151, 149, 100, 101, 99, 150, 151, 149], False, [3, 6]),
    ([100, 101, 150, 151], False, []),
    ([100] * 12 + [104] * 12, False, []), ([100] * 12 + [106] * 12, False, [12])])
def test_change_points(values: list[float], virtual: bool, at: list[int]) -> None:
    """Of integers each; of times a level of three, not one that stands out."""
    assert history.changes(values, virtual) == at


def test_change_is_marked_in_the_page(bench: Document, tmp_path: Path) -> None:
    """In the plot and in the table behind it; without one there is no mark."""
    runs = [_put(tmp_path, day, _virtual(bench), factor)
            for day, factor in ((1, 1.0), (2, 1.0), (3, 1.5))]

    def marked(run: Path) -> int:
        figures = [b for s in history_page.sections(run) for b in s.blocks]
        return sum(cell.endswith(" change") for b in figures if isinstance(b, Figure)
                   for row in b.table.rows for cell in row)

    assert marked(runs[2]) and not marked(runs[1])
    assert history_page.sections(runs[1])
    assert not history_page.sections(runs[0]), "nothing was before it"
    assert ">change</text>" in report.render(runs[2], "html")


def test_curves_are_drawn(bench: Document, tmp_path: Path) -> None:
    """The same runs give the same file, and a change another one."""
    for day in (1, 2):
        _put(tmp_path, day, _virtual(bench))
    out = [tmp_path / f"{n}.svg" for n in range(3)]
    assert history_page.draw(tmp_path, out[0]) and history_page.draw(tmp_path, out[1])
    _put(tmp_path, 3, _virtual(bench), 2.0)
    history_page.draw(tmp_path, out[2])
    assert out[0].read_bytes() == out[1].read_bytes() != out[2].read_bytes()
    assert "change" in out[2].read_text() and "<!-- change -->" not in out[0].read_text()


def _spoilt(run: Path) -> None:
    """Of another format, without what a reader looks for."""
    document = json.loads((run / "bench.json").read_text())
    document["format_version"] = 0
    for cell in document["boots"][0]["measurement"]["measured"]["cells"]:
        del cell["percentiles"]
    (run / "bench.json").write_text(json.dumps(document))


@pytest.mark.parametrize("good", [True, False])
def test_broken_neighbour_breaks_no_report(tmp_path: Path, bench: Document, good: bool) -> None:
    """And is compared with nothing; the control is one that can be read."""
    older, newer = (_put(tmp_path, day, bench, day) for day in (1, 2))
    if not good:
        _spoilt(older)
    assert ("\nHistory\n" in report.render(newer, "text")) is False
    assert ("over runs" in report.render(newer, "html")) == good
    text = _text(tmp_path)
    assert ("The newest two of" in text) == good and ("1 documents or runs broken" in text) != good


def test_broken_run_is_not_compared_by_its_name(tmp_path: Path, bench: Document) -> None:
    """It is named as what is wrong, and not among those that can be."""
    older, newer = (_put(tmp_path, day, bench, day) for day in (1, 2))
    _spoilt(older)
    with pytest.raises(Broken, match="bench.json: not valid at "):
        history_page.pair(older, newer)
    (tmp_path / "none").mkdir()
    with pytest.raises(Broken, match=f"the newest such: {newer.name}$"):
        history_page.pair(tmp_path / "none", newer)


def test_two_runs_have_a_sentence(tmp_path: Path, bench: Document) -> None:
    """Where a report has its verdict."""
    page = history_page.pair(*(_put(tmp_path, day, bench, day) for day in (1, 2)))
    assert re.fullmatch(r"Compared: (\d+) of \1 cells that both have changed\.", page.verdict)


@pytest.mark.parametrize("name, said", [
    ("x.html", "curves are written as SVG"), ("curves", "curves are written as SVG"),
    ("dir.svg", "a directory"), ("none/x.svg", "no such directory")])
def test_curves_are_a_file_of_svg(tmp_path: Path, name: str, said: str) -> None:
    """Anything else is refused, before there is a list."""
    (tmp_path / "dir.svg").mkdir()
    with pytest.raises(Broken, match=f"OUT={re.escape(str(tmp_path / name))}: {said}"):
        history_page.curves_into(str(tmp_path / name))
    assert history_page.curves_into(str(tmp_path / "x.svg")) == tmp_path / "x.svg"
