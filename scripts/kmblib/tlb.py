# SPDX-License-Identifier: GPL-2.0
"""Contiguity: walks over memory of each kind, counted by a model of a TLB.

The model is a plugin of the emulator (userspace/tlb/): it sees every access of
the guest, walks the guest's page tables in its memory, which is a file, and
writes what it counted where the guest's module looks for it; and, region by
region, into a file outside of the guest.
"""

from __future__ import annotations

import dataclasses
import json
import os
import re
import tempfile
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Callable, Iterator

from . import bench, build, cache, errors, initramfs, qemu, results, vm
from .errors import Broken, CannotTell, Code, Failed
from .farm import REPO
from .kernels import Kernel
from .options import Machine
from .walks import Walks

GEOMETRIES = REPO / "userspace/tlb/geometries"
_DEFAULT = "generic"
# The plugin finds memory in its file at the physical address: below the hole for PCI.
_MEM_MAX_MIB = 3072
# Seconds a boot may take: many times what it needs on two slow cores.
_TIMEOUT = 600.0
# How it is said that the model did not take a geometry.
_NO_MODEL = "no model of a TLB: "
_REFUSED = f"{_NO_MODEL}GEOMETRY="
# What else the model may refuse: its memory, its file of regions, the machine.
_OF_ELSE = re.compile(r"ram=|regions\b|guest |\d+ processors")
# A walk over one page.
_SHORTEST = ("--kind", "kmalloc", "--pattern", "stride", "--min", "4", "--max", "4",
             "--passes", "1")
# Without zeroing: an allocation touches nothing of its object.
# Huge pages are set aside for the largest walk of a process over such.
CMDLINE = f"{vm.CMDLINE} init_on_alloc=0 hugepages=17"


@dataclass(frozen=True)
class Job:
    """One request: a kernel, the virtual machine, the TLB's geometry and the file that
    has it, and where logs and results go."""

    kernel: Kernel
    machine: Machine
    geometry: dict[str, Any]
    path: Path
    run: Path

    @property
    def name(self) -> str:
        """How GEOMETRY= names it."""
        return name_of(self.path)


def find_geometry(name: str) -> Path:
    """The file that GEOMETRY= names: a path, or one of userspace/tlb/geometries."""
    path = Path(name) if "/" in name or name.endswith(".json") else \
        GEOMETRIES / f"{name or _DEFAULT}.json"
    if not path.is_file():
        known = " ".join(sorted(p.stem for p in GEOMETRIES.glob("*.json")))
        raise Broken(f"no GEOMETRY={name}; there are: {known}; or a file that ends in .json")
    return path.resolve()


def name_of(path: Path) -> str:
    """How GEOMETRY= names a file."""
    return path.stem if path.parent == GEOMETRIES.resolve() else str(path)


def read_geometry(path: Path) -> dict[str, Any]:
    """A geometry, as far as results/schema.json describes it; whether its numbers are
    possible the model knows."""
    try:
        geometry: dict[str, Any] = json.loads(path.read_text())
    except ValueError as error:
        raise Broken(f"GEOMETRY={path}: not JSON: {error}") from error
    results.check_part(geometry, "tlb_geometry", f"GEOMETRY={path}")
    return geometry


@dataclass(frozen=True)
class Model:
    """The model, as files: the plugin, the TLB's geometry, and where regions go."""

    plugin: Path
    geometry: Path
    regions: Path


@contextmanager
def modelled(emulator: qemu.Emulator, model: Model, mem_mib: int) -> Iterator[qemu.Emulator]:
    """An emulator that has the model as a plugin.

    Both see the guest's memory in a file without a name: however this process and
    the emulator end, nothing of it is left.
    """
    memory = os.memfd_create("kmbench-guest")
    try:
        os.ftruncate(memory, mem_mib << 20)
        path = f"/proc/self/fd/{memory}"
        yield dataclasses.replace(emulator, files=(memory,), options=(
            *emulator.options, "-object", "memory-backend-file,id=ram,share=on,"
            f"size={mem_mib}M,mem-path={path}", "-machine", "memory-backend=ram",
            "-plugin", f"{model.plugin},ram={path},geometry={model.geometry},"
            f"regions={model.regions}"))
    finally:
        os.close(memory)


