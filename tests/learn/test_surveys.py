"""Tastes from simulated surveys with a known truth, with and without an outside option."""

from __future__ import annotations

import numpy as np
import pytest

from optimizer.errors import InputError
from optimizer.learn.surveys import ChoiceSurvey, choice_survey, fit_logit, fit_mixed

PRICES = np.array([10.0, 15.0, 20.0, 25.0])
MEDIAN, SIGMA = 0.1, 0.8


def simulated(persons: int, tasks: int, outside: bool, seed: int, mixed: bool = True) -> ChoiceSurvey:
    """Persons choose among three offers (and none) by speed, language and price; tastes differ where mixed."""
    rng = np.random.default_rng(seed)
    shape = (persons, tasks, 3)
    price, speed, code = rng.choice(PRICES, shape), rng.integers(0, 2, shape), rng.integers(0, 2, shape)
    spread = 1.0 if mixed else 0.0
    taste = 1.0 + 0.7 * spread * rng.standard_normal((persons, 1, 1))
    cost = MEDIAN * np.exp(SIGMA * spread * rng.standard_normal((persons, 1, 1)))
    utility = taste * speed - 0.5 * code - cost * price
    if outside:
        utility = np.concatenate([utility, np.full((persons, tasks, 1), -1.0)], axis=2)
    chosen = (utility + rng.gumbel(size=utility.shape)).argmax(axis=2)
    offers = utility.shape[2]
    p, t, a = (g.ravel() for g in np.meshgrid(range(persons), range(tasks), range(offers), indexing="ij"))

    def cells(values: np.ndarray, none: float) -> np.ndarray:
        return np.concatenate([values, np.full((persons, tasks, offers - 3), none)], axis=2).ravel()

    words = np.where(cells(code, 0) > 0, "code", "text")
    columns = {"speed": [f"{v:g}" for v in cells(speed, 0)], "form": list(words)}
    return choice_survey(
        [f"p{k}" for k in p], [f"t{k}" for k in t], list(chosen[p, t] == a), cells(price, 0.0), columns,
        list(a == 3) if outside else None,
    )  # fmt: skip


def test_coding() -> None:
    """Numbers stay numbers, words become levels against the first, what never varies is left out."""
    survey = choice_survey(
        ["b", "b", "a", "a", "a"], ["1", "1", "1", "1", "1"], [True, False, False, False, True],
        np.array([10.0, 20.0, 12.0, 15.0, 99.0]),
        {"speed": ["1", "2", "1", "3", ""], "form": ["text", "code", "code", "text", ""], "maker": ["x"] * 5},
        [False, False, False, False, True],
    )  # fmt: skip
    assert survey.names == ("speed", "form=text", "outside", "price")
    assert survey.person.tolist() == [0, 1] and survey.chosen.tolist() == [2, 0]
    assert survey.available.tolist() == [[True, True, True], [True, True, False]]
    assert survey.attributes[0].tolist() == [[1.0, 0.0, 0.0, 12.0], [3.0, 1.0, 0.0, 15.0], [0.0, 0.0, 1.0, 0.0]]
    assert survey.no_preference == pytest.approx(-np.log(3.0) - np.log(2.0))


def test_two_chosen_in_a_task() -> None:
    with pytest.raises(InputError, match="not exactly one"):
        choice_survey(["a", "a"], ["1", "1"], [True, True], np.array([1.0, 2.0]), {})


def test_logit_by_hand() -> None:
    """With two offers that differ in price by 10, chosen 3 to 1, the coefficient is -ln 3 / 10."""
    persons = [f"p{k}" for k in range(40) for _ in (0, 1)]
    chosen = [c for k in range(40) for c in ((True, False) if k % 4 else (False, True))]
    survey = choice_survey(persons, ["1"] * 80, chosen, np.tile([10.0, 20.0], 40), {})
    fit = fit_logit(survey)
    assert fit.taste("price").estimate == pytest.approx(-np.log(3.0) / 10.0, rel=1e-3)
    assert fit.log_likelihood == pytest.approx(40 * (0.75 * np.log(0.75) + 0.25 * np.log(0.25)), rel=1e-6)
    # information p (1 - p) 10^2 a person
    assert fit.taste("price").se == pytest.approx(1.0 / np.sqrt(40 * 0.75 * 0.25 * 100.0), rel=1e-2)


@pytest.mark.parametrize("outside", [False, True])
def test_logit_finds_the_truth(outside: bool) -> None:
    fit = fit_logit(simulated(300, 10, outside, 1, mixed=False))
    # none is worth -1, an offer in code, the base level, -0.5 and more
    truth = {"speed": 1.0, "form=text": 0.5, "price": -MEDIAN, **({"outside": -0.5} if outside else {})}
    assert fit.converged and {t.name for t in fit.tastes} == set(truth)
    for name, value in truth.items():
        assert abs(fit.taste(name).estimate - value) < 3.5 * fit.taste(name).se, name


@pytest.mark.parametrize("outside", [False, True])
def test_mixed_logit_finds_the_truth(outside: bool) -> None:
    survey = simulated(150, 10, outside, 2)
    fit, plain = fit_mixed(survey, draws=64), fit_logit(survey)
    assert fit.converged and fit.log_likelihood > plain.log_likelihood + 20.0
    truth = {"price_median": MEDIAN, "price_sigma": SIGMA, "speed": 1.0, "sd of speed": 0.7, "form=text": 0.5}
    for name, value in truth.items():
        taste = fit.taste(name)
        assert abs(taste.estimate - value) < 3.5 * taste.se, name
        assert 0.0 < taste.se < 0.5 * max(value, 0.5), name
    assert ("outside" in survey.names) is outside


def test_the_same_seed_gives_the_same_fit() -> None:
    survey = simulated(60, 6, False, 3)
    assert fit_mixed(survey, draws=32, seed=4) == fit_mixed(survey, draws=32, seed=4)
