# SPDX-License-Identifier: GPL-2.0
"""Where instructions went: names of addresses, files that are not whole, and what moved."""

from __future__ import annotations

import pytest
from kmblib import where
from kmblib.errors import Broken
from kmblib.where import Move, Symbols, Where

_MAP = """\
0000000000000000 A fixed_percpu_data
ffffffff81000000 T _text
ffffffff81000100 T kfree
ffffffff810001f0 t __pfx_refill
ffffffff81000200 t refill.constprop.0
ffffffff81000300 t refill.isra.0.cold
ffffffff81000400 D some_data
"""


@pytest.mark.parametrize("address,name", [
    (0xffffffff81000100, "kfree"), (0xffffffff810001ff, "kfree"),
    (0xffffffff81000200, "refill"), (0xffffffff81000310, "refill"),
    (0xffffffffa0000010, where.MODULE), (0x400000, where.UNKNOWN)])
def test_address_has_the_name_of_its_function(address: int, name: str) -> None:
    """Of a part or a variant of one it is the same."""
    assert Symbols(_MAP).name(address) == name


def test_what_lies_behind_the_kernel_has_no_name() -> None:
    """Not that of its last function; without that symbol all up to the modules is its."""
    text = f"{_MAP}ffffffff81000400 T _einittext\n"
    assert Symbols(text).name(0xffffffff81000400) == where.UNKNOWN != Symbols(text).name(0xffffffff810003ff)
    assert Symbols(_MAP).name(0xffffffff81000400) != where.UNKNOWN


def test_blocks_of_a_function_are_added() -> None:
    """Those of its parts as well."""
    text = "spans 7\nffffffff81000100 5\nffffffff81000110 6\nffffffff81000300 1\n"
    assert where.parse(text, Symbols(_MAP)) == Where(7, {"kfree": 11, "refill": 1})


@pytest.mark.parametrize("text", ["", "spans 7\n", "spans x\nff 1\n", "spans 7\nff 1", "spans 7\nff\n"])
def test_file_that_is_not_whole_is_refused(text: str) -> None:
    """An emulator that was killed may leave one."""
    with pytest.raises(Broken, match="wrote no whole file"):
        where.parse(text, Symbols(_MAP))


def test_moves_are_sorted_and_swapping_the_sides_flips_them() -> None:
    """What is the same is left out."""
    base, new = Where(9, {"a": 10, "b": 5, "c": 7}), Where(9, {"a": 11, "c": 7, "d": 20})
    assert where.moves(base, new) == [Move("d", 0, 20), Move("b", 5, 0), Move("a", 10, 11)]
    assert [m.by() for m in where.moves(new, base)] == [-20, 5, -1]
    assert not where.moves(base, base)


def test_other_operations_are_not_compared() -> None:
    """One more was timed."""
    with pytest.raises(Broken, match="9 operations were timed of the base and 10"):
        where.moves(Where(9, {"a": 1}), Where(10, {"a": 1}))


def test_what_has_no_name_is_not_attributed() -> None:
    """A quarter of it here; of nothing all is."""
    assert where.attributed([Move("a", 0, 3), Move(where.UNKNOWN, 1, 0)]) == 0.75
    assert where.attributed([]) == 1
