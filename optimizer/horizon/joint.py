"""Paths known with their loads and limits, and the prices of GPUs and multipliers of limits that they tell.

A limit is kept by a path and its orders together: what the path keeps of it, less what orders and burst take. Every
known path bounds, at any prices p and multipliers m, the best of all from below by value + m x room - p x load, so the
least of their upper envelope, orders at their best, tells which p and m to take next (Kelley 1960).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.horizon.ascent import ascend, best_constant
from optimizer.horizon.buying import Bought, cheapest, compressed
from optimizer.horizon.fleet import Charges, Fleet
from optimizer.horizon.instance import Horizon
from optimizer.horizon.limits import Limited, PathLimit, limited
from optimizer.horizon.paths import stepping
from optimizer.horizon.simulate import NUMBERS, earned_streams, start_state, walk
from optimizer.search.engine import Clock
from optimizer.solve.outcome import SolveOptions
from optimizer.solve.solving import solve
from optimizer.typing import Array, Ints

ROUNDS = 25
"""Prices that are tried."""
FREE_PRICE = 50.0
"""Largest price that is tried where burst is limited, over the price of burst."""
LARGEST = 30.0
"""Of a multiplier: the value's size over the limit's, among the paths known."""
BOUGHT_FOR = 12
"""Paths for which orders are worked out: those with the most at the last prices."""
SWEEPS = 20
MOVES = 30
"""Of a path with its orders."""


@dataclass(frozen=True)
class OrderingCase:
    """A horizon with the GPUs that may be ordered for it, and the limits that path and orders keep together."""

    horizon: Horizon
    use: Array
    """(H, Q, T) GPUs in a block per unit of a stream."""
    fleet: Fleet
    limits: tuple[PathLimit, ...]
    """Of a path before orders take from them."""
    charges: Charges

    @property
    def limited(self) -> Limited:
        """Without GPUs."""
        return limited(self.horizon, self.limits)

    def largest(self) -> Array:
        """(T, H) no path has a larger load."""
        reward = np.abs(self.horizon.reward).max(axis=(0, 2))
        monthly = np.einsum("qi,ti->qt", reward, self.horizon.people[1:])
        return np.asarray(np.einsum("hqt,qt->th", np.abs(self.use), monthly) * (1.0 + 1e-9))

    def priced(self, rows: Array, prices: Array) -> tuple[Horizon, float]:
        """The horizon whose value is ``rows`` (1+K,) x (value, limits) less what loads pay at prices (T, H), and what
        is added to it so that no path is worth less there."""
        paid = PathLimit("GPUs", -np.einsum("hqt,th->qt", self.use, prices), 0.0)
        whole, every = limited(self.horizon, (*self.limits, paid)), np.append(rows, 1.0)
        return whole.priced(every), whole.constant(every)

    def cut(self, k: int, prices: Array) -> PathLimit:
        """A limit on paths alone that limit ``k`` implies at prices (T, H) of its own: whatever is ordered, carrying a
        load takes from it what the load pays less the most that orders and burst earn."""
        limit, row = self.limits[k], np.eye(1, 1 + len(self.limits), 1 + k)[0]
        weight = limit.weight - np.einsum("hqt,th->qt", self.use, prices)
        earned = self.fleet.best_supply(prices, self.charges, row, self.largest())
        rounding = 1e-9 * (abs(limit.at_least) + abs(earned))
        return PathLimit(limit.name, weight, limit.at_least - earned - rounding)

    def supply(self, rows: Array, prices: Array) -> float:
        """The most that orders and burst earn."""
        return self.fleet.best_supply(prices, self.charges, rows, self.largest())


@dataclass(frozen=True)
class OrderedFind:
    """A path with its orders."""

    path: Ints
    bought: Bought
    load: Array
    value: float
    """Orders and burst taken off."""
    lack: float
    """By how much limits are missed together, in shares of their sizes; 0 where all are kept."""

    def better_than(self, other: OrderedFind | None) -> bool:
        """Less is missed, or no more and it is worth more."""
        return other is None or (self.lack, -self.value) < (other.lack, -other.value)


class Joint:
    """The paths known, with their values, limits and loads."""

    def __init__(self, asked: OrderingCase) -> None:
        self._asked, self._limited = asked, asked.limited
        self._known: set[bytes] = set()
        self.paths: list[Ints] = []
        self.assessed: list[Array] = []
        """(1+K,) each: value and what is kept of every limit, before orders."""
        self.loads: list[Array] = []

    def add(self, path: Ints) -> bool:
        """Whether the path is a new one."""
        if path.tobytes() in self._known:
            return False
        assessed, load = self.assess(path[None])
        self._known.add(path.tobytes())
        self.paths.append(path)
        self.assessed.append(assessed[0])
        self.loads.append(load[0])
        return True

    def assess(self, paths: Ints) -> tuple[Array, Array]:
        """(B, 1+K) values and what is kept of limits before orders, and (B, T, H) loads of paths."""
        size = max(1, NUMBERS // self._asked.horizon.start.size)
        parts = [self._assess(part) for part in np.split(paths, range(size, len(paths), size))]
        return np.concatenate([value for value, _ in parts]), np.concatenate([load for _, load in parts])

    def _assess(self, paths: Ints) -> tuple[Array, Array]:
        h, weights = self._asked.horizon, self._limited.weights
        value, load = np.zeros((len(paths), len(weights))), np.zeros((len(paths), *self._asked.fleet.blocks))
        for t, after in enumerate(walk(h, paths, start_state(h))):
            made = earned_streams(h, t, paths, after)
            value += made @ weights[:, :, t].T
            load[:, t] = made @ self._asked.use[:, :, t].T
        value[:, 1:] -= self._limited.least
        return value, load

    def settled(self, clock: Clock, head: float = 1.0) -> tuple[Array, Array]:
        """Rows (1+K,) and prices (T, H) at which no ascent finds a path above those known.

        head: the value's own row, 0 where limits alone are looked at.
        """
        fleet = self._asked.fleet
        prices = np.minimum(fleet.rent_cost, fleet.burst_cost)
        rows = np.append(head, np.zeros(len(self._asked.limits)))
        path = best_constant(self._asked.horizon, clock)
        for _ in range(ROUNDS):
            priced, _ = self._asked.priced(rows, prices)
            path, _ = ascend(priced, self._best_at(rows, prices, path), SWEEPS, clock)
            fresh, before = self.add(path), (rows, prices)
            rows, prices = self.master(head)
            same = all(np.allclose(a, b) for a, b in zip(before, (rows, prices), strict=True))
            if (not fresh and same) or clock.stop() is not None:
                break
        return rows, prices

    def _best_at(self, rows: Array, prices: Array, otherwise: Ints) -> Ints:
        return self.paths[int(self.worth_at(rows, prices).argmax())] if self.paths else otherwise

    def worth_at(self, rows: Array, prices: Array) -> Array:
        """(P,) rows x (value, limits) less what the load costs at prices."""
        paid = np.einsum("pth,th->p", np.array(self.loads), prices)
        return np.asarray(np.array(self.assessed) @ rows - paid)

    def master(self, head: float = 1.0) -> tuple[Array, Array]:
        """The rows (1+K,) and prices (T, H) at which the paths known promise least, orders at their best.

        Columns: the paths' best, prices, multipliers, gain of every order, gain of every block of limited burst.
        """
        fleet, charges, (months, blocks) = self._asked.fleet, self._asked.charges, self._asked.fleet.blocks
        assessed, loads = np.array(self.assessed), np.array(self.loads)
        count, cells, many = assessed.shape[1] - 1, months * blocks, len(fleet.orders)
        money = max(np.abs(assessed[:, 0]).max(), float(np.abs(charges.order[0]).max(initial=0.0))) or 1.0
        unit = np.maximum(np.abs(assessed[:, 1:]).max(axis=0), np.abs(charges.order[1:]).max(axis=1, initial=0.0))
        unit = np.where(unit > 0.0, unit, 1.0)
        size = float(np.abs(loads).max()) or 1.0
        ends = fleet.endless
        burst = charges.burst.reshape(1 + count, cells) * size
        burst = burst / np.append(money, unit)[:, None]
        order = charges.order / np.append(money, unit)[:, None]
        p, m, g, b = 1, 1 + cells, 1 + cells + count, 1 + cells + count + many  # first column of each kind
        rows: list[list[tuple[int, float]]] = []
        least: list[float] = []
        for own, load in zip(assessed, loads, strict=True):
            rows.append([(0, 1.0), *_sparse(p, load.ravel() / size), *_sparse(m, -own[1:] / unit)])
            least.append(head * own[0] / money)
        for o in range(many):
            carried = np.repeat(fleet.per_lot[o], blocks) / size
            rows.append([*_sparse(p, -carried), *_sparse(m, order[1:, o]), (g + o, 1.0)])
            least.append(-head * float(order[0, o]))
        for c in range(cells if count or not ends else 0):
            gain = [] if ends else [(b + c, 1.0)]
            rows.append([(p + c, -1.0), *_sparse(m, burst[1:, c]), *gain])
            least.append(-head * float(burst[0, c]))
        hired = np.minimum(fleet.limit[:, 0], self._asked.largest().max()) / size
        extra = np.repeat(hired, 0 if ends else blocks)
        costs = np.concatenate([[1.0], np.repeat(fleet.standing, blocks) / size, np.zeros(count), fleet.most, extra])
        lower, upper = np.zeros(len(costs)), np.full(len(costs), np.inf)
        high = np.abs(burst).sum(axis=0) * FREE_PRICE
        lower[0], upper[m:g] = -np.inf, LARGEST if head else 1.0
        upper[p:m] = head * burst[0] if ends and not count else high
        program = compressed(rows, np.array(least), costs, lower, upper, np.zeros(len(costs), dtype=np.bool_))
        outcome = solve(program, SolveOptions(tolerance=1e-8))
        assert outcome.values is not None
        prices = np.maximum(outcome.values[p:m], 0.0).reshape(months, blocks) * money / size
        told = np.append(head, np.clip(outcome.values[m:g], 0.0, upper[m:g]) * money / unit)
        top = np.maximum(charges.at(told)[1], 0.0) if ends else upper[p:m].reshape(months, blocks) * money / size
        return told, np.minimum(prices, top)

    def best(self, rows: Array, prices: Array, clock: Clock) -> OrderedFind | None:
        """The known path that is worth most with whole orders, and moves from it while the orders stay the best.

        One that misses limits is an answer only for the sake of the moves: see ``OrderedFind.lack``.
        """
        found: OrderedFind | None = None
        order = np.argsort(-self.worth_at(rows, prices), kind="stable")[:BOUGHT_FOR]
        for p in order:
            made = self._with_orders(self.paths[p])
            if made is not None and made.better_than(found):
                found = made
        for _ in range(MOVES):
            if found is None or clock.stop() is not None:
                break
            moved = self._moved(found, rows, prices)
            tried = (self._with_orders(path) for path in moved)
            again = next((made for made in tried if made is not None and made.better_than(found)), None)
            if again is None:
                break
            found = again
        return found

    def _with_orders(self, path: Ints) -> OrderedFind | None:
        assessed, load = self.assess(path[None])
        bought = cheapest(self._asked.fleet, load[0], self._asked.charges, assessed[0, 1:])
        if bought is None:
            return None
        left = assessed - bought.taken
        return OrderedFind(path, bought, load[0], float(left[0, 0]), float(self._limited.lack(left)[0]))

    def _moved(self, found: OrderedFind, rows: Array, prices: Array) -> list[Ints]:
        """Paths that differ in one level: the best with the orders as they are, if it is better; then those that
        promise most at prices, whatever they order."""
        h, lots = self._asked.horizon, found.bought.lots
        stage, column = np.nonzero(h.allowed)
        tried = np.repeat(found.path[None], len(stage) + 1, axis=0)
        tried[np.arange(len(stage)), stage, h.group[column]] = column
        tried = tried[stepping(h, tried)]
        assessed, load = self.assess(tried)
        over = self._asked.fleet.over(lots, load)
        left = assessed - self._asked.charges.taken(lots, over)
        lack = np.where(self._asked.fleet.beyond(over) > 0.0, np.inf, self._limited.lack(left))
        best = int(np.lexsort((-left[:, 0], lack))[0])
        more = left[best, 0] > left[-1, 0] + 1e-12 * abs(left[-1, 0])
        better = lack[best] < lack[-1] or (lack[best] == lack[-1] and more)
        promise = assessed @ rows - np.einsum("pth,th->p", load, prices)
        likely = np.argsort(-promise, kind="stable")[: BOUGHT_FOR if self._asked.limits else 0]
        others = [tried[k] for k in likely if (tried[k] != found.path).any()]
        return [tried[best], *others] if better else others


def _sparse(first: int, row: Array) -> list[tuple[int, float]]:
    """What is not nothing, in columns from a first one on."""
    return [(first + int(k), float(row[k])) for k in np.flatnonzero(np.abs(row) > 1e-11)]
