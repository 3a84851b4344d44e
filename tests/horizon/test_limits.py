"""Limits on paths: by hand, against enumeration, proven infeasible, and certificates that do not prove."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from amount import few, some
from horizons import draw_arguments, draw_limited, draw_wide_limited

from optimizer import HorizonLimit, HorizonProblem, InfeasibleError, InputError, NotTrustedError

Data = dict[str, Any]


def two_months(**more: Any) -> HorizonProblem:
    """100 people decide every month; the plan at 1 or 2 takes half of them or a quarter."""
    return HorizonProblem(
        [[100.0], [0.0]], [[[1.0, 1.0 / 3.0]]], [[[1.0, 1.0]]], [[[1.0, 2.0]]], [1.0, 1.0], [[1.0], [1.0]], [1.0],
        stage=[0, 1], **more,
    )  # fmt: skip


def test_by_hand() -> None:
    """Customers are 50 or 25, revenue 50 either way; cost of 0.9 a customer is 45 or 22.5."""
    cost = [[[0.9, 0.9]]]
    alone = two_months(limits=[HorizonLimit([0.0, 1.0], at_most=30.0, reward=cost, name="cost")]).solve(0.0)
    assert alone.path[1, 0] == 1 and alone.value == pytest.approx(100.0)
    assert alone.limits == {"cost at most 30": pytest.approx(-22.5)}
    both = two_months(limits=[HorizonLimit([1.0, 1.0], at_least=40.0, reward=cost), HorizonLimit([1.0, 0.0], 50.0)])
    assert both.solve(0.0).value == pytest.approx(100.0)
    assert both.feasible([[1], [1]]) and both.feasible([[0], [1]])
    assert not two_months(limits=[HorizonLimit([1.0, 1.0], at_least=80.0, reward=cost)]).feasible([[1], [0]])


def test_a_ratio_turned_linear() -> None:
    """Margin is 10 % at the low price and 55 % at the high one: 50 % in the last month asks for the high one then."""
    margin = [np.array([[1.0 - 0.9 - 0.5 * 1.0, 2.0 - 0.9 - 0.5 * 2.0]])]
    found = two_months(limits=[HorizonLimit([0.0, 1.0], at_least=0.0, reward=margin)]).solve(0.0)
    assert found.path[1, 0] == 1


def test_what_cannot_be_kept_is_proven_and_told() -> None:
    problem = two_months(
        limits=[HorizonLimit([1.0, 1.0], at_least=200.0, name="revenue"), HorizonLimit([1.0, 0.0], 1.0)]
    )
    for call in (problem.solve, problem.enumerate):
        with pytest.raises(InfeasibleError) as caught:
            call()
        told = caught.value.diagnosis
        assert problem.replay(told.certificate) == -np.inf
        assert told.limits[0].bound == pytest.approx(100.0)
        assert "cannot be kept: revenue" in told.text and "limit 1" not in told.text


def check(seeds: range, draw: Callable[[int], HorizonProblem] = draw_limited) -> tuple[int, int]:
    """Instances with an answer, and without one, after comparing with enumeration."""
    solved = infeasible = 0
    for seed in seeds:
        problem = draw(seed)
        try:
            best = problem.enumerate()
        except InfeasibleError:
            with pytest.raises(InfeasibleError) as caught:
                problem.solve(1e-6)
            assert problem.replay(caught.value.diagnosis.certificate) == -np.inf, seed
            infeasible += 1
            continue
        found = problem.solve(1e-6)
        size = max(abs(best.value), 1e-6 * problem.horizon.magnitude)
        assert found.verdict == "proved" and problem.feasible(found.path), seed
        assert best.value - 1e-12 <= found.bound <= best.value + 1.1e-6 * size, seed
        assert found.value == pytest.approx(best.value, abs=1.1e-6 * size), seed
        assert best.value - 1e-12 <= problem.replay(found.certificate) <= found.bound + 1e-9 * size, seed
        solved += 1
    assert solved + infeasible == len(seeds) > 0
    return solved, infeasible


@pytest.mark.parametrize("part", [0, *(pytest.param(k, marks=pytest.mark.full) for k in (1, 2, 3))])
def test_instances_against_enumeration(part: int) -> None:
    solved, infeasible = check(some(range(75 * part, 75 * (part + 1))))
    assert solved > few(30) and infeasible > few(5)


def test_nests_word_of_mouth_and_kept_terms_against_enumeration() -> None:
    solved, infeasible = check(some(range(60)), draw_wide_limited)
    assert solved > few(20) and infeasible > few(5)


@pytest.mark.full
@pytest.mark.parametrize("part", range(10))
def test_3000_instances_against_enumeration(part: int) -> None:
    assert sum(check(range(300 * (part + 1), 300 * (part + 2)))) == 300


def test_a_limit_that_every_path_keeps_changes_nothing() -> None:
    for seed in range(20):
        given = draw_arguments(seed)
        months = len(given["weight"])
        free = HorizonProblem(**given).solve(1e-9)
        held = HorizonProblem(**given, limits=[HorizonLimit(np.ones(months), at_least=-1e9)]).solve(1e-9)
        assert held.value == pytest.approx(free.value, rel=1e-8, abs=1e-12), seed


def binding() -> tuple[HorizonProblem, Any]:
    """A problem whose certificate has multipliers, drops and splits."""
    for seed in range(3000):
        problem = draw_limited(seed, types=4, plans=3, levels=4, stages=3)
        try:
            found = problem.solve(1e-6)
        except InfeasibleError:
            continue
        steps = found.certificate["root"].get("steps", [])
        if len(found.certificate["rows"]) > 2 and "split" in found.certificate["root"] and any(s[2] for s in steps):
            return problem, found
    raise AssertionError("no such instance")


PROBLEM, SOLUTION = binding()


def test_a_certificate_is_json() -> None:
    plain = json.loads(json.dumps(SOLUTION.certificate, allow_nan=False))
    assert PROBLEM.replay(plain) >= SOLUTION.value - 1e-12


def negative_multipliers(data: Data) -> None:
    data["rows"][1] = [1.0, *(-x - 1.0 for x in data["rows"][1][1:])]


def another_aim(data: Data) -> None:
    data["rows"][1][0] = 0.5


def too_few(data: Data) -> None:
    data["rows"][1] = data["rows"][1][:-1]


def no_path_at_all(data: Data) -> None:
    data["bound"] = None


def lower_claim(data: Data) -> None:
    data["bound"] -= 1e-2 * abs(data["bound"]) + 1e-2


def rows_that_are_not_there(data: Data) -> None:
    data["root"]["steps"][-1][3] = 10_000


@pytest.mark.parametrize(
    "tamper",
    [negative_multipliers, another_aim, too_few, no_path_at_all, lower_claim, rows_that_are_not_there],
    ids=lambda f: f.__name__,
)
def test_a_tampered_certificate_fails(tamper: Callable[[Data], None]) -> None:
    data = copy.deepcopy(dict(SOLUTION.certificate))
    tamper(data)
    with pytest.raises(NotTrustedError):
        PROBLEM.replay(data)


def test_the_same_horizon_without_its_limits_is_not_proved() -> None:
    free = HorizonProblem(
        PROBLEM.horizon.start, [np.ones((PROBLEM.horizon.types, n)) for n in PROBLEM.layout.levels],
        [np.ones((PROBLEM.horizon.types, n)) for n in PROBLEM.layout.levels],
        [np.ones((PROBLEM.horizon.types, n)) for n in PROBLEM.layout.levels], np.ones(PROBLEM.horizon.months),
        PROBLEM.horizon.outside_weight[:, 0], PROBLEM.horizon.outside_decision_rate, stage=PROBLEM.horizon.stage,
    )  # fmt: skip
    with pytest.raises(NotTrustedError):
        free.replay(SOLUTION.certificate)


WRONG: list[tuple[Any, str]] = [
    (["margin"], "limits[0]"),
    (3.0, "limits"),
    ([HorizonLimit([1.0], 0.0)], "limits[0].weight"),
    ([HorizonLimit([1.0, 1.0])], "limits[0]"),
    ([HorizonLimit([1.0, 1.0], 2.0, 1.0)], "limits[0]"),
    ([HorizonLimit([1.0, 1.0], float("nan"))], "limits[0].at_least"),
    ([HorizonLimit([1.0, 1.0], 0.0, reward=[[[1.0]]])], "limits[0].reward[0]"),
    ([HorizonLimit([1.0, 1.0], 0.0, name=3)], "limits[0].name"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("limits", "place"), WRONG, ids=[f"{n}-{place}" for n, (_, place) in enumerate(WRONG)])
def test_a_wrong_limit_is_named(limits: Any, place: str) -> None:
    with pytest.raises(InputError) as caught:
        two_months(limits=limits)
    assert [f.field for f in caught.value.findings] == [place]
