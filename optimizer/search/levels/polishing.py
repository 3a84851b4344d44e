"""Two plans moved at once: where conditions bind, a menu that no single move betters may still be bettered so."""

from __future__ import annotations

import itertools

import numpy as np

from optimizer.search.levels.enumeration import best_of_menus
from optimizer.search.levels.run import MenuRun
from optimizer.typing import Ints


def polish(run: MenuRun) -> None:
    """Move two plans of the incumbent by some levels, as long as that betters it."""
    tuning, layout, tree = run.tuning, run.layout, run.tree
    each = layout.plans * layout.weight.shape[1] * len(layout.rows.fixed)
    pairs = max(1, layout.plans * (layout.plans - 1) // 2)
    reach = int(min(tuning.polish_levels, 0.5 * ((tuning.polish_numbers / each / pairs) ** 0.5 - 1.0)))
    for _ in range(tuning.polish_moves if reach > 0 else 0):
        best = tree.incumbent
        if best is None or best == run.polished or tree.clock.stop():
            return
        menus = pair_moves(run.whole, layout.columns(best.menu), reach)
        tree.incumbent = best_of_menus(layout, run.truth, menus, best.mix, best, tuning.chunk_numbers)
        run.polished = best


def pair_moves(box: tuple[Ints, ...], menu: Ints, reach: int) -> Ints:
    """(n, J) the menu with the columns of two plans at most ``reach`` places from where they stand."""
    near = []
    for column, columns in zip(menu, box, strict=True):
        at = int(np.searchsorted(columns, column))
        near.append(columns[max(0, at - reach) : at + reach + 1])
    parts = []
    for j, k in itertools.combinations(range(len(menu)), 2):
        moved = np.tile(menu, (len(near[j]) * len(near[k]), 1))
        moved[:, j] = np.repeat(near[j], len(near[k]))
        moved[:, k] = np.tile(near[k], len(near[j]))
        parts.append(moved)
    return np.concatenate(parts) if parts else np.empty((0, len(menu)), dtype=np.intp)
