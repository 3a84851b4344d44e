"""Nests as composite plans: one plan whose levels are the combinations of its members' levels.

Inside a type, what a nest weighs and what it brings depend on nothing but the levels of its members. So the model of
nests of plans is the model of single plans again, with as many plans as there are nests and plans that stand alone;
search, program and certificates need not know that there are nests.
Source: nested logit, Train (2009), ch. 4; composite plans of this project.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from optimizer.errors import bad_argument
from optimizer.execution import clock
from optimizer.execution.arrays import each, index, number
from optimizer.model.instance import Figure, Instance, Rule
from optimizer.model.nest_sums import NestSums
from optimizer.typing import Array, Bools, Ints, LevelIndices

MOST_LEVELS = 400_000
"""Combinations of one nest's levels beyond which the program would not fit into memory."""


@dataclass(frozen=True)
class Nest:
    """Plans that customers see as variants of one thing."""

    plans: tuple[int, ...]
    """By position."""
    dissimilarity: float
    """Lambda, above 0 and at most 1: 1 = as different from each other as from anything else."""


def checked_nests(given: Any, plans: int) -> tuple[Nest, ...]:
    """Nests as users give them, checked; those that change anything. Raises InputError."""
    found: list[Nest] = []
    nest_of: dict[int, int] = {}
    for k, nest in enumerate(each(given, None, "nests", "nest")):
        if not isinstance(nest, Nest):
            raise bad_argument(f"nests[{k}]", f"is not a Nest, but {type(nest).__name__}")
        members = []
        for at, plan in enumerate(each(nest.plans, None, f"nests[{k}].plans", "plan of the nest")):
            place = f"nests[{k}].plans[{at}]"
            j = index(plan, plans, place)
            if j in nest_of:
                raise bad_argument(place, f"plan {j} is in nests[{nest_of[j]}] already", "name each plan once")
            nest_of[j] = k
            members.append(j)
        if not members:
            raise bad_argument(f"nests[{k}].plans", "has no plan", "name two or more")
        dissimilarity = number(nest.dissimilarity, f"nests[{k}].dissimilarity", above=0.0)
        if dissimilarity > 1.0:
            raise bad_argument(f"nests[{k}].dissimilarity", f"must be 1 or less, but is {dissimilarity:g}")
        found.append(Nest(tuple(sorted(members)), dissimilarity))
    return tuple(nest for nest in found if len(nest.plans) > 1 and nest.dissimilarity < 1.0)


@dataclass(frozen=True)
class Composite:
    """Plans taken together, or a single one."""

    plans: tuple[int, ...]
    levels: Ints
    """(L, members) level of each member, in lexicographic order."""

    @property
    def single(self) -> bool:
        return len(self.plans) == 1

    @cached_property
    def _places(self) -> dict[tuple[int, ...], int]:
        return {tuple(row): k for k, row in enumerate(self.levels.tolist())}

    def place(self, levels: tuple[int, ...]) -> int | None:
        """Where a combination stands; None where rules forbid it."""
        return levels[0] if self.single else self._places.get(levels)


@dataclass(frozen=True)
class Composites:
    """How the plans of a menu are taken together."""

    parts: tuple[Composite, ...]

    @property
    def plain(self) -> bool:
        """Whether every plan stands alone."""
        return all(part.single for part in self.parts)

    def narrowed(self, kept: Sequence[Ints | None]) -> Composites:
        """The same with some levels of nests alone, by part in rising order; None leaves a part as it is."""
        pairs = zip(self.parts, kept, strict=True)
        return Composites(tuple(p if k is None else replace(p, levels=p.levels[k]) for p, k in pairs))

    def unpacked(self, levels: Sequence[int]) -> LevelIndices:
        """Levels of the plans from levels of the composites."""
        found = [0] * sum(len(part.plans) for part in self.parts)
        for part, level in zip(self.parts, levels, strict=True):
            for plan, own in zip(part.plans, part.levels[level], strict=True):
                found[plan] = int(own)
        return tuple(found)

    def packed(self, levels: Sequence[int]) -> LevelIndices | None:
        """Levels of the composites from levels of the plans; None where a rule within a nest forbids them."""
        found = [part.place(tuple(int(levels[j]) for j in part.plans)) for part in self.parts]
        return None if None in found else tuple(k for k in found if k is not None)


