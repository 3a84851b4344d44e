"""Few types, any number of plans: branch on the outside share of each type (and on prices where that stalls).

With ``y_i = 1 / S_i`` the outside share and any multipliers, revenue equals

    Phi(p, y) = sum_i n_i [ y_i N_i(p) + lambda_i(y) (1 - y_i S_i(p)) ],    N_i = sum_j w_ij (p_j - c_ij)

because the bracket vanishes. Take ``lambda_i(y)`` affine, with a slope not above zero in its own ``y_i``: Phi is then
convex in each y_i, so over a box of y it is largest at a corner, and at a corner it is a sum over plans of functions of
one price each. The least over the multipliers' common part, of the most over the corners, bounds the box. The slopes of
``lambda`` follow the implicit function theorem at the box's middle, which makes the error one of the fourth order
where the revenue curves upwards in a share, of the second elsewhere.

Source: separable bound and outside-share branching of this project; concavity in ``exp(-b p)`` where a plan's slope is
shared, after Li and Huh (2011), "Pricing multiple products with the multinomial logit and nested logit models".
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product

import numpy as np
from numpy.typing import NDArray

from optimizer.search.prices.prices import Prices
from optimizer.search.prices.search import CertifiedPrices, PriceBoxes, PriceSearch
from optimizer.search.prices.single import ClosedForm, Grid, Peaks, Single
from optimizer.typing import Array, Bools


@dataclass(frozen=True)
class ShareBoxes(PriceBoxes):
    """Boxes of outside shares and prices, with the multipliers and the bound of each."""

    y_low: Array
    """(B, I)"""
    y_high: Array
    """(B, I)"""
    low: Array
    """(B, J)"""
    high: Array
    """(B, J)"""
    multipliers: Array
    """(B, I)"""
    cut: Array
    """(B, 2): which coordinate to split (a type, or types + a plan) and where; nan for a box too small to split."""


@dataclass(frozen=True)
class _Corners:
    """Phi at every corner of every node: (B, C, ...)."""

    total: Array
    """(B, C) upper bounds, rounding included."""
    peaks: Peaks
    attraction: Array
    """(B, C, I, J) at the peaks' prices."""
    sums: Array
    """(B, C, I): S."""
    money: Array
    """(B, C, I): N."""
    multipliers: Array


def _pick(better: Bools, new: _Corners, old: _Corners) -> _Corners:
    def chosen(a: Array, b: Array) -> Array:
        return np.where(better.reshape((-1,) + (1,) * (a.ndim - 1)), a, b)

    pairs = zip(new.peaks.__dict__.values(), old.peaks.__dict__.values(), strict=True)
    peaks = Peaks(*(chosen(a, b) for a, b in pairs))
    return _Corners(
        chosen(new.total, old.total),
        peaks,
        chosen(new.attraction, old.attraction),
        chosen(new.sums, old.sums),
        chosen(new.money, old.money),
        chosen(new.multipliers, old.multipliers),
    )


