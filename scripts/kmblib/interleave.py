# SPDX-License-Identifier: GPL-2.0
"""Times of two kernels, collected in rounds: in each two virtual machines side by side.

    round 0   base on core a    new on core b     fresh boots
    round 1   base on core b    new on core a     fresh boots, cores swapped
    ...

What the machine does to one it does to the other, at the same time; what a core is worth
cancels over two rounds; and what a boot happened to lay where is drawn anew each time.
"""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable

from . import (bench, build, cache, errors, initramfs, neighbours, noise_verdict, place, proc, qemu,
               results, vm)
from .bench import Amount
from .errors import CannotTell, Code, Failed
from .kernels import Kernel
from .options import Machine
from .plan import Plan
from .progress import Course, note
from .samples import Figures, Origin, Round, Samples, cells_of

# Where a kernel lies is part of what is drawn anew.
CMDLINE = f"{vm.CMDLINE.replace(' nokaslr', '')} init_on_alloc=0"
_PLACE = ("arch", "compiler", "qemu", "accelerator", "accelerator_options", "mem_mib", "cpus")


@dataclass(frozen=True)
class Side:
    """What is needed to boot one of the two kernels.

    parts: image, accelerator; its archive is the guest that measures. timeout: seconds after
    which a guest is taken to hang.
    """

    kernel: Kernel
    parts: vm.Parts
    machine: Machine
    timeout: float

    def origin(self) -> Origin:
        """For the results."""
        fingerprint = self.parts.fingerprint(self.machine)
        place = {**{key: str(fingerprint[key]) for key in _PLACE}, "cmdline": CMDLINE,
                 "options_sha256": self.parts.options_sha256()}
        return Origin(self.kernel.label, self.kernel.version, place)


def packed(kernel: Kernel, boot: build.Boot, guest: initramfs.Guest, amount: Amount,
           machine: Machine, archive: Path) -> Side:
    """A side of what was built already: its guest is packed into `archive`, and what it is
    made of may change afterwards. Whoever may build in the cache meanwhile has to be locked
    out."""
    bench.check(guest.programs["kmbench"], amount)
    probe = archive.with_name(f"{archive.name}-probe")
    initramfs.pack(guest, probe)
    command = ("/bin/kmbench", "run", "--json", initramfs.RESULTS, *amount.words())
    initramfs.pack(replace(guest, command=command), archive)
    name, accel, why = qemu.accel(machine, boot.image, probe)
    probe.unlink()
    return Side(kernel, vm.Parts(boot, archive, name, accel, why), machine, amount.timeout())


def side(kernel: Kernel, amount: Amount, machine: Machine, archive: Path,
         beside: tuple[Kernel, ...] = ()) -> Side:
    """The same of a kernel that is named, or a tree: built if need be. beside: kernels that it
    is compared with, under the same emulator."""
    if machine.clock != "real":
        raise errors.Broken(f"CLOCK={machine.clock} has no noise; scripts/gate compares it exactly")
    with cache.lock(f"guest-{kernel.key}"):
        boot, guest = bench.guest(kernel, ("info",))
        found = packed(kernel, boot, guest, amount, machine, archive)
    if found.parts.accel_name == "kvm":
        return found
    versions = [place.version(k.version) for k in (kernel, *beside)]
    emulator = qemu.for_figures(found.parts.emulator, versions)
    return replace(found, parts=replace(found.parts, emulator=emulator))


@dataclass
class _Seen:
    """What was seen of a QEMU while it ran."""

    switches: int = 0
    cpus: set[int] = field(default_factory=set)

    def watch(self, pid: int) -> None:
        """The last look is at most 0.2 s before its end, when its threads may be gone."""
        self.switches = max(self.switches, neighbours.involuntary(pid))
        self.cpus |= neighbours.affinity(pid)


