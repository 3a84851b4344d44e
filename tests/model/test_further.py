"""Ladders of discounts, credits and local prices: levels, orders, saved menus, and the answer against enumeration."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.answer.menu import menu_document, plan_choices, read_menu
from optimizer.answer.run import solve_case_model
from optimizer.economics.figures import Selection
from optimizer.inputs.load import assemble, validate
from optimizer.io.workbook import workbook_documents, write_case_workbook
from optimizer.market.check import check_inputs
from optimizer.model.case_model import with_changes
from optimizer.model.choices import same_level, same_menu
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Case, Change

RUPEES = {"students": [900, 1300, 1800]}
"""At 0.0115 usd: 10.35, 14.95 and 20.70."""


def worded(factory: ModuleType) -> tuple[dict[str, Any], dict[str, Any]]:
    """The small market with every further term, and a case that may choose them."""
    q, market = factory.q, factory.market()
    market["currencies"] = {"INR": q(0.0115, "usd/INR")}
    plus, team = market["plans"]["plus"], market["plans"]["team"]
    plus["regional_price"] = {"students": q(1300, "INR/month")}
    plus |= {"annual_sensitivity": q(12.0), "annual_decision_factor": q(0.6, "fraction")}
    plus |= {"unit_prices": {"big": q(0.01, "usd/request")}, "credits": q(1.0, "usd/month")}
    team["decided_by"] = "account"
    for rival in market["alternatives"].values():
        rival["decided_by"] = "account"
    market["plans"]["api"] |= {"decided_by": "account", "segments": ["firms"]}
    case = factory.case(rules={"plan_order": [["free", "lite", "plus"]]})
    case["plans"]["plus"] = {
        "price": [15, 20],
        "annual_discount": [0, 0.15, 0.25],
        "credits": [0, 2],
        "regional_price": RUPEES,
    }
    case["plans"]["team"] = {"price": [30]}
    case["plans"]["free"] = {"allowances": {"big": {"day": [1, 3]}}}
    return market, case


@pytest.fixture(scope="module")
def made(factory: ModuleType) -> Any:
    return factory.problem(*worded(factory))


def plus(m: Any, **wanted: Any) -> list[Any]:
    levels = m.choices.levels[m.choices.plans.index("plus")]
    return [t for t in levels if all(getattr(t, key) == value for key, value in wanted.items())]


def test_every_combination_is_a_level(made: Any) -> None:
    assert check_inputs(made.inputs) == []
    assert len(plus(made)) == 2 * 3 * 2 * 3
    (one,) = plus(made, price=15.0, annual_discount=0.25, credits=2.0, regional=((0, 900 * 0.0115),))
    assert one.caps == made.prepared.terms["plus"].caps


def test_the_answer_is_the_best_of_all(made: Any, factory: ModuleType) -> None:
    solution = solve_case_model(made, Settings())
    values = {}
    for choice in factory.every_choice(made):
        taken = made.choices.composites.unpacked(choice[0])
        if all(rule.allowed[taken[rule.first], taken[rule.second]] for rule in made.choices.rules):
            values[choice] = factory.evaluate_choice(made, choice).figure("contribution_margin")
    assert len(values) > 100
    assert solution.objective.value == pytest.approx(max(values.values()), rel=1e-9)
    assert solution.verdict == "proved"


def test_a_larger_plan_costs_no_less_in_any_segment_or_by_the_year(made: Any) -> None:
    """Lite at 8 and at 12 usd: plus where students pay no less, 900 rupees with a quarter off being 7.76 usd."""
    names = made.choices.plans
    lite = made.choices.levels[names.index("lite")]
    on = [k for k, terms in enumerate(lite) if terms is not None]
    seen = set()
    for price in (8.0, 12.0):
        moved = [None if t is None else replace(t, price=price) for t in lite]
        levels = [moved if name == "lite" else own for name, own in zip(names, made.choices.levels, strict=True)]
        rules = made.with_levels([tuple(x) for x in levels]).choices.rules
        (rule,) = (r for r in rules if (names[r.first], names[r.second]) == ("lite", "plus"))
        for k, terms in enumerate(made.choices.levels[names.index("plus")]):
            wanted = min(terms.price, dict(terms.regional)[0]) * (1.0 - terms.annual_discount) >= price
            assert rule.allowed[on[0], k] == wanted, (price, terms)
            seen.add((price, wanted))
    assert len(seen) == 4


def test_a_menu_is_saved_and_read(made: Any) -> None:
    checked = 0
    for terms in plus(made):
        menu = replace(made.today_menu, terms={**made.today_menu.terms, "plus": terms})
        saved = json.loads(json.dumps(menu_document(menu, made.inputs.changed)))
        told = saved["menu"]["plus"]["further_terms"]
        assert told["regional_price.students"] in RUPEES["students"]
        assert (told["annual_discount"], told["credits"]) == (terms.annual_discount, terms.credits)
        assert same_menu(read_menu(saved, made.prepared), menu)
        checked += 1
    assert checked == 36


def test_what_is_new_is_told(made: Any) -> None:
    (terms,) = plus(made, price=20.0, annual_discount=0.25, credits=1.0 * 2, regional=((0, 1800 * 0.0115),))
    today = made.today_menu.terms
    market = made.inputs.changed
    rows = plan_choices(made.inputs.market, market, today, {**today, "plus": terms}, {})
    (row,) = (r for r in rows if r.plan == "plus")
    assert row.decision == "change" and not row.repriced
    assert row.new_further == {"annual_discount": 0.25, "credits": 2.0, "regional_price.students": 1800.0}
    (kept,) = (r for r in plan_choices(made.inputs.market, market, today, today, {}) if r.plan == "plus")
    assert kept.decision == "keep" and not kept.new_further


def test_two_levels_that_differ_in_a_further_term_are_two(made: Any) -> None:
    one = plus(made)[0]
    for other in (
        replace(one, annual_discount=0.01),
        replace(one, credits=3.0),
        replace(one, regional=((0, 1.0),)),
        replace(one, regional=()),
    ):
        assert not same_level(one, other)
    assert same_level(one, replace(one, regional=tuple((k, fee * (1.0 + 1e-12)) for k, fee in one.regional)))


def test_a_rate_moves_local_prices(made: Any) -> None:
    """The rupee at half its worth: today's and chosen prices are the same in rupees."""
    there = with_changes(made, {"currencies.INR": Change(times=0.5)})
    assert there.prepared.terms["plus"].regional == ((0, pytest.approx(1300 * 0.0115 / 2, rel=1e-12)),)
    (terms,) = plus(made, price=15.0, annual_discount=0.25, credits=2.0, regional=((0, 900 * 0.0115),))
    menu = replace(made.today_menu, terms={**made.today_menu.terms, "plus": terms})
    carried = there.carried(menu, made).terms["plus"]
    assert (carried.price, carried.annual_discount, carried.credits) == (15.0, 0.25, 2.0)
    assert carried.regional == ((0, pytest.approx(900 * 0.0115 / 2, rel=1e-12)),)


