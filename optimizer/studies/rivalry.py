"""The best menu of a case if its rivals answer with prices, as a result: light to import, worked out when asked for."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from optimizer.answer.offers import Offers
from optimizer.errors import InfeasibleError, NotTrustedError, SolverError

if TYPE_CHECKING:
    from os import PathLike

    from optimizer.inputs.changes import Changes
    from optimizer.market.evaluate import Evaluation
    from optimizer.model.case_model import CaseModel
    from optimizer.model.choices import Menu
    from optimizer.optimise.outcome import Settings
    from optimizer.rivals.game import Game, Profile
    from optimizer.rivals.leading import Closed, Leading, Led
    from optimizer.rivals.of_case import Worlds
    from optimizer.rivals.path import BestResponses, PathMove
    from optimizer.schema.case import Case
    from optimizer.typing import Choice

MEANING = (
    "We lead: the menu is offered first, then rivals answer. An answer is a set of rivals' prices that no rival gains "
    "by leaving alone; proven is the most over all menus and all answers to them, so that ties and several answers "
    "count for us."
)


@dataclass(frozen=True)
class RivalAsks:
    """What one rival asks."""

    title: str
    prices: Mapping[str, float]
    """``alternative.price`` or ``alternative.unit_prices.model`` -> price, in the market's unit."""
    at_end: tuple[str, ...]
    """Those of them at the end of their ladder."""
    margin: float | None
    """What it earns there, usd/month."""


Asks = Mapping[str, RivalAsks]
"""Rival -> what it asks."""


@dataclass(frozen=True)
class RivalAnswer:
    """A menu of ours and an answer of the rivals."""

    asks: Asks | None
    """None: they never rest."""
    value: float | None
    """Our figure there; None where the menu misses a condition there, or rivals never rest."""


@dataclass(frozen=True)
class PathStep:
    """Our best menu at some prices of the rivals, and what becomes of it."""

    asks: Asks
    menu: Menu
    offers: Offers
    expected: float
    """Our figure if rivals kept their prices."""
    answer: RivalAnswer


@dataclass(frozen=True)
class Rivalry:
    """The best menu if rivals answer, what is proven of it, and what it is without their answer."""

    case: str
    figure: str
    sense: int
    unit: str
    status: str
    verdict: str
    verdict_text: str
    menu: Menu
    offers: Offers
    value: float
    bound: float
    gap: float
    asks: Asks
    stable: tuple[RivalAnswer, ...]
    """All answers to the menu; the first is ``asks``."""
    path: tuple[PathStep, ...]
    """Best responses in turn; the first is the answer without reaction."""
    equilibrium: PathStep | None
    cycle: tuple[Asks, ...]
    costs: Mapping[str, tuple[RivalAnswer, ...]]
    """``low`` and ``high``: the answers to the menu where rivals' costs are so."""
    figures: Mapping[str, tuple[float, float]]
    """Headline figure -> at the answer, and today."""
    notes: tuple[str, ...]
    plans: Mapping[str, str]
    """Titles."""
    alternatives: Mapping[str, str]
    """Titles."""
    profiles: int
    solves: int
    boxes: int
    seconds: float
    evaluation: Evaluation = field(repr=False, compare=False)
    certificate: tuple[Mapping[str, Any], ...] = field(repr=False, compare=False)
    """One a profile: see ``rivals.leading.Closed``."""
    gap_asked: float
    retold_from: Mapping[str, Any] = field(repr=False, compare=False)
    """Positions of the menu and of its answer, and of every menu on the path with its proof."""
    inputs: str = field(repr=False, compare=False)
    """As JSON: what the result can be made from again."""
    input_hash: str

    @property
    def without_reaction(self) -> PathStep | None:
        """The best menu if rivals keep the prices that the market states; None where there was no time for it."""
        return self.path[0] if self.path else None


