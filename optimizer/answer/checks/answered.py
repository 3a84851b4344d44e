"""An answer under check: the case, the menu, its value, and how to ask for another answer."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

from optimizer.answer.audit import audit
from optimizer.answer.solution import Solution
from optimizer.answer.solving import solve_stages
from optimizer.answer.words import stated
from optimizer.errors import InfeasibleError, InputError, NotTrustedError, SolverError
from optimizer.execution import clock
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Level, Menu, order_rules
from optimizer.optimise.objectives import Lexicographic, Objective, objective_of
from optimizer.optimise.outcome import EXACT, Settings
from optimizer.typing import Status


@dataclass(frozen=True)
class Resolved:
    """The best menu of a changed case."""

    menu: Menu | None
    """None: no menu meets the conditions."""
    value: float
    """Of the objective."""
    bound: float
    proven: bool
    """Whether the gap asked for is met."""


@dataclass(frozen=True)
class Answered:
    """An answer under check."""

    m: CaseModel
    solution: Solution
    wanted: Lexicographic
    settings: Settings
    """How far and until when further answers are searched for."""

    @property
    def objective(self) -> Objective:
        """What the last stage asks for."""
        return self.wanted.last

    @property
    def menu(self) -> Menu:
        return self.solution.chosen

    @property
    def value(self) -> float:
        return self.solution.objective.value

    @property
    def unit(self) -> str:
        return self.objective.unit

    @property
    def least_gain(self) -> float:
        """Gains up to the gap asked for are none."""
        return max(self.solution.objective.gap_asked, EXACT) * self.size(self.value)

    def size(self, value: float) -> float:
        """What gains are relative to; above 0."""
        return max(abs(value), self.objective.scale(self.m))

    def gain(self, evaluation: Evaluation, against: float | None = None) -> float:
        """How much better the objective is than at the answer, or than ``against``."""
        clock.check("all checks were done")
        before = self.value if against is None else against
        return self.objective.sense * (self.objective.value(evaluation) - before)

    def title(self, plan: str) -> str:
        return self.m.inputs.changed.plans[plan].title

    def amount(self, gain: float) -> str:
        """A gain in words."""
        return stated(gain, self.unit)

    def allows(self, menu: Menu, evaluation: Evaluation) -> bool:
        """Whether a menu meets the case's conditions and rules and keeps the earlier stages."""
        return audit(evaluation, self.m.bounds, {}).met and self._keeps(evaluation) and self._ordered(menu)

    def _keeps(self, evaluation: Evaluation) -> bool:
        """Whether the earlier stages give up no more than they may."""
        earlier = zip(self.wanted.stages[:-1], self.solution.stages[:-1], strict=True)
        return all(
            objective.sense * (objective.value(evaluation) - told.value) >= -(give + 1e-9) * abs(told.value)
            for (objective, give), told in earlier
        )

    def _ordered(self, menu: Menu) -> bool:
        """Whether the plans are in the order that the case asks for."""
        plans = self.m.choices.plans
        one: list[tuple[Level, ...]] = [(menu.terms[plan],) for plan in plans]
        return all(rule.allowed.all() for rule in order_rules(self.m.inputs.case, plans, one, self.m.prepared))

    def stopped(self) -> bool:
        """Whether nothing more is to be searched for."""
        return self.settings.late or (self.settings.cancelled is not None and self.settings.cancelled())

    def among(self, plan: str, levels: Sequence[Level]) -> Resolved | None:
        """The best menu with other levels of one plan; None: not known in time."""
        pairs = zip(self.m.choices.plans, self.m.choices.levels, strict=True)
        return self.resolved(self.m.with_levels([tuple(levels) if p == plan else all_ for p, all_ in pairs]))

    def resolved(self, m: CaseModel) -> Resolved | None:
        """The best menu of a changed case; None: not known in time, or the case does not stand the change."""
        if self.stopped():
            return None
        try:
            stages = solve_stages(m, self.settings, diagnosed=False)
        except InfeasibleError:
            return Resolved(None, math.nan, math.nan, True)
        except (InputError, SolverError, NotTrustedError):
            return None
        except KeyboardInterrupt:
            if self.stopped():
                return None
            raise
        told, proven = stages[-1].reported, all(stage.found.status is Status.OPTIMAL for stage in stages)
        return Resolved(stages[-1].menu, told.value, told.bound, proven)


def answered(m: CaseModel, solution: Solution, settings: Settings, seconds: float) -> Answered:
    """An answer that may be checked for some seconds from now."""
    ends = [end for end in (settings.deadline, time.monotonic() + seconds) if end is not None]
    quick = Settings(gap=settings.gap, deadline=min(ends), cross_check=False, cancelled=settings.cancelled)
    return Answered(m, solution, objective_of(m.inputs.case.objective, m.today), quick)
