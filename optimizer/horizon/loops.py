"""Potentials by compiled loops, for searches that take many bounds. Imports numba."""

from __future__ import annotations

import numpy as np

from optimizer.horizon import compiled, tables
from optimizer.horizon.again import over_box
from optimizer.horizon.instance import Horizon
from optimizer.search.kernels.loops import compiled_before
from optimizer.typing import Array, Bools


class CompiledPotentials:
    """Meets :class:`~optimizer.horizon.bounds.Potentials`; keeps the tables of the parts it has seen."""

    def __init__(self) -> None:
        self._tables: dict[int, tuple[Horizon, tables.PathTables]] = {}

    def __call__(self, part: Horizon, box: Bools, shares: Array) -> tuple[float, Array, list[Array]]:
        """As ``bounds.numpy_potentials``, up to rounding."""
        known = self._tables.get(id(part))
        if known is None or known[0] is not part:
            known = self._tables[id(part)] = part, tables.tables_of(part)
        tab = known[1]
        if part.again is not None:
            tab = tab._replace(reward=over_box(part, box).monthly_reward)
        constant, table, arcs = compiled.potentials(tab, np.array(box, order="C"), np.array(shares, order="C"))
        counts = [len(part.arcs_between(k).source) for k in range(part.stages - 1)]
        return float(constant), table, [arcs[:, k, :count] for k, count in enumerate(counts)]

    @staticmethod
    def serves(horizon: Horizon) -> bool:
        """Kept terms are left to numpy."""
        return not horizon.keeps

    @staticmethod
    def on_disk() -> bool:
        """Whether the loops were compiled before, so that they need only be loaded."""
        return compiled_before(compiled.potentials)
