"""Why this menu: price responses, what conditions cost, runners-up, who gains, where the free tier's cost goes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import repeat
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from optimizer.answer.menu import allowances, unit_prices
from optimizer.answer.parts import usage_rows
from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.economics.choice import surplus_change
from optimizer.economics.figures import Selection
from optimizer.errors import InfeasibleError, InputError, NotTrustedError, SolverError
from optimizer.execution.executor import Executor, Shared, borrowed
from optimizer.inputs.changes import Changes
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.model.case_model import CaseModel, prepare_case
from optimizer.model.choices import Menu, same_level
from optimizer.optimise.objectives import Objective, objective_of
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Case
from optimizer.units import same

if TYPE_CHECKING:
    import pandas as pd

FACTORS = (0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 1.0, 1.05, 1.1, 1.2, 1.3, 1.4, 1.5)
MOVES = (-0.10, -0.05, -0.01, 0.01, 0.05, 0.10)
WITHIN = 0.01
"""Runners-up are within this of the best, relative."""


@dataclass(frozen=True)
class Explanation:
    """Everything that answers "why?" about a solution; rows of plain data."""

    solution: Solution
    price_responses: tuple[dict[str, Any], ...]
    """Per plan and price: customers, revenue and contribution of the plan, and of the whole menu."""
    condition_costs: tuple[dict[str, Any], ...]
    """Per condition and move of its bound: the objective solved anew."""
    runners_up: tuple[dict[str, Any], ...]
    """Menus within 1 %: what differs, their value, how far behind."""
    segments: tuple[dict[str, Any], ...]
    """Per segment: change in consumer surplus per reached person and in customers against today."""
    free_tier: dict[str, Any]
    """What free customers cost, by segment, and what the menu would earn without them."""
    under_water: tuple[dict[str, Any], ...]
    """Usage classes that cost more than they bring."""
    seconds: float
    case_model: CaseModel = field(repr=False)

    def to_frame(self, what: str = "price_responses") -> pd.DataFrame:
        """One of the tables: price_responses, condition_costs, runners_up, segments, under_water."""
        import pandas as pd

        return pd.DataFrame(list(getattr(self, what)))

    def plot(self) -> Any:
        """The chart, as an object that is returned and not shown. Needs the ``report`` extra."""
        return import_module("optimizer.report.charts").response_chart(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        return str(self.to_frame("segments").to_html())


def explain_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    runners: int = 5,
    executor: Executor | None = None,
) -> Explanation:
    """Solve a case and explain the answer. Raises InputError, InfeasibleError, SolverError."""
    case_model = prepare_case(case, sets=sets, folder=folder)
    settings = Settings(gap=case_model.inputs.case.options.gap if gap is None else gap)
    solution = solve_case_model(case_model, settings)
    return explain(case_model, solution, replace(settings, cross_check=False), runners, executor)


def explain(
    case_model: CaseModel,
    solution: Solution,
    settings: Settings,
    runners: int = 5,
    executor: Executor | None = None,
) -> Explanation:
    """Explain a solved problem; executor: where it is solved anew, by default local processes if that is worth it."""
    began = time.perf_counter()
    objective = objective_of(case_model.inputs.case.objective, case_model.today).last
    quick = replace(settings, cancelled=None, progress=None)
    solves = len(MOVES) * sum(c.binding for c in solution.audit.conditions) + runners
    with borrowed(executor, solves * solution.seconds.get("solve", 0.0)) as runner:
        shared = runner.share(case_model)
        # one after the other, beside the conditions
        near = runner.submit(next_best, shared, objective, quick, solution.chosen, solution.objective.value, runners)
        costs = condition_costs(case_model, solution, objective, quick, runner, shared)
        others = near.result()
    return Explanation(
        solution=solution,
        price_responses=tuple(price_responses(case_model, solution)),
        condition_costs=tuple(costs),
        runners_up=tuple(runner_up(case_model, solution, menu, value, behind) for menu, value, behind in others),
        segments=tuple(segment_gains(solution.evaluation, solution.today)),
        free_tier=free_tier(case_model, solution),
        under_water=tuple(r for r in usage_rows(solution.evaluation) if r["under_water_share"] > 0.0),
        seconds=time.perf_counter() - began,
        case_model=case_model,
    )


def price_responses(case_model: CaseModel, solution: Solution) -> list[dict[str, Any]]:
    """Every priced plan's price moved around the chosen one, the rest of the menu kept."""
    rows = []
    for plan, terms in solution.terms.items():
        if terms is None or (terms.price <= 0.0 and not any(terms.unit_prices)):
            continue
        for factor in FACTORS:
            moved = replace(terms, price=terms.price * factor)
            if terms.price <= 0.0:
                moved = replace(terms, unit_prices=tuple(None if p is None else p * factor for p in terms.unit_prices))
            there = evaluate_menu(case_model.prepared, {**solution.terms, plan: moved}, solution.enterprise_share)
            own = Selection(plan=plan)
            rows.append({
                "plan": plan,
                "factor": factor,
                "price": moved.price if terms.price > 0.0 else None,
                "customers": there.figure("customers", own),
                "revenue": there.figure("revenue", own),
                "plan_contribution": there.figure("contribution_margin", own),
                "contribution_margin": there.figure("contribution_margin"),
            })  # fmt: skip
    return rows