def composites_of(
    levels: Sequence[int],
    nests: Sequence[Sequence[int]],
    rules: Sequence[Rule],
    leave_out: bool = True,
    names: Sequence[str] = (),
) -> Composites:
    """The composites of nests, each where its first plan stands.

    Rules inside a nest are kept by leaving levels out, unless nothing would be left, or ``leave_out`` is false. Rules
    that are not kept so stand between composites: a single one gets an empty one beside it.

    Raises InputError where a nest has too many combinations to list.
    """
    nest_of = {j: tuple(sorted(nest)) for nest in nests for j in nest}
    parts = []
    for j, count in enumerate(levels):
        plans = nest_of.get(j, (j,))
        if len(plans) == 1:
            parts.append(Composite((j,), np.arange(count, dtype=np.intp)[:, None]))
        elif plans[0] == j:
            parts.append(_listed(levels, plans, rules if leave_out else (), names))
    if len(parts) == 1 and any(not _allowed(parts[0], rule).all() for rule in rules):
        parts.append(Composite((), np.zeros((1, 0), dtype=np.intp)))
    return Composites(tuple(parts))


def left_out(levels: Sequence[int], nests: Sequence[Sequence[int]], rules: Sequence[Rule]) -> bool:
    """Whether rules inside nests leave levels out that could all be listed."""
    inside = any({rule.first, rule.second} <= set(nest) for nest in nests for rule in rules)
    return inside and all(math.prod(levels[j] for j in nest) <= MOST_LEVELS for nest in nests)


def _listed(levels: Sequence[int], plans: tuple[int, ...], rules: Sequence[Rule], names: Sequence[str]) -> Composite:
    """The composite of a nest; what rules forbid is left out unless nothing would be left."""
    counts = [levels[k] for k in plans]
    inside = [rule for rule in rules if {rule.first, rule.second} <= set(plans)]
    titles = [names[j] if names else str(j) for j in plans]
    allowed = _combinations(counts, plans, inside, titles)
    return Composite(plans, allowed if len(allowed) else _combinations(counts, plans, (), titles))


def _combinations(counts: list[int], plans: tuple[int, ...], rules: Sequence[Rule], titles: Sequence[str]) -> Ints:
    """(L, members) what the rules inside a nest allow, member by member."""
    if not rules and math.prod(counts) > MOST_LEVELS:
        raise _too_many(titles, math.prod(counts))
    found = np.zeros((1, 0), dtype=np.intp)
    for at, (plan, count) in enumerate(zip(plans, counts, strict=True)):
        clock.check("the levels of a nest were combined")
        size = len(found) * count
        if size > MOST_LEVELS * 16:
            raise _too_many(titles[: at + 1], size)
        own = np.tile(np.arange(count, dtype=np.intp), len(found))
        found = np.concatenate([np.repeat(found, count, axis=0), own[:, None]], axis=1)
        keep = np.ones(size, dtype=np.bool_)
        for rule in rules:
            if plan in (rule.first, rule.second) and {rule.first, rule.second} <= set(plans[: at + 1]):
                keep &= rule.allowed[found[:, plans.index(rule.first)], found[:, plans.index(rule.second)]]
        found = found[keep]
    if len(found) > MOST_LEVELS:
        raise _too_many(titles, len(found))
    return found


def _too_many(titles: Sequence[str], count: int) -> Exception:
    return bad_argument(
        "nests",
        f"the plans {', '.join(titles)} have {count:,} combinations of levels, more than {MOST_LEVELS:,}",
        "shorten the ladders of a plan in the nest, or take a plan out of it",
    )


@dataclass(frozen=True)
class PlanDemand:
    """What customers think of every plan at every level, one (I, L_j) array a plan."""

    attraction: tuple[Array, ...]
    """exp(V), before nests."""
    duration: tuple[Array, ...]
    """Stock attraction per unit of attraction: the alternatives' total rate over the plan's, as stocks."""
    kept: tuple[Array, ...]
    """Denominator weight per unit of stock attraction: 1 - referral."""


