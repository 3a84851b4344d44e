"""Price ranges under rules: no allowed price beats the bound, and the answer is an allowed one that meets all."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.answer.run import solve_case_model
from optimizer.errors import InfeasibleError, InputError
from optimizer.model.case_model import CaseModel
from optimizer.optimise.objectives import objective_of
from optimizer.optimise.outcome import Settings

SAMPLE, ALL = 8, 400
GAP = 0.02
Data = dict[str, Any]


def is_charm(price: float) -> bool:
    cents = round(100 * price)
    return math.isclose(cents, 100 * price, rel_tol=1e-9) and (
        cents % 100 == 99 or (cents % 100 == 0 and cents // 100 % 10 in (0, 5, 9))
    )


def multiples(low: float, high: float, step: float) -> list[float]:
    """Multiples of a step from low to high."""
    return [k * step for k in range(int(low / step) - 1, int(high / step) + 2) if low - 1e-9 <= k * step <= high + 1e-9]


@dataclass(frozen=True)
class Question:
    """A case, and the prices of each plan that its rules allow."""

    case: Data
    prices: dict[str, list[float]]
    points: bool
    """Whether these are all the prices there are; else a fine grid of them."""


def draw(factory: ModuleType, market: Data, seed: int) -> Question:
    """One or two ranges with steps, charm prices and price changes by turns."""
    g = np.random.default_rng([seed, 12])
    today = {name: market["plans"][name]["price"]["value"] for name in ("plus", "team")}
    chosen = ["plus", "team"] if g.random() < 0.4 else [["plus"], ["team"]][int(g.integers(2))]
    charm = bool(g.random() < 0.35)
    plans: Data = {"free": {"allowances": {"big": {"day": [2, 4]}}}}
    changes, prices, points = [], {}, charm
    for name in chosen:
        least = float(g.uniform(0.3, 0.95)) * today[name]
        most = least + float(g.choice([0.4, 3.0, 10.0, 25.0]))
        step = float(g.choice([0.25, 0.5, 1.0, 5.0])) if g.random() < 0.4 else None
        plans[name] = {"price": {"least": least, "most": most, **({} if step is None else {"step": step})}}
        low, high = least, most
        if g.random() < 0.5:
            by = float(g.choice([0.0, 0.02, 0.1, 0.5]))
            changes.append({"plan": name, "at_most": by})
            low, high = max(low, today[name] * (1 - by)), min(high, today[name] * (1 + by))
        if step is not None:
            found = multiples(low, high, step)
        elif charm:
            found = multiples(low, high, 0.01)
        else:
            found = [float(p) for p in np.linspace(low, high, 25)] if low <= high else []
        prices[name] = [p for p in found if not charm or is_charm(p)]
        points = points or step is not None
    conditions = []
    if g.random() < 0.5:
        conditions.append({"figure": "market_share", "at_least": float(g.uniform(0.9, 1.1)), "relative_to": "today"})
    case = {
        **factory.case(plans=plans, rules={"charm_prices": charm, "price_change": changes}),
        "conditions": conditions,
        "objective": str(g.choice(["contribution_margin", "revenue"])),
        "options": {"continuous_gap": GAP},
        "mix": {"enterprise_share": [0.4]},
    }
    return Question(case, prices, points)


def values(m: CaseModel, question: Question) -> list[float]:
    """The objective at every allowed menu that meets the conditions."""
    aim = objective_of(m.inputs.case.objective, m.today).last
    free = m.choices.levels[m.choices.plans.index("free")]
    wanted = [c["at_least"] * m.today.figure("market_share") for c in question.case["conditions"]]
    found = []
    for terms in free:
        for prices in itertools.product(*question.prices.values()):
            menu = dict(m.today_menu.terms, free=terms)
            for name, price in zip(question.prices, prices, strict=True):
                before = menu[name]
                assert before is not None
                menu[name] = type(before)(**{**before.__dict__, "price": price})
            there = m.evaluate(type(m.today_menu)(menu, m.today_menu.enterprise_share))
            if all(there.figure("market_share") >= w * (1 - 1e-6) for w in wanted):
                found.append(aim.value(there))
    return found


def check(factory: ModuleType, seed: int) -> str:
    market = factory.random_market(seed)
    market["pools"]["main"]["capacity"]["burst_limit"]["value"] = 1e6
    question = draw(factory, market, seed)
    if not all(question.prices.values()):
        with pytest.raises(InputError, match="leave no price"):
            factory.problem(market, question.case)
        return "refused"
    m = factory.problem(market, question.case)
    allowed = values(m, question)
    settings = Settings(gap=1e-4, cross_check=False)
    if not allowed:
        if not question.points:
            return "unknown"
        with pytest.raises(InfeasibleError) as caught:
            solve_case_model(m, settings)
        assert caught.value.diagnosis.corrections, seed
        return "infeasible"
    solution = solve_case_model(m, settings)
    value, bound, best = solution.objective.value, solution.objective.bound, max(allowed)
    assert solution.verdict == "proved", (seed, solution.verdict_text)
    assert best <= bound + 1e-9 * abs(bound), (seed, best, bound)
    assert value >= best - GAP * abs(best) * (1 + 1e-9), (seed, value, best)
    assert all(c.met for c in solution.audit.conditions), seed
    for name, prices in question.prices.items():
        price = solution.terms[name].price
        near = min(abs(price - p) for p in prices)
        inside = prices[0] * (1 - 1e-9) <= price <= prices[-1] * (1 + 1e-9)
        assert (near <= 1e-9 * price) if question.points and len(prices) < 25 else inside, (seed, name, price)
    proof = solution.certificate["stages"][0]["proof"]
    aim = objective_of(m.inputs.case.objective, m.today).last
    assert abs(aim.recheck(m, proof) - bound) <= 1e-9 * abs(bound), seed
    return "points" if question.points else "continuum"


def run(factory: ModuleType, seeds: range) -> None:
    told = [check(factory, seed) for seed in seeds]
    assert {"points", "continuum", "refused"} <= set(told), told


def test_no_allowed_price_beats_the_bound(factory: ModuleType) -> None:
    run(factory, range(SAMPLE))


@pytest.mark.full
@pytest.mark.parametrize("start", range(0, ALL, 100))
def test_no_allowed_price_beats_the_bound_at_length(factory: ModuleType, start: int) -> None:
    run(factory, range(start, start + 100))
