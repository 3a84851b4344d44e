"""The compiled loops of paths, loaded ahead of the first long search."""

from __future__ import annotations

import numpy as np

from optimizer.horizon.problem import HorizonProblem


def load() -> bool:
    """Load the compiled loops, compiling them where they are not; False without numba."""
    try:
        from optimizer.horizon.loops import CompiledPotentials
    except (ImportError, RuntimeError):  # not installed, or nowhere to keep what it compiles
        return False
    one, months = np.ones((1, 2)), np.ones(2)
    horizon = HorizonProblem(
        np.ones((2, 1)), [one], [0.5 * one], [one], months, np.ones((2, 1)), np.ones(1), stage=[0, 1]
    ).horizon
    box = np.ones((horizon.stages, horizon.columns), dtype=np.bool_)
    CompiledPotentials()(horizon, box, box / horizon.columns)
    return True
