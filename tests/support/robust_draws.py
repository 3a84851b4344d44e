"""Random small problems over draws, each a pure function of its seed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

from optimizer import Burst, Condition, InfeasibleError, MenuProblem, Nest, Ratio, RobustProblem
from optimizer.model.composites import PlanDemand
from optimizer.model.instance import Limit
from optimizer.model.members import Members
from optimizer.problems.asked import sides_of
from optimizer.uncertainty.nested_draw import NestedDraw, StatedDraw

RISKS = ("mean", "cvar", "worst", "regret")


@dataclass(frozen=True)
class Drawn:
    """A problem and what is asked of it."""

    problem: RobustProblem
    asked: dict[str, Any]
    """Risk, tail, chance, on_mean."""
    gap: float


def draw(seed: int, nests: bool = False) -> Drawn:
    """One to ten draws with mixes, fixed amounts, outside, rules, conditions, burst, unequal weights by turns."""
    g = np.random.default_rng([seed, 7])
    draws, types, mixes = int(g.integers(1, 11)), int(g.integers(1, 6)), int(g.integers(1, 3))
    plans = int(g.integers(2, 4)) if nests else int(g.integers(1, 5))
    levels = [int(n) for n in g.integers(1, 4 if nests else 6, plans)]
    shared = {
        "base": [g.normal(0, 1.5, (types, n)) for n in levels],
        "off": [g.random((types, n)) < 0.1 for n in levels],
        "price": [np.sort(g.uniform(0, 30, n)) for n in levels],
        "spread": float(g.choice([0.2, 1.0, 2.0])),
        "level": float(g.uniform(2, 60)),
        "cap": float(g.uniform(3, 60)),
        "rules": [(0, 1, g.random((levels[0], levels[1])) < 0.7)] if plans > 1 and g.random() < 0.4 else [],
        "burst": g.random() < 0.3,
        "condition": g.random() < 0.4,
        "gains": g.random() < 0.3,
        "nests": [Nest((0, 1), 0.5)] if nests else [],
        "mixes": mixes,
    }
    problems = [_one(g, shared) for _ in range(draws)]
    weights = None if g.random() < 0.5 else g.uniform(0.1, 1.0, draws)
    chance, on_mean = [], []
    if g.random() < 0.4:
        target = float(g.uniform(-0.6, 0.4))
        asked = Condition(Ratio("margin", "revenue", 0.5), at_least=target)
        chance.append((asked, float(g.choice([0.5, 0.7, 0.9]))))
    if g.random() < 0.2:
        chance.append((Condition("margin", at_most=float(g.uniform(10, 200))), float(g.choice([0.3, 0.6]))))
    if g.random() < 0.4:
        on_mean.append(Condition("use", at_most=2.0 * shared["cap"]))
    risk, tail = RISKS[seed % 4], float(g.choice([0.1, 0.3, 0.5]))
    asked = {"risk": risk, "tail": tail, "chance": chance, "on_mean": on_mean}
    return Drawn(RobustProblem(problems, weights), asked, (0.0, 1e-4, 1e-2)[seed // 4 % 3])


def _one(g: np.random.Generator, shared: dict[str, Any]) -> MenuProblem:
    """One draw: attractions, costs, uses and customers of its own."""
    base, spread = shared["base"], shared["spread"]
    attraction = [
        np.where(off, 0.0, np.exp(b + spread * g.normal(size=b.shape)))
        for b, off in zip(base, shared["off"], strict=True)
    ]
    cost = [g.uniform(0, 15) + g.uniform(0, 5, b.shape) for b in base]
    revenue = [np.broadcast_to(p, b.shape) for p, b in zip(shared["price"], base, strict=True)]
    conditions = [Condition("revenue", at_least=0.1 * shared["level"])] if shared["condition"] else []
    if shared["condition"] and shared["gains"]:
        conditions.append(Condition("margin", at_most=20.0 * shared["level"]))  # with burst: it gains from burst
    charged = Burst("use", shared["level"], float(g.uniform(0, 5)), "margin", 3.0 * shared["cap"])
    return MenuProblem(
        g.uniform(1, 20, (shared["mixes"], len(base[0]))),
        attraction,
        {
            "margin": [r - c for r, c in zip(revenue, cost, strict=True)],
            "revenue": revenue,
            "use": [g.uniform(0, 5, b.shape) for b in base],
        },
        denominators=[w * g.uniform(0.4, 1.0) for w in attraction],
        outside={"margin": g.uniform(-0.5, 0.5, len(base[0]))},
        fixed={"margin": [g.uniform(-20, 5, b.shape[1]) for b in base]},
        mix={"margin": g.uniform(-10, 0, shared["mixes"])},
        rules=shared["rules"],
        conditions=conditions,
        burst=[charged] if shared["burst"] else [],
        nests=shared["nests"],
    )


def worlds(values: list[list[float]], conditions: Sequence[Condition] = ()) -> list[MenuProblem]:
    """Draws of one plan whose levels bring the given money; one of two people takes it, who brings twice as much."""
    ones = np.ones((1, len(values[0])))
    return [
        MenuProblem([1.0], [ones], {"money": [2.0 * np.array([row])], "count": [2.0 * ones]}, conditions=conditions)
        for row in values
    ]


def big(draws: int = 6) -> RobustProblem:
    """Too large to enumerate: 40 types, 6 plans of 30 levels."""
    g = np.random.default_rng(11)
    price = [np.sort(g.uniform(1, 20, 30)) for _ in range(6)]
    base = [g.normal(0, 1, (40, 1)) for _ in range(6)]
    problems = []
    for _ in range(draws):
        beta = g.lognormal(-2, 0.6, (40, 1))
        attraction = [np.exp(b + g.normal(0, 1.0, (40, 1)) - beta * p) for b, p in zip(base, price, strict=True)]
        money = [np.broadcast_to(p - g.uniform(0, 5), (40, 30)) for p in price]
        problems.append(MenuProblem(g.uniform(1, 2, 40), attraction, {"money": money}))
    return RobustProblem(problems)


class _ByPlan(StatedDraw):
    """A problem by plans, as if each stood alone, with ratios counted as they count beside others."""

    problem: MenuProblem

    def limits_of(self, condition: Any, where: str) -> tuple[Limit, ...]:
        sides = sides_of(condition, where, self.problem.instance, self.problem.figures)
        return tuple(limit for side in sides for limit in side.on(self.figures).limits())


class MembersOnly(NestedDraw):
    """A ``MenuProblem`` by the members of its nests."""

    problem: MenuProblem

    def evaluate(self, menu: Sequence[int], mix: int = 0) -> dict[str, float]:
        return self.problem.evaluate(menu, mix)


def by_members(problem: MenuProblem) -> MembersOnly:
    """The same problem, of which only members of nests are held."""
    nested = problem._nested
    plain, lambdas = nested.plain, {j: nest.dissimilarity for nest in nested.nests for j in nest.plans}

    def over(above: Sequence[Any], below: Sequence[Any]) -> tuple[Any, ...]:
        return tuple(np.divide(a, b, out=np.zeros_like(a), where=b > 0) for a, b in zip(above, below, strict=True))

    bare = plain.instance
    demand = PlanDemand(
        nested.attraction, over(bare.attraction, nested.attraction), over(bare.denominators, bare.attraction)
    )
    stated = _ByPlan(bare, plain.figures, problem._limits_on(plain), {})
    made = MembersOnly(Members(bare, demand, nested.composites, lambdas), stated)
    for one in (stated, made):
        object.__setattr__(one, "problem", problem)
    return made


def equals_enumeration(
    problem: RobustProblem, plain: RobustProblem, asked: dict[str, Any], gap: float, seed: int, recheck: bool
) -> int:
    """Whether a problem's answer and bound are those of enumerating it, stated plainly; 1 where a menu was there, 0
    where none meets the conditions."""
    try:
        truth = plain.enumerate("margin", **asked).value
    except InfeasibleError:
        with pytest.raises(InfeasibleError):
            problem.solve("margin", gap=gap, **asked)
        return 0
    found = problem.solve("margin", gap=gap, **asked)
    sense, size = (-1.0 if asked["risk"] == "regret" else 1.0), 1e-9 * max(1.0, abs(truth))
    assert found.verdict == "proved", seed
    assert np.isfinite(found.bound), seed
    assert sense * found.bound >= sense * truth - size, (seed, found.bound, truth)
    assert sense * found.value <= sense * truth + size, (seed, found.value, truth)
    assert abs(found.value - truth) <= gap * abs(found.value) + size, (seed, found.value, truth)
    for share, (_, least) in zip(found.probabilities, asked["chance"], strict=True):
        assert share >= least - 1e-9, seed
    if recheck:
        bound = problem.recheck(found, "margin", **asked)
        assert sense * bound >= sense * truth - size, (seed, bound, truth)
        assert sense * bound <= sense * found.bound + size, (seed, bound, found.bound)
    return 1
