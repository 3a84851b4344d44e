"""Why no path keeps all limits: the most that each of them alone allows, proven."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from optimizer.horizon.limits import Limited
from optimizer.horizon.search import search_paths
from optimizer.search.engine import Clock

GAP = 1e-3
SECONDS = 5.0


@dataclass(frozen=True)
class LimitReach:
    """One limit as ``at least``: what was asked, and what paths reach of it, whatever the other limits."""

    name: str
    asked: float
    reached: float
    """By a path that was simulated."""
    bound: float
    """No path reaches more."""

    @property
    def text(self) -> str:
        """In words."""
        return f"{self.name}: {self.asked:.6g} is asked, {self.reached:.6g} is reached where nothing else is"


@dataclass(frozen=True)
class PathDiagnosis:
    """Proven: no path keeps all limits."""

    limits: tuple[LimitReach, ...]
    certificate: Mapping[str, Any] = field(repr=False, compare=False)
    """``HorizonProblem.replay`` proves -inf from it."""

    @property
    def text(self) -> str:
        """In words: the limits that cannot be kept alone, else all that clash."""
        alone = [limit for limit in self.limits if limit.bound < limit.asked]
        which = "cannot be kept" if alone else "clash"
        return f"No path keeps all limits (proven). These {which}: " + "; ".join(x.text for x in alone or self.limits)


def diagnosed(limited: Limited, certificate: Mapping[str, Any]) -> PathDiagnosis:
    """Every limit as the one aim, for some seconds each at most."""
    made = []
    for k, limit in enumerate(limited.limits):
        rows = np.eye(1, 1 + len(limited.limits), 1 + k)[0]
        found = search_paths(limited.priced(rows), GAP, Clock(time.monotonic() + SECONDS))
        assert found.incumbent is not None
        made.append(LimitReach(limit.name, limit.at_least, found.incumbent.value, found.bound))
    return PathDiagnosis(tuple(made), certificate)
