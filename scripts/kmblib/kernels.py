# SPDX-License-Identifier: GPL-2.0
"""Kernels by name (the distribution's) or by tree (the user's KDIR)."""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import json
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import cache, proc
from .apt import Suites
from .errors import Broken, Misuse
from .progress import step


@dataclass(frozen=True)
class Distro:
    """Where a named kernel comes from.

    suites: where its packages are. source: pattern of the source package.
    exact: the source to take if several match; else the newest is taken.
    stock: the meta packages of image and headers; None where the kernel for
    the virtual machine is built from the source instead.
    """

    suites: tuple[str, ...]
    source: str
    exact: str
    stock: tuple[str, str] | None


_STOCK = ("linux-image-cloud-amd64", "linux-headers-cloud-amd64")

KERNELS = {
    "6.1": Distro(("bookworm", "bookworm-updates", "bookworm-security"),
                  r"^linux-source-6\.1$", "linux-source-6.1", _STOCK),
    "6.12": Distro(("bookworm-backports",),
                   r"^linux-source-6\.12$", "linux-source-6.12", _STOCK),
    # The stock headers of 7.3 want gcc-14 and a newer C library than Debian 12's.
    "7.3": Distro(("trixie-backports",),
                  r"^linux-source-7\.[0-9]+$", "linux-source-7.3", None),
}
DEFAULT = "6.1"


@dataclass(frozen=True)
class Kernel:
    """A kernel under test.

    name: as it was asked for. label: for people and directory names. version: package version, or what
    `make kernelversion` says of a tree. source: a tree that is only read.
    key: names its things in the cache. distro: None for a KDIR. from_source: what a machine
    boots is built here, though the distribution has it built. tools: the kernel whose
    libperf the tool is built with, None for this one. like: the kernel of whose tree this one's
    is a copy, but for what was changed afterwards. fixed: whether its tree is taken not to change
    while this process runs. fragment: lines on top of the configuration of what a machine
    boots. origin: what the source is, exactly, in words: a commit, patches; "" where the
    version says it.
    """

    name: str
    label: str
    version: str
    source: Path
    key: str
    distro: Distro | None
    from_source: bool = False
    tools: Kernel | None = None
    like: Kernel | None = None
    fixed: bool = False
    fragment: Path | None = None
    origin: str = ""

    @property
    def is_tree(self) -> bool:
        """Whether this is the user's own tree, whose files may change."""
        return self.distro is None


def _natural(name: str) -> list[int]:
    return [int(n) for n in re.findall(r"\d+", name)]


def _resolve(name: str, distro: Distro) -> dict[str, str]:
    """Package and version of a named kernel's source, asked of the mirror once."""

    def ask(path: Path) -> None:
        suites = Suites(distro.suites)
        suites.update()
        found = suites.names_matching(distro.source)
        if not found:
            raise Broken(f"KERNEL={name}: no source package matches {distro.source} "
                         f"in {' '.join(distro.suites)}")
        best = distro.exact if distro.exact in found else max(found, key=_natural)
        path.write_text(json.dumps({"package": best, "version": suites.version(best)}))

    path = cache.made(f"kernels/{name}.json", ask)
    resolved: dict[str, str] = json.loads(path.read_text())
    return resolved


def unpack_tar(archive: Path, into: Path, what: str) -> None:
    """Unpack an xz-compressed tar, showing how much of it was read."""
    size, read = archive.stat().st_size, 0
    into.mkdir(parents=True, exist_ok=True)
    log = into / ".unpack.log"
    with step(what, lambda: f"{100 * read // size} %") as current, log.open("wb") as out, \
            archive.open("rb") as data, \
            proc.child(["tar", "-C", into, "-xJ", "--strip-components=1"], stdout=out,
                       stdin=subprocess.PIPE) as tar:
        assert tar.stdin is not None
        try:
            while chunk := data.read(1 << 20):
                tar.stdin.write(chunk)
                read += len(chunk)
                current.tick()
            tar.stdin.close()
        except BrokenPipeError:
            pass
        status = proc.wait(tar, current)
        if status:
            raise proc.failed(what, log)
    log.unlink()


def _unpack_source(distro: Distro, package: str, into: Path) -> None:
    debs = into / ".debs"
    Suites(distro.suites).unpack([package], debs)
    unpack_tar(next(debs.rglob("linux-source-*.tar.xz")), into, f"unpack {package}")
    proc.run(["rm", "-rf", debs], cache.workdir("logs") / "rm.log", what="rm")


