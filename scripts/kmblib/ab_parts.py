# SPDX-License-Identifier: GPL-2.0
"""Documents of two kernels, and what is not the same in them."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Iterator

from . import kunit


@dataclass(frozen=True)
class Told:
    """A figure of two kernels that is not the same, and never fails. what: it is of.
    figure: what was counted. base, new: the numbers."""

    what: str
    figure: str
    base: float
    new: float


@dataclass(frozen=True)
class Case:
    """A case that fails on one side alone. nr, place: of its promise; 0 and "" for a
    control, which has none. name: with suite and parameter. reason: what it said."""

    nr: int
    place: str
    name: str
    reason: str


@dataclass(frozen=True)
class Promises:
    """broken: cases that only the new kernel fails. mended: that only the base fails. both:
    how many both fail. passed: on the new side."""

    broken: list[Case]
    mended: list[Case]
    both: int
    passed: int

    def sentence(self) -> str:
        """What is broken, in a line."""
        numbers = sorted({case.nr for case in self.broken})
        which = " ".join(f"{nr}" for nr in numbers if nr) or "(a control)"
        return (f"{len(self.broken)} cases no longer pass as in the base; promises newly broken: {which}; "
                f"the first: {self.broken[0].name}")


def _cases(doc: dict[str, Any]) -> Iterator[tuple[Case, str]]:
    for promise in doc["promises"]:
        for case in promise["cases"]:
            yield _case(case, promise["nr"], promise["place"]), case["outcome"]
    for case in doc["controls"]:
        yield _case(case, 0, ""), case["outcome"]


def _case(case: dict[str, Any], nr: int, place: str) -> Case:
    name = "/".join(filter(None, (case["suite"], case["case"], case["parameter"])))
    return Case(nr, place, name, case["reason"])


def _same_of_both(said: str) -> str:
    """A complaint without what a change of the layout alone makes another."""
    without_place = re.sub(r"\+0x[0-9a-f]+/0x[0-9a-f]+", "", said)
    return re.sub(r"\b0x[0-9a-f]+\b|\b[0-9a-f]{8,}\b|\d+", "N", without_place)


def _failing(doc: dict[str, Any]) -> dict[str, Case]:
    """Cases that fail, and what else is wrong with a whole log, each as one more."""
    cases = {case.name: case for case, outcome in _cases(doc) if outcome in ("fail", "error")}
    for said in doc["complaints"]:
        cases[_same_of_both(said)] = Case(0, "", "the whole suite", said)
    return cases


def _without_parameter(case: Case) -> str:
    """Suite and case alone: with which sizes it is run is each kernel's own."""
    return "/".join(case.name.split("/")[:2])


def _gone(base: dict[str, Any], new: dict[str, Any]) -> dict[str, Case]:
    """Cases that the base passes, and of which a log of the new kernel that is not whole
    says nothing. One that is whole comes of a kernel that has not what they call."""
    if not new["complaints"] and all(outcome != "error" for _case_, outcome in _cases(new)):
        return {}
    there = {_without_parameter(case) for case, _outcome in _cases(new)}
    return {case.name: replace(case, reason="was not run, or not to its end")
            for case, outcome in _cases(base)
            if outcome == "pass" and _without_parameter(case) not in there}


def broke_off(doc: dict[str, Any]) -> str:
    """Where the log of kunit.json breaks off; "": it is whole."""
    at = [case.name for case, outcome in _cases(doc) if outcome == "error"]
    return f"it broke off in {at[0]}" if at else "cases are missing" if kunit.MISSING in doc["complaints"] else ""


def promises(base: dict[str, Any], new: dict[str, Any]) -> Promises:
    """What kunit.json of two kernels say. A case that is no longer there, as the log breaks
    off, shows nothing to be kept; one that skips and must not is among the complaints."""
    one, other = _failing(base), _failing(new)
    other |= _gone(base, new)
    return Promises([case for name, case in other.items() if name not in one],
                    [case for name, case in one.items() if name not in other],
                    len(one.keys() & other.keys()), new["counts"]["pass"])


def options(base: Path, new: Path) -> list[str]:
    """Lines that only one of two .config files has: "-" before those of the base alone."""
    one, other = (set(re.findall(r"^CONFIG_(?!\w*VERSION)\w+=.*$", path.read_text(), re.M))
                  for path in (base, new))
    return sorted([f"-{line}" for line in one - other] + [f"+{line}" for line in other - one],
                  key=lambda line: (line[1:], line))


def _differ(base: dict[tuple[str, str], float], new: dict[tuple[str, str], float]) -> list[Told]:
    """Figures that both sides have, where they differ; the largest change first."""
    changes = [Told(*key, value, new[key]) for key, value in base.items()
               if key in new and new[key] != value]
    return sorted(changes, key=lambda t: (-abs(t.new - t.base) / (abs(t.base) or 1), t.what, t.figure))


def _misses(model: dict[str, Any]) -> dict[str, float]:
    return {"loads": model["loads"], "page walks": sum(model["page_walks"].values())}


def _tlb_figures(doc: dict[str, Any]) -> dict[tuple[str, str], float]:
    """Walks over the kernel's memory, and calls of kmalloc() and kfree(). A process's are
    left out: interrupts get into them."""
    found = dict[tuple[str, str], float]()
    for walk in (w for w in doc["walks"] if w["model"]):
        name = f"{walk['kind']}/{walk['pattern']}/{walk['bytes']}"
        found[name, "page walks"] = _misses(walk["model"])["page walks"]
    for touch in (t for t in doc["allocator"] if not t["unavailable"]):
        for call in ("kmalloc", "kfree"):
            for state in ("cold", "warm"):
                for figure, value in _misses(touch[call][state]).items():
                    found[f"{call}({touch['size']}), {state}", figure] = value
    return found


def tlb_changes(base: dict[str, Any], new: dict[str, Any]) -> list[Told]:
    """What two tlb.json do not say alike."""
    return _differ(_tlb_figures(base), _tlb_figures(new))


def _frag_figures(doc: dict[str, Any]) -> dict[tuple[str, str], float]:
    found = dict[tuple[str, str], float]()
    for level in (v for v in doc["measured"]["levels"] if not v["unavailable"]):
        for response in (r for r in level["responses"] if not r["unavailable"]):
            name = (f"level {level['asked'] / 1e6:g}, {response['scenario']}/{response['context']}/"
                    f"{response['gfp']}/{response['size']}")
            found.update({(name, figure): response[figure] for figure in ("got", "vmalloced")})
    return found


def frag_changes(base: dict[str, Any], new: dict[str, Any]) -> list[Told]:
    """What two frag.json do not say alike: how many allocations were had, level by level."""
    return _differ(_frag_figures(base), _frag_figures(new))
