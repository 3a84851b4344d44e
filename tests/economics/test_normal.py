"""Normal and lognormal classes against tables, integration and simulation."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimizer.economics import normal
from optimizer.economics.population import Pools

EDGES = (0.0, 0.5, 0.9, 0.99, 1.0)
DRAWS = 1_000_000


def test_cdf() -> None:
    got = normal.cdf(np.array([0.0, 1.0, -1.0, 1.959963984540054, -10.0]))
    assert got[:4] == pytest.approx([0.5, 0.8413447460685429, 0.15865525393145707, 0.975], rel=1e-14)
    assert got[4] == pytest.approx(7.61985302416047e-24, rel=1e-12)


def test_quantile() -> None:
    assert normal.quantile(0.975) == pytest.approx(1.959963984540054, rel=1e-12)
    assert (normal.quantile(0.0), normal.quantile(0.5), normal.quantile(1.0)) == (-math.inf, 0.0, math.inf)


def test_lognormal_class_means() -> None:
    random = np.random.default_rng(11)
    draws = np.sort(70.0 * random.lognormal(-0.5 * 1.1**2, 1.1, DRAWS))
    pieces = np.split(draws, [int(e * DRAWS) for e in EDGES[1:-1]])
    got = normal.lognormal_class_means(70.0, 1.1, EDGES)
    assert got == pytest.approx([p.mean() for p in pieces], rel=0.01)
    assert float(got @ np.diff(EDGES)) == pytest.approx(70.0, rel=1e-12)


def test_lognormal_class_means_without_spread() -> None:
    assert normal.lognormal_class_means(70.0, 0.0, EDGES) == pytest.approx([70.0] * 4)


def test_normal_class_means() -> None:
    # halves of a standard normal lie at -+ 2 phi(0) = -+ sqrt(2 / pi)
    half = math.sqrt(2.0 / math.pi)
    assert normal.normal_class_means((0.0, 0.5, 1.0)) == pytest.approx([-half, half], rel=1e-14)
    draws = np.sort(np.random.default_rng(12).normal(size=DRAWS))
    pieces = np.split(draws, [int(e * DRAWS) for e in EDGES[1:-1]])
    assert normal.normal_class_means(EDGES) == pytest.approx([p.mean() for p in pieces], abs=0.01)


def test_joint_class_shares_of_halves() -> None:
    # both above the median: 1/4 + asin(rho) / (2 pi)
    got = normal.joint_class_shares(0.5, (0.0, 0.5, 1.0), (0.0, 0.5, 1.0))
    both = 0.25 + math.asin(0.5) / (2.0 * math.pi)
    assert got == pytest.approx(np.array([[both, 0.5 - both], [0.5 - both, both]]), abs=1e-6)


def test_joint_class_shares_without_correlation() -> None:
    got = normal.joint_class_shares(0.0, EDGES, (0.0, 0.3, 1.0))
    assert got == pytest.approx(np.outer(np.diff(EDGES), [0.3, 0.7]), rel=1e-12)


@pytest.mark.parametrize("correlation", [-0.6, 0.4, 0.9])
def test_joint_class_shares_by_simulation(correlation: float) -> None:
    random = np.random.default_rng(13)
    u = random.normal(size=DRAWS)
    v = correlation * u + math.sqrt(1.0 - correlation**2) * random.normal(size=DRAWS)
    cuts = [-math.inf, *(normal.quantile(e) for e in EDGES[1:-1]), math.inf]
    counts, _, _ = np.histogram2d(u, v, bins=[cuts, cuts])
    got = normal.joint_class_shares(correlation, EDGES, EDGES)
    assert got == pytest.approx(counts / DRAWS, abs=2e-3)
    assert got.sum(axis=1) == pytest.approx(np.diff(EDGES), rel=1e-12)


def test_contracted_pools() -> None:
    blank = np.zeros(2)
    pools = Pools(("a", "b"), blank, np.array([10.0, math.nan]), blank, blank, ("day",), np.array([730.0]))
    assert pools.contracted.tolist() == [True, False]
