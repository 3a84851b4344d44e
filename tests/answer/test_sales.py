"""Sales floors of the small market: the contribution that is left at them, by the evaluator."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.answer.run import solve_case_model
from optimizer.answer.sales import CONTRIBUTION, sales_floors
from optimizer.optimise.outcome import Settings


@pytest.fixture(scope="module")
def solved(factory: ModuleType) -> tuple[Any, Any]:
    m = factory.problem(factory.market(), factory.case())
    return m, solve_case_model(m, Settings())


def test_at_a_floor_nothing_is_left(solved: tuple[Any, Any]) -> None:
    """The same customers at that fee: the contribution of their mean is 0, or what they bring elsewhere."""
    m, solution = solved
    rows = sales_floors(m, solution)
    assert {row["plan"] for row in rows} >= {"plus", "team"}
    evaluation, pop = solution.evaluation, m.prepared.population
    checked = 0
    for row in rows:
        plan, facts = row["plan"], m.prepared.plans[m.prepared.plan_index(row["plan"])]
        held = evaluation.customers[:, evaluation.plans.index(plan)] * (
            pop.segment == pop.segments.index(row["segment"])
        )
        assert row["customers"] == pytest.approx(held.sum(), rel=1e-12)
        for floor, left in (("floor", 0.0), ("deal_floor", row["brought_otherwise"])):
            if row[floor] <= 0.0:
                continue
            listed = row[floor] / (1.0 - facts.annual_share * facts.annual_discount)
            there = m.evaluate(
                replace(solution.chosen, terms={**solution.terms, plan: replace(solution.terms[plan], price=listed)})
            )
            per = there.per[there.plans.index(plan)]
            assert held @ CONTRIBUTION.amount(per) / held.sum() == pytest.approx(left, abs=1e-9), row
            checked += 1
    assert checked >= 4


def test_what_a_customer_brings_elsewhere(solved: tuple[Any, Any]) -> None:
    """The shares of our other plans among all people where the plan is missing, times what their customers bring."""
    m, solution = solved
    rows = [row for row in sales_floors(m, solution) if row["plan"] == "plus"]
    without = m.evaluate(replace(solution.chosen, terms={**solution.terms, "plus": None}))
    people = without.staying + without.customers.sum(axis=1)
    brought = np.zeros(m.prepared.population.size)
    for j, per in enumerate(without.per):
        brought += without.customers[:, j] / people * CONTRIBUTION.amount(per)
    held, pop = solution.evaluation.customers[:, solution.evaluation.plans.index("plus")], m.prepared.population
    assert len(rows) == 2
    for row in rows:
        mine = held * (pop.segment == pop.segments.index(row["segment"]))
        assert row["brought_otherwise"] == pytest.approx(mine @ brought / mine.sum(), rel=1e-9), row
