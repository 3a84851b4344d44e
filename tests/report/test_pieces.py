"""Values, names and sentences of sections in words; sections on a terminal and on a page from the same data."""

from __future__ import annotations

import io
import json
import math
from dataclasses import asdict
from typing import Any

import pytest
from rich.console import Console

from optimizer.report.html_sections import grouped
from optimizer.report.pages import page
from optimizer.report.pieces import Phrase, number, phrases, terms, told
from optimizer.studies.sections import (
    Drawing,
    FigureName,
    Heading,
    Listing,
    Note,
    NumberForm,
    PathName,
    PlanName,
    PlanTerms,
    Section,
    TextCell,
    Value,
    say,
    text_table,
    told_terms,
    words,
)
from optimizer.studies.study import by_study


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (Value(1234567.0, "usd/month"), "", "1.23 M usd"),
        (Value(1234567.0, "usd/month"), "usd/month", "1.23 M"),
        (Value(0.256, "fraction"), "", "25.6%"),
        (Value(0.256, "fraction"), "fraction", "25.6%"),
        (Value(0.0123, "1/month"), "", "1.23% a month"),
        (Value(12.0, "customers"), "usd/month", "12"),
        (Value(None, "usd/month"), "", "-"),
        (Value(math.nan), "", "-"),
        (Value(math.inf), "", "unlimited"),
        (Value(5.0, "usd/month", NumberForm.SIGNED), "", "+5 usd"),
        (Value(-5.0, "usd/month", NumberForm.SIGNED), "usd/month", "-5"),
        (Value(0.0, "usd/month", NumberForm.SIGNED), "", "0 usd"),
        (Value(0.7 - 1.0, form=NumberForm.RELATIVE), "", "-30%"),
        (Value(0.05, form=NumberForm.RELATIVE), "", "+5%"),
        (Value(4.9e-5, form=NumberForm.FINE), "", "< 0.01%"),
        (Value(0.00542, form=NumberForm.FINE), "", "0.54%"),
        (Value(0.0, form=NumberForm.FINE), "", "0.00%"),
        (Value(3e-16, form=NumberForm.GAP), "", "0"),
        (Value(4.4e-5, form=NumberForm.GAP), "", "4e-05"),
        (Value(2.2, "usd/GPU-hour", NumberForm.STATED), "", "2.2 usd/GPU-hour"),
    ],
)
def test_numbers(value: Value, unit: str, text: str) -> None:
    assert number(value, unit) == text


@pytest.mark.parametrize(
    ("offer", "text"),
    [
        (PlanTerms(None), "not offered"),
        (PlanTerms(0.0), "free"),
        (PlanTerms(0.0, metered=True), "metered"),
        (PlanTerms(0.0, True, {}, {"big": 3.0, "mini": 0.6}), "big 3, mini 0.6"),
        (PlanTerms(19.99, False, {"big": {"day": 60.0, "week": 1500.0}}), "19.99 (big 60/day and 1.5 k/week)"),
        (PlanTerms(20.0, True, {"big": "unlimited"}, {"mini": 0.5}), "20 + mini 0.5 (big unlimited)"),
    ],
)
def test_terms(offer: PlanTerms, text: str) -> None:
    assert terms(offer) == text


def offer(price: float, cap: Any, **units: float) -> dict[str, Any]:
    allowances = {"big": cap, "mini": "fallback"} if cap else {"mini": "fallback"}
    return {"offered": True, "price": price, "allowances": allowances, "unit_prices": units}


