"""The tornado: how far the objective moves when each number moves to its low and its high."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from itertools import repeat
from typing import TYPE_CHECKING, Any, TypeAlias

from optimizer.answer.tornado import TOP, Driver, End, Tornado, driver_of, ends
from optimizer.errors import Finding, InfeasibleError, InputError, bad_argument
from optimizer.studies.sections import (
    Content,
    Drawing,
    FigureName,
    Heading,
    Listing,
    Note,
    NumberForm,
    PathName,
    Row,
    Section,
    TextCell,
    TextTable,
    Value,
    say,
    text_table,
    words,
)
from optimizer.studies.study import Option, Setup, Study, register, settings_for
from optimizer.studies.tables import BY_ROW, Table, table

if TYPE_CHECKING:
    from os import PathLike

    from optimizer.answer.solution import Solution
    from optimizer.execution.executor import Executor
    from optimizer.inputs.changes import Changes
    from optimizer.model.case_model import CaseModel
    from optimizer.model.choices import Menu
    from optimizer.optimise.outcome import Settings
    from optimizer.schema.base import Quantity
    from optimizer.schema.case import Case

SIDES = ("low", "high")
LISTED = 25
"""So many fit a terminal."""
GRADES = {
    "1": "maker's own page or filing",
    "2": "named press",
    "3": "retelling, used as a range",
    "D": "derived by arithmetic",
}


def sensitivity_case(
    case: str | PathLike[str] | Case,
    *,
    top: int = TOP,
    paths: list[str] | None = None,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    executor: Executor | None = None,
) -> Tornado:
    """The tornado of a case: every number with a low and a high, the ``top`` ones optimised anew.

    Args:
        progress: told how many of all evaluations and solves are done.
        executor: where they run; by default local processes if they are worth it. It is left open.

    Raises:
        InputError (also for a path without a range), InfeasibleError.
    """
    from optimizer.answer.run import solve_case_model
    from optimizer.model.case_model import prepare_case

    m = prepare_case(case, sets=sets, folder=folder)
    uncertain(m, paths)
    settings = settings_for(m, gap)
    return tornado(m, solve_case_model(m, settings), settings, top, paths, progress, cancelled, executor)


def tornado(
    m: CaseModel,
    solution: Solution,
    settings: Settings,
    top: int = TOP,
    paths: Sequence[str] | None = None,
    progress: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
    executor: Executor | None = None,
) -> Tornado:
    """The tornado around a solved case."""
    from optimizer.execution.choice import borrowed

    began = time.perf_counter()
    base, wanted = solution.objective.value, uncertain(m, paths)
    count = min(top, len(wanted))

    def told(before: int) -> Callable[[int], None] | None:
        return None if progress is None else lambda done: progress(before + done, 2 * (len(wanted) + count))

    with borrowed(executor, tornado_seconds(m, solution, len(wanted), count)) as runner:
        shared, quick = runner.share(m), replace(settings, cancelled=None, progress=None)

        def at_ends(task: Task, same: Any, ranges: list[Range], before: int) -> list[End]:
            paths = [path for path, _, _ in ranges for _ in SIDES]
            values = [end for _, low, high in ranges for end in (low, high)]
            return runner.gather(
                task, repeat(shared), repeat(same), paths, values, cancelled=cancelled, progress=told(before)
            )

        kept = at_ends(kept_value, solution.chosen, [(path, *ends(q)) for path, q in wanted.items()], 0)
        pairs = zip(wanted.items(), kept[::2], kept[1::2], strict=False)
        drivers = sorted(
            (driver_of(*number, *found) for number, *found in pairs), key=lambda d: (-d.swing(base), d.path)
        )
        redone = drivers[:count] if len(drivers) == len(wanted) else []
        best = at_ends(best_value, quick, [(d.path, d.low, d.high) for d in redone], len(kept))
    again = [d.redone(*found) for d, *found in zip(redone, best[::2], best[1::2], strict=False)]
    return Tornado(
        case=solution.case,
        figure=solution.objective.name,
        unit=solution.objective.unit,
        base=base,
        drivers=(*again, *drivers[len(again) :]),
        seconds=time.perf_counter() - began,
        complete=len(again) == count and len(drivers) == len(wanted),
        sources={key: (s.text, s.url, s.grade) for key, s in m.inputs.market.sources.items()},
    )


def tornado_seconds(m: CaseModel, solution: Solution, numbers: int | None = None, solves: int = TOP) -> float:
    """About how many seconds it will all take: a calibration from one nearby is a fraction of the first."""
    numbers = len(uncertain(m)) if numbers is None else numbers
    return 2.0 * (numbers * 0.2 * m.spent.get("calibrate", 0.0) + solves * solution.seconds.get("solve", 0.0))


def uncertain(case_model: CaseModel, paths: Sequence[str] | None = None) -> dict[str, Quantity]:
    """Numbers with a low and a high that differ, or those named. Raises InputError for a name without a range."""
    from optimizer.market.check import quantities

    known = quantities(case_model.inputs.market)
    found = {path: q for path, q in known.items() if not _fixed(path, q)}
    refused = [_refused(path, known.get(path)) for path in paths or () if path not in found]
    if refused:
        raise InputError(refused)
    return found if paths is None else {path: found[path] for path in paths}


def _fixed(path: str, q: Quantity) -> bool:
    return q.low is None or q.high is None or q.low >= q.high or path.startswith(("today.observed", "dynamics."))


def _refused(path: str, q: Quantity | None) -> Finding:
    """Why a number cannot be moved."""
    if q is None:
        message, cure = f"no number of the market is at {path!r}", "name one, e.g. plans.plus.price"
    elif path.startswith("today.observed"):
        message, cure = f"{path} was observed: worlds are calibrated to it", "name a number that is uncertain"
    else:
        message, cure = f"{path} has no range: its low and high do not differ", "state low and high in the market"
    return bad_argument("paths", message, cure).findings[0]


Range: TypeAlias = tuple[str, float, float]
"""Path, low, high."""
Task: TypeAlias = "Callable[[CaseModel, Any, str, float], End]"


def kept_value(m: CaseModel, menu: Menu, path: str, value: float) -> End:
    """The objective at the kept menu with one number moved; none where the market cannot be."""
    from optimizer.market.credibility import reported
    from optimizer.model.case_model import vary
    from optimizer.optimise.objectives import objective_of

    try:
        varied = vary(m, {path: value})
    except InputError as error:
        return End(None, error.findings[0].message)
    objective = objective_of(varied.inputs.case.objective, varied.today).last
    before = {(r.check, r.of) for r in reported(m.today) if r.passed}
    missed = [r for r in reported(varied.today) if not r.passed and (r.check, r.of) in before]
    contradicts = tuple(r.check if r.of == "total" else f"{r.check} of {r.of}" for r in missed)
    return End(objective.value(varied.evaluate(varied.carried(menu, m))), "", contradicts)


def best_value(m: CaseModel, settings: Settings, path: str, value: float) -> End:
    """The objective of the best menu with one number moved; none where there is none."""
    from optimizer.answer.solving import solve_stages
    from optimizer.model.case_model import vary

    try:
        return End(solve_stages(vary(m, {path: value}), settings, diagnosed=False)[-1].reported.value)
    except InputError as error:
        return End(None, error.findings[0].message)
    except InfeasibleError:
        return End(None, "no menu meets the conditions")


def tornado_document(t: Tornado) -> dict[str, Any]:
    """A tornado as plain data."""
    return {
        "schema_version": 1,
        "status": "optimal" if t.complete else "interrupted",
        "case": t.case,
        "figure": {"name": t.figure, "unit": t.unit, "value": t.base},
        "drivers": [
            {
                "path": d.path,
                "unit": d.unit,
                "value": d.value,
                "low": d.low,
                "high": d.high,
                "assumed": d.assumed,
                "why": d.why,
                "kept": {"low": d.kept_low, "high": d.kept_high},
                "best": {"low": d.best_low, "high": d.best_high},
                "swing": d.swing(t.base),
                "missing": dict(d.missing),
                "contradicts": {side: list(figures) for side, figures in d.contradicts.items()},
            }
            for d in t.drivers
        ],
        "seconds": {"solve": t.seconds},
    }


def tornado_table(t: Tornado) -> Table:
    """Every number, its range, and the objective at its ends."""
    columns = {"path": "", "unit": "", "value": BY_ROW, "low": BY_ROW, "high": BY_ROW, "assumed": "",
               "menu kept, at low": t.unit, "menu kept, at high": t.unit, "menu optimised anew, at low": t.unit,
               "menu optimised anew, at high": t.unit, "swing": t.unit, "source_or_reason": "",
               "why_without_value": "", "contradicts": ""}  # fmt: skip
    rows = [
        (
            *(d.path, d.unit, d.value, d.low, d.high, d.assumed),
            *(d.kept_low, d.kept_high, d.best_low, d.best_high, d.swing(t.base), d.why),
            "; ".join([*(f"{key}: {why}" for key, why in d.missing.items())]),
            "; ".join(f"{side}: {', '.join(figures)}" for side, figures in d.contradicts.items()),
        )
        for d in t.drivers
    ]
    return table("Tornado", columns, rows)


def remarks(d: Driver) -> list[Content]:
    """Why an end has no value, and what it contradicts."""
    told: dict[tuple[str, str], list[str]] = {}
    for key, why in d.missing.items():
        menu, side = key.split("_")
        told.setdefault((side, why), []).append("kept" if menu == "kept" else "optimised anew")
    none = [
        say("no value at its {side}, menu {menus}: {why}", side=side, menus=" or ".join(menus), why=why)
        for (side, why), menus in told.items()
    ]
    sides: dict[tuple[str, ...], list[str]] = {}
    for side, figures in d.contradicts.items():
        sides.setdefault(figures, []).append(side)
    against = [
        say("at its {ends} it contradicts the reported {figures}", ends=" and ".join(ends), figures=_names(figures))
        for figures, ends in sides.items()
    ]
    return [*none, *against]


def _names(figures: Iterable[str]) -> Content:
    return tuple(FigureName(figure) for figure in figures)


def remark_listing(t: Tornado) -> list[Listing]:
    """Remarks on the numbers that matter most, and on all others that are shown without a value."""
    leading = t.leading()
    shown = [*leading, *(d for d in t.drivers[:LISTED] if d.missing and d not in leading)]
    told = tuple(say("{number}: {what}", number=PathName(d.path), what=what) for d in shown for what in remarks(d))
    return [Listing(told, title="Ends without a value, and worlds that contradict reported figures")] if told else []


def end_table(t: Tornado) -> TextTable:
    """The objective at every number's ends, the menu kept and optimised anew."""

    def end(d: Driver, menu: str, side: str) -> TextCell:
        mark = "!" if side in d.contradicts and menu == "kept" else ""
        return TextCell(Value(getattr(d, f"{menu}_{side}"), t.unit), mark=mark)

    headings = [words("number"), Heading("low"), Heading("high")]
    headings += [Heading(f"menu {menu}, at {side}", t.unit) for menu in ("kept", "re-optimised") for side in SIDES]
    rows: list[Row] = [
        (
            TextCell(PathName(d.path), tag="assumed" if d.assumed else ""),
            Value(d.low, d.unit),
            Value(d.high, d.unit),
            *(end(d, menu, side) for menu in ("kept", "best") for side in SIDES),
        )
        for d in t.drivers[:LISTED]
    ]
    title = say("{figure} at each number’s low and high; ! such a world contradicts reported figures",
                figure=FigureName(t.figure))  # fmt: skip
    return text_table(headings, rows, title=title, stand_in=True)


