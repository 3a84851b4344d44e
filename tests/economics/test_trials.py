"""Formulas of tests, subscriptions and second choices, by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimizer.economics import trials
from optimizer.economics.normal import cdf

EDGES = (0.0, 0.5, 0.85, 0.98, 1.0)


def test_taken() -> None:
    """100 people of whom a tenth take the plan and 300 of whom a fifth do: 70 of 400."""
    assert trials.taken(np.array([100.0, 300.0]), np.array([0.1, 0.2])) == pytest.approx(0.175)
    assert trials.taken(np.zeros(2), np.array([0.1, 0.2])) == 0.0


def test_still_held_and_gone() -> None:
    """One type leaves at 0.1 a month, the other never does; after two months e^-0.2 of the first are there."""
    held, leaving = np.array([3.0, 1.0]), np.array([0.1, 0.0])
    kept = (3.0 * math.exp(-0.2) + 1.0) / 4.0
    assert trials.still_held(held, leaving, 2.0) == pytest.approx(kept)
    # of the first type's decisions at 0.2 a month a quarter go to the other plan, a quarter elsewhere, half stay
    gone = trials.gone_to(held, leaving, np.array([0.2, 0.3]), np.array([0.25, 0.0]), 2.0)
    assert gone == pytest.approx(3.0 * (1.0 - math.exp(-0.2)) * 0.2 * 0.25 / 0.1 / 4.0)
    assert gone == pytest.approx(0.5 * (1.0 - kept))  # the other half of those who left went elsewhere


def test_rate_of() -> None:
    assert trials.rate_of(np.array([3.0, 1.0]), np.array([0.1, 0.3])) == pytest.approx(0.15)


def test_second_choices() -> None:
    """Attractions 1 and 3 of our other plans, 2 of a rival and 2 of nothing; then 1, 0, 1 and 2."""
    held = np.array([2.0, 2.0])
    ours, outside = np.array([[1.0, 3.0], [1.0, 0.0]]), np.array([[2.0, 2.0], [1.0, 2.0]])
    shares = trials.second_choices(held, ours, outside)
    assert shares == pytest.approx([0.5 * (1 / 8 + 1 / 4), 0.5 * 3 / 8, 0.5 * (2 / 8 + 1 / 4), 0.5 * (2 / 8 + 2 / 4)])
    assert shares.sum() == pytest.approx(1.0)


@pytest.mark.parametrize("sigma", [0.5, 1.1, 1.6])
def test_the_spread_of_all_classes_is_sigma(sigma: float) -> None:
    assert trials.wish_spread(np.diff(np.array(EDGES)), sigma, EDGES) == pytest.approx(sigma)


def test_moments_of_classes_against_a_sum() -> None:
    """The upper half of a lognormal, added up in fine steps."""
    z = np.linspace(-9.0, 9.0, 400_001)
    mass = np.diff(cdf(z))
    middle = 0.5 * (z[1:] + z[:-1])
    x = np.exp(1.1 * middle - 0.5 * 1.1**2)
    for power in (0.5, 1.0):
        halves = [2.0 * float((mass * x**power)[part].sum()) for part in (middle < 0.0, middle > 0.0)]
        assert trials.moment_of_class(power, 1.1, (0.0, 0.5, 1.0)) == pytest.approx(halves, rel=1e-6)
    root, mean = 2.0 * float((mass * np.sqrt(x))[middle > 0.0].sum()), 2.0 * float((mass * x)[middle > 0.0].sum())
    told = trials.wish_spread(np.array([0.0, 7.0]), 1.1, (0.0, 0.5, 1.0))
    assert told == pytest.approx(2.0 * math.sqrt(math.log(mean / root**2)), rel=1e-5) and told < 1.1


def test_visitors_needed() -> None:
    """The logarithm of the ratio of two counts of k has variance 2 / k: of 108 sign-ups an arm the error is 0.136.

    Over ln 2 that is an elasticity known to 0.196; known to 0.34 before, it is known to half of that with the test.
    """
    visitors = trials.visitors_needed(0.02, 2.0, 0.34)
    error = math.sqrt(2.0 / (0.02 * visitors)) / math.log(2.0)
    assert 1.0 / math.sqrt(1.0 / 0.34**2 + 1.0 / error**2) == pytest.approx(0.17)
