"""Dated events: each is predicted and scored, and a wrong prediction scores worse."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import optimizer
from optimizer.answer.backtest import BRIER, CRPS, Backtests, Event, score
from optimizer.errors import InputError
from optimizer.inputs.backtests import load_backtest
from optimizer.io.library import list_backtests, list_cases

TEXT = """\
title: {title}
number: 1
date: "2026-01-16"
market: openai-2025
horizon_months: 12
change: {change}
predicted: {{figure: {figure}, plan: plus, measure: relative_change}}
observed: {{value: -0.5, low: -0.6, high: -0.4, kind: observed, text: Counted.}}
words: Words.
sources: {{}}
"""
PRIOR = "prior: {low: -1, high: 1, why: It has no word for it.}"
SPREAD = "value: -0.5, low: -0.6, high: -0.4"
TWO_WINDOWS = """{changes: {
  plans.plus.fallback_limit.week: {to: 9, unit: requests},
  plans.plus.allowances.frontier.week: {to: 500, unit: requests},
}}"""


@pytest.fixture(scope="module")
def found() -> Backtests:
    return optimizer.backtest()


def own(folder: Path, change: str = "{launched: [go]}", figure: str = "customers") -> Path:
    path = folder / "own.yaml"
    path.write_text(TEXT.format(title="Own", change=change, figure=figure), encoding="utf-8")
    return path


def test_all_dated_events_are_there(found: Backtests) -> None:
    assert sorted(e.name for e in found.events) == list_backtests()
    assert [e.number for e in found.events] == list(range(1, 14))
    assert sum(e.expressed for e in found.events) >= 10
    assert not set(list_backtests()) & set(list_cases())


@pytest.mark.parametrize("name", list_backtests())
def test_an_event_is_predicted_and_says_what_it_rests_on(name: str, found: Backtests) -> None:
    e, asked = found.event(name), load_backtest(name).asked
    assert math.isfinite(e.prediction) and math.isfinite(e.score) and e.score >= 0.0
    assert e.score_kind == (BRIER if e.measure == "sign" else CRPS)
    assert asked.sources and e.words and asked.observed.text
    assert e.expressed == (asked.prior is None) == (e.why_not is None)
    if e.expressed:
        assert e.score_no_change is not None and e.score_proportional is not None
        error = abs(e.prediction - e.observation)
        assert e.score == pytest.approx(error**2 if e.measure == "sign" else error, abs=1e-12)


def test_tuned_events_are_left_out_of_the_summary(found: Backtests) -> None:
    fair = [e for e in found.events if not e.tuned_on]
    assert 0 < len(fair) < len(found.events)
    assert sum(s.events for s in found.summary) == len(fair)
    for s in found.summary:
        scores = [e.score for e in fair if e.score_kind == s.score_kind]
        assert s.score == pytest.approx(sum(scores) / len(scores))


def event(**more: object) -> Event:
    plain = Event(
        name="a", number=1, date="2026-01-01", title="A", market="m", stands_in=None, horizon_months=1, figure="f",
        measure="relative_change", prediction=0.1, long_run=0.1, observation=0.2, low=0.0, high=0.3, kind="observed",
        unverified=False, score=0.1, score_kind=CRPS, score_no_change=0.2, score_proportional=0.05, expressed=True,
        tuned_on=(), words="", why_not=None, sharpened_by=None,
    )  # fmt: skip
    return replace(plain, **more)  # type: ignore[arg-type]


def test_skills_and_summary_by_hand() -> None:
    one, two = event(), event(name="b", score=0.3, score_no_change=0.2, score_proportional=None)
    tuned = event(name="c", score=9.0, tuned_on=("x",))
    assert one.skill_no_change == pytest.approx(0.5)
    assert one.skill_proportional == pytest.approx(-1.0)
    assert two.skill_proportional is None
    assert event(score_no_change=0.0).skill_no_change is None
    assert one.inside and not event(prediction=0.4).inside and event(low=None).inside is None
    (s,) = Backtests((one, two, tuned)).summary
    assert (s.score_kind, s.events) == (CRPS, 2)
    assert s.score == pytest.approx(0.2)
    assert s.skill_no_change == pytest.approx(1 - 0.4 / 0.4)
    assert s.skill_proportional == pytest.approx(-1.0)


def test_a_wrong_prediction_scores_worse(found: Backtests) -> None:
    """Turned round or made three times as large, every prediction that is right scores worse."""
    tried = 0
    for e in found.events:
        if e.score_kind == BRIER and e.score < 0.25:
            assert score(BRIER, np.array([1.0 - e.prediction]), e.observation) > e.score
            tried += 1
        elif e.score_kind == CRPS and e.inside and e.observation != 0.0:
            for wrong in (-e.prediction, 3.0 * e.prediction):
                assert score(CRPS, np.array([wrong]), e.observation) > e.score, e.name
            tried += 1
    assert tried >= 5


def test_draws_take_the_same_way() -> None:
    assert score(CRPS, np.array([0.0, 2.0]), 1.0) == pytest.approx(1.0 - 0.5)
    assert score(BRIER, np.array([1.0, 1.0, 0.0, 0.0]), 1.0) == pytest.approx(0.25)


def test_an_event_of_ones_own(tmp_path: Path, found: Backtests) -> None:
    (e,) = optimizer.backtest(own(tmp_path)).events
    assert e.prediction == pytest.approx(found.event("go-launch-2026-01").prediction)
    assert e.score == pytest.approx(abs(e.prediction + 0.5))


def test_what_cannot_be_said_scores_as_a_wide_prior(tmp_path: Path) -> None:
    """Anything from -1 to 1 alike likely, -0.5 observed: mean distance (0.25 + 2.25) / 4, less a third of 1."""
    path = own(tmp_path)
    asked = path.read_text(encoding="utf-8").replace("change: {launched: [go]}", PRIOR)
    path.write_text(asked, encoding="utf-8")
    (e,) = optimizer.backtest(path).events
    assert not e.expressed and e.why_not == "It has no word for it."
    assert e.score == pytest.approx(0.625 - 1 / 3, abs=1e-4)
    assert e.skill_no_change == pytest.approx(1 - (0.625 - 1 / 3) / 0.5, abs=1e-3)
    assert e.score_proportional is None and e.skill_proportional is None
    path.write_text(asked.replace("relative_change", "sign").replace(SPREAD, "value: 1"), encoding="utf-8")
    (e,) = optimizer.backtest(path).events
    assert (e.prediction, e.score, e.skill_no_change) == (0.5, 0.25, 0.0)


@pytest.mark.parametrize(
    ("change", "figure", "told"),
    [
        ("{launched: [gone]}", "customers", "describes no such plan"),
        ("{launched: [go]}", "customer", "no figure is named 'customer'"),
        ("{changes: {plans.plus.prize: {to: 3}}}", "customers", "plans.plus.price"),
        (TWO_WINDOWS, "customers", "after the changes that were asked for: a capped fallback"),
        ("{}", "customers", "either a change or a prior"),
        ("{changes: {'recalibrate:plans.plus.price': {to: 3}}}", "customers", "belongs under before"),
    ],
)
def test_what_is_wrong_is_told_with_its_file(change: str, figure: str, told: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        optimizer.backtest(own(tmp_path, change, figure))
    assert told in str(caught.value) and "own.yaml" in str(caught.value)


def test_an_unknown_name_is_told_with_the_list() -> None:
    with pytest.raises(InputError) as caught:
        optimizer.backtest("go-lunch")
    assert all(name in str(caught.value) for name in list_backtests())


def test_the_months_are_predicted_and_the_long_run_where_none_are_told(tmp_path: Path) -> None:
    text = own(tmp_path).read_text(encoding="utf-8").replace("market: openai-2025", "market: anthropic-2025")
    text = text.replace("plan: plus", "plan: pro")
    text = text.replace("{launched: [go]}", "{changes: {plans.pro.price: {times: 1.2}}}")
    found = {}
    for months in (1, 12, 240):
        (tmp_path / "own.yaml").write_text(text.replace("horizon_months: 12", f"horizon_months: {months}"), "utf-8")
        (e,) = optimizer.backtest(tmp_path / "own.yaml").events
        found[months] = e.prediction
        assert e.long_run is not None and (e.horizon_months, e.score) == (months, abs(e.prediction + 0.5))
    assert 0.0 > found[1] > found[12] > found[240] > e.long_run
    (tmp_path / "own.yaml").write_text(text.replace("horizon_months: 12\n", ""), "utf-8")
    (e,) = optimizer.backtest(tmp_path / "own.yaml").events
    assert e.horizon_months is None and e.prediction == e.long_run


def test_half_a_month_is_refused(tmp_path: Path) -> None:
    path = own(tmp_path)
    path.write_text(path.read_text(encoding="utf-8").replace("horizon_months: 12", "horizon_months: 0.5"), "utf-8")
    with pytest.raises(InputError, match="horizon_months"):
        optimizer.backtest(path)
