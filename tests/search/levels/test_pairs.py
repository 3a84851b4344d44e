"""The bound that knows pairs of plans holds on random boxes, by numpy, compiled and as the recheck writes it."""

from __future__ import annotations

import base64
import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from amount import few, some

from optimizer.errors import NotTrustedError
from optimizer.model.instance import combine
from optimizer.search import Tuning, maximise, recheck
from optimizer.search.kernels.loops import CompiledKernel
from optimizer.search.levels.bounds import Multiplier, Reference, bound_box, make_form
from optimizer.search.levels.chords import chord_of
from optimizer.search.levels.evaluation import problem_values
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.pairs import bound_pairs, passed, sides_of, worst_size
from optimizer.search.proof.bounds import bound_by_pairs


def _box(generator, layout):
    parts = [np.arange(a, b) for a, b in itertools.pairwise(layout.starts)]
    return tuple(np.sort(generator.choice(p, int(generator.integers(1, len(p) + 1)), replace=False)) for p in parts)


def _spans(generator, sides):
    """Confine some types to parts of their sizes."""
    types = len(sides.least)
    ends = np.sort(np.exp(generator.uniform(np.log(sides.least), np.log(sides.most), (2, types))), axis=0)
    low = np.where(generator.random(types) < 0.3, ends[0], 1.0)
    return np.stack([low, np.where(generator.random(types) < 0.3, ends[1], np.inf)])


def _question(assorted, seed):
    """A layout, a form, a box, its mix level, a reference with slopes, and spans."""
    drawn = assorted(seed)
    g = np.random.default_rng([seed, 7])
    layout = prepare(drawn.instance, drawn.aim, drawn.limits)
    box = _box(g, layout)
    mix = int(g.integers(drawn.instance.mixes))
    reference = Reference(np.array([g.integers(a, b) for a, b in itertools.pairwise(layout.starts)]))
    rows = np.concatenate([[1.0], g.exponential(1.0, layout.limits)])
    multiplier = Multiplier(rows, g.exponential(2.0, layout.blocks))
    form = make_form(layout, multiplier, chord_of(layout, box, mix, reference, bound_box))
    if seed % 2:
        reference = reference.moved(g.normal(0.0, 1.0, (layout.plans, drawn.instance.types)))
    sides = sides_of(layout, box, None)
    types = len(sides.least)
    reference = reference.sloped(sides.middle * g.exponential(1.0, types) * (g.random(types) < 0.8))
    return drawn, layout, form, box, mix, reference, _spans(g, sides) if seed % 4 == 3 else None


def _kernel_bound(layout, form, box, mix, reference, spans):
    return CompiledKernel().bound(layout, form, box, mix, reference, spans)


@pytest.mark.parametrize("bounded", [bound_pairs, _kernel_bound], ids=["numpy", "compiled"])
def test_no_menu_exceeds_it(assorted, bounded):
    checked = 0
    for seed in some(range(240)):
        _, layout, form, box, mix, reference, spans = _question(assorted, seed)
        bound = bounded(layout, form, box, mix, reference, spans)
        menus = np.array(list(itertools.product(*box)))
        if spans is not None:
            sizes = 1.0 + layout.weight[menus].sum(axis=1)
            menus = menus[((sizes >= spans[0]) & (sizes <= spans[1])).all(axis=1)]
        if not len(menus):
            continue
        checked += 1
        values = problem_values(layout, menus, np.full(len(menus), mix)) @ form.weights + form.shift
        places = [np.searchsorted(c, menus[:, j]) for j, c in enumerate(box)]
        below = sum(bound.top[j] - bound.potential[j][place] for j, place in enumerate(places))
        assert math.isfinite(bound.total)
        assert (values <= bound.total - below).all(), seed
        for j, place in enumerate(places):
            assert (values <= bound.levels(j)[place]).all(), (seed, j)
    assert checked > few(180)


def test_compiled_and_plain_bounds_are_the_same(assorted):
    for seed in (s for s in range(few(120)) if s % 3 != 2):  # no attractions of e^20, whose slack shows
        drawn, layout, form, box, mix, reference, spans = _question(assorted, seed)
        slow = bound_pairs(layout, form, box, mix, reference, spans)
        fast = _kernel_bound(layout, form, box, mix, reference, spans)
        assert fast.total == pytest.approx(slow.total, rel=1e-9, abs=1e-9), seed
        for one in (slow, fast):
            assert one.cut @ form.weights + form.shift + one.rest == pytest.approx(one.total, rel=1e-7, abs=1e-7), seed
        figure = combine([(1.0, drawn.aim)])
        bare = make_form(layout, Multiplier(np.eye(1 + layout.limits)[0], np.zeros(layout.blocks)), None)
        slow = bound_pairs(layout, bare, box, mix, reference, spans)
        levels = tuple(layout.level[c] for c in box)
        total, alone, below = bound_by_pairs(
            drawn.instance, figure, levels, mix, layout.menu(reference.columns), 0.0, reference.shift, spans,
            reference.slopes, Tuning().pair_sweeps,
        )  # fmt: skip
        assert total == pytest.approx(slow.total, rel=1e-7, abs=1e-7), seed
        for j in range(layout.plans):
            assert alone[j] == pytest.approx(slow.levels(j), rel=1e-6, abs=1e-6), seed
            assert below[j] == pytest.approx(slow.top[j] - slow.potential[j], rel=1e-6, abs=1e-6), seed


