"""From a market's numbers to customer types, pools, AI models and terms."""

from __future__ import annotations

import math
from statistics import NormalDist
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.market.prepare import Prepared

NORMAL = NormalDist()


@pytest.fixture(scope="module")
def prepared(problem: Any) -> Prepared:
    return problem.prepared


def test_types_are_segment_by_usage_by_payment(prepared: Prepared) -> None:
    pop = prepared.population
    assert pop.size == 3 * 2 * 2
    assert pop.segment.tolist() == [0] * 4 + [1] * 4 + [2] * 4
    assert pop.usage_class.tolist() == [0, 0, 1, 1] * 3
    assert pop.payment_class.tolist() == [0, 1] * 6
    assert pop.cell.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]


def test_potential_is_shared_among_the_types(prepared: Prepared) -> None:
    """Segments and usage classes keep their sizes; with positive correlation heavy users would rather pay."""
    potential = prepared.population.potential.reshape(3, 2, 2)
    assert potential.sum(axis=(1, 2)) == pytest.approx([600_000.0, 300_000.0, 60_000.0], rel=1e-9)
    assert potential.sum(axis=2) == pytest.approx(np.outer([6e5, 3e5, 6e4], [0.8, 0.2]), rel=1e-9)
    assert potential.sum(axis=1) == pytest.approx(np.outer([6e5, 3e5, 6e4], [0.6, 0.4]), rel=1e-4)
    assert (potential[:, 1, 1] / potential[:, 1].sum(axis=1) > 0.41).all()


def test_requests_of_the_usage_classes(prepared: Prepared) -> None:
    """Means of a lognormal below and above its 80 % quantile, sigma 1.1; their mean is the segment's."""
    upper = 1.0 - NORMAL.cdf(NORMAL.inv_cdf(0.8) - 1.1)
    wanted = np.outer([60.0, 200.0, 250.0], [(1.0 - upper) / 0.8, upper / 0.2])
    assert prepared.population.requests.reshape(3, 2) == pytest.approx(wanted, rel=1e-12)


def test_price_coefficients_fall_with_willingness_to_pay(prepared: Prepared) -> None:
    """Median times exp(-sigma z), z the mean of a normal below and above its 60 % quantile."""
    density = NORMAL.pdf(NORMAL.inv_cdf(0.6))
    factors = [math.exp(1.2 * density / 0.6), math.exp(-1.2 * density / 0.4)]
    got = prepared.population.price_coefficient.reshape(3, 2, 2)
    for k, median in enumerate((0.25, 0.08, 0.05)):
        assert got[k, 0] == pytest.approx([median * f for f in factors], rel=1e-12)
        assert got[k, 1] == pytest.approx(got[k, 0], rel=1e-15)


def test_windows_a_month(prepared: Prepared) -> None:
    """15 active days with 2 short windows each; weeks and months pass by themselves."""
    got = {w: float(v[0]) for w, v in prepared.population.windows.items()}
    assert got == pytest.approx({"3h": 30.0, "5h": 30.0, "day": 15.0, "week": 730.0 / 168.0, "month": 1.0})


def test_gpu_hours_of_a_request(prepared: Prepared) -> None:
    """big: (1500 x 0.6 / 900 + 500 / 90) s at 40 %; mini: (900 / 15000 + 500 / 1500) s at 50 %."""
    big = (1.0 + 500.0 / 90.0) / 3600.0 / 0.4
    mini = (0.06 + 1.0 / 3.0) / 3600.0 / 0.5
    assert prepared.ai_models.gpu_hours == pytest.approx(np.array([[big, 0.0], [0.0, mini]]), rel=1e-12)


def test_unit_prices_per_request(prepared: Prepared) -> None:
    """8 usd a million tokens at 2,000 tokens a request; 0.002 usd a request as it stands."""
    assert prepared.terms["api"].unit_prices == pytest.approx((0.016, 0.002))
    assert prepared.plans[0].api_prices == pytest.approx([0.016, 0.002])


def test_terms(prepared: Prepared) -> None:
    plus, free, api = (prepared.terms[n] for n in ("plus", "free", "api"))
    assert plus.caps == ((("3h", 12.0), ("week", 150.0)), ())
    assert (plus.price, plus.fallback, plus.fallback_limit) == (20.0, 1, math.inf)
    assert (free.caps[0], free.fallback_limit) == ((("day", 3.0),), 10.0)
    assert (api.caps, api.fallback) == ((None, None), None)


def test_reach(prepared: Prepared) -> None:
    """Consumers see 0.6 x 500,000 usd on a scale of 300,000; enterprises the rest."""
    consumer, enterprise = 0.3 + 0.6 * (1 - math.exp(-1.0)), 0.3 + 0.6 * (1 - math.exp(-2.0 / 3.0))
    got = prepared.base_reach(0.4) / prepared.population.potential
    assert got == pytest.approx([consumer] * 8 + [enterprise] * 4, rel=1e-12)
    assert prepared.today_mix == 0.4


def test_referral_counts_only_those_not_yet_reached(prepared: Prepared) -> None:
    """At most 90 % are reached by money; students tell 1.5 times as many."""
    free = prepared.plans[0].referral
    assert free == pytest.approx([0.3 * 1.5 * 0.1] * 4 + [0.3 * 0.1] * 8, rel=1e-12)


def test_who_is_offered_what(prepared: Prepared) -> None:
    offered = {p.name: p.offered.reshape(3, 4).all(axis=1).tolist() for p in prepared.plans}
    assert offered["plus"] == [True, True, False]
    assert offered["team"] == [False, False, True]
    assert offered["api"] == [False, True, True]
    assert prepared.alternative_share.sum(axis=1) == pytest.approx(np.ones(12), rel=1e-14)
    assert (prepared.alternative_share[:4, 1] == 0.0).all()


def test_an_alternative_without_a_count_in_a_channel_is_not_offered_there(factory: ModuleType) -> None:
    data = factory.market()
    del data["today"]["alternatives"]["open"]["enterprise"]
    share = factory.problem(data).prepared.alternative_share[:, 1].reshape(3, 4)
    assert (share[1] > 0.0).all() and (share[2] == 0.0).all()
