"""What holds between stages, in compiled loops: customers and their worth, the weight of menus. Imports numba."""

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


@loop
def follow(
    tab: PathTables, stage: int, box: Bools, state: Array, entering: Array, leaving: Array, arcs: Array
) -> None:  # pragma: no cover - compiled
    """Potentials of the pairs of a stage's columns and the next one's (2, K-1, A), customers as the stage ends."""
    pair, width = stage_of(tab.arc_source, stage), tab.start.shape[1]
    for a in range(tab.arc_count[pair]):
        p, q = tab.arc_source[pair, a], tab.arc_target[pair, a]
        if box[stage, p] and box[stage + 1, q]:
            total, wide = 0.0, 0.0
            for place in range(tab.begin[p + 1] - tab.begin[p]):
                held, to = tab.begin[p] + place, tab.begin[q] + place
                for w in range(width):
                    n, m = state[0, held, w], state[1, held, w]
                    more = entering[stage + 1, to, w] - leaving[stage, held, w]
                    total += max(more * n, more * m)
                    wide += abs(more * (m - n))
            arcs[0, stage, a] = total
            arcs[1, stage, a] = 0.5 * wide


@loop
def hold(
    tab: PathTables, stage: int, box: Bools, state: Array, entering: Array, leaving: Array, table: Array
) -> None:  # pragma: no cover - compiled
    """Potentials of customers at the start of the first stage, or of one whose pairs are not listed."""
    pair = stage_of(tab.listed, stage - 1) if stage else 0
    for g in range(len(tab.first) - 1):
        if stage and tab.listed[pair, tab.first[g]]:
            continue
        some = tab.first[g]
        while stage and not box[stage - 1, some]:  # what they are worth after the stage before is one for all
            some += 1
        for q in range(tab.first[g], tab.first[g + 1]):
            if box[stage, q]:
                total, wide = 0.0, 0.0
                for place in range(tab.begin[q + 1] - tab.begin[q]):
                    e, f = tab.begin[q] + place, tab.begin[some] + place
                    for w in range(tab.start.shape[1]):
                        n, m = state[0, e, w], state[1, e, w]
                        more = entering[stage, e, w] - (leaving[stage - 1, f, w] if stage else 0.0)
                        total += max(more * n, more * m)
                        wide += abs(more * (m - n))
                table[0, stage, q] += total
                table[1, stage, q] += 0.5 * wide
