"""Tests of a plan's terms in draws: what visitors of two arms take up, and what they bring."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.economics.experiments import brought, deciding, take_up
from optimizer.economics.figures import LINEAR
from optimizer.economics.population import Terms
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.model.case_model import CaseModel
from optimizer.typing import Array

EARNED = LINEAR["contribution_margin"]
Arm = tuple[str, Terms | None]
"""A plan, and the terms that the second arm shows; None: the plan is not shown. The first arm shows today's menu."""


@dataclass(frozen=True)
class ArmsSeen:
    """Tests in one draw. T tests; today's arm, then the other; the tested plan, then all our other plans."""

    shares: Array
    """(T, 2, 2) share of an arm's visitors who take the plan, or another of ours."""
    earned: Array
    """(T, 2) usd/month of contribution that a visitor brings."""
    visitors: Array
    """(T,) who decides anew in a month among those who are offered the plan."""


def arms_seen(m: CaseModel, arms: Sequence[Arm]) -> ArmsSeen:
    """Tests in today's world of one draw: visitors are those who decide anew, in the shares of a decision."""
    today = m.today
    deciders = deciding(today.staying, today.total_attraction, today.prepared.outside)
    rows = [_seen(today, deciders, arm) for arm in arms]
    shares, earned, visitors = zip(*rows, strict=True) if rows else ((), (), ())
    return ArmsSeen(
        np.array(shares).reshape(-1, 2, 2), np.array(earned).reshape(-1, 2), np.array(visitors, dtype=np.float64)
    )


def _seen(today: Evaluation, deciders: Array, arm: Arm) -> tuple[Array, Array, float]:
    plan, terms = arm
    facts = today.prepared.plans[today.prepared.plan_index(plan)]
    among = np.where(facts.offered, deciders, 0.0)
    if facts.by_account:  # all seats of an account decide together
        among = among / today.prepared.population.seats
    other = evaluate_menu(today.prepared, {**today.menu, plan: terms}, today.enterprise_share, today.budget)
    both = [_arm(evaluation, among, plan) for evaluation in (today, other)]
    return np.array([shares for shares, _ in both]), np.array([earned for _, earned in both]), float(among.sum())


def _arm(evaluation: Evaluation, visitors: Array, plan: str) -> tuple[Array, float]:
    taken = take_up(visitors, evaluation.again)
    own = sum(share for name, share in zip(evaluation.plans, taken, strict=True) if name == plan)
    amounts = np.stack([EARNED.amount(p) for p in evaluation.per], axis=1)
    return np.array([own, float(taken.sum()) - own]), brought(visitors, evaluation.again, amounts)
