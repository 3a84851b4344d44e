"""Prices on a continuum, certified: price cells, bounded by an instance at least as good as any price in them.

Within a cell [a, b] a type's weight falls with the price and its amounts are monotone in it, so the product of weight
and amount is at most the largest of the four corner products. Value is numerator over denominator: positive parts are
put over the least denominator and negative parts over the largest, on two copies of every type. The bound of that
relaxed instance holds for every price in the cells; the cells of its best menu are halved until bound and best price
found agree.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np

from optimizer import screening
from optimizer.aims import bounds
from optimizer.compile import Compiled, compile_market
from optimizer.instance import Array, Block, Figure, Instance, Limit, Rule
from optimizer.levels import Choices, Level, order_rules
from optimizer.optimum import Answer, Choice, Settings, Work, maximise
from optimizer.problem import Problem
from optimizer.schema.case import PriceRange

ROUNDS = 60
BESIDE = 3
"""Cells on either side that are halved along."""
NARROW = 1e-7
"""Cells narrower than this, relative to the price, are not cut further."""


@dataclass(frozen=True)
class Cell:
    """Levels at both ends of a price cell; the same level twice where the price is fixed."""

    low: Level
    high: Level

    @property
    def width(self) -> float:
        """usd/month."""
        return 0.0 if self.low is None or self.high is None else self.high.price - self.low.price

    def halves(self) -> tuple[Cell, Cell]:
        """The cell cut in the middle."""
        assert self.low is not None and self.high is not None
        middle = replace(self.low, price=0.5 * (self.low.price + self.high.price))
        return Cell(self.low, middle), Cell(middle, self.high)


@dataclass(frozen=True)
class Certified:
    """The best menu found and its bound on the continuum."""

    problem: Problem
    """The problem on the ends of the last cells; the answer is one of its menus."""
    answer: Answer
    cells: int
    rounds: int
    rounding_loss: float | None
    """What rounding to price points lost, in the aim's unit; None where none was asked for."""


def has_ranges(problem: Problem) -> bool:
    """Whether the case gives any price as a range."""
    return bool(_ranges(problem))


def _ranges(problem: Problem) -> dict[str, PriceRange]:
    return {n: p.price for n, p in problem.inputs.case.plans.items() if isinstance(p.price, PriceRange)}


def _first_cells(problem: Problem) -> list[list[Cell]]:
    """Cells between neighbouring steps of each range; single levels elsewhere."""
    ranges = _ranges(problem)
    found = []
    for name, levels in zip(problem.choices.plans, problem.choices.levels, strict=True):
        if name not in ranges:
            found.append([Cell(level, level) for level in levels])
            continue
        cells = [Cell(level, level) for level in levels if level is None]
        priced = [level for level in levels if level is not None]
        for allowance in dict.fromkeys(replace(level, price=0.0) for level in priced):
            prices = sorted(level.price for level in priced if replace(level, price=0.0) == allowance)
            ends = [replace(allowance, price=p) for p in prices]
            cells += [Cell(a, b) for a, b in itertools.pairwise(ends)]
        found.append(cells)
    return found


def _with_levels(problem: Problem, levels: list[tuple[Level, ...]]) -> Problem:
    """The same problem on other levels."""
    rules = order_rules(problem.inputs.case, problem.choices.plans, levels, problem.prepared)
    chosen = Choices(problem.choices.plans, tuple(levels), problem.choices.mixes, rules)
    compiled = compile_market(problem.prepared, chosen)
    return replace(
        problem,
        choices=chosen,
        compiled=compiled,
        bounds=bounds(problem.inputs.case, compiled, problem.today.figure),
    )


def _ends(cells: list[list[Cell]]) -> list[tuple[Level, ...]]:
    return [tuple(dict.fromkeys(end for cell in row for end in (cell.low, cell.high))) for row in cells]


