# SPDX-License-Identifier: GPL-2.0
"""The benchmark under the real perf: its counters beside ours, and its count of calls.

    guest/perf.sh   kmbench under perf stat; again under perf kmem record
    perf kmem stat  calls that allocate, by the place that they were made from
    module          what it says it made, cell by cell

Places are those of the tracepoints kmem:kmalloc and kmem:kmem_cache_alloc. Those of the
module's loops must have as many calls, of as many bytes, as the module counted: two
counts that share nothing.
"""

from __future__ import annotations

import bisect
import dataclasses
import io
import re
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from . import bench, cache, errors, initramfs, proc, qemu, results, vm
from .bench import Amount
from .errors import Broken, Code, Failed
from .kernels import Kernel
from .options import Machine

# What is measured if nothing else is asked for: a cell of each size, most often used flags.
SCENARIOS = ("alloc/task/GFP_KERNEL/*", "free/task/GFP_KERNEL/*", "pair/task/GFP_KERNEL/*")
SCRIPT = Path(__file__).parents[1] / "guest/perf.sh"
# What perf stat counts, and the counter of ours that stands beside it: of the tool by libperf,
# of the kernel's own, or of the module. "" where there is none.
EVENTS = {
    "task-clock": "", "context-switches": "context_switches", "page-faults": "page-faults",
    "cycles": "cycles", "instructions": "instructions", "dTLB-load-misses": "dTLB-load-misses",
    "kmem:kmalloc": "allocs", "kmem:kfree": "frees", "kmem:mm_page_alloc": "",
    "kmem:mm_page_free": "",
}
# Functions of the module that make the calls which it counts.
_LOOPS = re.compile(r"(?:each|all)_\w+|kmb_batch_fill|fill_\w+|ring_\w+|kmb_work_\w+|work_batches"
                    r"|kmb_partials_first_page")
_SITE = re.compile(r"^ (0x[0-9a-f]+) +\| +(\d+)/\d+ +\| +(\d+)/\d+ +\| +(\d+) ", re.M)
_TOTAL = re.compile(r"^(Total bytes requested|Total bytes allocated|Total bytes freed): +([\d,]+)$",
                    re.M)
_LOST = re.compile(r"^ *LOST(?:_SAMPLES)? events: +(\d+)", re.M)
_LOSS = re.compile(r"^.*\blost\b.*$", re.M | re.I)
# The tool runs twice, and each event takes longer than the call that it is of.
TIMES_LONGER = 4


@dataclass(frozen=True)
class Job:
    """One request: a kernel, the virtual machine, how much, where logs and results go."""

    kernel: Kernel
    machine: Machine
    amount: Amount
    run: Path


def program() -> tuple[Path, tuple[Path, ...]]:
    """perf of this machine, and the libraries that it needs; Broken without it."""
    found = shutil.which("perf")
    if not found:
        raise Broken("no perf on this machine; apt-get install linux-perf")
    text = proc.output(["ldd", found], what=f"ldd {found}")
    return Path(found), tuple(Path(p) for p in re.findall(r"(/\S+) \(0x", text))


def _parts(job: Job, scratch: Path) -> vm.Parts:
    perf, libraries = program()
    # Another run may build other versions of the same files.
    with cache.lock(f"guest-{job.kernel.key}"):
        boot, guest = bench.guest(job.kernel, ())
        bench.check(guest.programs["kmbench"], job.amount)
        guest = dataclasses.replace(
            guest, libraries=libraries, command=(
                "/bin/busybox", "sh", "/bin/perf.sh", "/tmp/found", initramfs.RESULTS,
                ",".join(EVENTS), *job.amount.words()),
            programs={**guest.programs, "perf": perf, "busybox": Path("/bin/busybox"),
                      "perf.sh": SCRIPT})
        initramfs.pack(guest, scratch / "initramfs")
    return vm.Parts(boot, scratch, *qemu.accel(job.machine, boot.image, scratch / "initramfs"))


def _boot(job: Job, parts: vm.Parts, scratch: Path) -> dict[str, str]:
    """The files that the guest found, by name."""
    paths = qemu.Paths(parts.boot.image, scratch / "initramfs", job.run / "console-perf.log",
                       scratch / "verdict", scratch / "results")
    ended = vm.boot(paths, job.machine, parts.accel, f"{vm.CMDLINE} init_on_alloc=0",
                    what=f"{job.kernel.label} under perf, {parts.accel_name}",
                    timeout=TIMES_LONGER * job.amount.timeout(), emulator=parts.emulator)
    code = vm.judge(ended)
    if code != Code.GOOD:
        said = [line for line in ended.console.splitlines() if line.startswith("kmbench: ")]
        raise errors.of(code)(said[-1].removeprefix("kmbench: ") if said else
                              f"perf in the guest exited with {code}")
    return unpacked(ended.results)


