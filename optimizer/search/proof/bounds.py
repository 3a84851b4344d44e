"""The bounds of certificates, written down plainly: nothing of the search's layout or kernels is used."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import numpy as np

from optimizer.model.instance import Figure, Instance
from optimizer.search.levels.layout import EPS
from optimizer.typing import Array, Ints

Levels = tuple[Ints, ...]


def separable_bound(
    instance: Instance,
    figure: Figure,
    box: Levels,
    mix: int,
    reference: Sequence[int],
    size: float,
    shift: Array | None = None,
    spans: Array | None = None,
) -> tuple[float, list[Array]]:
    """The bound of ``bounds`` on a figure without burst, written down plainly: over the box, and per plan and level.

    ``shift``: (J, I), see ``bounds.Reference``. ``spans``: (2, I) sizes of the menus counted.
    ``size``: the absolute terms that were added up to make the figure, for the rounding slack.
    """
    return separable_bounds(instance, figure, box, (mix,), reference, size, shift, spans)[0]


def separable_bounds(
    instance: Instance,
    figure: Figure,
    box: Levels,
    mixes: Sequence[int],
    reference: Sequence[int],
    size: float,
    shift: Array | None = None,
    spans: Array | None = None,
) -> list[tuple[float, list[Array]]]:
    """:func:`separable_bound` at several mix levels, which differ in the number of people alone."""
    people, plans = instance.customers[list(mixes)], range(instance.plans)
    held, unit, base = _around(instance, figure, reference, shift)
    fixed = sum(float(figure.fixed[j][reference[j]]) for j in plans)
    offset = figure.mix[list(mixes)]
    value = people @ unit + fixed + offset + figure.constant
    weights = [instance.denominators[j][:, box[j]] for j in plans]
    parts, terms = [], abs(figure.constant) + np.abs(offset) + size
    for j in plans:
        low = sum((weights[k].min(axis=1) for k in plans if k != j), start=np.ones(instance.types))
        high = sum((weights[k].max(axis=1) for k in plans if k != j), start=np.ones(instance.types))
        numerator = figure.amounts[j][:, box[j]] * instance.attraction[j][:, box[j]]
        d = numerator - unit[:, None] * weights[j] - base[j][:, None]
        sizes = weights[j] + np.where(d > 0.0, low[:, None], high[:, None])
        if spans is not None:
            sizes = np.where(d > 0.0, np.maximum(sizes, spans[0][:, None]), np.minimum(sizes, spans[1][:, None]))
        y = 1.0 / sizes
        parts.append(people @ (d * y) + figure.fixed[j][box[j]] - figure.fixed[j][reference[j]])
        d = np.abs(numerator) + np.abs(unit)[:, None] * (1.0 + weights[j])
        d += (np.abs(held[j]) + np.abs(base[j]))[:, None]
        terms = terms + (people @ (d * y)).max(axis=1) + float(np.abs(figure.fixed[j][box[j]]).max())
    slack = EPS * (instance.types + 4 * instance.plans + 40) * terms
    total = value + sum(part.max(axis=1) for part in parts) + slack
    return [(float(total[k]), [total[k] - float(part[k].max()) + part[k] for part in parts]) for k in range(len(mixes))]


def _around(
    instance: Instance, figure: Figure, reference: Sequence[int], shift: Array | None
) -> tuple[list[Array], Array, list[Array]]:
    """Per plan (I,) numerators at the reference, (I,) lambda, and per plan (I,) numerators less lambda times weight,
    the last two shifted."""
    plans = range(instance.plans)
    at = [instance.denominators[j][:, reference[j]] for j in plans]
    held = [figure.amounts[j][:, reference[j]] * instance.attraction[j][:, reference[j]] for j in plans]
    unit = (figure.outside + sum(held)) / (1.0 + sum(at))
    base = [held[j] - unit * at[j] for j in plans]
    if shift is None:
        return held, unit, base
    return held, unit + shift.sum(axis=0), [base[j] + shift[j] for j in plans]


def bound_by_pairs(
    instance: Instance, figure: Figure, box: Levels, mix: int, reference: Sequence[int], size: float,
    shift: Array | None, spans: Array | None, slopes: Array, sweeps: int,
) -> tuple[float, list[Array], list[Array]]:  # fmt: skip
    """The bound of ``levels.pairs``: over the box, over the parts of it that keep one level, and by how much each level
    lies below its plan's best one, which may be taken off for all plans of a menu together."""
    people, plans = instance.customers[mix], range(instance.plans)
    held, unit, base = _around(instance, figure, reference, shift)
    weights = [instance.denominators[j][:, box[j]] for j in plans]
    amounts, scaled, terms = [], [], people @ np.abs(unit) + abs(figure.constant) + abs(figure.mix[mix]) + size
    every = [1.0 + sum(end(w, axis=1) for w in weights) for end in (np.min, np.max)]
    for j in plans:
        low, high = (np.ones(len(people)) + sum(end(weights[k], axis=1) for k in plans if k != j)
                     for end in (np.min, np.max))  # fmt: skip
        numerator = figure.amounts[j][:, box[j]] * instance.attraction[j][:, box[j]]
        d = numerator - unit[:, None] * weights[j] - base[j][:, None]
        worst = _worst_bracket(d, weights[j] + low[:, None], weights[j] + high[:, None], slopes[:, None], spans)
        own = figure.fixed[j][box[j]] - figure.fixed[j][reference[j]]
        amounts.append(people @ (d * (worst - slopes[:, None] * (1.0 + weights[j]))) + own)
        scaled.append(d * (people * slopes)[:, None])
        largest = np.abs(numerator) + np.abs(unit)[:, None] * weights[j] + (np.abs(held[j]) + np.abs(base[j]))[:, None]
        terms += people @ (largest.max(axis=1) * (1.0 / every[0] + 3.0 * slopes * every[1]))
        terms += float(np.abs(figure.fixed[j][box[j]]).max()) + abs(float(figure.fixed[j][reference[j]]))
    pairs = {
        (j, k): -(scaled[j].T @ weights[k] + weights[j].T @ scaled[k]) for j, k in itertools.combinations(plans, 2)
    }
    into = _messages(amounts, pairs, sweeps)
    levels = [amounts[j] + sum(into[k, j] for k in plans if k != j) for j in plans]
    alone = [part - part.max() for part in levels]
    total = people @ unit + figure.constant + figure.mix[mix] + sum(float(figure.fixed[j][reference[j]]) for j in plans)
    total += sum(float(part.max()) for part in levels)
    for (j, k), table in pairs.items():
        left = table - into[k, j][:, None] - into[j, k][None, :]
        total += float(left.max())
        alone[j] = alone[j] + left.max(axis=1) - left.max()
        alone[k] = alone[k] + left.max(axis=0) - left.max()
    moved = sum(float(np.abs(message).max()) for message in into.values())
    total += EPS * (instance.types + 4 * instance.plans + 40) * (2.0 * terms + 4.0 * moved)
    return float(total), [total + part for part in alone], [part.max() - part for part in levels]


