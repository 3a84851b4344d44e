"""The separable bound over boxes of prices: what each plan can add, as a function of its own price alone.

For any t_ij and lambda_i = sum_j t_ij, with the outside share y = 1 / (1 + sum_j w_ij), type i is worth exactly

    lambda_i + y_i sum_j d_ij(p_j),    d_ij = w_ij (p_j - c_ij - lambda_i) - t_ij

and y_i lies between 1 / (w_ij + H_ij) and 1 / (w_ij + L_ij), one plus the other plans' most and least weights. So

    revenue <= sum_i n_i lambda_i + sum_j max over p_j of  sum_i n_i max(d_ij / (w_ij + L_ij), d_ij / (w_ij + H_ij))

All types share the plan's price, so their differences cancel within a plan. With s = w / (w + q), q = L or H, each
branch is ``s m - t / q``, m = p - c - lambda + t / q, and

    -f'' = b s (1 - s) (2 - b (1 - 2 s) m),    |f'''| <= b^2 min(s, 1/4) (3 + |b m|)

The larger of the two branches only adds convexity where they cross. So over a cell of width e with -f'' <= k for both
branches, the sum is at most its larger end plus ``e^2 / 8 max(0, sum_i n_i k_i)``: an error of second order.
The bound is lowered over t by subgradients; at the least it is that of the linear relaxation with a price lottery.

Tried without gain: intervals of outside shares as further coordinates, a multiplier on S_i - 1 / y_i, probing every
plan's pieces at the root, and the second-order bound of ``taylor`` on what is left. Cells too coarse for wide boxes
hide that cutting helps.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from optimizer.search.levels.bounds import others
from optimizer.search.prices.prices import UNIT
from optimizer.search.prices.search import CertifiedPrices, PriceBoxes, PriceSearch
from optimizer.typing import Array, Bools


@dataclass(frozen=True)
class CellBoxes(PriceBoxes):
    """Boxes of prices, B of them along the last axis of every array."""

    AXIS: ClassVar[int] = -1
    low: Array
    """(J, B)"""
    high: Array
    """(J, B)"""
    shift: Array
    """(J, I, B): t, money."""
    length: Array
    """(B,) share of Polyak's step that is taken."""
    doubt: Array
    """(J, B) money of the bound's error that the width of each plan's prices explains; -1 where it has none."""


@dataclass(frozen=True)
class _PriceTable:
    """What does not change while t moves: (J, points, I, B) unless told."""

    grid: Array
    """(J, points, B) prices, from the low to the high end."""
    weight: Array
    earned: Array
    """w (p - c)."""
    around: tuple[Array, Array]
    """L and H (J, I, B)."""
    outside: tuple[Array, Array]
    """Most and least outside share at each price."""
    scratch: tuple[Array, Array, Array]
    """Room for intermediate results; large arrays cost more to allocate than to fill."""


def _at(table: Array, point: NDArray[np.intp]) -> Array:
    """(J, points, I, B) at one point (J, B) of every plan: (J, I, B)."""
    return np.asarray(np.take_along_axis(table, point[:, None, None, :], 1)[:, 0])


