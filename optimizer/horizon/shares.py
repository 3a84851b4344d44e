"""Mixed paths: shares (K, N) of a group's columns in every stage. Customers are valued along one when a bound is taken.

Any shares that are not negative give a valid bound; they say only how tight it is.
"""

from __future__ import annotations

import numpy as np

from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints


def pure(horizon: Horizon, path: Ints) -> Array:
    """One path (K, G) alone."""
    found = np.zeros((horizon.stages, horizon.columns))
    found[np.arange(horizon.stages)[:, None], path] = 1.0
    return found


def toward(shares: Array, path: Ints, share: float) -> Array:
    """The shares, moved by a share towards a path (K, G)."""
    found = (1.0 - share) * shares
    found[np.arange(len(found))[:, None], path] += share
    return np.asarray(found)


def within(horizon: Horizon, box: Bools, shares: Array) -> Array:
    """What of the shares lies in a box, made whole; where nothing does, the column in it that is nearest to them."""
    first = horizon.first[:-1]
    kept = np.where(box, shares, 0.0)
    whole = np.add.reduceat(kept, first, axis=1)
    found = kept / np.where(whole > 0.0, whole, 1.0)[:, horizon.group]
    for k, g in np.argwhere(whole <= 0.0):
        a, b = horizon.first[g], horizon.first[g + 1]
        inside = a + np.flatnonzero(box[k, a:b])
        if len(inside):
            away = np.abs(inside[:, None] - np.arange(a, b)) @ shares[k, a:b]
            found[k, inside[away.argmin()]] = 1.0
    return np.asarray(found)
