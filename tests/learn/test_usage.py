"""Usage from counts: the truth of simulated customers comes back within 5 %, whatever caps hide."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pytest
from amount import few

from optimizer.learn.habits import Habit, Wishes, served, wishes
from optimizer.learn.reduce import ReduceOptions, reduce_tables
from optimizer.learn.stats import PlanCap, Stats
from optimizer.learn.usage import UsageEstimate, estimate_usage, interval, told_by
from optimizer.market.modes import MONTH_DAYS

DAYS, CUSTOMERS, SEED = 90, 5000, 5
REQUESTS, SIGMA, ACTIVE = 70.0, 1.1, 10.0
HABIT = Habit(
    active=ACTIVE / MONTH_DAYS, a_day=ACTIVE, spells=1.5, short=0.9, day=0.7, week=0.45, month=0.3,
    split=np.array([0.8, 0.2]), hours=np.full(24, 1.0 / 24.0),
)  # fmt: skip


@pytest.fixture(scope="module")
def estimates(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], UsageEstimate]:
    """Of customers alike on three plans: without a cap, with a fallback at the cap, and with a wall at it."""
    rng = np.random.default_rng(SEED)
    folder = tmp_path_factory.mktemp("tables")
    logs, subs = [], []
    for plan, cap, fallback in (("open", None, None), ("soft", 12.0, 1), ("hard", 12.0, None)):
        customers = CUSTOMERS if plan == "soft" else few(CUSTOMERS)
        monthly = REQUESTS * np.exp(SIGMA * rng.standard_normal(customers) - 0.5 * SIGMA**2)
        asked = wishes(HABIT, monthly, DAYS, np.ones((customers, DAYS), bool), rng)
        got = served(asked, ((("day", cap),) if cap else (), ()), fallback, math.inf, (False, False))
        names = np.array([f"{plan}{k}" for k in range(customers)])
        subs.append(pd.DataFrame({"customer": names, "plan": plan}))
        for a, ai_model in enumerate(("large", "small")):
            kept = got[:, a] > 0
            logs.append(pd.DataFrame({
                "customer": names[asked.customer[kept]],
                "day": np.datetime64("2025-01-06") + asked.day[kept],
                "hour": asked.hour[kept], "ai_model": ai_model, "requests": got[kept, a],
            }))  # fmt: skip
    pd.concat(logs).assign(input_tokens=1, output_tokens=1).to_parquet(folder / "usage.parquet", index=False)
    pd.concat(subs).assign(started="2024-01-01", price=0, currency="USD", interval="month").to_parquet(
        folder / "subscriptions.parquet", index=False
    )
    caps = "plan,ai_model,window,cap,fallback\nsoft,large,day,12,true\nhard,large,day,12,false\n"
    (folder / "caps.csv").write_text(caps)
    stats = reduce_tables([folder], ReduceOptions(memory=1.0)).stats
    return {(e.plan, e.name): e for e in estimate_usage(stats)}


@pytest.mark.parametrize("plan", [pytest.param("open", marks=pytest.mark.full), "soft"])
@pytest.mark.parametrize(
    ("name", "truth"),
    [("requests", REQUESTS), ("sigma", SIGMA), ("active_days", ACTIVE), ("window_sigmas.day", 0.7),
     ("ai_models.large", 0.8)],
)  # fmt: skip
def test_the_truth_comes_back(
    plan: str, name: str, truth: float, estimates: dict[tuple[str, str], UsageEstimate]
) -> None:
    """Within 5 %, and within three and a half of its standard errors, which are a fair size themselves."""
    e = estimates[plan, name]
    assert e.value == pytest.approx(truth, rel=0.05), f"seed {SEED}"
    # spread that lasts a week or month is a small part of the pairs all the same: 1 % of the truth is allowed for it
    assert abs(e.value - truth) < 3.5 * e.se + 0.01 * truth, f"seed {SEED}"
    assert e.se < 0.05 * truth
    low, high = interval(e)
    assert low < e.value < high and high - e.value == pytest.approx(1.645 * e.se, rel=1e-3)


def test_what_a_wall_hides_is_not_told(estimates: dict[tuple[str, str], UsageEstimate]) -> None:
    """Without a fallback the sum of requests says nothing about wishes beyond the cap."""
    assert ("soft", "requests") in estimates
    assert {name for plan, name in estimates if plan == "hard"} == set()


def test_spells_a_day(estimates: dict[tuple[str, str], UsageEstimate]) -> None:
    """Spells that begin within five hours of each other are one: of 1.5 a day somewhat fewer are left."""
    assert 1.2 < estimates["open", "windows_per_day"].value < 1.5


def test_which_counts_tell_the_wish() -> None:
    soft = (PlanCap("p", "large", "day", 12.0, True),)
    hard = (PlanCap("p", "large", "day", 12.0, False),)
    two = (*hard, PlanCap("p", "large", "week", 40.0, False))
    assert told_by((), "p", "week", "") and told_by(hard, "other", "week", "")
    assert told_by(soft, "p", "month", "") and not told_by(hard, "p", "day", "")
    assert told_by(hard, "p", "day", "large") and not told_by(hard, "p", "week", "large")
    assert not told_by(two, "p", "day", "large") and not told_by(hard, "p", "day", "small")


def test_nothing_comes_of_nothing() -> None:
    assert estimate_usage(Stats({})) == ()


def asked(rows: list[tuple[int, int, int, int]]) -> Wishes:
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    return Wishes(columns[0], columns[1], columns[2], np.stack([columns[3], np.zeros_like(columns[3])], axis=1))


@pytest.mark.parametrize(
    ("window", "cap", "large"),
    [
        ("day", 5.0, [4, 1, 0, 4, 3]),
        ("week", 6.0, [4, 2, 0, 0, 3]),
        ("5h", 5.0, [4, 1, 2, 4, 3]),  # 8 and 12 o'clock lie in one window, 13 opens the next
        ("3h", 5.0, [4, 3, 2, 4, 3]),  # 12 o'clock opens a window, which 13 lies in
        ("month", 100.0, [4, 3, 2, 4, 3]),
    ],
)
def test_caps_by_hand(window: str, cap: float, large: list[int]) -> None:
    """One customer asks for 4, 3 and 2 on a day and 4 on the next, another for 3."""
    rows = asked([(0, 0, 8, 4), (0, 0, 12, 3), (0, 0, 13, 2), (0, 1, 9, 4), (1, 0, 9, 3)])
    got = served(rows, (((window, cap),), None), None, math.inf, (False, False))
    assert got[:, 0].tolist() == large
    with_fallback = served(rows, (((window, cap),), None), 1, math.inf, (False, False))
    assert with_fallback.sum(axis=1).tolist() == [4, 3, 2, 4, 3]
    limited = served(rows, (((window, cap),), None), 1, 1.0, (False, False))
    wanted = np.array([4, 3, 2, 4, 3])
    assert (limited[:, 1] <= np.minimum(wanted - np.array(large), 1)).all()
    sold = served(rows, (((window, cap),), None), None, math.inf, (True, False))
    assert sold[:, 0].tolist() == [4, 3, 2, 4, 3]
