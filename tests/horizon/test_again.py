"""Limits on who leaves: the probability to choose the same plan again, in simulation, bounds and certificates."""

from __future__ import annotations

import importlib.util
import json
from typing import Any

import numpy as np
import pytest
from amount import few, some
from horizons import draw_wide_arguments

from optimizer import HorizonLimit, HorizonProblem, InfeasibleError
from optimizer.horizon.again import over_box
from optimizer.horizon.arguments import path_of
from optimizer.horizon.bounds import Parted, bound_box, numpy_potentials, rounding_slack, told, whole_box
from optimizer.horizon.limits import limited
from optimizer.horizon.paths import all_paths, count_paths, is_empty, reachable, stepping
from optimizer.horizon.shares import pure
from optimizer.horizon.simulate import values

Data = dict[str, Any]


def drawn_arguments(seed: int) -> Data:
    """Kept terms, nests, word of mouth; some with a shock."""
    given, g = draw_wide_arguments(seed), np.random.default_rng([seed, 61])
    if given.get("holders") != "keep" and g.random() < 0.4:
        given["shock"] = float(g.uniform(0.0, 0.8))
    return given


def drawn(seed: int) -> HorizonProblem:
    """With up to two limits on the rate of leaving in windows, at values that random paths reach."""
    given, g = drawn_arguments(seed), np.random.default_rng([seed, 62])
    rates, months = given["decision_rate"], len(given["weight"])
    free = HorizonProblem(**given)
    limits = []
    for k in range(int(g.integers(1, 3))):
        first, last = np.sort(g.integers(0, months, 2))
        weight = np.where((np.arange(months) >= first) & (np.arange(months) <= last), 1.0, 0.0)
        kept = [g.random() < 0.8 for _ in rates]
        leaving = HorizonLimit(weight, at_least=0.0, reward=[r * own for r, own in zip(rates, kept, strict=True)],
                               again=[-r * own for r, own in zip(rates, kept, strict=True)])  # fmt: skip
        people = HorizonLimit(
            weight, at_least=0.0, reward=[np.ones_like(r) * own for r, own in zip(rates, kept, strict=True)]
        )
        counted, found = HorizonProblem(**given, limits=[leaving, people]), []
        for _ in range(9):
            path = np.stack([[g.integers(0, n) for n in free.layout.levels]
                             for _ in range(int(given["stage"][-1]) + 1)])  # fmt: skip
            h = counted.horizon
            gone, held = limited(h, counted.limits).assess(path_of(h, counted.layout, path)[None])[0, 1:]
            found.append(gone / held if held > 0.0 else 0.0)
        rate = float(np.sort(found)[g.integers(0, 6)])
        limits.append(HorizonLimit(
            weight, at_most=0.0, name=f"leaving {k}", again=leaving.again,
            reward=[(r - rate * 1.0001) * own for r, own in zip(rates, kept, strict=True)],
        ))  # fmt: skip
    return HorizonProblem(**given, limits=limits)


def test_leavers_by_hand() -> None:
    """60 and 40 customers, 0.5 and 0.2 of them decide in every month, between plans of weight 2 and 1 and another of 1:
    half and a quarter choose the same again. 30 + 8 decide: 19 to the first plan, 9.5 to the second."""
    one = np.array([[1.0]])
    given = {
        "start": [[0.0], [60.0], [40.0]], "attraction": [2.0 * one, one], "decision_rate": [0.5 * one, 0.2 * one],
        "reward": [one, one], "weight": [1.0], "outside_attraction": [[1.0]], "outside_decision_rate": [0.0],
    }  # fmt: skip
    leaving = HorizonLimit([1.0], at_most=100.0, reward=[0.5 * one, 0.2 * one], again=[-0.5 * one, -0.2 * one])
    problem = HorizonProblem(**given, limits=[leaving])
    told_ = problem.solve().limits["limit 0 at most 100"]
    assert -told_ == pytest.approx(49.0 * 0.5 * (1 - 0.5) + 41.5 * 0.2 * (1 - 0.25))


def check_against_enumeration(seeds: range) -> tuple[int, int]:
    """Numbers of instances with and without a path that keeps the limits; certificates are replayed."""
    checked = none = 0
    for seed in seeds:
        problem = drawn(seed)
        if count_paths(problem.horizon, whole_box(problem.horizon)) > 5_000:
            continue
        try:
            best = problem.enumerate()
        except InfeasibleError:
            with pytest.raises(InfeasibleError) as raised:
                problem.solve(1e-6)
            assert problem.replay(json.loads(json.dumps(raised.value.diagnosis.certificate))) == -np.inf, seed
            none += 1
            continue
        found = problem.solve(1e-6)
        size = max(abs(best.value), 1e-6 * problem.horizon.magnitude)
        assert best.value - 1e-11 <= found.bound <= best.value + 1.1e-6 * size, seed
        assert found.value == pytest.approx(best.value, abs=1.1e-6 * size), seed
        assert problem.feasible(found.path), seed
        replayed = problem.replay(json.loads(json.dumps(found.certificate)))
        assert best.value - 1e-11 <= replayed <= found.bound + 1e-10 * (1.0 + size), seed
        checked += 1
    assert checked > len(seeds) // 2
    return checked, none


