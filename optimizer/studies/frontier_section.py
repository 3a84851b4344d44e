"""What a frontier tells a reader."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.answer.frontier import Frontier
from optimizer.answer.offers import differing
from optimizer.studies.sections import (
    Content,
    Drawing,
    FigureName,
    Heading,
    Note,
    NumberForm,
    PlanName,
    Row,
    Section,
    TextTable,
    Value,
    say,
    term_columns,
    text_table,
    told_terms,
    words,
)

if TYPE_CHECKING:
    from optimizer.answer.solution import Solution


def point_table(f: Frontier) -> TextTable:
    """The points with the terms in which their menus differ."""
    columns, terms = term_columns(
        f.offers(), [p.enterprise_share for p in f.points], f.titles(), [p.chosen.budget for p in f.points]
    )
    figures = [Heading(FigureName(a.name), a.unit) for a in (f.x, f.y)]
    rows: list[Row] = [
        (
            Value(p.x, f.x.unit),
            Value(p.y, f.y.unit),
            *cells,
            Value(p.gap, form=NumberForm.GAP),
            p.verdict.replace("_", " "),
        )
        for p, cells in zip(f.points, terms, strict=True)
    ]
    title = say("Efficient menus of {case}{label}", case=f.case, label=_label(f))
    return text_table([*figures, *columns, Heading("gap"), words("verdict")], rows, title=title)


def _label(f: Frontier) -> str:
    return f": {f.label}" if f.label else ""


def _same_everywhere(f: Frontier) -> list[Note]:
    """What all menus have in common."""
    menus, titles = f.offers(), f.titles()
    same = [plan for plan in menus[0] if plan not in differing(menus)]
    told: list[Content] = [
        say("{plan} {terms}", plan=PlanName(plan, titles[plan]), terms=told_terms(menus[0][plan])) for plan in same
    ]
    if len({p.enterprise_share for p in f.points}) == 1:
        share = Value(f.points[0].enterprise_share, "fraction")
        told.append(say("{share} of the go-to-market budget for enterprise", share=share))
    return [Note(say("The same in all of them: {terms}.", terms=tuple(told)))] if told else []


def frontier_section(f: Frontier, solution: Solution | None) -> Section:
    """A frontier for readers."""
    here = "; “here” is the market of the case" if solution is not None and solution.changed_market else ""
    band = f"The band holds four of five of {f.draws} draws of all that is assumed, each menu kept." if f.band else ""
    more = " In brackets what there is to be had without giving up any of today’s." if f.at_today is not None else ""
    read = (
        "Each dot is a menu that no other one beats in both. Point at a dot for its terms. Today is today’s menu in "
        f"today’s market{here}: below the line another menu beats it, above it the case rules it out.{more} {band}"
    )
    proven = ", each proven" if all(p.verdict == "proved" for p in f.points) else ""
    count = say(
        "{count} efficient menus from {solves} solves{proven}{end}. The true frontier lies nowhere more than {room} "
        "above these steps (proven).",
        count=Value(len(f.points)),
        proven=proven,
        solves=Value(f.solves),
        end="" if f.complete else "; stopped early: what was done is kept",
        room=Value(f.room, f.y.unit),
    )
    names = {"x": FigureName(f.x.name), "y": FigureName(f.y.name)}
    today = say(
        "Today: {x} {at_x}, {y} {at_y}.", **names, at_x=Value(f.x.today, f.x.unit), at_y=Value(f.y.today, f.y.unit)
    )
    return Section(
        title=say("What {x} costs in {y}{label}", **names, label=_label(f)),
        blocks=(
            Drawing(options={"marks": f.marks(solution)}, caption=read),
            point_table(f),
            *(_same_everywhere(f) if f.points else []),
            Note(today),
            Note(count),
        ),
    )
