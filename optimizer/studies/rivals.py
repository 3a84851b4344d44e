"""Rivals who answer: the menu that earns most once they have, and what becomes of the menu that did not expect them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from optimizer.answer.offers import part_cells, part_columns, price_columns, prices
from optimizer.studies.rivalry import MEANING, Asks, PathStep, RivalAnswer, Rivalry, prices_text, rivalry_of
from optimizer.studies.sections import (
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
    term_columns,
    text_table,
    words,
)
from optimizer.studies.study import Setup, Study, only_long_run, register
from optimizer.studies.tables import Table, table

if TYPE_CHECKING:
    from optimizer.answer.solution import Solution


def _asks_rows(asks: Asks | None) -> dict[str, Any] | None:
    if asks is None:
        return None
    return {
        name: {
            "title": a.title,
            "prices": dict(a.prices),
            "at_end_of_ladder": list(a.at_end),
            **({} if a.margin is None else {"margin": a.margin}),
        }
        for name, a in asks.items()
    }


def _answered(a: RivalAnswer) -> dict[str, Any]:
    return {"profile": _asks_rows(a.asks), "value": a.value}


def _step_row(step: PathStep) -> dict[str, Any]:
    return {
        "rivals": _asks_rows(step.asks),
        "menu": step.offers,
        "mix": _mix(step.menu),
        "expected": step.expected,
        "answer": _answered(step.answer),
    }


def _mix(menu: Any) -> dict[str, float]:
    return {
        "enterprise_share": menu.enterprise_share,
        **({} if menu.budget is None else {"budget": menu.budget}),
    }


def rivals_document(r: Rivalry) -> dict[str, Any]:
    """A result as plain data."""
    lone = r.without_reaction
    return {
        "schema_version": 1,
        "status": r.status,
        "verdict": r.verdict,
        "verdict_text": r.verdict_text,
        "case": r.case,
        "input_hash": r.input_hash,
        "figure": {"name": r.figure, "unit": r.unit, "sense": "most" if r.sense > 0 else "least"},
        "value": r.value,
        "bound": r.bound,
        "gap": r.gap,
        "gap_asked": r.gap_asked,
        "menu": r.offers,
        "mix": _mix(r.menu),
        "profile": _asks_rows(r.asks),
        "meaning": MEANING,
        "stable": [_answered(a) for a in r.stable],
        "without_reaction": None if lone is None else _step_row(lone),
        "path": [_step_row(step) for step in r.path],
        "equilibrium": None if r.equilibrium is None else _step_row(r.equilibrium),
        "cycle": [_asks_rows(asks) for asks in r.cycle],
        "costs": {cost: [_answered(a) for a in answers] for cost, answers in r.costs.items()},
        "figures": {name: {"value": value, "today": today} for name, (value, today) in r.figures.items()},
        "notes": list(r.notes),
        "work": {"profiles": r.profiles, "solves": r.solves, "boxes": r.boxes},
        "seconds": {"solve": r.seconds},
    }


def _menus(r: Rivalry) -> list[tuple[str, Any, Any]]:
    """Name, terms and menu of what is compared."""
    lone = r.without_reaction
    told = [] if lone is None else [("best if rivals kept their prices", lone.offers, lone.menu)]
    return [*told, ("best if rivals answer", r.offers, r.menu)]


def rivals_tables(r: Rivalry) -> tuple[Table, ...]:
    """Both menus with what becomes of them, and every step of the path."""
    menus, lone = _menus(r), r.without_reaction
    offers = [offer for _, offer, _ in menus]
    parts = part_columns(offers)
    columns = {"menu": "", "if_rivals_kept_their_prices": r.unit, "once_they_answered": r.unit, "bound": r.unit}
    columns |= {
        "rivals_answer": "",
        "enterprise_share": "fraction",
        **price_columns(offers),
        **dict.fromkeys(parts, ""),
    }
    known: list[tuple[Any, ...]] = [(None, r.value, r.bound, _told(r, r.asks))]
    if lone is not None:
        known = [(lone.expected, lone.answer.value, None, _told(r, lone.answer.asks)), *known]
    rows = [
        (name, *values, menu.enterprise_share, *prices(offer), *part_cells(offer, parts))
        for (name, offer, menu), values in zip(menus, known, strict=True)
    ]
    steps = [
        (str(k), _told(r, s.asks), s.expected, _told(r, s.answer.asks), s.answer.value)
        for k, s in enumerate(r.path, start=1)
    ]
    path = {"step": "", "rivals_ask": "", "expected": r.unit, "rivals_answer": "", "once_they_answered": r.unit}
    return table("Rivals", columns, rows), table("Best responses", path, steps)


def _told(r: Rivalry, asks: Asks | None) -> str:
    """What rivals ask, in one line."""
    if asks is None:
        return "they never rest"
    return ", ".join(prices_text(a.prices, r.alternatives, a.at_end) for a in asks.values())


def _rival_table(r: Rivalry) -> TextTable:
    """What rivals ask: as the market states it, in answer to our menu, and with costs at their ends."""
    stated = r.path[0].asks if r.path else {}
    headings = [words("rival"), words("today"), words("answers with"), Heading("margin", "usd/month")]
    headings += [words(f"if costs are {cost}") for cost in r.costs]
    rows: list[Row] = []
    for name, asks in r.asks.items():
        others = [a[0].asks[name] if a and a[0].asks else None for a in r.costs.values()]
        now, *told = (
            "" if a is None else prices_text(a.prices, r.alternatives, a.at_end)
            for a in (stated[name] if stated else None, asks, *others)
        )
        ends = [other or "no rest" for other in told[1:]]
        rows.append((asks.title, now, told[0], Value(asks.margin, "usd/month"), *ends))
    return text_table(headings, rows, title="What rivals ask")


def rivals_section(r: Rivalry) -> Section:
    """A result for readers."""
    name, lone = FigureName(r.figure), r.without_reaction
    lead: list[Content] = [
        say("{figure} is {value} once rivals have answered. {proof}", figure=name, value=Value(r.value, r.unit),
            proof=r.verdict_text),
    ]  # fmt: skip
    if lone is not None and lone.answer.value is not None:
        lead.append(
            say(
                "The best menu for rivals who keep their prices promises {expected} and brings {then} once they "
                "answer; to expect them is worth {worth}.",
                expected=Value(lone.expected, r.unit),
                then=Value(lone.answer.value, r.unit),
                worth=Value(r.sense * (r.value - lone.answer.value), r.unit, NumberForm.SIGNED),
            )
        )
    elif lone is not None:
        lead.append(
            "The best menu for rivals who keep their prices misses a condition, or has no answer, once they do."
        )
    menus = _menus(r)
    columns, terms = term_columns(
        [offer for _, offer, _ in menus],
        [m.enterprise_share for *_, m in menus],
        r.plans,
        [m.budget for *_, m in menus],
    )
    rows: list[Row] = [(label, *cells) for (label, *_), cells in zip(menus, terms, strict=True)]
    chosen = text_table([words("menu"), *columns], rows, title="Where the two menus differ")
    steps = tuple(
        say(
            "While rivals ask {asks}, our best menu brings {expected}; they answer it with {answer}.",
            asks=_told(r, step.asks),
            expected=Value(step.expected, r.unit),
            answer=_told(r, step.answer.asks),
        )
        for step in r.path
    )
    rest = (
        "At the last of these nobody gains by changing alone: an equilibrium."
        if r.equilibrium
        else "No equilibrium was found on this path."
    )
    return Section(
        title="If rivals answer",
        blocks=(
            _rival_table(r),
            *([chosen] if columns else [Note("The menu is the same as if rivals kept their prices.")]),
            Listing(steps, numbered=True, title="Best responses in turn"),
            Note(rest),
            Note(MEANING),
            *(Note(note) for note in r.notes),
        ),
        lead=tuple(lead),
    )


@register
class RivalsStudy(Study[Rivalry]):
    """The rivals that a case names, answering our menu."""

    verb = word = "rivals"
    help = "The best menu if rivals answer with prices, proven, beside the one for rivals who keep theirs."
    place = 5
    results = (Rivalry,)
    in_report = False
    alone = limited = stoppable = True

    def check(self, setup: Setup) -> None:
        from optimizer.rivals.of_case import refuse

        only_long_run(setup.case_model, "what rivals answer")
        refuse(setup.case_model)

    def run(self, setup: Setup) -> Rivalry:
        settings = replace(setup.settings, cancelled=setup.cancelled)
        return rivalry_of(setup.case_model, settings, setup.progress)

    def document(self, result: Rivalry) -> dict[str, Any]:
        return rivals_document(result)

    def tables(self, result: Rivalry) -> tuple[Table, ...]:
        return rivals_tables(result)

    def sections(self, result: Rivalry, solution: Solution | None = None) -> tuple[Section, ...]:
        return (rivals_section(result),)

    def summary(self, result: Rivalry) -> tuple[tuple[str, Any, str], ...]:
        return ((f"{result.figure} once rivals have answered", result.value, result.unit),)

    def complete(self, result: Rivalry) -> bool:
        return result.status == "optimal"

    def files(self, result: Rivalry) -> dict[str, str]:
        from optimizer.io.plain import dumps

        told = {"schema_version": 1, **result.retold_from, "profiles": list(result.certificate)}
        return {"inputs.json": result.inputs, "rivals-certificate.json": dumps(told)}
