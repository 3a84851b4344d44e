"""No path of a random box lies above its bound, nor above what its columns say; kernels agree."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest
from horizons import draw_problem, draw_wide_arguments

from optimizer import HorizonProblem
from optimizer.errors import NotTrustedError
from optimizer.horizon.bounds import (
    Parted,
    best_mix,
    bound_box,
    mixed,
    numpy_potentials,
    rounding_slack,
    told,
    whole_box,
)
from optimizer.horizon.instance import Horizon
from optimizer.horizon.intervals import ranges
from optimizer.horizon.paths import all_paths, count_paths, is_empty, reachable
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
        inside = generator.random() < 0.5
        references = [
            paths[generator.integers(len(paths))] if inside else draw_reference(h, generator) for _ in range(2)
        ]
        found = [bound_box(parted, box, reference, numpy_potentials) for reference in references]
        for (value, _), reference in zip(found, references, strict=True):
            assert value == pytest.approx(float(values(h, reference[None])[0]), abs=1e-11), seed
        share = best_mix(h, found[0][1], found[1][1], 4)
        for form in (found[0][1], found[1][1], mixed(found[0][1], found[1][1], share)):
            said = told(h, form)
            assert (worth <= said.total).all(), (seed, share)
            rows = np.arange(h.stages)[:, None]
            assert (said.through[rows, paths].min(axis=(1, 2)) >= worth).all(), (seed, share)
        checked += 1
    return checked


def draw_reference(horizon: Horizon, generator: np.random.Generator) -> Ints:
    """Any path, in the box or not, of whatever steps."""
    return generator.integers(0, horizon.sizes, (horizon.stages, horizon.groups)) + horizon.first[:-1]


@pytest.mark.parametrize("part", range(4))
def test_no_sampled_path_lies_above_its_bound(part: int) -> None:
    assert check_boxes(range(250 * part, 250 * (part + 1))) == 250


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
        value, form = bound_box(Parted(h, 10**9, 1), box, path, numpy_potentials)
        assert 0.0 <= told(h, form).total - value <= rounding_slack(h) * 1.01, seed


def test_the_best_mix_is_the_best_share() -> None:
    """Against a fine grid of shares; some mix beats both forms."""
    better = 0
    for seed in range(40):
        generator = np.random.default_rng([seed, 5])
        h = draw_problem(seed).horizon
        forms = [bound_box(Parted(h, 10**9, 1), whole_box(h), draw_reference(h, generator), numpy_potentials)[1]
                 for _ in range(2)]  # fmt: skip
        best = told(h, mixed(*forms, best_mix(h, *forms, 30))).total
        grid = [told(h, mixed(*forms, share)).total for share in np.linspace(0.0, 1.0, 101)]
        assert best <= min(grid) + 1e-9 * (1.0 + abs(best)), seed
        better += best < min(grid[0], grid[-1]) - 1e-6
    assert better > 5


def test_a_number_that_is_not_finite_is_no_bound() -> None:
    h = draw_problem(1).horizon

    def broken(part: Horizon, box: Bools, path: Ints) -> tuple[float, Array]:
        return 1.0, np.full(box.shape, np.nan)

    with pytest.raises(NotTrustedError, match="not finite"):
        bound_box(Parted(h, 10**9, 1), whole_box(h), np.repeat(h.first[None, :-1], h.stages, axis=0), broken)


@pytest.mark.full
@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
def test_compiled_loops_agree_with_numpy() -> None:
    from optimizer.horizon.loops import CompiledPotentials

    for seed in range(120):
        generator = np.random.default_rng([seed, 6])
        h = drawn(seed).horizon
        if not CompiledPotentials.serves(h):
            continue
        box, reference = draw_box(h, generator), draw_reference(h, generator)
        parted = Parted(h, *PARTS["small" if seed % 4 > 1 else "whole"])
        value, form = bound_box(parted, box, reference, numpy_potentials)
        other, loops = bound_box(parted, box, reference, CompiledPotentials())
        assert abs(value - other) <= rounding_slack(h), seed
        assert loops.potentials == pytest.approx(form.potentials, abs=rounding_slack(h)), seed
    assert CompiledPotentials.on_disk()
