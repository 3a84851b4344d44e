"""The efficient frontier of two figures of a case: what does a point of share cost in margin?"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib import import_module
from itertools import repeat
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.answer.menu import menu_document, read_menu
from optimizer.economics import figures
from optimizer.economics.figures import HEADLINES, TOTAL
from optimizer.errors import InfeasibleError, bad_argument
from optimizer.execution import clock
from optimizer.execution.executor import Executor, run_all
from optimizer.inputs.changes import Changes
from optimizer.inputs.load import load_inputs
from optimizer.io.saving import write_atomic
from optimizer.market.evaluate import Evaluation
from optimizer.market.prepare import prepare
from optimizer.model.case_model import CaseModel, prepare_case
from optimizer.model.choices import Level, Menu
from optimizer.model.measures import measure
from optimizer.optimise.case_frontier import CaseStep, trace_case
from optimizer.optimise.frontier import Side
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import Case, Change
from optimizer.typing import Status, Verdict

if TYPE_CHECKING:
    import pandas as pd

LEAST = 1e-6
"""Least size that gaps are relative to, whatever the unit: axes may be fractions or money."""


@dataclass(frozen=True)
class Axis:
    """A figure and the direction in which it is better."""

    name: str
    sense: int
    """+1 more is better, -1 less is."""
    unit: str
    today: float


@dataclass(frozen=True)
class FrontierPoint:
    """An efficient menu."""

    chosen: Menu
    x: float
    y: float
    bound: float
    """No menu with at least this x has a better y."""
    gap: float
    verdict: Verdict
    status: Status
    threshold: float | None
    """The x that was asked for; None at the end with the best y."""
    figures: dict[str, float]

    @property
    def menu(self) -> Mapping[str, Level]:
        """Plan -> its terms; None = not offered."""
        return self.chosen.terms

    @property
    def enterprise_share(self) -> float:
        """Share of the go-to-market budget for enterprise."""
        return self.chosen.enterprise_share


@dataclass(frozen=True)
class Frontier:
    """Efficient menus from the best y to the best x, with a proven statement of what may be missing."""

    case: str
    x: Axis
    y: Axis
    points: tuple[FrontierPoint, ...]
    room: float
    """The most by which the true frontier can lie above the drawn staircase, in the unit of y; proven."""
    complete: bool
    """False where time or the user stopped the study."""
    everything: bool
    """Whether all efficient menus were asked for."""
    solves: int
    seconds: float
    label: str = ""
    """What sets this frontier apart in a family."""
    evaluations: tuple[Evaluation, ...] = field(default=(), repr=False)

    def to_frame(self) -> pd.DataFrame:
        """One row a point: x, y, bound, gap, verdict, the menu's prices, all headline figures."""
        import pandas as pd

        rows = []
        for p in self.points:
            prices = {f"price_{plan}": None if t is None else t.price for plan, t in p.menu.items()}
            proof = {"bound": p.bound, "gap": p.gap, "verdict": p.verdict}
            rows.append(
                {
                    **p.figures,
                    self.x.name: p.x,
                    self.y.name: p.y,
                    **proof,
                    **prices,
                    "enterprise_share": p.enterprise_share,
                }
            )
        frame = pd.DataFrame(rows)
        first = [self.x.name, self.y.name, "bound", "gap", "verdict"]
        return frame[[*first, *(c for c in frame.columns if c not in first)]] if rows else frame

    def plot(self) -> Any:
        """The chart, as an object that is returned and not shown. Needs the ``report`` extra."""
        return import_module("optimizer.report.charts").frontier_chart(self)

    def _repr_html_(self) -> str:
        """For notebooks."""
        return str(self.to_frame().to_html(max_cols=12))


def axis(case_model: CaseModel, name: str, sense: int | None = None) -> tuple[Axis, Side]:
    """An axis by figure name; ``-name`` asks for less of it. Raises InputError for an unknown figure."""
    asked = name.removeprefix("-")
    if not figures.is_figure(asked):
        raise bad_argument("frontier", f"no figure is named {asked!r}", f"one of {', '.join(figures.names())}")
    if sense is None:
        sense = -1 if name.startswith("-") else figures.figure(asked).sense
    made = measure(case_model.built, asked, TOTAL, case_model.today_figure)
    return Axis(asked, sense, figures.unit_of(asked), case_model.today_figure(asked)), Side(made, sense)


def frontier_case(
    case: str | PathLike[str] | Case,
    x: str = "market_share",
    y: str = "contribution_margin",
    *,
    points: int = 21,
    even: bool = False,
    everything: bool = False,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[CaseStep, int], None] | None = None,
    known: Sequence[CaseStep] = (),
) -> Frontier:
    """The efficient frontier of two figures.

    Args:
        x, y: figures; ``-name`` asks for less of it.
        points: solves to spend, at the ends and where neighbours lie farthest apart (``even``: evenly).
        everything: all efficient menus, however many.
        known: steps of an earlier run, not solved again.

    Raises:
        InputError; InfeasibleError where no menu meets the case's conditions.
    """
    with clock.limited(time_limit):
        case_model = prepare_case(case, sets=sets, folder=folder)
        wanted = case_model.inputs.case.options.gap if gap is None else gap
        settings = Settings(gap=0.0 if everything else wanted, deadline=clock.deadline(), cancelled=cancelled)
        return frontier_of(case_model, x, y, settings, points, even, everything, progress, known)


