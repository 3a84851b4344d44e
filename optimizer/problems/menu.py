"""``MenuProblem``: one level per plan under finite-mixture logit demand, from plain arrays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from optimizer import search
from optimizer.economics.figures import TOTAL
from optimizer.errors import InfeasibleError, SolverError, bad_argument
from optimizer.execution.arguments import checked_gap, checked_seconds
from optimizer.model.instance import Figure, Instance, Limit, combine, evaluate, follows_rules, within_burst
from optimizer.model.measures import FLOOR_ARRAYS, ConditionBound, Measure, counting, magnitude, yardstick
from optimizer.optimise.diagnose import diagnose
from optimizer.optimise.frontier import Side, trace
from optimizer.optimise.outcome import Answer, Settings, reached, relative_gap
from optimizer.optimise.ratio import best, ratio_of
from optimizer.problems.arrays import each, index, number
from optimizer.problems.building import bare_instance, figures_of, with_burst
from optimizer.problems.statements import Burst, Condition, FrontierMenu, MenuFrontier, MenuSolution, Ratio
from optimizer.typing import Choice, LevelIndices, Status, Verdict

__all__ = ["Burst", "Condition", "FrontierMenu", "MenuFrontier", "MenuProblem", "MenuSolution", "Ratio"]
CAPACITY = ("burst limit of", "")


class MenuProblem:
    """Choose one level for every plan (and a mix level) for the most of a figure.

    Demand: with ``S_i = 1 + sum_j denominators_j[i, l_j]`` and ``y_i = customers[i] / S_i``, plan ``j`` has
    ``attraction_j[i, l_j] y_i`` customers of type ``i``. A figure is ``constant + sum_j fixed_j[l_j] + mix[m]
    + sum_i outside_i y_i + sum_ij amounts_j[i, l_j] attraction_j[i, l_j] y_i``.

    Args:
        customers: (I,) base reach of each type, > 0; (M, I) for a ladder of M mix levels.
        attraction: per plan (I, L_j), stock attraction against the alternatives' 1, >= 0.
        amounts: figure -> per plan (I, L_j), per customer.
        denominators: per plan (I, L_j), 0 <= e; the attractions where absent.
        outside: figure -> (I,), per person on the alternatives.
        fixed: figure -> per plan (L_j,), due when the level is chosen.
        mix: figure -> (M,), due when the mix level is chosen.
        constants: figure -> number.
        rules: (plan, plan, (L, L) booleans): which pairs of levels may stand on one menu.
        conditions: bounds on figures and ratios; see :class:`Ratio` for the menus at which a ratio counts.
        burst: capacities that may be exceeded at a price.

    Raises:
        InputError: names the argument and the place in it: shapes, signs, nan, numbers beyond 1e30 (their products
            would overflow), names that are not figures.

    Source: linear level-disaggregated form after Bront, Mendez-Diaz, Vulcano (2009) and Mendez-Diaz et al. (2014);
    separable bound and screening of this project.
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
    ) -> None:
        bare = bare_instance(customers, attraction, denominators, rules)
        plain = figures_of(bare, amounts, outside, fixed, mix, constants)
        self.instance, self.figures = with_burst(bare, plain, burst)
        listed = each(conditions, None, "conditions", "condition")
        self._bounds = self._conditions(listed)
        self.conditions: tuple[Condition, ...] = tuple(listed)
        self._limits: tuple[Limit, ...] = tuple(limit for bound in self._bounds for limit in bound.limits())

    def floor(self, ratio: Ratio) -> float:
        """The least denominator at which a menu counts for a ratio, in the denominator's unit. Raises InputError."""
        measure = self._measure(ratio, "ratio")
        if measure.denominator is None:
            raise bad_argument("ratio", f"is not a Ratio: {ratio!r}")
        return measure.floor

    def _measure(self, what: Any, argument: str) -> Measure:
        if isinstance(what, Ratio):
            below = self._named(what.denominator, argument)
            floor = FLOOR_ARRAYS * magnitude(self.instance, self.figures[below]) or 1.0
            if what.floor is not None:
                floor = number(what.floor, f"{argument}.floor", above=0.0)
            above = self._named(what.numerator, argument)
            return Measure(f"{above} / {below}", TOTAL, self.figures[above], self.figures[below], floor)
        name = self._named(what, argument)
        return Measure(name, TOTAL, self.figures[name], None, 0.0)

    def _named(self, name: Any, argument: str) -> str:
        if isinstance(name, str) and name in self.figures:
            return name
        raise bad_argument(argument, f"no figure is named {name!r}", f"one of {', '.join(self.figures)}")

    def _conditions(self, conditions: list[Any]) -> tuple[ConditionBound, ...]:
        bounds: list[ConditionBound] = []
        names: set[str] = set()
        for k, condition in enumerate(conditions):
            argument = f"conditions[{k}]"
            if not isinstance(condition, Condition):
                raise bad_argument(argument, f"is not a Condition, but {type(condition).__name__}")
            measure = self._measure(condition.figure, argument)
            name: Any = condition.name
            if not isinstance(name, str) or name in names:
                raise bad_argument(f"{argument}.name", f"is no name of its own: {name!r}")
            names |= {name} - {""}
            sides = {s: getattr(condition, s) for s in ("at_least", "at_most") if getattr(condition, s) is not None}
            values = {side: number(value, f"{argument}.{side}") for side, value in sides.items()}
            if not values:
                raise bad_argument(argument, "has neither at_least nor at_most")
            if len(values) == 2 and values["at_least"] > values["at_most"]:
                raise bad_argument(argument, "at_least lies above at_most", "swap them")
            for side, value in values.items():
                sense = 1 if side == "at_least" else -1
                bounds.append(ConditionBound(name or measure.name, measure, sense, value))
        return tuple(bounds)

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
        measure, deadline = self._measure(objective, "objective"), _deadline(time_limit)
        settings = Settings(gap=checked_gap(gap), deadline=deadline, screen=screen, cross_check=cross_check)
        sense = -1 if minimise else 1
        answer = best(self.instance, measure, sense, self._limits, settings)
        return self._solution(answer, measure, sense, settings, began)

    def _solution(self, answer: Answer, measure: Measure, sense: int, asked: Settings, began: float) -> MenuSolution:
        if answer.status is Status.INFEASIBLE:
            raise self._infeasible(asked, [measure])
        if answer.choice is None:
            raise SolverError("no menu that meets the conditions was found in time")
        menu, mix = answer.choice
        scale = answer.scale or yardstick(self.instance, measure.numerator, measure.denominator)
        gap = relative_gap(answer.value, answer.bound, scale)
        verdict = Verdict.BEST_FOUND
        if answer.status is Status.OPTIMAL and reached(gap, asked.gap):
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
            None if measure.denominator is None else measure.floor,
        )

    def _infeasible(self, settings: Settings, measures: Sequence[Measure]) -> InfeasibleError:
        ratios = [m for m in measures if m.denominator is not None]
        diagnosis = diagnose(self.instance, self._bounds, settings, ratios=ratios, capacity=CAPACITY)
        return InfeasibleError(diagnosis.text, diagnosis)

    def evaluate(self, menu: Sequence[int], mix: int = 0) -> dict[str, float]:
        """Every figure at a menu. Raises InputError for a level that is not there."""
        return evaluate(self.instance, self.figures, *self._choice(menu, mix))

    def _choice(self, menu: Any, mix: Any) -> Choice:
        levels = each(menu, self.instance.plans, "menu")
        counts = self.instance.levels
        picks: LevelIndices = tuple(index(k, counts[j], f"menu[{j}]") for j, k in enumerate(levels))
        return picks, index(mix, self.instance.mixes, "mix")

    def feasible(self, menu: Sequence[int], mix: int = 0) -> bool:
        """Whether a menu keeps the rules, the burst limits and the conditions. Raises InputError."""
        choice = self._choice(menu, mix)
        figures = {str(k): limit.figure for k, limit in enumerate(self._limits)}
        met = all(v >= 0.0 for v in evaluate(self.instance, figures, *choice).values())
        return met and follows_rules(self.instance, choice[0]) and within_burst(self.instance, *choice)

    def enumerate(self, objective: str | Ratio, *, minimise: bool = False) -> MenuSolution:
        """The same by complete evaluation of every menu (about 10 million menus in seconds)."""
        began = time.perf_counter()
        sense = -1 if minimise else 1
        measure = self._measure(objective, "objective")
        answer = _enumerated(self.instance, measure, sense, self._limits)
        return self._solution(answer, measure, sense, Settings(gap=0.0), began)

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
        side_x = Side(self._measure(x, "x"), -1 if less_x else 1)
        side_y = Side(self._measure(y, "y"), -1 if less_y else 1)
        asked = checked_gap(gap)
        settings = Settings(gap=0.0 if everything else asked, deadline=_deadline(time_limit), cross_check=False)
        if index(points, 10_001, "points") < 2:
            raise bad_argument("points", f"must be 2 or more, but is {points}")
        found = trace(self.instance, side_x, side_y, self._limits, settings, points, everything=everything)
        if found.infeasible:
            raise self._infeasible(settings, [side_x.measure, side_y.measure])
        kept = tuple(
            FrontierMenu(
                s.answer.choice[0],
                s.answer.choice[1],
                side_x.sense * s.x,
                side_y.sense * s.y,
                side_y.sense * s.bound,
            )
            for s in found.points
            if s.answer.choice is not None
        )
        return MenuFrontier(kept, found.room, found.complete, found.solves, found.seconds)

    def to_pyomo(self, objective: str) -> Any:
        """The Pyomo program of a linear objective, for reading and for other solvers. Raises InputError."""
        from optimizer.formulation.program import build

        return build(self.instance, self.figures[self._named(objective, "objective")], self._limits)


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
