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

from optimizer import search
from optimizer.model.build import MarketInstance
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Choices, Level, order_rules
from optimizer.model.instance import Block, Figure, Instance, Limit, Rule
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings, Work
from optimizer.schema.case import PriceRange
from optimizer.typing import Array, Choice

ROUNDS = 60
BESIDE = 3
"""Cells on either side that are halved along."""
NARROW = 1e-7
"""Cells narrower than this, relative to the price, are not cut further."""


@dataclass(frozen=True)
class PriceCell:
    """Levels at both ends of a price cell; the same level twice where the price is fixed."""

    low: Level
    high: Level

    @property
    def width(self) -> float:
        """usd/month."""
        return 0.0 if self.low is None or self.high is None else self.high.price - self.low.price

    def halves(self) -> tuple[PriceCell, PriceCell]:
        """The cell cut in the middle."""
        assert self.low is not None and self.high is not None
        middle = replace(self.low, price=0.5 * (self.low.price + self.high.price))
        return PriceCell(self.low, middle), PriceCell(middle, self.high)


@dataclass(frozen=True)
class CertifiedMenu:
    """The best menu found and its bound on the continuum."""

    case_model: CaseModel
    """The problem on the ends of the last cells; the answer is one of its menus."""
    answer: Answer
    cells: int
    rounds: int
    rounding_loss: float | None
    """What rounding to price points lost, in the aim's unit; None where none was asked for."""


def has_ranges(case_model: CaseModel) -> bool:
    """Whether the case gives any price as a range."""
    return bool(_ranges(case_model))


def _ranges(case_model: CaseModel) -> dict[str, PriceRange]:
    return {n: p.price for n, p in case_model.inputs.case.plans.items() if isinstance(p.price, PriceRange)}


def _first_cells(case_model: CaseModel) -> list[list[PriceCell]]:
    """Cells between neighbouring steps of each range; single levels elsewhere."""
    ranges = _ranges(case_model)
    found = []
    for name, levels in zip(case_model.choices.plans, case_model.choices.levels, strict=True):
        if name not in ranges:
            found.append([PriceCell(level, level) for level in levels])
            continue
        cells = [PriceCell(level, level) for level in levels if level is None]
        priced = [level for level in levels if level is not None]
        for allowance in dict.fromkeys(replace(level, price=0.0) for level in priced):
            prices = sorted(level.price for level in priced if replace(level, price=0.0) == allowance)
            ends = [replace(allowance, price=p) for p in prices]
            cells += [PriceCell(a, b) for a, b in itertools.pairwise(ends)]
        found.append(cells)
    return found


def _with_levels(case_model: CaseModel, levels: list[tuple[Level, ...]]) -> CaseModel:
    """The same problem on other levels."""
    rules = order_rules(case_model.inputs.case, case_model.choices.plans, levels, case_model.prepared)
    chosen = Choices(case_model.choices.plans, tuple(levels), case_model.choices.mixes, rules)
    return replace(case_model, other_choices=chosen)


def _ends(cells: list[list[PriceCell]]) -> list[tuple[Level, ...]]:
    return [tuple(dict.fromkeys(end for cell in row for end in (cell.low, cell.high))) for row in cells]


