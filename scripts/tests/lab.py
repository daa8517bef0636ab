# SPDX-License-Identifier: GPL-2.0
"""Guests that boot once for all tests: healthy ones, and each kind of broken one."""

from __future__ import annotations

import re
import shutil
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Iterator

from kmblib import bench, build, cache, farm, initramfs, install, kernels, proc, qemu, tlb, vm
from kmblib.kernels import Kernel
from kmblib.options import Machine

SCENARIO = "pair/task/GFP_KERNEL/64"
# What takes two processors, in each way.
ON_TWO = ("crowd/task/GFP_KERNEL/64/2cpus crowd/hardirq/GFP_ATOMIC/64/2cpus "
          "crowd/spinlock/GFP_ATOMIC/64/2cpus "
          "ring16-alloc/task/GFP_KERNEL/64 ring256-free/task/GFP_KERNEL/4096 "
          "migrate/task/GFP_KERNEL/256")
# Each scenario and each context once or more.
EVERYWHERE = "*/task/GFP_KERNEL/64 pair/*/GFP_ATOMIC/64"
# One that boots takes a few seconds; a machine under load, more.
_TIMEOUT = 300.0
# One in which many runs are broken off takes a minute or two.
_TIMEOUT_MEMORY = 900.0
# A hung guest is waited for so many times as long as a healthy one took.
_PATIENCE = 2.5
_PATIENCE_MIN = 8.0
_MACHINE = Machine("virtual", 512, 1)
# The version of the ABI, and one that no tool speaks yet.
OUR_ABI = 9
OTHER_ABI = 99
_HERE = Path(__file__).parent
# Of busybox-static: it needs no library in the guest.
_BUSYBOX = Path("/bin/busybox")
# With two CPUs Linux checks at boot whether the timer ticks, and panics when the
# host had no time for it.
_TWO = "no_timer_check"
# Footprints from what the first level of a TLB can hold to past its second level.
_WALKS = "--max 16384"
# And for the largest of them pages of 2 MiB. A kernel with less than 512 MiB has no THP.
_HUGE = "hugepages=9"
# Only what is worse than a warning comes to the console.
_QUIET = f"loglevel=4 {_TWO}"


@dataclass(frozen=True)
class Order:
    """A guest to boot.

    clock: virtual, or real, which is quicker and good enough for a guest that
    dies. cpus: processors. fault: parameter of kmbench_fault.ko, if it is to be
    loaded. scenario: what the tool is asked for, arguments separated by spaces. word: added to the kernel's command
    line. module: "ours", "none", "other ABI", or "ktap": a case of kmalloc_ktap.ko
    and all of its selftest, in place of the tool. hangs: boot it last, and do not
    wait for the whole time-out. script: of tests/guest, which is run in place of
    the tool, with a shell. program: of userspace/tests, likewise, without one.
    mem_mib: its memory, MiB. plain_loop: load the module of tests/plain_loop, too.
    walks: arguments of `kmbench tlb`, which is run in place of `kmbench run`. model:
    the geometry of the TLB that is modelled meanwhile. newer: under another QEMU.
    tlb_flush, split_map: load the module of tests/ of that name, too. kselftest: put
    what `make install INSTALL_PATH=` installs into /bin/kselftest.
    """

    clock: str = "real"
    cpus: int = 1
    fault: str = ""
    scenario: str = SCENARIO
    word: str = ""
    module: str = "ours"
    program: tuple[str, ...] = ()
    mem_mib: int = _MACHINE.mem_mib
    hangs: bool = False
    script: str = ""
    plain_loop: bool = False
    walks: str = ""
    model: str = ""
    newer: bool = False
    tlb_flush: bool = False
    split_map: bool = False
    kselftest: bool = False


def _memory(part: str, cpus: int = 1, mem_mib: int = _MACHINE.mem_mib) -> Order:
    """A part of userspace/tests/guest_memory.c. That the kernel kills for want
    of memory is no complaint: what it says then is kept off the console."""
    return Order(program=("/bin/guest-memory", part), cpus=cpus, mem_mib=mem_mib, word=_QUIET)


