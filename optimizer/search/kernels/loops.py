"""The kernel in compiled loops, for searches that read many numbers. Imports numba."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
from numba.core.registry import cpu_target

from optimizer.search.kernels import compiled, compiled_pairs, lines, lowered, sifted
from optimizer.search.kernels.asking import BoxAsked, Lowered, Priced, StackedMultipliers, effort_of, started
from optimizer.search.kernels.kernel import Lower, patience_within
from optimizer.search.levels.ascent import line_values
from optimizer.search.levels.bounds import BoxBound, Form, Reference
from optimizer.search.levels.layout import Layout, Rows
from optimizer.search.levels.sifting import Sieve, side_by_side
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Array, Ints

CALLED = (
    compiled.weight_sums, compiled._bound, compiled._around, compiled._potentials, compiled._finished,
    sifted.sift, lowered.lower, lines.line_values, compiled_pairs._prepared,
    compiled_pairs.fill, compiled_pairs._concluded,
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


def _all_lowered(tables: Sequence[compiled.Tables], asked: Sequence[BoxAsked]) -> list[Lowered]:
    return [_lowered(table, one) for table, one in zip(tables, asked, strict=True)]


def _lowered(tables: compiled.Tables, one: BoxAsked) -> Lowered:
    layout = one.layout
    spans = np.empty((0, layout.weight.shape[1])) if one.spans is None else one.spans
    priced = Priced(layout.burst, layout.reserved, layout.room, layout.scales, bool(layout.rules))
    return lowered.lower(  # type: ignore[no-any-return]
        tables, priced, one.conditions, one.columns, one.first, one.center, spans, one.course, one.effort,
        float(one.cutoff), float(one.value),
    )  # fmt: skip


def _compile_lowering(tables: compiled.Tables) -> None:
    """Lower a box of one menu, which has nothing left to bound."""
    one, none, columns, first = np.ones(1), np.empty((1, 0)), np.zeros(1, dtype=np.intp), np.array([0, 1])
    priced = Priced(none, none[0], none[0], one, False)
    course = started(1, 1, 1, one, none[0], None, 1.0, None)
    conditions, spans = StackedMultipliers(np.empty((0, 1)), np.empty((0, 0))), np.empty((0, 1))
    effort = effort_of(DEFAULT, 1, 1, False)
    lowered.lower(tables, priced, conditions, columns, first, columns, spans, course, effort, 0.0, 0.0)


def _split(flat: Array, edges: Sequence[int]) -> tuple[Array, ...]:
    return tuple(flat[a:b] for a, b in itertools.pairwise(edges))


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
        tables = self._tables_of(layout, mix)
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
            tuning = self._tuning
            effort = (tuning.pair_sweeps, tuning.shared_numbers, tuning.pair_matrix)
            fields = list(compiled_pairs.bound_pairs(tables, question, sums, reference.slopes, *effort))
            fields[1], fields[-1] = _split(fields[1], edges), _split(fields[-1], edges)
            return BoxBound(*fields)
        total, flat, *rest = compiled.bound(tables, question, sums, self._tuning.shared_numbers)
        return BoxBound(total, _split(flat, edges), *rest)

    def _tables_of(self, layout: Layout, mix: int) -> compiled.Tables:
        if self._tables is None or self._tables[0] is not layout or self._tables[1] != mix:
            rows = layout.rows
            per_row = [np.ascontiguousarray(part[:, mix]) for part in (rows.offset, layout.magnitude)]
            tables = (layout.weight, rows.matrix, rows.outside, rows.fixed, *per_row, layout.customers[mix])
            self._tables = (layout, mix, compiled.Tables(*tables))
        return self._tables[2]

    def lowering(self) -> Lower:
        """See :meth:`lower`."""
        return self.lower

    def lower(self, asked: Sequence[BoxAsked]) -> list[Lowered]:
        """Boxes lowered side by side, in two threads. Each follows from its own numbers alone."""
        tables = [self._tables_of(one.layout, one.mix) for one in asked]
        other = compiled.helper().submit(_all_lowered, tables[1::2], asked[1::2]) if len(asked) > 1 else None
        first = _all_lowered(tables[::2], asked[::2])
        second = [] if other is None else other.result()
        return [(first, second)[k % 2][k // 2] for k in range(len(asked))]

    def sift(self, box: tuple[Ints, ...], sieves: Sequence[Sieve], thorough: bool) -> tuple[Ints, float] | None:
        """As ``levels.sifting.sift``, one menu after the other: quick enough to be as thorough as it can always."""
        order = np.array(sorted(range(len(box)), key=lambda j: (len(box[j]), j)))
        first = np.array([0, *itertools.accumulate(map(len, box))])
        table = np.stack([np.concatenate(s.deficits) for s in sieves], axis=1)
        most = (self._tuning.sifted_parts, self._tuning.sifted_nodes)
        picks, settled = sifted.sift(table, first, order, *side_by_side(sieves), *most)
        return None if settled == np.inf else (np.concatenate(box)[picks], settled)

    def patience(self, numbers: int) -> int:
        """See ``Tuning.compiled_patience``."""
        tuning = self._tuning
        return patience_within(
            numbers, tuning.compiled_patience, tuning.compiled_patience_numbers, tuning.least_patience
        )

    def line_values(self, layout: Layout, rows: Rows, menus: Ints, mixes: Ints, plan: int, columns: Ints) -> Array:
        """As ``levels.ascent.line_values``, up to rounding; by it where figures are not linear."""
        if rows.again:
            return line_values(layout, rows, menus, mixes, plan, columns)
        begin, end, _ = layout.types[plan].indices(layout.weight.shape[1])
        return lines.line_values(  # type: ignore[no-any-return]
            layout.weight, rows.matrix, rows.outside, rows.fixed, rows.offset[:, mixes].copy(),
            layout.customers[mixes], np.ascontiguousarray(menus), plan, columns, begin, end,
        )  # fmt: skip

    @staticmethod
    def on_disk() -> bool:
        """Whether every loop was compiled before, so that it need only be loaded; compiling takes some 12 s."""
        return all(compiled_before(loop) for loop in CALLED)

    @staticmethod
    def forget_unreadable() -> None:
        """A broken index counts as none: its loops are compiled anew."""
        rooms = (compiled, compiled_pairs, lines, lowered, sifted)
        for loop in (f for room in rooms for f in vars(room).values() if hasattr(f, "signatures")):
            forget_unreadable(loop)

    @staticmethod
    def compile_all() -> None:
        """Call every loop once, which compiles what is not compiled yet."""
        one, columns, first = np.ones(1), np.zeros(1, dtype=np.intp), np.array([0, 1])
        tables = compiled.Tables(np.ones((1, 1)), np.ones((1, 1, 1)), np.ones((1, 1)), np.ones((1, 1)), one, one, one)
        question = compiled.Question(one, 0.0, 0.0, columns, first, columns, *np.empty((2, 0, 1)))
        compiled.bound(tables, question, compiled.weight_sums(tables.weight, columns, first), 1)
        compiled.bound(tables, question, compiled.weight_sums(tables.weight, columns, first), 100)
        _compile_lowering(tables)
        single = np.ones((1, 1))
        lines.line_values(
            single, np.ones((1, 1, 1)), single, single, single, single, columns[:, None], 0, columns, 0, 1
        )
        sifted.sift(np.ones((1, 1)), first, columns, one, one, np.ones(1, dtype=np.bool_), 1, 1)
        sums = compiled.weight_sums(tables.weight, columns, first)
        compiled_pairs.bound_pairs(tables, question, sums, one, 1, 2, 2)
