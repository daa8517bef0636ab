# SPDX-License-Identifier: GPL-2.0
"""What `make install INSTALL_PATH=` installs: run where all is there, where something is
wrong, and here, where there is no module for the kernel."""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import threading
import time
from pathlib import Path
from typing import Callable

import lab
import pytest
from kmblib import install, kernels, objections, proc, vm
from kmblib.errors import Broken, Code
from kmblib.farm import REPO
from kmblib.system import System

_OK = r"^ok \d+ selftests: kmbench: {}\.sh$"
_NOT_OK = r"^not ok 1 selftests: kmbench: {}\.sh # exit=1$"


@pytest.fixture(name="said")
def _said(guests: lab.Lab) -> Callable[[str], tuple[int, str]]:
    """Exit code and output of a step of the guest's script."""
    ended = guests.ended("kselftest")
    assert vm.judge(ended) == Code.GOOD
    console = ended.console.replace("\r", "")

    def said(step: str) -> tuple[int, str]:
        match = re.search(rf"^begin {step}\n(.*?)^step {step}: (\d+)$", console, re.M | re.S)
        assert match, f"no step {step} in:\n{console[-3000:]}"
        return int(match[2]), match[1]

    return said


@pytest.mark.guests("kselftest")
def test_tests_pass_where_nothing_is_wrong(said: Callable[[str], tuple[int, str]]) -> None:
    """Modules are loaded, and gone afterwards."""
    code, text = said("all")
    assert code == 0, text
    for name in ("cost", "counts", "promises"):
        assert re.search(_OK.format(name), text, re.M), text
    assert "# Totals: pass:3 fail:0 xfail:0 xpass:0 skip:0 error:0\n" in text
    assert "# ok 1 pair/task/GFP_KERNEL/64\n" in text
    assert "# # 1 suites passed, 0 failed, 0 skipped, of 1\n" in text
    assert said("modules") == (1, "0\n")


@pytest.mark.guests("kselftest")
@pytest.mark.parametrize("step, name, why", [
    ("no case", "promises", r"^# not ok 1 insmod modules/"),
    ("no cell", "counts", r"^# not ok 1 kmbench check exits with 2"),
    ("disturbed", "counts", r"^# not ok \d+ pair/task/GFP_KERNEL/\d+$"),
])
def test_what_is_wrong_fails(said: Callable[[str], tuple[int, str]], step: str, name: str,
                             why: str) -> None:
    """Nothing run, a wrong name, and counts that differ, are no pass and no skip."""
    code, text = said(step)
    assert code == 1 and re.search(why, text, re.M), text
    assert re.search(_NOT_OK.format(name), text, re.M), text


@pytest.mark.guests("kselftest")
def test_suite_that_skips_is_a_skip(said: Callable[[str], tuple[int, str]]) -> None:
    """The distribution's kernels have no kmemleak."""
    code, text = said("no kmemleak")
    assert code == 4, text
    assert "# # 0 suites passed, 0 failed, 1 skipped, of 1\n" in text
    assert "ok 1 selftests: kmbench: promises.sh # SKIP\n" in text


@pytest.mark.guests("kselftest")
def test_one_skip_hides_no_pass(said: Callable[[str], tuple[int, str]]) -> None:
    """The runner's exit code is 4 only where nothing ran at all."""
    code, text = said("one of two")
    assert code == 0, text
    assert "ok 1 selftests: kmbench: promises.sh # SKIP\n" in text
    assert "# Totals: pass:1 fail:0 xfail:0 xpass:0 skip:1 error:0\n" in text


@pytest.mark.guests("kselftest")
@pytest.mark.parametrize("step, code, why", [
    ("no plan", 1, "# not ok 1 the kernel's log has no plan of suites between"),
    ("panics", 4, "# 1..0 # SKIP kernel.panic_on_warn is on, and the suites provoke warnings")])
def test_log_without_a_plan_fails_and_a_panic_is_avoided(said: Callable[[str], tuple[int, str]], step: str, code: int,
                                                         why: str) -> None:
    """What nobody has seen did not pass, and is no skip; nor is a machine to be brought down."""
    status, text = said(step)
    assert status == code and why in text, text


