"""The go-to-market split and budget of a case over months: one for all months, and the best path of menus with it.

Every split and budget that the case allows is a part of what is searched, one after the other: what has been found
before closes all that is no better. No path at any of them is worth more than the largest of their bounds.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optimizer.errors import InfeasibleError, NotTrustedError, SolverError, bad_argument
from optimizer.horizon.diagnosis import diagnosed
from optimizer.horizon.instance import Horizon
from optimizer.horizon.limits import limited
from optimizer.horizon.question import PathQuestion, question_of
from optimizer.horizon.replay import replay
from optimizer.horizon.search import SearchedPath, search_paths
from optimizer.horizon.timeline import timeline_of
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings
from optimizer.search.engine import Clock, SearchStatus


@dataclass(frozen=True)
class SearchedMixes:
    """What was found over all splits and budgets."""

    question: PathQuestion
    """With the best of them."""
    levels: tuple[tuple[int, ...], ...]
    """By stage and plan."""
    bound: float
    """On the aim in the sense that more is better, whatever the split and the budget."""
    status: SearchStatus
    boxes: int
    certificate: Mapping[str, Any]
    """``mixes``: of every split and budget, in order."""


def questions_of(m: CaseModel) -> list[PathQuestion]:
    """The case with each of its splits and budgets."""
    made = [question_of(timeline_of(m, mix)) for mix in range(len(m.choices.splits))]
    if not made[0].free_of_gpus:
        message = "the go-to-market split and budget are not chosen together with GPUs ordered or reserved"
        raise bad_argument("mix", message, "leave one of the two out")
    return made


def best_of_mixes(m: CaseModel, settings: Settings) -> SearchedMixes:
    """The best path with the best of them. Raises InputError, InfeasibleError, SolverError."""
    questions, clock = questions_of(m), Clock(settings.deadline, settings.cancelled)
    best, levels, floor = questions[0], tuple[tuple[int, ...], ...](), -math.inf
    found: list[SearchedPath] = []
    for question in questions:
        known = floor - question.constant
        one = search_paths(_horizon(question), _gap(question, settings.gap), clock, limits=question.limits, floor=known)
        found.append(one)
        if one.incumbent is not None and one.incumbent.value + question.constant > floor:
            best, floor = question, one.incumbent.value + question.constant
            levels = question.posed.levels(one.incumbent.path)
    if floor == -math.inf:
        raise _none(questions, found)
    bound = max(one.bound + question.constant for one, question in zip(found, questions, strict=True))
    stopped = [one.status for one in found if one.status not in (SearchStatus.CLOSED, SearchStatus.INFEASIBLE)]
    status = stopped[0] if stopped else SearchStatus.CLOSED
    boxes = sum(one.boxes for one in found)
    return SearchedMixes(best, levels, bound, status, boxes, {"mixes": [one.certificate for one in found]})


def proven_of_mixes(m: CaseModel, certificate: Mapping[str, Any]) -> float:
    """The bound that the certificates prove, the constant of each inside. Raises NotTrustedError."""
    questions, own = questions_of(m), certificate.get("mixes")
    if not isinstance(own, list) or len(own) != len(questions):
        raise NotTrustedError("the certificate does not tell of every split and budget")
    pairs = zip(questions, own, strict=True)
    return max(question.constant + replay(_horizon(question), own, question.limits) for question, own in pairs)


def _horizon(question: PathQuestion) -> Horizon:
    return replace(question.posed.horizon, weight=question.weight)


def _gap(question: PathQuestion, asked: float) -> float:
    """A gap is relative to the aim, which has the budget in it; the search does not know of it."""
    size = abs(question.timeline.m.today.figure(question.aim.name)) * float(abs(question.aim.weight).sum())
    return asked * size / (size + abs(question.constant)) if size > 0.0 else asked


def _none(questions: Sequence[PathQuestion], found: Sequence[SearchedPath]) -> InfeasibleError | SolverError:
    if any(one.status is not SearchStatus.INFEASIBLE for one in found):
        return SolverError("no path that meets the conditions was found in time")
    told = diagnosed(limited(_horizon(questions[0]), questions[0].limits), found[0].certificate)
    return InfeasibleError(f"At none of {len(questions)} splits and budgets; at the first: {told.text}.")
