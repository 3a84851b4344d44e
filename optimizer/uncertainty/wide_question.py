"""A question over draws with very wide nests: only members are held, and instances are built of what is looked at."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from optimizer.model.composites import Composites
from optimizer.model.instance import Rule
from optimizer.model.members import Kept, Members
from optimizer.typing import Array, Ints, LevelIndices
from optimizer.uncertainty.question import Requirement, RiskQuestion


@dataclass(frozen=True)
class Narrowed:
    """The question with some levels of composites alone, whose levels count through them."""

    question: RiskQuestion
    levels: tuple[Ints, ...]
    """By composite, the levels that are there, rising."""

    def outside(self, menu: LevelIndices) -> LevelIndices:
        """Levels of the wide question from levels of this one."""
        return tuple(int(part[k]) for part, k in zip(self.levels, menu, strict=True))

    def inside(self, menu: LevelIndices) -> LevelIndices | None:
        """The other way round; None where some level is not there."""
        found = [int(np.searchsorted(part, k)) for part, k in zip(self.levels, menu, strict=True)]
        there = all(at < len(part) and part[at] == k for at, part, k in zip(found, self.levels, menu, strict=True))
        return tuple(found) if there else None


@dataclass(frozen=True)
class WideQuestion:
    """Draws by their members; menus are of composites, as in the question that would be built of all levels."""

    plain: RiskQuestion
    """By plans as if each stood alone: figures, conditions, weights. No menu is worth there what it is worth here."""
    members: tuple[Members, ...]
    wide: tuple[int, ...]
    """Composites of which only some levels are built at a time."""

    @property
    def composites(self) -> Composites:
        return self.members[0].composites

    @property
    def draws(self) -> int:
        return self.plain.draws

    @property
    def weights(self) -> Array:
        return self.plain.weights

    @property
    def requirements(self) -> tuple[Requirement, ...]:
        return self.plain.requirements

    @property
    def types(self) -> int:
        return self.plain.instances[0].types

    @property
    def levels(self) -> tuple[int, ...]:
        """Number of levels of each composite."""
        return tuple(len(part.levels) for part in self.composites.parts)

    @property
    def sizes(self) -> Array:
        """(S, 1 + K) as of any question: beside others of its nest a plan weighs no more than alone, so that what plans
        bring alone adds up to no less."""
        return self.plain.sizes

    @property
    def yardstick(self) -> float:
        return self.plain.yardstick

    @property
    def rules(self) -> tuple[Rule, ...]:
        """Between composites, all levels of them."""
        return self.members[0].rules

    def whole(self) -> tuple[Ints, ...]:
        """Every level."""
        return tuple(np.arange(n, dtype=np.intp) for n in self.levels)

    def kept(self, levels: Sequence[Ints]) -> Kept:
        """What is built of some levels: those of wide composites, all of the others."""
        return tuple(part if p in self.wide else None for p, part in enumerate(levels))

    def narrowed(self, levels: Sequence[Ints], draws: Sequence[int] | None = None) -> Narrowed:
        """The question with some levels of its wide composites and all of the others; of some draws."""
        kept = self.kept(levels)
        there = tuple(part if own is None else own for part, own in zip(self.whole(), kept, strict=True))
        picked = range(self.draws) if draws is None else draws
        plain, built = self.plain, []
        for s in picked:
            instance, change = self.members[s].composed(kept)
            limits = tuple(replace(limit, figure=change(limit.figure)) for limit in plain.limits[s])
            built.append((instance, change(plain.aims[s]), limits))
        instances, aims, limits_of = zip(*built, strict=True)
        made = replace(plain, instances=instances, aims=aims, limits=limits_of, known_sizes=plain.sizes)
        return Narrowed(made if draws is None else _some(made, draws), there)

    def levels_of(self, menus: Sequence[LevelIndices]) -> tuple[Ints, ...]:
        """Those of some menus, rising."""
        return tuple(np.unique(np.array([menu[j] for menu in menus], dtype=np.intp)) for j in range(len(self.levels)))

    def at(self, menu: LevelIndices) -> tuple[RiskQuestion, LevelIndices]:
        """A question in which one menu stands, and where."""
        narrow = self.narrowed([np.array([k], dtype=np.intp) for k in menu])
        place = narrow.inside(menu)
        assert place is not None
        return narrow.question, place

    def truth(self, menu: LevelIndices, mix: int) -> tuple[Array, Array]:
        """See ``RiskQuestion.truth``."""
        question, place = self.at(menu)
        return question.truth(place, mix)

    def value(self, menu: LevelIndices, mix: int) -> float | None:
        """See ``RiskQuestion.value``."""
        question, place = self.at(menu)
        return question.value(place, mix)

    def probability(self, limits: Array, requirement: Requirement) -> float:
        """See ``RiskQuestion.probability``."""
        return self.plain.probability(limits, requirement)

    def with_offsets(self, offsets: Array) -> WideQuestion:
        """The same with what each draw's aim is compared to."""
        return replace(self, plain=self.plain.with_offsets(offsets))

    def alone(self, draw: int) -> WideQuestion:
        """One draw with the conditions that hold in every draw."""
        return WideQuestion(self.plain.alone(draw), (self.members[draw],), self.wide)


def _some(question: RiskQuestion, draws: Sequence[int]) -> RiskQuestion:
    at = list(draws)
    share = float(question.weights[at].sum())
    return replace(
        question,
        weights=question.weights[at] / share,
        caps=np.minimum(1.0, question.caps[at] / share),
        offsets=question.offsets[at],
        known_sizes=question.sizes[at],
    )
