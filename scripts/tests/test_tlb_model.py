# SPDX-License-Identifier: GPL-2.0
"""The model of a TLB in C counts what a slow one in Python and a formula do."""

from __future__ import annotations

import json
import random
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any, Callable, Iterable, Iterator

import pytest
from tlb_closed_form import array_of, closed_form
from tlb_reference import SIZES, Event, Tlb

from kmblib import proc
from kmblib.farm import REPO

_GEOMETRIES = {path.stem: path
               for path in sorted((REPO / "userspace/tlb/geometries").glob("*.json"))}
# Gets the most accesses at random: it has the most arrays.
_THOROUGH = "skylake-sp"
_KIB, _MIB = 1 << 10, 1 << 20

Replay = Callable[[str, str], dict[str, Any]]


@pytest.fixture(scope="module", name="replay")
def fixture_replay(tmp_path_factory: pytest.TempPathFactory) -> Replay:
    """The model in C: from the name of a geometry and a trace to counts."""
    out = tmp_path_factory.mktemp("tlb")
    program = out / "tlb-replay"
    proc.run(["make", "-C", REPO / "userspace", f"O={out}", program], out / "log",
             what="building tlb-replay")

    def run(geometry: str, trace: str) -> dict[str, Any]:
        done = subprocess.run([program, _GEOMETRIES[geometry]], input=trace, text=True,
                              stdout=subprocess.PIPE, check=True)
        counts: dict[str, Any] = json.loads(done.stdout)
        return counts

    return run


def _regions(rng: random.Random) -> list[tuple[int, int]]:
    """Where accesses go: beginning and length, from a few pages to past all reach."""
    regions = []
    for size, shift in enumerate(SIZES.values()):
        for pages in (8, 60, 900, 6000):
            # Global, moving, changing in size, and high up.
            kind = rng.getrandbits(3) << 42 | rng.getrandbits(1) * (0xffff << 48)
            length = min(pages << shift, 1 << 39)
            regions.append((kind | size << 40 | rng.getrandbits(5) << 34, length))
    # Changes in size for sure, and is mapped nowhere.
    return [*regions, (1 << 44, 60 << 12), (1 << 44 | 1 << 42, 3 << 21), (3 << 40, 5 << 12)]


def _events(seed: int, nr: int) -> Iterator[Event]:
    """Accesses that stay a while in one region, at random or in steps; and flushes."""
    rng = random.Random(seed)
    regions = _regions(rng)
    base, length, at, step = *regions[0], 0, 0
    for _ in range(nr):
        chance = rng.random()
        if chance < 0.002:
            yield Event(rng.choice("ffppppFe"))
        if chance < 0.02:
            base, length = rng.choice(regions)
            step = rng.choice((0, 0, 8, 4 * _KIB, 2 * _MIB))
        at = (at + step) % length if step else int(rng.random() * length)
        yield Event("s" if chance > 0.7 else "l", base + at, 64 if chance > 0.9 else 8)


def _trace(events: list[Event]) -> str:
    return "".join(f"{e.letter} {e.address:x} {e.size}\n" if e.size else f"{e.letter}\n"
                   for e in events)


@pytest.mark.parametrize("name", _GEOMETRIES)
def test_both_models_count_the_same(name: str, replay: Replay) -> None:
    """A million accesses at random, or a tenth of that."""
    events = list(_events(5, 1_000_000 if name == _THOROUGH else 100_000))
    expected = asdict(Tlb(_GEOMETRIES[name]).replay(events))
    assert replay(name, _trace(events)) == expected
    # The accesses were such that nothing could have been left out unnoticed.
    assert all(expected[k] for k in ("unmapped", "flushes", "flushes_all", "flushes_page"))
    assert all(expected["walks"])
    assert 0.02 < expected["misses"][0] / expected["loads"] < 0.9


def test_the_last_misses_are_the_walks(replay: Replay) -> None:
    """Each is attributed to a size of pages, or to none."""
    counts = replay(_THOROUGH, _trace(list(_events(6, 20_000))))
    assert sum(counts["walks"]) + counts["unmapped"] == counts["misses"][-1]


