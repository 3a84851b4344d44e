"""The page as one HTML text: facts and formulas packed, and today's menu for readers without scripts."""

from __future__ import annotations

import math
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from optimizer.answer.audit import check_bound
from optimizer.answer.frontier import Frontier
from optimizer.answer.solution import Solution
from optimizer.answer.words import bare
from optimizer.economics.figures import FIGURES, HEADLINES, Selection, known_as
from optimizer.economics.population import Terms
from optimizer.io.saving import write_atomic
from optimizer.model.case_model import CaseModel, as_it_stands
from optimizer.page.bundle import asset, hashed, script, sri
from optimizer.page.facts import figure_facts, market_facts, page_state
from optimizer.page.levers import case_facts
from optimizer.page.numbers import assumption_rows, equation_texts, number_rows, source_rows
from optimizer.page.payload import deflated, packed
from optimizer.page.sheets import scoped
from optimizer.page.today import tile_names, today_facts
from optimizer.report.text import decision
from optimizer.report.words import heading, printable

if TYPE_CHECKING:
    from optimizer.report.html import Parts

Data = dict[str, Any]


@lru_cache(maxsize=1)
def _environment() -> jinja2.Environment:
    return jinja2.Environment(
        loader=jinja2.PackageLoader("optimizer.page", "assets"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def page_facts(case_model: CaseModel, best: Solution | None = None, frontier: Frontier | None = None) -> Data:
    """Everything that the page knows."""
    market = case_model.inputs.changed
    facts: Data = {
        "market": market_facts(case_model.prepared),
        "case": case_facts(case_model),
        "figures": figure_facts(FIGURES),
        "today": today_facts(case_model.today),
        "tiles": tile_names(case_model),
        "headlines": list(HEADLINES[:16]),
        "assumptions": assumption_rows(market),
        "numbers": number_rows(market),
        "sources": source_rows(market),
        "equations": equation_texts(),
        "best": None if best is None else {"state": page_state(case_model, best.chosen), "words": best.verdict_text},
        "frontier": None if frontier is None else _frontier(case_model, frontier),
    }
    found: Data = _finite(facts)
    return found


def _frontier(case_model: CaseModel, frontier: Frontier) -> Data:
    """Efficient menus by what they bring."""
    points = [{"x": p.x, "y": p.y, "state": page_state(case_model, p.chosen)} for p in frontier.points]
    return {"x": known_as(frontier.x.name), "y": known_as(frontier.y.name), "points": points}


def _finite(value: Any) -> Any:
    """nan has no place in the head: a figure without a value is null."""
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {k: _finite(v) for k, v in value.items()}
    return [_finite(v) for v in value] if isinstance(value, list | tuple) else value


def page_html(
    case_model: CaseModel,
    best: Solution | None = None,
    report: Parts | None = None,
    frontier: Frontier | None = None,
    served: Data | None = None,
) -> str:
    """The page; the same input gives the same text. It opens at the menu of ``best``, with its report below.

    ``served``: what a page with a service behind it knows of that; such a page may ask it, any other asks nothing.
    """
    css, code = asset("page.css") + ("" if report is None else scoped(report.css, ".report")), script()
    if served is not None:
        css, code = css + asset("served/served.css"), script("served/main.js")
    loader = asset("loader.js").replace("HASH", sri(code))
    context = {
        "case": case_model.inputs.case,
        "heading": printable(case_model.inputs.case.title),
        "question": printable(case_model.inputs.case.question),
        "market": printable(case_model.inputs.changed.title),
        "name": printable(case_model.inputs.name),
        "hash": case_model.inputs.hash,
        "decision": None if best is None else decision(best),
        "verdict": None if best is None else printable(best.verdict_text),
        "reserved": any(pool.capacity for pool in case_model.inputs.changed.pools.values()),
        "changes": case_model.unchanged is not case_model.today,
        "tiles": [_tile(case_model, name) for name in tile_names(case_model)],
        "conditions": _conditions(case_model),
        "plans": _plans(case_model),
        "segments": [printable(s.title) for s in case_model.inputs.changed.segments.values()],
        "glossary": [(heading(name), FIGURES[name].definition) for name in tile_names(case_model)],
        "css": css,
        "loader": loader,
        "code": deflated(code.encode()),
        "style_hash": hashed(css),
        "report": report,
        "script_hashes": " ".join(map(hashed, (loader, *(() if report is None else report.scripts)))),
        "facts": packed(page_facts(case_model, best, frontier) | ({} if served is None else {"served": served})),
        "served": served is not None,
    }
    return _environment().get_template("page.html").render(**context)


def write_page(
    path: str | PathLike[str],
    case_model: CaseModel,
    best: Solution | None = None,
    report: Parts | None = None,
    frontier: Frontier | None = None,
) -> Path:
    """Write the page; the file is replaced whole or not at all."""
    return _written(path, page_html(case_model, best, report, frontier))


def _written(path: str | PathLike[str], text: str) -> Path:
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, text)
    return target


def answer_html(case_model: CaseModel, solution: Solution, **results: object) -> str:
    """The page of an answer with its report; ``results``: what studies returned, by any name."""
    from optimizer.report.html import report_parts

    frontier = next((result for result in results.values() if isinstance(result, Frontier)), None)
    return page_html(case_model, solution, report_parts(solution, **results), frontier)


def write_answer(path: str | PathLike[str], case_model: CaseModel, solution: Solution, **results: object) -> Path:
    """Write that page; the file is replaced whole or not at all."""
    return _written(path, answer_html(case_model, solution, **results))


def _tile(case_model: CaseModel, name: str) -> Data:
    f = FIGURES[known_as(name)]
    unit = " ".join(w for w in (f.display.what if f.display.what == "usd" else "", f.display.per) if w)
    return {"figure": f.name, "title": heading(f.name), "unit": unit, "told": f.definition,
            "value": bare(case_model.today.figure(f.name), f.unit)}  # fmt: skip


def _conditions(case_model: CaseModel) -> list[Data]:
    """Every side of every condition at today's menu in the case's market."""
    found = []
    for bound in as_it_stands(case_model).bounds:
        c = check_bound(bound, case_model.unchanged)
        unit = FIGURES[known_as(c.figure)].unit
        state = "broken" if not c.met else "tight" if c.binding else "met"
        words = f"{heading(c.name)} {bare(c.value, unit)}, asked {c.sense} {bare(c.bound, unit)}"
        found.append({"state": state, "words": printable(words)})
    return found


def _plans(case_model: CaseModel) -> list[list[str]]:
    """Today's menu: plan, fee, allowances, customers, revenue and contribution."""
    today = case_model.today
    rows = []
    for name, plan in case_model.inputs.market.plans.items():
        title, terms = printable(plan.title), case_model.calibrated.prepared.terms[name]
        if name not in today.plans:
            rows.append([title, "not sold today", "", "", "", ""])
            continue
        amounts = [
            bare(today.figure(n, Selection(plan=name)), FIGURES[n].unit)
            for n in ("customers", "revenue", "contribution_margin")
        ]
        rows.append([title, _fee(terms), printable(_caps(case_model, terms)), *amounts])
    return rows


def _fee(terms: Terms) -> str:
    """The fee, or how there is none."""
    if terms.price == 0.0:
        return "as used" if any(terms.unit_prices) else "free"
    return f"{terms.price:,.6g}"


def _caps(case_model: CaseModel, terms: Terms) -> str:
    """Caps in one line."""
    told = []
    for m, caps in zip(case_model.inputs.market.ai_models.values(), terms.caps, strict=True):
        if caps is not None:
            told.append(f"{m.title} " + (", ".join(f"{cap:,.6g} a {window}" for window, cap in caps) or "unlimited"))
    return "; ".join(told)
