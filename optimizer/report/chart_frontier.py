"""The efficient frontier with today's position and the chosen menu on it."""

from __future__ import annotations

import altair as alt

from optimizer.report.chart_style import (
    BLUE,
    INK,
    LINE,
    ORANGE,
    Chart,
    Row,
    Width,
    axis,
    data,
    finish,
    lines,
    name,
    span,
    tips,
    told,
)
from optimizer.report.words import price, title
from optimizer.results import Solution
from optimizer.studies.frontier import Frontier, FrontierPoint


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
                "proven" if p.verdict == "proved" else f"best found, at most {told(p.bound, y.unit)}",
            ),
        }
        for p in sorted(frontier.points, key=lambda p: p.x)
    ]


def _marks(frontier: Frontier, solution: Solution | None) -> list[Row]:
    """Today and the chosen menu, with the place of their labels."""
    x, y = frontier.x, frontier.y
    marks: list[Row] = [{"what": "Today", "x": x.today, "y": y.today}]
    if solution is not None:
        at = {"x": solution.evaluation.figure(x.name), "y": solution.evaluation.figure(y.name)}
        marks.insert(0, {"what": "Proposed menu", **at})
    return [
        {**m, "told": f"{m['what']}: {told(m['x'], x.unit)}, {told(m['y'], y.unit)}",
         **lines(m["what"], told(m["x"], x.unit), told(m["y"], y.unit))}
        for m in marks
    ]  # fmt: skip


def _label(base: alt.Chart, row: Row, across: list[float], below: bool) -> alt.Chart:
    """One label, on the side of its mark where there is room."""
    right = row["x"] > across[0] + 0.3 * (across[1] - across[0])
    made: alt.Chart = base.transform_filter(alt.datum.what == row["what"]).mark_text(
        align="right" if right else "left",
        dx=-8 if right else 8,
        dy=14 if below else -14,
        fontWeight="bold",
        color=ORANGE if row["what"] != "Today" else INK,
    )
    return made


def frontier_chart(frontier: Frontier, solution: Solution | None = None, width: Width = 640) -> Chart:
    """Efficient menus with hover, today's position, and the solution's menu where one is given."""
    x, y = frontier.x, frontier.y
    titles = {p.plan: p.title for p in solution.menu} if solution is not None else {}
    rows, marks = _points(frontier, titles), _marks(frontier, solution)
    across = span([r["x"] for r in (*rows, *marks)], 0.04, 0.04)
    up = span([r["y"] for r in (*rows, *marks)], 0.14, 0.14)
    at_x = alt.X("x:Q", scale=alt.Scale(domain=across, nice=False), axis=axis(name(x.name), x.unit, grid=False))
    at_y = alt.Y("y:Q", scale=alt.Scale(domain=up, nice=False), axis=axis(name(y.name), y.unit))
    hover = tips(name(x.name), name(y.name), "Menu", "Go-to-market for enterprise", "Verdict")
    base = alt.Chart(data(rows), width=width, height=340).encode(x=at_x, y=at_y)
    # a menu serves every demand for x up to its own: the frontier is a staircase
    steps = base.mark_line(interpolate="step-before" if x.sense > 0 else "step-after", color=LINE, strokeWidth=1.5)
    dots = base.mark_point(size=64, filled=True, color=BLUE, opacity=1).encode(tooltip=hover)
    spots = alt.Chart(data(marks), width=width, height=340).encode(x=at_x, y=at_y)
    shapes = alt.Scale(domain=["Proposed menu", "Today"], range=["circle", "diamond"])
    colours = alt.Scale(domain=["Proposed menu", "Today"], range=[ORANGE, INK])
    signs = spots.mark_point(size=150, filled=True, opacity=1).encode(
        shape=alt.Shape("what:N", scale=shapes, legend=None),
        color=alt.Color("what:N", scale=colours, legend=None),
        tooltip=tips("", name(x.name), name(y.name)),
    )
    labels = [_label(spots, m, across, m["what"] == "Today").encode(text="what:N") for m in marks]
    text = (
        f"{len(rows)} efficient menus by {title(x.name)} and {title(y.name)}. "
        + ". ".join(str(m["told"]) for m in marks)
        + f". Nothing lies more than {told(frontier.room, y.unit)} above."
    )
    return finish(alt.layer(steps, dots, signs, *labels), text)
