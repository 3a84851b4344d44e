"""An upper bound on every path of a box, separable over (stage, plan), by the performance-difference identity.

For any paths x and c, with n and R (deciders per weight) along x, values v and lambda along c, and the gain
G_j(l) = reward of level l + v_j after the month:

    value(x) = value(c) + sum over months and types of
               sum_j n_j f_j(l_j) + sum_c R_c sum_j d_cj(l_j)
    f_j(l)  = (1 - rate_l) G_j(l) + rate_l lambda,  less the same at c
    d_cj(l) = h_cj a_l (G_j(l) - lambda_c),         less the same at c

Every term belongs to the level of one plan in one stage; n and R only multiply it, and lie in the intervals of
``intervals``. The worse end of each, by sign, makes a potential per (stage, column). Source: performance difference of
Markov decision processes (Kakade and Langford, 2002), interval arithmetic, Viterbi's recursion over stages.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from optimizer.economics import dynamics
from optimizer.errors import NotTrustedError
from optimizer.horizon.instance import Horizon
from optimizer.horizon.intervals import MonthRanges, ranges
from optimizer.horizon.paths import favoured
from optimizer.horizon.values import CustomerValues, customer_values
from optimizer.typing import Array, Bools, Ints

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Part:
    """Types that are offered, or hold, the same plans."""

    horizon: Horizon
    plans: Ints
    columns: Ints
    """(n,) of the whole horizon."""

    def path(self, path: Ints, whole: Horizon) -> Ints:
        """Columns of this part."""
        return path[:, self.plans] - whole.first[self.plans] + self.horizon.first[:-1]


@dataclass(frozen=True)
class Parted:
    """A horizon and its parts: what types cannot take is left out of their sums."""

    horizon: Horizon
    width: int
    """Most types in a part."""

    @cached_property
    def parts(self) -> tuple[Part, ...]:
        """Together all types that any plan reaches; at least one."""
        h = self.horizon
        offered = np.maximum.reduceat(h.attraction, h.first[:-1]) > 0.0
        groups, of = np.unique(offered | (h.start[1:] > 0.0), axis=1, return_inverse=True)
        made = []
        for g in range(groups.shape[1]):
            plans, types = np.flatnonzero(groups[:, g]), np.flatnonzero(of.ravel() == g)
            if len(plans):
                columns = np.flatnonzero(np.isin(h.plan, plans))
                pieces = np.array_split(types, -(-len(types) // self.width))
                made += [Part(h.part(plans, piece), plans, columns) for piece in pieces]
        return tuple(made)

    @cached_property
    def slack(self) -> float:
        """More than rounding can take off a bound.

        Every term n f or R d is at most twice a type's people x its largest reward per month to come; relative errors
        grow by some ten roundings a month in n, R, v and lambda, and by one a term in sums.
        """
        h = self.horizon
        monthly = np.abs(h.monthly_reward).max(axis=1)
        to_come = np.cumsum(monthly[::-1], axis=0)[::-1]
        terms = 2.0 * float((h.people[1:] * to_come).sum()) * (h.plans + 1) * (1 + len(h.habit))
        return EPS * (40.0 * h.months + 10.0 * h.plans + h.types + 40.0) * terms


class Potentials(Protocol):
    """What adds the potentials of one part, by numpy or compiled; they agree up to rounding."""

    def __call__(self, part: Horizon, box: Bools, path: Ints) -> tuple[float, Array]:
        """Value of the reference path, and (K, n) potentials; columns out of the box are left as they come."""
        ...


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
    """(K, J) the path that the form favours."""
    through: Array
    """(K, N) no path of the box that takes a column is worth more; -inf out of the box."""


def bound_box(parted: Parted, box: Bools, reference: Ints, potentials: Potentials) -> tuple[float, Separable]:
    """Value of a reference path (K, J), in the box (K, N) or not, and the form around it. NotTrustedError if not finite.

    The columns of the box are all reachable; what ``paths.reachable`` leaves is such a box.
    """
    total, table = 0.0, np.zeros(box.shape)
    for part in parted.parts:
        value, made = potentials(part.horizon, box[:, part.columns], part.path(reference, parted.horizon))
        total += value
        table[:, part.columns] += made
    if not (np.isfinite(total) and np.isfinite(table[box]).all()):
        raise NotTrustedError("a bound of the horizon is not finite")
    return total, Separable(total + parted.slack, np.where(box, table, -np.inf))


def told(horizon: Horizon, form: Separable) -> PathBound:
    """What a form says."""
    best = favoured(horizon, form.potentials)
    return PathBound(form, form.base + best.total, best.path, form.base + best.through)


def mixed(one: Separable, other: Separable, share: float) -> Separable:
    """The form with a share of the other in it: valid where both are, and often below both, as their best paths differ."""
    inside = np.isfinite(other.potentials)
    table = np.full(inside.shape, -np.inf)
    table[inside] = (1.0 - share) * one.potentials[inside] + share * other.potentials[inside]
    return Separable((1.0 - share) * one.base + share * other.base, table)


def best_mix(horizon: Horizon, one: Separable, other: Separable, turns: int) -> tuple[float, PathBound]:
    """The share of the other form (over a box within that of the one) at which the bound is least, and that bound.

    The bound is convex in the share and piecewise linear, a piece a path: the lowest point of the pieces known is tried
    next (Kelley's cutting planes on a line).
    """
    ends = [told(horizon, mixed(one, other, share)) for share in (0.0, 1.0)]
    best, low, high = min((ends[0].total, 0.0), (ends[1].total, 1.0)), ends[0].path, ends[1].path
    kept = ends[int(best[1])]
    left, right = _line(one, other, low), _line(one, other, high)
    for _ in range(turns):
        slope = (left[1] - left[0]) - (right[1] - right[0])
        if not slope < 0.0:
            break
        share = (right[0] - left[0]) / slope
        if not 0.0 < share < 1.0:
            break
        found = told(horizon, mixed(one, other, share))
        if found.total < best[0]:
            best, kept = (found.total, share), found
        piece = _line(one, other, found.path)
        if piece in (left, right):
            break
        left, right = (piece, right) if piece[1] < piece[0] else (left, piece)
    return best[1], kept


def _line(one: Separable, other: Separable, path: Ints) -> tuple[float, float]:
    """What the two forms say of a path."""
    rows = np.arange(len(path))[:, None]
    return tuple(form.base + float(form.potentials[rows, path].sum()) for form in (one, other))  # type: ignore[return-value]


def numpy_potentials(horizon: Horizon, box: Bools, reference: Ints) -> tuple[float, Array]:
    """Meets :class:`Potentials`; the form that certificates are replayed with."""
    values, table = customer_values(horizon, reference), np.zeros(box.shape)
    for month in ranges(horizon, box):
        k = horizon.stage[month.month]
        table[k, month.columns] += _month_potentials(horizon, values, month, reference[k])
    return values.value, table


def _month_potentials(horizon: Horizon, values: CustomerValues, month: MonthRanges, menu: Ints) -> Array:
    """(n,) the worse ends of n f and R d, over all types."""
    plan = horizon.plan[month.columns]
    kept, chosen = _per_customer(horizon, values, month.month, month.columns)
    kept_there, chosen_there = _per_customer(horizon, values, month.month, menu)
    f, d = kept - kept_there[plan], chosen - chosen_there[:, plan]
    worth = np.maximum(f * month.low, f * month.high).sum(axis=1)
    worth += np.maximum(d * month.per_weight_low, d * month.per_weight_high).sum(axis=(0, 2))
    return np.asarray(worth)


def _per_customer(horizon: Horizon, values: CustomerValues, t: int, columns: Ints) -> tuple[Array, Array]:
    """Worth of a customer (n, W) and per decider's weight (C, n, W), at levels of which each plan has one or many."""
    rows = horizon.plan[columns] + 1
    gain = horizon.monthly_reward[t, columns] + values.after[t + 1, rows]
    kept = dynamics.customer_value(horizon.decision_rate[columns], gain, values.decider[t, horizon.origin[rows]])
    weight = horizon.habit[:, rows, None] * horizon.attraction[columns]
    return kept, weight * (gain - values.decider[t][:, None])


def whole_box(horizon: Horizon) -> Bools:
    """All columns in all stages."""
    return np.ones((horizon.stages, len(horizon.plan)), dtype=np.bool_)


def constant_path(horizon: Horizon, levels: Sequence[int] | Ints) -> Ints:
    """One menu for all stages, (K, J) columns."""
    return np.repeat((np.asarray(levels, dtype=np.intp) + horizon.first[:-1])[None], horizon.stages, axis=0)
