"""Cuts by the size of a type, 1 + the sum of all weights, for boxes of few types and many plans.

The bound's error is what it leaves open of every type's outside share, 1 / size. Cutting levels closes that one plan
at a time, cutting the size of a type at once. Source: see ``prices.outside_shares``.
"""

from __future__ import annotations

import numpy as np

from optimizer.search.levels.bounds import Form, around_reference, combine_rows, within
from optimizer.search.levels.pairs import sides_of
from optimizer.search.levels.state import BoundStep, OpenBox
from optimizer.search.tuning import Tuning
from optimizer.typing import Array


def share_cut(box: OpenBox, step: BoundStep, form: Form, tuning: Tuning) -> tuple[int, float] | None:
    """The type whose size the bound makes most of, and where to cut it; None where no span is left to cut."""
    layout, people = box.layout, box.layout.customers[box.mix]
    best, center = step.favoured(box.columns), step.reference.columns
    outside = form.weights @ layout.rows.outside
    value_at = combine_rows(form.weights, layout.rows.matrix[:, center])
    _, unit, base = around_reference(layout.weight[center], value_at, outside, step.reference.shift)
    own = layout.weight[best]
    d = combine_rows(form.weights, layout.rows.matrix[:, best]) - unit * own - base
    sides = sides_of(layout, box.columns, box.spans)
    held = within(np.where(d > 0.0, sides.low, sides.high) + own, d > 0.0, box.spans)
    size = 1.0 + own.sum(axis=0)
    error = people * ((d / held).sum(axis=0) - d.sum(axis=0) / size)
    low, high = sides.least, sides.most
    wide = np.where(high > low * (1.0 + tuning.share_narrow), error, 0.0)
    kind = int(np.argmax(wide))
    if not wide[kind] > tuning.share_least * np.maximum(error, 0.0).sum():
        return None
    edge = tuning.share_margin
    inner = np.exp(np.clip(np.log(size[kind]), *_inside(np.log(low[kind]), np.log(high[kind]), edge)))
    return kind, float(inner)


def _inside(low: float, high: float, edge: float) -> tuple[float, float]:
    return low + edge * (high - low), high - edge * (high - low)


def halves(spans: Array | None, types: int, kind: int, size: float) -> tuple[Array, Array]:
    """Spans (2, I) of the menus whose size of a type is at most, and at least, this."""
    whole = np.stack([np.ones(types), np.full(types, np.inf)]) if spans is None else spans
    below, above = whole.copy(), whole.copy()
    below[1, kind], above[0, kind] = size, size
    return below, above
