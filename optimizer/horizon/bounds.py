"""An upper bound on every path of a box, separable over (stage, group) and pairs of neighbouring stages.

Take any values lambda_c(t) of deciders, v_q(t) of customers on column q within a stage, u_q of those who leave a stage
on q, v_0 of those with the alternatives, and G_q(t) = reward + the value after the month. Along any path x, with n and
R (deciders per weight), adding up the transition times these values gives

    value(x) = constant + sum over groups of n(0) v(first month)  + sum over pairs of stages of n (v_to - u_from)
               + sum over months and types of { sum_q n_q [(1 - rate_q) G_q + rate_q lambda - v_q]
               + sum_c R_c [ away_c (v_0 - lambda_c) + sum_q w_cq (G_q - lambda_c) ] }

where q is the column that x takes. ``continuing`` follows v_q within its stage, so that the first bracket is nothing,
and takes lambda from a mixed path, so that the second is nothing along it: less each group's part along the mixed path
it is a sum of d_cg(q). With word of mouth v has omega (psi - 1) v_0 beside. Where terms are kept, v_q follows those who
keep them beyond the stage, and there are no pairs: only who decides is uncertain.

n at the end of a stage, given its column, and R, given the column of one group, lie in the intervals of ``intervals``.
Terms d of a column's entries share their R and are summed first. The worse end of each, by sign, makes a potential per
(stage, column) and one per pair of columns; where a group's pairs are too many to list, n at the start of the next
stage, given its column, is taken with one u for all. Source: performance difference of Markov decision processes
(Kakade and Langford, 2002), Lagrangian relaxation, interval arithmetic, Viterbi's recursion over stages.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimizer.errors import NotTrustedError
from optimizer.horizon.again import over_box
from optimizer.horizon.continuing import ContinuingValues, continuing_values
from optimizer.horizon.instance import Horizon
from optimizer.horizon.intervals import StageRanges, ranges
from optimizer.horizon.paths import favoured, reachable
from optimizer.horizon.shares import within
from optimizer.horizon.simulate import NUMBERS
from optimizer.typing import Array, Bools, Ints

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Part:
    """Types that are offered, or hold, plans of the same groups."""

    horizon: Horizon
    columns: Ints
    """(n,) of the whole horizon."""
    arcs: tuple[Ints, ...]
    """Places of the part's pairs among those of the whole, for every pair of stages."""


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
        h = self.horizon
        if len(h.entry_row) * h.types <= self.whole:
            return (self._part(h, np.arange(h.columns)),)
        shared, of = np.unique(_concerned(h), axis=1, return_inverse=True)
        made = []
        for s in range(shared.shape[1]):
            groups, types = np.flatnonzero(shared[:, s]), np.flatnonzero(of.ravel() == s)
            if len(groups):
                columns = np.flatnonzero(np.isin(h.group, groups))
                pieces = np.array_split(types, -(-len(types) // self.width))
                made += [self._part(h.part(groups, piece), columns) for piece in pieces]
        return tuple(made)

    def _part(self, part: Horizon, columns: Ints) -> Part:
        pairs = [self.horizon.arcs_between(k) for k in range(self.horizon.stages - 1)]
        return Part(part, columns, tuple(np.flatnonzero(np.isin(p.target, columns)) for p in pairs))


def _concerned(horizon: Horizon) -> Bools:
    """(G, I) whether a type is offered, or holds, a plan of a group."""
    h = horizon
    found = np.logical_or.reduceat((h.choice_weight > 0.0).any(axis=(0, 1)), h.entry_first[h.first[:-1]], axis=0)
    np.logical_or.at(found, h.group_of, h.start[1:] > 0.0)
    return np.asarray(found)


Potentials = Callable[[Horizon, Bools, Array], tuple[float, Array, list[Array]]]
"""Of a part, a box and shares (K, n) of a mixed path within it: the constant; (2, K, n) potentials and how much less
they are at the middle of the intervals, 0 out of the box; and (2, A) the same of the pairs of columns, of each pair of
stages. In numpy or compiled; they agree up to rounding."""


@dataclass(frozen=True)
class Separable:
    """Over a box: no path in it is worth more than ``base``, the potentials of its columns and those of its pairs."""

    base: float
    potentials: Array
    """(K, N); -inf out of the box."""
    arcs: tuple[Array, ...]
    """For each pair of stages, of the pairs of ``Horizon.arcs_between``; any number out of the box."""
    spread: Array
    """(K, N) how much less potentials are at the middle of the intervals."""
    arc_spread: tuple[Array, ...]

    def inside(self, box: Bools) -> Separable:
        """Of a smaller box."""
        return replace(self, potentials=np.where(box, self.potentials, -np.inf))


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


def bound_box(parted: Parted, box: Bools, shares: Array, potentials: Potentials) -> Separable:
    """The form of a box (K, N) around a mixed path (``shares``), whose part within the box counts.

    The columns of the box are all reachable; what ``paths.reachable`` leaves is such a box. Raises NotTrustedError for
    a number that is not finite.
    """
    h, total, table = parted.horizon, 0.0, np.zeros((2, *box.shape))
    shares = within(h, box, shares)
    arcs = [np.zeros((2, len(h.arcs_between(k).source))) for k in range(h.stages - 1)]
    for part in parted.parts:
        constant, made, pairs = potentials(part.horizon, box[:, part.columns], shares[:, part.columns])
        total += constant
        table[:, :, part.columns] += made
        for known, places, more in zip(arcs, part.arcs, pairs, strict=True):
            known[:, places] += more
    if not (np.isfinite(total) and np.isfinite(table[0][box]).all() and all(np.isfinite(a[0]).all() for a in arcs)):
        raise NotTrustedError("a bound of the horizon is not finite")
    return Separable(
        total + rounding_slack(h), np.where(box, table[0], -np.inf), tuple(a[0] for a in arcs), table[1],
        tuple(a[1] for a in arcs),
    )  # fmt: skip


def rounding_slack(horizon: Horizon) -> float:
    """More than rounding can take off a bound.

    Every term n (v - u) or R d is at most twice a type's people x its largest reward per month to come; relative errors
    grow by some ten roundings a month in n, R, v and lambda, and by one a term in sums, those over mixed columns too.
    """
    rows = horizon.plans + 1
    terms = 2.0 * horizon.worth_to_come * rows * (1 + horizon.classes)
    return EPS * (40.0 * horizon.months + 10.0 * rows + horizon.columns + horizon.types + 40.0) * terms


def told(horizon: Horizon, form: Separable) -> PathBound:
    """What a form says."""
    best = favoured(horizon, form.potentials, form.arcs)
    return PathBound(form, form.base + best.total, best.path, form.base + best.through)


def numpy_potentials(horizon: Horizon, box: Bools, shares: Array) -> tuple[float, Array, list[Array]]:
    """``Potentials``; the form that certificates are replayed with."""
    h = over_box(horizon, box)
    values, table = continuing_values(h, box, shares), np.zeros((2, *box.shape))
    constant, arcs = values.constant, [np.zeros((2, len(h.arcs_between(k).source))) for k in range(h.stages - 1)]
    if h.keeps and h.today is not None:
        constant += float((h.start[1:] * values.entering[0, h.entries(h.today)]).sum())
    else:
        table[0, 0] = np.add.reduceat((h.start[h.entry_row] * values.entering[0]).sum(axis=1), h.entry_first[:-1])
    for k, stage in enumerate(ranges(h, box)):
        table[:, k, stage.columns] += _decided(h, values, stage)
        if k and not h.keeps:
            table[:, k, stage.columns] += _entered(h, values, stage, k, box)
        if k + 1 < h.stages and not h.keeps:
            arcs[k] = _followed(h, values, stage, k, box)
    return constant, np.where(box, table, 0.0), arcs


def _worse(factor: Array, interval: Array, axes: tuple[int, ...]) -> Array:
    """(2, ...) the worse ends of a factor of either sign times (least, minus most), and how much less the middle is;
    summed over axes."""
    one, other = factor * interval[0], factor * interval[1]
    return np.stack([np.maximum(one, -other).sum(axis=axes), 0.5 * np.abs(one + other).sum(axis=axes)])


def _decided(horizon: Horizon, values: ContinuingValues, stage: StageRanges) -> Array:
    """(2, n) of R d, over all months, classes and types."""
    h, span = horizon, slice(stage.months.start, stage.months.stop)
    weight = h.at(h.choice_weight, int(h.stage[stage.months.start]))[:, stage.entries]
    gain = values.gain[span][:, None, stage.entries]
    chosen = np.add.reduceat(weight * (gain - values.decider[span, :, None]), stage.begin, axis=2)
    d = chosen - values.chosen[span][:, :, h.group[stage.columns]]
    return _worse(d, np.moveaxis(stage.per_weight, 1, 0), (0, 1, 3))


def _entered(horizon: Horizon, values: ContinuingValues, stage: StageRanges, k: int, box: Bools) -> Array:
    """(2, n) of n (v - u) at the start of a stage, of groups whose pairs are not listed: u is one for all."""
    h = horizon
    some = h.first[:-1] + np.array([box[k - 1, a:b].argmax() for a, b in itertools.pairwise(h.first)])
    leaving = values.leaving[k - 1, h.entries(some)][h.entry_row[stage.entries] - 1]
    found = _worse(values.entering[k, stage.entries] - leaving, stage.customers[0], (1,))
    found = np.add.reduceat(found, stage.begin, axis=1)
    return np.where(h.arcs_between(k - 1).listed[stage.columns], 0.0, found)


def _followed(horizon: Horizon, values: ContinuingValues, stage: StageRanges, k: int, box: Bools) -> Array:
    """(2, A) of n (v - u) from a stage to the next, 0 out of the box."""
    h, pairs = horizon, horizon.arcs_between(k)
    found, n = np.zeros((2, len(pairs.source))), np.zeros((2, len(h.entry_row), h.types))
    n[:, stage.entries] = stage.after
    inside, width = np.flatnonzero(box[k, pairs.source] & box[k + 1, pairs.target]), h.widths[h.group[pairs.source]]
    for at in range(0, len(inside), max(1, NUMBERS // h.types)):
        some = inside[at : at + max(1, NUMBERS // h.types)]
        for place in range(int(width.max(initial=0))):
            own = some[width[some] > place]
            held = h.entry_first[pairs.source[own]] + place
            more = values.entering[k + 1, h.entry_first[pairs.target[own]] + place] - values.leaving[k, held]
            found[:, own] += _worse(more, n[:, held], (1,))
    return found


def whole_box(horizon: Horizon) -> Bools:
    """All columns in all stages that some path may take."""
    return reachable(horizon, horizon.allowed)


def constant_path(horizon: Horizon, levels: Sequence[int] | Ints) -> Ints:
    """One menu for all stages, (K, G) columns."""
    return np.repeat((np.asarray(levels, dtype=np.intp) + horizon.first[:-1])[None], horizon.stages, axis=0)
