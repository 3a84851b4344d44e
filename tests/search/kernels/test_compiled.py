"""The compiled loops give the bound that numpy gives."""

from __future__ import annotations

import itertools
import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from optimizer.search import Tuning, maximise, recheck
from optimizer.search.kernels import choice, compiled, load
from optimizer.search.kernels.loops import CALLED, CompiledKernel
from optimizer.search.levels.bounds import Multiplier, Reference, bound_box, make_form
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.sifting import Sieve


def _case(assorted, seed):
    drawn = assorted(seed)
    layout = prepare(drawn.instance, drawn.aim, drawn.limits)
    g = np.random.default_rng(seed)
    multiplier = Multiplier(
        np.r_[float(seed % 5 > 0), g.exponential(1.0, layout.limits)], g.exponential(1.0, layout.blocks)
    )
    parts = np.split(np.arange(layout.starts[-1]), layout.starts[1:-1])
    box = tuple(np.sort(g.choice(p, int(g.integers(1, len(p) + 1)), replace=False)) for p in parts)
    reference = Reference(np.array([int(g.choice(p)) for p in parts]))
    if seed % 3:
        reference = reference.moved(g.normal(size=(layout.plans, layout.weight.shape[1])))
    return layout, make_form(layout, multiplier, None), box, seed % len(layout.customers), reference


@pytest.mark.parametrize("shared", [0, 10**9])
def test_compiled_equals_numpy(assorted, shared):
    kernel = CompiledKernel(Tuning(shared_numbers=shared))
    for seed in range(120):
        layout, form, box, mix, reference = _case(assorted, seed)
        slow = bound_box(layout, form, box, mix, reference)
        fast = kernel.bound(layout, form, box, mix, reference)
        slack = slow.total - slow.value - float(slow.top.sum())
        near = {"rtol": 1e-12, "atol": 8.0 * slack}
        for name in ("total", "value", "top", "at_best", "fall"):
            np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), **near, err_msg=f"{name} {seed}")
        if reference.shift is not None:  # without, the bound has a kink at the reference menu
            for name in ("gradient", "rest", "cut"):
                scale = 1e-6 * (1.0 + np.abs(getattr(slow, name)).max())
                np.testing.assert_allclose(getattr(fast, name), getattr(slow, name), rtol=0.0, atol=scale)
        for a, b in zip(fast.potential, slow.potential, strict=True):
            np.testing.assert_allclose(a, b, **near)
        assert [len(p) for p in fast.potential] == [len(c) for c in box]


def _sifting(most):
    return CompiledKernel(Tuning(sifted_parts=most))


def test_compiled_sifting_leaves_the_same_menus():
    left = 0
    for seed in range(200):
        g = np.random.default_rng(seed)
        first = np.cumsum([0, *g.integers(1, 7, 1 + seed % 5)])
        box = tuple(np.arange(a, b) for a, b in itertools.pairwise(first))
        sieves = []
        for k in range(1 + seed % 4):
            deficits = tuple(g.exponential(1.0, len(c)) for c in box)
            counts = bool(k == 0 or g.integers(2))
            sieves.append(Sieve(float(g.uniform(1.0, 4.0)), deficits, float(g.uniform(-1.0, 1.0)), counts))
        menus = np.array(list(itertools.product(*box)))
        spent = np.array([sum(s.deficits[j][menus[:, j] - first[j]] for j in range(len(box))) for s in sieves]).T
        totals, spare = np.array([s.total for s in sieves]), np.array([s.total - s.cutoff for s in sieves])
        counts = np.array([s.counts for s in sieves])
        kept = (spent < spare).all(axis=1)
        found, settled = _sifting(len(menus)).sift(box, sieves, thorough=False)
        assert {tuple(m) for m in found} == {tuple(m) for m in menus[kept]}, seed
        possible = ~kept & ~((spent >= spare) & ~counts).any(axis=1)
        bounds = np.where(counts, totals - spent, np.inf).min(axis=1)
        cutoffs = [s.cutoff for s in sieves if s.counts]
        assert np.max(bounds[possible], initial=-np.inf) - 1e-12 <= settled <= max(cutoffs) + 1e-12
        if kept.sum() > 1:
            assert _sifting(int(kept.sum()) - 1).sift(box, sieves, thorough=True) is None
        left += int(kept.sum())
    assert left > 1000


