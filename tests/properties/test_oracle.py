"""The answer to a case is the best of complete enumeration with the evaluator; infeasible exactly when there is none.

A *world* is a random market with random ladders, all of whose menus are evaluated once; many questions are put to it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
from amount import few
from hypothesis import given, settings
from hypothesis import strategies as st

from optimizer import search
from optimizer.answer.run import solve_case_model
from optimizer.economics.figures import RATIOS, TOTAL, Selection
from optimizer.errors import InfeasibleError
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, prepare_case
from optimizer.model.instance import follows_rules
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Case, CaseCondition
from optimizer.typing import Choice

GAP = 1e-6
TOLERANCE = 1e-6
Data = dict[str, Any]


class Seen:
    """An evaluation whose figures are taken once."""

    def __init__(self, evaluation: Evaluation) -> None:
        self.evaluation = evaluation
        self.known: dict[tuple[str, Selection], float] = {}

    def figure(self, name: str, part: Selection = TOTAL) -> float:
        if (name, part) not in self.known:
            self.known[name, part] = self.evaluation.figure(name, part)
        return self.known[name, part]


@dataclass(frozen=True)
class World:
    """Every choice of a problem that keeps rules and burst limits, with its evaluation."""

    problem: CaseModel
    case: Data
    open: dict[Choice, Seen]

    def values(self, name: str, part: Selection) -> np.ndarray:
        return np.array([e.figure(name, part) for e in self.open.values()])


def ladders(seed: int, market: Data) -> Data:
    """Random ladders: a hundred or so menus."""
    random = np.random.default_rng([seed, 5])

    def some(values: list[Any], most: int) -> list[Any]:
        count = int(random.integers(1, most + 1))
        return [values[k] for k in sorted(random.choice(len(values), count, replace=False))]

    plans: Data = {
        "free": {"allowances": {"big": {"day": some([0.5, 1, 2, 3, 6, "unlimited"], 3)}}},
        "plus": {"price": some([9, 14, 17, 20, 23, 29], 2)},
        "lite": {"price": some([5, 8, 10], 2)},
        "team": {"price": some([22, 26, 30, 38], 2)},
    }
    if random.random() < 0.5:
        plans["free"]["withdraw"] = True
    if random.random() < 0.3:
        plans["team"]["withdraw"] = True
    if random.random() < 0.3:
        plans["plus"]["allowances"] = {"big": {"3h": [6, 12]}}
    if random.random() < 0.3:
        plans["api"] = {"unit_prices": {"big": [6, 10]}}
    rules: Data = {}
    if random.random() < 0.4:
        rules["plan_order"] = [["free", "lite", "plus"]]
    if random.random() < 0.3:
        rules["price_change"] = [{"plan": "team", "at_most": 0.3}]
        plans["team"]["price"] += [market["plans"]["team"]["price"]["value"]]
    changes: Data = {}
    if random.random() < 0.5:
        changes["alternatives.rival.price"] = {"times": float(random.choice([0.5, 0.8, 1.3]))}
    if random.random() < 0.3:
        changes["pools.main.price"] = {"times": 0.5}
    return {"plans": plans, "rules": rules, "changes": changes, "mix": {"enterprise_share": some([0.2, 0.4, 0.6], 2)}}


def world_market(factory: ModuleType, seed: int) -> Data:
    """A random market whose burst limit binds in some worlds and shuts out everything in few."""
    random, market = np.random.default_rng([seed, 6]), factory.random_market(1000 + seed)
    market["pools"]["main"]["capacity"]["burst_limit"]["value"] = float(random.choice([40.0, 90.0, 400.0]))
    return market


@lru_cache(maxsize=200)
def world_of(factory: ModuleType, seed: int) -> World:
    market = world_market(factory, seed)
    case = factory.case(**ladders(seed, market))
    problem = factory.problem(market, case)
    blocks, pools = problem.built.gpu_blocks, problem.prepared.pools
    found = {}
    for choice, evaluation in factory.evaluations(problem).items():
        fits = all(
            evaluation.burst[p, h] <= pools.burst_limit[p] + 1e-9 * (pools.reserved[p] + pools.burst_limit[p])
            for p, h in blocks
        )
        if fits and follows_rules(problem.built.instance, choice[0]):
            found[choice] = Seen(evaluation)
    return World(problem, case, found)


def floor_of(world: World, name: str, part: Selection) -> float:
    """Least denominator of a ratio: 1e-3 of today's; none for a plan, which may be withdrawn."""
    if name not in RATIOS or RATIOS[name].denominator == "potential" or part.plan is not None:
        return 0.0
    return 1e-3 * world.problem.today.figure(RATIOS[name].denominator, part)


def meets(world: World, evaluation: Seen, condition: CaseCondition) -> bool:
    part = Selection(condition.plan, condition.segment, (condition.channel,) if condition.channel else None)
    value = evaluation.figure(condition.figure, part)
    if condition.figure in RATIOS:
        below = evaluation.figure(RATIOS[condition.figure].denominator, part)
        floor = floor_of(world, condition.figure, part)
        if below < floor * (1.0 - TOLERANCE):
            return False
        if below == 0.0:
            return True
    factor = world.problem.today.figure(condition.figure, part) if condition.relative_to else 1.0
    for sense, bound in ((1.0, condition.at_least), (-1.0, condition.at_most)):
        if bound is not None and sense * (value - bound * factor) < -TOLERANCE * abs(bound * factor):
            return False
    return True


