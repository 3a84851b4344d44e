"""Orders of GPUs with the path: by hand, and against enumeration of paths and orders."""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
import pytest
from horizons import draw_arguments, draw_problem

from optimizer import HorizonProblem, NotTrustedError
from optimizer.economics import orders
from optimizer.horizon.bounds import whole_box
from optimizer.horizon.buying import cheapest
from optimizer.horizon.fleet import Charges, Fleet, Vintage
from optimizer.horizon.joint import OrderingCase
from optimizer.horizon.limits import PathLimit
from optimizer.horizon.orders import OrderedPath, order_path, replay_orders, which_clash
from optimizer.horizon.paths import all_paths
from optimizer.horizon.simulate import simulate
from optimizer.search.engine import Clock


def test_an_order_by_hand() -> None:
    """Ordered in month 1 with a lead of 2 and a term of 2: serves in months 3 and 4 of 6."""
    assert orders.serves(3, 2, 6).tolist() == [0, 0, 0, 1, 1, 0]
    assert orders.serves(3, None, 6).tolist() == [0, 0, 0, 1, 1, 1]
    assert orders.payments(5.0, 100.0, 3, orders.serves(3, 2, 6)).tolist() == [0, 0, 0, 105, 5, 0]
    assert orders.wear(100.0, 3, 10, orders.serves(3, None, 6)).tolist() == [0, 0, 0, 10, 10, 10]
    assert orders.capacity(np.array([1.0, 2.0]), np.array([3.0]), np.array([[0.0, 4.0]])).tolist() == [1.0, 14.0]
    assert orders.burst(np.array([[3.0, 1.0]]), np.array([2.0])).tolist() == [[1.0, 0.0]]
    assert orders.burst_price(np.array([2.0]), np.array([10.0, 20.0]), 1.5).tolist() == [[30.0, 60.0]]


def test_the_cheapest_orders_by_hand() -> None:
    """10 GPUs are missing in two months; a lot of 4 costs 32, a GPU of burst 5 a month: two lots, and burst of 2."""
    fleet = Fleet(np.array([5.0, 5.0, 5.0]), np.array([1.0]), np.array([2.5] * 3), np.ones(3),
                  (Vintage("new", lead=1, lot=4.0, most=9, rent=4.0),), burst_factor=2.0)  # fmt: skip
    found = cheapest(fleet, np.array([[5.0], [15.0], [15.0]]))
    assert found is not None
    assert found.lots.tolist() == [2.0]  # a third would cost 32 and save 2 x 2 x 5
    assert found.cost == pytest.approx(2 * 32.0 + 2 * 2 * 5.0)
    short = Fleet(np.zeros(1), np.ones(1), np.ones(1), np.ones(1), (), 2.0, burst_limit=1.0)
    assert cheapest(short, np.array([[2.0]])) is None


SEEDS = 40
SIZES = {"types": 3, "plans": 2, "levels": 3, "stages": 2}


def drawn(seed: int) -> tuple[HorizonProblem, np.ndarray, Fleet]:
    """A small horizon, its use of GPUs by block, and a fleet with up to three vintages."""
    problem, g = draw_problem(seed, **SIZES), np.random.default_rng([seed, 77])
    months, blocks = problem.horizon.months, int(g.integers(1, 3))
    use = g.uniform(0.2, 1.0, (blocks, 1, months))
    vintages = tuple(
        Vintage(f"v{k}", int(g.integers(0, 4)), float(g.uniform(0.05, 0.4)), int(g.integers(1, 3)),
                rent=float(g.uniform(0.1, 0.6)), purchase=float(g.uniform(0.0, 0.5)),
                term=None if g.random() < 0.5 else int(g.integers(1, 5)), speed=float(g.uniform(0.7, 1.5)))
        for k in range(int(g.integers(1, 4)))
    )  # fmt: skip
    limit = np.inf if g.random() < 0.6 else float(g.uniform(0.1, 2.0))
    fleet = Fleet(g.uniform(0.0, 0.3, months), np.ones(blocks), g.uniform(0.1, 0.5, months), 0.98 ** np.arange(months),
                  vintages, 1.5, limit)  # fmt: skip
    return problem, use, fleet


def positive(seed: int) -> HorizonProblem:
    """The same with rewards above 0, so that load is, and every month alike."""
    given = draw_arguments(seed, **SIZES)
    return HorizonProblem(
        **{**given, "reward": [np.abs(r) for r in given["reward"]], "weight": np.ones(len(given["weight"]))}
    )


def enumerated(problem: HorizonProblem, use: np.ndarray, fleet: Fleet) -> float:
    """Every path with every number of lots."""
    h, best = problem.horizon, -np.inf
    every = [np.array(lots, dtype=float) for lots in itertools.product(*[range(int(n) + 1) for n in fleet.most])]
    for paths in all_paths(h, whole_box(h), 64):
        for path in paths:
            after = simulate(h, path)
            stream = np.array([(h.reward[0, 0, path[h.stage[t]]] * after[t, 1:]).sum() for t in range(h.months)])
            load = (stream * use[:, 0]).T
            best = max(best, float(stream @ h.weight[0]) - min(float(fleet.total(lots, load)) for lots in every))
    return best


def solved(seed: int) -> tuple[float, OrderedPath | None, HorizonProblem, np.ndarray, Fleet]:
    problem, use, fleet = drawn(seed)
    problem = positive(seed)
    return enumerated(problem, use, fleet), order_path(problem.horizon, use, fleet, 1e-4, Clock()), problem, use, fleet