def certify(problem: Problem, aim_of: Callable[[Problem], Figure], settings: Settings) -> Certified:
    """The most of a linear aim over all prices in the ranges.

    Args:
        aim_of: the figure to maximise on a problem's instance.
        settings: ``gap`` is the one asked for on the continuum.

    Raises: InputError, SolverError, InfeasibleError as for ladders.
    """
    cells = _first_cells(problem)
    # rounding takes its part of the gap
    target = settings.gap * (0.8 if any(r.step for r in _ranges(problem).values()) else 1.0)
    quick = replace(settings, cross_check=False, gap=settings.gap / 5.0)
    bound, rounds, work = float("inf"), 0, Work(steps=0)
    best: tuple[Problem, Answer] | None = None
    while True:
        rounds += 1
        exact = _with_levels(problem, _ends(cells))
        found = maximise(exact.compiled.instance, aim_of(exact), exact.limits, quick, _seed(exact, best))
        work = work + found.work
        if found.choice is not None and (best is None or found.value >= best[1].value):
            best = exact, found
        relaxed, aim, limits = _relaxed(problem, cells, aim_of)
        upper = screening.maximise(
            relaxed,
            aim,
            limits,
            gap=quick.gap,
            scale=quick.scale,
            deadline=settings.deadline,
            cancelled=settings.cancelled,
        )
        work = work + Work(boxes=upper.boxes, enumerated=upper.enumerated)
        if upper.status == "infeasible":
            return Certified(exact, replace(found, status="infeasible", choice=None), _count(cells), rounds, None)
        bound = min(bound, upper.bound)
        value = float("-inf") if best is None else best[1].value
        slack = target * max(abs(value), settings.scale)
        late = settings.deadline is not None and time.monotonic() > settings.deadline
        done = bound <= value + slack
        if done or late or rounds >= ROUNDS or upper.menu is None or not _split(cells, upper.menu):
            break
    if best is None:
        return Certified(exact, found, _count(cells), rounds, None)
    status = "optimal" if done else "feasible"
    answer = replace(best[1], bound=max(bound, best[1].value), status=status, work=work, certificate=None)
    return _rounded(Certified(best[0], answer, _count(cells), rounds, None), aim_of, quick)


def _count(cells: list[list[Cell]]) -> int:
    return sum(len(row) for row in cells)


def _seed(problem: Problem, best: tuple[Problem, Answer] | None) -> list[Choice]:
    """The best choice so far by its place among the new levels."""
    if best is None or best[1].choice is None:
        return []
    terms = best[0].choices.terms(best[1].choice[0])
    try:
        menu = tuple(
            levels.index(terms[n]) for n, levels in zip(problem.choices.plans, problem.choices.levels, strict=True)
        )
    except ValueError:
        return []
    return [(menu, best[1].choice[1])]


def _split(cells: list[list[Cell]], menu: tuple[int, ...]) -> bool:
    """Halve the cells of the relaxed best menu and those beside them; False where all are narrow already."""
    cut = False
    for row, chosen in zip(cells, menu, strict=True):
        width = row[chosen].width
        # from the back, so that the places before stay what they are
        for k in range(min(chosen + BESIDE, len(row) - 1), max(chosen - BESIDE, 0) - 1, -1):
            cell = row[k]
            if cell.high is not None and width > 0.0 and cell.width >= 0.75 * width > NARROW * cell.high.price:
                row[k : k + 1] = cell.halves()
                cut = True
    return cut


def _rounded(found: Certified, aim_of: Callable[[Problem], Figure], settings: Settings) -> Certified:
    """The best menu on the price points next to the continuous answer, where steps were asked for."""
    ranges = _ranges(found.problem)
    if all(r.step is None for r in ranges.values()) or found.answer.choice is None:
        return found
    terms = found.problem.choices.terms(found.answer.choice[0])
    levels: list[tuple[Level, ...]] = []
    for name in found.problem.choices.plans:
        level, wanted = terms[name], ranges.get(name)
        if level is None or wanted is None or wanted.step is None:
            levels.append((level,))
            continue
        steps = np.arange(-2, 3) + np.round(level.price / wanted.step)
        prices = [float(f"{s * wanted.step:.12g}") for s in steps]
        kept = [p for p in prices if wanted.least <= p <= wanted.most] or [level.price]
        levels.append(tuple(replace(level, price=p) for p in kept))
    problem = _with_levels(found.problem, levels)
    near = maximise(problem.compiled.instance, aim_of(problem), problem.limits, replace(settings, gap=1e-9))
    if near.choice is None:
        return found
    loss = found.answer.value - near.value
    status = "feasible" if found.answer.status != "optimal" else "optimal"
    answer = replace(near, bound=max(found.answer.bound, near.value), status=status, work=found.answer.work)
    return Certified(problem, answer, found.cells, found.rounds, loss)


