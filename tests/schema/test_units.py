"""Units: what they measure, how they convert, what they refuse."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from optimizer.schema.base import Quantity
from optimizer.schema.market import Market, Plan
from optimizer.units import convert, display, is_share, parse, same_dimension

CONVERSIONS = [
    (20.0, "usd/month", "usd/year", 240.0),
    (12.0, "billion usd/year", "million usd/month", 1000.0),
    (3.0, "usd/Mtok", "usd/token", 3e-6),
    (5.0, "percent", "fraction", 0.05),
    (5.0, "percent/month", "1/month", 0.05),
    (2.0, "thousand customers", "customers", 2000.0),
    (730.0, "GPU-hours", "GPU-hour", 730.0),
    (1.0, "GPU-hour/month", "GPU-hour/year", 12.0),
    (2.5, "usd/GPU-hour", "usd/GPU/month", 2.5 * 730.0),
    (1.0, "GPU", "GPU-hours/month", 730.0),
    (3600.0, "tokens/s/GPU", "tokens/GPU-hour", 3600.0 * 3600.0),
    (7.0, "days/month", "days/week", 7.0 * 168.0 / 730.0),
    (24.0, "hours/day", "1", 1.0),
    (1.0, "usd/thousand requests", "usd/request", 0.001),
    (25.0, "usd/seat/month", "usd/month", 25.0),
    (4.0, "utility/usd", "utility/usd", 4.0),
]


@pytest.mark.parametrize(("value", "unit", "to", "wanted"), CONVERSIONS)
def test_conversions(value: float, unit: str, to: str, wanted: float) -> None:
    assert convert(value, unit, to) == pytest.approx(wanted, rel=1e-12)
    assert convert(wanted, to, unit) == pytest.approx(value, rel=1e-12)


def test_the_same_unit_is_left_bit_by_bit() -> None:
    assert convert(0.1 + 0.2, "tokens/s/GPU", "tokens/s/GPU") == 0.1 + 0.2


@pytest.mark.parametrize(
    ("unit", "to"),
    [
        ("usd", "usd/month"),
        ("requests", "tokens"),
        ("usd/request", "usd/Mtok"),
        ("GPU", "GPU-hour"),
        ("customers", "usd"),
        ("1", "utility"),
    ],
)
def test_what_measures_something_else_is_refused(unit: str, to: str) -> None:
    assert not same_dimension(unit, to)
    with pytest.raises(ValueError, match="does not measure"):
        convert(1.0, unit, to)


@pytest.mark.parametrize("unit", ["dollars", "usd/fortnight", "", "usd//month", "mega usd", "usd month"])
def test_unknown_units_are_refused(unit: str) -> None:
    with pytest.raises(ValueError, match="unknown unit"):
        parse(unit)


def test_people_carry_no_dimension() -> None:
    assert same_dimension("customers", "persons") and same_dimension("accounts", "1")


def quantity(**more: object) -> Quantity:
    return Quantity.model_validate({"value": 3, "unit": "usd/month", "source": "x", **more})


def test_a_quantity_converts_with_its_range() -> None:
    got = quantity(low=2, high=4).to("usd/year")
    assert (got.low, got.value, got.high, got.unit) == pytest.approx((24.0, 36.0, 48.0, "usd/year"))


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"source": None}, "neither source nor assumption"),
        ({"source": None, "assumption": "a guess"}, "needs low and high"),
        ({"low": 4}, "outside"),
        ({"high": 2}, "outside"),
        ({"unit": "usd/moon"}, "unknown unit"),
        ({"value": "3"}, "valid number"),
        ({"value": True}, "valid number"),
        ({"value": float("nan")}, "finite"),
        ({"worth": 3}, "Extra inputs"),
    ],
)
def test_a_quantity_refuses(more: dict[str, object], words: str) -> None:
    with pytest.raises(ValidationError, match=words):
        quantity(**more)


def test_fields_convert_to_their_own_unit() -> None:
    fields = Plan.model_fields
    assert fields["price"].json_schema_extra == {"unit": "usd/month"}
    price = {"value": 240, "unit": "usd/year", "source": "x"}
    share = {"value": 5, "unit": "percent/month", "source": "x"}
    plan = Plan.model_validate(
        {
            "title": "Plan",
            "channel": "consumer",
            "segments": ["s"],
            "price": price,
            **dict.fromkeys(("decision_rate", "decision_rate_least", "decision_rate_most"), share),
            "referral": {"value": 0, "unit": "1", "source": "x"},
            "support_cost": price,
        }
    )
    assert (plan.price.value, plan.price.unit) == (pytest.approx(20.0), "usd/month")
    assert plan.decision_rate.value == pytest.approx(0.05)


@pytest.mark.parametrize(
    ("path", "number", "words"),
    [
        ("plans.plus.price", {"value": -1, "unit": "usd/month"}, "below 0"),
        ("plans.plus.price", {"value": 20, "unit": "usd"}, "does not measure"),
        ("pools.main.utilisation", {"value": 120, "unit": "percent"}, "above 1"),
        ("segments.pros.usage.sigma", {"value": 9, "unit": "1"}, "above 4"),
        ("segments.pros.usage_correlation", {"value": 1, "unit": "1"}, "above 0.99"),
    ],
)
def test_a_market_refuses(factory, path: str, number: dict[str, object], words: str) -> None:  # type: ignore[no-untyped-def]
    data = factory.changed(factory.market(), path, {**number, "source": "test"})
    with pytest.raises(ValidationError, match=words) as error:
        Market.model_validate(data)
    assert [".".join(str(k) for k in e["loc"]) for e in error.value.errors()] == [path]


@pytest.mark.parametrize(
    ("unit", "words"),
    [
        ("fraction", "%"),
        ("1/month", "% a month"),
        ("usd/month", "usd a month"),
        ("GPU-hours/month", "GPU hours a month"),
        ("customers", "customers"),
        ("1", ""),
        ("usd/GPU-hour", "usd/GPU-hour"),
    ],
)
def test_units_as_readers_see_them(unit: str, words: str) -> None:
    assert display(unit).words == words
    assert is_share(unit) == words.startswith("%")
