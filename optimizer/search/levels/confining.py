"""Sizes that no menu worth more than the cutoff has: the box is confined to the spans that are left.

A separable bound says of every menu: value <= total - sum_j deficit_j(l_j), each deficit >= 0. With w_ij(l) the weight
of type i, for any price mu > 0 every menu of size 1 + sum_j w_ij(l_j) >= s has

    value <= total + sum_j max_l (mu w_ij(l) - deficit_j(l)) - mu (s - 1),

as mu (size - s) >= 0 was added. So above the s at which that is the cutoff, nothing worth more is left; the price that
makes s least is searched for. With -mu the same holds of sizes below s. This is the condition size_i <= s with a
multiplier, in a bound whose shifts are known; it holds for all types at once, and narrower spans make the next bound
lower, and levels fall out of them.
"""

from __future__ import annotations

import numpy as np

from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.state import BoundStep, OpenBox
from optimizer.search.tuning import Tuning
from optimizer.typing import Array, Ints


def confine(run: MenuRun, box: OpenBox, step: BoundStep) -> bool:
    """Narrow the spans of a box by one of its bounds, and drop levels that do not fit; True if nothing is left."""
    cutoff = run.cutoff(step.multiplier)
    if not run.confines or not step.multiplier.rows[0] or not np.isfinite(cutoff):
        return False
    if step.columns is not box.columns:
        step = run.step(box, step.multiplier, step.reference)
        if run.prune(box, step):
            return True
        if step.columns is not box.columns:
            return False
    spans, sizes = narrowed_spans(box, step, cutoff, run.tuning)
    if not sizes:
        return False
    run.tree.close(cutoff)
    run.recorder.confine(box.layout, box.record, step.reference, step.multiplier, sizes)
    box.spans = spans
    return not run.keep_fitting(box)


def narrowed_spans(box: OpenBox, step: BoundStep, cutoff: float, tuning: Tuning) -> tuple[Array, list[list[float]]]:
    """Spans (2, I), and [type, price, size] of every end that moved; a price below zero for sizes from below."""
    layout, columns = box.layout, np.concatenate(box.columns)
    counts = np.array([len(c) for c in box.columns])
    first = np.cumsum(counts) - counts
    weight = layout.weight[columns]
    room = max(0.0, step.bound.total - cutoff)
    deficit = np.repeat(step.bound.top, counts) - np.concatenate(step.bound.potential)
    least = 1.0 + np.minimum.reduceat(weight, first).sum(axis=0)
    most = 1.0 + np.maximum.reduceat(weight, first).sum(axis=0)
    spans = np.stack([np.ones_like(least), np.full_like(most, np.inf)]) if box.spans is None else box.spans.copy()
    low, high = np.maximum(least, spans[0]), np.minimum(most, spans[1])
    width = np.maximum(high - low, 0.0)
    sizes: list[list[float]] = []
    for sign, end in ((1.0, 1), (-1.0, 0)):
        price, size = _best_ends(sign, weight, deficit, first, room, width, tuning)
        size += sign * tuning.confined_outward * np.abs(size)
        moved = sign * ((high if end else low) - size) > tuning.confined_least * width
        for i in np.flatnonzero(moved & (width > 0.0) & (size >= 1.0)):
            spans[end, i] = size[i]
            sizes.append([int(i), sign * float(price[i]), float(size[i])])
    return spans, sizes


def _best_ends(
    sign: float, weight: Array, deficit: Array, first: Ints, room: float, width: Array, tuning: Tuning
) -> tuple[Array, Array]:
    """(I,) prices, and the sizes beyond which (by ``sign``) nothing is left: of all prices tried the nearest ones."""
    unit = np.maximum(room, 1e-300) / np.maximum(width, 1e-300)
    grid = np.geomspace(1.0 / tuning.confined_prices, tuning.confined_prices, tuning.confined_tries)
    ratio = grid[1] / grid[0]
    found = np.full(len(width), np.inf)
    at = np.ones(len(width))
    for rounds in range(3):
        centre = at.copy()
        for factor in grid if not rounds else ratio ** (np.array([-0.6, -0.3, 0.3, 0.6]) / 2.0 ** (rounds - 1)):
            price = unit * centre * factor
            end = (np.maximum.reduceat(sign * price * weight - deficit[:, None], first).sum(axis=0) + room) / price
            better = end < found
            found = np.where(better, end, found)
            at = np.where(better, centre * factor, at)
    return unit * at, 1.0 + sign * found
