"""Vectorised coordinate ascent: from many menus at once, the best level of one plan after the other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from optimizer.search.engine import Clock
from optimizer.search.levels.bounds import Form, combine_rows
from optimizer.search.levels.evaluation import violation, with_burst
from optimizer.search.levels.layout import Layout, Rows
from optimizer.search.levels.rules import allowed_moves, follow
from optimizer.search.levels.wide import picked
from optimizer.search.tuning import Tuning
from optimizer.typing import Array, Ints

Score = Callable[[Array], Array]
"""Linear parts (..., Q) to a number (...) to be maximised."""

Lines = Callable[[Layout, Rows, Ints, Ints, int, Ints], Array]
"""As :func:`line_values`."""


def lagrangian_rows(layout: Layout, form: Form) -> Rows:
    """The form as one single row."""
    rows = layout.rows
    return Rows(
        matrix=combine_rows(form.weights, rows.matrix)[None],
        outside=(form.weights @ rows.outside)[None],
        fixed=(form.weights @ rows.fixed)[None],
        offset=(form.weights @ rows.offset)[None] + form.shift,
    )


def first_row(values: Array) -> Array:
    """The score of a single row."""
    return np.asarray(values[..., 0])


def true_score(layout: Layout, penalty: float = np.inf) -> Score:
    """The aim where all conditions are met; below every aim, by how much they are missed, where not.

    With a finite ``penalty`` (a multiple of the aim's size per unit of violation) the aim less the penalty instead.
    """
    size = float(layout.scales[0])

    def score(values: Array) -> Array:
        aim, limits, over = with_burst(layout, values)
        missed = violation(layout, limits, over)
        if np.isfinite(penalty):
            return np.asarray(aim - penalty * size * missed)
        return np.where(missed > 0.0, -2.0 * size * (1.0 + missed), aim)

    return score


def ascend(
    layout: Layout, rows: Rows, score: Score, menus: Ints, mixes: Ints, box: tuple[Ints, ...], tuning: Tuning,
    clock: Clock, lines: Lines, sweeps: int = 12,
) -> tuple[Ints, Array]:  # fmt: skip
    """Menus (B, J) of columns that no single change inside the box betters, and their scores (B,).

    Where the clock stops it, the menus as they are by then.
    Menus that break a rule are moved to ones that keep it where a single change does so; else their score is -inf.
    """
    moves = len(menus) * max(len(c) for c in box) * layout.weight.shape[1]
    if len(menus) > 1 and moves > tuning.ascent_numbers:
        half = len(menus) // 2
        first = ascend(layout, rows, score, menus[:half], mixes[:half], box, tuning, clock, lines, sweeps)
        second = ascend(layout, rows, score, menus[half:], mixes[half:], box, tuning, clock, lines, sweeps)
        return np.concatenate([first[0], second[0]]), np.concatenate([first[1], second[1]])
    menus = menus.copy()
    if layout.plans >= tuning.running_plans and not rows.again:
        lines = RunningLines()
    live = np.arange(len(menus))
    scores = np.full(len(menus), -np.inf)
    for _ in range(sweeps):
        before = menus[live].copy()
        for j in range(layout.plans):
            if clock.stop():
                return menus, scores
            values = lines(layout, rows, menus[live], mixes[live], j, box[j])
            reached = score(values)
            mask = _mask(layout, menus[live], j, box[j])
            if mask is not None:
                reached = np.where(mask, reached, -np.inf)
            pick = np.argmax(reached, axis=1)
            top = reached[np.arange(len(live)), pick]
            better = top > scores[live]
            menus[live[better], j] = box[j][pick[better]]
            scores[live[better]] = top[better]
        live = live[(menus[live] != before).any(axis=1)]
        if not len(live):
            break
    return menus, scores


class RunningLines:
    """:func:`line_values` of many plans one after the other, for figures without an ``again`` part.

    The sums over plans are kept from call to call, and taken anew at the first plan, so that rounding does not add up.
    """

    def __init__(self) -> None:
        self._at: Ints | None = None

    def __call__(self, layout: Layout, rows: Rows, menus: Ints, mixes: Ints, plan: int, columns: Ints) -> Array:
        """See :func:`line_values`."""
        if plan == 0 or self._at is None or self._at.shape != menus.shape:
            self._at = menus.copy()
            self._total = 1.0 + layout.weight[menus].sum(axis=1)
            self._value = rows.outside[:, None, :] + rows.matrix[:, menus].sum(axis=2)
            self._level = (rows.offset[:, mixes] + rows.fixed[:, menus].sum(axis=2)).T
        for j in np.flatnonzero((self._at != menus).any(axis=0)):
            self._move(layout, rows, menus[:, j], self._at[:, j])
            self._at[:, j] = menus[:, j]
        own = menus[:, plan]
        total = np.maximum(1.0, self._total - layout.weight[own])[:, None] + layout.weight[columns]
        share = layout.customers[mixes][:, None] / total
        out = np.matmul(share, (self._value - rows.matrix[:, own]).transpose(1, 2, 0))
        out += np.einsum("bli,qli->blq", share, rows.matrix[:, columns])
        out += (self._level - rows.fixed[:, own].T)[:, None] + rows.fixed[:, columns].T
        return np.asarray(out)

    def _move(self, layout: Layout, rows: Rows, new: Ints, old: Ints) -> None:
        self._total += layout.weight[new] - layout.weight[old]
        self._value += rows.matrix[:, new] - rows.matrix[:, old]
        self._level += (rows.fixed[:, new] - rows.fixed[:, old]).T


def line_values(layout: Layout, rows: Rows, menus: Ints, mixes: Ints, plan: int, columns: Ints) -> Array:
    """(B, L, Q) figures without burst of B menus with the plan's level replaced by each of L columns."""
    rest = [j for j in range(menus.shape[1]) if j != plan]
    total = np.ones((len(menus), layout.weight.shape[1]))
    value = np.repeat(rows.outside[:, None, :], len(menus), axis=1)
    level = rows.offset[:, mixes].T
    for j in rest:
        total += layout.weight[menus[:, j]]
        value += rows.matrix[:, menus[:, j]]
        level = level + rows.fixed[:, menus[:, j]].T
    people = layout.customers[mixes]
    met = slice(None) if rows.again else layout.types[plan]
    share = total[:, None, met] + picked(layout.weight, columns, met)
    np.divide(people[:, None, met], share, out=share)
    out = np.matmul(share, value[:, :, met].transpose(1, 2, 0))
    for q in range(len(rows.fixed)):
        out[..., q] += np.einsum("bli,li->bl", share, picked(rows.matrix[q], columns, met))
    if met != slice(None):  # whatever the level, the same of all other types
        others = people / total
        others[:, met] = 0.0
        out += np.einsum("bi,qbi->bq", others, value)[:, None, :]
    out += level[:, None, :] + rows.fixed[:, columns].T
    if rows.again:
        _add_again(layout, rows, menus[:, rest], columns, share, out)
    return np.asarray(out)


def _add_again(layout: Layout, rows: Rows, rest: Ints, columns: Ints, share: Array, out: Array) -> None:
    """Add the ``again`` parts to (B, L, Q) values. ``rest``: (B, J - 1) the other plans' columns; ``share``: (B, L, I)
    people on the alternatives."""
    odds = layout.odds
    assert odds is not None
    share = share / (1.0 + odds[rest].sum(axis=1)[:, None, :] + odds[columns])
    for q, part in enumerate(rows.again):
        if part is not None:
            out[..., q] += np.einsum("bli,bi->bl", share, part[rest].sum(axis=1))
            out[..., q] += np.einsum("bli,li->bl", share, part[columns])


def _mask(layout: Layout, menus: Ints, plan: int, columns: Ints) -> Array | None:
    """(B, L) moves that keep every rule: those on the plan by the move, the others as the menus stand."""
    if not layout.rules:
        return None
    mask = allowed_moves(layout, menus, plan, columns)
    others = follow(layout, menus, [j for j in range(layout.plans) if j != plan])
    own = np.ones((len(menus), len(columns)), dtype=np.bool_) if mask is None else mask
    return np.asarray(own & others[:, None])
