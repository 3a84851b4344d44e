"""The worth of a test before it is run, against answers by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest

from optimizer.typing import Array
from optimizer.uncertainty.preposterior import known_exactly, preposterior, simulated
from optimizer.uncertainty.worth import worths

NORMALS = 2000


def normal_world(seed: int = 3) -> tuple[Array, Array]:
    """One menu is worth nothing, the other theta, which is standard normal; evenly spread, so that it is so nearly."""
    from statistics import NormalDist

    theta = np.array([NormalDist().inv_cdf((k + 0.5) / NORMALS) for k in range(NORMALS)])
    return np.random.default_rng(seed).permutation(theta), np.full(NORMALS, 1.0 / NORMALS)


@pytest.mark.parametrize("observed", [1, 4, 25])
def test_normal_prior_and_normal_test(observed: int) -> None:
    """theta ~ N(0, 1), a mean of n observations of variance 1: the posterior mean is N(0, n / (n + 1)), so choosing by
    it is worth sqrt(n / (n + 1)) / sqrt(2 pi)."""
    theta, weights = normal_world()
    noise = np.random.default_rng([5, observed]).normal(size=(NORMALS, 20)) / math.sqrt(observed)
    found = preposterior(np.stack([np.zeros(NORMALS), theta], axis=1), weights, (theta[:, None] + noise)[..., None])
    right = math.sqrt(observed / (observed + 1.0)) / math.sqrt(2.0 * math.pi)
    assert found.value == pytest.approx(right, rel=0.03), observed


def two_worlds(each: int = 1000) -> tuple[Array, Array, Array]:
    """Two worlds, as likely as each other: take-up of the second arm 0.2 or 0.6, of the first 0.4. The second menu
    loses 1 in the first world and brings 1 in the second."""
    second = np.repeat([False, True], each)
    values = np.stack([np.zeros(2 * each), np.where(second, 1.0, -1.0)], axis=1)
    return values, np.full(2 * each, 0.5 / each), np.where(second, 0.6, 0.2)


def test_one_visitor_in_two_worlds() -> None:
    """Who is asked takes it in 0.4 of all cases: then the second world is at 0.75 and the second menu worth 0.5. Who
    does not leaves it at 1/3 and the menu worth -1/3. So the test is worth 0.4 x 0.5 = 0.2, knowing the world 0.5."""
    values, weights, take_up = two_worlds()
    rng = np.random.default_rng(7)
    seen = (rng.random((len(take_up), 40)) < take_up[:, None]).astype(float)
    found = preposterior(values, weights, seen[..., None])
    assert found.value == pytest.approx(0.2, abs=0.01)
    known = preposterior(values, weights, take_up[:, None, None])
    assert known.value == pytest.approx(0.5, rel=1e-9)
    # whoever takes it decides for the second menu, whoever does not for the first
    assert (found.chosen == seen).all() if found.without == 0 else ((found.chosen == 1) == (seen == 1)).all()


def arms(take_up: Array) -> Array:
    """(S, 2, 1) shares of two arms, 0.4 in the first."""
    return np.stack([np.full(len(take_up), 0.4), take_up], axis=1)[..., None]


def test_more_visitors_are_worth_more_and_never_more_than_to_know() -> None:
    values, weights, take_up = two_worlds()
    known = preposterior(values, weights, known_exactly(arms(take_up))).value
    assert known == pytest.approx(0.5, rel=1e-9)
    found = [
        preposterior(values, weights, simulated(arms(take_up), n, np.random.default_rng([9, n]))).value
        for n in (4, 16, 64, 4096)
    ]
    assert all(one < other for one, other in zip(found, [*found[1:], known * (1.0 + 1e-9)], strict=True)), found
    assert found[-1] == pytest.approx(known, rel=0.01)


def test_a_test_of_something_else_is_worth_nothing() -> None:
    values, weights, take_up = two_worlds()
    shuffled = np.random.default_rng(11).permutation(take_up)
    assert preposterior(values, weights, simulated(arms(shuffled), 500, np.random.default_rng(12))).value < 0.02


def test_order_of_worths() -> None:
    """A test of a number <= knowing it <= knowing all, where the number is not all there is to know."""
    theta, weights = normal_world()
    other = np.random.default_rng(13).permutation(theta)
    values = np.stack([np.zeros(NORMALS), theta + other], axis=1)
    perfect = float(weights @ values.max(axis=1)) - max(0.0, float((weights @ values).max()))
    number = worths(values, weights, {"theta": theta}, perfect, 0).numbers[0].value
    noise = np.random.default_rng(14).normal(size=(NORMALS, 20))
    tested = preposterior(values, weights, (theta[:, None] + noise)[..., None]).value
    assert 0.0 < tested < number < perfect
    # E max(0, x) = sd / sqrt(2 pi), sd sqrt(1/2), 1 and sqrt(2)
    for value, sd in ((tested, math.sqrt(0.5)), (number, 1.0), (perfect, math.sqrt(2.0))):
        assert value == pytest.approx(sd / math.sqrt(2.0 * math.pi), rel=0.04)


def test_results_by_hand_where_there_is_no_noise() -> None:
    """ln 0.2 / 0.4; of a plan that the first arm does not offer, ln of its share alone."""
    shares = np.array([[[0.4, 0.0], [0.2, 0.1]]])
    assert known_exactly(shares)[0, 0] == pytest.approx([math.log(0.5), math.log(0.1)], rel=1e-15)
    many = simulated(shares, 10_000_000, np.random.default_rng(15), results=3)
    assert many.shape == (1, 3, 2)
    assert np.abs(many - known_exactly(shares)).max() < 0.01


def test_few_draws_bear_few_terms() -> None:
    """Seven draws bear a constant alone: nothing is learned, whatever is seen."""
    rng = np.random.default_rng(16)
    found = preposterior(rng.normal(size=(7, 5)), np.full(7, 1 / 7), rng.normal(size=(7, 20, 2)))
    assert found.value == pytest.approx(0.0, abs=1e-12)
    assert (found.chosen == found.without).all()
