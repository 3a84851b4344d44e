"""Bad files and bad arguments, each by a named mutation of a good company.

Each is refused with exit code 2, all findings at once, every one with file, line, field, cause and cure; no
traceback, one JSON object with ``--json``, and nothing saved with ``--out``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

Spoil = Callable[[Any], None]


@dataclass(frozen=True)
class Found:
    """A finding to expect."""

    file: str
    """``question.yaml``, ``market.yaml``, ``numbers.csv``, or empty for an argument."""
    field: str
    words: str
    """A regular expression found in the message."""
    cure: str = ""
    """A regular expression found in the cure."""
    line: bool = True
    """Whether there is a line to tell."""


@dataclass(frozen=True)
class Bad:
    """A named mutation and the findings it must give, no more and no fewer."""

    name: str
    spoil: Spoil
    found: tuple[Found, ...]
    arguments: tuple[str, ...] = ()
    """Further arguments of ``run``."""


CASE, MARKET, NUMBERS = "question.yaml", "market.yaml", "numbers.csv"
BAD: list[Bad] = []


def bad(name: str, spoil: Spoil, *found: Found, arguments: tuple[str, ...] = ()) -> None:
    BAD.append(Bad(name, spoil, found, arguments))


def both(*spoils: Spoil) -> Spoil:
    return lambda c: [s(c) for s in spoils] and None


def in_case(old: str, new: str) -> Spoil:
    return lambda c: c.edit(c.case, old, new)


def in_market(old: str, new: str) -> Spoil:
    return lambda c: c.edit(c.market, old, new)


def in_numbers(old: str, new: str) -> Spoil:
    return lambda c: c.edit(c.numbers, old, new)


def cell(path: str, **cells: str) -> Spoil:
    return lambda c: c.cell(path, **cells)


def drop(path: str) -> Spoil:
    return lambda c: c.drop(path)


def write(file: str, content: str | bytes) -> Spoil:
    data = content.encode() if isinstance(content, str) else content
    return lambda c: (getattr(c, file).write_bytes(data), None)[1]


def append(file: str, content: str) -> Spoil:
    return lambda c: (getattr(c, file).write_text(getattr(c, file).read_text() + content), None)[1]


def nothing(company: Any) -> None:
    """The files stay good."""


# --- the case: types, fields, names ---------------------------------------------------------------
bad(
    "case-price-text",
    in_case("[10, 12, 15]", "[10, twelve, 15]"),
    Found(CASE, "plans.plus.price.1", "must be a number, but is the text 'twelve'", "number"),
)
bad(
    "case-price-currency",
    in_case("[10, 12, 15]", "[10, $12, 15]"),
    Found(CASE, "plans.plus.price.1", "must be a number", "e.g. 12"),
)
bad("case-price-boolean", in_case("[10, 12, 15]", "true"), Found(CASE, "plans.plus.price", "is true", "brackets"))
bad(
    "case-price-mapping",
    in_case("[10, 12, 15]", "{low: 10, high: 15}"),
    Found(CASE, "plans.plus.price.least", "is missing", "least"),
    Found(CASE, "plans.plus.price.most", "is missing", "most"),
    Found(CASE, "plans.plus.price.low", "unknown field", "least"),
    Found(CASE, "plans.plus.price.high", "unknown field", "most"),
)
bad("case-price-null", in_case("[10, 12, 15]", "[10, null]"), Found(CASE, "plans.plus.price.1", "is empty", "number"))
bad("case-title-number", in_case("A small question\n", "2025\n"), Found(CASE, "title", "must be text", "quotes"))
bad(
    "case-conditions-mapping",
    both(
        in_case("  - {figure: gross_margin_rate, at_least: 0.5}\n", "  gross_margin_rate: 0.5\n"),
        in_case("  - {figure: market_share, at_least: 0.5, relative_to: today}\n", ""),
    ),
    Found(CASE, "conditions", "must be a list, but is a mapping", "brackets"),
)
bad(
    "case-question-missing",
    in_case("question: >-\n  Which prices earn the most?\n", ""),
    Found(CASE, "question", "missing", "add 'question"),
)
bad("case-market-missing", in_case("market: small\n", ""), Found(CASE, "market", "missing", "add 'market"))
bad("case-field-typo", in_case("objective:", "objectve:"), Found(CASE, "objectve", "unknown field", "'objective'"))
bad(
    "case-plan-field-typo",
    in_case("    price: [10", "    prise: [10"),
    Found(CASE, "plans.plus.prise", "unknown field", "'price'"),
)
bad(
    "case-condition-field-typo",
    in_case("at_least: 0.5}", "atleast: 0.5}"),
    Found(CASE, "conditions.0.atleast", "unknown field", "'at_least'"),
)
bad("case-plan-typo", in_case("  plus:\n", "  plsu:\n"), Found(CASE, "plans.plsu", "no plan", "'plus'"))
bad(
    "case-model-typo",
    in_case("large: {day", "lrage: {day"),
    Found(CASE, "plans.free.allowances.lrage", "no AI model", "'large'"),
)
bad(
    "case-window-typo",
    in_case("{day: [6", "{dya: [6"),
    Found(CASE, "plans.free.allowances.large.dya", "must be one of|unknown", "day"),
)
bad(
    "case-figure-typo",
    in_case("figure: gross_margin_rate", "figure: gross_margin_rat"),
    Found(CASE, "conditions.0.figure", "no figure", "'gross_margin_rate'"),
)
bad(
    "case-objective-typo",
    in_case("objective: contribution_margin", "objective: contribution"),
    Found(CASE, "objective.maximise", "no figure", "contribution_margin"),
)
bad(
    "case-objective-two",
    in_case("objective: contribution_margin", "objective: {maximise: revenue, minimise: churn_rate}"),
    Found(CASE, "objective", "exactly one", "keep one"),
)
bad(
    "case-blend-two-ratios",
    in_case("objective: contribution_margin", "objective: {blend: {gross_margin_rate: 1, churn_rate: -1}}"),
    Found(CASE, "objective.blend", "more than one ratio", "conditions"),
)
bad(
    "case-lexicographic-typo",
    in_case(
        "objective: contribution_margin", "objective: {lexicographic: [{maximise: revenue}, {maximise: costumers}]}"
    ),
    Found(CASE, "objective.lexicographic.1", "no figure", "'customers'"),
)
bad(
    "case-condition-plan-typo",
    in_case("at_least: 0.5}", "at_least: 0.5, plan: plsu}"),
    Found(CASE, "conditions.0.plan", "no plan", "'plus'"),
)
bad(
    "case-condition-segment-typo",
    in_case("at_least: 0.5}", "at_least: 0.5, segment: team}"),
    Found(CASE, "conditions.0.segment", "no segment", "'teams'"),
)
bad(
    "case-condition-channel-typo",
    in_case("at_least: 0.5}", "at_least: 0.5, channel: enterprize}"),
    Found(CASE, "conditions.0.channel", "must be one of", "'enterprise'"),
)
bad(
    "case-condition-two-parts",
    in_case("at_least: 0.5}", "at_least: 0.5, channel: api, plan: api}"),
    Found(CASE, "conditions.0", "at most one", "keep one"),
)
bad(
    "case-condition-no-bound",
    in_case(", at_least: 0.5}", "}"),
    Found(CASE, "conditions.0", "at_least or at_most", "add"),
)
bad(
    "case-relative-to-tomorrow",
    in_case("relative_to: today", "relative_to: tomorrow"),
    Found(CASE, "conditions.1.relative_to", "must be today", "allowed"),
)
bad(
    "case-bounds-contradict",
    in_case("at_least: 0.5}", "at_least: 0.6, at_most: 0.4}"),
    Found(CASE, "conditions.0", "above at_most", "swap"),
)
bad(
    "case-percent-for-fraction",
    in_case("at_least: 0.5}", "at_least: 50}"),
    Found(CASE, "conditions.0.at_least", "50 is no fraction", "0.6 for 60"),
)
bad(
    "case-percent-sign",
    in_case("at_least: 0.5}", "at_least: 50%}"),
    Found(CASE, "conditions.0.at_least", "must be a number", "0.5"),
)
bad(
    "case-mix-percent",
    in_case("[0.3, 0.4]", "[30, 40]"),
    Found(CASE, "mix.enterprise_share", "30 is not a share", "between 0 and 1"),
    Found(CASE, "mix.enterprise_share", "40 is not a share", "between 0 and 1"),
)
bad(
    "case-price-negative",
    in_case("[10, 12, 15]", "[-10, 12]"),
    Found(CASE, "plans.plus.price", "negative", "0 or more"),
)
bad(
    "case-cap-negative",
    in_case("[6, 12]", "[-6, 12]"),
    Found(CASE, "plans.free.allowances.large.day", "negative", "0 or more"),
)
bad(
    "case-cap-infinite-word",
    in_case("[6, 12]", "[6, infinite]"),
    Found(CASE, "plans.free.allowances.large.day.1", "must be a number or 'unlimited'", "'unlimited'"),
)
bad("case-ladder-empty", in_case("[10, 12, 15]", "[]"), Found(CASE, "plans.plus.price", "at least 1", "at least 1"))
bad(
    "case-ladder-emptied-by-rules",
    in_case("[10, 12, 15]", "[30, 40]"),
    Found(CASE, "plans.plus.price", "leave no price", "widen"),
)
bad(
    "case-charm-leaves-none",
    both(in_case("rules:\n", "rules:\n  charm_prices: true\n"), in_case("[10, 12, 15]", "[11, 12]")),
    Found(CASE, "plans.plus.price", "leave no price", "widen"),
)
bad("case-nan", in_case("[10, 12, 15]", "[10, .nan]"), Found(CASE, "plans.plus.price.1", "not a finite", "finite"))
bad(
    "case-infinity",
    in_case("at_least: 0.5}", "at_least: .inf}"),
    Found(CASE, "conditions.0.at_least", "not a finite", "finite"),
)
bad(
    "case-number-overflow",
    in_case("[10, 12, 15]", "[10, 1e400]"),
    Found(CASE, "plans.plus.price.1", "not a finite", "finite"),
)
bad(
    "case-unit-price-not-sold",
    in_case("  team: {price: [20, 25, 30]}", "  team: {unit_prices: {large: [1]}}"),
    Found(CASE, "plans.team.unit_prices.large", "no unit price", "known"),
)
bad(
    "case-order-typo",
    in_case("rules:\n", "rules:\n  plan_order: [[plus, teem]]\n"),
    Found(CASE, "rules.plan_order.0", "no plan", "'team'"),
)
bad(
    "case-rule-plan-typo",
    in_case("{plan: plus, at_most", "{plan: pluss, at_most"),
    Found(CASE, "rules.price_change.0.plan", "no plan", "'plus'"),
)
bad(
    "case-rule-negative",
    in_case("{plan: plus, at_most: 0.5}", "{plan: plus, at_most: -0.5}"),
    Found(CASE, "rules.price_change.0.at_most", "at least 0", "."),
)
bad("case-gap-percent", in_case("gap: 1e-4", "gap: 5"), Found(CASE, "options.gap", "at most 1", "."))
bad(
    "case-time-limit-zero", in_case("gap: 1e-4", "time_limit: 0"), Found(CASE, "options.time_limit", "more than 0", ".")
)
bad(
    "case-withdraw-text",
    in_case("    price: [10, 12, 15]", "    withdraw: no"),
    Found(CASE, "plans.plus.withdraw", "must be true or false", "true or false"),
)

# --- the case: changes ----------------------------------------------------------------------------
CHANGES = "changes:\n  {}\nplans:\n  free:\n"
bad(
    "change-path-typo",
    in_case("plans:\n  free:\n", CHANGES.format("plans.plus.prise: {times: 0.5}")),
    Found(CASE, "changes.plans.plus.prise", "no number of the market", "'plans.plus.price'"),
)
bad(
    "change-two-ways",
    in_case("plans:\n  free:\n", CHANGES.format("plans.plus.price: {times: 0.5, to: 3}")),
    Found(CASE, "changes.plans.plus.price", "exactly one", "keep one"),
)
bad(
    "change-text",
    in_case("plans:\n  free:\n", CHANGES.format("plans.plus.price: {to: cheap}")),
    Found(CASE, "changes.plans.plus.price.to", "must be a number", "number"),
)
bad(
    "change-below-zero",
    in_case("plans:\n  free:\n", CHANGES.format("plans.plus.price: {plus: -50}")),
    Found(CASE, "changes.plans.plus.price", "below 0", "0 or more"),
)
bad(
    "change-percent",
    in_case("plans:\n  free:\n", CHANGES.format("go_to_market.enterprise_share: {to: 40}")),
    Found(CASE, "changes.go_to_market.enterprise_share", "above 1", "percent"),
)
bad(
    "change-through-text",
    in_case("plans:\n  free:\n", CHANGES.format("title.x: {to: 1, unit: usd}")),
    Found(CASE, "changes.title.x", "no number of the market", "."),
)
bad(
    "change-new-number-of-wrong-unit",
    in_case("plans:\n  free:\n", CHANGES.format("plans.plus.fixed_cost: {to: 1000, unit: GPU}")),
    Found(CASE, "changes.plans.plus.fixed_cost", "does not measure", "usd/month"),
)
bad(
    "change-new-number-unknown",
    in_case("plans:\n  free:\n", CHANGES.format("plans.plus.fixed_csot: {to: 1000, unit: usd/month}")),
    Found(CASE, "changes.plans.plus.fixed_csot", "unknown field", "'fixed_cost'"),
)

# --- the case: the file ---------------------------------------------------------------------------
bad("case-empty", write("case", ""), Found(CASE, "", "empty", "content"))
bad("case-only-comments", write("case", "# nothing\n"), Found(CASE, "", "top level is empty", "name: value"))
bad("case-list", write("case", "- title: x\n"), Found(CASE, "", "top level is a list", "name: value"))
bad("case-binary", write("case", bytes(range(256)) * 8), Found(CASE, "", "UTF-8|invisible", "."))
bad("case-utf16", write("case", "title: x\n".encode("utf-16")), Found(CASE, "", "UTF-16", "UTF-8"))
bad("case-huge", write("case", "title: " + "x" * 2_100_000), Found(CASE, "", "larger than", "split", line=False))
bad(
    "case-a-million-values", write("case", "plans: [" + "1, " * 300_000 + "1]\n"), Found(CASE, "", "more than", "split")
)
bad("case-deep", write("case", "plans: " + "[" * 200 + "]" * 200), Found(CASE, "", "nesting", "brackets"))
bad(
    "case-deep-indented",
    write("case", "".join(f"{' ' * i}a{i}:\n" for i in range(60))),
    Found(CASE, "", "nesting", "."),
)
bad(
    "case-duplicate-key",
    in_case("  team: {price", "  plus: {price: [9]}\n  team: {price"),
    Found(CASE, "plans.plus", "given twice; it was first given in line 11", "keep one"),
)
bad(
    "case-alias-unknown",
    in_case("{price: [20, 25, 30]}", "{price: *ladder}"),
    Found(CASE, "plans.team.price", "no value above has the anchor &ladder", "write the value out"),
)
bad(
    "case-alias-of-itself",
    in_case("[10, 12, 15]", "&ladder [10, *ladder, 15]"),
    Found(CASE, "plans.plus.price.1", "inside the value", "write the value out"),
)
bad(
    "case-alias-of-a-fault",
    both(in_case("[10, 12, 15]", "&ladder [10, twelve]"), in_case("{price: [20, 25, 30]}", "{price: *ladder}")),
    Found(CASE, "plans.plus.price.1", "must be a number, but is the text 'twelve'", "number"),
    Found(CASE, "plans.team.price.1", "must be a number, but is the text 'twelve'", "number"),
)
bad(
    "case-alias-bomb",
    write(
        "case",
        "a: &a [1]\n"
        + "".join(f"{chr(98 + i)}: &{chr(98 + i)} [{', '.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)),
    ),
    Found(CASE, "", "more than 200,000 values", "alias"),
)
bad("case-tag", in_case("A small question\n", "!!python/object:os.system x\n"), Found(CASE, "title", "tag", "remove"))
bad(
    "case-merge-key",
    in_case("  team: {price", "  <<: {}\n  team: {price"),
    Found(CASE, "plans", "merge key", "fields out"),
)
bad("case-tabs", in_case("  plus:\n", "\tplus:\n"), Found(CASE, "", "not valid YAML", "tabs"))
bad(
    "case-bracket-open",
    in_case("[10, 12, 15]", "[10, 12, 15"),
    Found(CASE, "", "not valid YAML", "bracket|comma|quote"),
)
bad("case-quote-open", in_case("A small question\n", "'A small question\n"), Found(CASE, "", "not valid YAML", "quote"))
bad(
    "case-colon-in-text",
    in_case("A small question\n", "Question: a small one\n"),
    Found(CASE, "", "not valid YAML", "quotes"),
)
bad("case-two-documents", append("case", "---\ntitle: again\n"), Found(CASE, "", "second document", "one document"))
bad(
    "case-control-character",
    in_case("A small question\n", "A small\x07question\n"),
    Found(CASE, "", r"invisible character U\+0007", "delete"),
)
bad(
    "case-market-unknown",
    in_case("market: small\n", "market: smal\n"),
    Found(CASE, "market", "no market is named 'smal'", "small"),
)
bad(
    "case-market-climbs",
    in_case("market: small\n", "market: ../../../../nowhere\n"),
    Found(CASE, "market", "no market", "."),
)
bad(
    "case-market-folder-missing",
    lambda c: c.market.parent.rename(c.root / "elsewhere"),
    Found(CASE, "market", "no market is named 'small'", "."),
)

# --- the market: YAML -----------------------------------------------------------------------------
bad(
    "market-pool-typo",
    in_market("pool: main}", "pool: mian}"),
    Found(MARKET, "ai_models.large.pool", "no pool", "'main'"),
)
bad(
    "market-segment-typo",
    in_market("segments: [teams]", "segments: [taems]"),
    Found(MARKET, "plans.team.segments", "no segment", "'teams'"),
)
bad(
    "market-channel-typo",
    in_market("channel: consumer}", "channel: costumer}"),
    Found(MARKET, "segments.individuals.channel", "must be one of", "'consumer'"),
)
bad(
    "market-fallback-unknown",
    in_market("fallback: small", "fallback: tiny"),
    Found(MARKET, "plans.free.fallback", "no AI model", "known: large, small"),
)
bad(
    "market-title-missing",
    in_market("title: Assistant start-up (template)\n", ""),
    Found(MARKET, "title", "missing", "add 'title"),
)
bad("market-field-unknown", append("market", "colour: blue\n"), Found(MARKET, "colour", "unknown field", "."))
bad(
    "market-edges",
    in_market("usage: [0, 0.5, 0.85, 0.98, 1]", "usage: [0, 0.85, 0.5, 1]"),
    Found(MARKET, "classes", "rise from 0 to 1", "e.g."),
)
bad(
    "market-edges-in-percent",
    in_market("usage: [0, 0.5, 0.85, 0.98, 1]", "usage: [0, 50, 100]"),
    Found(MARKET, "classes", "rise from 0 to 1", "e.g."),
)
bad("market-grade", in_market("grade: D", "grade: 4"), Found(MARKET, "sources.calendar.grade", "must be one of", "."))
bad(
    "market-observed-typo",
    in_market("{figure: revenue,", "{figure: revenu,"),
    Found(MARKET, "today.observed.0.figure", "no figure", "'revenue'"),
)
bad(
    "market-evidence-check-typo",
    in_market("check: cap_binding_share", "check: cap_bindin_share"),
    Found(MARKET, "evidence.2.check", "must be one of", "'cap_binding_share'"),
)
bad(
    "market-evidence-plan-typo",
    in_market("cap_binding_share, plan: plus", "cap_binding_share, plan: pluss"),
    Found(MARKET, "evidence.2.plan", "no plan", "'plus'"),
)
bad(
    "market-duplicate-plan",
    in_market("  team:                          # sold", "  plus: {}\n  team:    # sold"),
    Found(MARKET, "plans.plus", "given twice", "keep one"),
)
bad("market-empty", write("market", "\n"), Found(MARKET, "", "empty", "content"))
bad("market-not-yaml", write("market", "title: [\n"), Found(MARKET, "", "not valid YAML", "."))

# --- the market: numbers --------------------------------------------------------------------------
bad(
    "number-not-a-number",
    cell("plans.plus.price", value="twelve"),
    Found(NUMBERS, "plans.plus.price.value", "not a finite number", "such as 20"),
)
bad("number-na", cell("plans.plus.price", value="NA"), Found(NUMBERS, "plans.plus.price.value", "'NA'", "known"))
bad("number-none", cell("plans.plus.price", value="None"), Found(NUMBERS, "plans.plus.price.value", "'None'", "known"))
bad("number-nan", cell("plans.plus.price", value="nan"), Found(NUMBERS, "plans.plus.price.value", "'nan'", "known"))
bad("number-infinite", cell("plans.plus.price", high="inf"), Found(NUMBERS, "plans.plus.price.high", "'inf'", "known"))
bad("number-overflow", cell("plans.plus.price", value="1e999"), Found(NUMBERS, "plans.plus.price.value", "finite", "."))
bad(
    "number-empty",
    cell("plans.plus.price", value=""),
    Found(NUMBERS, "plans.plus.price.value", "empty", "write a number"),
)
bad(
    "number-thousands",
    cell("segments.teams.potential", value="400,000"),
    Found(NUMBERS, "segments.teams.potential.value", "finite", "400000"),
)
bad(
    "number-decimal-comma",
    cell("plans.plus.price", value="12,5"),
    Found(NUMBERS, "plans.plus.price.value", "finite", "12.5"),
)
bad(
    "number-currency", cell("plans.plus.price", value="$12"), Found(NUMBERS, "plans.plus.price.value", "finite", "unit")
)
bad(
    "number-percent-sign",
    cell("plans.plus.annual_share", value="30%"),
    Found(NUMBERS, "plans.plus.annual_share.value", "finite", "unit"),
)
bad(
    "number-formula",
    cell("plans.plus.price", value="=10+2"),
    Found(NUMBERS, "plans.plus.price.value", "finite", "formula"),
)
bad(
    "number-negative-price",
    cell("plans.plus.price", value="-12", low="-12", high="-12"),
    Found(NUMBERS, "plans.plus.price", "below 0", "0 or more"),
)
bad(
    "number-percent-for-fraction",
    cell("plans.plus.annual_share", value="30", low="10", high="50"),
    Found(NUMBERS, "plans.plus.annual_share", "above 1", "percent"),
)
bad(
    "number-unit-of-another-thing",
    cell("plans.plus.price", unit="hours/month"),
    Found(NUMBERS, "plans.plus.price", "does not measure", "usd/month"),
)
bad(
    "number-unit-unknown",
    cell("plans.plus.price", unit="eur/month"),
    Found(NUMBERS, "plans.plus.price", "unknown unit 'eur'", "known"),
)
bad("number-unit-missing", cell("plans.plus.price", unit=""), Found(NUMBERS, "plans.plus.price.unit", "missing", "add"))
bad(
    "number-unit-price",
    cell("plans.api.unit_prices.large", unit="usd/month"),
    Found(NUMBERS, "plans.api.unit_prices.large", "no price of use", "usd/Mtok"),
)
bad(
    "number-observed-unit",
    cell("today.observed.0.value", unit="customers"),
    Found(NUMBERS, "today.observed.0.value", "does not measure", "unit"),
)
bad(
    "number-neither-source-nor-assumption",
    cell("plans.plus.price", assumption=""),
    Found(NUMBERS, "plans.plus.price", "neither source nor assumption", "source"),
)
bad(
    "number-source-unknown",
    cell("hours.day", source="calender"),
    Found(NUMBERS, "hours.day.source", "no source", "'calendar'"),
)
bad(
    "number-assumption-without-range",
    cell("plans.plus.decision_rate", low="", high=""),
    Found(NUMBERS, "plans.plus.decision_rate", "needs low and high", "'low' and 'high'"),
)
bad(
    "number-outside-its-range",
    cell("plans.plus.decision_rate", value="0.6"),
    Found(NUMBERS, "plans.plus.decision_rate", "outside low", "low and high"),
)
bad(
    "number-range-swapped",
    cell("plans.plus.decision_rate", low="0.1", high="0.01"),
    Found(NUMBERS, "plans.plus.decision_rate", "outside low", "low and high"),
)
bad("number-missing-row", drop("plans.plus.decision_rate"), Found(MARKET, "plans.plus.decision_rate", "missing", "add 'churn"))
bad(
    "number-churn-zero",
    cell("plans.plus.decision_rate", value="0", low="0"),
    Found(NUMBERS, "plans.plus.decision_rate", "above 0", "rate"),
)
bad(
    "number-referral-above-one",
    cell("plans.plus.referral", value="1.2", high="1.5"),
    Found(NUMBERS, "plans.plus.referral", "below 1", "."),
)
bad(
    "number-churn-least-above-most",
    cell("plans.plus.decision_rate_least", value="0.5", high="0.6"),
    Found(NUMBERS, "plans.plus.decision_rate_least", "above decision_rate_most", "swap"),
)
bad(
    "number-reach",
    cell("go_to_market.consumer.base", value="0.5", high="0.6"),
    Found(NUMBERS, "go_to_market.consumer", "base must not exceed", "base"),
)
bad(
    "shares-of-hours",
    cell("segments.teams.usage.hours.day", value="0.65"),
    Found(NUMBERS, "segments.teams.usage.hours", "adds up to 0.9, not 1", "correct"),
)
bad(
    "shares-of-models",
    cell("segments.developers.usage.ai_models.small", value="0.6"),
    Found(NUMBERS, "segments.developers.usage.ai_models", "adds up to 1.1, not 1", "correct"),
)
bad("hours-of-the-month", cell("hours.day", value="300"), Found(NUMBERS, "hours", "adds up to 726, not 730", "correct"))
bad(
    "windows-3h-and-5h",
    append(
        "numbers",
        "plans.plus.allowances.large.3h,40,requests,,test,40,40\n"
        "plans.plus.allowances.large.5h,60,requests,,test,60,60\n",
    ),
    Found(NUMBERS, "plans.plus.allowances.large.5h", "more than two", "two"),
    Found(NUMBERS, "plans.plus.allowances.large.5h", "3h and 5h", "keep one"),
)
bad(
    "counts-above-total",
    append("numbers", "today.plans.plus.by_segment.individuals,6000,customers,,test,5000,7000\n"),
    Found(NUMBERS, "today.plans.plus.by_segment", "6,000, above the total 5,200", "correct one"),
)
bad(
    "counts-of-a-foreign-segment",
    append("numbers", "today.plans.plus.by_segment.teams,100,customers,,test,50,150\n"),
    Found(NUMBERS, "today.plans.plus.by_segment.teams", "no segment the plan is offered to", "known"),
)
bad(
    "table-duplicate-row",
    append("numbers", "plans.plus.price,15,usd/month,,test,15,15\n"),
    Found(NUMBERS, "plans.plus.price", "given twice", "keep one"),
)
bad(
    "table-number-also-in-yaml",
    in_market("    title: Plus\n", "    title: Plus\n    price: {value: 12, unit: usd/month, source: calendar}\n"),
    *[Found(NUMBERS, f"plans.plus.price.{f}", "already given in .*market.yaml", "keep one") for f in ("value", "unit")],
)
bad(
    "table-path-typo",
    in_numbers("plans.plus.decision_rate_least,", "plans.plus.churn_lest,"),
    Found(MARKET, "plans.plus.decision_rate_least", "missing", "add"),
    Found(NUMBERS, "plans.plus.churn_lest", "unknown field", "'decision_rate_least'"),
)
bad(
    "table-plan-typo",
    in_numbers("plans.plus.price,", "plans.pluss.price,"),
    Found(MARKET, "plans.plus.price", "missing", "add 'price"),
    *[
        Found(NUMBERS, f"plans.pluss.{f}", "missing", "add")
        for f in ("channel", "decision_rate", "decision_rate_least", "decision_rate_most", "referral", "segments", "support_cost", "title")
    ],
)
bad(
    "table-column-typo",
    in_numbers("path,value,unit", "path,valeu,unit"),
    Found(NUMBERS, "", "unknown column", "'value'"),
)
bad(
    "table-semicolons",
    lambda c: c.numbers.write_text(c.numbers.read_text().replace(",", ";")) and None,
    Found(NUMBERS, "", "not separated by commas", "commas"),
)
bad(
    "table-cell-too-many",
    append("numbers", "plans.plus.fixed_cost,5,usd/month,,a,b,1,9\n"),
    Found(NUMBERS, "plans.plus.fixed_cost", "8 cells", "quotes"),
)
bad(
    "table-quote-open",
    append("numbers", 'plans.plus.fixed_cost,5,usd/month,,"open\n'),
    Found(NUMBERS, "", "cannot be read", "quote"),
)
bad(
    "table-utf16",
    lambda c: c.numbers.write_bytes(c.numbers.read_text().encode("utf-16")) and None,
    Found(NUMBERS, "", "UTF-16", "CSV UTF-8"),
)
bad(
    "table-stray-space",
    in_numbers("plans.plus.price,12", "plans.plus.price, 12"),
    Found(NUMBERS, "plans.plus.price.value", "finite", "stray space"),
)
bad("table-binary", write("numbers", b"\x00\x01\x02\xff" * 100), Found(NUMBERS, "", "UTF-8|invisible", "."))
bad("table-empty", write("numbers", ""), Found(NUMBERS, "", "empty", "."))
bad(
    "table-nul",
    lambda c: c.numbers.write_bytes(c.numbers.read_bytes() + b"\x00") and None,
    Found(NUMBERS, "", r"U\+0000", "delete"),
)

# --- the market: sizes that cannot be -------------------------------------------------------------
bad(
    "churn-above-one",
    cell("plans.plus.decision_rate", value="6", high="8"),
    Found(NUMBERS, "plans.plus.decision_rate", "more than all customers", "percent/month"),
)
bad(
    "quality-in-percent",
    cell("alternatives.big_plus.quality", value="110", high="120"),
    Found(NUMBERS, "alternatives.big_plus.quality", "110 times the best", "relative"),
)
bad(
    "windows-beyond-the-day",
    cell("segments.teams.usage.windows_per_day", value="18", high="20"),
    Found(NUMBERS, "segments.teams.usage.windows_per_day", "do not fit into a day", "sessions"),
)
bad(
    "count-above-potential",
    cell("today.plans.team.customers", value="2600000", high="3000000"),
    Found(NUMBERS, "today.plans.team.customers", "2,600,000 customers, but its segments hold 400,000", "potential"),
)
bad(
    "rivals-above-potential",
    cell("today.alternatives.big_free.consumer", value="12", unit="million customers", low="6", high="24"),
    Found(NUMBERS, "today.alternatives.big_free.consumer", "12,090,000 customers of alternatives", "counts"),
)
bad(
    "reported-revenue-of-a-year",
    lambda c: c.scale("today.observed.0.value", 12.0),
    Found(MARKET, "today.observed.0", "a year taken for a month", "inputs"),
)
bad(
    "elasticity-not-credible",
    in_market(
        "check: own_price_elasticity, plan: plus, low: -2.5, high: -0.7",
        "check: own_price_elasticity, plan: plus, low: -0.5, high: -0.1",
    ),
    Found(MARKET, "evidence.0", "outside -0.5 to -0.1", "range"),
)
bad(
    "segment-count-missed",
    both(append("numbers", "today.plans.free.by_segment.individuals,9000,customers,,test,5000,9500\n"), nothing),
    Found(
        NUMBERS, "today.plans.free.by_segment.individuals", "the model gives 90,000, observed are 9,000", "tolerance"
    ),
)

# --- several at once ------------------------------------------------------------------------------
bad(
    "three-in-the-case",
    both(
        in_case("    price: [10", "    prise: [10"),
        in_case("objective:", "objectve:"),
        in_case("[20, 25, 30]", "[20, x]"),
    ),
    Found(CASE, "plans.plus.prise", "unknown", "'price'"),
    Found(CASE, "plans.team.price.1", "number", "."),
    Found(CASE, "objectve", "unknown", "'objective'"),
)
bad(
    "three-names-in-the-case",
    both(
        in_case("  plus:\n", "  plsu:\n"),
        in_case("figure: market_share", "figure: market_shares"),
        in_case("{plan: plus", "{plan: plos"),
    ),
    Found(CASE, "plans.plsu", "no plan", "."),
    Found(CASE, "conditions.1.figure", "no figure", "."),
    Found(CASE, "rules.price_change.0.plan", "no plan", "."),
)
bad(
    "three-in-the-table",
    both(
        cell("plans.plus.price", value="NA"),
        cell("plans.team.price", value="25 usd"),
        cell("plans.free.decision_rate", value="1,5"),
    ),
    Found(NUMBERS, "plans.plus.price.value", "NA", "."),
    Found(NUMBERS, "plans.team.price.value", "25 usd", "."),
    Found(NUMBERS, "plans.free.decision_rate.value", "1,5", "."),
)
bad(
    "case-and-market",
    both(
        in_case("objective:", "objectve:"),
        in_market("channel: consumer}", "channel: costumer}"),
        cell("plans.plus.decision_rate", value="0.6"),
    ),
    Found(CASE, "objectve", "unknown", "."),
    Found(MARKET, "segments.individuals.channel", "one of", "."),
    Found(NUMBERS, "plans.plus.decision_rate", "outside low", "."),
)
bad(
    "case-and-table",
    both(
        in_case("[20, 25, 30]", "[20, x]"),
        cell("plans.plus.price", value="NA"),
        in_market("channel: consumer}", "channel: costumer}"),
    ),
    Found(CASE, "plans.team.price.1", "number", "."),
    Found(NUMBERS, "plans.plus.price.value", "NA", "."),
)
bad(
    "market-and-table",
    both(
        in_market("channel: consumer}", "channel: costumer}"),
        cell("plans.plus.price", unit="eur"),
        drop("plans.team.decision_rate"),
    ),
    Found(MARKET, "segments.individuals.channel", "one of", "."),
    Found(NUMBERS, "plans.plus.price", "unknown unit", "."),
    Found(MARKET, "plans.team.decision_rate", "missing", "."),
)

# --- arguments ------------------------------------------------------------------------------------
for _name, _arguments, _field, _words in (
    ("set-without-value", ("--set", "plans.plus.price"), "--set", "has no '='"),
    ("set-text", ("--set", "plans.plus.price=cheap"), "--set plans.plus.price", "'cheap' is not a finite number"),
    ("set-nan", ("--set", "plans.plus.price=nan"), "--set plans.plus.price", "'nan' is not a finite number"),
    ("set-infinite", ("--set", "plans.plus.price=1e999"), "--set plans.plus.price", "not a finite number"),
    ("set-factor-of-nothing", ("--set", "plans.plus.price=x"), "--set plans.plus.price", "not a finite number"),
    ("set-no-path", ("--set", "=5"), "--set", "no path"),
    ("set-path-typo", ("--set", "plan.plus.price=5"), "--set plan.plus.price", "no number"),
    ("set-a-group", ("--set", "plans.plus=5"), "--set plans.plus", "no number"),
    ("set-negative", ("--set", "plans.plus.price=-5"), "--set plans.plus.price", "below 0"),
    ("set-percent", ("--set", "plans.plus.annual_share=30"), "--set plans.plus.annual_share", "above 1"),
    ("set-twice", ("--set", "plans.plus.price=5", "--set", "plans.plus.price=6"), "--set", "twice"),
    ("gap-negative", ("--gap=-1",), "--gap", "between 0 and 1"),
    ("gap-percent", ("--gap", "5"), "--gap", "between 0 and 1"),
    ("gap-nan", ("--gap", "nan"), "--gap", "between 0 and 1"),
    ("gap-text", ("--gap", "small"), "--gap", "must be a number"),
    ("time-limit-zero", ("--time-limit", "0"), "--time-limit", "above 0"),
    ("time-limit-infinite", ("--time-limit", "inf"), "--time-limit", "above 0"),
    ("time-limit-missing", ("--time-limit",), "--time-limit", "requires an argument"),
    ("option-typo", ("--gpa", "0.1"), "--gpa", "No such option"),
    ("argument-too-many", ("more",), "", "unexpected extra argument"),
):  # fmt: skip
    bad(_name, nothing, Found("", _field, _words, ".", line=False), arguments=_arguments)


def _matches(found: Found, row: dict[str, Any]) -> bool:
    return (
        os.path.basename(row["file"]) == found.file
        and (row["field"] == found.field or not found.field)
        and re.search(found.words, row["message"]) is not None
        and re.search(found.cure, row["cure"]) is not None
        and (row["line"] is not None) == (found.line and bool(found.file))
    )


def _line_is_right(row: dict[str, Any]) -> bool:
    """The line told shows a part of the field, where the field is told."""
    if row["line"] is None or not row["field"]:
        return True
    with open(row["file"], encoding="utf-8") as stream:
        lines = stream.read().split("\n")
    text = lines[row["line"] - 1]
    parts = row["field"].split(".")
    return row["line"] == 1 or parts[-1].isdecimal() or parts == ["plans"] or any(part in text for part in parts)


@pytest.mark.parametrize("case", BAD, ids=lambda b: b.name)
def test_bad_input_is_refused(case: Bad, company: Any, call: Any, tmp_path: Any) -> None:
    case.spoil(company)
    out = tmp_path / "out"
    told = call("run", company.case, "--json", "--out", out, *case.arguments)
    body = told.json
    assert (told.code, told.err) == (2, "")
    assert not out.exists()
    assert (body["status"], body["exit_code"], body["verdict"]) == ("bad_input", 2, None)
    rows = body["findings"]
    for row in rows:
        assert row["message"] and row["cure"] and row["severity"] == "error" and row["code"], row
        assert _line_is_right(row), row
    left = list(rows)
    for found in case.found:
        hit = next((row for row in left if _matches(found, row)), None)
        assert hit is not None, (found, rows)
        left.remove(hit)
    assert not left, left

    if case.arguments:
        plain = call("run", company.case, "--out", out, *case.arguments)
        assert (plain.code, plain.out) == (2, "")
        shown = plain.err
    else:
        plain = call("check", company.case)
        assert (plain.code, plain.err) == (2, "")
        shown = plain.out
    assert not out.exists()
    for row in rows:
        place = f"{row['file']}:{row['line']}" if row["line"] else row["file"]
        assert place in shown and row["field"] in shown
        assert row["message"] in shown and row["cure"] in shown


@pytest.mark.parametrize("case", BAD[::9], ids=lambda b: b.name)
def test_bad_input_without_json(case: Bad, company: Any, call: Any, tmp_path: Any) -> None:
    """On stderr, a line a finding; nothing on stdout, nothing saved."""
    case.spoil(company)
    plain = call("run", company.case, "--out", tmp_path / "out", *case.arguments)
    assert (plain.code, plain.out) == (2, "")
    assert len(plain.err.strip().splitlines()) == len(case.found)
    assert not (tmp_path / "out").exists()


def test_the_corpus_is_large() -> None:
    assert len(BAD) >= 60
    assert len({b.name for b in BAD}) == len(BAD)


def test_the_good_company_is_good(company: Any, call: Any, tmp_path: Any) -> None:
    assert call("check", company.case, "--json").json["findings"] == []
    told = call("run", company.case, "--json", "--out", tmp_path / "out")
    assert told.code == 0
    assert told.json["verdict"] == "proved"
    assert (tmp_path / "out" / "result.json").is_file()