class OutsideShares:
    """Bounds and cuts boxes of outside shares; meets ``prices.search.PriceBranching``."""

    def __init__(self, search: PriceSearch) -> None:
        data, tuning = search.data, search.tuning
        self.data, self.search, self._tuning = data, search, tuning
        cells = _cells(data, search.tree.rule.gap)
        self.single: Single = ClosedForm(data) if data.shared else Grid(data, cells)
        each = 2**data.types * data.plans * data.types * (1 if data.shared else cells)
        self.batch = int(np.clip(tuning.share_numbers // each, 1, tuning.share_batch))
        self.bits = np.array(list(product((False, True), repeat=data.types)))
        largest = np.maximum(np.abs(data.upper - data.costs), np.abs(data.lower - data.costs)).max()
        self.limit = 100.0 * (float(largest) or 1.0)
        self.floor = 1e-7 * float(data.customers.max()) / self.limit
        self.eye = np.eye(data.types)
        self.steep = np.abs(data.slopes).max(axis=0)

    def corners(self, y: Array, multipliers: Array) -> _Corners:
        """Phi's upper bound at corners (B, C, I) under multipliers (B, C, I)."""
        data = self.data
        u = data.customers * y
        peaks = self.single.peaks(u, u * multipliers)
        p = peaks.price[:, :, None, :]
        w = np.exp(data.constants - data.slopes * p)
        sums, money = 1.0 + w.sum(axis=3), (w * (p - data.costs)).sum(axis=3)
        magnitude = (u * (w * (np.abs(p) + np.abs(data.costs))).sum(axis=3)).sum(axis=2)
        magnitude += (np.abs(multipliers) * (data.customers + u * sums)).sum(axis=2)
        total = ((data.customers - u) * multipliers).sum(axis=2) + peaks.bound.sum(axis=2)
        return _Corners(total + data.rounding * magnitude, peaks, w, sums, money, multipliers)

    def _curvature(self, y: Array, at: _Corners) -> Array:
        """Second derivatives of each corner's bound in the multipliers (B, C, I, I)."""
        pull = (self.data.customers * y)[..., None] * self.data.slopes * at.attraction
        curved: Array = (pull * at.peaks.give[:, :, None, :]) @ np.swapaxes(pull, 2, 3)
        return curved

    def _step(self, matrix: Array, gradient: Array) -> Array:
        ridge = 1e-8 * np.einsum("bii->bi", matrix).max(axis=1) + self.floor
        step: Array = np.linalg.solve(matrix + ridge[:, None, None] * self.eye, gradient[..., None])[..., 0]
        return step

    def _within(self, step: Array, y: Array, w: Array, radius: Array) -> tuple[Array, Array]:
        """The step (B, I), shortened until no plan's average multiplier moves beyond radius / slope; its length."""
        weight = (self.data.customers * y)[..., None] * w
        shift = (weight * step[..., None]).sum(axis=1) / np.maximum(weight.sum(axis=1), 1e-300)
        longest = np.maximum((self.steep * np.abs(shift)).max(axis=1), 1e-300)
        return step * np.minimum(1.0, radius / longest)[:, None], np.minimum(longest, radius)

    def centred(self, y: Array, multipliers: Array) -> tuple[Array, _Corners]:
        """One Newton step for the multipliers at the box's middle (B, 1, I)."""
        at = self.corners(y, multipliers)
        matrix = self._curvature(y, at)[:, 0]
        gradient = (self.data.customers * (1.0 - y * at.sums))[:, 0]
        step, _ = self._within(self._step(matrix, gradient), y[:, 0], at.attraction[:, 0], np.full(len(y), 2.0))
        moved = np.clip(multipliers - step[:, None], -self.limit, self.limit)
        after = self.corners(y, moved)
        better = after.total[:, 0] <= at.total[:, 0]
        return np.where(better[:, None, None], moved, multipliers), _pick(better, after, at)

    def tilt(self, y: Array, at: _Corners, offsets: Array) -> Array:
        """Changes of the multipliers at the corners (B, C, I): affine in y, own slope not above zero."""
        data, w, give = self.data, at.attraction[:, 0], at.peaks.give[:, 0]
        pull = data.slopes * w
        mine = data.customers[:, None] * (w - pull * (at.peaks.price - data.costs - at.multipliers[:, 0, :, None]))
        u = (data.customers * y[:, 0])[..., None]
        by_multiplier = -((pull * give[:, None]) @ np.swapaxes(u * pull, 1, 2))
        by_share = -((pull * give[:, None]) @ np.swapaxes(mine, 1, 2))
        ridge = 1e-8 * np.abs(np.einsum("bii->bi", by_multiplier)).max(axis=1) + 1e-300
        right = -(at.sums[:, 0] / y[:, 0])[..., None] * self.eye - by_share
        slope = np.linalg.solve(by_multiplier - ridge[:, None, None] * self.eye, right)
        own = np.arange(data.types)
        slope[:, own, own] = np.minimum(slope[:, own, own], 0.0)
        change = offsets @ np.swapaxes(slope, 1, 2)
        largest = np.maximum(np.abs(change).max(axis=(1, 2)), 1e-300)
        tilted: Array = change * np.minimum(1.0, 0.01 * self.limit / largest)[:, None, None]
        return np.where(np.isfinite(tilted), tilted, 0.0)

    def root(self) -> ShareBoxes:
        """All shares and prices."""
        data, prices = self.data, self.search.best.prices
        low, high = data.lower[None], data.upper[None]
        w = np.exp(data.constants - data.slopes * prices)
        start = ((w * (prices - data.costs)).sum(axis=1) / (1.0 + w.sum(axis=1)))[None]
        shares = share_range(data, low, high)
        return self.bound(ShareBoxes(np.array([np.inf]), *shares, low, high, start, np.zeros((1, 2))))

    def children(self, boxes: ShareBoxes) -> ShareBoxes:
        """Both halves of every box, bounded, but for those that no prices reach."""
        born = _halves(self.data, boxes)
        born = born.take(np.asarray(~(born.y_low > born.y_high).any(axis=1)))
        return self.bound(born) if born.bound.size else born

    def indivisible(self, boxes: ShareBoxes) -> Bools:
        """(B,) boxes too small to cut."""
        return np.isnan(boxes.cut[:, 1])

    def bound(self, nodes: ShareBoxes) -> ShareBoxes:
        """The nodes with their bounds, multipliers and cuts; the search is offered the prices met on the way."""
        self.single.prepare(nodes.low, nodes.high)
        y = np.where(self.bits, nodes.y_high[:, None], nodes.y_low[:, None])
        middle = 0.5 * (nodes.y_low + nodes.y_high)[:, None]
        given = nodes.multipliers
        centre, at = self.centred(middle, given[:, None])
        tilt = self.tilt(middle, at, y - middle)
        plain = self.corners(y, np.broadcast_to(given[:, None], y.shape))
        best = self.corners(y, centre + tilt)
        better = best.total.max(axis=1) <= plain.total.max(axis=1)
        tilt = np.where(better[:, None, None], tilt, 0.0)
        best = _pick(better, best, plain)
        common = np.where(better[:, None], centre[:, 0], given)
        best, common = self._lower(nodes, y, best, common, tilt)
        worst = best.total.argmax(axis=1)
        rows = np.arange(len(y))
        self.search.offer(best.peaks.price[rows, worst], reach=5.0)
        bound = np.fmin(nodes.bound, best.total[rows, worst])
        kept = self.search.value + 0.5 * self.search.tolerance
        low, high = self.single.reduced(
            self.data.customers * y, self.data.customers * y * best.multipliers, best.total - kept
        )
        if (low > nodes.low).any() or (high < nodes.high).any():
            # the prices that were cut off earn no more than this
            self.search.close(np.array([kept]))
        cut = self._cut(nodes, low, high, y[rows, worst], best, worst)
        return ShareBoxes(bound, nodes.y_low, nodes.y_high, low, high, common, cut)

    def _lower(self, nodes: ShareBoxes, y: Array, best: _Corners, common: Array, tilt: Array) -> tuple[_Corners, Array]:
        """Newton steps on the smoothed maximum over the corners, in the common part of the multipliers."""
        rows, radius = np.arange(len(y)), np.full(len(y), 2.0)
        for _ in range(self._tuning.share_rounds):
            top = best.total.max(axis=1)
            if (top <= self.search.cutoff).all() or self.search.tree.clock.stop():
                break
            heat = self._tuning.temperature * np.maximum(top - best.total.min(axis=1), 1e-6 * np.abs(top) + 1e-300)
            weight = np.exp((best.total - top[:, None]) / heat[:, None])
            weight /= weight.sum(axis=1, keepdims=True)
            slope = self.data.customers * (1.0 - y * best.sums)
            mean = (weight[..., None] * slope).sum(axis=1)
            spread = np.swapaxes(weight[..., None] * slope, 1, 2) @ slope - mean[:, :, None] * mean[:, None]
            matrix = (weight[..., None, None] * self._curvature(y, best)).sum(axis=1) + spread / heat[:, None, None]
            worst = best.total.argmax(axis=1)
            step, length = self._within(self._step(matrix, mean), y[rows, worst], best.attraction[rows, worst], radius)
            moved = np.clip(common - step, -self.limit, self.limit)
            tried = self.corners(y, moved[:, None] + tilt)
            better = tried.total.max(axis=1) < top
            best = _pick(better, tried, best)
            common = np.where(better[:, None], moved, common)
            radius = np.where(better, radius * 2.0, length / 4.0)
        return best, common

    def _cut(self, nodes: ShareBoxes, low: Array, high: Array, y: Array, best: _Corners, worst: Array) -> Array:
        """The coordinate with the most to win: a type's outside share, or a plan's price where shares cannot help."""
        rows = np.arange(len(y))
        sums, money = best.sums[rows, worst], best.money[rows, worst]
        pull = self.data.customers * np.abs(money - best.multipliers[rows, worst] * sums)
        width = nodes.y_high - nodes.y_low
        width = np.where(width > 1e-9 * nodes.y_high, width, 0.0)
        miss = np.abs(y - 1.0 / sums)
        gain = pull * np.minimum(miss, width)
        kind = gain.argmax(axis=1)
        a, b = nodes.y_low[rows, kind], nodes.y_high[rows, kind]
        where = np.where(b > 4.0 * a, np.sqrt(a * b), 0.5 * (a + b))
        w = np.exp(self.data.constants - self.data.slopes * np.stack([low, high], axis=1)[:, :, None, :])
        force = (self.data.customers * y * (np.abs(best.multipliers[rows, worst]) + money / sums))[..., None]
        stretch = (force * np.abs(w[:, 0] - w[:, 1])).sum(axis=1)
        stretch = np.where(high - low > 1e-9 * np.maximum(np.abs(low), np.abs(high)), stretch, 0.0)
        stalled = gain.sum(axis=1) < 0.3 * (pull * miss).sum(axis=1)
        stalled = (stalled & self._may_split(stretch)) | (gain.sum(axis=1) <= 0.0)
        plan = stretch.argmax(axis=1)
        middle = 0.5 * (low[rows, plan] + high[rows, plan])
        kind = np.where(stalled, self.data.types + plan, kind)
        cut = np.stack([kind.astype(np.float64), np.where(stalled, middle, where)], axis=1)
        cut[(gain.sum(axis=1) <= 0.0) & (stretch.max(axis=1) <= 0.0), 1] = np.nan
        return cut

    def _may_split(self, stretch: Array) -> NDArray[np.bool_]:
        if isinstance(self.single, ClosedForm) and (self.data.slopes > 0.0).all():
            return np.zeros(len(stretch), dtype=bool)
        possible: NDArray[np.bool_] = stretch.max(axis=1) > 0.0
        return possible


def share_range(data: Prices, low: Array, high: Array) -> tuple[Array, Array]:
    """Least and most outside shares (B, I) over price intervals (B, J), rounded outwards."""
    ends = np.exp(data.constants - data.slopes * np.stack([low, high])[:, :, None, :])
    slack = data.rounding
    least = 1.0 / (1.0 + ends.max(axis=0).sum(axis=2)) * (1.0 - slack)
    most = 1.0 / (1.0 + ends.min(axis=0).sum(axis=2)) * (1.0 + slack)
    return least, most


def _halves(data: Prices, parents: ShareBoxes) -> ShareBoxes:
    """Both halves of every parent; outside shares follow the prices."""
    kind, where = parents.cut[:, 0].astype(int), parents.cut[:, 1]
    rows = np.arange(len(kind))
    sides = []
    for upper in (False, True):
        boxes = [a.copy() for a in (parents.y_low, parents.y_high, parents.low, parents.high)]
        share = kind < data.types
        target = boxes[0 if upper else 1]
        target[rows[share], kind[share]] = where[share]
        target = boxes[2 if upper else 3]
        target[rows[~share], kind[~share] - data.types] = where[~share]
        least, most = share_range(data, boxes[2], boxes[3])
        boxes[0], boxes[1] = np.maximum(boxes[0], least), np.minimum(boxes[1], most)
        sides.append(
            ShareBoxes(parents.bound, boxes[0], boxes[1], boxes[2], boxes[3], parents.multipliers, parents.cut)
        )
    return sides[0].join(sides[1])


def certify_outside(search: PriceSearch) -> CertifiedPrices:
    """Prove the incumbent of the search within its gap by outside shares, unless time runs out."""
    return search.certify(OutsideShares(search))


def _cells(data: Prices, gap: float) -> int:
    """Cells per price interval that hold the grid's error near a fiftieth of the gap."""
    steep = float((np.abs(data.slopes).max(axis=0) * (data.upper - data.lower)).max())
    return int(np.clip(np.ceil(steep * np.sqrt(12.0 / max(gap, 1e-6))), 16, 400))
