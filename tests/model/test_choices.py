"""Ladders, rules between plans and prices, and changes by path."""

from __future__ import annotations

import itertools
import math
from types import ModuleType
from typing import Any

import pytest

from optimizer.errors import InputError
from optimizer.inputs.changes import apply_changes, as_change, parse_change
from optimizer.market.ladders import allowed_prices
from optimizer.model.case_model import with_changes
from optimizer.model.choices import Choices
from optimizer.schema.case import Case, Change


def choices_of(factory: ModuleType, plans: dict[str, Any], **more: Any) -> Choices:
    return factory.problem(None, factory.case(plans=plans, **more)).choices


def levels(choices: Choices, plan: str) -> tuple[Any, ...]:
    return choices.levels[choices.plans.index(plan)]


def test_every_combination_of_a_plans_ladders(factory: ModuleType) -> None:
    plus = {"price": [15, 20], "allowances": {"big": {"3h": [6, 12, "unlimited"], "week": [100, 200]}}}
    built = levels(choices_of(factory, {"plus": plus}), "plus")
    got = [(t.price, dict(t.caps[0])) for t in built]
    wanted = [
        (price, {"week": week} if short is None else {"3h": short, "week": week})
        for price, short, week in itertools.product([15.0, 20.0], [6.0, 12.0, None], [100.0, 200.0])
    ]
    assert got == wanted
    assert {(t.fallback, t.caps[1]) for t in built} == {(1, ())}


def test_windows_stand_in_order_whatever_the_ladder_adds(factory: ModuleType) -> None:
    (level,) = levels(choices_of(factory, {"free": {"allowances": {"big": {"3h": [2]}}}}), "free")
    assert level.caps[0] == (("3h", 2.0), ("day", 3.0))


def test_unit_price_ladders_are_in_the_markets_unit(factory: ModuleType) -> None:
    api = {"unit_prices": {"big": [6, 10], "mini": [0.003]}}
    built = levels(choices_of(factory, {"api": api}), "api")
    # a million tokens are 500 requests of 2,000
    assert [t.unit_prices for t in built] == [pytest.approx((0.012, 0.003)), pytest.approx((0.02, 0.003))]


def test_plans_without_ladders_stay_and_plans_not_sold_stay_away(factory: ModuleType) -> None:
    found = choices_of(factory, {"plus": {"price": [19]}}, mix=None)
    assert [len(x) for x in found.levels] == [1, 1, 1, 1, 1]
    assert levels(found, "lite") == (None,)
    assert levels(found, "team")[0].price == 30.0
    assert found.mixes == (0.4,)
    assert found.menus == 1


def test_withdrawing_is_a_choice_where_it_is_allowed(factory: ModuleType) -> None:
    plans = {"lite": {"price": [8]}, "plus": {"price": [20]}, "team": {"withdraw": True}}
    found = choices_of(factory, plans)
    off = {name: None in levels(found, name) for name in found.plans}
    assert off == {"free": False, "plus": False, "lite": True, "team": True, "api": False}
    kept = choices_of(factory, {"lite": {"price": [8], "withdraw": False}})
    assert None not in levels(kept, "lite")


def test_menus_are_counted_with_the_mix(factory: ModuleType) -> None:
    assert factory.problem().choices.menus == 3 * 3 * 2 * 2 * 1 * 2


def test_a_step_named_twice_is_one_level(factory: ModuleType) -> None:
    assert len(levels(choices_of(factory, {"plus": {"price": [15, 20, 15]}}), "plus")) == 2


def allowed(factory: ModuleType, prices: tuple[float, ...], **rules: Any) -> tuple[float, ...]:
    case = Case.model_validate(factory.case(rules=rules))
    return allowed_prices(case, factory.inputs().market, "plus", prices)


def test_price_change_against_today(factory: ModuleType) -> None:
    """A quarter around 20 usd, ends included; another plan's rule does not count."""
    prices = (14.99, 15.0, 20.0, 25.0, 25.01)
    rule = {"plan": "plus", "at_most": 0.25}
    assert allowed(factory, prices, price_change=[rule]) == (15.0, 20.0, 25.0)
    assert allowed(factory, prices, price_change=[{"plan": "team", "at_most": 0.0}]) == prices
    assert allowed(factory, prices, price_change=[rule, {"plan": "plus", "at_most": 0.0}]) == (20.0,)


def test_charm_prices(factory: ModuleType) -> None:
    prices = (0.0, 5.0, 7.0, 9.0, 10.0, 12.5, 18.0, 19.0, 19.99, 19.5, 20.0, 200.0)
    charming = (0.0, 5.0, 9.0, 10.0, 19.0, 19.99, 20.0, 200.0)
    assert allowed(factory, prices, charm_prices=True) == charming


def test_plan_order(factory: ModuleType) -> None:
    """lite before plus: plus costs at least as much and gives no less; off the menu nothing is compared."""
    plans = {
        "lite": {"price": [8, 18], "allowances": {"big": {"day": [8, "unlimited"]}}},
        "plus": {"price": [15, 20]},
    }
    found = choices_of(factory, plans, rules={"plan_order": [["lite", "plus"]]})
    (rule,) = found.rules
    assert (found.plans[rule.first], found.plans[rule.second]) == ("lite", "plus")
    for a, lite in enumerate(levels(found, "lite")):
        for b, plus in enumerate(levels(found, "plus")):
            fits = lite is None or (lite.price <= plus.price and math.isfinite(dict(lite.caps[0]).get("day", math.inf)))
            assert bool(rule.allowed[a, b]) == fits, (lite, plus)
    assert rule.allowed.any() and not rule.allowed.all()


