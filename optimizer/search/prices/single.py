"""The most of ``sum_i exp(a_i - b_i p) (u_i (p - c_i) - v_i)`` over one price's interval, with its certificate.

``u_i = n_i y_i >= 0`` and ``v_i = n_i y_i lambda_i``: what is left of one plan once multipliers have split the plans.
Two ways: in closed form where the types share the plan's slope; else on a grid, with the error between its points.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from optimizer.search.prices.prices import UNIT, Prices
from optimizer.typing import Array


@dataclass(frozen=True)
class Peaks:
    """Per node B, corner C and plan J: an upper bound of the maximum, a price that (nearly) reaches it, and -1/f''."""

    bound: Array
    """(B, C, J), rounding not included."""
    price: Array
    """(B, C, J)"""
    give: Array
    """(B, C, J) reciprocal of the curvature at an inner maximum, 0 at an end."""


class Single(Protocol):
    """A way to maximise each plan's function over nodes with price intervals."""

    def prepare(self, low: Array, high: Array) -> None:
        """Sets the nodes' price intervals, (B, J) each."""

    def peaks(self, u: Array, v: Array) -> Peaks:
        """Maxima for coefficients (B, C, I)."""

    def reduced(self, u: Array, v: Array, allowance: Array) -> tuple[Array, Array]:
        """Price intervals (B, J) outside which every corner's function is below its maximum by its allowance (B, C)."""


class ClosedForm:
    """One slope b per plan: ``A x (p - K)`` with ``x = exp(-b p)`` has its only inner peak at ``K + 1/b``, b > 0."""

    def __init__(self, data: Prices) -> None:
        self._slope = data.slopes[0]
        self._anchor = data.lower
        self._attraction = np.exp(data.constants - data.slopes * data.lower)
        self._spent = self._attraction * data.costs
        self._peaked = self._slope > 0.0
        self._markup = 1.0 / np.where(self._peaked, self._slope, 1.0)

    def prepare(self, low: Array, high: Array) -> None:
        """See Single."""
        self._low, self._high = low[:, None, :], high[:, None, :]

    def peaks(self, u: Array, v: Array) -> Peaks:
        """See Single. Exact."""
        a = u @ self._attraction
        k = (v @ self._attraction + u @ self._spent) / np.maximum(a, 1e-300)
        if self._peaked.all():
            price = np.clip(k + self._markup, self._low, self._high)
        else:
            ends = [np.exp(-self._slope * (p - self._anchor)) * (p - k) for p in (self._low, self._high)]
            end = np.where(ends[0] >= ends[1], self._low, self._high)
            price = np.where(self._peaked, np.clip(k + self._markup, self._low, self._high), end)
        x = np.exp(-self._slope * (price - self._anchor))
        inner = self._peaked & (price > self._low) & (price < self._high)
        give = np.where(inner, 1.0 / np.maximum(self._slope * a * x, 1e-300), 0.0)
        return Peaks(a * x * (price - k), price, give)

    def reduced(self, u: Array, v: Array, allowance: Array) -> tuple[Array, Array]:
        """See Single. Nothing is cut: the outside shares close these problems."""
        return self._low[:, 0], self._high[:, 0]


class Grid:
    """Slopes differ by type: ``cells`` cells per interval, each bounded from its ends by the second derivative.

    Inside a cell of width d: ``f <= max at the ends + d^2/8 max(0, -f'' at the ends) + d^3/16 max|f'''|``.
    """

    def __init__(self, data: Prices, cells: int) -> None:
        self._data, self.cells = data, cells

    def prepare(self, low: Array, high: Array) -> None:
        """See Single."""
        data = self._data
        steps = np.linspace(0.0, 1.0, self.cells + 1)
        self._grid = low[..., None] * (1.0 - steps) + high[..., None] * steps
        grid, b = self._grid[:, None], data.slopes[None, :, :, None]
        w = np.exp(data.constants[None, :, :, None] - b * grid)
        r = grid - data.costs[None, :, :, None]
        d = (high - low) / self.cells * (1.0 + 1e-12) + 4.0 * UNIT * (np.abs(low) + np.abs(high))
        d = d[:, None, :, None]
        widest = np.maximum(w[..., 1:], w[..., :-1])
        money = np.maximum(np.abs(r[..., 1:]), np.abs(r[..., :-1]))
        third = d**3 / 16.0 * widest * b**2
        exact = data.rounding * widest
        bend = d**2 / 8.0 * w * b
        self._shape = (len(low), data.types, data.plans)

        def flat(a: Array) -> Array:
            return a.reshape(len(low), data.types, -1)

        self._w = w
        self._value = np.concatenate([flat(w * r), flat(-w)], axis=1)
        self._bend = np.concatenate([flat(bend * (2.0 - b * r)), flat(bend * b)], axis=1)
        slack = [third * (3.0 + np.abs(b) * money) + exact * money, third * np.abs(b) + exact]
        self._slack = np.concatenate([flat(a) for a in slack], axis=1)

    def _cells(self, u: Array, v: Array) -> tuple[Array, Array, Array]:
        """Values and bends at the points (B, C, J, cells + 1), bounds of the cells (B, C, J, cells)."""
        nodes, corners, plans = len(u), u.shape[1], self._shape[2]
        both = np.concatenate([u, v], axis=2)
        value = (both @ self._value).reshape(nodes, corners, plans, -1)
        bend = (both @ self._bend).reshape(nodes, corners, plans, -1)
        slack = (np.concatenate([u, np.abs(v)], axis=2) @ self._slack).reshape(nodes, corners, plans, -1)
        top = np.maximum(value[..., 1:], value[..., :-1])
        return value, bend, top + np.maximum(np.maximum(bend[..., 1:], bend[..., :-1]), 0.0) + slack

    def peaks(self, u: Array, v: Array) -> Peaks:
        """See Single."""
        value, bend, bound = self._cells(u, v)
        best = value.argmax(axis=3)[..., None]
        grid = np.broadcast_to(self._grid[:, None], value.shape)
        width = (self._grid[..., 1] - self._grid[..., 0])[:, None]
        curvature = np.take_along_axis(bend, best, 3)[..., 0] * 8.0 / np.maximum(width, 1e-150) ** 2
        inner = (best[..., 0] > 0) & (best[..., 0] < self.cells) & (curvature > 0.0)
        give = np.where(inner, 1.0 / np.where(inner, curvature, 1.0), 0.0)
        return Peaks(bound.max(axis=3), np.take_along_axis(grid, best, 3)[..., 0], give)

    def reduced(self, u: Array, v: Array, allowance: Array) -> tuple[Array, Array]:
        """See Single. A plan's cells that are too low at every corner are cut from the ends."""
        bound = self._cells(u, v)[2]
        alive = (bound >= bound.max(axis=3, keepdims=True) - allowance[:, :, None, None]).any(axis=1)
        first = alive.argmax(axis=2)
        last = self.cells - alive[..., ::-1].argmax(axis=2)
        low = np.take_along_axis(self._grid, first[..., None], 2)[..., 0]
        high = np.take_along_axis(self._grid, last[..., None], 2)[..., 0]
        dead = ~alive.any(axis=2)
        return np.where(dead, self._grid[..., 0], low), np.where(dead, self._grid[..., -1], high)
