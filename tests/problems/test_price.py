"""PriceProblem: hand-computed values, brute force, certificates, and refusal of bad input."""

from __future__ import annotations

import itertools
import math
import time
from typing import Any

import numpy as np
import pytest

from optimizer.errors import InputError
from optimizer.problems.price import PriceProblem, PriceSolution

GAP = 1e-3


def money(problem: dict[str, Any], prices: np.ndarray) -> np.ndarray:
    """Revenue at rows of prices, written anew from the definition."""
    n, a, b, c = (np.asarray(problem[k]) for k in ("customers", "constants", "price_coefficients", "costs"))
    total = np.zeros(len(prices))
    for i in range(len(n)):
        slope = b if b.ndim == 1 else b[i]
        cost = c if c.ndim == 1 else c[i]
        w = np.exp(a[i] - slope * prices)
        total += n[i] * (w * (prices - cost)).sum(axis=1) / (1.0 + w.sum(axis=1))
    return total


def brute(problem: dict[str, Any], points: int) -> float:
    """The best revenue on a fine grid of the box, then on ever finer grids around its best five points."""
    low, high = np.asarray(problem["lower"], float), np.asarray(problem["upper"], float)

    def grid(lo: np.ndarray, hi: np.ndarray, k: int) -> np.ndarray:
        return np.array(list(itertools.product(*(np.linspace(x, y, k) for x, y in zip(lo, hi, strict=True)))))

    rows = grid(low, high, points)
    values = money(problem, rows)
    best = float(values.max())
    for k in np.argsort(-values)[:5]:
        at, reach = rows[k], (high - low) / (points - 1)
        for _ in range(12):
            near = grid(np.maximum(low, at - reach), np.minimum(high, at + reach), 7)
            found = money(problem, near)
            at, best, reach = near[found.argmax()], max(best, float(found.max())), reach / 2.5
    return best


def random_problem(seed: int, types: int, plans: int, *, shared: bool = False, signs: bool = False) -> dict[str, Any]:
    rng = np.random.default_rng(seed)
    slopes = rng.lognormal(-0.5, 0.7, size=(types, plans))
    if signs:
        slopes *= np.where(rng.random((types, plans)) < 0.3, -0.4, 1.0)
    costs = rng.uniform(0.0, 1.0, size=(types, plans)) * (rng.random() < 0.6)
    lower = rng.uniform(0.0, 0.5, plans)
    return {
        "customers": rng.uniform(0.2, 3.0, types),
        "constants": rng.normal(1.0, 1.5, size=(types, plans)),
        "price_coefficients": slopes[0] if shared else slopes,
        "costs": costs,
        "lower": lower,
        "upper": lower + rng.uniform(2.0, 6.0, plans),
    }


def check(problem: dict[str, Any], solution: PriceSolution, gap: float, true: float) -> None:
    scale = abs(solution.value)
    assert solution.verdict == "proved"
    assert solution.bound >= true
    assert solution.bound - solution.value <= gap * scale * (1.0 + 1e-9)
    assert solution.value >= true - gap * abs(true)
    assert money(problem, solution.prices[None])[0] == pytest.approx(solution.value, rel=1e-11)
    assert (solution.prices >= problem["lower"]).all() and (solution.prices <= problem["upper"]).all()


def test_one_type_one_plan_by_hand() -> None:
    # V = 1 - p: the best markup is p = 1 + R with R = exp(a - 1 - R) = exp(-R): R is the omega constant
    solution = PriceProblem([10.0], [[1.0]], [1.0], [0.0], 0.0, 10.0).solve(gap=1e-8)
    w = 0.5671432904097838
    assert solution.value == pytest.approx(10.0 * w, rel=1e-8)
    assert solution.prices[0] == pytest.approx(1.0 + w, rel=1e-3)
    assert solution.bound >= 10.0 * w - 1e-12


def test_evaluate_by_hand() -> None:
    # utilities log 2 and log 3 at price 1 and 2: shares 2/6 and 3/6
    problem = PriceProblem([6.0], [[math.log(2) + 1, math.log(3) + 4]], [1.0, 2.0], [0.5, 1.0], 0.0, 5.0)
    assert problem.evaluate([1.0, 2.0]) == pytest.approx(6 * (2 / 6 * 0.5 + 3 / 6 * 1.0))


