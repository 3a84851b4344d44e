"""The independent recomputation: what the evaluator says of the menu that the search chose."""

from __future__ import annotations

from dataclasses import dataclass

from optimizer.economics.figures import RATIOS
from optimizer.errors import NotTrustedError
from optimizer.market.evaluate import Evaluation
from optimizer.model.measures import TOLERANCE, ConditionBound

TRUST = 1e-9
"""Largest relative difference between program and evaluator at which an answer is believed."""


@dataclass(frozen=True)
class ConditionCheck:
    """One side of a condition at the chosen menu."""

    name: str
    figure: str
    part: str
    sense: str
    """``at least`` or ``at most``."""
    bound: float
    value: float
    slack: float
    """How far the value is inside the bound; negative where it is missed."""
    met: bool
    binding: bool
    """Within 0.5 % of the bound."""
    denominator_floor: float | None = None
    """Of a ratio: the least denominator at which the menu counts."""


@dataclass(frozen=True)
class Audit:
    """What the evaluator found."""

    largest_difference: float
    """Largest relative difference between program and evaluator."""
    conditions: tuple[ConditionCheck, ...]

    @property
    def met(self) -> bool:
        return all(c.met for c in self.conditions)


def check_bound(bound: ConditionBound, evaluation: Evaluation) -> ConditionCheck:
    """A condition's side, decided by the evaluator at 1e-6 relative.

    A ratio whose denominator lies below its floor does not meet it; a plan off the menu meets what is asked of it.
    """
    measure = bound.measure
    value = evaluation.figure(measure.name, measure.selection)
    counts, free = True, False
    if measure.denominator is not None:
        plan = measure.selection.plan
        free = plan is not None and plan not in evaluation.plans
        counts = free or evaluation.figure(RATIOS[measure.name].denominator, measure.selection) >= measure.least
    slack = 0.0 if free else bound.sense * (value - bound.value)
    scale = abs(bound.value)
    return ConditionCheck(
        name=bound.name,
        figure=measure.name,
        part=measure.selection.label,
        sense="at least" if bound.sense > 0 else "at most",
        bound=bound.value,
        value=value,
        slack=slack,
        met=counts and slack >= -TOLERANCE * scale * (1.0 + 1e-9),
        binding=not free and abs(slack) <= 0.005 * max(scale, 1e-12),
        denominator_floor=None if measure.denominator is None else measure.floor,
    )


def difference(programmed: float, evaluated: float, scale: float) -> float:
    """Relative difference of one figure between program and evaluator."""
    return abs(programmed - evaluated) / max(abs(evaluated), scale)


def audit(
    evaluation: Evaluation, bounds: tuple[ConditionBound, ...], compared: dict[str, tuple[float, float, float]]
) -> Audit:
    """Recheck every condition and compare figures.

    Args:
        compared: figure -> (program's value, evaluator's value, least size the difference is relative to).

    Raises:
        NotTrustedError: a figure differs by more than ``TRUST``.
    """
    largest = 0.0
    for name, (programmed, evaluated, scale) in compared.items():
        off = difference(programmed, evaluated, scale)
        if not off <= TRUST:
            raise NotTrustedError(
                f"{name}: program {programmed:.10g}, independent evaluation {evaluated:.10g}; no number is shown"
            )
        largest = max(largest, off)
    return Audit(largest, tuple(check_bound(b, evaluation) for b in bounds))
