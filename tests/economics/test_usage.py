"""Use under caps: closed forms against integration and simulation, purchases against a search."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest

from optimizer.economics import usage
from optimizer.economics.usage import Window

DRAWS = 400_000


def quadrature(mean: float, sigma: float, what: object, steps: int = 40_000) -> float:
    """Expectation over a lognormal by the midpoint rule in the normal, from -9 to 9."""
    mu, width = math.log(mean) - 0.5 * sigma**2, 18.0 / steps
    z = -9.0 + width * (np.arange(steps) + 0.5)
    density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi)
    return float((what(np.exp(mu + sigma * z)) * density).sum() * width)  # type: ignore[operator]


def one(value: float) -> np.ndarray:
    return np.array([value])


@pytest.mark.parametrize(("mean", "sigma", "cap"), [(10.0, 1.0, 8.0), (3.0, 0.4, 50.0), (200.0, 1.8, 5.0)])
def test_limited_mean(mean: float, sigma: float, cap: float) -> None:
    by_hand = quadrature(mean, sigma, lambda d: np.minimum(d, cap))
    assert usage.limited_mean(one(mean), one(sigma), cap) == pytest.approx([by_hand], rel=1e-7)


def test_limited_mean_worked_out() -> None:
    # mu = 0, sigma = 1, cap 1: e^0.5 Phi(-1) + Phi(0)
    by_hand = math.exp(0.5) * NormalDist().cdf(-1.0) + 0.5
    assert usage.limited_mean(one(math.exp(0.5)), one(1.0), 1.0) == pytest.approx([by_hand], rel=1e-12)


def test_limited_mean_at_its_ends() -> None:
    mean, sigma = np.array([0.0, 5.0, 5.0, 5.0]), np.array([1.0, 0.0, 0.0, 1.0])
    got = usage.limited_mean(mean, sigma, np.array([3.0, 3.0, 9.0, math.inf]))
    assert got == pytest.approx([0.0, 3.0, 5.0, 5.0])
    assert usage.limited_mean(one(5.0), one(1.0), 0.0) == pytest.approx([0.0])


@pytest.mark.parametrize(("mean", "sigma", "cap"), [(10.0, 1.0, 8.0), (3.0, 0.4, 50.0), (200.0, 1.8, 5.0)])
def test_limited_square(mean: float, sigma: float, cap: float) -> None:
    by_hand = quadrature(mean, sigma, lambda d: np.minimum(d, cap) ** 2)
    assert usage.limited_square(one(mean), one(sigma), cap) == pytest.approx([by_hand], rel=1e-6)


def test_limited_square_at_its_ends() -> None:
    # no cap: m^2 e^(s^2); no spread: min(m, a)^2; a cap of 0: nothing
    got = usage.limited_square(np.array([2.0, 5.0, 5.0]), np.array([1.0, 0.0, 1.0]), np.array([math.inf, 3.0, 0.0]))
    assert got == pytest.approx([4.0 * math.e, 9.0, 0.0])


def test_exceedance() -> None:
    # mu = 0: P(D > 1) = 1/2, P(D > e) = 1 - Phi(1)
    mean = one(math.exp(0.5))
    assert usage.exceedance(mean, one(1.0), 1.0) == pytest.approx([0.5])
    assert usage.exceedance(mean, one(1.0), math.e) == pytest.approx([NormalDist().cdf(-1.0)])
    assert usage.exceedance(mean, one(1.0), math.inf) == pytest.approx([0.0])
    assert usage.exceedance(np.array([0.0, 5.0]), np.array([1.0, 0.0]), 3.0) == pytest.approx([0.0, 1.0])
    assert usage.exceedance(np.array([5.0, 0.0]), np.array([1.0, 1.0]), 0.0) == pytest.approx([1.0, 0.0])


def test_served_without_a_cap() -> None:
    taken, binds = usage.served(np.array([120.0, 0.0]), [])
    assert taken == pytest.approx([120.0, 0.0])
    assert binds == pytest.approx([0.0, 0.0])


def test_served_under_one_cap_by_simulation() -> None:
    """150 requests a month in 30 days of sigma 0.9, at most 6 a day: within four standard errors."""
    random = np.random.default_rng(1)
    days, mean, sigma, cap = 30, 5.0, 0.9, 6.0
    demand = random.lognormal(math.log(mean) - 0.5 * sigma**2, sigma, DRAWS)
    capped = np.minimum(demand, cap)
    taken, binds = usage.served(one(mean * days), [Window(one(days), one(sigma), cap)])
    assert abs(taken[0] / days - capped.mean()) < 4.0 * capped.std() / math.sqrt(DRAWS)
    assert binds == pytest.approx([1.0 - (demand <= cap).mean() ** days], abs=1e-3)


def simulate_two(sigma: float, short: float, long: float, weeks: int) -> tuple[float, float]:
    """Mean served a week of 10 windows with caps ``short`` and ``long``, and the share of weeks in which one binds."""
    random = np.random.default_rng(2)
    demand = random.lognormal(math.log(4.0) - 0.5 * sigma**2, sigma, (weeks, 10))
    summed = np.minimum(demand, short).sum(axis=1)
    bound = (demand > short).any(axis=1) | (summed > long)
    return float(np.minimum(summed, long).mean()), float(bound.mean())


@pytest.mark.parametrize(
    ("sigma", "short", "long"), [(0.8, 6.0, 35.0), (0.8, 6.0, 25.0), (1.2, 20.0, 40.0), (0.5, 30.0, 42.0)]
)
def test_served_under_two_caps_by_simulation(sigma: float, short: float, long: float) -> None:
    """10 short windows in each of 4 weeks, 4 requests wanted in each: moment matching is within 1 %."""
    simulated, bound = simulate_two(sigma, short, long, 60_000)
    windows = [Window(one(40.0), one(sigma), short), Window(one(4.0), one(0.3), long)]
    taken, binds = usage.served(one(160.0), windows)
    assert taken[0] / 4.0 == pytest.approx(simulated, rel=0.01)
    # both caps in the same week are not independent, so the probability is coarser
    assert binds[0] == pytest.approx(1.0 - (1.0 - bound) ** 4, abs=0.06)
    # taking the tighter of the two single caps would be too much
    assert taken[0] / 4.0 < min(10.0 * float(usage.limited_mean(one(4.0), one(sigma), short)[0]), long)


def test_served_when_the_shorter_window_has_no_cap() -> None:
    """The longer window's own sigma counts then: 40 a week of sigma 0.3, at most 35."""
    windows = [Window(one(40.0), one(0.8), math.inf), Window(one(4.0), one(0.3), 35.0)]
    taken, binds = usage.served(one(160.0), windows)
    assert taken == pytest.approx([4.0 * quadrature(40.0, 0.3, lambda d: np.minimum(d, 35.0))], rel=1e-7)
    exceeds = NormalDist().cdf(-(math.log(35.0 / 40.0) + 0.045) / 0.3)
    assert binds == pytest.approx([1.0 - (1.0 - exceeds) ** 4], rel=1e-9)


