"""Paths of menus in worlds other than the one that they were chosen for: what studies of cases over months ask."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.answer.menu import menu_document
from optimizer.answer.offers import Offers
from optimizer.answer.path import PathSolution
from optimizer.answer.path_solving import checked, followed, overloaded, solve_path
from optimizer.answer.solution import ObjectiveValue
from optimizer.errors import InfeasibleError
from optimizer.horizon.paths import stepping
from optimizer.horizon.question import PathQuestion, question_of
from optimizer.horizon.timeline import timeline_of
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import same_level
from optimizer.optimise.outcome import Settings
from optimizer.typing import Verdict


@dataclass(frozen=True)
class ChosenPath:
    """A path of menus as what is chosen: the rest of it follows in every world."""

    levels: tuple[tuple[int, ...], ...]
    """By stage and plan, of the case's ladders."""
    lots: tuple[float, ...] = ()
    """Of every order of GPUs that may be placed."""


@dataclass(frozen=True)
class ProvenPath:
    """The best path of a world, without its months."""

    chosen: ChosenPath
    objective: ObjectiveValue
    verdict: Verdict
    verdict_text: str


@dataclass(frozen=True)
class PathInWorld:
    """A path followed month by month in a world."""

    value: float
    """Of the objective there."""
    missed: tuple[str, ...]
    """The conditions that it misses there."""


def asked_of(m: CaseModel) -> PathQuestion:
    """What a case over months asks. Raises InputError for what months do not know."""
    return question_of(timeline_of(m))


def chosen_of(solution: PathSolution) -> ChosenPath:
    """What an answer over months chooses."""
    return ChosenPath(solution.levels, tuple(float(order.lots) for order in solution.orders))


def proven_path(m: CaseModel, settings: Settings) -> ProvenPath | None:
    """The best path of a world, by search and evaluator; None where none meets the conditions.

    Raises InputError, SolverError, NotTrustedError.
    """
    try:
        found = solve_path(m, settings)
    except InfeasibleError:
        return None
    return ProvenPath(chosen_of(found), found.objective, found.verdict, found.verdict_text)


def in_world(question: PathQuestion, chosen: ChosenPath) -> PathInWorld:
    """A path in a world, by the evaluator. Orders of GPUs stay what they are; what they do not carry is hired."""
    months, supply = followed(question, question.timeline.menus(chosen.levels), chosen.lots)
    missed: dict[str, list[str]] = {}
    for c in question.conditions:
        if not checked(c, months, supply).met:
            missed.setdefault(c.name, []).append(c.words)
    told = [f"{name}, {w[0]}" + (f" and {len(w) - 1} more" if len(w) > 1 else "") for name, w in missed.items()]
    month = overloaded(question.timeline.m.prepared, months)
    if month is not None:
        told.append(f"compute, month {month}")
    return PathInWorld(question.aim.value(months), tuple(told))


def today_held(question: PathQuestion) -> ChosenPath | None:
    """Today's menu in all stages; None where ladders, announcements or rules do not allow it, or GPUs are ordered."""
    m = question.timeline.m
    now, levels = m.prepared.today_menu(), []
    for name, own in zip(m.choices.plans, m.choices.levels, strict=True):
        place = next((k for k, level in enumerate(own) if same_level(level, now[name])), None)
        if place is None:
            return None
        levels.append(place)
    fleet = question.timeline.fleet
    if (fleet is not None and fleet.orders) or m.choices.composites.packed(levels) is None:
        return None
    chosen = ChosenPath((tuple(levels),) * len(question.timeline.stages))
    allowed = stepping(question.posed.horizon, question.posed.path(chosen.levels)[None])[0]
    return chosen if allowed else None


def offers_of(question: PathQuestion, chosen: ChosenPath) -> tuple[Offers, ...]:
    """The menus of a path by stage, as plain data, each in the first world of its stage."""
    timeline, found = question.timeline, dict[int, Offers]()
    for era, menu in zip(timeline.eras, timeline.menus(chosen.levels), strict=True):
        if era.stage not in found:
            found[era.stage] = menu_document(menu, era.m.prepared.market)["menu"]
    return tuple(found[k] for k in sorted(found))


def first_months(question: PathQuestion) -> tuple[int, ...]:
    """Of the stages, from 1."""
    return tuple(months.start + 1 for months in question.timeline.stages)


def unlike(one: PathQuestion, other: PathQuestion) -> str:
    """Why a path of one question has no meaning, or no comparable value, in another; empty where it has."""
    first, second = one.timeline, other.timeline
    if first.m.choices.plans != second.m.choices.plans or first.m.choices.counts != second.m.choices.counts:
        return "the same choices"
    if first.asked.firsts != second.asked.firsts or first.months != second.months:
        return "the same months and stages"
    if first.asked.gpus != second.asked.gpus:
        return "the same orders of GPUs"
    aims = [(q.aim.name, q.aim.sense, q.aim.months) for q in (one, other)]
    if aims[0] != aims[1] or not np.array_equal(one.aim.weight, other.aim.weight):
        return "the same objective, discount rate and tail"
    return ""


def same_ladders(worlds: Sequence[CaseModel]) -> bool:
    """Whether cases state the same ladders, so that a point of one is that point of all."""
    return all(m.inputs.case.plans == worlds[0].inputs.case.plans for m in worlds)
