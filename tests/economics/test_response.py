"""What one plan does per customer, worked out for two types and two AI models."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.economics import response
from optimizer.economics.population import AiModels, AlternativeFacts, PlanFacts, Pools, Population, Terms

NONE = np.zeros(2, dtype=np.intp)
# two types in one cell each; demand does not vary from window to window, so that caps can be worked out by hand
POPULATION = Population(
    segments=("light", "heavy"),
    segment=np.array([0, 1]),
    usage_class=NONE,
    payment_class=NONE,
    cell=np.array([0, 1]),
    potential=np.array([1000.0, 100.0]),
    value_of_use=np.array([1.0, 2.0]),
    price_coefficient=np.array([0.1, 0.05]),
    decision_rate_sensitivity=np.array([0.5, 0.5]),
    word_of_mouth=np.ones(2),
    seats=np.array([2.0, 10.0]),
    requests=np.array([60.0, 600.0]),
    split=np.array([[1.0, 0.0], [0.8, 0.2]]),
    windows={"day": np.array([20.0, 30.0])},
    sigmas={"day": np.zeros(2)},
    hours=np.ones((2, 1)),
)
AI_MODELS = AiModels(
    ("large", "small"), np.array([1.0, 0.5]), np.array([[0.01, 0.0], [0.0, 0.001]]), np.zeros(2), np.ones(2)
)
POOLS = Pools(
    ("main", "spot"),
    np.array([3.0, 2.0]),
    np.array([50.0, math.nan]),
    np.array([10.0, math.nan]),
    np.array([6.0, math.nan]),
    ("all",),
    np.array([730.0]),
)
# 10 large requests a day: the light type wants 3 a day, the heavy one 16 of its 20
TERMS = Terms(price=20.0, caps=((("day", 10.0),), ()), unit_prices=(None, None), fallback=1)
PLAN = PlanFacts(
    name="plus",
    channel="consumer",
    offered=np.array([True, True]),
    decision_rate=np.array([0.05, 0.04]),
    decision_rate_least=0.01,
    decision_rate_most=0.2,
    referral=np.array([0.1, 0.2]),
    support_cost=0.7,
    advertising=0.001,
    annual_share=0.5,
    annual_discount=0.2,
    seat_minimum=4.0,
    payment_share=0.03,
    payment_fixed=0.25,
    other_share=0.02,
    fixed_cost=0.0,
    api_prices=np.array([0.04, math.nan]),
    constant=np.array([-1.0, -2.0]),
    reference_utility=np.array([math.nan, math.nan]),
)
LARGE, SMALL = np.array([60.0, 300.0]), np.array([0.0, 300.0])


def test_included() -> None:
    got = response.included(POPULATION, TERMS)
    # heavy: 480 large wanted, 10 x 30 served, 180 fall back to small, which also serves the 120 wanted of it
    assert got.by_model == pytest.approx(np.stack([LARGE, SMALL], axis=1))
    assert got.refused == pytest.approx(np.zeros((2, 2)))
    assert got.binds == pytest.approx([0.0, 1.0])


def test_included_without_a_fallback() -> None:
    got = response.included(POPULATION, replace(TERMS, fallback=None))
    assert got.by_model == pytest.approx(np.array([[60.0, 0.0], [300.0, 120.0]]))
    assert got.refused == pytest.approx(np.array([[0.0, 0.0], [180.0, 0.0]]))


def test_included_with_a_limited_fallback() -> None:
    # up to 2 a day of the 6 that are refused
    got = response.included(POPULATION, replace(TERMS, fallback_limit=2.0))
    assert got.by_model == pytest.approx(np.array([[60.0, 0.0], [300.0, 180.0]]))
    assert got.refused == pytest.approx(np.array([[0.0, 0.0], [120.0, 0.0]]))


def test_included_counts_both_caps() -> None:
    """Two AI models whose caps bind with 1/2 and Phi(-1) each in one window: 1 - (1 - p)(1 - q)."""
    half = replace(
        POPULATION,
        requests=np.array([2.0 * math.exp(0.5)] * 2),
        split=np.array([[0.5, 0.5], [1.0, 0.0]]),
        windows={"month": np.ones(2)},
        sigmas={"month": np.ones(2)},
    )
    terms = Terms(0.0, ((("month", 1.0),), (("month", math.e),)), (None, None))
    tail = 0.15865525393145707
    got = response.included(half, terms).binds
    assert got[0] == pytest.approx(1.0 - 0.5 * (1.0 - tail), rel=1e-12)


def test_included_of_a_model_that_is_not_part_of_the_plan() -> None:
    got = response.included(POPULATION, Terms(0.0, (None, ()), (None, None)))
    assert got.by_model == pytest.approx(np.array([[0.0, 0.0], [0.0, 120.0]]))
    assert got.refused == pytest.approx(np.array([[60.0, 0.0], [480.0, 0.0]]))
    assert got.binds == pytest.approx([0.0, 0.0])


def test_use_without_purchases() -> None:
    got = response.use(POPULATION, AI_MODELS.quality, TERMS, response.included(POPULATION, TERMS))
    assert got.satisfied == pytest.approx([60.0, 300.0 + 0.5 * 300.0])
    assert got.metered == pytest.approx([0.0, 0.0])
    assert got.lost == pytest.approx([0.0, 0.0])


def test_use_with_purchases() -> None:
    """No allowance, large at 0.2 usd and small at 0.05 usd: small is worth more per usd and is bought first."""
    terms = Terms(0.0, (None, None), (0.2, 0.05))
    got = response.use(POPULATION, AI_MODELS.quality, terms, response.included(POPULATION, terms))
    # light wants no small; large until 1 / (0.1 x 0.2) - 1 = 49 of 60
    # heavy: small until 2 / (0.05 x 0.05) - 1 / 0.5 = 798, so all 120; then large until 2 / (0.05 x 0.2) - 61 = 139
    assert got.by_model == pytest.approx(np.array([[49.0, 0.0], [139.0, 120.0]]))
    assert got.metered == pytest.approx([49.0 * 0.2, 139.0 * 0.2 + 120.0 * 0.05])
    assert got.satisfied == pytest.approx([49.0, 139.0 + 60.0])
    assert got.lost == pytest.approx([11.0, 480.0 - 139.0])


def test_per_customer() -> None:
    got = response.per_customer(POPULATION, AI_MODELS, POOLS, PLAN, TERMS)
    # half of them pay by the year at a fifth off: 18 a seat; 4 seats must be bought where 2 are used
    bill = np.array([36.0, 18.0])
    utility = np.array([-1.0 + math.log(61.0) - 3.6, -2.0 + 2.0 * math.log(451.0) - 0.9])
    revenue = bill + 0.001 * np.array([60.0, 600.0])
    hours = np.stack([0.01 * LARGE, 0.001 * SMALL], axis=1)
    expected = {
        "bill": bill,
        "metered": np.zeros(2),
        "utility": utility,
        "attraction": np.exp(utility),
        "decision_rate": np.array([0.05, 0.04]),
        "requests": np.array([60.0, 600.0]),
        "advertising": np.array([0.06, 0.6]),
        "revenue": revenue,
        "pool_hours": hours,
        "gpu_hours": hours.sum(axis=1),
        "serving": 3.0 * hours[:, 0] + 2.0 * hours[:, 1],
        "serving_as_used": 2.0 * hours[:, 1],
        "tokens": np.zeros(2),
        "impressions": np.zeros(2),
        "payment": 0.03 * bill + 0.25,
        "support": np.array([0.7, 0.7]),
        "other": 0.02 * revenue,
        "binds": np.array([0.0, 1.0]),
        "lost": np.zeros(2),
        "api_value": 0.04 * LARGE,
        "referral": np.array([0.1, 0.2]),
    }
    for name, by_hand in expected.items():
        assert getattr(got, name) == pytest.approx(by_hand, rel=1e-13), name
    assert set(got.__dataclass_fields__) == set(expected)


def test_tokens_bought_add_to_what_serving_costs() -> None:
    """Bought for 0.002 and 0.0005 usd a request, beside the GPU hours."""
    bought = replace(AI_MODELS, token_cost=np.array([0.002, 0.0005]))
    got = response.per_customer(POPULATION, bought, POOLS, PLAN, TERMS)
    before = response.per_customer(POPULATION, AI_MODELS, POOLS, PLAN, TERMS)
    tokens = 0.002 * LARGE + 0.0005 * SMALL
    assert got.tokens == pytest.approx(tokens, rel=1e-13)
    assert got.serving == pytest.approx(before.serving + tokens, rel=1e-13)
    assert got.serving_as_used == pytest.approx(before.serving_as_used + tokens, rel=1e-13)
    assert (got.utility == before.utility).all()


def test_advertising_earns_and_is_minded() -> None:
    """A tenth of an advertisement a request, half of that where the small model answers, at 20 usd a thousand."""
    models = replace(AI_MODELS, impressions=np.array([1.0, 0.5]))
    plan = replace(PLAN, advertising_price=20.0, impression_disutility=np.array([0.01, 0.002]))
    got = response.per_customer(POPULATION, models, POOLS, plan, replace(TERMS, impressions=0.1))
    before = response.per_customer(POPULATION, AI_MODELS, POOLS, PLAN, TERMS)
    shown = 0.1 * (LARGE + 0.5 * SMALL)
    assert got.impressions == pytest.approx(shown, rel=1e-13)
    assert got.advertising == pytest.approx(before.advertising + 0.02 * shown, rel=1e-13)
    assert got.revenue == pytest.approx(before.revenue + 0.02 * shown, rel=1e-13)
    assert got.utility == pytest.approx(before.utility - np.array([0.01, 0.002]) * shown, rel=1e-13)
    used = response.use(POPULATION, models.quality, TERMS, response.included(POPULATION, TERMS))
    utility = response.plan_utility(POPULATION, plan, plan.constant, used, got.bill, shown)
    assert utility == pytest.approx(got.utility, rel=1e-13)


def test_per_customer_where_it_is_not_offered() -> None:
    plan = replace(PLAN, offered=np.array([True, False]), constant=np.array([-1.0, math.nan]))
    got = response.per_customer(POPULATION, AI_MODELS, POOLS, plan, TERMS)
    assert got.attraction[0] > 0.0
    assert got.attraction[1] == 0.0


def test_plan_bill() -> None:
    used = response.use(POPULATION, AI_MODELS.quality, TERMS, response.included(POPULATION, TERMS))
    # 18 a seat on average, of which the light type must buy 4 for its 2; and 1.5 usd of purchases
    bought = replace(used, metered=np.array([0.0, 1.5]))
    assert response.plan_bill(POPULATION, PLAN, TERMS, bought) == pytest.approx([36.0, 19.5])


def test_utility_of() -> None:
    used = response.use(POPULATION, AI_MODELS.quality, TERMS, response.included(POPULATION, TERMS))
    got = response.utility_of(POPULATION, np.array([0.5, 0.25]), used, np.array([10.0, 10.0]))
    assert got == pytest.approx([0.5 + math.log(61.0) - 1.0, 0.25 + 2.0 * math.log(451.0) - 0.5], rel=1e-14)


def test_decision_rate_of() -> None:
    # no reference: the plan's own; 1 below the reference: x e^0.5
    assert response.decision_rate_of(POPULATION, PLAN, np.array([3.0, 4.0])) == pytest.approx([0.05, 0.04])
    known = replace(PLAN, reference_utility=np.array([3.0, 4.0]))
    got = response.decision_rate_of(POPULATION, known, np.array([3.0, 3.0]))
    assert got == pytest.approx([0.05, 0.04 * math.exp(0.5)])


RIVAL = AlternativeFacts(
    "rival",
    True,
    np.array([True, False]),
    Terms(15.0, ((), None), (None, None)),
    0.9,
    0.04,
    np.array([-2.0, math.nan]),
)
"""Nine tenths of our quality for 15 usd; its customers decide anew at 4 % a month."""


def test_alternative_utility() -> None:
    utility, bill = response.alternative_utility(POPULATION, AI_MODELS.quality, RIVAL, np.array([0.25, 0.5]))
    # 60 and 480 large requests at 0.9; the bill weighs 0.1 and 0.05 a usd
    light, heavy = 0.25 + math.log(1.0 + 54.0) - 1.5, 0.5 + 2.0 * math.log(1.0 + 432.0) - 0.75
    assert utility == pytest.approx([light, heavy], rel=1e-14)
    assert bill == pytest.approx([15.0, 15.0])


def test_alternative_attraction() -> None:
    attraction, bill = response.alternative_attraction(POPULATION, AI_MODELS.quality, RIVAL)
    assert attraction == pytest.approx([math.exp(-2.0 + math.log(1.0 + 0.9 * 60.0) - 1.5), 0.0], rel=1e-13)
    assert bill == pytest.approx([15.0, 15.0])
