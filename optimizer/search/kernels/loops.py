"""Where the compiled loops are used: bounds as by ``bounds.bound_box``, sifting as by ``sifting.sift``."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from functools import cache
from types import ModuleType
from typing import Any

import numpy as np

from optimizer.search.levels.bounds import BoxBound, Form, Reference
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.sifting import Sieve, side_by_side
from optimizer.typing import Ints

NODES = 2_000_000
"""Parts of menus looked at while sifting."""


@cache
def _compiled() -> ModuleType | None:
    try:
        from optimizer.search.kernels import compiled
    except (ImportError, RuntimeError):  # not installed, or nowhere to keep what it compiles
        return None
    return compiled


def load() -> bool:
    """Load the compiled loops ahead of the first long search; compiles them once per installation, some seconds.

    Returns whether there are any: False without numba.
    """
    module = _compiled()
    if module is None:
        return False
    one, columns, first = np.ones(1), np.zeros(1, dtype=np.intp), np.array([0, 1])
    tables = module.Tables(np.ones((1, 1)), np.ones((1, 1, 1)), np.ones((1, 1)), np.ones((1, 1)), one, one, one)
    question = module.Question(one, 0.0, 0.0, columns, first, columns, np.empty((0, 1)))
    module.bound(tables, question, module.weight_sums(tables.weight, columns, first))
    module.left_over(np.ones((1, 1)), first, one, one, np.ones(1, dtype=np.bool_), 1, 1)
    return True


class Loops:
    """The compiled loops of one search, with what the last bound needs again."""

    def __init__(self, module: ModuleType) -> None:
        self._module = module
        self._tables: tuple[Layout, int, Any] | None = None
        self._box: tuple[Layout, tuple[Ints, ...], list[int], Any, Any] | None = None

    @classmethod
    def if_installed(cls) -> Loops | None:
        """None without numba."""
        module = _compiled()
        return None if module is None else cls(module)

    def bound(self, layout: Layout, form: Form, box: tuple[Ints, ...], mix: int, reference: Reference) -> BoxBound:
        """As ``bounds.bound_box``, up to rounding."""
        if self._tables is None or self._tables[0] is not layout or self._tables[1] != mix:
            rows = layout.rows
            per_row = [np.ascontiguousarray(part[:, mix]) for part in (rows.offset, layout.magnitude)]
            tables = (layout.weight, rows.matrix, rows.outside, rows.fixed, *per_row, layout.customers[mix])
            self._tables = (layout, mix, self._module.Tables(*tables))
        if self._box is None or self._box[1] is not box or self._box[0] is not layout:
            edges = [0, *itertools.accumulate(map(len, box))]
            inside = (np.concatenate(box), np.array(edges))
            self._box = (layout, box, edges, inside, self._module.weight_sums(layout.weight, *inside))
        edges, inside, sums = self._box[2:]
        shift = reference.shift if reference.shift is not None else np.empty((0, layout.weight.shape[1]))
        center = np.ascontiguousarray(reference.columns)
        question = self._module.Question(form.weights, form.shift, form.size, *inside, center, shift)
        total, flat, *rest = self._module.bound(self._tables[2], question, sums)
        return BoxBound(total, tuple(flat[a:b] for a, b in itertools.pairwise(edges)), *rest)

    def sift(self, box: tuple[Ints, ...], sieves: Sequence[Sieve], most: int) -> tuple[Ints, float] | None:
        """As ``sifting.sift``, one menu after the other; None beyond ``most`` menus or ``NODES`` parts of menus."""
        plans = sorted(range(len(box)), key=lambda j: (len(box[j]), j))
        orders = [np.argsort(sieves[0].deficits[j], kind="stable") for j in plans]
        table = np.concatenate(
            [np.stack([s.deficits[j][o] for s in sieves], axis=1) for j, o in zip(plans, orders, strict=True)]
        )
        first = np.cumsum([0, *(len(o) for o in orders)])
        picks, size, settled = self._module.left_over(table, first, *side_by_side(sieves), most, NODES)
        if settled == np.inf:
            return None
        picks = picks[:size]
        menus = np.empty((size, len(box)), dtype=np.intp)
        for k, (j, order) in enumerate(zip(plans, orders, strict=True)):
            menus[:, j] = box[j][order[picks[:, k]]]
        return menus, settled
