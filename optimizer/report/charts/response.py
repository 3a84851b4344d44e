"""What happens when one plan's price moves and the rest of the menu stays."""

from __future__ import annotations

import altair as alt

from optimizer.answer.explanation import Explanation
from optimizer.answer.views import view
from optimizer.economics.figures import unit_of
from optimizer.report.charts.style import (
    BLUE,
    CONFIG,
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
from optimizer.report.words import price, printable
from optimizer.studies.explain import PANELS


def response_plans(explanation: Explanation) -> list[str]:
    """Plans with a price response, in the menu's order."""
    return list(dict.fromkeys(str(r["plan"]) for r in explanation.price_responses))


def _rows(explanation: Explanation, plan: str, figure: str) -> list[Row]:
    unit = unit_of(figure)
    rows = []
    for r in explanation.price_responses:
        if r["plan"] != plan:
            continue
        metered = r["price"] is None
        rows.append(
            {
                "x": r["factor"] if metered else r["price"],
                "y": r[figure],
                "chosen": int(r["factor"] == 1.0),
                **lines(f"x {r['factor']:g}" if metered else f"{price(r['price'])} usd", told(r[figure], unit)),
            }
        )
    return rows


@view(Explanation, "response")
def response_panel(
    explanation: Explanation, plan: str, figure: str, width: Width = 210, height: int = 110, styled: bool = True
) -> Chart:
    """One plan's price against one of ``customers``, ``revenue`` (of the plan) or ``contribution_margin`` (of all)."""
    caption, unit = PANELS[figure], unit_of(figure)
    rows = _rows(explanation, plan, figure)
    metered = any(r["price"] is None for r in explanation.price_responses if r["plan"] == plan)
    label = "Unit prices, x chosen" if metered else "Price, usd a month"
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=span([r["x"] for r in rows], 0.0, 0.0), nice=False, zero=False),
        axis=axis(label, "1", grid=False, tickCount=4),
    )
    y = alt.Y("y:Q", scale=alt.Scale(zero=False, nice=True), axis=axis("", unit, tickCount=3, title=None))
    base = alt.Chart(data(rows), width=width, height=height).encode(x=x, y=y, tooltip=tips(label, caption))
    line = base.mark_line(color=BLUE, strokeWidth=2)
    dots = base.mark_point(filled=True, size=90, opacity=0)
    spot = base.transform_filter(alt.datum.chosen == 1).mark_point(filled=True, size=70, color=ORANGE, opacity=1)
    chart = alt.layer(line, spot, dots)
    ends = f"from {rows[0]['t1']} at {rows[0]['t0']} to {rows[-1]['t1']} at {rows[-1]['t0']}" if rows else ""
    text = f"{caption}, {plan}: {ends}."
    if styled:
        return finish(chart, text)
    titled: Chart = chart.properties(title=f"{printable(plan)}: {caption.lower()}")
    return titled


@view(Explanation)
def response_chart(explanation: Explanation) -> alt.VConcatChart:
    """Price responses of every plan: customers, revenue and the whole menu's contribution margin."""
    rows = [
        alt.hconcat(*(response_panel(explanation, plan, figure, styled=False) for figure in PANELS))
        for plan in response_plans(explanation)
    ]
    made: alt.VConcatChart = alt.vconcat(*rows).configure(**CONFIG)
    return made