GUESTS = {
    "virtual": Order("virtual"),
    "virtual again": Order("virtual"),
    "real": Order(),
    "real again": Order(),
    "two cpus": Order(cpus=2, word=_TWO, scenario=f"--repetitions 2 {ON_TWO}"),
    "everywhere": Order("virtual", scenario=f"--repetitions 1 {EVERYWHERE}"),
    "warn": Order(fault="warn"),
    "oops": Order(fault="oops"),
    "panic": Order(fault="panic"),
    "hang": Order(fault="hang", hangs=True),
    "poweroff": Order(fault="poweroff"),
    "truncate": Order(word="kmbench.truncate=100"),
    "nonsense": Order(fault="nonsense"),
    "no module": Order(module="none"),
    "unknown scenario": Order(scenario="pear/task/GFP_KERNEL/64"),
    "sleeps": Order(scenario="pair/hardirq/GFP_KERNEL/64"),
    "no such flags": Order(scenario="pair/task/__GFP_HIGHMEM/64"),
    "too much": Order(scenario="--share 1 burst1024-alloc/task/GFP_KERNEL/8192"),
    "one cpu": Order(scenario="ring16-alloc/task/GFP_KERNEL/64"),
    "unknown context": Order(scenario="pair/tusk/GFP_KERNEL/64"),
    "other ABI": Order(module="other ABI"),
    "ktap": Order(module="ktap"),
    "counts": Order(script="counts.sh", cpus=2, word=_TWO),
    "held": Order("virtual", script="held.sh"),
    "skewed": Order(script="skewed.sh", cpus=2, word=_TWO),
    "some online": Order(script="online.sh", cpus=6, word=f"{_TWO} maxcpus=3"),
    "kselftest": Order(script="kselftest.sh", module="none", kselftest=True),
    "nolock": Order(scenario="--repetitions 1 nolock/*/GFP_NOWAIT/64"),
    # The stamps of the kernel's log are what it looks at.
    "outside": Order("virtual", script="outside.sh", plain_loop=True, word="printk.time=1"),
    "tlb": Order("virtual", walks=_WALKS, model="generic", word=_HUGE, mem_mib=1024),
    "tlb again": Order("virtual", walks=_WALKS, model="generic", word=_HUGE, mem_mib=1024),
    "tlb of another QEMU": Order("virtual", walks=_WALKS, model="zen3", newer=True,
                                 word="no5lvl"),
    "tlb flushes": Order("virtual", walks="--max 64", model="generic", tlb_flush=True),
    "tlb flushes of another QEMU": Order("virtual", walks="--max 64", model="generic",
                                         tlb_flush=True, newer=True),
    "tlb of a split map": Order("virtual", walks="--max 4096 --kind kmalloc", model="generic",
                                split_map=True),
    "tlb without a model": Order("virtual", walks="--max 64"),
    "tlb of a process": Order("virtual", walks="--max 64 --kind anon-4k", model="generic"),
    "tlb of no kind": Order(walks="--kind none"),
    "tlb of odd footprints": Order(walks="--min 36 --max 36 --kind alloc_pages-3"),
    "tlb of a process alone": Order("virtual", model="generic", walks="--share 1 --min 65536 --max 65536 "
                                    "--kind [va][mn]*[ck]"),
    "tlb of some odd footprints": Order(walks="--min 36 --max 288 --kind alloc_pages-3"),
    "tlb beyond memory": Order(walks="--share 1 --min 1024 --max 65536 --kind vmalloc"),
    "tlb of too many passes": Order(walks="--passes 1048576"),
    "warn on a quiet console": Order(fault="warn", word=_QUIET),
    "kill": _memory("kill"),
    "kill on two CPUs": _memory("kill", 2),
    # Small ones are filled in half of the time.
    "oom": _memory("oom", 1, 256),
    "oom on two CPUs": _memory("oom", 2, 256),
    "null": _memory("null", 1, 256),
    "unload": _memory("unload", 2),
    "lend": _memory("lend"),
    "chase over lent memory": Order(program=(
        "/bin/kmbench", "chase", "--kind", "kmalloc-mapped", "--max", "4096", "--repetitions", "2",
        "--json", initramfs.RESULTS)),
    "chase without THP": Order(program=("/bin/kmbench", "chase", "--kind", "anon-*", "--repetitions",
                                        "2", "--max", "4096", "--json", initramfs.RESULTS),
                               word="transparent_hugepage=never"),
    "chase without a module": Order(module="none", program=(
        "/bin/kmbench", "chase", "--kind", "kmalloc-mapped", "--max", "64", "--repetitions", "1",
        "--json", initramfs.RESULTS)),
    "frag": replace(_memory("frag", 1, 1024), clock="virtual"),
    "movable": replace(_memory("movable", 1, 1024), clock="virtual"),
}
# What the guest "ktap" runs of the real suites.
KTAP_FILTER = "*_alignment.p2_*"
# Seconds after which the selftest's case that hangs is given up.
KTAP_TIMEOUT = 2


