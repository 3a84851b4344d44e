"""Customers who decide at once as their plan's terms change: against plain loops, enumeration and sampled paths."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from amount import few, some
from horizons import draw_wide_arguments, with_drawn_limits

from optimizer import HorizonProblem, InfeasibleError, InputError
from optimizer.horizon.arguments import levels_of, path_of
from optimizer.horizon.bounds import Parted, bound_box, numpy_potentials, told, whole_box
from optimizer.horizon.paths import all_paths, count_paths, is_empty, reachable, stepping
from optimizer.horizon.shares import pure, toward
from optimizer.horizon.simulate import values

Data = dict[str, Any]


def drawn_arguments(seed: int) -> Data:
    """A shock by plan or one for all; every second knows the levels of today."""
    given, g = draw_wide_arguments(seed), np.random.default_rng([seed, 51])
    given.pop("holders", None)
    given.pop("today", None)
    plans = len(given["attraction"])
    given["shock"] = float(g.uniform(0.0, 0.8)) if g.random() < 0.5 else g.uniform(0.0, 0.8, plans)
    if g.random() < 0.5:
        given["today"] = [int(g.integers(0, a.shape[1])) for a in given["attraction"]]
    return given


def by_hand(given: Data, path: np.ndarray) -> float:
    """The path's value by plain loops over months, types and plans; without nests."""
    start, types = np.array(given["start"], dtype=float), given["start"].shape[1]
    plans, months = len(given["attraction"]), len(given["weight"])
    shock = np.broadcast_to(given["shock"], (plans,))
    habit, origin = given["habit"], given["origin"]
    n, total, last = start.copy(), 0.0, -1
    for t in range(months):
        k, entering = given["stage"][t], given["stage"][t] != last
        before = given.get("today") if k == 0 else path[k - 1]
        last = k
        after = np.zeros_like(n)
        for i in range(types):
            rate = [given["outside_decision_rate"][i]] + [
                given["decision_rate"][j][i, path[k, j]] for j in range(plans)
            ]
            for j in range(plans):
                if entering and before is not None and before[j] != path[k, j]:
                    rate[j + 1] += (1.0 - rate[j + 1]) * shock[j]
            a = [given["outside_attraction"][t, i]] + [given["attraction"][j][i, path[k, j]] for j in range(plans)]
            for row in range(plans + 1):
                after[row, i] += (1.0 - rate[row]) * n[row, i]
                decide = rate[row] * n[row, i] + (given["entrants"][t, i] if row == 0 else 0.0)
                pull = [habit[origin[row], other] * a[other] for other in range(plans + 1)]
                for other in range(plans + 1):
                    after[other, i] += decide * pull[other] / sum(pull)
            if "reach_speed" in given:
                came = given["base_reach"][t, i] + sum((given["referral"][:, i] - 1.0) * n[:, i])
                after[0, i] += given["reach_speed"][i] * came
            total += given["weight"][t] * sum(given["reward"][j][i, path[k, j]] * after[j + 1, i] for j in range(plans))
        n = after
    return float(total)


def test_paths_are_worth_what_plain_loops_say() -> None:
    checked = 0
    for seed in range(60):
        given, g = drawn_arguments(seed), np.random.default_rng([seed, 52])
        if "nests" in given:
            continue
        problem = HorizonProblem(**given)
        stages = int(given["stage"][-1]) + 1
        for _ in range(4):  # whatever the limits on steps
            path = np.stack([[g.integers(0, n) for n in problem.layout.levels] for _ in range(stages)])
            assert problem.value(path) == pytest.approx(by_hand(given, path), rel=1e-11, abs=1e-12), seed
            checked += 1
    assert checked > 100


def test_one_month_by_hand() -> None:
    """100 on plan 1 at level 0 of today; level 1 comes. Of the 90 who would stay, 30 % decide at once: 10 + 27 do, and
    half of them come back."""
    given = {
        "start": [[0.0], [100.0]], "attraction": [np.array([[1.0, 1.0]])], "decision_rate": [np.array([[0.1, 0.1]])],
        "reward": [np.array([[1.0, 1.0]])], "weight": [1.0, 1.0], "outside_attraction": [[1.0], [1.0]],
        "outside_decision_rate": [0.0], "shock": 0.3, "today": [0],
    }  # fmt: skip
    customers = HorizonProblem(**given).simulate([[1]])[:, 1, 0]
    assert customers.tolist() == pytest.approx([63.0 + 18.5, 0.95 * 81.5])
    assert HorizonProblem(**given).simulate([[0]])[:, 1, 0].tolist() == pytest.approx([95.0, 0.95 * 95.0])
    unknown = {name: value for name, value in given.items() if name != "today"}
    assert HorizonProblem(**unknown).simulate([[1]])[0, 1, 0] == pytest.approx(95.0)


def check_against_enumeration(seeds: range) -> int:
    """Certificates are replayed, too. Number of instances checked."""
    checked = 0
    for seed in seeds:
        given = drawn_arguments(seed)
        problem = HorizonProblem(**given)
        if count_paths(problem.horizon, whole_box(problem.horizon)) > 20_000:
            continue
        best, found = problem.enumerate(), problem.solve(1e-6)
        size = max(abs(best.value), 1e-6 * problem.horizon.magnitude)
        assert found.verdict == "proved", seed
        assert best.value - 1e-12 <= found.bound <= best.value + 1.1e-6 * size, seed
        assert found.value == pytest.approx(best.value, abs=1.1e-6 * size), seed
        assert problem.value(found.path) == pytest.approx(found.value, abs=1e-12 * (1.0 + size)), seed
        assert problem.feasible(found.path), seed
        if given["steps"] is not None:
            assert (np.abs(np.diff(found.path, axis=0)) <= given["steps"]).all(), seed
        replayed = problem.replay(json.loads(json.dumps(found.certificate)))
        assert best.value - 1e-11 <= replayed <= found.bound + 1e-10 * (1.0 + size), seed
        checked += 1
    assert checked > len(seeds) // 2
    return checked


