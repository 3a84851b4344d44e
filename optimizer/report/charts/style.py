"""One calm style for all charts: colours told apart by everyone, units on axes, numbers as in the text page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any, Literal, TypeAlias

import altair as alt

from optimizer.answer.words import amount, quantity
from optimizer.report.words import printable
from optimizer.units import display, is_share

Chart: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart
Width: TypeAlias = int | Literal["container"]
Row: TypeAlias = dict[str, Any]

INK = "#1f2a37"
MUTED = "#5b6775"
LINE = "#c9d0d8"
FAINT = "#eef1f4"
BLUE = "#1f6a9a"
SKY = "#7fb6d6"
ORANGE = "#c8551b"
SAND = "#e3a76f"
CHANNELS = ("#1b4b72", "#6fb0d2", "#e0a04a")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"
CONFIG: dict[str, Any] = {
    "background": "transparent",
    "font": FONT,
    "aria": False,
    "view": {"stroke": None},
    "axis": {
        "domainColor": LINE,
        "gridColor": FAINT,
        "tickColor": LINE,
        "labelColor": MUTED,
        "labelFontSize": 12,
        "labelOverlap": True,
        "labelSeparation": 6,
        "titleColor": MUTED,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "titlePadding": 8,
    },
    "legend": {
        "labelColor": INK,
        "labelFontSize": 12,
        "orient": "top",
        "title": None,
        "symbolType": "square",
        "padding": 0,
        "offset": 8,
    },
    "text": {"fontSize": 12, "color": INK},
    "tick": {"opacity": 1},
}
# Scale words as in words.amount, for ticks.
_SCALED = (
    "abs(datum.value) >= 1e9 ? format(datum.value / 1e9, ',.3~g') + ' bn' : "
    "abs(datum.value) >= 1e6 ? format(datum.value / 1e6, ',.3~g') + ' M' : "
    "abs(datum.value) >= 1e3 ? format(datum.value / 1e3, ',.3~g') + ' k' : format(datum.value, ',.3~g')"
)
_PERCENT = "format(100 * datum.value, '.3~g') + '%'"
_PLAIN_MINUS = "replace({}, '\u2212', '-')"


def data(rows: Iterable[Row]) -> alt.InlineData:
    """Rows as inline data; what is not a finite number becomes null, names stay text."""
    return alt.InlineData(values=[{key: _plain(value) for key, value in row.items()} for row in rows])


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return printable(value) if isinstance(value, str) else value


def axis(heading: str, unit: str, **more: Any) -> alt.Axis:
    """A value axis with its unit in the title and readable ticks."""
    labels = _PERCENT if is_share(unit) else _SCALED
    heading = ", ".join(part for part in (heading, axis_unit(heading, unit)) if part)
    return alt.Axis(**{"title": heading, "labelExpr": _PLAIN_MINUS.format(labels), "tickCount": 5, **more})


def axis_unit(heading: str, unit: str) -> str:
    """A unit for an axis title, without what the ticks carry or the heading says."""
    shown = display(unit)
    return shown.per if is_share(unit) or shown.what.lower() in heading.lower() else shown.words


def told(value: float | None, unit: str) -> str:
    """A figure for a label; "-" for none."""
    return "-" if value is None else quantity(value, unit)


def signed(value: float, unit: str) -> str:
    """A difference for a label."""
    return f"{'+' if value > 0 else ''}{quantity(value, unit)}"


def short(value: float) -> str:
    """An amount without its unit."""
    return amount(value)


def tips(*titles: str) -> list[alt.Tooltip]:
    """Tooltip lines of the row's fields t0, t1 and so on."""
    return [alt.Tooltip(f"t{index}:N", title=heading) for index, heading in enumerate(titles)]


def lines(*values: str) -> Row:
    """The texts of :func:`tips` as fields of a row."""
    return {f"t{index}": value for index, value in enumerate(values)}


def unique(labels: Iterable[str]) -> list[str]:
    """Labels as categories: equal ones are numbered."""
    seen: dict[str, int] = {}
    made = []
    for label in labels:
        seen[label] = seen.get(label, 0) + 1
        made.append(label if seen[label] == 1 else f"{label} ({seen[label]})")
    return made


def categories(limit: int = 140) -> alt.Axis:
    """An axis of names, without lines."""
    return alt.Axis(title=None, domain=False, ticks=False, labelColor=INK, labelPadding=8, labelLimit=limit)


def span(values: Iterable[float | None], left: float, right: float) -> list[float]:
    """A domain with room at both sides, as parts of the values' range."""
    known = [v for v in values if v is not None and math.isfinite(v)]
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    size = (high - low) or abs(high) or 1.0
    return [low - left * size, high + right * size]


def room(left: int, right: int) -> list[Any]:
    """A range across the picture that leaves pixels for labels at both sides."""
    return [left, alt.ExprRef(f"width - {right}")]


def gain(value: float) -> str:
    """A difference without its unit."""
    return f"{'+' if value > 0 else ''}{amount(value)}"


def finish(chart: Chart, description: str) -> Chart:
    """The chart with the house style and its text for those who cannot see it."""
    size = alt.AutoSizeParams(type="fit-x", contains="padding")
    made: Chart = chart.properties(description=printable(description), autosize=size)
    styled: Chart = made.configure(**CONFIG)
    return styled
