"""The efficient frontier with today's position and the chosen menu on it."""

from __future__ import annotations

from collections.abc import Iterable

import altair as alt

from optimizer.answer.frontier import Frontier
from optimizer.answer.solution import Solution
from optimizer.answer.views import view
from optimizer.report import pieces
from optimizer.report.charts.style import (
    BLUE,
    EDGE,
    INK,
    MUTED,
    Chart,
    Row,
    Width,
    axis,
    data,
    finish,
    gain,
    lines,
    span,
    tips,
    told,
)
from optimizer.report.words import heading, title
from optimizer.studies.sections import told_terms
from optimizer.typing import Verdict

PROPOSED = "Proposed menu"
TOLD = ("Menu", "Go-to-market for enterprise", "If assumptions are otherwise", "Verdict")
MARKS = (PROPOSED, "Today", "Today's menu here")
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
    band = frontier.band or [None] * len(frontier.points)
    rows = [
        {
            "x": p.x,
            "y": p.y,
            "low": r.low if r else p.y,
            "high": r.high if r else p.y,
            **lines(
                told(p.x, x.unit),
                told(p.y, y.unit),
                menu,
                told(p.enterprise_share, "fraction"),
                f"{told(r.low, y.unit)} to {told(r.high, y.unit)}" if r else "",
                "proven" if p.verdict is Verdict.PROVED else f"best found, at most {told(p.bound, y.unit)}",
            ),
        }
        for p, menu, r in zip(frontier.points, _menus(frontier), band, strict=True)
    ]
    return sorted(rows, key=lambda row: row["x"])


def _marks(frontier: Frontier, marks: Iterable[tuple[str, float, float]]) -> list[Row]:
    """Places beside the points, with their words; beside today what there is to be had without giving up any x."""
    units = frontier.x.unit, frontier.y.unit
    best = frontier.at_today
    more = {} if best is None else {"Today": f"Today ({gain(best.y - frontier.y.today)})"}
    rows = [
        {"what": w, "told": more.get(w, w), "x": x, "y": y, **lines(w, told(x, units[0]), told(y, units[1]))}
        for w, x, y in marks
    ]
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
        long = LETTER * len(m["told"])
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
        color=INK if row["what"] == PROPOSED else MUTED,
    )
    return made.encode(text="told:N")


@view(Frontier)
def frontier_chart(
    frontier: Frontier,
    solution: Solution | None = None,
    width: Width = 640,
    marks: Iterable[tuple[str, float, float]] | None = None,
) -> Chart:
    """Efficient menus with hover, today's position, and the solution's menu where one is given (or ``marks``)."""
    x, y = frontier.x, frontier.y
    rows, spots_at = _points(frontier), _marks(frontier, frontier.marks(solution) if marks is None else marks)
    across = span([r["x"] for r in (*rows, *spots_at)], 0.04, 0.04)
    ends = [v for r in rows for v in (r["y"], r["low"], r["high"])] + [r["y"] for r in spots_at]
    up = span(ends, 0.14, 0.14)
    at_x = alt.X(
        "x:Q", scale=alt.Scale(domain=across, nice=False), axis=axis(heading(x.name), x.unit, across, grid=False)
    )
    at_y = alt.Y("y:Q", scale=alt.Scale(domain=up, nice=False, zero=False), axis=axis(heading(y.name), y.unit, up))
    hover = tips(
        heading(x.name),
        heading(y.name),
        "Menu",
        "Go-to-market for enterprise",
        "If assumptions are otherwise",
        "Verdict",
    )
    base = alt.Chart(data(rows), width=width, height=340).encode(x=at_x, y=at_y)
    # a menu serves every demand for x up to its own: the frontier is a staircase
    steps = base.mark_line(interpolate="step-before" if x.sense > 0 else "step-after", color=EDGE, strokeWidth=1.5)
    dots = base.mark_point(size=64, filled=True, color=BLUE, opacity=1).encode(tooltip=hover)
    spots = alt.Chart(data(spots_at), width=width, height=340).encode(x=at_x, y=at_y)
    shapes = alt.Scale(domain=list(MARKS), range=["circle", "diamond", "square"])
    colours = alt.Scale(domain=list(MARKS), range=[INK, MUTED, MUTED])
    signs = spots.mark_point(size=150, filled=True, opacity=1).encode(
        shape=alt.Shape("what:N", scale=shapes, legend=None),
        color=alt.Color("what:N", scale=colours, legend=None),
        tooltip=tips("", heading(x.name), heading(y.name)),
    )
    places = _places(spots_at, across, up)
    labels = [_label(spots, m, *place) for m, place in zip(spots_at, places, strict=True)]
    text = (
        f"{len(rows)} efficient menus by {title(x.name)} and {title(y.name)}. "
        + ". ".join(f"{m['what']}: {m['t1']}, {m['t2']}" for m in spots_at)
        + f". Nothing lies more than {told(frontier.room, y.unit)} above."
    )
    band = base.mark_area(color=BLUE, opacity=0.14, interpolate="monotone").encode(y="low:Q", y2="high:Q")
    text += (
        f" The band is where four of five of {frontier.draws} draws of all that is assumed lie."
        if frontier.band
        else ""
    )
    drawn = [*([band] if frontier.band else []), steps, *_more(frontier, at_x, at_y), dots, signs, *labels]
    return finish(alt.layer(*drawn), text)


def _more(frontier: Frontier, at_x: alt.X, at_y: alt.Y) -> list[alt.Chart]:
    """A line from today to the point that gives up none of today's x."""
    best = frontier.at_today
    if best is None:
        return []
    row: Row = {"x": frontier.x.today, "y": frontier.y.today, "top": best.y}
    base = alt.Chart(data([row]), height=340).encode(x=at_x)
    return [base.mark_rule(color=MUTED, strokeDash=[3, 3], strokeWidth=1.5).encode(y=at_y, y2="top:Q")]
