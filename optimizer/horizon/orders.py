"""The best path of menus together with the GPUs ordered for it: an upper bound by prices of GPUs by month.

For any prices p >= 0 of a GPU in a month's block of hours and multipliers m >= 0 of limits that path and orders keep
together, with load(x) and what a path keeps of a limit, room(x), linear in customers:

    value(x) - cost of orders <= max over paths (value + m room - p load) + max over orders (p supply - cost - m taken)

The first part is a horizon under other weights, bounded by ``search``; in the second every order and every block of
burst stands alone. Prices and multipliers are those at which the least envelope of the paths known is lowest (Kelley
1960; Lagrangian decomposition, Guignard and Kim, 1987). What is answered is a path that was simulated with whole lots.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimizer.errors import NotTrustedError
from optimizer.horizon.buying import tangent
from optimizer.horizon.fleet import Charges, Fleet
from optimizer.horizon.instance import Horizon
from optimizer.horizon.joint import Joint, OrderedFind, OrderingCase
from optimizer.horizon.limits import PathLimit
from optimizer.horizon.replay import replay
from optimizer.horizon.search import YARDSTICK, search_paths
from optimizer.optimise.outcome import reached, relative_gap
from optimizer.search.engine import Clock
from optimizer.typing import Array, Ints, Verdict

SEARCHES = 3
"""Full searches at the last prices: one more where it finds a path that was not known."""


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
    multipliers: Array
    """(K,) of the limits: what one more unit of their room would be worth."""
    against_rent: Array
    """(T, H) the prices over the market's rent; nan where that is nothing."""
    seconds: float
    certificate: Mapping[str, Any] = field(repr=False, compare=False)
    """``replay_orders`` proves the bound from it."""


def order_path(
    horizon: Horizon, use: Array, fleet: Fleet, gap: float, clock: Clock, limits: Sequence[PathLimit] = (),
    charges: Charges | None = None,
) -> OrderedPath | None:  # fmt: skip
    """The best path and orders; None where none was found whose load can be carried and that keeps the limits.

    ``use``: (H, Q, T) GPUs in a block per unit of a stream. ``charges``: what orders and burst take from value and
    limits; by default from a discounted contribution margin and no limit.
    """
    began, asked = time.perf_counter(), _asked(horizon, use, fleet, limits, charges)
    joint = Joint(asked)
    rows, prices = joint.settled(clock)
    bound, certificate, best = np.inf, {}, (rows, prices)
    for _ in range(SEARCHES):
        priced, constant = asked.priced(rows, prices)
        found = search_paths(priced, 0.8 * gap, clock)
        assert found.incumbent is not None
        total = found.bound + constant + asked.supply(rows, prices)
        if total < bound:
            bound, best, certificate = total, (rows, prices), found.certificate
        if not joint.add(found.incumbent.path) or clock.stop() is not None:
            break
        rows, prices = joint.master()
    answer, (rows, prices) = joint.best(*best, clock), best
    if answer is None or answer.lack > 0.0:
        return None
    proof = _proof(rows, prices, bound, certificate)
    if limits and relative_gap(answer.value, bound, YARDSTICK * horizon.magnitude) > gap and clock.stop() is None:
        cut = _within_cuts(asked, answer, gap, clock)
        if cut["bound"] < bound:
            bound, proof = cut["bound"], cut
    left = relative_gap(answer.value, bound, YARDSTICK * horizon.magnitude)
    rent = fleet.rent_cost
    against = np.divide(prices, rent, out=np.full_like(rent, np.nan), where=rent > 0.0)
    return OrderedPath(
        answer.path, answer.bought.lots, answer.load, fleet.capacity(answer.bought.lots), answer.value,
        answer.bought.cost, bound, left, Verdict.PROVED if reached(left, gap) else Verdict.BEST_FOUND, prices,
        rows[1:], against, time.perf_counter() - began, proof,
    )  # fmt: skip


def _asked(
    horizon: Horizon, use: Array, fleet: Fleet, limits: Sequence[PathLimit], charges: Charges | None
) -> OrderingCase:  # fmt: skip
    return OrderingCase(horizon, use, fleet, tuple(limits), fleet.charges if charges is None else charges)


