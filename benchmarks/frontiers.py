"""What a frontier of 21 proven points costs, in bare searches of the same question, and where its time goes.

CPU seconds of this process: the study from a prepared case to its document (thresholds, searches, the evaluator's check
of every answer), over those of one search of the case's own question at the same gap. Start, imports, reading the case
and loading compiled loops are in neither.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from benchmarks import instances

CASES = ("openai-2025-margin", "anthropic-2025-margin", "assistant-startup-margin")
SEEDS = (21, 22, 23)
"""Of the random family of very different tastes; the gap is 1e-4."""
POINTS = 21
MOST = 12.0
"""Bare searches that a frontier of so many points may cost."""
WORDS = (
    "CPU seconds, medians of three after a first run. Study: from a prepared case to its document. Bare search: the "
    "case's own question to the same gap. Random: margin against usage, with a margin and a compute condition."
)


@dataclass(frozen=True)
class Cost:
    """CPU seconds."""

    name: str
    bare: float
    study: float
    parts: dict[str, float]
    """The study's, by what they are spent on."""
    points: int
    solves: int

    @property
    def ratio(self) -> float:
        """How many bare searches the study costs."""
        return self.study / self.bare


def cpu(work: Callable[[], Any], times: int = 1) -> tuple[float, Any]:
    """The median over some runs, and the last result."""
    spent, made = [], None
    for _ in range(times):
        began = time.process_time()
        made = work()
        spent.append(time.process_time() - began)
    return sorted(spent)[len(spent) // 2], made


def case_cost(case: str, times: int = 3) -> Cost:
    """A shipped case, margin against market share."""
    from optimizer import search
    from optimizer.model.case_model import prepare_case
    from optimizer.model.instance import combine
    from optimizer.optimise.case_frontier import trace_case
    from optimizer.optimise.outcome import Settings
    from optimizer.studies.frontier import X, Y, axis, frontier_document, frontier_of

    m = prepare_case(case)
    settings = Settings(gap=m.inputs.case.options.gap, cross_check=False)
    (_, x), (_, y) = axis(m, X), axis(m, Y)
    instance = m.built.instance
    aim, scale = combine([(float(y.sense), y.measure.numerator)]), y.scale(instance)

    def bare() -> Any:
        return search.maximise(instance, aim, m.limits, gap=settings.gap, scale=scale)

    def study() -> Any:
        made = frontier_of(m, X, Y, settings, POINTS)
        return made, frontier_document(made)

    bare()  # what is loaded and kept once
    one, _ = cpu(bare, times)
    whole, (made, _) = cpu(study, times)
    traced, _ = cpu(lambda: trace_case(m, x, y, settings, POINTS), times)
    checked, _ = cpu(lambda: [m.evaluate(p.chosen) for p in made.points], times)
    told, _ = cpu(lambda: frontier_document(made), times)
    parts = {"searches and thresholds": traced, "evaluator": checked, "document": told}
    return Cost(case, one, whole, parts, len(made.points), made.solves)


def random_cost(seed: int, times: int = 3) -> Cost:
    """Margin against usage of a random instance with very different tastes, its conditions kept."""
    from benchmarks.contestants_own import menu_problem
    from optimizer import search
    from optimizer.economics.figures import TOTAL
    from optimizer.model.instance import combine
    from optimizer.model.measures import Measure
    from optimizer.optimise.frontier import Side, trace
    from optimizer.optimise.outcome import Settings

    sent = instances.menu(30, 6, 40, "random", seed)
    problem = menu_problem(sent)
    instance, limits = problem.instance, problem._limits
    x, y = (
        Side(Measure(n, TOTAL, problem.figures[n], None, 0.0), sense) for n, sense in (("usage", -1), ("margin", 1))
    )
    settings = Settings(gap=1e-4, scale=y.scale(instance), cross_check=False)
    aim = combine([(1.0, y.measure.numerator)])

    def bare() -> Any:
        return search.maximise(instance, aim, limits, gap=settings.gap, scale=settings.scale or 1.0)

    def study() -> Any:
        return trace(instance, x, y, limits, settings, POINTS)

    bare()
    one, _ = cpu(bare, times)
    whole, made = cpu(study, times)
    return Cost(f"{sent.name} {seed}", one, whole, {"searches and thresholds": whole}, len(made.points), made.solves)


def costs(cases: Sequence[str] = CASES, seeds: Sequence[int] = SEEDS, times: int = 3) -> list[Cost]:
    """All of them."""
    from optimizer.search.kernels import load

    load()
    return [*(case_cost(case, times) for case in cases), *(random_cost(seed, times) for seed in seeds)]
