"""Every wrong argument is refused at construction, by its name and the place in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest

from optimizer import Burst, Condition, InputError, MenuProblem, PriceProblem, Ratio

Data = dict[str, Any]
TWO = np.ones((2, 2))


def spoilt(value: Any, place: tuple[int, ...] = (1, 0)) -> np.ndarray:
    array = TWO.copy()
    array[place] = value
    return array


def menu_problem(**more: Any) -> MenuProblem:
    """Two types, two plans of two levels, figures margin and n."""
    given: Data = {
        "customers": [10.0, 20.0],
        "attraction": [TWO, TWO],
        "amounts": {"margin": [TWO, TWO], "n": [TWO, TWO]},
    }
    return MenuProblem(**{**given, **more})


CONDITIONS: list[tuple[Any, str]] = [
    (3.0, "conditions"),
    ("margin", "conditions"),
    ([("margin", 1.0)], "conditions[0]"),
    ([Condition("margin", at_least=1.0), Condition("nothing", at_least=1.0)], "conditions[1]"),
    ([Condition(None, at_least=1.0)], "conditions[0]"),  # type: ignore[arg-type]
    ([Condition("margin")], "conditions[0]"),
    ([Condition("margin", at_least=2.0, at_most=1.0)], "conditions[0]"),
    ([Condition("margin", at_least="x")], "conditions[0].at_least"),  # type: ignore[arg-type]
    ([Condition("margin", at_most=True)], "conditions[0].at_most"),
    ([Condition("margin", at_most=float("nan"))], "conditions[0].at_most"),
    ([Condition("margin", at_least=-1e308)], "conditions[0].at_least"),
    ([Condition(Ratio("margin", "nothing"), at_least=1.0)], "conditions[0]"),
    ([Condition(Ratio("margin", "n", 0.0), at_least=1.0)], "conditions[0].floor"),
    ([Condition(Ratio("margin", "n", -1.0), at_least=1.0)], "conditions[0].floor"),
    ([Condition(Ratio("margin", "n", float("nan")), at_least=1.0)], "conditions[0].floor"),
    ([Condition("margin", at_least=1.0, name="a"), Condition("n", at_least=1.0, name="a")], "conditions[1].name"),
    ([Condition("margin", at_least=1.0, name=7)], "conditions[0].name"),  # type: ignore[arg-type]
]
BURSTS: list[tuple[Any, str]] = [
    ([("margin", 1.0, 1.0, "n")], "burst[0]"),
    ([Burst("nothing", 1.0, 1.0, "margin")], "burst[0].use"),
    ([Burst("n", 1.0, 1.0, "nothing")], "burst[0].charged_to"),
    ([Burst("n", -1.0, 1.0, "margin")], "burst[0].reserved"),
    ([Burst("n", float("inf"), 1.0, "margin")], "burst[0].reserved"),
    ([Burst("n", 1.0, float("nan"), "margin")], "burst[0].price"),
    ([Burst("n", 1.0, "x", "margin")], "burst[0].price"),  # type: ignore[arg-type]
    ([Burst("n", 1.0, 1.0, "margin", -1.0)], "burst[0].limit"),
    ([Burst("n", 1.0, 1.0, "margin", float("nan"))], "burst[0].limit"),
]
RULES: list[tuple[Any, str]] = [
    ([(0, 1)], "rules[0]"),
    ([7], "rules[0]"),
    ([(0, 3, TWO)], "rules[0][1]"),
    ([(-1, 1, TWO)], "rules[0][0]"),
    ([(0.5, 0, TWO)], "rules[0][0]"),
    ([(0, True, TWO)], "rules[0][1]"),
    ([(0, 1, [[True, False]])], "rules[0][2]"),
    ([(0, 1, [["x", "y"], ["a", ""]])], "rules[0][2]"),
    ([(0, 1, TWO), (0, 1, 0.5 * TWO)], "rules[1][2][0, 0]"),
]
WRONG: list[tuple[str, Any, str]] = [
    ("customers", "abc", "customers"),
    ("customers", None, "customers"),
    ("customers", [[1, 2], [3]], "customers"),
    ("customers", 5.0, "customers"),
    ("customers", [], "customers"),
    ("customers", [10.0, 0.0], "customers[1]"),
    ("customers", [[1.0, 1.0], [-1.0, 1.0]], "customers[1, 0]"),
    ("customers", [1.0, 1e308], "customers[1]"),
    ("customers", ["1", "2"], "customers"),
    ("customers", [1j, 2j], "customers"),
    ("customers", np.array([1.0, None], dtype=object), "customers"),
    ("customers", np.ma.masked_array([1.0, 2.0], mask=[False, True]), "customers"),
    ("customers", pd.Series([1.0, np.nan]), "customers[1]"),
    ("attraction", 3.0, "attraction"),
    ("attraction", [], "attraction"),
    ("attraction", {"a": TWO}, "attraction"),
    ("attraction", [TWO, np.ones((3, 2))], "attraction[1]"),
    ("attraction", [TWO, np.ones((2, 0))], "attraction[1]"),
    ("attraction", [spoilt(np.nan), TWO], "attraction[0][1, 0]"),
    ("attraction", [TWO, spoilt(-1.0, (0, 1))], "attraction[1][0, 1]"),
    ("attraction", [TWO, spoilt(1e300)], "attraction[1][1, 0]"),
    ("denominators", [], "denominators"),
    ("denominators", [TWO], "denominators"),
    ("denominators", [TWO, spoilt(-1.0)], "denominators[1][1, 0]"),
    ("amounts", [], "amounts"),
    ("amounts", {}, "amounts"),
    ("amounts", {3: [TWO, TWO]}, "amounts"),
    ("amounts", {"": [TWO, TWO]}, "amounts"),
    ("amounts", {"margin": [TWO]}, "amounts['margin']"),
    ("amounts", {"margin": [TWO, spoilt(np.inf)]}, "amounts['margin'][1][1, 0]"),
    ("amounts", {"margin": [TWO, spoilt(-1e308)]}, "amounts['margin'][1][1, 0]"),
    ("amounts", {"margin": [TWO, np.ones((2, 3))]}, "amounts['margin'][1]"),
    ("outside", {"other": [1.0, 1.0]}, "outside['other']"),
    ("outside", {"margin": [1.0]}, "outside['margin']"),
    ("outside", {"margin": [1.0, np.nan]}, "outside['margin'][1]"),
    ("fixed", {"margin": [np.zeros(2)]}, "fixed['margin']"),
    ("fixed", {"margin": [np.zeros(2), np.zeros(3)]}, "fixed['margin'][1]"),
    ("fixed", {"margin": [np.zeros(2), [0.0, np.nan]]}, "fixed['margin'][1][1]"),
    ("mix", {"margin": [1.0, 2.0]}, "mix['margin']"),
    ("mix", [1.0], "mix"),
    ("constants", {"margin": float("nan")}, "constants['margin']"),
    ("constants", {"margin": "x"}, "constants['margin']"),
    ("constants", {"margin": True}, "constants['margin']"),
    ("constants", {"margin": 10**400}, "constants['margin']"),
    ("constants", {"n": 1e308}, "constants['n']"),
    ("conditions", None, "conditions"),
    *(("conditions", value, named) for value, named in CONDITIONS),
    *(("burst", value, named) for value, named in BURSTS),
    *(("rules", value, named) for value, named in RULES),
]


@pytest.mark.parametrize(("argument", "value", "named"), WRONG)
def test_refused_by_name_and_place(argument: str, value: Any, named: str) -> None:
    with pytest.raises(InputError) as caught:
        menu_problem(**{argument: value})
    assert caught.value.findings[0].field == named


CALLS: list[tuple[Callable[[MenuProblem], Any], str]] = [
    (lambda p: p.solve(None), "objective"),  # type: ignore[arg-type]
    (lambda p: p.solve("nothing"), "objective"),
    (lambda p: p.solve(Ratio("margin", "n", floor="x")), "objective.floor"),  # type: ignore[arg-type]
    (lambda p: p.solve(Ratio("margin", "n", 0.0)), "objective.floor"),
    (lambda p: p.enumerate(Ratio("margin", "n", 0.0)), "objective.floor"),
    (lambda p: p.enumerate(3), "objective"),  # type: ignore[arg-type]
    (lambda p: p.floor("margin"), "ratio"),  # type: ignore[arg-type]
    (lambda p: p.evaluate((0,)), "menu"),
    (lambda p: p.evaluate((0.5, 0)), "menu[0]"),  # type: ignore[arg-type]
    (lambda p: p.evaluate((0, 2)), "menu[1]"),
    (lambda p: p.evaluate((0, -1)), "menu[1]"),
    (lambda p: p.evaluate((0, 0), 1), "mix"),
    (lambda p: p.feasible((0, 7)), "menu[1]"),
    (lambda p: p.frontier("margin", "margin2"), "y"),
    (lambda p: p.frontier("margin", Ratio("n", "margin", 0.0)), "y.floor"),
    (lambda p: p.frontier("margin", "n", points=-1), "points"),
    (lambda p: p.frontier("margin", "n", points=1), "points"),
    (lambda p: p.frontier("margin", "n", points=2.5), "points"),  # type: ignore[arg-type]
    (lambda p: p.to_pyomo(Ratio("margin", "n")), "objective"),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("call", "named"), CALLS)
def test_calls_are_refused_by_name(call: Callable[[MenuProblem], Any], named: str) -> None:
    with pytest.raises(InputError) as caught:
        call(menu_problem())
    assert caught.value.findings[0].field == named


BAD_GAPS: list[Any] = [float("nan"), float("inf"), -1.0, -1e-9, 1.5, True, "x", "0.1", None, 1j, [0.1]]
BAD_LIMITS: list[Any] = [float("nan"), float("inf"), -1.0, 0.0, True, "x", 1j, [1.0]]


@pytest.mark.parametrize("gap", BAD_GAPS, ids=repr)
def test_gaps_are_refused_alike(gap: Any) -> None:
    p = menu_problem()
    prices = PriceProblem([1.0], [[1.0]], [1.0], [0.0], 0.0, 5.0)
    for call in (
        lambda: p.solve("margin", gap=gap),
        lambda: p.solve("margin", gap=gap, screen=False),
        lambda: p.solve(Ratio("margin", "n"), gap=gap),
        lambda: p.frontier("margin", "n", gap=gap),
        lambda: p.frontier("margin", "n", gap=gap, everything=True),
        lambda: prices.solve(gap=gap),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.findings[0].field == "gap"


@pytest.mark.parametrize("limit", BAD_LIMITS, ids=repr)
def test_time_limits_are_refused_alike(limit: Any) -> None:
    p = menu_problem()
    prices = PriceProblem([1.0], [[1.0]], [1.0], [0.0], 0.0, 5.0)
    for call in (
        lambda: p.solve("margin", time_limit=limit),
        lambda: p.frontier("margin", "n", time_limit=limit),
        lambda: prices.solve(time_limit=limit),
    ):
        with pytest.raises(InputError) as caught:
            call()
        assert caught.value.findings[0].field == "time_limit"


def test_numpy_numbers_are_numbers() -> None:
    p = menu_problem(constants={"margin": np.float32(1.0)}, rules=[(np.int64(0), 1, [[1, 1], [1, 0]])])
    assert p.solve("margin", gap=np.float64(1e-3), time_limit=np.int64(9)).verdict == "proved"
    assert PriceProblem([1.0], [[1.0]], [1.0], [0.0], 0.0, 5.0).solve(gap=np.float32(0.01)).verdict == "proved"


PRICES: Data = {
    "customers": [1.0, 2.0],
    "constants": [[1.0, 2.0], [1.0, 0.5]],
    "price_coefficients": [1.0, 1.0],
    "costs": [0.0, 0.1],
    "lower": 0.0,
    "upper": 5.0,
}


@pytest.mark.parametrize(
    ("argument", "value", "named"),
    [
        ("customers", [1.0, np.nan], "customers[1]"),
        ("customers", [1.0, 0.0], "customers[1]"),
        ("customers", [1e308, 1.0], "customers[0]"),
        ("constants", [[1.0, 1e308], [1.0, 0.5]], "constants[0, 1]"),
        ("price_coefficients", [1.0, np.inf], "price_coefficients[1]"),
        ("costs", [[0.0, 0.0], [0.0, -1e300]], "costs[1, 1]"),
        ("costs", [[1.0], [1.0, 2.0]], "costs"),
        ("lower", [0.0, np.nan], "lower[1]"),
        ("upper", 1e308, "upper"),
        ("upper", "x", "upper"),
        ("upper", True, "upper"),
        ("upper", [[5.0, 5.0]], "upper"),
    ],
)
def test_price_problems_name_the_place(argument: str, value: Any, named: str) -> None:
    with pytest.raises(InputError) as caught:
        PriceProblem(**{**PRICES, argument: value})
    assert caught.value.findings[0].field == named


@pytest.mark.parametrize(
    ("points", "named"),
    [
        ("abc", "points"),
        (5.0, "points"),
        ([[1.0], [np.nan]], "points[1][0]"),
        ([[1.0], ["x"]], "points[1]"),
        ([99.0], "points[0]"),
    ],
)
def test_price_points_are_named(points: Any, named: str) -> None:
    problem = PriceProblem(**PRICES)
    solution = problem.solve()
    with pytest.raises(InputError) as caught:
        problem.round_to(points, solution)
    assert caught.value.findings[0].field == named
    with pytest.raises(InputError) as caught:
        problem.round_to([1.0], None)  # type: ignore[arg-type]
    assert caught.value.findings[0].field == "solution"
