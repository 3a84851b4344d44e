"""What a run returns: typed, with frames; every number from the evaluator."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from html import escape
from typing import TYPE_CHECKING, Any

from optimizer.answer.audit import Audit
from optimizer.answer.checks.check import Checked, CheckName, CheckVerdict
from optimizer.answer.menu import PlanChoice, text
from optimizer.answer.parts import parts, usage_rows
from optimizer.answer.views import Viewed, drawn
from optimizer.economics.figures import PART_FIGURES, Selection, unit_of
from optimizer.inputs.changes import change_rows
from optimizer.market.evaluate import Evaluation
from optimizer.model.choices import Level, Menu
from optimizer.typing import Status, Verdict
from optimizer.units import is_share, same

if TYPE_CHECKING:
    import pandas as pd

SCHEMA_VERSION = 3


@dataclass(frozen=True)
class FigureValue:
    """A figure at the menu, at today's menu today, and at today's menu under the case's changes."""

    name: str
    unit: str
    value: float
    today: float
    unchanged: float

    @property
    def change(self) -> float:
        """Value against today: relative for amounts, the difference for shares and rates."""
        if is_share(self.unit):
            return self.value - self.today
        return (self.value - self.today) / abs(self.today) if self.today else float("nan")


@dataclass(frozen=True)
class ObjectiveValue:
    """One aim: its value, proven bound and gap."""

    name: str
    sense: str
    """``most`` or ``least``."""
    unit: str
    value: float
    bound: float
    gap: float
    gap_asked: float
    """At which it is called optimal."""
    status: Status
    method: str
    """``screened`` (bounds and evaluation alone), ``solver`` (HiGHS closed part of it), or ``evaluated``."""
    enumerated: int
    """Menus evaluated one by one."""
    cells: int
    """Price cells of a proof over price ranges; 0 for ladders."""
    rounding_loss: float | None
    """What rounding to price points cost, in ``unit``."""


