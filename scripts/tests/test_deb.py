# SPDX-License-Identifier: GPL-2.0
"""The metadata of the Debian packages, without building them; `make deb-selftest` does."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

import pytest
from kmblib import deb, proc
from kmblib.farm import REPO

_HOME = REPO / deb.HOME


@pytest.fixture(name="top", scope="module")
def _top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What dpkg-buildpackage is run on."""
    top = tmp_path_factory.mktemp("deb") / "kmbench"
    deb.export(top)
    return top


def test_copy_has_debian_in_place(top: Path) -> None:
    """And nothing else at the top that is not at the repository's."""
    assert {p.name for p in (top / "debian").iterdir()} == {
        *(p.name for p in _HOME.iterdir()), "changelog", "tree"}
    assert not (top / deb.HOME).exists()
    assert {p.name for p in top.iterdir()} - {"debian"} <= {p.name for p in REPO.iterdir()}
    assert os.access(top / "debian/rules", os.X_OK) and os.access(top / "scripts/bench", os.X_OK)


def test_changelog_is_read_by_dpkg(top: Path) -> None:
    """The version sorts by time; the control is a line that dpkg does not take."""
    def said(field: str) -> tuple[str, str]:
        done = subprocess.run(["dpkg-parsechangelog", "-S", field], cwd=top, check=True, text=True,
                              capture_output=True, env=proc.clean_env())
        return done.stdout.strip(), done.stderr

    assert said("Version") == (deb.version(), "")
    assert re.fullmatch(r"0\+git\d{8}\.\d{6}\.[\w.]+", deb.version())
    changelog = top / "debian/changelog"
    text = changelog.read_text()
    changelog.write_text(text.replace("  * ", "* "))
    assert "warning" in said("Version")[1]
    changelog.write_text(text)


def test_long_subject_is_folded() -> None:
    """lintian wants 80 columns; the words stay."""
    subject = "tests: know that progress is quiet, and that a run says where it is kept"
    lines = deb.entry(subject).splitlines()
    assert len(lines) == 2 and max(map(len, lines)) < 80
    assert " ".join(" ".join(lines).split()) == f"* Snapshot, after: {subject}"
    assert deb.entry("kunit: x") == "  * Snapshot, after: kunit: x"


def test_suite_is_installed_without_what_tests_it(top: Path) -> None:
    """What the commands need is there."""
    names = (top / "debian/tree").read_text().splitlines()
    assert all((top / name).is_file() for name in names)
    assert {"scripts/bench", "scripts/kmblib/bench.py", "scripts/setup", "scripts/packages.txt",
            "module/Kbuild", "kunit/Makefile", "userspace/Makefile", "results/schema.json",
            "Documentation/conf.py"} <= set(names)
    assert not [n for n in names if n.startswith(("scripts/tests/", deb.HOME, "debian/", "."))]
    assert {"scripts/check", "scripts/deb", "scripts/install", "scripts/figures", "scripts/gate-selftest",
            "scripts/report-selftest"}.isdisjoint(names)


def test_tree_for_a_packager_is_made_and_overwrites_nothing(tmp_path: Path) -> None:
    """With debian/ in place; a directory with something in it is refused."""
    def export() -> subprocess.CompletedProcess[str]:
        return subprocess.run([REPO / "scripts/deb", "--export", tmp_path / "tree"], check=False, text=True,
                              capture_output=True, env=proc.clean_env())
    assert export().returncode == 0
    assert (tmp_path / "tree/debian/rules").is_file() and (tmp_path / "tree/debian/changelog").is_file()
    again = export()
    assert again.returncode == 2 and "there is something in it; name a new directory" in again.stderr


def test_build_dependencies_are_in_the_list_of_packages() -> None:
    """One list; but for the kernel's source, in whose place the cache's is taken, and for
    what brings what is listed."""
    field = re.search(r"^Build-Depends: (.*?)^\S", (_HOME / "control").read_text(), re.M | re.S)
    assert field
    wanted = {re.split(r"[ \n(<]", part.strip())[0] for part in field[1].split(",")}
    listed = {line.split()[0] for line in (REPO / "scripts/packages.txt").read_text().splitlines()
              if line and not line.startswith("#")}
    brought = {"debhelper-compat": "debhelper", "dh-sequence-dkms": "dh-dkms"}
    assert "linux-source-6.1 <!pkg.kmbench.tree>" in field[1]
    missing = {brought.get(name, name) for name in wanted} - listed
    assert missing == {"linux-source-6.1"}
    assert "libelf-dev" in wanted


def _suite(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([_HOME / "kmbench-suite", *args], check=False, text=True, timeout=60,
                          capture_output=True, env=proc.clean_env(env))


def test_suite_runs_a_command_where_it_is_installed(tmp_path: Path) -> None:
    """With results of the user's own, and packages named, not installed."""
    scripts = tmp_path / "scripts"
    scripts.mkdir()
    for name, text in (("setup", 'echo "setup $KMBENCH_NO_INSTALL"'),
                       ("show", 'echo "$KMBENCH_RESULTS $*"'), ("data", "")):
        (scripts / name).write_text(f"#!/bin/sh\n{text}\n")
        (scripts / name).chmod(0o644 if name == "data" else 0o755)
    there = {"KMBENCH_SUITE": str(tmp_path), "XDG_STATE_HOME": "/state"}
    done = _suite("show", "a b", **there)
    assert (done.returncode, done.stdout) == (0, "setup 1\n/state/kmbench/runs a b\n")
    done = _suite("show", "--help", **there)
    assert done.stdout == "/state/kmbench/runs --help\n"
    for wrong in ("data", "../show", ".*"):
        done = _suite(wrong, **there)
        assert (done.returncode, done.stdout) == (2, "")
        assert done.stderr == f"kmbench: no command '{wrong}'; there are: setup show \n"
    assert _suite(**there).returncode == 2 and _suite("-h", **there).returncode == 0


def test_results_may_be_elsewhere(tmp_path: Path) -> None:
    """As where the suite is installed; the control is the place in the repository."""
    code = "from kmblib import results; print(results.RUNS)"
    for env, place in (({"KMBENCH_RESULTS": str(tmp_path)}, str(tmp_path)),
                       ({"KMBENCH_RESULTS": ""}, str(REPO / "results/runs"))):
        done = subprocess.run(["/usr/bin/python3", "-B", "-c", code], cwd=REPO / "scripts", check=True,
                              text=True, capture_output=True, env=proc.clean_env(env))
        assert done.stdout.strip() == place
