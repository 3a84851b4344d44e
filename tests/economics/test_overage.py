"""What is bought beyond the caps: credits first, then overage where it pays, and the fallback for the rest; by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from optimizer.economics import overage
from optimizer.economics.overage import Spent
from optimizer.economics.population import Terms
from optimizer.typing import Array

QUALITY = np.array([1.0, 0.5])


def row(*values: float) -> Array:
    return np.array([values], dtype=float)


def spend(
    value: float,
    credits: float = 0.0,
    inside: tuple[Array, Array, Array] = (row(50, 100), row(0, 0), row(100, 0)),
    prices: tuple[float | None, ...] = (0.1, None),
    fallback: int | None = 1,
) -> Spent:
    terms = Terms(20.0, ((), ()), prices, fallback, credits=credits)
    return overage.spend(inside, QUALITY, terms, np.array([value]), np.ones(1))


# 50 large requests inside the cap, 100 refused, which the small fallback serves: S = 100. A large one in place of a
# small one gains 0.5: bought are value / 0.1 - 101 / 0.5
@pytest.mark.parametrize(
    ("value", "credits", "bought", "paid"),
    [
        (20.0, 0.0, 0.0, 0.0),  # 200 - 202: not worth it, the fallback serves all
        (25.0, 0.0, 48.0, 4.8),
        (25.0, 3.0, 48.0, 1.8),  # the last one bought is worth what it was: credits pay for 30 of them
        (20.0, 3.0, 30.0, 0.0),  # credits are used up, and no more is bought
        (25.0, 10.0, 100.0, 0.0),  # all that is refused
        (25.0, 50.0, 100.0, 0.0),
    ],
)
def test_spend_with_a_fallback(value: float, credits: float, bought: float, paid: float) -> None:
    got = spend(value, credits)
    assert got.by_model == pytest.approx(row(50 + bought, 100 - bought), rel=1e-12)
    assert got.metered == pytest.approx([paid], abs=1e-12)
    assert got.satisfied == pytest.approx([100 + 0.5 * bought], rel=1e-12)


def test_spend_with_a_limited_fallback() -> None:
    """10 refused by all, 20 served by the fallback: the first gain 1 a request, the others 0.5."""
    inside = (row(0, 20), row(10, 0), row(20, 0))
    got = spend(4.0, inside=inside)  # 40 - 11 > 10; then 40 - 21 / 0.5 < 0
    assert got.by_model == pytest.approx(row(10, 20), rel=1e-12)
    assert got.metered == pytest.approx([1.0], rel=1e-12)
    got = spend(6.0, inside=inside)  # 60 - 11 > 10; then 60 - 42 = 18
    assert got.by_model == pytest.approx(row(28, 2), rel=1e-12)
    assert got.metered == pytest.approx([2.8], rel=1e-12)
    assert got.refused == pytest.approx(row(0, 0), abs=1e-12)


def test_spend_of_credits_on_two_ai_models() -> None:
    """4 usd at 0.1 each: 20 of the large one, which is worth more, and 20 of the 50 of the small one."""
    got = spend(0.1, 4.0, (row(0, 0), row(20, 50), row(0, 0)), (0.1, 0.1), None)
    assert got.by_model == pytest.approx(row(20, 20), rel=1e-12)
    assert got.refused == pytest.approx(row(0, 30), rel=1e-12)
    assert list(got.metered) == [0.0]


def test_spend_on_what_is_no_better_than_the_fallback() -> None:
    terms = Terms(20.0, ((), ()), (None, 0.1), fallback=0, credits=5.0)
    got = overage.spend((row(80, 0), row(0, 0), row(0, 60)), QUALITY, terms, np.array([50.0]), np.ones(1))
    assert got.by_model == pytest.approx(row(80, 0))
    assert list(got.metered) == [0.0]


def test_grown() -> None:
    got = overage.grown(np.array([[2.0, 6.0], [0.0, 0.0]]), np.array([[1.0, 3.0], [0.0, 0.0]]))
    assert got.tolist() == [[0.5], [1.0]]


@pytest.mark.parametrize("value", [0.5, 2.0, 4.0, 6.0, 9.0])
@pytest.mark.parametrize("credits", [0.0, 0.7, 2.0])
def test_spend_is_the_best_there_is(value: float, credits: float) -> None:
    """Against a grid of all that could be bought: large ones refused, large ones replaced, small ones refused."""
    inside, prices = (row(2, 20), row(10, 15), row(20, 0)), (0.1, 0.08)
    got = spend(value, credits, inside, prices)

    def utility(large: float, instead: float, small: float) -> float:
        satisfied = 12.0 + large + 0.5 * instead + 0.5 * small
        spent = 0.1 * (large + instead) + 0.08 * small
        return float(value * np.log1p(satisfied) - max(0.0, spent - credits))

    reached = float(value * np.log1p(got.satisfied[0]) - got.metered[0])
    grid = itertools.product(np.linspace(0, 10, 21), np.linspace(0, 20, 41), np.linspace(0, 15, 31))
    assert max(utility(*point) for point in grid) <= reached + 1e-9, (value, credits)
