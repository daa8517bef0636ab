# SPDX-License-Identifier: GPL-2.0
"""Contiguity: walks over memory of each kind, counted by a model of a TLB.

The model is a plugin of the emulator (userspace/tlb/): it sees every access of
the guest, walks the guest's page tables in its memory, which is a file, and
writes what it counted where the guest's module looks for it.
"""

from __future__ import annotations

import dataclasses
import json
import re
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench, build, cache, errors, initramfs, qemu, results, vm
from .errors import Broken, Code, Failed
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
# Without zeroing: an allocation touches nothing of its object.
_CMDLINE = f"{vm.CMDLINE} init_on_alloc=0"


@dataclass(frozen=True)
class Job:
    """One request: a kernel, the virtual machine, the TLB's geometry and how GEOMETRY=
    names it, and where logs and results go."""

    kernel: Kernel
    machine: Machine
    geometry: dict[str, Any]
    name: str
    run: Path


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


def modelled(emulator: qemu.Emulator, plugin: Path, ram: Path, mem_mib: int,
             geometry: Path) -> qemu.Emulator:
    """An emulator whose guest's memory is the file `ram`, with the model as a plugin."""
    return dataclasses.replace(emulator, options=(
        *emulator.options, "-object", "memory-backend-file,id=ram,share=on,"
        f"size={mem_mib}M,mem-path={ram}", "-machine", "memory-backend=ram",
        "-plugin", f"{plugin},ram={ram},geometry={geometry}"))


def _parts(job: Job, scratch: Path) -> vm.Parts:
    if job.machine.mem_mib > _MEM_MAX_MIB:
        raise Broken(f"MEM={job.machine.mem_mib}M: the model knows memory below 3 GiB; "
                     f"at most {_MEM_MAX_MIB}M")
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{job.kernel.key}"):
        boot, guest = bench.guest(job.kernel, ("tlb", "--json", initramfs.RESULTS))
        initramfs.pack(guest, scratch / "initramfs")
        plugin = build.tool(job.kernel, "model") / "tlb-model.so"
        (scratch / "model.so").write_bytes(plugin.read_bytes())
    (scratch / "geometry.json").write_text(json.dumps(job.geometry))
    name, accel, why = qemu.accel(job.machine, boot.image, scratch / "initramfs")
    return vm.Parts(boot, scratch, name, accel, why)


def refusal(log: Path) -> str:
    """Why the model refused to be loaded; "" if it did not."""
    text = log.read_text(errors="replace") if log.exists() else ""
    match = re.search(r"^kmbench TLB model: (.*)$", text, re.M)
    return match[1] if match else ""


def _boot(job: Job, parts: vm.Parts, emulator: qemu.Emulator) -> dict[str, Any]:
    """Walk, in one boot."""
    scratch, console = parts.archive, job.run / "console-tlb.log"
    paths = qemu.Paths(parts.boot.image, scratch / "initramfs", console, scratch / "verdict",
                       scratch / "results")
    with_model = modelled(emulator, scratch / "model.so", scratch / "ram", job.machine.mem_mib,
                          scratch / "geometry.json")
    try:
        ended = vm.boot(paths, job.machine, parts.accel, _CMDLINE, timeout=_TIMEOUT,
                        what=f"{job.kernel.label}, {job.geometry['name']}", emulator=with_model)
    except Broken as error:
        why = refusal(console.with_suffix(".qemu"))
        raise Broken(f"GEOMETRY={job.name}: {why}") if why else error
    code = vm.judge(ended)
    if code != Code.GOOD:
        said = re.findall(r"^kmbench: (.*)$", ended.console, re.M)
        raise errors.of(code)(said[-1] if said else f"kmbench exited with {code}")
    return results.parse(ended.results, "results of the guest")


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


def contradictions(walked: dict[str, Any], geometry: str) -> list[str]:
    """What in a guest's results cannot be."""
    texts = [*(walk_contradiction(w, geometry) for w in walked["walks"]),
             *(touch_contradiction(t, geometry) for t in walked["allocator"])]
    return [text for text in texts if text]


def run(job: Job) -> Code:
    """Walk and write tlb.json, and tlb.svg."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        walked, parts, first = _boot_twice(job, _parts(job, Path(name)))
        fingerprint = parts.fingerprint(job.machine)
    wrong = contradictions(walked, job.geometry["name"])
    results.write(job.run / "tlb.json", {
        **results.header("kmbench-tlb", job.kernel, _repeat(job)), "fingerprint": fingerprint,
        "first_failure": first, "cmdline": _CMDLINE, "geometry": job.geometry,
        "verdict": "error" if wrong else "pass", "reason": wrong[0] if wrong else "",
        "clock": walked["clock"], "walks": walked["walks"], "allocator": walked["allocator"]})
    Walks(results.load(job.run / "tlb.json")).plot(job.run / "tlb.svg")
    return Code.CANNOT_TELL if wrong else Code.GOOD


def _repeat(job: Job) -> str:
    return results.command("tlb", job.kernel, GEOMETRY=job.name, MEM=f"{job.machine.mem_mib}M")
