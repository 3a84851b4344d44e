"""Charts of solutions and studies as Altair objects: returned, never shown."""

from __future__ import annotations

import altair as alt

from optimizer.report.chart_frontier import frontier_chart
from optimizer.report.chart_parts import channel_chart, segments_chart, usage_chart
from optimizer.report.chart_response import response_chart, response_panel
from optimizer.report.chart_studies import comparison_chart, tornado_chart
from optimizer.report.chart_style import (
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
    name,
    signed,
    span,
    tips,
    told,
)
from optimizer.results import Solution
from optimizer.studies.waterfall import WaterfallStep, waterfall

__all__ = [
    "channel_chart",
    "comparison_chart",
    "frontier_chart",
    "response_chart",
    "response_panel",
    "segments_chart",
    "tornado_chart",
    "usage_chart",
    "waterfall_chart",
]


def waterfall_chart(solution: Solution, width: Width = 640, figure: str = "contribution_margin") -> Chart:
    """The waterfall from today's figure to the proposed one."""
    steps = waterfall(solution, figure)
    unit, heading = steps[0].unit, name(figure)
    base = alt.Chart(data(_rows(steps)), width=width, height=34 * len(steps))
    y = alt.Y(
        "key:O",
        sort=None,
        axis=alt.Axis(title=None, labelExpr="datum.label", domain=False, ticks=False, labelColor=INK, labelPadding=8),
    )
    titles = [s.title for s in steps]
    y.axis.labelExpr = _labels(titles)
    y.axis.labelLimit = 140
    ends = [v for s in steps for v in ((s.end,) if s.kind == "total" else (s.start, s.end))]
    scale = alt.Scale(domain=span(ends, 0.06, 0.30), nice=False, zero=False)
    x = alt.X("low:Q", scale=scale, axis=axis(heading, unit))
    hover = tips("Step", "Change", "From", "To")
    steps_only, totals = alt.datum.total == 0, alt.datum.total == 1
    colour = alt.Color("rise:N", scale=alt.Scale(domain=["more", "less"], range=[BLUE, ORANGE]), legend=None)
    bars = base.transform_filter(steps_only).mark_bar(size=16).encode(y=y, x=x, x2="high:Q", color=colour, tooltip=hover)
    marks = base.transform_filter(totals).mark_tick(size=24, thickness=4, color=INK)
    stands = marks.encode(y=y, x=alt.X("end:Q", scale=scale, axis=axis(heading, unit)), tooltip=hover)
    text = base.mark_text(align="left", dx=7, baseline="middle").encode(
        y=y,
        x=alt.X("high:Q", scale=scale, axis=axis(heading, unit)),
        text="told:N",
        color=alt.condition(totals, alt.value(INK), alt.value(MUTED)),
    )
    described = f"{heading} {told(steps[0].end, unit)} today; " + "; ".join(
        f"{s.title} {signed(s.change, unit)}" for s in steps[1:-1]
    )
    return finish(alt.layer(bars, stands, text), f"{described}; proposed {told(steps[-1].end, unit)}.")
