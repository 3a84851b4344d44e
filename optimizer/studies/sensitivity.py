"""The tornado: how far the objective moves when each number moves to its low and its high."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from optimizer.answer.tornado import TOP, End, Tornado, driver_of, ends
from optimizer.errors import Finding, InputError, bad_argument
from optimizer.studies.sections import Section
from optimizer.studies.sensitivity_ends import (
    best_path_value,
    best_value,
    horizon_numbers,
    kept_path_value,
    kept_value,
)
from optimizer.studies.sensitivity_section import tornado_section
from optimizer.studies.study import Option, Setup, Study, register, settings_for
from optimizer.studies.tables import BY_ROW, Table, table

if TYPE_CHECKING:
    from os import PathLike

    from optimizer.answer.path import PathSolution
    from optimizer.answer.solution import Solution
    from optimizer.execution.executor import Executor
    from optimizer.inputs.changes import Changes
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.outcome import Settings
    from optimizer.schema.base import Quantity
    from optimizer.schema.case import Case

SIDES = ("low", "high")


def sensitivity_case(
    case: str | PathLike[str] | Case,
    *,
    top: int = TOP,
    paths: list[str] | None = None,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    executor: Executor | None = None,
) -> Tornado:
    """The tornado of a case: every number with a low and a high, the ``top`` ones optimised anew.

    Args:
        progress: told how many of all evaluations and solves are done.
        executor: where they run; by default local processes if they are worth it. It is left open.

    Raises:
        InputError (also for a path without a range), InfeasibleError.
    """
    from optimizer.answer.run import solve_any
    from optimizer.model.case_model import prepare_case

    m = prepare_case(case, sets=sets, folder=folder)
    uncertain(m, paths)
    settings = settings_for(m, gap)
    return tornado(m, solve_any(m, settings), settings, top, paths, progress, cancelled, executor)


def tornado(
    m: CaseModel,
    solution: Solution | PathSolution,
    settings: Settings,
    top: int = TOP,
    paths: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    executor: Executor | None = None,
) -> Tornado:
    """The tornado around a solved case; over months the path is kept, and optimised anew."""
    from optimizer.answer.run import over_months
    from optimizer.execution.choice import borrowed

    began = time.perf_counter()
    base, wanted = solution.objective.value, uncertain(m, paths)
    count = min(top, len(wanted))
    chosen, kept_task, best_task = _tasks(m, solution)

    def told(before: int) -> Callable[[int], None] | None:
        return None if progress is None else lambda done: progress(before + done, 2 * (len(wanted) + count))

    with borrowed(executor, tornado_seconds(m, solution, len(wanted), count)) as runner:
        shared, quick = runner.share(m), replace(settings, cancelled=None, progress=None)

        def at_ends(task: Task, same: Any, ranges: list[Range], before: int) -> list[End]:
            paths = [path for path, _, _ in ranges for _ in SIDES]
            values = [end for _, low, high in ranges for end in (low, high)]
            return runner.gather(
                task, repeat(shared), repeat(same), paths, values, cancelled=cancelled, progress=told(before)
            )

        kept = at_ends(kept_task, chosen, [(path, *ends(q)) for path, q in wanted.items()], 0)
        pairs = zip(wanted.items(), kept[::2], kept[1::2], strict=False)
        drivers = sorted(
            (driver_of(*number, *found) for number, *found in pairs), key=lambda d: (-d.swing(base), d.path)
        )
        redone = drivers[:count] if len(drivers) == len(wanted) else []
        best = at_ends(best_task, quick, [(d.path, d.low, d.high) for d in redone], len(kept))
    again = [d.redone(*found) for d, *found in zip(redone, best[::2], best[1::2], strict=False)]
    return Tornado(
        case=solution.case,
        figure=solution.objective.name,
        unit=solution.objective.unit,
        base=base,
        drivers=(*again, *drivers[len(again) :]),
        seconds=time.perf_counter() - began,
        complete=len(again) == count and len(drivers) == len(wanted),
        sources={key: (s.text, s.url, s.grade) for key, s in m.inputs.market.sources.items()},
        thing="path" if over_months(m) else "menu",
    )


def _tasks(m: CaseModel, solution: Solution | PathSolution) -> tuple[Any, Task, Task]:
    """What is kept, and the tasks with it kept and optimised anew."""
    from optimizer.answer.solution import Solution

    if not isinstance(solution, Solution):
        from optimizer.answer.path_worlds import chosen_of

        return chosen_of(solution), kept_path_value, best_path_value
    return solution.chosen, kept_value, best_value


def tornado_seconds(
    m: CaseModel, solution: Solution | PathSolution, numbers: int | None = None, solves: int = TOP
) -> float:
    """About how many seconds it will all take: a calibration from one nearby is a fraction of the first."""
    numbers = len(uncertain(m)) if numbers is None else numbers
    return 2.0 * (numbers * 0.2 * m.spent.get("calibrate", 0.0) + solves * solution.seconds.get("solve", 0.0))


def uncertain(case_model: CaseModel, paths: Sequence[str] | None = None) -> dict[str, Quantity]:
    """Numbers with a low and a high that differ, or those named. Raises InputError for a name without a range.

    Over months those of the market's dynamics and of the case's horizon, too.
    """
    from optimizer.market.check import quantities

    horizon = case_model.inputs.case.horizon
    known = {**quantities(case_model.inputs.market), **({} if horizon is None else horizon_numbers(horizon))}
    moving = ("today.observed",) if horizon is not None else ("today.observed", "dynamics.")
    found = {path: q for path, q in known.items() if not _fixed(q) and not path.startswith(moving)}
    refused = [_refused(path, known.get(path)) for path in paths or () if path not in found]
    if refused:
        raise InputError(refused)
    return found if paths is None else {path: found[path] for path in paths}


def _fixed(q: Quantity) -> bool:
    return q.low is None or q.high is None or q.low >= q.high


def _refused(path: str, q: Quantity | None) -> Finding:
    """Why a number cannot be moved."""
    if q is None:
        message, cure = f"no number of the market is at {path!r}", "name one, e.g. plans.plus.price"
    elif path.startswith("dynamics.") and not _fixed(q):
        message, cure = f"{path} moves nothing in the long run", "ask over months: add horizon: to the case"
    elif path.startswith("today.observed"):
        message, cure = f"{path} was observed: worlds are calibrated to it", "name a number that is uncertain"
    else:
        message, cure = f"{path} has no range: its low and high do not differ", "state low and high in the market"
    return bad_argument("paths", message, cure).findings[0]


Range: TypeAlias = tuple[str, float, float]
"""Path, low, high."""
Task: TypeAlias = "Callable[[CaseModel, Any, str, float], End]"


def tornado_document(t: Tornado) -> dict[str, Any]:
    """A tornado as plain data."""
    return {
        "schema_version": 1,
        "status": "optimal" if t.complete else "interrupted",
        "case": t.case,
        "figure": {"name": t.figure, "unit": t.unit, "value": t.base},
        "drivers": [
            {
                "path": d.path,
                "unit": d.unit,
                "value": d.value,
                "low": d.low,
                "high": d.high,
                "assumed": d.assumed,
                "why": d.why,
                "kept": {"low": d.kept_low, "high": d.kept_high},
                "best": {"low": d.best_low, "high": d.best_high},
                "swing": d.swing(t.base),
                "missing": dict(d.missing),
                "contradicts": {side: list(figures) for side, figures in d.contradicts.items()},
            }
            for d in t.drivers
        ],
        "seconds": {"solve": t.seconds},
    }


def tornado_table(t: Tornado) -> Table:
    """Every number, its range, and the objective at its ends."""
    ends = [f"{t.thing} {how}, at {side}" for how in ("kept", "optimised anew") for side in SIDES]
    columns = {"path": "", "unit": "", "value": BY_ROW, "low": BY_ROW, "high": BY_ROW, "assumed": "",
               **dict.fromkeys(ends, t.unit), "swing": t.unit, "source_or_reason": "",
               "why_without_value": "", "contradicts": ""}  # fmt: skip
    rows = [
        (
            *(d.path, d.unit, d.value, d.low, d.high, d.assumed),
            *(d.kept_low, d.kept_high, d.best_low, d.best_high, d.swing(t.base), d.why),
            "; ".join([*(f"{key}: {why}" for key, why in d.missing.items())]),
            "; ".join(f"{side}: {', '.join(figures)}" for side, figures in d.contradicts.items()),
        )
        for d in t.drivers
    ]
    return table("Tornado", columns, rows)


@register
class SensitivityStudy(Study[Tornado]):
    """The tornado."""

    verb = "sensitivity"
    word = "tornado"
    help = "The tornado: the objective at each number's low and high, the menu kept and re-optimised."
    place = 3
    results = (Tornado,)
    spread = True
    in_report = False
    stoppable = True
    options = (
        Option("top", "--top", int, TOP, "How many numbers to re-optimise at their low and high.", least=0),
        Option("paths", "--path", str, None, "Only this number; may be repeated.", "PATH", many=True),
    )

    def check(self, setup: Setup) -> None:
        uncertain(setup.case_model, setup.options["paths"])

    def run(self, setup: Setup) -> Tornado:
        o, m, settings = setup.options, setup.case_model, replace(setup.settings, cross_check=False)
        solution = replace(setup, settings=settings).answer()
        asked = (o["top"], o["paths"], setup.progress, setup.cancelled, setup.executor)
        return tornado(m, solution, settings, *asked)

    def document(self, result: Tornado) -> dict[str, Any]:
        return tornado_document(result)

    def tables(self, result: Tornado) -> tuple[Table, ...]:
        return (tornado_table(result),)

    def sections(self, result: Tornado, solution: Solution | None = None) -> tuple[Section, ...]:
        return (tornado_section(result),)

    def seconds(self, setup: Setup) -> float:
        return tornado_seconds(setup.case_model, setup.answer())

    def complete(self, result: Tornado) -> bool:
        return result.complete

    def saved_as(self, result: Tornado) -> str:
        return "sensitivity"
