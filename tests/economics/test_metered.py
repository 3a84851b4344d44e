"""Prices of metered use and what they do to use, worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from optimizer.economics import metered, response
from optimizer.economics.metered import Tokens
from optimizer.economics.population import Terms
from tests.economics.test_response import AI_MODELS, PLAN, POOLS, POPULATION


def test_tokens_of() -> None:
    assert metered.tokens_of(2000.0, 0.4, 450.0) == Tokens(1200.0, 800.0, 450.0)


def test_parted() -> None:
    """A tenth of the requests has 6,000 + 4,000 + 1,000 tokens: 600, 400 and 100 of the mean request's."""
    short, above = metered.parted(Tokens(1200.0, 800.0, 450.0), 0.1, Tokens(6000.0, 4000.0, 1000.0))
    assert short == Tokens(600.0, 400.0, 350.0)
    assert above == Tokens(600.0, 400.0, 100.0)


def test_request_price() -> None:
    """1.25, 0.125 and 10 usd a million: 1,200 x 1.25 + 800 x 0.125 + 450 x 10 = 6,100 millionths."""
    prices = Tokens(1.25e-6, 0.125e-6, 10e-6)
    assert metered.request_price(Tokens(1200.0, 800.0, 450.0), prices) == pytest.approx(6100e-6, rel=1e-12)


def test_beyond_credits() -> None:
    got = metered.beyond_credits(np.array([4.0, 5.0 + 1e-15, 6.0]), 5.0)
    assert got.tolist() == [0.0, 0.0, 1.0]
    assert metered.beyond_credits(np.array([0.0, 1e-15, 3.0]), 0.0).tolist() == [0.0, 1e-15, 3.0]


def test_billed_spend() -> None:
    got = metered.billed_spend(np.array([0.0, 30.0, 80.0]), 20.0, 25.0)
    assert got == pytest.approx([25.0, 25.0, 60.0])


def test_answering_requests() -> None:
    """Half the price: 2^1.11 times the requests; elasticity 0 leaves them."""
    got = metered.answering_requests(np.array([100.0, 100.0]), 1.0, 2.0, np.array([1.11, 0.0]))
    assert got == pytest.approx([100.0 * 2.0**1.11, 100.0], rel=1e-12)


def test_surplus_lost() -> None:
    """From 1 to 2 usd: x0 ln 2 at eps 1, x0 (1 - 1/2) at 2, x0 at 0; and the integral by small steps at 1.11."""
    got = metered.surplus_lost(np.full(4, 3.0), 2.0, 1.0, np.array([1.0, 2.0, 0.0, 1.11]))
    prices = np.linspace(1.0, 2.0, 20001)
    middle = 0.5 * (prices[1:] + prices[:-1])
    small = float((3.0 * middle**-1.11).sum() * (prices[1] - prices[0]))
    assert got == pytest.approx([3.0 * math.log(2.0), 1.5, 3.0, small], rel=1e-9)
    near = metered.surplus_lost(np.full(1, 3.0), 2.0, 1.0, np.array([1.0 + 1e-9]))
    assert near == pytest.approx([3.0 * math.log(2.0)], rel=1e-8)


def test_answered() -> None:
    """10 and 4 requests at 2 and 1 usd; the first price is halved at elasticity 1, the second has no reference."""
    got = metered.answered(np.array([[10.0, 4.0]]), (1.0, 1.0), (2.0, None), np.array([1.0]))
    assert got.bought == pytest.approx(np.array([[20.0, 4.0]]))
    assert got.spend == pytest.approx([24.0])
    assert got.surplus_lost == pytest.approx([20.0 * math.log(0.5)])


ELASTIC = replace(POPULATION, price_elasticity=np.array([math.nan, 1.11]))
TERMS = Terms(price=0.0, caps=(None, None), unit_prices=(0.04, 0.02))
TODAY = replace(PLAN, reference_prices=TERMS.unit_prices)


def per_customer(terms: Terms, population: response.Population = ELASTIC) -> response.PerCustomer:
    return response.per_customer(population, AI_MODELS, POOLS, TODAY, terms)


def test_use_at_todays_prices_is_what_it_was() -> None:
    plain = response.per_customer(POPULATION, AI_MODELS, POOLS, PLAN, TERMS)
    got = per_customer(TERMS)
    assert (got.utility == plain.utility).all() and (got.requests == plain.requests).all()
    assert got.requests[1] > 0.0


def test_a_cut_by_three_quarters_moves_requests_and_revenue_as_the_elasticity_says() -> None:
    before, after = per_customer(TERMS), per_customer(TERMS.with_unit_prices((0.01, 0.005)))
    assert after.requests[1] / before.requests[1] == pytest.approx(4.0**1.11, rel=1e-12)
    assert after.metered[1] / before.metered[1] == pytest.approx(4.0**0.11, rel=1e-12)
    # surplus gained: spend x (4^0.11 - 1) / 0.11, times the price coefficient
    gained = 0.05 * before.metered[1] * (4.0**0.11 - 1.0) / 0.11
    assert after.utility[1] - before.utility[1] == pytest.approx(gained, rel=1e-10)
    # the light type has no elasticity of its own: its use follows from the value of use, as before
    plain = response.per_customer(POPULATION, AI_MODELS, POOLS, PLAN, TERMS.with_unit_prices((0.01, 0.005)))
    assert after.requests[0] == plain.requests[0] and after.utility[0] == plain.utility[0]


def test_utility_is_additive_over_ai_models() -> None:
    one, other = per_customer(TERMS.with_unit_prices((0.08, 0.02))), per_customer(TERMS.with_unit_prices((0.04, 0.05)))
    both, none = per_customer(TERMS.with_unit_prices((0.08, 0.05))), per_customer(TERMS)
    assert both.utility[1] - none.utility[1] == pytest.approx(
        one.utility[1] + other.utility[1] - 2.0 * none.utility[1], rel=1e-12
    )


def test_least_and_included_spend() -> None:
    """The heavy type spends 38 usd a month: 18 of it beyond a package of 20, and 50 where that is the least."""
    spend = per_customer(TERMS).metered
    package = per_customer(replace(TERMS, price=15.0, included_spend=20.0))
    assert package.metered == pytest.approx(np.maximum(spend - 20.0, 0.0), rel=1e-12)
    least = per_customer(replace(TERMS, least_spend=50.0))
    assert least.metered == pytest.approx(np.maximum(spend, 50.0), rel=1e-12)
    assert (least.requests == per_customer(TERMS).requests).all()
    lost = per_customer(TERMS).utility - least.utility
    assert lost == pytest.approx(POPULATION.price_coefficient * (least.metered - spend), rel=1e-10)
