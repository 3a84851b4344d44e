"""Dated events, predicted and scored, as typed results."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np

from optimizer.answer.dated import months_after
from optimizer.economics.figures import Selection
from optimizer.economics.scores import brier, crps, evenly, skill
from optimizer.errors import InputError
from optimizer.execution.executor import Executor, SerialExecutor
from optimizer.inputs.backtests import LoadedBacktest, load_backtest
from optimizer.inputs.changes import after_calibration
from optimizer.inputs.load import Inputs
from optimizer.io.library import list_backtests
from optimizer.market.check import check_market
from optimizer.market.evaluate import Evaluation, MenuTerms, evaluate_menu
from optimizer.market.proportional import proportionally
from optimizer.model.case_model import CaseModel, case_model_of, with_changes
from optimizer.schema.backtest import Predicted, Situation
from optimizer.schema.case import Change
from optimizer.typing import Array

if TYPE_CHECKING:
    import pandas as pd

CRPS, BRIER = "crps", "brier"
STILL = 1e-9
"""Relative change below which a figure neither rises nor falls."""


@dataclass(frozen=True)
class Event:
    """One dated event: what the model says, what came of it, and how good that was."""

    name: str
    number: int
    date: str
    title: str
    market: str
    stands_in: str | None
    horizon_months: int | None
    """The month after the change that is predicted; None: the run rate in the long run."""
    figure: str
    """What is predicted, in words: the figure and of what."""
    measure: str
    prediction: float
    """The mean of what is predicted; for a sign the probability that it rises."""
    long_run: float | None
    """The same of the run rate in the long run; None where the event is not expressed."""
    observation: float
    """For a sign 1 = it rose, 0 = it fell."""
    low: float | None
    high: float | None
    kind: str
    unverified: bool
    score: float
    score_kind: str
    """``crps`` of a number (the absolute error of a single one), ``brier`` of a sign; less is better."""
    score_no_change: float | None
    score_proportional: float | None
    """None where it does not apply: what cannot be expressed has no such prediction."""
    expressed: bool
    tuned_on: tuple[str, ...]
    """Numbers of the market that this very observation went into; the event is then left out of the summary."""
    words: str
    why_not: str | None
    """Why it is not expressed."""
    sharpened_by: str | None

    @property
    def skill_no_change(self) -> float | None:
        """Skill against "nothing changes"; None where that is perfect, or does not apply."""
        return _skill(self.score, self.score_no_change)

    @property
    def skill_proportional(self) -> float | None:
        """Skill against proportional diversion; None where that is perfect, or does not apply."""
        return _skill(self.score, self.score_proportional)

    @property
    def inside(self) -> bool | None:
        """Whether the prediction lies within what could have been observed; None where no spread is told."""
        return None if self.low is None or self.high is None else self.low <= self.prediction <= self.high

    def document(self) -> dict[str, Any]:
        """The event as plain data."""
        more = {n: getattr(self, n) for n in ("skill_no_change", "skill_proportional", "inside")}
        return {**asdict(self), **more, "tuned_on": list(self.tuned_on)}


@dataclass(frozen=True)
class ScoreSummary:
    """Events with one kind of score, those left out that something was tuned on."""

    score_kind: str
    events: int
    score: float
    """Mean; less is better."""
    skill_no_change: float | None
    """Of the sum of scores against that of "nothing changes"."""
    skill_proportional: float | None
    """The same among the events that can be expressed."""


@dataclass(frozen=True)
class Backtests:
    """Events in the order of their list, and how good the model was on those nothing was tuned on."""

    events: tuple[Event, ...]

    @property
    def summary(self) -> tuple[ScoreSummary, ...]:
        """One for each kind of score that there is."""
        fair = [e for e in self.events if not e.tuned_on]
        found = (_summary(kind, [e for e in fair if e.score_kind == kind]) for kind in (CRPS, BRIER))
        return tuple(s for s in found if s.events)

    def event(self, name: str) -> Event:
        """Raises KeyError."""
        return {e.name: e for e in self.events}[name]

    def document(self) -> dict[str, Any]:
        """All events and the summary as plain data."""
        return {"events": [e.document() for e in self.events], "summary": [asdict(s) for s in self.summary]}

    def to_frame(self) -> pd.DataFrame:
        """A row an event."""
        import pandas as pd

        return pd.DataFrame([e.document() for e in self.events]).set_index("name")


def _skill(score: float, reference: float | None) -> float | None:
    found = math.nan if reference is None else skill(score, reference)
    return None if math.isnan(found) else found


def _summary(kind: str, events: list[Event]) -> ScoreSummary:
    def against(pairs: Iterable[tuple[float, float | None]]) -> float | None:
        known = [(score, other) for score, other in pairs if other is not None]
        return _skill(sum(s for s, _ in known), sum(o for _, o in known)) if known else None

    mean = sum(e.score for e in events) / len(events) if events else math.nan
    still = against((e.score, e.score_no_change) for e in events)
    moved = against((e.score, e.score_proportional) for e in events)
    return ScoreSummary(kind, len(events), mean, still, moved)


def backtest(
    name: str | PathLike[str] | None = None,
    *,
    executor: Executor | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Backtests:
    """Predict and score the shipped events, or the one of a name or file; here, or where an executor runs its tasks.

    Where ``cancelled`` says so, those that were done.

    Raises:
        InputError: there is none of this name (the list is told), or its file or market is wrong.
    """
    loaded = [load_backtest(n) for n in (list_backtests() if name is None else [name])]
    groups: dict[tuple[str, str], list[LoadedBacktest]] = {}
    for one in loaded:
        groups.setdefault(_belief(one), []).append(one)
    # files are read here: a worker elsewhere need not have them
    inputs = [next((b.inputs() for b in group if b.asked.prior is None), None) for group in groups.values()]
    found = (executor or SerialExecutor()).gather(_events, groups.values(), inputs, cancelled=cancelled)
    return Backtests(tuple(sorted((e for part in found for e in part), key=lambda e: (e.number, e.name))))


def score_backtest(loaded: LoadedBacktest) -> Event:
    """Predict and score one event that was loaded. Raises InputError."""
    return _events([loaded], None if loaded.asked.prior is not None else loaded.inputs())[0]


def _belief(b: LoadedBacktest) -> tuple[str, str]:
    """Market and what is believed of it: events that share them share a calibration."""
    return b.asked.market, repr(sorted((p, repr(c)) for p, c in b.believed.items()))


def _events(group: Sequence[LoadedBacktest], inputs: Inputs | None) -> list[Event]:
    """Events of one belief, wherever this runs; ``inputs`` are those of the first that needs a market."""
    base = None if inputs is None else case_model_of(inputs, strict=False, believe=False)
    return [_event(b, base) for b in group]


def _event(b: LoadedBacktest, calibrated: CaseModel | None) -> Event:
    asked = b.asked
    if asked.prior is not None:
        sample, still, moved, long_run = evenly(asked.prior.low, asked.prior.high), None, None, None
        still = 0.0 if asked.predicted.measure in ("relative_change", "difference") else None
        if asked.predicted.measure == "sign":
            sample, still = np.array([0.5]), 0.5
    else:
        assert calibrated is not None
        (before, after), (start, then) = _followed(b, calibrated)
        sample, long_run = np.array([measured(asked.predicted, start, then)]), measured(asked.predicted, before, after)
        still = measured(asked.predicted, start, start)
        moved = measured(asked.predicted, before, proportionally(before, after))
    kind, truth = BRIER if asked.predicted.measure == "sign" else CRPS, asked.observed.value
    return Event(
        name=b.name,
        number=asked.number,
        date=asked.date,
        title=asked.title,
        market=asked.market,
        stands_in=asked.stands_in,
        horizon_months=asked.horizon_months,
        figure=_figure_words(asked.predicted),
        measure=asked.predicted.measure,
        prediction=float(sample.mean()),
        long_run=long_run,
        observation=truth,
        low=asked.observed.low,
        high=asked.observed.high,
        kind=asked.observed.kind,
        unverified=asked.observed.unverified,
        score=score(kind, sample, truth),
        score_kind=kind,
        score_no_change=None if still is None else score(kind, np.array([still]), truth),
        score_proportional=None if moved is None else score(kind, np.array([moved]), truth),
        expressed=asked.prior is None,
        tuned_on=tuple(asked.tuned_on),
        words=" ".join(asked.words.split()),
        why_not=None if asked.prior is None else asked.prior.why,
        sharpened_by=asked.sharpened_by,
    )


def score(kind: str, sample: Array, observed: float) -> float:
    """The score of a prediction given as a sample: one number, or draws where there are some."""
    return brier(float(sample.mean()), observed) if kind == BRIER else crps(sample, observed)


def measured(predicted: Predicted, before: Evaluation, after: Evaluation) -> float:
    """What is predicted, in its measure; for a sign the probability that it rises: 1, 0, or 1/2 where nothing moves."""
    part = Selection(plan=predicted.plan, segment=predicted.segment, channels=_channels(predicted))
    old, new = before.figure(predicted.figure, part), after.figure(predicted.figure, part)
    if predicted.measure == "value":
        return new
    if predicted.measure == "relative_change":
        return new / old - 1.0
    if predicted.measure == "difference":
        return new - old
    moved = new - old
    return 0.5 if abs(moved) <= STILL * max(abs(old), abs(new)) else float(moved > 0.0)


def _channels(predicted: Predicted) -> tuple[str, ...] | None:
    return None if predicted.channel is None else (predicted.channel,)


def _figure_words(predicted: Predicted) -> str:
    of = predicted.plan or predicted.segment or predicted.channel
    return predicted.figure.replace("_", " ") + (f" of {of}" if of else "")


_Pair = tuple[Evaluation, Evaluation]


def _followed(b: LoadedBacktest, calibrated: CaseModel) -> tuple[_Pair, _Pair]:
    """The market before the event and in the long run after it; and the month before it and the one looked at.

    Raises InputError.
    """
    asked = b.asked
    try:
        base = _changed(calibrated, after_calibration(asked.before.changes))
        menu = _menu(base, base.prepared.today_menu(), asked.before)
        later = _changed(base, asked.change.changes)
        offered = {plan for plan, terms in menu.items() if terms is not None}
        kept = {plan: t if plan in offered else None for plan, t in later.prepared.terms.items()}
        changed = _menu(later, kept, asked.change)
        pair = evaluate_menu(base.prepared, menu), evaluate_menu(later.prepared, changed)
        if asked.horizon_months is None:
            return pair, pair
        path = months_after((base, pair[0]), later, changed, asked.horizon_months)
        return pair, (path[0], path[-1])
    except InputError as error:
        raise InputError([b.blamed(f) for f in error.findings]) from None


def _changed(case_model: CaseModel, changes: Mapping[str, Change]) -> CaseModel:
    """The market changed further, and checked like any other. Raises InputError."""
    if not changes:
        return case_model
    later = with_changes(case_model, changes)
    inputs = later.inputs
    wrong = [f for f in check_market(inputs.changed, inputs.changed_document) if f.severity == "error"]
    if wrong:
        told = "after the changes that were asked for: "
        raise InputError([replace(f, file="", line=None, message=told + f.message) for f in wrong])
    return later


def _menu(case_model: CaseModel, menu: MenuTerms, situation: Situation) -> MenuTerms:
    """A menu with plans launched and withdrawn. Raises InputError for a plan that the market does not describe."""
    terms = case_model.prepared.terms
    for plan in (*situation.launched, *situation.withdrawn):
        if plan not in terms:
            document = case_model.inputs.case_document
            cure = f"any of {', '.join(terms)}"
            raise InputError([document.finding("backtest-plan", plan, "the market describes no such plan", cure)])
    launched = {plan: terms[plan] for plan in situation.launched}
    return {**menu, **launched, **dict.fromkeys(situation.withdrawn)}
