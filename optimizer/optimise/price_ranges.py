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
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer import search
from optimizer.economics.population import Terms
from optimizer.errors import NotTrustedError
from optimizer.model.build import MarketInstance
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Level, Menu, order_rules
from optimizer.model.instance import Block, Figure, Instance, Limit, Rule
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings, Work
from optimizer.schema.case import PriceRange
from optimizer.typing import Array, Choice, Status
from optimizer.units import same

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

    menu: Menu | None
    answer: Answer
    """Its choice is of the last cells' ends; the menu is what counts."""
    cells: int
    rounding_loss: float | None
    """What rounding to price points lost, in the aim's unit; None where none was asked for."""


def has_ranges(m: CaseModel) -> bool:
    """Whether the case gives any price as a range."""
    return bool(_ranges(m))


def _ranges(m: CaseModel) -> dict[str, PriceRange]:
    return {n: p.price for n, p in m.inputs.case.plans.items() if isinstance(p.price, PriceRange)}


def within_ranges(m: CaseModel, menu: Menu) -> bool:
    """Whether a menu is one of the case's, any price inside a range (on its steps, where it has some) allowed."""
    ranges = _ranges(m)
    terms = dict(menu.terms)
    for name, levels in zip(m.choices.plans, m.choices.levels, strict=True):
        level, wanted = terms[name], ranges.get(name)
        if level is None or wanted is None:
            continue
        steps = level.price / wanted.step if wanted.step else 0.0
        if not wanted.least <= level.price <= wanted.most or not same(steps, round(steps)):
            return False
        terms[name] = replace(level, price=next(x.price for x in levels if x is not None))
    return bool(ranges) and m.choices.choice(replace(menu, terms=terms)) is not None


def _first_cells(m: CaseModel) -> list[list[PriceCell]]:
    """Cells between neighbouring steps of each range; single levels elsewhere."""
    ranges = _ranges(m)
    found = []
    for name, levels in zip(m.choices.plans, m.choices.levels, strict=True):
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


def _ends(cells: list[list[PriceCell]]) -> list[tuple[Level, ...]]:
    return [tuple(dict.fromkeys(end for cell in row for end in (cell.low, cell.high))) for row in cells]


Aim = Callable[[CaseModel], Figure]
"""The figure to maximise, on any model of the case."""


def certify(m: CaseModel, aim_of: Aim, settings: Settings) -> CertifiedMenu:
    """The most of a linear aim over all prices in the ranges; ``settings.gap`` is asked for on the continuum.

    Raises: InputError, SolverError, NotTrustedError as for ladders.
    """
    cells = _first_cells(m)
    # rounding takes its part of the gap
    target = settings.gap * (0.8 if any(r.step for r in _ranges(m).values()) else 1.0)
    quick = replace(settings, cross_check=False, gap=settings.gap / 5.0)
    bound, certificate, work, done = float("inf"), None, Work(steps=0), False
    best: CertifiedMenu | None = None
    for number in range(ROUNDS):
        exact = m.with_levels(_ends(cells))
        found = maximise(exact.built.instance, aim_of(exact), exact.limits, quick, _seed(exact, best))
        work = work + found.work
        if found.choice is not None and (best is None or found.value >= best.answer.value):
            best = CertifiedMenu(exact.choices.menu(found.choice), found, 0, None)
        upper = _upper_bound(m, cells, aim_of, quick)
        work = work + Work(boxes=upper.boxes, enumerated=upper.enumerated)
        if upper.status is search.SearchStatus.INFEASIBLE:
            return CertifiedMenu(None, replace(found, status=Status.INFEASIBLE, choice=None), _count(cells), None)
        if upper.bound < bound:
            bound, certificate = upper.bound, {"prices": _cuts(m, cells), "relaxed": upper.certificate}
        value = float("-inf") if best is None else best.answer.value
        done = bound <= value + target * max(abs(value), settings.scale)
        late = settings.deadline is not None and time.monotonic() > settings.deadline
        if done or late or number + 1 == ROUNDS or upper.menu is None or not _split(cells, upper.menu):
            break
    if best is None:
        return CertifiedMenu(None, found, _count(cells), None)
    status, value = Status.OPTIMAL if done else Status.FEASIBLE, best.answer.value
    answer = replace(best.answer, bound=max(bound, value), status=status, work=work, certificate=certificate)
    return _rounded(m, CertifiedMenu(best.menu, answer, _count(cells), None), aim_of, quick)


def recheck(m: CaseModel, aim_of: Aim, certificate: Mapping[str, Any]) -> float:
    """The bound that a certificate of :func:`certify` proves: its cells cover the ranges, and their relaxed instance
    is bounded. Raises NotTrustedError where something does not hold.
    """
    relaxed, aim, limits = _relaxed(m, _cells_of(m, certificate["prices"]), aim_of)
    return search.recheck(relaxed, aim, limits, certificate["relaxed"])


def _upper_bound(m: CaseModel, cells: list[list[PriceCell]], aim_of: Aim, settings: Settings) -> search.Screened:
    """The best menu of cells; no prices in them are worth more than its bound."""
    relaxed, aim, limits = _relaxed(m, cells, aim_of)
    return search.maximise(
        relaxed,
        aim,
        limits,
        gap=settings.gap,
        scale=settings.scale,
        deadline=settings.deadline,
        cancelled=settings.cancelled,
    )


def _groups(row: list[PriceCell]) -> dict[Level, list[PriceCell]]:
    """A plan's cells by what they differ in besides the price, in order."""
    groups: dict[Level, list[PriceCell]] = {}
    for cell in row:
        key = None if cell.low is None else replace(cell.low, price=0.0)
        groups.setdefault(key, []).append(cell)
    return groups


