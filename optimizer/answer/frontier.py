"""The efficient frontier as a typed result: its points with their menus, what is proven, steps to go on from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from optimizer.answer.offers import Offers, part_cells, part_columns, price_columns, prices
from optimizer.answer.ranges import FigureRange
from optimizer.answer.views import Viewed

if TYPE_CHECKING:
    import pandas as pd

    from optimizer.answer.solution import Solution
    from optimizer.market.evaluate import Evaluation
    from optimizer.model.case_model import CaseModel
    from optimizer.model.choices import Level, Menu
    from optimizer.optimise.case_frontier import CaseStep
    from optimizer.optimise.outcome import Settings
    from optimizer.typing import Status, Verdict


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
class Frontier(Viewed):
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
    band: tuple[FigureRange, ...] = ()
    """By point, y of its menu over draws of all that is assumed; empty where none were asked for."""
    draws: int = 0
    """How many they were."""

    @property
    def at_today(self) -> FrontierPoint | None:
        """The point with the best y among those with at least today's x; None where there is none."""
        kept = [p for p in self.points if self.x.sense * (p.x - self.x.today) >= -1e-9 * abs(self.x.today)]
        best = max(kept, key=lambda p: self.y.sense * p.y, default=None)
        return best if best is not None and self.y.sense * (best.y - self.y.today) > 0.0 else None

    def offers(self) -> list[Offers]:
        """The terms of every point's menu as plain data."""
        from optimizer.answer.menu import menu_document

        pairs = zip(self.points, self.evaluations, strict=True)
        return [menu_document(point.chosen, evaluation.prepared.market)["menu"] for point, evaluation in pairs]

    def titles(self) -> dict[str, str]:
        """Plan -> its title."""
        plans = self.evaluations[0].prepared.market.plans if self.evaluations else {}
        return {key: plan.title for key, plan in plans.items()}

    def marks(self, solution: Solution | None) -> list[tuple[str, float, float]]:
        """Places beside the points: today, the chosen menu, and today's menu where the case changes the market."""
        places = [("Today", self.x.today, self.y.today)]
        if solution is not None:
            found = {"Proposed menu": solution.evaluation}
            if solution.changed_market:
                found["Today's menu here"] = solution.unchanged
            places += [(name, e.figure(self.x.name), e.figure(self.y.name)) for name, e in found.items()]
        return places

    def to_frame(self) -> pd.DataFrame:
        """One row a point: x, y, bound, gap, verdict, all headline figures, prices and what else differs."""
        import pandas as pd

        menus = self.offers()
        columns = part_columns(menus)
        rows = [
            {
                self.x.name: p.x,
                self.y.name: p.y,
                "bound": p.bound,
                "gap": p.gap,
                "verdict": p.verdict,
                **{name: value for name, value in p.figures.items() if name not in (self.x.name, self.y.name)},
                **dict(zip(price_columns(menus), prices(menu), strict=True)),
                "enterprise_share": p.enterprise_share,
                **dict(zip(columns, part_cells(menu, columns), strict=True)),
            }
            for p, menu in zip(self.points, menus, strict=True)
        ]
        return pd.DataFrame(rows)

    def frames(self) -> list[pd.DataFrame]:
        """Points and their prices."""
        frame = self.to_frame()
        named = (self.x.name, self.y.name, "bound", "gap", "verdict", "enterprise_share")
        return [frame[[c for c in frame.columns if c in named or c.startswith("price_")]]]


@dataclass(frozen=True)
class FrontierFamily(Viewed):
    """Frontiers of one case at several values of a number."""

    case: str
    frontiers: tuple[Frontier, ...]

    @property
    def seconds(self) -> float:
        return sum(f.seconds for f in self.frontiers)

    def frames(self) -> list[pd.DataFrame]:
        """The points of each."""
        return [frame for f in self.frontiers for frame in f.frames()]


def point_of(
    step: CaseStep, evaluation: Evaluation, x: Axis, y: Axis, settings: Settings, scale: float
) -> FrontierPoint:
    """A step as a point; x and y by the evaluator. ``scale``: least size the gap is relative to."""
    from optimizer.economics.figures import HEADLINES
    from optimizer.typing import Status, Verdict

    value = evaluation.figure(y.name)
    bound = y.sense * step.bound
    gap = max(0.0, y.sense * (bound - value)) / max(abs(value), scale)
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


def step_row(step: CaseStep, case_model: CaseModel) -> dict[str, Any]:
    """A step as plain data, to go on from after a stop."""
    from optimizer.answer.menu import menu_document

    return {
        "threshold": None if step.threshold == float("-inf") else step.threshold,
        "bound": step.bound,
        "status": step.status,
        "x": step.x,
        "y": step.y,
        **menu_document(step.menu, case_model.inputs.changed),
    }


def read_step(row: Mapping[str, Any], case_model: CaseModel) -> CaseStep:
    """A step of plain data. Raises KeyError, TypeError or ValueError where it is not well formed."""
    from optimizer.answer.menu import read_menu
    from optimizer.optimise.case_frontier import CaseStep
    from optimizer.typing import Status

    threshold = float("-inf") if row["threshold"] is None else float(row["threshold"])
    x, y, bound = float(row["x"]), float(row["y"]), float(row["bound"])
    return CaseStep(threshold, read_menu(row, case_model.prepared), x, y, bound, Status(row["status"]))
