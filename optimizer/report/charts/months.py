"""A path over months: customers by plan, money and compute beside today's menu held, prices by stage."""

from __future__ import annotations

import itertools

import altair as alt

from optimizer.answer.path import PathSolution
from optimizer.answer.path_bridge import margin_bridge, parts_in_use
from optimizer.answer.views import view
from optimizer.economics.figures import Selection, unit_of
from optimizer.report.charts.style import (
    BLUE,
    GREY,
    INK,
    MUTED,
    Chart,
    Row,
    Width,
    axis,
    colours_of,
    data,
    finish,
    lines,
    signed,
    tips,
    told,
)
from optimizer.report.words import heading, price

HEIGHT = 220
LOAD, CARRY = "busy at the peak", "at hand, in today's GPUs"
PATH, HELD = "this path", "today's menu held"


def _months(rows: list[Row]) -> alt.X:
    """The axis of months."""
    last = max(int(row["month"]) for row in rows)
    ticks = alt.Axis(title="month", tickMinStep=1, format="d", grid=False)
    return alt.X("month:Q", axis=ticks, scale=alt.Scale(domain=[1, last], nice=False))


@view(PathSolution)
def months_chart(solution: PathSolution, width: Width = 640) -> Chart:
    """Customers by plan, one upon the other."""
    titles = {p.plan: p.title for p in solution.stages[0].menu}
    rows: list[Row] = []
    for rank, plan in enumerate(solution.timeline.m.choices.plans):
        for t, value in enumerate(solution.series("customers", Selection(plan)), start=1):
            name = titles[plan]
            shown = lines(f"month {t}", name, told(value, unit_of("customers")))
            rows.append({"month": t, "plan": name, "rank": rank, "value": value, **shown})
    names = list(dict.fromkeys(str(row["plan"]) for row in rows))
    chart = (
        alt.Chart(data(rows))
        .mark_area()
        .encode(
            x=_months(rows),
            y=alt.Y("value:Q", stack="zero", axis=axis("customers", unit_of("customers"))),
            color=alt.Color("plan:N", scale=alt.Scale(domain=names, range=colours_of(names))),
            order=alt.Order("rank:Q"),
            tooltip=tips("When", "Plan", "Customers"),
        )
        .properties(width=width, height=HEIGHT)
    )
    return finish(chart, f"Customers by plan in {solution.timeline.months} months")


@view(PathSolution, "figure")
def figures_chart(solution: PathSolution, figure: str = "contribution_margin", width: Width = 640) -> Chart:
    """A figure in every month, beside that of today's menu held."""
    unit, rows = unit_of(figure), []
    for who, values in ((PATH, solution.series(figure)), (HELD, solution.held_series(figure))):
        for t, value in enumerate(values, start=1):
            rows.append({"month": t, "who": who, "value": value, **lines(f"month {t}", who, told(value, unit))})
    colours = alt.Scale(domain=[PATH, HELD], range=[BLUE, MUTED])
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2)
        .encode(
            x=_months(rows),
            y=alt.Y("value:Q", axis=axis(heading(figure), unit), scale=alt.Scale(zero=False)),
            color=alt.Color("who:N", scale=colours),
            strokeDash=alt.StrokeDash("who:N", scale=alt.Scale(domain=[PATH, HELD], range=[[1, 0], [4, 3]])),
            tooltip=tips("When", "Menus", heading(figure)),
        )
        .properties(width=width, height=HEIGHT)
    )
    return finish(chart, f"{heading(figure)} in {solution.timeline.months} months, beside today's menu held")


@view(PathSolution, "gpus")
def gpus_chart(solution: PathSolution, width: Width = 640) -> Chart:
    """GPUs busy at the peak against what those at hand carry."""
    rows: list[Row] = []
    for t, row in enumerate(solution.gpus or [], start=1):
        for who, key in ((LOAD, "busy"), (CARRY, "carry")):
            rows.append({"month": t, "who": who, "value": row[key], **lines(f"month {t}", who, told(row[key], "GPU"))})
    chart = (
        alt.Chart(data(rows))
        .mark_line(strokeWidth=2, interpolate="step-after")
        .encode(
            x=_months(rows),
            y=alt.Y("value:Q", axis=axis("GPUs", "GPU")),
            color=alt.Color("who:N", scale=alt.Scale(domain=[LOAD, CARRY], range=[BLUE, MUTED])),
            tooltip=tips("When", "Which", "GPUs"),
        )
        .properties(width=width, height=HEIGHT)
    )
    return finish(chart, f"GPUs busy and at hand in {solution.timeline.months} months")


