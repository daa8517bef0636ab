# SPDX-License-Identifier: GPL-2.0
"""Statistics of pairs: against scipy's, and where they have to be symmetrical."""

from __future__ import annotations

import math

import numpy
import pytest
from kmblib import paired
from kmblib.paired import CANNOT_TELL, NONE, REGRESSION
from scipy import stats


@pytest.mark.parametrize("count", [3, 10, 30, 50])
def test_p_is_that_of_scipy(count: int) -> None:
    """Exactly, of whatever direction."""
    random = numpy.random.default_rng(count)
    for change in (-0.05, 0.0, 0.01, 0.05):
        values = random.normal(change, 0.05, count)
        wanted = stats.wilcoxon(values - math.log1p(0.01), alternative="greater", method="exact").pvalue
        assert paired.signed_rank(values, 0.01) == pytest.approx(wanted, abs=1e-12)


def test_interval_and_test_never_contradict() -> None:
    """The lower end is above a change exactly where the test of that change rejects it."""
    random, seen = numpy.random.default_rng(1), set()
    for count in (8, 20, 60):
        for _ in range(200):
            values = random.normal(0.02, 0.03, count)
            low = paired.hodges_lehmann(values, 0.01).low
            rejected = paired.signed_rank(values, 0.01) <= 0.01
            assert rejected == (low > math.log1p(0.01))
            seen.add(rejected)
    assert seen == {True, False}


def test_interval_holds_the_change_as_often_as_it_says() -> None:
    """Each end is wrong in 5 % of cases at most; and not never, which would be worth nothing."""
    random, below, above = numpy.random.default_rng(2), 0, 0
    for _ in range(2000):
        found = paired.hodges_lehmann(random.standard_t(2, 20), 0.05)
        below, above = below + (found.high < 0), above + (found.low > 0)
    assert 0.03 < below / 2000 < 0.065 and 0.03 < above / 2000 < 0.065


def test_other_side_has_the_other_sign() -> None:
    """Estimate and interval, to the last digit."""
    values = numpy.random.default_rng(3).normal(0.02, 0.05, 25)
    one, other = (paired.hodges_lehmann(sign * values, 0.01) for sign in (1, -1))
    assert (one.middle, one.low, one.high) == (-other.middle, -other.high, -other.low)
    assert one.middle > 0


def test_order_changes_nothing() -> None:
    """Of pairs."""
    values = numpy.random.default_rng(4).normal(0.02, 0.05, 25)
    assert paired.tested(values, 0.01, 0.01) == paired.tested(values[::-1], 0.01, 0.01)


def test_rounds_of_one_unit_are_one_value() -> None:
    """Twice the same rounds are no more evidence. The control: as units of their own they
    would be."""
    random = numpy.random.default_rng(5)
    values, units = list(random.normal(0.02, 0.05, 24)), [i // 2 for i in range(24)]
    once, twice = (paired.by_unit(values * n, units * n) for n in (1, 2))
    assert len(once) == 12 and list(once) == list(twice)
    assert paired.signed_rank(numpy.array(values * 2), 0.0) < paired.signed_rank(numpy.array(values), 0.0)


def test_one_wild_value_is_one_rank() -> None:
    """However wild."""
    values = numpy.random.default_rng(6).normal(0.0, 0.01, 20)
    wild, wilder = (numpy.append(values, by) for by in (1.0, 1000.0))
    assert paired.tested(wild, 0.01, 0.01) == paired.tested(wilder, 0.01, 0.01)
    assert paired.signed_rank(wild, 0.01) > 0.01


def test_too_few_pairs_are_unbounded() -> None:
    """Of five no end is sure to 1 %; neither a regression nor its absence can be shown."""
    tested = paired.tested(numpy.array([0.5] * 5), 0.01, 0.01)
    assert tested.change.high == math.inf and tested.change.low == -math.inf
    assert paired.verdict(tested, tested.p, 0.01, 0.01) == CANNOT_TELL


def test_holm() -> None:
    """The example of a textbook, in any order; ties are the same."""
    assert paired.holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert paired.holm([0.6, 0.6]) == [1.0, 1.0] and not paired.holm([])


def test_benjamini_hochberg() -> None:
    """The same of screening; it never asks for more than Holm does."""
    p = [0.01, 0.04, 0.03, 0.005]
    assert paired.benjamini_hochberg(p) == pytest.approx([0.02, 0.04, 0.04, 0.02])
    random = list(numpy.random.default_rng(7).random(100))
    assert all(b <= h for b, h in zip(paired.benjamini_hochberg(random), paired.holm(random)))


@pytest.mark.parametrize("change, wanted", [(0.05, REGRESSION), (0.0, NONE), (0.01, CANNOT_TELL)])
def test_three_verdicts(change: float, wanted: str) -> None:
    """Much worse, the same, and just as much worse as is allowed."""
    values = numpy.random.default_rng(8).normal(math.log1p(change), 0.01, 40)
    tested = paired.tested(values, 0.01, 0.01)
    assert paired.verdict(tested, tested.p, 0.01, 0.01) == wanted
