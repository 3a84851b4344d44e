"""Scenarios of a case over months: the best path of each, and every path followed in every other."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any

from optimizer.answer.comparison import MenuInScenario
from optimizer.answer.offers import part_cells, part_columns, price_columns, prices
from optimizer.answer.path_comparison import PathComparison
from optimizer.errors import InfeasibleError, bad_argument
from optimizer.studies.tables import Table, table

if TYPE_CHECKING:
    from optimizer.answer.path_worlds import ChosenPath, ProvenPath
    from optimizer.execution.executor import Executor
    from optimizer.horizon.question import PathQuestion
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.outcome import Settings


def compare_paths(
    case: str,
    case_models: Mapping[str, CaseModel],
    titles: Mapping[str, str],
    weights: Mapping[str, float],
    settings: Settings,
    progress: Callable[[str, int, int], None] | None = None,
    executor: Executor | None = None,
) -> PathComparison:
    """The comparison of case models over the same months, with the same choices and the same objective.

    executor: where they are solved; by default local processes if that is worth it. Raises InputError, with a cure,
    for cases that are not alike; InfeasibleError where no scenario has a path.
    """
    from optimizer.answer.path_worlds import offers_of, proven_path
    from optimizer.execution.choice import run_all

    began, names = time.perf_counter(), list(case_models)
    questions = _questions(case_models)

    def told(done: int) -> None:
        if progress is not None:
            progress(names[done - 1], done, len(names))

    tasks = case_models.values(), repeat(replace(settings, cancelled=None, progress=None))
    solved = zip(names, run_all(proven_path, *tasks, executor=executor, progress=told), strict=True)
    best = {name: found for name, found in solved if found is not None}
    if not best:
        raise InfeasibleError("no scenario has a path that meets the conditions")
    first = questions[names[0]]
    aim, total, fleet = first.aim, sum(weights.values()), first.timeline.fleet
    chosen = _candidates(first, best)
    return PathComparison(
        case=case,
        figure=aim.name,
        sense=aim.sense,
        unit=aim.unit,
        scenarios=tuple(names),
        titles=dict(titles),
        weights={name: weight / total for name, weight in weights.items()},
        menus=tuple(chosen),
        cells={(p, s): _cell(questions[s], own, best.get(s)) for p, own in chosen.items() for s in names},
        infeasible=tuple(name for name in names if name not in best),
        plans={name: plan.title for name, plan in first.timeline.m.inputs.changed.plans.items()},
        seconds=time.perf_counter() - began,
        chosen=chosen,
        offers={name: offers_of(first, own) for name, own in chosen.items()},
        first_months=first.timeline.asked.firsts,
        orders=() if fleet is None else tuple((v.name, month + 1) for v, month in fleet.orders),
        best=best,
    )


def _questions(case_models: Mapping[str, CaseModel]) -> dict[str, PathQuestion]:
    """What every world asks. Raises InputError where a path of one has no meaning in another."""
    from optimizer.answer.path_worlds import asked_of, same_ladders, unlike

    found = {name: asked_of(m) for name, m in case_models.items()}
    first, names = next(iter(found.values())), list(found)
    if not same_ladders(list(case_models.values())):
        raise bad_argument("cases", "the cases do not state the same ladders", "give all the same plans:")
    for name in names[1:]:
        what = unlike(first, found[name])
        if what:
            raise bad_argument("cases", f"{name} does not have {what} as {names[0]}", f"give both {what}")
    return found


def _candidates(first: PathQuestion, best: Mapping[str, ProvenPath]) -> dict[str, ChosenPath]:
    """The best path of every scenario, and today's menu held where the case allows it."""
    from optimizer.answer.path_worlds import today_held

    found = {f"best in {name}": own.chosen for name, own in best.items()}
    today = today_held(first)
    if today is not None and today not in found.values():
        found["today"] = today
    return found


def _cell(question: PathQuestion, chosen: ChosenPath, own: ProvenPath | None) -> MenuInScenario:
    """A path in a world, against the world's own best."""
    from optimizer.answer.path_worlds import in_world

    found, sense = in_world(question, chosen), question.aim.sense
    regret = float("nan") if own is None else max(0.0, sense * (own.objective.value - found.value))
    return MenuInScenario(found.value, not found.missed, found.missed, regret)


def path_document(c: PathComparison) -> dict[str, Any]:
    """A comparison of paths as plain data."""
    return {
        "schema_version": 1,
        "status": "optimal",
        "kind": "paths",
        "case": c.case,
        "figure": {"name": c.figure, "unit": c.unit, "sense": "most" if c.sense > 0 else "least"},
        "scenarios": {s: {"title": c.titles[s], "weight": c.weights[s], **_proof(c, s)} for s in c.scenarios},
        "infeasible": list(c.infeasible),
        "paths": {p: _path(c, p) for p in c.menus},
        "table": c.table_document(),
        "least_regret": c.least_regret,
        "best_expected": c.best_expected,
        "seconds": {"solve": c.seconds},
    }


def _proof(c: PathComparison, scenario: str) -> dict[str, Any]:
    """What is proven of a scenario's best path."""
    if scenario not in c.best:
        return {}
    own = c.best[scenario]
    told = {"value": own.objective.value, "bound": own.objective.bound, "gap": own.objective.gap}
    return {"best": {**told, "verdict": own.verdict, "verdict_text": own.verdict_text}}


def _path(c: PathComparison, path: str) -> dict[str, Any]:
    lots = zip(c.orders, c.chosen[path].lots, strict=bool(c.chosen[path].lots))
    return {
        "stages": [
            {"first_month": month, "menu": menu} for month, menu in zip(c.first_months, c.offers[path], strict=True)
        ],
        "orders": [{"offer": offer, "month": month, "lots": lot} for (offer, month), lot in lots],
        "maximum_regret": c.maximum_regret(path),
        "expected": c.expected(path),
        "misses": {s: list(missed) for s, missed in c.misses(path).items()},
        "can_win": path in c.candidates,
    }


def path_table(c: PathComparison) -> Table:
    """Every path and stage: its terms; its value, regret and missed conditions in every scenario."""
    menus = [menu for p in c.menus for menu in c.offers[p]]
    parts = part_columns(menus)
    columns = {"path": "", "from_month": "", "expected": c.unit, "largest_regret": c.unit}
    columns |= {f"value in {s}": c.unit for s in c.scenarios} | {f"regret in {s}": c.unit for s in c.scenarios}
    columns |= {f"conditions missed in {s}": "" for s in c.scenarios} | price_columns(menus) | dict.fromkeys(parts, "")
    rows = []
    for p in c.menus:
        cells = [c.cells[p, s] for s in c.scenarios]
        values = (*(x.value for x in cells), *(x.regret for x in cells), *("; ".join(x.missed) for x in cells))
        for month, offers in zip(c.first_months, c.offers[p], strict=True):
            terms = (*prices(offers), *part_cells(offers, parts))
            rows.append((p, month, c.expected(p), c.maximum_regret(p), *values, *terms))
    return table("Scenarios over months", columns, rows)