def _relaxed(
    problem: Problem, cells: list[list[Cell]], aim_of: Callable[[Problem], Figure]
) -> tuple[Instance, Figure, tuple[Limit, ...]]:
    """An instance whose value at a menu of cells is at least that of any prices in them."""
    low = _with_levels(problem, [tuple(c.low for c in row) for row in cells])
    high = _with_levels(problem, [tuple(c.high for c in row) for row in cells])
    a, b = low.compiled.instance, high.compiled.instance
    most = tuple(np.maximum(x, y) for x, y in zip(a.attraction, b.attraction, strict=True))
    instance = Instance(
        customers=np.concatenate([a.customers, a.customers], axis=1),
        attraction=tuple(np.concatenate([m, m]) for m in most),
        denominators=tuple(
            np.concatenate([np.minimum(x, y), np.maximum(x, y)])
            for x, y in zip(a.denominators, b.denominators, strict=True)
        ),
        rules=_loose_rules(problem, low.compiled, high.compiled),
        names=a.names,
    )

    def above(f: Figure, g: Figure) -> Figure:
        return _bounded(f, g, a, b, most, upper=True)

    blocks = tuple(
        Block(x.name, _bounded(x.use, y.use, a, b, most, upper=False), x.reserved, x.limit)
        for x, y in zip(a.blocks, b.blocks, strict=True)
    )
    limits = tuple(Limit(x.name, above(x.figure, y.figure)) for x, y in zip(low.limits, high.limits, strict=True))
    return replace(instance, blocks=blocks), above(aim_of(low), aim_of(high)), limits


def _bounded(f: Figure, g: Figure, a: Instance, b: Instance, most: tuple[Array, ...], upper: bool) -> Figure:
    """A figure on the doubled types: positive parts over the least denominators, negative ones over the largest.

    For a lower bound (``upper=False``) it is the other way round.
    """
    amounts = []
    for j, weight in enumerate(most):
        corners = [w * x for w in (a.attraction[j], b.attraction[j]) for x in (f.amounts[j], g.amounts[j])]
        extreme = np.max(corners, axis=0) if upper else np.min(corners, axis=0)
        parts = [np.maximum(extreme, 0.0), np.minimum(extreme, 0.0)]
        if not upper:
            parts.reverse()
        safe = np.where(weight > 0.0, weight, 1.0)
        amounts.append(np.concatenate([np.where(weight > 0.0, part / safe, 0.0) for part in parts]))
    best = np.maximum if upper else np.minimum
    return Figure(
        amounts=tuple(amounts),
        outside=np.zeros(2 * a.types),
        fixed=tuple(best(x, y) for x, y in zip(f.fixed, g.fixed, strict=True)),
        mix=f.mix,
        constant=f.constant,
        burst=f.burst,
    )


def _loose_rules(problem: Problem, low: Compiled, high: Compiled) -> tuple[Rule, ...]:
    """Rules that allow a pair of cells where any prices in them are allowed: cheapest small plan, dearest large one."""
    level = [tuple(None if x is None else replace(x, price=1.0) for x in row) for row in low.choices.levels]
    gives = order_rules(problem.inputs.case, problem.choices.plans, level, problem.prepared)
    found = []
    for rule in gives:
        small, large = low.choices.levels[rule.first], high.choices.levels[rule.second]
        fits = [[s is None or x is None or x.price >= s.price - 1e-9 for x in large] for s in small]
        found.append(Rule(rule.name, rule.first, rule.second, rule.allowed & np.array(fits, dtype=bool)))
    return tuple(found)
