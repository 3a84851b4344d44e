"""The efficient frontier with today's position and the chosen menu on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import altair as alt

from optimizer.answer.frontier import Frontier
from optimizer.answer.offers import differing
from optimizer.answer.path_frontier import PathFrontier
from optimizer.answer.solution import Solution
from optimizer.answer.views import view
from optimizer.report import pieces
from optimizer.report.charts.style import (
    BLUE,
    INK,
    LINE,
    MUTED,
    ORANGE,
    Chart,
    Row,
    Width,
    axis,
    data,
    finish,
    lines,
    span,
    tips,
    told,
)
from optimizer.report.words import heading, title
from optimizer.studies.sections import told_terms
from optimizer.typing import Verdict

PROPOSED = "Proposed menu"
HELD = "Today's menu held"
MARKS = (PROPOSED, "Today", "Today's menu here", HELD)
LETTER, LINES = 0.033, 0.09
"""Room of a letter and of a line on a narrow screen, as parts of the picture."""


def _menus(frontier: Frontier) -> list[str]:
    """Every point's menu in one line: prices, and of allowances and unit prices those in which the menus differ."""
    menus, titles = frontier.offers(), frontier.titles()
    return [
        ", ".join(
            f"{titles[plan]} {pieces.told(told_terms(offer, [other[plan] for other in menus]))}"
            for plan, offer in menu.items()
            if offer["offered"]
        )
        for menu in menus
    ]


def _points(frontier: Frontier) -> list[Row]:
    x, y = frontier.x, frontier.y
    rows = [
        {
            "x": p.x,
            "y": p.y,
            **lines(
                told(p.x, x.unit),
                told(p.y, y.unit),
                menu,
                told(p.enterprise_share, "fraction"),
                "proven" if p.verdict is Verdict.PROVED else f"best found, at most {told(p.bound, y.unit)}",
            ),
        }
        for p, menu in zip(frontier.points, _menus(frontier), strict=True)
    ]
    return sorted(rows, key=lambda row: row["x"])


def _marks(frontier: Frontier, marks: Iterable[tuple[str, float, float]]) -> list[Row]:
    """Places beside the points, with their words."""
    units = frontier.x.unit, frontier.y.unit
    rows = [{"what": w, "x": x, "y": y, **lines(w, told(x, units[0]), told(y, units[1]))} for w, x, y in marks]
    return sorted(rows, key=lambda row: MARKS.index(row["what"]))


def _meet(one: tuple[float, float, float], other: tuple[float, float, float]) -> bool:
    """Whether two labels (left edge, height, length) touch."""
    across = one[0] < other[0] + other[2] and other[0] < one[0] + one[2]
    return across and abs(one[1] - other[1]) < LINES


def _places(marks: list[Row], across: list[float], up: list[float]) -> list[tuple[bool, bool]]:
    """For each mark whether its label stands below it and to its left, so that no two labels meet."""
    taken: list[tuple[float, float, float]] = []
    found = []
    for m in marks:
        u = (m["x"] - across[0]) / (across[1] - across[0])
        v = (m["y"] - up[0]) / (up[1] - up[0])
        long = LETTER * len(m["what"])
        sides = [False, True] if u < long else [True, False]
        rows = [False, True] if m["what"] == PROPOSED else [True, False]
        options = [
            (below, left, (u - long if left else u, v + (-0.7 if below else 0.7) * LINES, long))
            for left in sides
            for below in rows
        ]
        free = [option for option in options if not any(_meet(option[2], other) for other in taken)]
        below, left, corner = (free or options)[0]
        taken.append(corner)
        found.append((below, left))
    return found


def _label(base: alt.Chart, row: Row, below: bool, left: bool) -> alt.Chart:
    made: alt.Chart = base.transform_filter(alt.datum.what == row["what"]).mark_text(
        align="right" if left else "left",
        dx=-8 if left else 8,
        dy=14 if below else -14,
        fontWeight="bold",
        color=ORANGE if row["what"] == PROPOSED else INK,
    )
    return made.encode(text="what:N")


@view(Frontier)
def frontier_chart(
    frontier: Frontier,
    solution: Solution | None = None,
    width: Width = 640,
    marks: Iterable[tuple[str, float, float]] | None = None,
) -> Chart:
    """Efficient menus with hover, today's position, and the solution's menu where one is given (or ``marks``)."""
    x, y = frontier.x, frontier.y
    spots_at = _marks(frontier, frontier.marks(solution) if marks is None else marks)
    hover = tips(heading(x.name), heading(y.name), "Menu", "Go-to-market for enterprise", "Verdict")
    ends = End(heading(x.name), x.unit, x.sense), End(heading(y.name), y.unit, y.sense)
    told_of = f"efficient menus by {title(x.name)} and {title(y.name)}"
    return _staircase(ends, _points(frontier), spots_at, hover, (told_of, frontier.room), width)


