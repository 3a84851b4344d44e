"""Kept menus over draws of all that is assumed: by evaluation alone, so quick enough for every report."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from optimizer.answer.ranges import FigureRange, MenuRanges
from optimizer.errors import InputError

if TYPE_CHECKING:
    from optimizer.execution.executor import Executor
    from optimizer.model.case_model import CaseModel
    from optimizer.model.choices import Menu

DRAWS, SEED = 30, 1
TOLD = ("contribution_margin", "revenue", "market_share")


def menu_ranges(
    m: CaseModel, menus: Sequence[Menu], figures: Sequence[str], draws: int = DRAWS, executor: Executor | None = None
) -> tuple[MenuRanges, ...]:
    """The range of each figure at each menu; empty where nothing is uncertain or too few draws fit the evidence.

    executor: where points are tried; by default here.
    """
    import numpy as np

    from optimizer.execution.executor import SerialExecutor
    from optimizer.model.case_model import vary
    from optimizer.model.measures import condition_factors
    from optimizer.uncertainty.drawing import market_draws
    from optimizer.uncertainty.sampling import uncertain_numbers
    from optimizer.uncertainty.telling import condition_met, spread

    if draws < 1 or not menus or not uncertain_numbers(m.inputs.market):
        return ()
    try:
        drawn = market_draws(m, draws, SEED, executor or SerialExecutor())
    except InputError:
        return ()
    values = np.zeros((drawn.count, len(menus), len(figures)))
    held = np.zeros((drawn.count, len(menus)))
    for s in range(drawn.count):
        varied = vary(m, drawn.at(s))
        asked = varied.inputs.case.conditions
        factors = condition_factors(varied.inputs.case, varied.today.figure)
        for k, menu in enumerate(menus):
            there = varied.evaluate(varied.carried(menu, m))
            values[s, k] = [there.figure(name) for name in figures]
            held[s, k] = all(condition_met(c, factor, there) for c, factor in zip(asked, factors, strict=True))
    shares = drawn.weights @ held / drawn.weights.sum()
    return tuple(
        MenuRanges(drawn.count, {
            name: FigureRange(found.p10, found.p50, found.p90)
            for n, name in enumerate(figures)
            for found in [spread(values[:, k, n], drawn.weights)]
        }, float(shares[k]))
        for k in range(len(menus))
    )  # fmt: skip