def rivals_case(
    case: str | PathLike[str] | Case,
    *,
    sets: Changes | None = None,
    folder: str | PathLike[str] | None = None,
    gap: float | None = None,
    time_limit: float | None = None,
) -> Rivalry:
    """The best menu of a case if its rivals answer. Raises InputError, InfeasibleError, SolverError."""
    from optimizer.execution import clock
    from optimizer.model.case_model import prepare_case
    from optimizer.studies.study import settings_for

    with clock.limited(time_limit):
        case_model = prepare_case(case, sets=sets, folder=folder)
        return rivalry_of(case_model, replace(settings_for(case_model, gap), deadline=clock.deadline()))


def rivalry_of(
    m: CaseModel, settings: Settings, progress: Callable[[int, int | None], None] = lambda _done, _total: None
) -> Rivalry:
    """The same of a prepared case. Raises: as :func:`rivals_case`; KeyboardInterrupt where it was cancelled before
    there was an answer; NotTrustedError where instance and evaluator disagree.
    """
    from optimizer.execution.clock import lifted
    from optimizer.rivals.leading import lead
    from optimizer.rivals.of_case import game_of
    from optimizer.rivals.path import walk

    began = time.perf_counter()
    game, worlds = game_of(m)
    asked = replace(settings, scale=worlds.objective.scale(m), cross_check=False, progress=None)
    with lifted():  # the search keeps its own deadline
        path, known = walk(game, asked)
        total = len(game.outside)
        found = lead(game, asked, known, lambda done: progress(done, total))
        return told_of(game, worlds, asked, path, found, began)


def told_of(
    game: Game, worlds: Worlds, settings: Settings, path: BestResponses, found: Leading, began: float
) -> Rivalry:
    """Everything a reader sees; our figures are the evaluator's."""
    from optimizer.answer.menu import menu_document
    from optimizer.economics.figures import HEADLINES
    from optimizer.optimise.outcome import reached, relative_gap
    from optimizer.search import SearchStatus
    from optimizer.typing import Verdict

    m, objective, best = worlds.case_model, worlds.objective, found.best
    if best is None:
        raise _nothing(found.status)
    assert settings.scale is not None
    menu = m.choices.menu(best.choice)
    evaluation = _checked(worlds, best.profile, menu, best.value)
    value, bound = objective.value(evaluation), objective.sense * found.bound
    gap = relative_gap(objective.sense * value, found.bound, settings.scale)
    proven = found.status is SearchStatus.CLOSED and reached(gap, settings.gap)
    steps = tuple(_step(game, worlds, step) for step in path.steps)
    equilibrium = path.equilibrium
    if equilibrium is not None and not best_there(equilibrium, settings):
        equilibrium = None  # nobody knows whether we would gain by another menu
    count, total = len(found.closed), m.choices.menus
    words = f"Best found; the best possible is at most {gap:.2%} better."
    if proven:
        words = f"Proven best of {total:,} menus at {count:,} combinations of rivals' prices."
    status = {SearchStatus.CLOSED: "optimal", SearchStatus.OPEN: "feasible"}.get(found.status, "interrupted")
    made = Rivalry(
        m.inputs.name, objective.name, objective.sense, objective.unit, status,
        Verdict.PROVED if proven else Verdict.BEST_FOUND, words, menu, menu_document(menu, m.inputs.changed)["menu"],
        value, bound, gap, _asks(game, worlds, best.profile, game.margins(game.start, best.choice)),
        _answers(game, worlds, best.choice, best.profile), steps,
        None if equilibrium is None else steps[path.steps.index(equilibrium)],
        tuple(_asks(game, worlds, profile) for profile in path.cycle), _at_costs(game, worlds, best.choice),
        {name: (evaluation.figure(name), m.today.figure(name)) for name in HEADLINES},
        (), {name: plan.title for name, plan in m.inputs.changed.plans.items()},
        {name: other.title for name, other in m.inputs.changed.alternatives.items()}, count, found.solves, found.boxes,
        time.perf_counter() - began, evaluation,
        tuple({"profile": list(c.profile), "deviations": [list(d) for d in c.deviations],
               "bound": c.bound, "proof": c.certificate} for c in found.closed),
        settings.gap, _retold_from(best, path), m.inputs.stated, m.inputs.hash,
    )  # fmt: skip
    return replace(made, notes=tuple(_notes(made, game, worlds, path)))