def _heard(job: Job, parts: vm.Parts, scratch: Path) -> tuple[vm.Parts, dict[str, str]]:
    """The same, under another QEMU where this one may be to blame for a failure."""
    try:
        return parts, _boot(job, parts, scratch)
    except Failed as failure:
        newer = parts.another_qemu(failure)
        if not newer:
            raise
        vm.keep_consoles(job.run)
        parts = dataclasses.replace(parts, emulator=newer)
        return parts, _boot(job, parts, scratch)


def unpacked(archive: bytes) -> dict[str, str]:
    """The texts in an archive of the guest, by name; Broken where it is none."""
    try:
        with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
            return {Path(member.name).name: file.read().decode(errors="replace")
                    for member in tar if (file := tar.extractfile(member))}
    except tarfile.TarError as error:
        raise Broken(f"results of perf are no archive: {error}") from error


@dataclass(frozen=True)
class Module:
    """Where a module lies: its functions by address, ascending, and the first address behind it."""

    starts: list[int]
    names: list[str]
    end: int

    def function(self, address: int) -> str:
        """Which function an address is in, without a compiler's suffix; "" if in none."""
        at = bisect.bisect(self.starts, address) - 1
        return self.names[at].partition(".")[0] if at >= 0 and address < self.end else ""


def module_at(kallsyms: str, module: str) -> Module:
    """From its lines of /proc/kallsyms and /proc/modules; Broken where these hide addresses."""
    rows = sorted((int(address, 16), name) for address, kind, name, *_ in
                  map(str.split, kallsyms.splitlines()) if kind in "tT")
    fields = module.split()
    base = int(fields[5], 16) if len(fields) > 5 else 0
    if not rows or not base or rows[0][0] < base:
        raise Broken("no addresses of kmbench.ko in /proc/kallsyms and /proc/modules "
                     "(kernel.kptr_restrict=2 hides them from root, too)")
    return Module([address for address, _ in rows], [name for _, name in rows],
                  base + int(fields[1]))


def sites(kmem: str, module: Module) -> list[dict[str, Any]]:
    """Of each function of the module: calls that allocate, and bytes requested and allocated."""
    found: dict[str, dict[str, Any]] = {}
    for address, allocated, requested, hits in _SITE.findall(kmem):
        name = module.function(int(address, 16))
        if not name:
            continue
        row = found.setdefault(name, {"function": name, "counted": bool(_LOOPS.fullmatch(name)),
                                      "calls": 0, "requested": 0, "allocated": 0})
        for key, text in (("calls", hits), ("requested", requested), ("allocated", allocated)):
            row[key] += int(text)
    if not found:
        raise Broken("perf kmem stat has no call from kmbench.ko, or writes in an unknown way")
    return sorted(found.values(), key=lambda row: (-row["calls"], row["function"]))


def totals(kmem: str) -> dict[str, int]:
    """Bytes requested, allocated and freed, of the whole machine, as perf kmem sums them up."""
    found = {name.split()[-1]: int(text.replace(",", "")) for name, text in _TOTAL.findall(kmem)}
    if set(found) != {"requested", "allocated", "freed"}:
        raise Broken("perf kmem stat has no totals of bytes requested, allocated and freed")
    return found


