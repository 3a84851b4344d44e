"""``levels.ascent.line_values`` in compiled loops. Imports numba."""

from __future__ import annotations

import numpy as np

from optimizer.search.kernels.compiled import loop


@loop
def line_values(  # type: ignore[no-untyped-def]
    weight, matrix, outside, fixed, offset, people, menus, plan, columns, begin, end
):
    """(B, L, Q) figures of B menus (B, J) with one plan's level replaced by each of L columns.

    ``weight``: (T, I); ``matrix``: (Q, T, I); ``outside``: (Q, I); ``fixed``: (Q, T); ``offset``: (Q, B);
    ``people``: (B, I). ``begin``, ``end``: the range of types outside which the plan is nothing, whatever its level.
    """
    figures, types = outside.shape
    out = np.empty((len(menus), len(columns), figures))
    size, held, level, share = np.empty(types), np.empty((figures, types)), np.empty(figures), np.empty(types)
    for b in range(len(menus)):
        size[:] = 1.0
        held[:], level[:] = outside, offset[:, b]
        for j in range(menus.shape[1]):
            if j == plan:
                continue
            column = menus[b, j]
            w = weight[column]
            for i in range(types):
                size[i] += w[i]
            for q in range(figures):
                row, own = matrix[q, column], held[q]
                for i in range(types):
                    own[i] += row[i]
                level[q] += fixed[q, column]
        for q in range(figures):
            own, total = held[q], 0.0
            for i in range(begin):
                total += people[b, i] / size[i] * own[i]
            for i in range(end, types):
                total += people[b, i] / size[i] * own[i]
            level[q] += total
        for k in range(len(columns)):
            w = weight[columns[k]]
            for i in range(begin, end):
                share[i] = people[b, i] / (size[i] + w[i])
            for q in range(figures):
                row, own, total = matrix[q, columns[k]], held[q], 0.0
                for i in range(begin, end):
                    total += share[i] * (own[i] + row[i])
                out[b, k, q] = total + level[q] + fixed[q, columns[k]]
    return out
