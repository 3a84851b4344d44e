"""An answer over draws to a case over months as plain data, tables and words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from optimizer.answer.offers import part_cells, part_columns, price_columns, prices
from optimizer.studies.robust_told import (
    SHORT,
    conditions_table,
    draws_document,
    draws_told,
    fan_table,
    over_document,
    proof_files,
    ranges,
    refused,
)
from optimizer.studies.sections import (
    Block,
    Content,
    FigureName,
    Heading,
    Note,
    NumberForm,
    Row,
    Section,
    TextTable,
    Value,
    say,
    term_columns,
    text_table,
    words,
)
from optimizer.studies.tables import BY_ROW, Table, table

if TYPE_CHECKING:
    from optimizer.answer.path_robustness import RobustPath, RobustPathAnswer

SCHEMA_VERSION = 1
KIND = "paths"
HELD = "today’s menu held"
ROUNDING = 1e-12
"""Gaps below this are rounding."""


def robust_path_document(a: RobustPathAnswer) -> dict[str, Any]:
    """An answer over draws as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": KIND,
        "input_hash": a.input_hash,
        "case": a.case,
        "title": a.title,
        "question": a.question,
        "status": a.status if a.complete else "interrupted",
        "verdict": a.verdict,
        "verdict_text": path_verdict(a),
        "figure": {"name": a.figure, "months": a.window, "unit": a.unit, "sense": "most" if a.sense > 0 else "least"},
        "risk": a.risk,
        "tail": a.tail,
        "value": a.value,
        "bound": a.bound,
        "gap": a.gap,
        "gap_asked": a.gap_asked,
        "stages": _stages(a, a.asked),
        "draws": draws_document(a.draws, a.weighted),
        "units": dict(a.units),
        "paths": [_path(a, path) for path in a.paths],
        "work": {"boxes": a.boxes},
        "audit": {"largest_relative_difference": a.largest_difference},
        "seconds": dict(a.spent),
    }


def _stages(a: RobustPathAnswer, path: RobustPath) -> list[dict[str, Any]]:
    return [{"first_month": t, "menu": dict(menu)} for t, menu in zip(a.first_months, path.offers, strict=True)]


def _path(a: RobustPathAnswer, path: RobustPath) -> dict[str, Any]:
    return {
        "name": path.name,
        "asked": path.asked,
        "stages": _stages(a, path),
        "largest_regret": path.regret,
        "meets_conditions": path.meets,
        "proven_draws": over_document(path.proven, a.conditions),
        "fresh_draws": None if path.fresh is None else over_document(path.fresh, a.conditions),
    }


def path_verdict(a: RobustPathAnswer) -> str:
    """What is proven, and for which draws."""
    if a.verdict != "proved":
        return f"Best found for these {a.draws.count} draws; the proof was stopped at a gap of {a.gap:.1%}."
    return f"Proven best for these {a.draws.count} draws ({a.risk_words}), within a gap of {a.gap:.1e}."


def robust_path_tables(a: RobustPathAnswer) -> tuple[Table, ...]:
    """Figures of all paths over draws, and the paths by stage."""
    columns = {"path": "", "draws": "", "figure": "", "unit": "", "mean": BY_ROW, "p10": BY_ROW, "p50": BY_ROW,
               "p90": BY_ROW}  # fmt: skip
    rows = [
        (path.name, name, figure, a.units[figure], r.mean, r.p10, r.p50, r.p90)
        for path in a.paths
        for name, over in (("proven", path.proven), ("fresh", path.fresh))
        if over is not None
        for figure, r in over.figures.items()
    ]
    menus = [menu for path in a.paths for menu in path.offers]
    parts = part_columns(menus)
    staged = [
        (path.name, month, *prices(menu), *part_cells(menu, parts))
        for path in a.paths
        for month, menu in zip(a.first_months, path.offers, strict=True)
    ]
    terms = {"path": "", "from_month": "", **price_columns(menus), **dict.fromkeys(parts, "")}
    return table("Paths over draws", columns, rows), table("Menus of paths over draws", terms, staged)


