"""From solved stages to the solution that readers see; every figure from the evaluator."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from optimizer.answer.audit import Audit
from optimizer.answer.evidence import outside_evidence
from optimizer.answer.menu import menu_document, plan_choices
from optimizer.answer.solution import FigureValue, ObjectiveValue, Solution
from optimizer.economics.figures import HEADLINES, unit_of
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Menu
from optimizer.optimise.objectives import Found, Objective
from optimizer.optimise.outcome import Work, reached, relative_gap
from optimizer.optimise.price_ranges import of_points
from optimizer.typing import Status, Verdict
from optimizer.versions import versions


@dataclass(frozen=True)
class Stage:
    """One objective solved, and what the evaluator says of its menu."""

    objective: Objective
    found: Found
    menu: Menu
    evaluation: Evaluation
    audit: Audit
    scale: float
    """Least size the gap is relative to."""

    @property
    def reported(self) -> ObjectiveValue:
        """The objective at the menu, by the evaluator, with its bound."""
        o, bound = self.objective, self.found.bound
        value = o.value(self.evaluation)
        gap = relative_gap(o.sense * value, o.sense * bound, self.scale)
        return ObjectiveValue(
            name=o.name,
            sense="most" if o.sense > 0 else "least",
            unit=o.unit,
            value=value,
            bound=bound,
            gap=gap,
            gap_asked=self.found.gap_asked,
            status=self.found.status,
            method=self.found.method,
            enumerated=self.found.work.enumerated,
            cells=self.found.cells,
            rounding_loss=self.found.rounding_loss,
        )


def verdict_of(stages: Sequence[Stage], menus: int) -> tuple[Verdict, str]:
    """The verdict in one word and in a sentence."""
    last, gap = stages[-1].found, max(stage.reported.gap for stage in stages)
    if last.status is Status.EVALUATED:
        missed = [c.name for c in stages[-1].audit.conditions if not c.met]
        held = f" It misses: {', '.join(missed)}." if missed else ""
        return Verdict.EVALUATED, f"One menu, evaluated; nothing was optimised.{held}"
    if any(s.found.status is not Status.OPTIMAL or not reached(s.reported.gap, s.found.gap_asked) for s in stages):
        return Verdict.BEST_FOUND, f"Best found; the best possible is at most {gap:.2%} better."
    if last.cells:
        best = "price points" if of_points(last.certificate) else "prices on the continuum"
        words = f"Proven within {gap:.2%} of the best {best}, by {last.cells:,} price cells."
        if last.rounding_loss is not None:
            unit = stages[-1].objective.unit
            words += f" Rounding to price points costs {last.rounding_loss:,.4g} {unit}."
        return Verdict.PROVED, words
    if last.method == "solver":
        return Verdict.SOLVER_PROVED, "Proven by HiGHS within the gap, and independently re-evaluated."
    how = "every menu was evaluated" if last.work.enumerated >= menus else "the rest was ruled out by bounds"
    return Verdict.PROVED, f"Proven best of {menus:,} menus ({how}), and independently re-evaluated."


def certificate_of(stages: Sequence[Stage]) -> dict[str, Any]:
    """What ``verify`` rechecks: per stage its menu, its value on the instance, and its proof."""
    return {
        "stages": [
            {
                **menu_document(s.menu, s.evaluation.prepared.market),
                "reached": s.found.value,
                "proof": s.found.certificate,
            }
            for s in stages
        ]
    }


def solution_of(m: CaseModel, stages: Sequence[Stage], seconds: float) -> Solution:
    """Everything a reader sees; all figures from the evaluator."""
    last, base, case = stages[-1], m.calibrated.prepared, m.inputs.case
    menu, before = last.menu, m.before
    verdict, words = verdict_of(stages, m.choices.menus)
    notes = outside_evidence(m.choices, m.inputs.market, m.inputs.changed, before, menu)
    work = sum((stage.found.work for stage in stages), Work(steps=0))
    values = tuple(stage.reported for stage in stages)
    return Solution(
        case=m.inputs.name,
        title=case.title,
        question=case.question,
        verdict=verdict,
        verdict_text=words,
        status=last.found.status,
        objective=values[-1],
        stages=values,
        menu=plan_choices(m.inputs.market, m.inputs.changed, before.terms, menu.terms, notes),
        chosen=menu,
        today_enterprise_share=base.today_mix,
        figures=figure_values(m, last.evaluation),
        audit=last.audit,
        findings=tuple(m.findings),
        outside_evidence=tuple(note for found in notes.values() for note in found),
        evaluation=last.evaluation,
        today=m.today,
        unchanged=m.unchanged,
        input_hash=m.inputs.hash,
        inputs=m.inputs.stated,
        work=work,
        certificate=certificate_of(stages),
        menus=m.choices.menus,
        versions=versions(),
        seconds={**m.seconds, "solve": seconds},
    )


def figure_values(m: CaseModel, evaluation: Evaluation) -> tuple[FigureValue, ...]:
    """The headline figures at a menu, today, and at today's menu in the case's market."""
    made = (
        FigureValue(n, unit_of(n), evaluation.figure(n), m.today.figure(n), m.unchanged.figure(n)) for n in HEADLINES
    )
    return tuple(f for f in made if not math.isnan(f.value) or not math.isnan(f.today))
