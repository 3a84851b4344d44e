"""Many choices evaluated at once, and the truth about a single one."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from optimizer.errors import bad_argument
from optimizer.model.instance import Figure, Instance, Limit, evaluate, follows_rules, within_burst
from optimizer.search.levels.again import chance
from optimizer.search.levels.layout import Layout, Rows, check_figure, check_instance, lay_rows, stack
from optimizer.search.tuning import DEFAULT
from optimizer.typing import Array, Choice, Ints, LevelIndices


@dataclass(frozen=True)
class Truth:
    """The original problem at single choices, by ``instance.evaluate``: the last word on every incumbent."""

    instance: Instance
    aim: Figure
    limits: Sequence[Limit]
    excluded: Collection[tuple[LevelIndices, int]] = frozenset()
    listener: Callable[[Array, Array, Callable[[int], Choice]], None] | None = field(default=None, compare=False)
    """Told of menus as they are evaluated: aims (n,), -inf where a condition but the last limit is missed, values (n,)
    of that limit, and the k-th choice."""

    def value(self, menu: LevelIndices, mix: int) -> float | None:
        """The aim, or None where the choice is excluded or breaks a rule, a limit or a burst limit."""
        if (menu, mix) in self.excluded or not follows_rules(self.instance, menu):
            return None
        figures = {str(k): limit.figure for k, limit in enumerate(self.limits)} | {"aim": self.aim}
        value = evaluate(self.instance, figures, menu, mix)
        aim = value.pop("aim")
        if any(v < 0.0 for v in value.values()) or not within_burst(self.instance, menu, mix):
            return None
        return aim


def evaluate_many(
    instance: Instance,
    figures: Mapping[str, Figure],
    menus: Ints | Sequence[LevelIndices],
    mix: Ints | Sequence[int] | int = 0,
) -> dict[str, Array]:
    """Figures at B choices, burst included: menus (B, J) level indices, mix (B,) or one index. Each value is (B,).

    Same definition as ``instance.evaluate``, vectorised; agrees with it to rounding.
    """
    check_instance(instance)
    for name, figure in figures.items():
        check_figure(instance, figure, name)
    chosen = np.asarray(menus, dtype=np.intp).reshape(-1, instance.plans)
    mixes = np.broadcast_to(np.asarray(mix, dtype=np.intp), (len(chosen),))
    if np.any(chosen < 0) or np.any(chosen >= np.array(instance.levels)):
        raise bad_argument("menus", "holds a level that does not exist")
    if np.any(mixes < 0) or np.any(mixes >= instance.mixes):
        raise bad_argument("mix", "holds a mix level that does not exist")
    listed = [*figures.values(), *(b.use for b in instance.blocks)]
    rows = lay_rows(instance, listed)
    weight = stack(instance.denominators, [np.arange(n, dtype=np.intp) for n in instance.levels])
    starts = np.concatenate([[0], np.cumsum(instance.levels)[:-1]])
    odds = stack(instance.odds, [np.arange(n, dtype=np.intp) for n in instance.levels]) if rows.again else None
    values = row_values(weight, rows, odds, instance.customers, chosen + starts, mixes)
    over = np.maximum(0.0, values[:, len(figures) :] - np.array([b.reserved for b in instance.blocks]))
    billed = np.array([f.burst for f in figures.values()]).reshape(len(figures), len(instance.blocks))
    values = values[:, : len(figures)] + over @ billed.T
    return {name: np.ascontiguousarray(values[:, k]) for k, name in enumerate(figures)}


def row_values(
    weight: Array, rows: Rows, odds: Array | None, customers: Array, columns: Ints, mixes: Ints,
    chunk: int = DEFAULT.chunk_numbers,
) -> Array:  # fmt: skip
    """(B, Q) figures without burst at B menus given by columns (B, J); ``chunk`` numbers at a time.

    ``odds``: (T, I), asked for where a row has an ``again`` part.
    """
    count, plans = columns.shape
    types, figures = weight.shape[1], len(rows.fixed)
    out = np.empty((count, figures))
    step = max(1, chunk // (types * max(1, figures)))
    for at in range(0, count, step):
        part, m = columns[at : at + step], mixes[at : at + step]
        total = 1.0 + weight[part[:, 0]]
        value = rows.outside[:, None, :] + rows.matrix[:, part[:, 0]]
        level = rows.offset[:, m] + rows.fixed[:, part[:, 0]]
        for j in range(1, plans):
            total += weight[part[:, j]]
            value += rows.matrix[:, part[:, j]]
            level += rows.fixed[:, part[:, j]]
        people = customers[m] / total
        out[at : at + step] = (np.einsum("bi,qbi->qb", people, value) + level).T
        if rows.again:
            people *= chance(odds, part)
        for q, own in enumerate(rows.again):
            if own is not None:
                out[at : at + step, q] += np.einsum("bi,bji->b", people, own[part])
    return out


def problem_values(layout: Layout, columns: Ints, mixes: Ints, chunk: int = DEFAULT.chunk_numbers) -> Array:
    """(B, Q) aim, limits and uses, without burst."""
    return row_values(layout.weight, layout.true_rows, layout.odds, layout.customers, columns, mixes, chunk)


def with_burst(layout: Layout, values: Array) -> tuple[Array, Array, Array]:
    """Aim (...), limits (..., K) and GPUs beyond reserved (..., H) from linear parts (..., Q)."""
    k = layout.limits
    if not layout.blocks:
        return values[..., 0], values[..., 1:], np.zeros((*values.shape[:-1], 0))
    over = np.maximum(0.0, values[..., 1 + k :] - layout.reserved)
    full = values[..., : 1 + k] + over @ layout.burst.T
    return full[..., 0], full[..., 1:], over


def violation(layout: Layout, limits: Array, over: Array) -> Array:
    """(...) sum of what limits and burst limits are missed by, each in units of its own magnitude; 0 where met."""
    scale = layout.scales
    k = layout.limits
    missed = np.zeros(limits.shape[:-1])
    if k:
        missed = missed + (np.maximum(0.0, -limits) / scale[1 : 1 + k]).sum(axis=-1)
    if layout.blocks:
        missed = missed + (np.maximum(0.0, over - layout.room) / scale[1 + k :]).sum(axis=-1)
    return np.asarray(missed)
