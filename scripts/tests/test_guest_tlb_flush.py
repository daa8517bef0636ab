# SPDX-License-Identifier: GPL-2.0
"""Flushes of the TLB that happen in guests, in regions that another module than
kmbench.ko marks (tests/tlb_flush): 16 pages are read, a region begins, something is
flushed, and all are read once more."""

from __future__ import annotations

from typing import Any

import lab
import pytest
from kmblib import results, tlb, vm
from kmblib.errors import Code

_FLUSHED = ("tlb flushes", "tlb flushes of another QEMU")
_PAGES = 16
_KINDS = ("flushes", "flushes_all", "flushes_page")

# Name of a region: flushes by kind, reads, page walks.
_EXPECTED = {
    # The control: nothing is flushed, and nothing misses.
    "flush/none": ((0, 0, 0), _PAGES, 0),
    # A move to cr3 drops pages that are not global, and these alone.
    "flush/cr3-local": ((1, 0, 0), _PAGES, _PAGES),
    "flush/cr3-global": ((1, 0, 0), _PAGES, 0),
    "flush/cr3-thrice": ((3, 0, 0), 3 * _PAGES, 3 * _PAGES),
    "flush/cr4-global": ((0, 2, 0), _PAGES, _PAGES),
    # An invlpg drops a page of which the page tables say something else now.
    "flush/invlpg-moved": ((0, 0, 1), _PAGES, 1),
    "flush/invlpg-same": ((0, 0, 1), _PAGES, 0),
    "flush/moved-unsaid": ((0, 0, 0), _PAGES, 0),
    # A flush before the region is none of its own; what it dropped is missed in it.
    "flush/before": ((0, 0, 0), _PAGES, _PAGES),
    # A region within another: both count what is in the inner one.
    "flush/inner": ((1, 0, 0), _PAGES, _PAGES),
    "flush/outer": ((1, 0, 0), 3 * _PAGES, 2 * _PAGES),
}
# It reads its operand, too, and not every processor that QEMU emulates has it.
_INVPCID = "flush/invpcid-global"


def _models(guests: lab.Lab, name: str) -> dict[str, Any]:
    """Counts of each region of tlb_flush.ko, by name, of a guest that is believed."""
    assert vm.judge(guests.ended(name)) == Code.GOOD
    regions = [r for r in guests.regions(name) if r["region"].startswith("flush/")]
    models = {region["region"]: region["model"] for region in regions}
    assert len(models) == len(regions)
    return models


@pytest.mark.guests(*_FLUSHED)
@pytest.mark.parametrize("name", _FLUSHED)
@pytest.mark.parametrize("region", _EXPECTED)
def test_flushes_are_counted_and_drop_what_they_should(guests: lab.Lab, name: str,
                                                       region: str) -> None:
    """Exactly."""
    flushes, loads, walks = _EXPECTED[region]
    model = _models(guests, name)[region]
    # The first page of a region may be in the page that the one before it read last.
    assert tuple(model[kind] for kind in _KINDS) == flushes
    assert model["loads"] == loads
    assert model["page_walks"]["4K"] == walks
    assert model["misses"][-1] == sum(model["page_walks"].values())


@pytest.mark.guests(*_FLUSHED)
@pytest.mark.parametrize("name", _FLUSHED)
def test_invpcid_drops_all(guests: lab.Lab, name: str) -> None:
    """Global pages, too."""
    models = _models(guests, name)
    if "tlb_flush: no invpcid" in guests.ended(name).console:
        assert _INVPCID not in models
        pytest.skip("the processor that this QEMU emulates has no invpcid")
    model = models[_INVPCID]
    assert tuple(model[kind] for kind in _KINDS) == (0, 1, 0)
    assert model["page_walks"]["4K"] >= _PAGES


@pytest.mark.guests(*_FLUSHED)
@pytest.mark.parametrize("name", _FLUSHED)
def test_each_region_was_seen(guests: lab.Lab, name: str) -> None:
    """Or a name could be missing above and nobody would look."""
    assert set(_models(guests, name)) - {_INVPCID} == set(_EXPECTED)
    assert "tlb_flush: " in guests.ended(name).console


@pytest.mark.guests("tlb flushes")
def test_regions_of_others_do_not_disturb_ours(guests: lab.Lab) -> None:
    """kmbench.ko's are as they would be alone; those of others are told by name."""
    walked = {**results.parse(guests.ended("tlb flushes").results, "results"),
              "regions": guests.regions("tlb flushes")}
    assert tlb.contradictions(walked, "generic") == []
    assert {region["region"] for region in tlb.marked(walked)} - {_INVPCID} == set(_EXPECTED)


def test_regions_of_one_name_are_added_up() -> None:
    """Count by count."""
    model = {"geometry": "generic", "loads": 2, "misses": [3, 1], "page_walks": {"4K": 1}}
    walked = {"walks": [], "user_walks": [], "allocator": [],
              "regions": [{"region": "a", "model": model}, {"region": "b", "model": model},
                          {"region": "a", "model": model}]}
    one, other = tlb.marked(walked)
    assert (one["region"], one["times"], other["times"]) == ("a", 2, 1)
    assert one["model"] == {"geometry": "generic", "loads": 4, "misses": [6, 2],
                            "page_walks": {"4K": 2}}
    assert other["model"] == model
