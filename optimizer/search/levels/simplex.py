"""A small dense simplex for the master program of the multipliers; no claim to generality."""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array

TOLERANCE = 1e-11


def least_upper_bound(cuts: Array, constant: Array, coupling: Array, price: Array, largest: Array) -> Array | None:
    """(n,) z minimising max_x (constant_x + cuts_x z) subject to 0 <= z <= largest and coupling z <= price.

    ``cuts`` (X, n), ``constant`` (X,), ``coupling`` (C, n), ``price`` (C,) >= 0. Solved through its dual, a convex
    combination of cuts with surplus and artificial columns, which has a starting basis at hand. None if it does not
    end in the allowed steps: the caller keeps the multipliers it has.
    """
    count, n = cuts.shape
    held = len(price)
    columns = count + held + 2 * n
    table = np.zeros((n + 1, columns + 1))
    table[:n, :count] = cuts.T
    table[:n, count : count + held] = coupling.T
    table[:n, count + held : count + held + n] = -np.eye(n)
    table[:n, count + held + n : columns] = np.eye(n)
    table[n, :count] = 1.0
    table[n, columns] = 1.0
    gain = np.concatenate([constant, -price, np.zeros(n), -largest])
    start = int(np.argmax(constant))
    table[:n] -= np.outer(table[:n, start], table[n])
    basis = np.empty(n + 1, dtype=np.intp)
    basis[n] = start
    for r in range(n):
        if table[r, columns] > 0.0:
            basis[r] = count + held + n + r
        else:
            table[r] *= -1.0
            basis[r] = count + held + r
    steps = _pivot_all(table, gain, basis, 40 * (n + 1))
    if not steps:
        return None
    reduced = gain - gain[basis] @ table[:, :columns]
    z: Array = -reduced[count + held : count + held + n]
    return np.clip(z, 0.0, largest)


def _pivot_all(table: Array, gain: Array, basis: np.ndarray[tuple[int], np.dtype[np.intp]], steps: int) -> bool:
    """Pivot to optimality in place: largest reduced gain first, lowest index in the second half against cycling."""
    columns = len(gain)
    size = TOLERANCE * max(1.0, float(np.abs(gain).max()))
    for step in range(steps):
        reduced = gain - gain[basis] @ table[:, :columns]
        enter = int(np.argmax(reduced)) if step < steps // 2 else int(np.argmax(reduced > size))
        if reduced[enter] <= size:
            return True
        column = table[:, enter]
        ratio = np.full(len(column), np.inf)
        positive = column > TOLERANCE
        if not positive.any():
            return False
        ratio[positive] = table[positive, columns] / column[positive]
        leave = int(np.argmin(ratio))
        table[leave] /= table[leave, enter]
        rest = table[:, enter].copy()
        rest[leave] = 0.0
        table -= np.outer(rest, table[leave])
        basis[leave] = enter
    return False