def read_regions(path: Path) -> list[dict[str, Any]]:
    """What the model counted, region by region: name and counts, in the order in which
    they ended. An emulator that is killed may leave half a line, which is none."""
    if not path.exists():
        return []
    regions = [json.loads(line) for line in path.read_text().splitlines(True)
               if line.endswith("\n")]
    for region in regions:
        results.check_part(region, "tlb_region", path.name)
    return regions


def _parts(job: Job, scratch: Path, words: tuple[str, ...] = ()) -> vm.Parts:
    if why := no_model(job.machine):
        raise Broken(why)
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{job.kernel.key}"):
        boot, guest = bench.guest(job.kernel, ("tlb", "--progress", "--json", initramfs.RESULTS, *words))
        initramfs.pack(guest, scratch / "initramfs", bench.FILES if words else 0)
        make_model(job.kernel, job.path, scratch)
    name, accel, why = qemu.accel(job.machine, boot.image, scratch / "initramfs")
    return vm.Parts(boot, scratch, name, accel, why)


def refusal(log: Path) -> str:
    """Why the model refused to be loaded; "" if it did not."""
    text = log.read_text(errors="replace") if log.exists() else ""
    match = re.search(r"^kmbench TLB model: (.*)$", text, re.M)
    return match[1] if match else ""


def no_plugin(log: Path) -> str:
    """Why an emulator takes no such plugin, whatever the plugin says; "" if it does."""
    text = log.read_text(errors="replace") if log.exists() else ""
    match = re.search(r"(plugin requires API version .*|TCG plugins not enabled.*)$", text, re.M)
    return match[1] if match else ""


def _ended(job: Job, parts: vm.Parts, console: Path, emulator: qemu.Emulator) -> vm.Ended:
    """Boot the guest."""
    scratch = parts.archive
    paths = qemu.Paths(parts.boot.image, scratch / "initramfs", console, scratch / "verdict",
                       scratch / "results")
    return vm.boot(paths, job.machine, parts.accel, CMDLINE, timeout=_TIMEOUT,
                   what=f"{job.kernel.label}, {job.geometry['name']}", emulator=emulator)


@dataclass(frozen=True)
class Guest:
    """A guest that may be booted under the model: how, under an emulator; that emulator;
    its memory, MiB; and where the emulator writes what is wrong."""

    boot: Callable[[qemu.Emulator], vm.Ended]
    emulator: qemu.Emulator
    mem_mib: int
    log: Path


def why_no_model(log: Path, name: str) -> str:
    """Why an emulator ended without the model, in words; "" where that is not why. name: of the
    geometry, which is named where it is to blame."""
    refused, unknown = refusal(log), no_plugin(log)
    if refused and not _OF_ELSE.match(refused):
        return f"{_REFUSED}{name}: {refused}"
    return f"{_NO_MODEL}{refused or unknown}" if refused or unknown else ""


def boot_modelled(guest: Guest, model: Model, name: str) -> tuple[vm.Ended, str]:
    """Boot a guest with the model, whose geometry GEOMETRY= names; or without, and why,
    where this emulator takes no such plugin or the model no such geometry: what else there
    is to know is worth having."""
    try:
        with modelled(guest.emulator, model, guest.mem_mib) as with_model:
            return guest.boot(with_model), ""
    except Broken as error:
        if not (why := why_no_model(guest.log, name)):
            raise error
    return guest.boot(guest.emulator), why


def is_refused(why: str) -> bool:
    """Whether there is no model because of the geometry that the user gave."""
    return why.startswith(_REFUSED)


def no_model(machine: Machine) -> str:
    """Why nothing can be modelled in a machine; "" if it can."""
    if machine.mem_mib > _MEM_MAX_MIB:
        return (f"MEM={machine.mem_mib}M: the model knows memory below 3 GiB; "
                f"at most {_MEM_MAX_MIB}M")
    return ""


def make_model(kernel: Kernel, geometry: Path, scratch: Path) -> Model:
    """The model in files of their own: another run may build another version."""
    plugin = build.tool(kernel, "model") / "tlb-model.so"
    (scratch / "model.so").write_bytes(plugin.read_bytes())
    (scratch / "geometry.json").write_bytes(geometry.read_bytes())
    return model_in(scratch)


def model_in(scratch: Path) -> Model:
    """The files of make_model()."""
    return Model(scratch / "model.so", scratch / "geometry.json", scratch / "regions")


