# SPDX-License-Identifier: GPL-2.0
"""What `make gate-selftest` shows: the statistical gate's false alarms and power on recorded
noise, what other rules say of the same numbers, and that each check can fail."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Callable

import numpy

from . import noise_trials, paired, peer_rules
from .noise_trials import ACROSS_BOOTS, IN_ONE_BOOT, Noise, Suites, upper_bound
from .paired import DELTAS, REGRESSION
from .plan import Plan

CHANGES, PAIRS = (0.01, 0.02, 0.05, 0.1, 0.2), (10, 20, 30, 60)
# Wanted: false alarms and their bound, fractions of suites; power, a fraction of cells.
ALARMS_MAX, BOUND_MAX, POWER_MIN = 0.01, 0.015, 0.95
# What a round is made of that something went wrong in: ln(new/base).
_SPOILT_ROUND, _SPOILT = 9, 2.3


@dataclass
class Figures:
    """Figures that are wanted, and what came out, as text. missed: names of those that are
    not as they should be."""

    say: Callable[[str], None] = print
    missed: list[str] = field(default_factory=list)

    def add(self, name: str, said: str, good: bool) -> None:
        """Tell a figure."""
        self.say(f"{'ok  ' if good else 'MISS'} {name}: {said}")
        if not good:
            self.missed.append(name)


def false_alarms(outcomes: list[str]) -> tuple[str, bool]:
    """Of suites of identical code: in words, and whether they are as few as wanted."""
    found, of = Counter(outcomes)[REGRESSION], len(outcomes)
    bound = upper_bound(found, of)
    told = Counter(outcomes)[paired.NONE]
    return (f"{found} of {of} suites, {100 * found / of:.1f} % (at most {100 * bound:.2f} % with 95 % "
            f"confidence); 'no regression' of {told}", found / of <= ALARMS_MAX)


def _within(outcomes: list[str]) -> tuple[str, bool]:
    said, few = false_alarms(outcomes)
    return said, few and upper_bound(Counter(outcomes)[REGRESSION], len(outcomes)) <= BOUND_MAX


def suites_of(noise: Noise, figures: Figures, suites: int) -> None:
    """False alarms, and the controls that have to have many."""
    plan, few = Plan(), max(20, suites // 10)
    named = f"{noise_trials.CELLS} cells, 3 figures each, looks at {plan.text()} pairs"
    figures.say(f"identical code: suites of {named}")
    figures.add("false alarms", *_within(Suites(noise, plan).outcomes(suites, 1)))
    figures.add("false alarms, each change just as large as is allowed",
                *_within(Suites(noise, plan, dict(DELTAS)).outcomes(suites, 2)))
    single = Plan(rounds_each=1)
    figures.add("false alarms, one round a pair", *false_alarms(
        Suites(noise, single, dict(DELTAS)).outcomes(few, 3)))
    said, good = false_alarms(Suites(noise, plan, dict(DELTAS), noise_trials.without_holm).outcomes(few, 4))
    figures.add("control: without Holm's correction there are too many", said, not good)


def _curve(noise: Noise, figures: Figures, name: str, each: int, draws: int) -> None:
    figures.say(f"power, p50, {name}: alone (and as one of {noise_trials.CELLS} cells)")
    figures.say(f"  {'pairs':>6}" + "".join(f"{100 * c:>+13.0f} %" for c in CHANGES))
    for pairs in PAIRS:
        seen = [noise_trials.power(noise, "p50", c, pairs, each, draws) for c in CHANGES]
        figures.say(f"  {pairs:>6}" + "".join(f"{p.alone:>8.3f} ({p.in_suite:.2f})" for p in seen))


def power_of(noise: Noise, figures: Figures, draws: int, curves: bool = True) -> None:
    """Power curves, what is wanted of them, and a gate that is blind."""
    for name, each in (("in one boot, 32 alternations a pair", IN_ONE_BOOT),
                       ("across boots, 4 rounds a pair", ACROSS_BOOTS),
                       ("across boots, 1 round a pair", 1)) if curves else ():
        _curve(noise, figures, name, each, draws)
    for name, change, pairs, each in (("+2 %, 30 pairs in one boot", 0.02, 30, IN_ONE_BOOT),
                                      ("+5 %, 60 pairs across boots", 0.05, 60, ACROSS_BOOTS)):
        found = noise_trials.power(noise, "p50", change, pairs, each, 2 * draws, seed=5).alone
        figures.add(f"power at {name}", f"{found:.3f} (wanted: {POWER_MIN})", found >= POWER_MIN)
    for figure in ("p90", "p99"):
        twice = 2 * DELTAS[figure]
        found = noise_trials.power(noise, figure, twice, 60, ACROSS_BOOTS, draws).alone
        figures.say(f"power, {figure} at {100 * twice:+.0f} %, 60 pairs across boots: {found:.3f}")
    blind = noise_trials.power(noise, "p50", 0.2, 30, ACROSS_BOOTS, draws, delta=0.3).alone
    figures.add("control: a gate that is blind to +20 % has no power", f"{blind:.3f}", blind < POWER_MIN)


def missed_regressions(noise: Noise, figures: Figures, draws: int) -> None:
    """How often 'no regression' is said of a cell that is just as much worse as is not allowed
    any more: all looks together, each figure by itself. It is at most alpha, 1 %; as much again is
    for the luck of the draw."""
    plan, random = Plan(), numpy.random.default_rng(6)
    suites = Suites(noise, plan, dict(DELTAS))
    for figure in DELTAS:
        said = sum(any(suites.clears(b, figure, s, w, n) for n in plan.looks)
                   for b, s, w in suites.cells(random, draws))
        figures.add(f"'no regression' of {figure} that is worse by {100 * DELTAS[figure]:.0f} %",
                    f"{100 * said / draws:.1f} % of {draws} cells (wanted: at most 2 %)",
                    said / draws <= 0.02)


def shown(noise: Noise, figures: Figures, draws: int) -> None:
    """Of how many figures of identical code it is shown that they are no regression: that a
    suite is good needs all of them."""
    plan, random = Plan(), numpy.random.default_rng(10)
    suites = Suites(noise, plan)
    cells, parts = suites.cells(random, draws), []
    for figure in DELTAS:
        found = sum(suites.clears(b, figure, s, w, plan.cap()) for b, s, w in cells)
        parts.append(f"{figure} {100 * found / draws:.0f} %")
    figures.say(f"identical code, 'no regression' is shown by {plan.cap()} pairs of: {', '.join(parts)}")


def _spoil(logs: Any) -> None:
    logs[_SPOILT_ROUND] = _SPOILT


def spoilt(noise: Noise, figures: Figures, suites: int) -> None:
    """One round in which the new one took ten times as long, in each cell."""
    plan = Plan()
    trials: tuple[tuple[str, dict[str, float]], ...] = (
        ("identical code", {}), ("p50 worse by 10 %", {"p50": 0.1}))
    for name, shifts in trials:
        turned, moved, count = noise_trials.flips(
            Suites(noise, plan, shifts), Suites(noise, plan, shifts, corrupt=_spoil), suites, 7)
        figures.add(f"one spoilt round turns no verdict over, {name}",
                    f"{turned} of {count} turned over; {moved} changed to or from 'cannot tell'",
                    not turned)
    outcomes = Suites(noise, plan, corrupt=_spoil).outcomes(suites, 8)
    figures.add("one spoilt round is no alarm", *false_alarms(outcomes))


def peers(noise: Noise, figures: Figures, draws: int) -> None:
    """False alarms of other rules in three designs; what is known of them on other recordings
    of this machine stands in brackets."""
    series = [numpy.exp(noise.series[bench, "p50"]) for bench in noise.benches()]
    random = numpy.random.default_rng(9)
    figures.say("false alarms, % of cells (in brackets: other recordings of the machine); and how "
                "many of +10 % are found, %")
    figures.say(f"  {'rule':<32}" + "".join(f"{d:>16}" for d in peer_rules.DESIGNS) + f"{'+10 %':>8}")
    stored = []
    for rule in peer_rules.RULES:
        seen = [peer_rules.alarms(rule, series, d, draws, random) for d in peer_rules.DESIGNS]
        finds = peer_rules.alarms(rule, series, "interleaved", draws, random, 0.1)
        known = [f" ({k:g})" for k in rule.known or ("?",) * 3]
        figures.say(f"  {rule.name:<32}" + "".join(f"{s:.1f}{k}".rjust(16) for s, k in zip(seen, known))
                    + f"{finds:>8.1f}")
        stored.append(seen[0])
    figures.add("each of them is wrong of a stored baseline", f"{min(stored):.1f} to {max(stored):.1f} % of "
                "cells", min(stored) > 100 * ALARMS_MAX)
    ours = noise_trials.power(noise, "p50", 0.0, 60, ACROSS_BOOTS, 4 * draws).alone
    finds = noise_trials.power(noise, "p50", 0.1, 60, ACROSS_BOOTS, draws).alone
    figures.say(f"  {'this gate, 60 pairs, p .01':<32}{'-':>16}{'-':>16}{100 * ours:>16.1f}"
                f"{100 * finds:>8.1f}")


def run(noise: Noise, figures: Figures, suites: int, draws: int) -> None:
    """All of it."""
    began = time.monotonic()
    suites_of(noise, figures, suites)
    missed_regressions(noise, figures, 2 * draws)
    shown(noise, figures, draws)
    power_of(noise, figures, draws)
    spoilt(noise, figures, max(5, suites // 50))
    peers(noise, figures, draws)
    figures.say(f"{len(figures.missed)} missed, {time.monotonic() - began:.0f} s")
