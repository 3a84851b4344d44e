"""GPUs that can be had over the months: what stands, vintages to order, burst; what they cost and what they carry."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.economics import orders
from optimizer.typing import Array


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
    """Months of service over which a purchase loses its worth. None: it has none from its arrival on."""
    speed: float = 1.0
    """Work of one of them in an hour, over that of a standing GPU."""
    months: tuple[int, ...] = (0,)
    """In which an order may be placed."""


@dataclass(frozen=True)
class Charges:
    """What orders and burst take from the value of a path, and from what it keeps of its K limits."""

    order: Array
    """(1+K, O) by a lot."""
    burst: Array
    """(1+K, T, H) by a GPU of burst in a block of hours."""

    def at(self, rows: Array) -> tuple[Array, Array]:
        """(O,) and (T, H) of ``rows`` (1+K,) x (value, limits)."""
        return rows @ self.order, np.einsum("k,kth->th", rows, self.burst)

    def taken(self, lots: Array, over: Array) -> Array:
        """(..., 1+K) by orders (O,) and burst (..., T, H)."""
        return np.asarray(self.order @ lots + np.einsum("kth,...th->...k", self.burst, over))


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
    burst_factor: float = 1.0
    """Price of burst over the market's rent."""
    burst_limit: Array | float = np.inf
    """(T,) or of all months: GPUs of burst in any block, at most."""
    burst_rent: Array | None = None
    """(T,) usd per GPU and hour of burst, where it is stated and no factor."""

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
    def _served(self) -> list[tuple[Vintage, int, Array]]:
        """Vintage, month of arrival and (T,) service of every order."""
        return [(v, m + v.lead, orders.serves(m + v.lead, v.term, len(self.standing))) for v, m in self.orders]

    @cached_property
    def per_lot(self) -> Array:
        """(O, T) load that a lot carries by month."""
        return self._rows([orders.carries(v.lot, v.speed, served) for v, _, served in self._served])

    @cached_property
    def at_hand(self) -> Array:
        """(O, T) GPUs of a lot by month, each counted once however fast."""
        return self._rows([v.lot * served for v, _, served in self._served])

    @cached_property
    def paid(self) -> Array:
        """(O, T) usd of a lot by month, when it is paid."""
        return self._rows([v.lot * orders.payments(v.rent, v.purchase, at, served) for v, at, served in self._served])

    @cached_property
    def used(self) -> Array:
        """(O, T) usd of a lot by month, when it is used: rent, and what a purchase loses of its worth."""
        return self._rows([
            v.lot * (orders.payments(v.rent, 0.0, at, served) + orders.wear(v.purchase, at, v.life, served))
            for v, at, served in self._served
        ])  # fmt: skip

    def _rows(self, rows: list[Array]) -> Array:
        return np.array(rows).reshape(-1, len(self.standing))

    @cached_property
    def cost(self) -> Array:
        """(O,) discounted usd of a lot, as it is used."""
        return np.asarray(self.used @ self.discount)

    @cached_property
    def burst_bill(self) -> Array:
        """(T, H) usd of a GPU of burst."""
        if self.burst_rent is not None:
            return orders.burst_price(self.burst_rent, self.hours, 1.0)
        return orders.burst_price(self.rent, self.hours, self.burst_factor)

    @cached_property
    def burst_cost(self) -> Array:
        """(T, H) the same, discounted."""
        return np.asarray(self.burst_bill * self.discount[:, None])

    @cached_property
    def rent_cost(self) -> Array:
        """(T, H) the same at the market's rent."""
        return orders.burst_price(self.rent, self.hours, 1.0) * self.discount[:, None]

    @cached_property
    def limit(self) -> Array:
        """(T, 1) GPUs of burst in any block, at most."""
        return np.broadcast_to(np.asarray(self.burst_limit, dtype=np.float64), len(self.standing))[:, None]

    @property
    def endless(self) -> bool:
        """Whether burst has no limit in any month."""
        return bool(np.isinf(self.limit).all())

    @property
    def most(self) -> Array:
        """(O,)"""
        return np.array([float(v.most) for v, _ in self.orders])

    @cached_property
    def charges(self) -> Charges:
        """What they take from a discounted contribution margin."""
        return Charges(self.cost[None], self.burst_cost[None])

    def charged(self, weight: Array, ahead: Array) -> Charges:
        """What they take at weights (1+K, T) of a month's bill; ``ahead`` (1+K,): as it is paid, not as it is used."""
        bill = np.where(ahead[:, None, None], self.paid, self.used)
        return Charges(np.einsum("kt,kot->ko", weight, bill), weight[:, :, None] * self.burst_bill)

    def capacity(self, lots: Array) -> Array:
        """(T,)"""
        return orders.capacity(self.standing, lots, self.per_lot)

    def over(self, lots: Array, load: Array) -> Array:
        """(..., T, H) GPUs of burst for loads."""
        return orders.burst(load, self.capacity(lots))

    def beyond(self, over: Array) -> Array:
        """(...) GPUs of burst (..., T, H) that are more than there may be, at 1e-6 relative, summed."""
        return np.asarray(np.maximum(over - self.limit * (1.0 + 1e-6), 0.0).sum(axis=(-2, -1)))

    def total(self, lots: Array, load: Array) -> Array:
        """(...) discounted usd of orders (O,) and of the burst for loads (..., T, H); inf beyond its limit."""
        over = self.over(lots, load)
        return np.where(self.beyond(over) > 0.0, np.inf, self.charges.taken(lots, over)[..., 0])

    def best_supply(self, prices: Array, charges: Charges, rows: Array, largest: Array) -> float:
        """The most that orders and burst earn if a GPU is paid ``prices`` (T, H), standing ones included.

        Orders are independent at prices and multipliers ``rows`` (1+K,), so the best are all lots or none. No burst is
        more than the largest load (T, H) that any path has.
        """
        monthly, (order, burst) = prices.sum(axis=1), charges.at(rows)
        lots = np.maximum(self.per_lot @ monthly - order, 0.0) @ self.most
        bursting = np.maximum(prices - burst, 0.0) * np.minimum(self.limit, largest)
        return float(self.standing @ monthly + lots + bursting.sum())
