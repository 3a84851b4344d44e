"""Plans that attract alike are switched on in the order of what they bring; the proof of it holds, or is refused."""

from __future__ import annotations

import copy
import itertools
import json
from dataclasses import replace

import numpy as np
import pytest

from optimizer.errors import NotTrustedError
from optimizer.model.instance import Block, Figure, Instance, Limit
from optimizer.search import Box, enumerate_menus, maximise, recheck
from optimizer.search.levels.alike import alike


def _figure(generator, instance, amounts, blocks=0):
    return Figure(
        tuple(amounts), generator.normal(size=instance.types), tuple(np.zeros(n) for n in instance.levels),
        np.zeros(instance.mixes), 0.0, np.full(blocks, -0.1),
    )  # fmt: skip


def _drawn(seed, blocks=0):
    """Two kinds of plans that may be switched on, and one plan of three levels."""
    g = np.random.default_rng(seed)
    types, kinds = 1 + seed % 3, [0] * (2 + seed % 3) + [1] * 3
    on, off = g.lognormal(size=(2, types)), g.lognormal(-2.0, size=(2, types)) * (seed % 2)
    weight = [np.stack([off[k], off[k] + on[k]], axis=1) for k in kinds] + [g.lognormal(size=(types, 3))]
    flipped = [bool(g.integers(2)) for _ in kinds]
    weight = [w[:, ::-1] if f else w for w, f in zip(weight, [*flipped, False], strict=True)]
    instance = Instance(g.uniform(1.0, 2.0, (2, types)), tuple(weight), tuple(weight), (), ())

    def amounts(cost):
        made = []
        for k, flip in zip(kinds, flipped, strict=True):
            part = np.stack(
                [np.full(types, 0.3), np.full(types, g.uniform(0.5, 3.0) * (1.0 - cost) + cost * (1 + k))], 1
            )
            made.append(part[:, ::-1] if flip else part)
        return [*made, g.uniform(0.0, 2.0, (types, 3))]

    aim, used = _figure(g, instance, amounts(0.0)), _figure(g, instance, amounts(1.0))
    if blocks:
        instance = replace(instance, blocks=(Block("pool", replace(used, burst=np.zeros(1)), 1.0, 5.0),))
        return instance, replace(aim, burst=np.array([-0.2])), ()
    limit = Limit(
        "least", replace(used, amounts=tuple(-a for a in used.amounts), outside=used.outside * 0.0, constant=2.0)
    )
    return instance, aim, (limit,)


def _on(instance, plan, level):
    return instance.denominators[plan][0, level] == instance.denominators[plan][0].max()


@pytest.mark.parametrize("blocks", [0, 1])
def test_the_best_is_that_of_all_menus_and_the_certificate_holds(blocks, search_only):
    for seed in range(12):
        instance, aim, limits = _drawn(seed, blocks)
        best = enumerate_menus(instance, aim, limits)
        assert best.menu is not None, seed
        for tuning in (None, search_only(1), search_only(8)):
            found = maximise(instance, aim, limits, gap=1e-9, **({} if tuning is None else {"tuning": tuning}))
            assert found.value == pytest.approx(best.value, rel=1e-9), seed
            certificate = json.loads(json.dumps(found.certificate))
            assert "alike" in certificate["roots"][0]["node"], seed
            bound = recheck(instance, aim, limits, certificate)
            assert best.value - 1e-9 <= bound <= found.bound + 1e-9, seed
            assert found.surviving is not None
            assert all(k in kept for k, kept in zip(found.menu, found.surviving.levels, strict=True)), seed


def test_exchanging_never_loses():
    """Every menu is worth no more than the one with as many of each kind, the first of its row."""
    for seed in range(6):
        instance, aim, limits = _drawn(seed)
        rows = alike(instance, aim, [limit.figure for limit in limits], [np.arange(n) for n in instance.levels])
        assert sorted(len(row) for row in rows) == sorted((2 + seed % 3, 3)), seed
        worth = {}
        for menu in itertools.product(*(range(n) for n in instance.levels)):
            one = tuple(np.array([k]) for k in menu)
            found = enumerate_menus(instance, aim, (), Box(one, 0))
            worth[menu] = found.value
        for menu, value in worth.items():
            moved = list(menu)
            for row in rows:
                count = sum(_on(instance, j, menu[j]) for j in row)
                for place, j in enumerate(row):
                    on = 1 if _on(instance, j, 1) else 0
                    moved[j] = on if place < count else 1 - on
            assert value <= worth[tuple(moved)] + 1e-12, (seed, menu)


def test_what_differs_in_anything_is_not_alike():
    instance, aim, limits = _drawn(2)
    box, figures = [np.arange(n) for n in instance.levels], [limit.figure for limit in limits]
    whole = alike(instance, aim, figures, box)
    assert 0 in {j for row in whole for j in row}
    e = (instance.denominators[0] * (1.0 + 1e-15), *instance.denominators[1:])
    other = replace(instance, denominators=e)
    assert 0 not in {j for row in alike(other, aim, figures, box) for j in row}
    assert alike(instance, aim, figures, [part[:1] for part in box]) == ()
    crossed = replace(aim, amounts=(aim.amounts[0] + np.linspace(-5.0, 5.0, instance.types)[:, None], *aim.amounts[1:]))
    assert instance.types > 1
    assert 0 not in {j for row in alike(instance, crossed, figures, box) for j in row}


def test_menus_that_may_not_be_returned_are_counted():
    instance, aim, limits = _drawn(3)
    best = maximise(instance, aim, limits, gap=0.0)
    rest = enumerate_menus(instance, aim, limits, excluded=[(best.menu, best.mix)])
    found = maximise(instance, aim, limits, gap=0.0, excluded=[(best.menu, best.mix)])
    assert found.value == rest.value
    broken = copy.deepcopy(best.certificate) | {"excluded": [[list(best.menu), best.mix]]}
    with pytest.raises(NotTrustedError, match="alike"):
        recheck(instance, aim, limits, broken)


def test_a_row_in_another_order_or_of_other_plans_is_refused():
    instance, aim, limits = _drawn(4)
    found = maximise(instance, aim, limits, gap=1e-9)
    groups = found.certificate["roots"][0]["node"]["alike"]
    long = max(groups, key=len)
    for change in (long[::-1], [*long[:-1], groups[-1][0]]):
        broken = copy.deepcopy(found.certificate)
        made = [change if group == long else group for group in groups]
        lost = set(long) - set(change)
        made = [[*lost] if group == groups[-1] and lost else group for group in made]
        for root in broken["roots"]:
            root["node"]["alike"] = made
        with pytest.raises(NotTrustedError, match="alike"):
            recheck(instance, aim, limits, broken)
