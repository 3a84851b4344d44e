"""What comes back of a ``RobustProblem``."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from optimizer.typing import Array, LevelIndices, Status, Verdict


@dataclass(frozen=True)
class RobustWork:
    """What it took."""

    boxes: int
    bounds: int
    """Bounds taken over boxes in all draws."""
    enumerated: int
    """Menus evaluated in boxes."""


@dataclass(frozen=True)
class RobustSolution:
    """The best menu found over all draws and what is proven of it."""

    menu: LevelIndices
    """A level index per plan."""
    mix: int
    value: float
    """Mean, CVaR or worst value of the aim over the draws; for regret the largest regret, never shown too small."""
    bound: float
    """No menu that meets the conditions does better: at most this, for regret at least this; finite."""
    gap: float
    """Distance of value and bound over max(|value|, yardstick); the yardstick is 1e-6 of the largest that the aim could
    be, by the draws' weights."""
    verdict: Verdict
    """proved or best_found."""
    status: Status
    seconds: float
    values: Array
    """(S,) the aim in every draw."""
    means: Mapping[str, float]
    """Every figure's mean over the draws, by weight."""
    probabilities: tuple[float, ...]
    """Share of the draws, by weight, in which each condition of ``chance`` holds, in the order given."""
    best_values: Array | None
    """(S,) for regret: the best value found in every draw alone."""
    best_bounds: Array | None
    """(S,) for regret: what no menu exceeds in the draw alone."""
    certificate: Mapping[str, Any] = field(repr=False)
    """Plain data that ``RobustProblem.recheck`` verifies."""
    work: RobustWork = field(repr=False)