class Composed:
    """An instance of composites, and how figures of plans become figures of it."""

    def __init__(
        self, customers: Array, demand: PlanDemand, composites: Composites, dissimilarity: Callable[[Composite], float],
        rules: Sequence[Rule], names: Sequence[str] = (),
    ) -> None:  # fmt: skip
        self.composites = composites
        self.demand = demand
        self._sums = tuple(_sums(part, demand, dissimilarity) for part in composites.parts)
        self._nothing = tuple(np.zeros((customers.shape[1], len(part.levels))) for part in composites.parts)
        stock = [self._stock(at) for at in range(len(self._sums))]
        weights, below = zip(*stock, strict=True)
        self.instance = Instance(
            customers=customers,
            attraction=weights,
            denominators=below,
            rules=self.rules(rules),
            names=tuple("+".join(names[j] for j in part.plans) or "nothing" for part in composites.parts)
            if names
            else (),
        )

    def rules(self, plain: Sequence[Rule]) -> tuple[Rule, ...]:
        """Rules between plans as rules between composites, without those that levels left out keep already."""
        return between(self.composites, plain)

    def odds(self, outside: Array) -> tuple[Array, ...]:
        """(I, L) attraction of each composite against the (I,) total of the alternatives, to someone who decides."""
        found = []
        for part, sums, nothing in zip(self.composites.parts, self._sums, self._nothing, strict=True):
            plain = self.demand.attraction[part.plans[0]] if part.plans else nothing
            found.append((plain if sums is None else sums.attraction()) / outside[:, None])
        return tuple(found)

    def figure(self, plain: Figure) -> Figure:
        """A figure stated by plans, stated by composites. Its (H,) burst part stays."""
        if self.composites.plain:
            return plain
        amounts, fixed = [], []
        for part, sums, nothing in zip(self.composites.parts, self._sums, self._nothing, strict=True):
            own = [plain.amounts[j] for j in part.plans]
            amounts.append(sums.mean(own) if sums is not None else own[0] if own else nothing)
            due = [plain.fixed[j][k] for j, k in zip(part.plans, part.levels.T, strict=True)]
            fixed.append(sum_of(due) if due else np.zeros(len(part.levels)))
        return replace(plain, amounts=tuple(amounts), fixed=tuple(fixed))

    def again(self, amounts: Sequence[Array], outside: Array) -> tuple[Array, ...]:
        """Per customer of a composite, an amount of those who would choose the same plan again, times what
        :attr:`Figure.again` divides by. ``amounts``: by plan."""
        found = []
        for part, sums, nothing in zip(self.composites.parts, self._sums, self._nothing, strict=True):
            own = [amounts[j] / outside[:, None] for j in part.plans]
            alone = own[0] * self.demand.attraction[part.plans[0]] if own else nothing
            found.append(alone if sums is None else sums.mean_of_attracted(own))
        return tuple(found)

    def _stock(self, at: int) -> tuple[Array, Array]:
        """(I, L) stock attraction of a composite, and its denominator weights."""
        sums, plans, demand = self._sums[at], self.composites.parts[at].plans, self.demand
        if sums is not None:
            return sums.stock, sums.stock_of([demand.kept[j] for j in plans])
        if not plans:
            return self._nothing[at], self._nothing[at]
        stock = demand.attraction[plans[0]] * demand.duration[plans[0]]
        return stock, stock * demand.kept[plans[0]]


def _sums(part: Composite, demand: PlanDemand, dissimilarity: Callable[[Composite], float]) -> NestSums | None:
    """Of several plans taken together; None for one plan, or none."""
    if len(part.plans) < 2:
        return None
    clock.check("the levels of a nest were combined")
    attraction, duration = ([table[j] for j in part.plans] for table in (demand.attraction, demand.duration))
    return NestSums(part.levels, attraction, duration, dissimilarity(part))


def sum_of(arrays: Sequence[Array]) -> Array:
    """The sum; the array itself where there is one."""
    total = arrays[0]
    for more in arrays[1:]:
        total = total + more
    return total


def between(composites: Composites, rules: Sequence[Rule]) -> tuple[Rule, ...]:
    """The rules between plans of different composites."""
    part_of = {j: p for p, part in enumerate(composites.parts) for j in part.plans}
    made = []
    for rule in rules:
        one, other = part_of[rule.first], part_of[rule.second]
        if one == other:
            made += _within(composites, one, rule)
            continue
        rows, columns = (composites.parts[p].levels[:, composites.parts[p].plans.index(j)]
                         for p, j in ((one, rule.first), (other, rule.second)))  # fmt: skip
        allowed: Bools = rule.allowed[np.ix_(rows, columns)]
        made.append(Rule(rule.name, one, other, allowed))
    return tuple(made)


def _within(composites: Composites, at: int, rule: Rule) -> list[Rule]:
    """A rule inside a composite, against every level of the shortest other one; none where what it forbids was left
    out."""
    allowed = _allowed(composites.parts[at], rule)
    if allowed.all():
        return []
    beside = min((p for p in range(len(composites.parts)) if p != at), key=lambda p: len(composites.parts[p].levels))
    return [Rule(rule.name, at, beside, np.repeat(allowed[:, None], len(composites.parts[beside].levels), axis=1))]


def _allowed(part: Composite, rule: Rule) -> Bools:
    """(L,) whether a rule between members of a composite allows its levels."""
    one, other = (part.levels[:, part.plans.index(j)] for j in (rule.first, rule.second))
    return np.asarray(rule.allowed[one, other])


def connected(plans: Sequence[int], together: Callable[[int, int], bool]) -> list[tuple[int, ...]]:
    """The plans of a nest in lots such that plans of different lots are never offered to the same customer."""
    lots: list[set[int]] = []
    for plan in plans:
        met = [lot for lot in lots if any(together(plan, other) for other in lot)]
        lots = [lot for lot in lots if lot not in met] + [{plan}.union(*met)]
    return [tuple(sorted(lot)) for lot in lots]
