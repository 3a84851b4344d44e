"""What knowing more is worth, as plain data, tables and words: everything, a number, a test."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from optimizer.studies.sections import (
    Content,
    Heading,
    Listing,
    Note,
    NumberForm,
    PathName,
    Row,
    Value,
    say,
    text_table,
    words,
)
from optimizer.studies.tables import Table, table

if TYPE_CHECKING:
    from optimizer.answer.robustness import Experiment, Experiments, LeverMove, RobustAnswer

RANKED = 8
"""Numbers worth measuring that are listed."""
TESTS = 5
"""Tests that are listed."""
MOVES = 5
"""Moves of levers that are listed."""
MONTH_DAYS = 30.0
USD = "usd/month"


def worth_document(w: Any) -> dict[str, Any]:
    """What knowing is worth, as plain data."""
    return {
        "perfect_information": w.perfect,
        "perfect_among_candidates": w.among,
        "numbers": [vars(one) for one in w.numbers],
        "null_mean": w.null,
        "null_most": w.null_most,
        "control": vars(w.control),
        "candidate_menus": w.candidates,
    }


def experiments_document(x: Experiments) -> dict[str, Any]:
    """Tests as plain data, the one worth running first."""
    return {
        "ranked": [_experiment(e) for e in x.ranked],
        "null_mean": x.null,
        "null_most": x.null_most,
        "control": x.control,
        "months_held": x.held,
    }


def _experiment(e: Experiment) -> dict[str, Any]:
    return {
        **{name: getattr(e, name) for name in ("plan", "lever", "today", "other")},
        "visitors_an_arm": e.visitors,
        "months_to_fill": e.months,
        "value": e.value,
        "value_of_take_up": e.known,
        "above_null": e.above_null,
        "cost_usd": e.cost,
        "take_up_ratio": vars(e.ratio),
        "changes": e.changes,
        "moves": [vars(move) for move in e.moves],
        "by_size": [{"visitors_an_arm": size, "value": value} for size, value in e.by_size],
    }


def worth_tables(a: RobustAnswer) -> list[Table]:
    """Numbers and tests by what they are worth."""
    made = []
    if a.worth is not None:
        made.append(table("Worth knowing", {"number": "", "worth": a.unit, "above the null level": ""},
                          [(w.name, w.value, w.above_null) for w in (*a.worth.numbers, a.worth.control)]))  # fmt: skip
    if a.experiments is not None:
        columns = {"plan": "", "lever": "", "today": "", "other arm": "", "visitors an arm": "persons", "worth": a.unit,
                   "worth of its take-up": a.unit, "above the null level": "", "cost": "usd",
                   "changes the menu": "fraction"}  # fmt: skip
        rows = [(e.plan, e.lever, e.today, e.other, e.visitors, e.value, e.known, e.above_null, e.cost, e.changes)
                for e in a.experiments.ranked]  # fmt: skip
        made.append(table("Worth testing", columns, rows))
    return made


def worth_blocks(a: RobustAnswer) -> list[Any]:
    """What to measure first, and what to test next."""
    return [*_numbers(a), *(_experiments(a, a.experiments) if a.experiments is not None else [])]


def _numbers(a: RobustAnswer) -> list[Any]:
    w = a.worth
    if w is None:
        return []
    rows: list[Row] = [(_number(a, one.name), Value(one.value, a.unit), "yes" if one.above_null else "no")
                       for one in w.numbers[:RANKED]]  # fmt: skip
    rows.append((w.control.name, Value(w.control.value, a.unit), "yes" if w.control.above_null else "no"))
    note = say("Unrelated numbers show {null} on average, the largest of as many {most} in one case of twenty.",
               null=Value(w.null, a.unit), most=Value(w.null_most, a.unit))  # fmt: skip
    headings = [words("number"), Heading("worth knowing"), words("more than chance")]
    return [text_table(headings, rows, title="What to measure first"), Note(_everything(a)), Note(note)]


def _everything(a: RobustAnswer) -> Content:
    w = a.worth
    among = say("{v} among the {n} menus compared here", v=Value(w.among, a.unit), n=str(w.candidates))
    if w.perfect is None or not math.isfinite(w.perfect):
        return say("To know everything before deciding would be worth {among}; in some draws no menu meets the "
                   "conditions.", among=among)  # fmt: skip
    return say("To know everything before deciding would be worth {v}, and {among}.",
               v=Value(w.perfect, a.unit, NumberForm.STATED), among=among)  # fmt: skip


def _number(a: RobustAnswer, name: str) -> Content:
    """A number by its path; a group by its name and how many move together."""
    group = a.draws.groups.get(name)
    return PathName(name) if group is None else f"{name} ({len(group)} numbers together)"


def _experiments(a: RobustAnswer, x: Experiments) -> list[Any]:
    first = x.ranked[0]
    rows: list[Row] = [
        (_test(e), f"{e.visitors:,}", Value(e.value, a.unit), "yes" if e.above_null else "no") for e in x.ranked[:TESTS]
    ]
    headings = [words("test"), Heading("visitors an arm"), Heading("worth"), words("more than chance")]
    moves: tuple[Content, ...] = tuple(_move(move) for move in first.moves[:MOVES])
    blocks: list[Any] = [text_table(headings, rows, title="What to test next"), Note(_first(a, x))]
    if moves:
        title = say(
            "What it would decide: another menu in {share} of its results", share=Value(first.changes, "fraction")
        )
        blocks.append(Listing(moves, title=title))
    return [*blocks, Note(_sizes(a, first)), Note(_costs(first, x)), Note(_beside(a, x))]


def _test(e: Experiment) -> Content:
    return f"{e.plan} {e.lever}: {e.other} beside {e.today}"


def _first(a: RobustAnswer, x: Experiments) -> Content:
    e = x.ranked[0]
    doubt = "" if e.above_null else " No test shows more than chance would: take more draws before running one."
    ratio = "take-up of {low} to {high} of today's" if e.today != "not offered" else "take-up of {low} to {high}"
    return say(
        "Test {test}, each shown to {n} visitors who decide (about {days} of all who do). To choose by the result is "
        "worth {value}; if take-up were known exactly, {known}. Expect a " + ratio + " in eight of ten.{doubt}",
        test=_test(e), n=f"{e.visitors:,}", days=_days(e.months), value=Value(e.value, a.unit, NumberForm.STATED),
        known=Value(e.known, a.unit, NumberForm.STATED), low=Value(e.ratio.p10, "fraction"),
        high=Value(e.ratio.p90, "fraction"), doubt=doubt,
    )  # fmt: skip


def _days(months: float) -> str:
    days = max(1, round(MONTH_DAYS * months))
    return "a day" if days == 1 else f"{days} days"


def _move(move: LeverMove) -> Content:
    where = f"{move.plan} {move.lever}" if move.plan else move.lever
    return say("{where} from {before} to {after} in {share}", where=where, before=move.before, after=move.after,
               share=Value(move.probability, "fraction"))  # fmt: skip


def _sizes(a: RobustAnswer, e: Experiment) -> Content:
    told = tuple(say("{n} visitors {value}", n=f"{size:,}", value=Value(value, a.unit)) for size, value in e.by_size)
    return say("Worth by the size of an arm: {told}.", told=told)


def _costs(e: Experiment, x: Experiments) -> Content:
    if e.cost > 0.0:
        return say("It costs {v} of contribution where visitors keep their arm's terms for {n} months; setting it up "
                   "is not counted.", v=Value(e.cost, "usd"), n=f"{x.held:g}")  # fmt: skip
    return say("It costs no contribution: the other arm brings {v} more in {n} months; setting it up is not counted.",
               v=Value(-e.cost, "usd"), n=f"{x.held:g}")  # fmt: skip


def _beside(a: RobustAnswer, x: Experiments) -> Content:
    return say("Unrelated tests show {null} on average, the best of as many {most} in one case of twenty; the first "
               "test with the results of other draws {control}.", null=Value(x.null, a.unit),
               most=Value(x.null_most, a.unit), control=Value(x.control, a.unit))  # fmt: skip
