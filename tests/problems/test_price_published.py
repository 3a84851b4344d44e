"""PriceProblem on published families: van de Geer and den Boer (2022), and the parking case of Ibeas et al. (2014)."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

from optimizer.problems.price import PriceProblem

BEST = {
    7: 1492.173,
    8: 994.471,
    9: 2560.772,
    10: 1351.623,
    11: 1736.188,
    12: 603.566,
    13: 1769.944,
    14: 2375.432,
    15: 2281.339,
    16: 2997.022,
    17: 917.326,
    18: 1673.981,
    19: 3233.857,
    20: 1609.245,
    21: 2653.151,
}
"""Best known revenues, three decimals."""


def markup(a: np.ndarray, b: np.ndarray) -> float:
    """The root of R = sum exp(a - 1 - b R) / b."""
    low, high = 0.0, 1e5
    for _ in range(100):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if (np.exp(a - 1 - b * mid) / b).sum() > mid else (low, mid)
    return high


def draw(seed: int, segments: int, products: int, delta: float = 0.0) -> PriceProblem:
    rng = np.random.RandomState(seed)
    w = rng.uniform(0, 1, size=segments)
    a = np.array([rng.uniform(-7, 7, size=products) for _ in range(segments)])
    b = rng.uniform(0.001, 0.01, size=products)
    slopes = (
        np.array([b * (1 + delta * t) for t in np.linspace(-1, 1, segments)]) if delta else np.tile(b, (segments, 1))
    )
    most = max(markup(*row) for row in zip(a, slopes, strict=True))
    return PriceProblem(w / w.sum(), a, slopes, np.zeros(products), (1 / slopes).min(0), (1 / slopes).max(0) + most)


@cache
def published(seed: int) -> PriceProblem:
    m, n = divmod(seed - 2, 5)
    return draw(seed, m + 1, 10 * (n + 1))


@pytest.mark.parametrize("seed", range(7, 22))
def test_every_published_seed_is_proven(seed: int) -> None:
    for gap in (1e-2, 1e-3):
        solution = published(seed).solve(gap=gap, time_limit=20.0)
        assert solution.verdict == "proved"
        assert solution.method == "outside_shares"
        assert solution.bound >= BEST[seed] - 5e-4  # never below a feasible value
        assert solution.value >= BEST[seed] * (1 - 1e-5)
        assert solution.bound <= solution.value * (1 + gap * (1 + 1e-9))


def test_tight_gaps_agree_with_loose_ones() -> None:
    for seed in (7, 12):
        tight = published(seed).solve(gap=1e-6, time_limit=20.0)
        assert tight.verdict == "proved"
        assert published(seed).solve(gap=1e-2).bound >= tight.value


@pytest.mark.parametrize("delta", [0.1, 0.25, 0.5])
def test_segments_with_their_own_price_coefficients(delta: float) -> None:
    problem = draw(11, 2, 50, delta)
    solution = problem.solve(gap=1e-3, time_limit=20.0)
    assert solution.verdict == "proved"
    rng = np.random.default_rng(0)
    lower, upper = problem.data.lower, problem.data.upper
    for _ in range(50):
        near = np.clip(solution.prices * rng.normal(1.0, 0.02, len(lower)), lower, upper)
        assert problem.evaluate(near) <= solution.bound


def parking(customers: int, draws: int, seed: int = 0) -> PriceProblem:
    """Free street parking is the outside option; fee coefficients and access times are drawn."""
    rng = np.random.default_rng(seed)
    origin, old, poor, resident = rng.integers(0, 2, size=(4, customers, 1))
    both = rng.multivariate_normal([-0.788, -32.3], [[1.06**2, -12.8], [-12.8, 14.2**2]], size=(customers, draws))
    access, fee = both[..., 0], both[..., 1]
    free = 10 * access - 5.762 * origin
    paid = 32 + 10 * access - 0.612 * 10 - free
    under = 34 + 5 * access - 0.612 * 10 + 4.037 * old - free
    slopes = np.stack([-(fee - 10.995 * poor - 11.44 * resident), -(fee - 13.729 * poor - 10.668 * resident)], axis=-1)
    return PriceProblem(
        np.full(customers * draws, 1.0 / draws),
        np.stack([paid, under], axis=-1).reshape(-1, 2),
        slopes.reshape(-1, 2),
        [0.0, 0.0],
        0.0,
        1.0,
    )


@pytest.mark.parametrize("draws", [10, 100])
def test_parking_is_certified(draws: int) -> None:
    problem = parking(10, draws)
    solution = problem.solve(gap=1e-3, time_limit=60.0)
    assert solution.method == "prices"
    assert solution.verdict == "proved"
    grid = np.linspace(0.0, 1.0, 41)
    best = max(problem.evaluate([x, y]) for x in grid for y in grid)
    assert best <= solution.bound
    assert solution.value >= best


def test_parking_has_draws_that_like_the_fee() -> None:
    assert (parking(10, 100).data.slopes < 0).any()
