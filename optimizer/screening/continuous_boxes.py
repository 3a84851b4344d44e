"""Many types and few plans: branch on the prices themselves, with a second-order bound summed over the types.

Over a box of prices with middle c and half-widths h, for every d with ``|d_j| <= h_j``

    revenue(c + d) <= revenue(c) + gradient(c) d + 1/2 d' H d    for some H between the interval Hessians' ends

where the Hessian of each type is bounded in interval arithmetic from its shares' ranges, then summed: all types move
with the same price, so their curvatures cancel as they do in the sum. Near a maximum the summed interval is negative
definite and one box closes to the last digits; elsewhere the error falls with the square of the box's size.

Source: centred (second-order Taylor) forms of interval analysis, e.g. Hansen and Walster (2003), "Global Optimization
Using Interval Analysis", chapters 6 and 12; the logit Hessian is derived in ``continuous_data.derivatives``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.instance import Array
from optimizer.screening.continuous_data import Prices
from optimizer.screening.continuous_tree import Certified, Search

_ELEMENTS = 60_000
_BATCH = 64


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


def _times(a: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    """Interval product."""
    ends = (a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1])
    return (
        np.minimum(np.minimum(ends[0], ends[1]), np.minimum(ends[2], ends[3])),
        np.maximum(np.maximum(ends[0], ends[1]), np.maximum(ends[2], ends[3])),
    )


def _by(a: Array, b: tuple[Array, Array]) -> tuple[Array, Array]:
    """A number times an interval."""
    x, y = a * b[0], a * b[1]
    return np.minimum(x, y), np.maximum(x, y)


def _by_share(share: tuple[Array, Array], b: tuple[Array, Array]) -> tuple[Array, Array]:
    """An interval of numbers not below zero times an interval."""
    return (
        np.where(b[0] >= 0.0, share[0], share[1]) * b[0],
        np.where(b[1] >= 0.0, share[1], share[0]) * b[1],
    )


def _part(n: Array, a: Array, b: Array, c: Array, low: Array, high: Array) -> Taylor:
    """Taylor sums over a chunk of types; prices (B, J)."""
    middle = (0.5 * (low + high))[:, None, :]
    ends = [a - b * p[:, None, :] for p in (low, high)]
    e_low, e_high = np.exp(np.minimum(ends[0], ends[1])), np.exp(np.maximum(ends[0], ends[1]))
    all_low, all_high = 1.0 + e_low.sum(axis=2, keepdims=True), 1.0 + e_high.sum(axis=2, keepdims=True)
    s = (e_low / (e_low + (all_high - e_high)), e_high / (e_high + (all_low - e_low)))
    r = (low[:, None, :] - c, high[:, None, :] - c)
    earned = _by_share(s, r)
    g = (earned[0].sum(axis=2, keepdims=True), earned[1].sum(axis=2, keepdims=True))
    g = (np.maximum(g[0], np.minimum(0.0, r[0].min(axis=2, keepdims=True))),
         np.minimum(g[1], np.maximum(0.0, r[1].max(axis=2, keepdims=True))))
    drop = _by(b, (r[0] - g[1], r[1] - g[0]))
    t = (1.0 - drop[1], 1.0 - drop[0])
    bent = _times((1.0 - 2.0 * s[1], 1.0 - 2.0 * s[0]), t)
    diagonal = _by(-b, _by_share(s, (bent[0] + 1.0, bent[1] + 1.0)))
    plans = a.shape[1]
    bounds = [np.empty((len(low), plans, plans)) for _ in range(2)]
    for j in range(plans):
        for side in range(2):
            bounds[side][:, j, j] = diagonal[side][:, :, j] @ n
        for k in range(j):
            pair = _by(b[:, k], (t[0][:, :, j], t[1][:, :, j]))
            other = _by(b[:, j], (t[0][:, :, k], t[1][:, :, k]))
            both = (s[0][:, :, j] * s[0][:, :, k], s[1][:, :, j] * s[1][:, :, k])
            cross = _by_share(both, (pair[0] + other[0], pair[1] + other[1]))
            for side in range(2):
                bounds[side][:, j, k] = bounds[side][:, k, j] = cross[side] @ n
    w = np.exp(a - b * middle)
    share = w / (1.0 + w.sum(axis=2, keepdims=True))
    paid = middle - c
    mean = (share * paid).sum(axis=2)
    slope = np.swapaxes(share * (1.0 - b * (paid - mean[:, :, None])), 1, 2) @ n
    return Taylor(mean @ n, slope, bounds[0], bounds[1], g[1][:, :, 0] @ n)


def taylor(data: Prices, low: Array, high: Array) -> Taylor:
    """Taylor sums over all types for boxes (B, J); chunks of types keep the arrays small."""
    rows = max(1, _ELEMENTS // (len(low) * data.plans))
    total: Taylor | None = None
    for start in range(0, data.types, rows):
        k = slice(start, start + rows)
        part = _part(data.customers[k], data.constants[k], data.slopes[k], data.costs[k], low, high)
        if total is None:
            total = part
        else:
            total = Taylor(*(x + y for x, y in zip(total.__dict__.values(), part.__dict__.values(), strict=True)))
    assert total is not None
    return total


def _concave(pull: Array, matrix: Array, hold: Array) -> Array:
    """Upper bound of ``pull t + 1/2 t' matrix t`` over ``|t| <= 1`` with multipliers ``hold`` (B, J) on ``t^2 <= 1``.

    Valid where ``hold - matrix`` is positive definite; the hold is raised until it surely is.
    """
    eye = np.eye(pull.shape[1])
    p = hold[:, :, None] * eye - matrix
    size = np.abs(p).sum(axis=2).max(axis=1) + 1e-300
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
    peak = np.where(size < -bend, -0.5 * pull**2 / np.minimum(bend, -1e-300), size + 0.5 * bend)
    matrix[:, plans, plans] = own + radius.sum(axis=2)
    diagonal = matrix[:, plans, plans]
    held = _concave(pull, matrix, np.maximum(0.0, diagonal + size))
    free = _concave(pull, matrix, np.zeros_like(pull))
    return np.minimum(np.minimum(peak.sum(axis=1), held), free)  # type: ignore[no-any-return]


def _bound(search: Search, low: Array, high: Array) -> tuple[Array, Array]:
    """Bounds (B,) of the boxes, and the plan that each should be split on."""
    data = search.data
    half = 0.5 * (high - low) * (1.0 + 1e-12) + 1e-15 * (np.abs(low) + np.abs(high))
    terms = taylor(data, low, high)
    steep = (half * np.abs(data.slopes).max(axis=0)).sum(axis=1)
    people, width = float(data.customers.sum()), half.sum(axis=1)
    slack = data.rounding * (
        data.scale * (1.0 + 2.0 * steep + 4.0 * steep**2) + people * width * (1.0 + 4.0 * steep)
    )
    bound = np.minimum(terms.value + quadratic(terms, half), terms.most) + slack
    best = int(np.argmax(terms.value))
    if terms.value[best] > search.value:
        search.offer(0.5 * (low[best] + high[best])[None])
    far = np.maximum(np.abs(terms.low), np.abs(terms.high)) * half[:, :, None] * half[:, None]
    return bound, far.sum(axis=2).argmax(axis=1)


def certify_boxes(search: Search) -> Certified:
    """Best-first search in batches until the incumbent of the search is proven within its gap, or time is up."""
    data = search.data
    batch = int(np.clip(1_000_000 // (data.types * data.plans), 2, _BATCH))
    low, high = data.lower[None], data.upper[None]
    bound, plan = _bound(search, low, high)
    search.boxes = 1
    while True:
        dead = bound <= search.threshold
        search.close(bound[dead])
        low, high, bound, plan = (a[~dead] for a in (low, high, bound, plan))
        if not bound.size or search.late():
            return search.result(bound)
        order = np.argsort(-bound, kind="stable")
        chosen, rest = order[:batch], order[batch:]
        rows = np.arange(len(chosen))
        middle = 0.5 * (low[chosen, plan[chosen]] + high[chosen, plan[chosen]])
        left_high, right_low = high[chosen].copy(), low[chosen].copy()
        left_high[rows, plan[chosen]] = middle
        right_low[rows, plan[chosen]] = middle
        new_low, new_high = np.concatenate([low[chosen], right_low]), np.concatenate([left_high, high[chosen]])
        new_bound, new_plan = _bound(search, new_low, new_high)
        new_bound = np.minimum(new_bound, np.tile(bound[chosen], 2))
        search.boxes += len(new_bound)
        low, high = np.concatenate([low[rest], new_low]), np.concatenate([high[rest], new_high])
        bound, plan = np.concatenate([bound[rest], new_bound]), np.concatenate([plan[rest], new_plan])
