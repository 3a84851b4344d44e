"""Boxes cut by the sizes of types: the bound holds for the menus within, and the search and its recheck with it."""

from __future__ import annotations

import copy
import json
from dataclasses import replace

import numpy as np
import pytest

from optimizer.errors import NotTrustedError
from optimizer.model.instance import Figure, Instance
from optimizer.search import Box, enumerate_menus, maximise, recheck
from optimizer.search.kernels.arrays import NumpyKernel
from optimizer.search.kernels.choice import _compiled
from optimizer.search.levels.bounds import Reference, make_form
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.multipliers import none
from optimizer.search.levels.shares import halves
from optimizer.search.proof.bounds import separable_bound


def _assortment(seed, plans=9, types=3):
    g = np.random.default_rng(seed)
    on = g.lognormal(0.0, 1.5, (plans, types))
    weight = tuple(np.stack([np.zeros(types), w], axis=1) for w in on)
    amounts = tuple(np.stack([np.zeros(types), np.full(types, g.uniform(0.1, 3.0))], axis=1) for _ in range(plans))
    instance = Instance(g.uniform(0.5, 2.0, (1, types)), weight, weight, (), ())
    fixed = tuple(np.zeros(2) for _ in range(plans))
    return instance, Figure(amounts, g.normal(size=types), fixed, np.zeros(1), 0.0, np.zeros(0))


def _all(plans):
    return np.indices((2,) * plans).reshape(plans, -1).T


def _kernels():
    compiled = _compiled()
    return [NumpyKernel(), *([] if compiled is None else [compiled()])]


def test_no_menu_within_the_spans_lies_above_the_bound():
    checked = 0
    for seed in range(50):
        instance, aim = _assortment(seed, plans=7)
        layout = prepare(instance, aim, ())
        g = np.random.default_rng([seed, 1])
        columns = tuple(np.sort(c if g.random() < 0.7 else c[[g.integers(2)]]) for c in layout.column)
        menus = np.array([m for m in _all(7) if all(layout.column[j][m[j]] in columns[j] for j in range(7))])
        chosen = np.stack([layout.column[j][menus[:, j]] for j in range(7)], axis=1)
        sizes = 1.0 + layout.weight[chosen].sum(axis=1)
        value = ((layout.rows.matrix[0][chosen].sum(axis=1) + aim.outside) / sizes) @ layout.customers[0]
        spans = np.quantile(sizes, (0.25, 0.7), axis=0) if seed % 2 else np.quantile(sizes, (0.0, 0.5), axis=0)
        inside = ((sizes >= spans[0]) & (sizes <= spans[1])).all(axis=1)
        reference = Reference(layout.columns(tuple(g.integers(0, 2, 7)))).moved(g.normal(0.0, 0.3, (7, instance.types)))
        form, totals = make_form(layout, none(layout), None), []
        for kernel in _kernels():
            bound = kernel.bound(layout, form, columns, 0, reference, spans)
            free = kernel.bound(layout, form, columns, 0, reference)
            assert np.isfinite(bound.total) and bound.total <= free.total, seed
            totals.append(bound.total)
            for row, worth in zip(chosen[inside], value[inside], strict=True):
                checked += 1
                assert worth <= bound.total, (seed, row)
                for j, column in enumerate(row):
                    assert worth <= bound.levels(j)[np.searchsorted(columns[j], column)] + 1e-12, (seed, row, j)
        assert totals == pytest.approx([totals[0]] * len(totals), rel=1e-12), seed
        levels = tuple(np.sort(layout.level[c]) for c in columns)
        center = layout.level[reference.columns]
        plain, _ = separable_bound(instance, aim, levels, 0, center, 0.0, reference.shift, spans)
        assert plain == pytest.approx(totals[0], rel=1e-9), seed
    assert checked > 400


@pytest.mark.parametrize("merged", [0, 24])
def test_search_by_shares_equals_enumeration_and_its_certificate_holds(merged, search_only):
    cut = 0
    for seed in range(10):
        instance, aim = _assortment(seed, plans=11)
        tuning = replace(search_only(4), share_plans=2, share_merged_levels=merged, merged_levels=merged)
        best = enumerate_menus(instance, aim)
        found = maximise(instance, aim, gap=1e-6, scale=0.0, tuning=tuning)
        assert found.value >= best.value - 2e-6 * abs(best.value), seed
        certificate = json.loads(json.dumps(found.certificate))
        cut += '"share"' in json.dumps(certificate)
        bound = recheck(instance, aim, (), certificate)
        assert best.value - 1e-12 <= bound <= found.bound + 1e-9, seed
        stopped = maximise(instance, aim, gap=0.0, max_boxes=5, tuning=tuning)
        assert np.isfinite(stopped.bound), seed
        bound = recheck(instance, aim, (), json.loads(json.dumps(stopped.certificate)))
        assert best.value - 1e-12 <= bound <= stopped.bound + 1e-9, seed
    assert cut > 1


def test_a_cut_at_no_size_or_without_a_half_is_refused(search_only):
    tuning = replace(search_only(4), share_plans=2, share_merged_levels=0, merged_levels=0)
    for seed in range(10):
        instance, aim = _assortment(seed)
        certificate = maximise(instance, aim, gap=1e-9, tuning=tuning).certificate
        if '"share"' in json.dumps(certificate):
            break
    for change in ({"share": [99, 2.0]}, {"share": [0, float("nan")]}, {"left": {}}):
        broken = copy.deepcopy(certificate)
        node = broken["roots"][0]["node"]
        while "share" not in node:
            node = node["left"] if "left" in node else node["merged"]
        node.update(change)
        with pytest.raises(NotTrustedError):
            recheck(instance, aim, (), broken)


def test_halves_cover_all_sizes():
    below, above = halves(None, 2, 1, 3.0)
    assert below.tolist() == [[1.0, 1.0], [np.inf, 3.0]]
    assert above.tolist() == [[1.0, 3.0], [np.inf, np.inf]]
    assert halves(above, 2, 1, 5.0)[0].tolist() == [[1.0, 3.0], [np.inf, 5.0]]


def test_a_box_of_many_plans_with_one_level_each_is_enumerated():
    instance, aim = _assortment(0, plans=80)
    box = Box(tuple(np.array([0, 1]) if j in (3, 70) else np.array([1]) for j in range(80)))
    found = enumerate_menus(instance, aim, box=box)
    assert found.enumerated == 4
    assert found.menu is not None and sum(found.menu) >= 78
