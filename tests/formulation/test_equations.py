"""Every equation by numbers worked out by hand, and its docstring by its fields."""

from __future__ import annotations

import math
from dataclasses import replace
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from optimizer.formulation.equations import read_equation
from optimizer.formulation.program import build, equations
from optimizer.model.instance import Block, Instance, Limit, Rule
from optimizer.solve.lowering import lower_program

# equation -> the test below that works it out
TESTED = {
    "one_level": "test_one_level_and_one_mix",
    "one_mix": "test_one_level_and_one_mix",
    "forbidden": "test_forbidden_pairs_are_one_row_each_set",
    "excluded": "test_excluded_choice_is_cut_off_alone",
    "balance": "test_balance_with_referral",
    "copy": "test_copy_and_within",
    "within": "test_copy_and_within",
    "linear": "test_figure_by_hand",
    "burst_needed": "test_burst_needed",
    "burst_no_more": "test_burst_is_exact_where_it_is_liked",
    "burst_off": "test_burst_is_exact_where_it_is_liked",
    "condition": "test_condition",
    "objective": "test_objective_is_scaled_and_maximised",
}


def two_plans() -> Instance:
    """One type of 1000 persons, two plans with two levels each."""
    w = (np.array([[1.0, 0.5]]), np.array([[2.0, 0.25]]))
    return Instance(np.array([[1000.0]]), w, w)


def row(program: Any, name: str, index: Any = None) -> dict[str, float]:
    at = program.rows[name][index]
    a, b = program.starts[at], program.starts[at + 1]
    pairs = zip(program.indices[a:b], program.coefficients[a:b], strict=True)
    return {program.column_name(int(k)): float(c) for k, c in pairs}


def sides(program: Any, name: str, index: Any = None) -> tuple[float, float]:
    at = program.rows[name][index]
    return float(program.row_lower[at]), float(program.row_upper[at])


def test_every_equation_has_its_fields_and_a_test() -> None:
    found = equations()
    assert {e.name for e in found} == set(TESTED)
    assert [e.name for e in found][:2] == ["one_level", "one_mix"]
    for e in found:
        assert all([e.formula, e.index, e.unit, e.source, e.doc]), e.name
        assert TESTED[e.name] in globals()


def test_an_equation_without_a_field_is_refused() -> None:
    with pytest.raises(ValueError, match="lacks Unit, Source"):
        read_equation("sum", "It sums.\n\nFormula: a + b\nIndex: none\n", "here")


def test_components_carry_their_equation(small: ModuleType) -> None:
    m = build(two_plans(), small.figure(two_plans(), amounts=[[[3.0, 1.0]], 1.0]))
    assert "y_i + sum_jl e_ijl z_ijl" in m.balance.doc
    assert "sum_l x_jl = 1" in m.one_level.doc


def test_one_level_and_one_mix(small: ModuleType) -> None:
    instance = replace(two_plans(), customers=np.array([[1000.0], [500.0]]))
    p = lower_program(build(instance, small.figure(instance)))
    assert row(p, "one_level", 1) == {"x[(1, 0)]": 1.0, "x[(1, 1)]": 1.0}
    assert sides(p, "one_level", 1) == (1.0, 1.0)
    assert row(p, "one_mix") == {"v[0]": 1.0, "v[1]": 1.0}
    assert sides(p, "one_mix") == (1.0, 1.0)


def test_forbidden_pairs_are_one_row_each_set(small: ModuleType) -> None:
    # plan 1 must not stand on a lower level than plan 0
    w = (np.ones((1, 3)), np.ones((1, 3)))
    rule = Rule("order", 0, 1, np.triu(np.ones((3, 3), dtype=bool)))
    instance = Instance(np.array([[10.0]]), w, w, rules=(rule,))
    p = lower_program(build(instance, small.figure(instance)))
    # level 1 forbids {0}, and so does level 2; level 2 forbids {0, 1}
    assert {frozenset(row(p, "forbidden", n)) for n in p.rows["forbidden"]} == {
        frozenset({"x[(0, 1)]", "x[(0, 2)]", "x[(1, 0)]"}),
        frozenset({"x[(0, 2)]", "x[(1, 0)]", "x[(1, 1)]"}),
    }
    assert all(sides(p, "forbidden", n)[1] == 1.0 for n in p.rows["forbidden"])


