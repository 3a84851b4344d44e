"""The tornado: how far the objective moves when each number moves to its low and its high."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import import_module
from os import PathLike
from typing import TYPE_CHECKING, Any

from optimizer.answer.run import solve_case_model
from optimizer.answer.solution import Solution
from optimizer.errors import InfeasibleError, InputError, bad_argument
from optimizer.inputs.changes import Changes, apply_changes
from optimizer.inputs.load import assemble
from optimizer.market.check import quantities
from optimizer.model.case_model import CaseModel, case_model_of, prepare_case
from optimizer.model.choices import Menu
from optimizer.optimise.objectives import objective_of
from optimizer.optimise.outcome import Settings
from optimizer.schema.base import Quantity
from optimizer.schema.case import Case, Change
from optimizer.units import convert

if TYPE_CHECKING:
    import pandas as pd


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
) -> Tornado:
    """The tornado of a case: every number with a low and a high, the ``top`` ones optimised anew.

    Raises:
        InputError, InfeasibleError.
    """
    case_model = prepare_case(case, sets=sets, folder=folder)
    settings = Settings(gap=case_model.inputs.case.options.gap if gap is None else gap, cross_check=False)
    return tornado(case_model, solve_case_model(case_model, settings), settings, top, paths, progress, cancelled)


def tornado(
    case_model: CaseModel,
    solution: Solution,
    settings: Settings,
    top: int = 12,
    paths: list[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Tornado:
    """The tornado around a solved case."""
    began = time.perf_counter()
    base = solution.objective.value
    wanted = _uncertain(case_model, paths)
    drivers: list[Driver] = []
    complete = True
    for number, (path, quantity) in enumerate(wanted.items()):
        if cancelled is not None and cancelled():
            complete = False
            break
        low, high = (_kept(case_model, path, side, solution.chosen) for side in (quantity.low, quantity.high))
        drivers.append(
            Driver(
                path,
                quantity.unit,
                quantity.value,
                float(quantity.low or 0.0),
                float(quantity.high or 0.0),
                quantity.assumption is not None,
                str(quantity.assumption or quantity.source),
                low,
                high,
            )
        )
        if progress is not None:
            progress(number + 1, len(wanted))
    drivers.sort(key=lambda d: (-d.swing(base), d.path))
    redone = [
        replace(
            d,
            best_low=_best(case_model, d.path, d.low, settings),
            best_high=_best(case_model, d.path, d.high, settings),
        )
        for d in drivers[: top if complete else 0]
    ]
    return Tornado(
        solution.case,
        solution.objective.name,
        solution.objective.unit,
        base,
        (*redone, *drivers[len(redone) :]),
        time.perf_counter() - began,
        complete,
    )


def _uncertain(case_model: CaseModel, paths: list[str] | None) -> dict[str, Quantity]:
    """Numbers with a low and a high that differ."""
    known = quantities(case_model.inputs.market)
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


def _varied(case_model: CaseModel, path: str, value: float) -> CaseModel:
    """The problem with one number of today's market moved, calibrated anew. Raises InputError."""
    inputs = case_model.inputs
    stated = quantities(inputs.market)[path]
    document = inputs.market_document
    raw: Any = document.data
    for part in path.split("."):
        raw = raw[int(part)] if isinstance(raw, list) else raw[part]
    # the schema holds numbers in its own unit, the file in the one it states
    moved = apply_changes(document, {path: Change(to=convert(value, stated.unit, raw["unit"]))}, document)
    varied = assemble(inputs.name, inputs.case, inputs.case_document, moved, {})
    return case_model_of(varied, strict=False, believe=False)


def _kept(case_model: CaseModel, path: str, value: float | None, menu: Menu) -> float | None:
    """The objective at the kept menu; None where the market cannot be calibrated."""
    if value is None:
        return None
    try:
        varied = _varied(case_model, path, value)
        objective = objective_of(varied.inputs.case.objective, varied.today).last
        return objective.value(varied.evaluate(varied.carried(menu, case_model)))
    except InputError:
        return None


def _best(case_model: CaseModel, path: str, value: float, settings: Settings) -> float | None:
    """The objective of the best menu; None where there is none."""
    try:
        return solve_case_model(_varied(case_model, path, value), settings).objective.value
    except (InputError, InfeasibleError):
        return None
