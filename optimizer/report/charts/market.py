"""Where the menu stands among others: net changes, the market map; what binds, what runs, what free use costs."""

from __future__ import annotations

import altair as alt

from optimizer.answer.explanation import Explanation
from optimizer.answer.parts import compute_rows, market_places, net_changes, usage_rows
from optimizer.answer.solution import Solution
from optimizer.answer.views import view
from optimizer.report.charts.style import (
    BLUE,
    CELL_INK,
    EDGE,
    INK,
    MUTED,
    ORANGE,
    RAMP_AGAINST,
    Chart,
    Row,
    Width,
    axis,
    both_sides,
    categories,
    data,
    finish,
    gain,
    lines,
    room,
    short,
    span,
    tips,
    told,
    unique,
)

WHOSE = {"ours": "Our plans", "rival": "Rivals"}
LEAST = 0.5
"""Fewer customers than this are none."""


@view(Solution, "net")
def net_chart(solution: Solution, width: Width = 640) -> Chart:
    """More or fewer customers than today: of plans, of rivals, of own hardware, of nobody."""
    found = [r for r in net_changes(solution.today, solution.evaluation) if max(r["today"], r["customers"]) >= LEAST]
    rows: list[Row] = []
    for r, label in zip(found, unique(r["title"] for r in found), strict=True):
        change = r["customers"] - r["today"]
        change = change if abs(change) >= LEAST else 0.0
        rows.append({
            "label": label, "value": change, "zero": 0.0, "side": "more" if change >= 0 else "fewer",
            "left": gain(change) if change < 0 else "", "right": gain(change) if change >= 0 else "",
            **lines(label, str(r["whose"]), short(r["today"]), short(r["customers"]), gain(change)),
        })  # fmt: skip
    base = alt.Chart(data(rows), width=width, height=26 * len(rows))
    domain = span([0.0, *(float(r["value"]) for r in rows)], 0.0, 0.0)
    x = alt.X("value:Q", scale=alt.Scale(domain=domain, range=room(58, 58), nice=False),
              axis=axis("Customers, net change", "customers", domain))  # fmt: skip
    y = alt.Y("label:N", sort=None, axis=categories())
    colours = alt.Scale(domain=["more", "fewer"], range=[BLUE, ORANGE])
    hover = tips("Plan", "Whose", "Today", "Proposed", "Change")
    said = "; ".join(f"{r['label']} {r['t4']}" for r in rows)
    return finish(both_sides(base, x, y, colours, hover), f"Customers against today, net: {said}.")


@view(Solution, "market")
def market_chart(solution: Solution, width: Width = 640) -> Chart:
    """Every plan on the market by what a customer pays and how many customers it has; a tail leads from today."""
    found = [r for r in market_places(solution.today, solution.evaluation) if r["customers"] >= 1.0]
    rows: list[Row] = []
    for r, label in zip(found, unique(r["title"] for r in found), strict=True):
        moved = r["today"] >= 1.0 and r["whose"] == "ours"
        rows.append({
            "label": label, "who": WHOSE[r["whose"]], "x": r["paid_a_month"] or 0.0, "y": r["customers"],
            "x0": (r["paid_a_month_today"] or 0.0) if moved else r["paid_a_month"] or 0.0,
            "y0": r["today"] if moved else r["customers"],
            **lines(label, f"{short(r['paid_a_month'] or 0.0)} usd a month", short(r["customers"]), short(r["today"])),
        })  # fmt: skip
    x = alt.X("x:Q", scale=alt.Scale(type="symlog", constant=5, nice=False, domainMin=0, padding=12),
              axis=_decades("Paid a customer, usd a month", [0, 5, 10, 20, 50, 100, 200, 500, 1000]))  # fmt: skip
    y = alt.Y("y:Q", scale=alt.Scale(type="log", nice=False, padding=18),
              axis=_decades("Customers", [10.0**k for k in range(11)]))  # fmt: skip
    base = alt.Chart(data(rows), width=width, height=340)
    colour = alt.Color("who:N", scale=alt.Scale(domain=list(WHOSE.values()), range=[BLUE, EDGE]),
                       legend=alt.Legend(columns=2))  # fmt: skip
    shape = alt.Shape("who:N", scale=alt.Scale(domain=list(WHOSE.values()), range=["circle", "diamond"]), legend=None)
    hover = tips("Plan", "Paid a customer", "Customers", "Today")
    tails = base.mark_rule(strokeWidth=1.5).encode(x="x0:Q", y="y0:Q", x2="x:Q", y2="y:Q", color=colour)
    spots = base.mark_point(filled=True, size=90, opacity=1).encode(x=x, y=y, color=colour, shape=shape, tooltip=hover)
    ours = base.transform_filter(alt.datum.who == WHOSE["ours"])
    names = ours.mark_text(align="left", dx=9, dy=-8, color=INK).encode(x=x, y=y, text="label:N")
    said = "; ".join(f"{r['label']} {r['t2']} at {r['t1']}" for r in rows)
    return finish(alt.layer(tails, spots, names), f"Plans by what a customer pays and customers: {said}.")


def _decades(title: str, values: list[float]) -> alt.Axis:
    """An axis of a scale that is no straight line."""
    return axis(title, "1", title=title, values=values, labelOverlap="greedy")


