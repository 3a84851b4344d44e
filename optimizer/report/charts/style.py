"""One calm style for all charts: colours told apart by everyone, units on axes, numbers as in the text page."""

from __future__ import annotations

import base64
import itertools
import math
from collections.abc import Iterable, Sequence
from html import escape
from typing import Any, Literal, TypeAlias

import altair as alt
import vl_convert

from optimizer.answer.views import view
from optimizer.answer.words import amount, quantity
from optimizer.report.words import printable, typeset
from optimizer.units import display, is_share

Chart: TypeAlias = alt.Chart | alt.LayerChart | alt.FacetChart
Width: TypeAlias = int | Literal["container"]
Row: TypeAlias = dict[str, Any]

# One meaning each; the page's sheet (report.css) names the same colours for dark screens.
INK = "#1f2a37"
"""Words, and the mark of the answer."""
MUTED = "#5b6775"
"""Today, and what is said in passing."""
LINE = "#c9d0d8"
"""Lines that carry nothing."""
FAINT = "#eef1f4"
EDGE = "#7d8b99"
"""Lines that join marks."""
BLUE = "#1f6a9a"
"""The case's menus, and more of a figure."""
ORANGE = "#c8551b"
"""Less of a figure, losses, what is not allowed."""
GAINS = "#d6e6f0"
"""Behind words: brings more than it costs."""
SAND = "#f3dccb"
"""Behind words: costs more than it brings, or is not allowed."""
GREY = "#e9ecef"
"""Behind words: not offered by the case."""
LOW, HIGH = "#b9722f", "#2f8f8a"
"""A number at its low and at its high."""
CELL_INK = "#1f2a38"
"""Words on a cell whose shade is worked out, dark on every screen."""
RAMP, RAMP_AGAINST = ("#f3f5f7", "#a9cde4"), ("#f3f5f7", "#eeb98f")
PARTS = ("#7d8b99", "#4493bf", "#1c6596", "#123f5e", "#b5741a", "#7d5a3c", "#557d38", "#7a4e9c", "#2f8f8a", "#b0507c")
"""Parts of a whole, told apart: plans as on the live page, channels."""
CHANNELS = ("#123f5e", "#4493bf", "#b5741a")
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
TICKS = 5
_SCALES = ((1e9, " bn"), (1e6, " M"), (1e3, " k"), (1.0, ""))
# Scale words as in words.amount, for ticks of axes whose ends are not known here.
_SCALED = (
    "abs(datum.value) >= 1e9 ? format(datum.value / 1e9, ',.3~g') + ' bn' : "
    "abs(datum.value) >= 1e6 ? format(datum.value / 1e6, ',.3~g') + ' M' : "
    "abs(datum.value) >= 1e3 ? format(datum.value / 1e3, ',.3~g') + ' k' : format(datum.value, ',.3~g')"
)
_PERCENT = "format(100 * datum.value, '.3~g') + '%'"


class SharedRows(alt.InlineData):
    """Rows that all marks of a chart share: Altair copies a chart for each mark and layer, but nothing changes rows."""

    def __deepcopy__(self, _: object) -> SharedRows:
        return self


def data(rows: Iterable[Row]) -> alt.InlineData:
    """Rows as inline data; what is not a finite number becomes null, names stay text."""
    return SharedRows(values=[{key: _plain(value) for key, value in row.items()} for row in rows])


def _plain(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return typeset(printable(value)) if isinstance(value, str) else value


def axis(heading: str, unit: str, ends: Sequence[float] = (), **more: Any) -> alt.Axis:
    """A value axis with its unit in the title and readable ticks.

    ends: of the axis, where they are known: all ticks are then in one scale, with the digits that their step needs.
    """
    labels = _PERCENT if is_share(unit) else _SCALED
    heading = ", ".join(part for part in (heading, axis_unit(heading, unit)) if part)
    placed: dict[str, Any] = {"tickCount": TICKS}
    if ends and ends[1] > ends[0]:
        placed["values"] = ticks(ends, more.pop("tickCount", TICKS))
        labels = _labels(placed["values"], is_share(unit))
    return alt.Axis(**{"title": heading, "labelExpr": labels, **placed, **more})


def ticks(ends: Sequence[float], count: int = TICKS) -> list[float]:
    """About so many round places between two ends, one, two or five of a power of ten apart."""
    rough = (ends[1] - ends[0]) / max(count, 1)
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(k * power for k in (1.0, 2.0, 5.0, 10.0) if k * power >= 0.7 * rough)
    first, last = math.ceil(ends[0] / step - 1e-9), math.floor(ends[1] / step + 1e-9)
    return [float(f"{k * step:.12g}") for k in range(first, last + 1)]


def _labels(values: Sequence[float], share: bool) -> str:
    """Labels of ticks: one scale for all, and the digits of their step."""
    step = min((b - a for a, b in itertools.pairwise(values)), default=0.0) or max(map(abs, values), default=1.0) or 1.0
    most = max(map(abs, values), default=1.0)
    size, word = (0.01, "%") if share else next(scale for scale in _SCALES if most >= scale[0] or scale[0] == 1.0)
    digits = max(0, -math.floor(math.log10(step / size) + 1e-9))
    return f"datum.value == 0 ? '0' : format(datum.value / {size!r}, ',.{digits}f') + '{word}'"


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


def colours_of(parts: Sequence[str]) -> list[str]:
    """A colour a part."""
    return [PARTS[k % len(PARTS)] for k in range(len(parts))]


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


@view(alt.TopLevelMixin, "picture")
def picture(chart: alt.TopLevelMixin) -> str:
    """A chart as an image element that holds a still picture, with its words."""
    words = typeset(str(chart.to_dict().get("description", "")))
    svg = vl_convert.vegalite_to_svg(chart.to_dict())
    told = base64.b64encode(svg.encode()).decode()
    return f'<img alt="{escape(words)}" style="max-width:100%;background:#fff" src="data:image/svg+xml;base64,{told}">'


def finish(chart: Chart, description: str) -> Chart:
    """The chart with the house style and its text for those who cannot see it; the chart itself, as copies are dear."""
    chart.description = typeset(printable(description))
    chart.autosize = alt.AutoSizeParams(type="fit-x", contains="padding")
    chart.config = alt.Config(**CONFIG)
    return chart


def both_sides(base: alt.Chart, x: alt.X, y: alt.Y, colours: alt.Scale, hover: list[alt.Tooltip]) -> Chart:
    """Bars to the left and right of nought by their ``side``, each with its own label (``left``, ``right``)."""
    bars = base.mark_bar(size=14).encode(
        y=y, x=x, x2="zero:Q", color=alt.Color("side:N", scale=colours, legend=None), tooltip=hover
    )
    left = base.mark_text(align="right", dx=-6, color=MUTED).encode(y=y, x=x, text="left:N")
    right = base.mark_text(align="left", dx=6, color=MUTED).encode(y=y, x=x, text="right:N")
    return alt.layer(bars, left, right)
