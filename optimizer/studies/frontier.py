"""The efficient frontier of two figures of a case: what does a point of share cost in margin?"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from optimizer.answer.frontier import Axis, Frontier, FrontierFamily, point_of, read_step, step_row
from optimizer.answer.offers import part_cells, part_columns, price_columns, prices
from optimizer.answer.path_frontier import PathFrontier
from optimizer.errors import InfeasibleError, bad_argument
from optimizer.studies.frontier_paths import (
    frontier_over_months,
    path_frontier_document,
    path_frontier_section,
    path_frontier_table,
    refuse_path_frontier,
)
from optimizer.studies.frontier_section import frontier_section
from optimizer.studies.ranges import menu_ranges
from optimizer.studies.sections import Content, FigureName, NumberForm, Section, Value, say
from optimizer.studies.study import Option, Setup, Study, register
from optimizer.studies.tables import Table, table

if TYPE_CHECKING:
    from os import PathLike

    from optimizer.answer.solution import Solution
    from optimizer.execution.executor import Executor
    from optimizer.inputs.changes import Changes
    from optimizer.model.case_model import CaseModel
    from optimizer.optimise.case_frontier import CaseStep
    from optimizer.optimise.frontier import Side
    from optimizer.optimise.outcome import Settings
    from optimizer.schema.case import Case

X, Y = "market_share", "contribution_margin"


def axis(case_model: CaseModel, name: str, sense: int | None = None) -> tuple[Axis, Side]:
    """An axis by figure name; ``-name`` asks for less of it. Raises InputError for an unknown figure."""
    from optimizer.economics import figures
    from optimizer.model.measures import measure
    from optimizer.optimise.frontier import Side

    asked = name.removeprefix("-")
    if not figures.is_figure(asked):
        raise bad_argument("frontier", f"no figure is named {asked!r}", f"one of {', '.join(figures.names())}")
    if sense is None:
        sense = -1 if name.startswith("-") else figures.figure(asked).sense
    made = measure(case_model.built, asked, figures.TOTAL, case_model.today_figure)
    return Axis(asked, sense, figures.unit_of(asked), case_model.today_figure(asked)), Side(made, sense)


def frontier_case(
    case: str | PathLike[str] | Case,
    x: str = X,
    y: str = Y,
    *,
    points: int = 21,
    even: bool = False,
    everything: bool = False,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    time_limit: float | None = None,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[CaseStep, int], None] | None = None,
    known: Sequence[CaseStep] = (),
) -> Frontier | PathFrontier:
    """The efficient frontier of two figures.

    Args:
        x, y: figures; ``-name`` asks for less of it; over months ``name@22-24``, see ``frontier_over_months``.
        points: solves to spend, at the ends and where neighbours lie farthest apart (``even``: evenly).
        everything: all efficient menus, however many.
        known: steps of an earlier run, not solved again.

    Raises:
        InputError; InfeasibleError where no menu meets the case's conditions.
    """
    from optimizer.execution import clock
    from optimizer.model.case_model import prepare_case
    from optimizer.optimise.outcome import Settings

    with clock.limited(time_limit):
        case_model = prepare_case(case, sets=sets, folder=folder)
        wanted = case_model.inputs.case.options.gap if gap is None else gap
        settings = Settings(gap=wanted, deadline=clock.deadline(), cancelled=cancelled)
        if over_months(case_model):
            refuse_path_frontier(case_model, even, everything, None)
            return frontier_over_months(case_model, x, y, settings, points)
        return frontier_of(case_model, x, y, settings, points, even, everything, progress, known)


def over_months(case_model: CaseModel) -> bool:
    """Whether the case has a horizon."""
    return case_model.inputs.case.horizon is not None


def refuse_ranges(case_model: CaseModel) -> None:
    """Raises InputError where prices are ranges."""
    from optimizer.optimise.price_ranges import has_ranges

    if case_model.choices.sifted:
        cure = "shorten the ladders of unit prices: a frontier chooses among all menus"
        raise bad_argument("frontier", "combinations of unit prices are sifted for the case's own objective", cure)
    if has_ranges(case_model):
        cure = "write the prices as a ladder, e.g. price: [15, 18, 20]"
        raise bad_argument("frontier", "the case gives prices as ranges, and a frontier chooses among menus", cure)


def frontier_of(
    case_model: CaseModel,
    x: str,
    y: str,
    settings: Settings,
    points: int = 21,
    even: bool = False,
    everything: bool = False,
    progress: Callable[[CaseStep, int], None] | None = None,
    known: Sequence[CaseStep] = (),
    label: str = "",
) -> Frontier:
    """The frontier of a prepared problem; where ``everything`` is asked for there is no gap."""
    from optimizer.optimise.case_frontier import trace_case

    if over_months(case_model):
        raise bad_argument("frontier", "the case asks over months", "ask frontier_case, or optimizer frontier")
    if points < 2:
        raise bad_argument("points", "must be at least 2")
    refuse_ranges(case_model)
    settings = replace(settings, gap=0.0 if everything else settings.gap)
    axis_x, side_x = axis(case_model, x)
    axis_y, side_y = axis(case_model, y)
    if axis_x.name == axis_y.name:
        raise bad_argument("frontier", "x and y are the same figure", "name two figures")
    found = trace_case(case_model, side_x, side_y, settings, points, even, everything, known, progress)
    if found.infeasible:
        raise InfeasibleError("no menu meets the conditions of the case; 'optimizer run' tells which clash")
    evaluations = tuple(case_model.evaluate(step.menu) for step in found.points)
    scale = side_y.scale(case_model.built.instance)
    made = tuple(
        point_of(step, evaluation, axis_x, axis_y, settings, scale)
        for step, evaluation in zip(found.points, evaluations, strict=True)
    )
    return Frontier(
        case_model.inputs.name,
        axis_x,
        axis_y,
        made,
        found.room,
        found.complete,
        everything,
        found.solves,
        found.seconds,
        label,
        evaluations,
    )


def banded(f: Frontier, m: CaseModel, draws: int) -> Frontier:
    """The same with every point's y over draws of all that is assumed, its menu kept."""
    found = menu_ranges(m, [p.chosen for p in f.points], [f.y.name], draws)
    return replace(f, band=tuple(r.figures[f.y.name] for r in found), draws=found[0].draws if found else 0)


