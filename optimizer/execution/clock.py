"""The time limit of a piece of work, wherever its loops are."""

from __future__ import annotations

import time
from dataclasses import dataclass

from optimizer.errors import SolverError


@dataclass(frozen=True)
class Clock:
    """When the work has to end; with None never."""

    deadline: float | None = None
    """``time.monotonic()`` seconds."""

    @classmethod
    def until(cls, seconds: float | None, began: float | None = None) -> Clock:
        """A limit of seconds from ``began``, or from now."""
        return cls(None if seconds is None else (time.monotonic() if began is None else began) + seconds)

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    @property
    def left(self) -> float | None:
        """Seconds, not below 0; None without a limit."""
        return None if self.deadline is None else max(0.0, self.deadline - time.monotonic())

    def check(self, what: str) -> None:
        """Raises SolverError once time is up: the limit passed before ``what``."""
        if self.late:
            raise SolverError(f"the time limit passed before {what}; allow more time")


NO_LIMIT = Clock()
