"""Terms by the year, by region and by account, worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.economics import accounts, annual, finance, response
from optimizer.economics.population import Terms
from tests.economics.test_response import AI_MODELS, PLAN, POOLS, POPULATION, TERMS

# odds of 1 to 4 at 10 % off; ten for each unit of discount: e^-1 at no discount, e^1 at 20 %
SHARES = {0.0: 0.25 * math.exp(-1.0), 0.1: 0.25, 0.2: 0.25 * math.exp(1.0)}


@pytest.mark.parametrize("discount", SHARES)
def test_take_up(discount: float) -> None:
    odds = SHARES[discount]
    assert annual.take_up(0.2, 0.1, 10.0, discount) == pytest.approx(odds / (1.0 + odds), rel=1e-12)


def test_take_up_that_does_not_answer() -> None:
    assert annual.take_up(0.2, 0.1, None, 0.5) == 0.2
    assert annual.take_up(0.0, 0.1, 10.0, 0.5) == 0.0
    assert annual.take_up(1.0, 0.1, 10.0, 0.0) == 1.0


def test_deciding() -> None:
    # half as often by the year: 0.6 x 1 + 0.4 x 0.5 of the monthly rate, where it was 0.8 x 1 + 0.2 x 0.5
    assert annual.deciding(0.4, 0.2, 0.5) == pytest.approx(0.8 / 0.9, rel=1e-12)
    assert annual.deciding(0.2, 0.2, 0.5) == 1.0


def test_a_discount_by_the_year_moves_fee_and_rate() -> None:
    plan = replace(PLAN, annual_share=0.2, annual_discount=0.1, annual_sensitivity=10.0, annual_decision_factor=0.5)
    share = SHARES[0.2] / (1.0 + SHARES[0.2])
    terms = replace(TERMS, annual_discount=0.2)
    got = response.per_customer(POPULATION, AI_MODELS, POOLS, plan, terms)
    assert (response.annual_discount(plan, terms), response.annual_discount(plan, TERMS)) == (0.2, 0.1)
    assert response.annual_share(plan, terms) == pytest.approx(share, rel=1e-12)
    assert response.by_the_year(plan, terms) == pytest.approx((1.0 - 0.5 * share) / 0.9, rel=1e-12)
    # the light type's account of 2 buys 4 seats
    assert got.bill[1] == pytest.approx(20.0 * (1.0 - 0.2 * share), rel=1e-12)
    assert got.bill[0] == pytest.approx(2.0 * got.bill[1], rel=1e-12)
    assert got.decision_rate == pytest.approx(np.array([0.05, 0.04]) * (1.0 - 0.5 * share) / 0.9, rel=1e-12)
    as_today = response.per_customer(POPULATION, AI_MODELS, POOLS, plan, TERMS)
    assert as_today.bill[1] == pytest.approx(20.0 * 0.98, rel=1e-12)
    assert list(as_today.decision_rate) == [0.05, 0.04]


def test_list_fee() -> None:
    # 399 rupees at 0.0115 usd in the second segment
    got = finance.list_fee(8.0, ((1, 399 * 0.0115),), np.array([0, 1, 1, 2]))
    assert got == pytest.approx([8.0, 4.5885, 4.5885, 8.0], rel=1e-12)


def test_a_regional_price_is_what_its_segment_pays() -> None:
    there = replace(TERMS, regional=((1, 5.0),))
    got = response.per_customer(POPULATION, AI_MODELS, POOLS, PLAN, there)
    listed = response.per_customer(POPULATION, AI_MODELS, POOLS, PLAN, TERMS)
    assert got.bill[0] == listed.bill[0]
    # half pay by the year at a fifth less: 5 x 0.9, where it is 20 x 0.9 at the list price
    assert got.bill[1] == pytest.approx(4.5, rel=1e-12)
    assert got.utility[1] - listed.utility[1] == pytest.approx(0.05 * (18.0 - 4.5), rel=1e-12)


ACCOUNTS = replace(
    POPULATION,
    segments=("firms", "others"),
    segment=np.array([0, 0, 0, 0, 1, 1]),
    usage_class=np.array([0, 0, 1, 1, 0, 1]),
    payment_class=np.array([0, 1, 0, 1, 0, 0]),
    potential=np.array([30.0, 10.0, 10.0, 10.0, 0.0, 0.0]),
)


def test_account_utility() -> None:
    utility = np.array([1.0, 2.0, 5.0, 6.0, 7.0, math.nan])
    got = accounts.account_utility(ACCOUNTS, utility)
    # the less willing: (30 x 1 + 10 x 5) / 40; the more willing: (10 x 2 + 10 x 6) / 20; nobody in the others
    assert got[:5] == pytest.approx([2.0, 4.0, 2.0, 4.0, 7.0], rel=1e-12)
    assert math.isnan(got[5])


def test_a_plan_decided_by_the_account() -> None:
    """One segment of a light and a heavy user: both have the mean of their utilities, and their own amounts."""
    firms = replace(POPULATION, segments=("firms",), segment=np.zeros(2, dtype=np.intp))
    plan = replace(PLAN, constant=np.array([-1.0, -1.0]))
    alone = response.per_customer(firms, AI_MODELS, POOLS, plan, TERMS)
    got = response.per_customer(firms, AI_MODELS, POOLS, replace(plan, by_account=True), TERMS)
    used = response.use(firms, AI_MODELS.quality, TERMS, response.included(firms, TERMS))
    zero = response.plan_utility(firms, replace(plan, by_account=True), np.zeros(2), used, got.bill, np.zeros(2))
    assert zero == pytest.approx(got.utility + 1.0, rel=1e-12)
    mean = (1000.0 * alone.utility[0] + 100.0 * alone.utility[1]) / 1100.0
    assert got.utility == pytest.approx([mean, mean], rel=1e-12)
    assert got.attraction == pytest.approx([math.exp(mean)] * 2, rel=1e-12)
    assert np.array_equal(got.serving, alone.serving) and np.array_equal(got.bill, alone.bill)


def test_gives_counts_credits() -> None:
    # 0.2 usd a large request; the heavy type is refused 180, of which the fallback serves all at half the quality
    terms = Terms(20.0, ((("day", 10.0),), ()), (0.2, None), fallback=1, credits=10.0)
    without = response.gives(POPULATION, AI_MODELS.quality, replace(terms, credits=0.0))
    got = response.gives(POPULATION, AI_MODELS.quality, terms)
    assert without == pytest.approx([60.0, 450.0], rel=1e-12)
    # 50 of them at the large one's quality
    assert got == pytest.approx([60.0, 475.0], rel=1e-12)


def test_overage_beside_a_fallback_with_an_elasticity() -> None:
    """At twice the reference price and an elasticity of 1 half as much is bought, and displaces half as much."""
    terms = Terms(20.0, ((("day", 10.0),), ()), (0.001, None), fallback=1)
    elastic = replace(POPULATION, price_elasticity=np.array([math.nan, 1.0]))
    inside = response.included(POPULATION, terms)
    at_reference = response.use(elastic, AI_MODELS.quality, terms, inside, (0.001, None))
    # the heavy type buys all 180 large requests that the cap refuses
    assert at_reference.by_model[1] == pytest.approx([480.0, 120.0], rel=1e-12)
    twice = response.use(elastic, AI_MODELS.quality, replace(terms, unit_prices=(0.002, None)), inside, (0.001, None))
    assert twice.by_model[1] == pytest.approx([390.0, 210.0], rel=1e-12)
    assert twice.metered[1] == pytest.approx(90 * 0.002, rel=1e-12)
    credited = replace(terms, unit_prices=(0.002, None), credits=0.05)
    granted = response.use(elastic, AI_MODELS.quality, credited, inside, (0.001, None))
    assert granted.metered[1] == pytest.approx(90 * 0.002 - 0.05, rel=1e-12)
