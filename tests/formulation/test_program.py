"""The program holds the exact point of every menu, and only allowed menus; boxes, scaling and dropped terms."""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

import numpy as np
import pytest

from optimizer.errors import InputError, SolverError
from optimizer.formulation.box import make_box, unsafe_levels
from optimizer.formulation.program import build
from optimizer.model.instance import Instance, Limit
from optimizer.solve.lowering import lower_program


@pytest.mark.parametrize("seed", range(40))
def test_exact_points_are_feasible_and_worth_their_value(small: ModuleType, seed: int) -> None:
    case = small.draw(seed)
    m = build(case.instance, case.aim, case.limits)
    p = lower_program(m)
    used = np.abs(p.coefficients)
    assert used.min() > 1e-9
    assert max(used.max(), np.abs(p.costs).max()) < 1e6
    for choice in small.choices(case.instance):
        values = small.point(case, m, p, choice)
        if small.allowed(case.instance, case.limits, *choice):
            assert small.violation(p, values) < 1e-9
            true = small.value(case.instance, case.aim, *choice)
            assert p.objective(values) / m.record.scale == pytest.approx(true, rel=1e-9, abs=1e-9 / m.record.scale)
            assert m.record.bound(p.objective(values)) >= true - 1e-9 * abs(true)
        else:
            assert small.violation(p, values) > 0.0


@pytest.mark.parametrize("seed", range(12))
def test_exact_points_in_a_smaller_box(small: ModuleType, seed: int) -> None:
    case = small.draw(seed, plans=3, levels=5, mixes=3)
    g = np.random.default_rng(seed)
    box = [sorted(g.choice(n, size=int(g.integers(1, n + 1)), replace=False).tolist()) for n in case.instance.levels]
    mixes = sorted(g.choice(3, size=int(g.integers(1, 3)), replace=False).tolist())
    m = build(case.instance, case.aim, (), box=box, mixes=mixes)
    p = lower_program(m)
    assert set(p.columns["x"]) == {(j, k) for j, levels in enumerate(box) for k in levels}
    bare = replace(case.instance, rules=(), blocks=tuple(replace(b, limit=np.inf) for b in case.instance.blocks))
    m = build(bare, case.aim, (), box=box, mixes=mixes)
    p = lower_program(m)
    for choice in small.choices(bare, box, mixes):
        values = small.point(replace(case, instance=bare), m, p, choice)
        assert small.violation(p, values) < 1e-9
        true = small.value(bare, case.aim, *choice)
        assert p.objective(values) / m.record.scale == pytest.approx(true, rel=1e-9, abs=1e-9 / m.record.scale)


def test_what_is_dropped_is_accounted_for(small: ModuleType) -> None:
    # amounts over 16 orders of magnitude: the small ones leave the program, the bound does not
    g = np.random.default_rng(5)
    w = tuple(np.exp(g.normal(0.0, 1.0, (6, 3))) for _ in range(2))
    instance = Instance(g.uniform(1.0, 10.0, (1, 6)), w, w)
    size = 10.0 ** np.linspace(6, -10, 6)[:, None]
    aim = small.figure(instance, amounts=[size * g.uniform(1.0, 2.0, (6, 3)), -size])
    limit = Limit("small", replace(aim, constant=-small.value(instance, aim, (0, 0), 0)))
    case = small.Case(instance, aim, ())
    m = build(instance, aim, [limit])
    p = lower_program(m)
    assert 0.0 < m.record.dropped < 1e-6
    assert m.record.limit_dropped[0] > 0.0
    for choice in small.choices(instance):
        values = small.point(case, m, p, choice)
        true = small.value(instance, aim, *choice)
        assert abs(p.objective(values) / m.record.scale - true) <= m.record.dropped + 1e-12 * 1e7
        if small.value(instance, limit.figure, *choice) >= 0.0:
            assert small.violation(p, values) < 1e-9


def test_only_what_differs_is_copied(small: ModuleType) -> None:
    # plan 1 has one level, and type 0 is not offered plan 0: one copy is left
    instance = Instance(
        np.array([[5.0, 5.0]]),
        (np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[1.0], [1.0]])),
        (np.array([[0.0, 0.0], [1.0, 2.0]]), np.array([[1.0], [1.0]])),
    )
    p = lower_program(build(instance, small.figure(instance, amounts=[1.0, 1.0])))
    assert list(p.rows["copy"]) == [(1, 0)]


def test_unsafe_levels_are_told_and_refused(small: ModuleType) -> None:
    w = (np.array([[1.0, 9000.0]]), np.array([[1.0, np.exp(9.0)]]))
    instance = Instance(np.array([[10.0]]), w, w)
    assert unsafe_levels(instance) == ((0, 1),)
    assert unsafe_levels(instance, [[0], [0, 1]]) == ()
    with pytest.raises(SolverError, match="plan 0 level 1"):
        build(instance, small.figure(instance))
    build(instance, small.figure(instance), box=[[0], [0, 1]])
    broken = (np.array([[1.0, np.nan]]),)
    assert unsafe_levels(Instance(np.array([[10.0]]), broken, broken)) == ((0, 1),)


@pytest.mark.parametrize(
    ("box", "mixes"),
    [([[0]], None), ([[0], []], None), ([[1, 0], [0]], None), ([[0, 0], [0]], None), ([[0], [2]], None), (None, [3])],
)
def test_wrong_boxes_are_refused(small: ModuleType, box: object, mixes: object) -> None:
    w = (np.ones((1, 2)), np.ones((1, 2)))
    with pytest.raises(InputError):
        make_box(Instance(np.array([[10.0]]), w, w), box, mixes)  # type: ignore[arg-type]


@pytest.mark.parametrize("seed", range(20))
def test_rules_keep_exactly_the_allowed_pairs(small: ModuleType, seed: int) -> None:
    g = np.random.default_rng(seed)
    w = tuple(np.ones((1, int(n))) for n in g.integers(1, 6, 2))
    instance = Instance(np.array([[1.0]]), w, w)
    rule = small.Rule("any", 0, 1, g.random((w[0].shape[1], w[1].shape[1])) < 0.6)
    instance = replace(instance, rules=(rule,))
    case = small.Case(instance, small.figure(instance), ())
    m = build(instance, case.aim)
    p = lower_program(m)
    for menu, mix in small.choices(instance):
        kept = small.violation(p, small.point(case, m, p, (menu, mix))) < 1e-9
        assert kept is bool(rule.allowed[menu])