@pytest.mark.parametrize("seed", range(4))
def test_one_segment_has_one_markup(seed: int) -> None:
    rng = np.random.default_rng(seed)
    a, b = rng.uniform(-3, 3, 12), rng.uniform(0.5, 2.0, 12)
    low, high = 0.0, 1e3
    for _ in range(200):
        mid = 0.5 * (low + high)
        low, high = (mid, high) if (np.exp(a - 1 - b * mid) / b).sum() > mid else (low, mid)
    solution = PriceProblem([1.0], a[None], b, np.zeros(12), 0.0, 1 / b.min() + 2 * high).solve(gap=1e-7)
    assert solution.verdict == "proved"
    assert solution.value == pytest.approx(high, rel=1e-7)
    assert solution.bound >= low
    assert solution.prices == pytest.approx(1 / b + high, rel=1e-2)


@pytest.mark.parametrize("seed", range(24))
def test_two_plans_equal_brute_force(seed: int) -> None:
    problem = random_problem(seed, 1 + seed % 7, 2, shared=seed % 3 == 0, signs=seed % 2 == 1)
    solution = PriceProblem(**problem).solve(gap=GAP)
    check(problem, solution, GAP, brute(problem, 121))


@pytest.mark.parametrize("seed", range(6))
def test_three_plans_equal_brute_force(seed: int) -> None:
    problem = random_problem(100 + seed, 1 + seed, 3, shared=seed % 2 == 0, signs=seed >= 4)
    solution = PriceProblem(**problem).solve(gap=1e-2)
    check(problem, solution, 1e-2, brute(problem, 31))


@pytest.mark.parametrize("seed", range(6))
def test_both_branchings_agree(seed: int) -> None:
    """Types split in two halves of the same taste: more types, so the other branching; the same money."""
    problem = random_problem(300 + seed, 3, 2, signs=seed % 2 == 1)
    few = PriceProblem(**problem).solve(gap=1e-4)
    twice = {
        **problem,
        **{k: np.concatenate([problem[k]] * 2) for k in ("constants", "price_coefficients", "costs")},
        "customers": np.concatenate([0.3 * problem["customers"], 0.7 * problem["customers"]]),
    }
    many = PriceProblem(**twice).solve(gap=1e-4)
    assert (few.method, many.method) == ("outside_shares", "prices")
    assert few.verdict == many.verdict == "proved"
    assert max(few.value, many.value) <= min(few.bound, many.bound)


def test_cost_shapes_and_fixed_prices() -> None:
    base = random_problem(5, 3, 2)
    base["costs"] = np.array([0.3, 0.7])
    full = {**base, "costs": np.tile(base["costs"], (3, 1))}
    one, two = PriceProblem(**base).solve(GAP), PriceProblem(**full).solve(GAP)
    assert one.value == two.value and one.bound == two.bound
    fixed = {**base, "lower": np.array([1.0, 2.0]), "upper": np.array([1.0, 2.0])}
    held = PriceProblem(**fixed).solve(GAP)
    assert held.value == pytest.approx(PriceProblem(**fixed).evaluate([1.0, 2.0]))
    assert held.verdict == "proved"


def test_losses_are_negative_values() -> None:
    """Costs above every price: the least loss is wanted, and the bound is negative too."""
    problem = random_problem(8, 3, 2)
    problem["costs"] = np.array([9.0, 9.0])
    solution = PriceProblem(**problem).solve(GAP)
    assert solution.value < 0
    check(problem, solution, GAP, brute(problem, 121))


def test_customers_scale_money() -> None:
    problem = random_problem(12, 4, 3)
    one = PriceProblem(**problem).solve(GAP)
    many = PriceProblem(**{**problem, "customers": 1000.0 * problem["customers"]}).solve(GAP)
    assert many.value == pytest.approx(1000.0 * one.value, rel=2 * GAP)


def test_a_second_run_gives_the_same_digits() -> None:
    for types in (3, 40):
        problem = random_problem(21, types, 2)
        one, two = (PriceProblem(**problem).solve(GAP) for _ in range(2))
        assert one.prices.tolist() == two.prices.tolist()
        assert (one.value, one.bound, one.boxes) == (two.value, two.bound, two.boxes)