@view(PathSolution, "bridge")
def bridge_chart(solution: PathSolution, width: Width = 640) -> Chart:
    """What every part adds to the contribution margin from quarter to quarter; a mark where the whole stands."""
    steps = margin_bridge(solution)
    parts, labels = parts_in_use(steps), [step.label for step in steps[1:]]
    unit, rows, nets = unit_of("contribution_margin"), list[Row](), list[Row]()
    for before, step in itertools.pairwise(steps):
        level = told(step.contribution_margin, unit)
        for rank, part in enumerate(parts):
            value = step.added[part]
            shown = lines(f"months {step.label}", part, signed(value, unit))
            rows.append({"quarter": step.label, "part": part, "rank": rank, "value": value, **shown})
        change = f"{signed(step.change, unit)} to {level}"
        shown = lines(f"months {step.label}", f"all, from {told(before.contribution_margin, unit)}", change)
        nets.append({"quarter": step.label, "value": step.change, **shown})
    x = alt.X("quarter:N", sort=labels, axis=alt.Axis(title="months", labelAngle=0, domain=False, ticks=False))
    ticks = axis("Change of margin", unit)
    scale = alt.Scale(domain=list(parts), range=colours_of(parts))
    hover = tips("When", "Part", "Change")
    bars = (
        alt.Chart(data(rows))
        .mark_bar()
        .encode(
            x=x, y=alt.Y("value:Q", stack="zero", axis=ticks), color=alt.Color("part:N", scale=scale),
            order=alt.Order("rank:Q"), tooltip=hover,
        )
    )  # fmt: skip
    whole = alt.Chart(data(nets)).mark_tick(thickness=3, color=INK).encode(x=x, y="value:Q", tooltip=hover)
    chart = alt.layer(bars, whole).properties(width=width, height=HEIGHT)
    return finish(chart, f"Change of the contribution margin by quarter in {solution.timeline.months} months, by part")


@view(PathSolution, "menus")
def menus_chart(solution: PathSolution, width: Width = 640) -> Chart:
    """Which fee every plan asks in which months."""
    rows: list[Row] = []
    for stage in solution.stages:
        for p in stage.menu:
            if p.offered and (p.price or p.today_price):
                fee = price(p.price)
                rows.append({
                    "plan": p.title, "from": stage.months.start, "to": stage.months.stop, "fee": fee,
                    "new": "new" if p.repriced else "as today",
                    **lines(p.title, f"months {stage.months.start} to {stage.months.stop - 1}", f"{fee} usd"),
                })  # fmt: skip
    names = list(dict.fromkeys(str(row["plan"]) for row in rows))
    last = solution.timeline.months + 1
    base = alt.Chart(data(rows)).encode(
        y=alt.Y("plan:N", sort=names, axis=alt.Axis(title=None, domain=False, ticks=False, labelColor=INK)),
        x=alt.X("from:Q", axis=alt.Axis(title="month", tickMinStep=1, grid=False),
                scale=alt.Scale(domain=[1, last], nice=False)),
        x2="to:Q",
        tooltip=tips("Plan", "When", "Fee"),
    )  # fmt: skip
    colours = alt.Scale(domain=["new", "as today"], range=[BLUE, GREY])
    bars = base.mark_bar(height=22, stroke="white").encode(color=alt.Color("new:N", scale=colours))
    ink = alt.Scale(domain=["new", "as today"], range=["white", INK])
    labels = base.mark_text(align="left", dx=6).encode(
        text="fee:N", x2=alt.value(0), color=alt.Color("new:N", scale=ink, legend=None)
    )
    chart = (
        alt.layer(bars, labels)
        .resolve_scale(color="independent")
        .properties(width=width, height=34 * max(len(names), 1))
    )
    return finish(chart, "Fees of every plan by months")
