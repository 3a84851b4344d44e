"""Figures with an ``again`` part (``model.instance.Figure``) in a box of levels: linear ones that they do not exceed.

Such a part is divided by 1 plus the odds of all plans. At a level of a plan its own odds are known and those of the
others lie between their sums of least and of largest odds in the box: the end that makes the part larger is taken.
The parts of plans that nothing in the box changes for a type go with the plan whose odds vary most, its *host*: so the
figures are exact for types to whom one plan varies. Else the error falls with the box, which is therefore stated anew
as it shrinks. Rows and odds are of columns, see ``levels.layout``.
"""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from optimizer.search.levels.bounds import others
from optimizer.search.levels.layout import Layout
from optimizer.typing import Array, Bools, Ints


def stated(layout: Layout, box: tuple[Ints, ...]) -> Layout:
    """The layout with its figures stated over a box of columns; as it is where all of them are linear."""
    exact, odds = layout.exact, layout.odds
    if exact is None or odds is None or not all(len(c) for c in box):
        return layout
    parts = [part for part in exact.again if part is not None]
    least, most = (np.array([end(odds[c], axis=0) for c in box]) for end in (np.min, np.max))
    varies = (most > least) | np.array([[np.ptp(p[c], axis=0) > 0.0 for p in parts] for c in box]).any(axis=1)
    host = host_of(varies, most - least)
    counts = np.diff(layout.starts)
    often = 1.0 / (odds + np.repeat(others(least), counts, axis=0))
    seldom = 1.0 / (odds + np.repeat(others(most), counts, axis=0))
    stays = np.repeat(varies | ~host.any(axis=0), counts, axis=0)
    first = np.array([c[0] for c in box])
    matrix = exact.matrix.copy()
    for q, part in enumerate(exact.again):
        if part is not None:
            fixed = np.where(varies, 0.0, part[first]).sum(axis=0)
            own = np.where(stays, part, 0.0) + np.repeat(np.where(host, fixed, 0.0), counts, axis=0)
            matrix[q] += own * np.where(own > 0.0, often, seldom)
    return replace(layout, rows=replace(exact, matrix=matrix, again=()), stated=box)


def host_of(varies: Bools, spread: Array) -> Bools:
    """(J, I) the plan with which the parts of those go that do not vary; none for a type to whom no plan varies."""
    lead = np.argmax(np.where(varies, spread, -1.0), axis=0)
    return np.asarray((np.arange(len(varies))[:, None] == lead) & varies.any(axis=0))


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
