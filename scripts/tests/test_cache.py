# SPDX-License-Identifier: GPL-2.0
"""The cache: what is there is whole, whoever was interrupted or came at the same time."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

import pytest
from kmblib import cache, farm, proc
from kmblib.errors import Broken


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An empty cache for each test."""
    monkeypatch.setenv("KMBENCH_CACHE", str(tmp_path))


def _fill(aside: Path) -> None:
    aside.mkdir()
    (aside / "content").write_text("whole")


def _left(top: Path) -> list[str]:
    return sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.parts[-2:-1] != ("locks",)
                  and p.name != "locks")


def test_thing_is_made_once(tmp_path: Path) -> None:
    """The second time nothing is made."""
    made = []

    def make(aside: Path) -> None:
        made.append(aside)
        _fill(aside)

    for _ in range(2):
        assert (cache.made("a/thing", make) / "content").read_text() == "whole"
    assert made == [tmp_path / "a/thing.part"]
    assert _left(tmp_path) == ["a", "a/thing", "a/thing/content"]


@pytest.mark.parametrize("error", [KeyboardInterrupt(), Broken("no"), ValueError("a bug")],
                         ids=["interrupted", "broken", "bug"])
def test_interrupted_making_leaves_nothing(tmp_path: Path, error: BaseException) -> None:
    """And the next run makes it whole."""

    def interrupted(aside: Path) -> None:
        _fill(aside)
        raise error

    with pytest.raises(type(error)):
        cache.made("thing", interrupted)
    assert not _left(tmp_path)
    assert (cache.made("thing", _fill) / "content").exists()


def test_full_disk_is_one_line_and_leaves_nothing(tmp_path: Path) -> None:
    """Any error of the system says what to do."""

    def full(aside: Path) -> None:
        _fill(aside)
        raise OSError(28, os.strerror(28))

    with pytest.raises(Broken, match=f"^{tmp_path}/thing: No space left on device; make room "
                       "or set KMBENCH_CACHE to another place$"):
        cache.made("thing", full)
    assert not _left(tmp_path)


@pytest.mark.parametrize("directory", [True, False])
def test_part_that_a_kill_left_is_replaced(tmp_path: Path, directory: bool) -> None:
    """kill -9 runs no `finally`."""
    part = tmp_path / "thing.part"
    if directory:
        part.mkdir()
        (part / "stale").write_text("half")
    else:
        part.write_text("half")
    assert [p.name for p in cache.made("thing", _fill).iterdir()] == ["content"]
    assert not part.exists()


_HOLDER = """
import sys, time
from pathlib import Path
from kmblib import cache
with cache.lock("x"):
    print("held", flush=True)
    sys.stdin.readline()
    Path(sys.argv[1]).write_text("first")
"""


def test_second_process_waits_for_the_first(tmp_path: Path) -> None:
    """It says so while it waits, if all is to be told, and gets the lock only afterwards."""
    done, script = tmp_path / "done", [
        "/usr/bin/python3", "-B", "-c", _HOLDER]
    first = subprocess.Popen([*script, done], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                             text=True, cwd=farm.REPO / "scripts")
    second = None
    try:
        assert first.stdin and first.stdout and first.stdout.readline() == "held\n"
        second = subprocess.Popen(
            ["/usr/bin/python3", "-B", "-c", "import sys\nfrom pathlib import Path\n"
             "from kmblib import cache\nprint('ready', flush=True)\nwith cache.lock('x'):\n"
             "    print(Path(sys.argv[1]).exists())", done], stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, cwd=farm.REPO / "scripts",
            env=proc.clean_env({"V": "1"}))
        assert second.stdout and second.stdout.readline() == "ready\n"
        time.sleep(0.3)
        assert second.poll() is None
        first.communicate("go\n", timeout=30)
        out, err = second.communicate(timeout=30)
        assert out == "True\n"
        assert "waiting for another run of kmbench (x): done" in err
    finally:
        first.kill()
        if second:
            second.kill()


def test_locks_of_two_names_do_not_meet() -> None:
    """The control: what waits above would not wait for another name."""
    with cache.lock("x"), cache.lock("y"):
        pass


def test_unchanged_text_keeps_the_time_of_the_file(tmp_path: Path) -> None:
    """So that make builds nothing anew; another text is the control."""
    path = tmp_path / "deep/file"
    assert cache.write_if_changed(path, "text")
    os.utime(path, (1, 1))
    assert not cache.write_if_changed(path, "text")
    assert path.stat().st_mtime == 1
    assert cache.write_if_changed(path, "other")
    assert path.stat().st_mtime != 1 and path.read_text() == "other"


def test_link_is_replaced_and_not_written_through(tmp_path: Path) -> None:
    """What the link names may be the user's own tree."""
    original, link = tmp_path / "original", tmp_path / "link"
    original.write_text("the user's")
    link.symlink_to(original)
    assert cache.write_if_changed(link, "ours")
    assert original.read_text() == "the user's"
    assert link.read_text() == "ours" and not link.is_symlink()
