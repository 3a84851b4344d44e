"""The observed rise of payers beside what habit can move: told, so that no habit number is taken for measured."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from optimizer.economics.habit import FREE, PAYER, beyond_deciders, moves_up, rise_rate
from optimizer.market.evaluate import Evaluation
from optimizer.market.habit import Resting, habits_of, resting
from optimizer.market.months import Habits, weights_of
from optimizer.schema.base import Quantity
from optimizer.schema.dynamics import Dynamics
from optimizer.schema.market import Market
from optimizer.typing import Bools


@dataclass(frozen=True)
class PayersRise:
    """Per free customer and month."""

    observed: float
    """Payers who came on balance."""
    at_rest: float
    """Who goes from free to paid plans in the market, today at rest, at its habit numbers."""
    least: float
    most: float
    """The same over the corners of their ranges."""
    beyond: float
    """Share of payers who are of types of which more would have to choose in a month than decide, if all payers rose as
    observed: there no habit number brings the rise about."""

    @property
    def text(self) -> str:
        """In words."""
        told = f"payers rose by {self.observed:.2%} of free customers a month; today at rest "
        told += (
            f"{self.at_rest:.2%} of them go to paid plans, {self.least:.2%} to {self.most:.2%} over the range of habit"
        )
        if self.beyond > 0.0:
            told += f"; {self.beyond:.0%} of payers are of kinds of customers of whom too few decide for such a rise, "
            told += "whatever their habit: it pins no habit number"
        return told


def payers_rise(market: Market, today: Evaluation) -> PayersRise | None:
    """None where the market states no habit or no such rise. ``today``: without habit."""
    stated = market.dynamics
    if stated is None or stated.payers_rise is None or stated.habit is None:
        return None
    seen, habits = stated.payers_rise, habits_of(market, today.prepared)
    free, paid = _free(habits), _paid_beside(market, today, habits)
    nobody = np.zeros(today.prepared.population.size)
    there = resting(today, habits, nobody)
    observed = rise_rate(seen.before.value, seen.after.value, seen.months, seen.free.value)
    payers = there.customers[paid].sum(axis=0)
    growth = observed * there.customers[free].sum() / payers.sum()
    wanted = (there.rate[paid] * there.customers[paid]).sum(axis=0) + growth * payers
    deciding = (there.rate * there.customers).sum(axis=0)
    at_rest = _up(today, there, habits, free, paid)
    over = [
        _up(today, resting(today, h, np.zeros(len(payers))), h, free, paid) for h in _corners(market, stated, today)
    ]
    return PayersRise(observed, at_rest, min(over), max(over), beyond_deciders(payers, wanted, deciding))


def _free(habits: Habits) -> Bools:
    """(J+1,)"""
    return np.asarray(np.array(habits.origin) == FREE)


def _paid_beside(market: Market, today: Evaluation, habits: Habits) -> Bools:
    """(J+1,) paid plans of the channels that have a free one."""
    channel = np.array(["", *(market.plans[plan.name].channel for plan in today.prepared.plans)])
    return np.asarray((np.array(habits.origin) == PAYER) & np.isin(channel, channel[_free(habits)]))


def _up(today: Evaluation, r: Resting, habits: Habits, free: Bools, paid: Bools) -> float:
    """Of the free, those who go to a paid plan in a month; nan where today is at rest nowhere."""
    factors = habits.of(len(today.prepared.plans))[1]
    weights = weights_of(today.prepared, r.attraction, factors)[FREE]
    chance = np.broadcast_to(weights[paid].sum(axis=0) / weights.sum(axis=0), r.rate[free].shape)
    return moves_up(r.customers[free].ravel(), r.rate[free].ravel(), chance.ravel())


def _corners(market: Market, stated: Dynamics, today: Evaluation) -> Iterator[Habits]:
    """Every habit number at its least or its most."""
    assert stated.habit is not None
    numbers: dict[str, Quantity] = {
        name: q for name in ("familiarity", "upgrade", "loyalty") if (q := getattr(stated.habit, name)) is not None
    }
    ends = [tuple(dict.fromkeys((q.value if e is None else e) for e in (q.low, q.high))) for q in numbers.values()]
    for values in itertools.product(*ends):
        made = {name: q.model_copy(update={"value": v}) for (name, q), v in zip(numbers.items(), values, strict=True)}
        there = stated.model_copy(update={"habit": stated.habit.model_copy(update=made)})
        yield habits_of(market.model_copy(update={"dynamics": there}), today.prepared)
