# SPDX-License-Identifier: GPL-2.0
"""Walks of a process over memory of kmalloc() that is mapped into it."""

from __future__ import annotations

from typing import Any

import lab
import pytest
from kmblib import results, vm
from kmblib.errors import Code


def _walks(guests: lab.Lab, name: str, *kinds: str) -> list[dict[str, Any]]:
    """What the tool wrote, all of these kinds."""
    ended = guests.ended(name)
    assert vm.judge(ended) == Code.GOOD, ended.console[-2000:]
    walks: list[dict[str, Any]] = results.parse(ended.results, name)["walks"]
    assert walks and {walk["kind"] for walk in walks} == set(kinds or ("kmalloc-mapped",))
    return walks


@pytest.mark.guests("chase over lent memory")
def test_lent_memory_is_walked(guests: lab.Lab) -> None:
    """All of it, in either order; blocks of kmalloc() are contiguous, pages small."""
    walks = _walks(guests, "chase over lent memory")
    assert {walk["pattern"] for walk in walks} == {"stride", "chase"}
    for walk in walks:
        assert walk["unavailable"] is None
        assert len(walk["laps"]) == 2 and min(lap["ticks"] for lap in walk["laps"]) > 0
        assert walk["mapping"]["mmu_page_bytes"] == 4096
        # One block holds all that is walked here.
        assert walk["mapping"]["runs"] == walk["mapping"]["mapped"]["runs"] == 1
        assert walk["mapping"]["mapped"]["pages"] == {
            "4K": walk["held_bytes"] // 4096, "2M": 0, "1G": 0}


@pytest.mark.guests("chase over lent memory")
def test_lent_memory_is_under_large_pages_of_the_kernel(guests: lab.Lab) -> None:
    """In its own place, the most of it; the process has it by small ones. All memory is
    mapped as before."""
    large = 0
    for walk in _walks(guests, "chase over lent memory"):
        kernel = walk["mapping"]["kernel"]
        assert kernel["runs"] == 1
        assert sum(kernel["pages"].values()) * 4096 == walk["held_bytes"]
        large += kernel["pages"]["2M"] + kernel["pages"]["1G"]
        assert walk["direct_map"]["before"] == walk["direct_map"]["after"] is not None
    assert large > 0


@pytest.mark.guests("chase without a module")
def test_without_the_module_it_says_what_to_do(guests: lab.Lab) -> None:
    """The control: no walk, but a reason."""
    for walk in _walks(guests, "chase without a module"):
        assert walk["laps"] == [] and walk["mapping"] is None
        assert walk["unavailable"] == ("/dev/kmbench: No such file or directory; "
                                       "load kmbench.ko (insmod kmbench.ko)")


@pytest.mark.guests("chase without THP")
def test_without_thp_it_says_what_to_do(guests: lab.Lab) -> None:
    """And nothing is timed that would be taken for huge pages; what needs none is."""
    for walk in _walks(guests, "chase without THP", "anon-4k", "anon-thp"):
        if walk["kind"] == "anon-4k":
            assert walk["unavailable"] is None and len(walk["laps"]) == 2
            assert walk["mapping"]["kernel"] is None
        else:
            assert walk["laps"] == [] and walk["unavailable"].startswith(
                "THP is off; `echo madvise >/sys/kernel/mm/transparent_hugepage/enabled'")
