"""Choice, deciding anew and leaving: answers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimizer.economics import choice, decisions


def test_systematic_utility() -> None:
    # 2 + 1.5 ln(1 + (e - 1)) - 0.1 x 20 = 2 + 1.5 - 2;  -1 + 0.5 ln(1 + 0) - 0.02 x 50 = -2
    value = choice.systematic_utility(
        np.array([2.0, -1.0]),
        np.array([1.5, 0.5]),
        np.array([math.e - 1.0, 0.0]),
        np.array([0.1, 0.02]),
        np.array([20.0, 50.0]),
    )
    assert value == pytest.approx([1.5, -2.0], abs=1e-15)


def test_attraction() -> None:
    assert choice.attraction(np.array([0.0, math.log(3.0), -math.inf])) == pytest.approx([1.0, 3.0, 0.0], abs=1e-15)


def test_nested() -> None:
    """Lambda 1/2, attractions 3 and 4: b = 9 and 16, I = 25, I^(-1/2) = 1/5."""
    got = choice.nested(np.array([[3.0, 4.0], [0.0, 4.0], [0.0, 0.0]]), 0.5)
    assert got == pytest.approx(np.array([[1.8, 3.2], [0.0, 4.0], [0.0, 0.0]]), rel=1e-15)


def test_nested_of_copies() -> None:
    """Two copies of a plan of attraction 1 are worth 2^lambda together, whatever else there is."""
    for scale in (1.0, 0.5, 0.1, 0.001):
        both = choice.nested(np.array([1.0, 1.0]), scale)
        assert both == pytest.approx([2.0**scale / 2.0] * 2, rel=1e-13), scale


def test_log_nested() -> None:
    utility = np.array([[math.log(3.0), math.log(4.0)], [-math.inf, math.log(4.0)], [-math.inf, -math.inf]])
    got = choice.log_nested(utility, 0.5)
    assert np.exp(got) == pytest.approx(np.array([[1.8, 3.2], [0.0, 4.0], [0.0, 0.0]]), rel=1e-15)
    # 2000 and 1999 at lambda 1/1000: the second is e^-1000 of the first
    assert choice.log_nested(np.array([2000.0, 1999.0]), 1e-3) == pytest.approx([2000.0, 1000.0], rel=1e-15)


def test_the_parts_of_a_nest() -> None:
    alone, unit = np.array([3.0, 4.0]), np.array(2.0)
    powers = choice.nest_power(alone, unit, 0.5)
    assert powers == pytest.approx([2.25, 4.0], rel=1e-15)  # (3/2)^2, (4/2)^2
    # 2 x 6.25^-0.5 = 0.8, so that 2.25 x 0.8 = 1.8 and 4 x 0.8 = 3.2; nothing where nothing is offered
    factor = choice.nest_factor(np.array([6.25, 0.0]), np.array([2.0, 2.0]), 0.5)
    assert factor == pytest.approx([0.8, 0.0], rel=1e-15)
    assert powers * factor[0] == pytest.approx(choice.nested(alone, 0.5), rel=1e-15)


def test_log_nest_shares() -> None:
    got = choice.log_nest_shares(np.array([[math.log(3.0), math.log(4.0)], [-math.inf, 0.0]]), 0.5)
    assert np.exp(got) == pytest.approx(np.array([[0.36, 0.64], [0.0, 1.0]]), rel=1e-15)


def test_chosen() -> None:
    got = choice.chosen(np.array([[1.0, 2.0], [0.0, 3.0]]), np.array([5.0, 1.0]))
    assert got == pytest.approx(np.array([[0.125, 0.25], [0.0, 0.75]]))


def test_stock() -> None:
    # attraction 0.6 and a customer who stays 1 / 0.05 = 20 months
    assert choice.stock(np.array([0.6, 2.0]), np.array([0.05, 0.5])) == pytest.approx([12.0, 4.0])


def test_stock_attraction() -> None:
    assert choice.stock_attraction(np.array([12.0, 0.0]), np.array([30.0, 7.0])) == pytest.approx([0.4, 0.0])


def test_stays() -> None:
    # 100 / (1 + 0.5 + 0.5) and 90 / (1 + 2 + 0)
    got = choice.stays(np.array([100.0, 90.0]), np.array([[0.5, 0.5], [2.0, 0.0]]))
    assert got == pytest.approx([50.0, 30.0])


def test_customers() -> None:
    got = choice.customers(np.array([[0.5, 0.25], [2.0, 0.0]]), np.array([40.0, 30.0]))
    assert got == pytest.approx(np.array([[20.0, 10.0], [60.0, 0.0]]))


def test_shares_add_up_without_word_of_mouth() -> None:
    weights = np.array([[0.7, 1.9, 0.01]])
    staying = choice.stays(np.array([8.0]), weights)
    assert choice.customers(weights, staying).sum() + staying.sum() == pytest.approx(8.0, rel=1e-15)


def test_surplus_change() -> None:
    # total attraction grows from 2 to 2 e^0.3; a person with 0.1 utility per usd gains 3 usd a month
    got = choice.surplus_change(np.array([2.0]), np.array([2.0 * math.exp(0.3)]), np.array([0.1]))
    assert got == pytest.approx([3.0])


def test_surplus_change_is_the_area_under_demand() -> None:
    """A price cut's surplus is the integral of the choice probability over the price (Small and Rosen)."""
    beta, constant, outside = 0.2, 1.0, 3.0

    def total(price: float) -> float:
        return outside + math.exp(constant - beta * price)

    steps = 20000
    width = (10.0 - 4.0) / steps
    prices = [4.0 + (k + 0.5) * width for k in range(steps)]
    area = sum((1.0 - outside / total(p)) * width for p in prices)
    got = choice.surplus_change(np.array([total(10.0)]), np.array([total(4.0)]), np.array([beta]))
    assert got == pytest.approx([area], rel=1e-8)


