"""Many types and one or two plans: branch on the prices themselves, with a second-order bound summed over the types.

Over a box of prices with middle c and half-widths h, for every d with ``|d_j| <= h_j``

    revenue(c + d) <= revenue(c) + gradient(c) d + 1/2 d' H d    for some H between the interval Hessians' ends

where the Hessian of each type is bounded in interval arithmetic from its shares' ranges, then summed: all types move
with the same price, so their curvatures cancel as they do in the sum. Near a maximum the summed interval is negative
definite and one box closes to the last digits; elsewhere the error falls with the square of the box's size.

Source: centred (second-order Taylor) forms of interval analysis, e.g. Hansen and Walster (2003), "Global Optimization
Using Interval Analysis", chapters 6 and 12; the logit Hessian is derived in ``prices.derivatives``.
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import nullcontext
from dataclasses import dataclass

import numpy as np

from optimizer.search.prices.prices import Prices
from optimizer.search.prices.search import CertifiedPrices, PriceBoxes, PriceSearch
from optimizer.typing import Array, Bools, Ints


@dataclass(frozen=True)
class TaylorBoxes(PriceBoxes):
    """Boxes of prices, B of them."""

    low: Array
    """(B, J)"""
    high: Array
    """(B, J)"""
    plan: Ints
    """(B,) the plan that each should be cut on."""


@dataclass(frozen=True)
class Taylor:
    """Sums over the types, for each of B boxes."""

    value: Array
    """(B,) at the middle."""
    gradient: Array
    """(B, J) at the middle."""
    low: Array
    """(B, J, J) least second derivatives over the box."""
    high: Array
    """(B, J, J) largest second derivatives over the box."""
    most: Array
    """(B,) sum of each type's own upper bound, for wide boxes."""


Interval = tuple[Array, Array]


def _times(a: Interval, b: Interval) -> Interval:
    """Interval product."""
    ends = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return (
        np.minimum(np.minimum(ends[0], ends[1]), np.minimum(ends[2], ends[3])),
        np.maximum(np.maximum(ends[0], ends[1]), np.maximum(ends[2], ends[3])),
    )


def _by(a: Array, b: Interval, positive: bool) -> Interval:
    """Numbers (all above zero where positive) times an interval."""
    x, y = a * b[0], a * b[1]
    return (x, y) if positive else (np.minimum(x, y), np.maximum(x, y))


def _by_share(share: Interval, b: Interval) -> Interval:
    """An interval of numbers not below zero times an interval."""
    return (
        np.where(b[0] >= 0.0, share[0], share[1]) * b[0],
        np.where(b[1] >= 0.0, share[1], share[0]) * b[1],
    )


@dataclass(frozen=True)
class TypeChunk:
    """Some of the types, plan by plan: every array is (I,), so that no operation runs along the short axis."""

    customers: Array
    constants: list[Array]
    slopes: list[Array]
    costs: list[Array]
    positive: bool
    """Whether every slope is above zero."""


def chunks(data: Prices, rows: int) -> list[TypeChunk]:
    """All types in chunks; those with a slope not above zero come apart from the others."""
    falling = (data.slopes > 0.0).all(axis=1)
    out = []
    for positive, which in ((True, np.flatnonzero(falling)), (False, np.flatnonzero(~falling))):
        for start in range(0, len(which), rows):
            k = which[start : start + rows]
            a, b, c = (
                [np.ascontiguousarray(x[k, j]) for j in range(data.plans)]
                for x in (data.constants, data.slopes, data.costs)
            )
            out.append(TypeChunk(data.customers[k], a, b, c, positive))
    return out


def _shares(chunk: TypeChunk, low: Array, high: Array) -> list[Interval]:
    """Ranges of every plan's share over the boxes, (B, I) each."""
    bottom, top = [], []
    for j, (a, b) in enumerate(zip(chunk.constants, chunk.slopes, strict=True)):
        first, last = np.exp(a - b * low[:, j, None]), np.exp(a - b * high[:, j, None])
        bottom.append(last if chunk.positive else np.minimum(first, last))
        top.append(first if chunk.positive else np.maximum(first, last))
    less, more = sum(bottom, start=np.array(1.0)), sum(top, start=np.array(1.0))
    return [(x / (x + (more - y)), y / (y + (less - x))) for x, y in zip(bottom, top, strict=True)]


