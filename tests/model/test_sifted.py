"""Combinations of unit prices sifted, against all of them listed."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
import pytest

from optimizer.answer.run import solve_case_model
from optimizer.errors import InputError
from optimizer.market import combinations
from optimizer.market.check import check_inputs
from optimizer.market.combinations import why_listed
from optimizer.model.case_model import CaseModel, case_model_of
from optimizer.model.choices import Menu
from optimizer.model.sifted import unbeaten
from optimizer.optimise.objectives import objective_of
from optimizer.optimise.outcome import Settings
from optimizer.schema.case import CaseObjective
from tests.support import many_ai_models, market_factory

STEPS = [0.7, 1, 1.3]
ASKED: list[dict[str, Any]] = [
    {},
    {"conditions": [{"figure": "market_share", "at_least": 0.97, "relative_to": "today"}]},
    {"conditions": [{"figure": "gross_margin_rate", "at_least": 1.02, "relative_to": "today"},
                    {"figure": "customers", "plan": "api", "at_least": 1.05, "relative_to": "today"}]},
    {"objective": {"maximise": "revenue"},
     "conditions": [{"figure": "contribution_margin", "at_least": 0.9, "relative_to": "today"}]},
    {"objective": {"lexicographic": [{"maximise": "customers", "give": 0.02}, {"maximise": "contribution_margin"}]},
     "conditions": [{"figure": "serving_cost", "at_most": 1.3, "relative_to": "today"}]},
]  # fmt: skip


def model(models: int, seed: int, contracted: int, asked: dict[str, Any], **more: Any) -> CaseModel:
    market = many_ai_models.market_of(models, seed, contracted=contracted, **more)
    return case_model_of(market_factory.inputs(market, many_ai_models.case_of(models, STEPS, **asked)), believe=False)


@pytest.mark.parametrize("asked", range(len(ASKED)))
@pytest.mark.parametrize(("seed", "contracted"), [(0, 0), (1, 0), (2, 2)])
def test_against_all_listed(monkeypatch: pytest.MonkeyPatch, asked: int, seed: int, contracted: int) -> None:
    listed = model(4, seed, contracted, ASKED[asked])
    wanted = solve_case_model(listed, Settings(gap=0.0, cross_check=False), diagnosed=False)
    assert len(listed.choices.levels[-1]) == 81 and not listed.choices.sifted, (asked, seed)
    monkeypatch.setattr(combinations, "MOST_LISTED", 2)
    m = model(4, seed, contracted, ASKED[asked])
    got = solve_case_model(m, Settings(gap=0.0, cross_check=False), diagnosed=False)
    assert m.choices.sifted and m.choices.menus == listed.choices.menus, (asked, seed)
    assert got.objective.value == pytest.approx(wanted.objective.value, rel=1e-9), (asked, seed)
    assert got.verdict == wanted.verdict == "proved", (asked, seed)
    # the proof of the answer is one of all combinations: checked on the instance in which all are listed
    objective = objective_of(listed.inputs.case.objective, listed.today).last
    if len(got.stages) == 1:
        proven = objective.recheck(case_model_of(m.inputs, believe=False), got.certificate["stages"][0]["proof"])
        assert proven == pytest.approx(got.objective.bound, rel=1e-9), (asked, seed)
        best = objective.solve(listed, Settings(gap=0.0, cross_check=False))
        assert got.objective.bound >= best.value - 1e-9 * abs(best.value), (asked, seed)


def test_what_is_left_out_is_beaten_in_all_that_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """By the evaluator: every one of 81 combinations has a kept one with no less of both figures."""
    asked = {"conditions": [{"figure": "customers", "at_least": 0.9, "relative_to": "today"}]}
    listed = model(4, 3, 0, asked)
    monkeypatch.setattr(combinations, "MOST_LISTED", 2)
    m = model(4, 3, 0, asked)
    menus = {p: levels[0] for p, levels in zip(m.choices.plans, m.choices.levels, strict=True)}

    def figures(level: Any) -> tuple[float, float]:
        found = m.evaluate(Menu({**menus, "api": level}, m.choices.mixes[0]))
        return found.figure("contribution_margin"), found.figure("customers")

    kept = np.array([figures(level) for level in m.choices.levels[-1]])
    assert 9 <= len(kept) < 40
    for level in listed.choices.levels[-1]:
        mine = np.array(figures(level))
        assert (kept >= mine * (1.0 - 1e-12)).all(axis=1).any()
        assert m.choices.allows(Menu({**menus, "api": level}, m.choices.mixes[0]))


def test_thirteen_ai_models_with_three_prices_each_in_seconds() -> None:
    """1.6 million combinations, 115 million menus, 144 customer types: some 3 seconds of computing."""
    asked = {"conditions": [{"figure": "market_share", "at_least": 0.97, "relative_to": "today"}]}
    before = time.process_time()
    m = model(13, 0, 0, asked, classes=[0, 0.3, 0.6, 0.8, 0.93, 0.99, 1])
    got = solve_case_model(m, Settings(), diagnosed=False)
    assert time.process_time() - before < 40.0
    assert got.verdict == "proved" and got.menus > 10**8
    assert "114,791,256 menus" in got.verdict_text
    # no single price moved away from the answer is worth more, as the evaluator sees it
    api, chosen = m.choices.sifted["api"], got.chosen.terms["api"]
    assert chosen is not None
    moved = 0
    for a, options in zip(api.ai_models, api.options, strict=True):
        for price, _ in options:
            prices = (*chosen.unit_prices[:a], price, *chosen.unit_prices[a + 1 :])
            terms = {**got.chosen.terms, "api": chosen.with_unit_prices(prices)}
            other = m.evaluate(Menu(terms, got.chosen.enterprise_share))
            held = other.figure("market_share") >= 0.97 * m.today.figure("market_share")
            if held:
                moved += 1
                assert other.figure("contribution_margin") <= got.objective.bound * (1.0 + 1e-9)
    assert moved > 5


def test_unbeaten() -> None:
    """By comparing all pairs; a difference within the room beats nothing."""
    rows = np.random.default_rng(5).integers(0, 6, size=(200, 3)).astype(float)
    got = set(unbeaten(rows, np.full(3, 1e-9)).tolist())
    beaten = {k for k in range(200) if (rows > rows[k] + 1e-9).all(axis=1).any()}
    assert got == set(range(200)) - beaten and beaten
    assert unbeaten(np.array([[1.0], [1.0], [0.5]]), np.array([1e-9])).tolist() == [0, 1]


REASONS = [
    ("price_elasticity", lambda market, case: market["segments"]["devs"].pop("price_elasticity")),
    ("other plans", lambda market, case: market["plans"]["team"]["segments"].append("devs")),
    ("fee", lambda market, case: case["plans"]["api"].update(price=[0, 5])),
    ("spend", lambda market, case: market["plans"]["api"].update(least_spend=market_factory.q(5, "usd/month"))),
    ("ratio", lambda market, case: case.update(objective="gross_margin_rate")),
]


@pytest.mark.parametrize(("words", "change"), REASONS)
def test_what_cannot_be_sifted_is_listed_or_refused(words: str, change: Any) -> None:
    market, case = many_ai_models.market_of(13), many_ai_models.case_of(13, STEPS)
    before = market_factory.inputs(market, case)
    assert why_listed(before.case, before.market, "api") is None
    change(market, case)
    inputs = market_factory.inputs(market, case)
    assert words in str(why_listed(inputs.case, inputs.market, "api"))
    refused = [f for f in check_inputs(inputs) if f.code == "too-many-levels"]
    assert len(refused) == 1 and words in refused[0].cure


def test_what_the_case_does_not_ask_for_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(combinations, "MOST_LISTED", 2)
    m = model(3, 0, 0, {})
    with pytest.raises(InputError, match="does not ask for"):
        m.built.figure("serving_cost")
    assert m.built.figure("contribution_margin") is not None
    least = objective_of(CaseObjective(minimise="contribution_margin"), m.today)
    with pytest.raises(InputError, match="left out"):
        least.last.solve(m, Settings())
