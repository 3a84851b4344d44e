"""GPUs of a case over months: what stands, what may be ordered, and what the months need of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics import finance, serving
from optimizer.economics.response import PerCustomer
from optimizer.errors import bad_argument
from optimizer.horizon.fleet import Fleet, Vintage
from optimizer.market.evaluate import Evaluation
from optimizer.market.prepare import MONTH_HOURS, Prepared
from optimizer.schema.horizon import GpuOrders
from optimizer.typing import Array


@dataclass(frozen=True)
class Supply:
    """GPUs at hand, and what they cost, busy or not."""

    pool: int
    capacity: Array
    """(T,)"""
    bill: Array
    """(T,) usd/month of those that stand and of orders."""

    def at(self, prepared: Prepared, month: int, burst_factor: float) -> Prepared:
        """The market in a month with these GPUs under contract."""
        pools, p = prepared.pools, self.pool
        reserved, price, burst, limit = (a.copy() for a in (pools.reserved, pools.price, pools.burst_price,
                                                            pools.burst_limit))  # fmt: skip
        burst[p], limit[p], reserved[p] = burst_factor * price[p], np.inf, self.capacity[month]
        if self.capacity[month] > 0.0:
            price[p] = self.bill[month] / (self.capacity[month] * MONTH_HOURS)
        made = replace(pools, reserved=reserved, price=price, burst_price=burst, burst_limit=limit)
        return replace(prepared, pools=made)


def pool_of(prepared: Prepared, asked: GpuOrders) -> int:
    """Raises InputError for a pool that is not there, or has a contract of its own."""
    names = prepared.pools.names
    if asked.pool not in names:
        raise bad_argument("horizon.gpus.pool", f"no pool is named {asked.pool!r}", f"known: {', '.join(names)}")
    pool = names.index(asked.pool)
    if prepared.pools.contracted[pool]:
        raise bad_argument("horizon.gpus.pool", "the pool has a contract in the market", "take its capacity out there")
    return pool


def under_contract(prepared: Prepared, asked: GpuOrders) -> Prepared:
    """The market in which the pool is paid for by contract, not by customers."""
    reserved = prepared.pools.reserved.copy()
    reserved[pool_of(prepared, asked)] = asked.standing.value
    return replace(prepared, pools=replace(prepared.pools, reserved=reserved))


def fleet_of(asked: GpuOrders, prices: Array, hours: Array, discount: Array) -> Fleet:
    """``prices``: (T,) usd of a GPU hour in the market."""
    vintages = tuple(
        Vintage(
            name, o.lead, o.lot.value, o.most, rent=o.rent.value, term=o.term, months=tuple(m - 1 for m in o.months)
        )
        for name, o in asked.offers.items()
    )
    standing = np.full(len(prices), asked.standing.value)
    return Fleet(standing, hours, prices, discount, vintages, asked.burst_factor)


def supply_of(fleet: Fleet, lots: Array, pool: int) -> Supply:
    """What stands and what was ordered."""
    standing = np.array([finance.reserved_cost(float(n), float(rent), MONTH_HOURS)
                         for n, rent in zip(fleet.standing, fleet.rent, strict=True)])  # fmt: skip
    return Supply(pool, fleet.capacity(lots), standing + lots @ fleet.paid)


def busy_of(prepared: Prepared, p: PerCustomer, pool: int, block: int) -> Array:
    """(I,) GPUs that a customer keeps busy in a block of hours."""
    hours = prepared.population.hours[:, block]
    return serving.gpus_busy(p.pool_hours[:, pool], hours, float(prepared.pools.hours[block]))


def load_of(months: Sequence[Evaluation], pool: int) -> Array:
    """(T, H) GPUs busy along a path, by the evaluator."""
    return np.stack([month.busy[pool] for month in months])