def test_excluded_choice_is_cut_off_alone(small: ModuleType) -> None:
    instance = two_plans()
    m = build(instance, small.figure(instance), box=[[0, 1], [1]], excluded=[((0, 1), 0), ((0, 0), 0)])
    p = lower_program(m)
    # the second lies outside the box and needs no row
    assert len(p.rows["excluded"]) == 1
    assert row(p, "excluded", 0) == {"x[(0, 0)]": 1.0, "x[(1, 1)]": 1.0, "v[0]": 1.0}
    assert sides(p, "excluded", 0)[1] == 2.0


def test_balance_with_referral(small: ModuleType) -> None:
    # 100 persons, one plan: w = 1, e = 0.5 (half a person is referred): y = 100 / 1.5
    instance = Instance(np.array([[100.0]]), (np.array([[1.0, 4.0]]),), (np.array([[0.5, 2.0]]),))
    aim = small.figure(instance, amounts=[1.0])
    m = build(instance, aim)
    p = lower_program(m)
    # y = Y 100/1.5; z = lo x (one plan: lo = hi = 100/1.5 and 100/3): no r is needed
    assert p.columns["r"] == {}
    found = row(p, "balance", 0)
    assert found["y[0]"] == pytest.approx(1 / 1.5)
    assert found["x[(0, 0)]"] == pytest.approx(0.5 / 1.5)
    assert found["x[(0, 1)]"] == pytest.approx(2.0 / 3.0)
    assert found["v[0]"] == -1.0
    assert sides(p, "balance", 0) == (0.0, 0.0)
    values = small.point(small.Case(instance, aim, ()), m, p, ((1,), 0))
    assert p.objective(values) / m.record.scale == pytest.approx(4.0 * 100.0 / 3.0)


def test_copy_and_within(small: ModuleType) -> None:
    instance = two_plans()
    m = build(instance, small.figure(instance, amounts=[1.0, 1.0]))
    p = lower_program(m)
    # largest y: both plans at their least attractive level: 1000 / 1.75
    # plan 0, level 0: hi = 1000 / (1 + 1 + 0.25), lo = 1000 / (1 + 1 + 2)
    unit, hi, lo = 1000 / 1.75, 1000 / 2.25, 1000 / 4
    found = row(p, "copy", (0, 0))
    assert found["x[(0, 0)]"] == pytest.approx(lo / unit)
    assert found["r[(0, 0, 0)]"] == pytest.approx((hi - lo) / unit)
    assert found["y[0]"] == -1.0
    assert row(p, "within", (0, 0, 0)) == {"r[(0, 0, 0)]": 1.0, "x[(0, 0)]": -1.0}
    assert sides(p, "within", (0, 0, 0)) == (-math.inf, 0.0)


def test_figure_by_hand(small: ModuleType) -> None:
    # y = 1000 / (1 + 1 + 2) = 250; 250 and 500 customers
    instance = two_plans()
    aim = small.figure(
        instance,
        amounts=[[[10.0, 7.0]], [[20.0, 8.0]]],
        outside=0.5,
        fixed=[[-100.0, 0.0], [-50.0, 0.0]],
        mix=7.0,
        constant=3.0,
    )
    m = build(instance, aim)
    p = lower_program(m)
    values = small.point(small.Case(instance, aim, ()), m, p, ((0, 0), 0))
    by_hand = 250 * 10 + 500 * 20 + 0.5 * 250 - 150 + 7 + 3
    assert p.objective(values) / m.record.scale == pytest.approx(by_hand, rel=1e-14)


