"""Surveys and books of the company that does not exist: they tell the truth, but for chance and the scale."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from optimizer.errors import InputError
from optimizer.learn.asked import TASKS, asked
from optimizer.learn.fit import fit
from optimizer.learn.readings import STATED, readings
from optimizer.learn.reduce import ReduceOptions, reduce_tables
from optimizer.learn.simulate import simulate, table_files_of
from optimizer.learn.stats import ArmCount, LedgerNumber, Stats
from optimizer.learn.truth import KnownTruth, draw_truth
from optimizer.learn.worlds import MarketWorld, reached_share, referred_share, rival_share
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.model.case_model import CaseModel, prepare_case, vary

CASE, SEED = "assistant-startup-margin", 3


@pytest.fixture(scope="module")
def truth() -> KnownTruth:
    return draw_truth(CASE, SEED)


@pytest.fixture(scope="module")
def today(truth: KnownTruth) -> Evaluation:
    return evaluate_menu(truth.calibrated.prepared, truth.calibrated.prepared.today_menu())


@pytest.fixture(scope="module")
def m() -> CaseModel:
    return prepare_case(CASE)


def test_answers_are_those_of_the_evaluator(truth: KnownTruth, today: Evaluation, m: CaseModel) -> None:
    """Of many people the shares are those of the true market, by the functions that the fit compares them with."""
    world = MarketWorld(vary(m, {t.path: t.value for t in truth.numbers if t.low != t.high}))
    made = asked(truth, today, 20_000, np.random.default_rng(SEED))
    shares = {"reached": reached_share, "referred": referred_share}
    rows = [(shares[r.question](r.segment, world), r) for r in pd.DataFrame(dict(made["survey"])).itertuples()]
    rivals = pd.DataFrame(dict(made["rivals"])).itertuples()
    rows += [(rival_share(r.alternative, r.segment, world), r) for r in rivals]
    assert len(rows) == 6 + 4
    for share, row in rows:
        chance = np.sqrt(share * (1.0 - share) / row.n)
        assert abs(row[list(row._fields).index("count")] / row.n - share) < 4.0 * chance, f"{row}, seed {SEED}"


def test_choices(truth: KnownTruth, today: Evaluation) -> None:
    """One alternative is chosen in every task, and a dearer offer less often."""
    rows = pd.DataFrame(dict(asked(truth, today, 400, np.random.default_rng(SEED))["choices"]))
    assert len(rows) == 3 * 400 * TASKS * 3 and rows.person.nunique() == 3 * 400
    assert (rows.groupby(["person", "task"]).chosen.sum() == 1).all()
    assert (rows[rows.outside == 1].price == 0.0).all()
    for segment, own in rows[rows.outside == 0].groupby("segment"):
        taken = own.groupby("price").chosen.mean()
        assert len(taken) == 5 and taken.is_monotonic_decreasing, f"{segment}, seed {SEED}"


def test_tastes_of_each_segment_come_back(truth: KnownTruth, m: CaseModel, tmp_path: Path) -> None:
    """But for the scale of what people say, which is off by chance."""
    made = simulate(CASE, 100, 14, SEED, 0, 100, True)
    for name, content in table_files_of(made).items():
        (tmp_path / name).write_text(str(content))
    stats = reduce_tables([tmp_path], ReduceOptions(memory=0.5)).stats
    read = readings(stats, m.inputs, m.today.prepared)
    told = {f.about: f for f in read.figures if f.table == "choices"}
    assert len(told) == 6
    for segment, facts in truth.market.segments.items():
        median, sigma = told[f"price_coefficient of {segment}"], told[f"price_sigma of {segment}"]
        assert median.spread > STATED and sigma.spread < STATED
        off = np.log(median.observed / facts.price_coefficient.value)
        assert abs(off) < 3.0 * median.spread, f"{segment}, seed {SEED}"
        assert abs(np.log(sigma.observed / facts.price_sigma.value)) < 3.0 * sigma.spread, f"{segment}, seed {SEED}"
    # the books are exact, and hold nothing that customers tell
    exact = {t.path: t.value for t in made.truth}
    books = {path: value for path, value in read.known.items() if not path.startswith("today.")}
    assert len(books) == 21 and "pools.main.price" in books and not any("segments" in path for path in books)
    for path, value in books.items():
        assert value == pytest.approx(exact[path], rel=1e-12), path


def test_a_ledger_is_taken_as_exact(m: CaseModel) -> None:
    arm = ArmCount("a", "individuals", 8000, "new", "", "plus", 50, 1.0)
    rows = (LedgerNumber("plans.free.support_cost", 0.24, "usd/year"), LedgerNumber("pools.main.colour", 1.0, "1"),
            LedgerNumber("pools.main.utilisation", 0.5, "usd"))  # fmt: skip
    found = fit(m, Stats({}, experiments=(arm,), ledger=rows))
    assert found.m.inputs.market.plans["free"].support_cost.value == pytest.approx(0.02)
    assert found.readings.known == {"plans.free.support_cost": pytest.approx(0.02)}
    assert "plans.free.support_cost" not in (*found.numbers.paths, *found.silent.paths)
    twice = (*rows[:1], LedgerNumber("plans.free.support_cost", 0.03, "usd/month"))
    read = readings(Stats({}, ledger=twice), m.inputs, m.today.prepared)
    assert not read.known and [f.code for f in read.findings] == ["learn-twice"]
    cures = {f.cure for f in found.readings.findings}
    assert "give it in fraction" in cures
    typo = readings(
        Stats({}, ledger=(LedgerNumber("pools.main.prize", 2.0, "usd/GPU-hour"),)), m.inputs, m.today.prepared
    )
    assert any("did you mean pools.main.price" in f.cure for f in typo.findings)
    told = "; ".join(f.message for f in found.readings.findings)
    assert "'pools.main.colour' is not in the market" in told and "the unit 'usd' of pools.main.utilisation" in told
    with pytest.raises(InputError, match=r"books and price lists state \(pools.main.utilisation 7\)"):
        fit(m, Stats({}, experiments=(arm,), ledger=(LedgerNumber("pools.main.utilisation", 7.0, "fraction"),)))


def test_nobody_is_asked_where_nobody_is_to_be() -> None:
    assert set(simulate(CASE, 100, 14, SEED, 0).tables) == {"subscriptions", "usage", "caps", "experiments"}
    with pytest.raises(InputError, match="is not between 0 and"):
        simulate(CASE, 100, 14, SEED, 0, -1)
