# SPDX-License-Identifier: GPL-2.0
"""What the guest runs: kernel, modules and tool, built in the cache."""

from __future__ import annotations

import hashlib
import os
import re
import uuid
from dataclasses import dataclass
from pathlib import Path

from . import adopted, arches, cache, farm, kernels, proc, results
from .arches import Arch
from .errors import Broken
from .farm import REPO
from .kernels import Kernel
from .progress import objects, step

CONFIGS = REPO / "scripts/configs"
# Modules of a stock kernel through which results leave the guest.
_CHANNEL_MODULES = ("virtio_pci", "virtio_console")
_X86_64 = arches.ARCHES["x86_64"]
# A kernel of the small configuration has about so many object files.
_OBJECTS = 1190
# Of this process alone.
_PROCESS = uuid.uuid4().hex


@dataclass(frozen=True)
class _Image:
    """What make is asked for, and the file that QEMU loads then."""

    targets: tuple[str, ...]
    path: str


_IMAGES = {
    "x86_64": _Image(("bzImage", "modules"), "arch/x86/boot/bzImage"),
    "riscv64": _Image(("Image", "modules"), "arch/riscv/boot/Image"),
}


@dataclass(frozen=True)
class Boot:
    """A kernel ready to boot.

    image: what QEMU loads. config: its .config. build: what modules are built
    against. modules: files the guest loads first, in order. suffix: of the
    directories of the cache that are this kernel's alone. arch: what it runs on.
    """

    image: Path
    config: Path
    build: Path
    modules: tuple[Path, ...]
    suffix: str = ""
    arch: Arch = _X86_64


def stock_modules(stock: kernels.Stock, *names: str) -> tuple[Path, ...]:
    """Modules of a stock kernel and all they need, in loading order."""
    base = stock.root / "lib/modules" / stock.release
    rows = (line.split(":") for line in (base / "modules.dep").read_text().splitlines())
    needs = {Path(name).name.split(".")[0]: [name, *rest.split()] for name, rest in rows}
    order: list[Path] = []
    for module in names:
        for name in reversed(needs.get(module, [])):
            if base / name not in order:
                order.append(base / name)
    return tuple(order)


def _stock(kernel: Kernel) -> Boot:
    stock = kernels.stock(kernel)
    return Boot(stock.vmlinuz, stock.config, stock.headers,
                stock_modules(stock, *_CHANNEL_MODULES))


def _make(tree: Path, build: Path, arch: Arch) -> list[str | Path]:
    """The make command that builds a kernel, to add targets to."""
    cross = [f"CROSS_COMPILE={arch.cross}"] if arch.cross else []
    return ["make", "-C", tree, f"O={build}", f"ARCH={arch.kunit}", *cross]


@dataclass(frozen=True)
class _Wanted:
    """A configuration: fragments of scripts/configs, and options of some versions only."""

    fragments: tuple[str, ...]
    optional: str

    def required(self) -> str:
        """What the kernel has to take."""
        return "".join((CONFIGS / name).read_text() for name in self.fragments)

    def text(self) -> str:
        """All. Of two lines about one option the last one holds."""
        first, *rest = ((CONFIGS / name).read_text() for name in self.fragments)
        return "".join([first, (CONFIGS / self.optional).read_text(), *rest])


_OPTION = re.compile(r"(?:# )?(CONFIG_\w+)(?:=\S.*| is not set)")


def _by_option(text: str) -> dict[str, str]:
    """Lines of a configuration by their option, the last one of each; none where it is not set."""
    rows = filter(None, map(_OPTION.fullmatch, text.splitlines()))
    return {row[1]: "" if row[0] in (f"# {row[1]} is not set", f"{row[1]}=n") else row[0] for row in rows}


def lost(wanted: str, config: str) -> list[str]:
    """What of the lines that are wanted a .config does not have."""
    have = _by_option(config)
    return [line or f"# {option} is not set" for option, line in _by_option(wanted).items()
            if have.get(option, "") != line]


def _configure(make: list[str | Path], build: Path, logs: Path, wanted: _Wanted) -> None:
    """Write .config from the fragments, if they or the tree's Kconfig changed."""
    fragment, text = build / "kmbench.config", wanted.text()
    same = fragment.exists() and fragment.read_text() == text
    target = "olddefconfig" if same and (build / ".config").exists() else "allnoconfig"
    aside = build / "kmbench.config.part"
    aside.write_text(text)
    proc.run([*make, target], logs / "config.log",
             what="configuring the kernel", env={"KCONFIG_ALLCONFIG": str(aside)})
    if missing := lost(wanted.required(), (build / ".config").read_text()):
        raise Broken(f"the kernel does not take {', '.join(missing)} of "
                     f"{' or '.join(wanted.fragments)}; see {build}/.config")
    aside.rename(fragment)


