"""A go-to-market budget whose size a case chooses: a cost, a part of the menu, and inert where it is given."""

from __future__ import annotations

import json
import math
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from optimizer.answer.run import evaluate_model, solve_case_model
from optimizer.answer.verify import verify_folder
from optimizer.cli.main import main
from optimizer.economics.figures import LINEAR, Selection
from optimizer.market.check import check_inputs
from optimizer.model.case_model import CaseModel, case_model_of
from optimizer.model.instance import evaluate
from optimizer.optimise.outcome import Settings

Data = dict[str, Any]
BUDGETS = [250_000, 500_000, 900_000]


@pytest.fixture(scope="module")
def sized(factory: ModuleType) -> CaseModel:
    return case_model_of(factory.inputs(None, asked(factory)))


def asked(factory: ModuleType, **more: Any) -> Data:
    return {**factory.case(), "mix": {"enterprise_share": [0.3, 0.5], "budget": BUDGETS}, **more}


def test_levels_are_pairs_of_share_and_budget(sized: CaseModel) -> None:
    assert sized.choices.splits == tuple((share, float(b)) for share in (0.3, 0.5) for b in BUDGETS)
    assert sized.choices.menus == 3 * 3 * 2 * 2 * 6
    for mix, (share, budget) in enumerate(sized.choices.splits):
        menu = sized.choices.menu(((0, 0, 0, 0, 0), mix))
        assert (menu.enterprise_share, menu.budget) == (share, budget)
        assert sized.choices.choice(menu) == ((0, 0, 0, 0, 0), mix)


def test_the_budget_is_what_is_spent_and_what_it_costs(factory: ModuleType, sized: CaseModel) -> None:
    """Reach at 250,000 usd a month, 30 % of them for enterprise: 0.3 + 0.6 (1 - exp(-spend / 300,000))."""
    evaluation = sized.evaluate(sized.choices.menu(((0, 0, 0, 0, 0), 0)))
    pop = sized.prepared.population
    for segment, spend in (("students", 175_000), ("firms", 75_000)):
        share = 0.3 + 0.6 * (1.0 - math.exp(-spend / 300_000))
        rows = pop.segment == pop.segments.index(segment)
        assert evaluation.base[rows] == pytest.approx(pop.potential[rows] * share, rel=1e-12)
    assert evaluation.figure("marketing_cost") == 250_000.0
    assert evaluation.figure("marketing_cost", Selection(plan="plus")) == 0.0
    gross, support, plans = (evaluation.figure(n) for n in ("gross_margin", "support_cost", "plan_cost"))
    assert evaluation.figure("contribution_margin") == pytest.approx(gross - support - plans - 250_000.0, rel=1e-12)
    # today in such a case is told less today's budget, so that the answer is compared with like
    plain = factory.problem().today
    assert sized.today.figure("contribution_margin") == pytest.approx(
        plain.figure("contribution_margin") - 500_000.0, rel=1e-12
    )
    assert sized.today.figure("customers") == plain.figure("customers")


def test_a_given_budget_is_no_cost(factory: ModuleType) -> None:
    problem = factory.problem()
    assert problem.choices.budgets == () and problem.today.budget is None
    assert problem.today.figure("marketing_cost") == 0.0


def test_the_instance_agrees_with_the_evaluator(sized: CaseModel) -> None:
    figures = {name: sized.built.figure(name) for name in LINEAR}
    for mix in range(6):
        choice = ((2, 1, 0, 1, 0), mix)
        told, by_evaluator = (
            evaluate(sized.built.instance, figures, *choice),
            sized.evaluate(sized.choices.menu(choice)),
        )
        for name in LINEAR:
            assert told[name] == pytest.approx(by_evaluator.figure(name), rel=1e-10), (name, mix)


def test_the_answer_is_the_best_of_all(factory: ModuleType, sized: CaseModel) -> None:
    best = max(e.figure("contribution_margin") for e in factory.evaluations(sized).values())
    solution = solve_case_model(sized, Settings(gap=1e-9, cross_check=False))
    assert solution.objective.value == pytest.approx(best, rel=1e-9)
    assert solution.budget in BUDGETS


def test_the_budget_alone_can_be_chosen(factory: ModuleType) -> None:
    found = case_model_of(factory.inputs(None, asked(factory, mix={"budget": [400_000]})))
    assert found.choices.splits == ((0.4, 400_000.0),)


def test_the_market_as_it_stands_is_charged_its_own(sized: CaseModel) -> None:
    solution = evaluate_model(sized)
    assert solution.budget == 500_000.0 and not solution.budget_moved
    assert solution.figure("marketing_cost") == 500_000.0


def test_saved_and_verified(factory: ModuleType, tmp_path: Path) -> None:
    case = factory.write(tmp_path, factory.market(), asked(factory))
    out = tmp_path / "out"
    assert main(["run", str(case), "--out", str(out)]) == 0
    told = json.loads((out / "result.json").read_text())["mix"]
    assert told["budget"] in BUDGETS and told["budget_today"] == 500_000.0
    assert verify_folder(out)["passed"]
    forged = (out / "result.json").read_text().replace(f'"budget": {told["budget"]}', '"budget": 400000.0')
    (out / "result.json").write_text(forged)
    assert not verify_folder(out)["passed"]


@pytest.mark.parametrize(("budget", "code"), [([-1], "range"), ([], "schema")])
def test_bad_budgets(factory: ModuleType, tmp_path: Path, budget: list[float], code: str) -> None:
    data = asked(factory, mix={"budget": budget})
    if code == "range":
        (found,) = check_inputs(factory.inputs(None, data))
        assert (found.code, found.field) == ("range", "mix.budget")
    else:
        assert main(["check", str(factory.write(tmp_path, factory.market(), data))]) == 2
