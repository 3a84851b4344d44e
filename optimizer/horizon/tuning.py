"""Every number that says how the search over paths spends its effort; none touches what is proven."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PathTuning:
    """Given to every search over paths; the default is what was measured."""

    width: int = 64
    """Most types in a part: its arrays stay in a fast cache."""
    rounds: int = 3
    """Bounds taken of a box before it is cut."""
    root_rounds: int = 8
    """The same for the root."""
    mixes: int = 4
    """Shares tried when the forms of two references are mixed."""
    worthwhile: float = 0.1
    """Share of a box's excess over the cutoff that a bound must take off for another one to follow."""
    sweeps: int = 20
    """Coordinate ascents of the first incumbent, at most."""
    later_sweeps: int = 2
    """The same for later ones."""
    enumerated: int = 24
    """Paths of a box that are evaluated one by one."""
    compiled_numbers: float = 3e7
    """Numbers that numpy's bounds have read, at which compiled loops take over."""
    loading_seconds: float = 2.0
    """Time left below which they do not."""


DEFAULT = PathTuning()
