"""What studies cost, in one process and in as many as there are cores, and where the tornado's seconds go."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

ROOT = Path(__file__).resolve().parent.parent
Made = TypeVar("Made")

CALLS = {
    "no study": "optimizer.solve_case(case)",
    "sensitivity": "optimizer.sensitivity_case(case, executor=executor)",
    "explain": "optimizer.explain_case(case, executor=executor)",
    "compare": "optimizer.compare_case(case, scenarios=worlds, executor=executor)",
}
CODE = """
import sys, optimizer
from optimizer.execution.executor import make_executor
from optimizer.schema.case import Change, Scenario
case, workers = sys.argv[1], int(sys.argv[2])
worlds = {f"x{f:g}": Scenario(changes={"pools.*.price": Change(times=f)}) for f in (0.5, 0.7, 0.9, 1.1, 1.4, 2.0)}
with make_executor(workers) as executor:
"""


def cost(study: str, case: str, workers: int) -> tuple[float, float]:
    """CPU seconds (user and system, workers included) and wall seconds of a study, from the interpreter's start."""
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-c", f"{CODE}    {CALLS[study]}", case, str(workers)]
    done = subprocess.run(command, capture_output=True, check=False, env={**os.environ, "PYTHONPATH": str(ROOT)})
    if done.returncode != 0:
        return float("nan"), float("nan")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime
    return cpu, time.perf_counter() - began


class Phases:
    """CPU seconds by phase."""

    def __init__(self) -> None:
        self.spent: dict[str, float] = {}

    def take(self, phase: str, work: Callable[[], Made]) -> Made:
        """The work's result; its seconds go to the phase, whether it succeeds or not."""
        began = time.process_time()
        try:
            return work()
        finally:
            self.spent[phase] = self.spent.get(phase, 0.0) + time.process_time() - began


def tornado_phases(case: str, top: int = 12) -> dict[str, float]:
    """CPU seconds of everything that a tornado does, each number's part timed apart."""
    from optimizer.answer.run import solve_case_model
    from optimizer.answer.solving import solve_stages
    from optimizer.errors import InputError
    from optimizer.inputs.moved import moved
    from optimizer.market.calibrate import calibrate
    from optimizer.market.check import check_inputs
    from optimizer.model.case_model import prepare_case, vary
    from optimizer.optimise.objectives import objective_of
    from optimizer.optimise.outcome import Settings
    from optimizer.studies.sensitivity import tornado

    phases, settings = Phases(), Settings(cross_check=False)
    m = phases.take("case read, checked and calibrated", lambda: prepare_case(case))
    solution = phases.take("case solved", lambda: solve_case_model(m, settings))
    objective = objective_of(m.inputs.case.objective, m.today).last
    drivers = tornado(m, solution, settings, top=0).drivers

    def kept(path: str, value: float) -> None:
        inputs = phases.take("number moved", lambda: moved(m.inputs, {path: value}))
        if phases.take("market checked", lambda: check_inputs(inputs, (path,))):
            return
        phases.take("market prepared and calibrated", lambda: calibrate(inputs.market, m.calibrated))
        there = vary(m, {path: value})
        menu = there.carried(solution.chosen, m)
        phases.take("menu evaluated", lambda: objective.value(there.evaluate(menu)))

    def best(path: str, value: float) -> None:
        there = phases.take("market of a solve", lambda: vary(m, {path: value}))
        phases.take("levels built", there.build)
        phases.take("solved and rechecked", lambda: solve_stages(there, settings, diagnosed=False))

    for work, some in ((kept, drivers), (best, drivers[:top])):
        for driver in some:
            for value in (driver.low, driver.high):
                try:
                    work(driver.path, value)
                except InputError:
                    continue
    return phases.spent


def rows(case: str, names: list[str], workers: int) -> list[list[Any]]:
    """Study, CPU and wall seconds in one process, the same in several."""
    return [[name, case, *cost(name, case, 1), *cost(name, case, workers)] for name in names]
