"""Numbers as readers see them, by the unit of a figure."""

from __future__ import annotations

import math

import pytest

from optimizer.answer.words import bare, quantity, stated
from optimizer.report.words import change, exact, heading, title

# unit -> a number with its unit, where a name says what is counted, without it, and with the whole unit
SHOWN = {
    "fraction": (0.6125, "61.3%", "61.3%", "61.3%"),
    "1/month": (0.029, "2.90% a month", "2.90%", "2.90% a month"),
    "usd/month": (12_345_678.0, "12.3 M usd", "12.3 M", "12.3 M usd a month"),
    "customers": (4321.0, "4.32 k", "4.32 k", "4.32 k customers"),
    "GPU-hours/month": (250.0, "250", "250", "250 GPU hours a month"),
    "requests/month": (2e9, "2 bn", "2 bn", "2 bn requests a month"),
    "usd/GPU-hour": (2.25, "2.25", "2.25", "2.25 usd/GPU-hour"),
    "1": (1.5, "1.5", "1.5", "1.5"),
}


@pytest.mark.parametrize("unit", SHOWN)
def test_a_number_of_a_unit(unit: str) -> None:
    value, with_unit, without, whole = SHOWN[unit]
    assert (quantity(value, unit), bare(value, unit), stated(value, unit)) == (with_unit, without, whole)


def test_no_number() -> None:
    assert quantity(math.nan, "usd/month") == quantity(math.nan, "1/month") == bare(math.nan, "fraction") == "-"
    assert change(math.nan, "fraction") == ""


def test_changes_of_shares_and_rates_are_in_points() -> None:
    assert change(0.0125, "fraction") == "+1.2 pt"
    assert change(-0.0031, "1/month") == "-0.31 pt"
    assert change(0.0125, "usd/month") == "+1.2%"


def test_all_digits_are_in_the_unit_that_readers_see() -> None:
    assert exact(0.612345678, "fraction") == "61.234568"
    assert exact(0.029, "1/month") == "2.9"
    assert exact(1234567.891, "usd/month") == "1,234,567.89"


def test_names_in_words() -> None:
    assert title("gpu_hours") == "GPU hours" and heading("gpu_hours") == "GPU hours"
    assert title("api_value") == "API value"
    assert title("market_share") == "market share" and heading("market_share") == "Market share"