def test_two_threads_change_neither_answer_nor_bound(instances, search_only):
    drawn = instances.draw(3, types=12, plans=5, levels=20, mixes=1, limits="rf", spread=1.5)
    alone, shared = (
        maximise(
            drawn.instance, drawn.aim, drawn.limits, gap=1e-6, max_boxes=200,
            tuning=replace(search_only(16), shared_numbers=least),
        )
        for least in (10**9, 0)
    )  # fmt: skip
    assert (alone.menu, alone.value, alone.bound) == (shared.menu, shared.value, shared.bound)
    assert alone.boxes == shared.boxes > 3
    assert recheck(drawn.instance, drawn.aim, drawn.limits, shared.certificate) >= shared.value


def test_without_numba_the_search_proves_the_same(instances, monkeypatch, search_only):
    tuning = search_only(16)
    drawn = instances.draw(4, types=8, plans=5, levels=12, mixes=1, limits="r", spread=1.5)
    fast = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-6, tuning=tuning)
    monkeypatch.setitem(sys.modules, "optimizer.search.kernels.loops", None)
    choice._compiled.cache_clear()
    try:
        assert load() is False
        slow = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-6, tuning=tuning)
    finally:
        choice._compiled.cache_clear()
    assert fast.status == slow.status == "closed"
    assert abs(fast.value - slow.value) <= 1e-6 * max(1.0, abs(fast.value))


def test_loading_ahead_leaves_nothing_to_compile(instances, search_only):
    assert load() is True
    known = {loop.__name__: len(loop.signatures) for loop in CALLED}
    tuning = search_only(16)
    drawn = instances.draw(5, types=8, plans=5, levels=12, mixes=1, limits="r", spread=1.5)
    maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-6, tuning=tuning)
    assert known == {loop.__name__: len(loop.signatures) for loop in CALLED} and all(known.values())


def test_under_a_limit_only_loops_that_lie_compiled_on_disk(instances, search_only, monkeypatch):
    assert load() is True and CompiledKernel.on_disk()
    drawn = instances.draw(5, types=8, plans=5, levels=12, mixes=1, limits="r", spread=1.5)
    monkeypatch.setattr(CompiledKernel, "on_disk", staticmethod(lambda: False))

    def forbidden(*_: object) -> None:
        raise AssertionError("a loop would have to be compiled")

    monkeypatch.setattr(CompiledKernel, "bound", forbidden)
    asked = {"gap": 1e-6, "tuning": search_only(16)}
    found = maximise(drawn.instance, drawn.aim, drawn.limits, deadline=time.monotonic() + 600.0, **asked)
    assert found.status == "closed"
    with pytest.raises(AssertionError, match="compiled"):
        maximise(drawn.instance, drawn.aim, drawn.limits, **asked)


SCRIPT = """
import numpy as np
from optimizer.search.kernels.loops import CompiledKernel, compiled_before, sifted
loop = sifted._least_rest
before = compiled_before(loop)
loop(np.ones((1, 1)), np.array([0, 1]))
print(before, compiled_before(loop), CompiledKernel.on_disk())
"""


def test_what_lies_on_disk_is_known_without_compiling_it(tmp_path):
    path = os.pathsep.join([str(Path(compiled.__file__).parents[3]), os.environ.get("PYTHONPATH", "")])
    environment = {**os.environ, "PYTHONPATH": path, "NUMBA_CACHE_DIR": str(tmp_path)}
    for wanted in ("False True False", "True True False"):
        done = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True, env=environment)
        assert done.stdout.strip() == wanted, done.stderr
