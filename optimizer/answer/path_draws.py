"""A case over months in draws of what is not known: posed for the search, and paths followed in every draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.answer.audit import TRUST, difference
from optimizer.answer.path_solving import checked, overloaded
from optimizer.economics.figures import unit_of
from optimizer.errors import InputError, NotTrustedError, bad_argument
from optimizer.execution import clock
from optimizer.horizon.draws import PathDraws, check_alike
from optimizer.horizon.question import Aim, CashDate, PathQuestion, over, question_of
from optimizer.horizon.search import YARDSTICK
from optimizer.horizon.timeline import timeline_of
from optimizer.market.months import MonthEvaluation
from optimizer.model.case_model import CaseModel, vary
from optimizer.model.measures import condition_name
from optimizer.typing import Array, Ints
from optimizer.uncertainty.case_draws import varied_draw
from optimizer.uncertainty.drawing import MarketDraws

MOST_BYTES = 6 << 30
"""Numbers of all draws that are held at once may not take more."""
TABLES = 4
"""Times that a search holds the largest array: whole, by parts, and at two sets of weights."""
Levels = tuple[tuple[int, ...], ...]
"""By stage and plan."""
COMPUTE = "GPUs within what may be hired"


@dataclass(frozen=True)
class CasePaths:
    """A case over months posed over draws."""

    m: CaseModel
    questions: tuple[PathQuestion, ...]
    draws: PathDraws

    @property
    def first(self) -> PathQuestion:
        """The question of one draw: choices, months and stages are the same in all."""
        return self.questions[0]

    def path(self, levels: Levels) -> Ints:
        """(K, G) columns."""
        return self.first.posed.path(levels)


def asked_in(m: CaseModel) -> PathQuestion:
    """What the case asks in one market of many. Raises InputError for what is not asked over draws."""
    horizon = m.inputs.case.horizon
    if horizon is not None and horizon.gpus is not None:
        cure = "leave out horizon.gpus: GPUs are then paid as used"
        raise bad_argument("horizon.gpus", "over draws orders of GPUs are no choice", cure)
    if horizon is not None and horizon.shock is not None:
        raise bad_argument("horizon.shock", "the best path is not searched with it", "leave it out")
    if len(m.choices.splits) > 1:
        raise bad_argument(
            "mix", "over draws and months the go-to-market split and budget are no choice", "leave mix out"
        )
    if any(c.share is not None for c in m.inputs.case.conditions):
        cure = "leave in out: it then holds in every draw; or write on: mean"
        raise bad_argument("conditions", "over months none is asked in a share of the draws", cure)
    return question_of(timeline_of(m))


def posed_paths(m: CaseModel, draws: MarketDraws, weights: Array) -> CasePaths:
    """Every draw calibrated and posed; ``weights`` (S,) add up to 1. Raises InputError."""
    check_size(asked_in(m), draws.count)
    questions = []
    for s in range(draws.count):
        clock.check("the draws were built")
        try:
            questions.append(asked_in(varied_draw(m, draws, s)))
        except InputError as error:
            raise InputError([replace(f, message=f"draw {s + 1}: {f.message}") for f in error.findings]) from None
    return paths_of(m, questions, weights)


def paths_of(m: CaseModel, questions: Sequence[PathQuestion], weights: Array) -> CasePaths:
    """Questions of a case's draws, side by side."""
    horizons = tuple(replace(q.posed.horizon, weight=q.weight) for q in questions)
    check_alike(horizons, "draws")
    mean = frozenset(k for k, c in enumerate(questions[0].conditions) if not isinstance(c, CashDate) and c.on_mean)
    constants = np.array([q.constant for q in questions])
    return CasePaths(
        m, tuple(questions), PathDraws(horizons, tuple(q.limits for q in questions), constants, weights, mean)
    )


def check_size(question: PathQuestion, draws: int) -> None:
    """Raises InputError where so many draws at once take too much memory."""
    h = question.posed.horizon
    numbers = draws * h.types * len(h.entry_row) * (TABLES * h.months + h.reward.shape[1])
    if 8 * numbers > MOST_BYTES:
        message = (
            f"{draws} draws of {h.types} types, {h.months} months and {len(h.entry_row):,} levels take about "
            f"{8 * numbers / 2**30:.1f} GB, more than {MOST_BYTES / 2**30:.0f} GB"
        )
        raise bad_argument("--draws", message, "take fewer draws, or thin the ladders of the plans")