def aim_floor(world: World, evaluation: Seen, name: str) -> bool:
    """Whether an aim's denominator, if it has one, is large enough."""
    if name not in RATIOS:
        return True
    return evaluation.figure(RATIOS[name].denominator) >= floor_of(world, name, TOTAL) * (1.0 - TOLERANCE)


def blend_value(world: World, evaluation: Seen, weights: dict[str, float]) -> float:
    return sum(w * evaluation.figure(n) / abs(world.problem.today.figure(n)) for n, w in weights.items())


def best_of(world: World, case: Case) -> list[float]:
    """The best of each stage of the objective, by enumeration; empty where nothing meets the conditions."""
    left = [e for e in world.open.values() if all(meets(world, e, c) for c in case.conditions)]
    objective = case.objective
    if objective.blend:
        weights = dict(objective.blend)
        worth = [blend_value(world, e, weights) for e in left if all(aim_floor(world, e, n) for n in weights)]
        return [max(worth)] if worth else []
    stages = [(s.maximise or s.minimise, 1 if s.maximise else -1, s.give) for s in objective.lexicographic or ()]
    stages = stages or [(objective.maximise or objective.minimise, 1 if objective.maximise else -1, 0.0)]
    found = []
    for name, sense, give in stages:
        left = [e for e in left if aim_floor(world, e, str(name))]
        if not left:
            return []
        best = max(sense * e.figure(str(name)) for e in left)
        found.append(sense * best)
        left = [e for e in left if sense * e.figure(str(name)) >= best - (give + TOLERANCE) * abs(best)]
    return found


def put(world: World, more: Data) -> tuple[CaseModel, Case]:
    """The world's problem with other conditions and another objective."""
    case = Case.model_validate({**world.case, **more})
    return replace(world.problem, inputs=replace(world.problem.inputs, case=case)), case


def check(world: World, problem: CaseModel, case: Case, options: Settings) -> bool:
    """Solve and compare; whether there was an answer."""
    best = best_of(world, case)
    if not best:
        with pytest.raises(InfeasibleError):
            solve_case_model(problem, options)
        return False
    solution = solve_case_model(problem, options)
    assert solution.verdict in ("proved", "solver_proved")
    place = problem.choices.choice(solution.chosen)
    assert place is not None
    chosen = world.open[place]
    assert all(meets(world, chosen, c) for c in case.conditions)
    revenue = abs(world.problem.today.figure("revenue"))
    for stage, wanted in zip(solution.stages, best, strict=True):
        sense = 1.0 if stage.sense == "most" else -1.0
        scale = max(abs(wanted), 1e-6 * (revenue if stage.unit == "usd/month" else 1.0))
        assert sense * (stage.value - wanted) <= 1e-9 * scale, "better than any menu"
        assert sense * (stage.value - wanted) >= -1.01 * options.gap * scale, "worse than the best menu"
        assert sense * (stage.bound - wanted) >= -1e-9 * scale, "the proven bound lies below the best menu"
    return True


AIMS = ("contribution_margin", "revenue", "customers", "market_share", "gross_margin_rate", "revenue_share")
LEASTS = ("serving_cost", "churn_rate", "gpu_hours", "rival_revenue", "cost_per_free_customer", "free_share")
LINEAR_AIMS = ("contribution_margin", "revenue", "market_share", "paying_customers", "enterprise_revenue")
RATIO_AIMS = ("gross_margin_rate", "churn_rate", "enterprise_revenue_share", "market_share_served")
CONDITIONS = (
    ("gross_margin_rate", {}),
    ("gross_margin_rate", {"channel": "consumer"}),
    ("gross_margin_rate", {"plan": "plus"}),
    ("gross_margin_rate", {"segment": "students"}),
    ("churn_rate", {}),
    ("churn_rate", {"plan": "plus"}),
    ("churn_rate", {"segment": "pros"}),
    ("market_share", {}),
    ("market_share", {"segment": "students"}),
    ("free_share", {}),
    ("enterprise_revenue_share", {}),
    ("market_share_served", {"channel": "enterprise"}),
    ("gpu_hours", {}),
    ("serving_cost", {}),
    ("contribution_margin", {}),
    ("contribution_margin", {"plan": "team"}),
    ("customers", {"plan": "plus"}),
    ("revenue", {"channel": "enterprise"}),
    ("cost_per_free_customer", {}),
    ("accounting_margin_rate", {}),
)


