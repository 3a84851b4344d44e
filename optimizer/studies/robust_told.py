"""An answer over draws as plain data, tables and words."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import groupby
from typing import TYPE_CHECKING, Any

from optimizer.studies.sections import (
    Content,
    FigureName,
    Heading,
    Listing,
    Note,
    NumberForm,
    Row,
    Section,
    TextCell,
    TextTable,
    Value,
    say,
    text_table,
    words,
)
from optimizer.studies.tables import BY_ROW, Table, table

if TYPE_CHECKING:
    from optimizer.answer.robustness import OverDraws, Range, RobustAnswer, RobustMenu
    from optimizer.answer.solution import Solution

SCHEMA_VERSION = 1
COMMON = 4
"""Levels of a lever that are listed."""
RANKED = 12
"""Numbers worth measuring that are listed."""
NAMES = {
    "point": "best for the middle values",
    "mean": "best on average",
    "cvar": "best in the worst tail",
    "worst": "best in the worst draw",
    "regret": "least regret",
    "mean, equal weights": "best on average, all draws alike",
}


def robust_document(a: RobustAnswer) -> dict[str, Any]:
    """An answer over draws as plain data."""
    return {
        "schema_version": SCHEMA_VERSION,
        "input_hash": a.input_hash,
        "case": a.case,
        "title": a.title,
        "question": a.question,
        "status": a.status if a.complete else "interrupted",
        "verdict": a.verdict,
        "verdict_text": verdict_text(a),
        "figure": {"name": a.figure, "unit": a.unit, "sense": "most" if a.sense > 0 else "least"},
        "risk": a.risk,
        "tail": a.tail,
        "value": a.value,
        "bound": a.bound,
        "gap": a.gap,
        "gap_asked": a.gap_asked,
        "menu": dict(a.menu),
        "mix": dict(a.asked.document["mix"]),
        "draws": {
            "count": a.draws.count,
            "seed": a.draws.seed,
            "effective": a.draws.effective if a.weighted else float(a.draws.count),
            "weighted_by_evidence": a.weighted,
            "tried": a.draws.tried,
            "refused": dict(a.draws.refused),
        },
        "menus": [_menu(a, menu) for menu in a.menus],
        "levers": [vars(row) for row in a.levers],
        "own_infeasible": a.own_infeasible,
        "worth": None if a.worth is None else _worth(a.worth),
        "seconds": dict(a.spent),
    }


def _menu(a: RobustAnswer, menu: RobustMenu) -> dict[str, Any]:
    return {
        "name": menu.name,
        "asked": menu.asked,
        "value": menu.value,
        "bound": menu.bound,
        "verdict": menu.verdict,
        "menu": dict(menu.document["menu"]),
        "mix": dict(menu.document["mix"]),
        "largest_regret": menu.regret,
        "proven_draws": _over(a, menu.proven),
        "fresh_draws": None if menu.fresh is None else _over(a, menu.fresh),
    }


def _over(a: RobustAnswer, over: OverDraws) -> dict[str, Any]:
    return {
        "draws": over.draws,
        "aim": vars(over.aim),
        "tail_mean": over.tail,
        "worst": over.worst,
        "figures": {name: vars(spread) for name, spread in over.figures.items()},
        "conditions": [
            {"name": name, "asked": where, "met_in": share}
            for (name, where), share in zip(a.conditions, over.conditions, strict=True)
        ],
    }


def _worth(w: Any) -> dict[str, Any]:
    return {
        "perfect_information": w.perfect,
        "numbers": [vars(one) for one in w.numbers],
        "null_mean": w.null,
        "null_most": w.null_most,
        "control": vars(w.control),
        "candidate_menus": w.candidates,
    }


def robust_files(a: RobustAnswer) -> dict[str, str]:
    """Further files of ``--out``: the draws, what the answer was made from, and its proof."""
    from optimizer.io.plain import dumps
    from optimizer.uncertainty.draws_file import draws_text

    return {
        "draws.json": draws_text(a.draws, "draws.json"),
        "inputs.json": a.inputs,
        "robust-certificate.json": dumps({"schema_version": SCHEMA_VERSION, "risk": a.risk, "tail": a.tail,
                                          "weighted": a.weighted, **a.certificate}),
    }  # fmt: skip


def robust_tables(a: RobustAnswer) -> tuple[Table, ...]:
    """Menus over draws, levers, and what numbers are worth."""
    columns = {"menu": "", "draws": "", "figure": "", "unit": "", "mean": BY_ROW, "p10": BY_ROW, "p50": BY_ROW,
               "p90": BY_ROW}  # fmt: skip
    rows = []
    for menu in a.menus:
        for name, over in (("proven", menu.proven), ("fresh", menu.fresh)):
            if over is not None:
                rows += [(menu.name, name, figure, _unit(figure), r.mean, r.p10, r.p50, r.p90)
                         for figure, r in over.figures.items()]  # fmt: skip
    made = [table("Over draws", columns, rows)]
    if a.levers:
        made.append(table("Levers over draws", {"plan": "", "lever": "", "level": "", "share of draws": "fraction"},
                          [(r.plan, r.lever, r.level, r.share) for r in a.levers]))  # fmt: skip
    if a.worth is not None:
        made.append(table("Worth knowing", {"number": "", "worth": a.unit, "above the null level": ""},
                          [(w.name, w.value, w.above_null) for w in (*a.worth.numbers, a.worth.control)]))  # fmt: skip
    return tuple(made)


def _unit(figure: str) -> str:
    from optimizer.economics.figures import unit_of

    return unit_of(figure)


def verdict_text(a: RobustAnswer) -> str:
    """What is proven, and for which draws."""
    if a.verdict != "proved":
        return f"Best found for these {a.draws.count} draws: the proof was stopped early."
    return f"Proven best for these {a.draws.count} draws ({a.risk_words})."


def robust_sections(a: RobustAnswer) -> tuple[Section, ...]:
    """An answer over draws for readers."""
    lead = [
        say("{verdict} {figure}, {risk}: {value}; no menu does better than {bound}.", verdict=verdict_text(a),
            figure=FigureName(a.figure), risk=a.risk_words, value=Value(a.value, a.unit),
            bound=Value(a.bound, a.unit)),
        _ranges(a),
        _draws_told(a),
    ]  # fmt: skip
    blocks: list[Any] = [_terms(a), _side_by_side(a)]
    if a.conditions:
        blocks.append(_conditions(a))
    blocks.append(_fan(a))
    blocks += _refused(a)
    if a.levers:
        blocks.append(_levers(a))
    blocks += _worth_blocks(a)
    if not a.complete:
        blocks.append(Note("The study was stopped early: what was done is kept."))
    return (Section("Over all that is not known", tuple(blocks), tuple(lead)),)


def _ranges(a: RobustAnswer) -> Content:
    fresh = a.asked.fresh
    if fresh is None:
        return say("In these draws {range}.", range=_range(a.asked.proven.aim, a.unit))
    return say("In these draws {range}; on {n} fresh draws {other}.", range=_range(a.asked.proven.aim, a.unit),
               n=str(fresh.draws), other=_range(fresh.aim, a.unit))  # fmt: skip


def _range(r: Range, unit: str) -> Content:
    return say("{low} to {high} in eight of ten (mean {mean})", low=Value(r.p10, unit), high=Value(r.p90, unit),
               mean=Value(r.mean, unit))  # fmt: skip


def first_words(a: RobustAnswer, solution: Solution) -> Content | None:
    """The range beside the number, for the first screen: of the solution's own menu where it was evaluated."""
    point = next((menu for menu in a.menus if menu.name == "point"), a.asked)
    told = point.fresh or point.proven
    return say("Over {n} draws of all that is assumed, the menu that is {name} brings {range}.", n=str(told.draws),
               name=NAMES[point.name], range=_range(told.aim, a.unit))  # fmt: skip


