"""Back-tests as tables and words: for the terminal, and for the page of the documentation."""

from __future__ import annotations

from typing import TYPE_CHECKING

from optimizer.answer.backtest import Backtests, Event, ScoreSummary
from optimizer.report.words import printable

if TYPE_CHECKING:
    from rich.console import Group

COLUMNS = (
    "event", "date", "figure", "measure", "after", "predicted", "long run", "observed", "spread", "kind", "score",
    "skill, no change", "skill, proportional", "notes",
)  # fmt: skip
NIL = 1e-9
MEASURES = {"relative_change": "relative change", "difference": "difference", "value": "value", "sign": "rises?"}
SCORES = {"crps": "CRPS, the error of a number", "brier": "Brier, of a sign"}


def number(value: float | None) -> str:
    """A number to three digits, rounding errors as 0; a dash for none."""
    return "-" if value is None else f"{value if abs(value) > NIL else 0.0:.3g}"


def spread(event: Event) -> str:
    """The least and the most that could have been observed."""
    return "-" if event.low is None or event.high is None else f"{number(event.low)} to {number(event.high)}"


def when(event: Event) -> str:
    """Which month after the change is predicted."""
    months = event.horizon_months
    return "long run" if months is None else f"{months} month{'' if months == 1 else 's'}"


def notes(event: Event) -> str:
    """What marks an event, in a few words."""
    told = {
        "not expressed": not event.expressed,
        "tuned on it": bool(event.tuned_on),
        "unverified": event.unverified,
        "stand-in": event.stands_in is not None,
    }
    return ", ".join(word for word, true in told.items() if true)


def event_row(e: Event) -> tuple[str, ...]:
    """An event as a row of ``COLUMNS``."""
    return (
        e.name, e.date, e.figure, MEASURES[e.measure], when(e), number(e.prediction), number(e.long_run),
        number(e.observation), spread(e), e.kind, number(e.score), number(e.skill_no_change),
        number(e.skill_proportional), notes(e),
    )  # fmt: skip


def summary_words(s: ScoreSummary) -> str:
    """A summary in one line."""
    skills = f"skill {number(s.skill_no_change)} against no change, {number(s.skill_proportional)} against proportional"
    events = "1 event" if s.events == 1 else f"{s.events} events"
    return f"{SCORES[s.score_kind]}: mean {number(s.score)} over {events} nothing was tuned on; {skills}"


def markdown(result: Backtests) -> str:
    """The table and its summary for the documentation."""
    lines = [COLUMNS, ("---",) * len(COLUMNS), *(event_row(e) for e in result.events)]
    table = "\n".join(f"| {' | '.join(row)} |" for row in lines)
    return table + "\n\n" + "\n".join(f"- {summary_words(s)}." for s in result.summary) + "\n"


def backtests_page(result: Backtests) -> Group:
    """The terminal page: the table, what each result means, the summary."""
    from rich.console import Group
    from rich.text import Text

    from optimizer.report.text import plain_table

    table = plain_table("Back-tests", *COLUMNS)
    for e in result.events:
        table.add_row(*map(printable, event_row(e)))
    told = [f"{printable(e.name)}: {printable(e.why_not or e.words)}" for e in result.events]
    return Group(table, Text(), *map(Text, told), Text(), *(Text(summary_words(s)) for s in result.summary))
