"""One tree for all thresholds of a limit: every search in it is proven as well as one by itself."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from amount import few, some

from optimizer.model.instance import Limit, combine, evaluate
from optimizer.search import SharedSearch, maximise, recheck
from optimizer.search.engine import GapRule
from optimizer.search.levels.evaluation import Truth, problem_values
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.moving import eased, moved
from optimizer.search.levels.staircase import Staircase

GAP = 1e-4


def _stretches(tree):
    """Every stretch of a tree."""
    waiting = [tree.root]
    while waiting:
        stretch = waiting.pop()
        if stretch is not None:
            yield stretch
            waiting += [stretch.below, stretch.above]


def _trees(shared):
    return list(shared._trees.values())


class Line:
    """A problem whose last limit is moved: x >= t for thresholds among the x of its menus and beyond."""

    def __init__(self, drawn, choices):
        self.drawn = drawn
        self.x = replace(drawn.limits[-1].figure, constant=0.0)
        others = replace(drawn, limits=drawn.limits[:-1])
        self.menus = [
            (evaluate(drawn.instance, {"x": self.x}, menu, mix)["x"], y, menu, mix) for y, menu, mix in choices(others)
        ]

    def limits(self, threshold):
        return (*self.drawn.limits[:-1], Limit("x", replace(self.x, constant=-threshold)))

    def best(self, threshold):
        """The most y with x at least so much; None where there is none."""
        return max((y for x, y, *_ in self.menus if x >= threshold), default=None)

    def thresholds(self, g):
        """Both ends, places between them in any order, and one that no menu reaches; none at the x of a menu."""
        x = np.unique([x for x, *_ in self.menus])
        if len(x) < 8:
            return []
        middles = 0.5 * (x[1:] + x[:-1])
        inner = g.permutation(middles)[:14]
        return [x[0] - 1.0, float(middles[-1]), *map(float, inner), x[-1] + 1.0]

    def searched(self, threshold, shared, tuning, seeds=()):
        instance, aim = self.drawn.instance, self.drawn.aim
        return maximise(
            instance, aim, self.limits(threshold), gap=GAP, seeds=seeds, near=bool(seeds), shared=shared, tuning=tuning
        )


def _lines(assorted, choices, seeds):
    for seed in seeds:
        drawn = assorted(seed)
        if drawn.limits:
            yield seed, Line(drawn, choices)


@pytest.mark.parametrize("small", [1, 8])
def test_searches_in_one_tree_equal_enumeration_and_can_be_rechecked(assorted, choices, search_only, small):
    tuning, tried, removed = search_only(small), 0, 0
    for seed, line in _lines(assorted, choices, some(range(small * 3000, small * 3000 + 45))):
        shared, seeds = SharedSearch(), ()
        for threshold in line.thresholds(np.random.default_rng(seed)):
            best = line.best(threshold)
            found = line.searched(threshold, shared, tuning, seeds)
            drawn, certificate = line.drawn, json.loads(json.dumps(found.certificate))
            checked = recheck(drawn.instance, drawn.aim, line.limits(threshold), certificate)
            if best is None:
                assert found.status == "infeasible" and checked == -np.inf, seed
                continue
            tiny, allowed = 1e-9 * (1.0 + abs(best)), GAP * max(abs(found.value), 1.0)
            assert found.status == "closed", seed
            assert best - tiny <= found.bound <= found.value + allowed + tiny and found.value <= best + tiny, seed
            assert best - tiny <= checked <= found.bound + tiny, seed
            alone = line.searched(threshold, None, tuning)
            assert abs(alone.bound - found.bound) <= allowed + GAP * max(abs(alone.value), 1.0) + tiny, seed
            seeds, tried = ((found.menu, found.mix),), tried + 1
        removed += sum(len(p.removed) for t in _trees(shared) for s in _stretches(t) for p in s.parts.values())
    assert tried > few(200) and removed > few(30), (tried, removed)


def test_what_leaves_a_stretch_is_worth_no_more_than_the_cutoff_at_every_threshold(instances, choices, search_only):
    tuning, tried = search_only(8), 0
    for seed in some(range(4000, 4018)):
        kind = ("c", "f", "r")[seed % 3]
        line = Line(instances.draw(seed, types=3, plans=3, levels=7, mixes=2, limits=kind, spread=1.0), choices)
        shared = SharedSearch()
        for threshold in line.thresholds(np.random.default_rng(seed)):
            line.searched(threshold, shared, tuning)
        for tree in _trees(shared):
            for stretch in _stretches(tree):
                for x, y, menu, mix in line.menus:
                    part, columns = stretch.parts[mix], tree.layout.columns(menu)
                    kept = all(c in own for c, own in zip(columns, part.columns, strict=True)) and not part.closed
                    if kept or x <= stretch.low:
                        continue
                    # the highest threshold of the stretch that the menu keeps is the one where most is lost with it
                    here = tree.known.best(min(x, np.nextafter(stretch.high, -np.inf)) * (1.0 - 1e-14))
                    assert here is not None, seed
                    assert y <= tree.known.rule.cutoff(here.value) + 1e-9 * (1.0 + abs(y)), seed
                    tried += 1
    assert tried > few(300), tried


def test_the_same_searches_give_the_same_answers(assorted, choices, search_only):
    tuning, tried = search_only(1), 0
    for seed, line in _lines(assorted, choices, range(9500, 9506)):
        runs = []
        for _ in range(2):
            shared = SharedSearch()
            found = [line.searched(t, shared, tuning) for t in line.thresholds(np.random.default_rng(seed))]
            runs.append([(f.menu, f.mix, f.bound, f.boxes, f.certificate) for f in found])
        assert runs[0] == runs[1], seed
        tried += len(runs[0])
    assert tried > 10


def test_a_moved_bound_holds_for_every_menu_of_its_part(assorted, choices, search_only):
    tuning, tried = search_only(1), 0
    for seed, line in _lines(assorted, choices, some(range(9000, 9180))):
        if line.drawn.instance.blocks:
            continue
        shared, g = SharedSearch(), np.random.default_rng(seed)
        thresholds = line.thresholds(g)
        for threshold in thresholds:
            line.searched(threshold, shared, tuning)
        for tree in _trees(shared):
            for stretch in _stretches(tree):
                for mix, part in stretch.parts.items():
                    for step in part.steps:
                        constants = np.zeros(1 + tree.layout.limits)
                        constants[-1] = -thresholds[2]
                        layout = eased(tree.layout, constants)
                        columns = tuple(
                            np.sort(g.choice(c, size=g.integers(1, len(c) + 1), replace=False)) for c in step.columns
                        )
                        new = moved(step, columns, constants).bound
                        grid = np.stack([m.ravel() for m in np.meshgrid(*columns, indexing="ij")], axis=1)
                        truth = problem_values(layout, grid, np.full(len(grid), mix)) @ step.multiplier.rows
                        deficits = (t - p for t, p in zip(new.top, new.potential, strict=True))
                        spent = sum(np.meshgrid(*deficits, indexing="ij")).ravel()
                        assert (truth <= new.total - spent + 1e-12 * (1.0 + np.abs(truth))).all(), seed
                        tried += 1
    assert tried > few(60), tried


def test_a_layout_is_eased_by_constants_alone(assorted):
    drawn = assorted(2)
    figures = [replace(limit.figure, constant=limit.figure.constant + 2.5) for limit in drawn.limits]
    changed = tuple(replace(limit, figure=f) for limit, f in zip(drawn.limits, figures, strict=True))
    constants = np.array([0.0, *[2.5] * len(changed)])
    got = eased(prepare(drawn.instance, drawn.aim, drawn.limits), constants)
    wanted = prepare(drawn.instance, drawn.aim, changed)
    assert len(changed) > 0
    np.testing.assert_allclose(got.rows.offset, wanted.rows.offset, rtol=1e-14)
    assert (got.magnitude >= wanted.magnitude * (1.0 - 1e-14)).all()


def test_searches_of_other_figures_share_no_tree(assorted):
    drawn = assorted(2)
    shared = SharedSearch()
    doubled = replace(drawn.limits[-1], figure=combine([(2.0, drawn.limits[-1].figure)]))
    for limits in (drawn.limits, (*drawn.limits[:-1], doubled), drawn.limits):
        asked = shared.ask(drawn.instance, drawn.aim, limits)
        for gap in (1e-4, 1e-3):
            shared.tree(asked, GapRule(gap, 1.0), None)
    assert len(_trees(shared)) == 4


def test_a_staircase_keeps_what_is_best_for_some_threshold(assorted, choices):
    seed, line = next(_lines(assorted, choices, range(1, 40)))
    truth = Truth(line.drawn.instance, line.drawn.aim, line.drawn.limits[:-1])
    stairs = Staircase(truth, Limit("x", line.x), GapRule(GAP, 1.0))
    assert stairs.best(-1e9) is None and len(line.menus) > 3
    for _, _, menu, mix in line.menus:
        stairs.offer((menu, mix))
    assert (np.diff(stairs.x) > 0.0).all() and (np.diff(stairs.y) < 0.0).all()
    for x, *_ in line.menus:
        found = stairs.best(x - 1e-6 * (1.0 + abs(x)))
        assert found is not None and found.value == pytest.approx(line.best(x), abs=1e-9), seed
    low, high = float(stairs.x[0]), float(stairs.clear[-1])
    at, y = stairs.reached(low - 1.0, high)
    assert at[0] == low - 1.0 and list(y) == list(stairs.y)
    assert not len(stairs.reached(low, high + 1.0)[0])
