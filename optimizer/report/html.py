"""One self-contained HTML page for a board: no request leaves it when it is opened."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import Any

import altair as alt
import jinja2
import vl_convert
from altair.utils.schemapi import debug_mode

from optimizer.answer.parts import compute_rows
from optimizer.answer.solution import Solution
from optimizer.io.plain import clean
from optimizer.io.saving import write_atomic
from optimizer.report import charts, html_tables
from optimizer.report.charts.response import PANELS, response_plans
from optimizer.report.charts.style import Chart
from optimizer.report.text import decision
from optimizer.report.words import amount, printable, quantity, title
from optimizer.studies.compare import Comparison
from optimizer.studies.explain import Explanation
from optimizer.studies.frontier import Frontier
from optimizer.studies.sensitivity import Tornado
from optimizer.typing import Verdict
from optimizer.units import display

TEMPLATES = Path(__file__).parent / "templates"
STILL = 640
"""Width in pixels of the pictures that a reader without scripts sees."""


@dataclass(frozen=True)
class Picture:
    """A chart of the page: its specification, its words, and a still picture."""

    key: str
    spec: str
    text: str
    still: str
    height: int


@dataclass
class Gallery:
    """The page's charts, numbered as they come."""

    figures: list[Picture] = field(default_factory=list)

    def add(self, draw: Callable[[Any], Chart], still: int = STILL) -> Picture:
        """Draw a chart for the width of its place, with a still picture at a fixed width."""
        with debug_mode(False):  # the specifications are ours; checking each of them takes most of the time
            spec = draw("container").to_dict(format="vega", validate=False)
        signals = [s for s in spec.get("signals", []) if s["name"] != "width"]
        picture = vl_convert.vega_to_svg({**spec, "signals": signals, "width": still})
        figure = Picture(
            key=f"chart{len(self.figures) + 1}",
            spec=data_block({k: v for k, v in spec.items() if k != "$schema"}),
            text=str(spec.get("description", "")),
            still=base64.b64encode(picture.encode()).decode(),
            height=int(spec.get("height", 120)),
        )
        self.figures.append(figure)
        return figure