def evidence_table(t: Tornado) -> TextTable:
    """Where the numbers that matter most come from."""
    headings = [
        *(words(name) for name in ("number", "used", "could be")),
        Heading("moves the result by", t.unit),
        words("evidence"),
    ]
    rows: list[Row] = [
        (
            TextCell(PathName(d.path), "strong"),
            Value(d.value, d.unit, NumberForm.STATED),
            say("{low} to {high}", low=Value(d.low, d.unit), high=Value(d.high, d.unit)),
            Value(d.swing(t.base), t.unit),
            _evidence(t, d),
        )
        for d in t.leading()
    ]
    return text_table(headings, rows, title="Where the numbers that matter most come from")


def _evidence(t: Tornado, d: Driver) -> TextCell:
    if d.assumed or d.why not in t.sources:
        return TextCell(d.why, "small", tag="assumed" if d.assumed else "")
    text, url, grade = t.sources[d.why]
    return TextCell(f"{text} (grade {grade}: {GRADES.get(grade, '')})", "small", link=url)


def tornado_section(t: Tornado) -> Section:
    """A tornado for readers."""
    lead = say("{figure} is {base}.", figure=FigureName(t.figure), base=Value(t.base, t.unit))
    none: list[Content] = [] if t.drivers or not t.complete else ["No number of this market has a range."]
    read = (
        "Bars: where it moves with this menu when one number is at its low or high; thin bars: with the best menu for "
        "that number. * assumed; ! such a world contradicts reported figures."
    )
    return Section(
        title="Which numbers matter most",
        lead=(lead, *none),
        blocks=(
            *((Drawing(caption=read), end_table(t), evidence_table(t)) if t.drivers else ()),
            *remark_listing(t),
            *([] if t.complete else [Note("The study was stopped early: what was done is kept.")]),
        ),
    )