def _worst_bracket(d: Array, low: Array, high: Array, slopes: Array, spans: Array | None) -> Array:
    """(I, n) 1 / s + b s at the size between ``low`` and ``high``, and within the spans, that is worst for d."""
    if spans is not None:
        low, high = np.maximum(low, spans[0][:, None]), np.minimum(high, spans[1][:, None])
    turn = np.clip(1.0 / np.sqrt(np.maximum(slopes, 1e-300)), low, high)
    ends = np.where(low > high, 0.0, 1.0 / high + slopes * high)  # nothing between them: no menu has this level
    ends = np.maximum(1.0 / low + slopes * low, ends)
    return np.asarray(np.where(d > 0.0, ends, 1.0 / turn + slopes * turn))


def _messages(amounts: list[Array], pairs: dict[tuple[int, int], Array], sweeps: int) -> dict[tuple[int, int], Array]:
    """Messages from one plan into the levels of another, after so many rounds over all pairs of plans."""
    into = {key: np.zeros(len(amounts[key[1]])) for pair in pairs for key in (pair, pair[::-1])}
    total = [part.copy() for part in amounts]
    for _ in range(sweeps):
        for (j, k), table in pairs.items():
            one, other = total[j] - into[k, j], total[k] - into[j, k]
            into[k, j] = 0.5 * ((table + other[None, :]).max(axis=1) - one)
            into[j, k] = 0.5 * ((table + one[:, None]).max(axis=0) - other)
            total[j], total[k] = one + into[k, j], other + into[j, k]
    return into
