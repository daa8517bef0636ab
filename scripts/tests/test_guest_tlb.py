# SPDX-License-Identifier: GPL-2.0
"""Walks over memory in guests, as the model of a TLB counts them."""

from __future__ import annotations

import copy
import json
import re
import subprocess
from pathlib import Path
from typing import Any, Callable

import lab
import pytest
from kmblib import build, qemu, results, tlb, vm
from kmblib.errors import Broken, Code
from kmblib.kernels import Kernel
from tlb_closed_form import closed_form

Walk = dict[str, Any]

_MODELLED = ("tlb", "tlb of another QEMU")
_MIB = 1 << 20
_SIZES = {"4K": 4096, "2M": 2 * _MIB}


def _walks(guests: lab.Lab, name: str) -> list[Walk]:
    """The walks of a guest that is believed."""
    ended = guests.ended(name)
    assert vm.judge(ended) == Code.GOOD
    walks: list[Walk] = results.parse(ended.results, name)["walks"]
    assert len(walks) > 1
    return walks


def _walked(guests: lab.Lab, name: str) -> dict[str, Any]:
    """What a guest says, and what the model says of it outside."""
    return {**results.parse(guests.ended(name).results, name), "regions": guests.regions(name)}


def _one(walks: list[Walk], kind: str, pattern: str, bytes_: int) -> Walk:
    found, = (w for w in walks if (w["kind"], w["pattern"], w["bytes"]) == (kind, pattern, bytes_))
    return found


def _page_size(walk: Walk) -> str:
    """The size of the pages that map all of a walk's memory; "" if they differ."""
    used: list[str] = [size for size, count in walk["mapped"]["pages"].items() if count]
    return used[0] if len(used) == 1 else ""


@pytest.mark.guests(*_MODELLED)
@pytest.mark.parametrize("name", _MODELLED)
def test_counts_do_not_contradict_each_other(guests: lab.Lab, name: str) -> None:
    """Each load is seen, no other access, and each miss of the last level is a walk."""
    assert all(walk["unavailable"] is None for walk in _walks(guests, name))
    assert tlb.contradictions(_walked(guests, name), lab.GUESTS[name].model) == []


@pytest.mark.guests("tlb")
@pytest.mark.parametrize("spoil, text", [
    (lambda walk: walk.update(model=None), "the model did not answer"),
    (lambda walk: walk["model"].update(loads=walk["loads"] - 1), "loads were made"),
    (lambda walk: walk["model"].update(stores=1), "1 stores"),
    (lambda walk: walk["model"].update(unmapped=1), "1 that found no page"),
    (lambda walk: walk["model"].update(geometry="zen9"), "the TLB zen9 was modelled"),
    (lambda walk: walk["model"]["page_walks"].update({"1G": 1}), "misses of the last level, but")])
def test_contradiction_would_be_seen(guests: lab.Lab, spoil: Callable[[Walk], None],
                                     text: str) -> None:
    """The control: each of them, planted."""
    walk = copy.deepcopy(_walks(guests, "tlb")[0])
    spoil(walk)
    assert text in tlb.walk_contradiction(walk, "generic")


@pytest.mark.guests("tlb")
@pytest.mark.parametrize("spoil, text", [
    (lambda walked: walked["walks"][1]["model"].update(loads=1),
     "the guest's counts are not those of kmalloc/stride/131072 outside of it"),
    (lambda walked: walked["allocator"][2]["kfree"]["warm"].update(stores=0), "pairs/"),
    (lambda walked: walked["regions"].pop(), "outside of it there are")])
def test_contradiction_of_regions_would_be_seen(guests: lab.Lab, text: str,
                                                spoil: Callable[[dict[str, Any]], None]) -> None:
    """The control: counts that changed on their way through the guest, and a lost region."""
    walked = copy.deepcopy(_walked(guests, "tlb"))
    assert tlb.region_contradiction(walked) == "" and tlb.marked(walked) == []
    spoil(walked)
    assert text in tlb.region_contradiction(walked)


@pytest.mark.guests("tlb")
@pytest.mark.parametrize("call", ["kmalloc", "kfree"])
@pytest.mark.parametrize("spoil, text", [
    ({"loads": 0}, "the model saw no load"), ({"unmapped": 1}, "1 that found no page"),
    ({"misses": [0, 0]}, "0 misses of the last level, but")])
def test_contradiction_of_allocator_would_be_seen(guests: lab.Lab, call: str,
                                                  spoil: dict[str, Any], text: str) -> None:
    """The control: each of them, planted into what one call touched."""
    touch = copy.deepcopy(results.parse(guests.ended("tlb").results, "tlb")["allocator"][0])
    touch[call]["cold"].update(spoil)
    assert text in tlb.touch_contradiction(touch, "generic")


