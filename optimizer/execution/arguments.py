"""Gap and time limit as callers give them: one meaning on every path."""

from __future__ import annotations

import numbers
from typing import Any

from optimizer.errors import bad_argument

LONGEST = 1e9
"""Seconds; more is no limit."""


def checked_gap(gap: Any, name: str = "gap", positive: bool = False) -> float:
    """A relative gap between 0 and 1; ``positive``: and not 0. Raises InputError."""
    if _is_number(gap) and (0.0 < gap <= 1.0 or (gap == 0.0 and not positive)):
        return float(gap)
    wanted = "a number above 0 and at most 1" if positive else "a number between 0 and 1"
    raise bad_argument(name, f"must be {wanted}, but is {gap!r}", "write 1e-3 for a tenth of a per cent")


def checked_seconds(seconds: Any, name: str = "time_limit") -> float | None:
    """A time limit in seconds, or None for no limit. Raises InputError."""
    if seconds is None:
        return None
    if _is_number(seconds) and 0.0 < seconds < LONGEST:
        return float(seconds)
    raise bad_argument(name, f"must be a number of seconds above 0, but is {seconds!r}", "leave it out for no limit")


def _is_number(value: Any) -> bool:
    return isinstance(value, numbers.Real) and not isinstance(value, bool)
