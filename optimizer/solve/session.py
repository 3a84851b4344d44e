"""The one module that touches HiGHS: a loaded program that can be changed in place and solved again."""

from __future__ import annotations

import functools
import logging
import math
import platform
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from optimizer.errors import SolverError
from optimizer.solve.outcome import Outcome, Progress, SolveOptions, relative_gap
from optimizer.solve.program import SMALLEST, Index, Program
from optimizer.typing import Array, Status

log = logging.getLogger("optimizer.highs")

Start = tuple[Index, Array]
"""Columns and their values: a partial start; HiGHS completes it."""

POLL = 0.05
"""Seconds between two looks at the caller's ``cancelled``."""


@functools.cache
def _quiet_class() -> Any:
    import highspy  # 0.1 s: only where something is solved

    class Quiet(highspy.Highs):
        """The constructor prints a banner to stdout when it enables callbacks: the console is shut off just before."""

        def enableCallbacks(self) -> Any:
            self.setOptionValue("log_to_console", False)
            return super().enableCallbacks()  # type: ignore[no-untyped-call]

    return Quiet


def quiet_solver() -> Any:
    """A HiGHS of one's own that prints nothing."""
    h = _quiet_class()()
    h.setOptionValue("output_flag", False)
    return h


def load_solver() -> None:
    """Import HiGHS now, while nobody waits for it."""
    _quiet_class()


def versions() -> dict[str, str]:
    """Versions that decide an answer."""
    import highspy

    parts = (highspy.HIGHS_VERSION_MAJOR, highspy.HIGHS_VERSION_MINOR, highspy.HIGHS_VERSION_PATCH)
    return {"highs": ".".join(map(str, parts)), "numpy": np.__version__, "python": platform.python_version()}


