# SPDX-License-Identifier: GPL-2.0
"""Documentation/, built by Sphinx: pages for a browser, and kmbench(1)."""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path

from . import cache, proc
from .farm import REPO
from .progress import step

HOME = REPO / "Documentation"
# Each warning is an error; so is a reference that leads nowhere.
_STRICT = ("-q", "-W", "--keep-going", "-n")


def sphinx(builder: str, out: Path, *options: str, home: Path = HOME) -> list[str | Path]:
    """The command that builds the pages of a directory with one of Sphinx's builders.

    What Sphinx has read is kept in the cache, by builder; options may say another place.
    """
    return ["sphinx-build", *_STRICT, "-b", builder, "-d", cache.root() / f"docs/{builder}.doctrees",
            *options, home, out]


def html(out: Path) -> Path:
    """Build all pages into a directory; returns the first of them."""
    with cache.lock("docs"), step("build the documentation"):
        proc.run(sphinx("html", out), cache.workdir("logs") / "docs.log",
                 what="building the documentation")
    return out / "index.html"


def man(out: Path) -> Path:
    """Write kmbench(1) into a directory; needs no kernel's kernel-doc."""
    with cache.lock("docs"):
        proc.run(sphinx("man", out, "-t", "man"), cache.workdir("logs") / "man.log",
                 what="building kmbench(1)")
    return out / "kmbench.1"


def complaints(home: Path = HOME) -> str:
    """What Sphinx has against the pages of a directory; "" for nothing."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as scratch:
        done = subprocess.run(
            [str(a) for a in sphinx("html", Path(scratch) / "html", "-d", f"{scratch}/doctrees",
                                    home=home)],
            env=proc.clean_env(), check=False, stdin=subprocess.DEVNULL, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = done.stdout.replace(f"{home}/", "Documentation/").strip()
    return said or "sphinx-build failed and said nothing" if done.returncode else ""


def man_complaints(page: Path) -> str:
    """What groff(1) has against a manual page; "" for nothing."""
    done = subprocess.run(["groff", "-mandoc", "-ww", "-z", "-Tutf8", str(page)], check=False,
                          env=proc.clean_env(), capture_output=True, text=True)
    return done.stderr.strip() or ("groff failed" if done.returncode else "")