def test_an_order_of_three_compares_all_pairs(factory: ModuleType) -> None:
    plans = {"lite": {"price": [8]}, "plus": {"price": [20]}}
    found = choices_of(factory, plans, rules={"plan_order": [["free", "lite", "plus"]]})
    assert [r.name for r in found.rules] == ["free before lite", "free before plus", "lite before plus"]


# --- changes -------------------------------------------------------------------------------------


def after(factory: ModuleType, changes: dict[str, Change]) -> Any:
    inputs = factory.inputs()
    return apply_changes(inputs.market_document, changes, inputs.case_document).data


def test_to_times_and_plus(factory: ModuleType) -> None:
    data = after(
        factory,
        {
            "plans.plus.price": Change(to=25.0),
            "plans.team.price": Change(times=0.5),
            "plans.lite.price": Change(plus=-3.0),
        },
    )
    assert [data["plans"][p]["price"]["value"] for p in ("plus", "team", "lite", "free")] == [25.0, 15.0, 5.0, 0.0]


def test_wildcards_reach_every_number_of_that_place(factory: ModuleType) -> None:
    market, data = (
        factory.market(),
        after(factory, {"plans.*.decision_rate": Change(times=2.0), "pools.m*.price": Change(to=9)}),
    )
    assert {p["decision_rate"]["value"] for p in data["plans"].values()} == {0.1}
    assert data["plans"]["plus"]["decision_rate_by_segment"] == market["plans"]["plus"]["decision_rate_by_segment"]
    assert [data["pools"][p]["price"]["value"] for p in ("main", "spot")] == [9.0, 3.0]


def test_changes_apply_one_after_the_other(factory: ModuleType) -> None:
    data = after(factory, {"plans.*.price": Change(times=2.0), "plans.plus.price": Change(plus=1.0)})
    assert data["plans"]["plus"]["price"]["value"] == 41.0


def test_low_and_high_move_along(factory: ModuleType) -> None:
    market = factory.market()
    market["plans"]["plus"]["price"] |= {"low": 10.0, "high": 30.0}
    inputs = factory.inputs(market)
    got = apply_changes(inputs.market_document, {"plans.plus.price": Change(times=3.0)}, inputs.case_document).data
    price = got["plans"]["plus"]["price"]
    assert (price["low"], price["value"], price["high"]) == (30.0, 60.0, 90.0)
    assert inputs.market_document.data["plans"]["plus"]["price"]["value"] == 20.0


def test_a_number_the_market_does_not_state(factory: ModuleType) -> None:
    """A unit makes room for it; without one the path must exist."""
    data = after(factory, {"plans.plus.seat_minimum": Change(to=2.0, unit="1")})
    assert data["plans"]["plus"]["seat_minimum"]["value"] == 2.0
    with pytest.raises(InputError, match="no number of the market is at"):
        after(factory, {"plans.plus.seat_minimum": Change(to=2.0)})


def test_a_misspelt_path_is_told_with_the_nearest(factory: ModuleType) -> None:
    with pytest.raises(InputError) as error:
        after(factory, {"plans.plus.prise": Change(to=2.0), "nowhere.*": Change(times=2.0)})
    first, second = error.value.findings
    assert (first.code, first.field) == ("change-path", "changes.plans.plus.prise")
    assert "'plans.plus.price'" in first.cure
    assert second.field == "changes.nowhere.*"


@pytest.mark.parametrize("unit", [None, "1"])
def test_a_path_without_end_names_no_number(factory: ModuleType, unit: str | None) -> None:
    path = ".".join(["a"] * 20_000)
    with pytest.raises(InputError, match="no number of the market is at"):
        after(factory, {path: Change(to=2.0, unit=unit)})


def test_changes_in_words() -> None:
    assert parse_change("plans.plus.price=25") == ("plans.plus.price", Change(to=25.0))
    assert parse_change("a.b = x0.5") == ("a.b", Change(times=0.5))
    assert as_change("a.b", "+5") == Change(plus=5.0)
    assert as_change("a.b", 3) == Change(to=3.0)
    for text in ("plans.plus.price", "plans.plus.price=", "a=nan", "=3", "a=x"):
        with pytest.raises(InputError):
            parse_change(text)


# --- advertising ---------------------------------------------------------------------------------


def test_a_dearer_plan_shows_no_more_advertising(factory: ModuleType) -> None:
    plans = {"free": {"impressions": [0, 0.2]}, "lite": {"price": [8], "impressions": [0, 0.1, 0.4], "withdraw": False}}
    found = choices_of(factory, plans, rules={"plan_order": [["free", "lite"]]})
    (rule,) = found.rules
    assert rule.allowed.tolist() == [[True, False, False], [True, True, False]]


def test_advertising_chosen_is_carried_to_another_world(factory: ModuleType) -> None:
    plans = {"free": {"impressions": [0, 0.2]}}
    one = factory.problem(None, factory.case(plans=plans))
    other = with_changes(one, {"plans.plus.price": Change(times=1.5)})
    menu = one.choices.menu(((1, 0, 0, 0, 0), 0))
    assert menu.terms["free"].impressions == 0.2
    assert other.carried(menu, one).terms["free"].impressions == 0.2
    assert other.carried(menu, one).terms["plus"].price == 30.0
