# SPDX-License-Identifier: GPL-2.0
"""Does the exact gate say the same of the same kernel each time? One kernel is measured again
and again, and each time it is compared with what the first two boots agreed on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from . import baseline, bench, gate, gate_files, proc
from .errors import Code
from .kernels import Kernel
from .noise_trials import upper_bound
from .options import Machine

# As many as it takes for more than 1000 comparisons of cells of the quick profile, many times.
TIMES = 20


@dataclass(frozen=True)
class Repetitions:
    """verdicts, reports: of each repetition, as the gate writes them. cells: of one."""

    verdicts: tuple[gate.Verdict, ...]
    reports: tuple[str, ...]
    cells: int

    def alarms(self) -> int:
        """Figures that were found worse, or better, than those of the same kernel."""
        return sum(len(v.regressions()) + len(v.improvements()) for v in self.verdicts)

    def moved(self) -> list[str]:
        """Figures that were others at all, within their limits, too: where two boots are the
        same there are none."""
        return [f"{c.cell} {c.figure}: {c.base} and {c.new}" for v in self.verdicts for c in v.changes]

    def text(self) -> str:
        """What came out."""
        times, compared = len(self.reports), self.cells * len(self.verdicts)
        bound = 100 * upper_bound(self.alarms(), compared)
        moved = self.moved()
        return (f"{self.alarms()} alarms in {compared} comparisons of cells (at most {bound:.3f} % with "
                f"95 % confidence); {len(set(self.reports))} different reports of {times}"
                + (f"; {len(moved)} figures moved, as {moved[0]}" if moved else ""))

    def good(self) -> bool:
        """No alarm, and one report, byte for byte."""
        return (all(v.code() == Code.GOOD for v in self.verdicts) and len(set(self.reports)) == 1
                and not self.moved())


def _job(kernel: Kernel, run: Path) -> bench.Job:
    run.mkdir(parents=True)
    return bench.Job(kernel, Machine("virtual", 1024, 1), bench.Amount(), run)


def run(kernel: Kernel, times: int, run_dir: Path) -> Repetitions:
    """Measure so often; CannotTell where a boot breaks down."""
    base = baseline.measure(_job(kernel, run_dir / "base"), 2)
    jobs = [_job(kernel, run_dir / f"{n}") for n in range(1, times + 1)]
    found = proc.side_by_side(lambda job: baseline.measure(job, 1), jobs)
    verdicts = tuple(gate.compare(base, one) for one in found)
    reports = tuple(gate_files.text_of(gate_files.document(verdict, base, one, ""))
                    for verdict, one in zip(verdicts, found))
    return Repetitions(verdicts, reports, len(base.cells))
