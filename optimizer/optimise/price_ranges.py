"""Price ranges, certified: price cells, bounded by an instance at least as good as any price in them.

The bound of that relaxed instance (see :mod:`optimizer.optimise.price_cells`) holds for every price in the cells; the
cells of its best menu are halved until bound and best price found agree. Where the case asks for price points (steps,
charm prices), cells run from point to point and are cut between points, down to single ones.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from optimizer import search
from optimizer.errors import InputError, NotTrustedError
from optimizer.execution.clock import TimeLimitError, until
from optimizer.market.ladders import Span, span_of
from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Level, Menu, order_rules
from optimizer.model.measures import yardstick
from optimizer.optimise.linear import maximise
from optimizer.optimise.outcome import Answer, Settings, Work, reached, relative_gap
from optimizer.optimise.price_cells import Aim, Cells, PriceCell, relaxed
from optimizer.typing import Choice, Status

ROUNDS = 60
BESIDE = 3
"""Cells on either side that are halved along."""
NARROW = 1e-7
"""Cells narrower than this, relative to the price, are not cut further."""


@dataclass(frozen=True)
class CertifiedMenu:
    """The best menu found and its bound."""

    menu: Menu | None
    answer: Answer
    """Its choice is of the last cells' ends; the menu is what counts."""
    cells: int
    rounding_loss: float | None = None
    """How much more the best prices found on the continuum are worth, in the aim's unit; None without price points."""


Spans = dict[str, Span]


def has_ranges(m: CaseModel) -> bool:
    """Whether the case gives any price as a range with more than one price in it."""
    return bool(_spans(m))


def _spans(m: CaseModel) -> Spans:
    """The ranges with more than one price, by plan."""
    found = {name: span_of(m.inputs.case, m.inputs.market, name) for name in m.inputs.case.plans}
    return {name: span for name, span in found.items() if span is not None and span.open}


def within_ranges(m: CaseModel, menu: Menu) -> bool:
    """Whether a menu is one of the case's, any price inside a range (a price point, where it has some) allowed."""
    spans = _spans(m)
    terms = dict(menu.terms)
    for name, levels in zip(m.choices.plans, m.choices.levels, strict=True):
        level, span = terms[name], spans.get(name)
        if level is None or span is None:
            continue
        if not span.holds(level.price):
            return False
        terms[name] = replace(level, price=next(x.price for x in levels if x is not None))
    one: list[tuple[Level, ...]] = [(menu.terms[name],) for name in m.choices.plans]
    ordered = all(r.allowed.all() for r in order_rules(m.inputs.case, m.choices.plans, one, m.prepared))
    return bool(spans) and ordered and m.choices.choice(replace(menu, terms=terms)) is not None


def of_points(certificate: Any) -> bool:
    """Whether a proof is of the best price points, not of the best prices on the continuum."""
    return isinstance(certificate, Mapping) and bool(certificate.get("points"))


def _first_cells(m: CaseModel, spans: Spans) -> Cells:
    """A few cells that cover each range, for every setting of what else may be chosen; single levels elsewhere."""
    found = []
    for name, levels in zip(m.choices.plans, m.choices.levels, strict=True):
        if name not in spans:
            found.append([PriceCell(level, level) for level in levels])
            continue
        ends = _first_ends(spans[name])
        settings = dict.fromkeys(None if level is None else replace(level, price=0.0) for level in levels)
        found.append([cell for key in settings for cell in _cells(key, ends)])
    return found


def _cells(setting: Level, ends: Sequence[tuple[float, float]]) -> list[PriceCell]:
    if setting is None:
        return [PriceCell(None, None)]
    return [PriceCell(replace(setting, price=a), replace(setting, price=b)) for a, b in ends]


def _first_ends(span: Span) -> list[tuple[float, float]]:
    """The ends of the first cells of a range."""
    few = span.ladder
    if span.points is None:
        return list(itertools.pairwise(few))
    starts = [bisect.bisect_left(span.points, price) for price in few]
    return [(span.points[a], span.points[b - 1]) for a, b in itertools.pairwise([*starts, len(span.points)])]


def _ends(cells: Cells) -> list[tuple[Level, ...]]:
    return [tuple(dict.fromkeys(end for cell in row for end in (cell.low, cell.high))) for row in cells]


