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
from optimizer.schema.horizon import GpuOffer, GpuOrders
from optimizer.typing import Array


@dataclass(frozen=True)
class Supply:
    """GPUs at hand, and what they cost, busy or not."""

    pool: int
    capacity: Array
    """(T,) what they carry, in GPUs of the standing kind."""
    at_hand: Array
    """(T,) each counted once, however fast."""
    bill: Array
    """(T,) usd/month of those that stand and of orders, as they are used."""
    ahead: Array
    """(T,) usd/month that is paid above the bill: purchases less what they lose of their worth."""
    burst_price: Array
    """(T,) usd per GPU and hour."""
    burst_limit: Array
    """(T,)"""

    def at(self, prepared: Prepared, month: int) -> Prepared:
        """The market in a month with these GPUs under contract."""
        pools, p = prepared.pools, self.pool
        reserved, price, burst, limit = (a.copy() for a in (pools.reserved, pools.price, pools.burst_price,
                                                            pools.burst_limit))  # fmt: skip
        burst[p], limit[p], reserved[p] = self.burst_price[month], self.burst_limit[month], self.capacity[month]
        if self.capacity[month] > 0.0:
            price[p] = self.bill[month] / (self.capacity[month] * MONTH_HOURS)
        made = replace(pools, reserved=reserved, price=price, burst_price=burst, burst_limit=limit)
        return replace(prepared, pools=made)


def pool_of(worlds: Sequence[Prepared], asked: GpuOrders | None) -> int | None:
    """The pool whose GPUs are ordered, or which the market reserves in some world; None where hours are paid as used,
    or where several are reserved. Raises InputError for a pool that is not there or of which too little is told."""
    names, now = worlds[0].pools.names, worlds[0].pools
    if asked is None:
        reserved = np.stack([np.nan_to_num(w.pools.reserved) > 0.0 for w in worlds]).any(axis=0)
        return int(np.flatnonzero(reserved)[0]) if reserved.sum() == 1 else None
    if asked.pool not in names:
        raise bad_argument("horizon.gpus.pool", f"no pool is named {asked.pool!r}", f"known: {', '.join(names)}")
    pool = names.index(asked.pool)
    if not now.contracted[pool]:
        for name in ("standing", "burst_factor"):
            if getattr(asked, name) is None:
                message = "the market has no contract for the pool that would tell it"
                raise bad_argument(f"horizon.gpus.{name}", message, "state it, 0 GPUs if none stand")
    return pool


def under_contract(prepared: Prepared, pool: int, asked: GpuOrders | None) -> Prepared:
    """The market in which the pool is paid for by contract, not by customers."""
    if asked is None or asked.standing is None:
        return prepared
    reserved = prepared.pools.reserved.copy()
    reserved[pool] = asked.standing.value
    return replace(prepared, pools=replace(prepared.pools, reserved=reserved))


def fleet_of(asked: GpuOrders | None, pool: int, months: Sequence[Prepared], discount: Array) -> Fleet:
    """Of the market in every month (T,), as ``under_contract`` has it."""
    price, reserved, burst, limit = (
        np.array([getattr(m.pools, name)[pool] for m in months])
        for name in ("price", "reserved", "burst_price", "burst_limit")
    )
    if asked is None or asked.standing is None:
        reserved = np.where([_runs(m, pool, t) for t, m in enumerate(months)], reserved, 0.0)
    hours, offers = months[0].pools.hours, {} if asked is None else asked.offers
    vintages = tuple(_vintage(name, offer) for name, offer in offers.items())
    if asked is not None and asked.burst_factor is not None:
        return Fleet(reserved, hours, price, discount, vintages, asked.burst_factor)
    return Fleet(reserved, hours, price, discount, vintages, burst_limit=limit, burst_rent=burst)


def _runs(prepared: Prepared, pool: int, month: int) -> bool:
    """Whether the market's contract runs in a month."""
    capacity = prepared.market.pools[prepared.pools.names[pool]].capacity
    return capacity is None or capacity.term is None or month < capacity.term


def _vintage(name: str, offer: GpuOffer) -> Vintage:
    rent, purchase = (0.0 if stated is None else stated.value for stated in (offer.rent, offer.purchase))
    speed = 1.0 if offer.speed is None else offer.speed.value
    months = tuple(m - 1 for m in offer.months)
    return Vintage(name, offer.lead, offer.lot.value, offer.most, rent, purchase, offer.term, offer.life, speed, months)


def standing_bill(fleet: Fleet) -> Array:
    """(T,) usd/month of those that stand."""
    return np.array([finance.reserved_cost(float(n), float(rent), MONTH_HOURS)
                     for n, rent in zip(fleet.standing, fleet.rent, strict=True)])  # fmt: skip


def supply_of(fleet: Fleet, lots: Array, pool: int) -> Supply:
    """What stands and what was ordered."""
    price = fleet.rent * fleet.burst_factor if fleet.burst_rent is None else fleet.burst_rent
    return Supply(
        pool, fleet.capacity(lots), fleet.standing + lots @ fleet.at_hand, standing_bill(fleet) + lots @ fleet.used,
        lots @ (fleet.paid - fleet.used), price, np.broadcast_to(fleet.limit[:, 0], price.shape),
    )  # fmt: skip


def busy_of(prepared: Prepared, p: PerCustomer, pool: int, block: int) -> Array:
    """(I,) GPUs that a customer keeps busy in a block of hours."""
    hours = prepared.population.hours[:, block]
    return serving.gpus_busy(p.pool_hours[:, pool], hours, float(prepared.pools.hours[block]))


def load_of(months: Sequence[Evaluation], pool: int) -> Array:
    """(T, H) GPUs busy along a path, by the evaluator."""
    return np.stack([month.busy[pool] for month in months])
