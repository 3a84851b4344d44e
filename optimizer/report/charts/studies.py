"""Scenario cross table and tornado."""

from __future__ import annotations

import math

import altair as alt

from optimizer.report.charts.style import (
    BLUE,
    INK,
    MUTED,
    SAND,
    SKY,
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
from optimizer.report.words import bare, heading, stated, title
from optimizer.studies.compare import Comparison
from optimizer.studies.sensitivity import Driver, Tornado

SHOWN = 12
VISIBLE = 1e-4
OWNERS = {"segments": "", "plans": " plan", "alternatives": " (rival)", "ai_models": " model", "pools": " GPUs"}
CROWDED = 9
"""From so many scenarios on, cells carry no text."""


def menu_groups(comparison: Comparison) -> list[tuple[str, str]]:
    """Distinct menus: a label for the chart, and the comparison's name of the first of each group."""
    groups: list[tuple[str, list[str]]] = []
    for menu in comparison.menus:
        for first, members in groups:
            if comparison.terms[first] == comparison.terms[menu] and (
                comparison.shares[first] == comparison.shares[menu]
            ):
                members.append(menu)
                break
        else:
            groups.append((menu, [menu]))
    numbers = {f"best in {s}": str(k + 1) for k, s in enumerate(comparison.scenarios)}
    labelled = []
    for first, members in groups:
        best = ", ".join(numbers[m] for m in members if m in numbers)
        labelled.append((f"Best in {best}" if best else first.capitalize(), first))
    return labelled


def _cells(comparison: Comparison, what: str) -> list[Row]:
    rows = []
    for label, menu in menu_groups(comparison):
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


def comparison_chart(comparison: Comparison, width: Width = 640, what: str = "regret") -> Chart:
    """Menus (rows) in scenarios (columns, by number): ``regret`` or ``value``; ``!`` marks a missed condition."""
    rows = _cells(comparison, what)
    height = 38 * len(menu_groups(comparison))
    ramp = ["#f3f5f7", SAND] if what == "regret" else ["#f3f5f7", SKY]
    x = alt.X(
        "scenario:O",
        sort=None,
        axis=alt.Axis(title="Scenario", orient="top", domain=False, ticks=False, labelAngle=0, labelColor=INK),
    )
    y = alt.Y("menu:N", sort=None, axis=categories(120))
    base = alt.Chart(data(rows), width=width, height=height).encode(x=x, y=y)
    hover = tips("Scenario", "Menu", heading(comparison.figure), "Regret", "Conditions")
    domain = {"domainMin": 0.0} if what == "regret" else {}
    shades = alt.Scale.from_dict({"range": ramp, "interpolate": "rgb", "nice": False, **domain})
    boxes = base.mark_rect(stroke="white", strokeWidth=2).encode(
        color=alt.Color("shade:Q", scale=shades, legend=None), tooltip=hover
    )
    layers: list[alt.Chart] = [boxes]
    if len(comparison.scenarios) < CROWDED:
        layers.append(base.mark_text(fontSize=11, color=INK).encode(text="told:N"))
    text = (
        f"{heading(what)} in {title(comparison.figure)} of {len(menu_groups(comparison))} menus in "
        f"{len(comparison.scenarios)} scenarios. Least regret: {comparison.least_regret}."
    )
    return finish(alt.layer(*layers), text)


def driver_name(path: str) -> str:
    """A number's path in words: whose it is, then what it is."""
    first, *rest = path.split(".")
    owner, what = (f"{rest[0]}{OWNERS[first]}", rest[1:]) if first in OWNERS and len(rest) > 1 else (first, rest)
    return heading(f"{owner}: {', '.join(what)}" if what else owner)


def _bars(drivers: list[Driver], tornado: Tornado) -> tuple[list[Row], list[Row]]:
    """Bars (two a driver) and the names above them."""
    bars: list[Row] = []
    names: list[Row] = []
    for rank, d in enumerate(drivers):
        reach = f"{bare(d.low, d.unit)} to {stated(d.high, d.unit)}"
        names.append({"rank": rank, "name": f"{driver_name(d.path)}: {reach}{' *' if d.assumed else ''}"})
        for side, kept, best in (("low", d.kept_low, d.best_low), ("high", d.kept_high, d.best_high)):
            if kept is None:
                continue
            ends = [v for v in (d.kept_low, d.kept_high) if v is not None]
            outer = kept == (min(ends) if kept < tornado.base else max(ends))
            number = d.low if side == "low" else d.high
            bars.append(
                {
                    "rank": rank,
                    "side": f"number at its {side}",
                    "base": tornado.base,
                    "kept": kept,
                    "best": best,
                    "left": bare(kept, tornado.unit) if outer and kept < tornado.base else "",
                    "right": bare(kept, tornado.unit) if outer and kept > tornado.base else "",
                    **lines(
                        driver_name(d.path),
                        stated(number, d.unit),
                        told(kept, tornado.unit),
                        told(best, tornado.unit),
                        "assumed" if d.assumed else "sourced",
                    ),
                }
            )
    return bars, names


def leading(tornado: Tornado, shown: int = SHOWN) -> list[Driver]:
    """The drivers that are worth a line: the largest ones that move the objective by more than rounding."""
    return [d for d in tornado.drivers if d.swing(tornado.base) > VISIBLE * abs(tornado.base)][:shown]


def tornado_chart(tornado: Tornado, width: Width = 640, shown: int = SHOWN) -> Chart:
    """The numbers that move the objective most: broad bars with the menu kept, thin ones with it chosen anew."""
    drivers = leading(tornado, shown)
    bars, names = _bars(drivers, tornado)
    y = alt.Y("rank:O", axis=None)
    ticks = axis(heading(tornado.figure), tornado.unit)
    domain = span([tornado.base, *(b[k] for b in bars for k in ("kept", "best"))], 0.0, 0.0)
    x = alt.X("kept:Q", scale=alt.Scale(domain=domain, range=room(50, 50), nice=False, zero=False), axis=ticks)
    colours = alt.Scale(domain=["number at its low", "number at its high"], range=[SAND, BLUE])
    colour = alt.Color("side:N", scale=colours, sort=None, legend=alt.Legend(columns=2))
    hover = tips("Number", "Moved to", "Menu kept", "Menu chosen anew", "Evidence")
    base = alt.Chart(data(bars), width=width, height=48 * max(1, len(drivers)))
    above = alt.Chart(data(names)).mark_text(align="left", dy=-12, color=INK, limit=alt.ExprRef("width"))
    kept = base.mark_bar(size=13, yOffset=5)
    anew = base.mark_bar(size=4, yOffset=15, opacity=0.75)
    layers = [
        kept.encode(y=y, x=x, x2="base:Q", color=colour, tooltip=hover),
        anew.encode(y=y, x=alt.X("best:Q", axis=ticks), x2="base:Q", color=colour, tooltip=hover),
        base.mark_text(align="right", dx=-6, dy=5, color=MUTED).encode(y=y, x=x, text="left:N"),
        base.mark_text(align="left", dx=6, dy=5, color=MUTED).encode(y=y, x=x, text="right:N"),
        above.encode(y=y, x=alt.value(0), text="name:N"),
    ]
    most = driver_name(drivers[0].path) if drivers else "none"
    text = f"How far {title(tornado.figure)} moves with each of {len(drivers)} numbers; most with {most}."
    return finish(alt.layer(*layers), text)
