"""The benchmark's instances as plain arrays, every one from a seed: menus with levels, and continuous prices.

Menu families: "alike" is the random family of the formulation tests (taste noise 0.7), "random" has very different
tastes (noise 2) and longer ladders, "broad" many plans of two or three levels. Price families: the finite-mixture
instances of van de Geer and den Boer (2022), shared or segment-specific sensitivities, and the parking choice of
Marandi and Lurkin (2020) after Ibeas et al. (2014).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from optimizer.typing import Array

NOISE = {"alike": 0.7, "random": 2.0}
DEAREST = {"alike": 3.6, "random": 10.0}
"""Highest price over quality; the lowest is 0.4."""
GRID = 300
"""Prices per plan where a continuous problem is put on a grid."""


@dataclass(frozen=True)
class Menu:
    """One level per plan; value = sum of customers x attraction x amount / (1 + sum of attractions)."""

    name: str
    customers: Array
    """(I,)."""
    counts: Array
    """(J,) levels per plan; the arrays below hold the plans' levels side by side."""
    attraction: Array
    """(I, sum of levels)."""
    figures: Mapping[str, Array]
    """Per customer, (I, sum of levels)."""
    aim: str = "margin"
    limits: tuple[tuple[Mapping[str, float], float], ...] = ()
    """(weight of each figure, constant): the sum has to be >= 0."""
    prices: Array = None
    """(sum of levels,)."""
    seed: int = 0
    extra: Mapping[str, Any] = field(default_factory=dict)

    @property
    def edges(self) -> Array:
        return np.concatenate([[0], np.cumsum(self.counts)])

    def split(self, table: Array) -> list[Array]:
        """One (I, L_j) array per plan."""
        return np.split(table, self.edges[1:-1], axis=-1)

    def limit_amounts(self) -> Array:
        """(K, I, sum of levels) per-customer amounts of the limits."""
        made = [sum(w * self.figures[f] for f, w in weights.items()) for weights, _ in self.limits]
        return np.array(made).reshape(len(made), *self.attraction.shape)

    def measure(self, menu: Array) -> tuple[float, float]:
        """The aim at a menu, and the largest miss of a limit relative to its terms (0: all met)."""
        at = self.edges[:-1] + np.asarray(menu)
        w = self.attraction[:, at]
        held = self.customers[:, None] * w / (1.0 + w.sum(axis=1, keepdims=True))
        value = {name: float((held * table[:, at]).sum()) for name, table in self.figures.items()}
        miss = 0.0
        for weights, constant in self.limits:
            terms = [w * value[f] for f, w in weights.items()] + [constant]
            miss = max(miss, -sum(terms) / max(sum(map(abs, terms)), 1e-12))
        return value[self.aim], miss


@dataclass(frozen=True)
class Prices:
    """Continuous prices: V = constants - slopes x price against an outside option of 0."""

    name: str
    customers: Array
    """(I,)."""
    constants: Array
    """(I, J)."""
    slopes: Array
    """(I, J)."""
    lower: Array
    upper: Array
    """(J,)."""
    shared: bool = False
    """All types have the same slopes."""

    def value(self, prices: Array) -> float:
        """Revenue."""
        v = self.constants - self.slopes * np.asarray(prices)
        top = np.maximum(v.max(axis=1, keepdims=True), 0.0)
        e = np.exp(v - top)
        share = e / (np.exp(-top) + e.sum(axis=1, keepdims=True))
        return float(self.customers @ share @ np.asarray(prices))

    def on_grid(self, points: int = GRID) -> Menu:
        """The menu problem with this many prices per plan."""
        grid = np.linspace(self.lower, self.upper, points).T
        plans = len(self.lower)
        with np.errstate(over="ignore"):
            w = np.exp(self.constants[:, :, None] - self.slopes[:, :, None] * grid[None])
        table = np.broadcast_to(grid[None], w.shape)
        shape = (len(self.customers), plans * points)
        figures = {"margin": table.reshape(shape).copy()}
        return Menu(f"{self.name} grid", self.customers, np.full(plans, points), w.reshape(shape), figures)


