"""The decision plan by plan: what changes, and what that brings in customers and money."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from optimizer.economics.figures import Selection

if TYPE_CHECKING:
    from optimizer.answer.menu import PlanChoice
    from optimizer.answer.solution import Solution


@dataclass(frozen=True)
class PlanMove:
    """A plan that the menu changes, launches or withdraws, or whose turn is undecided."""

    choice: PlanChoice
    turn: str
    """launch, withdraw, change, keep or undecided."""
    customers: float
    """Change against today's menu in the same market."""
    contribution: float
    """The same, usd/month."""


def plan_moves(solution: Solution) -> tuple[PlanMove, ...]:
    """Every plan that does not stay as it is, in the menu's order."""
    turns = solution.decisions
    return tuple(
        PlanMove(p, turns[p.plan], *(
            solution.evaluation.figure(name, Selection(plan=p.plan))
            - solution.unchanged.figure(name, Selection(plan=p.plan))
            for name in ("customers", "contribution_margin")
        ))
        for p in solution.menu if turns[p.plan] not in ("keep", "leave off")
    )  # fmt: skip