def _other_abi(boot: build.Boot, work: Path) -> Path:
    """kmbench.ko as build.modules() makes it, but of another ABI."""
    shutil.copytree(farm.REPO / "module", work, ignore=shutil.ignore_patterns("*.o", ".*"))
    header = work / "uapi/kmbench.h"
    text, count = re.subn(r"(?m)^(#define KMB_ABI_VERSION\s+)\d+$", rf"\g<1>{OTHER_ABI}",
                          header.read_text())
    assert count == 1, f"{header} defines KMB_ABI_VERSION {count} times"
    header.write_text(text)
    proc.run(build.module_make(boot, work), work / "build.log",
             what="building kmbench.ko of another ABI")
    return work / "kmbench.ko"


def _foreign(boot: build.Boot, name: str, work: Path) -> Path:
    """A module of tests/ that knows nothing of kmbench."""
    shutil.copytree(_HERE / name, work)
    proc.run(build.module_make(boot, work), work / "build.log", what=f"building {name}.ko")
    return work / f"{name}.ko"


def _tlb_flush(boot: build.Boot, work: Path) -> Path:
    """tlb_flush.ko, which knows the markers of the model and nothing else of kmbench."""
    shutil.copytree(_HERE / "tlb_flush", work)
    for name in ("tlb_marker.h", "uapi/kmbench_tlb.h"):
        (work / name).parent.mkdir(exist_ok=True)
        shutil.copy(farm.REPO / "module" / name, work / name)
    proc.run(build.module_make(boot, work), work / "build.log", what="building tlb_flush.ko")
    return work / "tlb_flush.ko"


def newer() -> qemu.Emulator:
    """The QEMU of tests with another one; the installed one, if that is new itself."""
    return qemu.newer_if_suspect(qemu.INSTALLED, "tcg") or qemu.INSTALLED