class Session:
    """A program loaded into HiGHS. Bounds, costs and row sides change in place; no rebuild.

    One thread at a time. Raises SolverError where HiGHS refuses the model, an option or a change.
    """

    def __init__(self, program: Program, options: SolveOptions | None = None):
        self.options = options or SolveOptions()
        self.program = replace(
            program,
            costs=program.costs.copy(),
            lower=program.lower.copy(),
            upper=program.upper.copy(),
            row_lower=program.row_lower.copy(),
            row_upper=program.row_upper.copy(),
        )
        self._highs: Any = _quiet_class()()
        self._stop = threading.Event()
        self._deadline = math.inf
        self._progress: Callable[[Progress], None] | None = None
        self._improved: Callable[[Array, Progress], None] | None = None
        self._began = 0.0
        self._set_options(_settings(self.options))
        self._subscribe()
        self._check(self._highs.passModel(_highs_lp(self.program)), "loading the program")

    def change_columns(self, columns: Index, lower: Array, upper: Array) -> None:
        """New bounds of some columns."""
        columns = np.asarray(columns, dtype=np.int32)
        self.program.lower[columns], self.program.upper[columns] = lower, upper
        low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
        self._check(self._highs.changeColsBounds(len(columns), columns, low, high), "changing column bounds")

    def change_costs(self, columns: Index, costs: Array, offset: float | None = None) -> None:
        """New objective coefficients of some columns, and a new constant."""
        columns = np.asarray(columns, dtype=np.int32)
        self.program.costs[columns] = costs
        self._check(self._highs.changeColsCost(len(columns), columns, np.asarray(costs, dtype=float)), "changing costs")
        if offset is not None:
            self.program = replace(self.program, offset=offset)
            self._check(self._highs.changeObjectiveOffset(offset), "changing the constant")

    def change_rows(self, rows: Index, lower: Array, upper: Array) -> None:
        """New sides of some rows."""
        rows = np.asarray(rows, dtype=np.int32)
        self.program.row_lower[rows], self.program.row_upper[rows] = lower, upper
        low, high = np.asarray(lower, dtype=float), np.asarray(upper, dtype=float)
        self._check(self._highs.changeRowsBounds(len(rows), rows, low, high), "changing row sides")

    def solve(
        self,
        start: Start | None = None,
        *,
        time_limit: float | None = None,
        cancelled: Callable[[], bool] | None = None,
        progress: Callable[[Progress], None] | None = None,
        improved: Callable[[Array, Progress], None] | None = None,
    ) -> Outcome:
        """Solve as the program now stands. Ctrl-C and ``cancelled`` stop HiGHS at its next look (usually < 0.3 s).

        time_limit: seconds, over the options' one. progress and improved are called from the solving thread;
        improved gets each new incumbent's columns and the moment.
        """
        limit = time_limit if time_limit is not None else self.options.time_limit
        self._stop.clear()
        self._began = time.perf_counter()
        self._deadline = math.inf if limit is None else self._began + limit
        self._progress, self._improved = progress, improved
        found: list[Outcome | BaseException] = []

        done = threading.Event()

        def work() -> None:
            try:
                found.append(self._solve(start, limit))
            except BaseException as error:  # handed to the caller's thread below
                found.append(error)
            finally:
                done.set()

        # a thread of its own: HiGHS ties its scheduler to the thread, and the caller's stays open to Ctrl-C
        thread = threading.Thread(target=work, name="optimizer-highs", daemon=True)
        thread.start()
        try:
            # not thread.join: interrupted in Python 3.11 it takes a running thread for ended
            while not done.wait(POLL):
                if cancelled is not None and cancelled():
                    self._stop.set()
        except BaseException:
            self._stop.set()
            done.wait()
            raise
        if isinstance(found[0], BaseException):
            raise found[0]
        return found[0]

    def close(self) -> None:
        """Free the solver's memory."""
        self._highs.clear()

    def _solve(self, start: Start | None, limit: float | None) -> Outcome:
        with_start = start is not None and len(start[0]) > 0 and bool(self.program.integer.any())
        if with_start and start is not None:
            columns, values = np.asarray(start[0], dtype=np.int32), np.asarray(start[1], dtype=float)
            self._check(self._highs.setSolution(len(columns), columns, values), "giving the start")
        self._set_options(_start_settings(self.options, with_start))
        first = self._run(limit)
        if first.status is not Status.INFEASIBLE:
            return first
        # a second proof with presolve the other way: one of them alone has been wrong
        self._set_options({"presolve": "off" if self.options.presolve else "on"})
        self._check(self._highs.clearSolver(), "starting afresh")
        try:
            second = self._run(None if limit is None else max(0.0, self._deadline - time.perf_counter()))
        finally:
            self._set_options({"presolve": "on" if self.options.presolve else "off"})
        if second.status in (Status.OPTIMAL, Status.UNBOUNDED, Status.FEASIBLE):
            message = f"infeasible with presolve {_switch(self.options.presolve)}, {second.status.value} without"
            return replace(second, status=Status.ERROR, message=f"the solver contradicts itself: {message}")
        return second

    def _run(self, limit: float | None) -> Outcome:
        h = self._highs
        # the limit counts from the object's creation, not from this run
        seconds = math.inf if limit is None else max(0.0, h.getRunTime() + limit)
        self._set_options({"time_limit": seconds})
        call = h.run()
        outcome = self._outcome(str(call).rpartition(".")[2])
        log.debug("%r", outcome)
        return outcome

    def _outcome(self, call: str) -> Outcome:
        h = self._highs
        info, state = h.getInfo(), str(h.getModelStatus()).rpartition(".")[2]
        values: Array | None = None
        if info.primal_solution_status == 2:  # kSolutionStatusFeasible
            values = np.array(h.getSolution().col_value, dtype=np.float64)
        mixed = bool(self.program.integer.any())
        nothing = math.inf if self.program.maximise else -math.inf
        objective = None if values is None else float(info.objective_function_value)
        bound = float(info.mip_dual_bound) if mixed else nothing
        status = _STATUS.get(state, Status.ERROR)
        if state == "kUnboundedOrInfeasible":
            status = Status.INFEASIBLE  # the second run, with presolve off, tells which
        if state == "kModelEmpty" or (status is Status.OPTIMAL and not mixed):
            objective = self.program.offset if objective is None else objective
            values = np.clip(0.0, self.program.lower, self.program.upper) if values is None else values
            status, bound = Status.OPTIMAL, objective
        elif status is Status.INFEASIBLE:
            values, objective, bound = None, None, -nothing
        elif status is Status.UNBOUNDED:
            values, objective, bound = None, None, nothing
        elif status is Status.FEASIBLE and values is None:
            status = Status.NO_ANSWER
        if not math.isfinite(bound) or abs(bound) >= 1e200:
            bound = -nothing if status is Status.INFEASIBLE else nothing
        if call == "kError":
            status = Status.ERROR
        if self._stop.is_set() and status in (Status.FEASIBLE, Status.NO_ANSWER):
            status = Status.INTERRUPTED
        return Outcome(
            status, values, objective, bound, relative_gap(objective, bound), time.perf_counter() - self._began,
            max(0, int(info.mip_node_count)), max(0, int(info.simplex_iteration_count)), state, versions(),
        )  # fmt: skip

    def _subscribe(self) -> None:
        h = self._highs
        for callback in (h.cbSimplexInterrupt, h.cbIpmInterrupt, h.cbMipInterrupt):
            callback.subscribe(self._on_interrupt)
        h.cbMipImprovingSolution.subscribe(self._on_improved)
        h.cbMipLogging.subscribe(self._on_progress)
        if log.isEnabledFor(logging.DEBUG):
            h.cbLogging.subscribe(lambda e: log.debug("%s", e.message.rstrip()))

    def _on_interrupt(self, event: Any) -> None:
        if self._stop.is_set() or time.perf_counter() > self._deadline:
            event.interrupt()

    def _on_improved(self, event: Any) -> None:
        if self._improved is not None:
            out = event.data_out
            told = self._moment(out, float(out.objective_function_value))
            self._improved(np.array(out.mip_solution, dtype=np.float64), told)

    def _on_progress(self, event: Any) -> None:
        if self._progress is not None:
            self._progress(self._moment(event.data_out, float(event.data_out.mip_primal_bound)))

    def _moment(self, out: Any, objective: float) -> Progress:
        bound = float(out.mip_dual_bound)
        return Progress(
            time.perf_counter() - self._began,
            objective if abs(objective) < 1e200 else None,
            bound if abs(bound) < 1e200 else None,
            int(out.mip_node_count),
        )

    def _set_options(self, settings: Mapping[str, Any]) -> None:
        for name, value in settings.items():
            self._check(self._highs.setOptionValue(name, value), f"option {name} = {value!r}")

    def _check(self, status: Any, what: str) -> None:
        """A warning counts as an error: HiGHS warns when it changes what it was given."""
        if str(status).rpartition(".")[2] != "kOk":
            raise SolverError(f"the solver refused {what} ({status})")


