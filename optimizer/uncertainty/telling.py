"""Menus over draws, told: figures by the evaluator, shares of draws that meet conditions, draws' own best menus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics.figures import RATIOS
from optimizer.errors import InfeasibleError
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel, vary
from optimizer.model.choices import Menu
from optimizer.model.instance import follows_rules
from optimizer.model.measures import TOLERANCE, condition_factors, selection_of
from optimizer.schema.case import CaseCondition
from optimizer.search.engine import Clock
from optimizer.search.levels.evaluation import evaluate_many
from optimizer.typing import Array, Choice, Ints, LevelIndices
from optimizer.uncertainty.case_draws import HEADLINE, CaseDraw, CaseOverDraws, aim_of, over_draws, posed_draw
from optimizer.uncertainty.own import COARSE, own_best
from optimizer.uncertainty.question import least_weighted, numbered
from optimizer.uncertainty.wide_question import WideQuestion

CANDIDATES = 300
"""Most menus among which is chosen where the worth of knowing a number is taken."""
QUANTILES = (0.1, 0.5, 0.9)


@dataclass(frozen=True)
class ToldDraw:
    """Menus in one draw."""

    figures: Mapping[str, tuple[float, ...]]
    """Figure -> its value at every menu."""
    met: tuple[tuple[bool, ...], ...]
    """By menu, whether each condition of the case is met."""


@dataclass(frozen=True)
class OwnChoice:
    """The best choice in one draw, all conditions holding in it; None where no menu meets them."""

    choice: Choice | None
    value: float
    bound: float


def told_figures(m: CaseModel) -> tuple[str, ...]:
    """Figures of which the range over draws is told: the aim first."""
    return tuple(dict.fromkeys((aim_of(m).name, *HEADLINE)))


def told_draw(varied: CaseModel, menus: Sequence[Menu]) -> ToldDraw:
    """Menus in one draw, by the evaluator."""
    evaluations = [varied.evaluate(menu) for menu in menus]
    names, conditions = told_figures(varied), varied.inputs.case.conditions
    factors = condition_factors(varied.inputs.case, varied.today.figure)
    return ToldDraw(
        {name: tuple(e.figure(name) for e in evaluations) for name in names},
        tuple(
            tuple(condition_met(c, factor, e) for c, factor in zip(conditions, factors, strict=True))
            for e in evaluations
        ),
    )


def told_points(m: CaseModel, points: Sequence[Mapping[str, float]], menus: Sequence[Menu]) -> list[ToldDraw]:
    """The same in some draws by their values, wherever this runs."""
    return [told_draw(vary(m, values), menus) for values in points]


def own_choices(m: CaseModel, points: Sequence[Mapping[str, float]]) -> list[OwnChoice]:
    """The best choice of each of some draws, wherever this runs; started from the best of the one before it."""
    found: list[OwnChoice] = []
    seeds: tuple[Choice, ...] = ()
    for values in points:
        draw = all_conditions(posed_draw(replace(vary(m, values), other_choices=m.choices)))
        question = over_draws(draw.m, [draw], None).problem.question(aim_of(m).name)
        try:
            best = own_best(question, 0, COARSE, Clock(None), seeds)
        except InfeasibleError:
            found.append(OwnChoice(None, -np.inf, -np.inf))
            continue
        found.append(OwnChoice(best.choice, best.value, best.bound))
        seeds = (best.choice,) if best.choice is not None else ()
    return found


def all_conditions(draw: CaseDraw) -> CaseDraw:
    """The draw with every condition holding in it, whatever share of draws is asked for."""
    bare = draw.by_plan
    every = (*bare.limits, *(limit for own in bare.others.values() for limit in own))
    return replace(draw, by_plan=replace(bare, limits=every))


@dataclass(frozen=True)
class Candidates:
    """Menus among which is chosen where the worth of knowing more is taken."""

    menus: tuple[Choice, ...]
    """Level indices of plans, and mixes."""
    values: Array
    """(S, B) the aim, more is better."""


def candidates(
    asked: CaseOverDraws, chosen: Sequence[tuple[LevelIndices, int]], own: Sequence[tuple[LevelIndices, int]]
) -> Candidates:
    """Menus of plans that meet over the draws what is asked: some, and those one change away from the ``chosen``."""
    question = asked.problem.question(aim_of(asked.m).name, **asked.asked)
    composites = asked.draws[0].composites
    counts = [len(levels) for levels in asked.m.choices.levels]
    near = [
        ((*levels[:j], k, *levels[j + 1 :]), mix)
        for levels, mix in chosen
        for j, count in enumerate(counts)
        for k in range(count)
    ]
    near += [(levels, mix) for levels, _ in chosen for mix in range(len(asked.m.choices.mixes))]
    packed = [(composites.packed(levels), (levels, mix)) for levels, mix in dict.fromkeys([*chosen, *own, *near])]
    if isinstance(question, WideQuestion):
        narrow = question.narrowed(question.levels_of([place for place, _ in packed if place is not None]))
        packed = [(None if place is None else narrow.inside(place), own) for place, own in packed]
        question = narrow.question
    first = question.instances[0]
    menus = [(place, own) for place, own in packed if place is not None and follows_rules(first, place)]
    values = np.stack([
        np.stack(list(evaluate_many(
            instance, dict(numbered(aim, limits)), [place for place, _ in menus], [mix for _, (_, mix) in menus]
        ).values()), axis=1)
        for instance, aim, limits in zip(question.instances, question.aims, question.limits, strict=True)
    ], axis=1)  # fmt: skip
    met = np.flatnonzero(question.missed(values[..., 1:]) == 0.0)
    best = met[_kept(values[met, :, 0].T, question.weights)]
    return Candidates(tuple(menus[b][1] for b in best), values[best, :, 0].T)


def _kept(values: Array, weights: Array) -> Ints:
    """Of menus (S, B) those that are the best of some draw, then the best on average, not too many."""
    if not values.size:
        return np.zeros(0, dtype=np.intp)
    order = [*np.argmax(values, axis=1).tolist(), *np.argsort(-(weights @ values), kind="stable").tolist()]
    return np.array(list(dict.fromkeys(order))[:CANDIDATES], dtype=np.intp)


def condition_met(condition: CaseCondition, factor: float, evaluation: Evaluation) -> bool:
    """See ``answer.audit``: a ratio of a plan off the menu asks nothing."""
    selection = selection_of(condition)
    if condition.figure in RATIOS and selection.plan is not None and selection.plan not in evaluation.plans:
        return True
    value = evaluation.figure(condition.figure, selection)
    sides = ((1.0, condition.at_least), (-1.0, condition.at_most))
    asked = [(sense, bound * factor) for sense, bound in sides if bound is not None]
    return all(sense * (value - bound) >= -TOLERANCE * abs(bound) * (1.0 + 1e-9) for sense, bound in asked)


@dataclass(frozen=True)
class Spread:
    """A figure over draws, by weight."""

    mean: float
    p10: float
    p50: float
    p90: float


def spread(values: Array, weights: Array) -> Spread:
    """Mean and quantiles by weight; nan where a draw has no value."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    at = [float(values[order][int(np.searchsorted(total, q * total[-1] * (1.0 - 1e-12)))]) for q in QUANTILES]
    return Spread(float(weights @ values / weights.sum()), *at)


def tail_mean(values: Array, weights: Array, tail: float) -> float:
    """The mean of the worst tail by weight; more is better."""
    share = weights / weights.sum()
    return float(least_weighted(values, share / tail))
