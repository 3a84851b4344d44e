"""``PriceProblem``: continuous prices under finite-mixture logit demand, from plain arrays."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from optimizer.errors import bad_argument
from optimizer.execution.arguments import checked_gap, checked_seconds
from optimizer.execution.arrays import dimensions, finite, number
from optimizer.search.prices.certify import certify, round_prices
from optimizer.search.prices.prices import Prices, revenue
from optimizer.typing import Array, Verdict

_HIGHEST_UTILITY = 200.0


@dataclass(frozen=True)
class RoundedPrices:
    """Prices on given price points."""

    prices: Array
    """(J,)"""
    value: float
    """Money at these prices."""
    loss: float
    """Money below the value of the continuous prices (negative where the points happen to be better)."""
    loss_to_bound: float
    """Money below the bound: no menu on the points, nor any prices at all, earn more than this above ``value``."""


@dataclass(frozen=True)
class PriceSolution:
    """The best prices found and what is proven of them."""

    prices: Array
    """(J,)"""
    value: float
    """Money by direct evaluation."""
    bound: float
    """No prices within the limits earn more."""
    gap: float
    """(bound - value) / |value|; the yardstick is 1e-9 of the largest possible money where the value is near 0."""
    verdict: Verdict
    """proved, or best_found where time ran out."""
    seconds: float
    boxes: int
    """Boxes bounded by the search."""
    method: str
    """outside_shares (few types) or prices (many types): what was branched on."""


def _spread(value: ArrayLike, shape: tuple[int, int], name: str) -> Array:
    """(J,) or (I, J) as (I, J). Raises InputError."""
    one = dimensions(value) == 1
    array = finite(value, shape[1:] if one else shape, name)
    return np.ascontiguousarray(np.broadcast_to(array, shape))


class PriceProblem:
    """Choose a price for every plan for the most money.

    A customer of type i takes plan j with probability ``exp(V_ij) / (1 + sum_k exp(V_ik))``,
    ``V_ij = constants_ij - price_coefficients_ij p_j``; buying nothing has utility 0. Maximised is
    ``sum_i customers_i sum_j share_ij (p_j - costs_ij)`` over ``lower <= p <= upper``.

    Args:
        customers: (I,) people of each type, > 0.
        constants: (I, J) utility of each plan at price 0.
        price_coefficients: (I, J), or (J,) for all types: utility lost per unit of price; either sign.
        costs: (I, J), or (J,) for all types: money to serve a customer.
        lower: (J,) or one number: least prices.
        upper: (J,) or one number: highest prices.

    Raises:
        InputError: names the argument and the place in it: shapes, signs, nan, numbers beyond 1e30, a lower price above
            the upper, utilities beyond 200 within the limits.

    Source: multinomial-logit mixtures as in van de Geer and den Boer (2022), "Price Optimization Under the
    Finite-Mixture Logit Model", Management Science; the bounds are told in ``optimizer.search.prices.certify*``.
    """

    def __init__(
        self,
        customers: ArrayLike,
        constants: ArrayLike,
        price_coefficients: ArrayLike,
        costs: ArrayLike,
        lower: ArrayLike,
        upper: ArrayLike,
    ) -> None:
        utility = finite(constants, (None, None), "constants")
        types, plans = utility.shape
        reach = finite(customers, (types,), "customers", above=0.0)
        slopes = _spread(price_coefficients, (types, plans), "price_coefficients")
        low = _limits(lower, plans, "lower")
        high = _limits(upper, plans, "upper")
        if (low > high).any():
            j = int(np.argmax(low > high))
            raise bad_argument("lower", f"plan {j}: {low[j]:g} is above the upper limit {high[j]:g}")
        largest = np.maximum(utility - slopes * low, utility - slopes * high)
        if (largest > _HIGHEST_UTILITY).any():
            i, j = divmod(int(np.argmax(largest)), plans)
            raise bad_argument(
                "constants",
                f"type {i}, plan {j}: utility reaches {largest[i, j]:.4g}, beyond {_HIGHEST_UTILITY:g}",
                "narrow the price limits",
            )
        spent = _spread(costs, (types, plans), "costs")
        self.data = Prices(reach, utility, slopes, spent, low, high)

    def evaluate(self, prices: ArrayLike) -> float:
        """Money at prices (J,), within the limits or not. Raises InputError for a wrong shape or nan."""
        return float(revenue(self.data, finite(prices, (self.data.plans,), "prices")[None])[0])

    def solve(self, gap: float = 1e-2, time_limit: float | None = None) -> PriceSolution:
        """The best prices, proven within ``gap`` of the global optimum unless ``time_limit`` seconds run out first.

        The bound holds for every price within the limits, rounding errors included, also when time runs out.
        Few types (3 or 4; 7 where types share the coefficients): dozens of plans in a fraction of a second, by
        branching on outside shares. More types, by branching on prices: with coefficients by type and plan, 10 types x
        12 plans take about 0.2 s to 1 % and below 1 s to 0.1 %. Coefficients that differ by type alone are harder: up
        to about 8 plans take seconds, but 10 x 10 and 8 x 12 may stay 1 to 2 % open after 20 s.

        Raises:
            InputError: a gap or a time limit that is not above 0.
        """
        gap, seconds = checked_gap(gap, positive=True), checked_seconds(time_limit)
        began = time.perf_counter()
        deadline = None if seconds is None else time.monotonic() + seconds
        found, method = certify(self.data, gap, deadline)
        yardstick = max(abs(found.value), 1e-9 * self.data.scale)
        reached = max(0.0, found.bound - found.value) / yardstick if yardstick > 0.0 else 0.0
        return PriceSolution(
            found.prices,
            found.value,
            found.bound,
            reached,
            Verdict.PROVED if reached <= gap * (1.0 + 1e-9) else Verdict.BEST_FOUND,
            time.perf_counter() - began,
            found.boxes,
            method,
        )

    def round_to(self, points: ArrayLike | Sequence[ArrayLike], solution: PriceSolution) -> RoundedPrices:
        """The solution's prices on price points: the nearest ones, improved by a search over the points of each plan.

        ``points``: one ladder for all plans, or one per plan. Only points within the limits are used.

        Raises:
            InputError: no ladder for a plan, none of its points within the limits, or a solution of another problem.
        """
        if not isinstance(solution, PriceSolution):
            raise bad_argument("solution", f"is not a PriceSolution, but {type(solution).__name__}")
        ladders, found = self._ladders(points), finite(solution.prices, (self.data.plans,), "solution.prices")
        prices = round_prices(self.data, ladders, found)
        value = self.evaluate(prices)
        return RoundedPrices(prices, value, solution.value - value, max(0.0, solution.bound - value))

    def _ladders(self, points: ArrayLike | Sequence[ArrayLike]) -> list[Array]:
        plans = self.data.plans
        given: list[Any] = []
        if isinstance(points, Iterable):
            given.extend(points)
        if given and dimensions(given[0]) == 0:
            given = [finite(given, (None,), "points")] * plans
        if len(given) != plans:
            raise bad_argument("points", f"has {len(given)} ladders, wanted {plans} or one ladder for all plans")
        ladders = []
        for j, ladder in enumerate(given):
            values = np.unique(finite(ladder, (None,), f"points[{j}]"))
            values = values[(values >= self.data.lower[j]) & (values <= self.data.upper[j])]
            if not values.size:
                raise bad_argument(f"points[{j}]", "has no point within the price limits")
            ladders.append(values)
        return ladders


def _limits(value: ArrayLike, plans: int, name: str) -> Array:
    if isinstance(value, int | float | np.number):
        return np.repeat(number(value, name), plans)
    return finite(value, (plans,), name)
