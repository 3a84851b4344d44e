"""The best path of menus together with the GPUs ordered for it: an upper bound by prices of GPUs by month.

For any prices p >= 0 of a GPU in a month's block of hours, with load(x) linear in customers:

    value(x) - cost of orders <= max over paths (value - p load) + max over orders (p supply - cost)

The first part is a horizon under other weights, bounded by ``search``; in the second every order and every block of
burst stands alone. The prices are those at which the least envelope of the paths known is lowest (Kelley 1960;
Lagrangian decomposition, Guignard and Kim, 1987). What is answered is a path that was simulated with whole lots.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimizer.errors import NotTrustedError
from optimizer.horizon.ascent import ascend, best_constant
from optimizer.horizon.fleet import Bought, Fleet, cheapest, compressed
from optimizer.horizon.instance import Horizon
from optimizer.horizon.limits import Limited, PathLimit, limited
from optimizer.horizon.paths import stepping
from optimizer.horizon.replay import replay
from optimizer.horizon.search import YARDSTICK, search_paths
from optimizer.horizon.simulate import NUMBERS, earned_streams, start_state, walk
from optimizer.optimise.outcome import reached, relative_gap
from optimizer.search.engine import Clock
from optimizer.solve.outcome import SolveOptions
from optimizer.solve.solving import solve
from optimizer.typing import Array, Ints, Verdict

ROUNDS = 25
"""Prices that are tried."""
SEARCHES = 3
"""Full searches at the last prices: one more where it finds a path that was not known."""
FREE_PRICE = 50.0
"""Largest price that is tried where burst is limited, over the price of burst."""
BOUGHT_FOR = 12
"""Paths for which orders are worked out: those with the most at the last prices."""
SWEEPS = 20


@dataclass(frozen=True)
class OrderedPath:
    """The best path found with its orders, and what is proven of them."""

    path: Ints
    """(K, J) columns."""
    lots: Array
    """(O,) of ``Fleet.orders``."""
    load: Array
    """(T, H) GPUs."""
    capacity: Array
    """(T,) GPUs."""
    value: float
    """Of the path by the simulation, less the cost of orders and burst."""
    cost: float
    bound: float
    """No path with any orders is worth more; finite."""
    gap: float
    verdict: Verdict
    prices: Array
    """(T, H) discounted usd of a GPU in a block: what one more would be worth."""
    against_rent: Array
    """(T, H) the same over the market's rent; nan where that is nothing."""
    seconds: float
    certificate: Mapping[str, Any] = field(repr=False, compare=False)
    """``replay_orders`` proves the bound from it."""


def order_path(horizon: Horizon, use: Array, fleet: Fleet, gap: float, clock: Clock) -> OrderedPath | None:
    """The best path and orders; None where no path was found whose load can be carried.

    ``use``: (H, Q, T) GPUs in a block per unit of a stream.
    """
    began, joint = time.perf_counter(), _Joint(horizon, use, fleet)
    prices = joint.settled(clock)
    bound, certificate = np.inf, {}
    for _ in range(SEARCHES):
        rows = joint.rest(prices)
        found = search_paths(rows.priced(np.ones(2)), 0.8 * gap, clock)
        assert found.incumbent is not None
        total = found.bound + rows.constant(np.ones(2)) + fleet.best_supply(prices)
        if total < bound:
            bound, best_prices, certificate = total, prices, found.certificate
        if not joint.add(found.incumbent.path) or clock.stop() is not None:
            break
        prices = joint.master()
    answer = joint.best(best_prices, clock)
    if answer is None:
        return None
    path, bought, load, value = answer
    scale = YARDSTICK * horizon.magnitude
    left = relative_gap(value, bound, scale)
    rent = fleet.rent_cost
    against = np.divide(best_prices, rent, out=np.full_like(rent, np.nan), where=rent > 0.0)
    return OrderedPath(
        path, bought.lots, load, fleet.capacity(bought.lots), value, bought.cost, bound, left,
        Verdict.PROVED if reached(left, gap) else Verdict.BEST_FOUND, best_prices, against,
        time.perf_counter() - began, {"prices": best_prices.tolist(), "bound": bound, "path": certificate},
    )  # fmt: skip


