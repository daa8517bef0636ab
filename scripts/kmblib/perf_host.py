# SPDX-License-Identifier: GPL-2.0
"""The running machine under the real perf: as perf.py in a guest, but here there may be a
PMU, so that cycles and TLB misses have figures. kmbench.ko comes and goes as in host.py."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import Any

from . import cache, host, perf, proc, results, vm
from .errors import Code
from .host import Job
from .progress import step

COMMAND = f"sudo {results.command_of('perf', WHERE='host')}"
# Of a script that is killed, neither what it mounted nor what it started is left.
_ALONE = ("unshare", "--mount-proc", "--pid", "--fork", "--kill-child", "sh", str(perf.SCRIPT))


def announce(job: Job) -> None:
    """Say what is about to happen."""
    print(f"kmbench: about to measure the running kernel, {job.system.release}, under perf:\n"
          f"  build kmbench.ko against {job.system.headers}, and the tool, in {cache.root()};\n"
          "  load kmbench.ko, which taints the kernel until the next boot\n"
          f"  measure on CPU {job.cpu} under perf stat, and again under perf kmem record, which "
          "notes\n"
          "    what the whole machine allocates meanwhile; kept are sums and kmbench's own calls\n"
          "  unload kmbench.ko, also after an error or Ctrl-C", file=sys.stderr, flush=True)


def _found(directory: Path) -> dict[str, str]:
    """The texts that the script left, by name."""
    return {path.name: path.read_text(errors="replace") for path in directory.iterdir() if path.is_file()}


def _measure(job: Job, scratch: Path) -> dict[str, Any]:
    """What perf and the tool say; raises as the exit code says."""
    log, timeout = job.run / "perf.log", perf.TIMES_LONGER * job.amount.timeout()
    path = f"{scratch}:{proc.clean_env()['PATH']}:/usr/sbin:/sbin"
    argv = [*_ALONE, str(scratch / "found"), "", ",".join(perf.EVENTS), "--cpu", str(job.cpu),
            *job.amount.words()]
    with step(f"measure {job.system.release} under perf", vm.how_far(log)) as current, log.open("wb") as out, \
            proc.child(argv, stdout=out, env=proc.clean_env({"PATH": path})) as process:
        host.judge("perf", proc.wait(process, current, timeout), timeout, log)
    return _found(scratch / "found")


def _repeat(job: Job) -> str:
    command = results.command_of("perf", WHERE="host", **job.amount.variables(),
                                 FORCE="1" if job.forced else "")
    return f"sudo {command}"


def run(job: Job) -> Code:
    """Measure the running machine under perf, compare, and write perf.json."""
    announce(job)
    with tempfile.TemporaryDirectory(prefix="kmbench-") as name:
        host.build_into(job.system, Path(name))
        compared = perf.compare(host.believed(lambda: _measure(job, Path(name)), Path(name), job.run))
    release = job.system.release
    results.write(job.run / "perf.json", {
        **results.header("kmbench-perf", None, _repeat(job)),
        "kernel": {"label": release, "version": release, "origin": "running"},
        "fingerprint": job.system.fingerprint(job.forced), **compared})
    return perf.code_of(compared)
