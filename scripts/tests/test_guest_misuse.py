# SPDX-License-Identifier: GPL-2.0
"""The tool in a guest that it cannot measure: exit code 2 and one line."""

from __future__ import annotations

import lab
import pytest
from kmblib import vm
from kmblib.errors import Code

# What the tool says, word for word.
_SAID = {
    "no module": ["kmbench: /dev/kmbench: No such file or directory; "
                  "load kmbench.ko first (insmod kmbench.ko)"],
    "unknown scenario": ["kmbench: no scenario matches 'pear/task/GFP_KERNEL/64'; "
                         "no scenario 'pear'; near: pair/task/GFP_KERNEL/64"],
    "unknown context": ["kmbench: no scenario matches 'pair/tusk/GFP_KERNEL/64'; "
                        "no context 'tusk'; near: pair/task/GFP_KERNEL/64"],
    "sleeps": ["kmbench: 'pair/hardirq/GFP_KERNEL/64' cannot be measured: gfp GFP_KERNEL "
               "may sleep, context hardirq may not"],
    "no such flags": ["kmbench: no scenario matches 'pair/task/__GFP_HIGHMEM/64'; no gfp "
                      "'__GFP_HIGHMEM'; near: "],
    "too much": ["kmbench: burst1024-alloc/task/GFP_KERNEL/8192: share 1: "],
    "one cpu": ["kmbench: 'ring16-alloc/task/GFP_KERNEL/64' cannot be measured: ring16-alloc needs "
                "2 CPUs, there is 1"],
    "other ABI": [f"kmbench: the module speaks ABI {lab.OTHER_ABI}, this tool ABI {lab.OUR_ABI}; "
                  "build both from one tree"],
}


@pytest.mark.guests(*_SAID)
@pytest.mark.parametrize("name", _SAID)
def test_one_line_says_why_nothing_is_measured(guests: lab.Lab, name: str) -> None:
    """The exit code reaches the host, no results do."""
    ended = guests.ended(name)
    assert vm.judge(ended) == Code.BROKEN
    said = [line for line in ended.console.splitlines() if line.startswith("kmbench: ")]
    assert len(said) == 1 and said[0].startswith(_SAID[name][0])
    assert not ended.results
