"""The end of a process: what must not be cut in two by it, and what must not outlive it."""

from __future__ import annotations

import contextlib
import functools
import threading
from collections.abc import Callable
from typing import ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

whole = threading.RLock()
"""Held while something is printed or saved; whoever ends the process takes it first, and keeps it."""

_ends: list[Callable[[], None]] = []


def undivided(function: Callable[P, R]) -> Callable[P, R]:
    """The function, held to be whole: the end of the process waits for it."""

    @functools.wraps(function)
    def held(*args: P.args, **options: P.kwargs) -> R:
        with whole:
            return function(*args, **options)

    return held


def at_end(stop: Callable[[], None]) -> None:
    """Have ``stop`` called by :func:`end_all`; it may be called from any thread."""
    _ends.append(stop)


def end_all() -> None:
    """Stop whatever must not outlive this process. Raises nothing: the process is about to end."""
    for stop in _ends:
        with contextlib.suppress(Exception):
            stop()