@view(PathFrontier)
def path_frontier_chart(frontier: PathFrontier, width: Width = 640) -> Chart:
    """Efficient paths with hover, and today's menu held."""
    ends = tuple(End(f"{heading(a.name)}, {a.words}", a.unit, a.sense) for a in (frontier.x, frontier.y))
    rows = [
        {"x": p.x, "y": p.y, **lines(told(p.x, frontier.x.unit), told(p.y, frontier.y.unit), *menus,
                                     "proven" if p.verdict is Verdict.PROVED else "best found")}
        for p, menus in zip(frontier.points, _stages(frontier), strict=True)
    ]  # fmt: skip
    held = frontier.x.held, frontier.y.held
    spots = [{"what": HELD, "x": held[0], "y": held[1],
              **lines(HELD, told(held[0], frontier.x.unit), told(held[1], frontier.y.unit))}]  # fmt: skip
    hover = tips(ends[0].name, ends[1].name, *(f"From month {t}" for t in frontier.first_months), "Verdict")
    told_of = f"efficient paths by {ends[0].name} and {ends[1].name}"
    ordered = sorted(rows, key=lambda row: row["x"])
    return _staircase((ends[0], ends[1]), ordered, spots, hover, (told_of, frontier.room), width)


def _stages(frontier: PathFrontier) -> list[list[str]]:
    """By point and stage, the terms in which menus differ, in one line."""
    every = [menu for p in frontier.points for menu in p.offers]
    shown = differing(every)
    return [
        [", ".join(f"{frontier.plans[plan]} {pieces.told(told_terms(menu[plan], [o[plan] for o in every]))}"
                   for plan in shown) for menu in p.offers]
        for p in frontier.points
    ]  # fmt: skip


@dataclass(frozen=True)
class End:
    """An axis of the picture."""

    name: str
    unit: str
    sense: int


def _staircase(
    ends: tuple[End, End], rows: list[Row], spots_at: list[Row], hover: list[alt.Tooltip], told_of: tuple[str, float],
    width: Width,
) -> Chart:  # fmt: skip
    """Efficient points as a staircase, and places beside them."""
    x, y = ends
    across = span([r["x"] for r in (*rows, *spots_at)], 0.04, 0.04)
    up = span([r["y"] for r in (*rows, *spots_at)], 0.14, 0.14)
    at_x = alt.X("x:Q", scale=alt.Scale(domain=across, nice=False), axis=axis(x.name, x.unit, grid=False))
    at_y = alt.Y("y:Q", scale=alt.Scale(domain=up, nice=False), axis=axis(y.name, y.unit))
    base = alt.Chart(data(rows), width=width, height=340).encode(x=at_x, y=at_y)
    # a menu serves every demand for x up to its own: the frontier is a staircase
    steps = base.mark_line(interpolate="step-before" if x.sense > 0 else "step-after", color=LINE, strokeWidth=1.5)
    dots = base.mark_point(size=64, filled=True, color=BLUE, opacity=1).encode(tooltip=hover)
    spots = alt.Chart(data(spots_at), width=width, height=340).encode(x=at_x, y=at_y)
    shapes = alt.Scale(domain=list(MARKS), range=["circle", "diamond", "square", "square"])
    colours = alt.Scale(domain=list(MARKS), range=[ORANGE, INK, MUTED, MUTED])
    signs = spots.mark_point(size=150, filled=True, opacity=1).encode(
        shape=alt.Shape("what:N", scale=shapes, legend=None),
        color=alt.Color("what:N", scale=colours, legend=None),
        tooltip=tips("", x.name, y.name),
    )
    places = _places(spots_at, across, up)
    labels = [_label(spots, m, *place) for m, place in zip(spots_at, places, strict=True)]
    text = (
        f"{len(rows)} {told_of[0]}. "
        + ". ".join(f"{m['what']}: {m['t1']}, {m['t2']}" for m in spots_at)
        + f". Nothing lies more than {told(told_of[1], y.unit)} above."
    )
    return finish(alt.layer(steps, dots, signs, *labels), text)