def made(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """What the module says it made: calls and bytes, and scenarios that it does not count."""
    calls = [(sum(r["allocs"] or 0 for r in cell["repetitions"]), cell["size"]) for cell in cells]
    return {"calls": sum(n for n, _ in calls), "requested": sum(n * size for n, size in calls),
            "uncounted": sorted({cell["scenario"] for cell in cells
                                 if any(r["allocs"] is None for r in cell["repetitions"])})}


def lost(texts: dict[str, str]) -> int:
    """Events that perf could not keep, as its data says; 1 at least where it complains."""
    said = sum(map(int, _LOST.findall(texts["stats.txt"])))
    complains = any(_LOSS.search(texts[name]) for name in ("record.txt", "kmem.txt"))
    return max(said, int(complains))


def judge(found: list[dict[str, Any]], module: dict[str, Any], missing: int) -> tuple[str, str]:
    """pass, fail or cannot tell, and why it is not pass."""
    if missing:
        return "cannot tell", (f"perf lost events, {missing} at least; fewer cells would do "
                               "(SCENARIOS=)")
    if module["uncounted"]:
        return "cannot tell", ("the module does not count the calls of "
                               f"{' '.join(module['uncounted'])}; leave them out of SCENARIOS=")
    for key, what in (("calls", "calls"), ("requested", "bytes")):
        by_perf = sum(row[key] for row in found if row["counted"])
        if by_perf != module[key]:
            return "fail", (f"perf kmem saw {by_perf} {what} of the loops, the module made "
                            f"{module[key]}")
    return "pass", ""


def _ours(cells: list[dict[str, Any]], name: str) -> dict[str, Any]:
    """The counter of ours that stands beside one of perf, over all cells."""
    if name in ("allocs", "frees"):
        if any(r[name] is None for cell in cells for r in cell["repetitions"]):
            return {"unavailable": "the module does not count the calls of some of these cells"}
        return {"value": sum(r[name] or 0 for cell in cells for r in cell["repetitions"])
                + sum(cell["footprint"]["objects"] for cell in cells)}
    rows = [cell["counters"].get(name) or cell["events"].get(name) for cell in cells]
    absent = [row for row in rows if not row or "value" not in row]
    if absent:
        return absent[0] or {"unavailable": "the tool has no such counter"}
    return {"value": sum(row["value"] for row in rows if row)}


def stats(csv: str, cells: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What perf stat counted, in the order of EVENTS, and our counters beside it."""
    fields = _fields(csv)
    absent = [name for name in EVENTS if name not in fields]
    if absent:
        raise Broken(f"perf stat has no line of {absent[0]}")
    return [{"event": name, "unit": fields[name][0][1], "perf": _sum(fields[name]),
             "ours": _ours(cells, ours) if ours else None} for name, ours in EVENTS.items()]


def _fields(csv: str) -> dict[str, list[list[str]]]:
    """Lines of perf stat by event; of one several where the machine has two kinds of processors,
    each with a PMU of its own, as cpu_core/cycles/ and cpu_atom/cycles/, or armv8_cortex_a53/cycles/."""
    found: dict[str, list[list[str]]] = {}
    for row in (line.split(";") for line in csv.splitlines()):
        if len(row) > 2:
            found.setdefault(re.sub(r"^\w+/([^/]+)/$", r"\1", row[2]), []).append(row)
    return found


def _sum(rows: list[list[str]]) -> dict[str, Any]:
    """What the PMUs of an event counted together; of none why it did not."""
    values = [_value(row[0]) for row in rows]
    counted = [value["value"] for value in values if "value" in value]
    return {"value": sum(counted)} if counted else values[0]


def _value(text: str) -> dict[str, Any]:
    """A number of perf stat, or its word for why there is none."""
    if text.startswith("<"):
        return {"unavailable": f"perf stat: {text}"}
    try:
        return {"value": float(text)}
    except ValueError:
        raise Broken(f"perf stat wrote {text!r}, which is no number") from None


def code_of(document: dict[str, Any]) -> Code:
    """The exit code that a verdict of compare() has."""
    return {"pass": Code.GOOD, "fail": Code.FAILED,
            "cannot tell": Code.CANNOT_TELL}[document["verdict"]]


def compare(files: dict[str, str]) -> dict[str, Any]:
    """What is written of the guest's files, verdict included."""
    cells = {name: results.parse(files[f"{name}.json"].encode(), f"results under perf {name}")
             ["measured"]["cells"] for name in ("stat", "kmem")}
    where = module_at(files["kallsyms.txt"], files["module.txt"])
    found = sites(files["kmem.txt"], where)
    module = made(cells["kmem"])
    missing = lost(files)
    verdict, reason = judge(found, module, missing)
    return {"verdict": verdict, "reason": reason, "perf": files["version.txt"].strip(),
            "events": stats(files["stat.csv"], cells["stat"]), "sites": found, "module": module,
            "totals": totals(files["kmem.txt"]), "lost": missing,
            "cells": [cell["name"] for cell in cells["kmem"]]}


def run(job: Job) -> Code:
    """Measure under perf, compare, and write perf.json."""
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        parts = _parts(job, Path(name))
        parts, files = _heard(job, parts, Path(name))
        compared = compare(files)
        fingerprint = parts.fingerprint(job.machine)
    results.write(job.run / "perf.json", {
        **results.header("kmbench-perf", job.kernel, _repeat(job)),
        "fingerprint": fingerprint, **compared})
    return code_of(compared)


def _repeat(job: Job) -> str:
    machine = job.machine
    return results.command("perf", job.kernel, CLOCK=machine.clock, **job.amount.variables(),
                           MEM=f"{machine.mem_mib}M", CPUS=str(machine.cpus))
