"""What an explanation tells a reader."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

from optimizer.answer.explanation import Explanation
from optimizer.studies.sections import (
    Block,
    Content,
    Drawing,
    FigureName,
    Heading,
    Listing,
    Note,
    NumberForm,
    Panels,
    PlanName,
    PlanTerms,
    Row,
    Section,
    TextCell,
    Value,
    say,
    text_table,
    told_terms,
    words,
)

SHOWN = (0.7, 0.9, 0.95, 1.0, 1.05, 1.1, 1.3)
"""Price factors that a terminal has room for."""
USD = "usd/month"
MATTERS = 0.05
"""From this part of the result on what there would be without a free plan is said on the first screen."""
PANELS = {
    "customers": "Customers of the plan",
    "revenue": "Revenue of the plan",
    "contribution_margin": "Contribution margin of the whole menu",
}
"""What is drawn against a plan's price."""
LEVER_PANELS = {
    "contribution_margin": "Contribution margin",
    "market_share": "Market share",
    "gpu_hours": "GPU hours",
}
"""What is drawn against a cap or the split."""


def first_sentences(e: Explanation) -> tuple[Content, ...]:
    """The range beside the number, and what there would be without a free plan."""
    return (*_range_words(e), *_without_free(e))


def _range_words(e: Explanation) -> tuple[Content, ...]:
    o, found = e.solution.objective, e.ranges
    reach = None if found is None else found.figures.get(o.name)
    if found is None or reach is None:
        return ()
    held = e.solution.audit.conditions
    over = say("Over {n} draws of all that is assumed this menu’s {figure} is {middle}; in four of five between {low} "
               "and {high}.", n=str(found.draws), figure=FigureName(o.name), middle=Value(reach.middle, o.unit),
               low=Value(reach.low, o.unit), high=Value(reach.high, o.unit))  # fmt: skip
    if not held:
        return (over,)
    return (over, say("All conditions hold in {share} of the draws.", share=Value(found.allowed, "fraction")))


def _without_free(e: Explanation) -> tuple[Content, ...]:
    free = e.free_tier
    gain = free["contribution_without"] - free["contribution"]
    if not free["plans"] or abs(gain) < MATTERS * abs(free["contribution"]):
        return ()
    return (
        say(
            "Without a free plan this menu would earn {money} a month ({more}) at a market share of {share} instead of "
            "{now}, as far as this model sees.",
            money=Value(free["contribution_without"], USD),
            more=Value(gain, USD, NumberForm.SIGNED),
            share=Value(free["market_share_without"], "fraction"),
            now=Value(free["market_share"], "fraction"),
        ),
    )


def response_section(e: Explanation) -> Section:
    """How customers answer to each price."""
    plans = list(dict.fromkeys(r["plan"] for r in e.price_responses))
    found = {(r["plan"], r["factor"]): Value(r["contribution_margin"], USD) for r in e.price_responses}
    shifts = [Heading(Value(f - 1.0, form=NumberForm.RELATIVE) if f != 1.0 else "as chosen", USD) for f in SHOWN]
    rows = [(plan, *(found[plan, factor] for factor in SHOWN)) for plan in plans]
    title = "Contribution margin when one plan’s price moves"
    read = (
        "The dot is the proposed price. Shaded: the case does not allow it; the reason stands below. The right column "
        "has one scale for all plans."
    )

    def panel(plan: str, figure: str) -> Drawing:
        return Drawing("response", {"plan": plan, "figure": figure}, PANELS[figure], small=True)

    blocks: list[Block] = []
    for k, plan in enumerate(plans):
        drawings = tuple(panel(plan, figure) for figure in PANELS)
        blocks.append(Panels(e.titles().get(plan, plan), drawings, "" if k else read))
        blocks += reasons([r for r in e.price_responses if r["plan"] == plan], "price")
    return Section(
        "How customers answer to each price",
        (*blocks, text_table([words("plan"), *shifts], rows, title=title, stand_in=True)),
        ("One plan’s price moves, the rest of the menu stays.",),
    )


def reasons(rows: Sequence[dict[str, Any]], key: str) -> list[Note]:
    """Which stretches of a lever are not allowed, each with its reason."""
    told: list[Content] = []
    for why, run in itertools.groupby(rows, key=lambda r: str(r["why"])):
        stretch = list(run)
        ends = [r[key] if r.get(key) is not None else r["factor"] for r in (stretch[0], stretch[-1])]
        if why:
            one = ends[0] == ends[1]
            told.append(say("{from_} ({why})" if one else "{from_} to {to} ({why})", from_=Value(ends[0]),
                            to=Value(ends[1]), why=why))  # fmt: skip
    return [Note(say("Not allowed: {told}.", told=tuple(told)))] if told else []