def _inputs(kernel: Kernel, wanted: _Wanted, arch: Arch) -> str:
    """What a kernel is built from, as a digest; "" for the user's tree, of which
    every file would have to be looked at, and make does that as well: once, where
    the tree is fixed."""
    if kernel.is_tree and not kernel.fixed:
        return ""
    compiler = proc.output([f"{arch.cross}gcc", "--version"], what=f"{arch.cross}gcc")
    process = _PROCESS if kernel.is_tree else ""
    return hashlib.sha256(
        f"{kernel.key}\0{wanted.text()}\0{compiler}\0{process}".encode()).hexdigest()


def _adopt(like: Kernel, suffix: str, build: Path, tree: Path) -> None:
    """Begin with what was compiled of the tree that this one is a copy of."""
    suffix = f"{suffix}-built" if like.from_source else suffix
    have = cache.root() / f"vm{suffix}/{like.key}"
    if have.exists():
        adopted.copy(have, str(build.relative_to(cache.root())), tree)


def _build(kernel: Kernel, wanted: _Wanted, arch: Arch, suffix: str, build: Path) -> None:
    """Build a kernel, unless nothing can have changed since that was done."""
    stamp, inputs = build / ".kmbench-inputs", _inputs(kernel, wanted, arch)
    if inputs and stamp.exists() and stamp.read_text() == inputs:
        return
    stamp.unlink(missing_ok=True)
    tree = farm.plant(kernel)
    if kernel.like:
        _adopt(kernel.like, suffix, build, tree)
    build.mkdir(parents=True, exist_ok=True)
    make = _make(tree, build, arch)
    logs = cache.workdir(f"logs/{kernel.key}{suffix}")
    with step(f"build {kernel.label}{suffix} for the virtual machine",
              objects(build, _OBJECTS)) as current:
        _configure(make, build, logs, wanted)
        proc.run([*make, f"-j{os.cpu_count()}", *_IMAGES[arch.name].targets],
                 logs / "build.log", what=f"building {kernel.label}", step=current)
    stamp.write_text(inputs)


def _built(kernel: Kernel, config: str, arch: Arch) -> Boot:
    """A kernel built from its source with the small configuration, and a fragment on top."""
    own_digest = f"own{hashlib.sha256(kernel.fragment.read_bytes()).hexdigest()[:8]}" \
        if kernel.fragment else ""
    parts = (config, arch.name if arch != _X86_64 else "", own_digest,
             "built" if kernel.from_source else "")
    suffix = "".join(f"-{part}" for part in parts if part)
    own = [str(kernel.fragment)] if kernel.fragment else []
    wanted = _Wanted((f"vm-{arch.name}.config", *([f"{config}.config"] if config else []), *own),
                     f"vm-{arch.name}-optional.config")
    with cache.lock(f"vm{suffix}-{kernel.key}"):
        build = cache.root() / f"vm{suffix}/{kernel.key}"
        _build(kernel, wanted, arch, suffix, build)
    return Boot(build / _IMAGES[arch.name].path, build / ".config", build, (), suffix, arch)


def kernel_for_vm(kernel: Kernel, config: str = "", arch: Arch = _X86_64) -> Boot:
    """The kernel that a virtual machine boots: stock where there is one.

    config: a fragment of scripts/configs on top, as "debug"; no stock one has it.
    arch: of another one than x86_64 none is taken from the distribution.
    """
    has_stock = kernel.distro is not None and kernel.distro.stock is not None and \
        not kernel.from_source
    if has_stock and not config and arch == _X86_64:
        return _stock(kernel)
    return _built(kernel, config, arch)


def _copy_sources(source: Path, into: Path) -> None:
    """Copy sources whose content changed, so that make builds only these."""
    wanted = {f.relative_to(source) for f in source.rglob("*")
              if f.suffix in (".c", ".h") or f.name in ("Kbuild", "Makefile")}
    for name in wanted:
        cache.write_if_changed(into / name, (source / name).read_text())
    for have in [*into.rglob("*.[ch]")]:
        name = have.relative_to(into)
        if name not in wanted and not have.name.endswith(".mod.c"):
            have.unlink()


