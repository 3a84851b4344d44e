"""Plans taken together: every pair of their levels becomes one level of a merged plan.

The bound knows no interplay between plans; inside a merged plan it is exact. So a box whose bound has stalled is
stated anew with half as many plans, whose levels are then dropped pair by pair.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from optimizer.search.levels.again import stated
from optimizer.search.levels.bounds import Form, Multiplier, Reference, around_reference, combine_rows, make_form
from optimizer.search.levels.layout import Layout, Origin, Rows
from optimizer.search.tuning import Tuning
from optimizer.typing import Array, Bools, Ints

Groups = tuple[tuple[int, ...], ...]


def pairs(counts: Sequence[int]) -> Groups:
    """Plans in pairs, the shortest with the longest, which makes the fewest levels; of an odd number one is left."""
    order = sorted(range(len(counts)), key=lambda j: (counts[j], j))
    alone = [order.pop()] if len(order) % 2 else []
    half = len(order) // 2
    made = [*zip(order[:half], reversed(order[half:]), strict=True), *((j,) for j in alone)]
    return tuple(sorted(tuple(sorted(group)) for group in made))


def merged_levels(counts: Sequence[int], groups: Groups) -> int:
    """Levels of all merged plans together."""
    return sum(math.prod(counts[j] for j in group) for group in groups)


def mergeable(layout: Layout, counts: Sequence[int], groups: Groups, tuning: Tuning, most: int) -> bool:
    """Whether the merged plans have at most so many levels, and the tables of their allowed pairs stay small."""
    if merged_levels(counts, groups) > most:
        return False
    sizes = {j: math.prod(counts[k] for k in group) for group in groups for j in group}
    return all(sizes[a] * sizes[b] <= tuning.merged_pairs for a, b, _ in layout.rules)


def merge(layout: Layout, box: tuple[Ints, ...], groups: Groups) -> tuple[Layout, tuple[Ints, ...]]:
    """The box as a problem of its own with one plan per group, and the columns in it that the rules allow.

    A merged level counts through the box's levels of its plans, in rising order, the last plan's fastest.
    """
    levels = [np.sort(layout.level[c]) for c in box]
    grids = [_grid([len(levels[j]) for j in group]) for group in groups]
    parts = [
        np.stack([layout.column[j][levels[j][grid[:, k]]] for k, j in enumerate(group)], axis=1)
        for group, grid in zip(groups, grids, strict=True)
    ]
    return together(layout, groups, parts)


def together(layout: Layout, groups: Groups, parts: Sequence[Ints]) -> tuple[Layout, tuple[Ints, ...]]:
    """The problem with one plan per group, and the columns that the rules allow.

    ``parts``: per group (levels, members) columns of its plans, by merged level.
    """
    weights = [_summed(layout.weight[None], part)[0] for part in parts]
    people = layout.customers.mean(axis=0)
    order = [np.argsort((w / (1.0 + w)) @ people, kind="stable").astype(np.intp) for w in weights]
    first = np.cumsum([0, *(len(o) for o in order)]).astype(np.intp)
    ordered = [part[o] for part, o in zip(parts, order, strict=True)]
    weight = np.concatenate([w[o] for w, o in zip(weights, order, strict=True)])
    rows = _merged_rows(layout.true_rows, ordered)
    odds = None if layout.odds is None else _merged(layout.odds, ordered)
    made = Layout(
        instance=layout.instance,
        customers=layout.customers,
        starts=first,
        level=np.concatenate(order),
        column=tuple(np.argsort(o, kind="stable").astype(np.intp) + a for o, a in zip(order, first, strict=False)),
        weight=weight,
        rows=rows,
        limits=layout.limits,
        burst=layout.burst,
        reserved=layout.reserved,
        room=layout.room,
        magnitude=layout.magnitude,
        rules=_cross_rules(layout, groups, ordered),
        types=tuple(slice(None) for _ in groups),
        origin=Origin(layout, groups, tuple(parts)),
        exact=None if odds is None else rows,
        odds=odds,
    )
    kept = [_allowed_inside(layout, group, part) for group, part in zip(groups, ordered, strict=True)]
    columns = tuple(a + np.flatnonzero(k) for a, k in zip(first, kept, strict=False))
    return stated(made, columns), columns


def _merged_rows(rows: Rows, ordered: Sequence[Ints]) -> Rows:
    """The rows of merged plans, whose levels stand for these columns (n, members)."""
    matrix = np.concatenate([_summed(rows.matrix, part) for part in ordered], axis=1)
    fixed = np.concatenate([rows.fixed[:, part].sum(axis=2) for part in ordered], axis=1)
    again = tuple(None if one is None else _merged(one, ordered) for one in rows.again)
    return Rows(matrix, rows.outside, np.ascontiguousarray(fixed), rows.offset, again)


def _merged(table: Array, ordered: Sequence[Ints]) -> Array:
    """(merged levels, I) sums of a table (T, I)."""
    return np.concatenate([_summed(table[None], part)[0] for part in ordered])


def transfer(layout: Layout, multiplier: Multiplier, reference: Reference, favoured: Ints, merged: Layout) -> Reference:
    """The reference of the merged problem at the menu ``favoured`` (J,) of the box, so shifted that the values per
    type and plan are the sums of the old ones: the merged bound is then at most the old one."""
    origin = merged.origin
    assert origin is not None
    center = []
    for group, part, own in zip(origin.groups, origin.parts, merged.column, strict=True):
        center.append(own[int(np.flatnonzero((part == favoured[list(group)]).all(axis=1))[0])])
    columns = np.array(center, dtype=np.intp)
    form = make_form(layout, multiplier, None)
    old = own_values(layout, form, reference)
    new = own_values(merged, form, Reference(columns))
    return Reference(columns).moved(np.array([old[list(group)].sum(axis=0) for group in origin.groups]) - new)


def own_values(layout: Layout, form: Form, reference: Reference) -> Array:
    """(J, I) value of each type and plan less lambda times its weight at the reference, shifted."""
    value = combine_rows(form.weights, layout.rows.matrix[:, reference.columns])
    outside = form.weights @ layout.rows.outside
    return around_reference(layout.weight[reference.columns], value, outside, reference.shift)[2]


def _summed(matrix: Array, part: Ints) -> Array:
    """(Q, n, I) sums of the columns (n, members) of a matrix (Q, T, I)."""
    out = np.take(matrix, part[:, 0], axis=1)
    for k in range(1, part.shape[1]):
        out += np.take(matrix, part[:, k], axis=1)
    return out


def _grid(counts: Sequence[int]) -> Ints:
    """(n, members) all combinations, the last index fastest."""
    return np.indices(tuple(counts)).reshape(len(counts), -1).T


def _allowed_inside(layout: Layout, group: tuple[int, ...], part: Ints) -> Bools:
    """(n,) which merged levels keep the rules between the plans of their group."""
    keep = np.ones(len(part), dtype=np.bool_)
    for a, b, allowed in layout.rules:
        if a in group and b in group:
            own, other = part[:, group.index(a)], part[:, group.index(b)]
            keep &= allowed[own - layout.starts[a], other - layout.starts[b]]
    return keep


def _cross_rules(layout: Layout, groups: Groups, ordered: Sequence[Ints]) -> tuple[tuple[int, int, Bools], ...]:
    """Rules between plans of different groups, between merged levels by rank."""
    where = {j: g for g, group in enumerate(groups) for j in group}
    out = []
    for a, b, allowed in layout.rules:
        g, h = where[a], where[b]
        if g == h:
            continue
        own, other = ordered[g][:, groups[g].index(a)], ordered[h][:, groups[h].index(b)]
        out.append((g, h, allowed[np.ix_(own - layout.starts[a], other - layout.starts[b])]))
    return tuple(out)
