"""Figures with an ``again`` part (``model.instance.Figure``) in a box of levels: linear ones that they do not exceed.

Such a part is divided by 1 plus the odds of all plans. At a level of a plan its own odds are known and those of the
others lie between their sums of least and of largest odds in the box: the end that makes the part larger is taken.
Exact where every type meets at most one plan with more than one level in the box; else the error falls with the box,
so a box is stated anew as it shrinks. Rows and odds are of columns, see ``levels.layout``.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from optimizer.search.levels.bounds import others
from optimizer.search.levels.layout import Layout
from optimizer.typing import Array, Ints


def stated(layout: Layout, box: tuple[Ints, ...]) -> Layout:
    """The layout with its figures stated over a box of columns; as it is where all of them are linear."""
    exact, odds = layout.exact, layout.odds
    if exact is None or odds is None or not all(len(c) for c in box):
        return layout
    low = others(np.array([odds[c].min(axis=0) for c in box]))
    high = others(np.array([odds[c].max(axis=0) for c in box]))
    counts = np.diff(layout.starts)
    most = 1.0 / (odds + np.repeat(low, counts, axis=0))
    least = 1.0 / (odds + np.repeat(high, counts, axis=0))
    matrix = exact.matrix.copy()
    for row, part in zip(matrix, exact.again, strict=True):
        if part is not None:
            row += part * np.where(part > 0.0, most, least)
    return replace(layout, rows=replace(exact, matrix=matrix, again=()), stated=box)


def looser(layout: Layout, box: tuple[Ints, ...]) -> bool:
    """Whether the figures were stated over a box so much larger than this one that they are worth stating anew."""
    if layout.exact is None:
        return False
    return math.prod(map(len, box)) <= 0.5 * math.prod(map(len, layout.stated))


def chance(odds: Array | None, columns: Ints) -> Array:
    """(B, I) 1 / (1 + odds) at B menus of columns (B, J)."""
    assert odds is not None
    total = 1.0 + odds[columns[:, 0]]
    for j in range(1, columns.shape[1]):
        total += odds[columns[:, j]]
    return np.asarray(np.divide(1.0, total, out=total))
