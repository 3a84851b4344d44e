"""Random problems with ratios whose denominators have any sign, and what complete enumeration says of them."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer import Condition, MenuProblem, Ratio

TOLERANCE = 1e-6
"""Conditions and floors are decided at this relative tolerance."""
Choice = tuple[tuple[int, ...], int]


@dataclass(frozen=True)
class Drawn:
    """A problem and what is asked of it."""

    problem: MenuProblem
    ratio: Ratio
    conditions: tuple[Condition, ...]
    rule: np.ndarray | None
    """Which levels of the first two plans go together."""


def draw(seed: int) -> Drawn:
    """A pure function of the seed: 1 to 3 plans, figures n, d and v of any sign, some conditions, some rules."""
    g = np.random.default_rng([seed, 11])
    types, plans, mixes = int(g.integers(1, 4)), int(g.integers(1, 4)), int(g.integers(1, 3))
    levels = [int(n) for n in g.integers(2, 6, plans)]
    attraction = [np.exp(g.normal(0, 1.5, (types, n))) for n in levels]
    for w in attraction:
        w[:, g.random(w.shape[1]) < 0.25] = 0.0  # levels that sell nothing
    low = float(g.choice([-3.0, -1.0, 0.0]))

    def amounts(least: float, most: float) -> list[np.ndarray]:
        return [g.uniform(least, most, (types, n)) for n in levels]

    figures = {"n": amounts(-2, 3), "d": amounts(low, 1.0), "v": amounts(-1, 2)}
    rule = g.random((levels[0], levels[1])) < 0.7 if plans > 1 and g.random() < 0.4 else None
    more: dict[str, Any] = {
        "fixed": {"d": [g.uniform(-2, 2, n) for n in levels]} if g.random() < 0.3 else None,
        "mix": {"n": g.uniform(-1, 1, mixes)} if g.random() < 0.3 else None,
        "constants": {"d": float(g.uniform(-3, 3))} if g.random() < 0.2 else None,
        "rules": [] if rule is None else [(0, 1, rule)],
    }
    floors = (None, None, 1e-9, 0.3, 2.0)
    ratio = Ratio("n", "d", floors[int(g.integers(5))])
    conditions = []
    if g.random() < 0.5:
        bound = float(g.uniform(-1.5, 1.5))
        conditions.append(Condition(ratio, **{str(g.choice(["at_least", "at_most"])): bound}))
    if g.random() < 0.3:
        conditions.append(Condition("v", at_least=float(g.uniform(-3, 5))))
    reach = g.uniform(1, 10, (mixes, types))
    problem = MenuProblem(reach, attraction, figures, conditions=conditions, **more)
    return Drawn(problem, ratio, tuple(conditions), rule)


def value(drawn: Drawn, what: str | Ratio, found: dict[str, float]) -> float:
    """A figure, or a ratio where it counts, else nan; from the figures of a menu."""
    if isinstance(what, str):
        return found[what]
    floor = drawn.problem.floor(what) * (1.0 - TOLERANCE)
    below = found[what.denominator]
    assert floor > 0.0 and abs(below - floor) > 1e-9 * floor, "a menu at the very floor: draw another"
    return found[what.numerator] / below if below >= floor else float("nan")


def meets(drawn: Drawn, found: dict[str, float]) -> bool:
    """Whether a menu's figures meet all conditions."""
    for c in drawn.conditions:
        there = value(drawn, c.figure, found)
        for sense, bound in ((1.0, c.at_least), (-1.0, c.at_most)):
            if bound is not None and not sense * (there - bound) >= -TOLERANCE * abs(bound):
                return False
    return True


def menus(drawn: Drawn) -> dict[Choice, dict[str, float]]:
    """The figures of every menu that keeps rules and conditions."""
    found = {}
    instance = drawn.problem.instance
    for mix in range(instance.mixes):
        for menu in itertools.product(*(range(n) for n in instance.levels)):
            if drawn.rule is not None and not drawn.rule[menu[0], menu[1]]:
                continue
            there = drawn.problem.evaluate(menu, mix)
            if meets(drawn, there):
                found[menu, mix] = there
    return found


def best(drawn: Drawn, what: str | Ratio, sense: int) -> float | None:
    """The best value over all menus; None where none counts."""
    values = np.array([value(drawn, what, there) for there in menus(drawn).values()])
    values = values[~np.isnan(values)] if len(values) else values
    return float(sense * np.max(sense * values)) if len(values) else None


def efficient(drawn: Drawn, x: str | Ratio, y: str | Ratio, less_x: bool, less_y: bool) -> list[tuple[float, float]]:
    """Pairs that no other pair dominates, both with more is better."""
    sx, sy = 1 - 2 * less_x, 1 - 2 * less_y
    pairs = {(sx * value(drawn, x, f), sy * value(drawn, y, f)) for f in menus(drawn).values()}
    pairs = {p for p in pairs if not np.isnan(p).any()}
    return sorted(p for p in pairs if not any(q != p and q[0] >= p[0] and q[1] >= p[1] for q in pairs))
