# SPDX-License-Identifier: GPL-2.0
"""A guest in which nothing is wrong passes: the control of all broken ones."""

from __future__ import annotations

import json

import lab
import pytest
from kmblib import results, vm
from kmblib.errors import Code


@pytest.mark.guests("virtual", "real")
@pytest.mark.parametrize("name", ["virtual", "real"])
def test_is_believed_and_its_results_are_valid(guests: lab.Lab, name: str) -> None:
    """The verdict is there, the results match it and results/schema.json."""
    ended = guests.ended(name)
    assert vm.judge(ended) == Code.GOOD
    measurement = json.loads(ended.results)
    results.check(measurement, name)
    assert [c["name"] for c in measurement["measured"]["cells"]] == [lab.SCENARIO]
    assert all(r["count"] > 0 for c in measurement["measured"]["cells"]
               for r in c["repetitions"])
