"""Intervals hold as often as they say, over truths drawn from what is believed."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest

from optimizer.learn.numbers import NINETY
from optimizer.model.case_model import CaseModel, prepare_case

FEW = (
    "segments.individuals.value_of_use", "segments.individuals.price_coefficient",
    "segments.individuals.usage.requests", "nests.own.dissimilarity", "plans.free.decision_rate",
)  # fmt: skip
MANY = (
    *FEW, "segments.individuals.potential", "segments.individuals.usage.sigma", "segments.individuals.price_sigma",
    "segments.individuals.usage_correlation", "segments.individuals.decision_rate_sensitivity",
    "segments.individuals.usage.active_days", "segments.individuals.usage.window_sigmas.day",
    "segments.teams.usage.requests", "segments.teams.usage.sigma", "segments.teams.value_of_use",
    "segments.teams.price_coefficient", "segments.teams.price_sigma", "plans.free.referral", "plans.plus.referral",
    "plans.plus.annual_share", "plans.team.annual_share", "today.plans.plus.retention_12_months",
    "today.plans.team.renewal_rate", "today.alternatives.big_free.consumer", "today.alternatives.big_plus.consumer",
    "alternatives.big_free.decision_rate", "alternatives.big_plus.decision_rate", "nothing_decision_rate",
    "go_to_market.consumer.base", "go_to_market.consumer.most",
)  # fmt: skip


@pytest.fixture(scope="module")
def m() -> CaseModel:
    return prepare_case("assistant-startup-margin")


def holds(known_truths: ModuleType, m: CaseModel, paths: tuple[str, ...], seeds: range) -> float:
    """How often the 90 % interval of a number holds its truth."""
    asked = known_truths.study(m, paths)
    found = []
    for seed in seeds:
        truth, seen = known_truths.drawn(asked, seed)
        fitted = known_truths.refit(asked, seen)
        found += (np.abs(truth[: len(paths)] - fitted.z) <= NINETY * fitted.sd).tolist()
    assert len(found) == len(paths) * len(seeds)
    return float(np.mean(found))


def test_intervals_of_ten_truths(known_truths: ModuleType, m: CaseModel) -> None:
    assert 0.8 <= holds(known_truths, m, FEW, range(10)) <= 0.97, "seeds 0 to 9"


@pytest.mark.full
def test_intervals_of_a_hundred_truths(known_truths: ModuleType, m: CaseModel) -> None:
    assert 0.87 <= holds(known_truths, m, MANY, range(100)) <= 0.93, "seeds 0 to 99"
