"""What is done with rows that are not as they should be: left out and told, or mended by a stated rule and told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class RowRule:
    """A kind of bad row."""

    message: str
    """What is wrong with the rows."""
    cure: str
    mended: bool = False
    """Whether the rows are used all the same, mended as the message says."""


RULES: Mapping[str, RowRule] = {
    "cells": RowRule("not as many cells as the header", "put text with delimiters in quotes"),
    "quote": RowRule("a quote that is not closed", "close it; write a quote inside quotes twice"),
    "characters": RowRule("bytes that are not UTF-8", "save the table as UTF-8"),
    "empty": RowRule("a cell that must not be empty is", "fill it, or remove the row"),
    "number": RowRule("not a number", "write the bare number, decimals with a point"),
    "number-ambiguous": RowRule(
        "a comma that may part decimals or thousands", "write decimals with a point and no separators"
    ),
    "negative": RowRule("below 0", "correct the row; a count cannot be negative"),
    "whole": RowRule("not a whole number", "write how many"),
    "share": RowRule("a share above 1", "write a fraction: 0.25 for 25 %"),
    "date": RowRule("not a date", "write 2025-12-31, or 2025-12-31T18:30:00Z"),
    "zone": RowRule("a time without its zone", "write +02:00 or Z behind it, or give --assume-zone"),
    "hour": RowRule("an hour outside 0 to 23", "write 0 to 23"),
    "interval": RowRule("an unknown interval", "write day, week, month, quarter or year"),
    "flag": RowRule("neither yes nor no", "write true or false, 1 or 0"),
    "window": RowRule("an unknown window", "write 3h, 5h, day, week or month"),
    "refund": RowRule("a price below 0: a refund is no subscription", "leave refunds out of the table"),
    "currency": RowRule("no currency", "fill it, or give --currency"),
    "rate": RowRule("a currency without a rate", "give --rate, as in --rate EUR=1.08"),
    "order": RowRule("it ends before it starts", "correct the dates"),
    "cached": RowRule("more cached tokens than input tokens", "count cached tokens as part of the input"),
    "chosen": RowRule("more people chose than were exposed", "correct the counts"),
    "counted": RowRule("neither a count, nor a share with n", "give count, or share and n"),
    "task": RowRule("a task in which not exactly one alternative was chosen", "correct the task"),
    "thousands": RowRule("separators between thousands, read as such", "write numbers without them", True),
    "sign": RowRule("a currency sign at a price, left out: the currency column decides", "write bare numbers", True),
    "interval-word": RowRule("another word for an interval, read as month, year...", "", True),
    "repeated": RowRule("the same row again, counted once", "remove it", True),
    "overlap": RowRule(
        "a subscription that overlaps the customer's next one, cut where that starts", "end it on that day", True
    ),
    "joined": RowRule("a renewal: the customer goes on with the same plan, joined to one spell", "", True),
}


def rule_lines() -> list[str]:
    """The rules in words, for the documentation."""
    done = {True: "mended", False: "left out"}
    return [f"| `{kind}` | {rule.message} | {done[rule.mended]} |" for kind, rule in RULES.items()]
