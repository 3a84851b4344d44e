"""The separable upper bound of a Lagrangian over a box of levels.

For any reference c, with lambda_i the value of type i per base-reached person at c, and d_ijl the numerator less
lambda_i times the denominator, less the same at c:

    value(x) <= value(c) + sum_j max_l D_jl,    D_jl = sum_i n_i (d_ijl / (1 + e_ijl + others' least e) where d > 0,
                                                                 d_ijl / (1 + e_ijl + others' largest e) where d < 0)

Exact at a single menu; the error falls with the square of the box. The reference may lie outside the box.
Conditions enter with multipliers >= 0, so the bound holds for every choice that meets them.

A box may also confine sizes, 1 + the sum of all weights, to a span of each type: its menus are those within. The value
of type i is lambda_i + y_i sum_j d_ij with one y_i = 1 / size, whatever confines it; so where
d > 0, the least size of the span takes the place of a smaller one above, where d < 0 the largest that of a larger one.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.search.levels.layout import EPS, Layout
from optimizer.search.tuning import DEFAULT
from optimizer.typing import Array, Bools, Ints


@dataclass(frozen=True)
class Multiplier:
    """Weights of the aim and the limits, and a price per GPU beyond the reserved ones in each block; all >= 0."""

    rows: Array
    """(1 + K,) weight of the aim, then of each limit. Aim weight 0: a proof of infeasibility where the bound is < 0."""
    gpus: Array
    """(H,)."""


@dataclass(frozen=True)
class Reference:
    """What the bound is taken around: a menu (columns), and how far each type's and plan's own value is moved from it.

    With t_ij the value less lambda_i times the weight at the menu, plus ``shift``, and lambda_i = outside + sum_j t_ij,
    the bound holds for any shift. Lowered over the shifts it is the linear relaxation's.
    """

    columns: Ints
    shift: Array | None = None
    """(J, I) per base-reached person; None for zero."""
    slopes: Array | None = None
    """(I,) per size squared; given for the bound of ``levels.pairs``."""

    def sloped(self, slopes: Array) -> Reference:
        """With these slopes, rounded like shifts."""
        return replace(self, slopes=np.clip(slopes, 0.0, 1.0).astype(np.float32).astype(np.float64))

    def moved(self, step: Array) -> Reference:
        """Shifted further; rounded to single precision, so that a certificate can hold it in few bytes."""
        shift = step if self.shift is None else self.shift + step
        return replace(self, shift=np.clip(shift, -1e30, 1e30).astype(np.float32).astype(np.float64))


@dataclass(frozen=True)
class Chord:
    """max(0, use - reserved) <= slope use + shift for all menus of a box; (H,) each."""

    slope: Array
    shift: Array


@dataclass(frozen=True)
class Form:
    """A linear figure that no feasible choice's Lagrangian exceeds: rows weighted by ``weights`` plus ``shift``."""

    weights: Array
    """(Q,)."""
    shift: float
    size: float
    """Sum of the absolute constants in ``shift``, for the rounding slack."""


@dataclass(frozen=True)
class BoxBound:
    """A bound over one box."""

    total: float
    """No choice of the box exceeds it; rounding slack included."""
    potential: tuple[Array, ...]
    """(columns of the plan,) D per plan."""
    top: Array
    """(J,) largest D per plan."""
    best: Ints
    """(J,) column with the largest D per plan."""
    value: float
    """The form at the reference menu, when not shifted."""
    cut: Array
    """(Q,) the rows' share in ``total``: the bound at other weights is at least their weighted sum plus ``rest``."""
    rest: float
    """The shifts' share in ``total``."""
    gradient: Array
    """(J, I) of ``total`` by the shifts."""
    at_best: Array
    """(Q,) linear parts of all figures at the menu ``best``."""
    fall: float
    """How far the worst level of some plan lies below the plan's best one."""
    by_slopes: Array | None = None
    """(I,) gradient by the slopes, where the bound takes any."""
    held: tuple[Array, ...] | None = None
    """(columns of the plan,) <= 0, what else falls where a plan keeps one level; not for several plans together."""

    def levels(self, plan: int) -> Array:
        """(columns of the plan,) bound over the part of the box that keeps one level of the plan."""
        alone = self.total - self.top[plan] + self.potential[plan]
        return np.asarray(alone if self.held is None else alone + self.held[plan])


