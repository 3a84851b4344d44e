"""``HorizonProblem`` against enumeration, what must not change an answer, and every wrong argument."""

from __future__ import annotations

import importlib.util
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amount import few, some
from horizons import draw_arguments, draw_problem

from optimizer import HorizonProblem, InputError
from optimizer.horizon import kernel
from optimizer.horizon.search import search_paths
from optimizer.horizon.tuning import PathTuning
from optimizer.search.engine import Clock

Data = dict[str, Any]


def allowed_steps(seed: int, **sizes: int) -> np.ndarray:
    steps = draw_arguments(seed, **sizes)["steps"]
    return np.array(10**6) if steps is None else np.asarray(steps)


def check_against_enumeration(seeds: range) -> int:
    """Number of instances checked."""
    checked = 0
    for seed in seeds:
        problem = draw_problem(seed)
        best, found = problem.enumerate(), problem.solve(1e-6)
        size = max(abs(best.value), 1e-6 * problem.horizon.magnitude)
        assert found.verdict == best.verdict == "proved", seed
        assert best.value - 1e-12 <= found.bound <= best.value + 1.1e-6 * size, seed
        assert found.value == pytest.approx(best.value, abs=1.1e-6 * size), seed
        assert problem.value(found.path) == pytest.approx(found.value, abs=1e-12 * (1.0 + size)), seed
        steps = np.abs(np.diff(found.path, axis=0))
        assert (steps <= allowed_steps(seed)).all(), seed
        checked += 1
    return checked


@pytest.mark.parametrize("part", range(4))
def test_300_instances_against_enumeration(part: int) -> None:
    assert check_against_enumeration(some(range(75 * part, 75 * (part + 1)))) == few(75)


@pytest.mark.full
@pytest.mark.parametrize("part", range(10))
def test_3000_instances_against_enumeration(part: int) -> None:
    assert check_against_enumeration(range(300 * (part + 1), 300 * (part + 2))) == 300


def test_enumeration_looks_at_every_path() -> None:
    """Against plain loops over all paths, with and without limits on steps."""
    for seed in range(12):
        problem = draw_problem(seed, plans=2, levels=3, stages=2)
        h, best = problem.horizon, -np.inf
        for flat in itertools.product(*[range(n) for n in problem.layout.levels] * h.stages):
            path = np.array(flat).reshape(h.stages, h.plans)
            if (np.abs(np.diff(path, axis=0)) <= allowed_steps(seed, plans=2, levels=3, stages=2)).all():
                best = max(best, problem.value(path))
        assert problem.enumerate().value == pytest.approx(best, abs=1e-12), seed


def test_too_many_paths_are_not_enumerated() -> None:
    with pytest.raises(InputError, match="paths"):
        HorizonProblem(**{**small(), "attraction": [np.ones((1, 400))] * 4, "decision_rate": [np.ones((1, 400))] * 4,
                          "reward": [np.ones((1, 400))] * 4, "start": np.ones((5, 1))}).enumerate()  # fmt: skip


def test_money_in_another_unit_changes_nothing() -> None:
    for seed in range(15):
        given = draw_arguments(seed)
        one = HorizonProblem(**given).solve(1e-9)
        other = HorizonProblem(**{**given, "weight": given["weight"] * 1e6}).solve(1e-9)
        assert other.value == pytest.approx(1e6 * one.value, rel=1e-8, abs=1e-9), seed


def test_a_type_split_in_two_changes_nothing() -> None:
    def twice(array: Any, axis: int) -> Any:
        return np.concatenate([array, array], axis=axis)

    for seed in range(15):
        given = draw_arguments(seed)
        halves = {
            **given,
            **{name: [twice(a, 0) for a in given[name]] for name in ("attraction", "decision_rate", "reward")},
            **{name: twice(given[name], 1) / 2.0 for name in ("start", "entrants")},
            "outside_attraction": twice(given["outside_attraction"], 1),
            "outside_decision_rate": twice(given["outside_decision_rate"], 0),
        }
        one, other = HorizonProblem(**given).solve(1e-9), HorizonProblem(**halves).solve(1e-9)
        assert other.value == pytest.approx(one.value, rel=1e-8, abs=1e-9), seed


