"""The bound holds on random boxes, and dropping levels never loses an optimum."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from optimizer.errors import InputError
from optimizer.model.instance import combine, evaluate, within_burst
from optimizer.search import maximise
from optimizer.search.levels.bounds import Multiplier, Reference, bound_box, make_form
from optimizer.search.levels.chords import chord_of
from optimizer.search.levels.evaluation import problem_values, with_burst
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.simplex import least_upper_bound
from optimizer.search.proof.bounds import separable_bound


def _random_box(generator, layout):
    box = []
    for j in range(layout.plans):
        columns = np.arange(layout.starts[j], layout.starts[j + 1])
        size = int(generator.integers(1, len(columns) + 1))
        box.append(np.sort(generator.choice(columns, size, replace=False)))
    return tuple(box)


def test_the_bound_holds_with_the_reference_outside_and_multipliers_above_zero(assorted):
    for seed in range(330):
        drawn = assorted(seed)
        g = np.random.default_rng(seed)
        layout = prepare(drawn.instance, drawn.aim, drawn.limits)
        box = _random_box(g, layout)
        mix = int(g.integers(drawn.instance.mixes))
        reference = np.array([g.integers(a, b) for a, b in itertools.pairwise(layout.starts)])
        weights = np.concatenate([[1.0], g.exponential(1.0, layout.limits) * (g.random(layout.limits) < 0.8)])
        multiplier = Multiplier(weights, g.exponential(2.0, layout.blocks))
        shift = g.normal(0.0, 1.0, (layout.plans, drawn.instance.types)) if seed % 2 else None
        reference = Reference(reference, shift)
        form = make_form(layout, multiplier, chord_of(layout, box, mix, reference, bound_box))
        bound = bound_box(layout, form, box, mix, reference)
        menus = np.array(list(itertools.product(*box)))
        values = problem_values(layout, menus, np.full(len(menus), mix))
        linear = values @ form.weights + form.shift
        aim, limits, over = with_burst(layout, values)
        fine = (over <= layout.room).all(axis=1)
        lagrangian = np.where(fine, aim + limits @ weights[1:], -np.inf)
        tiny = 1e-12 * (1.0 + np.abs(linear).max())
        assert linear.max() <= bound.total
        assert lagrangian.max() <= bound.total
        assert (lagrangian <= linear + tiny).all()
        if seed % 3 != 2:  # with moderate attractions the rounding slack is negligible
            assert bound.cut @ form.weights + form.shift + bound.rest == pytest.approx(bound.total, rel=1e-9, abs=1e-9)
        for j in range(layout.plans):
            levels = bound.levels(j)
            for k, column in enumerate(box[j]):
                assert linear[menus[:, j] == column].max() <= levels[k]


def test_the_gradient_by_the_shifts_leads_down(assorted):
    fell = 0
    for seed in range(0, 90, 3):
        drawn = assorted(seed)
        g = np.random.default_rng(seed)
        layout = prepare(drawn.instance, drawn.aim)
        box = tuple(np.arange(a, b) for a, b in itertools.pairwise(layout.starts))
        form = make_form(layout, Multiplier(np.ones(1), np.zeros(layout.blocks)), None)
        reference = Reference(np.array([g.integers(a, b) for a, b in itertools.pairwise(layout.starts)]))
        first = bound_box(layout, form, box, 0, reference)
        move = g.normal(0.0, 1.0, first.gradient.shape)
        for length in (1e-6, 1e-2, 1.0):
            other = bound_box(layout, form, box, 0, reference.moved(length * move))
            shift = length * move.astype(np.float32)
            assert other.total >= first.total + (first.gradient * shift).sum() - 1e-6 * (1.0 + abs(first.total))
        step = reference.moved(-1e-3 * first.gradient / layout.customers[0])
        fell += bound_box(layout, form, box, 0, step).total < first.total
    assert fell >= 20


def test_the_bound_is_exact_at_a_single_menu(assorted):
    for seed in (s for s in range(100) if s % 3 != 2):  # no attractions of e^20, whose slack shows
        drawn = assorted(seed)
        layout = prepare(drawn.instance, drawn.aim)
        g = np.random.default_rng(seed)
        menu = np.array([g.integers(a, b) for a, b in itertools.pairwise(layout.starts)])
        reference = np.array([g.integers(a, b) for a, b in itertools.pairwise(layout.starts)])
        zero = Multiplier(np.ones(1), np.zeros(layout.blocks))
        form = make_form(layout, zero, None)
        bound = bound_box(layout, form, tuple(menu[:, None]), 0, Reference(reference))
        value = float(problem_values(layout, menu[None], np.zeros(1, dtype=int))[0] @ form.weights) + form.shift
        assert value <= bound.total <= value + 1e-9 * (1.0 + float(layout.magnitude[0, 0]) + abs(value))


def test_the_plain_bound_of_the_recheck_is_the_same(assorted):
    for seed in (s for s in range(100) if s % 3 != 2):
        drawn = assorted(seed)
        instance, g = drawn.instance, np.random.default_rng(seed)
        layout = prepare(instance, drawn.aim)
        box = _random_box(g, layout)
        reference = np.array([g.integers(a, b) for a, b in itertools.pairwise(layout.starts)])
        form = make_form(layout, Multiplier(np.ones(1), np.zeros(layout.blocks)), None)
        shift = g.normal(0.0, 1.0, (layout.plans, instance.types))
        bound = bound_box(layout, form, box, 0, Reference(reference, shift))
        levels = tuple(layout.level[c] for c in box)
        bare = combine([(1.0, drawn.aim)])
        plain, per_level = separable_bound(instance, bare, levels, 0, layout.menu(reference), 0.0, shift)
        assert plain == pytest.approx(bound.total, rel=1e-7, abs=1e-7)
        for j in range(instance.plans):
            assert per_level[j] == pytest.approx(bound.levels(j), rel=1e-7, abs=1e-7)


def test_zero_revenue_menus_meet_a_ratio_limit_emptily(instances, oracle, search_only):
    tuning = search_only(1)
    seen = 0
    for seed in range(60):
        drawn = instances.draw(seed, types=3, plans=2, levels=3, mixes=1, limits="r")
        withdrawn = tuple(n - 1 for n in drawn.instance.levels)
        value = evaluate(drawn.instance, {"r": drawn.limits[0].figure}, withdrawn)["r"]
        seen += value == 0.0
        best = oracle(drawn)
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=tuning)
        if best is None:
            assert found.status == "infeasible"
        else:
            assert found.value == pytest.approx(best, rel=1e-8, abs=1e-8)
    assert seen > 5


def test_burst_at_its_limit_counts_as_kept(instances, search_only):
    tuning = search_only(1)
    checked = 0
    for seed in range(20):
        drawn = instances.draw(seed, types=3, plans=2, levels=4, mixes=1, blocks=1)
        free = maximise(drawn.instance, drawn.aim, gap=1e-9, tuning=tuning)
        if free.menu is None:
            continue
        checked += 1
        block = drawn.instance.blocks[0]
        use = evaluate(drawn.instance, {"u": block.use}, free.menu)["u"]
        tight = dataclasses.replace(block, limit=max(0.0, use - block.reserved))
        instance = dataclasses.replace(drawn.instance, blocks=(tight,))
        again = maximise(instance, drawn.aim, gap=1e-9, tuning=tuning)
        assert within_burst(instance, again.menu, again.mix)
        assert again.value == pytest.approx(free.value, rel=1e-8, abs=1e-8)
    assert checked > 5


def test_the_small_simplex_finds_the_lowest_point_of_an_envelope():
    cuts = np.array([[1.0], [-1.0], [0.2]])
    z = least_upper_bound(cuts, np.array([0.0, 2.0, 0.5]), np.zeros((0, 1)), np.zeros(0), np.array([10.0]))
    assert z == pytest.approx([1.0])
    coupling, largest = np.array([[1.0, -1.0]]), np.array([3.0, 2.0])
    bounded = least_upper_bound(-np.ones((1, 2)), np.zeros(1), coupling, np.array([0.5]), largest)
    assert bounded == pytest.approx([2.5, 2.0])


def _replace_amount(drawn, value):
    amounts = [a.copy() for a in drawn.aim.amounts]
    amounts[0][0, 0] = value
    return dataclasses.replace(drawn.aim, amounts=tuple(amounts))


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_what_is_not_a_number_is_refused(assorted, value):
    drawn = assorted(0)
    with pytest.raises(InputError, match="aim"):
        maximise(drawn.instance, _replace_amount(drawn, value))
    attraction = tuple(np.full_like(w, value) for w in drawn.instance.attraction)
    with pytest.raises(InputError):
        maximise(dataclasses.replace(drawn.instance, attraction=attraction), drawn.aim)
    with pytest.raises(InputError):
        maximise(drawn.instance, drawn.aim, gap=value)
