"""Objectives as objects: what is wanted, solved, valued at a menu, bounded, and its bound checked again.

An objective belongs to no instance: the same one is asked in every world and under every changed condition. Values and
bounds are in its own unit and direction (least revenue is a small number, not a negative one).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from optimizer import search
from optimizer.economics.figures import TOTAL, is_linear, unit_of
from optimizer.errors import bad_argument
from optimizer.market.evaluate import Evaluation
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Menu
from optimizer.model.instance import Figure, Limit, combine
from optimizer.model.measures import Measure, blend, measure, measure_limits, yardstick
from optimizer.optimise import price_ranges
from optimizer.optimise.blend import best_blend, recheck_blend
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings, Work
from optimizer.optimise.ratio import best, recheck_ratio
from optimizer.schema.case import CaseObjective
from optimizer.typing import Choice, Status


@dataclass(frozen=True)
class Found:
    """The best menu of one objective, and what is proven of it."""

    status: Status
    """optimal, feasible, infeasible, no_answer or interrupted."""
    menu: Menu | None
    value: float
    """By the instance; the evaluator has the last word above."""
    bound: float
    """No menu that meets the conditions is better."""
    gap_asked: float
    method: str
    """``screened`` or ``solver``."""
    work: Work
    certificate: Any = field(default=None, repr=False)
    """Plain data for :meth:`Objective.recheck`; None where the solver closed the search."""
    cells: int = 0
    """Price cells of a proof over price ranges."""
    rounding_loss: float | None = None
    """What rounding to price points cost, in the objective's unit."""


class Objective(ABC):
    """One thing to get the most (``sense`` +1) or least (-1) of."""

    name: str
    sense: int
    unit: str

    @abstractmethod
    def value(self, evaluation: Evaluation) -> float:
        """Its value at a menu, by the evaluator."""

    @abstractmethod
    def at_least(self, m: CaseModel, level: float) -> tuple[Limit, ...]:
        """Limits that keep a later stage at least (for sense -1: at most) at a level; tolerance inside."""

    @abstractmethod
    def _best(
        self, m: CaseModel, limits: tuple[Limit, ...], settings: Settings, seeds: Sequence[Choice],
        excluded: Collection[Choice],
    ) -> Answer:  # fmt: skip
        """The best choice; value and bound of ``sense x objective``."""

    @abstractmethod
    def _recheck(self, m: CaseModel, limits: tuple[Limit, ...], certificate: Mapping[str, Any]) -> float:
        """The bound of ``sense x objective`` that a certificate proves."""

    @abstractmethod
    def scale(self, m: CaseModel) -> float:
        """Least size the gap is relative to: a small share of the largest the objective could be."""

    def ratios(self, m: CaseModel) -> tuple[Measure, ...]:
        """Its ratios: menus at which one does not count are no answer."""
        return ()

    def solve(
        self, m: CaseModel, settings: Settings, limits: Sequence[Limit] = (), excluded: Collection[Menu] = (),
        seeds: Sequence[Menu] = (),
    ) -> Found:  # fmt: skip
        """The best menu that meets the case's conditions and further ``limits``; today's menu is a seed of its own.

        Raises: InputError for price ranges with an objective that they do not know; SolverError; NotTrustedError.
        """
        if m.choices.aims and (excluded or (self.name, self.sense) not in m.choices.aims):
            message = "combinations of unit prices were left out that are the best for no objective of the case alone"
            raise bad_argument("objective", message, "shorten the ladders of unit prices")
        scaled = replace(settings, scale=self.scale(m))
        if price_ranges.has_ranges(m):
            return self._solve_ranges(m, scaled, limits, excluded)
        known = [c for menu in (m.today_menu, *seeds) if (c := m.choices.choice(menu)) is not None]
        refused = {c for menu in excluded if (c := m.choices.choice(menu)) is not None}
        answer = self._best(m, (*m.limits, *limits), scaled, known, refused)
        menu = None if answer.choice is None else m.choices.menu(answer.choice)
        return Found(
            answer.status, menu, self.sense * answer.value, self.sense * answer.bound, settings.gap, answer.method,
            answer.work, answer.certificate,
        )  # fmt: skip

    def recheck(self, m: CaseModel, certificate: Mapping[str, Any], limits: Sequence[Limit] = ()) -> float:
        """The bound that a certificate proves, without search. Raises NotTrustedError where it does not hold."""
        if price_ranges.has_ranges(m):
            return self.sense * price_ranges.recheck(m, self._aim, certificate)
        return self.sense * self._recheck(m, (*m.limits, *limits), certificate)

    def _aim(self, m: CaseModel) -> Figure:
        """``sense x objective`` as one linear figure. Raises InputError where it is none."""
        cure = "use price ladders instead"
        raise bad_argument("objective", "with price ranges it must be one linear figure in one stage", cure)

    def _solve_ranges(
        self, m: CaseModel, settings: Settings, limits: Sequence[Limit], excluded: Collection[Menu]
    ) -> Found:
        if limits or excluded:
            Objective._aim(self, m)
        asked = replace(settings, gap=max(settings.gap, m.inputs.case.options.continuous_gap))
        made = price_ranges.certify(m, self._aim, asked)
        answer = made.answer
        return Found(
            answer.status, made.menu, self.sense * answer.value, self.sense * answer.bound, asked.gap, answer.method,
            answer.work, answer.certificate, made.cells, made.rounding_loss,
        )  # fmt: skip


