# SPDX-License-Identifier: GPL-2.0
"""What a report has of pmu.json: misses that a PMU counted."""

from __future__ import annotations

from .page import Block, Document, Lines, Section, Table, text
from .panel_figures import figures_of
from .pmu_counts import PmuCounts
from .walk_page import guest

_WORDS = {"pass": "what was walked was counted, tables below.", "fail": "FAILED. ",
          "error": "CANNOT TELL. "}


def verdict(document: Document) -> str:
    """In a sentence."""
    return f"PMU: {_WORDS[document['verdict']]}{document['reason']}"


def measured_on(document: Document) -> list[tuple[str, str]]:
    """On what, labels and texts."""
    pmu = document["pmu"]
    device = f"device {pmu['device']}" if pmu["device"] else "no device"
    return [*guest("PMU", document["fingerprint"]), ("boot", document["cmdline"]),
            ("events of", f"{pmu['name']}, {device}, CPU {pmu['cpuid'] or 'not known'}"),
            ("", pmu["source"])]


def _kernel(counts: PmuCounts) -> list[Block]:
    blocks: list[Block] = []
    if counts.kernel_rows():
        blocks.append(Table(
            "Memory of the kernel, walked over by the module: misses counted by whom",
            "%-15s%8s|%11s%11s|%11s%11s", ["kind", "loads", *["module", "libperf"] * 2],
            counts.kernel_rows(), (("", 1), ("", 1), ("first walk", 2), ("repeated", 2))))
    if counts.kernel_mappings():
        blocks.append(Table(
            "How that memory is mapped: pages of 4 KiB, by mapping size", "%-15s%10s%10s%10s%17s",
            ["kind", "by 4K", "by 2M", "by 1G", "contiguous runs"], counts.kernel_mappings()))
    return blocks


def sections(document: Document) -> list[Section]:
    """Misses of memory of a process, and of the kernel's."""
    counts = PmuCounts(document)
    head, *rows = counts.largest()
    return [Section("TLB misses by the PMU", [
        text("This proves the way from libperf through the kernel to the counters of an emulated "
             "PMU; it is no measurement of hardware."),
        *figures_of(counts.panels()),
        Table("Memory of a process: misses by footprint", "%-7s%9s|%8s%9s%10s|%8s%9s%10s",
              ["pattern", "size", *["loads", "misses", "per load"] * 2], counts.rows(),
              (("", 1), ("", 1), ("first walk", 3), ("repeated", 3)), bare=True),
        *_kernel(counts),
        Table("First walk over the largest footprint, by whose events count", "%-36s%12s%12s%12s",
              head, rows),
        Lines(counts.meanings()),
        *([Lines(counts.missing())] if counts.missing() else [])])]


def brief(document: Document) -> list[str]:
    """For a mail under a patch."""
    return [verdict(document)]


def headline(document: Document) -> str:
    """How many walks were counted."""
    return f"{len(document['walks'])} walks"