def frontier_of(
    case_model: CaseModel,
    x: str,
    y: str,
    settings: Settings,
    points: int = 21,
    even: bool = False,
    everything: bool = False,
    progress: Callable[[CaseStep, int], None] | None = None,
    known: Sequence[CaseStep] = (),
    label: str = "",
) -> Frontier:
    """The frontier of a prepared problem."""
    if points < 2:
        raise bad_argument("points", "must be at least 2")
    settings = replace(settings, scale=LEAST)
    axis_x, side_x = axis(case_model, x)
    axis_y, side_y = axis(case_model, y)
    if axis_x.name == axis_y.name:
        raise bad_argument("frontier", "x and y are the same figure", "name two figures")
    found = trace_case(case_model, side_x, side_y, settings, points, even, everything, known, progress)
    if found.infeasible:
        raise InfeasibleError("no menu meets the conditions of the case; 'optimizer run' tells which clash")
    evaluations = tuple(case_model.evaluate(step.menu) for step in found.points)
    made = tuple(
        _point(step, evaluation, axis_x, axis_y, settings)
        for step, evaluation in zip(found.points, evaluations, strict=True)
    )
    return Frontier(
        case_model.inputs.name,
        axis_x,
        axis_y,
        made,
        found.room,
        found.complete,
        everything,
        found.solves,
        found.seconds,
        label,
        evaluations,
    )


def _point(step: CaseStep, evaluation: Evaluation, x: Axis, y: Axis, settings: Settings) -> FrontierPoint:
    """A step as a point; x and y by the evaluator."""
    value = evaluation.figure(y.name)
    bound = y.sense * step.bound
    gap = max(0.0, y.sense * (bound - value)) / max(abs(value), 1e-9)
    proven = step.status is Status.OPTIMAL and gap <= max(settings.gap, 1e-9) * (1.0 + 1e-6)
    return FrontierPoint(
        chosen=step.menu,
        x=evaluation.figure(x.name),
        y=value,
        bound=bound,
        gap=gap,
        verdict=Verdict.PROVED if proven else Verdict.BEST_FOUND,
        status=step.status,
        threshold=None if step.threshold == float("-inf") else x.sense * step.threshold,
        figures={name: evaluation.figure(name) for name in HEADLINES},
    )


def family(
    case_models: dict[str, CaseModel],
    x: str,
    y: str,
    settings: Settings,
    points: int = 21,
    executor: Executor | None = None,
) -> tuple[Frontier, ...]:
    """A frontier for each of several case models, for instance at three compute budgets.

    executor: where they are traced; by default local processes if that is worth it.
    """
    quick = replace(settings, cancelled=None, progress=None)
    tasks = case_models.values(), repeat(x), repeat(y), repeat(quick), repeat(points), case_models
    return tuple(run_all(_member, *tasks, executor=executor))


def _member(m: CaseModel, x: str, y: str, settings: Settings, points: int, label: str) -> Frontier:
    return frontier_of(m, x, y, settings, points, label=label)


def point_rows(frontier: Frontier) -> list[dict[str, Any]]:
    """Points as plain data."""
    return [
        {
            "x": p.x,
            "y": p.y,
            "bound": p.bound,
            "gap": p.gap,
            "verdict": p.verdict,
            "status": p.status,
            "threshold": p.threshold,
            "figures": p.figures,
            "menu": menu_document(p.chosen, evaluation.prepared.market)["menu"],
            "enterprise_share": p.enterprise_share,
        }
        for p, evaluation in zip(frontier.points, frontier.evaluations, strict=True)
    ]


def save_steps(
    path: Path, case: str, changes: Mapping[str, Change], tag: Mapping[str, object], steps: Sequence[CaseStep]
) -> None:
    """Keep what a study has done, so that it can go on after a stop."""
    inputs = load_inputs(case, changes)
    rows = [
        {
            "threshold": None if s.threshold == float("-inf") else s.threshold,
            "bound": s.bound,
            "status": s.status,
            "x": s.x,
            "y": s.y,
            **menu_document(s.menu, inputs.changed),
        }
        for s in steps
    ]
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, json.dumps({"hash": inputs.hash, "tag": dict(tag), "steps": rows}))


def load_steps(path: Path, case: str, changes: Mapping[str, Change], tag: Mapping[str, object]) -> tuple[CaseStep, ...]:
    """Steps of an earlier run of the same study; none where inputs or options differ."""
    try:
        saved = json.loads(path.read_text(encoding="utf-8"))
        inputs = load_inputs(case, changes)
        if saved["hash"] != inputs.hash or saved["tag"] != dict(tag):
            return ()
        prepared = prepare(inputs.changed)
        return tuple(
            CaseStep(
                float("-inf") if row["threshold"] is None else float(row["threshold"]),
                read_menu(row, prepared),
                float(row["x"]),
                float(row["y"]),
                float(row["bound"]),
                Status(row["status"]),
            )
            for row in saved["steps"]
        )
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        return ()