@pytest.mark.parametrize("part", range(3))
def test_instances_against_enumeration(part: int) -> None:
    assert check_against_enumeration(some(range(40 * part, 40 * (part + 1))))[0] > few(25)


@pytest.mark.full
@pytest.mark.parametrize("part", range(6))
def test_3000_instances_against_enumeration(part: int) -> None:
    checked, none = check_against_enumeration(range(1000 + 900 * part, 1900 + 900 * part))
    assert checked > 500 and none > 5


def check_boxes(seeds: range) -> int:
    """Of the value and the limits at random multipliers: no path of a random box lies above its bound."""
    checked = 0
    for seed in seeds:
        g, problem = np.random.default_rng([seed, 63]), drawn(seed)
        rows = np.concatenate([[g.integers(0, 2)], g.normal(0.0, 1.0, len(problem.limits))])
        h = limited(problem.horizon, problem.limits).priced(rows)
        stages, levels = len(h.spelling.began) if h.spelling else h.stages, problem.layout.levels
        tried = [path_of(h, problem.layout, np.stack([[g.integers(0, n) for n in levels] for _ in range(stages)]))
                 for _ in range(24)]  # fmt: skip
        constant = path_of(h, problem.layout, np.stack([[g.integers(0, n) for n in levels]] * stages))
        kept = g.random((h.stages, h.columns)) < g.choice([0.3, 0.6, 1.0])
        kept[np.arange(h.stages)[:, None], constant] = True
        box = reachable(h, kept & h.allowed)
        if is_empty(h, box):
            continue
        if count_paths(h, box) <= 300:
            tried += list(np.concatenate(list(all_paths(h, box, 300))))
        paths = np.stack([constant, *tried])
        inside = stepping(h, paths) & box[np.arange(h.stages)[:, None], paths].all(axis=(1, 2))
        worth, at = values(h, paths[inside]), np.arange(h.stages)[:, None]
        for reference in (constant, tried[0]):
            parted = Parted(h, *((10**9, 1) if seed % 2 else (0, 2)))
            form = bound_box(parted, box, pure(h, reference), numpy_potentials)
            said = told(h, form)
            assert (worth <= said.total).all(), seed
            assert (said.through[at, paths[inside]].min(axis=(1, 2)) >= worth).all(), seed
        alone = np.zeros_like(box)
        alone[at, constant] = True
        said, value = (
            told(h, bound_box(Parted(h, 10**9, 1), alone, pure(h, constant), numpy_potentials)),
            values(h, constant[None]),
        )
        assert said.total == pytest.approx(float(value[0]), abs=3.0 * rounding_slack(h)), seed
        checked += 1
    assert checked > 0.8 * len(seeds)
    return checked


def test_no_sampled_path_lies_above_its_bound() -> None:
    assert check_boxes(some(range(150))) > few(120)


@pytest.mark.full
@pytest.mark.parametrize("part", range(5))
def test_no_sampled_path_lies_above_its_bound_in_10000_boxes(part: int) -> None:
    assert check_boxes(range(1000 + 2200 * part, 3200 + 2200 * part)) > 1800


def test_without_such_rewards_nothing_changes() -> None:
    h = HorizonProblem(**draw_wide_arguments(1)).horizon
    assert over_box(h, whole_box(h)) is h


@pytest.mark.full
@pytest.mark.skipif(importlib.util.find_spec("numba") is None, reason="numba is not installed")
def test_compiled_loops_agree_with_numpy() -> None:
    from optimizer.horizon.loops import CompiledPotentials

    checked = 0
    for seed in range(60):
        problem = drawn(seed)
        h = limited(problem.horizon, problem.limits).priced(np.ones(1 + len(problem.limits)))
        if not CompiledPotentials.serves(h):
            continue
        box, path = whole_box(h), path_of(h, problem.layout, np.zeros((_stages(h), h.plans)))
        one, other = (bound_box(Parted(h, 10**9, 1), box, pure(h, path), by)
                      for by in (numpy_potentials, CompiledPotentials()))  # fmt: skip
        assert other.potentials == pytest.approx(one.potentials, abs=rounding_slack(h)), seed
        checked += 1
    assert checked > 20


def _stages(horizon: Any) -> int:
    return len(horizon.spelling.began) if horizon.spelling else horizon.stages
