"""The upper bound of a Lagrangian over a box of levels that knows how any two plans act on each other.

With lambda_i and d_ijl of ``levels.bounds``, around any reference, and a type's size s = 1 + the sum of its weights,

    value(x) = constants + sum_i n_i (lambda_i + sum_j d_ij / s),    1 / s = (1 / s + b_i s) - b_i (1 + sum_k e_ik)

for any slope b_i >= 0. The bracket is convex in s, and s of the menus with one level lies between two sums: its worse
end makes an amount per level. What is left is a sum over pairs of plans, -b_i (d_ij e_ik + d_ik e_ij), and is summed
over the types before anything is bounded: what one type gains by a pair of levels and another loses cancels, which no
bound by types can see. With slopes of 0 it is the separable bound. The error of the
brackets falls with the square of what the box leaves of log s, that of the separable bound with that itself.

The largest sum of amounts of levels and of pairs of levels is bounded in its turn: messages m move amounts from pairs
to levels, and for any messages

    max_x sum_j t_j + sum_jk t_jk <= sum_j max (t_j + sum_k m_kj) + sum_jk max (t_jk - m_jk - m_kj)

Sources: reparametrisation after Schlesinger (1976); messages after Globerson and Jaakkola (2007), who split what an
edge and its two ends hold in halves.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from optimizer.search.levels.bounds import (
    BoxBound,
    Form,
    Reference,
    around_reference,
    combine_rows,
    others,
    slack_of,
    true_parts,
)
from optimizer.search.levels.layout import Layout
from optimizer.search.tuning import DEFAULT
from optimizer.typing import Array, Ints


@dataclass(frozen=True)
class Sides:
    """What a box says of its types' sizes."""

    low: Array
    """(J, I) one plus the other plans' least weights."""
    high: Array
    """(J, I) one plus their largest ones."""
    least: Array
    """(I,) sizes of the box, within the spans."""
    most: Array
    """(I,)."""

    @property
    def middle(self) -> Array:
        """(I,) slopes to start from: of 1 / s at the middle of the sizes."""
        return np.asarray(4.0 / (self.least + self.most) ** 2)


@dataclass(frozen=True)
class Passed:
    """The amounts of levels and pairs of levels after messages were passed."""

    potential: Array
    """(n,) amounts of the levels."""
    held: Array
    """(n,) <= 0: what pairs lose if a plan keeps a level."""
    edges: Array
    """(J, J) largest amount of every pair of plans, 0 on the diagonal."""
    ends: Ints
    """(J, J) place among the first plan's levels of that pair's first end: [j, k] of plan j."""
    messages: float
    """Sum over pairs of plans of the largest message either way."""


def level_amounts(
    d: Array, own: Array, sides: Sides, first: Ints, slopes: Array, people: Array, spans: Array | None
) -> Array:
    """(n,) d (n, I) times the worse end of 1 / s + b s, less b (1 + e), summed over the types."""
    plan = plans_of(first)
    at = worst_size(d, own, sides.low[plan], sides.high[plan], slopes, spans)
    return np.asarray((d * (1.0 / at + slopes * (at - 1.0 - own))) @ people)


def passed(amounts: Array, pairs: Array, first: Ints, sweeps: int) -> Passed:
    """Amounts after so many rounds of messages; ``amounts``: (n,) of levels, ``pairs``: (n, n) symmetric, of pairs of
    levels of two plans."""
    plans = len(first) - 1
    parts = [slice(a, b) for a, b in itertools.pairwise(first)]
    message, held = np.zeros((plans, len(amounts))), amounts.copy()
    for _ in range(sweeps):
        for j in range(plans):
            for k in range(j + 1, plans):
                a, c = parts[j], parts[k]
                one, other = held[a] - message[k, a], held[c] - message[j, c]
                block = pairs[a, c]
                message[k, a] = 0.5 * ((block + other).max(axis=1) - one)
                message[j, c] = 0.5 * ((block + one[:, None]).max(axis=0) - other)
                held[a], held[c] = one + message[k, a], other + message[j, c]
    moved = message[plans_of(first)]
    return told(amounts, message, pairs - moved - moved.T, first)


