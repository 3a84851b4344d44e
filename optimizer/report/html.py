"""One self-contained HTML page for a board: no request leaves it when it is opened."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
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
from optimizer.report.charts.style import Chart
from optimizer.report.decisions import sentences
from optimizer.report.html_sections import (
    HtmlSection,
    anchor,
    first_blocks,
    first_words,
    html_section,
    study_sections,
)
from optimizer.report.text import decision
from optimizer.report.words import printable, typeset
from optimizer.studies.sections import Section

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
    """The only scripts and styles that the page's policy lets through are those with these hashes."""
    return "'sha256-" + base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() + "'"


@lru_cache(maxsize=1)
def environment() -> jinja2.Environment:
    """Of the pages' templates."""
    made = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"typeset": typeset, "anchor": anchor}
    return made


@dataclass(frozen=True)
class Parts:
    """What a page needs to hold a report: what comes first, its sections, how they look, what draws their charts."""

    head: str
    """The decision with its range and checks."""
    body: str
    css: str
    scripts: tuple[str, ...]


def report_parts(solution: Solution, **results: object) -> Parts:
    """The report as parts of a page; the same input gives the same text. ``results`` as in :func:`report_html`."""
    gallery = Gallery()
    studies = study_sections(results, solution, gallery.add)
    context: dict[str, Any] = {
        "s": solution,
        "sentences": sentences(solution),
        "result": decision(solution).rsplit("\n", 1)[1],
        **_about_solution(solution, gallery),
        "ranges": first_words(results, solution),
        "beside": first_blocks(results, solution, gallery.add),
        "studies": studies,
    }
    context["contents_of"] = _contents(context, studies)
    head, body = (environment().get_template(name).render(**context) for name in ("head.html", "sections.html"))
    css, app = ((TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "report.js"))
    return Parts(head, body, css, (runtime(), app))


def report_html(solution: Solution, **results: object) -> str:
    """The report as one HTML text; the same input gives the same text.

    results: what studies returned, by any name; None is left out.
    """
    parts = report_parts(solution, **results)
    return (
        environment()
        .get_template("report.html")
        .render(
            heading=printable(solution.title),
            question=printable(solution.question),
            head=parts.head,
            body=parts.body,
            css=parts.css,
            scripts=parts.scripts,
            style_hash=script_hash(parts.css),
            hashes=" ".join(map(script_hash, parts.scripts)),
        )
    )


def plain_page(heading: str, kicker: str, sections: Sequence[Section]) -> str:
    """Sections without drawings as one HTML text."""
    shown = [replace(html_section(section), anchor=f"s-{k}") for k, section in enumerate(sections, start=1)]
    css = (TEMPLATES / "report.css").read_text(encoding="utf-8")
    template = environment().get_template("plain.html")
    policy = {"style_hash": script_hash(css), "hashes": "'none'"}
    return template.render(heading=printable(heading), kicker=kicker, sections=shown, css=css, **policy)


def write_report(path: str | PathLike[str], solution: Solution, **results: object) -> Path:
    """Write the report; the file is replaced whole or not at all."""
    target = Path(path)
    text = report_html(solution, **results)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, text)
    return target


def _contents(context: Mapping[str, Any], studies: Sequence[HtmlSection]) -> list[tuple[str, str]]:
    """Address and title of every section, in their order."""
    first = ("The menu against today", "From today’s contribution to the proposed one", "Customers against today",
             "Figures against today", "Where we stand in the market")  # fmt: skip
    last = ("Where customers, revenue and compute are", "Who pays for themselves", "Whom caps bind",
            *(["Conditions"] if context["conditions"] else []),
            *(["Outside the evidence"] if context["outside"] else []),
            *(["All checks"] if context["checks"] else []),
            "What the figures mean", "Verdict and provenance")  # fmt: skip
    told = [(anchor(title), title) for title in first]
    told += [(s.anchor, "".join(phrase.text for phrase in s.title)) for s in studies]
    return [*told, *((anchor(title), title) for title in last)]


def _about_solution(solution: Solution, gallery: Gallery) -> dict[str, Any]:
    return {
        "tiles": html_tables.tiles(solution),
        "checks": html_tables.checks_table(solution),
        "told_checks": html_tables.told_checks(solution),
        "counts": html_tables.check_counts(solution),
        "outside_count": len(solution.outside_evidence),
        "net": gallery.add(lambda w: charts.net_chart(solution, w)),
        "market": gallery.add(lambda w: charts.market_chart(solution, w)),
        "places": html_tables.market_table(solution),
        "binding": gallery.add(lambda w: charts.binding_chart(solution, w)),
        "load": gallery.add(lambda w: charts.load_chart(solution, w)),
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