def binding_chart(solution: Solution, width: Width = 640) -> Chart:
    """Share of customers whom a cap binds at least once a month, by plan and usage class."""
    titles = {p.plan: p.title for p in solution.menu}
    labels = dict(zip(titles, unique(titles.values()), strict=True))
    rows: list[Row] = [
        {
            "plan": labels[r["plan"]], "class": r["usage_class"].split(" to ")[-1],
            "shade": r["cap_binding_share"],
            "told": f"{r['cap_binding_share']:.0%}",
            **lines(labels[r["plan"]], r["usage_class"], short(r["customers"]),
                    told(r["cap_binding_share"], "fraction")),
        }
        for r in usage_rows(solution.evaluation)
    ]  # fmt: skip
    plans = list(dict.fromkeys(r["plan"] for r in rows))
    ticks = alt.Axis(title="Usage, up to this part of customers", orient="top", domain=False, ticks=False, labelAngle=0)
    base = alt.Chart(data(rows), width=width, height=34 * len(plans)).encode(
        x=alt.X("class:N", sort=None, axis=ticks), y=alt.Y("plan:N", sort=None, axis=categories(124))
    )
    shades = alt.Scale.from_dict({"domain": [0, 1], "range": list(RAMP_AGAINST), "interpolate": "rgb"})
    boxes = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color("shade:Q", scale=shades, legend=None),
        tooltip=tips("Plan", "Usage class", "Customers", "Bound by a cap"),
    )
    text = base.mark_text(color=CELL_INK).encode(text="told:N")
    said = "; ".join(f"{r['t0']} {r['t1']}: {r['t3']}" for r in rows)
    return finish(alt.layer(boxes, text), f"Customers whom a cap binds, by plan and usage class. {said}.")


def load_chart(solution: Solution, width: Width = 640) -> Chart:
    """GPUs busy by pool and block of hours, beside today's and those reserved."""
    before = compute_rows(solution.today)
    rows: list[Row] = []
    for r, b in zip(compute_rows(solution.evaluation), before, strict=True):
        over = r["gpus_burst"] or 0.0
        rows.append({
            "label": f"{r['pool']}, {r['hours']}", "held": r["gpus_busy"] - over, "busy": r["gpus_busy"],
            "today": b["gpus_busy"], "reserved": r["gpus_reserved"], "told": short(r["gpus_busy"]), "zero": 0.0,
            "end": max(r["gpus_busy"], b["gpus_busy"], r["gpus_reserved"] or 0.0),
            **lines(f"{r['pool']}, {r['hours']}", short(r["gpus_busy"]), short(b["gpus_busy"]),
                    told(r["gpus_reserved"], "1"), short(over)),
        })  # fmt: skip
    most = [float(v) for r in rows for v in (r["busy"], r["today"], r["reserved"]) if v is not None]
    domain = [0.0, max(most, default=1.0) or 1.0]
    scale = alt.Scale(domain=domain, range=room(2, 58), nice=False)
    ticks, y = axis("GPUs busy", "1", domain), alt.Y("label:N", sort=None, axis=categories())
    base = alt.Chart(data(rows), width=width, height=34 * len(rows))
    hover = tips("Pool and hours", "GPUs busy", "Today", "Reserved", "Beyond what is reserved")
    bars = base.mark_bar(size=16, color=BLUE).encode(
        y=y, x=alt.X("zero:Q", scale=scale, axis=ticks), x2="held:Q", tooltip=hover
    )
    over = base.transform_filter(alt.datum.busy > alt.datum.held).mark_bar(size=16, color=ORANGE).encode(
        y=y, x=alt.X("held:Q", scale=scale, axis=ticks), x2="busy:Q", tooltip=hover
    )  # fmt: skip
    then = base.mark_tick(size=24, thickness=2, color=MUTED).encode(
        y=y, x=alt.X("today:Q", scale=scale, axis=ticks), tooltip=hover
    )
    layers = [bars, over, then]
    if any(r["reserved"] is not None for r in rows):
        held = base.transform_filter(alt.datum.reserved != None)  # noqa: E711
        layers.append(held.mark_tick(size=24, thickness=4, color=INK).encode(
            y=y, x=alt.X("reserved:Q", scale=scale, axis=ticks), tooltip=hover
        ))  # fmt: skip
    layers.append(base.mark_text(align="left", dx=7, color=MUTED).encode(
        y=y, x=alt.X("end:Q", scale=scale, axis=ticks), text="told:N"
    ))  # fmt: skip
    said = "; ".join(f"{r['t0']}: {r['t1']}, today {r['t2']}, reserved {r['t3']}" for r in rows)
    return finish(alt.layer(*layers), f"GPUs busy by pool and hours. {said}.")


@view(Explanation, "free")
def free_chart(explanation: Explanation, width: Width = 640) -> Chart:
    """What serving free customers costs, by segment."""
    segments = explanation.solution.evaluation.prepared.market.segments
    found = explanation.free_tier["by_segment"]
    rows: list[Row] = [
        {"label": label, "value": cost, "told": short(cost), "zero": 0.0, **lines(label, f"{short(cost)} usd a month")}
        for label, cost in zip(unique(segments[s].title for s in found), found.values(), strict=True)
    ]
    domain = [0.0, max((float(r["value"]) for r in rows), default=1.0) or 1.0]
    base = alt.Chart(data(rows), width=width, height=26 * max(len(rows), 1))
    x = alt.X("value:Q", scale=alt.Scale(domain=domain, range=room(2, 58), nice=False),
              axis=axis("Serving free customers", "usd/month", domain))  # fmt: skip
    y = alt.Y("label:N", sort=None, axis=categories())
    hover = tips("Segment", "Cost")
    bars = base.mark_bar(size=14, color=ORANGE).encode(y=y, x=x, x2="zero:Q", tooltip=hover)
    text = base.mark_text(align="left", dx=6, color=MUTED).encode(y=y, x=x, text="told:N")
    said = "; ".join(f"{r['label']} {r['t1']}" for r in rows)
    return finish(alt.layer(bars, text), f"Serving free customers by segment: {said}.")
