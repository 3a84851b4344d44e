"""Scenario cross table and tornado."""

from __future__ import annotations

import math
from collections.abc import Mapping

import altair as alt

from optimizer.answer.comparison import CrossTable
from optimizer.answer.tornado import TOP, Driver, Tornado
from optimizer.answer.views import view
from optimizer.answer.words import bare, stated
from optimizer.report.charts.style import (
    CELL_INK,
    HIGH,
    INK,
    LOW,
    MUTED,
    RAMP,
    RAMP_AGAINST,
    Chart,
    Row,
    Width,
    axis,
    categories,
    data,
    finish,
    lines,
    room,
    span,
    tips,
    told,
)
from optimizer.report.words import heading, path_words, title

CROWDED = 9
"""From so many scenarios on, cells carry no text."""
LANES = {"": 1.0, "upper": 0.5, "lower": 0.5}
"""Where a bar lies -> its height as a part of a whole one: two bars on one side of the base lie side by side."""


def _cells(comparison: CrossTable, what: str) -> list[Row]:
    rows = []
    for label, menu in comparison.groups():
        for number, scenario in enumerate(comparison.scenarios):
            cell = comparison.cells[menu, scenario]
            shown = getattr(cell, what)
            state = "met" if cell.feasible else f"missed: {', '.join(cell.missed)}"
            rows.append(
                {
                    "menu": label,
                    "scenario": str(number + 1),
                    "shade": shown,
                    "told": ("" if math.isnan(shown) else bare(shown, comparison.unit))
                    + ("" if cell.feasible else " !"),
                    **lines(
                        f"{number + 1} {comparison.titles[scenario]}",
                        label,
                        told(cell.value, comparison.unit),
                        told(cell.regret, comparison.unit),
                        state,
                    ),
                }
            )
    return rows


@view(CrossTable)
def comparison_chart(comparison: CrossTable, width: Width = 640, what: str = "regret") -> Chart:
    """Menus (rows) in scenarios (columns, by number): ``regret`` or ``value``; ``!`` marks a missed condition."""
    rows = _cells(comparison, what)
    groups = comparison.groups()
    ramp = list(RAMP_AGAINST if what == "regret" else RAMP)
    x = alt.X(
        "scenario:O",
        sort=None,
        axis=alt.Axis(title="Scenario", orient="top", domain=False, ticks=False, labelAngle=0, labelColor=INK),
    )
    y = alt.Y("menu:N", sort=None, axis=categories(120))
    base = alt.Chart(data(rows), width=width, height=38 * len(groups)).encode(x=x, y=y)
    hover = tips("Scenario", "Menu", heading(comparison.figure), "Regret", "Conditions")
    domain = {"domainMin": 0.0} if what == "regret" else {}
    shades = alt.Scale.from_dict({"range": ramp, "interpolate": "rgb", "nice": False, **domain})
    boxes = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color("shade:Q", scale=shades, legend=None), tooltip=hover
    )
    layers: list[alt.Chart] = [boxes]
    if len(comparison.scenarios) < CROWDED:
        layers.append(base.mark_text(fontSize=11, color=CELL_INK).encode(text="told:N"))
    text = (
        f"{heading(what)} in {title(comparison.figure)} of {len(groups)} {comparison.thing}s in "
        f"{len(comparison.scenarios)} scenarios. Least regret: {comparison.label(comparison.least_regret)}."
    )
    return finish(alt.layer(*layers), text)


def _lanes(ends: Mapping[str, float | None], base: float) -> dict[str, str]:
    """The lane of each end: side by side where both fall on one side of the base, else both in the middle."""
    apart = [None if value is None else value > base for value in ends.values()]
    shared = None not in apart and len(set(apart)) == 1
    return dict(zip(ends, ("upper", "lower"), strict=True)) if shared else dict.fromkeys(ends, "")