@pytest.mark.guests("tlb")
@pytest.mark.parametrize("pattern", ["stride", "chase"])
def test_what_contiguity_is_worth(guests: lab.Lab, pattern: str) -> None:
    """4 MiB, eight passes, 64 and 1536 entries."""
    walks = _walks(guests, "tlb")
    kmalloc = _one(walks, "kmalloc", pattern, 4 * _MIB)
    vmalloc = _one(walks, "vmalloc", pattern, 4 * _MIB)
    assert kmalloc["loads"] == vmalloc["loads"] == 8 * 1024
    assert kmalloc["model"]["page_walks"] == {"4K": 0, "2M": 2, "1G": 0}
    assert vmalloc["model"]["page_walks"] == {"4K": 1024, "2M": 0, "1G": 0}
    assert vmalloc["model"]["misses"] == [8192, 1024]


@pytest.mark.guests(*_MODELLED)
@pytest.mark.parametrize("name", _MODELLED)
@pytest.mark.parametrize("kind, expected", [("kmalloc", "2M"), ("vmalloc", "4K")])
def test_misses_are_those_of_the_formula(guests: lab.Lab, name: str, kind: str,
                                         expected: str) -> None:
    """For contiguous pages of one size, on each footprint."""
    geometry = json.loads(tlb.find_geometry(lab.GUESTS[name].model).read_text())
    compared = 0
    for walk in _walks(guests, name):
        size = _page_size(walk)
        # A block of kmalloc() has 4 MiB at most; those of a larger footprint are scattered.
        if walk["kind"] != kind or size != expected or kind == "kmalloc" and walk["bytes"] > 4 * _MIB:
            continue
        pages = max(walk["bytes"] // _SIZES[size], 1)
        assert walk["model"]["misses"] == closed_form(geometry, size, pages, walk["passes"])
        compared += 1
    assert compared >= 4


@pytest.mark.guests("tlb")
def test_formula_would_tell_page_sizes_apart(guests: lab.Lab) -> None:
    """Its control: what vmalloc() missed is not what kmalloc() would have."""
    geometry = json.loads(tlb.find_geometry("generic").read_text())
    vmalloc = _one(_walks(guests, "tlb"), "vmalloc", "stride", 4 * _MIB)
    assert vmalloc["model"]["misses"] != closed_form(geometry, "2M", 2, vmalloc["passes"])


@pytest.mark.guests(*_MODELLED)
@pytest.mark.parametrize("name, levels", zip(_MODELLED, (5, 4)))
def test_page_walks_read_an_entry_a_level(guests: lab.Lab, name: str, levels: int) -> None:
    """A large page needs one less; the second guest is told to use four levels."""
    for walk in _walks(guests, name):
        walks = walk["model"]["page_walks"]
        assert walk["model"]["walk_reads"] == levels * walks["4K"] + (levels - 1) * walks["2M"]


@pytest.mark.guests("tlb", "tlb again")
def test_two_runs_count_the_same(guests: lab.Lab) -> None:
    """To the last digit."""
    assert guests.ended("tlb").results == guests.ended("tlb again").results


@pytest.mark.guests("tlb", "tlb of another QEMU")
def test_geometry_and_emulator_are_others(guests: lab.Lab) -> None:
    """Or the tests that compare them show nothing."""
    assert [{w["model"]["geometry"] for w in _walks(guests, name)} for name in _MODELLED] == \
        [{"generic"}, {"zen3"}]
    if lab.newer() == qemu.INSTALLED:
        pytest.skip(f"{qemu.INSTALLED.version()} is the newest that is known to work")
    assert lab.newer().major() >= 10


@pytest.mark.guests("tlb without a model")
def test_without_a_model_there_are_no_counts(guests: lab.Lab) -> None:
    """None, which is not 0; what is known without it is there."""
    for walk in _walks(guests, "tlb without a model"):
        assert walk["model"] is None
        assert walk["ticks"] >= walk["loads"] and walk["mapped"]


@pytest.mark.guests("tlb")
def test_without_a_pmu_there_is_the_reason(guests: lab.Lab) -> None:
    """TCG emulates none for x86; test_guest_pmu.py has one."""
    for walk in _walks(guests, "tlb"):
        assert walk["counters"]["unavailable"].startswith("ENOENT: ")


@pytest.mark.guests("tlb")
def test_mappings_are_those_of_the_kinds(guests: lab.Lab) -> None:
    """The truth about the memory: large pages where there can be any, and runs."""
    walks = {w["kind"]: w for w in _walks(guests, "tlb")
             if (w["pattern"], w["bytes"]) == ("stride", 4 * _MIB)}
    assert {kind: _page_size(walks[kind]) for kind in ("kmalloc", "vmalloc", "vmalloc-huge")} == \
        {"kmalloc": "2M", "vmalloc": "4K", "vmalloc-huge": "2M"}
    assert walks["kmalloc"]["mapped"]["runs"] == 1
    assert walks["alloc_pages-0"]["mapped"]["runs"] > 900
    assert 100 < walks["alloc_pages-3"]["mapped"]["runs"] <= 128


def _user_walks(guests: lab.Lab, name: str) -> list[Walk]:
    """Those over memory of a process."""
    walks: list[Walk] = results.parse(guests.ended(name).results, name)["user_walks"]
    return walks


@pytest.mark.guests("tlb")
@pytest.mark.parametrize("pattern", ("stride", "chase"))
def test_what_mappings_of_a_process_are_worth(guests: lab.Lab, pattern: str) -> None:
    """As the formula has it for pages of 4 KiB, also over contiguous frames of kmalloc(), and
    for huge pages of either kind. What is the same in the kernel's memory has the same counts:
    both are walked over alike."""
    walks, geometry = _user_walks(guests, "tlb"), json.loads(tlb.find_geometry("generic").read_text())
    for kind, size in (("anon-4k", "4K"), ("kmalloc-mapped", "4K"), ("anon-thp", "2M"),
                       ("hugetlb", "2M")):
        for walk in (_one(walks, kind, pattern, mib * _MIB) for mib in (4, 16)):
            assert walk["unavailable"] is None, kind
            pages = walk["bytes"] // _SIZES[size]
            assert walk["model"]["misses"] == closed_form(geometry, size, pages, walk["model_passes"])
            assert walk["model"]["page_walks"][size] == walk["model"]["misses"][-1], kind
    for mib in (4, 16):
        kernel, process = (_one(of, kind, pattern, mib * _MIB)["model"] for of, kind in (
            (_walks(guests, "tlb"), "vmalloc"), (walks, "anon-4k")))
        assert [kernel[key] for key in ("loads", "misses", "page_walks")] == \
            [process[key] for key in ("loads", "misses", "page_walks")]


@pytest.mark.guests("tlb")
def test_memory_of_a_process_is_of_its_kind(guests: lab.Lab) -> None:
    """As smaps tells, a walk of its page tables, and the kernel of what it lent; two ways to
    look for runs agree."""
    mapped = {w["kind"]: (w["mapping"], w["held_bytes"]) for w in _user_walks(guests, "tlb")
              if w["bytes"] == 16 * _MIB and not w["unavailable"]}
    assert {kind: (m["mmu_page_bytes"], m["anon_huge_bytes"]) for kind, (m, _held) in mapped.items()} == {
        "anon-4k": (4096, 0), "anon-thp": (4096, mapped["anon-thp"][1]),
        "hugetlb": (2 * _MIB, 0), "kmalloc-mapped": (4096, 0)}
    assert mapped["kmalloc-mapped"][0]["kernel"]["pages"]["2M"] > 3000
    for kind, (mapping, held) in mapped.items():
        pages = {size: count for size, count in mapping["mapped"]["pages"].items() if count}
        assert pages == {"4K" if kind in ("anon-4k", "kmalloc-mapped") else "2M": held // 4096}
        assert mapping["mapped"]["runs"] == mapping["runs"]


@pytest.mark.guests("tlb", "tlb again")
def test_two_runs_count_the_same_of_a_process(guests: lab.Lab) -> None:
    """To the last digit; what was timed is left out."""
    one, again = ([(w["kind"], w["pattern"], w["bytes"], w["model"]) for w in _user_walks(guests, name)]
                  for name in ("tlb", "tlb again"))
    assert one == again and len(one) > 50


@pytest.mark.guests("tlb without a model")
def test_process_is_walked_without_a_model(guests: lab.Lab) -> None:
    """No counts, but what there is else; and no huge pages, neither set aside nor, in a
    machine so small, allowed."""
    walks = _user_walks(guests, "tlb without a model")
    assert {w["kind"] for w in walks if w["unavailable"]} == {"anon-thp", "hugetlb"}
    assert all(w["model"] is None and len(w["laps"]) == 1 for w in walks if not w["unavailable"])


@pytest.mark.guests("tlb of a split map", "tlb")
def test_contiguous_memory_under_small_pages_is_worth_nothing(guests: lab.Lab) -> None:
    """The control of all that is said of kmalloc(): frames as contiguous as ever, but a map
    of all memory whose large pages were broken up on purpose."""
    assert re.search(r"split_map: \d+ blocks, error 0", guests.ended("tlb of a split map").console)
    for pattern in ("stride", "chase"):
        walk = _one(_walks(guests, "tlb of a split map"), "kmalloc", pattern, 4 * _MIB)
        assert walk["mapped"] == {"pages": {"4K": 1024, "2M": 0, "1G": 0}, "runs": 1}
        assert walk["model"]["misses"] == [8192, 1024]
        assert walk["model"]["page_walks"] == {"4K": 1024, "2M": 0, "1G": 0}
    maps = [_walks(guests, name)[0]["direct_map"] for name in ("tlb of a split map", "tlb")]
    assert maps[0]["before"]["4K"] > maps[0]["before"]["2M"]
    assert maps[1]["before"]["4K"] < maps[1]["before"]["2M"]


@pytest.mark.guests("tlb")
def test_walks_break_up_no_large_page(guests: lab.Lab) -> None:
    """And the kernel tells: a null would be no count."""
    assert {w["direct_map"]["splits"] for w in
            (*_walks(guests, "tlb"), *_user_walks(guests, "tlb"))} == {0}


@pytest.mark.guests("tlb of a process")
def test_a_kind_of_a_process_can_be_asked_for(guests: lab.Lab) -> None:
    """By itself; the model knows its page tables all the same."""
    ended = guests.ended("tlb of a process")
    assert vm.judge(ended) == Code.GOOD and not results.parse(ended.results, "tlb")["walks"]
    walks = _user_walks(guests, "tlb of a process")
    assert {w["kind"] for w in walks} == {"anon-4k"}
    assert all(w["model"]["page_walks"]["4K"] == w["lines"] for w in walks)


@pytest.mark.guests("tlb of no kind")
def test_unknown_kind_is_refused(guests: lab.Lab) -> None:
    """One line, and exit code 2."""
    ended = guests.ended("tlb of no kind")
    assert vm.judge(ended) == Code.BROKEN
    assert "kmbench: no kind 'none' with pattern '*'" in ended.console


@pytest.mark.guests("tlb of odd footprints", "tlb of too many passes")
@pytest.mark.parametrize("name, text", [
    ("tlb of odd footprints", "alloc_pages-3: refused by the module: bytes 36864: a multiple of 32768"),
    ("tlb of too many passes", "passes 1048576 and warmup 0: at most 1048576 loads in all")])
def test_what_no_walk_can_be_is_refused(guests: lab.Lab, name: str, text: str) -> None:
    """One line, and exit code 2."""
    ended = guests.ended(name)
    assert vm.judge(ended) == Code.BROKEN
    assert text in ended.console


@pytest.mark.guests("tlb of some odd footprints")
def test_what_one_walk_cannot_be_ends_none_else(guests: lab.Lab) -> None:
    """It says why; the footprint that is a multiple of the blocks is walked."""
    walks = _walks(guests, "tlb of some odd footprints")
    done = {w["bytes"] >> 10: w["unavailable"] for w in walks}
    assert done.pop(288) is None
    assert list(done) == [36, 72, 144]
    assert all("a multiple of 32768" in why for why in done.values())


@pytest.mark.guests("tlb of a process alone")
def test_what_the_kernel_cannot_walk_ends_no_walk_of_a_process(guests: lab.Lab) -> None:
    """Each of the kernel's says why; that none could be done is no error where others could."""
    ended = guests.ended("tlb of a process alone")
    assert vm.judge(ended) == Code.GOOD
    found = results.parse(ended.results, "tlb")
    assert found["walks"] and all("bytes would be held" in w["unavailable"] for w in found["walks"])
    walked = [w for w in found["user_walks"] if not w["unavailable"]]
    assert {w["kind"] for w in walked} == {"anon-4k"}
    assert all(w["model"]["loads"] == w["lines"] * w["model_passes"] and not w["model"]["unmapped"]
               for w in walked)


@pytest.mark.guests("tlb beyond memory")
def test_footprint_beyond_memory_is_unavailable(guests: lab.Lab) -> None:
    """With the reason; those that there is memory for are walked."""
    walks = _walks(guests, "tlb beyond memory")
    reasons = {walk["bytes"]: walk["unavailable"] for walk in walks}
    assert reasons[_MIB] is None
    assert "bytes would be held" in reasons[64 * _MIB]


@pytest.mark.parametrize("line, why", [
    ("kmbench TLB model: level 1: 3 ways: must divide 64 entries", "GEOMETRY=zen3: level 1: 3 ways: "),
    ("kmbench TLB model: ram=/proc/self/fd/3: Permission denied", "ram=/proc/self/fd/3: "),
    ("kmbench TLB model: regions=/x: No space left on device", "regions=/x: "),
    ("kmbench TLB model: regions cannot be written: No space left on device", "regions cannot be "),
    ("kmbench TLB model: 8 processors: the model has at most 4", "8 processors: "),
    ("kmbench TLB model: guest i386: the model knows a machine of x86_64", "guest i386: "),
    ("qemu: x.so: plugin requires API version 99, but this QEMU supports 1", "plugin requires API "),
    ("qemu: -m: out of memory", "")])
def test_geometry_is_blamed_for_what_it_is_to_blame_for(tmp_path: Path, line: str, why: str) -> None:
    """And for nothing else that the model, or QEMU, refuses."""
    (tmp_path / "log").write_text(f"x\n{line}\n")
    said = tlb.why_no_model(tmp_path / "log", "zen3")
    assert said.startswith(f"no model of a TLB: {why}") if why else not said
    assert tlb.is_refused(said) == ("GEOMETRY=" in why)


def test_geometry_is_found_by_name_or_as_a_file(tmp_path: Path,
                                                monkeypatch: pytest.MonkeyPatch) -> None:
    """And its name repeats the run."""
    assert tlb.name_of(tlb.find_geometry("")) == "generic"
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.json").write_text("{}")
    path = tlb.find_geometry("mine.json")
    assert tlb.name_of(path) == str(path) == str(tmp_path / "mine.json")


@pytest.mark.parametrize("name, text", [
    ("zen9", "no GEOMETRY=zen9; there are: generic neoverse-n1 "),
    ("/nowhere/x.json", "no GEOMETRY=/nowhere/x.json; ")])
def test_unknown_geometry_is_refused(name: str, text: str) -> None:
    """With the names of those that there are."""
    with pytest.raises(Broken, match=text):
        tlb.find_geometry(name)


@pytest.mark.parametrize("content, text", [
    ("{", "not JSON"), ("{}", "'name' is a required property"),
    ('{"name": "x", "about": "", "source": "", "verified": true, "levels": []}', "verified")])
def test_geometry_that_is_none_is_refused(tmp_path: Path, content: str, text: str) -> None:
    """Before anything is built."""
    (tmp_path / "mine.json").write_text(content)
    with pytest.raises(Broken, match=text):
        tlb.read_geometry(tmp_path / "mine.json")


@pytest.mark.parametrize("emulator", [qemu.INSTALLED, None], ids=["installed", "another"])
def test_impossible_numbers_are_refused_by_the_model(
        kernel: Kernel, tmp_path: Path, emulator: qemu.Emulator | None) -> None:
    """In a line of its own, which is what the user is told."""
    geometry = json.loads(tlb.find_geometry("generic").read_text())
    geometry["levels"][0][0]["ways"] = 3
    (tmp_path / "bad.json").write_text(json.dumps(geometry))
    model = tlb.Model(build.tool(kernel, "model") / "tlb-model.so", tmp_path / "bad.json",
                      tmp_path / "regions")
    with tlb.modelled(emulator or lab.newer(), model, 256) as with_model:
        done = subprocess.run([with_model.binary, *with_model.options, "-display", "none"],
                              check=False, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, text=True, timeout=60,
                              pass_fds=with_model.files)
    (tmp_path / "log").write_text(done.stdout)
    assert done.returncode
    assert "ways" in tlb.refusal(tmp_path / "log")
    (tmp_path / "log").write_text("qemu-system-x86_64: something else\n")
    assert tlb.refusal(tmp_path / "log") == ""


@pytest.mark.guests("tlb")
def test_allocator_itself_is_seen(guests: lab.Lab) -> None:
    """What one call touches: more with the page allocator, and each page once."""
    touches = {t["size"]: t for t in results.parse(guests.ended("tlb").results, "tlb")["allocator"]}
    assert len(touches) > 20
    for touch in touches.values():
        assert touch["unavailable"] is None
        for call in ("kmalloc", "kfree"):
            cold, warm = touch[call]["cold"], touch[call]["warm"]
            assert cold["loads"] > 5 and cold["stores"]
            assert 0 < cold["misses"][-1] < cold["loads"] + cold["stores"]
            assert warm["misses"][-1] < cold["misses"][-1]
            # The page allocator's lists are not as they were.
            if touch["size"] <= 4096:
                assert (cold["loads"], cold["stores"]) == (warm["loads"], warm["stores"])
    assert touches[16384]["kmalloc"]["warm"]["loads"] > touches[64]["kmalloc"]["warm"]["loads"]
