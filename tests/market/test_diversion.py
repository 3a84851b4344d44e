"""Where the customers go whom a dearer plan loses."""

from __future__ import annotations

import pytest

from optimizer.market.diversion import diversion, diversions
from optimizer.model.case_model import CaseModel


def test_all_who_are_lost_are_somewhere(problem: CaseModel) -> None:
    found = diversions(problem.today)
    assert {d.plan for d in found} == {p for p in problem.today.plans if p != "free"}
    for d in found:
        assert 0.0 < d.lost < 1.0 and d.elasticity < 0.0
        assert sum(d.to.values()) == pytest.approx(1.0, abs=1e-9)
        assert d.plan not in d.to and "nothing" in d.to


def test_a_logit_diverts_in_proportion_within_a_type(problem: CaseModel) -> None:
    """Without nests the plans and alternatives of one type gain by their customers; so no share is negative."""
    found = diversion(problem.today, "plus")
    assert found is not None
    assert min(found.to.values()) >= -1e-12


def test_a_free_plan_has_no_price_to_raise(problem: CaseModel) -> None:
    assert diversion(problem.today, "free") is None
