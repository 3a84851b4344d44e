"""The posterior: exact where everything is linear, at the best point where it is not."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.errors import bad_argument
from optimizer.learn.posterior import covariance, forward_slopes, log_density, posterior, refitted
from optimizer.typing import Array

A = np.array([[2.0, 0.0, 0.0], [1.0, 1.0, 0.0], [0.0, 3.0, 0.0]])
B = np.array([1.0, -0.5, 2.0])


def linear(z: Array) -> Array:
    return np.asarray(A @ z - B)


def test_linear_by_hand() -> None:
    """One figure 3 z = 2 +- 1 and a standard normal prior: mean 3 x 2 / (9 + 1), variance 1 / 10."""
    found = posterior(lambda z: 3.0 * z - 2.0, lambda z, r: np.array([[3.0]]), np.zeros(1))
    assert found.z[0] == pytest.approx(0.6) and found.sd[0] == pytest.approx(0.1**0.5)
    assert found.log_density == pytest.approx(-0.5 * (0.2**2 + 0.6**2))


def test_linear_of_three() -> None:
    found = posterior(linear, lambda z, r: A, np.zeros(3))
    assert found.z == pytest.approx(np.linalg.solve(A.T @ A + np.eye(3), A.T @ B))
    assert found.sd[2] == pytest.approx(1.0)  # nothing speaks of the third
    alone = np.array([False, False, True])
    assert found.sd_without(alone)[1] == pytest.approx(np.sqrt(covariance(A[:2])[1, 1]))


def test_draws_of_a_linear_posterior_have_its_spread() -> None:
    found = posterior(linear, lambda z, r: A, np.zeros(3))
    rng = np.random.default_rng(3)
    draws = np.array([refitted(found, linear, rng) for _ in range(4000)])
    assert np.abs(draws.mean(axis=0) - found.z).max() < 0.06, "seed 3"
    assert np.cov(draws.T) == pytest.approx(found.covariance, abs=0.06), "seed 3"


def curved(z: Array) -> Array:
    """Two figures of e^z1 and z1 z2; there is no market below -3."""
    if z[0] < -3.0:
        raise bad_argument("z", "no market")
    return np.array([(np.exp(z[0]) - 3.0) / 0.1, (z[0] * z[1] - 0.5) / 0.1])


def test_curved() -> None:
    """The best point of the density, by a search of all points."""
    slopes_asked = []

    def slopes(z: Array, r: Array) -> Array:
        slopes_asked.append(z)
        return forward_slopes(lambda at, _: curved(at), z, r, 1e-4)

    found = posterior(curved, slopes, np.zeros(2))
    grid = [np.array([a, b]) for a in np.linspace(0.9, 1.3, 161) for b in np.linspace(0.2, 0.7, 201)]
    best = max(grid, key=lambda z: log_density(curved(z), z))
    assert found.z == pytest.approx(best, abs=0.01)
    assert len(slopes_asked) < found.steps + 2  # a Jacobian serves for several steps


def test_slopes_where_there_is_no_market_ahead() -> None:
    def residuals(z: Array, k: int) -> Array:
        if z[0] > 1.0 or z[1] != 0.0:
            raise bad_argument("z", "no market")
        return np.array([2.0 * z[0], z[0] ** 2])

    at = np.array([1.0, 0.0])
    slopes = forward_slopes(residuals, at, np.array([2.0, 1.0]), 1e-6)
    assert slopes[:, 0] == pytest.approx([2.0, 2.0], abs=1e-5) and (slopes[:, 1] == 0.0).all()
