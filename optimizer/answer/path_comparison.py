"""The comparison of paths of menus across scenarios as a typed result."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from optimizer.answer.comparison import CrossTable
from optimizer.answer.offers import Offers

if TYPE_CHECKING:
    from optimizer.answer.path_worlds import ChosenPath, ProvenPath


@dataclass(frozen=True)
class PathComparison(CrossTable):
    """The full cross table of paths and scenarios of a case over months."""

    chosen: Mapping[str, ChosenPath]
    """By path."""
    offers: Mapping[str, tuple[Offers, ...]]
    """By path and stage, in the first scenario's world."""
    first_months: tuple[int, ...]
    """Of the stages, from 1."""
    orders: tuple[tuple[str, int], ...]
    """Offer and month of every order of GPUs that may be placed."""
    best: Mapping[str, ProvenPath] = field(repr=False)
    """By scenario, its own best path and what is proven of it."""
    thing: ClassVar[str] = "path"

    def same(self, one: str, other: str) -> bool:
        """Whether two paths are one."""
        return self.chosen[one] == self.chosen[other]
