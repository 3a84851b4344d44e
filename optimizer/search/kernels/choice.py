"""The one place that chooses a kernel: numpy first, compiled loops once a search has read many numbers."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING

from optimizer.execution.notices import COMPILING, notices
from optimizer.search.kernels.arrays import NumpyKernel
from optimizer.search.kernels.kernel import Kernel, Lower, numbers_read
from optimizer.search.levels.bounds import BoxBound, Form, Reference
from optimizer.search.levels.layout import Layout, Rows
from optimizer.search.levels.sifting import Sieve
from optimizer.search.levels.wide import is_wide
from optimizer.search.tuning import DEFAULT, Tuning
from optimizer.typing import Array, Ints

if TYPE_CHECKING:
    from optimizer.search.kernels.loops import CompiledKernel


@cache
def _compiled() -> type[CompiledKernel] | None:
    """None without numba. Loading it takes a third of a second, so only long searches come here."""
    try:
        from optimizer.search.kernels.loops import CompiledKernel
    except (ImportError, RuntimeError):  # not installed, or nowhere to keep what it compiles
        return None
    CompiledKernel.forget_unreadable()
    return CompiledKernel


def load(compiling: bool = True) -> bool:
    """Load the compiled loops ahead of the first long search; compiles them once per installation, some seconds.

    Returns whether they are loaded: False without numba, and where not all were compiled before and not ``compiling``.
    """
    compiled = _compiled()
    if compiled is None or not (compiling or compiled.on_disk()):
        return False
    compiled.compile_all()
    return True


class ChosenKernel:
    """The kernel of one search; meets :class:`~optimizer.search.kernels.kernel.Kernel`.

    The choice follows from the numbers that were read, not from the clock: the same input gives the same answer. Under
    a ``deadline`` (in ``time.monotonic()`` seconds), where that cannot be promised anyway, loops that would first have
    to be compiled are left alone.
    """

    def __init__(self, tuning: Tuning = DEFAULT, deadline: float | None = None) -> None:
        self._tuning = tuning
        self._deadline = deadline
        self._kernel: Kernel = NumpyKernel(tuning)
        self._read = 0

    def expect(self, layout: Layout, box: tuple[Ints, ...]) -> None:
        """Take to compiled loops at once where the bounds of this box, the whole problem, will read enough numbers."""
        sure = self._tuning.sure_bounds * numbers_read(layout, box, self._tuning.counted_levels)
        if sure >= self._tuning.compiled_numbers and not is_wide(box, self._tuning.wide_levels):
            self._count(sure)

    def bound(
        self, layout: Layout, form: Form, box: tuple[Ints, ...], mix: int, reference: Reference,
        spans: Array | None = None,
    ) -> BoxBound:  # fmt: skip
        """By the kernel that serves now."""
        self._count(numbers_read(layout, box, self._tuning.counted_levels))
        return self._kernel.bound(layout, form, box, mix, reference, spans)

    def sift(self, box: tuple[Ints, ...], sieves: Sequence[Sieve], thorough: bool) -> tuple[Ints, float] | None:
        """By the kernel that serves now."""
        return self._kernel.sift(box, sieves, thorough)

    def patience(self, numbers: int) -> int:
        """Of the kernel that serves now."""
        return self._kernel.patience(numbers)

    def lowering(self) -> Lower | None:
        """Of the kernel that serves now."""
        return self._kernel.lowering()

    def line_values(self, layout: Layout, rows: Rows, menus: Ints, mixes: Ints, plan: int, columns: Ints) -> Array:
        """By the kernel that serves now."""
        return self._kernel.line_values(layout, rows, menus, mixes, plan, columns)

    def _count(self, numbers: int) -> None:
        before = self._read
        self._read += max(numbers, self._tuning.bound_numbers)
        if before < self._tuning.compiled_numbers <= self._read and (compiled := self._loops()) is not None:
            self._kernel = compiled(self._tuning)

    def _loops(self) -> type[CompiledKernel] | None:
        if self._deadline is None:
            compiled = _compiled()
            if compiled is not None and not compiled.on_disk():
                notices.tell(COMPILING)
            return compiled
        if time.monotonic() + self._tuning.loading_seconds > self._deadline:
            return None
        compiled = _compiled()
        return compiled if compiled is not None and compiled.on_disk() else None
