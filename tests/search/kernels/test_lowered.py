"""Boxes lowered by one compiled call are bounded, and lose levels, as in the loop in Python."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.search import Tuning, maximise, recheck
from optimizer.search.engine import BestFirst, Clock, GapRule
from optimizer.search.kernels import load
from optimizer.search.kernels.loops import CompiledKernel
from optimizer.search.levels import multipliers, together
from optimizer.search.levels.bounds import Multiplier, Reference
from optimizer.search.levels.enumeration import Incumbent
from optimizer.search.levels.evaluation import Truth
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.lowering import lower
from optimizer.search.levels.run import MenuRun
from optimizer.search.levels.search import MenuSearch
from optimizer.search.levels.state import OpenBox
from optimizer.search.levels.together import descends, lower_together
from optimizer.search.proof.certificate import Recorder

FEW = Tuning(rounds=8, box_menus=0, box_numbers=0.0, joined_menus=0, compiled_patience=3)


def _open(drawn, best, seed, tuning):
    """A search of its own with the optimum as incumbent, and one box of it."""
    layout = prepare(drawn.instance, drawn.aim, drawn.limits)
    truth = Truth(drawn.instance, drawn.aim, drawn.limits)
    incumbent = Incumbent(best.value, best.menu, best.mix)
    tree = BestFirst[OpenBox, Incumbent](GapRule(1e-3, 1.0), Clock(), incumbent=incumbent)
    run = MenuRun(layout, truth, tree, CompiledKernel(tuning), tuning, Recorder(), multipliers.none(layout))
    g = np.random.default_rng(seed)
    parts = np.split(np.arange(layout.starts[-1]), layout.starts[1:-1])
    columns = tuple(np.sort(g.choice(p, int(g.integers(1, len(p) + 1)), replace=False)) for p in parts)
    first = Multiplier(np.r_[1.0, g.exponential(0.3, layout.limits)], g.exponential(0.3, layout.blocks))
    reference = Reference(np.array([int(g.choice(p)) for p in parts]))
    if seed % 3:
        reference = reference.moved(g.normal(size=(layout.plans, layout.weight.shape[1])))
    spans = None
    if seed % 4 == 3:
        spans = np.stack([1.0 + g.random(layout.weight.shape[1]), 1e3 * np.ones(layout.weight.shape[1])])
    mix = seed % len(layout.customers)
    record = run.recorder.root(mix)
    return run, OpenBox(layout, columns, mix, np.inf, reference, first, [], record, spans=spans)


def _ended(run, box, best):
    """What a lowering leaves behind."""
    total = None if best is None else best.bound.total
    numbers = [
        box.bound,
        run.tree.closed,
        -np.inf if total is None else total,
        *(x for pair in run.recorder.multipliers for x in (*pair[0], *pair[1])),
    ]
    return numbers, [c.tolist() for c in box.columns], box.record


@pytest.mark.parametrize("limits", ["", "rf", "b"])
def test_one_call_does_what_the_loop_does(instances, limits):
    steps = dropped = 0
    for seed in range(40):
        drawn = instances.draw(
            seed, types=2 + seed % 6, plans=2 + seed % 4, levels=7, mixes=2, blocks=len(limits) % 2,
            rules=(seed // 3) % 3, limits=limits, spread=1.5,
        )  # fmt: skip
        best = maximise(drawn.instance, drawn.aim, drawn.limits)
        if best.menu is None:
            continue
        slow_run, slow = _open(drawn, best, seed, FEW)
        fast_run, fast = _open(drawn, best, seed, FEW)
        taken, search = [], MenuSearch(slow_run)
        left = slow_run.keep_consistent(slow, slow.columns)
        assert fast_run.keep_consistent(fast, fast.columns) == left
        if not left:
            continue
        by_loop = None if search._alone(slow) else lower(slow_run, slow, taken)
        assert descends(fast_run, fast), seed
        (one,) = lower_together(fast_run, [fast])
        numbers, columns, record = _ended(fast_run, fast, one.best)
        wanted = _ended(slow_run, slow, by_loop)
        np.testing.assert_allclose(numbers, wanted[0], rtol=1e-9, atol=1e-9, err_msg=f"seed {seed}")
        if by_loop is not None:
            assert columns == wanted[1], seed
            np.testing.assert_allclose(one.best.reference.shift, by_loop.reference.shift, rtol=1e-6, atol=1e-6)
            np.testing.assert_array_equal(one.best.favoured(fast.columns), by_loop.favoured(slow.columns))
            assert [len(p) for p in one.best.bound.potential] == [len(c) for c in one.best.columns]
            assert fast.length == pytest.approx(slow.length) and one.steps[-1].bound.total == pytest.approx(
                taken[-1].bound.total, rel=1e-9
            )
        assert [key for key in record if key != "steps"] == [key for key in wanted[2] if key != "steps"], seed
        assert [s[1] for s in record.get("steps", ())] == [s[1] for s in wanted[2].get("steps", ())], seed
        steps += len(taken)
        dropped += len(record.get("steps", ()))
    assert steps > 60 and dropped > 15


def test_a_pause_changes_nothing(instances):
    paused = 0
    for seed in range(20):
        drawn = instances.draw(seed, types=5, plans=4, levels=7, mixes=1, limits="r", spread=1.5)
        best = maximise(drawn.instance, drawn.aim, drawn.limits)
        ends = []
        for numbers in (1, 10**9):
            run, box = _open(drawn, best, seed, Tuning(rounds=8, box_menus=0, box_numbers=0.0, lowered_numbers=numbers))
            (one,) = lower_together(run, [box])
            left = None if one.best is None else [c.tolist() for c in box.columns]
            total = None if one.best is None else one.best.bound.total
            ends.append((total, left, box.bound, run.tree.closed, box.record, run.recorder.multipliers))
        assert ends[0] == ends[1], seed
        paused += ends[0][0] is not None
    assert paused > 5


def _searched(drawn, gap, **numbers):
    tuning = Tuning(whole_choices=0, box_menus=16, left_menus=16, merged_levels=200, compiled_numbers=1, **numbers)
    return maximise(drawn.instance, drawn.aim, drawn.limits, gap=gap, tuning=tuning)


def test_threads_change_neither_answer_nor_certificate(instances, monkeypatch):
    calls = []
    asked = together.lower_together

    def counted(run, boxes):
        calls.append(len(boxes))
        return asked(run, boxes)

    monkeypatch.setattr("optimizer.search.levels.search.lower_together", counted)
    drawn = instances.draw(3, types=12, plans=6, levels=14, mixes=1, limits="rf", spread=1.5)
    runs = [_searched(drawn, 1e-6) for _ in range(4)]
    assert {(r.menu, r.value, r.bound, r.boxes) for r in runs} == {
        (runs[0].menu, runs[0].value, runs[0].bound, runs[0].boxes)
    }
    assert all(r.certificate == runs[0].certificate for r in runs)
    assert calls.count(2) > 8, "boxes were not taken two at a time"
    assert recheck(drawn.instance, drawn.aim, drawn.limits, runs[0].certificate) >= runs[0].value


def test_alone_and_two_at_a_time_prove_the_same(instances):
    closed = 0
    for seed in range(12):
        kind = ("", "r", "rf", "b")[seed % 4]
        drawn = instances.draw(
            seed, types=8, plans=5, levels=9, mixes=1, blocks=kind.count("b"), rules=seed % 2, limits=kind, spread=1.5
        )
        alone, two = _searched(drawn, 1e-6, together=1), _searched(drawn, 1e-6, together=2)
        assert alone.status == two.status, seed
        if two.menu is None:
            continue
        assert two.value == pytest.approx(alone.value, rel=2e-6), seed
        for found in (alone, two):
            bound = recheck(drawn.instance, drawn.aim, drawn.limits, found.certificate)
            assert found.value <= bound <= found.bound + 1e-9 * abs(found.bound), seed
        closed += two.boxes > 3
    assert closed > 3


def test_loading_compiles_the_lowering_for_every_search(instances):
    from optimizer.search.kernels import lowered

    assert load()
    known = len(lowered.lower.signatures)
    for seed, kind in enumerate(("", "r", "b")):
        drawn = instances.draw(seed, types=8, plans=5, levels=9, mixes=1, blocks=kind.count("b"), limits=kind)
        _searched(drawn, 1e-6)
    assert len(lowered.lower.signatures) == known == 1
