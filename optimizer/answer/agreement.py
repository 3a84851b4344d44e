"""What the instance says of a menu beside what the evaluator says: the numbers that an audit compares."""

from __future__ import annotations

from optimizer.economics.figures import RATIOS
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Menu
from optimizer.model.instance import evaluate
from optimizer.model.measures import ConditionBound, yardstick
from optimizer.optimise.objectives import Objective
from optimizer.typing import Choice


def compared(
    m: CaseModel, objective: Objective, menu: Menu, value: float, evaluation: Evaluation
) -> dict[str, tuple[float, float, float]]:
    """The objective and every constrained figure: by the instance, by the evaluator, and the size to compare at."""
    found = {objective.name: (value, objective.value(evaluation), objective.scale(m))}
    there, place = m, m.choices.choice(menu)
    if place is None:  # a price inside a range: the instance is stated anew at this very menu
        there = m.pinned(menu)
        place = (0,) * len(there.choices.composites.parts), 0
    for bound in there.bounds:
        found |= _compared_bound(there, bound, place, evaluation)
    return found


def _compared_bound(
    m: CaseModel, bound: ConditionBound, place: Choice, evaluation: Evaluation
) -> dict[str, tuple[float, float, float]]:
    measure = bound.measure
    figures = {"n": measure.numerator} | ({} if measure.denominator is None else {"d": measure.denominator})
    values = evaluate(m.built.instance, figures, *place)
    if measure.denominator is None:
        told = evaluation.figure(measure.name, measure.selection)
        size = max(abs(bound.value), yardstick(m.built.instance, measure.numerator))
        return {bound.name: (values["n"], told, size)}
    ratio, size = RATIOS[measure.name], yardstick(m.built.instance, measure.denominator)
    return {
        f"{bound.name}: {name}": (values[key], evaluation.figure(name, measure.selection), size)
        for key, name in (("n", ratio.numerator), ("d", ratio.denominator))
    }
