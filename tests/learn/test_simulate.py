"""The company that does not exist: reproducible, true to its market, and its truth beside its tables, not in them."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from optimizer.errors import InputError
from optimizer.learn.arms import SIGN_UP, experiments
from optimizer.learn.reduce import ReduceOptions, reduce_tables
from optimizer.learn.simulate import Simulation, simulate, table_files_of, truth_text
from optimizer.learn.truth import draw_truth
from optimizer.learn.worlds import MarketWorld, held_after, take_up
from optimizer.market.evaluate import evaluate_menu
from optimizer.model.case_model import prepare_case, vary

CASE, CUSTOMERS, DAYS, SEED = "assistant-startup-margin", 8000, 90, 3


@pytest.fixture(scope="module")
def made() -> Simulation:
    return simulate(CASE, CUSTOMERS, DAYS, SEED)


@pytest.fixture(scope="module")
def tables(made: Simulation) -> dict[str, pd.DataFrame]:
    return {name: pd.DataFrame(dict(columns)) for name, columns in made.tables.items()}


def test_the_same_seed_makes_the_same_tables(made: Simulation) -> None:
    again, other = simulate(CASE, CUSTOMERS, DAYS, SEED), simulate(CASE, 100, 14, SEED + 1)
    assert table_files_of(again) == table_files_of(made)
    assert truth_text(other) != truth_text(made)


def test_the_truth_lies_within_low_and_high(made: Simulation) -> None:
    drawn = [t for t in made.truth if t.low is not None and t.high is not None and t.low < t.high]
    # shares of one whole are scaled to sum to one, and spread is made to fall: these may leave their range
    free = [t for t in drawn if not any(part in t.path for part in (".ai_models.", ".hours.", "window_sigmas"))]
    assert len(free) > 80
    for t in free:
        assert t.low * (1 - 1e-12) <= t.value <= t.high * (1 + 1e-12), t.path  # type: ignore[operator]
    position = [(t.value - t.low) / (t.high - t.low) for t in free if "today" not in t.path]  # type: ignore[operator]
    assert 0.25 < np.mean(position) < 0.6 and np.std(position) > 0.2, f"seed {SEED}"


def test_the_truth_is_not_in_the_tables(made: Simulation) -> None:
    assert set(made.tables) == {"subscriptions", "usage", "caps", "experiments"}
    text = "".join(str(content)[:2000] for content in table_files_of(made).values())
    assert "sigma" not in text and "coefficient" not in text
    assert "segments.individuals.price_coefficient" in truth_text(made)


def test_customers_start_and_leave_as_the_market_says(tables: dict[str, pd.DataFrame]) -> None:
    truth = draw_truth(CASE, SEED)
    prepared = truth.calibrated.prepared
    today = evaluate_menu(prepared, prepared.today_menu())
    subs = tables["subscriptions"]
    first = subs[(subs.started < "2025-01-06")]
    assert len(first) == pytest.approx(CUSTOMERS, rel=0.01)
    for j, plan in enumerate(today.plans):
        share = today.customers[:, j].sum() / today.customers.sum()
        held = first[first.plan == plan]
        assert abs(len(held) - CUSTOMERS * share) < 4.0 * np.sqrt(CUSTOMERS * share) + 1.0, f"{plan}, seed {SEED}"
        left = ((held.ended != "") & (held.ended <= "2025-02-05")).sum()
        rate = (today.customers[:, j] * today.leaving[:, j]).sum() / today.customers[:, j].sum()
        expected = len(held) * rate * 30.0 / (730.0 / 24.0)
        assert abs(left - expected) < 4.0 * np.sqrt(expected) + 0.05 * expected + 1.0, f"{plan}, seed {SEED}"
    stock = ((subs.started <= "2025-04-01") & ((subs.ended == "") | (subs.ended > "2025-04-01"))).sum()
    assert stock == pytest.approx(CUSTOMERS, rel=0.05), f"as many come as leave, seed {SEED}"


def test_use_stays_within_the_caps(tables: dict[str, pd.DataFrame]) -> None:
    usage, subs, caps = tables["usage"], tables["subscriptions"], tables["caps"]
    joined = usage.merge(subs, on="customer")
    joined = joined[(joined.day >= joined.started) & ((joined.ended == "") | (joined.day < joined.ended))]
    assert len(joined) == len(usage)  # every use is of a customer on a plan
    checked = 0
    for cap in caps.itertuples():
        rows = joined[(joined.plan == cap.plan) & (joined.ai_model == cap.ai_model)]
        most = rows.groupby(["customer", "day"]).requests.sum().max()
        assert cap.window == "day" and most <= cap.cap
        checked += int(most == cap.cap)
    assert checked, "no cap was ever reached"
    assert (usage.cached_tokens <= usage.input_tokens).all() and (usage.requests > 0).all()


def test_tests_of_prices_and_of_the_free_cap(tables: dict[str, pd.DataFrame]) -> None:
    rows = tables["experiments"]
    changes = rows.groupby("arm").changes.unique().map(list).to_dict()
    assert changes == {
        "control": [""], "plus cheaper": ["plans.plus.price=9"], "plus dearer": ["plans.plus.price=15"],
        "team cheaper": ["plans.team.price=18.75"], "team dearer": ["plans.team.price=31.25"],
        "free tighter": ["plans.free.allowances.large.day=6"],
        "api cheaper": ["plans.api.unit_prices.large=3.38 plans.api.unit_prices.small=0.45"],
        "api dearer": ["plans.api.unit_prices.large=5.62 plans.api.unit_prices.small=0.75"],
    }  # fmt: skip
    assert set(rows.exposed[rows.segment != "developers"]) == {8000}
    assert set(rows.exposed[rows.segment == "developers"]) == {2786}  # there are no more
    assert set(rows[rows.eligible == "free"].arm) == {"control", "free tighter"}
    assert set(rows.arm[rows.segment == "teams"]) == {"control", "team cheaper", "team dearer"}
    new = rows[rows.eligible == "new"]
    assert (new.groupby(["arm", "segment"]).chosen.sum() <= SIGN_UP * 1.2 * 8000).all()
    assert (rows.groupby(["arm", "segment", "eligible"]).chosen.sum() <= 8000).all()


def test_arms_are_those_of_the_evaluator() -> None:
    """Of many visitors the shares are those of the true market, by the functions that the fit compares them with."""
    truth = draw_truth(CASE, SEED)
    world = MarketWorld(vary(prepare_case(CASE), {t.path: t.value for t in truth.numbers if t.low != t.high}))
    today = evaluate_menu(truth.calibrated.prepared, truth.calibrated.prepared.today_menu())
    many = pd.DataFrame(dict(experiments(today, 10**9, np.random.default_rng(SEED))))
    assert len(many) == 18
    assert many.exposed.max() < 10**9  # no more than there are
    for row in many.itertuples():
        changes = tuple((p, float(v)) for p, v in (part.split("=") for part in row.changes.split()))
        if row.eligible == "new":
            share = SIGN_UP * take_up(row.segment, changes, row.plan, world)
        else:
            share = held_after(row.segment, changes, row.eligible, row.plan, row.months, world)
        chance = np.sqrt(share * (1.0 - share) / row.exposed)
        assert abs(row.chosen / row.exposed - share) < 4.0 * chance, f"{row}, seed {SEED}"
    taken = many[(many.eligible == "new") & (many.plan == "plus")].set_index("arm").chosen
    assert taken["plus cheaper"] > taken["control"] > taken["plus dearer"], f"seed {SEED}"


def test_as_many_visitors_as_asked_for() -> None:
    few, none = simulate(CASE, 100, 14, SEED, 500), simulate(CASE, 100, 14, SEED, 0)
    assert set(few.tables["experiments"]["exposed"]) == {500}
    assert none.tables["experiments"] == {name: [] for name in few.tables["experiments"]}
    for name in ("subscriptions", "usage", "caps"):  # tests change nothing else
        assert table_files_of(few)[f"{name}.csv"] == table_files_of(none)[f"{name}.csv"]
    for wrong in (-1, 10**10):
        with pytest.raises(InputError):
            simulate(CASE, 100, 14, SEED, wrong)


def test_the_tables_are_read_without_a_fault(made: Simulation, tmp_path: object) -> None:
    for visitors in (8000, 0):
        for name, content in table_files_of(simulate(CASE, 300, 20, 1, visitors)).items():
            (tmp_path / name).write_text(str(content))  # type: ignore[operator]
        reduced = reduce_tables([str(tmp_path)], ReduceOptions(memory=0.5))
        assert {f.code for f in reduced.findings} <= {"row-overlap"}
        assert reduced.stats.units and reduced.stats.windows
        assert len(reduced.stats.experiments) == (18 if visitors else 0)


@pytest.mark.parametrize(("customers", "days", "seed"), [(9, 90, 0), (8000, 13, 0), (8000, 90, -1), (10**9, 90, 0)])
def test_wrong_arguments(customers: int, days: int, seed: int) -> None:
    with pytest.raises(InputError):
        simulate(CASE, customers, days, seed)


def test_other_markets_too() -> None:
    for case in ("openai-2025-margin", "anthropic-2025-margin"):
        made = simulate(case, 500, 21, 2)
        assert len(made.tables["usage"]["customer"]) > 1000, case
