"""One draw by the members of its nests: stated by plans, and by composites once that is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from optimizer.model.composites import Composites
from optimizer.model.instance import Figure, Instance, Limit
from optimizer.model.members import Members


@dataclass(frozen=True)
class StatedDraw:
    """Figures and conditions of one draw on an instance."""

    instance: Instance
    figures: Mapping[str, Figure]
    limits: tuple[Limit, ...]
    """Of the conditions that hold in every draw."""
    others: Mapping[int, tuple[Limit, ...]] = field(repr=False)
    """Of the other conditions, by their names."""

    def linear(self, name: str, argument: str) -> Figure:
        """The figure of a name."""
        return self.figures[name]

    def limits_of(self, condition: Any, where: str) -> tuple[Limit, ...]:
        """Of one of the other conditions."""
        return self.others[condition]


@dataclass(frozen=True)
class NestedDraw:
    """One draw as ``RobustProblem`` takes it; very wide nests are not built as a whole there."""

    members: Members
    by_plan: StatedDraw
    """As if each plan stood alone."""

    @cached_property
    def composed(self) -> StatedDraw:
        """By composites, all their levels."""
        bare = self.by_plan
        instance, change = self.members.composed((None,) * len(self.composites.parts))

        def changed(limits: tuple[Limit, ...]) -> tuple[Limit, ...]:
            return tuple(replace(limit, figure=change(limit.figure)) for limit in limits)

        figures = {name: change(figure) for name, figure in bare.figures.items()}
        return StatedDraw(instance, figures, changed(bare.limits), {k: changed(own) for k, own in bare.others.items()})

    @property
    def composites(self) -> Composites:
        return self.members.composites

    @property
    def instance(self) -> Instance:
        return self.composed.instance

    @property
    def figures(self) -> Mapping[str, Figure]:
        return self.composed.figures

    @property
    def limits(self) -> tuple[Limit, ...]:
        return self.composed.limits

    def linear(self, name: str, argument: str) -> Figure:
        """See ``asking.Posed``."""
        return self.composed.linear(name, argument)

    def limits_of(self, condition: Any, where: str) -> tuple[Limit, ...]:
        """See ``asking.Posed``."""
        return self.composed.limits_of(condition, where)
