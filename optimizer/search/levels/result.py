"""What a screening run returns."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from optimizer.search.engine import SearchStatus
from optimizer.search.levels.layout import Box
from optimizer.typing import LevelIndices


@dataclass(frozen=True)
class Screened:
    """An incumbent, a proven bound, and what they rest on."""

    menu: LevelIndices | None
    mix: int | None
    value: float
    """True aim of the incumbent by ``instance.evaluate``; -inf without one."""
    bound: float
    """No feasible choice of the box (excluded ones apart) has a larger aim; -inf when proven infeasible."""
    status: SearchStatus
    boxes: int
    """Boxes processed."""
    open_boxes: int
    """Boxes left when stopped."""
    enumerated: int
    """Menus evaluated by enumeration."""
    seconds: float
    surviving: Box | None
    """Levels around the incumbent that come within reach of being optimal; contains the incumbent."""
    certificate: dict[str, Any] = field(repr=False)
    """Plain data for :func:`recheck`."""

    @property
    def gap(self) -> float:
        """Bound less value, in the aim's unit; inf without an incumbent."""
        return self.bound - self.value if self.menu is not None else float("inf")
