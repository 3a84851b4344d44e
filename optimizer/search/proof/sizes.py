"""Sizes of menus, 1 + the weights of all plans, as a certificate confines them: checked without the search's code."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from optimizer.errors import NotTrustedError
from optimizer.model.instance import Instance
from optimizer.search.levels.layout import EPS
from optimizer.typing import Array, Ints

Levels = tuple[Ints, ...]


def all_sizes(types: int) -> Array:
    """(2, I) spans that confine nothing."""
    return np.stack([np.ones(types), np.full(types, np.inf)])


def cut_spans(spans: Array | None, types: int, kind: int, size: float) -> tuple[Array, Array]:
    """Both halves of spans of sizes (2, I), cut at a size of one type. Raises ValueError where it is no size."""
    if not (0 <= kind < types and np.isfinite(size) and size >= 1.0):
        raise ValueError("a size is cut where none can be")
    whole = all_sizes(types) if spans is None else spans
    left, right = whole.copy(), whole.copy()
    left[1, kind], right[0, kind] = min(whole[1, kind], size), max(whole[0, kind], size)
    return left, right


def confined(spans: Array | None, types: int, sizes: Sequence[Sequence[float]]) -> Array:
    """Spans (2, I) without what lies beyond [type, price, size]: above a size, with a price below 0 below it."""
    spans = all_sizes(types) if spans is None else spans.copy()
    for kind, price, size in sizes:
        if not (0 <= kind < types and np.isfinite(price) and price and np.isfinite(size)):
            raise ValueError("a size is confined that there is not")
        if price > 0.0:
            spans[1, int(kind)] = min(spans[1, int(kind)], size)
        else:
            spans[0, int(kind)] = max(spans[0, int(kind)], size)
    return spans


def beyond(
    instance: Instance, box: Levels, total: float, lost: list[Array], kind: float, price: float, size: float
) -> float:
    """A bound of the menus of a box beyond a size of a type: ``price`` times what they are beyond it, which is not
    below 0, is added to their bound, ``total`` and what each level has lost of it (per plan, <= 0)."""
    paid = [price * e[int(kind), part] for e, part in zip(instance.denominators, box, strict=True)]
    tops = [float((a + b).max()) for a, b in zip(lost, paid, strict=True)]
    terms = sum(float(np.abs(a).max() + np.abs(b).max()) for a, b in zip(lost, paid, strict=True))
    slack = 4.0 * EPS * (len(box) + 4) * (terms + abs(price * size) + abs(total))
    return total + sum(tops) - price * (size - 1.0) + slack


def without_unfit(instance: Instance, box: Levels, spans: Array | None, drops: Sequence[Any]) -> Levels:
    """The box without levels with which some type's size lies outside its span, whatever the other plans do.

    ``drops``: [[plan, levels], ...]. Raises NotTrustedError where one of them may fit.
    """
    if spans is None:
        raise NotTrustedError("levels are said not to fit sizes that are not confined")
    weights = [e[:, part] for e, part in zip(instance.denominators, box, strict=True)]
    slack = 16.0 * EPS * (len(box) + 4)
    parts = list(box)
    for plan, gone in drops:
        others = [w for j, w in enumerate(weights) if j != plan]
        low = sum((w.min(axis=1) for w in others), start=np.ones(instance.types))
        high = sum((w.max(axis=1) for w in others), start=np.ones(instance.types))
        out = np.isin(box[plan], gone)
        own = weights[plan][:, out]
        outside = (low[:, None] + own > spans[1][:, None] * (1.0 + slack)) | (
            high[:, None] + own < spans[0][:, None] * (1.0 - slack)
        )
        if not outside.any(axis=0).all():
            raise NotTrustedError("a level is said not to fit the sizes, and it may")
        parts[plan] = box[plan][~out]
    return tuple(parts)