def _draws_told(a: RobustAnswer) -> Content:
    seed = "" if a.draws.seed is None else f" (seed {a.draws.seed})"
    by = f"; by the evidence they are worth {a.draws.effective:.3g}" if a.weighted else "; all count alike"
    return f"{a.draws.count} draws of {len(a.draws.paths)} numbers out of {a.draws.tried} points tried{seed}{by}."


def _terms(a: RobustAnswer) -> TextTable:
    shown = [plan for plan in a.menu if len({terms_in_words(m.document["menu"][plan]) for m in a.menus}) > 1]
    shown = shown or list(a.menu)
    headings = [words("menu"), *(words(plan) for plan in shown), Heading("budget for enterprise", "fraction")]
    rows: list[Row] = [
        (
            _name(menu),
            *(terms_in_words(menu.document["menu"][plan]) for plan in shown),
            Value(menu.document["mix"]["enterprise_share"], "fraction"),
        )
        for menu in a.menus
    ]
    return text_table(headings, rows, title="Menus side by side, where they differ")


def terms_in_words(own: Mapping[str, Any]) -> str:
    """A plan's terms in one line."""
    from optimizer.answer.menu import text

    if not own["offered"]:
        return "not offered"
    prices = ", ".join(f"{a} {p:g}" for a, p in own["unit_prices"].items())
    return "; ".join(part for part in (f"{own['price']:g}", text(own["allowances"]), prices) if part)


