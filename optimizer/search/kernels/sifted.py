"""``levels.sifting.sift`` in compiled loops, one menu after the other. Imports numba."""

from __future__ import annotations

import numpy as np

from optimizer.search.kernels.compiled import loop


@loop
def sift(table, first, order, budgets, totals, counts, most, nodes):  # type: ignore[no-untyped-def]
    """(n, J) rows of ``table`` of the menus that no sieve settles, and the largest bound of those settled.

    ``table``: (N, K) deficits, plan after plan; ``order``: (J,) plans, the shortest first. See :func:`left_over`.
    """
    plans, size = len(order), 0
    rows, edges = np.empty(len(table), dtype=np.intp), np.zeros(plans + 1, dtype=np.intp)
    for p in range(plans):
        begin, end = first[order[p]], first[order[p] + 1]
        rows[size : size + end - begin] = begin + np.argsort(table[begin:end, 0], kind="mergesort")
        size += end - begin
        edges[p + 1] = size
    found, count, settled = left_over(table[rows], edges, budgets, totals, counts, most, nodes)
    picks = np.empty((count, plans), dtype=np.intp)
    for n in range(count):
        for p in range(plans):
            picks[n, order[p]] = rows[edges[p] + found[n, p]]
    return picks, settled


@loop
def _least_rest(table, first):  # type: ignore[no-untyped-def]
    """(J + 1, K) least deficits of all plans from one on, per sieve."""
    plans, sieves = len(first) - 1, table.shape[1]
    rest = np.zeros((plans + 1, sieves))
    for j in range(plans - 1, -1, -1):
        for k in range(sieves):
            least = np.inf
            for row in range(first[j], first[j + 1]):
                least = min(least, table[row, k])
            rest[j, k] = rest[j + 1, k] + least
    return rest


@loop
def left_over(  # type: ignore[no-untyped-def]
    table, first, budgets, totals, counts, most, nodes
):
    """(most, J) positions in ``table`` within each plan of the menus that no sieve settles, depth first; how many; and
    the largest bound of those settled (see ``sifting``), inf beyond ``most`` menus or ``nodes`` parts of menus.

    ``table``: (N, K) deficits of the sieves, plan after plan, rising by the first sieve within a plan; ``first``:
    (J + 1,) where each plan begins; ``budgets``, ``totals``: (K,); ``counts``: (K,) whether settled menus count.
    """
    plans, sieves = len(first) - 1, len(budgets)
    rest = _least_rest(table, first)
    found = np.empty((most, plans), dtype=np.intp)
    spent = np.zeros((plans + 1, sieves))
    at = np.zeros(plans, dtype=np.intp)
    size, looked, settled, j = 0, 0, -np.inf, 0
    while j >= 0:
        if at[j] == first[j + 1] - first[j]:
            at[j] = 0
            j -= 1
            if j >= 0:
                at[j] += 1
            continue
        looked += 1
        if looked > nodes:
            return found, 0, np.inf
        row = first[j] + at[j]
        passes, possible, least = True, True, np.inf
        for k in range(sieves):
            value = spent[j, k] + table[row, k] + rest[j + 1, k]
            if value >= budgets[k]:
                passes = False
                if not counts[k]:
                    possible = False
            if counts[k]:
                least = min(least, totals[k] - value)
        if not passes:
            last = spent[j, 0] + table[row, 0] + rest[j + 1, 0]
            if last >= budgets[0]:  # and so do all further levels: the first sieve alone speaks for them
                if counts[0]:
                    settled = max(settled, totals[0] - last)
                at[j] = first[j + 1] - first[j]
            else:
                if possible:
                    settled = max(settled, least)
                at[j] += 1
            continue
        for k in range(sieves):
            spent[j + 1, k] = spent[j, k] + table[row, k]
        if j < plans - 1:
            j += 1
            continue
        if size == most:
            return found, 0, np.inf
        for k in range(plans):
            found[size, k] = at[k]
        size += 1
        at[j] += 1
    return found, size, settled
