"""Complete, vectorised evaluation of every menu of a box.

The plans are cut into two groups; weights and values of each group's menus are added up once, and a chunk of
menus is a block of the outer sum of the two, which turns most of the work into matrix products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from optimizer.search.levels.evaluation import Truth, problem_values, violation, with_burst
from optimizer.search.levels.layout import EPS, Layout
from optimizer.search.levels.rules import follow
from optimizer.search.tuning import DEFAULT
from optimizer.typing import Array, Bools, Ints, LevelIndices


@dataclass(frozen=True)
class Incumbent:
    """A choice that keeps all conditions, with its true aim."""

    value: float
    menu: LevelIndices
    mix: int


@dataclass(frozen=True)
class _PartialMenus:
    """All combinations of levels of some of the plans."""

    plans: tuple[int, ...]
    columns: Ints
    """(G, J) columns; 0 for the other group's plans."""
    weight: Array
    """(G, I) sum of denominator weights."""
    value: Array
    """(G, I, Q) sum of numerators."""
    fixed: Array
    """(G, Q)."""
    odds: Array
    """(G, I) sum of odds; nothing where all figures are linear."""
    again: tuple[Array | None, ...]
    """Per figure (G, I) sum of what stands before 1 / (1 + odds)."""


def best_of_box(
    layout: Layout, truth: Truth, box: tuple[Ints, ...], mix: int, incumbent: Incumbent | None,
    chunk: int = DEFAULT.chunk_numbers, stopped: Callable[[], bool] | None = None,
) -> Incumbent | None:  # fmt: skip
    """The better of the incumbent and the best choice of the box, by the truth. Every menu is looked at.

    Raises InterruptedError where ``stopped`` says so between two chunks.
    """
    best = incumbent
    for columns, values in _chunks(layout, box, mix, chunk):
        if stopped is not None and stopped():
            raise InterruptedError
        best = _best_of(layout, truth, columns, values, mix, best)
    return best


def best_of_menus(
    layout: Layout, truth: Truth, menus: Ints, mix: int, incumbent: Incumbent | None,
    chunk: int = DEFAULT.chunk_numbers,
) -> Incumbent | None:  # fmt: skip
    """The better of the incumbent and the best of the menus (n, J), by the truth."""
    if not len(menus):
        return incumbent
    values = problem_values(layout, menus, np.full(len(menus), mix), chunk)
    return best_of_values(layout, truth, menus, values, mix, incumbent)


def best_of_values(
    layout: Layout, truth: Truth, menus: Ints, values: Array, mix: int, incumbent: Incumbent | None
) -> Incumbent | None:
    """The same with the linear parts (n, Q) of the menus at hand."""
    mask = follow(layout, menus) if layout.rules else None
    return _best_of(layout, truth, lambda k: menus[k], (values, mask), mix, incumbent)


def _best_of(
    layout: Layout, truth: Truth, columns: Callable[[int], Ints], values: tuple[Array, Bools | None], mix: int,
    best: Incumbent | None,
) -> Incumbent | None:  # fmt: skip
    """Take candidates by falling aim until the next one cannot beat the incumbent; rounding is left to the truth."""
    aim, limits, over = with_burst(layout, values[0])
    near = 64.0 * EPS * (layout.weight.shape[1] + 16)
    if values[1] is not None:
        aim = np.where(values[1], aim, -np.inf)
    if truth.listener is not None and layout.limits:
        others = np.concatenate([limits[:, :-1], np.zeros((len(limits), 1))], axis=1)
        heard = np.where(violation(layout, others, over) <= near, aim, -np.inf)
        truth.listener(heard, limits[:, -1], lambda k: (layout.menu(columns(k)), mix))
    aim = np.where(violation(layout, limits, over) <= near, aim, -np.inf)
    while True:
        k = int(np.argmax(aim))
        if not aim[k] > (-np.inf if best is None else best.value):
            return best
        menu = layout.menu(columns(k))
        value = truth.value(menu, mix)
        if value is not None and (best is None or value > best.value):
            best = Incumbent(value, menu, mix)
        aim[k] = -np.inf


