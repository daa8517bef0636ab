# SPDX-License-Identifier: GPL-2.0
"""Memory safety of the benchmark: however a run ends, all is given back.

What is done to it, and how it is seen, is in userspace/tests/guest_*.c; the
controls, which plant what the same check must see, are among its results.
"""

from __future__ import annotations

import re

import lab
import pytest
from kmblib import vm
from kmblib.errors import Code, Failed

_ENDINGS = ("by munmap(), the file open", "by munmap(), never touched",
            "by another mapping in its place", "by close(), then munmap()",
            "by munmap() of one part after the other", "by close(), never mapped",
            "by asking again, never mapped")
_LEND_CONTROLS = {
    "frames of other memory are seen", "a page out of order is seen",
    "what the kernel had there before is seen", "a page of the process can be held",
    "a child has the memory of its parent",
    *(f"kind {kind} is seen to be held, {ending}" for kind in range(3) for ending in _ENDINGS),
    *(f"kind {kind} of a process is seen" for kind in range(3))}
# Each guest; how much it checks, at least; and its controls.
_GUESTS = {
    "kill": (45, {"memory that is held is seen", "threads that are there are seen",
                  "a cache that is there is seen"}),
    "kill on two CPUs": (22, {"memory that is held is seen", "threads that are there are seen",
                              "a cache that is there is seen"}),
    "oom": (8, {"a level that is held is seen"}),
    "oom on two CPUs": (3, set[str]()),
    "null": (6, {"a share that suffices is not refused", "where there are blocks none fails"}),
    "unload": (12, {"memory that a file held would be seen", "slabs are partly used",
                    "objects lie in slabs that are partly used"}),
    "lend": (95, _LEND_CONTROLS),
    "frag": (69, {"another buddyinfo is not, calm", "large ones fail among single pages", "another buddyinfo is not, fragmented",
                  "where memory is whole, slabs are of several pages",
                  "what another process fragments is seen", "what it holds is seen"}),
    "movable": (19, {"of the module it undoes nothing"}),
}
_LINE = re.compile(r"(?m)^(ok|not ok) (\d+) - (.*)$")


def _lines(guests: lab.Lab, name: str) -> list[tuple[str, str]]:
    """Each verdict of a guest, and what it is about; all of them."""
    ended = guests.ended(name)
    # A kernel that complained, hung or panicked is told of first.
    assert vm.judge(ended) in (Code.GOOD, Code.FAILED), ended.console[-2000:]
    text = ended.results.decode()
    found = _LINE.findall(text)
    assert [int(number) for _verdict, number, _about in found] == list(range(1, len(found) + 1))
    assert text.endswith(f"\n1..{len(found)}\n")
    return [(verdict, about) for verdict, _number, about in found]


@pytest.mark.guests(*_GUESTS)
@pytest.mark.parametrize("name", _GUESTS)
def test_everything_is_given_back(guests: lab.Lab, name: str) -> None:
    """No check says no, and none is missing."""
    lines = _lines(guests, name)
    assert not [about for verdict, about in lines if verdict != "ok"]
    assert len(lines) >= _GUESTS[name][0]


@pytest.mark.guests(*_GUESTS)
@pytest.mark.parametrize("name", [name for name, (_least, controls) in _GUESTS.items() if controls])
def test_controls_were_run(guests: lab.Lab, name: str) -> None:
    """Each check was shown to see what it looks for."""
    abouts = {about.removeprefix("control: ") for _verdict, about in _lines(guests, name)
              if about.startswith("control: ")}
    assert abouts == _GUESTS[name][1]


@pytest.mark.guests("warn on a quiet console")
def test_warning_is_seen_although_the_console_is_quiet(guests: lab.Lab) -> None:
    """The control of all the guests here: what the kernel says when it kills for
    want of memory is kept off their consoles, what it says of a bug is not."""
    with pytest.raises(Failed, match="the guest's kernel complained: Kernel panic .* panic_on_warn"):
        vm.judge(guests.ended("warn on a quiet console"))
