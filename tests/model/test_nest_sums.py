"""Sums over a nest equal the nested logit combination by combination, by powers and by logarithms."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from optimizer.economics import choice
from optimizer.model.nest_sums import NestSums


@pytest.mark.parametrize("spread", [1.0, 3.0, 300.0])
@pytest.mark.parametrize("dissimilarity", [1.0, 0.7, 0.3, 0.05])
def test_sums_equal_the_formula(dissimilarity: float, spread: float) -> None:
    g = np.random.default_rng([int(100 * dissimilarity), int(spread)])
    counts, types = (3, 2, 4), 6
    attraction = [np.exp(spread * g.uniform(-1.0, 1.0, (types, n))) for n in counts]
    for a in attraction:
        a[g.random(a.shape) < 0.3] = 0.0  # off the menu, or not for this type
        a[[0, -1]] = 0.0  # types to whom no member is offered
    duration, table = ([g.uniform(0.5, 2.0, (types, n)) for n in counts] for _ in range(2))
    every = np.array([k for k in itertools.product(*map(range, counts)) if sum(k) != 3])
    sums = NestSums(every, attraction, duration, dissimilarity)
    stock, attracted = sums.stock, sums.attraction()
    mean, again, total = sums.mean(table), sums.mean_of_attracted(table), sums.stock_of(table)
    for at, levels in enumerate(every):
        alone = np.stack([a[:, k] for a, k in zip(attraction, levels, strict=True)], axis=-1)
        together = choice.nested(alone, dissimilarity)
        lasting = np.stack([d[:, k] for d, k in zip(duration, levels, strict=True)], axis=-1) * together
        told = np.stack([t[:, k] for t, k in zip(table, levels, strict=True)], axis=-1)
        weight = lasting.sum(axis=-1)
        assert stock[:, at] == pytest.approx(weight, rel=1e-11)
        assert attracted[:, at] == pytest.approx(together.sum(axis=-1), rel=1e-11)
        assert total[:, at] == pytest.approx((lasting * told).sum(axis=-1), rel=1e-11)
        here = weight > 0.0
        assert mean[here, at] == pytest.approx(((lasting * told).sum(axis=-1))[here] / weight[here], rel=1e-11)
        anew = (lasting * told * together).sum(axis=-1)[here] / weight[here]
        assert again[here, at] == pytest.approx(anew, rel=1e-11)
        assert not mean[~here, at].any() and not again[~here, at].any()
