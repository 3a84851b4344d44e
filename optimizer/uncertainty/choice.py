"""The one place that chooses the loops: compiled where numba is there and a search will read many numbers."""

from __future__ import annotations

import time
from functools import cache
from typing import TYPE_CHECKING

from optimizer.execution.notices import COMPILING, notices
from optimizer.search.tuning import DEFAULT
from optimizer.uncertainty.arrays import NumpyLoops

if TYPE_CHECKING:
    from optimizer.uncertainty.loops import CompiledLoops

BOUNDS = 200
"""Passes over all numbers that a search of any size is expected to take."""


@cache
def _compiled() -> CompiledLoops | None:
    """None without numba, or without a place to keep what it compiles."""
    try:
        from optimizer.uncertainty.loops import CompiledLoops
    except (ImportError, RuntimeError):
        return None
    return CompiledLoops()


def loops_for(numbers: int, deadline: float | None = None) -> NumpyLoops:
    """For a problem of so many numbers. Under a deadline, loops that would first have to be compiled are left alone."""
    if numbers * BOUNDS < DEFAULT.compiled_numbers:
        return NumpyLoops()
    if deadline is not None and time.monotonic() + DEFAULT.loading_seconds > deadline:
        return NumpyLoops()
    compiled = _compiled()
    if compiled is not None and deadline is None and not compiled.on_disk():
        notices.tell(COMPILING)
    return NumpyLoops() if compiled is None or (deadline is not None and not compiled.on_disk()) else compiled


def load() -> bool:
    """Load the compiled loops, compiling them where they are not; False without numba."""
    compiled = _compiled()
    if compiled is not None:
        compiled.compile_all()
    return compiled is not None