def make_form(layout: Layout, multiplier: Multiplier, chord: Chord | None) -> Form:
    """The Lagrangian's linear majorant.

    A burst cost c <= 0 per GPU is at most -p (use - reserved) + room max(0, p + c) for any price p >= 0 while burst
    stays within its room; a burst gain lies below its chord over the box.
    """
    v, k = multiplier.rows, layout.limits
    if not layout.blocks:
        return Form(v, 0.0, 0.0)
    cost = v @ np.minimum(layout.burst, 0.0)
    price = multiplier.gpus
    beyond = np.maximum(0.0, price + cost)
    unlimited = np.isinf(layout.room)
    price = np.where(unlimited, np.minimum(price, -cost), price)
    beyond = np.where(unlimited, 0.0, beyond)
    parts = price * layout.reserved + beyond * np.where(unlimited, 0.0, layout.room)
    weights = np.concatenate([v, -price])
    if chord is not None:
        gain = v @ np.maximum(layout.burst, 0.0)
        weights[1 + k :] += gain * chord.slope
        parts = parts + gain * chord.shift
    return Form(weights, float(parts.sum()), float(np.abs(parts).sum()))


def plan_potentials(
    weight: Array, value: Array, unit: Array, base: Array, low: Array, high: Array, people: Array,
    spans: Array | None = None,
) -> Array:  # fmt: skip
    """(L,) D of one plan's levels: the inner loop of the search.

    ``weight``, ``value``: (L, I) denominators and numerators; ``unit``: (I,) lambda; ``base``: value less lambda times
    weight at the reference; ``low``, ``high``: one plus the other plans' least and largest weights, (I,) or (L, I).
    """
    return np.asarray(plan_rates(weight, value, unit, base, low, high, spans) @ people)


def plan_rates(
    weight: Array, value: Array, unit: Array, base: Array, low: Array, high: Array, spans: Array | None = None
) -> Array:
    """(L, I) D of one plan's levels per person of each type; ``spans``: (2, I) least and largest sizes."""
    d = weight * unit
    np.subtract(value, d, out=d)
    d -= base
    gains = d > 0.0
    total = np.where(gains, low, high)
    total += weight
    total = within(total, gains, spans)
    return np.divide(d, total, out=total)


def within(size: Array, gains: Bools, spans: Array | None) -> Array:
    """Sizes (..., I) not below the least of their spans (2, I) where ``gains``, not above the largest elsewhere."""
    if spans is None:
        return size
    return np.asarray(np.where(gains, np.maximum(size, spans[0]), np.minimum(size, spans[1])))


def bound_box(
    layout: Layout, form: Form, box: tuple[Ints, ...], mix: int, reference: Reference,
    at_once: int = DEFAULT.plans_at_once, spans: Array | None = None,
) -> BoxBound:  # fmt: skip
    """The bound of a form over a box given by columns per plan, and by ``spans`` (2, I) of sizes.

    ``at_once``: see ``Tuning.plans_at_once``.
    """
    weight, rows, people = layout.weight, layout.rows, layout.customers[mix]
    center = reference.columns
    at = weight[center]
    at_rows = rows.matrix[:, center]
    value_at = combine_rows(form.weights, at_rows)
    outside = form.weights @ rows.outside
    size, unit, base = around_reference(at, value_at, outside, reference.shift)
    columns = np.concatenate(box)
    counts = np.array([len(c) for c in box])
    first = np.cumsum(counts) - counts
    own = weight[columns]
    value = combine_rows(form.weights, rows.matrix[:, columns])
    least, most = np.minimum.reduceat(own, first, axis=0), np.maximum.reduceat(own, first, axis=0)
    around = (others(least), others(most))
    level = form.weights @ rows.fixed
    flat = _potentials(own, value, unit, base, around, people, counts, at_once, spans)
    flat += level[columns] - np.repeat(level[center], counts)
    potential = tuple(np.split(flat, first[1:]))
    pick = first + np.array([int(p.argmax()) for p in potential])
    top = flat[pick]
    at_value = float(people @ unit + level[center].sum() + form.weights @ rows.offset[:, mix] + form.shift)
    reach = people / (around[0][0] + least[0])
    terms = np.maximum.reduceat(np.abs(value) @ reach, first).sum() + 2.0 * float((most @ (np.abs(unit) * reach)).sum())
    terms += 2.0 * ((np.abs(base) + np.abs(value_at)).sum(axis=0) + np.abs(outside) + np.abs(unit)) @ reach
    slack = slack_of(layout, form, mix, len(box), float(terms))
    gains = value[pick] - unit * own[pick] > base
    reached = people / within(np.where(gains, *around) + own[pick], gains, spans)
    cut, rest, at_best = cut_of(layout, mix, reference, columns[pick], at_rows, size, reached)
    gradient = people - (own[pick] * reached).sum(axis=0) - reached
    fall = float((top - np.minimum.reduceat(flat, first)).max())
    total = at_value + float(top.sum()) + slack
    return BoxBound(total, potential, top, columns[pick], at_value, cut, rest, gradient, at_best, fall)


