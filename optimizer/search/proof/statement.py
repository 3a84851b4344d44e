"""The problem of a part of a certificate, stated by plain means: plans taken together, and linear figures for those
with an ``again`` part. Nothing of the search's layout is used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from optimizer.model.instance import Figure, Instance, Limit, Rule
from optimizer.typing import Array, Ints


def merged_instance(
    instance: Instance, figures: Sequence[Figure], picks: Sequence[Mapping[int, Ints]]
) -> tuple[Instance, list[Figure]]:
    """The instance with one plan per pick, and its figures: a merged level is one level of each of the pick's plans.

    ``picks``: per merged plan, from plan to (n,) its level in each merged level. Rules inside a pick are left out.
    Attractions are 1 and amounts per customer the products they stand for.
    """
    where = {j: g for g, pick in enumerate(picks) for j in pick}
    rules = tuple(
        Rule(r.name, where[r.first], where[r.second],
             r.allowed[np.ix_(picks[where[r.first]][r.first], picks[where[r.second]][r.second])])
        for r in instance.rules
        if where[r.first] != where[r.second]
    )  # fmt: skip

    def summed(parts: Sequence[Array], pick: Mapping[int, Ints]) -> Array:
        return np.asarray(sum(parts[j][..., k] for j, k in pick.items()))

    denominators = tuple(summed(instance.denominators, pick) for pick in picks)
    made = []
    for figure in (*figures, *(block.use for block in instance.blocks)):
        numerators = [a * w for a, w in zip(figure.amounts, instance.attraction, strict=True)]
        amounts = tuple(summed(numerators, pick) for pick in picks)
        again = [a * w for a, w in zip(figure.again, instance.attraction, strict=bool(figure.again))]
        made.append(
            replace(
                figure, amounts=amounts, fixed=tuple(summed(figure.fixed, pick) for pick in picks),
                again=tuple(summed(again, pick) for pick in picks) if again else (),
            )
        )  # fmt: skip
    ones = tuple(np.ones_like(e) for e in denominators)
    odds = tuple(summed(instance.odds, pick) for pick in picks) if instance.odds else ()
    uses = made[len(figures) :]
    blocks = tuple(replace(block, use=use) for block, use in zip(instance.blocks, uses, strict=True))
    return Instance(instance.customers, ones, denominators, blocks, rules, odds=odds), made[: len(figures)]


def with_numerators(instance: Instance, figures: Sequence[Figure]) -> tuple[Instance, list[Figure]]:
    """The same instance and figures with attractions of 1, so that an amount may stand where nothing is attracted;
    as they are where all figures are linear."""
    if not any(figure.again for figure in figures):
        return instance, list(figures)
    return merged_instance(instance, figures, [{j: np.arange(n)} for j, n in enumerate(instance.levels)])


def above(instance: Instance, figures: Sequence[Figure], box: Sequence[Ints]) -> list[Figure]:
    """Linear figures that those with an ``again`` part do not exceed in a box; attractions are 1.

    At each level of a plan the other plans' odds are at least the sum of their least and at most the sum of their
    largest in the box. What plans bring that vary in nothing for a type is counted with the one whose odds vary most.
    """
    if not any(figure.again for figure in figures):
        return list(figures)
    plans = range(instance.plans)
    ends = [(o[:, part].min(axis=1), o[:, part].max(axis=1)) for o, part in zip(instance.odds, box, strict=True)]
    varies, spread = np.zeros((2, instance.plans, instance.types))
    for j in plans:
        spread[j] = ends[j][1] - ends[j][0]
        changed = [np.ptp(f.again[j][:, box[j]], axis=1) > 0.0 for f in figures if f.again]
        varies[j] = np.any([spread[j] > 0.0, *changed], axis=0)
    lead = np.where(varies.any(axis=0), np.argmax(np.where(varies > 0.0, spread, -1.0), axis=0), -1)
    made = []
    for figure in figures:
        if not figure.again:
            made.append(figure)
            continue
        still = [np.where(varies[j] > 0.0, 0.0, figure.again[j][:, box[j][0]]) for j in plans]
        amounts = []
        for j in plans:
            counted = (np.where((varies[j] > 0.0) | (lead < 0), 1.0, 0.0)[:, None] * figure.again[j]
                       + np.where(lead == j, sum(still), 0.0)[:, None])  # fmt: skip
            least, most = (sum((ends[k][end] for k in plans if k != j), np.ones(instance.types)) for end in (0, 1))
            often, seldom = (1.0 / (instance.odds[j] + others[:, None]) for others in (least, most))
            extreme = np.maximum(counted, 0.0) * often + np.minimum(counted, 0.0) * seldom
            amounts.append(figure.amounts[j] + extreme)
        made.append(replace(figure, amounts=tuple(amounts), again=()))
    return made


def straightened(
    instance: Instance, aim: Figure, limits: Sequence[Limit], box: Sequence[Sequence[int]]
) -> tuple[Instance, Figure, tuple[Limit, ...]]:
    """The problem of a box of levels, which count through it, with linear figures for those with an ``again`` part:
    none is exceeded, and where one plan has several levels they are equal."""
    picks = [{j: np.asarray(part, dtype=np.intp)} for j, part in enumerate(box)]
    part, figures = merged_instance(instance, [aim, *(limit.figure for limit in limits)], picks)
    figures = above(part, figures, [np.arange(n) for n in part.levels])
    made = (Limit(limit.name, figure) for limit, figure in zip(limits, figures[1:], strict=True))
    return part, figures[0], tuple(made)


def low_and_high(instance: Instance, plan: int, levels: Ints) -> tuple[int, int]:
    """Two levels of a plan, by rising denominators of the types in their order, then by attractions."""
    first, second = (int(k) for k in levels)

    def size(level: int) -> list[float]:
        return [*instance.denominators[plan][:, level].tolist(), *instance.attraction[plan][:, level].tolist()]

    return (first, second) if size(first) <= size(second) else (second, first)


def may_exchange(instance: Instance, figures: Sequence[Figure], box: Sequence[Ints], group: Sequence[int]) -> bool:
    """Whether a plan of the group at its high level, and one before it at its low level, may change places without
    loss: they attract alike, bring the same at their low levels, and the one before no less of each figure at its high
    level; each uses as much compute."""
    if len(group) == 1:
        return True
    if instance.rules or any(f.again for f in figures) or any(len(box[j]) != 2 for j in group):
        return False
    pairs = [low_and_high(instance, j, box[j]) for j in group]

    def brings(figure: Figure, place: int, end: int) -> Array:
        plan, level = group[place], pairs[place][end]
        return np.append(figure.amounts[plan][:, level] * taken[place][end], figure.fixed[plan][level])

    weights = [
        [(e[:, k], w[:, k]) for k in pair]
        for pair, e, w in (
            (pair, instance.denominators[j], instance.attraction[j]) for pair, j in zip(pairs, group, strict=True)
        )
    ]
    taken = [[(w > 0.0).astype(float) for _, w in ends] for ends in weights]
    for place in range(1, len(group)):
        for (e, w), (f, v) in zip(weights[place - 1], weights[place], strict=True):
            if not (np.array_equal(e, f) and np.array_equal(w, v)):
                return False
        for figure in figures:
            low, high = (brings(figure, place - 1, end) - brings(figure, place, end) for end in (0, 1))
            if low.any() or (high < 0.0).any():
                return False
        for block in instance.blocks:
            if any((brings(block.use, place - 1, end) != brings(block.use, place, end)).any() for end in (0, 1)):
                return False
    return True
