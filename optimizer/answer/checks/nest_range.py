"""Whether the answer holds over the stated range of each nest's dissimilarity; other shapes of nests are not tried."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from optimizer.answer.checks.answered import Answered
from optimizer.answer.checks.check import Checked, CheckName, CheckVerdict
from optimizer.errors import InputError, SolverError
from optimizer.model.case_model import vary
from optimizer.model.choices import Menu
from optimizer.schema.base import Quantity
from optimizer.units import same

HALVINGS = 4
NARROW = 0.02
"""Width of a range of dissimilarities that is not halved further."""
SHAPES = "Other shapes of nests were not tried."


@dataclass(frozen=True)
class World:
    """The answer at one dissimilarity."""

    at: float
    menu: Menu | None
    """None: there is no answer, or none in time."""


def nest_range(a: Answered) -> Iterator[Checked]:
    """A row for every nest, and one more for every further plan that comes or goes over its range."""
    nests = a.m.inputs.market.nests
    if not nests:
        yield _row(None, None, CheckVerdict.PASS, "The market has no nests: each plan is as different as any other.")
    for name, nest in nests.items():
        yield from _nest(a, name, nest.dissimilarity)


def _row(plan: str | None, value: float | None, verdict: CheckVerdict, words: str) -> Checked:
    return Checked(CheckName.NEST_RANGE, plan, value, "1", verdict, words)


def world(a: Answered, nest: str, at: float) -> World:
    """The answer with another dissimilarity, calibrated anew."""
    if a.stopped():
        return World(at, None)
    try:
        varied = vary(a.m, {f"nests.{nest}.dissimilarity": at})
    except (InputError, SolverError):
        return World(at, None)
    found = a.resolved(varied)
    return World(at, found.menu if found is not None and found.proven else None)


def _nest(a: Answered, name: str, stated: Quantity) -> Iterator[Checked]:
    sides = [end for end in (stated.low, stated.high) if end is not None and not same(end, stated.value)]
    found = [world(a, name, end) for end in sides]
    missing = [w.at for w in found if w.menu is None]
    flips = [flip for w in found if w.menu is not None for flip in _flips(a, name, stated, w)]
    yield from flips
    if flips:
        return
    span = f"from {min([*sides, stated.value]):g} to {max([*sides, stated.value]):g}"
    head = f"Nest {name}: the same plans are on the best menu at a dissimilarity {span}"
    if not sides:
        yield _row(None, None, CheckVerdict.PASS, f"Nest {name} states no range of its dissimilarity. {SHAPES}")
    elif missing:
        at = ", ".join(f"{x:g}" for x in missing)
        yield _row(
            None, None, CheckVerdict.MARK, f"Nest {name}: no answer at a dissimilarity of {at} in time. {SHAPES}"
        )
    else:
        turned = [words for w in found for words in _turned(a, w)]
        moved = [words for w in found for words in _moved(a, w)]
        told = "; ".join(turned or moved) or "no price moves"
        verdict = CheckVerdict.MARK if turned else CheckVerdict.PASS
        yield _row(None, None, verdict, f"{head}; {told}. {SHAPES}")


def _differ(a: Answered, menu: Menu) -> list[str]:
    """Plans that are on one of the two menus only."""
    return [plan for plan, terms in menu.terms.items() if (terms is None) != (a.menu.terms[plan] is None)]


def _flips(a: Answered, nest: str, stated: Quantity, end: World) -> Iterator[Checked]:
    """A row for every plan that comes or goes between the stated dissimilarity and an end of its range."""
    plans = [] if end.menu is None else _differ(a, end.menu)
    if not plans:
        return
    near, far = stated.value, end.at
    for _ in range(HALVINGS):
        if abs(far - near) <= NARROW:
            break
        middle = world(a, nest, 0.5 * (near + far))
        if middle.menu is None:
            break
        near, far = (middle.at, far) if not set(plans) & set(_differ(a, middle.menu)) else (near, middle.at)
    for plan in plans:
        yield _row(plan, far, CheckVerdict.UNDECIDED, _flip_words(a, nest, plan, (stated.value, near, far, end.at)))


def _flip_words(a: Answered, nest: str, plan: str, at: tuple[float, float, float, float]) -> str:
    stated, near, far, end = at
    on, sold = a.menu.terms[plan] is not None, plan in a.m.inputs.market.today.plans
    verb = "withdraw" if sold else "launch"
    here, there = ("on", "off") if on else ("off", "on")
    return (
        f"Whether to {verb} {a.title(plan)} is undecided: it is {here} the best menu at a dissimilarity "
        f"of nest {nest} {_span(stated, near)}, and {there} it {_span(far, end)}. "
        f"Second choices of customers who cancel would decide it. {SHAPES}"
    )


def _span(one: float, other: float) -> str:
    low, high = sorted((one, other))
    return f"of {low:.3g}" if same(low, high) else f"from {low:.3g} to {high:.3g}"


def _prices(a: Answered, menu: Menu) -> Iterator[tuple[str, float, float, float]]:
    """Plan, today's price, the answer's and the price of a menu, of plans on all three."""
    today = a.m.prepared.today_menu()
    for plan, terms in menu.terms.items():
        before, here = today[plan], a.menu.terms[plan]
        if terms is not None and before is not None and here is not None:
            yield plan, before.price, here.price, terms.price


def _direction(today: float, price: float) -> int:
    return 0 if same(today, price) else 1 if price > today else -1


def _turned(a: Answered, w: World) -> Iterator[str]:
    """Prices that go up here and down there."""
    for plan, today, here, there in _prices(a, w.menu) if w.menu else ():
        if _direction(today, here) * _direction(today, there) < 0:
            yield f"at {w.at:g} {a.title(plan)} goes from {today:g} to {there:g} instead of {here:g}"


def _moved(a: Answered, w: World) -> Iterator[str]:
    """Prices that are others."""
    for plan, _, here, there in _prices(a, w.menu) if w.menu else ():
        if not same(here, there):
            yield f"at {w.at:g} {a.title(plan)} is {there:g} instead of {here:g}"