def refuse_nests(m: CaseModel) -> None:
    """Raises InputError where a plan of a nest has a range: weights inside a nest do not fall with one price alone."""
    spans, document = _spans(m), m.inputs.case_document
    nested = [m.choices.plans[j] for nest in m.choices.nests for j in nest if m.choices.plans[j] in spans]
    if nested:
        message = "is a range, but the plan is in a nest, and price ranges are not certified inside nests"
        cure = "write the price as a ladder, e.g. price: [15, 18, 20]"
        raise InputError([document.finding("price-range", f"plans.{name}.price", message, cure) for name in nested])


def certify(m: CaseModel, aim_of: Aim, settings: Settings) -> CertifiedMenu:
    """The most of a linear aim over all prices in the ranges, on price points where the case asks for them.

    Where there are points, the loss against the continuum is told; the bound is the continuum's where that is within
    the gap, else the points' own.

    Raises: InputError, SolverError, NotTrustedError as for ladders; InputError for a range inside a nest.
    """
    refuse_nests(m)
    spans = _spans(m)
    scale = yardstick(m.built.instance, aim_of(m)) if settings.scale is None else settings.scale
    settings = replace(settings, scale=scale)
    found = _certified(m, spans, aim_of, settings, scale)
    free = {name: span.continuum for name, span in spans.items()}
    if found.menu is None or free == spans or settings.late:
        return found
    try:
        wider = _certified(m, free, aim_of, settings, scale)
    except TimeLimitError:
        return found
    if wider.menu is None:
        return found
    loss, cells = max(0.0, wider.answer.value - found.answer.value), found.cells + wider.cells
    answer = replace(found.answer, work=found.answer.work + wider.answer.work)
    if reached(relative_gap(answer.value, wider.answer.bound, scale), settings.gap):
        answer = replace(answer, bound=wider.answer.bound, certificate=wider.answer.certificate, status=Status.OPTIMAL)
    return CertifiedMenu(found.menu, answer, cells, loss)


def _certified(m: CaseModel, spans: Spans, aim_of: Aim, settings: Settings, scale: float) -> CertifiedMenu:
    """Halve cells until bound and best price agree; ``settings.gap`` is what is asked for."""
    cells, points = _first_cells(m, spans), any(span.points is not None for span in spans.values())
    quick = replace(settings, cross_check=False, gap=settings.gap / 5.0, progress=None)
    bound, certificate, work, done = float("inf"), None, Work(steps=0), False
    best: CertifiedMenu | None = None
    for number in range(ROUNDS):
        try:
            with until(settings.deadline):
                exact = m.with_levels(_ends(cells))
                found = maximise(exact.built.instance, aim_of(exact), exact.limits, quick, _seed(exact, best))
                upper = _upper_bound(m, cells, aim_of, quick, scale)
        except TimeLimitError:
            if number == 0:
                raise
            break
        work = work + found.work + Work(boxes=upper.boxes, enumerated=upper.enumerated)
        if found.choice is not None and (best is None or found.value >= best.answer.value):
            best = CertifiedMenu(exact.choices.menu(found.choice), found, 0)
        if upper.status is search.SearchStatus.INFEASIBLE:
            return CertifiedMenu(None, replace(found, status=Status.INFEASIBLE, choice=None), _count(cells))
        if upper.bound < bound:
            bound = upper.bound
            certificate = {"prices": _cuts(m, cells, spans), "points": points, "relaxed": upper.certificate}
        done = best is not None and reached(relative_gap(best.answer.value, bound, scale), settings.gap)
        over = done or settings.late or number + 1 == ROUNDS
        if over or upper.menu is None or not _split(m, cells, spans, upper.menu):
            break
    if best is None:
        return CertifiedMenu(None, found, _count(cells))
    status, value = Status.OPTIMAL if done else Status.FEASIBLE, best.answer.value
    answer = replace(best.answer, bound=max(bound, value), status=status, work=work, certificate=certificate)
    return CertifiedMenu(best.menu, answer, _count(cells))


def recheck(m: CaseModel, aim_of: Aim, certificate: Mapping[str, Any]) -> float:
    """The bound that a certificate of :func:`certify` proves: its cells cover the ranges, and their relaxed instance
    is bounded. Raises NotTrustedError where something does not hold.
    """
    refuse_nests(m)
    spans = _spans(m)
    if not of_points(certificate):
        spans = {name: span.continuum for name, span in spans.items()}
    instance, aim, limits, _ = relaxed(m, _cells_of(m, certificate["prices"], spans), aim_of)
    return search.recheck(instance, aim, limits, certificate["relaxed"])


