"""Which menus several bounds leave over."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from optimizer.search.levels.sifting import Sieve, join, sift


@pytest.mark.parametrize("seed", range(30))
def test_sifting_in_halves_leaves_the_same_menus(seed):
    g = np.random.default_rng(seed)
    counts = g.integers(1, 6, size=g.integers(1, 6))
    box = tuple(np.arange(n) + 10 * j for j, n in enumerate(counts))
    sieves = []
    for k in range(g.integers(1, 4)):
        deficits = tuple(d - d.min() for d in (g.uniform(0.0, 4.0, size=n) for n in counts))
        sieves.append(Sieve(5.0, deficits, float(g.uniform(0.0, 4.0)) if k % 2 else 2.0, not k % 2))
    whole, halves = sift(box, sieves, 10**6), join(box, sieves, 10**6)
    assert whole is not None and halves is not None
    left = {tuple(menu) for menu in whole[0].tolist()}
    assert left == {tuple(menu) for menu in halves[0].tolist()}
    for index in itertools.product(*(range(n) for n in counts)):
        bounds = [s.total - sum(d[k] for d, k in zip(s.deficits, index, strict=True)) for s in sieves]
        impossible = any(not s.counts and b <= s.cutoff for s, b in zip(sieves, bounds, strict=True))
        if tuple(c[k] for c, k in zip(box, index, strict=True)) not in left and not impossible:
            assert min(b for s, b in zip(sieves, bounds, strict=True) if s.counts) <= halves[1] + 1e-12
    assert halves[1] <= 2.0 + 1e-12
    assert join(box, sieves, 0) is None