def burst_case(small: ModuleType, price: float, limit: float = math.inf) -> Any:
    # GPUs: 0.1 per customer; 25 + 50 at levels (0, 0); at most 0.1 (250 + 500) = 75
    instance = two_plans()
    use = small.figure(instance, amounts=[0.1, 0.1])
    instance = replace(instance, blocks=(Block("day", replace(use, burst=np.zeros(1)), 60.0, limit),))
    return instance, small.figure(instance, amounts=[1.0, 1.0], burst=price)


def test_burst_needed(small: ModuleType) -> None:
    instance, aim = burst_case(small, -2.0)
    m = build(instance, aim)
    p = lower_program(m)
    assert "d" not in p.columns or p.columns["d"] == {}
    values = small.point(small.Case(instance, aim, ()), m, p, ((0, 0), 0))
    assert values[p.columns["b"][0]] * m.record.burst_units[0] == pytest.approx(15.0)
    assert small.violation(p, values) < 1e-9
    assert p.objective(values) / m.record.scale == pytest.approx(750.0 - 2.0 * 15.0)
    values[p.columns["b"][0]] *= 0.9
    assert small.violation(p, values) > 1e-3


def test_burst_limit_without_a_price_needs_no_variable(small: ModuleType) -> None:
    instance, aim = burst_case(small, 0.0, limit=10.0)
    m = build(instance, aim)
    p = lower_program(m)
    assert p.columns["b"] == {}
    assert small.violation(p, small.point(small.Case(instance, aim, ()), m, p, ((0, 0), 0))) > 1e-3
    assert small.violation(p, small.point(small.Case(instance, aim, ()), m, p, ((0, 1), 0))) < 1e-9


def test_burst_that_cannot_be_needed_does_not_enter(small: ModuleType) -> None:
    # largest use in the box is bounded by 0.1 (1000 / 2.25 + 2 * 1000 / 3.5) = 101.6
    instance, aim = burst_case(small, -2.0)
    instance = replace(instance, blocks=(replace(instance.blocks[0], reserved=102.0),))
    assert "b" not in lower_program(build(instance, aim)).columns


def test_burst_is_exact_where_it_is_liked(small: ModuleType) -> None:
    instance, aim = burst_case(small, 5.0)
    case = small.Case(instance, aim, ())
    m = build(instance, aim)
    p = lower_program(m)
    column = p.columns["b"][0]
    for choice in small.choices(instance):
        values = small.point(case, m, p, choice)
        assert small.violation(p, values) < 1e-9
        more = values.copy()
        more[column] += 0.05
        more[p.columns["d"][0]] = 1.0
        assert small.violation(p, more) > 1e-3
        more[p.columns["d"][0]] = 0.0
        assert small.violation(p, more) > 1e-3


def test_condition(small: ModuleType) -> None:
    # revenue 250 * 10 + 500 * 20 = 12500 against a floor
    instance = two_plans()
    revenue = small.figure(instance, amounts=[[[10.0, 7.0]], [[20.0, 8.0]]])
    for floor, met in ((12499.0, True), (12501.0, False)):
        limit = Limit("revenue", replace(revenue, constant=-floor))
        m = build(instance, revenue, [limit])
        p = lower_program(m)
        values = small.point(small.Case(instance, revenue, (limit,)), m, p, ((0, 0), 0))
        assert (small.violation(p, values) < 1e-9) is met


@pytest.mark.parametrize("constant", [1.0, -1.0])
def test_constant_condition(small: ModuleType, constant: float) -> None:
    instance = two_plans()
    aim = small.figure(instance, amounts=[1.0, 1.0])
    limit = Limit("constant", small.figure(instance, constant=constant))
    m = build(instance, aim, [limit])
    p = lower_program(m)
    values = small.point(small.Case(instance, aim, (limit,)), m, p, ((0, 0), 0))
    assert (small.violation(p, values) < 1e-9) is (constant > 0)


def test_objective_is_scaled_and_maximised(small: ModuleType) -> None:
    instance = two_plans()
    for money in (1e-6, 1.0, 1e9):
        p = lower_program(build(instance, small.figure(instance, amounts=[money, money])))
        assert p.maximise
        assert 500.0 < np.abs(p.costs).max() <= 1024.0
