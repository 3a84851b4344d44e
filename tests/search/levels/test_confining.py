"""Boxes confined to spans of sizes: nothing worth more lies beyond, and the certificate says so on its own."""

from __future__ import annotations

import contextlib
import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from optimizer.errors import NotTrustedError
from optimizer.model.instance import Figure, Instance
from optimizer.search import Tuning, enumerate_menus, maximise, recheck
from optimizer.search.levels import multipliers
from optimizer.search.levels.bounds import Reference, bound_box, make_form
from optimizer.search.levels.confining import narrowed_spans
from optimizer.search.levels.fitting import fitting
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.state import BoundStep, OpenBox
from optimizer.search.proof.sizes import beyond, confined, without_unfit


def _problem(seed, plans=7, types=3):
    g = np.random.default_rng(seed)
    counts = g.integers(2, 4, plans)
    weight = tuple(g.lognormal(-0.5, 1.2, (types, n)) for n in counts)
    instance = Instance(g.uniform(0.5, 2.0, (1, types)), weight, weight, (), ())
    amounts = tuple(g.uniform(-0.3, 3.0, w.shape) for w in weight)
    fixed = tuple(g.uniform(-0.2, 0.0, n) for n in counts)
    return instance, Figure(amounts, g.normal(size=types), fixed, np.zeros(1), 0.0, np.zeros(0))


def _everything(layout, columns):
    """All menus of a box as columns, their sizes by type and their values."""
    grid = np.indices(tuple(map(len, columns))).reshape(len(columns), -1).T
    chosen = np.stack([c[k] for c, k in zip(columns, grid.T, strict=True)], axis=1)
    sizes = 1.0 + layout.weight[chosen].sum(axis=1)
    value = ((layout.rows.matrix[0][chosen].sum(axis=1) + layout.rows.outside[0]) / sizes) @ layout.customers[0]
    return chosen, sizes, value + layout.rows.fixed[0][chosen].sum(axis=1)


def test_menus_beyond_the_spans_are_worth_no_more_than_the_cutoff():
    narrowed = 0
    for seed in range(40):
        instance, aim = _problem(seed)
        layout = prepare(instance, aim, ())
        g = np.random.default_rng([seed, 1])
        columns = tuple(np.sort(c if g.random() < 0.8 else c[[g.integers(len(c))]]) for c in layout.column)
        chosen, sizes, value = _everything(layout, columns)
        free = multipliers.none(layout)
        reference = Reference(chosen[value.argmax()]).moved(g.normal(0.0, 0.05, (layout.plans, instance.types)))
        bound = bound_box(layout, make_form(layout, free, None), columns, 0, reference)
        box = OpenBox(layout, columns, 0, np.inf, reference, free, [], {})
        cutoff = float(np.quantile(value, 0.9))
        spans, found = narrowed_spans(box, BoundStep(bound, columns, free, reference), cutoff, Tuning())
        levels = [layout.level[c] for c in columns]
        lost = [p - top for p, top in zip(bound.potential, bound.top, strict=True)]
        for kind, price, size in found:
            narrowed += 1
            out = sizes[:, kind] > size if price > 0.0 else sizes[:, kind] < size
            assert value[out].max(initial=-np.inf) <= cutoff, (seed, kind)
            known = beyond(instance, tuple(levels), bound.total, lost, kind, price, size)
            assert value[out].max(initial=-np.inf) <= known <= cutoff + 1e-6 * abs(cutoff), (seed, kind)
        assert found == [] or (confined(None, instance.types, found) == spans).all(), seed
    assert narrowed > 40


def test_levels_that_do_not_fit_have_no_menu_within_the_spans():
    gone = 0
    for seed in range(30):
        instance, aim = _problem(seed)
        layout = prepare(instance, aim, ())
        columns = tuple(np.sort(c) for c in layout.column)
        chosen, sizes, _ = _everything(layout, columns)
        spans = np.quantile(sizes, (0.0, 0.05) if seed % 2 else (0.95, 1.0), axis=0)
        inside = ((sizes >= spans[0]) & (sizes <= spans[1])).all(axis=1)
        kept = fitting(layout, columns, spans, 1e-9)
        levels = tuple(layout.level[c] for c in columns)
        drops = [[j, layout.level[c[~k]].tolist()] for j, (c, k) in enumerate(zip(columns, kept, strict=True))]
        left = without_unfit(instance, levels, spans, drops)
        for j, (c, k) in enumerate(zip(columns, kept, strict=True)):
            gone += int((~k).sum())
            assert not np.isin(chosen[inside, j], c[~k]).any(), (seed, j)
            assert sorted(left[j]) == sorted(layout.level[c[k]]), (seed, j)
            if k.any():
                with pytest.raises(NotTrustedError):
                    without_unfit(instance, levels, spans, [[j, layout.level[c[k]].tolist()]])
    assert gone > 10


@pytest.mark.parametrize("merged", [24, 60])
def test_a_confined_search_equals_enumeration_and_its_certificate_holds(merged, search_only):
    steps = 0
    few = replace(search_only(64), merged_levels=merged, share_merged_levels=merged)
    tuning = replace(few, relaxed_plans=2, confined_plans=2, share_plans=2, compiled_numbers=10**15)
    for seed in range(10):
        instance, aim = _problem([seed, 3], plans=9, types=3)
        best = enumerate_menus(instance, aim)
        found = maximise(instance, aim, gap=1e-3, scale=0.0, tuning=tuning)
        assert found.value >= best.value - 2e-3 * abs(best.value), seed
        certificate = json.loads(json.dumps(found.certificate))
        assert best.value - 1e-12 <= recheck(instance, aim, (), certificate) <= found.bound + 1e-9, seed
        stopped = maximise(instance, aim, gap=1e-3, max_boxes=3, tuning=tuning)
        bound = recheck(instance, aim, (), json.loads(json.dumps(stopped.certificate)))
        assert best.value - 1e-12 <= bound <= stopped.bound + 1e-9, seed
        steps += sum(len(step) == 3 for step in _steps(certificate))
    assert steps


def _steps(certificate):
    nodes, found = [root["node"] for root in certificate["roots"]], []
    while nodes:
        node = nodes.pop()
        found += node.get("steps", [])
        nodes += [node[key] for key in ("left", "right", "merged", "restated") if key in node]
    return found


def test_spans_that_are_too_narrow_are_refused_or_cost_the_bound(search_only):
    few = replace(search_only(64), merged_levels=24, share_merged_levels=24)
    tuning = replace(few, relaxed_plans=2, confined_plans=2, share_plans=2)
    changed = held = 0
    for seed in range(3):
        instance, aim = _problem([seed, 3], plans=9, types=3)
        found = maximise(instance, aim, gap=1e-3, scale=0.0, tuning=tuning)
        for place, step in enumerate(_steps(found.certificate)):
            if len(step) != 3:
                continue
            changed += 1
            narrow = copy.deepcopy(found.certificate)
            for part in _steps(narrow)[place][2]:
                part[2] = 1.0 if part[1] > 0.0 else 1e9
            with contextlib.suppress(NotTrustedError):
                assert recheck(instance, aim, (), narrow) >= found.value, seed
                held += 1
            for wrong in ([99, 1.0, 2.0], [0, float("nan"), 2.0], [0, 0.0, 2.0]):
                broken = copy.deepcopy(found.certificate)
                _steps(broken)[place][2][0] = wrong
                with pytest.raises(NotTrustedError):
                    recheck(instance, aim, (), broken)
            break
    assert changed and held