def test_of_terms_what_differs_is_told() -> None:
    few, many, same = offer(5.0, {"day": 3.0}), offer(5.0, {"day": 9.0}), offer(7.0, {"day": 3.0})
    none = {"offered": False, "price": None, "allowances": {}, "unit_prices": {}}
    assert told_terms(few) == PlanTerms(5.0)
    assert told_terms(few, [few, same]) == PlanTerms(5.0)
    assert told_terms(few, [many, none]) == PlanTerms(5.0, allowances={"big": {"day": 3.0}})
    assert told_terms(none, [few, many]) == PlanTerms(None)
    assert told_terms(offer(0.0, None, big=3.0), [offer(0.0, None, big=4.0)]) == PlanTerms(0.0, True, {}, {"big": 3.0})
    # where another menu lets the model be used, that this one does not is told; a fallback alone is not
    assert told_terms(offer(5.0, None), [few]) == PlanTerms(5.0, allowances={"big": "not included"})


def test_sentences_and_names() -> None:
    said = say(
        "{figure} of {plan} is {value}; see {path}.",
        figure=FigureName("churn_rate"),
        plan=PlanName("go", "Go!"),
        value=Value(0.05, "1/month"),
        path=PathName("plans.go.decision_rate"),
    )
    assert told(said) == "Churn rate of Go! is 5.00% a month; see Go plan: decision rate."
    assert told(said, keys=True) == "Churn rate of go is 5.00% a month; see plans.go.decision_rate."
    assert told(("a", say("b {c}", c="d"), Value(1.0))) == "a; b d; 1"
    name = phrases(FigureName("churn_rate"))
    assert [phrase.text for phrase in name] == ["Churn rate"] and "divided by customers" in name[0].hint
    assert phrases(FigureName("0.5 revenue + 0.5 customers"))[0].hint == ""


def test_names_cannot_steer_and_braces_in_them_are_text() -> None:
    assert told(say("see {what}", what="{what} \x1b[31m")) == r"see {what} \x1b[31m"
    assert phrases("\x07") == [Phrase(r"\x07")]


SECTION = Section(
    title=say("About {figure}", figure=FigureName("revenue")),
    lead=("First this.",),
    blocks=(
        Drawing(caption="Point at a dot."),
        text_table(
            [words("menu"), Heading(PlanName("a", "Plan A"), text=True, group="terms"),
             Heading("share", "fraction", group="terms"), Heading("value", "usd/month")],
            [(TextCell("one", "strong", tag="assumed", mark="!"), PlanTerms(3.0), Value(0.5, "fraction"),
              Value(2e6, "usd/month"))],
            title="A table",
        ),
        text_table([words("only here")], [("x",)], stand_in=True),
        Listing(("p", "q"), numbered=True, title="A list"),
        Note("A note."),
    ),
)  # fmt: skip


def test_a_section_on_a_terminal() -> None:
    console = Console(width=100, file=io.StringIO())
    console.print(page([SECTION], 1.5), highlight=False)
    lines = [line.rstrip() for line in console.file.getvalue().splitlines() if line.strip()]  # type: ignore[attr-defined]
    assert lines[:3] == ["About revenue", "First this.", "A table"]
    assert lines[3].split() == ["menu", "a", "share", "value,", "usd"]
    assert " ".join(lines[4].split()) == "one (assumed) ! 3 50.0% 2 M"
    assert lines[5:] == ["only here", "x", "A list", "1. p", "2. q", "A note.", "1.50 s"]


def test_columns_of_one_group_stand_in_one_on_a_page() -> None:
    table = grouped(SECTION.blocks[1])  # type: ignore[arg-type]
    assert [told(h.content) for h in table.headings] == ["menu", "terms", "value"]
    assert told(table.rows[0][1]) == "Plan A 3; share 50.0%"  # type: ignore[arg-type]
    plain = text_table([words("a"), Heading("b")], [("x", Value(1.0))])
    assert grouped(plain) == plain


def test_sections_are_plain_data(studies: dict[str, Any]) -> None:
    found = by_study({name: result for name, result in studies.items() if name != "solution"})
    assert len(found) == 4
    for study, result in found:
        for solution in (None, studies["solution"]):
            for section in study.sections(result, solution):
                assert json.loads(json.dumps(asdict(section), allow_nan=False))["blocks"] is not None, study.verb