def test_alternative_shares() -> None:
    got = choice.alternative_shares(np.array([[1.0, 2.0, 5.0], [0.0, 0.0, 4.0]]))
    assert got == pytest.approx(np.array([[0.125, 0.25, 0.625], [0.0, 0.0, 1.0]]))


def test_long_run_shares_by_simulation() -> None:
    """A customer who chooses with probability a / sum a and then stays 1 / chi months: months held go as a / chi."""
    random = np.random.default_rng(5)
    attractions, rates = np.array([1.0, 2.0, 0.5]), np.array([0.2, 0.05, 0.02])
    chosen = random.choice(3, size=400_000, p=attractions / attractions.sum())
    months = random.exponential(1.0 / rates[chosen])
    held = np.array([months[chosen == a].sum() for a in range(3)]) / months.sum()
    stocks = choice.stock(attractions, rates)
    assert held == pytest.approx(stocks / stocks.sum(), abs=3e-3)


def test_decision_rate() -> None:
    reference, kappa = np.array([0.04, 0.04, 0.04, 0.04]), np.array([0.5, 0.5, 0.5, 0.5])
    change = np.array([0.0, -2.0 * math.log(1.5), 2.0 * math.log(100.0), -2.0 * math.log(100.0)])
    # today; worse by 2 ln 1.5: 0.04 x 1.5; far better: the least; far worse: the most
    got = decisions.decision_rate(reference, kappa, change, 0.01, 0.2)
    assert got == pytest.approx([0.04, 0.06, 0.01, 0.2])


def test_decision_rate_reproduces_a_reference_outside_its_range() -> None:
    got = decisions.decision_rate(np.array([0.3, 0.005]), np.ones(2), np.zeros(2), 0.01, 0.2)
    assert got == pytest.approx([0.3, 0.005])


def test_leaving() -> None:
    # decides anew at 10 % a month and takes the same plan again in one case of four
    assert decisions.leaving(np.array([0.1, 0.1]), np.array([0.25, 1.0])) == pytest.approx([0.075, 0.0])


def test_kept() -> None:
    assert decisions.kept(np.array([0.5, 0.0, 1.0, 1.5]), 3) == pytest.approx([0.125, 1.0, 0.0, 0.0])


def test_cohort_kept() -> None:
    """30 leave at 1/2 a month and 100 at 1/10: 15 and 10 come a month, of whom 1/4 and 0.81 are kept for two."""
    got = decisions.cohort_kept(np.array([30.0, 100.0]), np.array([0.5, 0.1]), 2)
    assert got == pytest.approx((15.0 * 0.25 + 10.0 * 0.81) / 25.0, rel=1e-15)
    assert math.isnan(decisions.cohort_kept(np.zeros(2), np.array([0.5, 0.1]), 2))


def test_cohort_kept_by_simulation() -> None:
    """Who comes in a month is there two months later if he left in neither: the same from drawn lives."""
    random = np.random.default_rng(11)
    leaving, customers = np.array([0.5, 0.1]), np.array([30.0, 100.0])
    came = random.choice(2, size=400_000, p=customers * leaving / (customers * leaving).sum())
    stayed = (random.geometric(leaving[came]) > 2).mean()
    assert decisions.cohort_kept(customers, leaving, 2) == pytest.approx(stayed, abs=3e-3)


def test_the_two_factors_of_a_nest_by_hand() -> None:
    """a = 4 and 1 at lambda 1/2, in units of 4: b = 1 and 1/16, I = 17/16, factor 4 x (16/17)^(1/2)."""
    powers = [choice.nest_power(np.array([a]), np.array([4.0]), 0.5) for a in (4.0, 1.0)]
    assert np.concatenate(powers) == pytest.approx([1.0, 1.0 / 16.0], rel=1e-15)
    factor = choice.nest_factor(np.array([17.0 / 16.0, 0.0]), np.array(4.0), 0.5)
    assert factor == pytest.approx([4.0 * (16.0 / 17.0) ** 0.5, 0.0], rel=1e-15)
    together = choice.nested(np.array([4.0, 1.0]), 0.5)
    assert together == pytest.approx([factor[0], factor[0] / 16.0], rel=1e-14)
