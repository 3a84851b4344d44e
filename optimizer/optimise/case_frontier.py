"""The frontier of a case: steps that name menus, over the tracing of its instance."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from optimizer.model.case_model import CaseModel
from optimizer.model.choices import Menu
from optimizer.optimise.frontier import FrontierStep, Side, trace
from optimizer.optimise.outcome import Answer, Settings
from optimizer.typing import Status


@dataclass(frozen=True)
class CaseStep:
    """One solve: the most y with x at least ``threshold``; both in the direction that is better."""

    threshold: float
    """-inf at the end with the best y."""
    menu: Menu
    x: float
    y: float
    bound: float
    """No menu with x >= threshold has more y."""
    status: Status


@dataclass(frozen=True)
class CaseTraced:
    """The efficient menus by rising x, and what is proven of what lies between them."""

    points: tuple[CaseStep, ...]
    room: float
    """The most by which the true frontier can lie above the drawn staircase, in units of y."""
    complete: bool
    infeasible: bool
    solves: int
    seconds: float


def trace_case(
    m: CaseModel,
    x: Side,
    y: Side,
    settings: Settings,
    points: int = 21,
    even: bool = False,
    everything: bool = False,
    known: Sequence[CaseStep] = (),
    progress: Callable[[CaseStep, int], None] | None = None,
) -> CaseTraced:
    """Trace the frontier of a case; arguments as for :func:`optimizer.optimise.frontier.trace`.

    Steps ``known`` are not solved again, unless the case no longer allows their menus.
    """

    def told(step: FrontierStep, count: int) -> None:
        if progress is not None:
            progress(_named(m, step), count)

    steps = tuple(step for one in known if (step := _placed(m, one)) is not None)
    found = trace(m.built.instance, x, y, m.limits, settings, points, even, everything, steps, told)
    named = tuple(_named(m, step) for step in found.points)
    return CaseTraced(named, found.room, found.complete, found.infeasible, found.solves, found.seconds)


def _named(m: CaseModel, step: FrontierStep) -> CaseStep:
    assert step.answer.choice is not None
    menu = m.choices.menu(step.answer.choice)
    return CaseStep(step.threshold, menu, step.x, step.y, step.bound, step.answer.status)


def _placed(m: CaseModel, step: CaseStep) -> FrontierStep | None:
    place = m.choices.choice(step.menu)
    if place is None:
        return None
    return FrontierStep(step.threshold, Answer(step.status, place, step.y, step.bound, "screened"), step.x, step.y)
