"""Every number that says how the search over paths spends its effort; none touches what is proven."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class PathTuning:
    """Given to every search over paths; the default is what was measured."""

    numpy_whole: int = 65_536
    """Columns times types up to which numpy keeps a horizon in one part."""
    numpy_width: int = 1024
    """Most types in a part, for numpy."""
    compiled_whole: int = 4096
    """The same for compiled loops, which lose little by small parts."""
    compiled_width: int = 64
    """Their arrays stay in a fast cache."""
    memory: float = 4.0
    """Times as many columns as without, up to which columns know the one before."""
    rounds: int = 4
    """Times that a box's mixed path moves before it is cut."""
    root_rounds: int = 24
    """The same for the root."""
    step: float = 0.3
    """Share by which a mixed path first moves towards a favoured one."""
    shorter: float = 0.4
    """Factor of that share after a move that was of no use."""
    least_share: float = 0.01
    """Share below which it moves no more."""
    worthwhile: float = 0.05
    """Share of a box's excess over the cutoff that a move must take off for another one to follow."""
    sweeps: int = 20
    """Coordinate ascents of the first incumbent, at most."""
    later_sweeps: int = 2
    """The same for later ones."""
    enumerated: int = 24
    """Paths of a box that are evaluated one by one."""
    loaded_numbers: float = 2e6
    """Numbers that numpy's bounds have read, at which compiled loops take over: about what loading them costs."""
    compiled_numbers: float = 2e8
    """The same where they have to be compiled first."""
    call_numbers: int = 6_000
    """Numbers that a month of a part costs beyond those that it reads."""
    envelope_rounds: int = 16
    """Multipliers for limits that are tried at the root before it is cut."""
    promise: float = 0.5
    """Share of a box's excess over the cutoff that other multipliers must promise to take off to be tried."""
    reach: float = 2.0
    """Factor by which a multiplier may move from one bound of a box to the next."""
    least_step: float = 0.1
    """Share of the root's multiplier by which it always may."""
    loading_seconds: float = 2.0
    """Time left below which compiled loops are left alone."""


DEFAULT = PathTuning()
