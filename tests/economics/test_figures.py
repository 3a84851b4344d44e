"""Every business figure per customer, worked out for one payer and one free customer."""

from __future__ import annotations

import re
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from optimizer.economics import figures
from optimizer.economics.figures import (
    ALIASES,
    COHORTS,
    COMPOSITES,
    FIGURES,
    HEADLINES,
    LINEAR,
    PART_FIGURES,
    RATIOS,
    TILES,
    TOTAL,
    Direction,
    FigureKind,
    Selection,
)
from optimizer.economics.response import PerCustomer
from optimizer.units import parse

# a payer and a free customer; every number is different, so that none can stand in for another
GIVEN = {
    "bill": (20.0, 0.0),
    "metered": (3.0, 0.0),
    "advertising": (0.5, 0.25),
    "impressions": (12.0, 8.0),
    "revenue": (20.5, 0.25),
    "serving": (7.0, 1.5),
    "serving_as_used": (4.0, 0.5),
    "tokens": (1.25, 0.375),
    "payment": (0.9, 0.0),
    "support": (1.1, 0.1),
    "other": (0.6, 0.01),
    "decision_rate": (0.05, 0.02),
    "gpu_hours": (2.2, 0.4),
    "requests": (300.0, 40.0),
    "binds": (0.125, 0.75),
    "api_value": (9.0, 1.2),
    "referral": (0.3, 0.2),
}
PER = PerCustomer(
    **{f.name: np.array(GIVEN.get(f.name, (np.nan, np.nan))) for f in fields(PerCustomer)}  # type: ignore[arg-type]
)

BY_HAND = {
    "customers": (1.0, 1.0),
    "paying_customers": (1.0, 0.0),
    "free_customers": (0.0, 1.0),
    "revenue": (20.5, 0.25),
    "metered_revenue": (3.0, 0.0),
    "advertising_revenue": (0.5, 0.25),
    "impressions": (12.0, 8.0),
    "paying_revenue": (20.5, 0.0),
    "serving_cost": (7.0, 1.5),
    "token_cost": (1.25, 0.375),
    "free_serving_cost": (0.0, 1.5),
    "paying_serving_cost": (7.0, 0.0),
    "payment_cost": (0.9, 0.0),
    "other_cost_of_revenue": (0.6, 0.01),
    "support_cost": (1.1, 0.1),
    "marketing_cost": (0.0, 0.0),
    "plan_cost": (0.0, 0.0),
    "gross_margin": (20.5 - 7.0 - 0.9 - 0.6, 0.25 - 1.5 - 0.01),
    "contribution_margin": (20.5 - 7.0 - 0.9 - 0.6 - 1.1, 0.25 - 1.5 - 0.01 - 0.1),
    "payers_margin": (13.5, 0.0),
    "deciding_customers": (0.05, 0.02),
    "churned_customers": (0.05, 0.02),
    "churned_payers": (0.05, 0.0),
    "gpu_hours": (2.2, 0.4),
    "requests": (300.0, 40.0),
    "cap_bound_customers": (0.125, 0.75),
    "api_value": (9.0, 1.2),
    "referred_customers": (0.3, 0.2),
    "rival_customers": (0.0, 0.0),
    "rival_revenue": (0.0, 0.0),
    "potential": (0.0, 0.0),
    "served_customers": (1.0, 1.0),
    "served_revenue": (20.5, 0.25),
}


@pytest.mark.parametrize("name", sorted(LINEAR))
def test_amount_per_customer(name: str) -> None:
    assert LINEAR[name].amount(PER) == pytest.approx(BY_HAND[name], rel=1e-15, abs=1e-15)


def test_who_chooses_the_same_again_does_not_leave() -> None:
    """Of customers who decide anew, those who leave: less what is counted of who would choose the same plan again."""
    again = {n: f.again(PER) for n, f in LINEAR.items() if f.again is not None}
    assert again.keys() == {"churned_customers", "churned_payers"}
    assert again["churned_customers"] == pytest.approx([-0.05, -0.02])
    assert again["churned_payers"] == pytest.approx([-0.05, 0.0])


def test_what_is_not_counted_per_customer() -> None:
    """Costs of capacity and of plans, counts at the rivals and of everybody; nothing else carries any of them."""
    assert {n: f.capacity for n, f in LINEAR.items() if f.capacity} == {
        "serving_cost": 1.0,
        "gross_margin": -1.0,
        "contribution_margin": -1.0,
    }
    assert {n: f.fixed for n, f in LINEAR.items() if f.fixed} == {"plan_cost": 1.0, "contribution_margin": -1.0}
    assert {n: f.marketing for n, f in LINEAR.items() if f.marketing} == {
        "marketing_cost": 1.0,
        "contribution_margin": -1.0,
    }
    assert {n: f.alternatives for n, f in LINEAR.items() if f.alternatives} == {
        "rival_customers": "customers",
        "served_customers": "customers",
        "rival_revenue": "revenue",
        "served_revenue": "revenue",
    }
    assert [n for n, f in LINEAR.items() if f.constant] == ["potential"]


@pytest.mark.parametrize("name", [n for n, f in sorted(LINEAR.items()) if f.capacity])
def test_the_bill_of_capacity_replaces_the_contracted_part(name: str) -> None:
    serving = LINEAR[name].serving
    assert serving is not None
    # of 7 usd of serving 4 are paid as used, so 3 are in the bill of reserved and burst GPUs
    assert serving(PER) == pytest.approx([3.0, 1.0])


