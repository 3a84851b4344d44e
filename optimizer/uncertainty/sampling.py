"""Which numbers of a market are uncertain, and points drawn from their ranges.

Sources: PERT after Malcolm et al. (1959), on [low, high]; Latin hypercube after McKay, Beckman and Conover (1979).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.market.check import quantities
from optimizer.market.check_patterns import named
from optimizer.schema.base import Quantity
from optimizer.schema.market import Market
from optimizer.typing import Array

OWN_TERMS = (
    "price", "regional_price", "allowances", "unit_prices", "fallback_limit", "credits", "least_spend",
    "included_spend", "annual_discount", "seat_minimum", "impressions",
)  # fmt: skip
"""What we sell of a plan; what we decide is not drawn."""
DECIDED = ("go_to_market.budget", "go_to_market.enterprise_share")
SHARES = ("usage.ai_models", "usage.hours")
"""Of a segment; they add up to 1."""
ORDERED = (("base", "most"), ("decision_rate_least", "decision_rate_most"))
"""Names of two numbers in one place of which the first may not exceed the second."""
GRID = 4001
"""Points at which a distribution is tabulated."""


@dataclass(frozen=True)
class Sample:
    """Points of all uncertain numbers, in the schema's units."""

    paths: tuple[str, ...]
    values: Array
    """(S, paths)."""


def uncertain_numbers(market: Market) -> dict[str, Quantity]:
    """Numbers with a low below their high, but for what was observed, what we decide, and what only months know."""
    return {path: q for path, q in quantities(market).items() if _drawn(path, q)}


def _drawn(path: str, q: Quantity) -> bool:
    if q.low is None or q.high is None or not q.low < q.high or path.startswith(("today.observed", "dynamics.")):
        return False
    parts = path.split(".")
    return not (parts[0] == "plans" and parts[2] in OWN_TERMS) and path not in DECIDED


def sample(market: Market, count: int, seed: Sequence[int]) -> Sample:
    """A Latin hypercube of so many points; numbers of one group share one rank."""
    found = uncertain_numbers(market)
    paths = tuple(found)
    rng = np.random.default_rng(list(seed))
    columns = _columns(market, paths)
    uniform = np.zeros((max(columns, default=-1) + 1, count))
    for row in uniform:
        row[:] = rng.permutation(count)
    uniform = (uniform + rng.random(uniform.shape)) / count
    values = np.zeros((count, len(paths)))
    for k, (column, q) in enumerate(zip(columns, found.values(), strict=True)):
        values[:, k] = pert(uniform[column], float(q.low or 0.0), q.value, float(q.high or 0.0))
    return Sample(paths, fitted_together(market, paths, values))


def _columns(market: Market, paths: Sequence[str]) -> list[int]:
    """The random column that each number follows: one of its own, or that of the first group that names it."""
    first: dict[str, int] = {}
    found = []
    for path in paths:
        key = next((name for name, group in market.groups.items() if named(path, group.paths)), path)
        found.append(first.setdefault(key, len(first)))
    return found


def pert(uniform: Array, low: float, mode: float, high: float) -> Array:
    """Quantiles of a PERT distribution: a beta with the mode stated and four times the weight on it."""
    grid, below = _tabulated(low, mode, high)
    return np.asarray(np.interp(uniform, below, grid))


def pert_above(value: float, least: float, low: float, mode: float, high: float) -> float:
    """What a value drawn from a PERT distribution becomes in its part above ``least``, at the same rank."""
    grid, below = _tabulated(low, mode, high)
    rank, cut = np.interp([value, least], grid, below)
    return float(np.interp(cut + rank * (1.0 - cut), below, grid))


def _tabulated(low: float, mode: float, high: float) -> tuple[Array, Array]:
    """Values of a PERT distribution and the probability below each."""
    at = (min(max(mode, low), high) - low) / (high - low)
    grid = np.linspace(0.0, 1.0, GRID)
    middle = 0.5 * (grid[1:] + grid[:-1])
    mass = middle ** (4.0 * at) * (1.0 - middle) ** (4.0 * (1.0 - at))
    below = np.concatenate([[0.0], np.cumsum(mass)])
    return low + (high - low) * grid, below / below[-1]


def fitted_together(market: Market, paths: Sequence[str], values: Array) -> Array:
    """The points with shares that add up to 1 again, and pairs in order."""
    values, at, known = values.copy(), {path: k for k, path in enumerate(paths)}, quantities(market)
    for name in market.segments:
        for part in SHARES:
            members = [path for path in known if path.startswith(f"segments.{name}.{part}.")]
            free = [at[path] for path in members if path in at]
            if free:
                rest = 1.0 - sum(known[path].value for path in members if path not in at)
                values[:, free] *= (rest / values[:, free].sum(axis=1))[:, None]
    for path, k in at.items():
        place, _, last = path.rpartition(".")
        for low, high in ORDERED:
            if last == low and f"{place}.{high}" in known:
                other = at.get(f"{place}.{high}")
                most = known[f"{place}.{high}"].value if other is None else values[:, other]
                values[:, k] = np.minimum(values[:, k], most)
    return values


def drawn_groups(market: Market) -> Mapping[str, tuple[str, ...]]:
    """Uncertain numbers by group that move together."""
    paths, found = list(uncertain_numbers(market)), {}
    for name, group in market.groups.items():
        found[name] = tuple(path for path in paths if named(path, group.paths))
        paths = [path for path in paths if path not in found[name]]
    return found
