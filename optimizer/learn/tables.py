"""The tables that a company brings: their columns, and what may stand in them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

CellKind = Literal["id", "name", "text", "count", "amount", "share", "money", "day", "time", "hour", "interval", "flag"]
"""What may stand in a column.

``id`` a person or customer, never shown; ``name`` compared without regard to case and spaces around it; ``count`` a
whole number, at least 0; ``amount`` any number, at least 0; ``share`` 0 to 1; ``money`` an amount in the currency of
the row; ``day`` a date, or a time with its zone; ``time`` the same, whose hour is used too; ``interval`` month, year...
"""


@dataclass(frozen=True)
class TableColumn:
    """A column of a table."""

    kind: CellKind
    required: bool = True
    meaning: str = ""


@dataclass(frozen=True)
class LogTable:
    """A table that can be brought."""

    title: str
    columns: Mapping[str, TableColumn]
    extra: bool = False
    """Whether further columns are kept, as attributes."""

    @property
    def required(self) -> tuple[str, ...]:
        return tuple(name for name, column in self.columns.items() if column.required)


def _of(kind: CellKind, meaning: str = "") -> TableColumn:
    return TableColumn(kind, True, meaning)


def _maybe(kind: CellKind, meaning: str = "") -> TableColumn:
    return TableColumn(kind, False, meaning)


_COUNTED = {
    "count": _maybe("count", "how many"),
    "share": _maybe("share", "or which part of n"),
    "n": _maybe("count", "how many were asked or seen"),
}
TABLES: Mapping[str, LogTable] = {
    "subscriptions": LogTable(
        "who was on which plan from when to when; free plans too, where known",
        {
            "customer": _of("id"),
            "segment": _maybe("name", "one segment, called all, where absent"),
            "plan": _of("name"),
            "started": _of("day"),
            "ended": _maybe("day", "first day without; empty while it runs"),
            "price": _of("money", "of one seat or account an interval"),
            "currency": _of("name", "USD, or one with a --rate"),
            "interval": _of("interval", "day, week, month, quarter or year"),
            "quantity": _maybe("count", "seats; 1 where absent"),
            "trial": _maybe("flag"),
        },
    ),
    "usage": LogTable(
        "requests by customer, time and AI model: one row a request, an hour or a day",
        {
            "customer": _of("id"),
            "day": _of("time", "a day, or a time with its zone"),
            "hour": _maybe("hour", "0 to 23"),
            "ai_model": _of("name"),
            "requests": _of("count"),
            "input_tokens": _of("count"),
            "cached_tokens": _maybe("count", "part of the input"),
            "output_tokens": _of("count"),
        },
    ),
    "caps": LogTable(
        "what the plans allow: where a cap acts, the wish is known from below only",
        {
            "plan": _of("name"),
            "ai_model": _of("name"),
            "window": _of("name", "3h, 5h, day, week or month"),
            "cap": _of("amount", "requests a window"),
            "fallback": _maybe("flag", "whether another AI model serves what the cap refuses"),
        },
    ),
    "experiments": LogTable(
        "tests of prices and limits: arms, who saw them, who took which plan",
        {
            "arm": _of("name"),
            "segment": _maybe("name"),
            "exposed": _of("count", "people who saw the arm"),
            "eligible": _of("name", "new, or the plan whose holders took part"),
            "changes": _maybe("text", "plans.plus.price=9; empty for the menu as it was"),
            "plan": _of("name"),
            "chosen": _of("count", "people who took the plan"),
            "months": _of("amount", "how long they were watched"),
        },
    ),
    "choices": LogTable(
        "a choice survey: one row an alternative of a task; further columns are attributes",
        {
            "person": _of("id"),
            "segment": _maybe("name", "of those asked; the consumers' where absent"),
            "task": _of("id"),
            "alternative": _of("text"),
            "price": _of("money"),
            "currency": _of("name"),
            "chosen": _of("flag"),
            "outside": _maybe("flag", "whether the alternative is to take none"),
        },
        extra=True,
    ),
    "rivals": LogTable(
        "customers of the alternatives, from a market study",
        {"alternative": _of("name"), "segment": _maybe("name"), **_COUNTED},
    ),
    "switching": LogTable(
        "second choices: where those who left or could not have a plan went",
        {"plan": _of("name"), "to": _of("name"), "segment": _maybe("name"), **_COUNTED},
    ),
    "survey": LogTable(
        "other questions, by answer",
        {"question": _of("text"), "answer": _of("text"), "segment": _maybe("name"), **_COUNTED},
    ),
    "prices": LogTable(
        "what tokens cost on an API, per token",
        {
            "ai_model": _of("name"),
            "seller": _maybe("name"),
            "input": _of("amount", "per token"),
            "cached": _maybe("amount", "per token read from the cache"),
            "output": _of("amount", "per token"),
            "currency": _maybe("name", "USD where absent"),
        },
    ),
    "ledger": LogTable(
        "numbers of the market that your own books hold: taken as exact",
        {
            "number": _of("name", "its path in the market: pools.main.price"),
            "value": _of("amount"),
            "unit": _of("text"),
        },
    ),
}  # fmt: skip
INTERVAL_MONTHS = {"day": 24.0 / 730.0, "week": 168.0 / 730.0, "month": 1.0, "quarter": 3.0, "year": 12.0}
INTERVAL_WORDS = {
    "daily": "day", "weekly": "week", "monthly": "month", "quarterly": "quarter", "yearly": "year",
    "annual": "year", "annually": "year",
}  # fmt: skip
"""Other words for intervals."""
