"""The frontier of two figures of a case over months: a limit on one is moved in steps, the other one optimised."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeAlias

from optimizer.answer.offers import part_cells, part_columns, price_columns, prices
from optimizer.answer.path_frontier import PathAxis, PathFrontier, PathPoint
from optimizer.errors import SolverError, bad_argument
from optimizer.studies.sections import (
    FigureName,
    Heading,
    Note,
    NumberForm,
    Row,
    Section,
    Value,
    say,
    term_columns,
    text_table,
    words,
)
from optimizer.studies.tables import Table, table

if TYPE_CHECKING:
    from optimizer.answer.path import PathSolution
    from optimizer.horizon.question import Aim, PathQuestion
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.outcome import Settings

Levels: TypeAlias = Sequence[Sequence[int]]
"""By stage and plan."""
ROUNDS = 12
"""Ratios that are tried for the largest one, each larger than the one before; three or four are usual."""
SAME = 1e-9
"""Relative difference of figures that is rounding."""


def refuse_path_frontier(m: CaseModel, even: bool, everything: bool, family: str | None) -> None:
    """Raises InputError, with a cure, for what a frontier over months does not know."""
    horizon = m.inputs.case.horizon
    if horizon is not None and horizon.gpus is not None:
        cure = "leave out horizon.gpus: GPUs are then paid as used"
        raise bad_argument("horizon.gpus", "a frontier over months is drawn without orders of GPUs", cure)
    if everything:
        cure = "ask for more --points instead"
        raise bad_argument("--all", "over months there are too many efficient paths to list", cure)
    if even:
        raise bad_argument("--even", "over months all steps are even", "leave it out")
    if family is not None:
        raise bad_argument("--family", "it is not asked over months", "run the study once for each value, with --set")


def frontier_over_months(
    m: CaseModel,
    x: str,
    y: str,
    settings: Settings,
    points: int = 21,
    progress: Callable[[int, int | None], None] | None = None,
) -> PathFrontier:
    """The frontier of two figures, written ``name``, ``name@month`` or ``name@first-last``.

    x without months is that of the last month, y discounted where it is money. Every point is proven: the best y of all
    paths whose x is at least its threshold. Raises InputError, with a cure; InfeasibleError.
    """
    from optimizer.answer.path_worlds import asked_of

    began, question = time.perf_counter(), asked_of(m)
    across, up = read_axis(question, x, False), read_axis(question, y, True)
    if (across.name, across.months) == (up.name, up.months):
        raise bad_argument("frontier", "x and y are the same figure", "name two figures")
    question = replace(question, aim=_aim(question, up))
    found: list[tuple[float | None, PathSolution]] = []
    complete, solves = True, 0
    for threshold, seed in _thresholds(question, across, settings, points, found):
        if found and _stopped(settings):
            complete = False
            break
        if threshold is not None and across.sense * (_reached(found[-1][1], across) - threshold) >= 0.0:
            continue  # the last path gives that much
        try:
            found.append((threshold, _solved(question, across, threshold, settings, seed)))
        except SolverError:
            if not found:
                raise
            complete = False
            break
        solves += 1
        if progress is not None:
            progress(solves, points)
    made = _points(question, across, found)
    held = found[0][1].held
    return PathFrontier(
        m.inputs.name, _with_held(across, held), replace(up, held=found[0][1].held_value), made,
        question.timeline.asked.firsts, {name: plan.title for name, plan in m.inputs.changed.plans.items()},
        _room(up, made), complete, solves, time.perf_counter() - began,
    )  # fmt: skip


def read_axis(question: PathQuestion, text: str, vertical: bool) -> PathAxis:
    """An axis from its words; ``-name`` asks for less of it. Raises InputError."""
    from optimizer.economics import figures
    from optimizer.horizon.question import MONEY

    flag, last = "--y" if vertical else "--x", question.timeline.months
    name, at, window = text.removeprefix("-").partition("@")
    if not figures.is_figure(name):
        raise bad_argument(flag, f"no figure is named {name!r}", f"one of {', '.join(figures.names())}")
    sense = -1 if text.startswith("-") else figures.figure(name).sense
    unit = figures.unit_of(name)
    if not at and vertical and name not in figures.RATIOS and unit == MONEY:
        return PathAxis(name, sense, "usd", None, 0.0)
    return PathAxis(name, sense, unit, _window(flag, window, last) if at else (last, last), 0.0)


def _window(flag: str, text: str, last: int) -> tuple[int, int]:
    first, _, end = text.partition("-")
    try:
        months = int(first), int(end or first)
    except ValueError:
        months = 0, 0
    if not 1 <= months[0] <= months[1] <= last:
        cure = f"write @24 or @22-24, within months 1 to {last}"
        raise bad_argument(flag, f"cannot read the months {text!r}", cure)
    return months


def _span(axis: PathAxis) -> range:
    """From 0."""
    assert axis.months is not None
    return range(axis.months[0] - 1, axis.months[1])


def _aim(question: PathQuestion, axis: PathAxis) -> Aim:
    """The vertical figure as what there is to be optimised. Raises InputError for a ratio whose denominator moves."""
    import numpy as np

    from optimizer.economics.figures import RATIOS
    from optimizer.horizon.question import Aim

    if axis.months is None:
        return Aim(axis.name, axis.sense, axis.unit, question.timeline.discount, None)
    if axis.name in RATIOS and not _share(axis):
        raise bad_argument("--y", f"{axis.name} cannot be the aim over months", f"write --x {axis.name}")
    weight, span = np.zeros(question.timeline.length), _span(axis)
    weight[span.start : span.stop] = 1.0 / len(span)
    return Aim(axis.name, axis.sense, axis.unit, weight, span)


def _asking(question: PathQuestion, axis: PathAxis, threshold: float) -> PathQuestion:
    """The question with a limit on the horizontal figure, the last of its conditions."""
    from optimizer.economics.figures import TOTAL
    from optimizer.horizon.question import PathCondition

    limit = PathCondition(axis.name, axis.name, TOTAL, axis.sense, threshold, _span(axis))
    return replace(question, conditions=(*question.conditions, limit))


def _solved(
    question: PathQuestion, axis: PathAxis, threshold: float | None, settings: Settings, seed: Levels | None = None
) -> PathSolution:
    """The best path with at least the threshold, checked month by month."""
    from optimizer.answer.path_solving import best_claim, path_solution

    asked = question if threshold is None else _asking(question, axis, threshold)
    return path_solution(asked, best_claim(asked, settings, seed), 0.0)


def _reached(solution: PathSolution, axis: PathAxis) -> float:
    """The horizontal figure of a path, by the evaluator."""
    from optimizer.horizon.question import over

    return over(solution.months, _span(axis), axis.name)


def _with_held(axis: PathAxis, held: Sequence[Any]) -> PathAxis:
    from optimizer.horizon.question import over

    return replace(axis, held=over(held, _span(axis), axis.name))


def _thresholds(
    question: PathQuestion, axis: PathAxis, settings: Settings, points: int, found: list[tuple[float | None, Any]]
) -> Iterator[tuple[float | None, Levels | None]]:
    """None; then, once the end with the best y is known, even steps to the best x, with its path, which all allow."""
    yield None, None
    near = _reached(found[0][1], axis)
    far, levels = _farthest(question, axis, found[0][1], settings)
    if axis.sense * (far - near) > SAME * max(abs(far), abs(near)):
        yield from ((near + (far - near) * k / (points - 1), levels) for k in range(1, points))


def _farthest(question: PathQuestion, axis: PathAxis, best: PathSolution, settings: Settings) -> tuple[float, Levels]:
    """The best x of all paths that meet the conditions, within the gap, and its path, from that of one of them.

    A ratio is raised until no path has numerator - ratio x denominator above 0. Source: Dinkelbach (1967).
    """
    from optimizer.economics.figures import RATIOS
    from optimizer.horizon.question import over
    from optimizer.horizon.search import YARDSTICK, search_paths
    from optimizer.search.engine import Clock

    value, months, moving = _reached(best, axis), best.months, axis.name in RATIOS and not _share(axis)
    levels = best.levels
    for _ in range(ROUNDS):
        asked = _asking(question, axis, value)
        *others, last = asked.limits
        horizon, gap = replace(asked.posed.horizon, weight=last.weight), settings.gap
        if moving:  # the difference is next to nothing, so the gap is one of the numerator
            top = abs(over(months, _span(axis), RATIOS[axis.name].numerator))
            gap = max(gap, gap * top / (YARDSTICK * horizon.magnitude))
        found = search_paths(horizon, gap, Clock(settings.deadline, settings.cancelled), limits=others)
        if found.incumbent is None:
            return value, levels
        there = asked.posed.levels(found.incumbent.path)
        months = question.timeline.follow(question.timeline.menus(there))
        reached = over(months, _span(axis), axis.name)
        if not axis.sense * (reached - value) > SAME * abs(value):
            return value, levels
        value, levels = reached, there
        if not moving or _stopped(settings):
            return value, levels
    return value, levels


def _share(axis: PathAxis) -> bool:
    from optimizer.horizon.streams import is_share

    return is_share(axis.name)


def _stopped(settings: Settings) -> bool:
    """Whether time is up, or the user has had enough."""
    from optimizer.search.engine import Clock

    return Clock(settings.deadline, settings.cancelled).stop() is not None


def _points(
    question: PathQuestion, axis: PathAxis, found: Sequence[tuple[float | None, PathSolution]]
) -> tuple[PathPoint, ...]:
    """Those that no other one beats or equals in both."""
    from optimizer.answer.path_worlds import chosen_of, offers_of

    made = []
    for threshold, s in found:
        chosen, o = chosen_of(s), s.objective
        made.append(PathPoint(chosen, offers_of(question, chosen), _reached(s, axis), o.value, o.bound, o.gap,
                              s.verdict, threshold))  # fmt: skip
    up = question.aim.sense
    return tuple(p for k, p in enumerate(made) if not any(up * (q.y - p.y) >= 0.0 for q in made[k + 1 :]))


def _room(up: PathAxis, points: Sequence[PathPoint]) -> float:
    """Between a point and the next one no path is better than the first one's bound; the staircase is at the second."""
    lower = [*points[1:], points[-1]]
    return max(0.0, *(up.sense * (p.bound - after.y) for p, after in zip(points, lower, strict=True)))


