"""Plans with very many levels: the same bounds without copies, and the same answers from thinned starts."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from optimizer.model.instance import Instance
from optimizer.search import Tuning, maximise, recheck
from optimizer.search.levels import layout as layout_module
from optimizer.search.levels import wide
from optimizer.search.levels.bounds import Form, Reference, bound_box
from optimizer.search.levels.layout import prepare


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three levels are very many already."""
    monkeypatch.setattr(layout_module, "DEFAULT", replace(Tuning(), wide_levels=3))


def _without(instance: Instance, seed: int) -> Instance:
    """Each plan is offered to a range of types alone."""
    g = np.random.default_rng([seed, 5])
    kept = []
    for _ in range(instance.plans):
        first = int(g.integers(instance.types))
        kept.append(np.isin(np.arange(instance.types), range(first, int(g.integers(first, instance.types)) + 1)))
    attraction, denominators = (
        tuple(np.where(own[:, None], a, 0.0) for own, a in zip(kept, arrays, strict=True))
        for arrays in (instance.attraction, instance.denominators)
    )
    return replace(instance, attraction=attraction, denominators=denominators)


def test_wide_bounds_equal_the_others(few, assorted):
    compared = 0
    for seed in range(120):
        drawn = assorted(seed)
        instance = _without(drawn.instance, seed)
        layout = prepare(instance, drawn.aim, drawn.limits)
        g = np.random.default_rng([seed, 6])
        box = tuple(np.sort(g.permutation(c)[: int(g.integers(1, len(c) + 1))]) for c in layout.column)
        form = Form(g.uniform(0.0, 1.0, len(layout.rows.fixed)) * (g.random(len(layout.rows.fixed)) < 0.7), 0.3, 0.3)
        center = np.array([g.choice(c) for c in layout.column], dtype=np.intp)
        shift = g.normal(size=(layout.plans, instance.types)) if seed % 2 else None
        reference, bounds = Reference(center, shift), wide.WideBounds(3)
        for mix in range(instance.mixes):  # the second from the tables that the first has kept
            got = bounds.bound(layout, form, box, mix, reference)
            wanted = bound_box(layout, form, box, mix, reference)
            compared += 1
            size = 1e-11 * (1.0 + abs(wanted.total))
            # what is allowed for rounding differs
            assert got.total == pytest.approx(wanted.total, rel=1e-7, abs=size), seed
            assert got.value == pytest.approx(wanted.value, rel=1e-9, abs=size), seed
            for one, other in zip(got.potential, wanted.potential, strict=True):
                assert one == pytest.approx(other, rel=1e-8, abs=1e-8), seed
            for part in ("cut", "rest", "gradient", "fall"):
                assert getattr(got, part) == pytest.approx(getattr(wanted, part), rel=1e-8, abs=1e-8), (seed, part)
    assert compared > 150


@pytest.mark.parametrize("small", [1, 4])
def test_search_equals_enumeration(few, assorted, instances, oracle, search_only, small):
    """With figures that have an ``again`` part in every other case; certificates recheck."""
    tuning = replace(search_only(small), first_levels=2, wide_levels=3, compiled_numbers=10**15)
    answers = 0
    for seed in range(7000, 7050):
        drawn = assorted(seed)
        drawn = replace(drawn, instance=_without(drawn.instance, seed))
        if seed % 2:
            drawn = instances.with_again(drawn, seed)
        best = oracle(drawn)
        found = maximise(drawn.instance, drawn.aim, drawn.limits, gap=1e-9, tuning=tuning)
        proven = recheck(drawn.instance, drawn.aim, drawn.limits, json.loads(json.dumps(found.certificate)))
        if best is None:
            assert found.status == "infeasible" and proven == -np.inf, seed
            continue
        answers += 1
        tiny = 1e-9 * (1.0 + abs(best))
        assert found.status == "closed" and abs(found.value - best) <= 2.0 * tiny, seed
        assert best - tiny <= proven <= found.bound + tiny, seed
    assert 15 < answers < 50


def test_thinned_boxes_keep_both_ends(assorted):
    drawn = assorted(3)
    layout = prepare(drawn.instance, drawn.aim, drawn.limits)
    for whole, part in zip(layout.column, wide.thinned(layout, layout.column, 2), strict=True):
        assert sorted(layout.level[part]) == [0, len(whole) - 1][: len(whole)]
    assert all(a is b for a, b in zip(layout.column, wide.thinned(layout, layout.column, 99), strict=True))


def test_shipped_sizes_are_not_thinned():
    assert Tuning().first_levels >= 200 and Tuning().counted_levels >= Tuning().first_levels