def _footprints(geometry: dict[str, Any], size: str) -> list[int]:
    """Numbers of pages: powers of two from 64 KiB on to past all reach, and about each
    level's number of entries."""
    found = {max(1, 64 * _KIB << i >> SIZES[size]) for i in range(40)}
    for array in filter(None, (array_of(level, size) for level in geometry["levels"])):
        entries, sets = array["entries"], array["entries"] // array["ways"]
        found |= {entries - 1, entries, entries + 1, entries + sets // 2, entries + sets,
                  entries * 3 // 2}
    return sorted(pages for pages in found if pages <= 4096)


def _address(size: str, page: int) -> int:
    """Of a page of that size, see tests/tlb_replay.c. What does not fit below the bits that
    say so stands above those that have a meaning: far above that of any set."""
    shift, below = SIZES[size], 40 - SIZES[size]
    return list(SIZES).index(size) << 40 | (page & ((1 << below) - 1)) << shift | page >> below << 46


def _in_order(size: str, pages: Iterable[int]) -> str:
    """A load in each of these pages."""
    return "".join(f"l {_address(size, i):x} 8\n" for i in pages)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", _GEOMETRIES)
def test_walks_in_order_miss_as_the_formula_says(name: str, size: str, replay: Replay) -> None:
    """From 64 KiB to past the last level's reach, once and three times over; and where
    some sets of a level have room, and others have not."""
    geometry = json.loads(_GEOMETRIES[name].read_text())
    counts: dict[str, Any] = {"misses": [0]}
    for passes in (1, 3):
        for pages in _footprints(geometry, size):
            counts = replay(name, _in_order(size, range(pages)) * passes)
            assert counts["misses"] == closed_form(geometry, size, pages, passes), (pages, passes)
            assert counts["loads"] == pages * passes
    # The last ones were past all reach.
    assert counts["misses"][-1] == counts["loads"]


@pytest.mark.parametrize("name", _GEOMETRIES)
def test_walks_in_one_random_cycle_miss_as_the_formula_says(name: str, replay: Replay) -> None:
    """The order is no matter, if it is the same in each pass. The control: another order
    in each pass is a walk of another kind."""
    geometry, rng = json.loads(_GEOMETRIES[name].read_text()), random.Random(1)
    for pages in _footprints(geometry, "4K"):
        order = rng.sample(range(pages), pages)
        counts = replay(name, _in_order("4K", order) * 3)
        assert counts["misses"] == closed_form(geometry, "4K", pages, 3), pages
    again = "".join(_in_order("4K", rng.sample(order, pages)) for _ in range(3))
    assert replay(name, again)["misses"] != closed_form(geometry, "4K", pages, 3)


def test_the_formula_says_what_is_known_by_hand() -> None:
    """The figures that the project gives for 4 MiB in steps of 4 KiB, 8 times over."""
    geometry = json.loads(_GEOMETRIES["generic"].read_text())
    assert closed_form(geometry, "4K", 1024, 8) == [8192, 1024]
    assert closed_form(geometry, "2M", 2, 8) == [2, 2]
    assert closed_form(geometry, "4K", 64, 8) == [64, 64]
    assert closed_form(geometry, "4K", 2048, 8) == [16384, 16384]
    # One set of sixteen has a page too many; then 16 of 128.
    assert closed_form(geometry, "4K", 65, 8) == [60 + 5 * 8, 65]
    assert closed_form(geometry, "4K", 1552, 8) == [1552 * 8, 112 * 12 + 16 * 13 * 8]


@pytest.mark.parametrize("line", ("x", "l", "l 1000", "l zz 8", "l 1000 0", ""))
def test_a_line_that_is_no_event_is_an_error(line: str, replay: Replay) -> None:
    """Nothing is skipped, so that no comparison is about less than it seems."""
    with pytest.raises(subprocess.CalledProcessError):
        replay("generic", f"l 1000 8\n{line}\nl 1000 8\n")