def robust_path_sections(a: RobustPathAnswer) -> tuple[Section, ...]:
    """An answer over draws for readers."""
    lead = [path_verdict(a), _answer(a), *ranges(a.asked.proven, a.asked.fresh, a.unit),
            draws_told(a.draws, a.weighted)]  # fmt: skip
    blocks: list[Block] = [_menus(a), _bring(a)]
    if a.conditions:
        blocks.append(conditions_table(a.conditions, [(_name(path), path) for path in a.paths], a.asked))
    blocks += [fan_table(a.asked.fresh or a.asked.proven, _figure, a.units.__getitem__), *refused(a.draws)]
    if not a.complete:
        blocks.append(Note("The study was stopped early: what was done is kept."))
    return (Section("Over all that is not known", tuple(blocks), tuple(lead)),)


def _answer(a: RobustPathAnswer) -> Content:
    within = "no path does better" if a.gap <= ROUNDING else "within {gap} of the best there is"
    return say("{figure}, {window}, {risk}: {value}; " + within + ".", figure=FigureName(a.figure), window=a.window,
               risk=a.risk_words, value=Value(a.value, a.unit), gap=Value(a.gap, "1", NumberForm.GAP))  # fmt: skip


def _name(path: RobustPath) -> str:
    return (HELD if path.name == "today" else SHORT[path.name]) + (" (answer)" if path.asked else "")


def _menus(a: RobustPathAnswer) -> TextTable:
    """The terms in which stages or paths differ."""
    places = [(path, k) for path in a.paths for k in range(len(a.first_months))]
    columns, terms = term_columns([path.offers[k] for path, k in places], [0.0] * len(places), a.plans)
    rows: list[Row] = [
        (_name(path) if k == 0 else "", str(a.first_months[k]), *cells)
        for (path, k), cells in zip(places, terms, strict=True)
    ]
    title = "Paths side by side: the terms in which they differ"
    return text_table([words("best for"), words("from month"), *columns], rows, title=title)


def _bring(a: RobustPathAnswer) -> TextTable:
    """What every path brings, a column a path."""
    rows: list[Row] = []
    for which, overs in (("draws of the proof", [path.proven for path in a.paths]),
                         ("fresh draws", [path.fresh for path in a.paths])):  # fmt: skip
        known = [over for over in overs if over is not None]
        if len(known) == len(overs):
            where = f"{known[0].draws} {which}"
            rows += [(f"mean in {where}", *(Value(over.aim.mean, a.unit) for over in known)),
                     (f"worst {a.tail:.0%} in {where}", *(Value(over.tail, a.unit) for over in known)),
                     (f"worst in {where}", *(Value(over.worst, a.unit) for over in known))]  # fmt: skip
    if a.asked.regret is not None:
        rows.append(("largest regret", *(Value(path.regret, a.unit) for path in a.paths)))
    if a.conditions:
        rows.append(("meets the conditions", *("yes" if path.meets else "no" for path in a.paths)))
    headings = [words("best for"), *(Heading(_name(path)) for path in a.paths)]
    title = say("What they bring: {figure}, {window}", figure=FigureName(a.figure), window=a.window)
    return text_table(headings, rows, title=title)


def _figure(name: str) -> Content:
    figure, _, window = name.partition(", ")
    return say("{figure}, {window}", figure=FigureName(figure), window=window) if window else name


def robust_path_files(a: RobustPathAnswer) -> dict[str, str]:
    """Further files of ``--out``: the draws, what the answer was made from, and its proof."""
    return proof_files(a.draws, a.inputs, {"kind": KIND, "risk": a.risk, "tail": a.tail, "weighted": a.weighted,
                                           **a.certificate})  # fmt: skip
