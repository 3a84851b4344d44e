"""The constants at which the model gives observed counts back.

Share inversion after Berry (1994) and Berry, Levinsohn, Pakes (1995), by Newton's method with the exact
Jacobian and the contraction as fall-back. V(nothing) = 0 fixes the level. In a nest the stocks of our plans depend on
each other: d ln a_j / d V_k = (j = k) / lambda + (lambda - 1) / lambda x share of k within the nest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from optimizer.economics import choice
from optimizer.errors import Finding, InputError
from optimizer.execution import clock
from optimizer.typing import Array

TOLERANCE = 1e-11
NEWTON_STEPS = 60
CONTRACTION_STEPS = 20000
STALL_STEPS, STALLED = 200, 1e-6
"""The contraction is given up where so many steps lessened the error by less than this part of it: it never will be."""


@dataclass(frozen=True)
class Group:
    """Types that share an alternative constant, and the customers observed among them."""

    column: int
    """Index into the stacked offers: our plans sold today, then the alternatives."""
    rows: NDArray[np.bool_]
    target: float
    label: str


@dataclass(frozen=True)
class NestColumns:
    """A nest of plans sold today."""

    columns: tuple[int, ...]
    dissimilarity: float
    log_rate: Array
    """(I, K) log of the monthly rate at which the customers of each of its plans decide anew."""


@dataclass(frozen=True)
class System:
    """Log stocks at zero constants and what turns them into counts."""

    log_stock: Array
    """(I, X) over plans sold today, then alternatives; -inf where not offered. Before nests."""
    factor: Array
    """(I, X) denominator weight per unit of stock: 1 - referral for plans, 1 for alternatives."""
    ours: int
    nothing: Array
    """(I,) stock of using nothing."""
    reach: Array
    potential: Array
    nests: tuple[NestColumns, ...] = ()

    def stocks(self, constants: Array) -> Array:
        """(I, X) at constants (I, X), nests and all."""
        log_stock = self.log_stock + constants
        for nest in self.nests:
            columns = list(nest.columns)
            utility = log_stock[:, columns] + nest.log_rate
            log_stock[:, columns] = choice.log_nested(utility, nest.dissimilarity) - nest.log_rate
        return np.exp(log_stock)

    def held(self, stock: Array) -> Array:
        """(I, J) our customers at stocks (I, X)."""
        return np.asarray(self.reach[:, None] * stock[:, : self.ours] / self.below(stock)[:, None])

    def below(self, stock: Array) -> Array:
        """(I,) what a customer of ours counts against: the alternatives' stocks and ours, those brought in left out."""
        total_out = self.nothing + stock[:, self.ours :].sum(axis=1)
        return np.asarray(total_out + (self.factor * stock)[:, : self.ours].sum(axis=1))


@dataclass(frozen=True)
class _Grouping:
    """Groups as arrays: a type's column belongs to at most one."""

    of: NDArray[np.intp]
    """(I, X) group of a type's column; G where it has none."""
    alike: int
    """So many types after one another, from the first on, have the same groups."""
    pairs: NDArray[np.intp]
    """Place in a (G, G) matrix, row after row, of the groups of two columns, for each lot of types alike; G G: none."""
    target: Array
    """(G,)."""
    step: Array
    """(G,) by which the contraction multiplies an error: the dissimilarity of the nest, 1 where there is none."""


def _grouping(groups: Sequence[Group], system: System) -> _Grouping:
    count, columns = len(groups), system.log_stock.shape[1]
    step = np.ones(columns)
    for nest in system.nests:
        step[list(nest.columns)] = nest.dissimilarity
    of = np.full((len(groups[0].rows), columns), count, dtype=np.intp)
    for number, g in enumerate(groups):
        of[g.rows, g.column] = number
    alike = int(np.gcd.reduce([len(of), *(np.flatnonzero((of[1:] != of[:-1]).any(axis=1)) + 1)]))
    one, other = of[::alike, :, None], of[::alike, None, :]
    pairs = np.where((one < count) & (other < count), one * count + other, count * count)
    targets = np.array([g.target for g in groups])
    return _Grouping(of, alike, pairs.ravel(), targets, step[[g.column for g in groups]])