def test_served_with_a_tiny_first_cap_has_no_spread_left() -> None:
    windows = [Window(one(40.0), one(0.8), 0.01), Window(one(4.0), one(0.3), 35.0)]
    assert usage.served(one(160.0), windows)[0] == pytest.approx([0.4], rel=1e-3)


def test_fallback_served_by_simulation() -> None:
    """Of what a cap of 6 a day refuses, a fallback serves up to 5: within four standard errors."""
    random = np.random.default_rng(3)
    days, mean, sigma = 30, 5.0, 0.9
    demand = random.lognormal(math.log(mean) - 0.5 * sigma**2, sigma, DRAWS)
    layer = np.minimum(np.maximum(demand - 6.0, 0.0), 5.0)
    windows = [Window(one(days), one(sigma), 6.0)]
    taken, _ = usage.served(one(mean * days), windows)
    got = usage.fallback_served(one(mean * days), taken, windows, 5.0)
    assert abs(got[0] / days - layer.mean()) < 4.0 * layer.std() / math.sqrt(DRAWS)


def test_fallback_served_without_a_limit() -> None:
    windows = [Window(one(30.0), one(0.9), 6.0)]
    assert usage.fallback_served(one(150.0), one(110.0), windows, math.inf) == pytest.approx([40.0])
    assert usage.fallback_served(one(150.0), one(0.0), [], 5.0) == pytest.approx([150.0])


@pytest.mark.parametrize("price", [0.001, 0.02, 0.08, 0.5])
@pytest.mark.parametrize(("refused", "satisfied", "quality"), [(80.0, 0.0, 1.0), (80.0, 60.0, 0.4), (5.0, 2.0, 1.3)])
def test_bought_is_the_best_quantity(price: float, refused: float, satisfied: float, quality: float) -> None:
    """No quantity on a fine grid is worth more than the closed form, and the nearest is next to it."""
    value, beta = 1.4, 0.3
    grid = np.linspace(0.0, refused, 200_001)
    worth = value * np.log(1.0 + satisfied + quality * grid) - beta * price * grid
    got = usage.bought(one(refused), one(satisfied), quality, one(value), one(beta), price)
    assert got == pytest.approx([grid[worth.argmax()]], abs=2.0 * refused / 200_000)
    assert value * math.log(1.0 + satisfied + quality * got[0]) - beta * price * got[0] >= worth.max() - 1e-12


def test_bought_at_no_price_and_of_no_use() -> None:
    assert usage.bought(one(9.0), one(1.0), 1.0, one(1.0), one(0.1), 0.0) == pytest.approx([9.0])
    assert usage.bought(one(9.0), one(1.0), 0.0, one(1.0), one(0.1), 1.0) == pytest.approx([0.0])
