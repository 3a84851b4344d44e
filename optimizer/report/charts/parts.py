"""The parts of the business: channels, usage classes, segments."""

from __future__ import annotations

import altair as alt

from optimizer.answer.explanation import Explanation
from optimizer.answer.parts import parts, usage_rows
from optimizer.answer.solution import Solution
from optimizer.answer.views import view
from optimizer.economics.figures import unit_of
from optimizer.report.charts.style import (
    BLUE,
    CHANNELS,
    GAINS,
    INK,
    ORANGE,
    SAND,
    Chart,
    Row,
    Width,
    axis,
    both_sides,
    categories,
    data,
    finish,
    lines,
    room,
    short,
    tips,
    told,
    unique,
)
from optimizer.report.words import heading

LEAST_SHARE = 0.005
"""Smaller shares of people carry no label."""
MIX = ("customers", "revenue", "gpu_hours")
"""Figures that add up over channels, shown as shares."""
CHANNEL_NAMES = {"consumer": "Consumer", "enterprise": "Enterprise", "api": "API"}


def _mix(solution: Solution) -> list[Row]:
    rows = []
    for figure in MIX:
        for when, evaluation in (("today", solution.today), ("proposed", solution.evaluation)):
            for rank, (channel, selection) in enumerate(parts(evaluation, "channel")):
                value = evaluation.figure(figure, selection)
                row = f"{heading(figure)} {when}"
                told_value = told(value, unit_of(figure))
                shown = CHANNEL_NAMES[channel]
                rows.append(
                    {"row": row, "channel": shown, "rank": rank, "value": value, **lines(row, shown, told_value)}
                )
    return rows


def channel_chart(solution: Solution, width: Width = 640) -> Chart:
    """Customers, revenue and compute by channel, today and proposed, as shares."""
    rows = _mix(solution)
    order = list(dict.fromkeys(str(r["row"]) for r in rows))
    base = (
        alt.Chart(data(rows), width=width, height=34 * len(order))
        .transform_joinaggregate(total="sum(value)", groupby=["row"])
        .transform_calculate(share="datum.total > 0 ? datum.value / datum.total : 0")
        .transform_stack(["start", "end"], "share", ["row"], sort=[alt.SortField("rank")])
        .transform_calculate(
            middle="(datum.start + datum.end) / 2",
            label="datum.share * width >= 36 ? format(100 * datum.share, '.0f') + '%' : ''",
        )
    )
    y = alt.Y("row:N", sort=order, axis=categories())
    scale = alt.Scale(domain=[0, 1], nice=False)
    ticks = axis("Share of the total", "fraction")
    colours = alt.Scale(domain=list(CHANNEL_NAMES.values()), range=list(CHANNELS))
    bars = base.mark_bar(size=20, stroke="white", strokeWidth=1).encode(
        y=y,
        x=alt.X("start:Q", scale=scale, axis=ticks),
        x2="end:Q",
        color=alt.Color("channel:N", scale=colours, sort=None, legend=alt.Legend(columns=3)),
        tooltip=[*tips("Figure", "Channel", "Amount"), alt.Tooltip("share:Q", title="Share", format=".1%")],
    )
    text = base.mark_text().encode(
        y=y,
        x=alt.X("middle:Q", scale=scale, axis=ticks),
        text="label:N",
        color=alt.value("white"),
    )
    said = "; ".join(f"{r['t0']}, {r['t1']}: {r['t2']}" for r in rows)
    return finish(alt.layer(bars, text), f"Mix by channel. {said}.")


def _cell(value: float) -> str:
    return f"{value:.2f}" if abs(value) < 1.0 else short(value)


def usage_chart(solution: Solution, width: Width = 640) -> Chart:
    """Gross margin a customer by plan and usage class; sand-coloured cells cost more than they bring."""
    titles = {p.plan: p.title for p in solution.menu}
    found = usage_rows(solution.evaluation)
    labels = dict(zip(titles, unique(titles.values()), strict=True))
    rows = [
        {
            "plan": labels[r["plan"]],
            "class": r["usage_class"].split(" to ")[-1],
            "told": _cell(r["gross_margin_per_customer"]),
            "side": "loses" if r["gross_margin_per_customer"] < 0 else "earns",
            **lines(
                labels[r["plan"]],
                r["usage_class"],
                short(r["customers"]),
                f"{short(r['requests_per_customer'])} a month",
                f"{short(r['gross_margin_per_customer'])} usd a month",
                told(r["under_water_share"], "fraction"),
            ),
        }
        for r in found
    ]
    plans = list(dict.fromkeys(r["plan"] for r in rows))
    x = alt.X(
        "class:N",
        sort=None,
        axis=alt.Axis(
            title="Usage, up to this part of customers", orient="top", domain=False, ticks=False, labelAngle=0
        ),
    )
    base = alt.Chart(data(rows), width=width, height=34 * len(plans)).encode(
        x=x, y=alt.Y("plan:N", sort=None, axis=categories(124))
    )
    colours = alt.Scale(domain=["earns", "loses"], range=[GAINS, SAND])
    hover = tips(
        "Plan", "Usage class", "Customers", "Requests a customer", "Gross margin a customer", "Cost more than they pay"
    )
    boxes = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color("side:N", scale=colours, legend=None), tooltip=hover
    )
    text = base.mark_text(color=INK).encode(text="told:N")
    losing = [f"{r['t0']} {r['t1']}" for r in rows if r["side"] == "loses"]
    return finish(
        alt.layer(boxes, text),
        f"Gross margin a customer by plan and usage class. Losing: {', '.join(losing) or 'none'}.",
    )


@view(Explanation, "segments")
def segments_chart(explanation: Explanation, width: Width = 640) -> Chart:
    """Which part of each segment's people is better or worse off than today, and how many people they are."""
    market = explanation.solution.evaluation.prepared.market
    titles = unique(market.segments[r["segment"]].title for r in explanation.segments)
    rows: list[Row] = []
    for r, label in zip(explanation.segments, titles, strict=True):
        for side, sign in (("worse off", -1.0), ("better off", 1.0)):
            people = r[f"people_{side.replace(' ', '_')}"]
            share = people / r["people"]
            shown = f"{short(people)}, {share:.0%}" if share >= LEAST_SHARE else ""
            rows.append({
                "label": label, "value": sign * share, "zero": 0.0, "side": side,
                "left": shown if sign < 0 else "", "right": shown if sign > 0 else "",
                **lines(label, side, short(people), told(share, "fraction"),
                        f"{_money(r['surplus_change_usd_per_person'])} usd a person and month"),
            })  # fmt: skip
    base = alt.Chart(data(rows), width=width, height=26 * len(titles))
    y = alt.Y("label:N", sort=None, axis=categories())
    ticks = alt.Axis(title=None, values=[0], labels=False)
    x = alt.X("value:Q", scale=alt.Scale(domain=[-1, 1], range=room(84, 84), nice=False), axis=ticks)
    colours = alt.Scale(domain=["worse off", "better off"], range=[ORANGE, BLUE])
    hover = tips("Segment", "Side", "People", "Share", "On average")
    said = "; ".join(f"{r['label']} {r['side']} {r['t2']} ({r['t3']})" for r in rows)
    return finish(both_sides(base, x, y, colours, hover), f"People better and worse off than today: {said}.")


def _money(value: float) -> str:
    return f"{value:+,.2f}" if abs(value) >= 0.005 else "0.00"