class Cells:
    """Bounds and cuts boxes of prices for one search; meets ``prices.search.PriceBranching``."""

    def __init__(self, search: PriceSearch) -> None:
        data, tuning = search.data, search.tuning
        self.search, self.data, self.people, self._tuning = search, data, data.customers, tuning
        each = 2 * data.types * data.plans * tuning.most_cells
        self.batch = int(np.clip(tuning.cell_numbers // each, 1, tuning.cell_batch))
        self._constants, self._slopes, self._costs = (
            np.ascontiguousarray(x.T)[:, :, None] for x in (data.constants, data.slopes, data.costs)
        )
        self._steep = np.maximum(self.people @ np.abs(data.slopes) / self.people.sum(), 1e-200)

    def weights(self, price: Array) -> Array:
        """Attractions (J, I, B) at prices (J, B)."""
        return np.asarray(np.exp(self._constants - self._slopes * price[:, None, :]))

    def _ends(self, low: Array, high: Array) -> tuple[Array, Array]:
        """Least and most attractions over price intervals."""
        one, two = self.weights(low), self.weights(high)
        return np.minimum(one, two), np.maximum(one, two)

    def _grid(self, low: Array, high: Array) -> Array:
        """(J, points, B): half-way between even steps and even steps of exp(-b p / 2), as curvature goes with w."""
        width = high - low
        tuning = self._tuning
        wanted = np.ceil(tuning.cell_density * (self._steep[:, None] * width).max())
        cells = int(np.clip(wanted, tuning.least_cells, tuning.most_cells))
        steps = np.linspace(0.0, 1.0, cells + 1)[None, :, None]
        rate = 0.5 * self._steep[:, None]
        with np.errstate(divide="ignore"):
            fast = -np.log1p(np.expm1(-rate * width)[:, None] * steps) / rate[:, None]
        grid = np.minimum(low[:, None] + 0.5 * (fast + steps * width[:, None]), high[:, None])
        grid[:, -1] = high
        return np.asarray(grid)

    def _table(self, low: Array, high: Array) -> _PriceTable:
        grid = self._grid(low, high)
        price = grid[:, :, None, :]
        weight = np.exp(self._constants[:, None] - self._slopes[:, None] * price)
        earned = weight * (price - self._costs[:, None])
        ends = weight[:, 0], weight[:, -1]
        around = others(np.minimum(*ends)), others(np.maximum(*ends))
        most, least = (1.0 / (weight + q[:, None]) for q in around)
        scratch = np.empty_like(weight), np.empty_like(weight), np.empty_like(weight)
        return _PriceTable(grid, weight, earned, around, (most, least), scratch)

    def _value(self, table: _PriceTable, shift: Array) -> tuple[Array, Array, Array]:
        """sum_i n_i lambda_i (B,), the plans' sums (J, points, B) and d (J, points, I, B)."""
        unit = shift.sum(axis=0)
        d, largest, other = table.scratch
        np.multiply(table.weight, unit, out=d)
        np.subtract(table.earned, d, out=d)
        np.subtract(d, shift[:, None], out=d)
        np.multiply(d, table.outside[0], out=largest)
        np.multiply(d, table.outside[1], out=other)
        np.maximum(largest, other, out=largest)
        return np.asarray(self.people @ unit), np.asarray(self.people @ largest), d

    def _slope(self, table: _PriceTable, point: NDArray[np.intp], d: Array) -> tuple[Array, Array, Array]:
        """Derivative by t per person (J, I, B), d and the attractions at one point of every plan."""
        there, weight = _at(d, point), _at(table.weight, point)
        outside = np.where(there > 0.0, *(_at(y, point) for y in table.outside))
        return 1.0 - (outside * weight).sum(axis=0) - outside, there, weight

    def _lower(self, table: _PriceTable, boxes: CellBoxes, rounds: int) -> tuple[Array, Array]:
        """Subgradient steps from the better of the given t and that of the box's middle: t, and the step's length."""
        middle = len(table.grid[0]) // 2
        weight, earned = table.weight[:, middle], table.earned[:, middle]
        central = earned - weight * (earned.sum(axis=0) / (1.0 + weight.sum(axis=0)))
        given, other = (self._total(table, t) for t in (boxes.shift, central))
        shift = np.where(other < given, central, boxes.shift)
        best, lowest, length = shift, np.full(given.shape, np.inf), boxes.length
        target, tuning, clock = self.search.cutoff, self._tuning, self.search.tree.clock.with_grace()
        for last in range(rounds):
            base, sums, d = self._value(table, shift)
            point = sums.argmax(axis=1)
            total = base + np.take_along_axis(sums, point[:, None], 1)[:, 0].sum(axis=0)
            better = total < lowest
            best, lowest = np.where(better, shift, best), np.where(better, total, lowest)
            if last == rounds - 1 or (lowest <= target).all() or clock.stop():
                break
            wild = total - target > tuning.wild * (lowest - target)
            tamer = np.where(better, tuning.longer, tuning.tired)
            length = np.minimum(1.0, length * np.where(wild, tuning.shorter, tamer))
            slope = self._slope(table, point, d)[0]
            # a slope of nothing but rounding must not send t far away
            norm = np.maximum(self.people @ (slope * slope).sum(axis=0), 1e-6 * self.people.sum())
            shift = shift - length * np.maximum(total - target, 0.0) / norm * slope
        return best, length

    def _total(self, table: _PriceTable, shift: Array) -> Array:
        """(B,) the bound with the maxima at the points only."""
        base, sums, _ = self._value(table, shift)
        return np.asarray(base + sums.max(axis=1).sum(axis=0))

    def _cells(self, table: _PriceTable, shift: Array, sums: Array) -> Array:
        """(J, cells, B): upper bounds of the plans' sums over the cells between the points."""
        width = np.abs(np.diff(table.grid, axis=1))[:, :, None] * (1.0 + 1e-12)
        width += 4.0 * UNIT * np.abs(table.grid[:, 1:, None])
        b, steep = self._slopes[:, None], np.abs(self._slopes)[:, None]
        paid = table.grid[:, :, None] - self._costs[:, None] - shift.sum(axis=0)
        bend = None
        for around in table.around:
            s = table.weight / (table.weight + around[:, None])
            m = paid + (shift / around)[:, None]
            held, size = s * (1.0 - s), steep * np.abs(m)
            curved = b * held * (2.0 - b * (1.0 - 2.0 * s) * m) + self.data.rounding * steep * s * (2.0 + size)
            share = np.minimum(np.maximum(s[:, 1:], s[:, :-1]), 0.25)
            third = share * steep**2 * (3.0 + np.maximum(size[:, 1:], size[:, :-1]))
            here = np.maximum(curved[:, 1:], curved[:, :-1]) + 0.5 * width * third
            bend = here if bend is None else np.maximum(bend, here)
        assert bend is not None
        top = np.maximum(sums[:, 1:], sums[:, :-1])
        return np.asarray(top + width[:, :, 0] ** 2 / 8.0 * np.maximum(self.people @ bend, 0.0))

    def _slack(self, table: _PriceTable, boxes: CellBoxes, shift: Array) -> Array:
        """(B,) more than rounding can take: relative to n_i (|lambda| + sum_j (share x money + y |t|))."""
        money = np.maximum(*(np.abs(p[:, None] - self._costs) for p in (boxes.low, boxes.high)))
        outside = table.outside[0].max(axis=1)
        unit = np.abs(shift).sum(axis=0) * outside.max(axis=0) + np.abs(shift.sum(axis=0))
        terms = money.sum(axis=0) + (2.0 + self.data.plans) * unit
        return np.asarray(4.0 * self.data.rounding * (self.people @ terms))

    def bound(self, boxes: CellBoxes, rounds: int) -> CellBoxes:
        """The boxes, narrowed to the prices that can beat the cutoff, with new bounds; what is cut off is closed."""
        table = self._table(boxes.low, boxes.high)
        shift, length = self._lower(table, boxes, rounds)
        base, sums, d = self._value(table, shift)
        cells = self._cells(table, shift, sums)
        top = cells.max(axis=1)
        total = base + top.sum(axis=0) + self._slack(table, boxes, shift)
        by_cell = total - top[:, None] + cells
        # fmin: what is not a number proves nothing
        total = np.fmin(total, boxes.bound)
        point = sums.argmax(axis=1)
        peak = np.take_along_axis(table.grid, point[:, None], 1)[:, 0]
        self.search.offer(peak[:, int(total.argmax())][None], reach=1.0)
        target = self.search.cutoff
        alive = ~(by_cell <= target) | (total <= target)
        first, last = alive.argmax(axis=1), alive.shape[1] - alive[:, ::-1].argmax(axis=1)
        number = np.arange(alive.shape[1])[None, :, None]
        self.search.close(by_cell[(number < first[:, None]) | (number >= last[:, None])])
        low, high = (np.take_along_axis(table.grid, k[:, None], 1)[:, 0] for k in (first, last))
        doubt = self._doubt(self._slope(table, point, d), low, high)
        return CellBoxes(total, low, high, shift, length, doubt)

    def _doubt(self, at: tuple[Array, Array, Array], low: Array, high: Array) -> Array:
        """How far each plan's prices move the outside shares that the other plans' terms were taken with."""
        _, there, weight = at
        least, most = self._ends(low, high)
        force = there * self.people[:, None] / (1.0 + weight.sum(axis=0)) ** 2
        up, down = np.maximum(force, 0.0), np.maximum(-force, 0.0)
        far = (up.sum(axis=0) - up) * np.maximum(weight - least, 0.0)
        far += (down.sum(axis=0) - down) * np.maximum(most - weight, 0.0)
        wide = high - low > 1e-12 * (np.abs(low) + np.abs(high))
        return np.where(wide, far.sum(axis=1), -1.0)

    def halves(self, boxes: CellBoxes) -> CellBoxes:
        """Every box cut in two at its most doubtful plan, where that plan's mean share is half-way between its ends."""
        rows, plan = np.arange(len(boxes.bound)), boxes.doubt.argmax(axis=0)
        least, _ = self._ends(boxes.low, boxes.high)
        a, b = boxes.low[plan, rows], boxes.high[plan, rows]
        steps = np.linspace(0.0, 1.0, self._tuning.cut_points)[:, None]
        price = a * (1.0 - steps) + b * steps
        i = (slice(None), plan, None)
        weight = np.exp(self.data.constants[i].squeeze(2) - self.data.slopes[i].squeeze(2) * price[:, None])
        around = others(least)[plan, :, rows].T
        share = self.people @ (weight / (weight + around))
        margin = self._tuning.cut_margin
        far = np.abs(share - 0.5 * (share[0] + share[-1]))[margin:-margin]
        where = price[margin + far.argmin(axis=0), rows]
        low, high = boxes.low.copy(), boxes.high.copy()
        high[plan, rows] = low[plan, rows] = where
        return replace(boxes, high=high).join(replace(boxes, low=low))

    def root(self) -> CellBoxes:
        """The whole box, from the t that makes the bound exact at the incumbent's prices."""
        data, prices, one = self.data, self.search.best.prices, np.ones(1)
        weight = np.exp(data.constants - data.slopes * prices)
        earned = weight * (prices - data.costs)
        unit = earned.sum(axis=1) / (1.0 + weight.sum(axis=1))
        shift = (earned - weight * unit[:, None]).T[:, :, None]
        ends = data.lower[:, None], data.upper[:, None]
        whole = CellBoxes(np.inf * one, *ends, shift, one, np.zeros((data.plans, 1)))
        return self.bound(whole, self._tuning.cell_root_rounds)

    def children(self, boxes: CellBoxes) -> CellBoxes:
        """Both halves of every box, bounded."""
        return self.bound(self.halves(boxes), self._tuning.cell_rounds)

    def indivisible(self, boxes: CellBoxes) -> Bools:
        """(B,) boxes without a plan whose prices could be cut."""
        return np.asarray(boxes.doubt.max(axis=0) < 0.0)


def certify_cells(search: PriceSearch) -> CertifiedPrices:
    """Prove the incumbent of the search within its gap by price cells, unless time runs out."""
    return search.certify(Cells(search))
