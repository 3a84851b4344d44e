"""What stands against a menu: conditions that it misses, rules that it breaks, steps that the case does not offer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.answer.audit import check_bound
from optimizer.answer.checks.levers import Lever, LeverKind, ladders
from optimizer.answer.words import bare
from optimizer.economics.figures import unit_of
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Level, Menu, order_rules

SAME = 1e-9
BEYOND = "beyond the case’s ladder"
HELD = "held by the case"


@dataclass(frozen=True)
class Standing:
    """What a case allows, asked menu by menu."""

    case_model: CaseModel

    @cached_property
    def ladders(self) -> Mapping[Lever, tuple[float, ...]]:
        """Every lever with more than one step, and its steps."""
        return ladders(self.case_model.choices)

    def against(self, menu: Menu, evaluation: Evaluation) -> tuple[str, ...]:
        """Conditions missed, pools beyond what can be rented, plan orders broken; empty where nothing is."""
        return (*self._missed(evaluation), *self._beyond(evaluation), *self._disordered(menu))

    def offers(self, lever: Lever, value: float) -> str:
        """Why the case has no such value of a lever; empty where it lies between the ends of its ladder."""
        steps = self.ladders.get(lever)
        if steps is None:
            return HELD
        return "" if steps[0] * (1.0 - SAME) <= value <= steps[-1] * (1.0 + SAME) else BEYOND

    def _missed(self, evaluation: Evaluation) -> tuple[str, ...]:
        checks = [check_bound(bound, evaluation) for bound in self.case_model.bounds]
        told = (f"{c.name.replace('_', ' ')} {c.sense} {bare(c.bound, unit_of(c.figure))}" for c in checks if not c.met)
        return tuple(dict.fromkeys(told))

    def _beyond(self, evaluation: Evaluation) -> tuple[str, ...]:
        pools = evaluation.prepared.pools
        over = pools.contracted & (evaluation.burst > pools.burst_limit[:, None] * (1.0 + SAME)).any(axis=1)
        return tuple(f"more GPUs of {pools.names[p]} than can be rented" for p in np.flatnonzero(over))

    def _disordered(self, menu: Menu) -> tuple[str, ...]:
        m = self.case_model
        one: list[tuple[Level, ...]] = [(menu.terms[plan],) for plan in m.choices.plans]
        rules = order_rules(m.inputs.case, m.choices.plans, one, m.prepared)
        return tuple(f"plan order: {rule.name}" for rule in rules if not rule.allowed.all())


def is_split(lever: Lever) -> bool:
    """Whether a lever moves the go-to-market budget rather than a plan."""
    return lever.kind in (LeverKind.MIX, LeverKind.BUDGET)