def _proof(
    rows: Array, prices: Array, bound: float, path: Mapping[str, Any], cuts: Sequence[Array] = ()
) -> dict[str, Any]:  # fmt: skip
    return {"prices": prices.tolist(), "multipliers": rows[1:].tolist(), "bound": bound, "path": path,
            **({"cuts": [own.tolist() for own in cuts]} if len(cuts) else {})}  # fmt: skip


def _within_cuts(asked: OrderingCase, known: OrderedFind, gap: float, clock: Clock) -> dict[str, Any]:
    """A certificate without multipliers: every limit is one of paths alone, at prices of its own, and the search keeps
    it. The prices are the tangents at the load of the path known, so that nothing is lost there but parts of lots."""
    charges, fleet, count = asked.charges, asked.fleet, len(asked.limits)
    own = [tangent(fleet, known.load, charges.order[k], charges.burst[k]) for k in range(1 + count)]
    rows = np.eye(1, 1 + count)[0]
    priced, constant = asked.priced(rows, own[0])
    cuts = [asked.cut(k, prices) for k, prices in enumerate(own[1:])]
    found = search_paths(priced, 0.8 * gap, clock, limits=cuts, seed=known.path)
    return _proof(rows, own[0], found.bound + constant + asked.supply(rows, own[0]), found.certificate, own[1:])


def impossible(asked: OrderingCase, gap: float, clock: Clock) -> bool:
    """Whether it is proven that no path with any orders keeps all limits and has its load carried.

    At multipliers and prices without the value, all that paths keep and orders take adds up to less than 0.
    """
    rows, prices = Joint(asked).settled(clock, head=0.0)
    priced, constant = asked.priced(rows, prices)
    return search_paths(priced, gap, clock).bound + constant + asked.supply(rows, prices) < 0.0


def which_clash(asked: OrderingCase, gap: float, clock: Clock) -> tuple[str, ...]:
    """Limits that no path keeps with any orders, each alone if there are such; else all, if they clash; else none."""
    found = []
    for k, limit in enumerate(asked.limits, start=1):
        own = Charges(asked.charges.order[[0, k]], asked.charges.burst[[0, k]])
        if impossible(OrderingCase(asked.horizon, asked.use, asked.fleet, (limit,), own), gap, clock):
            found.append(limit.name)
    if found or not impossible(asked, gap, clock):
        return tuple(found)
    return tuple(limit.name for limit in asked.limits)


def replay_orders(
    horizon: Horizon, use: Array, fleet: Fleet, certificate: Mapping[str, Any], limits: Sequence[PathLimit] = (),
    charges: Charges | None = None,
) -> float:  # fmt: skip
    """The bound that a certificate proves, without searching.

    Raises NotTrustedError where it is not well formed or proves less than it claims.
    """
    try:
        prices, claimed = np.array(certificate["prices"], dtype=np.float64), float(certificate["bound"])
        rows = np.array([1.0, *certificate.get("multipliers", [])], dtype=np.float64)
        fits = prices.shape == fleet.blocks and rows.shape == (1 + len(limits),)
        if not fits or any(not (np.isfinite(part).all() and (part >= 0.0).all()) for part in (prices, rows)):
            raise NotTrustedError("the certificate has prices that prove nothing")
        asked = _asked(horizon, use, fleet, limits, charges)
        priced, constant = asked.priced(rows, prices)
        cuts = np.array(certificate.get("cuts", []), dtype=np.float64).reshape(-1, *fleet.blocks)
        if len(cuts) not in (0, len(limits)) or not (np.isfinite(cuts).all() and (cuts >= 0.0).all()):
            raise NotTrustedError("the certificate has prices that prove nothing")
        kept = [asked.cut(k, own) for k, own in enumerate(cuts)]
        proven = replay(priced, certificate["path"], kept) + constant + asked.supply(rows, prices)
    except (KeyError, TypeError, ValueError) as error:
        raise NotTrustedError(f"the certificate is not well formed: {error!r}") from error
    if not proven <= claimed + 1e-9 * max(abs(claimed), abs(proven)):
        raise NotTrustedError(f"the certificate claims {claimed!r}, but proves no more than {proven!r}")
    return proven
