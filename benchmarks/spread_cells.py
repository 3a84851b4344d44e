"""One instance of a family made, solved and its proof rechecked, in a process of its own (the project's environment).

Making it and loading the compiled loops come before the clock, rechecking after it. What was measured is told before
the recheck, so that a recheck which takes too long loses nothing else. Of a menu the recheck may also come later, from
a file (``proof``): it takes as long as the search.
"""

from __future__ import annotations

import json
import pickle
import resource
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks import instances
from benchmarks.cell import tell
from benchmarks.contestants_own import Data, menu_problem
from benchmarks.instances import Menu, Prices

ROOM = 1e-9
"""Relative rounding between a bound and what its certificate proves."""
ENOUGH = 2.0
"""Seconds after which a short solve is not repeated."""
SAMPLED = 2000
"""Prices drawn to be compared with a bound that has no certificate."""


def cpu_seconds() -> float:
    """Of this process and of its children that have ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def timed(work: Callable[[], Any], times: int) -> tuple[Any, Data]:
    """What the work returns, and the least CPU seconds of so many runs (no further ones once that took long)."""
    best, found, spent = {"cpu": float("inf")}, None, 0.0
    for _ in range(times):
        began, used = time.perf_counter(), cpu_seconds()
        found = work()
        took = {"seconds": time.perf_counter() - began, "cpu": cpu_seconds() - used}
        best, spent = min(best, took, key=lambda one: one["cpu"]), spent + took["seconds"]
        if spent > ENOUGH:
            break
    return found, best


def rechecked(answer: Data, job: Data, proves: Callable[[], bool]) -> Data:
    """The answer with whether its proof holds, where that is asked."""
    if not job["checked"]:
        return answer
    tell({**answer, "note": "the recheck was cut short"})
    return {**answer, **held(proves)}


def held(proves: Callable[[], bool]) -> Data:
    """Whether a proof holds, and the CPU seconds of finding out."""
    began = time.process_time()
    try:
        holds, note = bool(proves()), ""
    except Exception as error:
        holds, note = False, f"{type(error).__name__}: {error}"[:150]
    return {"rechecked": holds, "recheck_cpu": time.process_time() - began, "note": note}


def menu(data: Data, job: Data) -> Data:
    """A random menu."""
    return _menu(instances.menu(*job["shape"], job["tastes"], job["seed"]), job)


def assortment(data: Data, job: Data) -> Data:
    """A public assortment, or one like it."""
    from benchmarks.assortments import menu_of

    raw = json.loads(Path(job["file"]).read_text(encoding="utf-8"))[job["place"]]
    return _menu(menu_of(raw, job["untied"], job["seed"] if job["untied"] else None), job)


def _menu(sent: Menu, job: Data) -> Data:
    """Solved and rechecked, or solved with its proof put into a file, or rechecked from there."""
    if job["solved"]:
        certificate = pickle.loads(Path(job["proof"]).read_bytes())
        return held(lambda: _proven(sent, certificate, job["value"], job["bound"]))
    certificate, told = _solved(sent, job)
    if told.get("failed"):
        return told
    if job["proof"]:
        Path(job["proof"]).write_bytes(pickle.dumps(certificate))
        return told
    return rechecked(told, job, lambda: _proven(sent, certificate, told["value"], told["bound"]))


def _solved(sent: Menu, job: Data) -> tuple[Any, Data]:
    """As ``MenuProblem.solve`` does it, construction included: the certificate, and what is told."""
    from optimizer.economics.figures import TOTAL
    from optimizer.model.measures import Measure
    from optimizer.optimise.outcome import Settings
    from optimizer.optimise.ratio import best
    from optimizer.search.kernels import load

    def solve(asked: Menu) -> Any:
        settings = Settings(gap=job["gap"], deadline=time.monotonic() + job["limit"], cross_check=False)
        problem = menu_problem(asked)
        aim = Measure(asked.aim, TOTAL, problem.figures[asked.aim], None, 0.0)
        return best(problem.instance, aim, 1, problem.limits, settings)

    load()
    solve(instances.menu(3, 3, 4, "alike", 1))  # imports
    answer, took = timed(lambda: solve(sent), job["times"])
    if answer.choice is None:
        return None, {**took, "failed": "no answer in time"}
    value, miss = sent.measure(np.array(answer.choice[0]))
    told = {**took, "value": value, "bound": answer.bound, "boxes": answer.work.boxes}
    return answer.certificate, told if miss <= 2e-6 else {**told, "failed": "the answer breaks a condition"}


def _proven(sent: Menu, certificate: Any, value: float, bound: float) -> bool:
    """Whether a certificate proves the bound that was told, and that does not lie below the value."""
    from optimizer.model.instance import combine
    from optimizer.search import recheck

    problem, room = menu_problem(sent), ROOM * abs(bound)
    aim = combine([(1.0, problem.figures[sent.aim])])
    proven = recheck(problem.instance, aim, problem.limits, certificate)
    if max(proven, value) > bound + room:
        raise ValueError(f"the certificate proves {proven:.12g}; told were bound {bound:.12g}, value {value:.12g}")
    return True


def mixture(data: Data, job: Data) -> Data:
    """A published pricing instance."""
    from benchmarks.quoted import BEST_REVENUE

    return _prices(instances.mixture(job["seed"]), BEST_REVENUE[job["seed"]], job)


def parking(data: Data, job: Data) -> Data:
    """Parking prices."""
    return _prices(instances.parking(job["people"], job["draws"], job["seed"]), -np.inf, job)


def _prices(sent: Prices, known: float, job: Data) -> Data:
    """``PriceProblem.solve``, construction included. Its bound has no certificate: drawn prices are held against it."""
    from optimizer.problems.price import PriceProblem

    def solve(asked: Prices, seconds: float) -> Any:
        costs = np.zeros(len(asked.lower))
        problem = PriceProblem(asked.customers, asked.constants, asked.slopes, costs, asked.lower, asked.upper)
        return problem.solve(gap=job["gap"], time_limit=seconds)

    solve(instances.mixture(7), 1.0)  # imports
    found, took = timed(lambda: solve(sent, job["limit"]), job["times"])
    value = sent.value(np.clip(found.prices, sent.lower, sent.upper))
    g = np.random.default_rng(1)
    drawn = (sent.value(g.uniform(sent.lower, sent.upper)) for _ in range(SAMPLED if job["checked"] else 0))
    above = max(known, value, *drawn) > found.bound * (1.0 + 1e-6)
    told = {**took, "value": value, "bound": found.bound, "boxes": found.boxes}
    return {**told, "failed": "a bound below a value that is reached"} if above else told


def case(data: Data, job: Data) -> Data:
    """A shipped case after loading, with one menu or a path of them; rechecked as ``optimizer verify`` does it."""
    from optimizer.answer.document import solution_files
    from optimizer.answer.path_document import path_files
    from optimizer.answer.run import settings_of, solve_any
    from optimizer.answer.verify import verify_folder
    from optimizer.io.saving import write_folder_atomic
    from optimizer.model.case_model import prepare_case
    from optimizer.search.kernels import load

    load()
    if job["months"]:
        warm_paths()
    first = prepare_case("assistant-startup-margin")
    solve_any(first, settings_of(first, time.monotonic(), None, 5.0))  # imports
    m = prepare_case(job["case"])
    asked = settings_of(m, 0.0, job["gap"])
    found, took = timed(lambda: solve_any(m, settings_of(m, time.monotonic(), job["gap"], job["limit"])), job["times"])
    told = {
        **took, "value": found.objective.value, "bound": found.objective.bound, "gap": found.objective.gap,
        "wanted": asked.gap,
    }  # fmt: skip

    def proves() -> bool:
        files = path_files(found) if hasattr(found, "timeline") else solution_files(found)
        with tempfile.TemporaryDirectory() as folder:
            write_folder_atomic(Path(folder) / "out", files)
            report = verify_folder(Path(folder) / "out")
        wrong = [f"{row['what']}: {row['detail']}" for row in report["checks"] if not row["passed"]]
        if wrong:
            raise ValueError("; ".join(wrong))
        return True

    return rechecked(told, job, proves)


def draws(data: Data, job: Data) -> Data:
    """One menu for many draws of a market; drawing and building them comes before the clock."""
    from optimizer.execution.executor import SerialExecutor
    from optimizer.model.case_model import prepare_case
    from optimizer.uncertainty import choice
    from optimizer.uncertainty.case_draws import aim_of, over_draws, posed_draws
    from optimizer.uncertainty.drawing import market_draws

    m = prepare_case(job["case"])
    aim = aim_of(m).name

    def posed(count: int) -> Any:
        drawn = market_draws(m, count, job["seed"], SerialExecutor())
        return over_draws(m, posed_draws(m, drawn), drawn.weights)

    def solve(asked: Any, seconds: float | None) -> Any:
        return asked.problem.solve(aim, job["risk"], gap=job["gap"], time_limit=seconds, **asked.asked)

    usual, choice.BOUNDS = choice.BOUNDS, 10**9  # compiled loops however small; without a limit they are compiled
    solve(posed(2), None)
    choice.BOUNDS = usual
    asked = posed(job["draws"])
    found, took = timed(lambda: solve(asked, job["limit"]), job["times"])
    told = {**took, "value": found.value, "bound": found.bound, "gap": found.gap}
    return rechecked(told, job, lambda: asked.problem.recheck(found, aim, job["risk"], **asked.asked) is not None)


def warm_paths() -> None:
    """Imports of a search of paths, and its compiled loops."""
    from optimizer import HorizonProblem
    from optimizer.horizon.bounds import Parted, bound_box, whole_box
    from optimizer.horizon.shares import pure

    small = HorizonProblem(**instances.path(3, 2, 3, 2, 1))
    small.solve()
    try:
        from optimizer.horizon.loops import CompiledPotentials
    except (ImportError, RuntimeError):  # without numba
        return
    h = small.horizon
    middle = np.repeat(h.first[None, :-1], h.stages, axis=0)
    bound_box(Parted(h, 10**9, 10**9), whole_box(h), pure(h, middle), CompiledPotentials())


def path(data: Data, job: Data) -> Data:
    """A random path of menus: ``HorizonProblem.solve``, construction included."""
    from optimizer import HorizonProblem

    def solve() -> tuple[HorizonProblem, Any]:
        problem = HorizonProblem(**sent)
        return problem, problem.solve(gap=job["gap"], time_limit=job["limit"])

    warm_paths()
    sent = instances.path(*job["shape"], job["seed"], job["habit"])
    (problem, found), took = timed(solve, job["times"])
    told = {**took, "value": problem.value(found.path), "bound": found.bound}
    return rechecked(told, job, lambda: problem.replay(found.certificate) <= found.bound + ROOM * abs(found.bound))