def family(
    case_models: Mapping[str, CaseModel],
    x: str,
    y: str,
    settings: Settings,
    points: int = 21,
    executor: Executor | None = None,
    even: bool = False,
    everything: bool = False,
    progress: Callable[[int], None] | None = None,
) -> tuple[Frontier, ...]:
    """A frontier for each of several case models, for instance at three compute budgets.

    executor: where they are traced; by default local processes if that is worth it. Where ``settings.cancelled`` says
    so, those that were done before the first that was not. progress: told how many are done.
    """
    from optimizer.execution import clock
    from optimizer.execution.choice import run_all

    # time is told by the clock in force, which holds on other machines, too
    same = (x, y, replace(settings, cancelled=None, progress=None, deadline=None), points, even, everything)
    tasks = (case_models.values(), *map(repeat, same), case_models)
    with clock.until(settings.deadline):
        done = run_all(_member, *tasks, executor=executor, cancelled=settings.cancelled, progress=progress)
    return tuple(done)


def _member(
    m: CaseModel, x: str, y: str, settings: Settings, points: int, even: bool, everything: bool, label: str
) -> Frontier:
    from optimizer.execution import clock

    settings = replace(settings, deadline=clock.deadline())
    return frontier_of(m, x, y, settings, points, even, everything, label=label)