def best_there(step: PathMove, settings: Settings) -> bool:
    """Whether no menu is proven to be better at the prices of a step, within the gap asked for."""
    from optimizer.optimise.outcome import reached, relative_gap

    assert settings.scale is not None
    return reached(relative_gap(step.expected, step.bound, settings.scale), settings.gap)


def _retold_from(best: Led, path: BestResponses) -> dict[str, Any]:
    return {
        **_choice_document(best.choice),
        "profile": list(best.profile),
        "path": [
            {
                "prices": None if step.prices is None else list(step.prices),
                **_choice_document(step.choice),
                "proof": step.proof,
            }
            for step in path.steps
        ],
    }


def _choice_document(choice: Choice) -> dict[str, Any]:
    levels, mix = choice
    return {"levels": [int(k) for k in levels], "mix": int(mix)}


def _nothing(status: str) -> BaseException:
    """What to raise where there is no answer."""
    if status == "infeasible":
        return InfeasibleError("no menu meets the conditions once rivals have answered it")
    if status == "interrupted":
        return KeyboardInterrupt()
    return SolverError("the time limit passed before any menu that rivals have answered was found; allow more time")


def _checked(worlds: Worlds, profile: Profile, menu: Menu, value: float) -> Evaluation:
    """The evaluator at a menu and an answer. Raises NotTrustedError where it refuses what the search found."""
    from optimizer.answer.agreement import compared
    from optimizer.answer.audit import audit

    there, objective = worlds.world(profile), worlds.objective
    evaluation = there.evaluate(menu)
    if not audit(evaluation, there.bounds, compared(there, objective, menu, objective.sense * value, evaluation)).met:
        raise NotTrustedError("the evaluator refused the menu that the search found; no number is shown")
    return evaluation


def _asks(game: Game, worlds: Worlds, profile: Profile | None, margins: Any = None) -> Asks:
    """What rivals ask at a profile (None: as the market states it), and earn where their margins are given."""
    from optimizer.rivals.of_case import told_prices

    there = worlds.case_model if profile is None else worlds.world(profile)
    asked = {} if profile is None else worlds.prices(profile)
    found = {}
    for k, (name, rival) in enumerate(there.inputs.case.rivals.items()):
        ends = tuple(path.removeprefix("alternatives.") for path in asked[name].at_end) if asked else ()
        earned = None if margins is None or profile is None else float(margins[game.place(profile), k])
        found[name] = RivalAsks(rival.title or name, told_prices(there, name), ends, earned)
    return found


def _step(game: Game, worlds: Worlds, step: Any) -> PathStep:
    from optimizer.answer.menu import menu_document

    m, sense = worlds.case_model, worlds.objective.sense
    menu = m.choices.menu(step.choice)
    answer = None if step.answer is None else _asks(game, worlds, step.answer)
    then = None if step.then is None else sense * step.then
    return PathStep(
        _asks(game, worlds, step.prices), menu, menu_document(menu, m.inputs.changed)["menu"], sense * step.expected,
        RivalAnswer(answer, then),
    )  # fmt: skip


def _answers(game: Game, worlds: Worlds, choice: Any, first: Profile | None = None) -> tuple[RivalAnswer, ...]:
    """All answers to a choice, the one that is best for us (or ``first``) at the head."""
    from optimizer.rivals.leading import worth

    margins = game.margins(game.start, choice)
    valued = [(profile, worth(worlds.question(profile), choice)) for profile in game.stable(margins)]
    valued.sort(key=lambda pair: (pair[0] != first, pair[1] is None, -(pair[1] or 0.0)))
    sense = worlds.objective.sense
    return tuple(RivalAnswer(_asks(game, worlds, p, margins), None if v is None else sense * v) for p, v in valued)


def _at_costs(game: Game, worlds: Worlds, choice: Any) -> dict[str, tuple[RivalAnswer, ...]]:
    from optimizer.rivals.of_case import at_cost

    return {cost: _answers(at_cost(game, worlds, cost), worlds, choice) for cost in ("low", "high")}


