"""What happens when one value of the menu moves and the rest stays; two of them together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from optimizer.answer.explanation import Explanation
from optimizer.answer.views import view
from optimizer.economics.figures import unit_of
from optimizer.report.charts.style import (
    BLUE,
    CELL_INK,
    CONFIG,
    GREY,
    INK,
    MUTED,
    RAMP,
    SAND,
    Chart,
    Row,
    Width,
    axis,
    data,
    finish,
    lines,
    short,
    span,
    tips,
    told,
)
from optimizer.report.words import heading, price, printable
from optimizer.studies.explain_section import LEVER_PANELS, PANELS

HIGH = 110
BEYOND = ("beyond", "held")
"""How reasons begin that are no condition and no rule."""


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
        at = f"x {r['factor']:g}" if metered else f"{price(r['price'])} usd"
        rows.append(
            {
                "x": r["factor"] if metered else r["price"],
                "y": r[figure],
                "chosen": int(r["factor"] == 1.0),
                "today": 0,
                "why": r["why"],
                **lines(at, told(r[figure], unit), r["why"] or "yes"),
            }
        )
    return rows


def _shades(rows: Sequence[Row]) -> list[Row]:
    """Stretches of the axis that are not allowed, half way to the neighbours."""
    found = []
    for k, row in enumerate(rows):
        if row["why"]:
            left = row["x"] if k == 0 else (rows[k - 1]["x"] + row["x"]) / 2.0
            right = row["x"] if k + 1 == len(rows) else (row["x"] + rows[k + 1]["x"]) / 2.0
            kind = "no step" if str(row["why"]).startswith(BEYOND) else "ruled out"
            found.append({"left": left, "right": right, "kind": kind, **lines(row["t0"], row["t1"], row["t2"])})
    return found


def _curve(rows: list[Row], label: str, caption: str, unit: str, up: list[float], width: Width, height: int) -> Chart:
    """A line with the chosen value as a dot, today's as a ring, and what is not allowed shaded."""
    across = span([r["x"] for r in rows], 0.0, 0.0)
    x = alt.X(
        "x:Q",
        scale=alt.Scale(domain=across, nice=False, zero=False),
        axis=axis(label, "1", across, grid=False, tickCount=4),
    )
    y = alt.Y(
        "y:Q", scale=alt.Scale(domain=up, zero=False, nice=False), axis=axis("", unit, up, tickCount=3, title=None)
    )
    hover = tips(label, caption, "Allowed")
    base = alt.Chart(data(rows), width=width, height=height).encode(x=x, y=y, tooltip=hover)
    colours = alt.Scale(domain=["ruled out", "no step"], range=[SAND, GREY])
    shades = alt.Chart(data(_shades(rows))).mark_rect(opacity=0.8).encode(
        x=alt.X("left:Q", scale=alt.Scale(domain=across, nice=False, zero=False)), x2="right:Q",
        color=alt.Color("kind:N", scale=colours, legend=None), tooltip=hover,
    )  # fmt: skip
    line = base.mark_line(color=BLUE, strokeWidth=2)
    dots = base.mark_point(filled=True, size=90, opacity=0)
    ring = base.transform_filter(alt.datum.today == 1).mark_point(size=70, color=MUTED, strokeWidth=2, opacity=1)
    spot = base.transform_filter(alt.datum.chosen == 1).mark_point(filled=True, size=70, color=INK, opacity=1)
    return alt.layer(shades, line, ring, spot, dots)


@view(Explanation, "response")
def response_panel(
    explanation: Explanation, plan: str, figure: str, width: Width = 210, height: int = HIGH, styled: bool = True
) -> Chart:
    """One plan's price against one of ``customers``, ``revenue`` (of the plan) or ``contribution_margin`` (of all).

    The last has the same scale for all plans.
    """
    caption, unit = PANELS[figure], unit_of(figure)
    rows = _rows(explanation, plan, figure)
    metered = any(r["price"] is None for r in explanation.price_responses if r["plan"] == plan)
    label = "Unit prices, x chosen" if metered else "Price, usd a month"
    known = explanation.price_responses if figure == "contribution_margin" else [{figure: r["y"]} for r in rows]
    chart = _curve(rows, label, caption, unit, span([r[figure] for r in known], 0.05, 0.1), width, height)
    ends = f"from {rows[0]['t1']} at {rows[0]['t0']} to {rows[-1]['t1']} at {rows[-1]['t0']}" if rows else ""
    text = f"{caption}, {plan}: {ends}.{_ruled_out(rows)}"
    if styled:
        return finish(chart, text)
    titled: Chart = chart.properties(title=f"{printable(plan)}: {caption.lower()}")
    return titled


def _ruled_out(rows: Sequence[Row]) -> str:
    """What is shaded, in words."""
    whys = dict.fromkeys(str(r["why"]) for r in rows if r["why"])
    return f" Shaded where not allowed: {', '.join(whys)}." if whys else ""