def test_a_discount_changed_in_the_market_is_taken_up_from_todays(made: Any) -> None:
    """0.2 pay by the year at 15 % off; at 25 % the odds are e^(12 x 0.1) times as high."""
    there = with_changes(made, {"plans.plus.annual_discount": Change(to=0.25)})
    odds = 0.25 * np.exp(1.2)
    fee = 20.0 * (1.0 - 0.25 * odds / (1.0 + odds))
    j = there.unchanged.plans.index("plus")
    rows = there.prepared.population.segment == 1
    per = there.unchanged.per[j]
    assert per.bill[rows] - per.metered[rows] == pytest.approx(fee, rel=1e-12)


def test_seats_of_an_account_stay_together(made: Any) -> None:
    """Every usage class of firms of one willingness to pay has the same share of the plan for teams."""
    evaluation, pop = made.today, made.prepared.population
    share = evaluation.customers / (evaluation.staying + evaluation.customers.sum(axis=1))[:, None]
    j, firms = evaluation.plans.index("team"), pop.segment == pop.segments.index("firms")
    per = evaluation.per[j]
    for v in set(pop.payment_class[firms]):
        mine = firms & (pop.payment_class == v)
        assert mine.sum() == 2
        assert np.ptp(share[mine, j]) <= 1e-12 * share[mine, j].max()
        assert np.ptp(per.serving[mine]) > 0.1 * per.serving[mine].max()
    assert evaluation.figure("customers", Selection(plan="team")) == pytest.approx(9_000, rel=1e-9)


