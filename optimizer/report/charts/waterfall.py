"""The waterfall from today's figure to the proposed one."""

from __future__ import annotations

import altair as alt

from optimizer.answer.solution import Solution
from optimizer.answer.views import view
from optimizer.report.charts.style import (
    BLUE,
    INK,
    MUTED,
    ORANGE,
    Chart,
    Row,
    Width,
    axis,
    categories,
    data,
    finish,
    gain,
    lines,
    room,
    short,
    signed,
    span,
    tips,
    told,
    unique,
)
from optimizer.report.words import heading
from optimizer.studies.waterfall import WaterfallStep, waterfall


def _row(step: WaterfallStep, label: str) -> Row:
    total = step.kind == "total"
    change = "" if total else signed(step.change, step.unit)
    shown = short(step.end) if total else gain(step.change)
    start = told(step.end if total else step.start, step.unit)
    return {
        "label": label,
        "total": int(total),
        "low": step.end if total else min(step.start, step.end),
        "high": step.end if total else max(step.start, step.end),
        "side": "less" if step.change < 0 and not total else "more",
        "told": shown,
        **lines(label, change or "-", start, told(step.end, step.unit)),
    }


@view(Solution)
def waterfall_chart(solution: Solution, width: Width = 640, figure: str = "contribution_margin") -> Chart:
    """Today's figure, the change that each plan brings, and the proposed figure."""
    steps = waterfall(solution, figure)
    unit, called = steps[0].unit, heading(figure)
    rows = [_row(s, label) for s, label in zip(steps, unique(s.title for s in steps), strict=True)]
    base = alt.Chart(data(rows), width=width, height=32 * len(rows))
    y = alt.Y("label:N", sort=[r["label"] for r in rows], axis=categories())
    ends_at = [v for r in rows for v in (r["low"], r["high"])]
    domain = span(ends_at, 0.0, 0.0)
    scale = alt.Scale(domain=domain, range=room(8, 58), nice=False, zero=False)
    ticks = axis(called, unit, domain)
    low, high = (alt.X(f"{end}:Q", scale=scale, axis=ticks) for end in ("low", "high"))
    hover = tips("Step", "Change", "From", "To")
    total = alt.datum.total == 1
    colour = alt.Color("side:N", scale=alt.Scale(domain=["more", "less"], range=[BLUE, ORANGE]), legend=None)
    bars = base.transform_filter(alt.datum.total == 0).mark_bar(size=16)
    ends = base.transform_filter(total).mark_tick(size=22, thickness=4, color=INK)
    text = base.mark_text(align="left", dx=7, baseline="middle")
    layers = alt.layer(
        bars.encode(y=y, x=low, x2="high:Q", color=colour, tooltip=hover),
        ends.encode(y=y, x=low, tooltip=hover),
        text.encode(y=y, x=high, text="told:N", color=alt.condition(total, alt.value(INK), alt.value(MUTED))),
    )
    changes = "; ".join(f"{s.title} {signed(s.change, unit)}" for s in steps[1:-1])
    return finish(
        layers, f"{called} {told(steps[0].end, unit)} today; {changes}; proposed {told(steps[-1].end, unit)}."
    )
