"""What holds at the start of a stage, in compiled loops: customers, and the weight of its menus. Imports numba."""

from __future__ import annotations

from optimizer.horizon.tables import FAR, PathTables, loop, stage_of
from optimizer.typing import Array, Bools


@loop
def enter(tab: PathTables, stage: int, box: Bools, state: Array, was: Array) -> None:  # pragma: no cover - compiled
    """Customers (2, E, W), (least, most), at the start of a stage."""
    width, pair = tab.start.shape[1], stage - 1 if len(tab.before_set) > 1 else 0
    was[:] = state
    for g in range(len(tab.first) - 1):
        done, like = -1, 0
        for q in range(tab.first[g], tab.first[g + 1]):
            if not box[stage, q]:
                continue
            came = tab.before_set[pair, q]
            for r in range(tab.begin[q + 1] - tab.begin[q]):
                e = tab.begin[q] + r
                if stage == 0:
                    for w in range(width):
                        state[0, e, w] = state[1, e, w] = tab.start[tab.row[e], w]
                elif came == done:
                    for side in range(2):
                        for w in range(width):
                            state[side, e, w] = state[side, tab.begin[like] + r, w]
                else:
                    for w in range(width):
                        state[0, e, w], state[1, e, w] = FAR, -FAR
                    for m in range(tab.before_first[pair, came], tab.before_first[pair, came + 1]):
                        p = tab.before[m]
                        if p < box.shape[1] and box[stage - 1, p]:
                            for w in range(width):
                                state[0, e, w] = min(state[0, e, w], was[0, tab.begin[p] + r, w])
                                state[1, e, w] = max(state[1, e, w], was[1, tab.begin[p] + r, w])
            done, like = came, q


@loop
def weigh(tab: PathTables, stage: int, box: Bools, hull: Array, others: Array) -> None:  # pragma: no cover - compiled
    """(2, G, C, W) (most, least) choice weight of every group in a stage, and of all other groups: summed, as
    differences would lose small weights beside large ones."""
    _, groups, classes, width = hull.shape
    s = stage_of(tab.weight, stage)
    for g in range(groups):
        for c in range(classes):
            for w in range(width):
                hull[0, g, c, w], hull[1, g, c, w] = -FAR, FAR
            for q in range(tab.first[g], tab.first[g + 1]):
                if box[stage, q]:
                    for w in range(width):
                        hull[0, g, c, w] = max(hull[0, g, c, w], tab.together[s, c, q, w])
                        hull[1, g, c, w] = min(hull[1, g, c, w], tab.together[s, c, q, w])
    others[:] = 0.0
    for side in range(2):
        for g in range(groups):
            for other in range(groups):
                if other != g:
                    for c in range(classes):
                        for w in range(width):
                            others[side, g, c, w] += hull[side, other, c, w]
