"""A horizon as the program of ``formulation.path``, solved by HiGHS: cross-check of the search where it is small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.errors import SolverError
from optimizer.formulation.path import StatedLimit, StatedPath, build_path
from optimizer.horizon.instance import Horizon
from optimizer.horizon.limits import PathLimit
from optimizer.solve.lowering import lower_program
from optimizer.solve.outcome import SolveOptions
from optimizer.solve.solving import solve
from optimizer.typing import Array, Ints, Status


@dataclass(frozen=True)
class SolvedPath:
    """What the solver says."""

    path: Ints
    """(K, J) columns."""
    value: float
    bound: float


def state(horizon: Horizon, limits: Sequence[PathLimit] = ()) -> StatedPath:
    """The horizon plan by plan."""
    h = horizon
    cut = [slice(a, b) for a, b in zip(h.first[:-1], h.first[1:], strict=True)]
    follows = [h.follows[c, c] for c in cut]

    def monthly(weight: Array) -> tuple[Array, ...]:
        every = np.einsum("qt,qni->tin", weight, h.reward)
        return tuple(every[:, :, c] for c in cut)

    def every_stage(array: Array) -> Array:
        return np.repeat(array[None], h.stages, axis=0)

    return StatedPath(
        start=h.start,
        weight=tuple(every_stage(h.habit[:, j + 1, None, None] * h.attraction[c].T) for j, c in enumerate(cut)),
        rate=tuple(every_stage(h.decision_rate[c].T) for c in cut),
        amount=monthly(h.weight),
        follows=tuple(follows),
        outside_weight=h.habit[:, :1] * h.outside_attraction[:, None],
        outside_rate=h.outside_decision_rate,
        entrants=h.entrants,
        stage=h.stage,
        origin=h.origin,
        limits=tuple(StatedLimit(limit.name, monthly(limit.weight), limit.at_least) for limit in limits),
    )


def solve_stated(
    horizon: Horizon, limits: Sequence[PathLimit] = (), gap: float = 1e-6, time_limit: float | None = None
) -> SolvedPath | None:
    """The best path by the solver; None where it says that none keeps the limits. For small instances.

    Raises SolverError where the solver fails twice or has no answer in time.
    """
    program = lower_program(build_path(state(horizon, limits)))
    outcome = solve(program, SolveOptions(gap=gap, time_limit=time_limit, presolve=False))
    if outcome.status is Status.INFEASIBLE:
        return None
    if outcome.values is None or outcome.objective is None:
        raise SolverError("the solver found no path in time")
    path = np.full((horizon.stages, horizon.plans), -1, dtype=np.intp)
    for (k, j, level), column in program.columns["x"].items():
        if outcome.values[column] > 0.5:
            path[k, j] = horizon.first[j] + level
    if (path < 0).any():
        raise SolverError("the solver chose no level of some plan")
    return SolvedPath(path, outcome.objective, outcome.bound)
