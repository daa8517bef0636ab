# SPDX-License-Identifier: GPL-2.0
"""Walks of a process over memory of kmalloc() that is mapped into it."""

from __future__ import annotations

from typing import Any

import lab
import pytest
from kmblib import results, vm
from kmblib.errors import Code


def _walks(guests: lab.Lab, name: str) -> list[dict[str, Any]]:
    """What the tool wrote, all of one kind."""
    ended = guests.ended(name)
    assert vm.judge(ended) == Code.GOOD, ended.console[-2000:]
    walks: list[dict[str, Any]] = results.parse(ended.results, name)["walks"]
    assert walks and {walk["kind"] for walk in walks} == {"kmalloc-mapped"}
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
        assert walk["mapping"]["runs"] == 1


@pytest.mark.guests("chase without a module")
def test_without_the_module_it_says_what_to_do(guests: lab.Lab) -> None:
    """The control: no walk, but a reason."""
    for walk in _walks(guests, "chase without a module"):
        assert walk["laps"] == [] and walk["mapping"] is None
        assert walk["unavailable"] == ("/dev/kmbench: No such file or directory; "
                                       "load kmbench.ko (insmod kmbench.ko)")
