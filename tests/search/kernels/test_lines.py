"""The figures along one plan's levels are those of numpy."""

from __future__ import annotations

from dataclasses import replace

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


def test_types_that_a_plan_does_not_meet_count_once(instances):
    drawn = instances.draw(3, types=6, plans=3, levels=5, mixes=1, limits="r")
    blind = [w.copy() for w in drawn.instance.attraction]
    blind[1][[0, 1, 4, 5]] = 0.0
    seen = replace(drawn.instance, attraction=tuple(blind), denominators=tuple(blind))
    whole = prepare(seen, drawn.aim, drawn.limits)
    narrow = replace(whole, types=(slice(None), slice(2, 4), slice(None)))
    menus = np.stack([c[:1] for c in whole.column], axis=1)
    for plan in range(3):
        given = (whole.rows, menus, np.zeros(1, dtype=np.intp), plan, np.sort(whole.column[plan]))
        wanted = line_values(whole, *given)
        for layout in (whole, narrow):
            np.testing.assert_allclose(
                CompiledKernel().line_values(layout, *given), wanted, rtol=1e-11, err_msg=str(plan)
            )
