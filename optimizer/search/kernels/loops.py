"""The kernel in compiled loops, for searches that read many numbers. Imports numba."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba.core.registry import cpu_target

from optimizer.search.kernels import compiled, compiled_pairs
from optimizer.search.kernels.kernel import patience_within
from optimizer.search.levels.bounds import BoxBound, Form, Reference
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.sifting import Sieve, side_by_side
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Array, Ints

CALLED = (
    compiled.weight_sums, compiled._bound, compiled._around, compiled._potentials, compiled._finished,
    compiled.left_over, compiled_pairs._bound_pairs,
)  # fmt: skip
"""The loops that Python calls."""


def compiled_before(loop: Any) -> bool:
    """Whether this processor's code of a loop is there, in this process or in numba's index of what it keeps."""
    if loop.signatures:
        return True
    try:
        kept = loop._cache._cache_file._load_index()
        machine = cpu_target.target_context.codegen().magic_tuple()
    except Exception:  # another numba, or an index that cannot be read: unpickling raises whatever it comes upon
        return False
    return any(key[1] == machine for key in kept)


def forget_unreadable(loop: Any) -> bool:
    """Empty a loop's index on disk where it cannot be read, as after an upgrade in place; whether it was.

    numba reads the index before it asks whether it is of this version: names that are gone then raise.
    """
    try:
        loop._cache._cache_file._load_index()
    except OSError:  # nowhere to keep it: numba copes
        return False
    except Exception:  # whatever unpickling comes upon
        try:
            loop._cache.flush()
        except (AttributeError, OSError):
            return False
        return True
    return False


class CompiledKernel:
    """Meets :class:`~optimizer.search.kernels.kernel.Kernel`; keeps what the next bound of the same box needs again."""

    def __init__(self, tuning: Tuning = DEFAULT) -> None:
        self._tuning = tuning
        self._tables: tuple[Layout, int, compiled.Tables] | None = None
        self._box: tuple[Layout, tuple[Ints, ...], list[int], Any, compiled.Sums] | None = None

    def bound(
        self, layout: Layout, form: Form, box: tuple[Ints, ...], mix: int, reference: Reference,
        spans: Array | None = None,
    ) -> BoxBound:  # fmt: skip
        """As ``levels.bounds.bound_box``, up to rounding."""
        if self._tables is None or self._tables[0] is not layout or self._tables[1] != mix:
            rows = layout.rows
            per_row = [np.ascontiguousarray(part[:, mix]) for part in (rows.offset, layout.magnitude)]
            tables = (layout.weight, rows.matrix, rows.outside, rows.fixed, *per_row, layout.customers[mix])
            self._tables = (layout, mix, compiled.Tables(*tables))
        if self._box is None or self._box[1] is not box or self._box[0] is not layout:
            edges = [0, *itertools.accumulate(map(len, box))]
            inside = (np.concatenate(box), np.array(edges))
            self._box = (layout, box, edges, inside, compiled.weight_sums(layout.weight, *inside))
        edges, inside, sums = self._box[2:]
        shift = reference.shift if reference.shift is not None else np.empty((0, layout.weight.shape[1]))
        confined = np.empty((0, layout.weight.shape[1])) if spans is None else spans
        center = np.ascontiguousarray(reference.columns)
        question = compiled.Question(form.weights, form.shift, form.size, inside[0], inside[1], center, shift, confined)
        if reference.slopes is not None:
            sweeps = self._tuning.pair_sweeps
            total, flat, *rest, held = compiled_pairs.bound_pairs(
                self._tables[2], question, sums, reference.slopes, sweeps
            )
            parts = [tuple(table[a:b] for a, b in itertools.pairwise(edges)) for table in (flat, held)]
            return BoxBound(total, parts[0], *rest, parts[1])
        total, flat, *rest = compiled.bound(self._tables[2], question, sums, self._tuning.shared_numbers)
        return BoxBound(total, tuple(flat[a:b] for a, b in itertools.pairwise(edges)), *rest)

    def sift(self, box: tuple[Ints, ...], sieves: Sequence[Sieve], thorough: bool) -> tuple[Ints, float] | None:
        """As ``levels.sifting.sift``, one menu after the other: quick enough to be as thorough as it can always."""
        plans = sorted(range(len(box)), key=lambda j: (len(box[j]), j))
        orders = [np.argsort(sieves[0].deficits[j], kind="stable") for j in plans]
        table = np.concatenate(
            [np.stack([s.deficits[j][o] for s in sieves], axis=1) for j, o in zip(plans, orders, strict=True)]
        )
        first = np.cumsum([0, *(len(o) for o in orders)])
        most = (self._tuning.sifted_parts, self._tuning.sifted_nodes)
        picks, size, settled = compiled.left_over(table, first, *side_by_side(sieves), *most)
        if settled == np.inf:
            return None
        picks = picks[:size]
        menus = np.empty((size, len(box)), dtype=np.intp)
        for k, (j, order) in enumerate(zip(plans, orders, strict=True)):
            menus[:, j] = box[j][order[picks[:, k]]]
        return menus, settled

    def patience(self, numbers: int) -> int:
        """See ``Tuning.compiled_patience``."""
        tuning = self._tuning
        return patience_within(
            numbers, tuning.compiled_patience, tuning.compiled_patience_numbers, tuning.least_patience
        )

    @staticmethod
    def on_disk() -> bool:
        """Whether every loop was compiled before, so that it need only be loaded; compiling takes some 12 s."""
        return all(compiled_before(loop) for loop in CALLED)

    @staticmethod
    def forget_unreadable() -> None:
        """A broken index counts as none: its loops are compiled anew."""
        inner = [f for f in (*vars(compiled).values(), *vars(compiled_pairs).values()) if hasattr(f, "signatures")]
        for loop in inner:
            forget_unreadable(loop)

    @staticmethod
    def compile_all() -> None:
        """Call every loop once, which compiles what is not compiled yet."""
        one, columns, first = np.ones(1), np.zeros(1, dtype=np.intp), np.array([0, 1])
        tables = compiled.Tables(np.ones((1, 1)), np.ones((1, 1, 1)), np.ones((1, 1)), np.ones((1, 1)), one, one, one)
        question = compiled.Question(one, 0.0, 0.0, columns, first, columns, *np.empty((2, 0, 1)))
        compiled.bound(tables, question, compiled.weight_sums(tables.weight, columns, first), 1)
        compiled.bound(tables, question, compiled.weight_sums(tables.weight, columns, first), 100)
        compiled.left_over(np.ones((1, 1)), first, one, one, np.ones(1, dtype=np.bool_), 1, 1)
        sums = compiled.weight_sums(tables.weight, columns, first)
        compiled_pairs.bound_pairs(tables, question, sums, one, 1)