def test_the_workbook_keeps_them(factory: ModuleType, made: Any, tmp_path: Path) -> None:
    inputs, path = made.inputs, tmp_path / "x.xlsx"
    write_case_workbook(path, inputs.case_document, inputs.market_document)
    case, market = workbook_documents(path)
    again = assemble("test", validate(Case, case), case, market, {})
    assert again.market == inputs.market and again.case == inputs.case


BAD = {
    "a rate in another unit": ("currencies.INR", ("0.0115", "usd/month"), "unit"),
    "a rate of nothing": ("currencies.INR", ("0", "usd/INR"), "not-positive"),
    "no such currency": ("currencies.XYZ", ("1", "usd/month"), "unknown-name"),
    "a segment that is not offered it": ("plans.plus.regional_price.firms", ("9", "usd/month"), "unknown-name"),
    "a currency without a rate": ("plans.plus.regional_price.pros", ("9", "EUR/month"), "currency"),
    "a year that never ends": ("plans.plus.annual_decision_factor", ("0", "fraction"), "not-positive"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_markets(name: str, factory: ModuleType) -> None:
    path, (value, unit), code = BAD[name]
    market, case = worded(factory)
    found = check_inputs(factory.inputs(factory.changed(market, path, factory.q(float(value), unit)), case))
    assert [(f.code, f.field) for f in found if f.severity == "error"] == [(code, path)]


BAD_LADDERS = {
    "annual_discount": ([0.1, 1.2], "range"),
    "credits": ([-1, 2], "range"),
    "regional_price.pros": ([9], "unknown-name"),
    "regional_price.students": ([-9, 900], "range"),
}


@pytest.mark.parametrize("field", BAD_LADDERS)
def test_bad_ladders(field: str, factory: ModuleType) -> None:
    steps, code = BAD_LADDERS[field]
    market, case = worded(factory)
    found = check_inputs(factory.inputs(market, factory.changed(case, f"plans.plus.{field}", steps)))
    assert [(f.code, f.field) for f in found if f.severity == "error"] == [(code, f"plans.plus.{field}")]


def test_a_price_rule_cuts_local_prices(factory: ModuleType) -> None:
    market, case = worded(factory)
    case["rules"]["price_change"] = [{"plan": "plus", "at_most": 0.32}]
    found = factory.problem(market, case)
    assert {t.regional[0][1] for t in plus(found)} == {900 * 0.0115, 1300 * 0.0115}
    case["plans"]["plus"]["regional_price"] = {"students": [2600]}
    (error,) = (f for f in check_inputs(factory.inputs(market, case)) if f.severity == "error")
    assert (error.code, error.field) == ("empty-ladder", "plans.plus.regional_price.students")


def idle(factory: ModuleType, market: Any, case: Any) -> set[tuple[str, str]]:
    return {(f.code, f.field) for f in check_inputs(factory.inputs(market, case))}


def test_what_has_no_effect(factory: ModuleType) -> None:
    market, case = worded(factory)
    none = market["plans"]["plus"] | {"annual_sensitivity": None}
    rate = ("no-effect", "plans.plus.annual_decision_factor")
    found = idle(factory, factory.changed(market, "plans.plus", none), case)
    assert found == {rate, ("no-effect", "plans.plus.annual_discount")}
    all_of_them = factory.changed(market, "plans.plus.annual_share", 1.0)
    assert idle(factory, all_of_them, case) == {("no-effect", "plans.plus.annual_sensitivity")}
    unsold = factory.changed(market, "plans.plus.unit_prices", {})
    assert idle(factory, unsold, case) == {("no-effect", "plans.plus.credits")}
    rupees = factory.changed(market, "currencies.EUR", factory.q(1.1, "usd/EUR"))
    assert idle(factory, rupees, case) == {("no-effect", "currencies.EUR")}
    apart = factory.changed(market, "alternatives.rival.decided_by", "customer")
    assert ("decided-apart", "plans.team.decided_by") in idle(factory, apart, case)