def replay_orders(horizon: Horizon, use: Array, fleet: Fleet, certificate: Mapping[str, Any]) -> float:
    """The bound that a certificate proves, without searching.

    Raises NotTrustedError where it is not well formed or proves less than it claims.
    """
    try:
        prices, claimed = np.array(certificate["prices"], dtype=np.float64), float(certificate["bound"])
        if prices.shape != fleet.blocks or not (np.isfinite(prices).all() and (prices >= 0.0).all()):
            raise NotTrustedError("the certificate has prices that prove nothing")
        rows = _Joint(horizon, use, fleet).rest(prices)
        proven = replay(rows.priced(np.ones(2)), certificate["path"])
        proven += rows.constant(np.ones(2)) + fleet.best_supply(prices)
    except (KeyError, TypeError, ValueError) as error:
        raise NotTrustedError(f"the certificate is not well formed: {error!r}") from error
    if not proven <= claimed + 1e-9 * max(abs(claimed), abs(proven)):
        raise NotTrustedError(f"the certificate claims {claimed!r}, but proves no more than {proven!r}")
    return proven


class _Joint:
    """The paths known, with their values and loads."""

    def __init__(self, horizon: Horizon, use: Array, fleet: Fleet) -> None:
        self._horizon, self._use, self._fleet = horizon, use, fleet
        self.paths: list[Ints] = []
        self.values: list[float] = []
        self.loads: list[Array] = []

    def add(self, path: Ints) -> bool:
        """Whether the path is a new one."""
        if any(np.array_equal(path, known) for known in self.paths):
            return False
        value, load = self.assess(path[None])
        self.paths.append(path)
        self.values.append(float(value[0]))
        self.loads.append(load[0])
        return True

    def assess(self, paths: Ints) -> tuple[Array, Array]:
        """(B,) values before orders and (B, T, H) loads of paths."""
        size = max(1, NUMBERS // self._horizon.start.size)
        parts = [self._assess(part) for part in np.split(paths, range(size, len(paths), size))]
        return np.concatenate([value for value, _ in parts]), np.concatenate([load for _, load in parts])

    def _assess(self, paths: Ints) -> tuple[Array, Array]:
        h = self._horizon
        value, load = np.zeros(len(paths)), np.zeros((len(paths), *self._fleet.blocks))
        for t, after in enumerate(walk(h, paths, start_state(h))):
            made = earned_streams(h, t, paths, after)
            value += made @ h.weight[:, t]
            load[:, t] = made @ self._use[:, :, t].T
        return value, load

    def rest(self, prices: Array) -> Limited:
        """The horizon with what is paid for GPUs at prices (T, H) as a limit of multiplier 1."""
        paid = -np.einsum("hqt,th->qt", self._use, prices)
        return limited(self._horizon, [PathLimit("GPUs", paid, 0.0)])

    def settled(self, clock: Clock) -> Array:
        """Prices at which no ascent finds a path above those known."""
        prices = np.minimum(self._fleet.rent_cost, self._fleet.burst_cost)
        path = best_constant(self._horizon, clock)
        for _ in range(ROUNDS):
            priced = self.rest(prices).priced(np.ones(2))
            path, _ = ascend(priced, self._best_at(prices, path), SWEEPS, clock)
            fresh = self.add(path)
            before, prices = prices, self.master()
            if (not fresh and np.allclose(before, prices)) or clock.stop() is not None:
                break
        return prices

    def _best_at(self, prices: Array, otherwise: Ints) -> Ints:
        return self.paths[int(self._at(prices).argmax())] if self.paths else otherwise

    def _at(self, prices: Array) -> Array:
        """(P,) value less what the load costs at prices."""
        paid = np.einsum("pth,th->p", np.array(self.loads), prices)
        return np.asarray(np.array(self.values) - paid)

    def master(self) -> Array:
        """The prices (T, H) at which the paths known promise least, orders at their best.

        Columns: the paths' best, prices, gain of every order, gain of every block of limited burst.
        """
        fleet, (months, blocks) = self._fleet, self._fleet.blocks
        money = max(np.abs(self.values).max(), float(np.abs(fleet.cost).max(initial=0.0))) or 1.0
        size = max(float(np.abs(load).max()) for load in self.loads) or 1.0
        cells, count = months * blocks, len(fleet.orders)
        endless = not np.isfinite(fleet.burst_limit)
        most = fleet.burst_cost.ravel() * (1.0 if endless else FREE_PRICE) * size / money
        rows: list[list[tuple[int, float]]] = []
        least: list[float] = []
        for value, load in zip(self.values, self.loads, strict=True):
            rows.append([(0, 1.0), *_sparse(1, load.ravel() / size)])
            least.append(value / money)
        for o in range(count):
            rows.append([*_sparse(1, -np.repeat(fleet.per_lot[o], blocks) / size), (1 + cells + o, 1.0)])
            least.append(-float(fleet.cost[o]) / money)
        for c in range(0 if endless else cells):
            rows.append([(1 + c, -1.0), (1 + cells + count + c, 1.0)])
            least.append(-float(fleet.burst_cost.flat[c]) * size / money)
        extra = np.full(0 if endless else cells, fleet.burst_limit / size)
        costs = np.concatenate([[1.0], np.repeat(fleet.standing, blocks) / size, fleet.most, extra])
        lower, upper = np.zeros(len(costs)), np.full(len(costs), np.inf)
        lower[0], upper[1 : 1 + cells] = -np.inf, most
        program = compressed(rows, np.array(least), costs, lower, upper, np.zeros(len(costs), dtype=np.bool_))
        outcome = solve(program, SolveOptions(tolerance=1e-8))
        assert outcome.values is not None
        prices = np.maximum(outcome.values[1 : 1 + cells], 0.0).reshape(months, blocks) * money / size
        return np.asarray(np.minimum(prices, fleet.burst_cost * (1.0 if endless else FREE_PRICE)))

    def best(self, prices: Array, clock: Clock) -> tuple[Ints, Bought, Array, float] | None:
        """The known path that is worth most with whole orders, and moves from it while the orders stay the best."""
        found = None
        for p in np.argsort(-self._at(prices), kind="stable")[:BOUGHT_FOR]:
            found = _better(found, self._with_orders(self.paths[p]))
        while found is not None and clock.stop() is None:
            moved = self._moved(found[0], found[1].lots)
            again = None if moved is None else _better(found, self._with_orders(moved))
            if again is None or again is found:
                break
            found = again
        return found

    def _with_orders(self, path: Ints) -> tuple[Ints, Bought, Array, float] | None:
        value, load = self.assess(path[None])
        bought = cheapest(self._fleet, load[0])
        return None if bought is None else (path, bought, load[0], float(value[0]) - bought.cost)

    def _moved(self, path: Ints, lots: Array) -> Ints | None:
        """The best path that differs in one level, the orders as they are; None where none is better."""
        h = self._horizon
        stage, column = np.nonzero(h.allowed)
        tried = np.repeat(path[None], len(stage) + 1, axis=0)
        tried[np.arange(len(stage)), stage, h.group[column]] = column
        tried = tried[stepping(h, tried)]
        value, load = self.assess(tried)
        worth = value - self._fleet.total(lots, load)
        best = int(worth.argmax())
        return tried[best] if worth[best] > worth[-1] + 1e-12 * abs(worth[-1]) else None


def _sparse(first: int, row: Array) -> list[tuple[int, float]]:
    """What is not nothing, in columns from a first one on."""
    return [(first + int(k), float(row[k])) for k in np.flatnonzero(np.abs(row) > 1e-11)]


def _better(
    one: tuple[Ints, Bought, Array, float] | None, other: tuple[Ints, Bought, Array, float] | None
) -> tuple[Ints, Bought, Array, float] | None:
    if one is None or other is None:
        return other if one is None else one
    return other if other[3] > one[3] else one