def menu(types: int, plans: int, levels: int, family: str, seed: int, conditions: bool = True) -> Menu:
    """A random menu problem; with compute and margin conditions that bind."""
    g = np.random.default_rng([seed, types, plans, levels])
    quality = np.sort(g.uniform(1.0, 4.0, plans))
    constant = quality * g.uniform(0.7, 1.3, (types, plans)) + g.normal(0.0, NOISE[family], (types, plans))
    slope = g.lognormal(-1.0, 0.6, types)
    price = np.linspace(0.4 * quality, DEAREST[family] * quality, levels).T
    usage = np.repeat(quality * g.uniform(0.3, 1.0, (types, plans)), levels, axis=1)
    w = np.exp(constant[:, :, None] - slope[:, None, None] * price[None]).reshape(types, -1)
    revenue = np.broadcast_to(price.reshape(1, -1), w.shape).copy()
    figures = {"margin": revenue - 0.15 * usage, "revenue": revenue, "usage": usage}
    customers = 1000.0 * g.dirichlet(np.full(types, 3.0))
    name = f"{family} {types}x{plans}x{levels}" + ("" if conditions else " free")
    made = Menu(name, customers, np.full(plans, levels), w, figures, prices=price.reshape(-1), seed=seed)
    return _conditioned(made) if conditions else made


def broad(types: int, plans: int, levels: int, seed: int, conditions: bool = True) -> Menu:
    """Many plans of few levels: off, or at one of ``levels`` - 1 prices; tastes as in "random", sizes of some tens."""
    g = np.random.default_rng([seed, types, plans, levels, 7])
    quality = g.uniform(1.0, 4.0, plans)
    constant = quality * g.uniform(0.7, 1.3, (types, plans)) + g.normal(-1.0, 1.5, (types, plans))
    slope = g.lognormal(-1.0, 0.6, types)
    price = np.sort(quality[:, None] * g.uniform(0.8, 3.6, (plans, levels - 1)), axis=1)
    usage = quality * g.uniform(0.3, 1.0, (types, plans))
    w = np.zeros((types, plans, levels))
    w[:, :, 1:] = np.exp(constant[:, :, None] - slope[:, None, None] * price[None])
    revenue, used = np.zeros((2, types, plans, levels))
    revenue[:, :, 1:], used[:, :, 1:] = price, usage[:, :, None]
    tables = {"margin": revenue - 0.15 * used, "revenue": revenue, "usage": used}
    figures = {name: table.reshape(types, -1) for name, table in tables.items()}
    customers = 1000.0 * g.dirichlet(np.full(types, 3.0))
    name = f"broad {types}x{plans}x{levels}" + ("" if conditions else " free")
    prices = np.pad(price, [(0, 0), (1, 0)]).reshape(-1)
    made = Menu(
        name, customers, np.full(plans, levels), w.reshape(types, -1), figures, prices=prices, seed=seed
    )  # fmt: skip
    return _conditioned(made) if conditions else made


