"""A case over the draws of its market: what ``RobustProblem`` needs of every draw, menu terms the same in all."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.economics.figures import TOTAL
from optimizer.errors import InputError, NotTrustedError, bad_argument
from optimizer.execution import clock
from optimizer.model.build import dissimilarities
from optimizer.model.case_model import CaseModel, vary
from optimizer.model.choices import Menu
from optimizer.model.instance import Figure, Limit, combine
from optimizer.model.measures import measure
from optimizer.model.members import Members
from optimizer.optimise.objectives import FigureObjective, RatioObjective, objective_of
from optimizer.schema.case import Case, CaseCondition
from optimizer.typing import Array
from optimizer.uncertainty.asking import wide_parts
from optimizer.uncertainty.drawing import MarketDraws
from optimizer.uncertainty.nested_draw import NestedDraw, StatedDraw
from optimizer.uncertainty.problem import RobustProblem

MOST_BYTES = 6 << 30
"""Numbers of all draws that are held at once may not take more."""
HEADLINE = (
    "contribution_margin", "revenue", "gross_margin", "gross_margin_rate", "serving_cost", "customers",
    "paying_customers", "market_share",
)  # fmt: skip
"""Figures of which the range over draws is told."""


@dataclass(frozen=True)
class CaseDraw(NestedDraw):
    """One draw of a case. Figures: the aim by its name, more is better. Conditions are named by their places."""

    m: CaseModel
    """The case in the draw, nothing of it built."""

    def menu(self, levels: Sequence[int], mix: int) -> Menu:
        """The menu of level indices of plans."""
        m = self.m.choices
        terms = {plan: own[k] for plan, own, k in zip(m.plans, m.levels, levels, strict=True)}
        return Menu(terms, m.mixes[mix])

    def evaluate(self, menu: Sequence[int], mix: int = 0) -> dict[str, float]:
        """The aim as it is asked for, by the evaluator."""
        told = self.m.evaluate(self.menu(menu, mix))
        aim = aim_of(self.m)
        return {aim.name: aim.sense * aim.value(told)}


def aim_of(m: CaseModel) -> FigureObjective:
    """The case's objective, which must be one figure that adds up. Raises InputError."""
    statement = m.inputs.case.objective
    wanted = objective_of(statement, m.today)
    aim = wanted.last
    if len(wanted.stages) > 1 or not isinstance(aim, FigureObjective) or isinstance(aim, RatioObjective):
        message = "over draws it must be one figure that adds up over customers"
        raise bad_argument("objective", message, "state one figure, and make ratios conditions")
    return aim


def _aim_figure(m: CaseModel) -> Figure:
    """The aim on the instance, more is better."""
    aim = aim_of(m)
    return combine([(float(aim.sense), measure(m.built, aim.name, TOTAL, m.today.figure).numerator)])


def holds_in_every_draw(condition: CaseCondition) -> bool:
    """Whether a condition has neither ``in`` nor ``on``."""
    return condition.share is None and condition.on is None


def without_nests(m: CaseModel) -> CaseModel:
    """The case as if each plan stood alone: no combination of levels is built."""
    return replace(m, other_choices=replace(m.choices, nests=()))


def check_robust(m: CaseModel) -> None:
    """Raises InputError for a case that cannot be asked over draws."""
    alone = without_nests(m)
    figures = [(aim_of(m).name, _aim_figure(alone)), *((limit.name, limit.figure) for limit in alone.limits)]
    for name, figure in figures:
        if figure.again:
            message = f"{name} counts people who decide anew, which answers over draws do not cover"
            raise bad_argument("case", message, "ask for another figure")
    if not all(isinstance(ladder.price, tuple | None) for ladder in m.inputs.case.plans.values()):
        raise bad_argument("plans", "price ranges cannot be asked over draws", "state price ladders")


def posed_draws(
    m: CaseModel, draws: MarketDraws, progress: Callable[[int], None] | None = None
) -> tuple[CaseDraw, ...]:
    """Every draw, calibrated and built. Raises InputError where a draw cannot be, or all take too much memory."""
    check_robust(m)
    _check_size(m, draws.count)
    found = []
    for s in range(draws.count):
        clock.check("the draws were built")
        found.append(posed_draw(varied_draw(m, draws, s)))
        if progress is not None:
            progress(s + 1)
    return tuple(found)


