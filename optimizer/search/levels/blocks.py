"""Products and solutions of middle-sized matrices block by block, so that BLAS keeps to one thread.

Beyond some 64 rows it shares the work among threads; for matrices of a hundred rows, taken again and again, handing
over costs more than it saves, and on a busy machine a hundred times as much.
"""

from __future__ import annotations

import numpy as np

from optimizer.typing import Array


def _edges(count: int, block: int) -> list[slice]:
    return [slice(at, min(at + block, count)) for at in range(0, count, block)]


def product(left: Array, right: Array, block: int) -> Array:
    """left' right of (n, a) and (n, b)."""
    out = np.zeros((left.shape[1], right.shape[1]))
    for own in _edges(left.shape[1], block):
        for other in _edges(right.shape[1], block):
            for rows in _edges(len(left), 2 * block):
                out[own, other] += left[rows, own].T @ right[rows, other]
    return out


class Eliminated:
    """A matrix whose leading blocks can be inverted, factored by block elimination. Raises LinAlgError where not."""

    def __init__(self, matrix: Array, block: int) -> None:
        self._parts = _edges(len(matrix), block)
        self._lower = matrix.copy()
        self._inverse = []
        work, parts = self._lower, self._parts
        for k, own in enumerate(parts):
            self._inverse.append(np.linalg.inv(work[own, own]))
            for row in parts[k + 1 :]:
                work[row, own] = work[row, own] @ self._inverse[k]
                for column in parts[k + 1 :]:
                    work[row, column] -= work[row, own] @ work[own, column]

    def solve(self, right: Array) -> Array:
        """x (n,) with matrix x = right."""
        work, parts = self._lower, self._parts
        x = right.copy()
        for k, own in enumerate(parts):
            for row in parts[k + 1 :]:
                x[row] -= work[row, own] @ x[own]
        for k in range(len(parts) - 1, -1, -1):
            own = parts[k]
            for column in parts[k + 1 :]:
                x[own] -= work[own, column] @ x[column]
            x[own] = self._inverse[k] @ x[own]
        return x