@pytest.mark.parametrize("name", sorted(RATIOS))
def test_ratios_are_made_of_figures_and_of_one_kind(name: str) -> None:
    ratio = RATIOS[name]
    top, bottom = figures.unit_of(ratio.numerator), figures.unit_of(ratio.denominator)
    a_customer = bottom == "customers"
    same = {"fraction": top == bottom, "1/month": f"{bottom}/month" == top, "usd/month": a_customer}
    same |= {"requests/month": a_customer and top == ratio.unit}
    assert same[ratio.unit]
    assert ratio.numerator not in RATIOS
    assert ratio.denominator in LINEAR or ratio.denominator in COMPOSITES


def test_components_of_a_plain_figure() -> None:
    assert figures.components("revenue", TOTAL, 0.7) == [(1.0, "revenue", TOTAL)]
    with pytest.raises(KeyError):
        figures.components("no_such_figure", TOTAL, 0.0)


def test_components_of_business_revenue() -> None:
    whole = [(1.0, "revenue", Selection(channels=("enterprise", "api")))]
    assert figures.components("business_revenue", TOTAL, 0.7) == whole
    api = Selection(channels=("api", "consumer"))
    assert figures.components("business_revenue", api, 0.7) == [(1.0, "revenue", Selection(channels=("api",)))]


def test_components_of_the_accounting_margin() -> None:
    plus = Selection(plan="plus")
    got = figures.components("accounting_margin", plus, 0.7)
    assert got == [(1.0, "gross_margin", plus), (0.7, "free_serving_cost", plus)]


def test_is_figure() -> None:
    assert all(figures.is_figure(n) for n in ("revenue", "gross_margin_rate", "accounting_margin"))
    assert not figures.is_figure("margin")


def test_names() -> None:
    ratios = [n for n in RATIOS if n not in ALIASES]
    assert sorted(figures.names()) == sorted([*ratios, *LINEAR, *COMPOSITES, *COHORTS])
    assert len(figures.names()) == len(set(figures.names()))
    assert figures.names()[: len(ratios)] == ratios


def test_known_as() -> None:
    """Planners say churn rate where customers leave."""
    assert [figures.known_as(n) for n in ("churn_rate", "leave_rate", "revenue")] == ["leave_rate"] * 2 + ["revenue"]
    assert figures.figure("churn_rate") is figures.figure("leave_rate") is RATIOS["churn_rate"]


def test_unit_of() -> None:
    expected = {
        "revenue": "usd/month",
        "gross_margin_rate": "fraction",
        "churn_rate": "1/month",
        "business_revenue": "usd/month",
        "requests": "requests/month",
    }
    assert {name: figures.unit_of(name) for name in expected} == expected


@pytest.mark.parametrize("name", figures.names())
def test_every_figure_tells_what_it_is(name: str) -> None:
    figure = figures.figure(name)
    assert figure.name == name
    assert re.fullmatch(r"[A-Z][^.]{10,}\.", figure.definition), "a definition is one sentence"
    assert parse(figure.unit)
    assert figure.display.words
    assert (figure.better, figure.sense) in {(Direction.MORE, 1), (Direction.LESS, -1)}


def test_directions() -> None:
    """Less is better of costs, compute, churn, caps that bind, free use and rivals; more of everything else."""
    less = {n for n, f in FIGURES.items() if f.better is Direction.LESS}
    words = ("cost", "churn", "leave", "deci", "cap_b", "rival", "free_share", "gpu_hours")
    assert less == {n for n in FIGURES if any(word in n for word in words)}
    assert len(less) == 22


@pytest.mark.parametrize(
    "faulty",
    [{"definition": " "}, {"unit": ""}, {"better": None}, {"better": "more"}],
    ids=["no definition", "no unit", "no direction", "a word for a direction"],
)
def test_a_figure_without_its_facts_is_refused(faulty: dict[str, Any]) -> None:
    customers = LINEAR["customers"]
    assert figures.registry(customers) == {"customers": customers}
    with pytest.raises(ValueError, match="needs a definition, a unit and a direction"):
        figures.registry(replace(customers, **faulty))


def test_a_figure_listed_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="'leave_rate' is listed twice"):
        figures.registry(RATIOS["leave_rate"], LINEAR["customers"], RATIOS["leave_rate"])


def test_headlines_and_figures_by_part_have_a_place_each() -> None:
    for places in ([f.headline for f in FIGURES.values()], [f.by_part for f in FIGURES.values()]):
        used = sorted(place for place in places if place)
        assert used == list(range(1, len(used) + 1))
    assert HEADLINES[:2] == ("contribution_margin", "revenue") and len(HEADLINES) == 25
    assert PART_FIGURES[0] == "customers" and len(PART_FIGURES) == 12
    assert set(TILES) < set(HEADLINES) and len(TILES) == 6


def test_kinds() -> None:
    kinds = {
        "revenue": FigureKind.LINEAR,
        "leave_rate": FigureKind.RATIO,
        "accounting_margin": FigureKind.COMPOSITE,
        "retention_12_months": FigureKind.COHORT,
    }
    assert {name: FIGURES[name].kind for name in kinds} == kinds


def test_a_ratio_over_a_constant_is_linear() -> None:
    over_potential = {"market_share", "paying_market_share", "people_share", "seat_share", "account_share"}
    assert {n for n in RATIOS if figures.is_linear(n)} == over_potential
    assert all(figures.is_linear(n) for n in (*LINEAR, *COMPOSITES))


def test_selection() -> None:
    assert TOTAL.total and TOTAL.label == "total"
    assert not Selection(segment="students").total and Selection(segment="students").label == "students"
    assert Selection(channels=("enterprise", "api")).label == "enterprise+api"
    assert Selection(plan="plus").label == "plus"