def test_small_instances_against_enumeration() -> None:
    """The bound holds, the value is that of a path with its orders, and most are closed or next to it."""
    near = checked = 0
    for seed in range(40):
        best, found, problem, use, fleet = solved(seed)
        if found is None:
            assert best == -np.inf, seed
            continue
        size = max(abs(best), 1e-6)
        assert found.value <= best + 1e-6 * size and found.bound >= best - 1e-9 * size, seed
        assert replay_orders(problem.horizon, use, fleet, found.certificate) >= best - 1e-9 * size, seed
        near += found.value >= best - 1e-2 * size
        checked += 1
    assert checked > 25 and near > 0.9 * checked


def test_prices_are_those_of_burst_where_nothing_else_can_be_had() -> None:
    problem = HorizonProblem([[1.0], [1.0]], [[[1.0]]], [[[0.5]]], [[[5.0]]], np.ones(3), np.ones((3, 1)), [0.5])
    fleet = Fleet(np.zeros(3), np.ones(1), np.full(3, 2.0), np.ones(3), (), burst_factor=1.5)
    found = order_path(problem.horizon, np.ones((1, 1, 3)) / 5.0, fleet, 1e-6, Clock())
    assert found is not None and found.verdict == "proved"
    assert found.value == pytest.approx(3 * (5.0 - 3.0))  # one customer throughout
    assert found.bound == pytest.approx(found.value)


def test_a_certificate_with_other_prices_does_not_prove() -> None:
    _, found, problem, use, fleet = solved(2)
    assert found is not None
    for prices in (np.full(fleet.blocks, -1.0), np.full(fleet.blocks, np.nan), np.full((1, 1), 1.0)):
        with pytest.raises(NotTrustedError):
            replay_orders(problem.horizon, use, fleet, {**found.certificate, "prices": prices.tolist()})
    with pytest.raises(NotTrustedError):
        replay_orders(problem.horizon, use, fleet, {**found.certificate, "bound": found.value - 1.0})


@dataclass(frozen=True)
class Both:
    """A small horizon with limits that its paths and orders keep together."""

    problem: HorizonProblem
    use: np.ndarray
    fleet: Fleet
    limits: tuple[PathLimit, ...]
    charges: Charges
    best: float
    """By enumeration; -inf where nothing keeps the limits."""

    @property
    def asked(self) -> OrderingCase:
        return OrderingCase(self.problem.horizon, self.use, self.fleet, self.limits, self.charges)


def with_limits(seed: int) -> Both:
    """One or two limits: what is left of the value in a window, as it is used or as it is paid, as cash and margins ask
    it; or what orders themselves take. They are set among what is reached, or sometimes a little beyond it."""
    _, use, fleet = drawn(seed)
    problem, g = positive(seed), np.random.default_rng([seed, 78])
    months, count = problem.horizon.months, int(g.integers(1, 3))
    begins, before = g.integers(0, months, (count, 1)), g.integers(0, 2, (count, 1))
    inside = np.where(np.arange(months) >= begins, 1.0, before)
    share = g.uniform(0.2, 1.0, count)  # of the value; the rest is asked for the revenue of a ratio
    charges = fleet.charged(np.vstack([fleet.discount, inside]), np.append(False, g.random(count) < 0.5))
    h, rows = problem.horizon, []
    every = [np.array(lots, dtype=float) for lots in itertools.product(*[range(int(n) + 1) for n in fleet.most])]
    for paths in all_paths(h, whole_box(h), 64):
        for path in paths:
            after = simulate(h, path)
            stream = np.array([(h.reward[0, 0, path[h.stage[t]]] * after[t, 1:]).sum() for t in range(h.months)])
            load = (stream * use[:, 0]).T
            for lots in every:
                over = fleet.over(lots, load)
                if fleet.beyond(over) == 0.0:
                    own = np.append(stream @ h.weight[0], share * (inside @ stream))
                    rows.append(own - charges.taken(lots, over))
    found = np.array(rows).reshape(-1, 1 + count)
    if not len(found):
        return Both(problem, use, fleet, (), fleet.charges, -np.inf)
    least = np.quantile(found[:, 1:], g.uniform(0.5, 1.0, count), axis=0).diagonal()
    least = least + (g.random(count) < 0.15) * (found[:, 1:].max(axis=0) - least + 0.05)
    kept = (found[:, 1:] >= least).all(axis=1)
    limits = tuple(PathLimit(f"limit {k}", (share[k] * inside[k])[None], float(least[k]) - 1e-6) for k in range(count))
    return Both(problem, use, fleet, limits, charges, float(found[kept, 0].max(initial=-np.inf)))


def test_limits_that_path_and_orders_keep_together_against_enumeration() -> None:
    """No bound is below the best, what is answered keeps the limits, and what is said to be impossible is."""
    near = checked = out = 0
    for seed in range(SEEDS):
        own = with_limits(seed)
        if not own.limits:
            continue
        h, size = own.problem.horizon, max(abs(own.best), 1e-3)
        found = order_path(h, own.use, own.fleet, 1e-3, Clock(), own.limits, own.charges)
        if own.best == -np.inf:
            assert found is None, seed
            out += bool(which_clash(own.asked, 1e-3, Clock()))
            continue
        if found is None:
            assert not which_clash(own.asked, 1e-3, Clock()), seed
            checked += 1
            continue
        assert found.value <= own.best + 1e-5 * size and found.bound >= own.best - 1e-9 * size, seed
        again = replay_orders(h, own.use, own.fleet, found.certificate, own.limits, own.charges)
        assert own.best - 1e-9 * size <= again <= found.bound + 1e-9 * size, seed
        near, checked = near + (found.value >= own.best - 1e-2 * size), checked + 1
    assert checked > 15 and out > 0 and near > 0.9 * checked, (checked, near, out)