def path_frontier_document(f: PathFrontier) -> dict[str, Any]:
    """A frontier over months as plain data; ``points`` from the best y to the best x."""

    def told(a: PathAxis) -> dict[str, Any]:
        months = None if a.months is None else list(a.months)
        return {"name": a.name, "sense": a.sense, "unit": a.unit, "months": months, "held": a.held}

    return {
        "schema_version": 1,
        "kind": "paths",
        "case": f.case,
        "x": told(f.x),
        "y": told(f.y),
        "status": "optimal" if f.complete else "interrupted",
        "points": [
            {"x": p.x, "y": p.y, "bound": p.bound, "gap": p.gap, "verdict": p.verdict, "threshold": p.threshold,
             "stages": [{"first_month": t, "menu": menu} for t, menu in zip(f.first_months, p.offers, strict=True)]}
            for p in f.points
        ],
        "room": f.room,
        "solves": f.solves,
        "seconds": {"solve": f.seconds},
    }  # fmt: skip


def _second(f: PathFrontier) -> str:
    """The column of y, where x is the same figure in other months."""
    return f.y.name if f.y.name != f.x.name else f"{f.y.name} {f.y.words}"


def path_frontier_table(f: PathFrontier) -> Table:
    """Every point and stage."""
    menus = [menu for p in f.points for menu in p.offers]
    parts = part_columns(menus)
    columns = {"point": "", f.x.name: f.x.unit, _second(f): f.y.unit, "bound": f.y.unit, "gap": "fraction",
               "verdict": "", "from_month": "", **price_columns(menus), **dict.fromkeys(parts, "")}  # fmt: skip
    rows = [
        (str(k), p.x, p.y, p.bound, p.gap, p.verdict, month, *prices(menu), *part_cells(menu, parts))
        for k, p in enumerate(f.points, start=1)
        for month, menu in zip(f.first_months, p.offers, strict=True)
    ]
    return table("Frontier over months", columns, rows)


