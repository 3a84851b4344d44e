"""The tornado: how far the objective moves when each number moves to its low and its high."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib import import_module
from itertools import repeat
from os import PathLike
from typing import TYPE_CHECKING, Any

from optimizer.answer.run import solve_case_model, solve_stages
from optimizer.answer.solution import Solution
from optimizer.errors import InfeasibleError, InputError, bad_argument
from optimizer.execution.executor import Executor, borrowed
from optimizer.inputs.changes import Changes
from optimizer.market.check import quantities
from optimizer.model.case_model import CaseModel, prepare_case, vary
from optimizer.model.choices import Menu
from optimizer.optimise.objectives import objective_of
from optimizer.optimise.outcome import Settings
from optimizer.schema.base import Quantity
from optimizer.schema.case import Case

if TYPE_CHECKING:
    import pandas as pd


Task = Callable[[CaseModel, Any, str, float], "float | None"]


@dataclass(frozen=True)
class Driver:
    """One number of the market and what it does to the objective, the market calibrated anew each time."""

    path: str
    unit: str
    value: float
    low: float
    high: float
    assumed: bool
    why: str
    """Source key, or the reason for the assumption."""
    kept_low: float | None
    """Objective at the number's low with the menu kept; None where today's counts cannot be given back then."""
    kept_high: float | None
    best_low: float | None = None
    """The same with the menu optimised anew; None where it was not asked for, or no menu meets the conditions."""
    best_high: float | None = None

    def swing(self, base: float) -> float:
        """Largest move of the objective with the menu kept."""
        return max((abs(v - base) for v in (self.kept_low, self.kept_high) if v is not None), default=0.0)


@dataclass(frozen=True)
class Tornado:
    """Numbers by how much they move the objective."""

    case: str
    figure: str
    unit: str
    base: float
    drivers: tuple[Driver, ...]
    """Largest swing first."""
    seconds: float
    complete: bool = True

    def to_frame(self) -> pd.DataFrame:
        """One row a number."""
        import pandas as pd

        rows = [
            {
                "path": d.path,
                "value": d.value,
                "low": d.low,
                "high": d.high,
                "unit": d.unit,
                "assumed": d.assumed,
                "kept_low": d.kept_low,
                "kept_high": d.kept_high,
                "best_low": d.best_low,
                "best_high": d.best_high,
                "swing": d.swing(self.base),
            }
            for d in self.drivers
        ]
        return pd.DataFrame(rows)

    def plot(self) -> Any:
        """The chart, as an object that is returned and not shown. Needs the ``report`` extra."""
        return import_module("optimizer.report.charts").tornado_chart(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        return str(self.to_frame().to_html())


def sensitivity_case(
    case: str | PathLike[str] | Case,
    *,
    top: int = 12,
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
        InputError, InfeasibleError.
    """
    m = prepare_case(case, sets=sets, folder=folder)
    settings = Settings(gap=m.inputs.case.options.gap if gap is None else gap, cross_check=False)
    return tornado(m, solve_case_model(m, settings), settings, top, paths, progress, cancelled, executor)


def tornado(
    m: CaseModel,
    solution: Solution,
    settings: Settings,
    top: int = 12,
    paths: list[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    executor: Executor | None = None,
) -> Tornado:
    """The tornado around a solved case."""
    began = time.perf_counter()
    wanted = _uncertain(m, paths)
    count = min(top, len(wanted))

    def told(before: int) -> Callable[[int], None] | None:
        return None if progress is None else lambda done: progress(before + done, 2 * (len(wanted) + count))

    with borrowed(executor, tornado_seconds(m, solution, len(wanted), count)) as runner:
        shared, quick = runner.share(m), replace(settings, cancelled=None, progress=None)

        def at_ends(task: Task, same: Any, ranges: list[tuple[str, float, float]], before: int) -> list[float | None]:
            paths = [path for path, _, _ in ranges for _ in range(2)]
            values = [end for _, low, high in ranges for end in (low, high)]
            return runner.gather(
                task, repeat(shared), repeat(same), paths, values, cancelled=cancelled, progress=told(before)
            )

        ranges = [(path, float(q.low or 0.0), float(q.high or 0.0)) for path, q in wanted.items()]
        kept = at_ends(kept_value, solution.chosen, ranges, 0)
        drivers = _drivers(wanted, kept, solution.objective.value)
        redone = drivers[:count] if len(kept) == 2 * len(ranges) else []
        best = at_ends(best_value, quick, [(d.path, d.low, d.high) for d in redone], len(kept))
    ends = zip(redone, best[::2], best[1::2], strict=False)
    found = [replace(d, best_low=low, best_high=high) for d, low, high in ends]
    return Tornado(
        solution.case,
        solution.objective.name,
        solution.objective.unit,
        solution.objective.value,
        (*found, *drivers[len(found) :]),
        time.perf_counter() - began,
        len(found) == count,
    )


def tornado_seconds(m: CaseModel, solution: Solution, numbers: int | None = None, solves: int = 12) -> float:
    """About how many seconds it will all take: a calibration from one nearby is a fraction of the first."""
    numbers = len(_uncertain(m, None)) if numbers is None else numbers
    return 2.0 * (numbers * 0.2 * m.spent.get("calibrate", 0.0) + solves * solution.seconds.get("solve", 0.0))


def _drivers(wanted: Mapping[str, Quantity], kept: Sequence[float | None], base: float) -> list[Driver]:
    """Those numbers of which both ends are known, largest swing first."""
    drivers = [
        Driver(
            path,
            q.unit,
            q.value,
            float(q.low or 0.0),
            float(q.high or 0.0),
            q.assumption is not None,
            str(q.assumption or q.source),
            low,
            high,
        )
        for (path, q), low, high in zip(wanted.items(), kept[::2], kept[1::2], strict=False)
    ]
    return sorted(drivers, key=lambda d: (-d.swing(base), d.path))


def _uncertain(m: CaseModel, paths: list[str] | None) -> dict[str, Quantity]:
    """Numbers with a low and a high that differ."""
    known = quantities(m.inputs.market)
    if paths is not None:
        for path in paths:
            if path not in known:
                raise bad_argument("paths", f"no number of the market is at {path!r}")
        known = {path: known[path] for path in paths}
    return {
        path: q
        for path, q in known.items()
        if q.low is not None and q.high is not None and q.low < q.high and not path.startswith("today.observed")
    }


def kept_value(m: CaseModel, menu: Menu, path: str, value: float) -> float | None:
    """The objective at the kept menu with one number moved; None where the market cannot be."""
    try:
        varied = vary(m, {path: value})
    except InputError:
        return None
    objective = objective_of(varied.inputs.case.objective, varied.today).last
    return objective.value(varied.evaluate(varied.carried(menu, m)))


def best_value(m: CaseModel, settings: Settings, path: str, value: float) -> float | None:
    """The objective of the best menu with one number moved; None where there is none."""
    try:
        return solve_stages(vary(m, {path: value}), settings, diagnosed=False)[-1].reported.value
    except (InputError, InfeasibleError):
        return None
