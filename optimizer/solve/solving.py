"""One solve with its safety net: in this process or in a worker, checked, and tried once more where it fails."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from optimizer.errors import SolverError
from optimizer.solve.outcome import Outcome, Progress, SolveOptions, check_outcome
from optimizer.solve.program import Program
from optimizer.solve.session import Session, Start
from optimizer.solve.workers import solve_in_worker
from optimizer.typing import Array


def solve(
    program: Program,
    options: SolveOptions | None = None,
    start: Start | None = None,
    *,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[Progress], None] | None = None,
    worker: bool | None = None,
) -> Outcome:
    """Solve a program; the outcome has passed :func:`check_outcome`.

    start: columns and values of a partial or complete point. cancelled: asked about every 0.05 s.
    worker: a process of its own; None: where a time limit or a cancel must hold.
    Wall time stays within limit + max(2 s, 10 %) in a worker; Ctrl-C ends the worker and is raised.

    Raises:
        SolverError: the solver crashed, hung, refused the program or gave an impossible answer, twice.
    """
    options = options or SolveOptions()
    apart = worker if worker is not None else options.time_limit is not None or cancelled is not None
    began = time.perf_counter()
    whole = _whole(program, start)
    failures: list[str] = []

    def check(outcome: Outcome) -> None:
        check_outcome(program, outcome, options, whole)

    for attempt in (0, 1):
        left = None if options.time_limit is None else options.time_limit - (time.perf_counter() - began)
        if attempt and left is not None and left <= 0.0:
            break
        # the second try walks another way through the solver
        tried = replace(options, time_limit=left, presolve=options.presolve is (attempt == 0))
        try:
            outcome = _solve(program, tried, start, cancelled, progress, apart, check)
        except SolverError as error:
            failures.append(str(error))
            continue
        return replace(outcome, seconds=time.perf_counter() - began)
    raise SolverError("no usable answer from the solver: " + "; then: ".join(failures))


def _solve(
    program: Program,
    options: SolveOptions,
    start: Start | None,
    cancelled: Callable[[], bool] | None,
    progress: Callable[[Progress], None] | None,
    apart: bool,
    check: Callable[[Outcome], None],
) -> Outcome:
    if apart:
        return solve_in_worker(program, options, start, cancelled, progress, check)
    session = Session(program, options)
    try:
        outcome = session.solve(start, cancelled=cancelled, progress=progress)
    finally:
        session.close()
    check(outcome)
    return outcome


def _whole(program: Program, start: Start | None) -> Array | None:
    """The start as a complete point, where it is one."""
    if start is None or len(start[0]) != len(program.costs):
        return None
    values = np.zeros(len(program.costs))
    values[start[0]] = start[1]
    return values
