"""The compiled loops over draws agree with numpy's."""

from __future__ import annotations

import numpy as np
import pytest
import robust_draws

from optimizer.optimise.risks import Risk
from optimizer.typing import Array
from optimizer.uncertainty.arrays import NumpyLoops, draws_of, region_of
from optimizer.uncertainty.asking import question_of

pytest.importorskip("numba")


def close(one: Array, other: Array, seed: int) -> None:
    np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-9, err_msg=str(seed))


@pytest.mark.full
def test_compiled_loops_agree_with_numpy() -> None:
    from optimizer.uncertainty.loops import CompiledLoops

    plain, compiled = NumpyLoops(), CompiledLoops()
    for seed in range(20):
        drawn = robust_draws.draw(seed)
        problem, asked = drawn.problem, drawn.asked
        question = question_of(
            problem.problems, problem.weights, "margin", Risk.WORST, 0.1, asked["chance"], asked["on_mean"]
        )
        draws, g = draws_of(question), np.random.default_rng(seed)
        box = tuple(np.sort(g.permutation(part)[: g.integers(1, len(part) + 1)]) for part in draws.whole())
        center = np.array([g.choice(part) for part in draws.whole()])
        regions = [region_of(draws, loops, box, 0) for loops in (plain, compiled)]
        for name in ("least", "most", "low", "high"):
            close(*(getattr(region, name) for region in regions), seed)
        for sign in (1.0, -1.0):
            rows = np.arange(draws.rows)
            tables = [loops.tables(draws, regions[0], center, rows, sign) for loops in (plain, compiled)]
            for name in ("value", "potential", "size"):
                close(*(getattr(table, name) for table in tables), seed)
        weights = g.uniform(0, 1, (question.draws, draws.rows)) * (g.random((question.draws, 1)) < 0.7)
        joint = [loops.joint(draws, regions[0], center, weights) for loops in (plain, compiled)]
        close(*(np.append(potential, value) for value, potential in joint), seed)
        menus = np.stack([g.choice(part, 5) for part in draws.whole()], axis=1)
        plan = int(g.integers(draws.plans))
        close(*(loops.vary(draws, 0, menus, plan, box[plan]) for loops in (plain, compiled)), seed)
