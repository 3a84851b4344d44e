"""The efficient frontier with today's position and the chosen menu on it."""

from __future__ import annotations

import altair as alt

from optimizer.answer.solution import Solution
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
from optimizer.report.words import heading, price, title
from optimizer.studies.frontier import Frontier, FrontierPoint
from optimizer.typing import Verdict

PROPOSED, TODAY, HERE = MARKS = ("Proposed menu", "Today", "Today's menu here")
LETTER, LINES = 0.033, 0.09
"""Room of a letter and of a line on a narrow screen, as parts of the picture."""


def menu_text(point: FrontierPoint, titles: dict[str, str]) -> str:
    """The menu of a point in one line."""
    told_plans = []
    for plan, terms in point.menu.items():
        if terms is None:
            continue
        metered = terms.price == 0 and any(p is not None for p in terms.unit_prices)
        told_plans.append(f"{titles.get(plan, plan)} {'metered' if metered else price(terms.price)}")
    return ", ".join(told_plans)


def _points(frontier: Frontier, titles: dict[str, str]) -> list[Row]:
    x, y = frontier.x, frontier.y
    return [
        {
            "x": p.x,
            "y": p.y,
            **lines(
                told(p.x, x.unit),
                told(p.y, y.unit),
                menu_text(p, titles),
                told(p.enterprise_share, "fraction"),
                "proven" if p.verdict is Verdict.PROVED else f"best found, at most {told(p.bound, y.unit)}",
            ),
        }
        for p in sorted(frontier.points, key=lambda p: p.x)
    ]


def _marks(frontier: Frontier, solution: Solution | None) -> list[Row]:
    """Today and the chosen menu; where the case changes the market, today's menu there as well."""
    x, y = frontier.x, frontier.y
    marks: list[Row] = [{"what": TODAY, "x": x.today, "y": y.today}]
    if solution is not None:
        places = [(PROPOSED, solution.evaluation)]
        if solution.changed_market:
            places.append((HERE, solution.unchanged))
        marks += [{"what": what, "x": e.figure(x.name), "y": e.figure(y.name)} for what, e in places]
    for m in marks:
        m.update(lines(m["what"], told(m["x"], x.unit), told(m["y"], y.unit)))
    return sorted(marks, key=lambda m: MARKS.index(m["what"]))


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


def frontier_chart(frontier: Frontier, solution: Solution | None = None, width: Width = 640) -> Chart:
    """Efficient menus with hover, today's position, and the solution's menu where one is given."""
    x, y = frontier.x, frontier.y
    titles = {p.plan: p.title for p in solution.menu} if solution is not None else {}
    rows, marks = _points(frontier, titles), _marks(frontier, solution)
    across = span([r["x"] for r in (*rows, *marks)], 0.04, 0.04)
    up = span([r["y"] for r in (*rows, *marks)], 0.14, 0.14)
    at_x = alt.X("x:Q", scale=alt.Scale(domain=across, nice=False), axis=axis(heading(x.name), x.unit, grid=False))
    at_y = alt.Y("y:Q", scale=alt.Scale(domain=up, nice=False), axis=axis(heading(y.name), y.unit))
    hover = tips(heading(x.name), heading(y.name), "Menu", "Go-to-market for enterprise", "Verdict")
    base = alt.Chart(data(rows), width=width, height=340).encode(x=at_x, y=at_y)
    # a menu serves every demand for x up to its own: the frontier is a staircase
    steps = base.mark_line(interpolate="step-before" if x.sense > 0 else "step-after", color=LINE, strokeWidth=1.5)
    dots = base.mark_point(size=64, filled=True, color=BLUE, opacity=1).encode(tooltip=hover)
    spots = alt.Chart(data(marks), width=width, height=340).encode(x=at_x, y=at_y)
    shapes = alt.Scale(domain=list(MARKS), range=["circle", "diamond", "square"])
    colours = alt.Scale(domain=list(MARKS), range=[ORANGE, INK, MUTED])
    signs = spots.mark_point(size=150, filled=True, opacity=1).encode(
        shape=alt.Shape("what:N", scale=shapes, legend=None),
        color=alt.Color("what:N", scale=colours, legend=None),
        tooltip=tips("", heading(x.name), heading(y.name)),
    )
    places = _places(marks, across, up)
    labels = [_label(spots, m, *place) for m, place in zip(marks, places, strict=True)]
    text = (
        f"{len(rows)} efficient menus by {title(x.name)} and {title(y.name)}. "
        + ". ".join(f"{m['what']}: {m['t1']}, {m['t2']}" for m in marks)
        + f". Nothing lies more than {told(frontier.room, y.unit)} above."
    )
    return finish(alt.layer(steps, dots, signs, *labels), text)