@pytest.fixture(name="top", scope="module")
def _top(kernel: kernels.Kernel, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An installed directory that nobody built in: moved elsewhere after it was made."""
    made = tmp_path_factory.mktemp("made") / "kselftest"
    install.kselftest(kernel, made)
    return Path(shutil.move(made, tmp_path_factory.mktemp("moved") / "kselftest"))


@pytest.mark.parametrize("shell", [["dash"], ["busybox", "sh"], ["bash"]])
def test_all_is_skipped_where_there_is_no_module(top: Path, shell: list[str]) -> None:
    """With exit code 4, by the runner and by each test; never passed."""
    if Path("/dev/kmbench").exists():
        pytest.skip("kmbench.ko is loaded: /dev/kmbench is there")
    if not shutil.which(shell[0]):
        pytest.skip(f"{shell[0]} is not installed")
    shutil.rmtree(top / "kmbench/modules", ignore_errors=True)
    done = subprocess.run([*shell, top / "run_kselftest.sh"], cwd="/", check=False, text=True,
                          env=proc.clean_env(), capture_output=True, timeout=60)
    assert done.returncode == 4, done.stdout + done.stderr
    names = [n.partition(":")[2] for n in install.tests()]
    assert [f"ok {i} selftests: kmbench: {n} # SKIP" for i, n in enumerate(names, 1)] == \
        re.findall(r"^(?:not )?ok .*$", done.stdout, re.M)
    assert len(re.findall(r"^# 1\.\.0 # SKIP .+", done.stdout, re.M)) == len(names) == 3


def test_here_they_are_run_in_place(tmp_path: Path) -> None:
    """As make run_tests does; where no module can be loaded each says so, and make sees a 4."""
    if not objections.unloadable(System()):
        pytest.skip("this machine can load kmbench.ko, and a test is not to")
    done = subprocess.run([REPO / "scripts/run-tests"], check=False, text=True, capture_output=True,
                          env=proc.clean_env({"TMPDIR": str(tmp_path)}), timeout=120)
    assert done.returncode == 4, done.stderr
    assert re.findall(r"^ok \d .*SKIP$", done.stdout, re.M)[2:] and "kmbench: no module: " in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("trap", [True, False])
def test_signal_leaves_no_module_behind(tmp_path: Path, trap: bool) -> None:
    """What a test has loaded is unloaded, also after Ctrl-C; the control has no trap for it."""
    text = (REPO / "scripts/kselftest/common.sh").read_text()
    assert "trap 'deafen; exit 130' INT TERM HUP PIPE\n" in text
    (tmp_path / "common.sh").write_text(text if trap else text.replace("trap 'deafen; exit 130' INT TERM HUP PIPE\n", ""))
    (tmp_path / "rmmod").write_text("#!/bin/sh\necho gone $1\n")
    (tmp_path / "rmmod").chmod(0o755)
    script = ". ./common.sh; loaded=kmbench; kill -TERM $$; sleep 5"
    done = subprocess.run(["dash", "-c", script], cwd=tmp_path, check=False, text=True, timeout=60,
                          capture_output=True, env=proc.clean_env({"PATH": f"{tmp_path}:/usr/bin:/bin"}))
    assert ("gone kmbench" in done.stdout) == trap


def _one_test(top: Path, does: str) -> None:
    """What make install puts there, with one test, which says when it has begun and has a module
    to unload; rmmod says when it is gone."""
    home = top / "kmbench"
    home.mkdir()
    for name, place in (("run_kselftest.sh", top), ("common.sh", home)):
        shutil.copy(REPO / "scripts/kselftest" / name, place)
    (home / "x.sh").write_text(f"#!/bin/sh\n. ./common.sh\nloaded=kmbench\n{does}\n")
    (top / "rmmod").write_text(f"#!/bin/sh\ntouch {top}/gone\n")
    for script in (home / "x.sh", top / "rmmod"):
        script.chmod(0o755)
    (top / "kselftest-list.txt").write_text("kmbench:x.sh\n")


def _until(path: Path) -> None:
    until = time.monotonic() + 20
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert path.exists()


def test_interrupt_of_all_reaches_a_test_that_is_under_way(tmp_path: Path) -> None:
    """As Ctrl-C does, through the runner; what the test has loaded is unloaded at once."""
    _one_test(tmp_path, "touch begun\nwhile :; do sleep 0.1; done")
    with subprocess.Popen([tmp_path / "run_kselftest.sh"], start_new_session=True, stdout=subprocess.DEVNULL,
                          env=proc.clean_env({"PATH": f"{tmp_path}:/usr/bin:/bin"})) as runner:
        _until(tmp_path / "kmbench/begun")
        os.killpg(runner.pid, signal.SIGINT)
        _until(tmp_path / "gone")
        os.killpg(runner.pid, signal.SIGKILL)


@pytest.mark.parametrize("does, ends", [("sleep 30", KeyboardInterrupt), ("trap '' TERM\nsleep 30", Broken)])
def test_interrupt_of_the_command_ends_its_tests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, does: str,
                                                 ends: type[BaseException]) -> None:
    """As of make run_tests; the control does not end when it is told to, and is named."""
    _one_test(tmp_path, f"touch {tmp_path}/begun\n{does}")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    def interrupt() -> None:
        _until(tmp_path / "begun")
        os.kill(os.getpid(), signal.SIGINT)

    other = threading.Thread(target=interrupt)
    other.start()
    with pytest.raises(ends):
        install.run_in_place(tmp_path, patience=2)
    other.join()
    assert (tmp_path / "gone").exists() == (ends is KeyboardInterrupt)


@pytest.mark.parametrize("args, status, said", [
    (["--list"], 0, "kmbench:cost.sh\nkmbench:counts.sh\nkmbench:promises.sh\n"),
    (["-d", "-c", "kmbench"], 0, "TAP version 13\n1..3\n"),
    (["-h"], 0, "Usage: run_kselftest.sh"), (["-t", "kmbench:nothing.sh"], 2, ""), (["-x"], 2, ""),
])
def test_options_of_the_runner(top: Path, args: list[str], status: int, said: str) -> None:
    """As the kernel's runner has them."""
    done = subprocess.run([top / "run_kselftest.sh", *args], check=False, text=True,
                          capture_output=True, timeout=60)
    assert (done.returncode, done.stdout[:len(said) or None]) == (status, said)
    assert "ok " not in done.stdout