def _potentials(
    own: Array, value: Array, unit: Array, base: Array, around: tuple[Array, Array], people: Array, counts: Ints,
    at_once: int, spans: Array | None,
) -> Array:  # fmt: skip
    """(columns of the box,) D: small boxes in one go, large ones plan by plan, which saves copies."""
    if own.size <= at_once:
        spread = [np.repeat(part, counts, axis=0) for part in (base, *around)]
        return plan_potentials(own, value, unit, spread[0], spread[1], spread[2], people, spans)
    ends = np.cumsum(counts)
    parts = [slice(end - count, end) for end, count in zip(ends, counts, strict=True)]
    low, high = around
    return np.concatenate(
        [plan_potentials(own[p], value[p], unit, base[j], low[j], high[j], people, spans) for j, p in enumerate(parts)]
    )


def around_reference(at: Array, value: Array, outside: Array, shift: Array | None) -> tuple[Array, Array, Array]:
    """(I,) one plus the weights, (I,) lambda, and (J, I) value less lambda times weight, the last two shifted.

    ``at``, ``value``: (J, I) weights and numerators; ``outside``: (I,); ``shift``: (J, I) or None.
    """
    size = 1.0 + at.sum(axis=0)
    unit = (outside + value.sum(axis=0)) / size
    base = value - unit * at
    if shift is None:
        return size, unit, base
    return size, unit + shift.sum(axis=0), base + shift


def combine_rows(weights: Array, matrix: Array) -> Array:
    """(..., I) weights (Q,) times (Q, ..., I) rows."""
    if len(weights) == 1 and weights[0] == 1.0:
        return np.asarray(matrix[0])
    return np.asarray((weights @ matrix.reshape(len(weights), -1)).reshape(matrix.shape[1:]))


def others(parts: Array) -> Array:
    """(J, I) one plus the sum over the other plans; by prefix and suffix sums, as differences would cancel."""
    out = np.ones_like(parts)
    out[1:] += np.cumsum(parts[:-1], axis=0)
    out[:-1] += np.cumsum(parts[:0:-1], axis=0)[::-1]
    return out


def slack_of(layout: Layout, form: Form, mix: int, plans: int, terms: float) -> float:
    """More than rounding can take from the bound: a unit in the last place of every term, times the terms summed.

    ``terms``: absolute terms of the bound. Also covers the rounding of the evaluation itself.
    """
    steps = EPS * (layout.weight.shape[1] + 4 * plans + 40)
    return float(2.0 * steps * (terms + float(np.abs(form.weights) @ layout.magnitude[:, mix]) + form.size))


def true_parts(layout: Layout, mix: int, columns: Ints) -> Array:
    """(Q,) linear parts of all figures at a menu (J,)."""
    rows = layout.rows
    reached = layout.customers[mix] / (1.0 + layout.weight[columns].sum(axis=0))
    value = (rows.outside + rows.matrix[:, columns].sum(axis=1)) @ reached
    return np.asarray(value + rows.offset[:, mix] + rows.fixed[:, columns].sum(axis=1))


def cut_of(
    layout: Layout, mix: int, reference: Reference, best: Ints, at_rows: Array, size: Array, reached: Array
) -> tuple[Array, float, Array]:
    """(Q,) value of every row in the bound, and that of the shifts: linear in the weights of the rows.

    Then (Q,) the rows' true linear parts at the best levels. ``reached``: (J, I) people on the alternatives that the
    bound takes at the best level of each plan.
    """
    rows, people = layout.rows, layout.customers[mix]
    unit = (rows.outside + at_rows.sum(axis=1)) / size
    at_best, at = layout.weight[best], layout.weight[reference.columns]
    best_rows = rows.matrix[:, best]
    d = best_rows - at_rows - unit[:, None, :] * (at_best - at)
    level = rows.offset[:, mix] + rows.fixed[:, best].sum(axis=1)
    cut = unit @ people + np.einsum("qji,ji->q", d, reached) + level
    truly = true_parts(layout, mix, best)
    if reference.shift is None:
        return np.asarray(cut), 0.0, truly
    moved = reference.shift.sum(axis=0)
    return np.asarray(cut), float(people @ moved - ((moved * at_best + reference.shift) * reached).sum()), truly
