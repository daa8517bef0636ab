# SPDX-License-Identifier: GPL-2.0
"""Debian packages of this checkout: kmbench and kmbench-dkms.

What is in scripts/debian becomes debian/ of a copy, where dpkg-buildpackage runs. libperf,
which no package of Debian has, is built from the source of the default kernel that is in
the cache; the build profile says so in place of a build dependency.
"""

from __future__ import annotations

import re
import shutil
import textwrap
from pathlib import Path

from . import cache, lint, proc, results
from .errors import Broken
from .farm import REPO
from .kernels import Kernel
from .progress import step

HOME = "scripts/debian"
# The build profile with which KMBENCH_TREE is a kernel's source.
_PROFILE = "pkg.kmbench.tree"
# What is of no use where the suite is installed.
_NOT_INSTALLED = re.compile(r"\.ci/.*|\.gitignore|Makefile|scripts/(?:tests|debian|completion)/.*|"
                            r"scripts/(?:deb|deb-selftest|check|docs|install|figures|gate-selftest|report-selftest|"
                            r"help\.txt|mypy\.ini)")


def version() -> str:
    """The packages' version: when the last commit was made, and which it is."""
    commit = proc.output(["git", "-c", "safe.directory=*", "log", "-1", "--date=format:%Y%m%d.%H%M%S",
                          "--format=%cd"], cwd=REPO, what="git log").strip()
    return f"0+git{commit}.{results.tool_version().replace('-', '.')}"


def entry(subject: str) -> str:
    """The lines of a changelog for a commit, in 80 columns."""
    return textwrap.fill(f"* Snapshot, after: {subject}", 79, initial_indent="  ",
                         subsequent_indent="    ")


def _changelog() -> str:
    head = proc.output(["git", "-c", "safe.directory=*", "log", "-1", "--format=%s%n%cD"], cwd=REPO,
                       what="git log").splitlines()
    control = (REPO / HOME / "control").read_text()
    maintainer = re.search(r"^Maintainer: (.*)$", control, re.M)
    if not maintainer:
        raise Broken(f"{HOME}/control: no line 'Maintainer: ...'")
    return (f"kmbench ({version()}) unstable; urgency=medium\n\n"
            f"{entry(head[0])}\n\n -- {maintainer[1]}  {head[1]}\n")


def export(top: Path) -> None:
    """Copy what git tracks, or would, with debian/ in place."""
    names = lint.files()
    for name in names:
        into = top / (name.removeprefix("scripts/") if name.startswith(f"{HOME}/") else name)
        into.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(REPO / name, into, follow_symlinks=False)
    (top / "debian/changelog").write_text(_changelog())
    (top / "debian/tree").write_text("".join(f"{n}\n" for n in names if not _NOT_INSTALLED.fullmatch(n)))


def build(kernel: Kernel, scratch: Path) -> list[Path]:
    """Build both packages in a directory; returns them."""
    top = scratch / "kmbench"
    export(top)
    with step("build the packages") as current:
        proc.run(["dpkg-buildpackage", "-b", "-us", "-uc", f"--build-profiles={_PROFILE}"],
                 cache.workdir("logs") / "deb.log", what="dpkg-buildpackage", step=current, cwd=top,
                 env={"KMBENCH_TREE": str(kernel.source)})
    return sorted(scratch.glob("*.deb"))
