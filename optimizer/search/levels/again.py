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
    low, high = others(least), others(most)
    stays = varies | ~host.any(axis=0)
    first = np.array([c[0] for c in box])
    fixed = [np.zeros(0) if p is None else np.where(varies, 0.0, p[first]).sum(axis=0) for p in exact.again]
    matrix = exact.matrix.copy()
    for j, types in enumerate(layout.types):
        place = (slice(layout.starts[j], layout.starts[j + 1]), types)
        often, seldom = (1.0 / (odds[place] + end[j, types]) for end in (low, high))
        for q, part in enumerate(exact.again):
            if part is not None:
                own = np.where(stays[j, types], part[place], 0.0)
                own += np.where(host[j], fixed[q], 0.0)[types]
                own *= np.where(own > 0.0, often, seldom)
                matrix[(q, *place)] += own
    return replace(layout, rows=replace(exact, matrix=matrix, again=()), stated=box)


def host_of(varies: Bools, spread: Array) -> Bools:
    """(J, I) the plan with which the parts of those go that do not vary; none for a type to whom no plan varies."""
    lead = np.argmax(np.where(varies, spread, -1.0), axis=0)
    return np.asarray((np.arange(len(varies))[:, None] == lead) & varies.any(axis=0))


def narrowed(layout: Layout, columns: Ints) -> Layout:
    """The layout with these columns (rising, some of every plan) alone; of one that is not merged. Its columns count
    through them, so that many boxes may each have figures of their own without filling the memory."""
    exact, odds = layout.exact, layout.odds
    assert exact is not None and odds is not None and layout.origin is None
    starts = np.searchsorted(columns, layout.starts).astype(np.intp)
    ranks = [columns[a:b] - s for a, b, s in zip(starts[:-1], starts[1:], layout.starts[:-1], strict=True)]
    again = tuple(None if part is None else part[columns] for part in exact.again)
    rows = replace(exact, matrix=exact.matrix[:, columns], fixed=exact.fixed[:, columns], again=again)
    return replace(
        layout,
        starts=starts,
        level=layout.level[columns],
        column=tuple(np.searchsorted(columns, own).astype(np.intp) for own in layout.column),
        weight=layout.weight[columns],
        rows=rows,
        rules=tuple((a, b, allowed[np.ix_(ranks[a], ranks[b])]) for a, b, allowed in layout.rules),
        exact=rows,
        odds=odds[columns],
    )


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
