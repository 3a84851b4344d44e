"""The cheapest orders of GPUs for a load, within the limits that a path has to keep."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np

from optimizer.errors import SolverError
from optimizer.horizon.fleet import Charges, Fleet
from optimizer.solve.outcome import SolveOptions
from optimizer.solve.program import Program
from optimizer.solve.solving import solve
from optimizer.typing import Array, Bools, Ints, Status

TOLERANCE = 1e-9
"""Of the solver's rows."""
INSIDE = 1e-7
"""Room that is left in a limit's row, above what the solver's tolerance may take."""
MOST_TANGENT = 1e3
"""Of a price, in units of what the largest order takes: none is larger where the load can be carried."""
Row = list[tuple[int, float]]


@dataclass(frozen=True)
class Bought:
    """The cheapest orders for a load."""

    lots: Array
    """(O,) whole."""
    taken: Array
    """(1+K,) from the value and the limits, burst included; worked out from the lots."""

    @property
    def cost(self) -> float:
        """What they take from the value."""
        return float(self.taken[0])


def cheapest(
    fleet: Fleet,
    load: Array,
    charges: Charges | None = None,
    room: Array | None = None,
    time_limit: float | None = None,
) -> Bought | None:
    """Whole lots and burst that carry a load (T, H) at the least cost; None where none do.

    room: (K,) what they may take from the limits. Where no orders keep them, those that miss least of them together.
    Raises SolverError where the solver fails twice or runs out of time without an answer.
    """
    charged = fleet.charges if charges is None else charges
    may = np.zeros(0) if room is None else room
    found = _lots(fleet, load, charged, may, False, time_limit)
    if found is None and len(may):
        found = _lots(fleet, load, charged, may, True, time_limit)
    return None if found is None else Bought(found, charged.taken(found, fleet.over(found, load)))


def tangent(fleet: Fleet, load: Array, order: Array, burst: Array) -> Array:
    """(T, H) prices >= 0 of a GPU that tell most of what carrying a load (T, H) takes at least, parts of lots allowed.

    ``order`` (O,) and ``burst`` (T, H): what a lot and a GPU of burst take. Source: linear programming duality.
    """
    (months, blocks), count = fleet.blocks, len(fleet.orders)
    cells, size = months * blocks, float(max(load.max(initial=0.0), fleet.standing.max(initial=0.0))) or 1.0
    money = max(np.abs(order).max(initial=0.0), np.abs(burst).max(initial=0.0) * size) or 1.0
    rows: list[Row] = [
        [(int(t) * blocks + h, -float(fleet.per_lot[o, t] / size)) for t in np.flatnonzero(fleet.per_lot[o])
         for h in range(blocks)] + [(cells + o, 1.0)]
        for o in range(count)
    ]  # fmt: skip
    rows += [[(c, -1.0), (cells + count + c, 1.0)] for c in range(cells)]
    least = np.concatenate([-order / money, -burst.ravel() * size / money])
    extra = np.broadcast_to(np.minimum(fleet.limit, max(load.max(initial=0.0), size)), (months, blocks)).ravel() / size
    costs = np.concatenate([(fleet.standing[:, None] - load).ravel() / size, fleet.most, extra])
    upper = np.concatenate([np.full(cells, MOST_TANGENT), np.full(count + cells, np.inf)])
    none = np.zeros(len(costs), dtype=np.bool_)
    outcome = solve(
        compressed(rows, least, costs, np.zeros(len(costs)), upper, none), SolveOptions(tolerance=TOLERANCE)
    )
    assert outcome.values is not None
    return np.maximum(outcome.values[:cells], 0.0).reshape(months, blocks) * money / size


def _lots(
    fleet: Fleet, load: Array, charges: Charges, room: Array, missing: bool, time_limit: float | None
) -> Array | None:
    outcome = solve(
        _program(fleet, load, charges, room, missing),
        SolveOptions(gap=1e-7, time_limit=time_limit, tolerance=TOLERANCE),
    )
    if outcome.status is Status.INFEASIBLE:
        return None
    if outcome.values is None:
        raise SolverError("no orders were found in time")
    return np.round(outcome.values[: len(fleet.orders)])


def _program(fleet: Fleet, load: Array, charges: Charges, room: Array, missing: bool) -> Program:
    """The least that is taken from the value, or where that counts no GPUs, the least bill.

    Columns: lots, burst by month and block, and where limits may be missed, by how much each is. Rows: load_th <=
    capacity_t + burst_th, scaled to the largest load, and what is taken from every limit <= its room.

    A row that no order serves and whose burst is within its limit is left to the bounds of its column.
    """
    (months, blocks), count = fleet.blocks, len(fleet.orders)
    size = float(max(load.max(initial=0.0), fleet.standing.max(initial=0.0))) or 1.0
    short = (load - fleet.standing[:, None]) / size
    rows = [
        [(o, float(fleet.per_lot[o, t]) / size) for o in range(count) if fleet.per_lot[o, t] > 0.0]
        + [(count + t * blocks + h, 1.0)]
        for t, h in itertools.product(range(months), range(blocks))
    ]
    taken = np.hstack([charges.order, charges.burst.reshape(len(charges.order), -1) * size])
    scale = np.abs(taken).max(axis=1, initial=0.0)
    scale = np.where(scale > 0.0, scale, np.concatenate([[1.0], np.maximum(np.abs(room), 1.0)]))
    least, at = [short.ravel()], taken.shape[1]
    for k, free in enumerate(room, start=1):
        rows.append([(int(c), -float(taken[k, c] / scale[k])) for c in np.flatnonzero(taken[k])])
        rows[-1] += [(at + k - 1, 1.0)] if missing else []
        least.append(np.array([INSIDE - free / scale[k]]))
    more = len(room) if missing else 0
    limit = np.minimum(fleet.limit, load).ravel() / size  # no more is hired than the load
    wanted = taken[0] if taken[0].any() else np.concatenate([fleet.cost, fleet.burst_cost.ravel() * size])
    costs = wanted / (np.abs(wanted).max(initial=0.0) or 1.0) * (1e-6 if missing else 1.0)
    upper = np.concatenate([fleet.most, limit, np.full(more, np.inf)])
    return compressed(
        rows, np.concatenate(least), np.concatenate([costs, np.ones(more)]), np.zeros(len(upper)), upper,
        np.arange(len(upper)) < count,
    )  # fmt: skip


def compressed(rows: list[Row], least: Array, costs: Array, lower: Array, upper: Array, integer: Bools) -> Program:
    """The least cost with every row at least so much."""
    starts = np.concatenate([[0], np.cumsum([len(r) for r in rows])]).astype(np.int64)
    indices: Ints = np.array([c for r in rows for c, _ in r], dtype=np.int64)
    coefficients = np.array([a for r in rows for _, a in r])
    return Program(
        costs, lower, upper, integer, starts, indices, coefficients, least, np.full(len(rows), np.inf), maximise=False
    )
