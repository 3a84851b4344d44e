"""What is asked of a solve and what comes back; the checks that an answer must pass before anybody sees it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from optimizer.errors import SolverError
from optimizer.solve.program import Program
from optimizer.typing import Array, Status


@dataclass(frozen=True)
class SolveOptions:
    """Settings of one solve; every one is stated, none left to the solver's default."""

    gap: float = 1e-6
    """Relative gap at which the search stops."""
    absolute_gap: float = 0.0
    """Objective units; whichever gap is met first."""
    time_limit: float | None = None
    """Seconds of wall time."""
    threads: int = 1
    presolve: bool = True
    heuristics: float | None = None
    """HiGHS's heuristic effort; None: 0 where a start is given, else 0.05."""
    seed: int = 0
    tolerance: float = 1e-6
    """Row, bound and integrality tolerance."""
    extra: Mapping[str, bool | int | float | str] = field(default_factory=dict)
    """Further HiGHS options by name; a wrong name is an error."""


@dataclass(frozen=True)
class Progress:
    """A moment of a running solve, in the program's own sense."""

    seconds: float
    objective: float | None
    bound: float | None
    nodes: int


@dataclass(frozen=True)
class Outcome:
    """Status, incumbent, bound and gap of one solve, in the program's own sense."""

    status: Status
    values: Array | None
    """(n,) the incumbent's columns."""
    objective: float | None
    bound: float
    """No point is better; infinite where nothing is proven."""
    gap: float
    """|bound - objective| / |objective|; infinite without an incumbent or a bound."""
    seconds: float
    nodes: int = 0
    iterations: int = 0
    message: str = ""
    versions: Mapping[str, str] = field(default_factory=dict)

    def __repr__(self) -> str:
        return (
            f"Outcome({self.status.value}, objective={self.objective}, bound={self.bound}, "
            f"gap={self.gap:.3g}, seconds={self.seconds:.3f})"
        )


def relative_gap(objective: float | None, bound: float) -> float:
    """|bound - objective| / |objective|, 0 where they are equal, infinite where unknown."""
    if objective is None or not math.isfinite(bound):
        return math.inf
    if bound == objective:
        return 0.0
    return abs(bound - objective) / max(abs(objective), 1e-300)


def check_outcome(program: Program, outcome: Outcome, options: SolveOptions, start: Array | None = None) -> None:
    """Raises SolverError when the outcome contradicts the program or itself.

    start: (n,) a complete point of the caller's; where it keeps all rows, 'infeasible' and bounds below it are lies.
    """
    sign = 1.0 if program.maximise else -1.0
    if outcome.status is Status.ERROR:
        raise SolverError(f"the solver failed: {outcome.message}")
    if math.isnan(outcome.bound):
        raise SolverError("the solver's bound is not a number")
    known = None
    if start is not None and not faults(program, start, options.tolerance * 0.1):
        known = program.objective(start)
        if outcome.status is Status.INFEASIBLE:
            raise SolverError("the solver says infeasible, but the given start keeps every row")
    values = outcome.values
    if outcome.status in (Status.OPTIMAL, Status.FEASIBLE) and values is None:
        raise SolverError(f"the solver says {outcome.status.value} without values")
    if values is not None:
        found = faults(program, values, 10 * options.tolerance)
        if found:
            raise SolverError(f"the solver's point is not feasible: {found}")
        true = program.objective(values)
        size = float(np.abs(program.costs) @ np.abs(values)) + abs(program.offset)
        if outcome.objective is None or not abs(true - outcome.objective) <= 1e-6 * max(1.0, size):
            raise SolverError(f"the solver's objective {outcome.objective} is not that of its point, {true}")
        known = true if known is None else max(sign * known, sign * true) * sign
    if known is not None and outcome.status is not Status.UNBOUNDED:
        excess = sign * (known - outcome.bound)
        if excess > 1e-5 * max(1.0, abs(known)):
            raise SolverError(f"the solver's bound {outcome.bound} is beaten by a point worth {known}")
    if outcome.status is Status.OPTIMAL and outcome.objective is not None:
        allowed = max(options.gap * abs(outcome.objective), options.absolute_gap, 1e-6)
        if abs(outcome.bound - outcome.objective) > 1.001 * allowed + 1e-9 * abs(outcome.objective):
            raise SolverError(f"the solver says optimal at a gap of {outcome.gap:.3g}, {options.gap:.3g} was asked")


def faults(program: Program, values: Array, tolerance: float) -> str:
    """What is wrong with a point, in words; empty where all bounds, rows and integrality hold within tolerance."""
    if values.shape != program.costs.shape:
        return f"{values.shape[0] if values.ndim else 0} values for {len(program.costs)} columns"
    if not np.isfinite(values).all():
        return "a value is not finite"
    slack = tolerance * np.maximum(1.0, np.abs(values))
    if (values < program.lower - slack).any() or (values > program.upper + slack).any():
        return "a column leaves its bounds"
    whole = values[program.integer]
    if (np.abs(whole - np.round(whole)) > tolerance).any():
        return "an integer column is fractional"
    activity, size = program.activity(values)
    room = tolerance * np.maximum(1.0, size)
    low, high = program.row_lower - room, program.row_upper + room
    broken = (activity < low) | (activity > high)
    if broken.any():
        return f"row {program.row_name(int(np.flatnonzero(broken)[0]))} is broken"
    return ""
