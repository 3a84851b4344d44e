"""Elasticities after some months: they grow towards those of the long run."""

from __future__ import annotations

import math

import pytest

from optimizer.economics.figures import Selection
from optimizer.market.credibility import scaled
from optimizer.market.over_months import answers_over_months
from tests.support.path_cases import path_case, path_market, path_model


@pytest.mark.parametrize("habit", [False, True])
def test_they_grow_with_the_months(habit: bool) -> None:
    m = path_model(path_market(habit=habit), path_case({}))
    found = {a.plan: a.elasticity for a in answers_over_months(m.calibrated, m.today)}
    assert set(found) == {"plus", "team", "api"}
    for plan, by_month in found.items():
        assert 0.0 > by_month[1] > by_month[12] > by_month[24], plan


def test_they_end_at_the_long_run() -> None:
    """Customers per person with the alternatives, where nobody is reached or lost to sight."""
    m = path_model(path_market(), path_case({}))
    found = {a.plan: a.elasticity[400] for a in answers_over_months(m.calibrated, m.today, (400,))}
    today = m.today
    dearer = today.with_terms("team", scaled(today.prepared.terms["team"], 1.01))
    held, people = [], (today.staying + today.customers.sum(axis=1))
    for evaluation in (today, dearer):
        j = evaluation.plans.index("team")
        weights = evaluation.weights
        held.append(float((people * weights[:, j] / (1.0 + weights.sum(axis=1))).sum()))
    assert held[0] == pytest.approx(today.figure("customers", Selection("team")), rel=1e-9)
    assert found["team"] == pytest.approx(math.log(held[1] / held[0]) / math.log(1.01), rel=1e-3)
