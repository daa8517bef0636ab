# SPDX-License-Identifier: GPL-2.0
"""The suites as a patch for a kernel tree, for `git am`.

In the tree they lie in one directory: what they share with the benchmark's
module moves beside them, and all is resolved for the version of that tree. The patch is made by git itself, in a repository of its
own that holds only the files that change.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path

from . import farm, intree_text, proc
from .errors import Broken
from .kernels import Kernel

HOME = "mm/tests/kmalloc"
_MAKEFILE_LINE = "obj-$(CONFIG_KMALLOC_KUNIT_TEST) += tests/kmalloc/\n"
_KCONFIG_LINE = f'source "{HOME}/Kconfig"\n'
_MAINTAINERS_LINE = f"F:\t{HOME}/\n"
_SECTION = "SLAB ALLOCATOR\n"
_MESSAGE = f"""mm: add KUnit tests for the promises of kmalloc()

Check what the documentation of kmalloc() promises its callers: alignment,
limits, zeroing, flags and zones, contexts, contiguity, failure. Each
suite carries controls, which prove that its checks can fail.

To run them:

  ./tools/testing/kunit/kunit.py run --kunitconfig={HOME}
"""


def _version(kernel: Kernel) -> tuple[int, ...]:
    """Version, patch level and sublevel, as the tree's Makefile says."""
    fields = dict(re.findall(r"^(\w+) *= *(\d+)$",
                             (kernel.source / "Makefile").read_text()[:2000], re.M))
    return tuple(int(fields[f]) for f in ("VERSION", "PATCHLEVEL", "SUBLEVEL"))


def _shared() -> list[Path]:
    """The files of module/ that the suites use, themselves or through another."""
    sources = [f for f in farm.own_files() if f.is_relative_to(farm.REPO / "kunit")]
    module = farm.REPO / "module"
    wanted = {name for f in sources for name in re.findall(r"\.\./module/(\w+\.[cho])", f.read_text())}
    wanted = {re.sub(r"\.o$", ".c", name) for name in wanted}
    pending = sorted(wanted)
    while pending:
        for name in re.findall(r'#include "(\w+\.h)"', (module / pending.pop()).read_text()):
            if name not in wanted:
                wanted.add(name)
                pending.append(name)
    return [module / name for name in sorted(wanted)]


def files(kernel: Kernel) -> dict[str, str]:
    """What the patch adds: path in the tree to text."""
    own = [f for f in farm.own_files() if f.parent == farm.REPO / "kunit"]
    texts = {f.name: f.read_text().replace("../module/", "") for f in [*own, *_shared()]}
    done = intree_text.resolved(texts, _version(kernel))
    return {f"{HOME}/{name}": text for name, text in done.items()}


def _before(kernel: Kernel, name: str) -> str:
    """A file of the tree as it is committed; as it lies there if nothing is."""
    if not (kernel.source / ".git").exists():
        return (kernel.source / name).read_text()
    return proc.output(["git", "-c", "safe.directory=*", "show", f"HEAD:{name}"],
                       what=f"git show HEAD:{name}", cwd=kernel.source)


def _kconfig(text: str) -> str:
    """mm/Kconfig with our line as the last of its menu."""
    head, menu_end, tail = text.rpartition("endmenu\n")
    return f"{head}{_KCONFIG_LINE}\n{menu_end}{tail}" if menu_end else text + _KCONFIG_LINE


def _maintainers(text: str) -> str:
    """MAINTAINERS with our line in its place in the section of the slab allocator."""
    begin = text.find("\n" + _SECTION)
    end = text.find("\n\n", begin + 1)
    if begin < 0 or end < 0:
        raise Broken(f"MAINTAINERS has no section {_SECTION.strip()}")
    lines = text[begin + 1:end + 1].splitlines(keepends=True)
    at = max((i for i, line in enumerate(lines) if line.startswith("F:") and line < _MAINTAINERS_LINE),
             default=len(lines) - 1)
    lines.insert(at + 1, _MAINTAINERS_LINE)
    return text[:begin + 1] + "".join(lines) + text[end + 1:]


def _makefile(text: str) -> str:
    """mm/Makefile with our line as its last."""
    return text + _MAKEFILE_LINE


_CHANGED = {"MAINTAINERS": _maintainers, "mm/Kconfig": _kconfig, "mm/Makefile": _makefile}


def _git(repo: Path, *words: str) -> str:
    return proc.output(["git", "-c", "core.autocrlf=false", "-c", "commit.gpgsign=false", *words],
                       what=f"git {words[0]}", cwd=repo)


def _write(repo: Path, texts: dict[str, str]) -> None:
    for name, text in texts.items():
        (repo / name).parent.mkdir(parents=True, exist_ok=True)
        (repo / name).write_text(text)
    _git(repo, "add", "--force", "--", *texts)


def _identity(kernel: Kernel) -> list[str]:
    """Options that make the user of the tree the author; Broken without one."""
    words = []
    for field in ("user.name", "user.email"):
        try:
            value = proc.output(["git", "config", field], what="git config",
                                cwd=kernel.source).strip()
        except Broken as error:
            raise Broken(f"git does not know {field}, and a patch needs an author; "
                         f"git config --global {field} ...") from error
        words += ["-c", f"{field}={value}"]
    return words


def patch(kernel: Kernel) -> str:
    """The patch, as git format-patch writes it."""
    identity = _identity(kernel)
    before = {name: _before(kernel, name) for name in _CHANGED}
    with tempfile.TemporaryDirectory(prefix="kmbench-") as scratch:
        repo = Path(scratch)
        _git(repo, "init", "-q")
        _write(repo, before)
        _git(repo, *identity, "commit", "-q", "-m", "before")
        _write(repo, {**files(kernel), **{n: change(before[n]) for n, change in _CHANGED.items()}})
        _git(repo, *identity, "commit", "-q", "-s", "-m", _MESSAGE)
        return _git(repo, "format-patch", "-1", "--stdout", "--no-signature")
