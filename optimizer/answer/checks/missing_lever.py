"""Levers of the market that the case does not offer, and what one step of each would bring."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from optimizer.answer.checks.answered import Answered
from optimizer.answer.checks.check import Checked, CheckName, CheckVerdict
from optimizer.answer.checks.levers import Lever, LeverKind
from optimizer.schema.case import PlanLadders


def not_offered(a: Answered) -> Iterator[Lever]:
    """Caps and fallback limits of the plans on the menu that the case's ladders do not name."""
    models = list(a.m.inputs.changed.ai_models)
    for plan, terms in a.menu.terms.items():
        if terms is None:
            continue
        named = a.m.inputs.case.plans.get(plan, PlanLadders()).allowances
        for k, caps in enumerate(terms.caps):
            windows = [window for window, _ in caps or () if window not in named.get(models[k], {})]
            yield from (Lever(LeverKind.CAP, plan, k, window) for window in windows)
        if terms.fallback is not None and math.isfinite(terms.fallback_limit):
            yield Lever(LeverKind.FALLBACK, plan)


def steps(value: float) -> tuple[float, ...]:
    """One step down and one up: half of it, or nothing of one request; and twice of it. Whole requests."""
    less = () if value == 0.0 else (0.0,) if value <= 1.0 else (max(1.0, float(round(0.5 * value))),)
    return (*less, 2.0 * value or 1.0)


@dataclass(frozen=True)
class Step:
    """One step of a lever on the answer's menu."""

    lever: Lever
    value: float
    gain: float
    allowed: bool
    """Whether the menu still meets the conditions and rules."""


def missing_lever(a: Answered, search: bool = True) -> Iterator[Checked]:
    """A row for every lever that would bring more than the gap, one row where there is none.

    Where a step that would pay misses a condition, the rest of the menu is chosen anew; unless ``search``.
    """
    found = [_best(a, lever) for lever in not_offered(a)]
    rows = [_row(a, step, step.gain) for step in found if step.allowed and step.gain > a.least_gain]
    others = sorted((s for s in found if not s.allowed and s.gain > a.least_gain), key=lambda s: -s.gain)
    rows += [row for step in others if search and (row := _solved(a, step)) is not None]
    if not rows:
        words = "No cap or fallback limit that the case leaves as it is would bring more."
        rows.append(Checked(CheckName.MISSING_LEVER, None, None, a.unit, CheckVerdict.PASS, words))
    yield from rows


def _best(a: Answered, lever: Lever) -> Step:
    """The step that brings the most, one that is allowed before one that is not."""
    made = [_step(a, lever, value) for value in steps(lever.value(a.menu))]
    paying = [step for step in made if step.allowed and step.gain > a.least_gain]
    return max(paying or made, key=lambda step: step.gain)


def _step(a: Answered, lever: Lever, value: float) -> Step:
    menu = lever.moved(a.menu, value)
    evaluation = a.m.evaluate(menu)
    gain = a.gain(evaluation)
    return Step(lever, value, gain, gain > a.least_gain and a.allows(menu, evaluation))


def _solved(a: Answered, step: Step) -> Checked | None:
    """The row of a step that misses a condition by itself; None where the rest of the menu cannot make up for it."""
    plan = str(step.lever.plan)
    levels = a.m.choices.levels[a.m.choices.plans.index(plan)]
    found = a.among(plan, list(dict.fromkeys([*levels, *(step.lever.at(terms, step.value) for terms in levels)])))
    alone = f" alone would bring {a.amount(step.gain)}, but misses a condition or a rule"
    if found is None:
        return _row(a, step, None, f"{alone}; the rest of the menu was not chosen anew in time")
    gain = -math.inf if found.menu is None else a.objective.sense * (found.value - a.value)
    return _row(a, step, gain, f"{alone}; with the rest of the menu chosen anew it") if gain > a.least_gain else None


def _row(a: Answered, step: Step, gain: float | None, before: str = "") -> Checked:
    market, lever = a.m.inputs.changed, step.lever
    move = f"from {lever.told(lever.value(a.menu), market)} to {lever.told(step.value, market)}"
    brings = "" if gain is None else f" would bring {a.amount(gain)}"
    words = f"The case does not offer {lever.words(market)}: {move}{before}{brings}."
    return Checked(CheckName.MISSING_LEVER, lever.plan, gain, a.unit, CheckVerdict.MARK, words)