def _part(chunk: TypeChunk, low: Array, high: Array) -> Taylor:
    """Taylor sums over a chunk of types; prices (B, J)."""
    n, positive = chunk.customers, chunk.positive
    plans = range(len(chunk.slopes))
    s = _shares(chunk, low, high)
    r = [(low[:, j, None] - chunk.costs[j], high[:, j, None] - chunk.costs[j]) for j in plans]
    earned = [_by_share(s[j], r[j]) for j in plans]
    g = (sum(x for x, _ in earned), sum(y for _, y in earned))
    least, most = r[0]
    for x, y in r[1:]:
        least, most = np.minimum(least, x), np.maximum(most, y)
    g = (np.maximum(g[0], np.minimum(least, 0.0)), np.minimum(g[1], np.maximum(most, 0.0)))
    t = []
    bounds = [np.empty((len(low), len(plans), len(plans))) for _ in range(2)]
    for j, b in enumerate(chunk.slopes):
        drop = _by(b, (r[j][0] - g[1], r[j][1] - g[0]), positive)
        t.append((1.0 - drop[1], 1.0 - drop[0]))
        bent = _times((1.0 - 2.0 * s[j][1], 1.0 - 2.0 * s[j][0]), t[j])
        own = _by(b, _by_share(s[j], (bent[0] + 1.0, bent[1] + 1.0)), positive)
        bounds[0][:, j, j], bounds[1][:, j, j] = -(own[1] @ n), -(own[0] @ n)
        for k in range(j):
            one = _by(chunk.slopes[k], t[j], positive)
            two = _by(b, t[k], positive)
            both = (s[j][0] * s[k][0], s[j][1] * s[k][1])
            cross = _by_share(both, (one[0] + two[0], one[1] + two[1]))
            for side in range(2):
                bounds[side][:, j, k] = bounds[side][:, k, j] = cross[side] @ n
    value, slope = _middle(chunk, 0.5 * (low + high))
    return Taylor(value, slope, bounds[0], bounds[1], g[1] @ n)


def _middle(chunk: TypeChunk, middle: Array) -> tuple[Array, Array]:
    """Value (B,) and gradient (B, J) at prices (B, J)."""
    plans = range(len(chunk.slopes))
    w = [np.exp(chunk.constants[j] - chunk.slopes[j] * middle[:, j, None]) for j in plans]
    all_w = sum(w, start=np.array(1.0))
    share = [x / all_w for x in w]
    paid = [middle[:, j, None] - chunk.costs[j] for j in plans]
    mean: Array = sum((share[j] * paid[j] for j in plans), start=np.array(0.0))
    slope = [(share[j] * (1.0 - chunk.slopes[j] * (paid[j] - mean))) @ chunk.customers for j in plans]
    return mean @ chunk.customers, np.stack(slope, axis=1)


def _total(parts: list[TypeChunk], low: Array, high: Array) -> Taylor:
    total = _part(parts[0], low, high)
    for chunk in parts[1:]:
        more = _part(chunk, low, high)
        total = Taylor(*(x + y for x, y in zip(total.__dict__.values(), more.__dict__.values(), strict=True)))
    return total


