"""The compiled loops give the bound that numpy gives."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.screening import compiled, maximise, recheck
from optimizer.screening.bounds import Multiplier, Reference, bound_box, make_form
from optimizer.screening.problem import prepare


def _case(assorted, seed):
    drawn = assorted(seed)
    problem = prepare(drawn.instance, drawn.aim, drawn.limits)
    g = np.random.default_rng(seed)
    multiplier = Multiplier(
        np.r_[float(seed % 5 > 0), g.exponential(1.0, problem.limits)], g.exponential(1.0, problem.blocks)
    )
    parts = np.split(np.arange(problem.starts[-1]), problem.starts[1:-1])
    box = tuple(np.sort(g.choice(p, int(g.integers(1, len(p) + 1)), replace=False)) for p in parts)
    reference = Reference(np.array([int(g.choice(p)) for p in parts]))
    if seed % 3:
        reference = reference.moved(g.normal(size=(problem.plans, problem.weight.shape[1])))
    return problem, make_form(problem, multiplier, None), box, seed % len(problem.customers), reference


@pytest.mark.parametrize("shared", [0, 10**9])
def test_compiled_equals_numpy(assorted, monkeypatch, shared):
    monkeypatch.setattr(compiled, "SHARED", shared)
    for seed in range(120):
        problem, form, box, mix, reference = _case(assorted, seed)
        slow = bound_box(problem, form, box, mix, reference)
        fast = bound_box(problem, form, box, mix, reference, compiled=True)
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


def test_two_threads_change_neither_answer_nor_bound(instances, monkeypatch, search_only):
    search_only(16)
    drawn = instances.draw(3, types=12, plans=5, levels=20, mixes=1, limits="rf", spread=1.5)
    monkeypatch.setattr(compiled, "SHARED", 10**9)
    alone = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-6, max_boxes=200)
    monkeypatch.setattr(compiled, "SHARED", 0)
    shared = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-6, max_boxes=200)
    assert (alone.menu, alone.value, alone.bound, alone.boxes) == (
        shared.menu,
        shared.value,
        shared.bound,
        shared.boxes,
    )
    assert recheck(drawn.instance, drawn.aim, drawn.limits, shared.certificate) >= shared.value
