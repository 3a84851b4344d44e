"""Plans that attract alike, of two levels each: which of them are switched on follows from how many.

Two plans have the same denominators and attractions at both levels, the same amounts at the first level, and one
brings at least as much of the aim and of every limit at the second, for every type. Take a menu with the poorer
one at its second level and the better one at its first. Exchanging the two leaves every type's outside share what it
was and adds to aim and limits what the better one brings more: nothing is lost, and nothing is broken. So of g such
plans in a row, g + 1 menus do for 2^g: the better ones first. Rules, use of compute that differs, and menus that may
not be returned forbid the exchange.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.model.instance import Figure, Instance
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.merging import Groups, together
from optimizer.typing import Array, Ints


@dataclass(frozen=True)
class _Switch:
    """A plan with two levels, the first the one with the smaller denominators."""

    plan: int
    levels: tuple[int, int]
    key: tuple[bytes, ...]
    """Equal where plans attract alike and bring the same at their first levels."""
    brings: Array
    """All numbers of aim and limits at the second level: amounts by type, then what is due once."""


def switch_levels(instance: Instance, plan: int, levels: Ints) -> tuple[int, int]:
    """Two levels of a plan, the one with the smaller denominators (by type, in order) first."""
    low, high = (int(k) for k in levels)
    e, w = instance.denominators[plan], instance.attraction[plan]
    ends = [(tuple(e[:, k]), tuple(w[:, k])) for k in (low, high)]
    return (low, high) if ends[0] <= ends[1] else (high, low)


def _switch(
    instance: Instance, rising: Sequence[Figure], fixed: Sequence[Figure], plan: int, levels: Ints
) -> _Switch | None:
    if len(levels) != 2 or any(f.again for f in rising):
        return None
    first, second = switch_levels(instance, plan, levels)
    e, w = instance.denominators[plan], instance.attraction[plan]

    def numbers(figure: Figure, level: int) -> Array:
        return np.append(np.where(w[:, level] > 0.0, figure.amounts[plan][:, level], 0.0), figure.fixed[plan][level])

    same = [e[:, first], e[:, second], w[:, first], w[:, second], *(numbers(f, first) for f in rising)]
    same += [numbers(f, level) for f in fixed for level in (first, second)]
    key = tuple((part + 0.0).tobytes() for part in same)  # -0.0 becomes 0.0
    return _Switch(plan, (first, second), key, np.concatenate([numbers(f, second) for f in rising]))


def alike(
    instance: Instance, aim: Figure, limits: Sequence[Figure], box: Sequence[Ints]
) -> tuple[tuple[int, ...], ...]:
    """Rows of two or more plans that attract alike, each plan no poorer than the next; ``box``: levels by plan."""
    if instance.rules:
        return ()
    rows: dict[tuple[bytes, ...], list[list[_Switch]]] = {}
    uses = [block.use for block in instance.blocks]
    switches = [_switch(instance, [aim, *limits], uses, j, levels) for j, levels in enumerate(box)]
    for one in sorted((s for s in switches if s is not None), key=lambda s: (-float(s.brings.sum()), s.plan)):
        known = rows.setdefault(one.key, [])
        row = next((row for row in known if (row[-1].brings >= one.brings).all()), None)
        if row is None:
            known.append([one])
        else:
            row.append(one)
    return tuple(tuple(s.plan for s in row) for known in rows.values() for row in known if len(row) > 1)


def switched(
    layout: Layout, columns: tuple[Ints, ...], rows: Sequence[Sequence[int]]
) -> tuple[Layout, tuple[Ints, ...], Groups]:
    """The box with every row taken as one plan, whose level k has the first k at their second level.

    Returns layout, columns and the groups of plans: the rows, then every other plan alone.
    """
    alone = sorted(set(range(layout.plans)) - {j for row in rows for j in row})
    parts = []
    for row in rows:
        ends = [switch_levels(layout.instance, j, np.sort(layout.level[columns[j]])) for j in row]
        at = np.array([[layout.column[j][k] for k in pair] for j, pair in zip(row, ends, strict=True)], dtype=np.intp)
        on = np.arange(len(row) + 1)[:, None] > np.arange(len(row))
        parts.append(np.where(on, at[:, 1], at[:, 0]))
    parts += [layout.column[j][np.sort(layout.level[columns[j]])][:, None] for j in alone]
    groups = (*(tuple(row) for row in rows), *((j,) for j in alone))
    return (*together(layout, groups, parts), groups)
