"""Numbers as a vector: ranges read as 90 %, shares that stay whole."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimizer.inputs.load import load_case
from optimizer.learn.numbers import NINETY, numbers_of, prior
from optimizer.schema.base import Quantity


def stated(value: float, low: float, high: float, unit: str = "1") -> Quantity:
    return Quantity(value=value, unit=unit, assumption="for a test", low=low, high=high)


@pytest.mark.parametrize(
    ("path", "q", "scale"),
    [
        ("segments.a.price_coefficient", stated(0.2, 0.1, 0.3, "utility/usd"), "log"),
        ("plans.a.annual_share", stated(0.3, 0.1, 0.9, "fraction"), "logit"),
        ("plans.a.referral", stated(0.6, 0.2, 0.7), "logit"),
        ("plans.a.referral", stated(0.6, 0.2, 1.4), "log"),  # more than one person brought by each
        ("segments.a.usage_correlation", stated(0.3, -0.1, 0.6), "atanh"),
    ],
)
def test_value_low_and_high_are_the_median_and_the_90_percent_range(path: str, q: Quantity, scale: str) -> None:
    p = prior(path, q)
    assert p.scale == scale
    assert (p.at(0.0), p.at(-NINETY), p.at(NINETY)) == pytest.approx((q.value, q.low, q.high))
    for z in (-2.0, -0.3, 0.4, 3.0):
        assert p.z_of(p.at(z)) == pytest.approx(z)


def test_the_two_halves_by_hand() -> None:
    """0.2 from 0.1 to 0.8: ln 2 below, ln 4 above, each 1.645 deviations."""
    p = prior("x", stated(0.2, 0.1, 0.8))
    assert (p.below, p.above) == pytest.approx((math.log(2.0) / 1.6448536, math.log(4.0) / 1.6448536))
    assert p.at(1.0) == pytest.approx(0.2 * 4.0 ** (1.0 / 1.6448536))


def test_ends_of_a_scale() -> None:
    """A low of 0 and a high of 1 have no place on their scale: a tenth of the way from the value is taken."""
    p = prior("segments.a.decision_rate_sensitivity", stated(0.2, 0.0, 0.5))
    assert p.at(-NINETY) == pytest.approx(0.02)
    p = prior("nests.a.dissimilarity", stated(0.8, 0.4, 1.0))
    assert p.at(NINETY) == pytest.approx(0.98)
    at_the_end = prior("segments.a.usage.ai_models.b", stated(1.0, 0.8, 1.0, "fraction"))
    assert at_the_end.above > 0.0 and at_the_end.at(0.0) == pytest.approx(0.999)


def test_shares_stay_whole_and_pairs_in_order() -> None:
    numbers = numbers_of(load_case("assistant-startup-margin").market, ("segments.teams.potential",))
    assert "segments.teams.potential" not in numbers.paths and len(numbers.paths) > 100
    z = np.zeros(len(numbers.paths))
    before = numbers.values(z)
    k = numbers.place["segments.individuals.usage.hours.day"]
    z[k] = 2.0
    after = numbers.values(z)
    hours = {path: x for path, x in after.items() if path.startswith("segments.individuals.usage.hours.")}
    assert len(hours) == 3 and sum(hours.values()) == pytest.approx(1.0)
    assert set(numbers.changed(z, k, before)) == set(hours)
    j = numbers.place["segments.individuals.potential"]
    moved = z.copy()
    moved[j] = 1.0
    assert numbers.changed(moved, j, after) == {"segments.individuals.potential": numbers.priors[j].at(1.0)}
