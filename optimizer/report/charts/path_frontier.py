"""The frontier of two figures over months, with today's menu held beside it."""

from __future__ import annotations

import altair as alt

from optimizer.answer.offers import differing
from optimizer.answer.path_frontier import PathFrontier
from optimizer.answer.views import view
from optimizer.report import pieces
from optimizer.report.charts.style import (
    BLUE,
    EDGE,
    INK,
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
from optimizer.report.words import heading
from optimizer.studies.sections import told_terms
from optimizer.typing import Verdict

HELD = "Today's menu held"
HEIGHT = 340


@view(PathFrontier)
def path_frontier_chart(frontier: PathFrontier, width: Width = 640) -> Chart:
    """Efficient paths with hover, and today's menu held."""
    x, y = frontier.x, frontier.y
    names = [f"{heading(a.name)}, {a.words}" for a in (x, y)]
    rows, words = _points(frontier), lines(HELD, told(x.held, x.unit), told(y.held, y.unit))
    held: Row = {"x": x.held, "y": y.held, **words}
    across = span([row["x"] for row in (*rows, held)], 0.04, 0.04)
    up = span([row["y"] for row in (*rows, held)], 0.14, 0.14)
    at_x = alt.X("x:Q", scale=alt.Scale(domain=across, nice=False), axis=axis(names[0], x.unit, across, grid=False))
    at_y = alt.Y("y:Q", scale=alt.Scale(domain=up, nice=False, zero=False), axis=axis(names[1], y.unit, up))
    base = alt.Chart(data(rows), width=width, height=HEIGHT).encode(x=at_x, y=at_y)
    # a path serves every demand for x up to its own: the frontier is a staircase
    steps = base.mark_line(interpolate="step-before" if x.sense > 0 else "step-after", color=EDGE, strokeWidth=1.5)
    hover = tips(*names, *(f"From month {t}" for t in frontier.first_months), "Verdict")
    dots = base.mark_point(size=64, filled=True, color=BLUE, opacity=1).encode(tooltip=hover)
    spot = alt.Chart(data([held]), width=width, height=HEIGHT).encode(x=at_x, y=at_y)
    sign = spot.mark_point(size=150, filled=True, opacity=1, shape="square", color=INK).encode(tooltip=tips("", *names))
    text = (
        f"{len(rows)} efficient paths by {names[0]} and {names[1]}. {HELD}: {held['t1']}, {held['t2']}. "
        f"Nothing lies more than {told(frontier.room, y.unit)} above."
    )
    return finish(alt.layer(steps, dots, sign), text)


def _points(frontier: PathFrontier) -> list[Row]:
    """What a point is, and by stage the terms in which menus differ."""
    every = [menu for p in frontier.points for menu in p.offers]
    shown, rows = differing(every), []
    for p in frontier.points:
        menus = [
            ", ".join(f"{frontier.plans[k]} {pieces.told(told_terms(menu[k], [o[k] for o in every]))}" for k in shown)
            for menu in p.offers
        ]
        proven = "proven" if p.verdict is Verdict.PROVED else "best found"
        values = told(p.x, frontier.x.unit), told(p.y, frontier.y.unit)
        rows.append({"x": p.x, "y": p.y, **lines(*values, *menus, proven)})
    return sorted(rows, key=lambda row: row["x"])
