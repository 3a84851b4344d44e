"""The one place that chooses how potentials are worked out: numpy first, compiled loops once a search has become long."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from optimizer.horizon.bounds import numpy_potentials
from optimizer.horizon.instance import Horizon
from optimizer.horizon.tuning import PathTuning
from optimizer.typing import Array, Bools, Ints

if TYPE_CHECKING:
    from optimizer.horizon import compiled

Loop = Callable[["compiled.PathTables", Bools, Ints], tuple[float, Array]]


@cache
def _compiled() -> Loop | None:
    """None without numba, which takes a third of a second to load."""
    try:
        from optimizer.horizon import compiled
    except (ImportError, RuntimeError):  # not installed, or nowhere to keep what it compiles
        return None
    return compiled.potentials


class ChosenPotentials:
    """Of one search; meets :class:`~optimizer.horizon.bounds.Potentials`.

    The choice follows from the numbers that were read, not from the clock: the same input gives the same answer. Under
    a ``deadline`` (``time.monotonic()`` seconds), where that cannot be promised anyway, loops that would first have to
    be compiled are left alone.
    """

    def __init__(self, tuning: PathTuning, deadline: float | None = None) -> None:
        self._tuning, self._deadline = tuning, deadline
        self._loop: Loop | None = None
        self._read = 0.0
        self._tables: dict[int, tuple[Horizon, compiled.PathTables]] = {}

    def __call__(self, part: Horizon, box: Bools, path: Ints) -> tuple[float, Array]:
        """By the loops that serve now."""
        self._count(part, box)
        if self._loop is None:
            return numpy_potentials(part, box, path)
        from optimizer.horizon.compiled import tables_of

        known = self._tables.get(id(part))
        if known is None or known[0] is not part:
            known = self._tables[id(part)] = part, tables_of(part)
        return self._loop(known[1], np.ascontiguousarray(box), np.ascontiguousarray(path))

    def _count(self, part: Horizon, box: Bools) -> None:
        before = self._read
        months = part.months / part.stages
        self._read += float(np.count_nonzero(box)) * months * (part.types + 200.0) * len(part.habit)
        if before < self._tuning.compiled_numbers <= self._read:
            self._loop = self._loops()

    def _loops(self) -> Loop | None:
        if self._deadline is None:
            return _compiled()
        if time.monotonic() + self._tuning.loading_seconds > self._deadline:
            return None
        from optimizer.horizon import compiled  # noqa

        return _compiled()
