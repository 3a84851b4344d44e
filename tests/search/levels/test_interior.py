"""Shifts from the linear relaxation: the bound at them is the relaxation's, as another solver finds it."""

from __future__ import annotations

from dataclasses import replace

import highspy
import numpy as np
import pytest

from optimizer.model.instance import Figure, Instance, Limit
from optimizer.search import Tuning, enumerate_menus, maximise, recheck
from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Multiplier, Reference, bound_box, make_form
from optimizer.search.levels.evaluation import evaluate_many
from optimizer.search.levels.interior import Relaxation, solve
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.merging import own_values
from optimizer.search.levels.relaxing import relaxation
from optimizer.search.levels.state import OpenBox


def _figure(g, instance):
    amounts = tuple(g.uniform(-0.3, 3.0, w.shape) for w in instance.attraction)
    fixed = tuple(g.uniform(-0.2, 0.0, n) for n in instance.levels)
    return Figure(amounts, g.normal(size=instance.types), fixed, np.zeros(1), 0.0, np.zeros(0))


def _problem(seed, plans=6, types=3, limits=1):
    g = np.random.default_rng(seed)
    counts = g.integers(1, 5, plans)
    weight = tuple(g.lognormal(-0.5, 1.2, (types, n)) for n in counts)
    instance = Instance(g.uniform(0.5, 2.0, (1, types)), weight, weight, (), ())
    made = []
    for k in range(limits):
        figure = _figure(g, instance)
        menus = np.stack([g.integers(0, n, 50) for n in counts], axis=1)
        worth = evaluate_many(instance, {"f": figure}, menus)["f"]
        made.append(Limit(f"limit {k}", replace(figure, constant=-float(np.quantile(worth, 0.6)))))
    return instance, _figure(g, instance), tuple(made)


def _by_highs(given: Relaxation) -> float:
    """The relaxation's optimum."""
    plans, levels, types = given.weight.shape
    count = plans * levels
    h = highspy.Highs()
    h.setOptionValue("output_flag", False)
    inf = highspy.kHighsInf
    n = given.people
    columns = [(0.0, 1.0, given.fixed[j, k]) for j in range(plans) for k in range(levels)]
    columns += [(-inf, inf, n[i] * given.outside[i]) for i in range(types)]
    columns += [
        (-inf, inf, n[i] * given.value[j, k, i]) for j in range(plans) for k in range(levels) for i in range(types)
    ]
    for low, high, cost in columns:
        h.addVar(low, high)
        h.changeColCost(h.getNumCol() - 1, float(cost))
    names = np.arange(count + types + count * types)
    x, y = names[:count].reshape(plans, levels), names[count : count + types]
    z = names[count + types :].reshape(plans, levels, types)
    h.changeObjectiveSense(highspy.ObjSense.kMaximize)

    def row(low, high, terms):
        h.addRow(low, high, len(terms), [c for c, _ in terms], [float(v) for _, v in terms])

    for j in range(plans):
        row(1.0, 1.0, [(x[j, k], 1.0) for k in range(levels)])
        for i in range(types):
            row(0.0, 0.0, [(z[j, k, i], 1.0) for k in range(levels)] + [(y[i], -1.0)])
            for k in range(levels):
                row(0.0, inf, [(z[j, k, i], 1.0), (x[j, k], -given.low[j, k, i])])
                row(0.0, inf, [(z[j, k, i], -1.0), (x[j, k], given.high[j, k, i])])
    for i in range(types):
        row(
            1.0, 1.0, [(y[i], 1.0)] + [(z[j, k, i], given.weight[j, k, i]) for j in range(plans) for k in range(levels)]
        )
    for q in range(len(given.limit_constant)):
        terms = [(y[i], n[i] * given.limit_outside[q, i]) for i in range(types)]
        for j in range(plans):
            for k in range(levels):
                terms.append((x[j, k], given.limit_fixed[q, j, k]))
                terms += [(z[j, k, i], n[i] * given.limit_value[q, j, k, i]) for i in range(types)]
        row(-given.limit_constant[q], inf, terms)
    h.run()
    assert h.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return float(h.getInfo().objective_function_value)


@pytest.mark.parametrize("limits", [0, 2])
def test_the_bound_at_the_relaxations_duals_is_the_relaxations_optimum(limits):
    exact = Tuning(relaxed_tolerance=1e-6, relaxed_steps=80)
    for seed in range(6):
        instance, aim, made = _problem(seed, limits=limits)
        layout = prepare(instance, aim, made)
        columns = tuple(np.sort(c) for c in layout.column)
        middle = np.array([c[len(c) // 2] for c in columns])
        box = OpenBox(layout, columns, 0, np.inf, Reference(middle), multipliers.none(layout), [], {})
        sizes = 1.0 + sum(np.quantile(layout.weight[c], 0.5, axis=0) for c in columns)
        for spans in (None, np.stack([0.8 * sizes, 1.3 * sizes])):
            box.spans = spans
            given = relaxation(box, multipliers.none(layout).rows)
            form = make_form(layout, box.multiplier, None)
            values, prices = solve(given, own_values(layout, form, box.reference), -np.inf, exact)
            form = make_form(layout, Multiplier(np.concatenate([[1.0], prices]), np.zeros(0)), None)
            reference = box.reference.moved(values - own_values(layout, form, box.reference))
            bound = bound_box(layout, form, columns, 0, reference, spans=spans)
            assert bound.total == pytest.approx(_by_highs(given), rel=1e-4, abs=1e-4), (seed, spans is None)


@pytest.mark.parametrize("limits", [0, 1])
def test_a_search_from_the_relaxation_equals_enumeration_and_its_certificate_holds(limits, search_only):
    found_some = 0
    for seed in range(8):
        instance, aim, made = _problem([seed, 5], plans=9, types=4, limits=limits)
        tuning = replace(search_only(4), relaxed_plans=2)
        best = enumerate_menus(instance, aim, made)
        found = maximise(instance, aim, made, gap=1e-6, scale=0.0, tuning=tuning)
        assert found.status == ("infeasible" if best.menu is None else "closed"), seed
        if best.menu is None:
            continue
        found_some += 1
        assert found.value >= best.value - 2e-6 * abs(best.value), seed
        assert best.value - 1e-12 <= recheck(instance, aim, made, found.certificate) <= found.bound + 1e-9, seed
    assert found_some > 3
