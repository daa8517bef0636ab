# SPDX-License-Identifier: GPL-2.0
"""What a report has of chase.json: time by kind of memory, on the running machine."""

from __future__ import annotations

from .cells import size
from .kernel_walks import KernelWalks
from .latencies import Latencies
from .page import Block, Document, Lines, Section, Table, simple, text
from .panel_figures import figures_of
from .walk_page import MAPPED, mapped, no_pmu, user_mapped

_APART = ("From how many lines on an access takes longer, of lines that stand so far apart, up to "
          "256; where it is the same for all, no more is translated at once than the least")


def verdict(document: Document) -> str:
    """In a sentence."""
    return "Contiguity in user space: " + (
        "measured, tables below." if document["verdict"] == "pass" else
        f"CANNOT TELL. {document['reason']}")


def measured_on(document: Document) -> list[tuple[str, str]]:
    """On what, labels and texts."""
    f, system = document["fingerprint"], document["measured"]["system"]
    return [("command", document["command"]), ("walks", f"{f['arch']}, {f['compiler']}"),
            ("", f"config {f['config_sha256'][:16]}"),
            ("machine", f"{system['cpu']}, {f['cpus']} CPU, {f['mem_mib']} MiB, no virtual machine "
                        f"of kmbench's, cpufreq governor {', '.join(f['governors']) or 'none'}"),
            ("boot", system["cmdline"])]


def _steps(c: Latencies) -> list[Block]:
    head = ["", *map(size, c.few_footprints())]
    blocks: list[Block] = [
        simple("Of the chase more than dense takes: what the TLB costs, nanoseconds", 16, 8, head,
               c.costs()),
        Table("Where that cost rises, within an interval of 95 %", "%-16s%9s%9s%12s%13s%13s",
              ["", "above", "up to", "lines", "ns before", "ns after"],
              [*c.steps(), *([kind, "no step", *[""] * 4] for kind in c.without_steps())])]
    if c.apart():
        blocks.append(simple(_APART, 9, 9, ["", *map(size, c.strides())], c.apart()))
    return [*blocks, *([Lines(c.contrasts())] if c.contrasts() else [])] if c.costs() else []


def _misses(document: Document, c: Latencies) -> list[Block]:
    if not c.misses():
        return []
    pmu, (bytes_, kinds) = document["measured"]["pmu"], c.counted()
    return [simple("dTLB-load-misses per access in user mode, chase, as this PMU counts them "
                   f"({pmu['name']})", 16, 8, ["", *map(size, c.few_footprints())], c.misses()),
            simple(f"All that this PMU counted of it, per 1000 accesses at {size(bytes_)}; "
                   f"by {pmu['source']}", 4, 13, ["", *kinds],
                   [[means, *row] for means, row in c.events()])]


def _user(document: Document, c: Latencies) -> list[Block]:
    clock, (disturbed, laps) = document["measured"]["clock"], c.disturbed()
    return [
        text("Loads that depend on each other, a line of each page, on CPU "
             f"{document['measured']['cpu']}; dense is the control: as many lines, side by side. "
             f"Nanoseconds by {clock['name']} at {clock['hz']} Hz, the fastest of {c.laps} laps; "
             f"in {disturbed} of all {laps} the thread lost its CPU."),
        *figures_of(c.panels()),
        *(simple(f"Nanoseconds per access, {pattern}, by footprint", 16, 8,
                 ["", *map(size, c.few_footprints())], c.latencies(pattern))
          for pattern in c.patterns()),
        *_steps(c), *_misses(document, c), user_mapped(MAPPED, c.mappings()),
        *([Lines(c.lent())] if c.lent() else []),
        *([text(c.direct_map())] if c.direct_map() else []),
        *([Lines(c.missing())] if c.missing() else [])]


def _kernel(k: KernelWalks) -> list[Block]:
    if k.why:
        return [Lines([f"unavailable: {k.why}"])]
    pmu: list[Block] = [Table(
        "Misses of the data TLB per 1000 loads, largest footprint, by the PMU", "%-15s%10s%11s%11s",
        ["", "footprint", "module", "libperf"], [row[:4] for row in k.walks.pmu()])] \
        if k.walks.pmu() else no_pmu(k.walks.no_pmu())
    return [simple("Memory of the kernel, walked over by kmbench.ko with interrupts off, the "
                   f"fastest of several times: {k.unit()} per access, chase, by footprint.", 15, 8,
                   ["", *map(size, k.walks.few_footprints())], k.latencies()),
            *mapped(k.walks), *pmu, *([Lines(k.walks.missing())] if k.walks.missing() else [])]


def sections(document: Document) -> list[Section]:
    """Memory of a process, and the kernel's."""
    return [Section("Contiguity in user space", _user(document, Latencies(document))),
            Section("Contiguity in the kernel", _kernel(KernelWalks(document)))]


def brief(document: Document) -> list[str]:
    """For a mail under a patch: what contiguity is worth."""
    return Latencies(document).contrasts() or [verdict(document)]


def headline(document: Document) -> str:
    """How many steps of the TLB were found."""
    return f"{len(document['steps'])} steps"
