"""A horizon as the program of ``formulation.path``, solved by HiGHS: cross-check of the search where it is small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

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
    """The horizon plan by plan; of one without nests, or terms that are kept."""
    h = horizon
    assert (h.widths == 1).all() and not h.keeps and h.allowed.all() and len(h.moves) == 1
    assert h.again is None
    cut = [slice(a, b) for a, b in zip(h.first[:-1], h.first[1:], strict=True)]
    follows = [h.moves[0].after.table[c, c] for c in cut]

    def monthly(weight: Array) -> tuple[Array, ...]:
        every = np.moveaxis(replace(h, weight=weight).monthly_reward, 1, 2)
        return tuple(every[:, :, c] for c in cut)

    def every_stage(array: Array) -> Array:
        return array if len(array) > 1 else np.repeat(array, h.stages, axis=0)

    return StatedPath(
        start=h.start,
        weight=tuple(every_stage(np.swapaxes(h.choice_weight[:, :, c], 2, 3)) for c in cut),
        rate=tuple(every_stage(np.swapaxes(h.decision_rate[:, c], 1, 2)) for c in cut),
        amount=monthly(h.weight),
        follows=tuple(follows),
        outside_weight=h.outside_weight,
        outside_rate=h.outside_decision_rate,
        entrants=h.entrants,
        stage=h.stage,
        origin=h.origin,
        limits=tuple(StatedLimit(limit.name, monthly(limit.weight), limit.at_least) for limit in limits),
        **_reach(h),
    )


def _reach(h: Horizon) -> dict[str, Array]:
    """Word of mouth as linear rows; nothing where reach does not move."""
    if h.reach is None:
        return {}
    most = np.maximum(h.people[:-1] + h.entrants, h.people[1:])
    return {"coming": h.reach.speed * h.reach.base, "brings": h.reach.speed * (h.reach.referral - 1.0), "most": most}


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
