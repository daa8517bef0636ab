# SPDX-License-Identifier: GPL-2.0
"""Changes by which the gate is tested: there are enough of both kinds, and each one fits the
source that it is of."""

from __future__ import annotations

from pathlib import Path

import pytest
from kmblib import cache, seeded
from kmblib.errors import Broken

_CHANGES = seeded.load(seeded.HOME / "7.3.toml")


def test_there_are_enough_of_both_kinds() -> None:
    """Those that cost time, and those that do not."""
    assert sum(c.slower for c in _CHANGES) >= 20
    assert sum(not c.slower for c in _CHANGES) >= 5


@pytest.mark.parametrize("change", _CHANGES, ids=[c.name for c in _CHANGES])
def test_change_fits_its_source(change: seeded.Change) -> None:
    """Where that is in the cache."""
    sources = sorted((cache.root() / "source").glob("linux-source-7.3_*"))
    if not sources:
        pytest.skip("the source of 7.3 is not in the cache; `make gate KERNEL=7.3` fetches it")
    assert seeded.texts(change, sources[-1]).keys() == {edit.file for edit in change.edits}


def test_text_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The tree has changed: nobody knows what it would prove."""
    (tmp_path / "mm").mkdir()
    for name in ("slub.c", "slab.h", "page_alloc.c"):
        (tmp_path / "mm" / name).write_text("nothing\n")
    with pytest.raises(Broken, match="kfree-one-instruction: its text is 0 times in mm/slub.c"):
        seeded.texts(_CHANGES[0], tmp_path)


def test_changes_are_chosen_by_names_and_globs() -> None:
    """One that is none of both is named."""
    assert seeded.chosen(_CHANGES, "") == list(_CHANGES)
    some = seeded.chosen(_CHANGES, f"kfree-* {_CHANGES[-1].name}")
    assert _CHANGES[-1] in some and 1 < len(some) < len(_CHANGES)
    with pytest.raises(Broken, match="no change ONLY=kfre-"):
        seeded.chosen(_CHANGES, "kfree-* kfre-*")
