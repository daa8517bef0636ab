# SPDX-License-Identifier: GPL-2.0
"""make frag as a user types it: levels reached, what kmalloc() does there, and the same
figures in each run."""

from __future__ import annotations

import re
import shutil
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Iterator

import pytest
from checkout import Checkout
from kmblib import results
from kmblib.errors import Code

_LEVELS = "0.5,0.99"
_TOLERANCE = "#define KMB_FRAG_TOLERANCE\t"
_MAIN = ("demand", "task", "GFP_KERNEL")


@pytest.fixture(autouse=True, scope="module")
def _no_results_stay(copy: Checkout) -> Iterator[None]:
    """Other tests look for what a command leaves in the same checkout."""
    yield
    for run in copy.runs():
        shutil.rmtree(run)


def _measured(copy: Checkout, times: int, **words: str) -> list[dict[str, Any]]:
    """So many runs of the same, side by side: what each measured."""
    before = copy.runs()
    with ThreadPoolExecutor() as pool:
        done = list(pool.map(lambda _: copy.run("frag", **words), range(times)))
    runs = sorted(copy.runs() - before)
    assert [d.status for d in done] == [Code.GOOD] * times, done[0].stderr
    assert len(runs) == times and all((run / "frag.svg").exists() for run in runs)
    return [results.load(run / "frag.json")["measured"] for run in runs]


@pytest.fixture(name="levels", scope="module")
def _levels(copy: Checkout) -> list[dict[str, Any]]:
    """Half of free memory and nearly all of it in no large block."""
    run, = _measured(copy, 1, LEVELS=_LEVELS)
    levels: list[dict[str, Any]] = run["levels"]
    assert len(levels) == 2
    return levels


def _responses(level: dict[str, Any]) -> dict[tuple[Any, ...], dict[str, Any]]:
    return {(r["scenario"], r["context"], r["gfp"], r["order"]): r for r in level["responses"]}


def test_two_runs_are_the_same(copy: Checkout) -> None:
    """With the virtual clock and a seed: levels, counts of successes and latencies; on a small
    machine, which takes less time."""
    one, other = _measured(copy, 2, LEVELS="0.9", MEM="512M")
    assert one == other


def test_levels_are_reached_and_held(levels: list[dict[str, Any]]) -> None:
    """Within 0.02, before each response and at the end; then all is given back."""
    for level in levels:
        seen = [level["reached"], *(r["reached"] for r in (
            *level["responses"], *level["walks"], *level["user_walks"]))]
        assert len(seen) == 1 + 8 * 11 + 3 + 2
        assert all(abs(index - level["asked"]) <= 20_000 for index in seen)
        assert level["free_after"] >= 0.99 * level["free_before"] and level["seconds"] < 10


def test_slabs_are_looked_at(levels: list[dict[str, Any]]) -> None:
    """They are of several pages where blocks of order 9 alone are scarce; where all of two pages are,
    see guest_memory."""
    for level in levels:
        assert level["slabs"]["objects"] == 1024 and level["slabs"]["size"] == 1024
        assert level["slabs"]["bytes"] / level["slabs"]["slabs"] > 4096


def test_large_ones_become_scarce_and_small_ones_do_not(levels: list[dict[str, Any]]) -> None:
    """A quarter of free memory in blocks of order 9: all at 0.5, one in twenty-five at
    0.99; what failed has its own latencies. Up to a page all are there, slab or not."""
    half, most = map(_responses, levels)
    assert half[*_MAIN, 9]["got"] == half[*_MAIN, 9]["asked"]
    scarce = most[*_MAIN, 9]
    assert 0 < scarce["got"] < 0.1 * scarce["asked"]
    assert scarce["failed_ticks"]["count"] == scarce["asked"] - scarce["got"]
    assert scarce["failed_ticks"]["min"] > 0 and scarce["events"]["compact_stall"]["value"] > 0
    for level in (half, most):
        assert all(r["got"] == r["asked"] for key, r in level.items() if key[3] <= 8)
    assert most["kvdemand", "task", "GFP_KERNEL", 9]["vmalloced"] > 0
    assert not half["kvdemand", "task", "GFP_KERNEL", 9]["vmalloced"]


