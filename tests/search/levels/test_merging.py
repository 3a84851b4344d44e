"""Merged plans state the same problem, and bound it at least as well."""

from __future__ import annotations

import copy
import itertools
import json

import numpy as np
import pytest

from optimizer.errors import NotTrustedError
from optimizer.search import maximise, recheck
from optimizer.search.levels.bounds import Multiplier, Reference, bound_box, make_form
from optimizer.search.levels.evaluation import problem_values
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.merging import merge, merged_levels, own_values, pairs, transfer
from optimizer.search.levels.rules import consistent, follow


def _layout(instances, seed, rules=2):
    drawn = instances.draw(
        seed, types=1 + seed % 4, plans=3 + seed % 3, levels=4, mixes=2, rules=rules, limits=("", "r", "rf")[seed % 3],
        spread=2.0,
    )  # fmt: skip
    return prepare(drawn.instance, drawn.aim, drawn.limits)


def _box(layout, seed):
    g = np.random.default_rng(seed)
    parts = np.split(np.arange(layout.starts[-1]), layout.starts[1:-1])
    return tuple(np.sort(g.choice(p, max(1, len(p) - int(g.integers(3))), replace=False)) for p in parts)


@pytest.mark.parametrize(
    ("counts", "groups", "levels"),
    [
        ([7], ((0,),), 7),
        ([2, 9], ((0, 1),), 18),
        ([5, 2, 9], ((0, 1), (2,)), 19),
        ([3, 8, 2, 5], ((0, 3), (1, 2)), 31),
    ],
)
def test_short_plans_are_paired_with_long_ones(counts, groups, levels):
    assert pairs(counts) == groups
    assert merged_levels(counts, groups) == levels


def test_a_merged_problem_has_the_same_menus_and_values(instances):
    checked = 0
    for seed in range(24):
        layout = _layout(instances, seed)
        box = consistent(layout, _box(layout, seed))
        if box is None:
            continue
        checked += 1
        made, columns = merge(layout, box, pairs([len(c) for c in box]))
        old = np.array(list(itertools.product(*box)))
        new = np.array(list(itertools.product(*columns)))
        old, new = old[follow(layout, old)], new[follow(made, new)]
        known = problem_values(layout, old, np.zeros(len(old), int))
        by_menu = {layout.menu(m): v for m, v in zip(old, known, strict=True)}
        values = problem_values(made, new, np.zeros(len(new), int))
        assert {made.menu(m) for m in new} == set(by_menu)
        for menu, value in zip(new, values, strict=True):
            np.testing.assert_allclose(value, by_menu[made.menu(menu)], rtol=1e-10, atol=1e-10)
    assert checked > 10


def test_merged_twice_names_menus_of_the_instance(instances):
    layout = _layout(instances, 5, rules=0)
    box = _box(layout, 5)
    once, columns = merge(layout, box, pairs([len(c) for c in box]))
    twice, columns = merge(once, columns, pairs([len(c) for c in columns]))
    assert (layout.depth, once.depth, twice.depth) == (0, 1, 2)
    menus = {twice.menu(np.array(m)) for m in itertools.product(*columns)}
    assert menus == {layout.menu(np.array(m)) for m in itertools.product(*box)}


def test_the_merged_bound_is_valid_and_not_above_the_old_one(instances):
    for seed in range(40):
        layout = _layout(instances, seed, rules=0)
        box, g = _box(layout, seed), np.random.default_rng([9, seed])
        multiplier = Multiplier(np.r_[1.0, g.exponential(1.0, layout.limits)], np.zeros(0))
        form = make_form(layout, multiplier, None)
        reference = Reference(np.array([c[int(g.integers(len(c)))] for c in box]))
        reference = reference.moved(g.normal(0.0, 1.0, own_values(layout, form, reference).shape))
        old = bound_box(layout, form, box, 0, reference)
        favoured = np.array([c[int(p.argmax())] for c, p in zip(box, old.potential, strict=True)])
        made, columns = merge(layout, box, pairs([len(c) for c in box]))
        moved = transfer(layout, multiplier, reference, favoured, made)
        assert made.menu(moved.columns) == layout.menu(favoured)
        new = bound_box(made, form, columns, 0, moved)
        menus = np.array(list(itertools.product(*box)))
        best = (problem_values(layout, menus, np.zeros(len(menus), int)) @ form.weights).max()
        assert best <= new.total <= old.total + 1e-5 * (1.0 + abs(old.total)), seed


def _find(node, key):
    if key in node:
        return node
    for child in ("left", "right", "merged"):
        if child in node and (found := _find(node[child], key)) is not None:
            return found
    return None


def test_a_certificate_with_merged_plans_is_rechecked_and_refused_when_tampered_with(assorted, oracle, search_only):
    tuning = search_only(4)
    merged = refused = 0
    for seed in range(300, 420):
        drawn = assorted(seed)
        if drawn.instance.plans < 3:
            continue
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=tuning)
        data = json.loads(json.dumps(found.certificate))
        nodes = [_find(root["node"], "merge") for root in data["roots"]]
        if not any(nodes):
            continue
        merged += 1
        best = oracle(drawn)
        bound = recheck(drawn.instance, drawn.aim, drawn.limits, data)
        assert bound == -np.inf if best is None else best - 1e-9 * (1 + abs(best)) <= bound, seed
        for change in (lambda n: n["merge"].pop(), lambda n: n["merged"].clear()):
            broken = copy.deepcopy(data)
            change(next(n for n in (_find(r["node"], "merge") for r in broken["roots"]) if n is not None))
            with pytest.raises(NotTrustedError):
                recheck(drawn.instance, drawn.aim, drawn.limits, broken)
            refused += 1
    assert merged > 5 and refused == 2 * merged