def certify(case_model: CaseModel, aim_of: Callable[[CaseModel], Figure], settings: Settings) -> CertifiedMenu:
    """The most of a linear aim over all prices in the ranges.

    Args:
        aim_of: the figure to maximise on a problem's instance.
        settings: ``gap`` is the one asked for on the continuum.

    Raises: InputError, SolverError, InfeasibleError as for ladders.
    """
    cells = _first_cells(case_model)
    # rounding takes its part of the gap
    target = settings.gap * (0.8 if any(r.step for r in _ranges(case_model).values()) else 1.0)
    quick = replace(settings, cross_check=False, gap=settings.gap / 5.0)
    bound, rounds, work = float("inf"), 0, Work(steps=0)
    best: tuple[CaseModel, Answer] | None = None
    while True:
        rounds += 1
        exact = _with_levels(case_model, _ends(cells))
        found = maximise(exact.compiled.instance, aim_of(exact), exact.limits, quick, _seed(exact, best))
        work = work + found.work
        if found.choice is not None and (best is None or found.value >= best[1].value):
            best = exact, found
        relaxed, aim, limits = _relaxed(case_model, cells, aim_of)
        upper = search.maximise(
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
            return CertifiedMenu(exact, replace(found, status="infeasible", choice=None), _count(cells), rounds, None)
        bound = min(bound, upper.bound)
        value = float("-inf") if best is None else best[1].value
        slack = target * max(abs(value), settings.scale)
        late = settings.deadline is not None and time.monotonic() > settings.deadline
        done = bound <= value + slack
        if done or late or rounds >= ROUNDS or upper.menu is None or not _split(cells, upper.menu):
            break
    if best is None:
        return CertifiedMenu(exact, found, _count(cells), rounds, None)
    status = "optimal" if done else "feasible"
    answer = replace(best[1], bound=max(bound, best[1].value), status=status, work=work, certificate=None)
    return _rounded(CertifiedMenu(best[0], answer, _count(cells), rounds, None), aim_of, quick)


def _count(cells: list[list[PriceCell]]) -> int:
    return sum(len(row) for row in cells)


def _seed(case_model: CaseModel, best: tuple[CaseModel, Answer] | None) -> list[Choice]:
    """The best choice so far by its place among the new levels."""
    if best is None or best[1].choice is None:
        return []
    terms = best[0].choices.terms(best[1].choice[0])
    try:
        menu = tuple(
            levels.index(terms[n])
            for n, levels in zip(case_model.choices.plans, case_model.choices.levels, strict=True)
        )
    except ValueError:
        return []
    return [(menu, best[1].choice[1])]


def _split(cells: list[list[PriceCell]], menu: tuple[int, ...]) -> bool:
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


def _rounded(found: CertifiedMenu, aim_of: Callable[[CaseModel], Figure], settings: Settings) -> CertifiedMenu:
    """The best menu on the price points next to the continuous answer, where steps were asked for."""
    ranges = _ranges(found.case_model)
    if all(r.step is None for r in ranges.values()) or found.answer.choice is None:
        return found
    terms = found.case_model.choices.terms(found.answer.choice[0])
    levels: list[tuple[Level, ...]] = []
    for name in found.case_model.choices.plans:
        level, wanted = terms[name], ranges.get(name)
        if level is None or wanted is None or wanted.step is None:
            levels.append((level,))
            continue
        steps = np.arange(-2, 3) + np.round(level.price / wanted.step)
        prices = [float(f"{s * wanted.step:.12g}") for s in steps]
        kept = [p for p in prices if wanted.least <= p <= wanted.most] or [level.price]
        levels.append(tuple(replace(level, price=p) for p in kept))
    case_model = _with_levels(found.case_model, levels)
    near = maximise(case_model.compiled.instance, aim_of(case_model), case_model.limits, replace(settings, gap=1e-9))
    if near.choice is None:
        return found
    loss = found.answer.value - near.value
    status = "feasible" if found.answer.status != "optimal" else "optimal"
    answer = replace(near, bound=max(found.answer.bound, near.value), status=status, work=found.answer.work)
    return CertifiedMenu(case_model, answer, found.cells, found.rounds, loss)


def _relaxed(
    case_model: CaseModel, cells: list[list[PriceCell]], aim_of: Callable[[CaseModel], Figure]
) -> tuple[Instance, Figure, tuple[Limit, ...]]:
    """An instance whose value at a menu of cells is at least that of any prices in them."""
    low = _with_levels(case_model, [tuple(c.low for c in row) for row in cells])
    high = _with_levels(case_model, [tuple(c.high for c in row) for row in cells])
    a, b = low.compiled.instance, high.compiled.instance
    most = tuple(np.maximum(x, y) for x, y in zip(a.attraction, b.attraction, strict=True))
    instance = Instance(
        customers=np.concatenate([a.customers, a.customers], axis=1),
        attraction=tuple(np.concatenate([m, m]) for m in most),
        denominators=tuple(
            np.concatenate([np.minimum(x, y), np.maximum(x, y)])
            for x, y in zip(a.denominators, b.denominators, strict=True)
        ),
        rules=_loose_rules(case_model, low.compiled, high.compiled),
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


def _loose_rules(case_model: CaseModel, low: MarketInstance, high: MarketInstance) -> tuple[Rule, ...]:
    """Rules that allow a pair of cells where any prices in them are allowed: cheapest small plan, dearest large one."""
    level = [tuple(None if x is None else replace(x, price=1.0) for x in row) for row in low.choices.levels]
    gives = order_rules(case_model.inputs.case, case_model.choices.plans, level, case_model.prepared)
    found = []
    for rule in gives:
        small, large = low.choices.levels[rule.first], high.choices.levels[rule.second]
        fits = [[s is None or x is None or x.price >= s.price - 1e-9 for x in large] for s in small]
        found.append(Rule(rule.name, rule.first, rule.second, rule.allowed & np.array(fits, dtype=bool)))
    return tuple(found)
