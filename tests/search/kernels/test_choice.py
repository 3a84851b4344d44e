"""Which kernel serves follows from the numbers that were read, and from nothing else."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from optimizer.search import Tuning
from optimizer.search.kernels import ChosenKernel, Kernel, numbers_read
from optimizer.search.kernels.arrays import NumpyKernel
from optimizer.search.kernels.loops import CompiledKernel, compiled_before, forget_unreadable
from optimizer.search.levels.bounds import Multiplier, Reference, make_form
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.sifting import Sieve


@pytest.fixture(scope="module")
def question(instances):
    drawn = instances.draw(3, types=4, plans=3, levels=5, mixes=1, limits="")
    layout = prepare(drawn.instance, drawn.aim)
    box = tuple(np.arange(a, b) for a, b in zip(layout.starts, layout.starts[1:], strict=False))
    form = make_form(layout, Multiplier(np.ones(1), np.zeros(0)), None)
    return layout, form, box, 0, Reference(np.array([c[0] for c in box]))


def bounds_until_compiled(kernel: ChosenKernel, question) -> int:
    """Bounds taken until the compiled loops serve."""
    for number in range(1, 50):
        kernel.bound(*question)
        if isinstance(kernel._kernel, CompiledKernel):
            return number
    raise AssertionError("the compiled loops were never taken to")


def test_numbers_are_those_of_weights_and_amounts(question):
    layout, box = question[0], question[2]
    assert numbers_read(layout, box) == 2 * 4 * layout.starts[-1]
    assert numbers_read(layout, tuple(c[:1] for c in box)) == 2 * 4 * 3


def test_compiled_loops_serve_from_so_many_numbers_on(question):
    numbers = numbers_read(question[0], question[2])
    for wanted in (1, 2, 7):
        kernel = ChosenKernel(Tuning(compiled_numbers=wanted * numbers, bound_numbers=0))
        assert bounds_until_compiled(kernel, question) == wanted
        kernel = ChosenKernel(Tuning(compiled_numbers=wanted * numbers + 1, bound_numbers=0))
        assert bounds_until_compiled(kernel, question) == wanted + 1


def test_small_bounds_count_for_the_calls_around_them(question):
    numbers = numbers_read(question[0], question[2])
    kernel = ChosenKernel(Tuning(compiled_numbers=30 * numbers, bound_numbers=10 * numbers))
    assert bounds_until_compiled(kernel, question) == 3


@pytest.mark.parametrize(
    ("kernel", "most"),
    [
        (NumpyKernel(Tuning(numpy_patience=6, numpy_patience_numbers=1000)), 6),
        (CompiledKernel(Tuning(compiled_patience=6, compiled_patience_numbers=1000)), 6),
    ],
)
def test_patience_shrinks_as_bounds_grow(kernel: Kernel, most: int):
    assert [kernel.patience(n) for n in (0, 1, 166, 167, 250, 251, 400, 10**9)] == [6, 6, 6, 5, 4, 3, 2, 2]
    assert kernel.patience(1) == most


def test_a_search_waits_by_the_kernel_that_serves(question):
    numbers = numbers_read(question[0], question[2])
    tuning = Tuning(compiled_numbers=2 * numbers, bound_numbers=0, numpy_patience=3, compiled_patience=7)
    kernel = ChosenKernel(tuning)
    kernel.bound(*question)
    assert kernel.patience(numbers) == 3
    kernel.bound(*question)
    assert kernel.patience(numbers) == 7


def test_numpy_joins_half_menus_only_where_it_is_to_be_thorough():
    g = np.random.default_rng(1)
    box = tuple(np.arange(6) + 10 * j for j in range(4))
    sieves = [Sieve(5.0, tuple(g.permutation(6) * 1.0 for _ in box), 0.0, k == 0) for k in range(3)]
    kernel = NumpyKernel(Tuning(sifted_parts=3, sifted_wider=1))
    assert kernel.sift(box, sieves, thorough=False) is None
    found = kernel.sift(box, sieves, thorough=True)
    wanted = CompiledKernel().sift(box, sieves, thorough=True)
    assert found is not None and wanted is not None
    assert {tuple(m) for m in found[0]} == {tuple(m) for m in wanted[0]}
    assert NumpyKernel(Tuning(sifted_parts=3, sifted_wider=1, joined_menus=0)).sift(box, sieves, thorough=True) is None


def test_an_index_that_cannot_be_read_counts_as_none(tmp_path):
    path = tmp_path / "index.nbi"
    path.write_bytes(b"anything")

    class File:
        def _load_index(self):
            if path.read_bytes():
                raise AttributeError("a class that is gone")
            return {}

    class Kept:
        _cache_file = File()

        def flush(self):
            path.write_bytes(b"")

    class Loop:
        _cache = Kept()
        signatures = ()

    assert not compiled_before(Loop())
    assert forget_unreadable(Loop())
    assert path.read_bytes() == b""
    assert not forget_unreadable(Loop())


@pytest.mark.parametrize(("spare", "wanted"), [(0, True), (1, False)])
def test_loops_start_at_once_where_the_size_says_that_they_will_be_needed(question, spare, wanted):
    layout, _, box, *_ = question
    numbers = numbers_read(layout, box)
    tuning = Tuning(compiled_numbers=3 * numbers + spare, sure_bounds=3, bound_numbers=0)
    kernel = ChosenKernel(tuning)
    kernel.expect(layout, box)
    assert isinstance(kernel._kernel, CompiledKernel) is wanted
    kernel = ChosenKernel(replace(tuning, wide_levels=max(map(len, box))))
    kernel.expect(layout, box)
    assert isinstance(kernel._kernel, NumpyKernel)
