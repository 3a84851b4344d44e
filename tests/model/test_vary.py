"""A case with numbers of today's market moved: as if its files had stated them."""

from __future__ import annotations

import pickle
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.economics.figures import Selection
from optimizer.errors import InputError
from optimizer.model import case_model as module
from optimizer.model.case_model import CaseModel, vary, with_changes
from optimizer.schema.case import Change

SEEDS = range(6)
FIGURES = ("contribution_margin", "revenue", "customers", "serving_cost", "market_share", "churn_rate")
PATHS = (
    "pools.main.price",
    "ai_models.big.output_tokens",
    "segments.pros.usage.requests",
    "segments.students.price_coefficient",
    "plans.plus.decision_rate",
    "plans.free.allowances.big.day",
    "plans.team.price",
    "today.plans.plus.customers",
    "alternatives.rival.price",
    "go_to_market.budget",
)


def told(m: CaseModel) -> dict[str, float]:
    found = {f"today {f}": m.today.figure(f) for f in FIGURES} | {f: m.unchanged.figure(f) for f in FIGURES}
    plans = {f"{n} customers": m.unchanged.figure("customers", Selection(plan=n)) for n in m.unchanged.plans}
    return found | plans


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("changes", [{}, {"alternatives.rival.price": {"times": 0.9}}], ids=["today", "changed"])
def test_the_same_as_from_files(factory: ModuleType, path: str, changes: Any) -> None:
    checked = 0
    for seed in SEEDS:
        data, case = factory.random_market(seed), factory.case(changes=changes)
        value = factory.at(data, path)["value"] * 1.15
        found = vary(factory.problem(data, case), {path: value})
        wanted = factory.problem(factory.changed(data, path, value), case)
        assert found.inputs.market == wanted.inputs.market, seed
        assert told(found) == pytest.approx(told(wanted), rel=1e-8), seed
        assert found.choices.levels == wanted.choices.levels, seed
        checked += 1
    assert checked == len(SEEDS)


def test_levels_and_conditions_are_those_of_the_moved_market(factory: ModuleType) -> None:
    case = factory.case(conditions=[{"figure": "customers", "at_least": 0.9, "relative_to": "today"}])
    before = factory.problem(None, case)
    found = vary(before, {"today.plans.free.customers": 250_000.0})
    assert [b.value for b in before.bounds] == pytest.approx([0.9 * 335_000.0], rel=1e-8)
    assert [b.value for b in found.bounds] == pytest.approx([0.9 * 305_000.0], rel=1e-8)


def test_several_numbers_at_once(factory: ModuleType) -> None:
    values = {"pools.main.price": 7.0, "segments.pros.potential": 320_000.0, "plans.plus.price": 21.0}
    data = factory.market()
    for path, value in values.items():
        data = factory.changed(data, path, value)
    assert told(vary(factory.problem(), values)) == pytest.approx(told(factory.problem(data)), rel=1e-8)


@pytest.mark.parametrize(
    ("path", "value", "said"),
    [
        ("segments.pros.usage.hours.day", 0.6, "adds up to"),
        ("plans.plus.decision_rate", 0.0, "must be above 0"),
        ("today.plans.team.customers", 50_000.0, "do not fit"),
        ("today.plans.team.customers", 0.0, "must be positive"),
        ("plans.none.price", 1.0, "no number of the market"),
    ],
)
def test_a_market_that_cannot_be_is_refused(
    factory: ModuleType, path: str, value: float, said: str, problem: Any
) -> None:
    with pytest.raises(InputError, match=said):
        vary(problem, {path: value})


def test_a_market_that_the_changes_make_impossible_is_refused(factory: ModuleType) -> None:
    case = factory.case(changes={"plans.plus.decision_rate": {"plus": -0.02}})
    assert vary(factory.problem(None, case), {"plans.plus.decision_rate": 0.03})
    with pytest.raises(InputError, match="after the changes"):
        vary(factory.problem(None, case), {"plans.plus.decision_rate": 0.02})


def test_evaluations_build_no_levels(factory: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    def never(*_: Any) -> None:
        raise AssertionError("built")

    problem = factory.problem()
    monkeypatch.setattr(module, "build_instance", never)
    monkeypatch.setattr(module, "choices", never)
    assert vary(problem, {"pools.main.price": 7.0}).unchanged.figure("revenue") > 0.0
    assert with_changes(problem, {"pools.main.price": Change(times=2.0)}).unchanged.figure("revenue") > 0.0


def test_pickled_without_what_can_be_built_again(factory: ModuleType) -> None:
    problem = factory.problem()
    before = len(pickle.dumps(problem))
    assert problem.bounds == () and problem.choices.menus > 1 and problem.unchanged.figure("revenue") > 0.0
    again = pickle.loads(pickle.dumps(problem))
    assert len(pickle.dumps(problem)) < 1.5 * before
    assert again.inputs.market == problem.inputs.market
    assert told(again) == told(problem)
    for mine, other in zip(again.built.instance.attraction, problem.built.instance.attraction, strict=True):
        assert np.array_equal(mine, other)
