"""``MenuProblem``: one level per plan under finite-mixture logit demand, from plain arrays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from optimizer import search
from optimizer.economics.figures import TOTAL
from optimizer.errors import InfeasibleError, SolverError, bad_argument
from optimizer.model.instance import (
    Block,
    Figure,
    Instance,
    Limit,
    Rule,
    combine,
    evaluate,
    follows_rules,
    within_burst,
)
from optimizer.model.measures import Measure, measure_limits
from optimizer.optimise.frontier import Side, trace
from optimizer.optimise.outcome import Answer, Settings
from optimizer.optimise.ratio import best
from optimizer.problems.arrays import finite
from optimizer.typing import Array, LevelIndices, Status, Verdict


@dataclass(frozen=True)
class Ratio:
    """A ratio of two figures, for an objective or a condition."""

    numerator: str
    denominator: str
    floor: float = 0.0
    """Least the denominator may be; menus below it do not count."""


@dataclass(frozen=True)
class Condition:
    """A bound on a figure or a ratio of figures; decided at 1e-6 relative."""

    figure: str | Ratio
    at_least: float | None = None
    at_most: float | None = None
    name: str = ""


@dataclass(frozen=True)
class Burst:
    """Capacity that may be exceeded at a price: ``max(0, use - reserved)`` is charged to a figure."""

    use: str
    """Name of the figure that takes capacity."""
    reserved: float
    price: float
    """Per unit of burst."""
    charged_to: str
    """Name of the figure that pays."""
    limit: float = float("inf")
    """The most burst there may be."""


@dataclass(frozen=True)
class MenuSolution:
    """The best menu found and what is proven of it."""

    menu: LevelIndices | None
    """A level index per plan."""
    mix: int | None
    value: float
    """By direct evaluation."""
    bound: float
    gap: float
    """(bound - value) / max(|value|, 1)."""
    verdict: Verdict
    """proved, solver_proved or best_found."""
    status: Status
    figures: Mapping[str, float]
    seconds: float
    work: Any = field(repr=False, default=None)


@dataclass(frozen=True)
class FrontierMenu:
    """An efficient menu."""

    menu: LevelIndices
    mix: int
    x: float
    y: float
    bound: float
    """No menu with at least the x that was asked for has a better y."""


@dataclass(frozen=True)
class MenuFrontier:
    """Efficient menus, by x in the direction that is better."""

    points: tuple[FrontierMenu, ...]
    room: float
    """The most by which the true frontier can lie above the drawn staircase, in units of y; proven."""
    complete: bool
    solves: int
    seconds: float


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
        conditions: bounds on figures and ratios.
        burst: capacities that may be exceeded at a price.

    Raises:
        InputError: shapes, signs, nan, or names that are not figures.

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
        reach = np.atleast_2d(np.asarray(customers, dtype=np.float64))
        reach = finite(reach, (None, None), "customers")
        types = reach.shape[1]
        w = tuple(finite(a, (types, None), f"attraction[{j}]") for j, a in enumerate(attraction))
        if not w:
            raise bad_argument("attraction", "has no plan")
        levels = [a.shape[1] for a in w]
        e = w
        if denominators is not None:
            e = tuple(
                finite(a, (types, n), f"denominators[{j}]")
                for j, (a, n) in enumerate(zip(denominators, levels, strict=True))
            )
        if (reach <= 0.0).any() or any((a < 0.0).any() for a in (*w, *e)):
            raise bad_argument("customers, attraction, denominators", "must be positive, and not negative")
        bare = Instance(reach, w, e, (), _rules(rules, levels))
        self._names = tuple(amounts)
        if not self._names:
            raise bad_argument("amounts", "names no figure")
        given = {"outside": outside or {}, "fixed": fixed or {}, "mix": mix or {}, "constants": constants or {}}
        for what, entries in given.items():
            for name in entries:
                if name not in amounts:
                    raise bad_argument(f"{what}[{name!r}]", "is not a figure of amounts")
        plain = {
            name: _figure(
                bare,
                name,
                amounts[name],
                given["outside"].get(name),
                given["fixed"].get(name),
                given["mix"].get(name),
                (constants or {}).get(name, 0.0),
            )
            for name in self._names
        }
        self.instance, self.figures = _with_burst(bare, plain, burst)
        self.conditions = tuple(conditions)
        self._limits = tuple(limit for k, c in enumerate(self.conditions) for limit in self._condition(k, c))

    def _measure(self, what: str | Ratio, argument: str) -> Measure:
        names = (what,) if isinstance(what, str) else (what.numerator, what.denominator)
        for name in names:
            if name not in self.figures:
                raise bad_argument(argument, f"no figure is named {name!r}", f"one of {', '.join(self._names)}")
        if isinstance(what, str):
            return Measure(what, TOTAL, self.figures[what], None, 0.0)
        label = f"{what.numerator} / {what.denominator}"
        return Measure(label, TOTAL, self.figures[what.numerator], self.figures[what.denominator], what.floor)

    def _condition(self, index: int, condition: Condition) -> list[Limit]:
        measure = self._measure(condition.figure, f"conditions[{index}]")
        name = condition.name or measure.name
        limits: list[Limit] = []
        for sense, value in ((1, condition.at_least), (-1, condition.at_most)):
            if value is not None:
                limits += measure_limits(name, measure, sense, float(value))
        if not limits:
            raise bad_argument(f"conditions[{index}]", "has neither at_least nor at_most")
        return limits

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

        ``gap`` relative to max(|value|, 1); ``time_limit`` in seconds; ``screen=False`` hands the whole program to
        HiGHS; ``cross_check`` lets HiGHS also solve what screening left around the answer.

        Raises:
            InputError; InfeasibleError where no menu meets the conditions; SolverError where time ran out without one.
        """
        began = time.perf_counter()
        deadline = None if time_limit is None else time.monotonic() + time_limit
        settings = Settings(gap=gap, scale=1.0, deadline=deadline, screen=screen, cross_check=cross_check)
        sense = -1 if minimise else 1
        answer = best(self.instance, self._measure(objective, "objective"), sense, self._limits, settings)
        return self._solution(answer, sense, gap, began)

    def _solution(self, answer: Answer, sense: int, gap: float, began: float) -> MenuSolution:
        if answer.status is Status.INFEASIBLE:
            raise InfeasibleError("no menu meets all conditions (proven)")
        if answer.choice is None:
            raise SolverError("no menu that meets the conditions was found in time")
        menu, mix = answer.choice
        reached = answer.gap(1.0)
        verdict = Verdict.BEST_FOUND
        if answer.status is Status.OPTIMAL and reached <= gap * (1.0 + 1e-9):
            verdict = Verdict.SOLVER_PROVED if answer.method == "solver" else Verdict.PROVED
        return MenuSolution(
            menu,
            mix,
            sense * answer.value,
            sense * answer.bound,
            reached,
            verdict,
            answer.status,
            self.evaluate(menu, mix),
            time.perf_counter() - began,
            answer.work,
        )

    def evaluate(self, menu: Sequence[int], mix: int = 0) -> dict[str, float]:
        """Every figure at a menu. Raises InputError for a level that is not there."""
        if len(menu) != self.instance.plans or any(
            not 0 <= x < n for x, n in zip(menu, self.instance.levels, strict=True)
        ):
            raise bad_argument(
                "menu", f"{tuple(menu)} is not one level index per plan", f"levels: {self.instance.levels}"
            )
        if not 0 <= mix < self.instance.mixes:
            raise bad_argument("mix", f"{mix} is not a mix level", f"0 to {self.instance.mixes - 1}")
        return evaluate(self.instance, self.figures, menu, mix)

    def feasible(self, menu: Sequence[int], mix: int = 0) -> bool:
        """Whether a menu keeps the rules, the burst limits and the conditions."""
        figures = {str(k): limit.figure for k, limit in enumerate(self._limits)}
        met = all(v >= 0.0 for v in evaluate(self.instance, figures, menu, mix).values())
        return met and follows_rules(self.instance, menu) and within_burst(self.instance, menu, mix)

    def enumerate(self, objective: str | Ratio, *, minimise: bool = False) -> MenuSolution:
        """The same by complete evaluation of every menu (about 10 million menus in seconds)."""
        began = time.perf_counter()
        sense = -1 if minimise else 1
        measure = self._measure(objective, "objective")
        if measure.denominator is None:
            found = search.enumerate_menus(self.instance, combine([(float(sense), measure.numerator)]), self._limits)
            choice = None if found.menu is None else (found.menu, int(found.mix or 0))
            status = Status.INFEASIBLE if choice is None else Status.OPTIMAL
            return self._solution(Answer(status, choice, found.value, found.bound, "screened"), sense, 1e-12, began)
        return self._solution(_enumerate_ratio(self.instance, measure, sense, self._limits), sense, 1e-12, began)

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

        ``less_x``, ``less_y``: less of it is better. ``points``: solves to spend where neighbours lie farthest
        apart; ``everything``: all efficient menus (``gap`` is then 0).

        Raises: InputError; InfeasibleError where no menu meets the conditions.
        """
        side_x = Side(self._measure(x, "x"), -1 if less_x else 1)
        side_y = Side(self._measure(y, "y"), -1 if less_y else 1)
        deadline = None if time_limit is None else time.monotonic() + time_limit
        settings = Settings(gap=0.0 if everything else gap, scale=1.0, deadline=deadline, cross_check=False)
        found = trace(self.instance, side_x, side_y, self._limits, settings, points, everything=everything)
        if found.infeasible:
            raise InfeasibleError("no menu meets all conditions (proven)")
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
        """The Pyomo program of a linear objective, for reading and for other solvers."""
        from optimizer.formulation.program import build

        return build(self.instance, self._measure(objective, "objective").numerator, self._limits)


def _rules(rules: Sequence[tuple[int, int, ArrayLike]], levels: list[int]) -> tuple[Rule, ...]:
    made = []
    for k, (first, second, allowed) in enumerate(rules):
        table = np.asarray(allowed, dtype=bool)
        if not (0 <= first < len(levels) and 0 <= second < len(levels)) or table.shape != (
            levels[first],
            levels[second],
        ):
            raise bad_argument(f"rules[{k}]", "does not fit the plans' levels")
        made.append(Rule(f"rule {k}", first, second, table))
    return tuple(made)


def _figure(
    instance: Instance, name: str, amounts: Sequence[ArrayLike], outside: Any, fixed: Any, mix: Any, constant: float
) -> Figure:
    types, levels = instance.types, instance.levels
    if len(amounts) != len(levels):
        raise bad_argument(f"amounts[{name!r}]", f"has {len(amounts)} plans, wanted {len(levels)}")
    return Figure(
        amounts=tuple(
            finite(a, (types, n), f"amounts[{name!r}][{j}]")
            for j, (a, n) in enumerate(zip(amounts, levels, strict=True))
        ),
        outside=np.zeros(types) if outside is None else finite(outside, (types,), f"outside[{name!r}]"),
        fixed=tuple(np.zeros(n) for n in levels)
        if fixed is None
        else tuple(
            finite(g, (n,), f"fixed[{name!r}][{j}]") for j, (g, n) in enumerate(zip(fixed, levels, strict=True))
        ),
        mix=np.zeros(instance.mixes) if mix is None else finite(mix, (instance.mixes,), f"mix[{name!r}]"),
        constant=constant,
        burst=np.zeros(0),
    )


def _with_burst(
    instance: Instance, figures: dict[str, Figure], burst: Sequence[Burst]
) -> tuple[Instance, dict[str, Figure]]:
    """Blocks for the capacities, and their prices on the figures that pay."""
    count = len(burst)

    def wide(figure: Figure, prices: Array) -> Figure:
        return Figure(figure.amounts, figure.outside, figure.fixed, figure.mix, figure.constant, prices)

    for k, b in enumerate(burst):
        for name in (b.use, b.charged_to):
            if name not in figures:
                raise bad_argument(f"burst[{k}]", f"no figure is named {name!r}")
        if b.reserved < 0.0 or b.limit < 0.0:
            raise bad_argument(f"burst[{k}]", "reserved and limit must not be negative")
    blocks = tuple(
        Block(f"capacity {k}", wide(figures[b.use], np.zeros(count)), b.reserved, b.limit) for k, b in enumerate(burst)
    )
    charged = {
        name: wide(figure, np.array([-b.price if b.charged_to == name else 0.0 for b in burst]))
        for name, figure in figures.items()
    }
    made = Instance(instance.customers, instance.attraction, instance.denominators, blocks, instance.rules)
    return made, charged


def _enumerate_ratio(instance: Instance, measure: Measure, sense: int, limits: tuple[Limit, ...]) -> Answer:
    """The best ratio over every menu, by Dinkelbach's steps on complete enumeration."""
    assert measure.denominator is not None
    floored = limits
    if measure.floor > 0.0:
        floored = (*limits, Limit("denominator", combine([(1.0, measure.denominator)], -measure.floor)))
    ratio = float("-inf")
    found = search.enumerate_menus(instance, combine([(1.0, measure.denominator)]), floored)
    choice = None
    while found.menu is not None:
        here = (found.menu, int(found.mix or 0))
        both = evaluate(instance, {"n": measure.numerator, "d": measure.denominator}, *here)
        value = sense * both["n"] / both["d"]
        if choice is not None and value <= ratio:
            break
        ratio, choice = value, here
        aim = combine([(float(sense), measure.numerator), (-ratio, measure.denominator)])
        found = search.enumerate_menus(instance, aim, floored)
    return Answer(Status.INFEASIBLE if choice is None else Status.OPTIMAL, choice, ratio, ratio, "screened")
