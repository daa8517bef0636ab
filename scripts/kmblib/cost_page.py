# SPDX-License-Identifier: GPL-2.0
"""What a report has of bench.json: what it costs."""

from __future__ import annotations

from . import cell_plots
from .cells import Cells, Place, number, size
from .page import Block, Details, Document, Lines, Section, Table, simple, text
from .promise_page import first_failure

_UNSTEADY_MOST = 8
_WORDS = {"pass": "measured, ", "fail": "FAILED. ", "error": "NOT MEASURED. "}
# As many scenarios fit side by side.
_ABREAST = 3
# Bytes: of the size that stands for all others.
_HEADLINE = 64


def verdict(document: Document) -> str:
    """In a sentence."""
    forced = (document["fingerprint"] or {}).get("forced")
    good = ("though distorted, " if forced else "") + "tables below."
    reason: str = good if document["verdict"] == "pass" else document["reason"]
    return f"Cost: {_WORDS[document['verdict']]}{reason}"


def machine(f: Document) -> str:
    """A fingerprint's machine, virtual or not, in a line."""
    governors = ", ".join(f.get("governors", [])) or "none"
    return f"{f['cpus']} CPU, {f['mem_mib']} MiB, " + (
        f"{f['accelerator']}, {f['qemu']}" if "qemu" in f else
        f"no virtual machine, cpufreq governor {governors}")


def measured_on(document: Document) -> list[tuple[str, str]]:
    """On what, labels and texts."""
    f, boots = document["fingerprint"], document["boots"]
    if not f:
        return []
    systems = [b["measurement"]["system"] for b in boots[:1]]
    return [("benchmark", f"{f['arch']}, {f['compiler']}"),
            ("", f"config {f['config_sha256'][:16]}"),
            ("machine", machine(f)),
            *([("no KVM", f["why_not_kvm"])]
              if f.get("why_not_kvm") and f["clock"] == "real" else []),
            *first_failure(document),
            *(("booted", f"{s['release']}, {s['build']}") for s in systems),
            *(("boot", b["cmdline"]) for b in boots)]


def unit(document: Document) -> str:
    """Of all figures."""
    clock = document["boots"][0]["measurement"]["clock"]
    return "instructions" if document["fingerprint"]["clock"] == "virtual" else \
        f"ticks of {clock['name']}"


def _about(document: Document) -> str:
    boot = document["boots"][0]
    o, clock = Cells(boot).overhead(), boot["measurement"]["clock"]
    hz = f" at {clock['hz']} Hz" if clock["hz"] else ""
    noise = ", the same in every run of the same kernel" \
        if document["fingerprint"]["clock"] == "virtual" else f"{hz}; noisy on a shared machine"
    return (f"In {unit(document)}{noise}. p50 and p99 are middles of buckets, off by less than 0.8 "
            "%; a p99 needs 100 samples, of large objects fewer are taken. Each sample contains "
            "one reading of the clock, not subtracted: the same loop around nothing takes "
            f"{o['empty_min']} to {o['empty_max']}, one reading in a row of them {o['clock_min']} "
            f"to {o['clock_max']}, a sample with its recording {o['record_min']} to "
            f"{o['record_max']}. init_on_alloc={boot['init_on_alloc']} unless said.")


def _where(place: Place) -> str:
    return f"{place[1]} in {place[0]} context"


def _by_size(cells: Cells, place: Place) -> list[Block]:
    all_ = cells.scenarios(place)
    tables: list[Block] = []
    for names in (all_[i:i + _ABREAST] for i in range(0, len(all_), _ABREAST)):
        tables.append(Table(
            f"{_where(place)}, by size", "%8s" + "|%6s%7s%7s" * len(names),
            ["size", *(["p50", "p99", "max"] * len(names))], cells.by_size(place, names),
            (("", 1), *((name, 3) for name in names))))
    return tables


def _few(cells: Cells, caption: str, rows: list[list[str]]) -> Table:
    return simple(caption, 31, 8, ["", *map(size, cells.few_sizes())], rows)


