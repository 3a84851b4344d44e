"""evaluate_many and enumerate_menus against plain loops."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from optimizer.errors import InputError
from optimizer.model.instance import evaluate
from optimizer.search import Box, enumerate_menus, evaluate_many


def test_evaluate_many_equals_the_definition(assorted, definition):
    for seed in range(40):
        drawn = assorted(seed)
        instance = drawn.instance
        figures = {"aim": drawn.aim} | {limit.name: limit.figure for limit in drawn.limits}
        menus = list(itertools.product(*(range(n) for n in instance.levels)))[:60]
        mixes = [k % instance.mixes for k in range(len(menus))]
        got = evaluate_many(instance, figures, menus, mixes)
        for k, (menu, mix) in enumerate(zip(menus, mixes, strict=True)):
            wanted = definition(instance, list(figures.values()), menu, mix)[0]
            direct = evaluate(instance, figures, menu, mix)
            for name, value in zip(figures, wanted, strict=True):
                assert got[name][k] == pytest.approx(value, rel=1e-10, abs=1e-10)
                assert got[name][k] == pytest.approx(direct[name], rel=1e-10, abs=1e-10)


@pytest.mark.parametrize("chunk", [1, 64, 1 << 18])
def test_enumerate_menus_equals_the_definition(assorted, oracle, chunk):
    for seed in range(300, 380):
        drawn = assorted(seed)
        best = oracle(drawn)
        found = enumerate_menus(drawn.instance, drawn.aim, drawn.limits, chunk=chunk)
        if best is None:
            assert found.status == "infeasible" and found.menu is None and found.bound == -np.inf
        else:
            assert found.value == pytest.approx(best, rel=1e-9, abs=1e-9)
            assert found.bound == found.value and found.status == "closed"
        assert found.enumerated == drawn.instance.menus


def test_enumerate_menus_in_a_box_without_excluded_choices(assorted, choices):
    for seed in range(400, 430):
        drawn = assorted(seed)
        box = Box(tuple(np.arange(0, n, 2) for n in drawn.instance.levels), drawn.instance.mixes - 1)
        inside = [(v, menu, mix) for v, menu, mix in choices(drawn) if mix == box.mix and all(k % 2 == 0 for k in menu)]
        excluded = [(menu, mix) for _, menu, mix in sorted(inside, reverse=True)[:1]]
        left = [v for v, menu, mix in inside if (menu, mix) not in excluded]
        found = enumerate_menus(drawn.instance, drawn.aim, drawn.limits, box, excluded=excluded)
        assert found.value == pytest.approx(max(left, default=-np.inf), rel=1e-9, abs=1e-9)


def test_enumeration_can_be_stopped(assorted):
    drawn = assorted(1)
    found = enumerate_menus(drawn.instance, drawn.aim, drawn.limits, stopped=lambda: True)
    assert found.status == "interrupted" and found.bound == np.inf


def test_wrong_menus_are_refused(assorted):
    drawn = assorted(1)
    bad = [tuple(n for n in drawn.instance.levels)]
    with pytest.raises(InputError):
        evaluate_many(drawn.instance, {"aim": drawn.aim}, bad)
    with pytest.raises(InputError):
        evaluate_many(drawn.instance, {"aim": drawn.aim}, [tuple(0 for _ in drawn.instance.levels)], 99)