def lever_section(e: Explanation) -> Section:
    """What the free plans' caps and the split of the budget do."""
    names = list(dict.fromkeys(r["lever"] for r in e.lever_responses))
    blocks: list[Block] = []
    for k, name in enumerate(names):
        rows = [r for r in e.lever_responses if r["lever"] == name]
        drawings = tuple(
            Drawing("lever", {"lever": name, "figure": figure}, caption, small=True)
            for figure, caption in LEVER_PANELS.items()
        )
        read = "The dot is the proposed value, the ring today’s. Shaded: the case does not allow it."
        blocks += [Panels(name[:1].upper() + name[1:], drawings, "" if k else read), *_told_reasons(rows)]
    headings = [words("lever"), words("value"), *(Heading(FigureName(f), u) for f, u in _UNITS.items())]
    table: list[Row] = [
        (r["lever"], r["told"], *(Value(r[f], u) for f, u in _UNITS.items())) for r in e.lever_responses if not r["why"]
    ]
    blocks.append(text_table(headings, table, title="Values that the case allows", stand_in=True))
    return Section("What free use and the split of the budget do", tuple(blocks), (
        "One value moves along the case’s ladder, the rest of the menu stays.",
    ))  # fmt: skip


_UNITS = {"contribution_margin": USD, "market_share": "fraction", "gpu_hours": "GPU-hours/month"}


def _told_reasons(rows: Sequence[dict[str, Any]]) -> list[Note]:
    told: list[Content] = []
    for why, run in itertools.groupby(rows, key=lambda r: str(r["why"])):
        stretch = [str(r["told"]) for r in run]
        if why:
            told.append(f"{stretch[0]} ({why})" if len(stretch) == 1 else f"{stretch[0]} to {stretch[-1]} ({why})")
    return [Note(say("Not allowed: {told}.", told=tuple(told)))] if told else []


def map_section(e: Explanation) -> Section:
    """The two levers that matter most, together."""
    first = e.lever_map[0]
    best = max((r for r in e.lever_map if not r["why"]), key=lambda r: _sense(e) * r["objective"])
    o = e.solution.objective
    read = (
        "Darker is better. Sand-coloured: the case does not allow it (point at a cell for the reason). The frame is "
        "the proposed menu."
    )
    lead = say("{figure} over {first} and {second}, the rest of the menu kept: of all levers these two move it most.",
               figure=FigureName(o.name), first=first["first"], second=first["second"])  # fmt: skip
    note = say("Best allowed here: {value} at {first} and {second}.", value=Value(best["objective"], o.unit),
               first=best["first_told"], second=best["second_told"])  # fmt: skip
    return Section("The two levers that matter most", (Drawing("map", caption=read), Note(note)), (lead,))


def _sense(e: Explanation) -> float:
    return -1.0 if e.solution.objective.sense == "least" else 1.0


def use_section(e: Explanation) -> Section:
    """What free customers cost and are worth, and which customers cost more than they pay."""
    free = e.free_tier
    losing = tuple(
        say(
            "{plan}, usage {usage}: {count} customers at {margin} a month each",
            plan=PlanName(r["plan"], e.titles().get(r["plan"], r["plan"])),
            usage=r["usage_class"],
            count=Value(r["customers"]),
            margin=Value(r["gross_margin_per_customer"], USD),
        )
        for r in e.under_water
        if r["gross_margin_per_customer"] < 0 and r["plan"] not in free["plans"]
    )
    ledger = (Drawing("free"), _ledger(e)) if free["plans"] else ()
    listing = (Listing(losing, title="Under water: they cost more than they pay"),) if losing else ()
    lead: tuple[Content, ...] = (_free_words(e),) if free["plans"] else ()
    return Section("What free and heavy use costs", (*ledger, *listing), lead)


def _free_words(e: Explanation) -> Content:
    free = e.free_tier
    segments = e.solution.evaluation.prepared.market.segments
    parts = tuple(
        say("{segment} {cost}", segment=segments[s].title, cost=Value(v, USD)) for s, v in free["by_segment"].items()
    )
    return say(
        "{count} free customers cost {cost} a month to serve ({parts}) and bring {people} people into reach by word of "
        "mouth.",
        count=Value(free["customers"]),
        cost=Value(free["serving_cost"], USD),
        parts=parts,
        people=Value(free["referred_customers"]),
    )


