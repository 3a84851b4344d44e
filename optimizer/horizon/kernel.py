"""The one place that chooses how potentials are worked out: numpy first, compiled loops in a long search."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING

from optimizer.execution.notices import COMPILING, notices
from optimizer.horizon.bounds import Parted, Potentials, Separable, bound_box, numpy_potentials
from optimizer.horizon.instance import Horizon
from optimizer.horizon.tuning import PathTuning
from optimizer.typing import Array, Bools

Forms = Callable[[Bools, Array], Separable]
"""``bounds.bound_box`` of one horizon: of a box and the shares of a mixed path."""

if TYPE_CHECKING:
    from optimizer.horizon.loops import CompiledPotentials


@cache
def _compiled() -> type[CompiledPotentials] | None:
    """None without numba, which takes a third of a second to load."""
    try:
        from optimizer.horizon.loops import CompiledPotentials
    except (ImportError, RuntimeError):  # not installed, or nowhere to keep what it compiles
        return None
    return CompiledPotentials


def _numpy() -> Potentials:
    return numpy_potentials


class PathKernel:
    """Of one search. The choice follows from the numbers that were read, not from the clock: the same input gives the
    same answer on the same installation.

    Under a ``deadline`` (``time.monotonic()`` seconds), where that cannot be promised anyway, loops that would first
    have to be compiled are left alone.
    """

    def __init__(self, horizon: Horizon, tuning: PathTuning, deadline: float | None = None) -> None:
        self._tuning, self._deadline = tuning, deadline
        self._parted = Parted(horizon, tuning.numpy_whole, tuning.numpy_width)
        self._serving: Callable[[], Potentials] = _numpy
        self._read = 0.0

    def forms(self, horizon: Horizon) -> Forms:
        """``bounds.bound_box`` by what serves now, for this horizon or the same under other weights."""
        parted, potentials = self._parted_of(horizon), self._serving()

        def form(box: Bools, shares: Array) -> Separable:
            nonlocal parted, potentials
            self._count(box)
            if parted.whole != self._parted.whole:  # another kernel serves now; what it keeps goes with this horizon
                parted, potentials = self._parted_of(horizon), self._serving()
            return bound_box(parted, box, shares, potentials)

        return form

    def _parted_of(self, horizon: Horizon) -> Parted:
        return Parted(horizon, self._parted.whole, self._parted.width)

    def _count(self, box: Bools) -> None:
        h, tuning, before = self._parted.horizon, self._tuning, self._read
        calls = h.months * len(self._parted.parts) * tuning.call_numbers
        self._read += calls + float(box.sum()) * h.months / h.stages * h.types * h.classes
        for most, compiling in ((tuning.loaded_numbers, False), (tuning.compiled_numbers, True)):
            if before < most <= self._read and self._serving is _numpy:
                self._load(compiling)

    def _load(self, compiling: bool) -> None:
        """Take compiled loops where there are any, and where they are on disk or may be compiled."""
        if self._deadline is not None and time.monotonic() + self._tuning.loading_seconds > self._deadline:
            return
        compiled = _compiled()
        serves = compiled is not None and compiled.serves(self._parted.horizon)
        if compiled is not None and serves and (compiled.on_disk() or (compiling and self._deadline is None)):
            if not compiled.on_disk():
                notices.tell(COMPILING)
            self._serving = compiled
            self._parted = Parted(self._parted.horizon, self._tuning.compiled_whole, self._tuning.compiled_width)
