"""``optimizer warm`` leaves no loop to compile, of whatever search."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer import HorizonProblem
from optimizer.horizon import compiled as months
from optimizer.horizon.loops import CompiledPotentials
from optimizer.search.kernels.loops import CALLED, CompiledKernel
from optimizer.uncertainty import loops as draws


def test_warm_compiles_every_loop(call: Any) -> None:
    ran = call("warm")
    assert ran.code == 0 and ran.out.startswith("ready")
    assert CompiledKernel.on_disk() and draws.CompiledLoops.on_disk() and CompiledPotentials.on_disk()
    assert all(loop.signatures for loop in CALLED)


def test_a_path_of_many_bounds_compiles_nothing_more(call: Any) -> None:
    assert call("warm").code == 0
    known = len(months.potentials.signatures)
    g = np.random.default_rng(1)
    problem = HorizonProblem(
        g.random((3, 4)), [g.random((4, 3)) for _ in range(2)], [g.random((4, 3)) for _ in range(2)],
        [g.normal(size=(4, 3)) for _ in range(2)], np.ones(6), np.ones((6, 4)), 0.5 * np.ones(4),
        stage=[0, 0, 1, 1, 2, 2], habit=np.ones((1, 3)), origin=[0, 0, 0],
    )  # fmt: skip
    h = problem.horizon
    box = np.ones((h.stages, h.columns), dtype=np.bool_)
    CompiledPotentials()(h, box, box / h.columns)
    assert len(months.potentials.signatures) == known > 0
