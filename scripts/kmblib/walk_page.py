# SPDX-License-Identifier: GPL-2.0
"""What a report has of tlb.json: what contiguity is worth, by a model of a TLB."""

from __future__ import annotations

from .cells import size
from .page import Block, Document, Lines, Section, Table, simple, text
from .panel_figures import figures_of
from .promise_page import first_failure
from .walks import READS, Walks

MAPPED = "How the largest footprint was mapped: pages of 4 KiB, by mapping size"
_OF_PROCESS = "How memory of a process was mapped: pages of 4 KiB, by mapping size"
_LEVELS: tuple[tuple[str, int | str], ...] = (
    ("Page walks", -1), ("Misses of the first level", 0),
    ("Entries of page tables that page walks read", READS))
_ABOUT = ("A load in each page, {} passes over all of them, from an empty TLB: in the kernel, with "
          "interrupts off, and in memory of a process. What a TLB would have missed is counted by "
          "a model of it on the guest's own accesses and page tables, the same in every run of the "
          "same kernel. It is no measurement of this machine's processor.")
_PMU = ("Misses of the data TLB per 1000 loads, largest footprint, by the PMU: counted in the "
        "module around little but the walk, and through libperf around the whole ioctl; beside the "
        "model's of the last level, and the ratio of the first to it. What the PMU calls a miss is "
        "its own matter: page walks on x86, misses of the first level on Arm.")
_ALLOCATOR = ("One kmalloc(size, GFP_ATOMIC) and one kfree(): accesses, and page walks, with an "
              "empty TLB (cold) and with what it holds after a pair (warm).")
_REGIONS = ("Regions that the kernel marked: accesses, misses of the first level, page walks by "
            "size of the page, flushes")


def verdict(document: Document) -> str:
    """In a sentence."""
    return "Contiguity: " + ("measured, tables below." if document["verdict"] == "pass" else
                             f"CANNOT TELL. {document['reason']}")


def guest(label: str, f: Document) -> list[tuple[str, str]]:
    """The fingerprint of a virtual machine."""
    return [(label, f"{f['arch']}, {f['compiler']}"), ("", f"config {f['config_sha256'][:16]}"),
            ("machine", f"{f['cpus']} CPU, {f['mem_mib']} MiB, {f['accelerator']}, {f['qemu']}")]


def measured_on(document: Document) -> list[tuple[str, str]]:
    """On what, labels and texts."""
    geometry = document["geometry"]
    proof = f"verified: {geometry['verified']}" if geometry["verified"] else \
        "not verified on a processor"
    return [*guest("walks", document["fingerprint"]), *first_failure(document),
            ("boot", document["cmdline"]),
            ("TLB model", f"{geometry['name']}: {geometry['about']}"),
            ("", f"{geometry['source']}, {proof}")]


def user_mapped(caption: str, rows: list[list[str]]) -> Table:
    """How memory of a process was mapped, walks.user_mappings()."""
    return Table(caption, "%-15s%10s%11s%9s%8s%6s%13s",
                 ["", "footprint", "huge pages", "by 4K", "by 2M", "by 1G", "runs"], rows)


def mapped(walks: Walks) -> list[Block]:
    """How memory of the kernel was mapped."""
    table = Table(MAPPED, "%-15s%10s%10s%10s%10s%17s",
                  ["", "footprint", "by 4K", "by 2M", "by 1G", "contiguous runs"], walks.mappings())
    return [table, *([text(walks.direct_map())] if walks.direct_map() else [])]


def no_pmu(why: str) -> list[Block]:
    """Why a PMU has no figures; [] if it has."""
    return [Lines([f"misses by the PMU are unavailable: {why}"])] if why else []


def _pmu(walks: Walks) -> list[Block]:
    return [Table(_PMU, "%-15s%10s%11s%11s%11s%11s",
                  ["", "footprint", "module", "libperf", "model", "ratio"], walks.pmu())] \
        if walks.pmu() else no_pmu(walks.no_pmu())


def _rates(walks: Walks) -> list[Block]:
    return [simple(f"{what} per 1000 loads, {pattern}, by footprint", 15, 8,
                   ["", *map(size, walks.few_footprints())], walks.rates(pattern, level))
            for what, level in _LEVELS for pattern in walks.patterns()]


def _counted(walks: Walks) -> list[Block]:
    blocks: list[Block] = []
    if walks.allocator():
        blocks.append(Table(
            _ALLOCATOR, "%8s|%9s%6s%10s%6s|%9s%6s%10s%6s",
            ["size", *["accesses", "walks"] * 4], walks.allocator(),
            (("", 1), ("kmalloc, cold", 2), ("warm", 2), ("kfree, cold", 2), ("warm", 2))))
    if walks.regions():
        blocks.append(Table(
            _REGIONS, "%-22s%6s%11s%9s%6s%6s%4s%8s",
            ["", "times", "accesses", "misses", "4K", "2M", "1G", "flushes"], walks.regions()))
    return blocks


def sections(document: Document) -> list[Section]:
    """Misses, and how memory is mapped."""
    walks = Walks(document)
    return [Section("Contiguity", [
        text(_ABOUT.format(walks.passes)), *figures_of(walks.panels()), *_rates(walks),
        *([user_mapped(_OF_PROCESS, walks.user_mappings())] if walks.user_mappings() else []),
        *mapped(walks), *_pmu(walks), *_counted(walks),
        *([Lines(walks.missing())] if walks.missing() else [])])]


def brief(document: Document) -> list[str]:
    """For a mail under a patch: page walks at the largest footprint, by kind."""
    walks = Walks(document)
    pattern, most = walks.patterns()[-1], size(walks.few_footprints()[-1])
    rows = walks.rates(pattern)
    return [f"page walks per 1000 loads of {most}, {pattern}: " +
            ", ".join(f"{row[0]} {row[-1]}" for row in rows)]


def headline(document: Document) -> str:
    """Page walks per 1000 loads of the first kind, at the largest footprint."""
    walks = Walks(document)
    rows = walks.rates(walks.patterns()[-1])
    return f"{rows[0][0]} {rows[0][-1]}" if rows else ""