def _cuts(m: CaseModel, cells: list[list[PriceCell]]) -> dict[str, list[list[float]]]:
    """Plan with a range -> the ends of its cells, one ascending list for every setting of its allowances."""
    ranges, found = _ranges(m), {}
    for name, row in zip(m.choices.plans, cells, strict=True):
        if name in ranges:
            groups = [group for key, group in _groups(row).items() if key is not None]
            found[name] = [[_price(g[0].low), *(_price(cell.high) for cell in g)] for g in groups]
    return found


def _price(level: Level) -> float:
    assert level is not None
    return level.price


def _cells_of(m: CaseModel, cuts: Mapping[str, Sequence[Sequence[float]]]) -> list[list[PriceCell]]:
    """The cells with these ends. Raises NotTrustedError where they do not cover the ranges."""
    found = []
    for name, row in zip(m.choices.plans, _first_cells(m), strict=True):
        groups = _groups(row)
        if name in _ranges(m):
            priced = [key for key in groups if key is not None]
            if len(priced) != len(cuts[name]):
                raise NotTrustedError(f"the certificate leaves out price ranges of {name}")
            for key, ends in zip(priced, cuts[name], strict=True):
                groups[key] = _covering(key, groups[key], [float(end) for end in ends])
        found.append([cell for group in groups.values() for cell in group])
    return found


def _covering(key: Terms, first: list[PriceCell], ends: list[float]) -> list[PriceCell]:
    """Cells with these ends; they must reach from the first one's low to the last one's high."""
    reaches = (ends[0], ends[-1]) == (_price(first[0].low), _price(first[-1].high))
    if not reaches or any(not a < b for a, b in itertools.pairwise(ends)):
        raise NotTrustedError("the price cells of the certificate do not cover a range")
    return [PriceCell(replace(key, price=a), replace(key, price=b)) for a, b in itertools.pairwise(ends)]


def _count(cells: list[list[PriceCell]]) -> int:
    return sum(len(row) for row in cells)


def _seed(m: CaseModel, best: CertifiedMenu | None) -> list[Choice]:
    """The best menu so far by its place among the new levels."""
    if best is None or best.menu is None:
        return []
    place = m.choices.choice(best.menu)
    return [] if place is None else [place]


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


def _rounded(m: CaseModel, found: CertifiedMenu, aim_of: Aim, settings: Settings) -> CertifiedMenu:
    """The best menu on the price points next to the continuous answer, where steps were asked for."""
    ranges = _ranges(m)
    if all(r.step is None for r in ranges.values()) or found.menu is None:
        return found
    levels = [_points(found.menu.terms[name], ranges.get(name)) for name in m.choices.plans]
    points = m.with_levels(levels)
    near = maximise(points.built.instance, aim_of(points), points.limits, replace(settings, gap=1e-9))
    if near.choice is None:
        return found
    loss = found.answer.value - near.value
    status = Status.OPTIMAL if found.answer.status is Status.OPTIMAL else Status.FEASIBLE
    proof = found.answer.certificate
    bound = max(found.answer.bound, near.value)
    answer = replace(near, bound=bound, status=status, work=found.answer.work, certificate=proof)
    return CertifiedMenu(points.choices.menu(near.choice), answer, found.cells, loss)


def _points(level: Level, wanted: PriceRange | None) -> tuple[Level, ...]:
    """The level at the price points nearest to its price."""
    if level is None or wanted is None or wanted.step is None:
        return (level,)
    steps = np.arange(-2, 3) + np.round(level.price / wanted.step)
    prices = [float(f"{s * wanted.step:.12g}") for s in steps]
    kept = [p for p in prices if wanted.least <= p <= wanted.most] or [level.price]
    return tuple(replace(level, price=p) for p in kept)


def _relaxed(m: CaseModel, cells: list[list[PriceCell]], aim_of: Aim) -> tuple[Instance, Figure, tuple[Limit, ...]]:
    """An instance whose value at a menu of cells is at least that of any prices in them."""
    low = m.with_levels([tuple(c.low for c in row) for row in cells])
    high = m.with_levels([tuple(c.high for c in row) for row in cells])
    a, b = low.built.instance, high.built.instance
    most = tuple(np.maximum(x, y) for x, y in zip(a.attraction, b.attraction, strict=True))
    instance = Instance(
        customers=np.concatenate([a.customers, a.customers], axis=1),
        attraction=tuple(np.concatenate([w, w]) for w in most),
        denominators=tuple(
            np.concatenate([np.minimum(x, y), np.maximum(x, y)])
            for x, y in zip(a.denominators, b.denominators, strict=True)
        ),
        rules=_loose_rules(m, low.built, high.built),
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


def _loose_rules(m: CaseModel, low: MarketInstance, high: MarketInstance) -> tuple[Rule, ...]:
    """Rules that allow a pair of cells where any prices in them are allowed: cheapest small plan, dearest large one."""
    level = [tuple(None if x is None else replace(x, price=1.0) for x in row) for row in low.choices.levels]
    gives = order_rules(m.inputs.case, m.choices.plans, level, m.prepared)
    found = []
    for rule in gives:
        small, large = low.choices.levels[rule.first], high.choices.levels[rule.second]
        fits = [[s is None or x is None or x.price >= s.price - 1e-9 for x in large] for s in small]
        found.append(Rule(rule.name, rule.first, rule.second, rule.allowed & np.array(fits, dtype=bool)))
    return tuple(found)
