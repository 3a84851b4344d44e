"""A mixed-integer program as plain arrays, and the audit that refuses what a solver would drop in silence."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from optimizer.errors import SolverError
from optimizer.typing import Array

Index = NDArray[np.int64]

SMALLEST = 1e-12
"""HiGHS drops matrix entries at or below its ``small_matrix_value``, which we set to this."""
LARGEST = 1e15
"""HiGHS refuses matrix entries above."""
INFINITE = 1e20
"""HiGHS takes bounds and costs of this size as infinite."""


@dataclass(frozen=True)
class Program:
    """``sense`` of costs @ values + offset, with row_lower <= A @ values <= row_upper and column bounds."""

    costs: Array
    """(n,)."""
    lower: Array
    upper: Array
    """(n,) column bounds, infinite where there is none."""
    integer: NDArray[np.bool_]
    """(n,)."""
    starts: Index
    """(rows + 1,) compressed rows of A."""
    indices: Index
    coefficients: Array
    row_lower: Array
    row_upper: Array
    maximise: bool = True
    offset: float = 0.0
    columns: Mapping[str, Mapping[Any, int]] = field(default_factory=dict)
    """Component name -> index -> column; empty where the program did not come from Pyomo."""
    rows: Mapping[str, Mapping[Any, int]] = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns)."""
        return len(self.row_lower), len(self.costs)

    @property
    def nonzeros(self) -> int:
        return len(self.coefficients)

    def activity(self, values: Array) -> tuple[Array, Array]:
        """(rows,) A @ values, and the sum of the absolute terms (what rounding is measured against)."""
        products = self.coefficients * values[self.indices]
        edges = np.repeat(np.arange(len(self.row_lower)), np.diff(self.starts))
        count = len(self.row_lower)
        total: Array = np.bincount(edges, products, count).astype(np.float64)
        size: Array = np.bincount(edges, np.abs(products), count).astype(np.float64)
        return total, size

    def objective(self, values: Array) -> float:
        return float(self.costs @ values) + self.offset

    def row_name(self, row: int) -> str:
        return _name(self.rows, row, "row")

    def column_name(self, column: int) -> str:
        return _name(self.columns, column, "column")


def _name(components: Mapping[str, Mapping[Any, int]], position: int, kind: str) -> str:
    for name, members in components.items():
        for index, at in members.items():
            if at == position:
                return name if index is None else f"{name}[{index}]"
    return f"{kind} {position}"


def audit(program: Program) -> Program:
    """The same program. Raises SolverError with the first names when an entry cannot be handed to a solver."""
    p = program
    row_of = np.repeat(np.arange(len(p.row_lower)), np.diff(p.starts))
    size = np.abs(p.coefficients)
    bad = ~(size <= LARGEST) | (size <= SMALLEST)
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        where = f"{p.row_name(int(row_of[at]))}, {p.column_name(int(p.indices[at]))}"
        raise SolverError(
            f"{int(bad.sum())} coefficients are not finite, too large or so small that they would vanish "
            f"(first: {p.coefficients[at]!r} at {where})"
        )
    if not (np.isfinite(p.offset) and np.isfinite(p.costs).all() and (np.abs(p.costs) < INFINITE).all()):
        raise SolverError("the objective has an entry that is not finite")
    for name, low, high, kind in (
        ("column", p.lower, p.upper, p.column_name),
        ("row", p.row_lower, p.row_upper, p.row_name),
    ):
        wrong = ~(low <= high) | (low == np.inf) | (high == -np.inf)
        if wrong.any():
            at = int(np.flatnonzero(wrong)[0])
            raise SolverError(f"bounds of {name} {kind(at)} cannot be met: {low[at]!r} ... {high[at]!r}")
    return program
