"""Caps of the shipped markets bind for as many customers as reports say."""

from __future__ import annotations

import pytest

import optimizer

LIFTED = 1e7
SHORT = {f"plans.{plan}.allowances.sonnet.5h": LIFTED for plan in ("pro", "max100", "max200")}


@pytest.mark.parametrize(
    ("plan", "alone", "either"), [("pro", (0.0, 0.05), (0.02, 0.08)), ("max100", (0.02, 0.08), (0.02, 0.08)),
                                  ("max200", (0.02, 0.08), (0.02, 0.08))]
)  # fmt: skip
def test_weekly_caps_of_claude_with_agents(plan: str, alone: tuple[float, float], either: tuple[float, float]) -> None:
    """The weekly caps alone, and with those of five hours; fewer than 5 % of all who pay meet a weekly one."""
    weekly = optimizer.evaluate_case("anthropic-2025-today", sets=SHORT)
    both = optimizer.evaluate_case("anthropic-2025-today")
    assert alone[0] <= weekly.figure("cap_binding_share", plan=plan) <= alone[1]
    assert either[0] <= both.figure("cap_binding_share", plan=plan) <= either[1]
    payers = ("pro", "max100", "max200")
    bound = sum(weekly.figure("cap_binding_share", plan=p) * weekly.figure("customers", plan=p) for p in payers)
    assert bound / sum(weekly.figure("customers", plan=p) for p in payers) < 0.05
