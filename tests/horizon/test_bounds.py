"""No path of a random box lies above its bound, nor above what its columns say; kernels agree."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from amount import few, some
from horizons import draw_problem, draw_wide_arguments

from optimizer import HorizonProblem
from optimizer.errors import NotTrustedError
from optimizer.horizon import arcs
from optimizer.horizon.bounds import (
    Parted,
    bound_box,
    numpy_potentials,
    rounding_slack,
    told,
    whole_box,
)
from optimizer.horizon.instance import Horizon
from optimizer.horizon.intervals import ranges
from optimizer.horizon.paths import all_paths, count_paths, is_empty, reachable
from optimizer.horizon.shares import pure, toward
from optimizer.horizon.simulate import simulate, values
from optimizer.typing import Array, Bools, Ints

PARTS = {"whole": (10**9, 1), "small": (0, 2)}


def draw_box(horizon: Horizon, generator: np.random.Generator) -> Bools:
    """Reachable columns of a random box around a random path that keeps the steps; never empty."""
    share = generator.choice([0.3, 0.6, 1.0])
    kept = generator.random((horizon.stages, horizon.columns)) < share
    start = generator.integers(0, horizon.sizes) + horizon.first[:-1]
    kept[:, start] = True
    box = reachable(horizon, kept)
    assert not is_empty(horizon, box)
    return box


def sample(horizon: Horizon, box: Bools, generator: np.random.Generator, most: int) -> Ints:
    """Random paths of a box, walked stage by stage; all of them where they are few."""
    if count_paths(horizon, box) <= most:
        return np.concatenate(list(all_paths(horizon, box, most)))
    paths = np.empty((most, horizon.stages, horizon.groups), dtype=np.intp)
    for n in range(most):
        for k in range(horizon.stages):
            for j in range(horizon.groups):
                allowed = box[k] & (horizon.group == j)
                if k:
                    allowed &= horizon.between(k - 1).after.table[paths[n, k - 1, j]]
                paths[n, k, j] = generator.choice(np.flatnonzero(allowed))
    return paths


def drawn(seed: int) -> HorizonProblem:
    """Every second with nests, word of mouth or kept terms."""
    return HorizonProblem(**draw_wide_arguments(seed)) if seed % 2 else draw_problem(seed)


def check_boxes(seeds: range) -> int:
    """Number of boxes checked."""
    checked = 0
    for seed in seeds:
        generator = np.random.default_rng([seed, 3])
        h = drawn(seed).horizon
        parted = Parted(h, *PARTS["small" if seed % 4 > 1 else "whole"])
        box = draw_box(h, generator)
        paths = sample(h, box, generator, 24)
        worth = values(h, paths)
        shares = draw_shares(h, paths, generator)
        said = told(h, bound_box(parted, box, shares, numpy_potentials))
        assert (worth <= said.total).all(), seed
        rows = np.arange(h.stages)[:, None]
        assert (said.through[rows, paths].min(axis=(1, 2)) >= worth).all(), seed
        checked += 1
    return checked


def draw_reference(horizon: Horizon, generator: np.random.Generator) -> Ints:
    """Any path, in the box or not, of whatever steps."""
    return generator.integers(0, horizon.sizes, (horizon.stages, horizon.groups)) + horizon.first[:-1]


def harder(seed: int) -> HorizonProblem:
    """Two stages without limits on steps, and more than one path that looks best."""
    g = np.random.default_rng(seed)
    types, plans, levels, months = 4, 3, 4, 6
    return HorizonProblem(
        g.random((plans + 1, types)), list(g.lognormal(0.0, 1.0, (plans, types, levels))),
        list(g.uniform(0.05, 0.9, (plans, types, levels))), list(g.normal(0.3, 1.0, (plans, types, levels))),
        np.ones(months), g.lognormal(0.0, 0.5, (months, types)), g.uniform(0.1, 0.5, types),
        entrants=g.random((months, types)) * 0.1, stage=np.arange(months) // 3,
    )  # fmt: skip


def draw_shares(horizon: Horizon, paths: Ints, generator: np.random.Generator) -> Array:
    """Of one to three paths, of some in the box or of any."""
    shares = np.zeros((horizon.stages, horizon.columns))
    for _ in range(int(generator.integers(1, 4))):
        inside = generator.random() < 0.5
        path = paths[generator.integers(len(paths))] if inside else draw_reference(horizon, generator)
        shares = toward(shares, path, float(generator.random())) if shares.any() else pure(horizon, path)
    return shares


@pytest.mark.parametrize("part", range(4))
def test_no_sampled_path_lies_above_its_bound(part: int) -> None:
    seeds = some(range(250 * part, 250 * (part + 1)))
    assert check_boxes(seeds) == len(seeds) > few(240)


@pytest.mark.full
@pytest.mark.parametrize("part", range(10))
def test_no_sampled_path_lies_above_its_bound_in_10000_boxes(part: int) -> None:
    assert check_boxes(range(1000 * (part + 1), 1000 * (part + 2))) == 1000


def test_customers_lie_in_their_intervals() -> None:
    checked = 0
    for seed in range(120):
        generator = np.random.default_rng([seed, 4])
        h = drawn(seed).horizon
        box = draw_box(h, generator)
        stages = list(ranges(h, box))
        for path in sample(h, box, generator, 4):
            before = np.concatenate([h.start[None], simulate(h, path)[:-1]])
            for k, stage in enumerate(stages):
                place = [int(np.flatnonzero(stage.entries == e)[0]) for e in h.entries(path[k])]
                for m, t in enumerate(stage.months):
                    low, high = stage.customers[m, 0, place], -stage.customers[m, 1, place]
                    if h.keeps:
                        continue
                    assert (low <= before[t, 1:] + 1e-12).all(), (seed, t)
                    assert (high >= before[t, 1:] - 1e-12).all(), (seed, t)
                    checked += 1
    assert checked > 500


def test_a_single_path_is_bounded_by_its_own_value() -> None:
    for seed in range(40):
        h = drawn(seed).horizon
        path = np.repeat((h.first[:-1])[None], h.stages, axis=0)
        box = np.zeros((h.stages, h.columns), dtype=np.bool_)
        box[:, h.first[:-1]] = True
        form = bound_box(Parted(h, 10**9, 1), box, pure(h, path), numpy_potentials)
        assert 0.0 <= told(h, form).total - float(values(h, path[None])[0]) <= rounding_slack(h) * 1.01, seed


def test_a_bound_is_exact_where_only_one_plan_has_a_choice_and_nobody_decides() -> None:
    """By hand: 10 customers stay for four months of two stages; they pay 3 or 5 a month, and the move from 3 to 5 is
    one step. The best path takes 5 twice: 10 x 4 x 5; starting from 3 it is 10 x (2 x 3 + 2 x 5)."""
    problem = HorizonProblem(
        [[0.0], [10.0]], [[[1.0, 1.0]]], [[[0.0, 0.0]]], [[[3.0, 5.0]]], np.ones(4), np.ones((4, 1)), [0.0],
        stage=[0, 0, 1, 1], steps=1,
    )  # fmt: skip
    h = problem.horizon
    for path in ([[0], [0]], [[1], [1]], [[0], [1]]):
        said = told(h, bound_box(Parted(h, 10**9, 1), whole_box(h), pure(h, np.array(path)), numpy_potentials))
        assert said.total == pytest.approx(200.0, rel=1e-9)
        assert said.through == pytest.approx(np.array([[160.0, 200.0], [160.0, 200.0]]), rel=1e-9)


def test_a_mixed_path_bounds_tighter_than_the_paths_in_it() -> None:
    """A good path, what the form around it favours, and mixes of the two."""
    better = 0
    for seed in range(20):
        problem = harder(seed)
        h = problem.horizon
        path = problem.layout.columns_of(problem.solve(1e-3).path)
        around = told(h, bound_box(Parted(h, 10**9, 1), whole_box(h), pure(h, path), numpy_potentials))
        mixes = [pure(h, around.path), *(toward(pure(h, path), around.path, share) for share in (0.25, 0.5, 0.75))]
        totals = [told(h, bound_box(Parted(h, 10**9, 1), whole_box(h), mix, numpy_potentials)).total for mix in mixes]
        better += min(totals[1:]) < min(around.total, totals[0]) - 1e-6
    assert better > 10


def test_where_pairs_are_too_many_the_bound_holds_without_them(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arcs, "MOST_FOLLOWERS", 1)
    assert check_boxes(range(100)) == 100


def test_a_number_that_is_not_finite_is_no_bound() -> None:
    h = draw_problem(1).horizon

    def broken(part: Horizon, box: Bools, shares: Array) -> tuple[float, Array, list[Array]]:
        pairs = [np.zeros((2, len(part.arcs_between(k).source))) for k in range(part.stages - 1)]
        return 1.0, np.full((2, *box.shape), np.nan), pairs

    with pytest.raises(NotTrustedError, match="not finite"):
        bound_box(Parted(h, 10**9, 1), whole_box(h), pure(h, np.repeat(h.first[None, :-1], h.stages, axis=0)), broken)


@pytest.mark.full
@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
def test_compiled_loops_agree_with_numpy() -> None:
    from optimizer.horizon.loops import CompiledPotentials

    for seed in range(120):
        generator = np.random.default_rng([seed, 6])
        h = drawn(seed).horizon
        if not CompiledPotentials.serves(h):
            continue
        box = draw_box(h, generator)
        shares = draw_shares(h, draw_reference(h, generator)[None], generator)
        parted, slack = Parted(h, *PARTS["small" if seed % 4 > 1 else "whole"]), rounding_slack(h)
        form = bound_box(parted, box, shares, numpy_potentials)
        loops = bound_box(parted, box, shares, CompiledPotentials())
        assert abs(form.base - loops.base) <= slack, seed
        assert loops.potentials == pytest.approx(form.potentials, abs=slack), seed
        assert loops.spread == pytest.approx(form.spread, abs=slack), seed
        for one, other in zip(form.arcs + form.arc_spread, loops.arcs + loops.arc_spread, strict=True):
            assert other == pytest.approx(one, abs=slack), seed
    assert CompiledPotentials.on_disk()
