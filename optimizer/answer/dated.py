"""What a change makes of a market some months later, by the exact path from those who were there before it."""

from __future__ import annotations

from optimizer.horizon.timeline import word_of_mouth
from optimizer.market.evaluate import Evaluation, MenuTerms
from optimizer.market.habit import constants_at_rest, entrants_of, habits_of
from optimizer.market.months import Month, MonthEvaluation, outside_rate, start_of, walk
from optimizer.market.prepare import prepare
from optimizer.model.case_model import CaseModel


def months_after(
    before: tuple[CaseModel, Evaluation], later: CaseModel, menu: MenuTerms, months: int
) -> tuple[MonthEvaluation, ...]:
    """The month before a change, and every month after it under a menu of the market ``later``.

    As in a case over months: habit, growth and word of mouth as the market states them, and with habit the constants
    at which customers before it are at rest, or grow as people come. Raises InputError where there are none.
    """
    m, now = before
    market, known, start = m.inputs.changed, now.prepared, start_of(now)
    habits, constants = habits_of(market, known), m.calibrated.constants
    entrants = entrants_of(market, known, start.sum(axis=0), months + 1)
    if habits.origin or entrants.any():
        constants = constants_at_rest(now, constants, habits, entrants[0])
    first, then = prepare(market, constants), prepare(later.inputs.changed, constants)
    share, budget, come = now.enterprise_share, now.budget, entrants.cumsum(axis=0) - entrants
    path = [
        Month(there, terms, share, budget, entrants[t], there.base_reach(share, budget) + come[t])
        for t, (there, terms) in enumerate([(first, now.menu), *[(then, menu)] * months])
    ]
    return tuple(walk(start, outside_rate(known), path, habits, word_of_mouth(later)))
