"""Continuous prices under finite-mixture logit: the arrays, the revenue and its derivatives, local ascent."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.search.engine import Clock
from optimizer.search.tuning import DEFAULT
from optimizer.typing import Array

NEVER = Clock()
"""Nothing stops the ascent but its end."""
UNIT = 2.0**-53
"""Unit roundoff of double precision."""
_FLAT = 1e-10
"""Relative gain at which ascent ends: Newton's next step would gain about its square."""


@dataclass(frozen=True)
class Prices:
    """A pricing problem as arrays: I types, J plans.

    Utility ``V_ij = constants_ij - slopes_ij p_j``, attraction ``w = exp(V)``, share ``w / (1 + sum_j w)``.
    """

    customers: Array
    """(I,) people of each type, > 0."""
    constants: Array
    """(I, J) utility at price zero."""
    slopes: Array
    """(I, J) utility lost per unit of price, either sign."""
    costs: Array
    """(I, J) money per customer."""
    lower: Array
    """(J,) least price."""
    upper: Array
    """(J,) highest price."""

    @property
    def types(self) -> int:
        return int(self.constants.shape[0])

    @property
    def plans(self) -> int:
        return int(self.constants.shape[1])

    @property
    def shared(self) -> bool:
        """Whether all types share one slope per plan."""
        return bool((self.slopes == self.slopes[0]).all())

    @cached_property
    def scale(self) -> float:
        """The most money the customers could pay or cost, a yardstick for values near zero."""
        span = np.maximum(np.abs(self.upper - self.costs), np.abs(self.lower - self.costs))
        return float(self.customers @ span.max(axis=1))

    @cached_property
    def rounding(self) -> float:
        """Relative error of a sum of ``w x money`` over types and plans in floating point (of its magnitudes)."""
        steep = np.abs(self.slopes) * np.maximum(np.abs(self.lower), np.abs(self.upper))
        exponent = float((np.abs(self.constants) + steep).max())
        return UNIT * (64.0 + 4.0 * (self.types + self.plans) + 8.0 * exponent)

    def strided(self, most: int) -> Prices:
        """The same with at most about ``most`` types, taken at even steps."""
        step = max(1, self.types // most)
        k = slice(None, None, step)
        return Prices(self.customers[k], self.constants[k], self.slopes[k], self.costs[k], self.lower, self.upper)


def revenue(data: Prices, prices: Array, chunk: int = DEFAULT.revenue_numbers) -> Array:
    """Money at each row of prices: ``sum_i n_i sum_j s_ij (p_j - c_ij)``. (K, J) -> (K,)."""
    out = np.empty(len(prices))
    rows = max(1, chunk // (data.types * data.plans))
    for start in range(0, len(prices), rows):
        p = prices[start : start + rows, None, :]
        w = np.exp(data.constants - data.slopes * p)
        out[start : start + rows] = ((w * (p - data.costs)).sum(axis=2) / (1.0 + w.sum(axis=2))) @ data.customers
    return out


def derivatives(data: Prices, prices: Array) -> tuple[Array, Array, Array]:
    """Value (K,), gradient (K, J) and Hessian (K, J, J) of the revenue at each row of prices.

    With ``g = sum_j s_j r_j`` and ``t_j = 1 - b_j (r_j - g)`` for one type: gradient ``s_j t_j``, Hessian
    ``s_j s_k (b_k t_j + b_j t_k) - [j = k] b_j s_j (t_j + 1)``.
    """
    n, b = data.customers[:, None], data.slopes
    p = prices[:, None, :]
    r = p - data.costs
    s = np.exp(data.constants - b * p)
    s /= 1.0 + s.sum(axis=2, keepdims=True)
    g = (s * r).sum(axis=2, keepdims=True)
    t = 1.0 - b * (r - g)
    weighted = n * s * t
    cross = np.swapaxes(weighted, 1, 2) @ (b * s)
    hessian = cross + np.swapaxes(cross, 1, 2)
    plans = np.arange(data.plans)
    hessian[:, plans, plans] -= (n * b * s * (t + 1.0)).sum(axis=1)
    return g[:, :, 0] @ data.customers, weighted.sum(axis=1), hessian


def climb(data: Prices, starts: Array, steps: int = 60, clock: Clock = NEVER) -> tuple[Array, Array]:
    """Local maxima from every start by damped Newton steps projected on the price bounds.

    Returns prices (K, J) and their revenue (K,); each start is only ever improved.
    """
    p = np.clip(starts, data.lower, data.upper)
    value, gradient, hessian = derivatives(data, p)
    damping = np.full(len(p), 1e-3)
    eye = np.eye(data.plans)
    for _ in range(steps):
        if clock.stop():
            break
        held = ((p <= data.lower) & (gradient <= 0.0)) | ((p >= data.upper) & (gradient >= 0.0))
        free = ~held
        curvature = np.abs(np.einsum("kjj->kj", hessian)) + 1e-12 * np.abs(hessian).max(axis=(1, 2))[:, None] + 1e-150
        matrix = -hessian * (free[:, :, None] & free[:, None, :])
        # Gershgorin on the scaled matrix keeps the step an ascent direction once the damping is large
        matrix += eye * np.where(free, damping[:, None] * curvature, curvature)[:, None, :]
        try:
            step = np.linalg.solve(matrix, (gradient * free)[..., None])[..., 0]
        except np.linalg.LinAlgError:
            step = gradient * free / curvature / (1.0 + damping[:, None])
        rise = (step * gradient).sum(axis=1)
        uphill = rise > 0.0
        step = np.where(uphill[:, None], step, gradient * free / curvature / (1.0 + damping[:, None]))
        trial = np.clip(p + step, data.lower, data.upper)
        tried = derivatives(data, trial)
        better = tried[0] > value
        gain = np.where(better, tried[0] - value, 0.0)
        p = np.where(better[:, None], trial, p)
        value = np.where(better, tried[0], value)
        gradient = np.where(better[:, None], tried[1], gradient)
        hessian = np.where(better[:, None, None], tried[2], hessian)
        # a full step that promises nothing is the end, also where rounding makes it look like a loss
        ended = better | (damping > 1e6) | ((damping < 1e-2) & (np.abs(rise) <= _FLAT * np.abs(value)))
        damping = np.clip(np.where(better, damping * 0.2, damping * 8.0), 1e-12, 1e12)
        if ((gain <= _FLAT * np.abs(value)) & ended).all():
            break
    return p, value


def first_prices(data: Prices, count: int = 12, clock: Clock = NEVER) -> tuple[Array, float]:
    """The best local maximum from a fixed set of starts: common markups, and even steps between the bounds."""
    share = np.linspace(0.02, 0.98, count)[:, None]
    span = data.upper - data.lower
    small = data.strided(1000)
    slope = np.maximum(small.customers @ np.abs(small.slopes) / small.customers.sum(), 1e-300)
    cost = small.customers @ small.costs / small.customers.sum()
    markup = 1.0 / slope
    starts = np.concatenate(
        [data.lower + share * span, cost + markup + share**2 * np.maximum(0.0, data.upper - cost - markup).max()]
    )
    for keep, steps in ((6, 6), (2, 40)):
        value = revenue(small, np.clip(starts, data.lower, data.upper))
        starts, value = climb(small, starts[np.argsort(-value, kind="stable")[:keep]], steps, clock)
    if small.types < data.types:
        starts, value = climb(data, starts, 8, clock)
    k = int(np.argmax(value))
    return starts[k], float(value[k])