def _by_place(boot: Document, is_first: bool) -> Table:
    cells = Cells(boot)
    scenario = cells.main_scenario()
    return _few(cells, f"{scenario}: p50 by context and flags" +
                ("" if is_first else f", init_on_alloc={boot['init_on_alloc']}"),
                cells.by_place(scenario))


def _doubtful(boot: Document) -> list[str]:
    """What of a boot is to be taken with care."""
    cells, at = Cells(boot), f"init_on_alloc={boot['init_on_alloc']}"
    unsteady = cells.unsteady()
    more = ", ..." if len(unsteady) > _UNSTEADY_MOST else ""
    return [*([f"{len(unsteady)} of {len(cells.cells)} cells are UNSTEADY, {at}: medians of their "
               f"repetitions differ by more than 5 %: {', '.join(unsteady[:_UNSTEADY_MOST])}{more}"]
              if unsteady else []),
            *(f"NULL {count} times: {name}, {at}" for name, count in cells.nulls())]


def _remarks(cells: Cells) -> list[Block]:
    lines = []
    if cells.untabled():
        lines.append("In bench.json, and in no table here, cells of: "
                     f"{', '.join(cells.untabled())}")
    if cells.charged_nothing():
        lines.append("account: in the root's memory cgroup, where nothing is charged.")
    return [Lines([line]) for line in lines]


def _cost(document: Document) -> Section:
    boots = document["boots"]
    cells, forced = Cells(boots[0]), document["fingerprint"].get("forced", [])
    place = cells.main_place()
    return Section("Cost", [
        *([Lines([f"FORCED in spite of {reason}" for reason in forced])] if forced else []),
        text(_about(document)), *cell_plots.figures(document, unit(document)),
        *_by_size(cells, place),
        _few(cells, f"{_where(place)}: the mean of many operations between two readings of the "
                    "clock", cells.by_loop(place)),
        *(_by_place(boot, boot is boots[0]) for boot in boots), *_remarks(cells)])


def _memory(document: Document) -> Section:
    boots = document["boots"]
    cells = Cells(boots[0])
    footprints = cells.footprints()
    blocks: list[Block] = [Table(
        "Memory that objects of one size occupy", "%8s%10s%10s%12s%20s",
        ["size", "objects", "blocks", "bytes", "bytes a live byte"], footprints)] if footprints \
        else [Lines(["unavailable: memory cost (no scenario held objects)"])]
    return Section("Memory cost, and what the kernel did meanwhile", [
        *blocks, Lines(cells.events()),
        *([Lines(doubts)] if (doubts := [line for b in boots for line in _doubtful(b)]) else []),
        *map(Details, cell_plots.all_cells(document))])


def sections(document: Document) -> list[Section]:
    """Cost, and memory cost."""
    return [_cost(document), _memory(document)] if document["boots"] else []


def _headline(cells: Cells, scenario: str, place: Place, sizes: list[int]) -> str:
    found = ((s, cells.get(scenario, place, s)) for s in sizes)
    texts = [f"{number(c['percentiles']['p50'])} ({size(s)})" for s, c in found
             if c and c["percentiles"]]
    return f"{scenario} {place[0]} {place[1]}: " + ", ".join(texts) if texts else ""


def brief(document: Document) -> list[str]:
    """For a mail under a patch: a few medians of the main scenarios."""
    if not document["boots"]:
        return [verdict(document)]
    cells = Cells(document["boots"][0])
    place = cells.main_place()
    return [f"cost, p50 by size in bytes, {unit(document)}:",
            *filter(None, (_headline(cells, name, place, cells.few_sizes())
                           for name in cells.scenarios(place)[:_ABREAST]))]


def headline(document: Document) -> str:
    """The median of the main scenario in the main context: of 64 bytes, or the first size
    that there is."""
    if not document["boots"]:
        return ""
    cells = Cells(document["boots"][0])
    place, scenario = cells.main_place(), cells.main_scenario()
    at = sorted(cells.sizes(), key=lambda s: s != _HEADLINE)
    found = (cell for s in at for name in (scenario, *cells.scenarios(place))
             if (cell := cells.get(name, place, s)) and cell["percentiles"])
    return next((f"{c['scenario']} {size(c['size'])}: {number(c['percentiles']['p50'])}"
                 for c in found), "")
