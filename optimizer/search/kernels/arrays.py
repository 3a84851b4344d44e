"""The kernel in numpy: nothing to load, but every step passes over its arrays once more."""

from __future__ import annotations

from collections.abc import Sequence

from optimizer.search.kernels.kernel import patience_within
from optimizer.search.levels.ascent import line_values
from optimizer.search.levels.bounds import BoxBound, Form, Reference, bound_box
from optimizer.search.levels.layout import Layout, Rows
from optimizer.search.levels.pairs import bound_pairs
from optimizer.search.levels.sifting import Sieve, join, sift
from optimizer.search.levels.wide import WideBounds, is_wide
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Array, Ints


class NumpyKernel:
    """Meets :class:`~optimizer.search.kernels.kernel.Kernel`."""

    def __init__(self, tuning: Tuning = DEFAULT) -> None:
        self._tuning = tuning
        self._wide = WideBounds(tuning.wide_tables)

    def bound(
        self, layout: Layout, form: Form, box: tuple[Ints, ...], mix: int, reference: Reference,
        spans: Array | None = None,
    ) -> BoxBound:  # fmt: skip
        """See ``levels.bounds.bound_box``, and ``levels.wide`` where a plan has very many levels, without spans."""
        if reference.slopes is not None:
            return bound_pairs(layout, form, box, mix, reference, spans, sweeps=self._tuning.pair_sweeps)
        if is_wide(box, self._tuning.wide_levels):
            return self._wide.bound(layout, form, box, mix, reference)
        return bound_box(layout, form, box, mix, reference, self._tuning.plans_at_once, spans)

    def sift(self, box: tuple[Ints, ...], sieves: Sequence[Sieve], thorough: bool) -> tuple[Ints, float] | None:
        """Plan by plan; where that leaves too many parts and ``thorough`` asks for it, by joining half menus."""
        tuning = self._tuning
        left = sift(box, sieves, tuning.sifted_parts, tuning.sifted_wider)
        return join(box, sieves, tuning.joined_menus) if left is None and thorough else left

    def patience(self, numbers: int) -> int:
        """See ``Tuning.numpy_patience``."""
        tuning = self._tuning
        return patience_within(numbers, tuning.numpy_patience, tuning.numpy_patience_numbers, tuning.least_patience)

    def lowering(self) -> None:
        """Arrays gain nothing by it."""

    def line_values(self, layout: Layout, rows: Rows, menus: Ints, mixes: Ints, plan: int, columns: Ints) -> Array:
        """See ``levels.ascent.line_values``."""
        return line_values(layout, rows, menus, mixes, plan, columns)
