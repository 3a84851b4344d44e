"""Nests over months: the path by the textbook's formula, and the best path against enumeration."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from horizons import draw_arguments, draw_nested_arguments

from optimizer import HorizonProblem, InputError, MenuProblem, Nest


def shares_by_hand(attraction: list[float], away: float, nests: list[Nest]) -> list[float]:
    """Probability of the alternatives and every plan; sums of powers as in Train (2009), ch. 4."""
    inside = {j for nest in nests for j in nest.plans}
    listed = [*nests, *(Nest((j,), 1.0) for j in range(len(attraction)) if j not in inside)]
    inclusive = [sum(attraction[j] ** (1.0 / n.dissimilarity) for j in n.plans) for n in listed]
    total = away + sum(v**n.dissimilarity for v, n in zip(inclusive, listed, strict=True))
    found = [away / total] + [0.0] * len(attraction)
    for v, n in zip(inclusive, listed, strict=True):
        for j in n.plans:
            if v > 0.0:
                found[j + 1] = v**n.dissimilarity / total * attraction[j] ** (1.0 / n.dissimilarity) / v
    return found


def path_by_hand(given: dict[str, Any], path: np.ndarray) -> np.ndarray:
    """(T, J+1, I) by plain loops, one decider class after the other."""
    customers, out = np.array(given["start"]), []
    rows, types = customers.shape
    for t, k in enumerate(given["stage"]):
        after = np.zeros((rows, types))
        for i in range(types):
            rates = [given["outside_decision_rate"][i]] + [
                given["decision_rate"][j][i, path[k, j]] for j in range(rows - 1)
            ]
            for j in range(rows):
                moving = rates[j] * customers[j, i] + (given["entrants"][t, i] if j == 0 else 0.0)
                after[j, i] += (1.0 - rates[j]) * customers[j, i]
                habit = given["habit"][given["origin"][j]]
                a = [habit[m + 1] * given["attraction"][m][i, path[k, m]] for m in range(rows - 1)]
                away = habit[0] * given["outside_attraction"][t, i]
                after[:, i] += moving * np.array(shares_by_hand(a, away, given["nests"]))
        customers = after
        out.append(after)
    return np.array(out)


def test_the_path_is_the_textbooks() -> None:
    checked = 0
    for seed in range(60):
        given = draw_nested_arguments(seed)
        problem = HorizonProblem(**given)
        g = np.random.default_rng(seed)
        path = g.integers(0, problem.layout.levels, (problem.horizon.stages, problem.horizon.plans))
        customers = path_by_hand(given, path)
        assert problem.simulate(path) == pytest.approx(customers, rel=1e-10, abs=1e-13), seed
        rewards = np.array([[given["reward"][j][:, path[k, j]] for j in range(len(path[k]))] for k in given["stage"]])
        worth = float((rewards * customers[:, 1:]).sum(axis=(1, 2)) @ given["weight"])
        assert problem.value(path) == pytest.approx(worth, rel=1e-10, abs=1e-12), seed
        checked += any(nest.dissimilarity < 1.0 for nest in given["nests"])
    assert checked > 30


def check_against_enumeration(seeds: range) -> int:
    """Number of instances checked; the certificate proves the bound too."""
    checked = 0
    for seed in seeds:
        problem = HorizonProblem(**draw_nested_arguments(seed))
        best, found = problem.enumerate(), problem.solve(1e-6)
        size = max(abs(best.value), 1e-6 * problem.horizon.magnitude)
        assert best.value - 1e-12 <= found.bound <= best.value + 1.1e-6 * size, seed
        assert found.value == pytest.approx(best.value, abs=1.1e-6 * size), seed
        assert problem.value(found.path) == pytest.approx(found.value, abs=1e-12 * (1.0 + size)), seed
        assert best.value - 1e-12 <= problem.replay(found.certificate) <= found.bound + 1e-10, seed
        checked += 1
    return checked


def test_60_instances_against_enumeration() -> None:
    assert check_against_enumeration(range(60)) == 60


@pytest.mark.full
@pytest.mark.parametrize("part", range(4))
def test_600_instances_against_enumeration(part: int) -> None:
    assert check_against_enumeration(range(150 * part + 60, 150 * part + 210)) == 150


def test_steps_are_kept_by_every_member() -> None:
    """The best path within steps, from all paths without limits."""
    for seed in range(5):
        given = {**draw_nested_arguments(seed), "steps": 1}
        problem = HorizonProblem(**given)
        free, limited = HorizonProblem(**{**given, "steps": None}), problem.enumerate()
        assert (np.abs(np.diff(limited.path, axis=0)) <= 1).all(), seed
        best = -np.inf
        shape = tuple(free.layout.levels) * free.horizon.stages
        assert np.prod(shape) < 10_000
        for flat in np.ndindex(*shape):
            path = np.array(flat).reshape(free.horizon.stages, -1)
            if (np.abs(np.diff(path, axis=0)) <= 1).all():
                best = max(best, free.value(path))
        assert limited.value == pytest.approx(best, rel=1e-12), seed


def test_a_nest_at_one_is_no_nest() -> None:
    for seed in range(10):
        given = draw_nested_arguments(seed)
        ones = [Nest(nest.plans, 1.0) for nest in given["nests"]]
        one, none = (HorizonProblem(**{**given, "nests": nests}) for nests in (ones, None))
        assert one.solve(1e-9).value == none.solve(1e-9).value, seed


def test_a_long_constant_horizon_is_the_run_rate_of_the_nest() -> None:
    g = np.random.default_rng(4)
    types, months, nest = 3, 600, Nest((0, 1), 0.4)
    a, rate = [g.lognormal(0.0, 1.0, (types, 1)) for _ in range(3)], 0.3
    start = g.random((4, types))
    problem = HorizonProblem(
        start, a, [np.full((types, 1), rate)] * 3, [np.ones((types, 1))] * 3, np.eye(months)[-1],
        np.ones((months, types)), np.full(types, rate), nests=[nest],
    )  # fmt: skip
    menu = MenuProblem(start.sum(axis=0), a, {"customers": [np.ones((types, 1))] * 3}, nests=[nest])
    run_rate = menu.evaluate((0, 0, 0))["customers"]
    assert problem.value(np.zeros((1, 3), dtype=int)) == pytest.approx(run_rate, rel=1e-10)


def test_wrong_nests_are_named() -> None:
    given = draw_arguments(5)
    for nests, place in (([Nest((0, 99), 0.5)], "nests[0].plans[1]"), ([3.0], "nests[0]"), (5, "nests"),
                         ([Nest((0,), 2.0)], "nests[0].dissimilarity")):  # fmt: skip
        with pytest.raises(InputError) as caught:
            HorizonProblem(**{**given, "nests": nests})
        assert [f.field for f in caught.value.findings] == [place]


def test_a_nest_beyond_what_can_be_held_is_refused() -> None:
    wide = [np.ones((1, 70))] * 2
    with pytest.raises(InputError, match="4900 combinations"):
        HorizonProblem(
            np.ones((3, 1)), wide, [w / 2 for w in wide], wide, [1.0], [[1.0]], [0.5], nests=[Nest((0, 1), 0.5)]
        )