@dataclass(frozen=True)
class FigureObjective(Objective):
    """The most or least of a figure that adds up over customers."""

    name: str
    sense: int
    unit: str

    def value(self, evaluation: Evaluation) -> float:
        return evaluation.figure(self.name)

    def at_least(self, m: CaseModel, level: float) -> tuple[Limit, ...]:
        return measure_limits(f"{self.name} (earlier stage)", self._measure(m), self.sense, level)

    def scale(self, m: CaseModel) -> float:
        made = self._measure(m)
        return yardstick(m.built.instance, made.numerator, made.denominator)

    def _measure(self, m: CaseModel) -> Measure:
        return measure(m.built, self.name, TOTAL, m.today.figure)

    def _aim(self, m: CaseModel) -> Figure:
        return combine([(float(self.sense), self._measure(m).numerator)])

    def _best(
        self, m: CaseModel, limits: tuple[Limit, ...], settings: Settings, seeds: Sequence[Choice],
        excluded: Collection[Choice],
    ) -> Answer:  # fmt: skip
        return best(m.built.instance, self._measure(m), self.sense, limits, settings, seeds, excluded)

    def _recheck(self, m: CaseModel, limits: tuple[Limit, ...], certificate: Mapping[str, Any]) -> float:
        return search.recheck(m.built.instance, self._aim(m), limits, certificate)


@dataclass(frozen=True)
class RatioObjective(FigureObjective):
    """The most or least of a ratio of two figures."""

    def ratios(self, m: CaseModel) -> tuple[Measure, ...]:
        return (self._measure(m),)

    def _aim(self, m: CaseModel) -> Figure:
        return Objective._aim(self, m)

    def _recheck(self, m: CaseModel, limits: tuple[Limit, ...], certificate: Mapping[str, Any]) -> float:
        return recheck_ratio(m.built.instance, self._measure(m), self.sense, limits, certificate)


@dataclass(frozen=True)
class BlendObjective(Objective):
    """The most of a weighted sum of figures, each relative to today's absolute value; at most one of them a ratio."""

    name: str
    weights: Mapping[str, float]
    """Figure -> weight per unit of the figure."""
    sense: int = 1
    unit: str = "today = 1"

    def ratios(self, m: CaseModel) -> tuple[Measure, ...]:
        return tuple(ratio for _, ratio in blend(m.built, self.weights, m.today.figure)[1])

    def value(self, evaluation: Evaluation) -> float:
        return sum(w * evaluation.figure(n) for n, w in self.weights.items())

    def scale(self, m: CaseModel) -> float:
        linear, ratios = blend(m.built, self.weights, m.today.figure)
        instance = m.built.instance
        return yardstick(instance, linear) + sum(
            abs(w) * yardstick(instance, r.numerator, r.denominator) for w, r in ratios
        )

    def at_least(self, m: CaseModel, level: float) -> tuple[Limit, ...]:
        linear, ratios = blend(m.built, self.weights, m.today.figure)
        if ratios:
            raise bad_argument("objective", "a blend with a ratio cannot be kept in later stages")
        return measure_limits(self.name, Measure(self.name, TOTAL, linear, None, 0.0), self.sense, level)

    def _best(
        self, m: CaseModel, limits: tuple[Limit, ...], settings: Settings, seeds: Sequence[Choice],
        excluded: Collection[Choice],
    ) -> Answer:  # fmt: skip
        linear, ratios = blend(m.built, self.weights, m.today.figure)
        if not ratios:
            return maximise(m.built.instance, linear, limits, settings, seeds, excluded)
        ((weight, ratio),) = ratios
        known = seeds if settings.deadline is not None else ()  # an answer where no time is left for a search
        return best_blend(m.built.instance, linear, weight, ratio, limits, settings, excluded, known)

    def _recheck(self, m: CaseModel, limits: tuple[Limit, ...], certificate: Mapping[str, Any]) -> float:
        linear, ratios = blend(m.built, self.weights, m.today.figure)
        if not ratios:
            return search.recheck(m.built.instance, linear, limits, certificate)
        ((weight, ratio),) = ratios
        return recheck_blend(m.built.instance, linear, weight, ratio, limits, certificate)


@dataclass(frozen=True)
class Lexicographic:
    """Objectives in order: each later one gives up at most a little of those before."""

    stages: tuple[tuple[Objective, float], ...]
    """An objective, and how much of its best later stages may give up, relative."""

    @property
    def last(self) -> Objective:
        """The objective that decides among what the earlier ones leave."""
        return self.stages[-1][0]

    def kept(self, m: CaseModel, reached: Sequence[float]) -> tuple[Limit, ...]:
        """Limits that hold the stages already solved near what they reached."""
        limits: tuple[Limit, ...] = ()
        for (objective, give), value in zip(self.stages, reached, strict=False):
            limits = (*limits, *objective.at_least(m, value - objective.sense * give * abs(value)))
        return limits


def objective_of(statement: CaseObjective, today: Evaluation) -> Lexicographic:
    """The stages of a case's objective, first to last; a single one is one stage. ``today`` scales a blend."""
    if statement.blend:
        name = " + ".join(f"{w:g} {n}" for n, w in statement.blend.items())
        sizes = {n: abs(today.figure(n)) for n in statement.blend}
        for figure, size in sizes.items():
            if not size > 0.0:
                message = f"{figure} has no value today, so nothing can be relative to it"
                raise bad_argument(f"objective.blend.{figure}", message, "make it a condition instead")
        weights = {n: w / sizes[n] for n, w in statement.blend.items()}
        return Lexicographic(((BlendObjective(name, weights), 0.0),))
    if statement.lexicographic:
        return Lexicographic(tuple((_single(s.maximise, s.minimise), s.give) for s in statement.lexicographic))
    return Lexicographic(((_single(statement.maximise, statement.minimise), 0.0),))


def _single(most: str | None, least: str | None) -> Objective:
    name, sense = str(most or least), 1 if most else -1
    kind = FigureObjective if is_linear(name) else RatioObjective
    return kind(name, sense, unit_of(name))
