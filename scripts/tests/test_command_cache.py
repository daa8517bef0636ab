# SPDX-License-Identifier: GPL-2.0
"""Commands that cannot fill their cache: exit code 2, one line, nothing half-made."""

from __future__ import annotations

import os
import shutil
import subprocess
import textwrap
from pathlib import Path

import pytest
from checkout import Checkout
from kmblib import build, cache, farm, proc
from kmblib.kernels import Kernel

# Where nobody listens: port 9 is that of discard.
_NOWHERE = "http://127.0.0.1:9"


def _things(top: Path) -> list[str]:
    """All that is in a cache but locks, logs and apt's own lists."""
    return sorted(str(p.relative_to(top)) for p in top.rglob("*") if p.is_file()
                  and p.relative_to(top).parts[0] not in ("locks", "logs", "apt"))


def test_no_network_and_nothing_in_the_cache(copy: Checkout, tmp_path: Path) -> None:
    """The question that the error answers: is there a network?"""
    ended = copy.run("kunit", KMBENCH_CACHE=str(tmp_path / "empty"), http_proxy=_NOWHERE,
                     https_proxy=_NOWHERE)
    assert ended.status == 2, ended.stderr
    assert len(ended.said) == 1 and "Traceback" not in ended.stderr
    assert ended.said[0].startswith("kmbench: fetching package lists (is there a network?) failed: ")
    assert not _things(tmp_path / "empty")


def test_cache_that_cannot_be_made(copy: Checkout, tmp_path: Path) -> None:
    """A file is where the directory should be."""
    (tmp_path / "file").write_text("")
    ended = copy.run("kunit", KMBENCH_CACHE=str(tmp_path / "file"))
    assert ended.status == 2
    assert ended.stderr == (f"kmbench: KMBENCH_CACHE={tmp_path}/file: File exists; "
                            "name a directory that can be written\n")


def _on_small_disk(script: str, megabytes: int, place: Path) -> subprocess.CompletedProcess[str]:
    """Run a shell script whose file system of some MB is gone with it."""
    return subprocess.run(
        ["unshare", "-m", "bash", "-euc", f"mount -t tmpfs -o size={megabytes}M none {place}\n"
         + textwrap.dedent(script)], capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}, timeout=300)


def _need_mounts() -> None:
    if os.geteuid():
        pytest.skip("not root: no file system can be mounted")
    if subprocess.run(["unshare", "-m", "true"], capture_output=True, check=False).returncode:
        pytest.skip("unshare -m is not permitted here")


@pytest.mark.parametrize("megabytes, status", [(2, 2), (64, 0)], ids=["full", "control"])
def test_disk_full_while_a_source_is_unpacked(copy: Checkout, tmp_path: Path, megabytes: int,
                                              status: int) -> None:
    """A source archive of 4 MB, unpacked as a kernel's is."""
    _need_mounts()
    (tmp_path / "tree/linux").mkdir(parents=True)
    (tmp_path / "tree/linux/big").write_bytes(os.urandom(1 << 22))
    archive, place = tmp_path / "linux.tar.xz", tmp_path / "cache"
    subprocess.run(["tar", "-C", tmp_path / "tree", "-cJf", archive, "linux"], check=True,
                   env={**os.environ, "XZ_OPT": "-0"})
    place.mkdir()
    done = _on_small_disk(f"""
        cd {copy.repo}/scripts
        KMBENCH_CACHE={place} /usr/bin/python3 -c '
        from pathlib import Path
        from kmblib import cache, errors, kernels
        def main():
            cache.made("source/x", lambda aside: kernels.unpack_tar(
                Path("{archive}"), aside, "unpack x"))
            return errors.Code.GOOD
        errors.command(main)' || status=$?
        echo left: $(cd {place} && find source -type f)
        exit ${{status:-0}}""".replace("\n        ", "\n"), megabytes, place)
    assert done.returncode == status, done.stderr
    said = [line for line in done.stderr.splitlines() if line.startswith("kmbench: ")]
    if status:
        assert len(said) == 1 and "No space left on device" in said[0], done.stderr
        assert "Traceback" not in done.stderr
        assert done.stdout == "left:\n"
    else:
        assert not said and done.stdout == "left: source/x/big\n"


def test_disk_full_while_a_kernel_is_fetched(copy: Checkout, tmp_path: Path) -> None:
    """The whole way: package lists are there, the source package is not, and
    there is room for neither it nor what is in it."""
    _need_mounts()
    if not (lists := cache.root() / "apt").is_dir():
        pytest.skip("no package lists in the cache: the kernel was not fetched with it")
    place = tmp_path / "cache"
    place.mkdir()
    done = _on_small_disk(f"""
        mkdir {place}/kernels
        cp -L {copy.cache}/kernels/6.1.json {place}/kernels
        ln -s {lists} {place}/apt
        KMBENCH_CACHE={place} {copy.repo}/scripts/kunit || status=$?
        echo left: $(cd {place} && find source -mindepth 1 | head)
        exit ${{status:-0}}""", 24, place)
    if "Could not connect" in done.stderr or "Temporary failure" in done.stderr:
        pytest.skip("the mirror of Debian cannot be reached")
    said = [line for line in done.stderr.splitlines() if line.startswith("kmbench: ")]
    assert done.returncode == 2, done.stderr
    assert len(said) == 1 and "No space left on device" in said[0], done.stderr
    assert done.stdout == "left:\n"
    shutil.rmtree(place)


def test_tool_is_built_where_another_checkout_built_it(kernel: Kernel, tmp_path: Path) -> None:
    """Its dependency files name sources of a checkout that is gone by now."""
    work = tmp_path / "tool"
    built = build.tool(kernel)
    shutil.copytree(built, work)
    (work / "flags").write_text("those of the other checkout\n")
    before = (work / "kmbench").stat().st_mtime_ns
    for listed in work.glob("*.d"):
        text = listed.read_text().replace(str(farm.REPO), "/no/such/checkout")
        listed.write_text(text.replace(str(built), str(work)))
    proc.run(build.tool_make(kernel, work), tmp_path / "log", what="building the tool")
    assert (work / "kmbench").stat().st_mtime_ns > before
