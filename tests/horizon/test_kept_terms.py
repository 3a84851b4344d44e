"""Customers who keep their terms: by hand, against plain loops, and what keeping is worth."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from horizons import draw_arguments

from optimizer import HorizonProblem
from optimizer.horizon.bounds import Parted, bound_box, numpy_potentials, told, whole_box
from optimizer.horizon.shares import pure


def test_two_stages_by_hand() -> None:
    """40 hold level 0 at 10 usd. Of 60 and 40 half decide each month, one to one; the menu of month 2 costs 2 usd."""
    given: dict[str, Any] = {
        "start": [[60.0], [40.0]], "attraction": [[[1.0, 1.0]]], "decision_rate": [[[0.5, 0.5]]],
        "reward": [[[10.0, 2.0]]], "weight": [1.0, 1.0], "outside_attraction": [[1.0], [1.0]],
        "outside_decision_rate": [0.5], "stage": [0, 1],
    }  # fmt: skip
    kept = HorizonProblem(**given, holders="keep")
    assert kept.simulate([[0], [1]])[:, 1, 0] == pytest.approx([45.0, 22.5 + 25.0])
    assert kept.value([[0], [1]]) == pytest.approx(450.0 + 225.0 + 50.0)
    assert HorizonProblem(**given).value([[0], [1]]) == pytest.approx(450.0 + 95.0)
    today = HorizonProblem(**given, holders="keep", today=[1])
    assert today.value([[0], [1]]) == pytest.approx(
        (2.0 * 20.0 + 10.0 * 25.0) + (2.0 * 10.0 + 10.0 * 12.5 + 2.0 * 25.0)
    )


def value_by_hand(given: dict[str, Any], path: np.ndarray, today: list[int]) -> float:
    """Plain loops over lots of customers: [row, level held, number]."""
    total = 0.0
    rows, types = given["start"].shape
    for i in range(types):
        lots = [[j, today[j - 1] if j else -1, float(given["start"][j, i])] for j in range(rows)]
        for t, k in enumerate(given["stage"]):
            moving = {}
            for lot in lots:
                j, level, n = lot
                rate = given["decision_rate"][j - 1][i, level] if j else given["outside_decision_rate"][i]
                moving[given["origin"][j]] = moving.get(given["origin"][j], 0.0) + rate * n
                lot[2] = (1.0 - rate) * n
            zero = given["origin"][0]
            moving[zero] = moving.get(zero, 0.0) + given["entrants"][t, i]
            for c, n in moving.items():
                h = given["habit"][c]
                a = [h[0] * given["outside_attraction"][t, i]]
                a += [h[j] * given["attraction"][j - 1][i, path[k, j - 1]] for j in range(1, rows)]
                lots += [[j, path[k, j - 1] if j else -1, n * a[j] / sum(a)] for j in range(rows)]
            total += given["weight"][t] * sum(n * given["reward"][j - 1][i, level] for j, level, n in lots if j)
    return total


def test_the_value_is_that_of_lots_of_customers() -> None:
    for seed in range(40):
        given = draw_arguments(seed, types=3, plans=2, levels=3)
        g = np.random.default_rng(seed)
        levels = [a.shape[1] for a in given["attraction"]]
        path = g.integers(0, levels, (int(given["stage"][-1]) + 1, len(levels)))
        today = [int(level) for level in g.integers(0, levels)]
        held = HorizonProblem(**given, holders="keep", today=today)
        assert held.value(path) == pytest.approx(value_by_hand(given, path, today), rel=1e-11, abs=1e-12), seed
        free = HorizonProblem(**given, holders="keep")
        assert free.value(path) == pytest.approx(value_by_hand(given, path, path[0].tolist()), rel=1e-11, abs=1e-12), (
            seed
        )


def test_nobody_is_lost() -> None:
    for seed in range(40):
        given = draw_arguments(seed)
        problem = HorizonProblem(**given, holders="keep")
        path = np.random.default_rng(seed).integers(
            0, problem.layout.levels, (problem.horizon.stages, problem.horizon.plans)
        )
        everyone = given["start"].sum(axis=0) + np.cumsum(given["entrants"], axis=0)
        assert problem.simulate(path).sum(axis=1) == pytest.approx(everyone, rel=1e-13), seed


def test_one_menu_for_all_stages_is_the_same_whoever_keeps_what() -> None:
    for seed in range(20):
        given = {**draw_arguments(seed), "steps": 0}
        one, other = HorizonProblem(**given).solve(1e-9), HorizonProblem(**given, holders="keep").solve(1e-9)
        assert other.value == pytest.approx(one.value, rel=1e-8, abs=1e-10), seed


def test_the_bound_is_mostly_tighter_than_where_all_move() -> None:
    """Excess of the root's bound around the best path, on average over instances with two stages or more."""
    kept, moved = [], []
    for seed in range(120):
        given = draw_arguments(seed)
        for found, more in ((kept, {"holders": "keep"}), (moved, {})):
            problem = HorizonProblem(**given, **more)
            h = problem.horizon
            if h.stages > 1 and h.magnitude > 0:
                best = problem.enumerate()
                path = problem.layout.columns_of(best.path)
                form = bound_box(Parted(h, 10**9, 1), whole_box(h), pure(h, path), numpy_potentials)
                found.append((told(h, form).total - best.value) / h.magnitude)
    assert len(kept) > 60
    assert np.mean(kept) < np.mean(moved)
    assert np.mean(np.array(kept) <= np.array(moved) + 1e-12) > 0.7
