"""Leave rates as conditions, objectives, parts of a blend and axes of a frontier, against every menu of the small
market and of cut-down shipped markets."""

from __future__ import annotations

import itertools
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from optimizer import search
from optimizer.economics.figures import TOTAL
from optimizer.inputs.load import load_inputs
from optimizer.model.case_model import CaseModel, case_model_of
from optimizer.model.instance import evaluate, follows_rules, within_burst
from optimizer.model.measures import measure
from optimizer.optimise.frontier import Side, trace
from optimizer.optimise.objectives import objective_of
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Case, CaseCondition
from optimizer.search import Tuning
from optimizer.typing import Choice

SETTINGS = Settings(gap=1e-6)
SEARCHED = Tuning(whole_choices=0, box_menus=4, left_menus=4)


def _met(m: CaseModel, menus: Any) -> dict[Any, Any]:
    """The evaluator at every choice that keeps the conditions, decided by it."""

    def holds(e: Any) -> bool:
        for bound in m.bounds:
            value = e.figure(bound.measure.name, bound.measure.selection)
            if not bound.sense * (value - bound.value) >= -1e-6 * abs(bound.value):
                return False
        return True

    return {choice: e for choice, e in menus.items() if holds(e)}


def _best(m: CaseModel) -> tuple[float | None, Choice | None]:
    """The best of every choice that rules and limits allow, by the instance's own definition one by one."""
    figures = {str(k): limit.figure for k, limit in enumerate(m.limits)}
    aim = m.built.figure("contribution_margin")
    best: tuple[float | None, Choice | None] = (None, None)
    instance = m.built.instance
    for mix in range(instance.mixes):
        for menu in itertools.product(*(range(n) for n in instance.levels)):
            if not follows_rules(instance, menu) or not within_burst(instance, menu, mix):
                continue
            values = evaluate(instance, figures | {"aim": aim}, menu, mix)
            value = values.pop("aim")
            if min(values.values()) >= 0.0 and (best[0] is None or value > best[0]):
                best = value, (menu, mix)
    return best


@pytest.fixture(scope="module")
def every(factory: ModuleType) -> dict[Choice, Any]:
    """The evaluator at every choice of the small case, whatever is asked of it."""
    found: dict[Choice, Any] = factory.evaluations(factory.problem(case_data=factory.case()))
    return found


@pytest.fixture
def searched(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small problems are searched, not enumerated."""
    plain = search.maximise

    def few(*arguments: Any, **more: Any) -> Any:
        return plain(*arguments, **more, tuning=SEARCHED)

    monkeypatch.setattr(search, "maximise", few)


@pytest.mark.parametrize("sense", ["at_most", "at_least"])
@pytest.mark.parametrize("figure", ["churn_rate", "payers_churn_rate", "churned_customers"])
def test_a_condition_on_leaving_decides_as_the_evaluator(
    factory: ModuleType, searched: None, every: dict[Choice, Any], sense: str, figure: str
) -> None:
    compared = 0
    for factor in (0.9, 0.97, 1.0, 1.05, 1.2):
        asked = {"conditions": [{"figure": figure, sense: factor, "relative_to": "today"}]}
        m = factory.problem(case_data=factory.case(objective="contribution_margin", **asked))
        left = _met(m, every)
        wanted = objective_of(m.inputs.case.objective, m.today).last
        found = wanted.solve(m, SETTINGS)
        if not left:
            assert found.status == "infeasible", factor
            continue
        compared += 1
        best = max(e.figure("contribution_margin") for e in left.values())
        assert found.value == pytest.approx(best, rel=1e-9), factor
        assert m.choices.choice(found.menu) in left, factor
        proven = wanted.recheck(m, found.certificate)
        assert best - 1e-9 * abs(best) <= proven <= found.bound + 1e-9 * abs(best), factor
    assert compared > 1


def test_the_least_leaving_and_a_blend_with_it(factory: ModuleType, searched: None, every: dict[Choice, Any]) -> None:
    blend = {"blend": {"contribution_margin": 1.0, "churn_rate": -0.5}}
    for objective in (
        {"minimise": "churn_rate"},
        {"minimise": "churned_payers"},
        {"maximise": "churned_customers"},
        blend,
    ):
        m = factory.problem(case_data=factory.case(objective=objective))
        wanted = objective_of(m.inputs.case.objective, m.today).last
        values = [wanted.value(e) for e in every.values()]
        best = max(values) if wanted.sense > 0 else min(values)
        found = wanted.solve(m, SETTINGS)
        assert found.value == pytest.approx(best, rel=2e-6), objective
        proven = wanted.recheck(m, found.certificate)
        assert wanted.sense * (proven - best) >= -1e-9 * abs(best), objective
        assert wanted.sense * (found.bound - proven) >= -1e-9 * abs(best), objective


def test_a_frontier_of_leaving(
    factory: ModuleType, searched: None, every: dict[Choice, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Traced step by step, it is the frontier of every menu."""
    monkeypatch.setattr("optimizer.optimise.frontier.ENUMERATED", 0)
    m = factory.problem(case_data=factory.case(objective="contribution_margin"))
    for name in ("churn_rate", "churned_customers"):
        x, y = (
            Side(measure(m.built, n, TOTAL, m.today.figure), s) for n, s in ((name, -1), ("contribution_margin", 1))
        )
        found = trace(m.built.instance, x, y, (), Settings(gap=1e-9, cross_check=False), everything=True)
        for step in found.points:
            reached = max(
                e.figure("contribution_margin") for e in every.values() if -e.figure(name) >= step.x * (1.0 + 1e-9)
            )
            assert step.y == pytest.approx(reached, rel=1e-8), name
        assert len(found.points) > 2


def _few(values: Any) -> Any:
    """The middle and the last of a ladder."""
    return None if values is None else tuple(dict.fromkeys((values[len(values) // 2], values[-1])))


def _small(case: Case, factor: float) -> Case:
    """The case with two prices a plan at most, one allowance, and leaving of so many times today's at most."""
    plans = {
        name: plan.model_copy(
            update={
                "price": _few(plan.price),
                "allowances": {a: {w: _few(c) for w, c in caps.items()} for a, caps in plan.allowances.items()},
                "unit_prices": {a: _few(prices) for a, prices in plan.unit_prices.items()},
            }
        )
        for name, plan in case.plans.items()
    }
    mix = (
        None
        if case.mix is None
        else case.mix.model_copy(update={"enterprise_share": _few(case.mix.enterprise_share)[:1]})
    )
    held = CaseCondition.model_validate({"figure": "churn_rate", "at_most": factor, "relative_to": "today"})
    return case.model_copy(update={"plans": plans, "mix": mix, "conditions": (held,)})


@pytest.mark.parametrize("market", ["openai-2025", "anthropic-2025", "assistant-startup"])
def test_shipped_markets_agree_with_every_menu(factory: ModuleType, searched: None, market: str) -> None:
    """The margin case of each market with few levels, and leaving held at, below and above today's."""
    case = load_inputs(Path("cases") / f"{market}-margin.yaml").case
    compared = 0
    for factor in (0.97, 1.1, 2.0):
        m = case_model_of(load_inputs(_small(case, factor)), strict=False)
        wanted = objective_of(m.inputs.case.objective, m.today).last
        found = wanted.solve(m, SETTINGS)
        best, menu = _best(m)
        if best is None:
            assert found.status == "infeasible", factor
            continue
        compared += 1
        assert found.value == pytest.approx(best, rel=1e-6), factor
        assert m.choices.choice(found.menu) == menu, factor
    assert compared