def data_block(value: Any) -> str:
    """JSON that can stand inside a script element: no markup can begin in it."""
    text = json.dumps(clean(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


@lru_cache(maxsize=1)
def runtime() -> str:
    """Vega with its embedder as one script."""
    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;", vl_version=version)
    return str(bundle).replace("</script", "<\\/script").replace("<!--", "<\\!--")


def script_hash(script: str) -> str:
    """The only scripts that the page's policy lets run are those with these hashes."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def report_html(
    solution: Solution,
    *,
    frontier: Frontier | None = None,
    comparison: Comparison | None = None,
    tornado: Tornado | None = None,
    explanation: Explanation | None = None,
) -> str:
    """The report as one HTML text; sections without data are left out. The same input gives the same text."""
    gallery = Gallery()
    what, result = decision(solution).rsplit("\n", 1)
    context: dict[str, Any] = {
        "s": solution,
        "what": what,
        "result": result,
        "heading": printable(solution.title),
        "question": printable(solution.question),
        **_about_solution(solution, gallery),
        "frontier": None if frontier is None else _about_frontier(frontier, solution, gallery),
        "comparison": None if comparison is None else _about_comparison(comparison, solution, gallery),
        "tornado": None if tornado is None else _about_tornado(tornado, solution, gallery),
        "explanation": None if explanation is None else _about_explanation(explanation, gallery),
    }
    app = (TEMPLATES / "report.js").read_text(encoding="utf-8")
    return (
        _environment()
        .get_template("report.html")
        .render(
            **context,
            css=(TEMPLATES / "report.css").read_text(encoding="utf-8"),
            runtime=runtime(),
            app=app,
            hashes=f"{script_hash(runtime())} {script_hash(app)}",
        )
    )


def write_report(
    path: str | PathLike[str],
    solution: Solution,
    *,
    frontier: Frontier | None = None,
    comparison: Comparison | None = None,
    tornado: Tornado | None = None,
    explanation: Explanation | None = None,
) -> Path:
    """Write the report; the file is replaced whole or not at all."""
    target = Path(path)
    text = report_html(solution, frontier=frontier, comparison=comparison, tornado=tornado, explanation=explanation)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, text)
    return target


def _about_solution(solution: Solution, gallery: Gallery) -> dict[str, Any]:
    return {
        "tiles": html_tables.tiles(solution),
        "menu": html_tables.menu_table(solution),
        "figures": html_tables.figures_table(solution),
        "waterfall": gallery.add(lambda w: charts.waterfall_chart(solution, w)),
        "plans": html_tables.parts_table(solution, "plan"),
        "channels": gallery.add(lambda w: charts.channel_chart(solution, w)),
        "usage": gallery.add(lambda w: charts.usage_chart(solution, w)),
        "compute": html_tables.compute_table(solution, compute_rows(solution.evaluation)),
        "conditions": html_tables.conditions_table(solution) if solution.audit.conditions else None,
        "outside": [printable(note) for note in solution.outside_evidence],
        "warnings": [printable(str(f)) for f in solution.findings if f.severity == "warning"],
        "provenance": html_tables.provenance(solution),
        "glossary": html_tables.glossary_of(solution),
    }


def _about_frontier(frontier: Frontier, solution: Solution, gallery: Gallery) -> dict[str, Any]:
    proven = all(p.verdict is Verdict.PROVED for p in frontier.points)
    return {
        "chart": gallery.add(lambda w: charts.frontier_chart(frontier, solution, w)),
        "x": html_tables.named(frontier.x.name, title(frontier.x.name)),
        "y": html_tables.named(frontier.y.name, title(frontier.y.name)),
        "count": len(frontier.points),
        "proven": proven,
        "complete": frontier.complete,
        "room": quantity(frontier.room, frontier.y.unit),
    }


def _about_comparison(comparison: Comparison, solution: Solution, gallery: Gallery) -> dict[str, Any]:
    return {
        "chart": gallery.add(lambda w: charts.comparison_chart(comparison, w)),
        "figure": html_tables.named(comparison.figure, title(comparison.figure)),
        "unit": display(comparison.unit).words,
        "scenarios": html_tables.scenario_list(comparison),
        "table": html_tables.scenario_table(comparison, solution),
        "missed": any(not cell.feasible for cell in comparison.cells.values()),
    }


def _about_tornado(tornado: Tornado, solution: Solution, gallery: Gallery) -> dict[str, Any]:
    return {
        "chart": gallery.add(lambda w: charts.tornado_chart(tornado, w)),
        "figure": html_tables.named(tornado.figure),
        "base": quantity(tornado.base, tornado.unit),
        "table": html_tables.driver_table(tornado, solution),
        "complete": tornado.complete,
    }


def _about_explanation(explanation: Explanation, gallery: Gallery) -> dict[str, Any]:
    titles = {p.plan: p.title for p in explanation.solution.menu}

    def panel(plan: str, figure: str) -> Picture:
        return gallery.add(lambda w: charts.response_panel(explanation, plan, figure, w), still=300)

    responses = [
        (printable(titles.get(plan, plan)), [(PANELS[figure], panel(plan, figure)) for figure in PANELS])
        for plan in response_plans(explanation)
    ]
    free = explanation.free_tier
    return {
        "responses": responses,
        "segments": gallery.add(lambda w: charts.segments_chart(explanation, w)),
        "costs": html_tables.costs_table(explanation) if explanation.condition_costs else None,
        "objective": html_tables.named(explanation.solution.objective.name, title(explanation.solution.objective.name)),
        "runners": html_tables.runners_table(explanation) if explanation.runners_up else None,
        "free": None
        if not free["plans"]
        else {
            "cost": quantity(free["serving_cost"], "usd/month"),
            "brings": amount(free["referred_customers"]),
            "without": quantity(free["contribution_without"], "usd/month"),
            "share": quantity(free["market_share_without"], "fraction"),
        },
    }