@pytest.mark.parametrize("part", range(3))
def test_instances_against_enumeration(part: int) -> None:
    assert check_against_enumeration(some(range(40 * part, 40 * (part + 1)))) > few(20)


@pytest.mark.full
@pytest.mark.parametrize("part", range(6))
def test_3000_instances_against_enumeration(part: int) -> None:
    assert check_against_enumeration(range(1000 + 700 * part, 1700 + 700 * part)) > 500


def test_limits_against_enumeration() -> None:
    checked = none = 0
    for seed in some(range(60)):
        problem = with_drawn_limits(seed, drawn_arguments(seed))
        if count_paths(problem.horizon, whole_box(problem.horizon)) > 5_000:
            continue
        try:
            best = problem.enumerate()
        except InfeasibleError:
            with pytest.raises(InfeasibleError):
                problem.solve(1e-6)
            none += 1
            continue
        found = problem.solve(1e-6)
        size = max(abs(best.value), 1e-6 * problem.horizon.magnitude)
        assert best.value - 1e-11 <= found.bound <= best.value + 1.1e-6 * size, seed
        assert found.value == pytest.approx(best.value, abs=1.1e-6 * size), seed
        replayed = problem.replay(json.loads(json.dumps(found.certificate)))
        assert best.value - 1e-11 <= replayed <= found.bound + 1e-10 * (1.0 + size), seed
        checked += 1
    assert checked > few(25) and none >= few(3)


def check_boxes(seeds: range) -> int:
    """No path of a random box lies above its bound. Number of boxes checked."""
    checked = 0
    for seed in seeds:
        g = np.random.default_rng([seed, 53])
        problem = HorizonProblem(**drawn_arguments(seed))
        h, levels = problem.horizon, problem.layout.levels
        stages = len(h.spelling.began) if h.spelling else h.stages
        tried = [path_of(h, problem.layout, np.stack([[g.integers(0, n) for n in levels]] * stages)) for _ in range(24)]
        kept = g.random((h.stages, h.columns)) < g.choice([0.3, 0.6, 1.0])
        kept[np.arange(h.stages)[:, None], tried[0]] = True
        box = reachable(h, kept & h.allowed)
        if is_empty(h, box):
            continue
        tried += [path_of(h, problem.layout, np.stack([[g.integers(0, n) for n in levels] for _ in range(stages)]))
                  for _ in range(24)]  # fmt: skip
        if count_paths(h, box) <= 500:
            tried += list(np.concatenate(list(all_paths(h, box, 500))))
        paths = np.stack(tried)
        inside = stepping(h, paths) & box[np.arange(h.stages)[:, None], paths].all(axis=(1, 2))
        mixes = (pure(h, paths[0]), pure(h, paths[30]), toward(pure(h, paths[0]), paths[30], 0.4))
        parted = Parted(h, *((10**9, 1) if seed % 2 else (0, 2)))
        forms = [bound_box(parted, box, shares, numpy_potentials) for shares in mixes]
        worth, rows = values(h, paths[inside]), np.arange(h.stages)[:, None]
        for form in forms:
            said = told(h, form)
            assert (worth <= said.total).all(), seed
            assert (said.through[rows, paths[inside]].min(axis=(1, 2)) >= worth).all(), seed
        checked += bool(inside.any())
    assert checked > 0.8 * len(seeds)
    return checked


def test_no_sampled_path_lies_above_its_bound() -> None:
    assert check_boxes(some(range(250))) > few(200)


@pytest.mark.full
@pytest.mark.parametrize("part", range(5))
def test_no_sampled_path_lies_above_its_bound_in_10000_boxes(part: int) -> None:
    assert check_boxes(range(1000 + 2200 * part, 3200 + 2200 * part)) > 1800


def test_a_shock_of_nothing_changes_nothing() -> None:
    checked = 0
    for seed in range(30):
        given = drawn_arguments(seed)
        plain = {name: value for name, value in given.items() if name not in ("shock", "today")}
        one, other = HorizonProblem(**plain), HorizonProblem(**{**given, "shock": 0.0})
        g = np.random.default_rng(seed)
        path = np.stack([[g.integers(0, n) for n in one.layout.levels] for _ in range(one.horizon.stages)])
        assert other.value(path) == pytest.approx(one.value(path), rel=1e-12, abs=1e-13), seed
        assert levels_of(other.horizon, path_of(other.horizon, other.layout, path)).tolist() == path.tolist(), seed
        assert count_paths(one.horizon, whole_box(one.horizon)) == count_paths(
            other.horizon, whole_box(other.horizon)
        ), seed
        checked += 1
    assert checked == 30


def test_wrong_arguments() -> None:
    given = drawn_arguments(0)
    with pytest.raises(InputError, match="shock"):
        HorizonProblem(**{**given, "shock": 1.2})
    with pytest.raises(InputError, match="keep theirs"):
        HorizonProblem(**{**given, "today": None, "holders": "keep"})
