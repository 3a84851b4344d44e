"""The figures along one plan's levels are those of numpy."""

from __future__ import annotations

import numpy as np

from optimizer.search.kernels.loops import CompiledKernel
from optimizer.search.levels.ascent import lagrangian_rows, line_values
from optimizer.search.levels.bounds import make_form
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.multipliers import none


def test_compiled_lines_equal_numpy(assorted, instances):
    kernel = CompiledKernel()
    for seed in range(80):
        drawn = assorted(seed)
        if seed % 10 == 9:
            drawn = instances.with_again(drawn, seed)
        layout = prepare(drawn.instance, drawn.aim, drawn.limits)
        g = np.random.default_rng(seed)
        menus = np.stack([g.choice(c, 4) for c in layout.column], axis=1)
        mixes = g.integers(0, len(layout.customers), 4)
        plan = int(g.integers(layout.plans))
        rows = layout.true_rows if seed % 2 else lagrangian_rows(layout, make_form(layout, none(layout), None))
        asked = (layout, rows, menus, mixes, plan, np.sort(layout.column[plan])[::2])
        slow, fast = line_values(*asked), kernel.line_values(*asked)
        np.testing.assert_allclose(fast, slow, rtol=1e-11, atol=1e-10 * (1.0 + np.abs(slow).max()), err_msg=str(seed))