def allowance_in_words(allowance: Any) -> str:
    """An allowance by window, or a word for it."""
    return allowance if isinstance(allowance, str) else ", ".join(f"{cap:g}/{w}" for w, cap in allowance.items())


def _name(menu: RobustMenu) -> TextCell:
    return TextCell(NAMES[menu.name], "strong" if menu.asked else "", tag="answer" if menu.asked else "")


def _side_by_side(a: RobustAnswer) -> TextTable:
    headings = [words("menu")]
    for what in (f"in the {a.draws.count} draws of the proof", "on fresh draws"):
        headings += [Heading(f"mean {what}", a.unit), Heading(f"worst {a.tail:.0%} {what}", a.unit)]
    headings.append(Heading("largest regret", a.unit))
    rows: list[Row] = []
    for menu in a.menus:
        fresh = menu.fresh
        rows.append((
            _name(menu), Value(menu.proven.aim.mean, a.unit), Value(menu.proven.tail, a.unit),
            Value(None if fresh is None else fresh.aim.mean, a.unit),
            Value(None if fresh is None else fresh.tail, a.unit), Value(menu.regret, a.unit),
        ))  # fmt: skip
    return text_table(headings, rows, title="What they bring")


def _conditions(a: RobustAnswer) -> TextTable:
    headings = [words("condition"), words("asked")]
    headings += [Heading(f"{NAMES[menu.name]}: met in", "fraction") for menu in a.menus]
    rows: list[Row] = [
        (name, where, *(Value((menu.fresh or menu.proven).conditions[k], "fraction") for menu in a.menus))
        for k, (name, where) in enumerate(a.conditions)
    ]
    return text_table(
        headings, rows, title="Shares of the draws (fresh ones, where there are any) that meet each condition"
    )


def _fan(a: RobustAnswer) -> TextTable:
    over = a.asked.fresh or a.asked.proven
    headings = [words("figure"), Heading("mean"), Heading("one in ten below"), Heading("middle"),
                Heading("one in ten above")]  # fmt: skip
    rows: list[Row] = [
        (FigureName(name), *(Value(x, _unit(name)) for x in (r.mean, r.p10, r.p50, r.p90)))
        for name, r in over.figures.items()
    ]
    return text_table(headings, rows, title=f"The answer's figures over {over.draws} draws")


def _refused(a: RobustAnswer) -> list[Listing]:
    rows = tuple(f"{count} of {a.draws.tried}: {reason}" for reason, count in a.draws.refused.items())
    return [Listing(rows, title="Points that are no draws, and why")] if rows else []


def _levers(a: RobustAnswer) -> TextTable:
    rows: list[Row] = []
    for (plan, lever), own in groupby(a.levers, key=lambda row: (row.plan, row.lever)):
        often = [say("{level} in {share}", level=row.level, share=Value(row.share, "fraction"))
                 for row in own][:COMMON]  # fmt: skip
        rows.append((plan, lever, tuple(often)))
    headings = [words("plan"), words("lever"), words("levels by how often")]
    return text_table(headings, rows, title="Levers among the draws’ own best menus")


def _worth_blocks(a: RobustAnswer) -> list[Any]:
    w = a.worth
    if w is None:
        return []
    told = "The value of knowing everything is not told: in some draws no menu meets the conditions."
    first: Content = (
        told if w.perfect is None or not math.isfinite(w.perfect)
        else say("To know everything before deciding would be worth {v}.", v=Value(w.perfect, a.unit))
    )  # fmt: skip
    rows: list[Row] = [
        (one.name, Value(one.value, a.unit, NumberForm.PLAIN), "yes" if one.above_null else "no")
        for one in (*w.numbers[:RANKED], w.control)
    ]
    note = say("An unrelated number shows {null} on average, the largest of as many {most} in one case of twenty.",
               null=Value(w.null, a.unit), most=Value(w.null_most, a.unit))  # fmt: skip
    headings = [words("number"), Heading("worth knowing", a.unit), words("more than chance")]
    return [Note(first), text_table(headings, rows, title="What to measure first"), Note(note)]