@view(Explanation)
def response_chart(explanation: Explanation) -> alt.VConcatChart:
    """Price responses of every plan: customers, revenue and the whole menu's contribution margin."""
    rows = [
        alt.hconcat(*(response_panel(explanation, plan, figure, styled=False) for figure in PANELS))
        for plan in response_plans(explanation)
    ]
    made: alt.VConcatChart = alt.vconcat(*rows).configure(**CONFIG)
    return made


@view(Explanation, "lever")
def lever_panel(explanation: Explanation, lever: str, figure: str, width: Width = 210) -> Chart:
    """A cap of a free plan, or the split of the budget, against a figure of all; the same scale for all levers."""
    unit = unit_of(figure)
    found = [r for r in explanation.lever_responses if r["lever"] == lever]
    rows: list[Row] = [
        {
            "x": float(k),
            "y": r[figure],
            "chosen": int(r["chosen"]),
            "today": int(r["today"]),
            "why": r["why"],
            **lines(str(r["told"]), told(r[figure], unit), r["why"] or "yes"),
        }
        for k, r in enumerate(found)
    ]
    up = span([r[figure] for r in explanation.lever_responses], 0.05, 0.1)
    chart = _curve(rows, "Value", LEVER_PANELS[figure], unit, up, width, HIGH)
    _steps(chart, [str(r["told"]) for r in found])
    ends = f"from {rows[0]['t1']} at {rows[0]['t0']} to {rows[-1]['t1']} at {rows[-1]['t0']}" if rows else ""
    return finish(chart, f"{LEVER_PANELS[figure]} along {lever}: {ends}.{_ruled_out(rows)}")


def _steps(chart: Chart, names: list[str]) -> None:
    """Name the steps of a ladder below the axis; ladders have steps of any size, so each has the same room."""
    shown = alt.Axis(title=None, grid=False, values=list(range(len(names))), labelOverlap="greedy",
                     labelExpr=f"{names!r}[datum.value]")  # fmt: skip
    for layer in chart.layer:
        at = layer.encoding.x
        at.scale = alt.Scale(domain=[0, max(len(names) - 1, 1)], nice=False, zero=False)
        at.axis = shown


@view(Explanation, "map")
def lever_map_chart(explanation: Explanation, width: Width = 640) -> Chart:
    """The aim over two levers; cells that the case does not allow are sand-coloured, the answer's has a frame."""
    o, found = explanation.solution.objective, explanation.lever_map
    rows: list[Row] = [
        {
            "x": r["first_told"],
            "y": r["second_told"],
            "told": short(r["objective"]) if abs(r["objective"]) >= 1.0 else told(r["objective"], o.unit),
            "shade": r["objective"] * (-1.0 if o.sense == "least" else 1.0),
            "ruled_out": int(bool(r["why"])),
            "chosen": int(r["chosen"]),
            **lines(str(r["first_told"]), str(r["second_told"]), told(r["objective"], o.unit), r["why"] or "yes"),
        }
        for r in found
    ]
    columns, lanes = (list(dict.fromkeys(str(r[k]) for r in found)) for k in ("first_told", "second_told"))
    names = [str(found[0][k]) for k in ("first", "second")]
    named = [name[:1].upper() + name[1:] for name in names]
    x = alt.X("x:O", sort=columns, axis=_edge(named[0], orient="bottom", labelAngle=0))
    y = alt.Y("y:O", sort=lanes[::-1], axis=_edge(named[1]))
    base = alt.Chart(data(rows), width=width, height=32 * len(lanes)).encode(x=x, y=y)
    hover = tips(*named, heading(o.name), "Allowed")
    shades = alt.Scale.from_dict({"range": list(RAMP), "interpolate": "rgb", "nice": False})
    fine = base.transform_filter(alt.datum.ruled_out == 0)
    cells = fine.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color("shade:Q", scale=shades, legend=None), tooltip=hover
    )
    out = base.transform_filter(alt.datum.ruled_out == 1)
    ruled = out.mark_rect(stroke="white", strokeWidth=2, fill=SAND).encode(tooltip=hover)
    text = fine.mark_text(color=CELL_INK, fontSize=11).encode(text="told:N")
    faint = out.mark_text(color=MUTED, fontSize=11).encode(text="told:N")
    here = base.transform_filter(alt.datum.chosen == 1).mark_rect(fill=None, stroke=INK, strokeWidth=2.5)
    best = max((r for r in rows if not r["ruled_out"]), key=lambda r: float(r["shade"]), default=None)
    said = "" if best is None else f" Best allowed: {best['t2']} at {best['t0']} and {best['t1']}."
    chart = alt.layer(cells, ruled, text, faint, here)
    return finish(chart, f"{heading(o.name)} over {names[0]} and {names[1]}.{said}")


def _edge(title: str, **more: Any) -> alt.Axis:
    return alt.Axis(title=title, domain=False, ticks=False, labelColor=INK, **more)