@dataclass(frozen=True)
class FollowedPaths:
    """Paths in one draw, month by month, by the evaluator."""

    figures: Mapping[str, tuple[float, ...]]
    """Figure -> its value on every path; the aim first."""
    met: tuple[tuple[bool, ...], ...]
    """By path, whether each condition is met."""


def told_names(question: PathQuestion) -> dict[str, str]:
    """Figures that are told over draws -> unit; the aim first."""
    last, aim = question.timeline.months, question.aim
    found = {aim_name(aim): aim.unit}
    found["contribution_margin, discounted"] = "usd"
    for name in ("revenue", "gross_margin_rate", "market_share", "customers", "paying_customers"):
        found[f"{name}, month {last}"] = unit_of(name)
    if question.timeline.asked.cash is not None:
        found["lowest cash"] = "usd"
    return found


def aim_name(aim: Aim) -> str:
    """With its months."""
    return f"{aim.name}, {aim_window(aim)}"


def aim_window(aim: Aim) -> str:
    """The months of the aim."""
    if aim.months is None:
        return "discounted"
    first, last = aim.months[0] + 1, aim.months[-1] + 1
    return f"month {first}" if first == last else f"months {first} to {last}"


def _value(question: PathQuestion, months: Sequence[MonthEvaluation], told: str) -> float:
    """A figure of ``told_names``."""
    if told == aim_name(question.aim):
        return question.aim.value(months)
    if told == "lowest cash":
        return min(c.value(months) for c in question.conditions if isinstance(c, CashDate))
    name, _, window = told.partition(", ")
    if window == "discounted":
        return Aim(name, 1, "usd", question.timeline.discount, None).value(months)
    last = question.timeline.months
    return over(months, range(last - 1, last), name)


def told_conditions(question: PathQuestion) -> tuple[tuple[str, str], ...]:
    """Name of every condition of the case, cash and compute among them, and where it must hold."""
    conditions = question.timeline.m.inputs.case.conditions
    found = [(condition_name(c), "on the mean" if c.on else "in every draw") for c in conditions]
    if question.timeline.asked.cash is not None:
        found.append(("cash", "in every draw"))
    if question.timeline.m.prepared.pools.contracted.any():
        found.append((COMPUTE, "told"))
    return tuple(found)


def followed_in(question: PathQuestion, paths: Sequence[Levels]) -> FollowedPaths:
    """Paths in one draw."""
    every = [question.timeline.follow(question.timeline.menus(levels)) for levels in paths]
    names = told_names(question)
    return FollowedPaths(
        {name: tuple(_value(question, months, name) for months in every) for name in names},
        tuple(_met(question, months) for months in every),
    )


def _met(question: PathQuestion, months: Sequence[MonthEvaluation]) -> tuple[bool, ...]:
    """Every condition in all its windows."""
    missed = {c.name for c in question.conditions if not checked(c, months).met}
    if overloaded(question.timeline.m.prepared, months) is not None:
        missed.add(COMPUTE)
    return tuple(name not in missed for name, _ in told_conditions(question))


def followed_points(
    m: CaseModel, points: Sequence[Mapping[str, float]], paths: Sequence[Levels]
) -> list[FollowedPaths]:
    """The same in some draws by their values, wherever this runs."""
    return [followed_in(asked_in(replace(vary(m, values), other_choices=m.choices)), paths) for values in points]


def agreement(asked: CasePaths, levels: Levels, followed: Sequence[FollowedPaths], k: int) -> float:
    """Largest relative difference of the arrays from the evaluator's k-th path in any draw. Raises NotTrustedError."""
    by_arrays, off = asked.draws.assess(asked.path(levels)[None])[0][0], 0.0
    for s, (question, told) in enumerate(zip(asked.questions, followed, strict=True)):
        value = told.figures[aim_name(question.aim)][k]
        scale = YARDSTICK * asked.draws.horizons[s].magnitude
        found = difference(question.aim.sense * float(by_arrays[s]), value, scale)
        if not found <= TRUST:
            raise NotTrustedError(f"draw {s + 1}: arrays and evaluator disagree by {found:.1e}; no number is shown")
        off = max(off, found)
    return off