def _bars(drivers: list[Driver], tornado: Tornado) -> list[Row]:
    """Two bars a driver, where its ends have values."""
    bars: list[Row] = []
    for rank, d in enumerate(drivers):
        kept, best = {"low": d.kept_low, "high": d.kept_high}, {"low": d.best_low, "high": d.best_high}
        lanes, thin = _lanes(kept, tornado.base), _lanes(best, tornado.base)
        known = [v for v in kept.values() if v is not None]
        for side, value in kept.items():
            if value is None:
                continue
            outer = value == (min(known) if value < tornado.base else max(known))
            label = bare(value, tornado.unit) if outer else ""
            bars.append(
                {
                    "rank": rank,
                    "side": f"number at its {side}",
                    "base": tornado.base,
                    "kept": value,
                    "best": best[side],
                    "lane": lanes[side],
                    "thin": thin[side],
                    "left": label if value < tornado.base else "",
                    "right": label if value > tornado.base else "",
                    **lines(
                        path_words(d.path),
                        stated(d.low if side == "low" else d.high, d.unit),
                        told(value, tornado.unit),
                        told(best[side], tornado.unit),
                        "assumed" if d.assumed else "sourced",
                        f"contradicts {', '.join(d.contradicts[side])}" if side in d.contradicts else "fits them",
                    ),
                }
            )
    return bars


def _driver_words(d: Driver) -> str:
    """A number, its range, and what is to be said of its ends."""
    none = [f"no value at its {key.removeprefix('kept_')}" for key in d.missing if key.startswith("kept_")]
    against = ["!"] if len(d.contradicts) > 1 else [f"! at its {side}" for side in d.contradicts]
    ends = [*none, *against]
    reach = f"{bare(d.low, d.unit)} to {stated(d.high, d.unit)}{' *' if d.assumed else ''}"
    return f"{path_words(d.path)}: {reach}" + (f" ({', '.join(ends)})" if ends else "")


@view(Tornado)
def tornado_chart(tornado: Tornado, width: Width = 640, shown: int = TOP) -> Chart:
    """The numbers that move the objective most: broad bars with the menu kept, thin ones with it chosen anew."""
    drivers = tornado.leading(shown)
    bars = _bars(drivers, tornado)
    y = alt.Y("rank:O", axis=None)
    domain = span([tornado.base, *(b[k] for b in bars for k in ("kept", "best"))], 0.0, 0.0)
    ticks = axis(heading(tornado.figure), tornado.unit, domain)
    x = alt.X("kept:Q", scale=alt.Scale(domain=domain, range=room(50, 50), nice=False, zero=False), axis=ticks)
    colours = alt.Scale(domain=["number at its low", "number at its high"], range=[LOW, HIGH])
    colour = alt.Color("side:N", scale=colours, sort=None, legend=alt.Legend(columns=2))
    hover = tips("Number", "Moved to", "Menu kept", "Menu chosen anew", "Evidence", "Reported figures")
    base = alt.Chart(data(bars), width=width, height=48 * max(1, len(drivers)))
    names = [{"rank": rank, "name": _driver_words(d)} for rank, d in enumerate(drivers)]
    above = alt.Chart(data(names)).mark_text(align="left", dy=-12, color=INK, limit=alt.ExprRef("width"))

    def lane(field: str, name: str, size: float, middle: float, opacity: float) -> alt.Chart:
        part = size * LANES[name]
        shift = {"": 0.0, "upper": -part / 2.0, "lower": part / 2.0}[name]
        bar = base.transform_filter(alt.datum[field] == name)
        made: alt.Chart = bar.mark_bar(size=part, yOffset=middle + shift, opacity=opacity)
        return made

    layers = [
        drawn.encode(y=y, x=at, x2="base:Q", color=colour, tooltip=hover)
        for field, at, size, middle, opacity in (
            ("lane", x, 13.0, 5.0, 1.0),
            ("thin", alt.X("best:Q", axis=ticks), 4.0, 15.0, 0.75),
        )
        for drawn in (lane(field, name, size, middle, opacity) for name in LANES if any(b[field] == name for b in bars))
    ]
    layers += [
        base.mark_text(align="right", dx=-6, dy=5, color=MUTED).encode(y=y, x=x, text="left:N"),
        base.mark_text(align="left", dx=6, dy=5, color=MUTED).encode(y=y, x=x, text="right:N"),
        above.encode(y=y, x=alt.value(0), text="name:N"),
    ]
    most = path_words(drivers[0].path) if drivers else "none"
    text = f"How far {title(tornado.figure)} moves with each of {len(drivers)} numbers; most with {most}."
    return finish(alt.layer(*layers), text)