def _ends(r: Rivalry) -> list[str]:
    """Rivals at the end of their ladder, with the stated costs and with those at their low and high."""
    found = [
        f"{asks.title} answers with {', '.join(asks.at_end)} at the end of the ladder: it would go further. That is a "
        "sign of the demand side or of the stated costs before it is a forecast; lengthen the ladder to see how far."
        for asks in r.asks.values()
        if asks.at_end
    ]
    for cost, answers in r.costs.items():
        there = answers[0].asks if answers and answers[0].asks else {}
        ends = [prices_text(a.prices, r.alternatives) for n, a in there.items() if a.at_end and not r.asks[n].at_end]
        if ends:
            found.append(
                f"With rivals' costs at their {cost} the answer is at the end of a ladder ({', '.join(ends)}): how far "
                "they go hangs on what serving costs them."
            )
    return found


def _notes(r: Rivalry, game: Game, worlds: Worlds, path: BestResponses) -> list[str]:
    """What a reader should know before he believes the answer."""
    found = _ends(r)
    found += [
        f"{rival.title or name} has no ladder and keeps its prices."
        for (name, rival), count in zip(worlds.case_model.inputs.case.rivals.items(), game.shape, strict=True)
        if count == 1
    ]
    here = worlds.case_model.choices.choice(worlds.case_model.today_menu)
    resting = [] if here is None else game.stable(game.margins(game.start, here))
    if resting and game.nearest not in resting:
        asks = _asks(game, worlds, resting[0])
        told = ", ".join(prices_text(a.prices, r.alternatives) for a in asks.values())
        found.append(
            f"At today's menu rivals would already ask other prices than they do ({told}): by this market and these "
            "costs they do not go for the most margin today, so what they answer is no forecast of what they will do."
        )
    if len(r.stable) > 1:
        worst = min((a.value for a in r.stable if a.value is not None), key=lambda v: r.sense * v, default=None)
        told = "in some of them it misses a condition" if any(a.value is None for a in r.stable) else "in all it holds"
        least = "" if worst is None else f"; the least for us among them is {worst:.6g}"
        found.append(f"The menu has {len(r.stable)} answers that no rival leaves alone ({told}){least}.")
    if path.cycle:
        found.append("Best responses in turn come round to the same prices again: there is no rest on that path.")
    if path.steps and path.steps[-1].answer is None:
        found.append("On the path of best responses rivals never rest: each answers the other without end.")
    return found


def prices_text(prices: Mapping[str, float], titles: Mapping[str, str], at_end: Sequence[str] = ()) -> str:
    """Prices in one line; ``at_end``: those at the end of their ladder, which is told."""
    return ", ".join(
        f"{_price_words(path, titles)} {price:g}{' (end of its ladder)' if path in at_end else ''}"
        for path, price in prices.items()
    )


def _price_words(path: str, titles: Mapping[str, str]) -> str:
    """``gemini_pro.price`` is the title alone; of a unit price its AI model, and kind of token, too."""
    name, _, rest = path.partition(".")
    words = rest.removeprefix("unit_prices.").replace(".", " ")
    return titles.get(name, name) + ("" if rest == "price" else f" {words}")


def recheck_rivalry(m: CaseModel, certificate: Sequence[Mapping[str, Any]]) -> float:
    """The bound that a result's certificate proves, worked out anew without search. Raises NotTrustedError."""
    from optimizer.rivals.leading import recheck
    from optimizer.rivals.of_case import game_of

    game, worlds = game_of(m)
    return worlds.objective.sense * recheck(game, closed_of(certificate))


def closed_of(certificate: Sequence[Mapping[str, Any]]) -> tuple[Closed, ...]:
    """What a certificate says of every profile. Raises NotTrustedError."""
    from optimizer.rivals.leading import Closed

    try:
        return tuple(
            Closed(tuple(c["profile"]), tuple(tuple(d) for d in c["deviations"]), 0.0, c["proof"]) for c in certificate
        )
    except (KeyError, TypeError) as error:
        raise NotTrustedError(f"the certificate is not well formed: {error!r}") from error