def _chunks(
    layout: Layout, box: tuple[Ints, ...], mix: int, chunk: int
) -> Iterator[tuple[Callable[[int], Ints], tuple[Array, Bools | None]]]:
    """Blocks of menus: how to get the columns of the k-th, and (linear parts (B, Q), which follow the rules (B,))."""
    first, second = _groups(layout, box)
    people = layout.customers[mix]
    offset = layout.rows.offset[:, mix]
    types = len(people)
    outside = np.ascontiguousarray(layout.rows.outside.T)
    wide = len(second.columns)
    step = max(1, chunk // (types * wide))
    for at in range(0, len(first.columns), step):
        a = slice(at, min(at + step, len(first.columns)))
        share = people / (1.0 + first.weight[a, None, :] + second.weight[None, :, :])
        values = share @ (first.value[a] + outside)
        values += np.matmul(share.transpose(1, 0, 2), second.value).transpose(1, 0, 2)
        values += first.fixed[a, None, :] + second.fixed[None, :, :] + offset
        _add_again(first, second, a, share, values)
        rows = first.columns[a]

        def columns(k: int, rows: Ints = rows) -> Ints:
            return np.asarray(rows[k // wide] + second.columns[k % wide])

        yield columns, (values.reshape(-1, values.shape[-1]), _rule_mask(layout, first, second, rows))


def _add_again(first: _PartialMenus, second: _PartialMenus, a: slice, share: Array, values: Array) -> None:
    """Add the ``again`` parts to (A, B, Q) values; ``share``: (A, B, I) people on the alternatives, used up."""
    if not first.again:
        return
    share /= 1.0 + first.odds[a, None, :] + second.odds[None, :, :]
    for q, (own, other) in enumerate(zip(first.again, second.again, strict=True)):
        if own is not None and other is not None:
            values[..., q] += np.einsum("abi,ai->ab", share, own[a]) + np.einsum("abi,bi->ab", share, other)


def _groups(layout: Layout, box: tuple[Ints, ...]) -> tuple[_PartialMenus, _PartialMenus]:
    first, second = halves(box)
    return _group(layout, box, sorted(first)), _group(layout, box, sorted(second))


def halves(box: tuple[Ints, ...]) -> tuple[list[int], list[int]]:
    """The plans in two groups of about equally many menus, longest plans first."""
    groups: tuple[list[int], list[int]] = ([], [])
    sizes = [1, 1]
    for j in sorted(range(len(box)), key=lambda j: (-len(box[j]), j)):
        side = 0 if sizes[0] <= sizes[1] else 1
        groups[side].append(j)
        sizes[side] *= len(box[j])
    return groups


def _group(layout: Layout, box: tuple[Ints, ...], plans: list[int]) -> _PartialMenus:
    size = 1
    for j in plans:
        size *= len(box[j])
    columns = np.zeros((size, len(box)), dtype=np.intp)
    rows = layout.true_rows
    types, figures = layout.weight.shape[1], len(rows.fixed)
    weight, value, fixed = np.zeros((1, types)), np.zeros((figures, 1, types)), np.zeros((figures, 1))
    if plans:
        open_plans = [j for j in plans if len(box[j]) > 1]  # numpy knows no more than 64 axes
        at = np.unravel_index(np.arange(size), tuple(len(box[j]) for j in open_plans)) if open_plans else ()
        for j in plans:
            columns[:, j] = box[j][0]
        for j, index in zip(open_plans, at, strict=True):
            columns[:, j] = box[j][index]
    for j in plans:
        c = box[j]
        weight = _grown(weight, layout.weight[c])
        value = (value[:, :, None, :] + rows.matrix[:, None, c]).reshape(figures, -1, types)
        fixed = (fixed[:, :, None] + rows.fixed[:, None, c]).reshape(figures, -1)
    inner = np.ascontiguousarray(value.transpose(1, 2, 0))
    odds = np.zeros((1, types))
    again = [None if part is None else np.zeros((1, types)) for part in rows.again]
    for j in plans if layout.odds is not None else ():
        assert layout.odds is not None
        odds = _grown(odds, layout.odds[box[j]])
        again = [
            None if sums is None or part is None else _grown(sums, part[box[j]])
            for sums, part in zip(again, rows.again, strict=True)
        ]
    return _PartialMenus(tuple(plans), columns, weight, inner, np.ascontiguousarray(fixed.T), odds, tuple(again))


def _grown(sums: Array, more: Array) -> Array:
    """(G L, I) sums (G, I) with each of L rows (L, I) added."""
    return np.asarray((sums[:, None, :] + more).reshape(-1, more.shape[1]))


def _rule_mask(layout: Layout, first: _PartialMenus, second: _PartialMenus, rows: Ints) -> Bools | None:
    """(B,) which menus of the block follow every rule; None without rules."""
    if not layout.rules:
        return None
    mask = follow(layout, rows, first.plans)[:, None] & follow(layout, second.columns, second.plans)[None, :]
    for one, other, pairs in layout.rules:
        if (one in first.plans) == (other in first.plans):
            continue
        a, b, allowed = (one, other, pairs) if one in first.plans else (other, one, pairs.T)
        own = rows[:, a] - layout.starts[a]
        mask &= allowed[np.ix_(own, second.columns[:, b] - layout.starts[b])]
    return np.asarray(mask.ravel())
