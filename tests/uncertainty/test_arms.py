"""What visitors of a test take up, against the flows of the market they come from."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from optimizer.economics import experiments
from optimizer.model.case_model import CaseModel
from optimizer.uncertainty.arms import arms_seen


@pytest.fixture
def m(factory: ModuleType) -> CaseModel:
    found: CaseModel = factory.problem(None, factory.case())
    return found


def test_todays_arm_gains_as_many_as_decide(m: CaseModel) -> None:
    """In the long run as many of those who are offered a plan take it in a month as decide anew on it."""
    today, checked = m.today, 0
    for j, plan in enumerate(today.plans):
        terms = m.prepared.terms[plan]
        seen = arms_seen(m, [(plan, terms)])
        flow = float((today.customers[:, j] * today.decision_rates[:, j]).sum())
        assert seen.visitors[0] * seen.shares[0, 0, 0] == pytest.approx(flow, rel=1e-9), plan
        np.testing.assert_allclose(seen.shares[0, 1], seen.shares[0, 0], rtol=1e-12)
        assert seen.earned[0, 0] == pytest.approx(seen.earned[0, 1], rel=1e-12)
        checked += 1
    assert checked >= 3


def test_a_dearer_arm_takes_up_less_and_the_others_more(m: CaseModel) -> None:
    terms = m.prepared.terms["plus"]
    seen = arms_seen(m, [("plus", replace(terms, price=1.4 * terms.price)), ("plus", None)])
    for t in range(2):
        assert seen.shares[t, 1, 0] < seen.shares[t, 0, 0]
        assert seen.shares[t, 1, 1] > seen.shares[t, 0, 1]
        assert (seen.shares[t].sum(axis=1) < 1.0).all()
    assert seen.shares[1, 1, 0] == 0.0


def test_a_plan_by_account_is_visited_by_accounts(factory: ModuleType) -> None:
    """The people of a plan whose accounts decide come once an account."""
    m: CaseModel = factory.problem(None, factory.case())
    p = m.today.prepared
    plan = p.plan_index("team")
    by_account = tuple(replace(f, by_account=True) if k == plan else f for k, f in enumerate(p.plans))
    seats = replace(p.population, seats=np.full(p.population.size, 5.0))
    whole = replace(m.today, prepared=replace(p, plans=by_account, population=seats))
    single = arms_seen(m, [("team", p.terms["team"])])
    deciders = experiments.deciding(whole.staying, whole.total_attraction, whole.prepared.outside)
    people = float(deciders[p.plans[plan].offered].sum())
    seen = arms_seen(replace(m, today=whole), [("team", p.terms["team"])])
    assert seen.visitors[0] == pytest.approx(people / 5.0, rel=1e-12)
    assert single.visitors[0] > seen.visitors[0]