def _counts(system: System, grouping: _Grouping, constants: Array, offsets: Array) -> tuple[Array, Array]:
    """Modelled count of each group and its Jacobian in the groups' constants, (G,) and (G, G).

    Raises SolverError when the time limit is up.
    """
    clock.check("the market gave today's customers back")
    ours, count = system.ours, len(grouping.target)
    known = grouping.of < count
    stock = system.stocks(offsets + np.append(constants, 0.0)[grouping.of])
    total_out = system.nothing + stock[:, ours:].sum(axis=1)
    below = system.below(stock)
    held = system.held(stock)
    total = held.sum(axis=1)
    # (I, X) what the groups know: our customers; the rivals' share of those not with us, and their customers
    mine = np.where(known[:, :ours], held, 0.0)
    share = np.where(known[:, ours:], stock[:, ours:] / total_out[:, None], 0.0)
    customers = np.concatenate([mine, share * (system.potential - total)[:, None]], axis=1)
    push = np.where(known, system.factor * stock / below[:, None], 0.0)
    # the same by the constants of plans whose stocks depend on each other
    pushed, gained = push.copy(), customers.copy()
    for nest in system.nests:
        columns, depends = list(nest.columns), _depends(nest, stock)
        pushed[:, columns] = np.einsum("ij,ijk->ik", push[:, columns], depends)
        gained[:, columns] = np.einsum("ij,ijk->ik", mine[:, columns], depends)

    def lots(values: Array) -> Array:
        return values.reshape(len(values) // grouping.alike, grouping.alike, values.shape[1])

    # by lot: the customers of one column by the constant of another, but for its own
    lost = np.concatenate([-mine, share * total[:, None]], axis=1)
    change = lots(lost).transpose(0, 2, 1) @ lots(pushed)
    change[:, ours:] -= lots(share).transpose(0, 2, 1) @ lots(gained)
    for nest in system.nests:
        columns = list(nest.columns)
        own = mine[:, columns, None] * (_depends(nest, stock) - np.eye(len(columns)))
        change[np.ix_(range(len(change)), columns, columns)] += own.reshape(
            len(change), grouping.alike, len(columns), len(columns)
        ).sum(axis=1)
    values = np.bincount(grouping.of.ravel(), customers.ravel(), count + 1)[:count].astype(np.float64)
    summed = np.bincount(grouping.pairs, change.ravel(), count * count + 1)[:-1].astype(np.float64)
    return values, summed.reshape(count, count) + np.diag(values)


def _depends(nest: NestColumns, stock: Array) -> Array:
    """(I, K, K) d ln stock of a plan of a nest / d utility of another."""
    attraction = stock[:, list(nest.columns)] * np.exp(nest.log_rate)
    within = attraction / np.maximum(attraction.sum(axis=1, keepdims=True), 1e-300)
    scale = nest.dissimilarity
    return np.asarray(np.eye(len(nest.columns)) / scale + (scale - 1.0) / scale * within[:, None, :])


def solve_constants(
    system: System, groups: Sequence[Group], offsets: Array, start: Array | None = None
) -> tuple[Array, int]:
    """The constants at which every group's count is its target, and the steps taken from ``start`` (0 where absent).

    Raises InputError where the counts cannot be reproduced.
    """
    grouping = _grouping(groups, system)
    first = np.zeros(len(groups))
    if start is not None and start.shape == first.shape:
        found, steps, _ = _newton(system, grouping, offsets, start)
        if found is not None:
            return found, steps
    found, steps, x = _newton(system, grouping, offsets, first)
    if found is None:
        found, more, x = _contraction(system, grouping, offsets, x)
        steps += more
    if found is not None:
        return found, steps
    values, _ = _counts(system, grouping, x, offsets)
    error = np.log(values / grouping.target)
    worst = int(np.argmax(np.where(np.isfinite(error), np.abs(error), np.inf)))
    group, modelled = groups[worst], float(values[worst])
    message = f"the model cannot give back the observed count: {modelled:,.0f} against {group.target:,.0f}"
    cure = "check the counts against the segments' potential and reach"
    raise InputError([Finding("calibration", "error", "", None, f"today.{group.label}", message, cure)])


def _newton(system: System, grouping: _Grouping, offsets: Array, x: Array) -> tuple[Array | None, int, Array]:
    """The constants, or None where they were not found; the steps; where they led."""
    for step in range(NEWTON_STEPS):
        values, jacobian = _counts(system, grouping, x, offsets)
        error = np.log(values / grouping.target)
        if np.abs(error).max() < TOLERANCE:
            return x, step, x
        scaled = jacobian / values[:, None]
        try:
            move = np.linalg.solve(scaled, -error)
        except np.linalg.LinAlgError:
            move = -grouping.step * error
        if not np.isfinite(move).all() or np.abs(error).max() > 2.0:
            move = -grouping.step * error
        x = x + np.clip(move, -3.0, 3.0)
    return None, NEWTON_STEPS, x


def _contraction(system: System, grouping: _Grouping, offsets: Array, x: Array) -> tuple[Array | None, int, Array]:
    """The same, slower but surer."""
    before = np.inf
    for step in range(CONTRACTION_STEPS):
        values, _ = _counts(system, grouping, x, offsets)
        error = np.log(values / grouping.target)
        size = float(np.abs(error).max())
        if size < 1e-9:
            return x, step, x
        if not np.isfinite(size):
            break
        if step % STALL_STEPS == 0:
            if size > before * (1.0 - STALLED):
                break
            before = size
        x = x - grouping.step * error
    return None, CONTRACTION_STEPS, x