def test_more_freedom_is_worth_no_less() -> None:
    """Steps 0, 1 and free, the first as one stage for all months."""
    more = 0
    for seed in range(20):
        given = draw_arguments(seed)
        free, one, none = (HorizonProblem(**{**given, "steps": s}).solve(1e-9).value for s in (None, 1, 0))
        single = HorizonProblem(**{**given, "steps": None, "stage": None}).solve(1e-9).value
        assert free >= one - 1e-9 and one >= none - 1e-9, seed
        assert none == pytest.approx(single, rel=1e-8, abs=1e-9), seed
        more += free > none + 1e-6
    assert more > 0


@pytest.mark.full
def test_without_numba_and_with_it_from_the_first_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "_compiled", lambda: None)
    tuning = PathTuning(loaded_numbers=1.0, compiled_numbers=1.0)
    plain = {s: search_paths(draw_problem(s).horizon, 1e-6, Clock(), tuning) for s in range(20)}
    monkeypatch.undo()
    with_numba = importlib.util.find_spec("numba") is not None
    for seed, found in plain.items():
        best = draw_problem(seed).enumerate().value
        assert best - 1e-12 <= found.bound, seed
        assert found.incumbent.value == pytest.approx(best, rel=2e-6, abs=1e-6), seed
        if with_numba:
            again = search_paths(draw_problem(seed).horizon, 1e-6, Clock(), tuning)
            assert again.incumbent.value == pytest.approx(best, rel=2e-6, abs=1e-6), seed
            assert best - 1e-12 <= again.bound, seed


def small(**more: Any) -> Data:
    """One type, one plan of two levels, three months in two stages."""
    given = {
        "start": [[9.0], [1.0]], "attraction": [[[1.0, 2.0]]], "decision_rate": [[[0.5, 0.5]]],
        "reward": [[[1.0, 1.0]]], "weight": [1.0, 1.0, 1.0], "outside_attraction": np.ones((3, 1)),
        "outside_decision_rate": [0.5], "entrants": np.zeros((3, 1)), "stage": [0, 0, 1],
    }  # fmt: skip
    return {**given, **more}


@pytest.mark.parametrize(
    "change",
    [
        {"reward": [[[-1.0, -2.0]]]},
        {"start": np.zeros((2, 1))},
        {"attraction": [np.zeros((1, 2))]},
        {"decision_rate": [np.zeros((1, 2))], "outside_decision_rate": [0.0]},
        {"decision_rate": [np.ones((1, 2))], "outside_decision_rate": [1.0]},
        {"weight": np.zeros(3)},
        {"weight": [1.0, -1.0, 1.0]},
        {"reward": [np.full((1, 2), 1e30)], "start": np.full((2, 1), 1e30), "weight": np.full(3, 1e30)},
        {"attraction": [np.full((1, 2), 1e30)], "habit": [[1e-30, 1e30]], "outside_attraction": np.full((3, 1), 1e-30)},
        {"attraction": [np.full((1, 2), 1e-300)]},
        {"steps": 0},
        {"steps": [10**9]},
        {"entrants": None, "stage": None},
    ],
    ids="-".join,
)
def test_extremes_are_solved(change: Data) -> None:
    problem = HorizonProblem(**small(**change))
    found, best = problem.solve(), problem.enumerate()
    assert found.verdict == "proved"
    assert np.isfinite(found.bound) and found.bound >= best.value
    assert found.value == pytest.approx(best.value, rel=1e-4)


def test_arguments_are_copied_and_frozen() -> None:
    given = draw_arguments(5)
    problem = HorizonProblem(**given)
    before = problem.solve().value
    for a in given["attraction"]:
        a[:] = 0.0
    assert problem.solve().value == before
    with pytest.raises(ValueError, match="read-only"):
        problem.horizon.choice_weight[0, 0, 0, 0] = 1.0


