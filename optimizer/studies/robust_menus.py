"""Menus over draws as a reader sees them: side by side, in fresh draws, and among the draws' own best ones."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from optimizer.answer.robustness import LeverShare, OverDraws, Range, RobustMenu
from optimizer.errors import bad_argument
from optimizer.studies.robust_told import allowance_in_words

if TYPE_CHECKING:
    from os import PathLike

    from optimizer.answer.path_draws import FollowedPaths
    from optimizer.execution.executor import Executor
    from optimizer.model.case_model import CaseModel
    from optimizer.typing import Array
    from optimizer.uncertainty.case_draws import CaseDraw, CaseOverDraws
    from optimizer.uncertainty.drawing import MarketDraws
    from optimizer.uncertainty.statements import RobustSolution
    from optimizer.uncertainty.telling import Candidates, OwnChoice, ToldDraw
    from optimizer.uncertainty.worth import Worths

DRAWS = 100
CHUNK = 5
"""Draws in one task."""
RISKS = ("mean", "cvar", "worst", "regret")
FRESH_SEED = 1_000_003
"""Added to the seed for fresh draws."""


@dataclass(frozen=True)
class RobustAsk:
    """What is asked over draws."""

    risk: str = "mean"
    tail: float = 0.1
    draws: int | str | PathLike[str] | MarketDraws = DRAWS
    seed: int = 1
    weighted: bool = True
    """Whether draws count by the evidence that they miss."""
    fresh: int | None = None
    """Draws that no menu was chosen in; None: twice as many as draws."""
    beside: bool = True
    """Whether other menus stand beside the answer, with all that draws tell."""


@dataclass
class RobustRun:
    progress: Callable[[int, int | None], None]
    cancelled: Callable[[], bool]
    executor: Executor | None
    spent: dict[str, float] = field(default_factory=dict)

    def took(self, what: str, began: float) -> None:
        self.spent[what] = self.spent.get(what, 0.0) + time.perf_counter() - began


def check_ask(ask: RobustAsk) -> None:
    """Raises InputError."""
    if ask.risk not in RISKS:
        raise bad_argument("risk", f"is {ask.risk!r}", f"one of {', '.join(RISKS)}")
    if not 0.0 < ask.tail <= 1.0:
        raise bad_argument("tail", f"must be above 0 and at most 1, but is {ask.tail:g}", "write 0.1 for a tenth")
    if ask.fresh is not None and ask.fresh < 0:
        raise bad_argument("fresh", f"is {ask.fresh}", "0 or more")


def draws_for(m: CaseModel, ask: RobustAsk, heard: RobustRun) -> MarketDraws:
    """The draws asked for: made, read, or given."""
    from optimizer.uncertainty.drawing import MarketDraws, market_draws
    from optimizer.uncertainty.draws_file import checked_draws, read_draws

    if isinstance(ask.draws, MarketDraws):
        return checked_draws(ask.draws, m, "what was given")
    text = str(ask.draws)
    if not text.isdigit():
        return read_draws(Path(text), m)
    count = int(text)
    drawn = market_draws(m, count, ask.seed, heard.executor, heard.cancelled, lambda done: heard.progress(done, count))
    if drawn.count < count:
        raise KeyboardInterrupt
    return drawn


def own_menus(m: CaseModel, drawn: MarketDraws, heard: RobustRun) -> list[OwnChoice]:
    """Every draw's own best menu, some draws a task."""
    from itertools import repeat

    from optimizer.uncertainty.telling import own_choices

    assert heard.executor is not None
    parts, shared = in_parts(drawn), heard.executor.share(m)
    done = heard.executor.gather(
        own_choices, repeat(shared), parts, cancelled=heard.cancelled,
        progress=lambda n: heard.progress(min(n * CHUNK, drawn.count), drawn.count),
    )  # fmt: skip
    return [one for part in done for one in part]