def _upper_bound(m: CaseModel, cells: Cells, aim_of: Aim, settings: Settings, scale: float) -> search.Screened:
    """The best menu of cells, by plan; no prices in them are worth more than its bound."""
    instance, aim, limits, composites = relaxed(m, cells, aim_of)
    found = search.maximise(
        instance,
        aim,
        limits,
        gap=settings.gap,
        scale=scale,
        deadline=settings.deadline,
        cancelled=settings.cancelled,
    )
    return found if found.menu is None else replace(found, menu=composites.unpacked(found.menu))


def _groups(row: list[PriceCell]) -> dict[Level, list[PriceCell]]:
    """A plan's cells by what they differ in besides the price, in order."""
    groups: dict[Level, list[PriceCell]] = {}
    for cell in row:
        key = None if cell.low is None else replace(cell.low, price=0.0)
        groups.setdefault(key, []).append(cell)
    return groups


def _cuts(m: CaseModel, cells: Cells, spans: Spans) -> dict[str, list[list[list[float]]]]:
    """Plan with a range -> the two ends of each of its cells, by setting of what else may be chosen, ascending."""
    found = {}
    for name, row in zip(m.choices.plans, cells, strict=True):
        if name in spans:
            groups = [group for key, group in _groups(row).items() if key is not None]
            found[name] = [[[_price(cell.low), _price(cell.high)] for cell in group] for group in groups]
    return found


def _price(level: Level) -> float:
    assert level is not None
    return level.price


def _cells_of(m: CaseModel, cuts: Mapping[str, Sequence[Sequence[Sequence[float]]]], spans: Spans) -> Cells:
    """The cells with these ends. Raises NotTrustedError where they do not cover the ranges."""
    found = []
    for name, row in zip(m.choices.plans, _first_cells(m, spans), strict=True):
        groups = _groups(row)
        if name in spans:
            priced = [key for key in groups if key is not None]
            if len(priced) != len(cuts[name]):
                raise NotTrustedError(f"the certificate leaves out price ranges of {name}")
            for key, ends in zip(priced, cuts[name], strict=True):
                groups[key] = _cells(key, _covering(spans[name], [(float(a), float(b)) for a, b in ends]))
        found.append([cell for group in groups.values() for cell in group])
    return found


def _covering(span: Span, ends: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """The ends, where the cells between them leave out no price. Raises NotTrustedError."""
    if span.points is None:
        edges, starts = (span.low, span.high), [b for _, b in ends]
        known = all(a < b for a, b in ends)
    else:
        points = span.points
        after = dict(itertools.pairwise(points))
        edges, starts = (points[0], points[-1]), [after.get(b, b) for _, b in ends]
        known = {x for pair in ends for x in pair} <= set(points) and all(a <= b for a, b in ends)
    joined = all(start == a for start, (a, _) in zip(starts, ends[1:], strict=False))
    if not ends or not known or not joined or (ends[0][0], ends[-1][1]) != edges:
        raise NotTrustedError("the price cells of the certificate do not cover a range")
    return ends


def _count(cells: Cells) -> int:
    return sum(len(row) for row in cells)


def _seed(m: CaseModel, best: CertifiedMenu | None) -> list[Choice]:
    """The best menu so far by its place among the new levels."""
    if best is None or best.menu is None:
        return []
    place = m.choices.choice(best.menu)
    return [] if place is None else [place]


def _split(m: CaseModel, cells: Cells, spans: Spans, menu: tuple[int, ...]) -> bool:
    """Halve the cells of the relaxed best menu and those beside them; False where all are narrow already."""
    cut = False
    for name, row, chosen in zip(m.choices.plans, cells, menu, strict=True):
        width = row[chosen].width
        if not width > 0.0:
            continue
        # from the back, so that the places before stay what they are
        for k in range(min(chosen + BESIDE, len(row) - 1), max(chosen - BESIDE, 0) - 1, -1):
            cell = row[k]
            if cell.high is not None and cell.width >= 0.75 * width > NARROW * cell.high.price:
                row[k : k + 1] = cell.halves(spans[name])
                cut = True
    return cut
