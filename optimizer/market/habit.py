"""Habit in a market: who is of which class, and constants at which today is at rest with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.economics.habit import FREE, PAYER, STRANGER, at_rest, habit_factors
from optimizer.errors import bad_argument
from optimizer.market.evaluate import Evaluation
from optimizer.market.months import Habits, outside_rate, start_of, weights_of
from optimizer.market.prepare import Constants, Prepared
from optimizer.schema.dynamics import StatedHabit
from optimizer.schema.market import Market
from optimizer.typing import Array, Bools


def habits_of(market: Market, today: Prepared) -> Habits:
    """Classes of origin and their factors; one class for all where the market states no habit.

    A plan is free where today's terms ask nothing: no fee and no unit prices.
    """
    stated = None if market.dynamics is None else market.dynamics.habit
    if stated is None:
        return Habits()
    paid = [_is_paid(today, plan.name) for plan in today.plans]
    origin = (STRANGER, *(PAYER if own else FREE for own in paid))
    return Habits(origin, tuple(map(tuple, _factors(stated, paid).tolist())))


def _factors(stated: StatedHabit, paid: list[bool]) -> Array:
    more = [0.0 if q is None else q.value for q in (stated.upgrade, stated.loyalty)]
    return habit_factors(paid, stated.familiarity.value, *more)


def _is_paid(today: Prepared, plan: str) -> bool:
    terms = today.terms[plan]
    return terms.price > 0.0 or any(price is not None for price in terms.unit_prices)


def entrants_of(market: Market, prepared: Prepared, reached: Array, months: int) -> Array:
    """(T, I) people who come into reach in every month and decide at once; none beyond a type's people."""
    stated = {} if market.dynamics is None else market.dynamics.growth
    pop = prepared.population
    share = np.array([stated[s].value if s in stated else 0.0 for s in pop.segments])[pop.segment]
    room = np.maximum(pop.potential - reached, 0.0)
    done = np.minimum(np.outer(np.arange(months + 1), share * reached), room)
    return np.asarray(np.diff(done, axis=0))


@dataclass(frozen=True)
class Resting:
    """Flows of a month in which today's customers stay as they are, or grow; (J+1, I) arrays."""

    customers: Array
    rate: Array
    """Of deciding anew."""
    before: Array
    """Attractions without habit."""
    attraction: Array
    """Those at which it is so; nan where there are none."""
    fixed: Bools
    """Attractions that stay what they were."""


def resting(today: Evaluation, habits: Habits, entrants: Array) -> Resting:
    """Under habit, with people who come (I,)."""
    prepared = today.prepared
    customers, size = start_of(today), prepared.population.size
    rate, attraction = np.ones_like(customers), np.zeros_like(customers)
    rate[0] = outside_rate(prepared)
    attraction[0] = rate[0] * prepared.outside
    for name, p in zip(today.plans, today.per, strict=True):
        row = prepared.plan_index(name) + 1
        rate[row], attraction[row] = p.decision_rate, p.attraction
    members, factors = habits.of(len(prepared.plans))
    people = customers.sum(axis=0)
    grows = np.divide(entrants, people, out=np.zeros(size), where=people > 0.0)
    inflow = (rate + grows) * customers
    fixed = ~((inflow > 0.0) & (attraction > 0.0))
    fixed[0] = True
    found = at_rest(customers, rate, entrants, inflow, members, attraction, fixed,
                    lambda tried: weights_of(prepared, tried, factors))  # fmt: skip
    return Resting(customers, rate, attraction, found, fixed)


def constants_at_rest(today: Evaluation, constants: Constants, habits: Habits, entrants: Array) -> Constants:
    """The constants at which today's customers stay as they are under habit, or grow as people do who come (I,).

    A plan nobody bought yet moves with its analogue. Raises InputError where there are none.
    """
    r = resting(today, habits, entrants)
    if not np.isfinite(r.attraction).all():
        message = "no constants were found at which today is at rest with it"
        raise bad_argument("dynamics.habit", message, "bring its numbers nearer to 0")
    shift = np.where(r.fixed, 0.0, np.log(np.where(r.fixed, 1.0, r.attraction) / np.where(r.fixed, 1.0, r.before)))
    return _shifted(today.prepared, constants, shift, today.plans)


def _shifted(prepared: Prepared, constants: Constants, shift: Array, sold: Sequence[str]) -> Constants:
    """Constants and reference utilities moved by (J+1, I), so that decision rates stay."""
    by_plan = {plan.name: shift[j + 1] for j, plan in enumerate(prepared.plans)}
    kin = {name: name if name in sold else plan.analogue or name for name, plan in prepared.market.plans.items()}
    moved = {name: by_plan[kin[name]] for name in by_plan}
    return replace(
        constants,
        plans={name: constant + moved[name] for name, constant in constants.plans.items()},
        references={name: utility + moved[name] for name, utility in constants.references.items()},
    )