def _measure(side_: Side, which: str, cpu: int, run_dir: Path, seen: _Seen,
             ) -> dict[str, Figures]:
    """One boot on one processor, in a thread of its own, whose affinity its QEMU inherits."""
    os.sched_setaffinity(0, {cpu})
    parts = side_.parts
    paths = qemu.Paths(parts.boot.image, parts.archive, run_dir / f"console-{which}.log",
                       run_dir / f"{which}.verdict", run_dir / f"{which}.results")
    ended = vm.boot(paths, side_.machine, parts.accel, CMDLINE, timeout=side_.timeout,
                    what=f"{which}, {side_.kernel.label}, CPU {cpu}", emulator=parts.emulator,
                    watch=seen.watch)
    code = vm.judge(ended)
    if code != Code.GOOD:
        said = [line for line in ended.console.splitlines() if line.startswith("kmbench: ")]
        raise errors.of(code)(said[-1].removeprefix("kmbench: ") if said else f"exit code {code}")
    for path in (paths.verdict, paths.results):
        path.unlink()
    if not seen.cpus <= {cpu}:
        raise errors.Broken(f"the QEMU of {which} may run on CPUs {sorted(seen.cpus)}; {cpu} alone is "
                            "its own")
    return cells_of(results.parse(ended.results, f"results of {which}"))


def _both(sides: tuple[Side, Side], cpus: tuple[int, int], run_dir: Path,
          seen: tuple[_Seen, _Seen]) -> list[dict[str, Figures]]:
    """Both at once; where one breaks down, the other one is waited for."""
    with proc.threads(2) as pool:
        futures = [pool.submit(_measure, one, which, cpu, run_dir, saw)
                   for one, which, cpu, saw in zip(sides, ("base", "new"), cpus, seen)]
        failures = [f.exception() for f in futures]
    for one, failure in zip(sides, failures):
        if isinstance(failure, Failed):
            raise CannotTell(f"no figures: {one.kernel.label} failed: {failure}") from failure
        if failure:
            raise failure
    return [f.result() for f in futures]


def one_round(sides: tuple[Side, Side], cpus: tuple[int, int], unit: int, run_dir: Path) -> Round:
    """Boot both, side by side, each on its own processor. CannotTell where one broke down:
    that is no verdict on what it costs."""
    seen, before, began = (_Seen(), _Seen()), neighbours.times(cpus), time.monotonic()
    base, new = _both(sides, cpus, run_dir, seen)
    seconds = time.monotonic() - began
    steal = neighbours.steal(before, neighbours.times(cpus))
    switches = (seen[0].switches, seen[1].switches)
    return Round(unit, cpus, base, new, seconds, steal, switches,
                 neighbours.flags(steal, switches, seconds))


def _round_or_again(sides: tuple[Side, Side], cpus: tuple[int, int], unit: int, run_dir: Path) -> Round:
    """One more try where the emulator may be to blame, see qemu.py; the round says so."""
    try:
        return one_round(sides, cpus, unit, run_dir)
    except CannotTell as error:
        if not qemu.blames_flags(str(error)):
            raise
        again = one_round(sides, cpus, unit, run_dir)
        return replace(again, flags=(*again.flags, f"done again: {error}"))


def _decided(samples: Samples, plan: Plan) -> bool:
    return noise_verdict.judge(samples, plan).decided()


def _refuse_other_place(base: Origin, new: Origin) -> None:
    """A compiler, or KVM that one of them had and the other had not: all times would differ."""
    for key in (key for key in _PLACE if base.place[key] != new.place[key]):
        raise CannotTell(f"not comparable: {key} is {base.place[key][:60]!r} of the base and "
                         f"{new.place[key][:60]!r} of the new one; measure both in one place")


def collect(base: Side, new: Side, plan: Plan, run_dir: Path,
            decided: Callable[[Samples, Plan], bool] = _decided) -> Samples:
    """Rounds until the plan's first look at which the verdict is told, or its last one.

    base, new: may be the same. run_dir: where the consoles of the last boots are. decided: is
    asked at each look of the plan, and at no other time. CannotTell where they are not of one
    place.
    """
    cores, about = neighbours.two_cores()
    samples = Samples(base.origin(), new.origin(), (), about)
    _refuse_other_place(samples.base, samples.new)
    course = Course(plan.cap())
    for unit in range(plan.cap()):
        note(f"pair {course.at(unit)} at most")
        for nr in range(unit * plan.rounds_each, (unit + 1) * plan.rounds_each):
            cpus = cores if nr % 2 == 0 else (cores[1], cores[0])
            done = _round_or_again((base, new), cpus, unit, run_dir)
            samples = replace(samples, rounds=(*samples.rounds, done))
        if unit + 1 in plan.looks and decided(samples, plan):
            break
    return samples
