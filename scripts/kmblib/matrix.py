# SPDX-License-Identifier: GPL-2.0
"""The suites on every place that kunit/matrix.toml declares, as one table."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from . import kernels, kunit, results
from .errors import Broken, Code, KmbError
from .place import Place, declared, names, version, where
from .progress import Course

_HEAD = ("kernel", "arch", "config", "passed", "failed", "skipped", "seconds", "verdict")


@dataclass(frozen=True)
class Row:
    """A place of the matrix, by the names that a user types.

    kernel: as in KERNEL=, or the version of KDIR.
    """

    kernel: str
    arch: str
    config: str

    @property
    def name(self) -> str:
        """What ROWS= matches."""
        return f"{self.kernel}/{self.arch}/{self.config}"


def rows(kernel: str, path: Path | None = None) -> list[Row]:
    """The rows that are declared for a kernel (a name or a version)."""
    found = []
    for entry in declared("row", path):
        meant = where({key: entry[key] for key in ("since", "before") if key in entry})
        for arch in names(entry["arch"]):
            for config in names(entry["config"]):
                if meant.holds(Place(version(kernel), arch, config)):
                    found.append(Row(kernel, arch, config))
    return list(dict.fromkeys(found))


def chosen(kernel: str, kdir: str, globs: tuple[str, ...]) -> list[Row]:
    """The rows that KERNEL=, KDIR= and ROWS= choose."""
    if kdir:
        asked = [kernels.find(kernel, kdir).version]
    else:
        if kernel and kernel not in kernels.KERNELS:
            kernels.find(kernel, None)
        asked = [kernel] if kernel else list(kernels.KERNELS)
    every = [row for name in asked for row in rows(name)]
    found = [row for row in every if not globs or any(fnmatchcase(row.name, g) for g in globs)]
    if not found:
        raise Broken(f"no row matches ROWS={' '.join(globs)}; there are: "
                     f"{' '.join(row.name for row in every)}")
    return found


@dataclass(frozen=True)
class Job:
    """A matrix to run: rows of one tree (kdir) or of named kernels, and where
    the results go."""

    rows: tuple[Row, ...]
    kdir: str
    run: Path
    repeat: str


def _verdict_of(doc: dict[str, Any]) -> dict[str, str]:
    """Of a row: "known" where all that failed is what [[known]] says."""
    known = doc["known"]
    if known["verdict"] == "pass" and known["cases"]:
        return {"verdict": "known", "reason": f"the kernel breaks what is declared: {doc['reason']}"}
    return {"verdict": known["verdict"], "reason": known["reason"]}


def _row_json(job: Job, row: Row) -> dict[str, Any]:
    """Run one row; what cannot be run is an error and part of the table."""
    directory = job.run / row.name.replace("/", "-")
    directory.mkdir()
    entry: dict[str, Any] = {"kernel": row.kernel, "arch": row.arch, "config": row.config,
                             "directory": directory.name}
    began = time.monotonic()
    try:
        kernel = kernels.find(None if job.kdir else row.kernel, job.kdir or None)
        doc = kunit.judge(kernel, directory, kunit.target(row.arch, row.config))
        entry |= {key: doc[key] for key in ("counts", "seconds", "notes")} | _verdict_of(doc)
    except KmbError as error:
        entry |= {"verdict": "error", "reason": str(error), "notes": [], "seconds": 0.0,
                  "counts": {word: 0 for word in ("pass", "fail", "skip", "error")}}
    entry["seconds_in_all"] = round(time.monotonic() - began, 1)
    return entry


def _verdict(job: Job, done: list[dict[str, Any]]) -> tuple[str, str]:
    """The worst of all rows; a matrix that was broken off is never good. What is known is
    no fault."""
    for worst in ("fail", "error"):
        bad = [row for row in done if row["verdict"] == worst]
        if bad:
            return worst, f"{bad[0]['directory']}: {bad[0]['reason']}"
    if len(done) < len(job.rows):
        return "error", f"broken off after {len(done)} of {len(job.rows)} rows"
    return "pass", ""


def _write(job: Job, done: list[dict[str, Any]]) -> None:
    verdict, reason = _verdict(job, done)
    results.write(job.run / "matrix.json", {
        **results.header("kmbench-matrix", None, job.repeat),
        "asked": len(job.rows), "verdict": verdict, "reason": reason, "rows": done})


def _cells(row: dict[str, Any]) -> list[str]:
    counts = row["counts"]
    return [row["kernel"], row["arch"], row["config"], str(counts["pass"]),
            str(counts["fail"] + counts["error"]), str(counts["skip"]), f"{row['seconds']:.1f}",
            row["verdict"]]


def table(done: list[dict[str, Any]]) -> str:
    """One line a row, then why a row is not good, then what is worth a look."""
    lines = [list(_HEAD), *map(_cells, done)]
    widths = [max(len(line[at]) for line in lines) for at in range(len(_HEAD))]
    text = ["  ".join(cell.rjust(width) if 3 <= at <= 6 else cell.ljust(width)
                      for at, (cell, width) in enumerate(zip(line, widths))).rstrip()
            for line in lines]
    bad = [row for row in done if row["verdict"] != "pass"]
    text += [f"{row['verdict']}: {row['kernel']}/{row['arch']}/{row['config']}: {row['reason']}"
             for row in bad]
    text += [f"note: {row['kernel']}/{row['arch']}/{row['config']}: {note}"
             for row in done for note in row["notes"]]
    return "\n".join(text) + "\n"


def run(job: Job) -> Code:
    """Run all rows, one after the other; what is complete is kept at any time."""
    done: list[dict[str, Any]] = []
    course = Course(len(job.rows))
    try:
        for row in job.rows:
            print(f"row {course.at(len(done))}: {row.name}", file=sys.stderr, flush=True)
            done.append(_row_json(job, row))
            _write(job, done)
            last = done[-1]
            print(f"  {row.name}: {last['verdict']}, {last['counts']['pass']} passed"
                  f"{', ' + last['reason'] if last['reason'] else ''}", file=sys.stderr, flush=True)
    finally:
        if done:
            print(table(done), end="", flush=True)
    verdict = _verdict(job, done)[0]
    return {"pass": Code.GOOD, "fail": Code.FAILED, "error": Code.BROKEN}[verdict]