def point_rows(frontier: Frontier) -> list[dict[str, Any]]:
    """Points as plain data."""
    return [
        {
            "x": p.x,
            "y": p.y,
            "bound": p.bound,
            "gap": p.gap,
            "verdict": p.verdict,
            "status": p.status,
            "threshold": p.threshold,
            "figures": p.figures,
            "menu": menu,
            "enterprise_share": p.enterprise_share,
            **({} if p.chosen.budget is None else {"budget": p.chosen.budget}),
        }
        for p, menu in zip(frontier.points, frontier.offers(), strict=True)
    ]


def frontier_document(frontier: Frontier) -> dict[str, Any]:
    """A frontier as plain data; ``points`` from the best y to the best x."""

    def told(a: Axis) -> dict[str, Any]:
        return {"name": a.name, "sense": a.sense, "unit": a.unit, "today": a.today}

    return {
        "schema_version": 1,
        "case": frontier.case,
        "label": frontier.label,
        "x": told(frontier.x),
        "y": told(frontier.y),
        "status": "optimal" if frontier.complete else "interrupted",
        "all": frontier.everything,
        "points": point_rows(frontier),
        "band": [{"low": r.low, "middle": r.middle, "high": r.high} for r in frontier.band],
        "draws": frontier.draws,
        "room": frontier.room,
        "solves": frontier.solves,
        "seconds": {"solve": frontier.seconds},
    }


def frontier_table(f: Frontier, which: str = "") -> Table:
    """Every point with its menu and all headline figures, and today's place."""
    from optimizer.economics.figures import unit_of

    others = [n for n in (f.points[0].figures if f.points else {}) if n not in (f.x.name, f.y.name)]
    menus = f.offers()
    parts = part_columns(menus)
    columns = {"point": "", f.x.name: f.x.unit, f.y.name: f.y.unit, "bound": f.y.unit, "gap": "fraction",
               "verdict": "", "status": "", "enterprise_share": "fraction", **price_columns(menus),
               **{n: unit_of(n) for n in others}, **dict.fromkeys(parts, "")}  # fmt: skip
    rows: list[tuple[Any, ...]] = [
        (
            *(str(k), p.x, p.y, p.bound, p.gap, p.verdict, p.status, p.enterprise_share),
            *prices(menu),
            *(p.figures[n] for n in others),
            *part_cells(menu, parts),
        )
        for k, (p, menu) in enumerate(zip(f.points, menus, strict=True), start=1)
    ]
    rows.append(("today", f.x.today, f.y.today, *[None] * (len(columns) - 3)))
    return table(f"Frontier{which}", columns, rows)


Traced: TypeAlias = Frontier | FrontierFamily | PathFrontier


