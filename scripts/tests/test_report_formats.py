# SPDX-License-Identifier: GPL-2.0
"""The report as Markdown and as a page: the same content, nothing taken for markup."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
import xml.etree.ElementTree
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from kmblib import farm, kinds, layout, markdown, options, proc, report, results, specimens
from kmblib.errors import Broken, Code
from kmblib.page import Lines, Section, Table, simple

_VOID = {"meta", "link", "br"}


class _Page(HTMLParser):
    """A page's elements, in order: name, attributes, text; and whether all were closed."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    def count(self, tag: str) -> int:
        """How many elements there are."""
        return sum(name == tag for name, _attributes in self.seen)

    def text(self) -> str:
        """All of it, on one line."""
        return " ".join(" ".join(self.words).split())


@pytest.fixture(name="runs", scope="module")
def _runs(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """All that is recorded, and a run of the gate."""
    return specimens.runs(tmp_path_factory.mktemp("runs"))


@pytest.fixture(name="hostile", scope="module")
def _hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Texts that are markup in all formats."""
    return specimens.hostile(tmp_path_factory.mktemp("hostile"))


@pytest.fixture(name="page", scope="module")
def _page(runs: list[Path]) -> str:
    """The page of all that is recorded."""
    return report.render(runs[0], "html")


def test_each_kind_of_document_is_told() -> None:
    """What a report is made of, and in which order, is said once."""
    assert tuple(kinds.KINDS) == results.KINDS


def test_format_that_there_is_not(runs: list[Path]) -> None:
    """With those that there are."""
    with pytest.raises(Broken, match="^no FORMAT=pdf; there are: text markdown html$"):
        report.render(runs[0], "pdf")


@pytest.mark.parametrize("form", report.FORMATS)
def test_order_is_that_of_a_reviewer(runs: list[Path], page: str, form: str) -> None:
    """The verdict, on what, promises, cost, memory, contiguity, fragmentation, how to repeat
    it, and what to paste."""
    text = page if form == "html" else report.render(runs[0], form)
    body = text[text.index("<main") if form == "html" else 0:]
    assert "Verdict: good (promises, cost, contiguity, fragmentation)." in text
    titles = re.findall(r"<h2[^>]*>(.*?)</h2>", body) if form == "html" else re.findall(
        r"^## (.*)$" if form == "markdown" else r"^(.+)\n-+$", body, re.M)
    history = ["History"] if form == "html" else []
    assert titles == [
        "Kernel and fingerprint", "Promises", "Cost",
        "Memory cost, and what the kernel did meanwhile", "Contiguity", "Fragmentation",
        *history, "To repeat", "Under a patch"]


def _tables(text: str) -> list[list[str]]:
    """Runs of lines that begin with a bar."""
    return [found.splitlines() for found in re.findall(r"(?:^\|.*\n)+", text, re.M)]


@pytest.mark.parametrize("which", [0, 1])
def test_markdown_has_whole_tables(runs: list[Path], which: int) -> None:
    """Each row has as many columns as the head, and the rule says how they are aligned."""
    tables = _tables(report.render(runs[which], "markdown"))
    assert len(tables) > 1
    for table in tables:
        columns = {len(re.findall(r"(?<!\\)\|", line)) for line in table}
        assert len(columns) == 1, table[0]
        assert re.fullmatch(r"\|( :?-{3}:? \|)+", table[1])


def test_markdown_says_what_values_are(hostile: Path) -> None:
    """No element, no link, no emphasis, no further column comes of them."""
    text = report.render(hostile, "markdown")
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.M | re.S)
    assert "<script" not in outside and "[l](" not in outside and "**b**" not in outside
    assert "&lt;script&gt;alert(1)&lt;/script&gt; &amp; \\|" in outside
    assert all(len({len(re.findall(r"(?<!\\)\|", line)) for line in table}) == 1
               for table in _tables(outside))


@pytest.mark.parametrize("text, escaped", [
    ("GFP_KERNEL", "GFP_KERNEL"), ("__GFP_ZERO", r"\_\_GFP_ZERO"), ("a|b", r"a\|b"),
    ("# x", r"\# x"), ("1. x", r"\1. x"), ("- x", r"\- x"), ("a\n\nb", "a b"), ("<b>", "&lt;b&gt;"),
    ("+0.5 %", r"\+0.5 %"), ("a - b", "a - b")])
def test_markdown_is_escaped_where_it_would_be_some(text: str, escaped: str) -> None:
    """And nowhere else: what is pasted is read as it stands, too."""
    assert markdown.escape(text) == escaped


def test_code_does_not_end_early() -> None:
    """Whatever is in it."""
    assert markdown.code("a\n```\nb").splitlines()[0] == "````"


def test_page_is_well_formed(page: str) -> None:
    """Each element is closed, each plot is one, headings are in order, ids are unique."""
    seen = _Page(page)
    assert seen.open == []
    ids = re.findall(r'\bid="([^"]+)"', page)
    assert len(ids) == len(set(ids)) > 100
    levels = [int(tag[1]) for tag, _a in seen.seen if re.fullmatch("h[1-6]", tag)]
    assert levels[0] == 1 and all(b <= a + 1 for a, b in zip(levels, levels[1:]))
    for svg in re.findall(r"<svg.*?</svg>", page, re.S):
        xml.etree.ElementTree.fromstring(svg.replace(
            "<svg ", '<svg xmlns:xlink="http://www.w3.org/1999/xlink" ', 1))


def test_each_plot_has_its_text_and_its_numbers(page: str) -> None:
    """A title, a description, a caption, and a table that can be unfolded."""
    figures = re.findall(r"<figure>.*?</figure>", page, re.S)
    assert len(figures) == page.count("<svg") >= 12
    for figure in figures:
        assert re.search(r'<svg [^>]*role="img"', figure) and "<figcaption>" in figure
        assert re.search(r"<title [^>]*>[^<]+</title><desc [^>]*>[^<]+</desc>", figure)
        assert re.search(r"<details>.*<tbody>\n<tr><th", figure, re.S)


def test_page_needs_nothing_else(page: str) -> None:
    """No script, no address that would be fetched."""
    seen = _Page(page)
    assert not seen.count("script") and not seen.count("img") and not seen.count("iframe")
    links = [value for _tag, a in seen.seen for key, value in a.items()
             if key in ("href", "src", "xlink:href")]
    assert links and all(str(link).startswith(("#", "data:,")) for link in links)
    assert not re.search(r"@import|url\((?!#)", page)


def test_all_headers_of_tables_have_a_scope(page: str) -> None:
    """And all tables a caption."""
    seen = _Page(page)
    assert seen.count("table") == seen.count("caption") > 20
    assert all(a.get("scope") in ("col", "row", "colgroup") for tag, a in seen.seen if tag == "th")


def test_page_says_what_values_are(hostile: Path) -> None:
    """Nothing of them becomes an element, in plots neither."""
    text = report.render(hostile, "html")
    seen = _Page(text)
    assert not seen.count("script") and not seen.count("b") and "<script" not in text
    assert specimens.HOSTILE in seen.text()


def test_page_has_what_the_text_has(runs: list[Path], page: str) -> None:
    """Each cell of each table of the mail, and each paragraph."""
    text = _Page(page).text()
    of = report.page(runs[0]).short()
    lines = [line for s in of.sections for b in s.blocks if isinstance(b, Lines)
             for line in b.lines]
    cells = {cell.strip() for s in of.sections for b in s.blocks if isinstance(b, Table)
             for row in b.rows for cell in row}
    assert lines and all(" ".join(line.split()) in text for line in lines)
    assert len(cells) > 100 and all(cell in text for cell in cells)


def test_same_files_give_the_same_page(runs: list[Path]) -> None:
    """To the byte."""
    assert report.render(runs[1], "html") == report.render(runs[1], "html")


def test_what_is_absent_is_said(runs: list[Path], tmp_path: Path) -> None:
    """A gate that could not compare has no movers, and says why."""
    document = results.load(runs[1] / "gate.json")
    document.update(verdict="cannot tell", reason="not comparable: cpus is '1' and '2'", base=None,
                    new=None, cells=0, total=None, changes=[])
    results.write(tmp_path / "gate.json", document)
    for form in report.FORMATS:
        text = report.render(tmp_path, form)
        assert "unavailable: movers (not comparable" in text and "<svg" not in text
    assert report.code(tmp_path) == Code.CANNOT_TELL


def test_run_of_the_gate_is_found(runs: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    """As the newest run; its verdict is the exit code."""
    monkeypatch.setattr(results, "RUNS", runs[0].parent)
    assert results.find_run("") == runs[1]
    assert report.code(runs[1]) == Code.FAILED and report.code(runs[0]) == Code.GOOD


def test_comparison_fits_into_sixty_lines(runs: list[Path]) -> None:
    """Before the full table: what moved, how to repeat it, and what to paste."""
    text = report.render(runs[1])
    head, _, table = text.partition("\nAll that changed\n")
    assert len(head.splitlines()) <= 60 and len(table.splitlines()) > 200
    assert "Verdict: FAILED (gate)." in head and "pair/task/GFP_KERNEL/16, 3 cells" in head
    assert "    make gate BASE=a NEW=b" in head
    assert text.isascii() and max(map(len, text.splitlines())) <= layout.WIDTH


def test_fullest_comparison_fits_into_sixty_lines(tmp_path: Path) -> None:
    """With long names and of each part something; nothing is said twice."""
    text = report.render(specimens.ab_run(tmp_path / "ab"))
    head, _, tables = text.partition("\nAll that ")
    assert len(head.splitlines()) <= 60 and len(tables.splitlines()) > 300
    assert text.isascii() and max(map(len, head.splitlines())) <= layout.WIDTH
    for words in ("no promise newly broken", "3 mended", "and what is not committed", "__slab_alloc_node_2",
                  "Sum: ", "!: beyond its limit", "BASE=v7.3-rc1-411-gfedcba987654"):
        assert words in " ".join(head.split()), words
    assert head.count("worse") == 1 and "no longer fails: kmalloc_zeroing" in tables


def _broken(nr: int) -> dict[str, Any]:
    return {"nr": 12, "place": "Documentation/core-api/memory-allocation.rst:4711",
            "name": f"kmalloc_zeroing/p12_zeroed_below_the_watermark/{8 << nr} bytes",
            "reason": f"size {8 << nr}, GFP_KERNEL|__GFP_ZERO, task: expected zeroes, got 0x5a at byte {nr} of it"}


def test_most_broken_cases_fit_into_sixty_lines(tmp_path: Path) -> None:
    """Of a comparison that ends at them; those that are not named are counted."""
    run = specimens.ab_run(tmp_path / "ab")
    document = results.load(run / "ab.json")
    document["promises"]["broken"] = [_broken(nr) for nr in range(20)]
    document.update(reason="BROKEN: 20 cases no longer pass as in the base", where=None, told=[], exact=None)
    results.write(run / "ab.json", document)
    (run / "gate.json").unlink()
    text = report.render(run)
    head = text.partition("\nAll that ")[0]
    assert len(head.splitlines()) <= 60 and "and 15 more, in ab.json" in head
    assert max(map(len, text.splitlines())) <= layout.WIDTH


def test_most_times_fit_into_sixty_lines(tmp_path: Path) -> None:
    """Where all are worse, have long names and are suspects; what differs is not cut."""
    text = report.render(specimens.noise_run(tmp_path / "noise"))
    head = text.partition("\nUnder a patch\n")[0]
    assert len(head.splitlines()) <= 60 and "and 17 more in noise.json" in " ".join(head.split())
    assert max(map(len, text.splitlines())) <= layout.WIDTH
    flat = " ".join(text.split())
    assert "(Debian 1:7.2+dfsg-7+deb12u18+b3) and QEMU emulator version 7.2.23 (Debian 1:7.2+dfsg-7+deb12u19)" in flat


def test_cannot_be_told_is_not_within_a_limit(tmp_path: Path) -> None:
    """The plot says what its marks mean."""
    page = report.render(specimens.noise_run(tmp_path / "noise"), "html")
    assert ">worse</text>" in page and "within its limit" not in page


def test_long_word_of_a_command_is_cut_and_can_be_pasted() -> None:
    """A shell puts the pieces together; within quotes as well."""
    for word in ("/home/developer/" + "a-long-name/" * 9 + "0001.patch", "it's a " + "b" * 100, "\u00e4" * 40):
        command = f"printf %s {shlex.quote(word)}"
        folded = layout.shell(command)
        assert max(map(len, folded.splitlines())) <= layout.WIDTH - 4
        said = subprocess.run(["bash", "-c", f"    {folded}"], check=True, capture_output=True).stdout
        assert said.decode() == word


@pytest.mark.parametrize("columns", [6, 7, 12, 40])
def test_wide_table_goes_on_below(columns: int) -> None:
    """With its first column; none of its cells is lost."""
    cells = [f"c{i}" for i in range(columns)]
    table = simple("t", 20, 8, ["", *cells], [["row", *(f"v{i}" for i in range(columns))]])
    lines = layout.rows(table)
    assert max(map(len, lines)) <= layout.WIDTH
    parts = -(-columns // 6)
    assert sum(line.startswith("row ") for line in lines) == parts and lines.count("") == parts - 1
    assert " ".join(lines).split() == [w for i in range(0, columns, 6) for w in (
        *cells[i:i + 6], "row", *(f"v{j}" for j in range(i, min(i + 6, columns))))]


def test_page_has_all_colours_in_the_dark(page: str) -> None:
    """Each that it has in the light."""
    light, dark = (re.search(pattern, page, re.S) for pattern in (
        r":root \{(.*?)\}", r"@media \(prefers-color-scheme: dark\) \{\s*:root \{(.*?)\}"))
    assert light and dark
    names = [set(re.findall(r"(--\w+):", found[1])) for found in (light, dark)]
    assert names[0] == names[1] and len(names[0]) >= 5 + 8
    assert not set(light[1].split(";")) & set(dark[1].strip().removesuffix(";").split(";"))


def test_file_that_is_no_result_decides_nothing(tmp_path: Path) -> None:
    """The control is a result that failed."""
    run = specimens.runs(tmp_path)[0]
    (run / "notes.json").write_text('{"a": 1}')
    assert report.code(run) == Code.GOOD
    shutil.copy(tmp_path / "20260103-000000-gate/gate.json", run)
    assert report.code(run) == Code.FAILED


def test_newest_run_is_so_by_its_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not one that somebody put aside under another name; which is found by it."""
    run = specimens.runs(tmp_path)[1]
    shutil.copytree(run, tmp_path / "keep-me")
    monkeypatch.setattr(results, "RUNS", tmp_path)
    assert results.find_run("") == run and results.find_run("keep-me").name == "keep-me"
    with pytest.raises(Broken, match="^no NEW=nope; there are: "):
        results.find_run("nope", "NEW")


def test_what_got_slower_is_told_beside_a_broken_promise(tmp_path: Path) -> None:
    """The sentence of the comparison is of the promise then, and the gate has its own."""
    run = specimens.ab_run(tmp_path / "ab")
    document = results.load(run / "ab.json")
    broken = {"nr": 12, "place": "mm/slub.c:1", "name": "kmalloc_zeroing/p12_x/8 bytes", "reason": "byte 3 is 1"}
    document["promises"]["broken"] = [broken]
    document["reason"] = "BROKEN: 1 cases no longer pass as in the base"
    results.write(run / "ab.json", document)
    text = " ".join(report.render(run).split())
    gate = results.load(run / "gate.json")["reason"]
    assert gate.startswith("REGRESSION: ")
    assert "Comparison: BROKEN: 1 cases" in text and f"Gate: {gate}" in text


def test_nothing_moved_is_no_mover(tmp_path: Path) -> None:
    """The control: two that are the same."""
    text = report.render(specimens.gate_run(tmp_path / "gate", worse=False))
    assert "Verdict: good (gate)." in text and "Movers, the largest" not in text
    assert "All that changed" not in text


def test_what_moved_with_it_is_told(tmp_path: Path) -> None:
    """Of a cause all that was counted."""
    document = results.load(specimens.gate_run(tmp_path / "gate") / "gate.json")
    first = document["changes"][0]
    document["changes"].append({**first, "figure": "alloc_slab", "base": 0, "new": first["ops"],
                                "beyond": False, "limited": False})
    results.write(tmp_path / "gate/gate.json", document)
    text = " ".join(report.render(tmp_path / "gate").split())
    assert f"{first['cell']}: with it moved alloc_slab 0.00 to 1.00" in text
    assert "4 of the 5 below moved alone" in text


def test_fast_path_leads_where_it_alone_is_beyond(tmp_path: Path) -> None:
    """All of the operations are no cause of what the cheapest of them took; and where that is
    much more for each it leads, too."""
    document = results.load(specimens.gate_run(tmp_path / "gate") / "gate.json")
    first: dict[str, Any] = document["changes"][0]
    all_ = {**first, "figure": "insns", "base": 12800, "new": 12928, "ops": 128}
    fast = {**first, "figure": "fast_insns", "base": 100, "new": 101, "ops": 1}
    document["changes"] = [fast, *({**all_, "figure": f, "beyond": False} for f in ("insns", "loop_insns"))]
    results.write(tmp_path / "gate/gate.json", document)
    head = " ".join(report.render(tmp_path / "gate").partition("All that changed")[0].split())
    assert f"{fast['cell']} fast_insns" in head and "with it moved" not in head
    for new, leads in ((101, False), (103, True)):
        document["changes"] = [all_, {**fast, "new": new}]
        results.write(tmp_path / "gate/gate.json", document)
        head = report.render(tmp_path / "gate").partition("All that changed")[0]
        assert (f"{fast['cell']} fast_insns" in head) == leads


def test_companion_of_a_figure_does_not_lead(tmp_path: Path) -> None:
    """The mean-loop moves with the samples of its cell: it leads only where they stand still."""
    document = results.load(specimens.gate_run(tmp_path / "gate") / "gate.json")
    first = document["changes"][0]
    loop = {**first, "figure": "loop_insns", "new": first["new"] + first["ops"]}
    document["changes"] = [loop, *document["changes"]]
    results.write(tmp_path / "gate/gate.json", document)
    head = report.render(tmp_path / "gate").partition("All that changed")[0]
    assert f"{first['cell']} loop_insns" not in head
    other_way = {**loop, "new": loop["base"] - first["ops"]}
    document["changes"] = [other_way, first]
    results.write(tmp_path / "gate/gate.json", document)
    assert f"{first['cell']} loop_insns" in report.render(tmp_path / "gate").partition("All that")[0]
    document["changes"] = [loop]
    results.write(tmp_path / "gate/gate.json", document)
    assert f"{first['cell']} loop_insns" in report.render(tmp_path / "gate").partition("All that")[0]


def test_document_of_before_has_no_mark(tmp_path: Path) -> None:
    """It did not say which changes have a limit, and nobody guesses."""
    document = results.load(specimens.gate_run(tmp_path / "gate") / "gate.json")
    assert " =" in report.render(tmp_path / "gate")
    for change in (*document["changes"], document["total"]):
        del change["limited"]
    results.write(tmp_path / "gate/gate.json", document)
    assert not re.search(r" =$", report.render(tmp_path / "gate"), re.M)


def test_verdict_has_the_worst_first(runs: list[Path], tmp_path: Path) -> None:
    """In one sentence, of all kinds."""
    for kind, verdict in (("kunit", "pass"), ("bench", "fail"), ("tlb", "error")):
        document: dict[str, Any] = results.load(runs[0] / f"{kind}.json")
        results.write(tmp_path / f"{kind}.json", {**document, "verdict": verdict, "reason": "x"})
    assert ("Verdict: FAILED (cost); NOT MEASURED (contiguity); good (promises)."
            in report.render(tmp_path))


def test_what_is_pasted_is_one_block(runs: list[Path]) -> None:
    """Of lines that a mail holds, none of which ends the message of a commit."""
    text = report.render(runs[0])
    block = text[text.index("Ready to be pasted"):].split("\n\n")[1]
    assert "225 cases passed" in block and "    make bench " in block
    assert not re.search(r"^(---|diff |Index: )", block, re.M)


def test_sections_without_words_are_left_out_of_a_mail(runs: list[Path]) -> None:
    """The history is nothing but a plot."""
    page = report.page(runs[0])
    history = [s for s in page.sections if s.title == "History"]
    assert history and history[0].short() == Section("History", [])
    assert "History" not in [s.title for s in page.short().sections]


def test_format_is_an_option(monkeypatch: pytest.MonkeyPatch) -> None:
    """And a variable of make."""
    monkeypatch.setenv("FORMAT", "html")
    args = options.parser("")
    options.add(args, "format")
    assert args.parse_args([]).format == "html"


def _command(*words: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run([farm.REPO / "scripts/report", *words], capture_output=True, text=True,
                          check=False, env=proc.clean_env(), timeout=120)


def test_command_writes_the_page(runs: list[Path], page: str, tmp_path: Path) -> None:
    """And says nothing besides, though several processes draw."""
    done = _command("--run", runs[0], "--format", "html", "--out", tmp_path / "page.html")
    assert (done.returncode, done.stdout, done.stderr) == (Code.GOOD, "", "")
    assert (tmp_path / "page.html").read_text() == page
    assert list(tmp_path.iterdir()) == [tmp_path / "page.html"]


@pytest.mark.parametrize("name, said", [
    ("", "Is a directory"), ("none/page.html", "No such file or directory")])
def test_file_that_cannot_be_written_is_named(runs: list[Path], tmp_path: Path, name: str,
                                              said: str) -> None:
    """And nothing is left beside it."""
    out = tmp_path / "out" / name
    (tmp_path / "out").mkdir()
    done = _command("--run", runs[0], "--out", out)
    assert done.returncode == Code.BROKEN
    assert done.stderr == f"kmbench: {out}: {said}; name a file that can be written, in a directory that exists\n"
    assert list(tmp_path.rglob("*")) == [tmp_path / "out"]


def test_command_s_exit_code_is_the_run_s(runs: list[Path]) -> None:
    """In each format; a wrong one is none."""
    done = _command("--run", runs[1], "--format", "markdown")
    assert done.returncode == Code.FAILED and done.stdout.startswith("# kmalloc() on Linux")
    done = _command("--run", runs[1], "--format", "pdf")
    assert done.returncode == Code.BROKEN
    assert done.stderr == "kmbench: no FORMAT=pdf; there are: text markdown html\n"