def menus_told(
    m: CaseModel, ask: RobustAsk, heard: RobustRun, drawn: MarketDraws, asked: CaseOverDraws,
    found: Mapping[str, RobustSolution],
) -> tuple[RobustMenu, ...]:  # fmt: skip
    """All menus, each in all draws and in fresh ones."""
    import numpy as np

    from optimizer.answer.menu import menu_document
    from optimizer.uncertainty.case_draws import aim_of
    from optimizer.uncertainty.telling import told_draw

    names, aim = list(found), aim_of(m)
    first = asked.draws[0]
    chosen = [first.menu(s.menu, s.mix) for s in found.values()]
    proven = [told_draw(draw.m, chosen) for draw in asked.draws]
    fresh, fresh_weights = _fresh(m, ask, heard, drawn, chosen)
    weights = asked.problem.weights
    alone = _alone(found)
    question, menus = asked.problem.question(aim.name, **asked.asked), []
    for k, name in enumerate(names):
        solution = found[name]
        sense = 1 if name == "regret" else aim.sense
        values = np.array([aim.sense * told.figures[aim.name][k] for told in proven])
        menus.append(RobustMenu(
            name, name == ask.risk, solution.menu, solution.mix, menu_document(chosen[k], m.inputs.changed),
            sense * solution.value, sense * solution.bound, solution.verdict,
            over_told(proven, weights, k, aim.name, aim.sense, ask.tail),
            over_told(fresh, fresh_weights, k, aim.name, aim.sense, ask.tail) if fresh else None,
            None if alone is None else max(0.0, float((alone - values).max())),
            (place := first.composites.packed(solution.menu)) is not None
            and question.value(place, solution.mix) is not None,
        ))  # fmt: skip
    return tuple(menus)


def _alone(found: Mapping[str, RobustSolution]) -> Array | None:
    """(S,) the most that each draw alone allows, as regret is asked; None where it was not."""
    import numpy as np

    least = found.get("regret")
    return None if least is None else np.array([own["bound"] for own in least.certificate["own"]])


def _fresh(
    m: CaseModel, ask: RobustAsk, heard: RobustRun, drawn: MarketDraws, chosen: Sequence[Any]
) -> tuple[list[ToldDraw], Array]:
    """Menus in draws that none was chosen in."""
    from itertools import repeat

    import numpy as np

    from optimizer.uncertainty.telling import told_points

    more = fresh_draws(m, ask, heard, drawn)
    if more is None:
        return [], np.zeros(0)
    assert heard.executor is not None
    parts, shared = in_parts(more), heard.executor.share(m)
    done = heard.executor.gather(told_points, repeat(shared), parts, repeat(tuple(chosen)), cancelled=heard.cancelled)
    told = [one for part in done for one in part]
    weights = (more.weights if ask.weighted else np.ones(more.count))[: len(told)]
    return told, weights / weights.sum() if told else weights


def fresh_draws(m: CaseModel, ask: RobustAsk, heard: RobustRun, drawn: MarketDraws) -> MarketDraws | None:
    """Draws that nothing was chosen in; None where none are asked for."""
    from optimizer.uncertainty.drawing import market_draws

    count = (2 * drawn.count if drawn.seed is not None else 0) if ask.fresh is None else ask.fresh
    if not count or heard.cancelled():
        return None
    seed = (ask.seed if drawn.seed is None else drawn.seed) + FRESH_SEED
    return market_draws(m, count, seed, heard.executor, heard.cancelled, lambda done: heard.progress(done, count))


def in_parts(draws: MarketDraws) -> list[list[dict[str, float]]]:
    """The values of draws by path, some draws a task."""
    points = [draws.at(s) for s in range(draws.count)]
    return [points[at : at + CHUNK] for at in range(0, len(points), CHUNK)]


