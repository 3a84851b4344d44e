"""An answer over draws as plain data, tables and words."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import groupby
from typing import TYPE_CHECKING, Any

from optimizer.studies.robust_worth import experiments_document, worth_blocks, worth_document, worth_tables
from optimizer.studies.sections import (
    Block,
    Content,
    FigureName,
    Heading,
    Listing,
    Note,
    NumberForm,
    Row,
    Section,
    TextTable,
    Value,
    say,
    text_table,
    words,
)
from optimizer.studies.tables import BY_ROW, Table, table

if TYPE_CHECKING:
    from optimizer.answer.path_robustness import RobustPath
    from optimizer.answer.robustness import OverDraws, Range, RobustAnswer, RobustMenu
    from optimizer.answer.solution import Solution
    from optimizer.uncertainty.drawing import MarketDraws

SCHEMA_VERSION = 1
ROUNDING = 1e-12
"""Gaps below this are rounding."""
COMMON = 4
"""Levels of a lever that are listed."""
REFUSALS = {
    "calibration-retention": "the reported retention or renewal cannot be had with these numbers",
    "calibration-room": "more customers than there are people in reach",
    "calibration-count": "the reported counts cannot be had with these numbers",
    "calibration": "the reported counts cannot be had with these numbers",
}
"""Codes of what cannot be calibrated, in words."""
SHORT = {
    "point": "middle values",
    "mean": "average",
    "cvar": "worst tail",
    "worst": "worst draw",
    "regret": "regret",
    "mean, equal weights": "average, all alike",
}
"""What menus are the best for."""
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
        "draws": draws_document(a.draws, a.weighted),
        "menus": [_menu(a, menu) for menu in a.menus],
        "levers": [vars(row) for row in a.levers],
        "own_infeasible": a.own_infeasible,
        "worth": None if a.worth is None else worth_document(a.worth),
        "experiments": None if a.experiments is None else experiments_document(a.experiments),
        "seconds": dict(a.spent),
    }


def draws_document(draws: MarketDraws, weighted: bool) -> dict[str, Any]:
    """Draws as plain data, without their values."""
    return {
        "count": draws.count,
        "seed": draws.seed,
        "effective": draws.effective if weighted else float(draws.count),
        "weighted_by_evidence": weighted,
        "tried": draws.tried,
        "refused": dict(draws.refused),
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
        "meets_conditions": menu.meets,
        "proven_draws": over_document(menu.proven, a.conditions),
        "fresh_draws": None if menu.fresh is None else over_document(menu.fresh, a.conditions),
    }


def over_document(over: OverDraws, conditions: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """A menu, or a path, over draws as plain data."""
    return {
        "draws": over.draws,
        "aim": vars(over.aim),
        "tail_mean": over.tail,
        "worst": over.worst,
        "figures": {name: vars(spread) for name, spread in over.figures.items()},
        "conditions": [
            {"name": name, "asked": where, "met_in": share}
            for (name, where), share in zip(conditions, over.conditions, strict=True)
        ],
    }


def robust_files(a: RobustAnswer) -> dict[str, str]:
    """Further files of ``--out``: the draws, what the answer was made from, and its proof."""
    told = {"risk": a.risk, "tail": a.tail, "weighted": a.weighted, **a.certificate}
    return proof_files(a.draws, a.inputs, told)


def proof_files(draws: MarketDraws, inputs: str, certificate: Mapping[str, Any]) -> dict[str, str]:
    """The draws, what an answer was made from, and its proof."""
    from optimizer.io.plain import dumps
    from optimizer.uncertainty.draws_file import draws_text

    return {
        "draws.json": draws_text(draws, "draws.json"),
        "inputs.json": inputs,
        "robust-certificate.json": dumps({"schema_version": SCHEMA_VERSION, **certificate}),
    }


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
    return (*made, *worth_tables(a))


def _unit(figure: str) -> str:
    from optimizer.economics.figures import unit_of

    return unit_of(figure)


def verdict_text(a: RobustAnswer) -> str:
    """What is proven, and for which draws."""
    if a.verdict != "proved":
        return f"Best found for these {a.draws.count} draws: the proof was stopped early."
    return f"Proven best for these {a.draws.count} draws ({a.risk_words})."


def robust_sections(a: RobustAnswer, solution: Solution | None = None) -> tuple[Section, ...]:
    """An answer over draws for readers; beside a solution the first screen has the menus side by side."""
    lead = [verdict_text(a), _answer(a), *_ranges(a), draws_told(a.draws, a.weighted)]
    blocks: list[Block] = [_side_by_side(a)] if solution is None else []
    blocks += [*_over_draws(a), *refused(a.draws)]
    if a.levers:
        blocks.append(_levers(a))
    blocks += worth_blocks(a)
    if not a.complete:
        blocks.append(Note("The study was stopped early: what was done is kept."))
    return (Section("Over all that is not known", tuple(blocks), tuple(lead)),)


def _over_draws(a: RobustAnswer) -> list[Block]:
    menus = [(_name(menu), menu) for menu in a.menus]
    met = [conditions_table(a.conditions, menus, a.asked)] if a.conditions else []
    return [*met, fan_table(a.asked.fresh or a.asked.proven, FigureName, _unit)]


def _answer(a: RobustAnswer) -> Content:
    within = "no menu does better" if a.gap <= ROUNDING else "within {gap} of the best there is"
    return say("{figure}, {risk}: {value}; " + within + ".", figure=FigureName(a.figure), risk=a.risk_words,
               value=Value(a.value, a.unit), gap=Value(a.gap, "1", NumberForm.GAP))  # fmt: skip


def _ranges(a: RobustAnswer, menu: RobustMenu | None = None) -> list[Content]:
    """A menu's range in the draws of the proof, and apart from it in fresh ones."""
    told = menu or a.asked
    return ranges(told.proven, told.fresh, a.unit)


