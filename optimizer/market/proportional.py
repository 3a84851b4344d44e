"""A market after a change as proportional diversion has it: one type, no nests; a yardstick for back-tests."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from functools import cached_property

import numpy as np

from optimizer.economics import proportional
from optimizer.market.evaluate import Evaluation
from optimizer.typing import Array


@dataclass(frozen=True)
class Proportional(Evaluation):
    """An evaluation whose customers were moved in proportion to shares; all figures follow from them as ever."""

    held: Array = field(kw_only=True)
    """(I, J) customers over ``plans``."""

    @cached_property
    def customers(self) -> Array:
        return self.held


def proportionally(before: Evaluation, after: Evaluation) -> Proportional:
    """The menu of ``after`` with the customers of ``before``, moved in proportion; types stay as mixed as they were."""
    prepared = before.prepared
    channel = np.array([s.channel for s in prepared.market.segments.values()])[prepared.population.segment]
    held = np.zeros((prepared.population.size, len(after.plans)))
    for name in dict.fromkeys(channel):
        rows = channel == name
        held[rows] = _of_channel(before, after, rows)
    return Proportional(**{f.name: getattr(after, f.name) for f in fields(after)}, held=held)


def _of_channel(before: Evaluation, after: Evaluation, rows: Array) -> Array:
    """(rows, J) customers of ``after.plans`` among the types of a channel."""
    starts: list[Array] = []
    changes: list[float] = []
    old, new = _log_weights(before), _log_weights(after)
    for j, plan in enumerate(after.plans):
        kin = before.plans.index(_kin(before, plan))
        starts.append(before.customers[rows, kin])
        changes.append(proportional.mean_change(starts[-1], old[rows, kin], new[rows, j]))
    elsewhere = before.prepared.alternative_share * before.elsewhere[:, None]
    stocks, later = _log_stocks(before), _log_stocks(after)
    for r in range(stocks.shape[1]):
        starts.append(elsewhere[rows, r])
        changes.append(proportional.mean_change(starts[-1], stocks[rows, r], later[rows, r]))
    people = np.array([s.sum() for s in starts])
    total = float(before.prepared.population.potential[rows].sum())
    factors = proportional.moved(people, np.array(changes), total) / np.where(people > 0.0, people, 1.0)
    count = len(after.plans)
    return np.stack([s * f for s, f in zip(starts[:count], factors[:count], strict=True)], axis=1)


def _kin(before: Evaluation, plan: str) -> str:
    """The plan sold before that a plan is measured against: itself, its analogue, else the most bought paid one."""
    if plan in before.plans:
        return plan
    plans = before.prepared.market.plans
    analogue = plans[plan].analogue
    if analogue in before.plans:
        return analogue
    bought = dict(zip(before.plans, before.customers.sum(axis=0), strict=True))
    paid = [p for p in before.plans if plans[p].channel == plans[plan].channel and plans[p].price.value > 0.0]
    return max(paid or before.plans, key=lambda p: bought[p])


def _log_weights(evaluation: Evaluation) -> Array:
    """(I, J) log stock weight of each plan on its own; 0 where it is not offered, as nobody is there."""
    found = [np.where(p.attraction > 0.0, p.attraction / p.decision_rate, 1.0) for p in evaluation.per]
    return np.asarray(np.log(np.stack(found, axis=1)))


def _log_stocks(evaluation: Evaluation) -> Array:
    """(I, R) log stock weight of each alternative, the last of nothing; 0 where it is not offered."""
    stocks = evaluation.prepared.alternative_share * evaluation.prepared.outside[:, None]
    return np.asarray(np.log(np.where(stocks > 0.0, stocks, 1.0)))
