"""Share inversion with nests: by hand, and its Jacobian against differences."""

from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.inputs.moved import with_values
from optimizer.market import inversion
from optimizer.market.calibrate import calibrate
from optimizer.market.evaluate import evaluate_menu
from optimizer.market.inversion import Group, NestColumns, System, solve_constants


def two_plans(dissimilarity: float) -> System:
    """One type of 12 people, all reached; two plans of a nest whose customers decide anew at 1/2 and 1/4 a month."""
    rates = np.array([[0.5, 0.25]])
    nest = NestColumns((0, 1), dissimilarity, np.log(rates))
    people = np.array([12.0])
    return System(-np.log(rates), np.ones((1, 2)), 2, np.ones(1), people, people, (nest,))


def groups_of(*targets: float) -> list[Group]:
    return [Group(j, np.ones(1, dtype=bool), t, f"plans.{j}") for j, t in enumerate(targets)]


def test_two_plans_by_hand() -> None:
    """3 and 8 of 12 people, so stocks 3 and 8 by nothing's 1, attractions 3/2 and 2.

    Of a nest's 7/2 the plans have 3/7 and 4/7; with lambda 1/2 b I^(-1/2) = a, I = (sum a)^2, so
    V = ln(b)/2 = ln(a sum(a)) / 2: ln(21/4) / 2 and ln(7) / 2.
    """
    found, _ = solve_constants(two_plans(0.5), groups_of(3.0, 8.0), np.zeros((1, 2)))
    assert found == pytest.approx([0.5 * math.log(21.0 / 4.0), 0.5 * math.log(7.0)], rel=1e-11)


@pytest.mark.parametrize("dissimilarity", [1.0, 0.7, 0.3, 0.05, 1e-3])
def test_the_stocks_are_given_back(dissimilarity: float) -> None:
    """a_j = b_j I^(lambda - 1) turned round: V_j = lambda ln(a_j) + (1 - lambda) ln(sum a)."""
    found, _ = solve_constants(two_plans(dissimilarity), groups_of(3.0, 8.0), np.zeros((1, 2)))
    wanted = dissimilarity * np.log([1.5, 2.0]) + (1.0 - dissimilarity) * math.log(3.5)
    assert found == pytest.approx(wanted, rel=1e-9, abs=1e-11)


def nested(
    factory: ModuleType, dissimilarity: float, plans: tuple[str, ...] = ("free", "plus", "api")
) -> dict[str, Any]:
    nest = {"plans": list(plans), "dissimilarity": factory.q(dissimilarity)}
    return factory.changed(factory.market(), "nests", {"own": nest})


def by_segment(factory: ModuleType, data: dict[str, Any]) -> dict[str, Any]:
    plus = data["today"]["plans"]["plus"]
    plus["by_segment"] = {"students": factory.q(12_000, "customers")}
    return data


@pytest.mark.parametrize("own", [False, True])
@pytest.mark.parametrize("dissimilarity", [0.8, 0.4, 0.1])
def test_jacobian_against_differences(factory: ModuleType, dissimilarity: float, own: bool) -> None:
    """Counts of plans and of rivals by the constants of plans, also where two groups share a plan."""
    data = by_segment(factory, nested(factory, dissimilarity))
    data["today"]["plans"]["plus"]["own_constants"] = own
    solved = calibrate(factory.inputs(data).market).solved[-1]
    system, count = solved.system, len(solved.groups)
    assert len(system.nests) == 1 and count == (9 if own else 8)
    grouping = inversion._grouping(solved.groups, system)
    away = solved.solution + 0.3 * np.sin(np.arange(count))  # not only where the counts are right
    _, jacobian = inversion._counts(system, grouping, away, solved.offsets)
    step = 1e-6
    for k in range(count):
        up, down = (
            inversion._counts(system, grouping, away + sign * step * np.eye(count)[k], solved.offsets)[0]
            for sign in (1.0, -1.0)
        )
        slope = (up - down) / (2.0 * step)
        np.testing.assert_allclose(jacobian[:, k], slope, rtol=1e-6, atol=1e-6 * np.abs(slope).max(), err_msg=str(k))