def _boot(job: Job, parts: vm.Parts, emulator: qemu.Emulator) -> dict[str, Any]:
    """Walk, in one boot."""
    console, model = job.run / "console-tlb.log", model_in(parts.archive)
    guest = Guest(lambda with_: _ended(job, parts, console, with_), emulator,
                  job.machine.mem_mib, console.with_suffix(".qemu"))
    ended, why = boot_modelled(guest, model, job.name)
    code = vm.judge(ended)
    if code != Code.GOOD:
        said = re.findall(r"^kmbench: (.*)$", ended.console, re.M)
        raise errors.of(code)(said[-1] if said else f"kmbench exited with {code}")
    return {**results.parse(ended.results, "results of the guest"), "no_model": why,
            "regions": read_regions(model.regions)}


def _boot_twice(job: Job, parts: vm.Parts) -> tuple[dict[str, Any], vm.Parts, str]:
    """Walk; under another QEMU, where this one may be to blame for a failure. What
    was found, what it was found with, and the first failure, if any."""
    try:
        return _boot(job, parts, parts.emulator), parts, ""
    except Failed as failure:
        newer = parts.another_qemu(failure)
        if not newer:
            raise
        vm.keep_consoles(job.run)
        return _boot(job, parts, newer), dataclasses.replace(parts, emulator=newer), str(failure)


def _attribution(model: dict[str, Any], geometry: str) -> str:
    """What in the counts of a region cannot be; "" if nothing."""
    walks = sum(model["page_walks"].values())
    if model["geometry"] != geometry:
        return f"the TLB {model['geometry']} was modelled, not {geometry}"
    if model["unmapped"] or walks != model["misses"][-1]:
        return (f"{model['misses'][-1]} misses of the last level, but {walks} page walks and "
                f"{model['unmapped']} that found no page")
    return ""


def walk_contradiction(walk: dict[str, Any], geometry: str) -> str:
    """What in a walk's counts cannot be; "" if nothing."""
    model, name = walk["model"], f"{walk['kind']}/{walk['pattern']}/{walk['bytes']}"
    if walk["unavailable"]:
        return ""
    if model is None:
        return f"{name}: the model did not answer"
    if model["loads"] != walk["loads"] or model["stores"]:
        return (f"{name}: {walk['loads']} loads were made, the model saw {model['loads']} "
                f"and {model['stores']} stores")
    wrong = _attribution(model, geometry)
    return f"{name}: {wrong}" if wrong else ""


def user_contradiction(walk: dict[str, Any], geometry: str) -> str:
    """What in the counts of a walk of a process cannot be; "" if nothing. Interrupts are
    on: the tool tries again until none has loads of its own among those of the walk."""
    model, name = walk["model"], f"{walk['kind']}/{walk['pattern']}/{walk['bytes']}"
    made = walk["lines"] * walk.get("model_passes", 1)
    if walk["unavailable"]:
        return ""
    if model is None:
        return f"{name}: the model did not answer"
    if model["loads"] != made or model["stores"]:
        return (f"{name}: {made} loads were made, the model saw {model['loads']} and {model['stores']} "
                "stores, of interrupts perhaps")
    wrong = _attribution(model, geometry)
    return f"{name}: {wrong}" if wrong else ""


def touch_contradiction(touch: dict[str, Any], geometry: str) -> str:
    """What in the counts of a kmalloc() and a kfree() cannot be; "" if nothing."""
    if touch["unavailable"]:
        return ""
    for call in ("kmalloc", "kfree"):
        for state, model in touch[call].items():
            name = f"{call}({touch['size']}), {state}"
            if model is None or not model["loads"]:
                return f"{name}: the model saw no load"
            wrong = _attribution(model, geometry)
            if wrong:
                return f"{name}: {wrong}"
    return ""


def _own_regions(walked: dict[str, Any]) -> list[tuple[str, Any]]:
    """The regions of kmbench.ko: name and counts, as they came through the guest."""
    walks = [(f"{w['kind']}/{w['pattern']}/{w['bytes']}", w["model"]) for w in walked["walks"]
             if not w["unavailable"]]
    touches = [(f"pairs/{t['size']}", t[call][state]) for t in walked["allocator"]
               if not t["unavailable"] for state in ("cold", "warm") for call in ("kmalloc", "kfree")]
    return walks + touches


def _user_regions(walked: dict[str, Any]) -> list[tuple[str, Any]]:
    """The regions of the process, likewise; one may be there several times."""
    return [(f"{w['kind']}/{w['pattern']}/{w['bytes']}", w["model"])
            for w in walked["user_walks"] if not w["unavailable"]]


