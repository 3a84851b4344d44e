"""What a ratio means: the floors of denominators, what plans off the menu are asked, and the size gaps are told by."""

from __future__ import annotations

import itertools
from types import ModuleType
from typing import Any

import pytest

from optimizer.answer.audit import check_bound
from optimizer.answer.run import solve_case_model
from optimizer.economics.figures import TOTAL, Selection
from optimizer.errors import InfeasibleError, InputError
from optimizer.model.case_model import CaseModel
from optimizer.model.instance import combine, evaluate, zero_figure
from optimizer.model.measures import FLOOR, FLOOR_NEW, FLOOR_PLAN, magnitude, measure, yardstick
from optimizer.optimise.objectives import BlendObjective, objective_of
from optimizer.optimise.outcome import Settings

Data = dict[str, Any]
QUICK = Settings(gap=1e-6, cross_check=False)


def asked(factory: ModuleType, market: Data | None = None, **more: Any) -> CaseModel:
    plans = {"plus": {"price": [15, 20, 25], "withdraw": True}, "team": {"price": [25, 30]}}
    found: CaseModel = factory.problem(market, factory.case(plans=plans, **more))
    return found


def test_floors_are_shares_of_today(factory: ModuleType) -> None:
    m = asked(factory)
    revenue = m.today.figure("revenue")
    total = measure(m.built, "gross_margin_rate", TOTAL, m.today.figure)
    assert total.floor == pytest.approx(FLOOR * revenue) and total.offered is None
    part = measure(m.built, "gross_margin_rate", Selection(channels=("enterprise",)), m.today.figure)
    enterprise = m.today.figure("revenue", Selection(channels=("enterprise",)))
    assert part.floor == pytest.approx(FLOOR * enterprise)
    plan = measure(m.built, "gross_margin_rate", Selection(plan="plus"), m.today.figure)
    assert plan.floor == pytest.approx(FLOOR_PLAN * revenue) and plan.offered is not None
    linear = measure(m.built, "market_share", TOTAL, m.today.figure)
    assert linear.denominator is None and linear.floor == 0.0


def test_a_part_without_a_today_has_a_floor_too(factory: ModuleType) -> None:
    market = factory.market()
    for name in ("team", "api"):
        market["plans"][name]["segments"] = ["firms"]
    del market["today"]["plans"]["free"]
    market["plans"]["free"] |= {"analogue": "plus"}
    m: CaseModel = factory.problem(market, factory.case())
    assert m.today.figure("free_customers") == 0.0
    free = measure(m.built, "cost_per_free_customer", TOTAL, m.today.figure)
    # of free customers there is no total today: of everyone who could be a customer
    assert free.floor == pytest.approx(FLOOR_NEW * m.prepared.population.potential.sum())
    solution = solve_case_model(
        factory.problem(market, factory.case(objective={"minimise": "cost_per_free_customer"})), QUICK
    )
    assert solution.figure("free_customers") >= free.floor


def test_a_condition_on_a_plan_asks_nothing_where_the_plan_is_off_the_menu(factory: ModuleType) -> None:
    never = {"figure": "gross_margin_rate", "plan": "plus", "at_least": 0.999}
    m = asked(factory, conditions=[never])
    solution = solve_case_model(m, QUICK)
    assert solution.verdict == "proved"
    assert solution.terms["plus"] is None
    assert [c.met for c in solution.audit.conditions] == [True]
    (bound,) = m.bounds
    limits = {str(k): limit.figure for k, limit in enumerate(bound.limits())}
    seen = set()
    for choice in factory.every_choice(m):
        told = check_bound(bound, factory.evaluate_choice(m, choice))
        on = m.choices.menu(choice).terms["plus"] is not None
        assert told.met == (not on)
        assert all(v >= 0.0 for v in evaluate(m.built.instance, limits, *choice).values()) == told.met
        seen.add(on)
    assert seen == {True, False}


@pytest.mark.parametrize("side", ["at_least", "at_most"])
def test_a_plan_that_is_given_away_has_no_margin_rate(factory: ModuleType, side: str) -> None:
    """Free has no revenue without advertising: its ratio does not count, whichever way the condition points."""
    market = factory.market()
    del market["plans"]["free"]["advertising"]
    with pytest.raises(InfeasibleError):
        solve_case_model(
            asked(factory, market, conditions=[{"figure": "gross_margin_rate", "plan": "free", side: 0.5}]), QUICK
        )


def test_a_ratio_that_counts_nowhere_is_told_with_its_floor(factory: ModuleType) -> None:
    condition = {"figure": "gross_margin_rate", "at_least": 0.1, "denominator_floor": 1e12}
    with pytest.raises(InfeasibleError, match="the denominator of gross_margin_rate reaches 1e\\+12, below which"):
        solve_case_model(asked(factory, conditions=[condition]), QUICK)


@pytest.mark.parametrize(("part", "floor", "refused"), [({}, 0.0, True), ({"channel": "consumer"}, 0.0, True),
                                                        ({}, -1.0, True), ({"plan": "plus"}, -1.0, True),
                                                        ({"plan": "plus"}, 0.0, False), ({}, 1e-9, False)])  # fmt: skip
def test_a_floor_of_nothing_is_refused_for_a_total(
    factory: ModuleType, part: Data, floor: float, refused: bool
) -> None:
    condition = {"figure": "gross_margin_rate", "at_least": 0.1, "denominator_floor": floor, **part}
    if not refused:
        assert asked(factory, conditions=[condition]).bounds[0].measure.floor > 0.0
        return
    with pytest.raises(InputError, match="would let menus without any of the denominator count"):
        asked(factory, conditions=[condition])


def test_no_choice_is_worth_more_than_the_magnitude(instances: ModuleType) -> None:
    for seed in range(20):
        drawn = instances.draw(seed, blocks=seed % 3, limits="b")
        most = magnitude(drawn.instance, drawn.aim)
        assert yardstick(drawn.instance, drawn.aim) == 1e-6 * most
        checked = 0
        for mix in range(drawn.instance.mixes):
            for menu in itertools.product(*(range(n) for n in drawn.instance.levels)):
                value = evaluate(drawn.instance, {"v": drawn.aim}, menu, mix)["v"]
                assert abs(value) <= most * (1 + 1e-12), seed
                checked += 1
        assert checked


def test_yardsticks_move_with_the_unit(instances: ModuleType) -> None:
    drawn = instances.draw(3)
    for factor in (1e-9, 3.0, 1e9):
        other = combine([(factor, drawn.aim)])
        assert yardstick(drawn.instance, other) == pytest.approx(factor * yardstick(drawn.instance, drawn.aim))
        ratio = yardstick(drawn.instance, other, other)
        assert ratio == pytest.approx(1e-6)
    assert yardstick(drawn.instance, zero_figure(drawn.instance)) == 1.0


def test_a_blend_of_what_is_nothing_today_is_refused(factory: ModuleType) -> None:
    market = factory.market()
    del market["plans"]["free"]["advertising"]
    with pytest.raises(InputError, match="advertising_revenue has no value today"):
        solve_case_model(asked(factory, market, objective={"blend": {"revenue": 1, "advertising_revenue": 1}}), QUICK)
    m = asked(factory, objective={"blend": {"revenue": 1, "gross_margin_rate": 1}})
    objective = objective_of(m.inputs.case.objective, m.today).last
    assert isinstance(objective, BlendObjective) and [r.name for r in objective.ratios(m)] == ["gross_margin_rate"]
