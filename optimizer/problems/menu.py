"""``MenuProblem``: one level per plan under finite-mixture logit demand, from plain arrays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import ArrayLike

from optimizer import search
from optimizer.errors import InfeasibleError, SolverError, bad_argument
from optimizer.execution.arguments import checked_gap, checked_seconds
from optimizer.execution.arrays import each, index
from optimizer.model.composites import Nest
from optimizer.model.instance import Figure, Instance, Limit, combine, evaluate, follows_rules, within_burst
from optimizer.model.measures import Measure, counting, yardstick
from optimizer.optimise.diagnose import diagnose
from optimizer.optimise.frontier import Side, trace
from optimizer.optimise.outcome import Answer, Settings, reached, relative_gap
from optimizer.optimise.ratio import best, ratio_of
from optimizer.problems.asked import Asked, asked, sides
from optimizer.problems.building import figures_of, plans_of, with_burst
from optimizer.problems.nests import Stated, nested
from optimizer.problems.statements import Burst, Condition, FrontierMenu, MenuFrontier, MenuSolution, Ratio
from optimizer.typing import Choice, LevelIndices, Status, Verdict

__all__ = ["Burst", "Condition", "FrontierMenu", "MenuFrontier", "MenuProblem", "MenuSolution", "Nest", "Ratio"]
CAPACITY = ("burst limit of", "")


class MenuProblem:
    """Choose one level for every plan (and a mix level) for the most of a figure.

    Demand: with ``S_i = 1 + sum_j denominators_j[i, l_j]`` and ``y_i = customers[i] / S_i``, plan ``j`` has
    ``attraction_j[i, l_j] y_i`` customers of type ``i``. A figure is ``constant + sum_j fixed_j[l_j] + mix[m]
    + sum_i outside_i y_i + sum_ij amounts_j[i, l_j] attraction_j[i, l_j] y_i``.

    Args:
        customers: (I,) base reach of each type, > 0; (M, I) for a ladder of M mix levels.
        attraction: per plan (I, L_j), attraction against the alternatives' 1, >= 0; 0 is a plan that is not offered.
        amounts: figure -> per plan (I, L_j), per customer.
        denominators: per plan (I, L_j), 0 <= e; the weights where absent.
        outside: figure -> (I,), per person on the alternatives.
        fixed: figure -> per plan (L_j,), due when the level is chosen.
        mix: figure -> (M,), due when the mix level is chosen.
        constants: figure -> number.
        rules: (plan, plan, (L, L) booleans): which pairs of levels may stand on one menu.
        conditions: bounds on figures and ratios; see :class:`Ratio` for the menus at which a ratio counts.
        burst: capacities that may be exceeded at a price.
        nests: plans that customers see as variants of one thing, each plan in at most one :class:`Nest`.
        decision_rate: per plan (I, L_j), > 0, how often customers decide anew; 1 where absent.
        outside_decision_rate: (I,), > 0, the same of people on the alternatives; 1 where absent.

    With nests, ``attraction`` is exp(V), the alternatives' total scaled to 1. In a nest of dissimilarity lambda it
    becomes ``a^(1 / lambda) I^(lambda - 1)``, ``I = sum of a^(1 / lambda)`` over the members offered (a > 0). The
    weight is that times ``outside_decision_rate / decision_rate``, and stands for attraction in the formulas above.
    The ``denominators`` of a plan in a nest are what they would be without nests; they change as its weight does.
    Levels are always those of the plans. A nest is refused where its combinations of levels are too many to list.

    Raises:
        InputError: names the argument and the place in it: shapes, signs, nan, numbers beyond 1e30 (their products
            would overflow), names that are not figures.

    Source: linear level-disaggregated form after Bront, Mendez-Diaz, Vulcano (2009) and Mendez-Diaz et al. (2014);
    separable bound and screening of this project. Nests: nested logit, Train (2009), ch. 4.
    """

    def __init__(
        self,
        customers: ArrayLike,
        attraction: Sequence[ArrayLike],
        amounts: Mapping[str, Sequence[ArrayLike]],
        *,
        denominators: Sequence[ArrayLike] | None = None,
        outside: Mapping[str, ArrayLike] | None = None,
        fixed: Mapping[str, Sequence[ArrayLike]] | None = None,
        mix: Mapping[str, ArrayLike] | None = None,
        constants: Mapping[str, float] | None = None,
        rules: Sequence[tuple[int, int, ArrayLike]] = (),
        conditions: Sequence[Condition] = (),
        burst: Sequence[Burst] = (),
        nests: Sequence[Nest] = (),
        decision_rate: Sequence[ArrayLike] | None = None,
        outside_decision_rate: ArrayLike | None = None,
    ) -> None:
        plans = plans_of(customers, attraction, denominators, rules, decision_rate, outside_decision_rate)
        figures = figures_of(plans.instance, amounts, outside, fixed, mix, constants)
        self._nested = nested(Stated(*with_burst(plans.instance, figures, burst)), plans.attraction, nests)
        self.instance, self.figures = self._nested.searched.instance, self._nested.searched.figures
        self.conditions: tuple[Condition, ...] = tuple(each(conditions, None, "conditions", "condition"))
        self._sides = sides(self.conditions, self.instance, self.figures)
        self._limits = self._limits_on(self._nested.searched)

    @property
    def composite_levels(self) -> tuple[tuple[dict[int, int], ...], ...]:
        """What the program of :meth:`to_pyomo` chooses from: by its plan and level, the plans' own levels.

        A nest is one plan of the program, its levels the combinations of its members' levels.
        """
        return tuple(
            tuple(dict(zip(part.plans, row, strict=True)) for row in part.levels.tolist())
            for part in self._nested.composites.parts
        )

    def floor(self, ratio: Ratio) -> float:
        """The least denominator at which a menu counts for a ratio, in the denominator's unit. Raises InputError."""
        found = self._asked(ratio, "ratio")
        if found.below is None:
            raise bad_argument("ratio", f"is not a Ratio: {ratio!r}")
        return found.floor

    def _asked(self, what: Any, argument: str) -> Asked:
        return asked(what, argument, self.instance, self.figures)

    def _limits_on(self, form: Stated) -> tuple[Limit, ...]:
        return tuple(limit for side in self._sides for limit in side.on(form.figures).limits())

    def solve(
        self,
        objective: str | Ratio,
        *,
        minimise: bool = False,
        gap: float = 1e-4,
        time_limit: float | None = None,
        screen: bool = True,
        cross_check: bool = False,
    ) -> MenuSolution:
        """The menu with the most (or least) of a figure or ratio.

        ``gap``: from 0 to 1, see ``MenuSolution.gap``; ``time_limit`` in seconds; ``screen=False`` hands the whole
        program to HiGHS; ``cross_check`` lets HiGHS also solve what screening left around the answer.

        Raises:
            InputError; InfeasibleError where no menu meets the conditions, with a diagnosis; SolverError where time ran
            out without one.
        """
        began = time.perf_counter()
        wanted, deadline = self._asked(objective, "objective"), _deadline(time_limit)
        settings = Settings(gap=checked_gap(gap), deadline=deadline, screen=screen, cross_check=cross_check)
        sense = -1 if minimise else 1
        answer = best(self.instance, wanted.on(self.figures), sense, self._limits, settings)
        return self._solution(answer, wanted, sense, settings, began)

    def _solution(self, answer: Answer, wanted: Asked, sense: int, settings: Settings, began: float) -> MenuSolution:
        if answer.status is Status.INFEASIBLE:
            raise self._infeasible(settings, [wanted])
        if answer.choice is None:
            raise SolverError("no menu that meets the conditions was found in time")
        measure = wanted.on(self.figures)
        menu, mix = self._unpacked(answer.choice)
        scale = answer.scale or yardstick(self.instance, measure.numerator, measure.denominator)
        gap = relative_gap(answer.value, answer.bound, scale)
        verdict = Verdict.BEST_FOUND
        if answer.status is Status.OPTIMAL and reached(gap, settings.gap):
            verdict = Verdict.SOLVER_PROVED if answer.method == "solver" else Verdict.PROVED
        return MenuSolution(
            menu,
            mix,
            sense * answer.value,
            sense * answer.bound,
            gap,
            verdict,
            answer.status,
            self.evaluate(menu, mix),
            time.perf_counter() - began,
            answer.work,
            None if wanted.below is None else wanted.floor,
        )

    def _unpacked(self, choice: Choice) -> Choice:
        """Levels of the plans from levels of what is searched."""
        return self._nested.composites.unpacked(choice[0]), choice[1]

    def _infeasible(self, settings: Settings, wanted: Sequence[Asked]) -> InfeasibleError:
        composites, form = self._nested.freed()
        bounds = tuple(side.on(form.figures) for side in self._sides)
        ratios = [one.on(form.figures) for one in wanted if one.below is not None]
        found = diagnose(form.instance, bounds, settings, ratios=ratios, capacity=CAPACITY)
        ways = tuple(replace(c, choice=(composites.unpacked(c.choice[0]), c.choice[1])) for c in found.corrections)
        found = replace(found, corrections=ways)
        return InfeasibleError(found.text, found)

    def evaluate(self, menu: Sequence[int], mix: int = 0) -> dict[str, float]:
        """Every figure at a menu, whatever the rules. Raises InputError for a level that is not there."""
        picks, split = self._choice(menu, mix)
        form, place = self._nested.at(picks)
        return evaluate(form.instance, form.figures, place, split)

    def _choice(self, menu: Any, mix: Any) -> Choice:
        counts = self._nested.plain.instance.levels
        levels = each(menu, len(counts), "menu")
        picks: LevelIndices = tuple(index(k, counts[j], f"menu[{j}]") for j, k in enumerate(levels))
        return picks, index(mix, self.instance.mixes, "mix")

    def feasible(self, menu: Sequence[int], mix: int = 0) -> bool:
        """Whether a menu keeps the rules, the burst limits and the conditions. Raises InputError."""
        picks, split = self._choice(menu, mix)
        form, place = self._nested.at(picks)
        limits = self._limits_on(form) if self._nested.nests else self._limits
        figures = {str(k): limit.figure for k, limit in enumerate(limits)}
        met = all(v >= 0.0 for v in evaluate(form.instance, figures, place, split).values())
        ruled = follows_rules(self._nested.plain.instance, picks)
        return met and ruled and within_burst(form.instance, place, split)

    def enumerate(self, objective: str | Ratio, *, minimise: bool = False) -> MenuSolution:
        """The same by complete evaluation of every menu (about 10 million menus in seconds)."""
        began = time.perf_counter()
        sense = -1 if minimise else 1
        wanted = self._asked(objective, "objective")
        answer = _enumerated(self.instance, wanted.on(self.figures), sense, self._limits)
        return self._solution(answer, wanted, sense, Settings(gap=0.0), began)

    def frontier(
        self,
        x: str | Ratio,
        y: str | Ratio,
        *,
        less_x: bool = False,
        less_y: bool = False,
        points: int = 21,
        everything: bool = False,
        gap: float = 1e-4,
        time_limit: float | None = None,
    ) -> MenuFrontier:
        """The efficient menus of two figures, from the best y to the best x, every one proven.

        Where an axis is a ratio, only menus at which it counts are on the frontier. ``less_x``, ``less_y``: less of it
        is better. ``points``: solves to spend where neighbours lie farthest apart, 2 or more; ``everything``: all
        efficient menus (``gap`` is then 0).

        Raises: InputError; InfeasibleError where no menu meets the conditions, with a diagnosis.
        """
        wanted_x, wanted_y = self._asked(x, "x"), self._asked(y, "y")
        side_x = Side(wanted_x.on(self.figures), -1 if less_x else 1)
        side_y = Side(wanted_y.on(self.figures), -1 if less_y else 1)
        room = checked_gap(gap)
        settings = Settings(gap=0.0 if everything else room, deadline=_deadline(time_limit), cross_check=False)
        if index(points, 10_001, "points") < 2:
            raise bad_argument("points", f"must be 2 or more, but is {points}")
        found = trace(self.instance, side_x, side_y, self._limits, settings, points, everything=everything)
        if found.infeasible:
            raise self._infeasible(settings, [wanted_x, wanted_y])
        kept = tuple(
            FrontierMenu(
                *self._unpacked(s.answer.choice),
                side_x.sense * s.x,
                side_y.sense * s.y,
                side_y.sense * s.bound,
            )
            for s in found.points
            if s.answer.choice is not None
        )
        return MenuFrontier(kept, found.room, found.complete, found.solves, found.seconds)

    def to_pyomo(self, objective: str) -> Any:
        """The Pyomo program of a linear objective, for reading and for other solvers. Raises InputError.

        ``x[p, k]`` is 1 where plan ``p`` of the program has level ``k``. Plans of a nest are one plan of the program:
        ``composite_levels[p][k]`` gives the level of each.
        """
        from optimizer.formulation.program import build

        wanted = self._asked(objective, "objective")
        if wanted.below is not None:
            raise bad_argument("objective", "is a ratio, and the program is linear", "name one figure")
        return build(self.instance, self.figures[wanted.above], self._limits)


