"""The simplest choice model with shares: what more a market has to know to be worth having."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def moved(people: Array, change: Array, total: float) -> Array:
    """Where people are after everything on offer changed, without types or nests: N n_k exp(d_k) / sum n exp(d).

    n are those on each offer before, d the mean change of the log stock weight of each. Whoever gains takes from all
    others in proportion to their shares. Index: (K,) over all offers, nothing included. Unit: people.
    Source: multinomial logit of one type, independence of irrelevant alternatives (Train 2009, ch. 3.3).
    """
    weight = people * np.exp(change)
    return np.asarray(total * weight / weight.sum())


def mean_change(people: Array, before: Array, after: Array) -> float:
    """Mean change of a log weight over those who were there: sum n (after - before) / sum n; 0 where nobody was.

    Index: (I,). Unit: utility. Source: the representative customer of a logit of one type.
    """
    there = people > 0.0
    total = float(people[there].sum())
    return float(people[there] @ (after - before)[there]) / total if total > 0.0 else 0.0
