"""The nests of a ``MenuProblem``: checked, stated by composites for the search, and worked out anew at one menu."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from optimizer.economics import choice
from optimizer.execution.arrays import LARGEST, refuse
from optimizer.model.composites import (
    Composed,
    Composites,
    Nest,
    PlanDemand,
    checked_nests,
    composites_of,
    left_out,
)
from optimizer.model.instance import Figure, Instance
from optimizer.typing import Array, Bools, LevelIndices


@dataclass(frozen=True)
class Stated:
    """A problem in one of its forms: an instance and the figures on it."""

    instance: Instance
    figures: Mapping[str, Figure]

    def each_figure(self, change: Callable[[Figure], Figure]) -> Stated:
        """The same with every figure changed, those of the blocks included."""
        blocks = tuple(replace(b, use=change(b.use)) for b in self.instance.blocks)
        figures = {name: change(figure) for name, figure in self.figures.items()}
        return Stated(replace(self.instance, blocks=blocks), figures)


@dataclass(frozen=True)
class Nested:
    """A problem by plans, as if each stood alone, and the nests that change its weights."""

    plain: Stated
    attraction: tuple[Array, ...]
    """exp(V) of every plan, (I, L_j)."""
    nests: tuple[Nest, ...]
    """Those of two plans or more with a dissimilarity below 1."""

    @cached_property
    def composites(self) -> Composites:
        """What the search takes together. Raises InputError where a nest has too many combinations of levels."""
        return self._composites(True)

    @cached_property
    def searched(self) -> Stated:
        """What is searched: the plans, or composites of them."""
        return self._by(self.composites)

    def freed(self) -> tuple[Composites, Stated]:
        """What is searched, with rules inside nests as rules that can be freed, where that can be listed."""
        bare = self.plain.instance
        if not left_out(bare.levels, [nest.plans for nest in self.nests], bare.rules):
            return self.composites, self.searched
        listed = self._composites(False)
        return listed, self._by(listed)

    def at(self, menu: LevelIndices) -> tuple[Stated, LevelIndices]:
        """A form in which a menu of the plans stands, and where: by the formula of nests, without composites."""
        if not self.nests:
            return self.plain, menu

        def chosen(arrays: Sequence[Array]) -> tuple[Array, ...]:
            return tuple(a[..., [level]] for a, level in zip(arrays, menu, strict=True))

        bare = self.plain.instance
        beside = self._beside(chosen(self.attraction))
        instance = replace(
            bare,
            attraction=_times(chosen(bare.attraction), beside),
            denominators=_times(chosen(bare.denominators), beside),
            rules=(),
        )
        form = Stated(instance, self.plain.figures)
        shown = form.each_figure(lambda f: replace(f, amounts=chosen(f.amounts), fixed=chosen(f.fixed)))
        return shown, (0,) * len(menu)

    def _beside(self, alone: tuple[Array, ...]) -> list[Array]:
        """(I, 1) by plan, attraction beside the others of its nest over attraction alone: 1 outside nests, 0 where
        nothing is offered."""
        found = [np.ones_like(a) for a in alone]
        for nest in self.nests:
            members = np.concatenate([alone[j] for j in nest.plans], axis=1)
            together = choice.nested(members, nest.dissimilarity)
            share = np.divide(together, members, out=np.zeros_like(members), where=members > 0.0)
            for at, j in enumerate(nest.plans):
                found[j] = share[:, [at]]
        return found

    def _composites(self, leave_out: bool) -> Composites:
        bare, plans = self.plain.instance, [nest.plans for nest in self.nests]
        return composites_of(bare.levels, plans, bare.rules if plans else (), leave_out=leave_out)

    def _by(self, composites: Composites) -> Stated:
        """The problem by composites; what stands alone is kept to the last digit."""
        bare = self.plain.instance
        if composites.plain:
            return self.plain
        lambdas = {j: nest.dissimilarity for nest in self.nests for j in nest.plans}
        below = [e if j in lambdas else np.zeros_like(e) for j, e in enumerate(bare.denominators)]
        demand = PlanDemand(self.attraction, _over(bare.attraction, self.attraction), _over(below, bare.attraction))
        names = [f"plan {j}" for j in range(bare.plans)]
        made = Composed(
            bare.customers, demand, composites, lambda part: lambdas[part.plans[0]], bare.rules, names
        )  # fmt: skip

        def kept(given: Sequence[Array], composed: Sequence[Array]) -> tuple[Array, ...]:
            parts = zip(composites.parts, composed, strict=True)
            return tuple(given[part.plans[0]] if part.single else a for part, a in parts)

        instance = replace(
            made.instance,
            attraction=kept(bare.attraction, made.instance.attraction),
            denominators=kept(bare.denominators, made.instance.denominators),
            blocks=bare.blocks,
        )
        return Stated(instance, self.plain.figures).each_figure(made.figure)


def _times(arrays: Sequence[Array], factors: Sequence[Array]) -> tuple[Array, ...]:
    return tuple(a * f for a, f in zip(arrays, factors, strict=True))


def _over(above: Sequence[Array], below: Sequence[Array]) -> tuple[Array, ...]:
    """Quotients; 0 where there is nothing below."""
    return tuple(np.divide(a, b, out=np.zeros_like(a), where=b > 0.0) for a, b in zip(above, below, strict=True))


def nested(plain: Stated, attraction: tuple[Array, ...], nests: Any) -> Nested:
    """The problem with its nests. Raises InputError."""
    made = Nested(plain, attraction, checked_nests(nests, len(attraction)))
    bare = plain.instance
    for j in (j for nest in made.nests for j in nest.plans):
        e, w = bare.denominators[j], bare.attraction[j]
        wrong: Bools = e > w * LARGEST
        refuse(e, wrong, f"denominators[{j}]", f"is more than {LARGEST:g} times the weight of a plan in a nest")
    return made
