# SPDX-License-Identifier: GPL-2.0
"""The statistical gate on recorded noise, a small part of `make gate-selftest`; each with a
broken gate that has to be seen."""

from __future__ import annotations

from pathlib import Path

import pytest
from kmblib import noise_selftest, noise_trials, peer_rules
from kmblib.noise_selftest import Figures
from kmblib.noise_trials import ACROSS_BOOTS, IN_ONE_BOOT, Noise, Suites
from kmblib.paired import DELTAS
from kmblib.plan import Plan

# One look, so that a hundred suites take seconds; fewer cells make no difference to the rule.
_PLAN, _SUITES, _CELLS = Plan((30,), 2), 100, 16


@pytest.fixture(name="noise", scope="module")
def _noise(data: Path) -> Noise:
    return noise_trials.load(data / "noise-restarts.csv")


def _alarms(suites: Suites) -> tuple[str, bool]:
    return noise_selftest.false_alarms(suites.outcomes(_SUITES, 1, _CELLS))


def test_identical_code_is_no_alarm(noise: Noise) -> None:
    """Nor what is worse by just as much as is allowed."""
    for share in (0, 1):
        said, good = _alarms(Suites(noise, _PLAN, {f: share * by for f, by in DELTAS.items()}))
        assert good, said


def test_gate_without_holm_is_seen(noise: Noise) -> None:
    """The control."""
    said, good = _alarms(Suites(noise, _PLAN, dict(DELTAS), noise_trials.without_holm))
    assert not good, said


def test_power(noise: Noise) -> None:
    """In one boot and across boots; and the control, a gate that is blind to +20 %."""
    figures = Figures(lambda _text: None)
    noise_selftest.power_of(noise, figures, 40, curves=False)
    assert not figures.missed
    assert noise_trials.power(noise, "p50", 0.2, 30, ACROSS_BOOTS, 40, delta=0.3).alone < 0.5
    assert noise_trials.power(noise, "p50", 0.0, 30, IN_ONE_BOOT, 40).alone <= 0.05


def test_missed_figure_is_told() -> None:
    """By its name, and it alone."""
    said: list[str] = []
    figures = Figures(said.append)
    figures.add("false alarms", *noise_selftest.false_alarms(["no regression"] * 100))
    figures.add("too many", *noise_selftest.false_alarms(["regression"] * 2 + ["cannot tell"] * 98))
    assert figures.missed == ["too many"]
    assert said[0].startswith("ok ") and said[1].startswith("MISS too many: 2 of 100")


def test_spoilt_round(noise: Noise) -> None:
    """Turns no verdict over, in a suite."""
    figures = Figures(lambda _text: None)
    noise_selftest.spoilt(noise, figures, 1)
    assert not figures.missed


def test_peers_are_as_wrong_as_is_known(noise: Noise) -> None:
    """Of a stored baseline; interleaving alone makes most of the difference."""
    figures = Figures(lambda _text: None)
    noise_selftest.peers(noise, figures, 20)
    assert not figures.missed and len(peer_rules.RULES) == 6


def test_bound_of_a_rate() -> None:
    """Clopper and Pearson's, of tables."""
    assert noise_trials.upper_bound(0, 1000) == pytest.approx(0.00299, abs=1e-5)
    assert noise_trials.upper_bound(8, 1000) == pytest.approx(0.01438, abs=1e-5)
    assert noise_trials.upper_bound(5, 5) == 1.0