def _deadline(time_limit: Any) -> float | None:
    seconds = checked_seconds(time_limit)
    return None if seconds is None else time.monotonic() + seconds


def _enumerated(instance: Instance, measure: Measure, sense: int, limits: tuple[Limit, ...]) -> Answer:
    """The best of a measure over every menu; of a ratio by Dinkelbach's steps, each on complete enumeration."""
    numerator = combine([(float(sense), measure.numerator)])
    if measure.denominator is None:
        return _most(instance, numerator, limits)
    counted = (*limits, *counting(measure))
    answer = _most(instance, combine([(1.0, measure.denominator)]), counted)
    ratio, choice = float("-inf"), answer.choice
    while answer.choice is not None:
        value = sense * ratio_of(instance, measure, answer.choice)
        if value <= ratio:
            break
        ratio, choice = value, answer.choice
        answer = _most(instance, combine([(1.0, numerator), (-ratio, measure.denominator)]), counted)
    status = Status.INFEASIBLE if choice is None else Status.OPTIMAL
    return Answer(status, choice, ratio, ratio, "screened", answer.work)


def _most(instance: Instance, aim: Figure, limits: tuple[Limit, ...]) -> Answer:
    found = search.enumerate_menus(instance, aim, limits)
    choice = None if found.menu is None else (found.menu, int(found.mix or 0))
    status = Status.INFEASIBLE if choice is None else Status.OPTIMAL
    return Answer(status, choice, found.value, found.bound, "screened")
