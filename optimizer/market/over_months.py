"""How strongly customers answer to a price after a month, a year and two: what a test of weeks sees of the whole."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.economics.figures import Selection
from optimizer.market.calibrate import Calibrated
from optimizer.market.credibility import scaled
from optimizer.market.evaluate import Evaluation
from optimizer.market.habit import constants_at_rest, habits_of
from optimizer.market.months import Month, outside_rate, start_of, walk
from optimizer.market.prepare import prepare, with_constants

MONTHS = (1, 12, 24)
RISE = 0.01
"""Relative price rise at which elasticities are taken."""


@dataclass(frozen=True)
class AnswerOverMonths:
    """By how many per cent a plan has more customers some months after its prices rose by one per cent."""

    plan: str
    elasticity: Mapping[int, float]
    """By month."""


def answers_over_months(
    calibrated: Calibrated, today: Evaluation, months: Sequence[int] = MONTHS
) -> list[AnswerOverMonths]:
    """Of every plan on today's menu that has a price; with the market's habit, reach as it is today."""
    found = []
    market = calibrated.prepared.market
    habits, nobody = habits_of(market, today.prepared), np.zeros(today.prepared.population.size)
    there = today.prepared
    if habits.origin:
        constants = constants_at_rest(today, calibrated.constants, habits, nobody)
        there = with_constants(prepare(market), constants)
    for plan in today.plans:
        dearer = scaled(there.terms[plan], 1.0 + RISE)
        if dearer != there.terms[plan]:
            menu = {**today.menu, plan: dearer}
            month = Month(there, menu, today.enterprise_share, today.budget, nobody)
            path = list(walk(start_of(today), outside_rate(today.prepared), [month] * max(months), habits))
            before = today.figure("customers", Selection(plan))
            answers = {
                t: math.log(path[t - 1].figure("customers", Selection(plan)) / before) / math.log1p(RISE)
                for t in months
            }
            found.append(AnswerOverMonths(plan, answers))
    return found
