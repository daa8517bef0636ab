# SPDX-License-Identifier: GPL-2.0
"""A guest whose kernel breaks is never believed, and is told from one that
was not set up. test_guest_healthy.py is the control."""

from __future__ import annotations

import lab
import pytest
from kmblib import vm
from kmblib.errors import Broken, Failed

# How each guest breaks, and what is said of it.
_FAULTS = {
    "warn": "the guest's kernel complained: WARNING: .*fault_warn",
    "oops": "the guest's kernel complained: BUG: kernel NULL pointer dereference",
    "panic": "the guest's kernel complained: Kernel panic .*: kmbench_fault: a panic was asked for",
    "hang": r"the guest hung: no verdict after \d+ s; its last lines: .*kmbench: module verification",
    "poweroff": "the guest ended without a verdict; its last lines: .*Power down",
    "truncate": r"the guest's results were cut off: 100 of \d{4,} bytes arrived",
}


@pytest.mark.guests(*_FAULTS)
@pytest.mark.parametrize("name", _FAULTS)
def test_kernel_that_breaks_fails(guests: lab.Lab, name: str) -> None:
    """Each kind of breakage is seen, and named."""
    with pytest.raises(Failed, match=_FAULTS[name]):
        vm.judge(guests.ended(name))


@pytest.mark.guests("hang", "poweroff")
@pytest.mark.parametrize("name", ["hang", "poweroff"])
def test_silence_is_all_there_is_to_see(guests: lab.Lab, name: str) -> None:
    """These two are found by the missing verdict alone: the console is clean."""
    ended = guests.ended(name)
    assert not vm.badness(ended.console)
    assert not ended.verdict
    assert ended.timed_out == (name == "hang")


@pytest.mark.guests("nonsense")
def test_module_that_does_not_load_is_no_failure_of_the_kernel(guests: lab.Lab) -> None:
    """Set-up that fails is Broken, and says which module."""
    with pytest.raises(Broken, match="could not set itself up: .*kmbench_fault.ko"):
        vm.judge(guests.ended("nonsense"))
