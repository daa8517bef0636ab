# SPDX-License-Identifier: GPL-2.0
"""Debian packages of any suite, fetched and unpacked into the cache.

The system's own apt configuration is only read, for the URI of its mirror:
suites are added in private lists and sources, nothing is installed.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Iterable

from . import cache, proc
from .errors import Broken
from .progress import step

_KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@functools.lru_cache(maxsize=None)
def _sites() -> dict[str, str]:
    """The mirror of each release that the machine's apt configuration names."""
    text = proc.output(["apt-get", "indextargets", "--format", "$(RELEASE) $(SITE) $(LABEL)"],
                       what="apt-get indextargets")
    rows = [line.split(maxsplit=2) for line in text.splitlines()]
    return {row[0]: row[1] for row in rows if row[2:] and row[2].startswith("Debian")}


def _site(suite: str) -> str:
    security = suite.endswith("-security")
    for release, site in sorted(_sites().items()):
        if release.endswith("-security") == security:
            return site
    raise Broken(f"no {'security ' if security else ''}mirror of Debian in the apt "
                 f"configuration, so the suite {suite} cannot be found; name one in "
                 "/etc/apt/sources.list")


@dataclass(frozen=True)
class Suites:
    """Some suites of Debian, with lists of their own in the cache."""

    names: tuple[str, ...]
    arch: str = "amd64"

    def _dir(self) -> Path:
        return cache.root() / "apt" / "+".join((*self.names, self.arch))

    def _options(self) -> list[str]:
        base = self._dir()
        return [
            "-o", "Dir::Etc::SourceList=/dev/null",
            "-o", f"Dir::Etc::SourceParts={base}/parts",
            "-o", f"Dir::State::Lists={base}/lists",
            "-o", f"Dir::Cache={base}/cache",
            "-o", f"APT::Architecture={self.arch}",
            "-o", "APT::Sandbox::User=",
            "-o", "Acquire::Languages=none",
            "-o", "Acquire::Retries=2",
            "-o", "Debug::NoLocking=1",
        ]

    def update(self) -> None:
        """Fetch the suites' lists; Broken when the mirror does not answer."""
        base = self._dir()
        for sub in ("parts", "lists/partial", "cache/archives/partial"):
            (base / sub).mkdir(parents=True, exist_ok=True)
        stanzas = [f"Types: deb\nURIs: {_site(name)}\nSuites: {name}\n"
                   f"Components: main\nSigned-By: {_KEYRING}\n" for name in self.names]
        (base / "parts/kmbench.sources").write_text("\n".join(stanzas))
        with step(f"lists of {' '.join(self.names)}") as current:
            proc.run(["apt-get", *self._options(), "--error-on=any", "update"],
                     base / "update.log", step=current,
                     what="fetching package lists (is there a network?)")

    def names_matching(self, pattern: str) -> list[str]:
        """Names of packages that match a regular expression."""
        text = proc.output(["apt-cache", *self._options(), "search", "--names-only",
                            pattern], what=f"apt-cache search {pattern}")
        return [line.split(" ", 1)[0] for line in text.splitlines()]

    def depends(self, package: str) -> list[str]:
        """What a package depends on by itself, in order, without alternatives."""
        text = proc.output(["apt-cache", *self._options(), "depends", "--important",
                            package], what=f"apt-cache depends {package}")
        words = [line.split() for line in text.splitlines()]
        return [w[1] for w in words if w[0] == "Depends:" and not w[1].startswith("<")]

    def version(self, package: str) -> str:
        """The version that would be fetched; Broken when there is none."""
        text = proc.output(["apt-cache", *self._options(), "show", "--no-all-versions",
                            package], what=f"no package {package} in {' '.join(self.names)};"
                           " apt-cache show")
        for line in text.splitlines():
            if line.startswith("Version: "):
                return line.split()[1]
        raise Broken(f"no package {package} in {' '.join(self.names)}")

    def _size(self, packages: Iterable[str]) -> int:
        text = proc.output(["apt-get", *self._options(), "download", "--print-uris",
                            *packages], what="apt-get download")
        return sum(int(line.split()[2]) for line in text.splitlines())

    def fetch(self, packages: list[str], into: Path) -> list[Path]:
        """Download packages into a directory; returns the files."""
        into.mkdir(parents=True, exist_ok=True)
        total = self._size(packages) or 1

        def how_far() -> str:
            have = sum(f.stat().st_size for f in into.rglob("*.deb*"))
            return f"{100 * have // total} % of {total / 1e6:.0f} MB"

        with step(f"download {packages[0]}", how_far) as current:
            proc.run(["apt-get", *self._options(), "download", *packages],
                     into / "download.log", what="apt-get download", cwd=into, step=current)
        return sorted(into.glob("*.deb"))

    def unpack(self, packages: list[str], into: Path) -> None:
        """Download packages and unpack them, one over the other."""
        with_archives = into / ".debs"
        for archive in self.fetch(packages, with_archives):
            proc.run(["dpkg-deb", "-x", archive, into], with_archives / "unpack.log",
                     what=f"unpacking {archive.name}")
            archive.unlink()
