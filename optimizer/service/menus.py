"""The menus of a result as the page holds them, so that a planner can take one over."""

from __future__ import annotations

from typing import Any

from optimizer.answer.comparison import Comparison
from optimizer.answer.frontier import Frontier
from optimizer.answer.robustness import RobustAnswer, RobustMenu
from optimizer.answer.solution import Solution
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Menu
from optimizer.page.facts import page_state


def menus_of(case_model: CaseModel, result: object) -> list[dict[str, Any]]:
    """Name and state of every menu in a result, in the order of its document; none of results that hold none."""
    return [{"name": name, "state": page_state(case_model, menu)} for name, menu in _named(case_model, result)]


def _named(case_model: CaseModel, result: object) -> list[tuple[str, Menu]]:
    if isinstance(result, Solution):
        return [("proven", result.chosen)]
    if isinstance(result, Frontier):
        return [(str(k), point.chosen) for k, point in enumerate(result.points, start=1)]
    if isinstance(result, Comparison):
        return [(name, result.menu(name)) for name in result.terms]
    if isinstance(result, RobustAnswer):
        return [(menu.name, _at(case_model, menu)) for menu in result.menus]
    return []


def _at(case_model: CaseModel, menu: RobustMenu) -> Menu:
    """The menu of level indices by plan, which are the same in all draws."""
    made = case_model.choices
    terms = {plan: levels[k] for plan, levels, k in zip(made.plans, made.levels, menu.levels, strict=True)}
    return Menu(terms, *made.splits[menu.mix])
