"""What nests are made of: plans' own numbers, from which composites are built for any part of their levels.

A nest taken together may have tens of thousands of levels, its members some hundred. Where many instances are held at
once, as over draws, only the members are kept, and composites are built where they are looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from optimizer.model.composites import Composed, Composites, PlanDemand, between
from optimizer.model.instance import Figure, Instance, Rule
from optimizer.typing import Ints

Kept = tuple[Ints | None, ...]
"""By composite, the levels that are built, rising; None for all of them."""


@dataclass(frozen=True)
class Members:
    """An instance of plans as if each stood alone, and how they are taken together."""

    plain: Instance
    """By plan; its blocks and rules too."""
    demand: PlanDemand
    composites: Composites
    dissimilarity: Mapping[int, float]
    """By plan of a nest."""

    def composed(self, kept: Kept) -> tuple[Instance, Callable[[Figure], Figure]]:
        """The instance of some levels of composites, and how figures of plans are stated on it."""
        made = self._composed(kept)
        blocks = tuple(replace(block, use=made.figure(block.use)) for block in self.plain.blocks)
        return replace(made.instance, blocks=blocks), made.figure

    def figures(self, kept: Kept, figures: Sequence[Figure]) -> tuple[Instance, list[Figure]]:
        """The instance without its blocks, and figures of plans stated on it."""
        made = self._composed(kept)
        return made.instance, [made.figure(figure) for figure in figures]

    @cached_property
    def rules(self) -> tuple[Rule, ...]:
        """Between composites, all levels of them."""
        return between(self.composites, self.plain.rules)

    def _composed(self, kept: Kept) -> Composed:
        plain = self.plain
        return Composed(
            plain.customers, self.demand, self.composites.narrowed(kept),
            lambda part: self.dissimilarity[part.plans[0]], plain.rules, plain.names,
        )  # fmt: skip
