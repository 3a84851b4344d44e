"""An upper bound on every path of a box, separable over (stage, plan), by the performance-difference identity.

For any paths x and c, with n and R (deciders per weight) along x, values v and lambda along c, and the gain
G_j(l) = reward of level l + v_j after the month:

    value(x) = value(c) + sum over months and types of
               sum_j n_j f_j(l_j) + sum_c R_c sum_j d_cj(l_j)
    f_j(l)  = (1 - rate_l) G_j(l) + rate_l lambda,  less the same at c
    d_cj(l) = w_cl (G_j(l) - lambda_c),             less the same at c

With word of mouth v_j has omega (psi_j - 1) G_0 beside, and the identity stands as it is. Where terms are kept, G_j(l)
is of someone who keeps level l, and f is nothing: only who decides is uncertain.

Every term belongs to the column of one group in one stage; n and R only multiply it, and lie in the intervals of
``intervals``. Terms d of a column's entries share their R and are summed first. The worse end of each, by sign, makes a
potential per (stage, column). Source: performance difference of
Markov decision processes (Kakade and Langford, 2002), interval arithmetic, Viterbi's recursion over stages.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.economics import dynamics
from optimizer.errors import NotTrustedError
from optimizer.horizon.again import over_box
from optimizer.horizon.instance import Horizon
from optimizer.horizon.intervals import StageRanges, ranges
from optimizer.horizon.paths import favoured, favoured_path, reachable
from optimizer.horizon.values import CustomerValues, customer_values
from optimizer.typing import Array, Bools, Ints

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Part:
    """Types that are offered, or hold, plans of the same groups."""

    horizon: Horizon
    groups: Ints
    columns: Ints
    """(n,) of the whole horizon."""

    def path(self, path: Ints, whole: Horizon) -> Ints:
        """Columns of this part."""
        return path[:, self.groups] - whole.first[self.groups] + self.horizon.first[:-1]


@dataclass(frozen=True)
class Parted:
    """A horizon and its parts: what types cannot take is left out of their sums."""

    horizon: Horizon
    whole: int
    """Columns times types up to which the horizon stays in one part: many small arrays cost more than idle numbers."""
    width: int
    """Most types in a part."""

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Together all types that any group reaches."""
        h, every = self.horizon, np.arange(self.horizon.groups)
        if len(h.entry_row) * h.types <= self.whole:
            return (Part(h, every, np.arange(h.columns)),)
        shared, of = np.unique(_concerned(h), axis=1, return_inverse=True)
        made = []
        for s in range(shared.shape[1]):
            groups, types = np.flatnonzero(shared[:, s]), np.flatnonzero(of.ravel() == s)
            if len(groups):
                columns = np.flatnonzero(np.isin(h.group, groups))
                pieces = np.array_split(types, -(-len(types) // self.width))
                made += [Part(h.part(groups, piece), groups, columns) for piece in pieces]
        return tuple(made)


def _concerned(horizon: Horizon) -> Bools:
    """(G, I) whether a type is offered, or holds, a plan of a group."""
    h = horizon
    found = np.logical_or.reduceat((h.choice_weight > 0.0).any(axis=(0, 1)), h.entry_first[h.first[:-1]], axis=0)
    np.logical_or.at(found, h.group_of, h.start[1:] > 0.0)
    return np.asarray(found)


Potentials = Callable[[Horizon, Bools, Ints], tuple[float, Array]]
"""Of a part, a box and a reference path: the path's value and (K, n) potentials, 0 out of the box. In numpy or
compiled; they agree up to rounding."""


@dataclass(frozen=True)
class Separable:
    """Over a box: no path in it is worth more than ``base`` and the potentials of its columns."""

    base: float
    potentials: Array
    """(K, N); -inf out of the box."""


@dataclass(frozen=True)
class PathBound:
    """What a separable form says of a box."""

    form: Separable
    total: float
    """No path of the box is worth more."""
    path: Ints
    """(K, G) the path that the form favours."""
    through: Array
    """(K, N) no path of the box that takes a column is worth more; -inf out of the box."""


def bound_box(parted: Parted, box: Bools, reference: Ints, potentials: Potentials) -> tuple[float, Separable]:
    """Value of a reference path (K, G), in the box (K, N) or not, and the form around it. With rewards of those who
    choose again it is the value at rewards that hold over the box.

    The columns of the box are all reachable; what ``paths.reachable`` leaves is such a box. Raises NotTrustedError for
    a number that is not finite.
    """
    total, table = 0.0, np.zeros(box.shape)
    for part in parted.parts:
        value, made = potentials(part.horizon, box[:, part.columns], part.path(reference, parted.horizon))
        total += value
        table[:, part.columns] += made
    if not (np.isfinite(total) and np.isfinite(table[box]).all()):
        raise NotTrustedError("a bound of the horizon is not finite")
    return total, Separable(total + rounding_slack(parted.horizon), np.where(box, table, -np.inf))


def rounding_slack(horizon: Horizon) -> float:
    """More than rounding can take off a bound.

    Every term n f or R d is at most twice a type's people x its largest reward per month to come; relative errors grow
    by some ten roundings a month in n, R, v and lambda, and by one a term in sums.
    """
    rows = horizon.plans + 1
    terms = 2.0 * horizon.worth_to_come * rows * (1 + horizon.classes)
    return EPS * (40.0 * horizon.months + 10.0 * rows + horizon.types + 40.0) * terms


def told(horizon: Horizon, form: Separable) -> PathBound:
    """What a form says."""
    best = favoured(horizon, form.potentials)
    return PathBound(form, form.base + best.total, best.path, form.base + best.through)


def mixed(one: Separable, other: Separable, share: float) -> Separable:
    """The form with a share of the other in it: valid where both are; often lower, as their best paths differ."""
    inside = np.isfinite(other.potentials)
    table = np.full(inside.shape, -np.inf)
    table[inside] = (1.0 - share) * one.potentials[inside] + share * other.potentials[inside]
    return Separable((1.0 - share) * one.base + share * other.base, table)


def best_mix(horizon: Horizon, one: Separable, other: Separable, turns: int) -> float:
    """The share of the other form (over a box within that of the one) at which the bound is least.

    The bound is convex in the share and piecewise linear, a piece a path: the lowest point of the pieces known is tried
    next (Kelley's cutting planes on a line).
    """
    one = mixed(one, other, 0.0)
    left, right = (_line(one, other, favoured_path(horizon, form.potentials)) for form in (one, other))
    best = min((left[0], 0.0), (right[1], 1.0))
    for _ in range(turns):
        slope = (left[1] - left[0]) - (right[1] - right[0])
        share = (right[0] - left[0]) / slope if slope < 0.0 else 0.0
        if not 0.0 < share < 1.0:
            break
        piece = _line(one, other, favoured_path(horizon, mixed(one, other, share).potentials))
        best = min(best, ((1.0 - share) * piece[0] + share * piece[1], share))
        if piece in (left, right):
            break
        left, right = (piece, right) if piece[1] < piece[0] else (left, piece)
    return best[1]


def _line(one: Separable, other: Separable, path: Ints) -> tuple[float, float]:
    """What the two forms say of a path."""
    rows = np.arange(len(path))[:, None]
    return tuple(form.base + float(form.potentials[rows, path].sum()) for form in (one, other))  # type: ignore[return-value]


def numpy_potentials(horizon: Horizon, box: Bools, reference: Ints) -> tuple[float, Array]:
    """``Potentials``; the form that certificates are replayed with."""
    h = over_box(horizon, box)
    values, table = customer_values(h, reference), np.zeros(box.shape)
    for stage in ranges(h, box):
        k = int(h.stage[stage.months.start])
        table[k, stage.columns] = _decided(h, values, stage, reference[k])
        if not h.keeps:
            table[k, stage.columns] += _held(h, values, stage, reference[k])
        elif k == 0 and h.today is None:
            table[k, stage.columns] += _held_from_the_start(h, values, stage, reference[k])
    return values.value, table


def _decided(horizon: Horizon, values: CustomerValues, stage: StageRanges, menu: Ints) -> Array:
    """(n,) the worse ends of R d, over all months, classes and types; the ends are (least, minus most)."""
    chosen = np.add.reduceat(_chosen(horizon, values, stage.months, stage.entries), stage.begin, axis=2)
    there = _by_group(horizon, _chosen(horizon, values, stage.months, horizon.entries(menu)))
    d, r = chosen - there[:, :, horizon.group[stage.columns]], stage.per_weight
    return np.asarray(np.maximum(d * r[:, 0], -d * r[:, 1]).sum(axis=(0, 1, 3)))


def _held(horizon: Horizon, values: CustomerValues, stage: StageRanges, menu: Ints) -> Array:
    """(n,) the worse ends of n f, over all months and types."""
    there = _customer(horizon, values, stage.months, horizon.entries(menu))
    f = _customer(horizon, values, stage.months, stage.entries) - there[:, horizon.entry_row[stage.entries] - 1]
    n = stage.customers
    return np.asarray(np.add.reduceat(np.maximum(f * n[:, 0], -f * n[:, 1]).sum(axis=(0, 2)), stage.begin))


def _held_from_the_start(horizon: Horizon, values: CustomerValues, stage: StageRanges, menu: Ints) -> Array:
    """(n,) what the terms of the first stage are worth for customers of the start, who keep them; exact."""
    assert values.on_terms is not None
    row, there = horizon.entry_row[stage.entries], horizon.entries(menu)
    more = values.on_terms[0, stage.entries] - values.on_terms[0, there][row - 1]
    return np.asarray(np.add.reduceat((horizon.start[row] * more).sum(axis=1), stage.begin))


def _gain(horizon: Horizon, values: CustomerValues, months: range, entries: Ints) -> Array:
    """(M, m, W) a month's reward in every entry and the value after it."""
    later = slice(months.start + 1, months.stop + 1)
    if values.on_terms is not None:
        after = values.on_terms[later, entries]
    else:
        after = values.after[later][:, horizon.entry_row[entries]]
    return np.asarray(horizon.monthly_reward[months.start : months.stop][:, entries] + after)


def _customer(horizon: Horizon, values: CustomerValues, months: range, entries: Ints) -> Array:
    """(M, m, W) worth of a customer in every entry."""
    rate = horizon.at(horizon.decision_rate, int(horizon.stage[months.start]))[entries]
    own = values.decider[months.start : months.stop, horizon.origin[horizon.entry_row[entries]]]
    return dynamics.customer_value(rate, _gain(horizon, values, months, entries), own)


def _chosen(horizon: Horizon, values: CustomerValues, months: range, entries: Ints) -> Array:
    """(M, C, m, W) worth of choosing an entry, less what deciders are worth, times its choice weight."""
    weight = horizon.at(horizon.choice_weight, int(horizon.stage[months.start]))[:, entries]
    gain = _gain(horizon, values, months, entries)[:, None]
    return np.asarray(weight * (gain - values.decider[months.start : months.stop, :, None]))


def _by_group(horizon: Horizon, of_plans: Array) -> Array:
    """Sums over each group's plans, (..., J, W) to (..., G, W)."""
    order = np.argsort(horizon.group_of, kind="stable")
    begin = np.cumsum(horizon.widths) - horizon.widths
    return np.asarray(np.add.reduceat(of_plans[..., order, :], begin, axis=-2))


def whole_box(horizon: Horizon) -> Bools:
    """All columns in all stages that some path may take."""
    return reachable(horizon, horizon.allowed)


def constant_path(horizon: Horizon, levels: Sequence[int] | Ints) -> Ints:
    """One menu for all stages, (K, G) columns."""
    return np.repeat((np.asarray(levels, dtype=np.intp) + horizon.first[:-1])[None], horizon.stages, axis=0)