def _ledger(e: Explanation) -> Block:
    """Cost of the free plan against what it is worth: the same menu without it."""
    free = e.free_tier
    without, share = free["contribution_without"], free["market_share_without"]
    pays = Value(free["paying_customers"]), Value(free["paying_customers_without"])
    own = Value(free["own_contribution"], USD, NumberForm.SIGNED)
    rows: list[Row] = [
        ("Serving free customers", Value(-free["serving_cost"], USD, NumberForm.SIGNED)),
        ("Their support and payment", Value(-free["other_cost"], USD, NumberForm.SIGNED)),
        ("Advertising shown to them", Value(free["advertising_revenue"], USD, NumberForm.SIGNED)),
        (TextCell("What the free plan itself brings", "strong"), own),
        ("Paid plans would bring without it", Value(without, USD)),
        ("Paid plans bring beside it", Value(free["paid_contribution"], USD)),
        (
            TextCell("What it does to paid plans: reach it brings, less customers it keeps from paying", "strong"),
            Value(free["paid_contribution"] - without, USD, NumberForm.SIGNED),
        ),
        (
            TextCell("What the free plan is worth in money, as far as this model sees", "strong"),
            Value(free["contribution"] - without, USD, NumberForm.SIGNED),
        ),
        ("Paying customers with it, without it", pays),
        ("Market share with it, without it", (Value(free["market_share"], "fraction"), Value(share, "fraction"))),
    ]  # fmt: skip
    return text_table(
        [words("a month"), Heading("amount", USD)], rows, title="The free plan’s ledger: cost against worth"
    )


def gains_section(e: Explanation) -> Section:
    """Who gains and who loses."""
    segments = e.solution.evaluation.prepared.market.segments
    headings = [
        words("segment"),
        Heading("a person and month", USD),
        Heading("better off", "customers"),
        Heading("of them"),
        Heading("worse off", "customers"),
        Heading("of them"),
        Heading("customers today", "customers"),
        Heading("customers", "customers"),
    ]
    rows: list[Row] = [
        (
            segments[r["segment"]].title,
            Value(r["surplus_change_usd_per_person"], USD, NumberForm.SIGNED),
            Value(r["people_better_off"]),
            Value(r["people_better_off"] / r["people"], "fraction"),
            Value(r["people_worse_off"]),
            Value(r["people_worse_off"] / r["people"], "fraction"),
            Value(r["customers_today"], "customers"),
            Value(r["customers"], "customers"),
        )
        for r in e.segments
    ]
    read = "To the left worse off, to the right better off: how many people, and which share of the segment."
    return Section(
        "Who gains and who loses",
        (Drawing("segments", caption=read),
         text_table(headings, rows)),
        (
            "By segment, against today: what a person gets beyond what they pay. Nobody is counted as better or worse "
            "off below 0.05 usd a month.",
        ),
    )  # fmt: skip


def cost_section(e: Explanation) -> Section:
    """What binding conditions cost."""
    o = e.solution.objective
    found = {(r["move"], r["condition"], r["sense"]): r["change"] for r in e.condition_costs}
    names = list(dict.fromkeys((condition, sense) for _, condition, sense in found))
    moves = list(dict.fromkeys(move for move, _, _ in found))

    def cell(change: float | None) -> Content:
        if change is None:
            return "no menu"
        return Value(0.0 if abs(change) <= 1e-9 * abs(o.value) else change, o.unit, NumberForm.SIGNED)

    headings = [
        words("bound moved by"),
        *(Heading(say("{c}, " + s, c=FigureName(c)), o.unit) for c, s in names),
    ]
    rows = [(Value(m, form=NumberForm.RELATIVE), *(cell(found.get((m, *name))) for name in names)) for m in moves]
    lead = say("{figure} is {value}: its change if a condition that binds is moved.", figure=FigureName(o.name),
               value=Value(o.value, o.unit))  # fmt: skip
    return Section("What conditions cost", (text_table(headings, rows),), (lead,))


def runner_section(e: Explanation) -> Section:
    """Menus within 1 % and where they differ."""
    from optimizer.optimise.price_ranges import has_ranges

    o = e.solution.objective
    headings = [words("differs in"), Heading(FigureName(o.name), o.unit), Heading("behind")]
    rows: list[Row] = [
        (
            TextCell(tuple(_runner(e, plan, terms) for plan, terms in r["differs"].items()), "strong"),
            Value(r["value"], o.unit),
            Value(r["behind"], form=NumberForm.FINE),
        )
        for r in e.runners_up
    ]
    lead = "The next best menus within 1 %: differences this small are a matter of taste."
    none = "No other menu comes within 1 %."
    if has_ranges(e.case_model):
        none = "None is told where prices are ranges: next to the best price there is always another one."
    if e.case_model.choices.sifted:
        none = "None is told where combinations of unit prices are sifted."
    return Section("Runners-up", (text_table(headings, rows),), (lead if rows else none,))


def _runner(e: Explanation, plan: str, terms: Any) -> Content:
    if not isinstance(terms, dict):
        return say("{share} of the budget for enterprise", share=Value(terms, "fraction"))
    chosen = e.offers().get(plan)
    others = [chosen] if chosen is not None and chosen["offered"] else []
    whole = PlanTerms(terms["price"], bool(terms["unit_prices"]), terms["allowances"], terms["unit_prices"],
                      further=terms["further_terms"])  # fmt: skip
    news = told_terms({"offered": terms["price"] is not None, **terms}, others) if others else whole
    return say("{plan} {terms}", plan=PlanName(plan, e.titles().get(plan, plan)), terms=news)
