# SPDX-License-Identifier: GPL-2.0
"""What memory is charged to, and how much of it is held, while and after it is
measured: what the script held.sh says of a guest."""

from __future__ import annotations

import re
from typing import Callable

import lab
import pytest
from kmblib import vm
from kmblib.errors import Code

pytestmark = pytest.mark.guests("held")
# Instructions that charging an object takes at least, and looking whether it has to
# be charged at most; 457 and 95 were seen.
_CHARGE = 200
# Seconds in which nobody waits, and that one waits who does: up to 15, less what was
# done since.
_SHORT, _LONG = 5, 10


@pytest.fixture(name="console")
def _console(guests: lab.Lab) -> str:
    """All that the guest said."""
    ended = guests.ended("held")
    assert vm.judge(ended) == Code.GOOD
    return ended.console


@pytest.fixture(name="took")
def _took(console: str) -> Callable[[str], int]:
    """The seconds of a step, which was good."""
    return lambda step: int(re.findall(rf"^step {step}: 0 (\d+)\r?$", console, re.M)[0])


def _median(console: str, scenario: str) -> int:
    row = re.findall(rf"^{scenario}/task/GFP_KERNEL/64 +\d+ +\d+ +(\d+) ", console, re.M)
    return int(row[0])


def test_accounted_memory_is_charged(console: str) -> None:
    """In the cgroup that the tool is put into; in the root's nothing is charged,
    which is the control."""
    charged, root = console.split("the root's memory cgroup")
    assert _median(charged, "account") >= _median(charged, "pair") + _CHARGE
    assert _median(root, "account") < _median(root, "pair") + _CHARGE


def test_what_comes_back_late_is_of_the_share(took: Callable[[str], int]) -> None:
    """A small one has room for two repetitions at a time, a large one for all."""
    assert took("large share") < _SHORT
    assert took("small share") >= 3 * _LONG


def test_nothing_comes_back_in_the_middle_of_another_run(took: Callable[[str], int]) -> None:
    """That run waits until all is back; the next one finds nothing to wait for."""
    assert took("another") >= _LONG
    assert took("one more") < _SHORT
