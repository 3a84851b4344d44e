"""The time limit in force, for the loops that stand before a search.

They lie deep inside what is built only when it is asked for, so the limit is not passed down to them: whoever sets it
keeps it in force around its work, and they look at it here.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, replace
from typing import TypeVar

from optimizer.errors import SolverError
from optimizer.execution.arguments import checked_seconds

Item = TypeVar("Item")

GRACE = 1.0
"""Seconds beyond the limit for work without which there is nothing to show: half of the promised max(2 s, 10 %)."""


@dataclass(frozen=True)
class TimeLimit:
    """When work began, in ``time.monotonic()`` seconds, and how long it may take; None: no limit applies."""

    began: float | None = None
    limit: float | None = None

    @property
    def deadline(self) -> float | None:
        """``time.monotonic()`` at which time is up."""
        return None if self.began is None or self.limit is None else self.began + self.limit


class TimeLimitError(SolverError):
    """The time limit in force is up, and the grace after it."""


NO_LIMIT = TimeLimit()
_clock: ContextVar[TimeLimit] = ContextVar("clock", default=NO_LIMIT)


@contextmanager
def limited(limit: float | None, began: float | None = None) -> Iterator[None]:
    """Inside, a limit of seconds from ``began`` (None: from now) is in force; without one, a case may bring its own.

    Where an earlier limit is in force already, that one stays. Raises InputError for a limit that is none.
    """
    with _in_force(TimeLimit(time.monotonic() if began is None else began, checked_seconds(limit))):
        yield


@contextmanager
def until(end: float | None) -> Iterator[None]:
    """Inside, time is up at ``end`` in ``time.monotonic()`` seconds, which may be past; None changes nothing."""
    with nullcontext() if end is None else _in_force(TimeLimit(end, 0.0)):
        yield


@contextmanager
def lifted() -> Iterator[None]:
    """Inside, no limit is in force: what is left to do is little, and is needed to show what is known."""
    token = _clock.set(NO_LIMIT)
    try:
        yield
    finally:
        _clock.reset(token)


@contextmanager
def _in_force(made: TimeLimit) -> Iterator[None]:
    around = _clock.get()
    earlier = around.deadline is not None and (made.deadline is None or around.deadline <= made.deadline)
    token = _clock.set(around if earlier else made)
    try:
        yield
    finally:
        _clock.reset(token)


def adopt(limit: float | None) -> None:
    """A case's own limit, which holds where a clock was started without one."""
    clock = _clock.get()
    if clock.began is not None and clock.limit is None:
        _clock.set(replace(clock, limit=limit))


def deadline() -> float | None:
    """``time.monotonic()`` at which the limit in force is up; None without one."""
    return _clock.get().deadline


def check(what: str) -> None:
    """Raises TimeLimitError once the limit in force is up, and the grace after it: it passed before ``what``."""
    end = _clock.get().deadline
    if end is not None and time.monotonic() >= end + GRACE:
        raise TimeLimitError(f"the time limit passed before {what}; allow more time")


def watched(items: Iterable[Item], what: str) -> Iterator[Item]:
    """The items, with a look at the time every now and then; raises as :func:`check` does."""
    for number, item in enumerate(items):
        if number % 1024 == 0:
            check(what)
        yield item