def ranges(proven: OverDraws, fresh: OverDraws | None, unit: str) -> list[Content]:
    """What a menu, or a path, brings in the draws of the proof, and apart from it in fresh ones."""
    found: list[Content] = [say("In the {n} draws of the proof it brings {range}.", n=str(proven.draws),
                                range=_range(proven.aim, unit))]  # fmt: skip
    if fresh is not None:
        found.append(say("On {n} fresh draws it brings {range}.", n=str(fresh.draws), range=_range(fresh.aim, unit)))
    return found


def _range(r: Range, unit: str) -> Content:
    return say("{mean} on average, {low} to {high} in eight of ten", low=Value(r.p10, unit), high=Value(r.p90, unit),
               mean=Value(r.mean, unit))  # fmt: skip


def first_words(a: RobustAnswer, solution: Solution) -> tuple[Content, ...]:
    """The range beside the number, for the first screen: of the solution's own menu, where it was evaluated."""
    menu = _menu_of(a, solution)
    if menu is None:
        return ()
    over = say("This menu is {name} over {n} draws of all that is assumed.", name=NAMES[menu.name],
               n=str(a.draws.count))  # fmt: skip
    return (over, *_ranges(a, menu))


def first_blocks(a: RobustAnswer, solution: Solution) -> tuple[Block, ...]:
    """The menus side by side, for the first screen."""
    return (_side_by_side(a),)


def _menu_of(a: RobustAnswer, solution: Solution) -> RobustMenu | None:
    """The one among the menus that a solution has chosen, the answer first; None where it has none of them."""
    own = {p.plan: (p.offered, p.price, p.allowances, p.unit_prices) for p in solution.menu}
    for menu in sorted(a.menus, key=lambda menu: not menu.asked):
        plans = menu.document["menu"]
        told = {plan: (t["offered"], t["price"], t["allowances"], t["unit_prices"]) for plan, t in plans.items()}
        if told == own and menu.document["mix"]["enterprise_share"] == solution.enterprise_share:
            return menu
    return None


def draws_told(draws: MarketDraws, weighted: bool) -> Content:
    """How many draws there are, what they count, and how many points were none."""
    seed = "" if draws.seed is None else f" (seed {draws.seed})"
    alike = "all meet the evidence" if draws.effective > draws.count - 1e-9 else ""
    worth = alike or f"by the evidence they are worth {draws.effective:.3g}"
    by, none = worth if weighted else "all count alike", draws.tried - draws.count
    return say("{count} draws of {numbers} numbers{seed}; {by}. {refused} of {tried} points tried were no draws "
               "({share}).", count=str(draws.count), numbers=str(len(draws.paths)), seed=seed, by=by,
               refused=str(none), tried=str(draws.tried),
               share=Value(none / max(1, draws.tried), "fraction"))  # fmt: skip


def _side_by_side(a: RobustAnswer) -> TextTable:
    """A column a menu: terms in which they differ, and what they bring."""
    headings = [words("best for"), *(Heading(_name(menu), text=True) for menu in a.menus)]
    rows: list[Row] = [*_terms(a), *_bring(a)]
    return text_table(headings, rows, title="Menus side by side: where they differ, what they bring")


