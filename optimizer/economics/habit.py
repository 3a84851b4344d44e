"""What those who decide owe to what they have, and the attractions at which today is at rest in spite of it."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from optimizer.economics import dynamics
from optimizer.typing import Array, Bools

STRANGER, FREE, PAYER = range(3)
"""Classes of origin: with the alternatives, on a plan that costs nothing, on one that is paid for."""
SETTLED, STEPS, TRIAL, LONGEST = 1e-12, 60, 1e-6, 3.0
"""Of Newton's method, in logs: when it has arrived, at most how often, the step of its slopes, its longest move."""


def habit_factors(paid: Sequence[bool], familiarity: float, upgrade: float, loyalty: float) -> Array:
    """Factor of a plan's attraction by class of origin: exp(familiarity) of ours to customers, and on plans that are
    paid for exp(upgrade) to who is on a free plan, exp(loyalty) to who is on a paid one.

    Index: (C, J+1), column 0 the alternatives. Unit: 1. Source: state dependence in multinomial logit (Heckman, 1981).
    """
    utility = np.zeros((3, len(paid) + 1))
    utility[FREE:, 1:] = familiarity
    beyond = np.concatenate([[False], np.array(paid, dtype=np.bool_)])
    utility[FREE, beyond] += upgrade
    utility[PAYER, beyond] += loyalty
    return np.exp(utility)


def rise_rate(before: float, after: float, months: float, free: float) -> float:
    """Payers who come on balance in a month for every free customer: (after - before) / (months x free).

    Unit: 1/month. Source: definition.
    """
    return (after - before) / (months * free)


def moves_up(customers: Array, rate: Array, chance: Array) -> float:
    """Share of customers who go to other plans in a month: sum of rate x chance x customers over their sum.

    ``chance``: that someone who decides takes one of those. Index: (I,). Unit: 1/month. Source: definition.
    """
    return float((rate * chance) @ customers) / float(customers.sum())


def beyond_deciders(held: Array, wanted: Array, deciding: Array) -> float:
    """Share of customers (I,) who are of types of which more would have to choose in a month than decide.

    Index: (I,). Unit: fraction. Source: a decision is the only way to a plan.
    """
    return float(held[wanted > deciding].sum()) / float(held.sum())


def at_rest(
    customers: Array, rate: Array, entrants: Array, inflow: Array, members: Array, attraction: Array, fixed: Bools,
    weigh: Callable[[Array], Array],
) -> Array:  # fmt: skip
    """Attractions (J+1, I) at which as many choose every plan in a month as ``inflow`` (J+1, I) says.

    ``weigh``: from attractions (J+1, I) to choice weights (C, J+1, I). ``fixed``: (J+1, I) attractions that stay, those
    of the alternatives among them. Without nests this is the scaling of a table to given row and column sums. nan where
    it was not found.

    Index: (J+1, I). Unit: 1. Source: Newton's method on ln(joining / inflow) = 0; a solution is unique up to the
    alternatives' scale (Sinkhorn, 1967).
    """
    moving = dynamics.deciders(customers, rate, members, entrants)
    wanted = np.log(np.where(fixed, 1.0, inflow))

    def excess(found: Array) -> Array:
        weights = weigh(found)
        made = dynamics.joining(weights, dynamics.per_weight(moving, weights))
        return np.where(fixed, 0.0, np.log(np.where(fixed, 1.0, made)) - wanted)

    found = attraction.copy()
    for _ in range(STEPS):
        off = excess(found)
        if np.abs(off).max() < SETTLED:
            return found
        found = found * np.exp(np.where(fixed, 0.0, _step(excess, found, off, fixed)))
    return np.where(np.abs(excess(found)).max(axis=0) < 1e3 * SETTLED, found, np.nan)


def _step(excess: Callable[[Array], Array], found: Array, off: Array, fixed: Bools) -> Array:
    """(J+1, I) Newton's step in logs, type by type. Index: (J+1, I). Unit: 1. Source: forward differences."""
    rows, types = found.shape
    slopes = np.zeros((types, rows, rows))
    for j in range(rows):
        moved = found.copy()
        moved[j] *= np.exp(TRIAL)
        slopes[:, :, j] = ((excess(moved) - off) / TRIAL).T
    slopes = np.where(fixed.T[:, :, None] | fixed.T[:, None, :], np.eye(rows), slopes)
    step = np.linalg.solve(slopes, -off.T[:, :, None])[:, :, 0].T
    return np.asarray(np.clip(step, -LONGEST, LONGEST))