class Lab:
    """Boots guests in the background, two at a time, each once."""

    def __init__(self, kernel: Kernel, scratch: Path) -> None:
        self._scratch = scratch
        self._kernel = kernel
        # Another run may build other versions of the same files.
        with cache.lock(f"guest-{kernel.key}"):
            # With a fault, for the file of the module that breaks guests.
            self._boot, guest = bench.guest(kernel, ("run",), "warn")
            tool = build.tool(kernel, "guests", "model")
            guest.programs["guest-memory"] = tool / "guest-memory"
            self._guest = self._own(guest)
            self._plugin = Path(shutil.copy(tool / "tlb-model.so", scratch))
        self._pool = ThreadPoolExecutor(2)
        self._futures: dict[str, Future[vm.Ended]] = {}
        self._healthy = 0.0

    def _own(self, guest: initramfs.Guest) -> initramfs.Guest:
        """The same guest, of files that nobody else writes to."""

        def own(path: Path) -> Path:
            return Path(shutil.copy(path, self._scratch / path.name))

        return replace(
            guest, init=own(guest.init),
            programs={name: own(path) for name, path in guest.programs.items()},
            modules=tuple((own(path), words) for path, words in guest.modules))

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, _type: type[BaseException] | None, _error: BaseException | None,
                 _where: TracebackType | None) -> None:
        self._pool.shutdown(cancel_futures=True)

    def _modules(self, order: Order, base: Path) -> tuple[tuple[Path, str], ...]:
        *channel, (kmbench, _none), (fault, _warn) = self._guest.modules
        modules = list(channel)
        if order.module == "other ABI":
            modules.append((_other_abi(self._boot, self._scratch / "other-abi"), ""))
        elif order.module == "ours":
            modules.append((kmbench, ""))
        elif order.module == "ktap":
            modules += [
                (build.ktap(self._kernel, self._boot), f"filter={KTAP_FILTER}"),
                (build.ktap(self._kernel, self._boot, selftest=True), f"timeout={KTAP_TIMEOUT}")]
        if order.plain_loop:
            modules.append((_foreign(self._boot, "plain_loop", self._scratch / "plain-loop"), ""))
        if order.split_map:
            modules.append((_foreign(self._boot, "split_map", self._scratch / "split-map"), ""))
        if order.tlb_flush:
            modules.append((_tlb_flush(self._boot, base.with_suffix(".module")), ""))
        if order.fault:
            modules.append((fault, f"fault={order.fault}"))
        return tuple(modules)

    def _run(self, name: str) -> vm.Ended:
        order = GUESTS[name]
        base = self._base(name)
        command = () if order.module == "ktap" else order.program or (
            "/bin/kmbench", "tlb" if order.walks else "run", "--json", initramfs.RESULTS,
            *(order.walks or order.scenario).split())
        guest = replace(self._guest, modules=self._modules(order, base), command=command)
        if order.script:
            programs = {"busybox": _BUSYBOX, order.script: _HERE / "guest" / order.script}
            guest = replace(guest, programs={**guest.programs, **programs},
                            command=("/bin/busybox", "sh", f"/bin/{order.script}"))
        if order.kselftest:
            guest = self._with_kselftest(guest)
        archive = base.with_suffix(".cpio")
        initramfs.pack(guest, archive)
        machine = replace(_MACHINE, cpus=order.cpus, mem_mib=order.mem_mib)
        accel = qemu.accel(_MACHINE, self._boot.image, archive)[1]
        paths = qemu.Paths(self._boot.image, archive, base.with_suffix(".console"),
                           base.with_suffix(".verdict"), base.with_suffix(".results"))
        began = time.monotonic()
        with self._emulator(order, base) as emulator:
            ended = vm.boot(paths, machine, accel if order.clock == "virtual" else qemu.TCG,
                            f"{vm.CMDLINE} init_on_alloc=0 {order.word}", what=f"guest: {name}",
                            timeout=self._patience() if order.hangs else
                            _TIMEOUT_MEMORY if order.program else _TIMEOUT, emulator=emulator)
        if name == "real":
            self._healthy = time.monotonic() - began
        return ended

    def _with_kselftest(self, guest: initramfs.Guest) -> initramfs.Guest:
        top = self._scratch / "kselftest"
        install.kselftest(self._kernel, top)
        found = {str(p.relative_to(self._scratch)): p for p in top.rglob("*")}
        return replace(
            guest, directories=(*guest.directories, "bin/kselftest",
                                *(f"bin/{name}" for name, p in found.items() if p.is_dir())),
            programs={**guest.programs, **{n: p for n, p in found.items() if p.is_file()}})

    @contextmanager
    def _emulator(self, order: Order, base: Path) -> Iterator[qemu.Emulator]:
        # The installed one is good enough for the default kernel, see qemu.py.
        other = self._kernel.name != kernels.DEFAULT
        emulator = newer() if order.newer or other else qemu.INSTALLED
        if not order.model:
            yield emulator
            return
        model = tlb.Model(self._plugin, tlb.find_geometry(order.model), self._regions(base))
        with tlb.modelled(emulator, model, order.mem_mib) as with_model:
            yield with_model

    def _regions(self, base: Path) -> Path:
        return base.with_suffix(".regions")

    def regions(self, name: str) -> list[dict[str, Any]]:
        """What the model counted in a guest that was started, as it says itself."""
        self.ended(name)
        return tlb.read_regions(self._regions(self._base(name)))

    def _base(self, name: str) -> Path:
        return self._scratch / name.replace(" ", "-")

    def _patience(self) -> float:
        self.ended("real")
        return max(_PATIENCE_MIN, _PATIENCE * self._healthy)

    def start(self, name: str) -> None:
        """Have a guest booted; it is waited for in ended()."""
        if GUESTS[name].hangs:
            self.start("real")
        if name not in self._futures:
            self._futures[name] = self._pool.submit(self._run, name)

    def ended(self, name: str) -> vm.Ended:
        """How a guest ended that was started."""
        return self._futures[name].result()
