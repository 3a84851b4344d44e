"""The comparison of menus, or of paths of menus, across scenarios for readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.answer.comparison import Comparison, CrossTable
from optimizer.answer.path_comparison import PathComparison
from optimizer.studies.sections import (
    Content,
    Drawing,
    FigureName,
    Heading,
    Listing,
    Note,
    Row,
    Section,
    TextCell,
    TextTable,
    Value,
    say,
    term_columns,
    text_table,
    words,
)

if TYPE_CHECKING:
    from optimizer.answer.solution import Solution


def value_table(c: CrossTable) -> TextTable:
    """The value of every distinct menu, or path, in every scenario."""
    headings = [
        words(c.thing),
        *(Heading(f"{k} {c.titles[s]}", c.unit) for k, s in enumerate(c.scenarios, start=1)),
    ]
    rows: list[Row] = []
    for label, m in c.groups():
        cells = [c.cells[m, s] for s in c.scenarios]
        rows.append((label, *(TextCell(Value(x.value, c.unit), mark="" if x.feasible else "!") for x in cells)))
    title = say(
        f"{{figure}} of each {c.thing} (rows) in each scenario; ! misses a condition there",
        figure=FigureName(c.figure),
    )
    return text_table(headings, rows, title=title, stand_in=True)


def choice_table(c: Comparison, solution: Solution | None) -> TextTable:
    """Every distinct menu: the terms in which they differ, its expected value and largest regret."""
    groups = c.groups()
    names = [m for _, m in groups]
    budgets = [c.budgets.get(m) for m in names]
    columns, terms = term_columns([c.offers[m] for m in names], [c.shares[m] for m in names], c.plans, budgets)
    headings = [words("menu"), *columns, Heading("expected value", c.unit), Heading("largest regret", c.unit)]
    rows: list[Row] = [
        (
            TextCell(label, "strong"),
            *cells,
            Value(c.expected(m), c.unit),
            Value(c.maximum_regret(m), c.unit),
            TextCell(_remarks(c, m, solution is not None and c.menu(m) == solution.chosen), "new"),
        )
        for (label, m), cells in zip(groups, terms, strict=True)
    ]
    return text_table([*headings, words("remarks")], rows, title="Which menu to choose without knowing")


def path_choice_table(c: PathComparison) -> TextTable:
    """Every distinct path: the terms of its stages in which they differ, its expected value and largest regret."""
    groups = [(label, p, k) for label, p in c.groups() for k in range(len(c.first_months))]
    columns, terms = term_columns([c.offers[p][k] for _, p, k in groups], [0.0] * len(groups), c.plans)
    headings = [words("path"), words("from month"), *columns]
    headings += [Heading("expected value", c.unit), Heading("largest regret", c.unit), words("remarks")]
    rows: list[Row] = []
    for (label, p, k), cells in zip(groups, terms, strict=True):
        ends = (Value(c.expected(p), c.unit), Value(c.maximum_regret(p), c.unit), TextCell(_path_remarks(c, p), "new"))
        rows.append((TextCell(label if k == 0 else "", "strong"), str(c.first_months[k]), *cells,
                     *(ends if k == 0 else ("", "", ""))))  # fmt: skip
    return text_table(headings, rows, title="Which path to choose without knowing")


def _path_remarks(c: PathComparison, path: str) -> str:
    lots = zip(c.orders, c.chosen[path].lots, strict=True)
    orders = [f"orders {lot:g} lots of {offer} in month {month}" for (offer, month), lot in lots if lot]
    return ", ".join([*([_remarks(c, path, False)] if _remarks(c, path, False) else []), *orders])


def _remarks(c: CrossTable, menu: str, proposed: bool) -> str:
    told = {
        "proposed": proposed,
        "least regret": c.same(menu, c.least_regret),
        "best expected": c.same(menu, c.best_expected),
        "cannot win": menu not in c.candidates,
    }
    return ", ".join(words for words, true in told.items() if true)


def _why_not(c: CrossTable) -> list[Content]:
    """Which candidates cannot be recommended, and why; that none can, where it is so."""
    none = f"No {c.thing} meets the conditions in every scenario: the choice is among all of them."
    lead = [] if c.robust else [none]
    end = ": it cannot win." if c.robust else "."
    told = [
        say("{menu} misses {what}" + end, menu=label, what=tuple(f"{', '.join(v)} in {c.titles[s]}" for s, v in found))
        for label, m in c.groups()
        if (found := c.misses(m).items())
    ]
    return [*lead, *told]


def comparison_section(c: Comparison | PathComparison, solution: Solution | None) -> Section:
    """A comparison for readers."""
    read = say(
        f"Regret of each {c.thing} in each scenario: {{figure}} lost against the best {c.thing} there. “Best in 2” is "
        f"the best {c.thing} if scenario 2 comes. Darker is worse; ! misses a condition there.",
        figure=FigureName(c.figure),
    )
    none = {s: f" (no {c.thing} meets the conditions)" if s in c.infeasible else "" for s in c.scenarios}
    best = say(
        "Least regret: {least}. Best expected value: {best}.",
        least=c.label(c.least_regret),
        best=c.label(c.best_expected),
    )
    missed = _why_not(c)
    return Section(
        title="If the world turns out differently",
        blocks=(
            Drawing(caption=read),
            Listing(tuple(c.titles[s] + none[s] for s in c.scenarios), numbered=True, title="Scenarios"),
            value_table(c),
            path_choice_table(c) if isinstance(c, PathComparison) else choice_table(c, solution),
            Note(best),
            *([Listing(tuple(missed), title="Conditions missed")] if missed else []),
        ),
    )
