# SPDX-License-Identifier: GPL-2.0
"""What `make deb-selftest` checks of the packages. Nothing is installed: they are unpacked."""

from __future__ import annotations

import hashlib
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import deb, kernels, proc
from .kernels import Kernel
from .progress import step
from .tally import Tally

_CELL = "pair/task/GFP_KERNEL/64"
# Of lintian: whoever builds the packages for others has a name and an address.
_NO_ADDRESS = "bogus-mail-host,bogus-mail-host-in-debian-changelog"
_MODULES = {"kmbench.ko", "kmalloc_ktap.ko"}


@dataclass(frozen=True)
class Unpacked:
    """Where the files of both packages are, and the packages themselves."""

    packages: list[Path]
    tool: Path
    dkms: Path

    def ran(self, *argv: str | Path, **env: str) -> tuple[int, str]:
        """A command of the packages: exit code, and all that it said."""
        done = subprocess.run([str(a) for a in argv], check=False, env=proc.clean_env(env), text=True,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd="/")
        return done.returncode, done.stdout

    def suite(self, *argv: str, **env: str) -> tuple[int, str]:
        """A command of the suite."""
        where = {"KMBENCH_SUITE": str(self.tool / "usr/share/kmbench"), **env}
        return self.ran(self.tool / "usr/bin/kmbench-suite", *argv, **where)


def _expect(said: tuple[int, str], status: int, pattern: str) -> str:
    """What is wrong with how a command ended; "" for nothing."""
    if said[0] == status and re.search(pattern, said[1]):
        return ""
    return f"exit code {said[0]}, not {status}; or nothing like {pattern!r} in:\n{said[1][-2000:]}"


def _unpacked(packages: list[Path], scratch: Path) -> Unpacked:
    trees = {}
    for name in ("kmbench", "kmbench-dkms"):
        package = next(p for p in packages if p.name.startswith(f"{name}_"))
        proc.output(["dpkg-deb", "-x", package, scratch / name], what="dpkg-deb")
        trees[name] = scratch / name
    return Unpacked(packages, trees["kmbench"], trees["kmbench-dkms"])


def _digest(top: Path) -> str:
    """Of the names and contents of all files."""
    whole = hashlib.sha256()
    for path in sorted(p for p in top.rglob("*") if p.is_file()):
        whole.update(str(path).encode() + path.read_bytes())
    return whole.hexdigest()


def _tool(tally: Tally, of: Unpacked) -> None:
    tool = of.tool / "usr/bin/kmbench"
    tally.add("kmbench --version", _expect(of.ran(tool, "--version"), 0,
                                           rf"^kmbench {re.escape(deb.version())}\n$"))
    if Path("/dev/kmbench").exists():
        tally.skip("kmbench list", "a machine without /dev/kmbench: kmbench.ko is loaded here")
    else:
        tally.add("kmbench list says what is missing",
                  _expect(of.ran(tool, "list"), 2, r"load kmbench\.ko first"))
    tally.add("kmbench chase", _expect(
        of.ran(tool, "chase", "--max=64", "--kind=anon-4k", "--repetitions=1"), 0, "anon-4k"))
    page = of.tool / "usr/share/man/man1/kmbench.1.gz"
    tally.add("kmbench(1)", _expect(of.ran("zcat", page), 0, "measure what kmalloc"))
    completion = of.tool / "usr/share/bash-completion/completions/kmbench"
    tally.add("completion", _expect(of.ran("bash", "-c", f". {completion} && complete -p kmbench"),
                                    0, "_kmbench kmbench"))


def _suite(tally: Tally, of: Unpacked, scratch: Path) -> None:
    """The suite measures from where it is installed, and writes nothing there."""
    before, results = _digest(of.tool), scratch / "results"
    tally.add("kmbench-suite names its commands", _expect(of.suite("-h"), 0, r"\bbench .*\bkunit "))
    tally.add("kmbench-suite refuses another", _expect(of.suite("nothing"), 2, "no command 'nothing'"))
    with step("bench of the installed suite"):
        said = of.suite("bench", "--scenarios", _CELL, "--mem", "512M",
                        KMBENCH_RESULTS=str(results))
    tally.add("kmbench-suite bench", _expect(said, 0, rf"kmbench +{re.escape(deb.version())}\n"))
    tally.add("its results are the user's", "" if list(results.glob("*/bench.json")) else
              f"no bench.json in {results}")
    tally.add("it writes nothing where it is installed",
              "" if _digest(of.tool) == before else "files of the package have changed")


def _dkms(of: Unpacked, kernel: Kernel, scratch: Path) -> tuple[int, str, set[str]]:
    """Have DKMS build the modules for the distribution's kernel; which there are then."""
    stock = kernels.stock(kernel)
    name, _dash, version = next((of.dkms / "usr/src").iterdir()).name.partition("-")
    scratch.mkdir()
    with step("DKMS"):
        said = of.ran("dkms", "build", "-m", name, "-v", version, "-k", stock.release,
                      "--kernelsourcedir", stock.headers, "--sourcetree", of.dkms / "usr/src",
                      "--dkmstree", scratch, "--no-depmod")
    made = {p.name.removesuffix(".xz") for p in scratch.glob("**/module/*.ko*")}
    return *said, made


def _modules(tally: Tally, of: Unpacked, kernel: Kernel, scratch: Path) -> None:
    code, text, made = _dkms(of, kernel, scratch / "dkms")
    problem = _expect((code, text), 0, "")
    tally.add("DKMS builds both modules", problem or (
        "" if made == _MODULES else f"it built {' '.join(sorted(made)) or 'none'}"))
    # The control: that it can fail.
    next(of.dkms.glob("usr/src/*/module/ops.c")).write_text("#error\n")
    code, _text, made = _dkms(of, kernel, scratch / "dkms-broken")
    logs = "".join(p.read_text(errors="replace") for p in scratch.glob("dkms-broken/**/make.log"))
    tally.add("DKMS does not build what cannot be compiled",
              "" if code and not made and "ops.c:1:2: error: #error" in logs else
              f"exit code {code}, {' '.join(made) or 'no module'}, log: {logs[-500:]}")


def _lintian(tally: Tally, of: Unpacked) -> None:
    if not shutil.which("lintian"):
        tally.skip("lintian", "lintian is not installed")
        return
    said = of.ran("lintian", "--allow-root", "--fail-on", "error,warning", "--suppress-tags",
                  _NO_ADDRESS, *of.packages)
    tally.add("lintian", _expect(said, 0, ""))


def run(tally: Tally, kernel: Kernel, scratch: Path) -> None:
    """Build the packages, unpack them, use them."""
    (scratch / "build").mkdir()
    of = _unpacked(deb.build(kernel, scratch / "build"), scratch)
    _lintian(tally, of)
    _tool(tally, of)
    _suite(tally, of, scratch)
    _modules(tally, of, kernel, scratch)