@pytest.mark.parametrize("types", [3, 60])
def test_out_of_time_leaves_a_valid_bound(types: int) -> None:
    problem = random_problem(33, types, 3)
    quick = PriceProblem(**problem).solve(gap=1e-8, time_limit=1e-6)
    assert quick.verdict == "best_found"
    assert quick.gap > 1e-8
    assert quick.bound >= PriceProblem(**problem).solve(gap=1e-2).value


def test_rounding_to_price_points() -> None:
    problem = random_problem(41, 4, 2)
    posed = PriceProblem(**problem)
    solution = posed.solve(gap=1e-4)
    ladder = np.arange(0.0, 8.0, 0.25)
    rounded = posed.round_to(ladder, solution)
    inside = [
        ladder[(ladder >= lo) & (ladder <= hi)] for lo, hi in zip(posed.data.lower, posed.data.upper, strict=True)
    ]
    best = money(problem, np.array(list(itertools.product(*inside)))).max()
    assert rounded.value == pytest.approx(best, rel=1e-12)
    assert all(p in ladder for p in rounded.prices)
    assert rounded.loss == pytest.approx(solution.value - rounded.value)
    assert 0.0 <= rounded.loss <= rounded.loss_to_bound
    own = posed.round_to([[1.0, 2.0, 3.0], [1.5, 2.5]], solution)
    assert own.prices[0] in (1.0, 2.0, 3.0) and own.prices[1] in (1.5, 2.5)


GOOD: dict[str, Any] = {
    "customers": [1.0, 2.0],
    "constants": [[1.0, 2.0], [0.5, 1.0]],
    "price_coefficients": [1.0, 2.0],
    "costs": [0.0, 0.0],
    "lower": 0.0,
    "upper": [5.0, 6.0],
}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("customers", [1.0]),
        ("customers", [1.0, 0.0]),
        ("customers", [1.0, -2.0]),
        ("customers", "many"),
        ("constants", [1.0, 2.0]),
        ("constants", [[1.0, np.nan], [0.0, 0.0]]),
        ("constants", [[1.0, 900.0], [0.0, 0.0]]),
        ("price_coefficients", [1.0]),
        ("price_coefficients", [[1.0, 2.0]]),
        ("price_coefficients", [1.0, np.inf]),
        ("costs", [[0.0, 0.0]]),
        ("costs", 1.0),
        ("lower", [0.0, 7.0]),
        ("lower", [0.0]),
        ("upper", [5.0, np.nan]),
    ],
)
def test_bad_input_is_refused_by_name(name: str, value: Any) -> None:
    with pytest.raises(InputError, match=name):
        PriceProblem(**{**GOOD, name: value})


def test_bad_settings_are_refused() -> None:
    problem = PriceProblem(**GOOD)
    for gap in (0.0, -1.0, np.nan):
        with pytest.raises(InputError, match="gap"):
            problem.solve(gap=gap)
    with pytest.raises(InputError, match="time_limit"):
        problem.solve(time_limit=0.0)
    with pytest.raises(InputError, match="prices"):
        problem.evaluate([1.0])
    solution = problem.solve()
    with pytest.raises(InputError, match="points"):
        problem.round_to([[1.0], [2.0], [3.0]], solution)
    with pytest.raises(InputError, match=r"points\[1\]"):
        problem.round_to([[1.0], [99.0]], solution)


@pytest.mark.parametrize(("types", "plans"), [(3, 120), (600, 12), (400, 2)])
def test_a_limit_that_is_over_at_once_still_bounds(types: int, plans: int) -> None:
    """Within 2 s of processor time: the first ascent and the bounds of the root stop, too."""
    g = np.random.default_rng(types)
    shape = (types, plans)
    problem = PriceProblem(
        np.full(types, 10.0), g.normal(0, 1, shape), g.lognormal(-2, 0.5, shape), np.zeros(shape), 0.1, 40.0
    )
    began = time.process_time()
    late = problem.solve(gap=1e-6, time_limit=1e-3)
    assert time.process_time() - began < 2.0
    assert late.verdict == "best_found" and late.value <= late.bound
    assert problem.evaluate(late.prices) == pytest.approx(late.value)
    assert problem.evaluate(np.full(plans, 12.0)) <= late.bound