_STATUS = {
    "kOptimal": Status.OPTIMAL,
    "kInfeasible": Status.INFEASIBLE,
    "kUnbounded": Status.UNBOUNDED,
    "kTimeLimit": Status.FEASIBLE,
    "kIterationLimit": Status.FEASIBLE,
    "kSolutionLimit": Status.FEASIBLE,
    "kMemoryLimit": Status.FEASIBLE,
    "kInterrupt": Status.FEASIBLE,
    "kObjectiveBound": Status.FEASIBLE,
    "kObjectiveTarget": Status.FEASIBLE,
}


def _switch(on: bool) -> str:
    return "on" if on else "off"


def _settings(options: SolveOptions) -> dict[str, Any]:
    return {
        "threads": options.threads,
        "mip_rel_gap": options.gap,
        "mip_abs_gap": options.absolute_gap,
        "small_matrix_value": SMALLEST,
        "presolve": _switch(options.presolve),
        "random_seed": options.seed,
        "primal_feasibility_tolerance": options.tolerance,
        "mip_feasibility_tolerance": options.tolerance,
        **options.extra,
    }


def _start_settings(options: SolveOptions, with_start: bool) -> dict[str, Any]:
    """With an incumbent at hand HiGHS's own heuristics and restarts only cost time (57 s to 8 s measured)."""
    effort = options.heuristics if options.heuristics is not None else (0.0 if with_start else 0.05)
    chosen = {"mip_heuristic_effort": effort, "mip_allow_restart": not with_start}
    return {name: value for name, value in chosen.items() if name not in options.extra}


def _highs_lp(p: Program) -> Any:
    import highspy

    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = p.shape
    lp.sense_ = highspy.ObjSense.kMaximize if p.maximise else highspy.ObjSense.kMinimize
    lp.offset_ = p.offset
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = p.costs, p.lower, p.upper
    lp.row_lower_, lp.row_upper_ = p.row_lower, p.row_upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.num_row_, lp.a_matrix_.num_col_ = p.shape
    lp.a_matrix_.start_ = p.starts.astype(np.int32)
    lp.a_matrix_.index_ = p.indices.astype(np.int32)
    lp.a_matrix_.value_ = p.coefficients
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    if p.integer.any():
        lp.integrality_ = [kinds[k] for k in p.integer.astype(int).tolist()]
    return lp


def read_mps(path: str) -> Program:
    """A program from an MPS file. Raises SolverError where HiGHS cannot read it."""
    h = quiet_solver()
    if str(h.readModel(path)).rpartition(".")[2] != "kOk":
        raise SolverError(f"{path} cannot be read as MPS")
    import highspy

    h.ensureRowwise()
    lp = h.getLp()
    return Program(
        costs=np.array(lp.col_cost_, dtype=np.float64),
        lower=np.array(lp.col_lower_, dtype=np.float64),
        upper=np.array(lp.col_upper_, dtype=np.float64),
        integer=np.array([k == highspy.HighsVarType.kInteger for k in lp.integrality_], dtype=bool)
        if len(lp.integrality_) else np.zeros(lp.num_col_, dtype=bool),
        starts=np.array(lp.a_matrix_.start_, dtype=np.int64),
        indices=np.array(lp.a_matrix_.index_, dtype=np.int64),
        coefficients=np.array(lp.a_matrix_.value_, dtype=np.float64),
        row_lower=np.array(lp.row_lower_, dtype=np.float64),
        row_upper=np.array(lp.row_upper_, dtype=np.float64),
        maximise=lp.sense_ == highspy.ObjSense.kMaximize,
        offset=float(lp.offset_),
    )  # fmt: skip