WRONG: list[tuple[Data, str]] = [
    ({"start": [[1.0]]}, "start"),
    ({"start": [[1.0], [-1.0]]}, "start[1, 0]"),
    ({"start": [[1.0], [float("nan")]]}, "start[1, 0]"),
    ({"start": None}, "start"),
    ({"attraction": []}, "attraction"),
    ({"attraction": 3.0}, "attraction"),
    ({"attraction": [[[1.0, -2.0]]]}, "attraction[0][0, 1]"),
    ({"attraction": [[[1.0], [2.0]]]}, "attraction[0]"),
    ({"attraction": [[[1.0, 1e31]]]}, "attraction[0][0, 1]"),
    ({"decision_rate": [[[0.5, 1.5]]]}, "decision_rate[0][0, 1]"),
    ({"decision_rate": [[[0.5]]]}, "decision_rate[0]"),
    ({"decision_rate": []}, "decision_rate"),
    ({"reward": [[[1.0, float("inf")]]]}, "reward[0][0, 1]"),
    ({"reward": [[["a", "b"]]]}, "reward[0]"),
    ({"weight": [1.0, float("nan"), 1.0]}, "weight[1]"),
    ({"weight": [[1.0, 1.0, 1.0]]}, "weight"),
    ({"outside_attraction": np.zeros((3, 1))}, "outside_attraction[0, 0]"),
    ({"outside_attraction": np.ones((2, 1))}, "outside_attraction"),
    ({"outside_decision_rate": [-0.1]}, "outside_decision_rate[0]"),
    ({"outside_decision_rate": 0.5}, "outside_decision_rate"),
    ({"entrants": -np.ones((3, 1))}, "entrants[0, 0]"),
    ({"stage": [1, 1, 2]}, "stage[0]"),
    ({"stage": [0, 2, 2]}, "stage[1]"),
    ({"stage": [0, 1, 0]}, "stage[2]"),
    ({"stage": [0, 0.5, 1]}, "stage[1]"),
    ({"stage": [0, 1]}, "stage"),
    ({"steps": [-1]}, "steps[0]"),
    ({"steps": [0.5]}, "steps[0]"),
    ({"steps": [1, 1]}, "steps"),
    ({"origin": [0, 2]}, "origin[1]"),
    ({"origin": [0, 1], "habit": [[1.0, 1.0]]}, "origin[1]"),
    ({"origin": [0]}, "origin"),
    ({"habit": [[1.0, 1.0], [1.0, 2.0]]}, "origin"),
    ({"habit": [[1.0, -1.0]]}, "habit[0, 1]"),
    ({"habit": [[0.0, 1.0]]}, "habit[0, 0]"),
    ({"habit": [1.0, 1.0]}, "habit"),
]


@pytest.mark.parametrize(("change", "place"), WRONG, ids=[f"{n}-{place}" for n, (_, place) in enumerate(WRONG)])
def test_a_wrong_argument_is_named(change: Data, place: str) -> None:
    with pytest.raises(InputError) as caught:
        HorizonProblem(**small(**change))
    assert [f.field for f in caught.value.findings] == [place]


PROBLEM = HorizonProblem(**small())
CALLS: list[tuple[Callable[[], Any], str]] = [
    (lambda: PROBLEM.simulate([[0]]), "path"),
    (lambda: PROBLEM.simulate([[0], [2]]), "path[1, 0]"),
    (lambda: PROBLEM.simulate([[0], [-1]]), "path[1, 0]"),
    (lambda: PROBLEM.value([[0], [0.5]]), "path[1, 0]"),
    (lambda: PROBLEM.solve(gap=-1.0), "gap"),
    (lambda: PROBLEM.solve(time_limit=0.0), "time_limit"),
]


@pytest.mark.parametrize(("call", "place"), CALLS, ids=[f"{n}-{place}" for n, (_, place) in enumerate(CALLS)])
def test_a_wrong_call_is_named(call: Callable[[], Any], place: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert [f.field for f in caught.value.findings] == [place]
