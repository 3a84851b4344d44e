"""The time limit of a piece of work, wherever its loops are."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

from optimizer.errors import SolverError


@dataclass(frozen=True)
class Clock:
    """When work began, and when it has to end."""

    began: float | None = None
    """``time.monotonic()`` seconds; None: it was never started, and no limit applies."""
    limit: float | None = None
    """Seconds from then; None: it never has to end."""

    @classmethod
    def start(cls, limit: float | None) -> Clock:
        """Work that begins now."""
        return cls(time.monotonic(), limit)

    def within(self, limit: float | None) -> Clock:
        """The same clock; where it was started without a limit, with this one."""
        return replace(self, limit=limit) if self.limit is None and self.began is not None else self

    @property
    def deadline(self) -> float | None:
        """``time.monotonic()`` at which time is up."""
        return None if self.limit is None or self.began is None else self.began + self.limit

    @property
    def late(self) -> bool:
        """Whether time is up."""
        return self.deadline is not None and time.monotonic() >= self.deadline

    def check(self, what: str) -> None:
        """Raises SolverError once time is up: the limit passed before ``what``."""
        if self.late:
            raise SolverError(f"the time limit passed before {what}; allow more time")


NO_LIMIT = Clock()
"""For work that may take its time."""