def _sum(one: Any, other: Any) -> Any:
    """Counts of the same form, added; what is no number is that of the first."""
    if isinstance(one, dict):
        return {key: _sum(value, other[key]) for key, value in one.items()}
    if isinstance(one, list):
        return [_sum(*pair) for pair in zip(one, other)]
    return one + other if isinstance(one, int) else one


def marked(walked: dict[str, Any]) -> list[dict[str, Any]]:
    """What others than kmbench.ko marked, as the kernel under test: by name, added up."""
    own = {name for name, _model in (*_own_regions(walked), *_user_regions(walked))}
    found = dict[str, dict[str, Any]]()
    for name, model in ((r["region"], r["model"]) for r in walked["regions"]):
        if name in found:
            found[name].update(times=found[name]["times"] + 1,
                               model=_sum(found[name]["model"], model))
        elif name not in own:
            found[name] = {"region": name, "times": 1, "model": model}
    return list(found.values())


def region_contradiction(walked: dict[str, Any]) -> str:
    """What the guest says otherwise than the model does outside of it; "" if nothing."""
    own = _own_regions(walked)
    names = {name for name, _model in own}
    outside = [(r["region"], r["model"]) for r in walked["regions"] if r["region"] in names]
    last = {r["region"]: r["model"] for r in walked["regions"]}
    for name, model in _user_regions(walked):
        if last.get(name) != model:
            return f"{name}: the guest's counts are not the last ones outside of it"
    if len(own) != len(outside):
        return f"the guest has {len(own)} regions, outside of it there are {len(outside)}"
    return next((f"{mine[0]}: the guest's counts are not those of {other[0]} outside of it"
                 for mine, other in zip(own, outside) if mine != other), "")


def contradictions(walked: dict[str, Any], geometry: str) -> list[str]:
    """What in a guest's results cannot be."""
    texts = [*(walk_contradiction(w, geometry) for w in walked["walks"]),
             *(user_contradiction(w, geometry) for w in walked["user_walks"]),
             *(touch_contradiction(t, geometry) for t in walked["allocator"]),
             region_contradiction(walked)]
    return [text for text in texts if text]


@dataclass(frozen=True)
class Touches:
    """What one kmalloc() and one kfree() of each size touch, as tlb.json has it. qemu: its
    version. why: nothing could be counted; "" if it could."""

    touches: list[dict[str, Any]]
    qemu: str
    why: str


def touches(job: Job) -> Touches:
    """Count them after the shortest walk that there is, under a QEMU without the flaw: whether
    that hits depends on how the tool was built, and QEMUs count accesses differently.
    CannotTell where counts contradict each other."""
    if why := no_model(job.machine):
        return Touches([], "", why)
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        parts = _parts(job, Path(name), _SHORTEST)
        parts = dataclasses.replace(parts, emulator=qemu.sound(parts.emulator))
        walked = _boot(job, parts, parts.emulator)
    if walked["no_model"]:
        return Touches([], parts.emulator.version(), walked["no_model"])
    if wrong := contradictions(walked, job.geometry["name"]):
        raise CannotTell(f"accesses and page walks of {job.kernel.label}: {wrong[0]}")
    return Touches(walked["allocator"], parts.emulator.version(), "")


def run(job: Job) -> Code:
    """Walk and write tlb.json, and tlb.svg."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        walked, parts, first = _boot_twice(job, _parts(job, Path(name)))
        fingerprint = parts.fingerprint(job.machine)
    wrong = [walked["no_model"]] if walked["no_model"] else \
        contradictions(walked, job.geometry["name"])
    results.write(job.run / "tlb.json", {
        **results.header("kmbench-tlb", job.kernel, _repeat(job)), "fingerprint": fingerprint,
        "first_failure": first, "cmdline": CMDLINE, "geometry": job.geometry,
        "verdict": "error" if wrong else "pass", "reason": wrong[0] if wrong else "",
        "clock": walked["clock"], "walks": walked["walks"],
        "user_walks": walked["user_walks"], "allocator": walked["allocator"],
        "regions": marked(walked)})
    Walks(results.load(job.run / "tlb.json")).plot(job.run / "tlb.svg")
    if is_refused(walked["no_model"]):
        return Code.BROKEN
    return Code.CANNOT_TELL if wrong else Code.GOOD


def _repeat(job: Job) -> str:
    return results.command("tlb", job.kernel, GEOMETRY=job.name, MEM=f"{job.machine.mem_mib}M")