def test_with_slopes_of_nought_it_is_the_separable_bound(assorted):
    for seed in (s for s in range(few(120)) if s % 3 != 2):
        _, layout, form, box, mix, reference, spans = _question(assorted, seed)
        flat = reference.sloped(np.zeros(layout.weight.shape[1]))
        plain = bound_box(layout, form, box, mix, Reference(reference.columns, reference.shift), spans=spans)
        assert bound_pairs(layout, form, box, mix, flat, spans).total == pytest.approx(plain.total, rel=1e-7, abs=1e-7)


def test_gradients_lead_down(assorted):
    """A small step down the subgradient lowers the bound, and no step lowers it by more than that says; messages that
    are not passed to the end make the second true but for what they leave."""
    fell = 0
    for seed in range(0, 45, 3):
        _, layout, form, box, mix, reference, _ = _question(assorted, seed)
        first = bound_pairs(layout, form, box, mix, reference, sweeps=60)
        size = (first.by_slopes**2).sum()
        if not size:
            continue
        step = reference.sloped(reference.slopes - 1e-4 * abs(first.total) / size * first.by_slopes)
        if (step.slopes == reference.slopes).all():
            continue
        fell += bound_pairs(layout, form, box, mix, step, sweeps=60).total <= first.total
    assert fell >= 8


def test_messages_by_hand():
    """Two plans with two levels, 0 and 1 each, and a pair that brings 4: the largest sum is 0 + 1 + 4."""
    amounts, first = np.array([0.0, 3.0, 1.0, 0.0]), np.array([0, 2, 4])
    pairs = np.zeros((4, 4))
    pairs[0, 2] = pairs[2, 0] = 4.0
    for sweeps, worth in ((0, 3.0 + 1.0 + 4.0), (1, 5.0)):
        after = passed(amounts, pairs, first, sweeps)
        levels = after.potential[:2].max() + after.potential[2:].max()
        assert levels + after.edges[0, 1] == pytest.approx(worth), sweeps


def test_the_worst_size_by_hand():
    """1 / s + s / 4 between 1 and 8: largest at 8 (2.125 against 1.25), least at its turn, 2."""
    one = np.ones((1, 1))
    low, high, slope, e = 0.5 * one, 7.5 * one, np.array([0.25]), 0.5 * one
    assert worst_size(one, e, low, high, slope, None) == pytest.approx(8.0)
    assert worst_size(-one, e, low, high, slope, None) == pytest.approx(2.0)
    assert worst_size(-one, e, low, high, slope, np.array([[3.0], [4.0]])) == pytest.approx(3.0)


def test_searches_that_use_it_find_the_optimum_and_their_proofs_hold(instances, oracle, search_only):
    tuning = replace(search_only(1), pair_width=math.inf, pair_worse=math.inf)
    used = 0
    for seed in range(40):
        drawn = instances.draw(seed, types=4, plans=4, levels=4, mixes=1, limits="r" if seed % 2 else "")
        best = oracle(drawn)
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=tuning)
        if best is None:
            assert found.status == "infeasible", seed
            continue
        assert found.value == pytest.approx(best, rel=1e-8, abs=1e-8), seed
        proven = recheck(drawn.instance, drawn.aim, drawn.limits, found.certificate)
        near = 1e-7 * (1.0 + abs(found.bound))
        assert best - near <= proven <= found.bound + near, seed
        used += bool(found.certificate["slopes"])
    assert used >= 10


def test_what_is_told_of_a_search_that_was_stopped_is_shown(instances, search_only):
    """By messages a bound may be higher over less: what stays open is told by what was shown above it."""
    tuning = replace(search_only(1), pair_width=math.inf, pair_worse=math.inf)
    told = 0
    for seed in range(few(24)):
        drawn = instances.draw(seed, types=5, plans=4, levels=5, mixes=2, limits="r")
        for boxes in (1, 3, 6, 12, 25):
            found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=tuning, max_boxes=boxes)
            proven = recheck(drawn.instance, drawn.aim, drawn.limits, found.certificate)
            assert math.isfinite(found.bound) or found.status == "infeasible", (seed, boxes)
            if found.menu is not None:
                assert found.value - 1e-9 <= proven <= found.bound + 1e-9 * (1.0 + abs(found.bound)), (seed, boxes)
            told += "told" in str(found.certificate["roots"])
    assert told >= few(12)


def test_a_ceiling_that_is_not_shown_is_not_trusted(instances, search_only):
    tuning = replace(search_only(1), pair_width=math.inf, pair_worse=math.inf)
    drawn = instances.draw(1, types=5, plans=4, levels=5, mixes=1)
    found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=tuning, max_boxes=4)
    whole = {**found.certificate, "roots": [{"mix": 0, "node": {"told": True}}]}
    assert recheck(drawn.instance, drawn.aim, drawn.limits, whole) == math.inf
    steep = {**found.certificate, "slopes": [base64.b64encode(np.full(5, -1.0, "<f4").tobytes()).decode()] * 99}
    with pytest.raises(NotTrustedError, match="negative"):
        recheck(drawn.instance, drawn.aim, drawn.limits, steep)
