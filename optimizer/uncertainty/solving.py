"""A question over draws, solved: mean, CVaR and worst case in one search, regret with every draw's own best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from optimizer.errors import InfeasibleError, SolverError
from optimizer.execution.executor import Executor
from optimizer.search.engine import Clock, SearchStatus
from optimizer.typing import Array, Choice
from optimizer.uncertainty.own import OwnBest, all_own, refined
from optimizer.uncertainty.question import RiskQuestion
from optimizer.uncertainty.search import DEFAULT, RobustTuning, Searched
from optimizer.uncertainty.wide_question import WideQuestion
from optimizer.uncertainty.wide_search import maximise

REPEATS = 8
"""Times that regret is solved anew after draws' own bests were refined."""


@dataclass(frozen=True)
class SolvedRisk:
    """A choice, and what is proven of it: value and bound in the terms of the risk asked for."""

    choice: Choice
    value: float
    bound: float
    status: SearchStatus
    searches: tuple[Searched, ...]
    own: tuple[OwnBest, ...]
    """Of every draw, for regret."""
    certificate: dict[str, Any]


def solve_risk(
    question: RiskQuestion | WideQuestion, gap: float, clock: Clock, tuning: RobustTuning = DEFAULT
) -> SolvedRisk:
    """Mean, CVaR or worst case. Raises InfeasibleError; SolverError where time ran out without a choice."""
    found = maximise(question, gap, clock, tuning=tuning)
    best = _best(found)
    value = question.value(*best)
    assert value is not None
    return SolvedRisk(best, value, found.bound, found.status, (found,), (), found.certificate)


def solve_regret(
    question: RiskQuestion | WideQuestion, gap: float, clock: Clock, tuning: RobustTuning = DEFAULT,
    executor: Executor | None = None,
) -> SolvedRisk:  # fmt: skip
    """The least largest regret. Values found in draws alone give its bound, bounds on them the regret that is shown.

    Raises as :func:`solve_risk`.
    """
    own = all_own(question, clock, executor)
    if len(own) < question.draws:
        raise SolverError("cancelled before every draw's own best menu was found")
    searches: list[Searched] = []
    lead: tuple[Choice, ...] = ()
    offsets = np.zeros(0)
    while True:
        if not all(np.isfinite([best.value for best in own])):
            raise SolverError("no best menu of some draw alone was found in time")
        alone = np.array([best.value for best in own])
        if not np.array_equal(alone, offsets):
            seeds = [*lead, *dict.fromkeys(best.choice for best in own if best.choice is not None)]
            searches.append(maximise(question.with_offsets(alone), 0.5 * gap, clock, seeds, tuning))
            offsets = alone
        best = _best(searches[-1])
        lead, values = (best,), question.truth(*best)[0]
        bound = max(0.0, -searches[-1].bound)
        value = shown_regret(own, values)
        room = 0.25 * gap * max(value, question.yardstick)
        closer = refined(question, own, values, bound, room, clock) if value > bound + room else own
        if closer == own or len(searches) > REPEATS:
            return SolvedRisk(best, value, bound, searches[-1].status, tuple(searches), own,
                          {**searches[-1].certificate, "own": [vars(one) for one in own]})  # fmt: skip
        own = closer


def shown_regret(own: Sequence[OwnBest], values: Array) -> float:
    """The largest regret at values (S,) of the aim, never too small."""
    return max(0.0, float((np.array([best.bound for best in own]) - values).max()))


def _best(found: Searched) -> Choice:
    if found.best is not None:
        return found.best.menu, found.best.mix
    if found.status is SearchStatus.INFEASIBLE:
        raise InfeasibleError("no menu meets the conditions over the draws")
    raise SolverError("no menu that meets the conditions over the draws was found in time")
