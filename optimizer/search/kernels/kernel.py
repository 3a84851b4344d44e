"""What the search asks of its inner loops."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Protocol

from optimizer.search.kernels.asking import BoxAsked, Lowered
from optimizer.search.levels.bounds import BoxBound, Form, Reference
from optimizer.search.levels.layout import Layout, Rows
from optimizer.search.levels.sifting import Sieve
from optimizer.typing import Array, Ints

Lower = Callable[[Sequence[BoxAsked]], list[Lowered]]
"""Boxes side by side; what comes back does not depend on how they ran."""


class Kernel(Protocol):
    """Bounds and sifting. Kernels agree up to rounding, which the slack of the bounds covers."""

    def bound(
        self, layout: Layout, form: Form, box: tuple[Ints, ...], mix: int, reference: Reference,
        spans: Array | None = None,
    ) -> BoxBound:  # fmt: skip
        """The separable bound of a form over a box of columns per plan and spans of sizes; see ``levels.bounds``."""
        ...

    def sift(self, box: tuple[Ints, ...], sieves: Sequence[Sieve], thorough: bool) -> tuple[Ints, float] | None:
        """(n, J) columns of the menus that no sieve settles, and the largest bound of those settled.

        None where those, or what has to be looked at to find them, are too many. ``thorough``: sieves that leave few
        menus only together are worth a longer look.
        """
        ...

    def patience(self, numbers: int) -> int:
        """Bounds to wait for progress in a box of which each reads so many numbers."""
        ...

    def lowering(self) -> Lower | None:
        """The loop of ``levels.lowering`` in one call; None where Python goes through it."""
        ...

    def line_values(self, layout: Layout, rows: Rows, menus: Ints, mixes: Ints, plan: int, columns: Ints) -> Array:
        """See ``levels.ascent.line_values``."""
        ...


def patience_within(numbers: int, most: int, budget: int, least: int) -> int:
    """Bounds that read at most a budget of numbers, each reading so many; between ``least`` and ``most``."""
    return max(least, min(most, budget // max(1, numbers)))


def numbers_read(layout: Layout, box: tuple[Ints, ...], most: float = math.inf) -> int:
    """Entries of the arrays that one bound of a box reads: weights and every row's amounts, by column and type.

    ``most``: levels of a plan that are counted.
    """
    levels = sum(int(min(len(columns), most)) for columns in box)
    return levels * int(layout.weight.shape[1]) * (1 + len(layout.rows.matrix))
