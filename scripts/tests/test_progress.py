# SPDX-License-Identifier: GPL-2.0
"""How far a guest is, and how long it will take, from its console, a serial line."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import pytest
from kmblib import progress, vm

_BOOTING = "[    0.5] pnp: PnP ACPI: found 5 devices\r\n"
_FIRST = _BOOTING + "kmbench: cell 1 of 200 (0 %), now alloc/task/GFP_KERNEL/8\r\n"
_CELLS = (_FIRST +
          "kmbench: cell 51 of 200 (25 %), now pair/irqsoff/GFP_ATOMIC/64\r\n")


@pytest.fixture(name="at")
def _at(monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """What is said of a console, 10 s after that of another one."""
    now = iter(range(0, 1000, 10))
    monkeypatch.setattr("kmblib.progress.time.monotonic", lambda: float(next(now)))
    course = vm.HowFar()
    return course.at


def test_remaining_time_goes_by_the_cells(at: Callable[..., str]) -> None:
    """A quarter is done after 20 s: three times as long is left. Before there is nothing to go by."""
    assert at(_FIRST) == "cell 1 of 200, alloc/task/GFP_KERNEL/8"
    assert at(_CELLS) == "cell 51 of 200, about 60 s to go, pair/irqsoff/GFP_ATOMIC/64"


def test_second_count_is_a_course_of_its_own(at: Callable[..., str]) -> None:
    """As where perf runs the same cells once more: what the first took is no pace."""
    assert "about" in [at(_FIRST), at(_CELLS)][1]
    assert at(_CELLS + _FIRST) == "cell 1 of 200, alloc/task/GFP_KERNEL/8"


def test_step_that_counts_nothing_is_named(at: Callable[..., str]) -> None:
    """Also after one that does."""
    assert at(_CELLS + "kmbench: step perf kmem, for kmem,\r\n") == "step perf kmem, for kmem"


def test_levels_are_shown_as_asked_and_reached(at: Callable[..., str]) -> None:
    """The last one, and how long the others will take."""
    one, two = ("".join(f"kmbench: level {n} of 6: asked {asked}, reached {reached}\r\n 0.9 1 2\r\n"
                        for n, asked, reached in levels)
                for levels in ([(1, "0.0000", "0.0110")], [(2, "0.2500", "0.2497")]))
    assert at(_BOOTING + one) == "level 1 of 6, asked 0.0000, reached 0.0110"
    assert at(_BOOTING + one + two) == "level 2 of 6, about 2 min to go, asked 0.2500, reached 0.2497"


def test_walks_are_counted(at: Callable[..., str]) -> None:
    """As make tlb has them, of the kernel's memory and then of a process's."""
    one, two, other = (f"kmbench: walk {nr} of {total}, now {kind} of 64 KiB\r\n"
                       for nr, total, kind in ((1, 150, "kmalloc"), (31, 150, "vmalloc"), (1, 80, "anon-4k")))
    assert at(one) == "walk 1 of 150, kmalloc of 64 KiB"
    assert at(one + two) == "walk 31 of 150, about 80 s to go, vmalloc of 64 KiB"
    assert at(one + two + other) == "walk 1 of 80, anon-4k of 64 KiB"


def test_a_guest_that_boots_shows_its_last_line(at: Callable[..., str]) -> None:
    """The control: no cell, no time."""
    assert at(_BOOTING) == _BOOTING.strip()


@pytest.mark.parametrize("terminal, v, told", [(False, "", []), (False, "1", ["under way", "done"]),
                                               (True, "", ["under way", "done"])])
def test_off_a_terminal_all_is_quiet(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                     terminal: bool, v: str, told: list[str]) -> None:
    """Unless V=1 asks for it; what was stopped is told in any case."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    monkeypatch.setattr(progress, "LINE_EVERY", 0.0)
    monkeypatch.setenv("V", v)
    now = iter(range(1000))
    monkeypatch.setattr("kmblib.progress.time.monotonic", lambda: float(next(now)))
    with progress.step("x") as current:
        current.tick()
    said = capsys.readouterr().err
    assert [word for word in ("under way", "done") if word in said] == told
    with pytest.raises(ValueError), progress.step("x"):
        raise ValueError
    assert "x: stopped" in capsys.readouterr().err


def test_build_is_told_by_its_objects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of as many as there usually are; more than that have no end that is known."""
    now = iter([100.0, 110.0, 120.0])
    monkeypatch.setattr("kmblib.progress.time.monotonic", lambda: next(now))
    (tmp_path / "mm").mkdir()
    (tmp_path / "mm/slub.o").touch()
    far = progress.objects(tmp_path, 4)
    (tmp_path / "mm/slab_common.o").touch()
    assert far() == "object 3 of 4, about 20 s to go"
    for name in ("a", "b"):
        (tmp_path / f"{name}.o").touch()
    assert far() == "4 objects"


def test_rest_of_a_course_is_told_from_its_pace(monkeypatch: pytest.MonkeyPatch) -> None:
    """What was settled at once, before it began, is no pace; nor is nothing."""
    now = iter([100.0, 100.0, 130.0, 1300.0])
    monkeypatch.setattr("kmblib.progress.time.monotonic", lambda: next(now))
    course = progress.Course(10, already=2)
    assert [course.at(done) for done in (2, 3, 5)] == [
        "3 of 10", "4 of 10, about 4 min to go",
        "6 of 10, about 33 min to go"]
