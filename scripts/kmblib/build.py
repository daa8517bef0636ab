# SPDX-License-Identifier: GPL-2.0
"""What the guest runs: kernel, modules and tool, built in the cache."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from . import cache, farm, kernels, proc, results
from .errors import Broken
from .farm import REPO
from .kernels import Kernel
from .progress import step

CONFIGS = REPO / "scripts/configs"
# Modules of a stock kernel through which results leave the guest.
_CHANNEL_MODULES = ("virtio_pci", "virtio_console")


@dataclass(frozen=True)
class Boot:
    """A kernel ready to boot.

    image: what QEMU loads. config: its .config. build: what modules are built
    against. modules: files the guest loads first, in order. suffix: of the
    directories of the cache that are this kernel's alone.
    """

    image: Path
    config: Path
    build: Path
    modules: tuple[Path, ...]
    suffix: str = ""


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


def _configure(tree: Path, build: Path, logs: Path, fragments: tuple[str, ...]) -> None:
    """Write .config from the fragments, if they or the tree's Kconfig changed."""
    fragment = build / "kmbench.config"
    texts = [(CONFIGS / name).read_text() for name in fragments]
    required = "".join(texts)
    # Of two lines about one option the last one holds.
    optional = (CONFIGS / "vm-x86_64-optional.config").read_text()
    text = "".join([texts[0], optional, *texts[1:]])
    same = fragment.exists() and fragment.read_text() == text
    target = "olddefconfig" if same and (build / ".config").exists() else "allnoconfig"
    aside = build / "kmbench.config.part"
    aside.write_text(text)
    proc.run(["make", "-C", tree, f"O={build}", "ARCH=x86_64", target], logs / "config.log",
             what="configuring the kernel", env={"KCONFIG_ALLCONFIG": str(aside)})
    have = set((build / ".config").read_text().splitlines())
    lost = [line for line in required.splitlines() if line.endswith("=y") and line not in have]
    if lost:
        raise Broken(f"the kernel does not take {' '.join(lost)} of "
                     f"configs/{' or '.join(fragments)}; see {build}/.config")
    aside.rename(fragment)


def _built(kernel: Kernel, config: str) -> Boot:
    """A kernel built from its source with the small configuration, and a fragment on top."""
    suffix = f"-{config}" if config else ""
    fragments = ("vm-x86_64.config", *([f"{config}.config"] if config else []))
    with cache.lock(f"vm{suffix}-{kernel.key}"):
        tree = farm.plant(kernel)
        build = cache.workdir(f"vm{suffix}/{kernel.key}")
        logs = cache.workdir(f"logs/{kernel.key}{suffix}")

        def how_far() -> str:
            count = sum(f.endswith(".o") for _b, _d, files in os.walk(build) for f in files)
            return f"{count} objects"

        with step(f"build {kernel.label}{suffix} for the virtual machine", how_far) as current:
            _configure(tree, build, logs, fragments)
            proc.run(["make", "-C", tree, f"O={build}", "ARCH=x86_64",
                      f"-j{os.cpu_count()}", "bzImage", "modules"],
                     logs / "build.log", what=f"building {kernel.label}", step=current)
    return Boot(build / "arch/x86/boot/bzImage", build / ".config", build, (), suffix)


def kernel_for_vm(kernel: Kernel, config: str = "") -> Boot:
    """The kernel that a virtual machine boots: stock where there is one.

    config: a fragment of scripts/configs on top, as "debug"; no stock one has it.
    """
    has_stock = kernel.distro is not None and kernel.distro.stock is not None
    return _stock(kernel) if has_stock and not config else _built(kernel, config)


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
    # No BTF: it needs pahole and the kernel's vmlinux, and nothing here reads it.
    return ["make", "-C", boot.build, f"M={work}", f"-j{os.cpu_count()}",
            "CONFIG_DEBUG_INFO_BTF_MODULES=", *variables, "modules"]


def modules(kernel: Kernel, boot: Boot) -> Path:
    """The directory with kmbench.ko and kmbench_fault.ko for a kernel."""
    with cache.lock(f"module{boot.suffix}-{kernel.key}"):
        work = cache.workdir(f"module{boot.suffix}/{kernel.key}")
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


def _libperf(kernel: Kernel, aside: Path) -> None:
    aside.mkdir()
    with step(f"build libperf of {kernel.label}") as current:
        proc.run(["make", "-C", _clean_source(kernel) / "tools/lib/perf", f"O={aside}", "fixdep",
                  aside / "libperf.a", aside / "libapi.a"], aside / "build.log",
                 what="building libperf", step=current)


def tool_make(kernel: Kernel, work: Path) -> list[str | Path]:
    """The make command that builds the tool for a kernel, to add targets to."""
    libperf = cache.made(f"libperf/{kernel.key}-{kernel.version}", lambda aside: _libperf(kernel, aside))
    return ["make", "-C", REPO / "userspace", f"O={work}", f"LIBPERF_OUT={libperf}",
            f"LIBPERF_SRC={_clean_source(kernel)}/tools/lib/perf",
            f"VERSION={results.tool_version()}", f"-j{os.cpu_count()}"]


def tool(kernel: Kernel, *targets: str) -> Path:
    """The directory with kmbench, kmbench-static and init.

    targets: of userspace/Makefile, besides; "guests" are tests for a guest.
    """
    work = cache.workdir(f"tool/{kernel.key}")
    argv = [*tool_make(kernel, work), *(("all", *targets) if targets else ())]
    with cache.lock(f"tool-{kernel.key}"), step("build the tool") as current:
        proc.run(argv, work / "build.log", what="building the tool", step=current)
    return work