def _terms(a: RobustAnswer) -> list[Row]:
    from optimizer.studies.robust_menus import levers_of

    own = [{(plan, lever): level for plan, lever, level in levers_of(m.document)} for m in a.menus]
    order = {plan: k for k, plan in enumerate(["", *a.menu])}
    keys = sorted(dict.fromkeys(key for levers in own for key in levers), key=lambda key: order[key[0]])
    return [
        (" ".join(part for part in key if part), *(levers.get(key, "-") for levers in own))
        for key in keys
        if len({levers.get(key, "-") for levers in own}) > 1
    ]


def _bring(a: RobustAnswer) -> list[Row]:
    fresh = next((menu.fresh.draws for menu in a.menus if menu.fresh is not None), 0)
    told: list[tuple[str, Sequence[float | None]]] = []
    for where, overs in ((f"{a.draws.count} draws (proven)", [menu.proven for menu in a.menus]),
                         (f"{fresh} fresh draws", [menu.fresh for menu in a.menus])):  # fmt: skip
        if any(over is not None for over in overs):
            told.append((f"mean in {where}", [None if over is None else over.aim.mean for over in overs]))
            told.append((f"worst {a.tail:.0%} in {where}", [None if over is None else over.tail for over in overs]))
    told.append(("largest regret", [menu.regret for menu in a.menus]))
    rows: list[Row] = [(name, *(Value(value, a.unit) for value in values)) for name, values in told]
    if a.conditions:
        rows.append(("meets the conditions", *("yes" if menu.meets else "no" for menu in a.menus)))
    return rows


def conditions_table(
    conditions: Sequence[tuple[str, str]],
    menus: Sequence[tuple[str, RobustMenu | RobustPath]],
    asked: RobustMenu | RobustPath,
) -> TextTable:
    """Shares of the draws, fresh ones where there are any, that meet each condition; a column a menu, or a path."""
    from optimizer.economics.figures import is_figure

    over = asked.fresh or asked.proven
    headings = [words("condition"), words("asked"), *(Heading(name) for name, _ in menus)]
    rows: list[Row] = [
        (
            FigureName(name) if is_figure(name) else name,
            where,
            *(Value((menu.fresh or menu.proven).conditions[k], "fraction") for _, menu in menus),
        )
        for k, (name, where) in enumerate(conditions)
    ]
    which = "fresh draws" if asked.fresh is not None else "draws of the proof"
    return text_table(headings, rows, title=f"Share of the {over.draws} {which} that meet each condition")


def allowance_in_words(allowance: Any) -> str:
    """An allowance by window, or a word for it."""
    return allowance if isinstance(allowance, str) else ", ".join(f"{cap:g}/{w}" for w, cap in allowance.items())


def _name(menu: RobustMenu) -> str:
    return SHORT[menu.name] + (" (answer)" if menu.asked else "")


def fan_table(over: OverDraws, name: Callable[[str], Content], unit: Callable[[str], str]) -> TextTable:
    """The figures of a menu, or a path, over draws; ``name`` and ``unit`` of a figure as it is told."""
    headings = [words("figure"), Heading("mean"), Heading("one in ten below"), Heading("middle"),
                Heading("one in ten above")]  # fmt: skip
    rows: list[Row] = [
        (name(figure), *(Value(x, unit(figure)) for x in (r.mean, r.p10, r.p50, r.p90)))
        for figure, r in over.figures.items()
    ]
    return text_table(headings, rows, title=f"The answer's figures over {over.draws} draws")


def refused(draws: MarketDraws) -> list[Listing]:
    """Why points were no draws."""
    rows = tuple(
        say("{share}: {why}", share=Value(count / draws.tried, "fraction"), why=refusal_in_words(reason))
        for reason, count in draws.refused.items()
    )
    return [Listing(rows, title="Points that were no draws, of all that were tried, and why")] if rows else []


def refusal_in_words(reason: str) -> str:
    """Why a point was no draw, for readers."""
    code, _, where = reason.partition(": ")
    return f"{REFUSALS[code]} ({where})" if code in REFUSALS and where else reason


def _levers(a: RobustAnswer) -> TextTable:
    rows: list[Row] = []
    for (plan, lever), own in groupby(a.levers, key=lambda row: (row.plan, row.lever)):
        often = [say("{level} in {share}", level=row.level, share=Value(row.share, "fraction"))
                 for row in own][:COMMON]  # fmt: skip
        rows.append((plan, lever, tuple(often)))
    headings = [words("plan"), words("lever"), words("levels by how often")]
    return text_table(headings, rows, title="Levers among the draws’ own best menus")