def path(types: int, plans: int, levels: int, quarters: int, seed: int, habit: float = 1.0) -> dict[str, Any]:
    """The arguments of a random ``HorizonProblem``: menus by the quarter, moved by one level at most.

    Tastes and prices as of the menus that are alike. Customers start where the middle menu leaves them; alternatives
    attract half as much again from month 7 on. ``habit``: by how much more the plan attracts that a customer has.
    """
    g = np.random.default_rng([seed, types, plans, levels, quarters])
    quality = np.sort(g.uniform(1.0, 4.0, plans))
    constant = quality * g.uniform(0.7, 1.3, (types, plans)) + g.normal(0.0, NOISE["alike"], (types, plans))
    slope = g.lognormal(-1.0, 0.6, types)
    price = np.linspace(0.4 * quality, DEAREST["alike"] * quality, levels).T
    attraction = np.exp(constant[:, :, None] - slope[:, None, None] * price[None])
    cost = 0.15 * quality * g.uniform(0.3, 1.0, (types, plans))
    rate = np.repeat(g.uniform(0.05, 0.3, (types, plans + 1))[:, :, None], levels, axis=2)
    middle = np.concatenate([np.ones((types, 1)), attraction[:, :, levels // 2]], axis=1)
    people = 1000.0 * g.dirichlet(np.full(types, 3.0))
    months = np.arange(3 * quarters)
    return {
        "start": (people[:, None] * middle / middle.sum(axis=1, keepdims=True)).T,
        "attraction": list(attraction.transpose(1, 0, 2)),
        "decision_rate": list(rate[:, 1:].transpose(1, 0, 2)),
        "reward": list((price[None] - cost[:, :, None]).transpose(1, 0, 2)),
        "weight": 0.99**months,
        "outside_attraction": np.repeat(np.where(months < 6, 1.0, 1.5)[:, None], types, axis=1),
        "outside_decision_rate": rate[:, 0, 0],
        "stage": months // 3,
        "steps": 1,
        "origin": np.arange(plans + 1),
        "habit": 1.0 + (habit - 1.0) * np.eye(plans + 1),
    }


def _conditioned(free: Menu) -> Menu:
    """The same with a compute and a margin condition that bind and can be met.

    The compute cap is 82 % of what the best menu without conditions uses (more where that cannot be). The gross
    margin asked for lies 70 % of the way to that of a menu which uses under 75 % (found by putting a price on usage).
    """
    loose = _totals(free, _ascent(free, 0.0))
    price, tight = 0.02, loose
    while tight["usage"] > 0.75 * loose["usage"] and price < 10.0:
        price *= 1.3
        tight = _totals(free, _ascent(free, price))
    share = {name: 1.0 - t["margin"] / t["revenue"] for name, t in (("loose", loose), ("tight", tight))}
    rate = 1.0 - (0.7 * share["tight"] + 0.3 * max(share["loose"], 1.05 * share["tight"]))
    cap = max(0.82 * loose["usage"], 0.1 * loose["usage"] + 0.9 * tight["usage"])
    limits = (({"margin": 1.0, "revenue": -rate}, 0.0), ({"usage": -1.0}, cap))
    return replace(free, limits=limits, extra={"rate": rate, "cap": cap})


def _totals(free: Menu, menu: Array) -> dict[str, float]:
    """Every figure at a menu."""
    at = free.edges[:-1] + menu
    w = free.attraction[:, at]
    held = free.customers[:, None] * w / (1.0 + w.sum(axis=1, keepdims=True))
    return {name: float((held * table[:, at]).sum()) for name, table in free.figures.items()}


def _ascent(free: Menu, usage_price: float) -> Array:
    """Coordinate ascent from the middle levels; for the reference of the conditions only."""
    menu, edges = free.counts // 2, free.edges
    earned = free.attraction * (free.figures[free.aim] - usage_price * free.figures["usage"])
    for _ in range(20):
        before = menu.copy()
        for j in range(len(menu)):
            at = np.delete(edges[:-1] + menu, j)
            own = slice(edges[j], edges[j + 1])
            below = 1.0 + free.attraction[:, at].sum(axis=1, keepdims=True) + free.attraction[:, own]
            above = earned[:, at].sum(axis=1, keepdims=True) + earned[:, own]
            menu[j] = int((free.customers @ (above / below)).argmax())
        if (before == menu).all():
            break
    return menu


def with_absence(base: Menu) -> Menu:
    """The same with a level at which a plan is not offered (for programs that leave that choice)."""

    def widened(table: Array) -> Array:
        return np.concatenate([np.pad(part, [(0, 0)] * (table.ndim - 1) + [(0, 1)]) for part in base.split(table)], -1)

    figures = {name: widened(table) for name, table in base.figures.items()}
    return Menu(
        f"{base.name} or absent", base.customers, base.counts + 1, widened(base.attraction), figures, base.aim,
        base.limits, widened(base.prices), base.seed, base.extra,
    )  # fmt: skip


def revenue_only(types: int, plans: int, levels: int, seed: int) -> Menu:
    """What choice-learn can express: revenue, no conditions, plans that may be absent."""
    free = menu(types, plans, levels, "alike", seed, conditions=False)
    kept = Menu(
        f"revenue {types}x{plans}x{levels}", free.customers, free.counts, free.attraction,
        {"margin": free.figures["revenue"]}, "margin", (), free.prices, seed,
    )  # fmt: skip
    return with_absence(kept)


def mixture_seeds() -> dict[int, tuple[int, int]]:
    """Seed -> (segments, products) of the published family's first repetition, as published."""
    shapes = [(m, n) for m in (1, 2, 3, 4) for n in (10, 20, 30, 40, 50)]
    return dict(enumerate(shapes, start=2))


def mixture(seed: int, spread: float = 0.0) -> Prices:
    """Family 1; ``spread`` = delta of the segment-specific variant (two segments: b (1 - delta), b (1 + delta))."""
    m, n = mixture_seeds()[seed]
    g = np.random.RandomState(seed)
    weight = g.uniform(0, 1, size=m)
    constant = np.array([g.uniform(-7, 7, size=n) for _ in range(m)])
    slope = g.uniform(0.001, 0.01, size=n)
    slopes = slope * (1.0 + spread * np.linspace(-1.0, 1.0, m)[:, None]) if m > 1 else slope[None]
    slopes = np.broadcast_to(slopes, constant.shape).copy()
    alone = np.array([_root(a, b) for a, b in zip(constant, slopes, strict=True)])
    lower = (1.0 / slopes).min(axis=0)
    upper = (1.0 / slopes + alone[:, None]).max(axis=0)
    name = f"seed {seed} ({m} x {n})" + (f", delta {spread:g}" if spread else "")
    return Prices(name, weight / weight.sum(), constant, slopes, lower, upper, shared=spread == 0.0)


def _root(constant: Array, slope: Array) -> float:
    """The root of R = sum of exp(a - 1 - b R) / b: the best revenue of one segment alone."""
    low, high = 0.0, 1.0
    while (np.exp(constant - 1.0 - slope * high) / slope).sum() > high:
        high *= 2.0
    for _ in range(200):
        middle = 0.5 * (low + high)
        above = (np.exp(constant - 1.0 - slope * middle) / slope).sum() > middle
        low, high = (middle, high) if above else (low, middle)
    return high


def parking(people: int, draws: int, seed: int = 1) -> Prices:
    """Family 2: two prices in [0, 1]; the people's traits are drawn here (half of each), not taken from the survey."""
    g = np.random.default_rng([seed, people, draws])
    origin, age, low_income, resident = g.integers(0, 2, (4, people)).astype(float)
    covariance = [[1.06**2, -12.8], [-12.8, 14.2**2]]
    access, fee = g.multivariate_normal([-0.788, -32.3], covariance, (people, draws)).transpose(2, 0, 1)
    street = 32.0 + 5.762 * origin[:, None] + 0.0 * access
    below = 34.0 + (5.762 * origin + 4.037 * age)[:, None] - 5.0 * access
    street_fee = fee + (-10.995 * low_income - 11.440 * resident)[:, None]
    below_fee = fee + (-13.729 * low_income - 10.668 * resident)[:, None]
    constants = np.stack([street.ravel(), below.ravel()], axis=1)
    slopes = -np.stack([street_fee.ravel(), below_fee.ravel()], axis=1)
    customers = np.full(people * draws, 1.0 / draws)
    return Prices(f"{people} people, {draws} draws", customers, constants, slopes, np.zeros(2), np.ones(2))
