"""The kernel in numpy: nothing to load, but every step passes over its arrays once more."""

from __future__ import annotations

from collections.abc import Sequence

from optimizer.search.levels.bounds import BoxBound, Form, Reference, bound_box
from optimizer.search.levels.layout import Layout
from optimizer.search.levels.sifting import Sieve, join, sift
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Ints


class NumpyKernel:
    """Meets :class:`~optimizer.search.kernels.kernel.Kernel`."""

    def __init__(self, tuning: Tuning = DEFAULT) -> None:
        self._tuning = tuning

    def bound(self, layout: Layout, form: Form, box: tuple[Ints, ...], mix: int, reference: Reference) -> BoxBound:
        """See ``levels.bounds.bound_box``."""
        return bound_box(layout, form, box, mix, reference, self._tuning.plans_at_once)

    def sift(self, box: tuple[Ints, ...], sieves: Sequence[Sieve], thorough: bool) -> tuple[Ints, float] | None:
        """Plan by plan; where that leaves too many parts and ``thorough`` asks for it, by joining half menus."""
        t = self._tuning
        left = sift(box, sieves, t.sifted_parts, t.sifted_wider)
        return join(box, sieves, t.joined_menus) if left is None and thorough else left

    def patience(self, numbers: int) -> int:
        """See ``Tuning.numpy_patience``."""
        t = self._tuning
        return max(t.least_patience, min(t.numpy_patience, t.numpy_patience_numbers // max(1, numbers)))