def over_told(
    told: Sequence[ToldDraw] | Sequence[FollowedPaths], weights: Array, k: int, aim: str, sense: int, tail: float
) -> OverDraws:
    """The k-th menu, or path, over draws by weight."""
    import numpy as np

    from optimizer.uncertainty.telling import spread, tail_mean

    figures = {}
    for name in told[0].figures:
        values = np.array([draw.figures[name][k] for draw in told])
        if np.isfinite(values).all():
            figures[name] = Range(**vars(spread(values, weights)))
    values = sense * np.array([draw.figures[aim][k] for draw in told])
    met = np.array([draw.met[k] for draw in told], dtype=np.float64).reshape(len(told), -1)
    return OverDraws(
        len(told), figures[aim], sense * tail_mean(values, weights, tail), sense * float(values.min()), figures,
        tuple(min(1.0, float(share)) for share in weights @ met),
    )  # fmt: skip


def of_own(
    m: CaseModel, ask: RobustAsk, drawn: MarketDraws, asked: CaseOverDraws, found: Mapping[str, RobustSolution],
    own: Sequence[OwnChoice],
) -> tuple[tuple[LeverShare, ...], Worths | None, Candidates | None]:  # fmt: skip
    """How often levers stand at each level, what knowing numbers is worth, and the menus among which that is chosen."""
    import numpy as np

    from optimizer.uncertainty.telling import candidates
    from optimizer.uncertainty.worth import worths

    weights, first = asked.problem.weights, asked.draws[0]
    best = [(first.composites.unpacked(o.choice[0]), o.choice[1]) for o in own if o.choice is not None]
    kept = np.array([w for w, o in zip(weights, own, strict=True) if o.choice is not None])
    levers = _levers(m, first, best, kept)
    among = candidates(asked, [(s.menu, s.mix) for s in found.values()], best)
    if not among.menus:
        return levers, None, None
    alone = np.array([o.value for o in own])
    perfect = float(weights @ alone - (weights @ among.values).max()) if np.isfinite(alone).all() else None
    columns: dict[str, Array] = {}
    groups = {path: name for name, paths in drawn.groups.items() for path in paths}
    for path, column in zip(drawn.paths, drawn.values.T, strict=True):
        if len(np.unique(column)) > 1:
            columns.setdefault(groups.get(path, path), column)
    return levers, worths(among.values, weights, columns, perfect, ask.seed), among


def _levers(m: CaseModel, first: CaseDraw, best: Sequence[Any], weights: Array) -> tuple[LeverShare, ...]:
    from optimizer.answer.menu import menu_document

    shares: dict[tuple[str, str, str], float] = {}
    for (levels, mix), weight in zip(best, weights / max(float(weights.sum()), 1e-300), strict=True):
        for lever in levers_of(menu_document(first.menu(levels, mix), m.inputs.changed)):
            shares[lever] = shares.get(lever, 0.0) + float(weight)
    levels = Counter(lever[:2] for lever in shares)
    rows = [LeverShare(*lever, share) for lever, share in shares.items() if levels[lever[:2]] > 1]
    order = {plan: k for k, plan in enumerate([*m.inputs.changed.plans, ""])}
    return tuple(sorted(rows, key=lambda row: (order[row.plan], row.lever, -row.share, row.level)))


def levers_of(document: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Plan, lever and level of a menu as plain data; of the budget's split without a plan."""
    found = [("", "budget for enterprise", f"{100.0 * document['mix']['enterprise_share']:g}%")]
    if "budget" in document["mix"]:
        found.append(("", "budget", f"{document['mix']['budget']:g}"))
    for plan, own in document["menu"].items():
        found.append((plan, "price", f"{own['price']:g}" if own["offered"] else "not offered"))
        for ai_model, allowance in own["allowances"].items():
            found.append((plan, ai_model, allowance_in_words(allowance)))
        found += [(plan, f"{ai_model} unit price", f"{price:g}") for ai_model, price in own["unit_prices"].items()]
        found += [(plan, name.replace("_", " "), f"{value:g}") for name, value in own["further_terms"].items()]
        if own.get("impressions") is not None:
            found.append((plan, "ads a request", f"{own['impressions']:g}"))
    return found
