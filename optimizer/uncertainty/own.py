"""Every draw's own best value, for regret: a value that was found, and a bound that none exceeds."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer import search
from optimizer.errors import InfeasibleError, NotTrustedError
from optimizer.execution.clock import GRACE
from optimizer.execution.executor import Executor, SerialExecutor
from optimizer.model.instance import Limit
from optimizer.model.measures import LEAST
from optimizer.search.engine import Clock
from optimizer.typing import Array, Choice
from optimizer.uncertainty.question import Holds, RiskQuestion
from optimizer.uncertainty.recheck import recheck
from optimizer.uncertainty.wide_question import WideQuestion
from optimizer.uncertainty.wide_search import maximise_wide

TOGETHER = 5
"""Draws in one task."""
COARSE = 1e-3
"""Relative gap of the first solves; only those are refined that stand in the way of the answer."""


@dataclass(frozen=True)
class OwnBest:
    """One draw's best choice, were its numbers known; the problem's own conditions hold in it."""

    choice: Choice | None
    value: float
    """-inf where time ran out first."""
    bound: float
    certificate: dict[str, Any]


def own_best(
    question: RiskQuestion | WideQuestion, draw: int, gap: float, clock: Clock, seeds: Sequence[Choice] = ()
) -> OwnBest:
    """Of one draw, within a relative gap. Raises InfeasibleError where nothing meets the draw's own conditions."""
    if isinstance(question, WideQuestion):
        return _own_wide(question.alone(draw), draw, gap, clock, seeds)
    instance, aim = question.instances[draw], question.aims[draw]
    found = search.maximise(
        instance, aim, _limits(question, draw), gap=gap, scale=LEAST * float(question.sizes[draw, 0]) or 1.0,
        deadline=clock.deadline, seeds=seeds, near=bool(seeds), survivors=False,
    )  # fmt: skip
    if found.status is search.SearchStatus.INFEASIBLE:
        raise InfeasibleError(f"no menu meets the conditions in draw {draw}")
    choice = None if found.menu is None or found.mix is None else (found.menu, found.mix)
    bound = min(found.bound, float(question.sizes[draw, 0]))
    return OwnBest(choice, found.value, bound, found.certificate)


def _own_wide(alone: WideQuestion, draw: int, gap: float, clock: Clock, seeds: Sequence[Choice]) -> OwnBest:
    found = maximise_wide(alone, gap, clock, seeds)
    if found.status is search.SearchStatus.INFEASIBLE:
        raise InfeasibleError(f"no menu meets the conditions in draw {draw}")
    choice = None if found.best is None else (found.best.menu, found.best.mix)
    value = -np.inf if found.best is None else found.best.value
    return OwnBest(choice, value, min(found.bound, float(alone.sizes[0, 0])), found.certificate)


def all_own(
    question: RiskQuestion | WideQuestion, clock: Clock, executor: Executor | None = None
) -> tuple[OwnBest, ...]:
    """Of every draw, some a task, each started from the best of the draw before it; the same wherever they run."""
    runner = SerialExecutor() if executor is None else executor
    parts = [range(at, min(at + TOGETHER, question.draws)) for at in range(0, question.draws, TOGETHER)]
    asked = ([question.alone(draw) for draw in part] for part in parts)
    done = runner.gather(own_part, asked, parts, _shares(clock, len(parts), runner.workers), cancelled=clock.cancelled)
    return tuple(best for part in done for best in part)


def own_part(
    asked: Sequence[RiskQuestion | WideQuestion], draws: Sequence[int], seconds: float | None
) -> list[OwnBest]:
    """Of some draws, each a question of its own, wherever this runs; ``draws``: their numbers, for messages."""
    clock = Clock(None if seconds is None else time.monotonic() + seconds)
    found: list[OwnBest] = []
    seeds: tuple[Choice, ...] = ()
    for at, (question, draw) in enumerate(zip(asked, draws, strict=True)):
        try:
            found.append(own_best(question, 0, COARSE, _hurried(clock, len(asked) - at), seeds))
        except InfeasibleError:
            raise InfeasibleError(f"no menu meets the conditions in draw {draw}") from None
        if (choice := found[-1].choice) is not None:
            seeds = (choice,)
    return found


def _shares(clock: Clock, parts: int, workers: int) -> Iterator[float | None]:
    """Seconds of each task: of one after the other an equal part of what is left, else of the whole."""
    began = time.monotonic()
    for at in range(parts):
        if clock.deadline is None:
            yield None
        elif workers == 1:
            yield max(GRACE / 1000.0, (clock.deadline - time.monotonic()) / (parts - at + 1))
        else:
            yield max(GRACE / 1000.0, (clock.deadline - began) * workers / (parts + workers))


def refined(
    question: RiskQuestion | WideQuestion, own: tuple[OwnBest, ...], values: Array, bound: float, tolerance: float,
    clock: Clock,
) -> tuple[OwnBest, ...]:  # fmt: skip
    """The same with those draws solved to the end whose regret at ``values`` may exceed ``bound`` by too much."""
    shown = np.array([best.bound for best in own]) - values
    made = list(own)
    for draw in np.flatnonzero(shown > bound + tolerance):
        best = own[draw]
        if best.bound > best.value and not clock.stop():
            seeds = () if best.choice is None else (best.choice,)
            closer = own_best(question, int(draw), 0.0, clock, seeds)
            better = closer if closer.value >= best.value else best
            made[draw] = replace(better, bound=min(best.bound, closer.bound),
                                 certificate=(closer if closer.bound <= best.bound else best).certificate)  # fmt: skip
    return tuple(made)


def recheck_own(question: RiskQuestion | WideQuestion, draw: int, own: OwnBest) -> None:
    """Raises NotTrustedError where the choice is not worth its value, or its certificate does not show the bound."""
    if own.choice is None:
        raise NotTrustedError(f"draw {draw} has no best choice of its own")
    alone = question.alone(draw)
    value = alone.value(*own.choice)
    size = 1e-12 * float(question.sizes[draw, 0])
    if value is None or value < own.value - size:
        raise NotTrustedError(f"draw {draw}: the best choice of its own is not worth what is said")
    if isinstance(alone, WideQuestion):
        bound = recheck(alone, own.certificate)
    else:
        bound = search.recheck(alone.instances[0], alone.aims[0], alone.limits[0], own.certificate)
    if min(bound, float(question.sizes[draw, 0])) > own.bound + size:
        raise NotTrustedError(f"draw {draw}: the bound of its own best is not shown")


def _limits(question: RiskQuestion, draw: int) -> tuple[Limit, ...]:
    """Those that hold in every draw; they come first."""
    every = {k for requirement in question.requirements if requirement.holds is Holds.EVERY for k in requirement.limits}
    return tuple(limit for k, limit in enumerate(question.limits[draw]) if k in every)


def _hurried(clock: Clock, left: int) -> Clock:
    """An equal part of the time that is left."""
    if clock.deadline is None:
        return clock
    now = time.monotonic()
    return replace(clock, deadline=now + max(GRACE / 1000.0, (clock.deadline - now) / (left + 1)))
