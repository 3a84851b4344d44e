"""Bounds of an earlier run hold after the limits' constants have moved; a step is proven as well as from scratch."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace

import numpy as np
import pytest
from amount import few, some
from optimizer.search.levels.past import covers, moved

from optimizer.model.instance import combine, evaluate
from optimizer.search import maximise, recheck
from optimizer.search.levels.evaluation import problem_values
from optimizer.search.levels.layout import prepare
from optimizer.search.levels.sifting import Sieve, join, sift


def _shifted(drawn, amount):
    """The same problem with every limit eased by a share of its own size."""
    limits = []
    for limit in drawn.limits:
        menu = tuple(0 for _ in drawn.instance.levels)
        size = abs(evaluate(drawn.instance, {"v": limit.figure}, menu)["v"]) + abs(limit.figure.constant)
        limits.append(replace(limit, figure=combine([(1.0, limit.figure)], amount * size)))
    return replace(drawn, limits=tuple(limits))


@pytest.mark.parametrize("small", [1, 8])
def test_a_run_with_a_past_equals_enumeration_and_can_be_rechecked(assorted, oracle, search_only, small):
    tuning = search_only(small)
    recalled = 0
    for seed in some(range(small * 3000, small * 3000 + 25)):
        drawn = assorted(seed)
        pasts, seeds = (), ()
        for amount in (0.0, -0.05, 0.1, 0.02):
            case = _shifted(drawn, amount)
            best = oracle(case)
            found = maximise(case.instance, case.aim, case.limits, gap=1e-4, pasts=pasts, seeds=seeds, tuning=tuning)
            checked = recheck(case.instance, case.aim, case.limits, json.loads(json.dumps(found.certificate)))
            if best is None:
                assert found.status == "infeasible" and checked == -np.inf, seed
                continue
            tiny = 1e-9 * (1.0 + abs(best))
            allowed = 1e-4 * max(abs(found.value), 1.0)
            assert found.status == "closed", seed
            assert found.bound >= best - tiny and found.value >= best - allowed - tiny, seed
            assert best - tiny <= checked <= found.bound + tiny, seed
            recalled += sum(len(steps) for past in pasts for steps in past.steps.values())
            pasts, seeds = (found.past, *pasts[:1]), ((found.menu, found.mix),)
    assert recalled > few(50)


def test_the_same_past_gives_the_same_answer(assorted, search_only):
    tuning = search_only(1)
    for seed in range(9500, 9510):
        drawn, case = assorted(seed), _shifted(assorted(seed), -0.02)
        runs = []
        for _ in range(2):
            first = maximise(drawn.instance, drawn.aim, drawn.limits, tuning=tuning)
            seeds = () if first.menu is None else ((first.menu, first.mix),)
            moved_case = replace(case, instance=drawn.instance)
            found = maximise(
                drawn.instance, drawn.aim, moved_case.limits, pasts=(first.past,), seeds=seeds, tuning=tuning
            )
            runs.append((found.menu, found.mix, found.bound, found.boxes, found.certificate))
        assert runs[0] == runs[1]


def test_a_moved_bound_holds_for_every_menu_of_its_part(assorted, search_only, monkeypatch):
    tuning = search_only(1)
    tried = 0
    for seed in some(range(9000, 9120)):
        drawn = assorted(seed)
        past = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-6, tuning=tuning).past
        case = _shifted(drawn, -0.03)
        layout = prepare(case.instance, case.aim, case.limits)
        g = np.random.default_rng(seed)
        for mix, steps in past.steps.items():
            constants = past.constants(layout, mix)
            for step in steps:
                if step.multiplier.gpus.size:
                    continue
                columns = tuple(
                    np.sort(g.choice(c, size=g.integers(1, len(c) + 1), replace=False)) for c in step.columns
                )
                assert covers(step, columns)
                new = moved(step, columns, constants).bound
                grid = np.stack([m.ravel() for m in np.meshgrid(*columns, indexing="ij")], axis=1)
                truth = problem_values(layout, grid, np.full(len(grid), mix)) @ step.multiplier.rows
                spent = sum(np.meshgrid(*(t - p for t, p in zip(new.top, new.potential, strict=True)), indexing="ij"))
                assert (truth <= new.total - spent.ravel() + 1e-12 * (1.0 + np.abs(truth))).all(), seed
                tried += 1
    assert tried > few(20)


def test_a_past_of_another_problem_is_not_used(assorted, search_only):
    tuning = search_only(1)
    drawn, other = assorted(1), assorted(2)
    past = maximise(drawn.instance, drawn.aim, drawn.limits, tuning=tuning).past
    assert past.constants(prepare(other.instance, other.aim, other.limits), 0) is None
    doubled = prepare(drawn.instance, combine([(2.0, drawn.aim)]), drawn.limits)
    assert past.constants(doubled, 0) is None
    plain = maximise(drawn.instance, drawn.aim, (), tuning=tuning)
    assert (plain.past.constants(prepare(drawn.instance, drawn.aim, drawn.limits), 0) is None) == bool(drawn.limits)


@pytest.mark.parametrize("seed", range(30))
def test_sifting_in_halves_leaves_the_same_menus(seed):
    g = np.random.default_rng(seed)
    counts = g.integers(1, 6, size=g.integers(1, 6))
    box = tuple(np.arange(n) + 10 * j for j, n in enumerate(counts))
    sieves = []
    for k in range(g.integers(1, 4)):
        deficits = tuple(d - d.min() for d in (g.uniform(0.0, 4.0, size=n) for n in counts))
        sieves.append(Sieve(5.0, deficits, float(g.uniform(0.0, 4.0)) if k % 2 else 2.0, not k % 2))
    whole, halves = sift(box, sieves, 10**6), join(box, sieves, 10**6)
    assert whole is not None and halves is not None
    left = {tuple(menu) for menu in whole[0].tolist()}
    assert left == {tuple(menu) for menu in halves[0].tolist()}
    for index in itertools.product(*(range(n) for n in counts)):
        bounds = [s.total - sum(d[k] for d, k in zip(s.deficits, index, strict=True)) for s in sieves]
        impossible = any(not s.counts and b <= s.cutoff for s, b in zip(sieves, bounds, strict=True))
        if tuple(c[k] for c, k in zip(box, index, strict=True)) not in left and not impossible:
            assert min(b for s, b in zip(sieves, bounds, strict=True) if s.counts) <= halves[1] + 1e-12
    assert halves[1] <= 2.0 + 1e-12
    assert join(box, sieves, 0) is None