@dataclass(frozen=True)
class Solution(Viewed):
    """The answer to a case."""

    case: str
    title: str
    question: str
    verdict: Verdict
    verdict_text: str
    status: Status
    """optimal, feasible or interrupted."""
    objective: ObjectiveValue
    stages: tuple[ObjectiveValue, ...]
    menu: tuple[PlanChoice, ...]
    chosen: Menu
    """The same menu as its terms."""
    today_enterprise_share: float
    figures: tuple[FigureValue, ...]
    audit: Audit
    findings: tuple[Any, ...]
    """Warnings about inputs and credibility."""
    outside_evidence: tuple[str, ...]
    evaluation: Evaluation = field(repr=False)
    today: Evaluation = field(repr=False)
    unchanged: Evaluation = field(repr=False)
    input_hash: str
    inputs: str = field(repr=False)
    """Case, market and overrides as JSON."""
    work: Any = field(repr=False)
    certificate: Any = field(repr=False)
    menus: int
    """Number of menus the case allows."""
    versions: dict[str, str]
    seconds: dict[str, float]
    checks: tuple[Checked, ...] = ()
    """What marks or blocks the answer, passes included; empty where nothing was checked."""

    def checked(self, checks: Sequence[Checked], seconds: float = 0.0) -> Solution:
        """The same answer with its checks; it is not called the best where they say otherwise."""
        told = {**self.seconds, "checks": seconds} if seconds else self.seconds
        return replace(self, checks=tuple(checks), verdict_text=self._verdict_after(checks), seconds=told)

    def _verdict_after(self, checks: Sequence[Checked]) -> str:
        ends = [c for c in checks if c.check is CheckName.LADDER_END]
        blocked = any(c.blocks for c in ends)
        if not blocked and all(c.verdict is not CheckVerdict.UNDECIDED for c in ends):
            return self.verdict_text
        words = self.verdict_text.replace(f"of {self.menus:,} menus", f"of the {self.menus:,} menus offered")
        return f"{words} A longer ladder would do better (see checks)." if blocked else words

    @property
    def undecided(self) -> dict[str, str]:
        """Plans of which the market cannot tell whether to launch or to withdraw them, each with the reason."""
        found = {c.plan: c.words for c in reversed(self.checks) if c.verdict is CheckVerdict.UNDECIDED}
        return {p.plan: found[p.plan] for p in self.menu if p.plan in found}

    @property
    def decisions(self) -> dict[str, str]:
        """Plan -> launch, withdraw, change, keep, leave off, or undecided."""
        return {p.plan: "undecided" if p.plan in self.undecided else p.decision for p in self.menu}

    def figure(
        self, name: str, plan: str | None = None, segment: str | None = None, channel: str | None = None
    ) -> float:
        """A figure at the chosen menu, by total, plan, segment or channel. Raises KeyError for an unknown name."""
        return self.evaluation.figure(name, Selection(plan, segment, (channel,) if channel else None))

    @property
    def split_moved(self) -> bool:
        """Whether the split of the go-to-market budget is another one than today's, by more than rounding."""
        return not same(self.enterprise_share, self.today_enterprise_share)

    @property
    def budget(self) -> float | None:
        """The go-to-market budget, usd/month, where its size is a choice of the case."""
        return self.chosen.budget

    @property
    def budget_moved(self) -> bool:
        """Whether the size of the go-to-market budget is another one than today's, by more than rounding."""
        before = self.today.budget
        return self.budget is not None and before is not None and not same(self.budget, before)

    @property
    def terms(self) -> Mapping[str, Level]:
        """Plan -> its terms on the menu; None = not offered."""
        return self.chosen.terms

    @property
    def enterprise_share(self) -> float:
        """Share of the go-to-market budget for enterprise."""
        return self.chosen.enterprise_share

    @cached_property
    def changes(self) -> tuple[dict[str, Any], ...]:
        """What the case and the caller change about the market; kinds are to, times and plus."""
        return tuple(change_rows(json.loads(self.inputs)))

    @property
    def changed_market(self) -> bool:
        """Whether the case changes the market, so that ``unchanged`` differs from ``today``."""
        return self.unchanged is not self.today

    @property
    def leave_rates(self) -> tuple[float, float]:
        """Monthly rate of leaving a plan for anything else, and of leaving the company."""
        return self.evaluation.figure("leave_rate"), self.evaluation.company_leave_rate

    def to_frame(self) -> pd.DataFrame:
        """One row a figure: value, today, unchanged, unit."""
        import pandas as pd

        rows = [(f.name, f.value, f.today, f.unchanged, f.unit) for f in self.figures]
        return pd.DataFrame(rows, columns=["figure", "value", "today", "unchanged", "unit"]).set_index("figure")

    def menu_frame(self) -> pd.DataFrame:
        """One row a plan."""
        import pandas as pd

        rows = [
            (
                p.plan,
                p.title,
                p.offered,
                p.price,
                p.today_price,
                text(p.allowances),
                text(p.today_allowances),
                "; ".join(p.notes),
            )
            for p in self.menu
        ]
        names = [
            "plan",
            "title",
            "offered",
            "price_usd_per_month",
            "today_price_usd_per_month",
            "allowances",
            "today_allowances",
            "notes",
        ]
        return pd.DataFrame(rows, columns=names).set_index("plan")

    def parts_frame(self, kind: str = "plan") -> pd.DataFrame:
        """Figures by ``plan``, ``segment`` or ``channel``, at the menu and today."""
        import pandas as pd

        rows = []
        for name, selection in parts(self.evaluation, kind):
            for figure in PART_FIGURES:
                rows.append(
                    (
                        name,
                        figure,
                        self.evaluation.figure(figure, selection),
                        self.today.figure(figure, selection),
                        unit_of(figure),
                    )
                )
        return pd.DataFrame(rows, columns=[kind, "figure", "value", "today", "unit"])

    def checks_frame(self) -> pd.DataFrame:
        """One row a check: plan, value, unit, verdict, words."""
        import pandas as pd

        columns = ["check", "plan", "value", "unit", "verdict", "words"]
        return pd.DataFrame([c.document() for c in self.checks], columns=columns)

    def usage_frame(self) -> pd.DataFrame:
        """Margin by plan and usage class: who is under water."""
        import pandas as pd

        return pd.DataFrame(usage_rows(self.evaluation))

    def explore(self, height: int = 900) -> Any:
        """The live page, opened at this menu, for a notebook to show; no server stands behind it.

        height: of the frame, in pixels. Needs the ``report`` extra.
        """
        return drawn(self, "page", height=height)

    def frames(self) -> list[pd.DataFrame]:
        """Menu and figures, for notebooks."""
        return [self.menu_frame(), self.to_frame()]

    def _repr_html_(self) -> str:
        """For notebooks."""
        return f"<p>{escape(repr(self))}</p>{super()._repr_html_()}"

    def __repr__(self) -> str:
        o = self.objective
        menu = ", ".join(f"{p.plan} {p.price:g}" for p in self.menu if p.offered and p.price is not None)
        return f"Solution({self.case}: {self.verdict}, {o.name} = {o.value:.6g} {o.unit}, gap {o.gap:.1e}; {menu})"
