# SPDX-License-Identifier: GPL-2.0
"""What a report has of frag.json: dose and response of fragmentation."""

from __future__ import annotations

from .cells import size
from .level_walks import LevelWalks
from .page import Block, Document, Lines, Rows, Section, Table, simple, text
from .panel_figures import figures_of
from .promise_page import first_failure
from .response_plots import ResponsePlots
from .responses import Responses
from .walk_page import guest, no_pmu

_TICKS = tuple((outcome, f"{said}, order {{}}: {of}, {{}}", thousandths)
               for outcome, said in (("got", "One that succeeded"), ("failed", "One that failed"))
               for of, thousandths in (("median", 500), ("99th percentile", 990),
                                       ("the longest", 1000)))
_WALKS = (("huge", "Per cent of the pages under a mapping of 2 MiB or more"),
          ("rate", "Page walks per 1000 loads, by the model of a TLB"),
          ("pmu", "Misses of the data TLB per 1000 loads, by the PMU"),
          ("ticks", "Per load, {}"),
          ("user_huge", "Of a process's memory: per cent in huge pages"),
          ("user_rate", "Of a process's memory: page walks per 1000 loads, by the model"),
          ("user_pmu", "Of a process's memory: misses of the data TLB per 1000 loads, by the PMU"),
          ("user_ticks", "Of a process's memory: per load, {}"))
_RECOVERED = ("After each level was undone{}: the index before, then, and at last; seconds until "
              "it was back; pages that compaction scanned, as free ones to fill, and moved")


def verdict(document: Document) -> str:
    """In a sentence."""
    return "Fragmentation: " + (Responses(document).summary() if document["verdict"] == "pass" else
                                f"NOT REACHED. {document['reason']}")


def measured_on(document: Document) -> list[tuple[str, str]]:
    """On what, labels and texts."""
    return [*guest("levels", document["fingerprint"]), *first_failure(document),
            ("boot", document["cmdline"])]


def _unit(document: Document) -> str:
    return "instructions" if document["fingerprint"]["clock"] == "virtual" else \
        f"ticks of {document['measured']['clock']['name']}"


def _whom(measured: Document) -> str:
    whose = "memory of a process" if measured["occupants"] == "anon" else "pages of the page cache"
    if measured["movable"] == 100:
        return f"by {whose}, which compaction can move"
    some = f", and of {measured['movable']} % of the blocks by {whose}, which compaction can move"
    return "by pages that nothing can move" + (some if measured["movable"] else "")


def _about(r: Responses) -> str:
    m = r.measured
    return (f"Free memory was fragmented for blocks of order {r.order}, {_whom(m)}, {m['spread']} "
            f"with seed {m['seed']}; the level is the unusable free space index: the part of free "
            f"memory that lies in no such block. At each level {m['demand']} % of free memory, at "
            "most 1024 blocks, and in an interrupt 256 MiB, were asked for and held at once.")


def _by_level(r: Responses, caption: str, rows: Rows, first: int = 20) -> Table:
    return simple(caption, first, 8, ["", *r.asked()], rows)


def _responses(document: Document, r: Responses) -> list[Block]:
    got = [Table("Per cent that kmalloc(GFP_KERNEL) got, by order and level",
                 "%-8s" + "%8s" * len(r.asked()), ["order", *r.asked()], r.by_order()),
           _by_level(r, f"Per cent got of order {r.order}", r.by_way()),
           _by_level(r, "The interval of 95 % of that", r.intervals())]
    ticks = [_by_level(r, said.format(r.order, _unit(document)), r.ticks(outcome, thousandths))
             for outcome, said, thousandths in _TICKS]
    did = [_by_level(r, f"What the kernel did for each block of order {r.order} with GFP_KERNEL",
                     r.events())]
    vmalloced = [_by_level(r, "Per cent for which kvmalloc() had to ask vmalloc(), by order and "
                              "level", r.vmalloced())] if r.vmalloced() else []
    return [*got, *ticks, *did, *vmalloced]


def _walks(document: Document, r: Responses, walks: LevelWalks) -> list[Block]:
    if not walks.any():
        return []
    virtual = document["fingerprint"]["clock"] == "virtual"
    tables = [_by_level(r, said.format(_unit(document)), walks.rows(figure))
              for figure, said in _WALKS
              if walks.rows(figure) and not (virtual and "ticks" in figure)]
    return [text(f"Walks over {size(walks.bytes())} allocated at the level, of each kind: a load "
                 "in each page, in random order, once before and once counted."),
            *tables, *no_pmu(walks.no_pmu()),
            *([Lines([walks.no_model])] if walks.no_model else [])]


def _undone(r: Responses, walks: LevelWalks) -> list[Block]:
    blocks: list[Block] = []
    if walks.moved():
        blocks.append(text("Pages of the process that broke a block, and were moved meanwhile: " +
                           "; ".join(walks.moved())))
    drifted = r.drifted()
    remarks = [*(["*: it found another level than was asked for"] if drifted else []),
               *(f"DRIFTED: {line}" for line in drifted), *r.missing(), *walks.missing()]
    return [*blocks,
            Table(_RECOVERED.format(", all memory compacted" if r.compacted() else ""),
                  "%8s%9s%9s%9s%9s%9s%9s%9s",
                  ["level", "before", "then", "at last", "seconds", "scanned", "free", "moved"],
                  r.recoveries()), *([Lines(remarks)] if remarks else [])]


def sections(document: Document) -> list[Section]:
    """Levels, what there was at each, and what it is worth."""
    r, walks = Responses(document), LevelWalks(document)
    levels = Table("Levels", "%8s%10s%10s%10s%10s%10s%12s",
                   ["asked", "before", "reached", "extfrag", "held", "seconds", "lost, %"],
                   r.levels(), bare=True)
    types = simple("Free memory by migrate type, per cent, and how many blocks of the order",
                   12, 10, ["", *r.asked()], r.types())
    return [Section("Fragmentation", [
        text(_about(r)), *figures_of(ResponsePlots(document).panels()), levels,
        *([types] if r.types() else []),
        *([_by_level(r, "Bytes of a slab of kmalloc(), the mean: fewer where its order fell back", r.slabs())]
          if r.slabs() else []),
        *(_responses(document, r) if r.ways() else []), *_walks(document, r, walks),
        *_undone(r, walks)])]


def brief(document: Document) -> list[str]:
    """For a mail under a patch: how much there was at each level."""
    r = Responses(document)
    if not r.ways():
        return [verdict(document)]
    return [f"per cent got of order {r.order} at levels of fragmentation {', '.join(r.asked())}:",
            *(f"{row[0]}: {', '.join(row[1:])}" for row in r.by_way()[:3])]


def headline(document: Document) -> str:
    """What there was of the order at the highest level."""
    r = Responses(document)
    return f"{r.by_way()[0][-1]} % at {r.asked()[-1]}" if r.ways() else ""