def condition(world: World, which: int, where: float, at_least: bool, relative: bool) -> Data:
    """A condition whose bound lies at a quantile of what the menus give; beyond 0 or 1 none or all meet it."""
    figure, part = CONDITIONS[which]
    selection = Selection(part.get("plan"), part.get("segment"), (part["channel"],) if "channel" in part else None)
    values = np.sort(world.values(figure, selection))
    values = values[np.isfinite(values)]
    low, high = values[0], values[-1]
    bound = float(np.quantile(values, min(max(where, 0.0), 1.0)))
    if not 0.0 <= where <= 1.0:
        bound = low + where * (high - low) if high > low else low + (where - 0.5) * abs(low) * 0.1
    today = world.problem.today.figure(figure, selection)
    side = "at_least" if at_least else "at_most"
    found: Data = {"figure": figure, **part, side: bound}
    if relative and abs(today) > 1e-9:
        found |= {side: bound / today, "relative_to": "today"}
    return found


def objective(kind: str, first: int, second: int, weight: float) -> Data | str:
    if kind == "maximise":
        return {"maximise": AIMS[first % len(AIMS)]}
    if kind == "minimise":
        return {"minimise": LEASTS[first % len(LEASTS)]}
    one, ratio = LINEAR_AIMS[first % 4], RATIO_AIMS[second % len(RATIO_AIMS)]
    if kind == "blend":
        other = ratio if first % 2 else ("customers" if one != "customers" else "revenue")
        return {"blend": {one: 1.0, other: weight}}
    stage = {"minimise": LEASTS[first % 3], "give": 0.05} if first % 3 == 0 else {"maximise": one, "give": 0.05}
    return {"lexicographic": [stage, {"maximise" if second % 2 else "minimise": ratio}]}


def questions(worlds: int) -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(
        st.integers(0, worlds - 1),
        st.sampled_from(["maximise", "maximise", "minimise", "blend", "lexicographic"]),
        st.integers(0, 11),
        st.integers(0, 11),
        st.floats(-2.0, 2.0),
        st.lists(
            st.tuples(st.integers(0, len(CONDITIONS) - 1), st.floats(-0.2, 1.2), st.booleans(), st.booleans()),
            max_size=3,
        ),
    )


def ask(factory: ModuleType, question: tuple[Any, ...], options: Settings) -> bool | None:
    """Whether there was an answer; None where the world has no open menu to state conditions by."""
    seed, kind, first, second, weight, conditions = question
    world = world_of(factory, seed)
    if not world.open:
        return None
    made = [condition(world, *c) for c in conditions]
    problem, case = put(world, {"objective": objective(kind, first, second, weight), "conditions": made})
    return check(world, problem, case, options)


def ask_many(factory: ModuleType, count: int, worlds: int, options: Settings) -> list[bool | None]:
    """Put ``count`` questions to the first ``worlds`` worlds."""
    answers = []

    @settings(max_examples=few(count))
    @given(question=questions(worlds))
    def run(question: tuple[Any, ...]) -> None:
        answers.append(ask(factory, question, options))

    run()
    return answers


def test_the_answer_is_the_best_of_all_menus(factory: ModuleType) -> None:
    """Random cases, many of them with an answer and some without; more of them at length."""
    answers = ask_many(factory, 60, 8, Settings(gap=GAP))
    assert len(answers) >= few(50)
    assert answers.count(True) >= few(25)
    assert answers.count(False) >= few(2)


@pytest.mark.parametrize("gap", [GAP, 0.03])
def test_by_search_alone(factory: ModuleType, monkeypatch: pytest.MonkeyPatch, gap: float) -> None:
    """No box is small enough to be enumerated: the bounds must prove it, and hold where the gap is coarse."""
    tuned = search.Tuning(whole_choices=0, box_menus=1, left_menus=1)
    searched = Mock(wraps=partial(search.maximise, tuning=tuned))
    monkeypatch.setattr(search, "maximise", searched)
    answers = ask_many(factory, 40, 8, Settings(gap=gap, cross_check=False))
    assert answers.count(True) >= few(15) and searched.call_count >= len(answers)


def test_without_screening_too(factory: ModuleType) -> None:
    """The whole program to HiGHS; its gap is relative, so a coarser one is asked for."""
    answers = ask_many(factory, 15, 4, Settings(gap=1e-4, screen=False))
    assert answers.count(True) >= few(5)


@pytest.mark.full
def test_the_answer_is_the_best_of_all_menus_at_length(factory: ModuleType) -> None:
    answers = ask_many(factory, 2000, 150, Settings(gap=GAP))
    assert answers.count(True) >= few(1000)


def solved(found: CaseModel) -> float | None:
    """The value of a problem, or None where it is proven infeasible."""
    try:
        return solve_case_model(found, Settings(gap=GAP)).objective.value
    except InfeasibleError:
        return None


@pytest.mark.parametrize("seed", range(6))
def test_from_files(factory: ModuleType, tmp_path: Path, seed: int) -> None:
    """The same through files: read, check, calibrate, compile and solve; the best of all menus again."""
    world = world_of(factory, seed)
    more: Data = {"objective": ["contribution_margin", "gross_margin_rate"][seed % 2]}
    if world.open:
        more["conditions"] = [condition(world, 7, 0.3, True, True)]
    file = factory.write(tmp_path, world_market(factory, seed), {**world.case, **more})
    read = prepare_case(file)
    _, case = put(world, more)
    best = best_of(world, case)
    value = solved(read)
    assert [value] == (pytest.approx(best, rel=1e-6) if best else [None])