@register
class SensitivityStudy(Study[Tornado]):
    """The tornado."""

    verb = "sensitivity"
    word = "tornado"
    help = "The tornado: the objective at each number's low and high, the menu kept and re-optimised."
    place = 3
    results = (Tornado,)
    spread = True
    in_report = False
    stoppable = True
    options = (
        Option("top", "--top", int, TOP, "How many numbers to re-optimise at their low and high.", least=0),
        Option("paths", "--path", str, None, "Only this number; may be repeated.", "PATH", many=True),
    )

    def check(self, setup: Setup) -> None:
        uncertain(setup.case_model, setup.options["paths"])

    def run(self, setup: Setup) -> Tornado:
        o, settings = setup.options, replace(setup.settings, cross_check=False)
        solution = replace(setup, settings=settings).answer()
        asked = (o["top"], o["paths"], setup.progress, setup.cancelled, setup.executor)
        return tornado(setup.case_model, solution, settings, *asked)

    def document(self, result: Tornado) -> dict[str, Any]:
        return tornado_document(result)

    def tables(self, result: Tornado) -> tuple[Table, ...]:
        return (tornado_table(result),)

    def sections(self, result: Tornado, solution: Solution | None = None) -> tuple[Section, ...]:
        return (tornado_section(result),)

    def seconds(self, setup: Setup) -> float:
        return tornado_seconds(setup.case_model, setup.answer())

    def complete(self, result: Tornado) -> bool:
        return result.complete

    def saved_as(self, result: Tornado) -> str:
        return "sensitivity"
