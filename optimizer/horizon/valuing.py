"""``continuing.continuing_values`` in compiled loops, of a box's columns alone. Imports numba."""

from __future__ import annotations

import numpy as np

from optimizer.horizon.tables import PathTables, loop, stage_of
from optimizer.typing import Array, Bools


@loop
def _nearest(tab: PathTables, pair: int, stage: int, box: Bools, p: int, column: int) -> int:
    # pragma: no cover - compiled
    """The column of the box after column p with the fewest levels to another."""
    found, least = column, -1
    for m in range(tab.out_first[pair, p], tab.out_first[pair, p + 1]):
        q = tab.arc_target[pair, tab.out_arc[pair, m]]
        if box[stage + 1, q]:
            away = 0
            for place in range(tab.begin[q + 1] - tab.begin[q]):
                away += abs(tab.level[tab.begin[q] + place] - tab.level[tab.begin[column] + place])
            if least < 0 or away < least:
                found, least = q, away
    return found


@loop
def _leaving(
    tab: PathTables, stage: int, box: Bools, shares: Array, entering: Array, leaving: Array
) -> None:  # pragma: no cover - compiled
    """What customers on every column are worth after a stage."""
    pair = stage_of(tab.listed, stage)
    for g in range(len(tab.first) - 1):
        for column in range(tab.first[g], tab.first[g + 1]):
            share = shares[stage + 1, column]
            if share > 0.0:
                for p in range(tab.first[g], tab.first[g + 1]):
                    if box[stage, p]:
                        q = _nearest(tab, pair, stage, box, p, column) if tab.listed[pair, p] else column
                        for place in range(tab.begin[p + 1] - tab.begin[p]):
                            e, f = tab.begin[p] + place, tab.begin[q] + place
                            for w in range(tab.start.shape[1]):
                                leaving[stage, e, w] += share * entering[stage + 1, f, w]


@loop
def _gains(tab: PathTables, t: int, box: Bools, gain: Array, entering: Array) -> None:  # pragma: no cover - compiled
    """A month's reward on every column of the box, and the value after it."""
    k, width = tab.stage[t], gain.shape[2]
    for q in range(box.shape[1]):
        if box[k, q]:
            for e in range(tab.begin[q], tab.begin[q + 1]):
                for w in range(width):
                    gain[t, e, w] = tab.reward[t, e, w] + entering[k, e, w]


@loop
def _deciders(
    tab: PathTables, t: int, shares: Array, gain: Array, outside: Array, decider: Array
) -> None:  # pragma: no cover - compiled
    """What deciders of every class are worth along the mixed path."""
    (classes, width), k = decider.shape[1:], tab.stage[t]
    s, total = stage_of(tab.weight, k), np.zeros((2, width))
    for c in range(classes):
        for w in range(width):
            total[0, w] = tab.outside_weight[t, c, w]
            total[1, w] = total[0, w] * outside[w]
        for q in range(shares.shape[1]):
            share = shares[k, q]
            if share > 0.0:
                for e in range(tab.begin[q], tab.begin[q + 1]):
                    for w in range(width):
                        a = share * tab.weight[s, c, e, w]
                        total[0, w] += a
                        total[1, w] += a * gain[t, e, w]
        for w in range(width):
            decider[t, c, w] = total[1, w] / total[0, w]


@loop
def _before(
    tab: PathTables, t: int, box: Bools, gain: Array, outside: Array, decider: Array, entering: Array
) -> None:  # pragma: no cover - compiled
    """What customers on every column of the box are worth before the month."""
    k, width = tab.stage[t], gain.shape[2]
    r = stage_of(tab.rate, k)
    for q in range(box.shape[1]):
        if box[k, q]:
            for e in range(tab.begin[q], tab.begin[q + 1]):
                j = tab.row[e]
                for w in range(width):
                    rho, more = tab.rate[r, e, w], tab.brings[j, w] * outside[w]
                    entering[k, e, w] = (1.0 - rho) * gain[t, e, w] + rho * decider[t, tab.origin[j], w] + more


@loop
def value(
    tab: PathTables, box: Bools, shares: Array, gain: Array, decider: Array, entering: Array, leaving: Array
) -> float:  # pragma: no cover - compiled
    """Fills gains (T, E, W), values of deciders (T, C, W), and of customers at both ends of a stage (K, E, W); returns
    the constant."""
    width = tab.start.shape[1]
    constant, outside = 0.0, np.zeros(width)
    for t in range(len(tab.stage) - 1, -1, -1):
        k = tab.stage[t]
        if t + 1 == len(tab.stage) or tab.stage[t + 1] != k:
            if k + 1 < len(box):
                _leaving(tab, k, box, shares, entering, leaving)
            entering[k] = leaving[k]
        _gains(tab, t, box, gain, entering)
        _deciders(tab, t, shares, gain, outside, decider)
        _before(tab, t, box, gain, outside, decider, entering)
        for w in range(width):
            rho, own, later = tab.outside_rate[w], decider[t, tab.origin[0], w], outside[w]
            constant += tab.entrants[t, w] * own + tab.base[t, w] * later
            outside[w] = (1.0 - rho) * later + rho * own + tab.brings[0, w] * later
    for w in range(width):
        constant += outside[w] * tab.start[0, w]
    return constant
