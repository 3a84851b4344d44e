"""The search of the page: what it says of a menu is what the formulas say, and it comes to the proven optimum."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from devtools import Browser
from page_worlds import rich_market

from optimizer.answer.run import solve_case_model
from optimizer.model.case_model import CaseModel, case_model_of
from optimizer.optimise.outcome import Settings
from optimizer.page.write import write_page

FOUND = """(() => {
  const { facts, found, state, world } = live, e = world.at(state);
  return { value: found.value, aim: world.aim(e), missed: found.missed, tried: found.tried,
    broken: world.judged(e, state.menu).broken };
})()"""
SHARE = {"figure": "market_share", "at_least": 0.95, "relative_to": "today"}
CASES: dict[str, dict[str, Any]] = {
    "money": {"objective": "contribution_margin", "conditions": [SHARE]},
    "a ratio": {"objective": "gross_margin_rate", "conditions": [SHARE]},
    "least": {"objective": {"minimise": "serving_cost"}, "conditions": [SHARE]},
    "a blend": {"objective": {"blend": {"market_share": 1.0, "contribution_margin": 0.5}}},
    "who stays": {
        "objective": "revenue",
        "conditions": [{"figure": "leave_rate", "at_most": 1.0, "relative_to": "today"},
                       {"figure": "churned_customers", "plan": "plus", "at_most": 1.1, "relative_to": "today"}],
    },
    "a budget": {
        "objective": "contribution_margin",
        "mix": {"enterprise_share": [0.3, 0.4, 0.5], "budget": [300_000, 500_000, 800_000]},
    },
    "an order": {"objective": "contribution_margin", "rules": {"plan_order": [["free", "lite", "plus"]]}},
    "rivals": {
        "objective": "revenue_share",
        "conditions": [{"figure": "rival_customers", "at_most": 1.0, "relative_to": "today"}],
    },
}  # fmt: skip


def found(browser: Browser, case_model: CaseModel, folder: Path) -> dict[str, Any]:
    browser.open(write_page(folder / "page.html", case_model), 1440)
    browser.run("live.find(60000)")
    browser.wait("live.found !== undefined")
    told = browser.run(FOUND)
    assert browser.complaints() == []
    return dict(told)


@pytest.mark.parametrize("name", CASES)
def test_it_comes_to_the_proven_optimum(browser: Browser, factory: Any, tmp_path: Path, name: str) -> None:
    case_model = factory.problem(None, factory.case(**CASES[name]))
    best = solve_case_model(case_model, Settings(gap=1e-9, cross_check=False)).objective.value
    told = found(browser, case_model, tmp_path)
    assert told["tried"] > 100 and told["missed"] <= 1e-9 and told["broken"] == []
    assert told["value"] == pytest.approx(told["aim"], rel=1e-9)
    assert told["value"] == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_it_values_menus_as_the_formulas_do(browser: Browser, factory: Any, tmp_path: Path, seed: int) -> None:
    """In markets with every feature; whether they hold anything that can be called good or not."""
    asked = [SHARE, {"figure": "leave_rate", "at_most": 1.02, "relative_to": "today"},
             {"figure": "revenue", "segment": "pros", "at_least": 0.8, "relative_to": "today"}]  # fmt: skip
    case = factory.case(objective="contribution_margin", conditions=asked)
    case_model = case_model_of(factory.inputs(rich_market(seed), case), strict=False)
    told = found(browser, case_model, tmp_path)
    assert told["value"] == pytest.approx(told["aim"], rel=1e-9)
    assert (told["broken"] == []) == (told["missed"] <= 1e-9)