def told(amounts: Array, message: Array, reduced: Array, first: Ints) -> Passed:
    """From messages (J, n), of plan j into a level, and (n, n) what they leave of pairs."""
    plans, plan, starts = len(first) - 1, plans_of(first), first[:-1]
    best = np.maximum.reduceat(reduced, starts, axis=1)
    best[np.arange(len(plan)), plan] = 0.0
    edges = np.maximum.reduceat(best, starts, axis=0)
    ends = np.stack([best[a:b].argmax(axis=0) for a, b in itertools.pairwise(first)])
    for j in range(plans):
        for k in range(j + 1, plans):  # of several equal pairs both ends of one
            ends[k, j] = reduced[starts[j] + ends[j, k], starts[k] : first[k + 1]].argmax()
    largest = np.maximum.reduceat(np.abs(message), starts, axis=1)
    held = (best - edges[plan]).sum(axis=1)
    potential = amounts.copy()
    for j in range(plans):
        potential += message[j]
    return Passed(potential, held, edges, ends, float(largest.sum()))


def plans_of(first: Ints) -> Ints:
    """(n,) plan of every level, from where each plan begins (J + 1,)."""
    return np.repeat(np.arange(len(first) - 1), np.diff(first))


def sides_of(layout: Layout, box: tuple[Ints, ...], spans: Array | None) -> Sides:
    """The sizes of a box."""
    parts = [layout.weight[c] for c in box]
    least, most = (np.array([getattr(p, end)(axis=0) for p in parts]) for end in ("min", "max"))
    low, high = 1.0 + least.sum(axis=0), 1.0 + most.sum(axis=0)
    if spans is not None:
        low, high = np.maximum(low, spans[0]), np.minimum(high, spans[1])
    return Sides(others(least), others(most), low, np.maximum(low, high))


def worst_size(d: Array, own: Array, low: Array, high: Array, slopes: Array, spans: Array | None) -> Array:
    """(n, I) the size between own + low and own + high at which d (1 / s + b s) is largest; all (n, I).

    Where spans leave a level no size, no menu keeps it, and any size will do."""
    low, high = own + low, own + high
    if spans is not None:
        low, high = np.maximum(low, spans[0]), np.minimum(high, spans[1])
    first = (1.0 / low + slopes * low >= 1.0 / high + slopes * high) | (low > high)
    turn = np.clip(1.0 / np.sqrt(np.maximum(slopes, 1e-300)), low, high)
    return np.where(d > 0.0, np.where(first, low, high), turn)