def test_contiguity_is_lost_with_the_level(levels: list[dict[str, Any]]) -> None:
    """At each level memory of each kind is walked over, and the model counts: blocks of
    kvmalloc() are under large pages at 0.5, and at 0.99 nearly each load is a page walk."""
    half, most = ({walk["kind"]: walk for walk in level["walks"]} for level in levels)
    few, many = (walks["kvmalloc-2m"]["model"] for walks in (half, most))
    assert few["misses"][-1] < 0.01 * few["loads"] and many["misses"][-1] > 0.9 * many["loads"]
    assert many["page_walks"]["4K"] > 0.9 * many["loads"]
    assert most["alloc_pages-0"]["mapped"]["pages"]["4K"] < 0.02 * many["loads"]
    assert most["kmalloc"]["unavailable"] and not half["kmalloc"]["unavailable"]


def test_memory_of_a_process_loses_its_huge_pages(levels: list[dict[str, Any]]) -> None:
    """All of it at 0.5, hardly any at 0.99; where none are wanted there are none."""
    half, most = ({walk["kind"]: walk["mapping"] or {"anon_huge_bytes": 0}
                   for walk in level["user_walks"]} for level in levels)
    assert half["anon-thp"]["anon_huge_bytes"] > 100 << 20
    assert most["anon-thp"]["anon_huge_bytes"] < 20 << 20
    assert not half["anon-4k"]["anon_huge_bytes"]


def test_what_can_be_moved_is_compacted(copy: Checkout) -> None:
    """Half of the broken blocks by memory of a process: GFP_KERNEL has pages moved, and a
    request that may not wait has none; what was moved is told. How much that gets it is the
    kernel's luck: where compaction fails once it is deferred. COMPACT=1 is passed on."""
    before = copy.runs()
    ended = copy.run("frag", LEVELS="0.99", MOVABLE="50", COMPACT="1")
    assert ended.status == Code.GOOD, ended.stderr
    run, = copy.runs() - before
    level, = results.load(run / "frag.json")["measured"]["levels"]
    responses = _responses(level)
    waits, not_ = (responses["demand", "task", gfp, 9] for gfp in ("GFP_KERNEL", "GFP_NOWAIT"))
    assert waits["got"] > not_["got"] and waits["events"]["pgmigrate_success"]["value"] > 0
    assert not not_["events"]["pgmigrate_success"]["value"]
    assert 0 < level["movable"]["moved"] <= level["movable"]["held"]
    assert level["movable"]["held"] > 0.8 * level["steps"]["broken"]
    assert level["recovery"]["compacted"]
    # That is but what was asked for. That the kernel did it shows in what it looked at.
    events = level["recovery"]["events"]
    assert events["compact_migrate_scanned"]["value"] > 0 < events["compact_free_scanned"]["value"]
    said = " ".join(ended.stdout.split())
    assert re.search(r"were moved meanwhile: 0\.99: [\d ]+ of [\d ]+, which broke [4-6]\d % of the blocks", said), said
    assert "OCCUPANTS=anon COMPACT=1" in " ".join(ended.stdout.split())


def test_recovery_is_watched(levels: list[dict[str, Any]]) -> None:
    """Once a level is undone its index sinks; whether it is back agrees with the figures,
    and nobody was asked to compact."""
    for level in levels:
        after = level["recovery"]
        assert after["goal"] == level["before"]["index"] and not after["compacted"]
        assert after["released"] < level["reached"] - 100_000
        assert after["back"] == (after["index"] <= after["goal"] + 20_000)
        assert after["back"] or 2 <= after["seconds"] < 3
        assert after["events"]["compact_free_scanned"]["value"] == 0


def test_level_out_of_reach_is_refused_with_its_figures(copy: Checkout) -> None:
    """One that the user asked for; what can be reached is said. Here because nothing but
    the very index is good enough, and there are not so many blocks."""
    header, before = copy.repo / "module/uapi/kmbench.h", copy.runs()
    text = header.read_text()
    assert text.count(_TOLERANCE) == 1
    try:
        header.write_text(text.replace(_TOLERANCE, f"{_TOLERANCE}0 * "))
        ended = copy.run("frag", LEVELS="0.123456", ORDER="10", COMPACT="1")
    finally:
        header.write_text(text)
    assert ended.status == Code.BROKEN, ended.stderr
    run, = copy.runs() - before
    reason = "index 123456: the nearest that can be reached is "
    assert results.load(run / "frag.json")["reason"].startswith(reason)
    assert f"Fragmentation: NOT REACHED. {reason}" in " ".join(ended.stdout.split())
