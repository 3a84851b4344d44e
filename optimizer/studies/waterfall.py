"""From today's contribution to the proposed one, step by step."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from optimizer.answer.solution import Solution

Kind = Literal["total", "market", "plan", "rest"]


@dataclass(frozen=True)
class WaterfallStep:
    """One row: a total stands at ``end``, a step leads from ``start`` to ``end``."""

    kind: Kind
    """``total``; ``market``: the case's changes at today's menu; ``plan``; ``rest``: what belongs to no plan."""
    name: str
    """``today``, ``proposed``, a plan's name, ``market`` or ``rest``."""
    title: str
    change: float
    start: float
    end: float
    unit: str


def waterfall(solution: Solution, figure: str = "contribution_margin") -> list[WaterfallStep]:
    """Steps of an additive figure from today's menu to the proposed one; they add up exactly.

    The rest is what no plan carries alone, such as the bill of contracted compute.
    """
    from optimizer.economics.figures import Selection, unit_of

    unit = unit_of(figure)
    today, here, menu = solution.today, solution.unchanged, solution.evaluation
    first, last = today.figure(figure), menu.figure(figure)
    rows = [WaterfallStep("total", "today", "Today", first, 0.0, first, unit)]

    def step(kind: Kind, name: str, title: str, change: float) -> None:
        if change:
            rows.append(WaterfallStep(kind, name, title, change, rows[-1].end, rows[-1].end + change, unit))

    if solution.changed_market:
        step("market", "market", "Market of the case", here.figure(figure) - first)
    for plan in solution.menu:
        part = Selection(plan=plan.plan)
        step("plan", plan.plan, plan.title, menu.figure(figure, part) - here.figure(figure, part))
    reached = rows[-1].end
    if not math.isclose(reached, last, rel_tol=1e-9, abs_tol=1e-9 * max(abs(r.end) for r in rows)):
        step("rest", "rest", "Shared compute bill", last - reached)
    # what is left is rounding: the last row stands at the figure itself
    rows.append(WaterfallStep("total", "proposed", "Proposed", last, 0.0, last, unit))
    return rows