def path_frontier_section(f: PathFrontier) -> Section:
    """A frontier over months for readers."""
    places = [(p, k) for p in f.points for k in range(len(f.first_months))]
    columns, terms = term_columns([p.offers[k] for p, k in places], [0.0] * len(places), f.plans)
    names = [say("{figure}, {window}", figure=FigureName(a.name), window=a.words) for a in (f.x, f.y)]
    headings = [Heading(name, a.unit) for name, a in zip(names, (f.x, f.y), strict=True)]
    rows: list[Row] = []
    for (p, k), cells in zip(places, terms, strict=True):
        first = (Value(p.x, f.x.unit), Value(p.y, f.y.unit)) if k == 0 else ("", "")
        end = (Value(p.gap, form=NumberForm.GAP), p.verdict.replace("_", " ")) if k == 0 else ("", "")
        rows.append((*first, str(f.first_months[k]), *cells, *end))
    count = say(
        "{count} efficient paths from {solves} solves{end}. Between them the true frontier lies nowhere more than "
        "{room} above these steps (proven).",
        count=Value(len(f.points)),
        solves=Value(f.solves),
        end="" if f.complete else "; stopped early: what was done is kept",
        room=Value(f.room, f.y.unit),
    )
    held = say(
        "Today’s menu held: {x} {at_x}, {y} {at_y}.",
        x=names[0],
        y=names[1],
        at_x=Value(f.x.held, f.x.unit),
        at_y=Value(f.y.held, f.y.unit),
    )
    shown = text_table([*headings, words("from month"), *columns, Heading("gap"), words("verdict")], rows,
                       title=say("Efficient paths of {case}", case=f.case))  # fmt: skip
    return Section(say("What {x} costs in {y}", x=names[0], y=names[1]), (shown, Note(held), Note(count)))
