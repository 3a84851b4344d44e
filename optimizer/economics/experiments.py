"""What a test on visitors shows: who decides in a month, and what share of them takes each plan."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def deciding(staying: Array, attraction: Array, outside: Array) -> Array:
    """People who decide anew in a month: on the alternatives x attraction of all on offer / the alternatives' stock.

    Each plan then gains a / (attraction of all) of them, as many as decide anew on it in a month.
    Index: (I,). Unit: people/month. Source: balance of flows in a semi-Markov process, see ``choice.stock``.
    """
    return np.asarray(staying * attraction / outside)


def take_up(visitors: Array, chosen: Array) -> Array:
    """Share of visitors who take each plan: sum of visitors x probability / sum of visitors; 0 where there are none.

    Index: (I,) and (I, K) to (K,). Unit: fraction. Source: definition.
    """
    total = float(visitors.sum())
    return np.asarray(visitors @ chosen / total if total > 0.0 else np.zeros(chosen.shape[1]))


def brought(visitors: Array, chosen: Array, amounts: Array) -> float:
    """What a visitor brings a month: sum of visitors x probability x amount of a customer / sum of visitors.

    Index: (I,), (I, K) and (I, K). Unit: that of the amounts. Source: definition.
    """
    total = float(visitors.sum())
    return float(visitors @ (chosen * amounts).sum(axis=1)) / total if total > 0.0 else 0.0
