"""The separable bound over price boxes: no price in a box earns more, and none is cut off that beats the threshold."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.problems.price import PriceProblem
from optimizer.search.prices.cells import CellBoxes, Cells, certify_cells
from optimizer.search.prices.prices import Prices, climb, first_prices, revenue
from optimizer.search.prices.search import PricePoint, PriceSearch


def market(seed: int, types: int, plans: int, *, signs: bool = True, by_type: bool = False) -> Prices:
    """Random tastes; some slopes below zero where ``signs``, one slope per type where ``by_type``."""
    rng = np.random.default_rng([seed, types, plans])
    slopes = rng.lognormal(0.0, 0.6, (types, 1 if by_type else plans)) * np.ones((types, plans))
    if signs:
        slopes *= np.where(rng.random((types, plans)) < 0.2, -0.3, 1.0)
    lower = rng.uniform(-1.0, 1.0, plans) * signs
    return Prices(
        rng.uniform(0.1, 2.0, types),
        rng.normal(2.0, 1.5, (types, plans)),
        slopes,
        rng.uniform(0.0, 1.5, (types, plans)) * signs,
        lower,
        lower + rng.uniform(2.0, 10.0, plans),
    )


def boxes_of(data: Prices, rng: np.random.Generator, count: int, shift_size: float) -> CellBoxes:
    """Random sub-boxes, from narrow ones to the whole, with random shifts."""
    ends = np.sort(rng.uniform(0.0, 1.0, (2, data.plans, count)), axis=0)
    shrink = 10.0 ** rng.uniform(-4.0, 0.0, count)
    span = (data.upper - data.lower)[:, None]
    low = data.lower[:, None] + span * ends[0]
    high = np.minimum(low + span * (ends[1] - ends[0]) * shrink, data.upper[:, None])
    low[:, 0], high[:, 0] = data.lower, data.upper
    shift = shift_size * rng.normal(size=(data.plans, data.types, count))
    return CellBoxes(np.full(count, np.inf), low, high, shift, np.ones(count), np.zeros((data.plans, count)))


def samples(data: Prices, low: np.ndarray, high: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Random prices in one box, its corners among them, and what a local search inside it makes of them."""
    part = np.clip(rng.uniform(-0.3, 1.3, (300, data.plans)), 0.0, 1.0)
    prices = low * (1.0 - part) + high * part
    inside = Prices(data.customers, data.constants, data.slopes, data.costs, low, high)
    best = prices[np.argsort(-revenue(data, prices))[:4]]
    return np.concatenate([prices, climb(inside, best, 30)[0]])


@pytest.mark.parametrize("rounds", [1, 8])
@pytest.mark.parametrize("seed", range(12))
def test_no_price_in_a_box_beats_its_bound_nor_is_lost(seed: int, rounds: int) -> None:
    rng = np.random.default_rng(seed)
    data = market(seed, 1 + seed % 7, 1 + seed % 5, signs=seed % 3 > 0)
    start, value = first_prices(data)
    # thresholds from far below the best known money to just above it
    search = PriceSearch(data, 1e-3, None, start)
    search.best = PricePoint(start, value * (1.0, 0.5, 0.9)[seed % 3])
    before = boxes_of(data, rng, 16, (0.0, 1.0, 5.0)[seed % 3])
    search.offer = lambda *_, **__: None  # type: ignore[method-assign]
    after = Cells(search).bound(before, rounds)
    assert (after.low >= before.low).all() and (after.high <= before.high).all()
    for k in range(16):
        prices = samples(data, before.low[:, k], before.high[:, k], rng)
        money = revenue(data, prices)
        assert money.max() <= after.bound[k]
        out = ((prices < after.low[:, k]) | (prices > after.high[:, k])).any(axis=1)
        if out.any():
            assert money[out].max() <= search.tree.closed <= search.cutoff


@pytest.mark.parametrize("seed", range(8))
def test_the_bound_of_one_price_is_its_money(seed: int) -> None:
    data = market(seed, 5, 4)
    rng = np.random.default_rng(seed)
    price = rng.uniform(data.lower, data.upper)[:, None]
    search = PriceSearch(data, 1e-9, None, price[:, 0] * 0.0 + data.lower)
    point = CellBoxes(np.full(1, np.inf), price, price, rng.normal(size=(4, 5, 1)), np.ones(1), np.zeros((4, 1)))
    bound = Cells(search).bound(point, 2).bound[0]
    money = revenue(data, price.T)[0]
    assert money <= bound <= money + 1e-9 * data.scale


@pytest.mark.parametrize("seed", range(6))
def test_the_error_falls_with_the_square_of_the_box(seed: int) -> None:
    data = market(seed, 6, 4, signs=False)
    start, _ = first_prices(data)
    errors = []
    for half in (0.2, 0.1, 0.05):
        search = PriceSearch(data, 1e-9, None, data.lower)
        low, high = start[:, None] - half, start[:, None] + half
        box = CellBoxes(np.full(1, np.inf), low, high, np.zeros((4, 6, 1)), np.ones(1), np.zeros((4, 1)))
        near = Prices(data.customers, data.constants, data.slopes, data.costs, low[:, 0], high[:, 0])
        errors.append(Cells(search).bound(box, 1).bound[0] - climb(near, start[None])[1][0])
    assert errors[1] < 0.4 * errors[0] and errors[2] < 0.4 * errors[1]


@pytest.mark.parametrize(("types", "plans", "by_type"), [(10, 10, False), (8, 12, False), (20, 8, True), (6, 5, True)])
def test_many_types_and_plans_are_certified(types: int, plans: int, by_type: bool) -> None:
    data = market(1, types, plans, signs=False, by_type=by_type)
    problem = PriceProblem(data.customers, data.constants, data.slopes, data.costs, data.lower, data.upper)
    solution, again = problem.solve(1e-2), problem.solve(1e-2)
    assert solution.verdict == "proved" and solution.method == "prices"
    assert (solution.value, solution.bound, solution.boxes) == (again.value, again.bound, again.boxes)
    assert (solution.prices == again.prices).all()
    rng = np.random.default_rng(2)
    starts = rng.uniform(data.lower, data.upper, (200, plans))
    assert climb(data, starts, 40)[1].max() <= solution.bound


@pytest.mark.parametrize("seed", range(6))
def test_a_tight_gap_is_reached(seed: int) -> None:
    data = market(seed, 5, 3, signs=seed % 2 == 1)
    search = PriceSearch(data, 1e-7, None, data.lower)
    found = certify_cells(search)
    assert found.finished and found.value <= found.bound <= found.value + 1e-7 * abs(found.value) + search.tolerance
    assert climb(data, np.random.default_rng(seed).uniform(data.lower, data.upper, (50, 3)))[1].max() <= found.bound


def test_losses_and_fixed_prices() -> None:
    base = market(3, 6, 4)
    dear = Prices(base.customers, base.constants, np.abs(base.slopes), base.costs + 20.0, base.lower, base.upper)
    found = certify_cells(PriceSearch(dear, 1e-2, None, dear.lower))
    assert found.finished and found.value <= found.bound < 0.0
    fixed = Prices(base.customers, base.constants, base.slopes, base.costs, base.lower, base.lower)
    found = certify_cells(PriceSearch(fixed, 1e-2, None, fixed.lower))
    assert found.finished and found.value == revenue(fixed, fixed.lower[None])[0] <= found.bound
