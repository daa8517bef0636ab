# SPDX-License-Identifier: GPL-2.0
"""The virtual clock is exact, and the real one shows that this is no accident."""

from __future__ import annotations

import lab
import pytest
from kmblib import vm


def _measured(ended: vm.Ended) -> bytes:
    """The bytes of "measured", in which alone two kernels may differ."""
    before, found, after = ended.results.partition(b'"measured":')
    assert found and before and len(after) > 100
    return after


@pytest.mark.guests("virtual", "virtual again")
def test_two_boots_on_the_virtual_clock_agree_to_the_byte(guests: lab.Lab) -> None:
    """The same kernel gives the same figures."""
    assert _measured(guests.ended("virtual")) == _measured(guests.ended("virtual again"))


@pytest.mark.guests("real", "real again")
def test_two_boots_on_the_real_clock_do_not(guests: lab.Lab) -> None:
    """The control: what is compared can differ."""
    assert _measured(guests.ended("real")) != _measured(guests.ended("real again"))