@register
class FrontierStudy(Study[Traced]):
    """One frontier, or a family of them."""

    verb = word = "frontier"
    help = "The trade-off between two figures, every point proven; with --out a stopped study goes on where it was."
    place = 1
    results = (Frontier, FrontierFamily, PathFrontier)
    alone = limited = stoppable = resumes = spread = True
    options = (
        Option("x", "--x", str, X, "Horizontal figure; -FIGURE asks for less; over months FIGURE@22-24.", "FIGURE"),
        Option("y", "--y", str, Y, "Vertical figure.", "FIGURE"),
        Option("points", "--points", int, 21, "How many solves to spend.", least=2, most=1000, in_report=15),
        Option("even", "--even", bool, False, "Even steps instead of the widest gaps."),
        Option("everything", "--all", bool, False, "All efficient menus."),
        Option(
            "band",
            "--band",
            int,
            0,
            "Draws of all that is assumed, for a band around the points.",
            least=0,
            most=1000,
            in_report=24,
        ),
        Option("family", "--family", str, None, "A frontier for each value of a number.", "PATH=V1,V2,..."),
    )

    def check(self, setup: Setup) -> None:
        o = setup.options
        if over_months(setup.case_model):
            return refuse_path_frontier(setup.case_model, o["even"], o["everything"], o["family"])
        if setup.options["everything"] and setup.options["even"]:
            raise bad_argument("--even", "it has no effect with --all", "leave one of the two out")
        return refuse_ranges(setup.case_model)

    def run(self, setup: Setup) -> Traced:
        o, m = setup.options, setup.case_model
        settings = replace(setup.settings, cancelled=setup.cancelled)
        if over_months(m):
            return frontier_over_months(m, o["x"], o["y"], settings, o["points"], setup.progress)
        asked, how = (o["x"], o["y"], settings, o["points"]), (o["even"], o["everything"])
        total = None if o["everything"] else o["points"]

        def done(step: CaseStep, count: int) -> None:
            setup.keep(step_row(step, m))
            setup.progress(count, total)

        if o["family"] is None:
            return banded(frontier_of(m, *asked, *how, done, _known(setup)), m, o["band"])
        from optimizer.inputs.scenarios import read_family
        from optimizer.model.case_model import with_changes

        worlds = {label: with_changes(m, changes) for label, changes in read_family(o["family"]).items()}

        def traced(count: int) -> None:
            setup.progress(count, len(worlds))

        return FrontierFamily(m.inputs.name, family(worlds, *asked, setup.executor, *how, traced))

    def spreads(self, setup: Setup) -> bool:
        return setup.options["family"] is not None

    def document(self, result: Traced) -> dict[str, Any]:
        if isinstance(result, PathFrontier):
            return path_frontier_document(result)
        if isinstance(result, Frontier):
            return frontier_document(result)
        told = [frontier_document(f) for f in result.frontiers]
        return {"schema_version": 1, "case": result.case, "family": told}

    def tables(self, result: Traced) -> tuple[Table, ...]:
        if isinstance(result, PathFrontier):
            return (path_frontier_table(result),)
        several = isinstance(result, FrontierFamily)
        return tuple(frontier_table(f, f" {k}" if several else "") for k, f in enumerate(_each(result), start=1))

    def sections(self, result: Traced, solution: Solution | None = None) -> tuple[Section, ...]:
        if isinstance(result, PathFrontier):
            return (path_frontier_section(result),)
        return tuple(frontier_section(f, solution) for f in _each(result))

    def first_words(self, result: Traced, solution: Solution) -> tuple[Content, ...]:
        return () if isinstance(result, PathFrontier) else tuple(w for f in _each(result) for w in same_x_words(f))

    def summary(self, result: Traced) -> tuple[tuple[str, Any, str], ...]:
        several = (result,) if isinstance(result, PathFrontier) else _each(result)
        return tuple(("the true frontier lies above the drawn one by at most", f.room, f.y.unit) for f in several)

    def complete(self, result: Traced) -> bool:
        return result.complete if isinstance(result, PathFrontier) else all(f.complete for f in _each(result))

    def saved_as(self, result: Traced) -> str:
        return "frontiers" if isinstance(result, FrontierFamily) else "frontier"

    def files(self, result: Traced) -> dict[str, str]:
        return {"frontier.csv": result.to_frame().to_csv(index=False)} if not isinstance(result, FrontierFamily) else {}


def same_x_words(f: Frontier) -> tuple[Content, ...]:
    """What there is to be had without giving up any of today's x."""
    best = f.at_today
    if best is None:
        return ()
    more = Value(best.y - f.y.today, f.y.unit, NumberForm.SIGNED)
    return (say("Giving up none of today’s {x} ({at}): {y} {value}, {more} against today.", more=more,
                x=FigureName(f.x.name), at=Value(f.x.today, f.x.unit), y=FigureName(f.y.name),
                value=Value(best.y, f.y.unit)),)  # fmt: skip


def _each(result: Frontier | FrontierFamily) -> tuple[Frontier, ...]:
    return (result,) if isinstance(result, Frontier) else result.frontiers


def _known(setup: Setup) -> tuple[CaseStep, ...]:
    """The steps of an earlier run; none where they cannot be read."""
    try:
        return tuple(read_step(row, setup.case_model) for row in setup.known)
    except (ValueError, KeyError, TypeError, IndexError):
        return ()