def varied_draw(m: CaseModel, draws: MarketDraws, draw: int) -> CaseModel:
    """The case in one draw, with the levels of the case as it stands. Raises InputError that names the draw."""
    try:
        varied = vary(m, draws.at(draw))
    except InputError as error:
        raise InputError([replace(f, message=f"draw {draw + 1}: {f.message}") for f in error.findings]) from None
    return replace(varied, other_choices=m.choices)


def posed_draw(varied: CaseModel) -> CaseDraw:
    """One draw; of what was built only the arrays of the question are kept, by plans."""
    choices, alone = varied.choices, without_nests(varied)
    built = alone.built
    limits: dict[int, tuple[Limit, ...]] = {}
    sides = iter(alone.bounds)
    for k, condition in enumerate(varied.inputs.case.conditions):
        count = (condition.at_least is not None) + (condition.at_most is not None)
        limits[k] = tuple(limit for _ in range(count) for limit in next(sides).limits())
    conditions = varied.inputs.case.conditions
    instance = replace(built.instance, odds=())
    stated = StatedDraw(
        instance,
        {aim_of(varied).name: _aim_figure(alone)},
        tuple(limit for k, own in limits.items() if holds_in_every_draw(conditions[k]) for limit in own),
        {k: own for k, own in limits.items() if not holds_in_every_draw(conditions[k])},
    )
    members = Members(instance, built.composed.demand, choices.composites, dissimilarities(varied.prepared))
    return CaseDraw(members, stated, replace(varied))


def _check_size(m: CaseModel, draws: int) -> None:
    """Raises InputError where what is built of all draws at once takes too much memory."""
    parts, wide = m.choices.composites.parts, wide_parts(m.choices.composites)
    levels = sum(len(part.levels) for p, part in enumerate(parts) if p not in wide)
    alone = without_nests(m)
    rows, types = 1 + len(alone.limits) + len(alone.built.instance.blocks), alone.built.instance.types
    numbers = draws * types * levels * 2 * (2 + rows)
    if 8 * numbers > MOST_BYTES:
        message = (
            f"{draws} draws of {types} types and {levels:,} levels (nests: combinations) take about "
            f"{8 * numbers / 2**30:.1f} GB, more than {MOST_BYTES / 2**30:.0f} GB"
        )
        raise bad_argument("case", message, "thin the ladders of the plans, or take fewer draws")


@dataclass(frozen=True)
class CaseOverDraws:
    """A case posed over draws, and how its conditions are asked."""

    m: CaseModel
    draws: tuple[CaseDraw, ...]
    problem: RobustProblem
    chance: tuple[tuple[int, float], ...]
    on_mean: tuple[int, ...]

    @property
    def asked(self) -> dict[str, Any]:
        """Conditions as arguments of ``RobustProblem.solve``."""
        return {"chance": self.chance, "on_mean": self.on_mean}


def over_draws(m: CaseModel, draws: Sequence[CaseDraw], weights: Array | None) -> CaseOverDraws:
    """The problem over draws by their weights, equal where absent."""
    conditions: tuple[CaseCondition, ...] = Case.model_validate(m.inputs.case).conditions
    chance = tuple((k, c.share) for k, c in enumerate(conditions) if c.share is not None)
    on_mean = tuple(k for k, c in enumerate(conditions) if c.on is not None)
    return CaseOverDraws(m, tuple(draws), RobustProblem(list(draws), weights), chance, on_mean)


def check_agreement(draws: Sequence[CaseDraw], menu: Sequence[int], mix: int, values: Array) -> float:
    """Largest relative difference between the aims (S,) of the search and the evaluator's. Raises NotTrustedError."""
    told = np.array([next(iter(draw.evaluate(menu, mix).values())) for draw in draws])
    off = float((np.abs(told - values) / np.maximum(np.abs(told), 1e-6 * np.abs(told).max())).max())
    if not off <= 1e-6:
        raise NotTrustedError(f"the evaluator disagrees with the search in some draw by {off:.1e}; no number is shown")
    return off