@pytest.mark.parametrize("dissimilarity", [0.9, 0.5, 0.2, 0.02])
def test_counts_are_given_back(factory: ModuleType, dissimilarity: float) -> None:
    calibrated = calibrate(factory.inputs(nested(factory, dissimilarity)).market)
    today = evaluate_menu(calibrated.prepared, calibrated.prepared.today_menu())
    counts = {n: c["customers"]["value"] for n, c in factory.market()["today"]["plans"].items()}
    assert dict(zip(today.plans, today.customers.sum(axis=0), strict=True)) == pytest.approx(counts, rel=1e-8)
    students = today.prepared.population.segment == 0
    inside = choice_of_nest(today, students)
    assert inside == pytest.approx(np.ones_like(inside), rel=1e-9)


def choice_of_nest(today: Any, rows: Any) -> Any:
    """For each type, sum of the nest's attractions / (sum of a^(1/lambda))^lambda: 1 by definition."""
    nest = today.prepared.nests[0]
    members = [j for j, name in enumerate(today.plans) if name in nest.plans]
    alone = np.stack([today.per[j].utility[rows] for j in members if today.plans[j] != "api"], axis=1)
    inclusive = nest.dissimilarity * np.logaddexp.reduce(alone / nest.dissimilarity, axis=1)
    return today.attraction[rows][:, members].sum(axis=1) / np.exp(inclusive)


@pytest.mark.parametrize("plans", [("free", "plus"), ("plus", "lite"), ("team", "plus")], ids="+".join)
def test_a_nest_that_makes_no_difference(factory: ModuleType, plans: tuple[str, ...]) -> None:
    """Lambda 1; one plan that is sold today; plans that nobody is offered both of."""
    plain = calibrate(factory.inputs().market).constants
    found = calibrate(factory.inputs(nested(factory, 1.0 if "free" in plans else 0.4, plans)).market).constants
    for name, values in plain.plans.items():
        np.testing.assert_allclose(found.plans[name], values, rtol=0.0, atol=1e-10, err_msg=name)
        if "team" not in plans:
            assert np.array_equal(found.plans[name], values, equal_nan=True), name


def test_nearly_no_nest(factory: ModuleType) -> None:
    """What is solved for a nest tends to what is solved without one."""
    market = factory.inputs(nested(factory, 1.0)).market
    plain = calibrate(market).constants
    found = calibrate(with_values(market, {"nests.own.dissimilarity": 1.0 - 1e-12})).constants
    for name, values in plain.plans.items():
        np.testing.assert_allclose(found.plans[name], values, rtol=0.0, atol=1e-10, err_msg=name)


def test_from_a_market_nearby(factory: ModuleType) -> None:
    near = calibrate(factory.inputs(nested(factory, 0.5)).market)
    again = calibrate(factory.inputs(nested(factory, 0.5)).market, near)
    assert all(mine is other for mine, other in zip(again.solved, near.solved, strict=True))
    market = factory.inputs(nested(factory, 0.6)).market
    cold, warm = calibrate(market), calibrate(market, near)
    assert 0 < warm.steps < cold.steps
    assert warm.solved[-1] is not near.solved[-1]
    for name, values in cold.constants.plans.items():
        np.testing.assert_allclose(warm.constants.plans[name], values, rtol=0.0, atol=1e-9, err_msg=name)


def test_other_nests_are_another_question(factory: ModuleType) -> None:
    solved = calibrate(factory.inputs(nested(factory, 0.5)).market).solved[-1]
    nest, system = solved.system.nests[0], solved.system
    assert solved.asked(replace(system), solved.groups)
    others = [(), (replace(nest, dissimilarity=0.6),), (replace(nest, log_rate=nest.log_rate + 0.1),)]
    assert not any(solved.asked(replace(system, nests=other), solved.groups) for other in others)


def test_the_contraction_finds_the_same(factory: ModuleType) -> None:
    """Steps of lambda x ln(target / count), where Newton's method is not to be had."""
    solved = calibrate(factory.inputs(nested(factory, 0.5)).market).solved[-1]
    grouping = inversion._grouping(solved.groups, solved.system)
    found, steps, _ = inversion._contraction(solved.system, grouping, solved.offsets, np.zeros(len(solved.groups)))
    assert found == pytest.approx(solved.solution, abs=1e-6)
    assert 10 < steps < 2000