def _named(name: str) -> Kernel:
    if name not in KERNELS:
        raise Misuse(f"no KERNEL={name}; there are: {' '.join(KERNELS)} "
                     "(or KDIR=/path/to/a/kernel/tree)")
    distro = KERNELS[name]
    found = _resolve(name, distro)
    if not (cache.root() / f"source/{found['package']}_{found['version']}").exists():
        # What was asked before may be gone from the mirror by now.
        (cache.root() / f"kernels/{name}.json").unlink(missing_ok=True)
        found = _resolve(name, distro)
    key = f"{found['package']}_{found['version']}"
    source = cache.made(f"source/{key}",
                        lambda aside: _unpack_source(distro, found["package"], aside))
    return Kernel(name, found["package"].removeprefix("linux-source-"), found["version"],
                  source, key, distro)


def _tree_version(tree: Path) -> str | None:
    fields = dict(re.findall(r"^(\w+) *=[ \t]*(\S*)$",
                             (tree / "Makefile").read_text(errors="replace")[:2000], re.M))
    if not {"VERSION", "PATCHLEVEL", "SUBLEVEL"} <= fields.keys():
        return None
    return (f"{fields['VERSION']}.{fields['PATCHLEVEL']}.{fields['SUBLEVEL']}"
            f"{fields.get('EXTRAVERSION', '')}")


def tree_of(kdir: str, variable: str = "KDIR") -> Kernel:
    """The kernel of a tree. variable: which names it. Misuse where the directory is none; of a
    repository Broken: another commit of it may be one."""
    tree = Path(kdir).resolve()
    version = None
    if all((tree / f).is_file() for f in ("Makefile", "Kconfig", "mm/Kconfig", "mm/slab_common.c")):
        version = _tree_version(tree)
    if version is None:
        error = Broken if (tree / ".git").exists() else Misuse
        raise error(f"{variable}={kdir} is no kernel tree (Makefile, Kconfig and mm/ are looked for); "
                    "name the top of a source tree")
    digest = hashlib.sha256(str(tree).encode()).hexdigest()[:8]
    return Kernel(kdir, tree.name, version, tree, f"kdir-{tree.name}-{digest}", None)


def at(tree: Path, label: str, key: str) -> Kernel:
    """A tree of the cache, whose files may change like a user's. Broken where it is no kernel's,
    as a commit of something else: another commit's may be one."""
    try:
        return dataclasses.replace(tree_of(str(tree)), label=label, key=key)
    except Misuse as error:
        raise Broken(f"{label} is no kernel: Makefile, Kconfig and mm/ are looked for") from error


def find(name: str | None, kdir: str | None) -> Kernel:
    """The kernel that KERNEL= or KDIR= names; fetched if it is not in the cache."""
    if name and kdir:
        raise Misuse(f"KERNEL={name} and KDIR={kdir} exclude each other; give one")
    return tree_of(kdir) if kdir else _named(name or DEFAULT)


@dataclass(frozen=True)
class Stock:
    """A distribution's image and headers, unpacked: nothing is installed."""

    root: Path
    release: str

    @property
    def vmlinuz(self) -> Path:
        """The boot image."""
        return self.root / "boot" / f"vmlinuz-{self.release}"

    @property
    def config(self) -> Path:
        """The kernel's configuration."""
        return self.root / "boot" / f"config-{self.release}"

    @property
    def headers(self) -> Path:
        """What a module is built against."""
        return self.root / "usr/src" / f"linux-headers-{self.release}"


def _real_packages(suites: Suites, distro: Distro) -> list[str]:
    assert distro.stock
    image = suites.depends(distro.stock[0])[0]
    headers = suites.depends(distro.stock[1])[0]
    needed = [p for p in suites.depends(headers) if p.startswith(("linux-headers", "linux-kbuild"))]
    return [image, headers, *needed]


def _unpack_stock(distro: Distro, final: Path, into: Path) -> None:
    suites = Suites(distro.suites)
    suites.update()
    suites.unpack(_real_packages(suites, distro), into)
    for makefile in into.glob("usr/src/linux-headers-*/Makefile"):
        if not makefile.is_symlink():
            text = makefile.read_text()
            makefile.write_text(text.replace("include /usr/src/", f"include {final}/usr/src/"))
    release = next(into.glob("boot/vmlinuz-*")).name.removeprefix("vmlinuz-")
    proc.run(["depmod", "-b", into, release], into / ".depmod.log", what="depmod")


def stock(kernel: Kernel) -> Stock:
    """Image and headers of a named kernel; only where it has stock ones."""
    assert kernel.distro and kernel.distro.stock
    relative = f"stock/{kernel.key}"
    make = functools.partial(_unpack_stock, kernel.distro, cache.root() / relative)
    root = cache.made(relative, make)
    release = next(root.glob("boot/vmlinuz-*")).name.removeprefix("vmlinuz-")
    return Stock(root, release)
