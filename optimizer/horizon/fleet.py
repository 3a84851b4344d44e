"""GPUs that can be had over the months: what stands, vintages to order, burst; and the cheapest orders for a load."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.economics import orders
from optimizer.errors import SolverError
from optimizer.execution.arrays import finite, number
from optimizer.solve.outcome import SolveOptions
from optimizer.solve.program import Program
from optimizer.solve.solving import solve
from optimizer.typing import Array, Bools, Ints, Status


@dataclass(frozen=True)
class Vintage:
    """GPUs of one kind that may be ordered in some months, in whole lots."""

    name: str
    lead: int
    """Months from order to service."""
    lot: float
    """GPUs in a lot."""
    most: int
    """Lots of an order, at most."""
    rent: float = 0.0
    """usd per GPU and month of service."""
    purchase: float = 0.0
    """usd per GPU, in the month of arrival."""
    term: int | None = None
    """Months of service; to the end where absent."""
    life: int | None = None
    """Months over which a purchase loses its worth; what is left at the end counts. None: nothing is left."""
    efficiency: float = 1.0
    """Load that a GPU carries, against a standing one."""
    months: tuple[int, ...] = (0,)
    """In which an order may be placed."""


@dataclass(frozen=True)
class Fleet:
    """T months, H blocks of hours a month, O possible orders: a vintage in a month."""

    standing: Array
    """(T,) GPUs under contract."""
    hours: Array
    """(H,) of a month, by block."""
    rent: Array
    """(T,) the market's, usd per GPU and hour."""
    discount: Array
    """(T,)"""
    vintages: tuple[Vintage, ...]
    burst_factor: float
    """Price of burst over the market's rent."""
    burst_limit: float = np.inf
    """GPUs of burst in any block, at most."""

    @property
    def blocks(self) -> tuple[int, int]:
        """(T, H)."""
        return len(self.standing), len(self.hours)

    @cached_property
    def orders(self) -> tuple[tuple[Vintage, int], ...]:
        """(O,) vintage and month of every order that serves within the months."""
        every = ((v, month) for v in self.vintages for month in v.months)
        return tuple((v, month) for v, month in every if month + v.lead < len(self.standing))

    @cached_property
    def per_lot(self) -> Array:
        """(O, T) load that a lot carries by month."""
        rows = [v.lot * v.efficiency * self._serves(v, month) for v, month in self.orders]
        return np.array(rows).reshape(-1, len(self.standing))

    @cached_property
    def paid(self) -> Array:
        """(O, T) usd of a lot by month."""
        rows = [v.lot * orders.payments(v.rent, v.purchase, month + v.lead, self._serves(v, month))
                for v, month in self.orders]  # fmt: skip
        return np.array(rows).reshape(-1, len(self.standing))

    @cached_property
    def cost(self) -> Array:
        """(O,) discounted usd of a lot, less what is left at the end."""
        months = len(self.standing)
        left = [0.0 if v.life is None else v.lot * orders.residual(v.purchase, m + v.lead, v.life, months)
                for v, m in self.orders]  # fmt: skip
        return np.asarray(self.paid @ self.discount - np.array(left) * self.discount[-1])

    @cached_property
    def burst_cost(self) -> Array:
        """(T, H) discounted usd of a GPU of burst."""
        return orders.burst_price(self.rent, self.hours, self.burst_factor) * self.discount[:, None]

    @cached_property
    def rent_cost(self) -> Array:
        """(T, H) the same at the market's rent."""
        return orders.burst_price(self.rent, self.hours, 1.0) * self.discount[:, None]

    @property
    def most(self) -> Array:
        """(O,)"""
        return np.array([float(v.most) for v, _ in self.orders])

    def capacity(self, lots: Array) -> Array:
        """(T,)"""
        return orders.capacity(self.standing, lots, self.per_lot)

    def total(self, lots: Array, load: Array) -> Array:
        """(...) discounted usd of orders (O,) and of the burst for loads (..., T, H); inf beyond its limit."""
        over = orders.burst(load, self.capacity(lots))
        within = (over <= self.burst_limit * (1.0 + 1e-6)).all(axis=(-2, -1))
        return np.where(within, lots @ self.cost + (over * self.burst_cost).sum(axis=(-2, -1)), np.inf)

    def best_supply(self, prices: Array) -> float:
        """The most that orders and burst earn if a GPU is paid ``prices`` (T, H), standing ones included.

        Orders are independent at prices, so the best are all lots or none; inf where burst earns without limit.
        """
        monthly = prices.sum(axis=1)
        lots = np.maximum(self.per_lot @ monthly - self.cost, 0.0) @ self.most
        over = prices - self.burst_cost
        bursting = float((over[over > 0.0] * self.burst_limit).sum())
        return float(self.standing @ monthly + lots) + bursting

    def _serves(self, vintage: Vintage, month: int) -> Array:
        return orders.serves(month + vintage.lead, vintage.term, len(self.standing))