def condition_costs(
    m: CaseModel,
    solution: Solution,
    objective: Objective,
    settings: Settings,
    runner: Executor,
    shared: Shared[CaseModel],
) -> list[dict[str, Any]]:
    """The objective solved anew with each binding condition's bound moved by 1, 5 and 10 %."""
    binding = {(c.name, c.sense) for c in solution.audit.conditions if c.binding}
    sides = [(k, b, "at least" if b.sense > 0 else "at most") for k, b in enumerate(m.bounds)]
    moves = [(k, b, sense, move) for k, b, sense in sides if (b.name, sense) in binding for move in MOVES]
    indices, factors = [k for k, *_ in moves], [1.0 + move for *_, move in moves]
    values = runner.gather(moved_value, repeat(shared), repeat(objective), repeat(settings), indices, factors)
    return [
        {
            "condition": bound.name,
            "sense": sense,
            "move": move,
            "bound": bound.value * (1.0 + move),
            "objective": value,
            "change": None if value is None else value - solution.objective.value,
        }
        for (_, bound, sense, move), value in zip(moves, values, strict=True)
    ]


def moved_value(m: CaseModel, objective: Objective, settings: Settings, index: int, factor: float) -> float | None:
    """The best objective with one side of a condition moved; None where no menu meets the conditions then."""
    found = objective.solve(m.with_bound_moved(index, factor), settings)
    return None if found.menu is None else found.value


def next_best(
    m: CaseModel, objective: Objective, settings: Settings, chosen: Menu, best: float, count: int
) -> list[tuple[Menu, float, float]]:
    """The next best menus with value and relative distance, each proven best without the ones before, within 1 %."""
    known, found = [chosen], []
    for _ in range(count):
        try:
            other = objective.solve(m, settings, excluded=known)
        except (InfeasibleError, InputError, SolverError, NotTrustedError):
            break
        if other.menu is None:
            break
        behind = objective.sense * (best - other.value) / max(abs(best), 1e-300)
        if behind > WITHIN:
            break
        known.append(other.menu)
        found.append((other.menu, other.value, behind))
    return found


def runner_up(case_model: CaseModel, solution: Solution, menu: Menu, value: float, behind: float) -> dict[str, Any]:
    """One of them as plain data."""
    return {"value": value, "behind": behind, "differs": differences(case_model, solution, menu)}


def differences(case_model: CaseModel, solution: Solution, menu: Menu) -> dict[str, Any]:
    """Plan -> its terms in another menu, where they differ from the solution's."""
    found: dict[str, Any] = {}
    for plan, terms in menu.terms.items():
        if not same_level(terms, solution.terms[plan]):
            changed = case_model.inputs.changed
            units = {a: q.unit for a, q in changed.plans[plan].unit_prices.items()}
            found[plan] = {
                "price": None if terms is None else terms.price,
                "allowances": allowances(terms, changed),
                "unit_prices": unit_prices(terms, changed, units),
            }
    if not same(menu.enterprise_share, solution.enterprise_share):
        found["enterprise_share"] = menu.enterprise_share
    return found


def segment_gains(menu: Evaluation, today: Evaluation) -> list[dict[str, Any]]:
    """Who gains and who loses against today, in money and in numbers."""
    pop = menu.prepared.population
    change = surplus_change(today.total_attraction, menu.total_attraction, pop.price_coefficient)
    rows = []
    for index, segment in enumerate(pop.segments):
        mask = pop.segment == index
        weights = today.reached[mask]
        part = Selection(segment=segment)
        rows.append({
            "segment": segment,
            "surplus_change_usd_per_person": float(np.average(change[mask], weights=weights)),
            "losing_share": float(weights[change[mask] < -1e-9].sum() / weights.sum()),
            "customers_today": today.figure("customers", part),
            "customers": menu.figure("customers", part),
            "contribution_today": today.figure("contribution_margin", part),
            "contribution": menu.figure("contribution_margin", part),
        })  # fmt: skip
    return rows


def free_tier(case_model: CaseModel, solution: Solution) -> dict[str, Any]:
    """What free customers cost and bring."""
    evaluation = solution.evaluation
    free = [p for p, t in solution.terms.items() if t is not None and t.price <= 0.0 and not any(t.unit_prices)]
    by_segment = {
        s: evaluation.figure("free_serving_cost", Selection(segment=s)) for s in evaluation.prepared.population.segments
    }
    without = evaluate_menu(case_model.prepared, {**solution.terms, **dict.fromkeys(free)}, solution.enterprise_share)
    return {
        "plans": free,
        "serving_cost": evaluation.figure("free_serving_cost"),
        "by_segment": {s: v for s, v in by_segment.items() if v},
        "advertising_revenue": sum(evaluation.figure("advertising_revenue", Selection(plan=p)) for p in free),
        "referred_customers": sum(evaluation.figure("referred_customers", Selection(plan=p)) for p in free),
        "contribution_without": without.figure("contribution_margin"),
        "market_share_without": without.figure("market_share"),
    }