def bound_pairs(
    layout: Layout, form: Form, box: tuple[Ints, ...], mix: int, reference: Reference, spans: Array | None = None,
    sweeps: int = DEFAULT.pair_sweeps,
) -> BoxBound:  # fmt: skip
    """The bound of a form over a box given by columns per plan, and by ``spans`` (2, I) of sizes.

    ``potential`` and ``top`` add up to a bound of every menu; ``held`` tells what is known besides of the menus that
    keep one level.
    """
    assert reference.slopes is not None
    rows, people, slopes, center = layout.rows, layout.customers[mix], reference.slopes, reference.columns
    at, at_rows = layout.weight[center], rows.matrix[:, center]
    size, unit, base = around_reference(
        at, combine_rows(form.weights, at_rows), form.weights @ rows.outside, reference.shift
    )
    columns, first = np.concatenate(box), np.cumsum([0, *map(len, box)])
    plan, own = plans_of(first), layout.weight[columns]
    value = combine_rows(form.weights, rows.matrix[:, columns])
    sides = sides_of(layout, box, spans)
    d = value - unit * own - base[plan]
    level = form.weights @ rows.fixed
    amounts = level_amounts(d, own, sides, first, slopes, people, spans) + level[columns] - level[center][plan]
    pairs = (d * (-slopes * people)) @ own.T
    pairs += pairs.T
    after = passed(amounts, pairs, first, sweeps)
    flat = after.potential
    pick = first[:-1] + np.array([int(part.argmax()) for part in np.split(flat, first[1:-1])])
    at_value = float(people @ unit + level[center].sum() + form.weights @ rows.offset[:, mix] + form.shift)
    largest = np.maximum.reduceat(np.abs(value) + np.abs(unit) * own, first[:-1]).sum(axis=0) + np.abs(base).sum(axis=0)
    terms = people @ (np.abs(unit) + largest * (1.0 / sides.least + 3.0 * slopes * sides.most))
    slack = slack_of(layout, form, mix, len(box), float(2.0 * terms + 4.0 * after.messages))
    total = at_value + float(flat[pick].sum() + np.triu(after.edges).sum()) + slack
    chosen = _Chosen(pick, *_ends(after, first))
    taken, by_slopes = _taken(chosen, d, own, sides, plan, slopes, people, spans)
    cut, gradient = _cut(layout, mix, reference, columns, plan, taken, size, at_rows)
    cut += rows.offset[:, mix] + rows.fixed[:, columns[pick]].sum(axis=1)
    rest = total - slack - float(form.weights @ cut) - form.shift  # of shifts, and of messages that stay as they are
    parts = [slice(a, b) for a, b in itertools.pairwise(first)]
    fall = float((flat[pick][plan] - flat - after.held).max())
    return BoxBound(
        total, tuple(flat[p] for p in parts), flat[pick], columns[pick], at_value, cut, rest, gradient,
        true_parts(layout, mix, columns[pick]), fall, by_slopes, tuple(after.held[p] for p in parts),
    )  # fmt: skip


def _cut(
    layout: Layout, mix: int, reference: Reference, columns: Ints, plan: Ints, taken: Array, size: Array, at_rows: Array
) -> tuple[Array, Array]:
    """(Q,) value of every row in the bound but for what belongs to levels, and (J, I) the gradient by the shifts.

    ``taken``: (n, I) what the bound takes of the d of every level; ``size``, ``at_rows``: of the reference.
    """
    rows, people = layout.rows, layout.customers[mix]
    used = np.flatnonzero(taken.any(axis=1))
    own, plan, taken = layout.weight[columns[used]], plan[used], taken[used]
    unit = (rows.outside + at_rows.sum(axis=1)) / size
    base = at_rows - unit[:, None, :] * layout.weight[reference.columns]
    d = rows.matrix[:, columns[used]] - unit[:, None, :] * own - base[:, plan]
    cut = np.einsum("qni,ni->q", d, taken) + unit @ people
    gradient = np.tile(people - (taken * own).sum(axis=0), (len(reference.columns), 1))
    np.subtract.at(gradient, plan, taken)
    return cut, gradient


@dataclass(frozen=True)
class _Chosen:
    """Places of the levels at which the bound is attained."""

    levels: Ints
    """(J,)."""
    one: Ints
    """(E,) of every pair of plans."""
    other: Ints
    """(E,)."""


def _ends(after: Passed, first: Ints) -> tuple[Ints, Ints]:
    """Both ends of every pair of plans at its largest amount."""
    one, other = np.triu_indices(len(first) - 1, 1)
    return first[one] + after.ends[one, other], first[other] + after.ends[other, one]


def _taken(
    chosen: _Chosen, d: Array, own: Array, sides: Sides, plan: Ints, slopes: Array, people: Array, spans: Array | None
) -> tuple[Array, Array]:
    """(n, I) what the bound takes of every d, and (I,) its gradient by the slopes."""
    k, one, other = chosen.levels, chosen.one, chosen.other
    at = worst_size(d[k], own[k], sides.low[plan[k]], sides.high[plan[k]], slopes, spans)
    taken = np.zeros_like(d)
    taken[k] = people * (1.0 / at + slopes * (at - 1.0 - own[k]))
    gradient = people * (d[k] * (at - 1.0 - own[k])).sum(axis=0)
    gradient -= people * (d[one] * own[other] + d[other] * own[one]).sum(axis=0)
    np.subtract.at(taken, one, people * slopes * own[other])
    np.subtract.at(taken, other, people * slopes * own[one])
    return taken, gradient