def taylor(parts: list[TypeChunk], low: Array, high: Array, pool: Executor | None = None) -> Taylor:
    """Taylor sums over all types for boxes (B, J). Summed in two halves, on two threads where a pool is given."""
    if len(parts) == 1:
        return _part(parts[0], low, high)
    halves = parts[: len(parts) // 2], parts[len(parts) // 2 :]
    if pool is None:
        one, two = (_total(half, low, high) for half in halves)
    else:
        waiting = pool.submit(_total, halves[0], low, high)
        two = _total(halves[1], low, high)
        one = waiting.result()
    return Taylor(*(x + y for x, y in zip(one.__dict__.values(), two.__dict__.values(), strict=True)))


def _concave(pull: Array, matrix: Array, hold: Array) -> Array:
    """Upper bound of ``pull t + 1/2 t' matrix t`` over ``|t| <= 1`` with multipliers ``hold`` (B, J) on ``t^2 <= 1``.

    Valid where ``hold - matrix`` is positive definite; the hold is raised until it surely is.
    """
    eye = np.eye(pull.shape[1])
    p = hold[:, :, None] * eye - matrix
    size = np.abs(p).sum(axis=2).max(axis=1) + np.abs(pull).max(axis=1) + 1e-150
    lift = np.maximum(0.0, 1e-8 * size - np.linalg.eigvalsh(p)[:, 0])
    hold = hold + lift[:, None]
    p = p + lift[:, None, None] * eye
    t = np.linalg.solve(p, pull[..., None])
    rest = pull - (p @ t)[..., 0]
    t = t[..., 0]
    inside = (pull * t).sum(axis=1) - 0.5 * (t[:, None] @ p @ t[..., None])[:, 0, 0]
    return 0.5 * hold.sum(axis=1) + inside + (rest**2).sum(axis=1) / (1e-8 * size)  # type: ignore[no-any-return]


def quadratic(terms: Taylor, half: Array) -> Array:
    """The most of the second-order form over each box (B,), the least of three valid bounds."""
    pull = terms.gradient * half
    scale = half[:, :, None] * half[:, None]
    low, high = terms.low * scale, terms.high * scale
    plans = np.arange(half.shape[1])
    own = high[:, plans, plans]
    far = np.maximum(np.abs(low), np.abs(high))
    radius, matrix = 0.5 * (high - low), 0.5 * (high + low)
    for a in (far, radius):
        a[:, plans, plans] = 0.0
    bend = own + far.sum(axis=2)
    size = np.abs(pull)
    peak = np.where(size < -bend, 0.5 * pull**2 / np.maximum(-bend, size + 1e-300), size + 0.5 * bend)
    matrix[:, plans, plans] = own + radius.sum(axis=2)
    diagonal = matrix[:, plans, plans]
    held = _concave(pull, matrix, np.maximum(0.0, diagonal + size))
    free = _concave(pull, matrix, np.zeros_like(pull))
    return np.minimum(np.minimum(peak.sum(axis=1), held), free)  # type: ignore[no-any-return]


class TaylorBranching:
    """Bounds boxes of prices and cuts them in the middle; meets ``prices.search.PriceBranching``."""

    def __init__(self, search: PriceSearch, batch: int, parts: list[TypeChunk], pool: Executor | None) -> None:
        self.search, self.data, self.batch = search, search.data, batch
        self._parts, self._pool = parts, pool

    def root(self) -> TaylorBoxes:
        """All prices."""
        return self._bounded(self.data.lower[None], self.data.upper[None], np.array([np.inf]))

    def children(self, boxes: TaylorBoxes) -> TaylorBoxes:
        """Both halves of every box, bounded."""
        rows = np.arange(len(boxes.bound))
        middle = 0.5 * (boxes.low[rows, boxes.plan] + boxes.high[rows, boxes.plan])
        left_high, right_low = boxes.high.copy(), boxes.low.copy()
        left_high[rows, boxes.plan] = middle
        right_low[rows, boxes.plan] = middle
        low, high = np.concatenate([boxes.low, right_low]), np.concatenate([left_high, boxes.high])
        return self._bounded(low, high, np.tile(boxes.bound, 2))

    def indivisible(self, boxes: TaylorBoxes) -> Bools:
        """(B,) boxes whose prices to cut are equal but for rounding."""
        narrow = boxes.high - boxes.low <= 1e-14 * (np.abs(boxes.low) + np.abs(boxes.high))
        return np.asarray(narrow[np.arange(len(boxes.plan)), boxes.plan])

    def _bounded(self, low: Array, high: Array, known: Array) -> TaylorBoxes:
        """The boxes with their bounds, at most the ones that are ``known`` (B,)."""
        data, search = self.data, self.search
        half = 0.5 * (high - low) * (1.0 + 1e-12) + 1e-15 * (np.abs(low) + np.abs(high))
        terms = taylor(self._parts, low, high, self._pool)
        steep = (half * np.abs(data.slopes).max(axis=0)).sum(axis=1)
        people, width = float(data.customers.sum()), half.sum(axis=1)
        far_money = people * width * (1.0 + 4.0 * steep)
        slack = data.rounding * (data.scale * (1.0 + 2.0 * steep + 4.0 * steep**2) + far_money)
        bound = np.minimum(terms.value + quadratic(terms, half), terms.most) + slack
        best = int(np.argmax(terms.value))
        if terms.value[best] > search.value:
            search.offer(0.5 * (low[best] + high[best])[None])
        far = np.maximum(np.abs(terms.low), np.abs(terms.high)) * half[:, :, None] * half[:, None]
        return TaylorBoxes(np.fmin(bound, known), low, high, far.sum(axis=2).argmax(axis=1))


def certify_taylor(search: PriceSearch) -> CertifiedPrices:
    """Prove the incumbent of the search within its gap by second-order bounds, unless time runs out."""
    data, tuning = search.data, search.tuning
    batch = int(np.clip(tuning.taylor_numbers // (data.types * data.plans), 4, tuning.taylor_batch))
    parts = chunks(data, max(64, tuning.taylor_chunk // (2 * batch)))
    with ThreadPoolExecutor(1) if len(parts) > 1 else nullcontext() as pool:
        return search.certify(TaylorBranching(search, batch, parts, pool))