def module_make(boot: Boot, work: Path, *variables: str) -> list[str | Path]:
    """The make command that builds the modules of a directory."""
    cross = [f"ARCH={boot.arch.kunit}", f"CROSS_COMPILE={boot.arch.cross}"] if boot.arch.cross else []
    # No BTF: it needs pahole and the kernel's vmlinux, and nothing here reads it.
    return ["make", "-C", boot.build, f"M={work}", f"-j{os.cpu_count()}", *cross,
            "CONFIG_DEBUG_INFO_BTF_MODULES=", *variables, "modules"]


def slower_module(boot: Boot, work: Path, insns: int) -> Path:
    """kmbench.ko with so many instructions more in what is timed, for tests of the gate,
    built in a directory of its own."""
    _copy_sources(REPO / "module", work)
    proc.run(module_make(boot, work, f"KCFLAGS=-DKMB_INJECT={insns}"), work / "build.log",
             what="building a slower kmbench.ko")
    return work


def module_home(kernel: Kernel, boot: Boot) -> Path:
    """Where modules() builds."""
    return cache.workdir(f"module{boot.suffix}/{kernel.key}")


def modules(kernel: Kernel, boot: Boot) -> Path:
    """The directory with kmbench.ko and kmbench_fault.ko for a kernel."""
    with cache.lock(f"module{boot.suffix}-{kernel.key}"):
        work = module_home(kernel, boot)
        _copy_sources(REPO / "module", work)
        with step(f"build kmbench.ko for {kernel.label}") as current:
            proc.run(module_make(boot, work), work / "build.log",
                     what="building kmbench.ko", step=current)
    return work


def ktap(kernel: Kernel, boot: Boot, *, selftest: bool = False) -> Path:
    """kmalloc_ktap.ko for a kernel: the suites of kunit/ without KUnit.

    selftest: kmalloc_ktap_selftest.ko instead, whose cases fail on purpose.
    """
    name = "kmalloc_ktap_selftest" if selftest else "kmalloc_ktap"
    with cache.lock(f"{name}-{kernel.key}"):
        work = cache.workdir(f"{name}/{kernel.key}")
        for part in ("kunit", "module"):
            _copy_sources(REPO / part, work / part)
        with step(f"build {name}.ko for {kernel.label}") as current:
            proc.run(module_make(boot, work / "kunit/ktap", *(["KTAP_SELFTEST=y"] if selftest else [])),
                     work / "build.log", what=f"building {name}.ko", step=current)
    return work / f"kunit/ktap/{name}.ko"


def _clean_source(kernel: Kernel) -> Path:
    """A tree in which an out-of-tree build sees no products of another."""
    return farm.plant(kernel) if kernel.is_tree else kernel.source


def _libperf(kernel: Kernel, arch: Arch, aside: Path) -> None:
    aside.mkdir()
    with step(f"build libperf of {kernel.label}") as current:
        proc.run([*_make(_clean_source(kernel) / "tools/lib/perf", aside, arch), "fixdep",
                  aside / "libperf.a", aside / "libapi.a"], aside / "build.log",
                 what="building libperf", step=current)


def tool_make(kernel: Kernel, work: Path, arch: Arch = _X86_64) -> list[str | Path]:
    """The make command that builds the tool for a kernel, to add targets to."""
    suffix = "" if arch == _X86_64 else f"-{arch.name}"
    libperf = cache.made(f"libperf/{kernel.key}-{kernel.version}{suffix}",
                         lambda aside: _libperf(kernel, arch, aside))
    return ["make", "-C", REPO / "userspace", f"O={work}", f"LIBPERF_OUT={libperf}",
            f"LIBPERF_SRC={_clean_source(kernel)}/tools/lib/perf", f"CROSS_COMPILE={arch.cross}",
            f"VERSION={results.tool_version()}", f"-j{os.cpu_count()}"]


def tool(kernel: Kernel, *targets: str) -> Path:
    """The directory with kmbench, kmbench-static and init.

    targets: of userspace/Makefile, besides; "guests" are tests for a guest.
    """
    kernel = kernel.tools or kernel
    work = cache.workdir(f"tool/{kernel.key}")
    argv = [*tool_make(kernel, work), *(("all", *targets) if targets else ())]
    with cache.lock(f"tool-{kernel.key}"), step("build the tool") as current:
        proc.run(argv, work / "build.log", what="building the tool", step=current)
    return work


def pmu_tool(kernel: Kernel, arch: Arch) -> Path:
    """The directory with kmbench-pmu and init for an architecture."""
    work = cache.workdir(f"tool-{arch.name}/{kernel.key}")
    argv = [*tool_make(kernel, work, arch), "pmu"]
    with cache.lock(f"tool-{arch.name}-{kernel.key}"), step("build kmbench-pmu") as current:
        proc.run(argv, work / "build.log", what="building kmbench-pmu", step=current)
    return work