def checked(fleet: Fleet, months: int) -> Fleet:
    """The fleet as float arrays. Raises InputError."""
    made = Fleet(
        finite(fleet.standing, (months,), "standing", least=0.0), finite(fleet.hours, (None,), "hours", above=0.0),
        finite(fleet.rent, (months,), "rent", least=0.0), finite(fleet.discount, (months,), "discount", above=0.0),
        tuple(fleet.vintages), number(fleet.burst_factor, "burst_factor", least=0.0),
        number(fleet.burst_limit, "burst_limit", least=0.0, endless=True),
    )  # fmt: skip
    for k, v in enumerate(made.vintages):
        number(v.lot, f"vintages[{k}].lot", above=0.0)
        number(v.efficiency, f"vintages[{k}].efficiency", above=0.0)
        for name in ("rent", "purchase", "most", "lead"):
            number(getattr(v, name), f"vintages[{k}].{name}", least=0.0)
        for name in ("term", "life"):
            if getattr(v, name) is not None:
                number(getattr(v, name), f"vintages[{k}].{name}", above=0.0)
        for month in v.months:
            number(month, f"vintages[{k}].months", least=0.0)
    return made


@dataclass(frozen=True)
class Bought:
    """The cheapest orders for a load."""

    lots: Array
    """(O,) whole."""
    cost: float
    """Discounted, burst included; worked out from the lots."""


def cheapest(fleet: Fleet, load: Array, time_limit: float | None = None) -> Bought | None:
    """Whole lots and burst that carry a load (T, H) at the least cost; None where none do.

    Raises SolverError where the solver fails twice or runs out of time without an answer.
    """
    outcome = solve(_program(fleet, load), SolveOptions(gap=1e-7, time_limit=time_limit))
    if outcome.status is Status.INFEASIBLE:
        return None
    if outcome.values is None:
        raise SolverError("no orders were found in time")
    lots = np.round(outcome.values[: len(fleet.orders)])
    return Bought(lots, float(fleet.total(lots, load)))


def _program(fleet: Fleet, load: Array) -> Program:
    """Columns: lots, then burst by month and block. Rows: load_th <= capacity_t + burst_th, scaled to the largest load.

    A row that no order serves and whose burst is within its limit is left to the bounds of its column.
    """
    (months, blocks), count = fleet.blocks, len(fleet.orders)
    size = float(max(load.max(initial=0.0), fleet.standing.max(initial=0.0))) or 1.0
    short = (load - fleet.standing[:, None]) / size
    rows = [
        [(o, float(fleet.per_lot[o, t]) / size) for o in range(count) if fleet.per_lot[o, t] > 0.0]
        + [(count + t * blocks + h, 1.0)]
        for t, h in itertools.product(range(months), range(blocks))
    ]
    limit = np.full(months * blocks, fleet.burst_limit / size)
    lower = np.concatenate([np.zeros(count), np.zeros(months * blocks)])
    costs = np.concatenate([fleet.cost, fleet.burst_cost.ravel() * size])
    scale = float(np.abs(costs).max()) or 1.0
    return compressed(
        rows, short.ravel(), costs / scale, lower, np.concatenate([fleet.most, limit]), np.arange(len(lower)) < count
    )


def compressed(
    rows: list[list[tuple[int, float]]], least: Array, costs: Array, lower: Array, upper: Array, integer: Bools
) -> Program:
    """The least cost with every row at least so much."""
    starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    indices: Ints = np.array([c for r in rows for c, _ in r], dtype=np.int64)
    coefficients = np.array([a for r in rows for _, a in r])
    return Program(
        costs, lower, upper, integer, starts, indices, coefficients, least, np.full(len(rows), np.inf), maximise=False
    )
