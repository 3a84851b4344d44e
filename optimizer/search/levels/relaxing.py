"""A box's shifts and multipliers from its linear relaxation, where steps down a subgradient would be very many.

The bound has as many shifts as there are types and plans; with many plans their subgradients lead to the relaxation's
bound too slowly to be of use, an interior-point method gets there in some 25 steps (``levels.interior``).
"""

from __future__ import annotations

import numpy as np

from optimizer.search.levels.bounds import Multiplier, Reference, make_form, others
from optimizer.search.levels.interior import Relaxation, solve
from optimizer.search.levels.merging import own_values
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.state import OpenBox


def relaxes(run: MenuRun, box: OpenBox) -> bool:
    """Whether a box's shifts come from its relaxation: many plans, few enough equations, and little merged."""
    layout, tuning = box.layout, run.tuning
    if not run.aim or run.layout.plans < tuning.relaxed_plans or np.any(layout.burst > 0.0):
        return False
    if not box.root and (layout.depth > tuning.relaxed_depth or box.menus <= run.box_menus):
        return False
    types, levels = layout.weight.shape[1], max(map(len, box.columns))
    count = 2 * types + layout.limits
    work = layout.plans * levels * (types * levels + count**2 + levels**2) + count**3
    return bool(work <= tuning.relaxed_work)


def relax(run: MenuRun, box: OpenBox) -> bool:
    """Set a box's reference and multiplier to what its relaxation says; False where nothing comes of it."""
    layout, tuning = box.layout, run.tuning
    offset = layout.rows.offset[0, box.mix]
    form = make_form(layout, box.multiplier, None)
    if layout.blocks:
        offset = form.weights @ layout.rows.offset[:, box.mix] + form.shift
    cutoff = run.cutoff(box.multiplier) - offset
    found = solve(
        relaxation(box, form.weights), own_values(layout, form, box.reference), float(cutoff), tuning
    )  # fmt: skip
    if found is None:
        return False
    values, multipliers = found
    rows = box.multiplier.rows if layout.blocks else np.concatenate([[1.0], np.maximum(multipliers, 0.0)])
    box.multiplier = Multiplier(rows, box.multiplier.gpus)
    plain = Reference(box.reference.columns)
    box.reference = plain.moved(values - own_values(layout, make_form(layout, box.multiplier, None), plain))
    return True


def relaxation(box: OpenBox, weights: np.ndarray) -> Relaxation:
    """The linear relaxation of a box; with GPUs that are billed, of the form with these weights of the rows alone."""
    layout, rows = box.layout, box.layout.rows
    most = max(map(len, box.columns))
    at = np.stack([np.pad(columns, (0, most - len(columns)), mode="edge") for columns in box.columns])
    weight = layout.weight[at]
    small = weight + others(weight.min(axis=1))[:, None]
    large = weight + others(weight.max(axis=1))[:, None]
    if box.spans is not None:
        small, large = np.maximum(small, box.spans[0]), np.minimum(large, box.spans[1])
    high = 1.0 / small
    low = np.minimum(1.0 / large, high)
    kept = slice(1, 1 if layout.blocks else 1 + layout.limits)
    aim = weights if layout.blocks else np.eye(len(weights))[0]
    value, fixed = np.tensordot(aim, rows.matrix[:, at], 1), np.tensordot(aim, rows.fixed[:, at], 1)
    return Relaxation(
        weight, value, fixed, aim @ rows.outside, low, high, layout.customers[box.mix], rows.matrix[kept][:, at],
        rows.fixed[kept][:, at], rows.outside[kept], rows.offset[kept, box.mix],
    )  # fmt: skip
