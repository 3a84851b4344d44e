"""Sums over the plans of a nest at every combination of their levels, which may be tens of thousands.

A member's attraction in a combination is b I^(lambda - 1): b is of its own level alone and I the sum of b over the
members. So what is summed are small tables by member and level, prefix by prefix of the combinations, and the power is
taken once a combination. Only customer types to whom some member is offered are worked on.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.economics import choice
from optimizer.typing import Array, Ints

LEAST = 1e-140
"""Least I, beside a largest b of 1, at which its square loses nothing that counts; where a combination has less,
shares are worked out by logarithms."""


@dataclass(frozen=True)
class _Depth:
    """The different beginnings of the combinations up to one member."""

    parent: Ints
    """(n,) place of the beginning without this member."""
    level: Ints
    """(n,) level of this member."""


class NestSums:
    """Of one nest. Tables are (I, L_m) by member, results (I, L) with 0 for types to whom nothing is offered."""

    def __init__(
        self, levels: Ints, attraction: Sequence[Array], duration: Sequence[Array], dissimilarity: float
    ) -> None:
        """``levels``: (L, members), in lexicographic order. ``attraction``, ``duration``: of each member alone."""
        self._depths = _beginnings(levels)
        self._levels = levels
        self._shape = (len(attraction[0]), len(levels))
        self._types = _reached(attraction)
        own = [a[self._types] for a in attraction]
        self._powers, self._factor, self._each = _weights(own, levels, dissimilarity, self._total)
        self._duration = [d[self._types] for d in duration]

    @cached_property
    def _stock(self) -> Array:
        return self._times(self._summed(self._duration))

    @property
    def stock(self) -> Array:
        """(I, L) attraction times duration."""
        return self._placed(self._stock)

    def stock_of(self, tables: Sequence[Array]) -> Array:
        """(I, L) sum of attraction times duration times a table."""
        return self._placed(self._times(self._summed(self._lasting(tables))))

    def mean(self, tables: Sequence[Array]) -> Array:
        """(I, L) mean of tables over the stock."""
        return self._placed(self._over_stock(self._times(self._summed(self._lasting(tables)))))

    def attraction(self) -> Array:
        """(I, L) sum of attractions."""
        return self._placed(self._times(self._summed([np.ones_like(d) for d in self._duration])))

    def mean_of_attracted(self, tables: Sequence[Array]) -> Array:
        """(I, L) mean over the stock of tables times the member's own attraction."""
        lasting = self._lasting(tables)
        if self._each is not None:
            total = sum(a * a * t.T[k] for a, t, k in zip(self._each, lasting, self._levels.T, strict=True))
        else:
            squares = [p * p * t for p, t in zip(self._powers, lasting, strict=True)]
            total = self._total(squares) * self._factor * self._factor
        return self._placed(self._over_stock(np.asarray(total)))

    def _lasting(self, tables: Sequence[Array]) -> list[Array]:
        return [t[self._types] * d for t, d in zip(tables, self._duration, strict=True)]

    def _summed(self, tables: Sequence[Array]) -> Array:
        """(L, types) sum of b times a table, or of attraction times it where that is known by member."""
        if self._each is not None:
            return np.asarray(sum(a * t.T[k] for a, t, k in zip(self._each, tables, self._levels.T, strict=True)))
        return self._total([p * t for p, t in zip(self._powers, tables, strict=True)])

    def _times(self, total: Array) -> Array:
        if self._each is None:
            total *= self._factor
        return total

    def _over_stock(self, total: Array) -> Array:
        return np.divide(total, self._stock, out=np.zeros_like(total), where=self._stock > 0.0)

    def _total(self, tables: Sequence[Array]) -> Array:
        """(L, types) sum over the members of tables (types, L_m) at their levels."""
        total = np.zeros((1, len(tables[0])))
        for table, depth in zip(tables, self._depths, strict=True):
            grown = total[depth.parent]
            grown += np.ascontiguousarray(table.T)[depth.level]
            total = grown
        return total

    def _placed(self, found: Array) -> Array:
        """(I, L) of (L, types)."""
        out = np.zeros((self._shape[1], self._shape[0]))
        out[:, self._types] = found
        return out.T


def _beginnings(levels: Ints) -> list[_Depth]:
    """By member, from the first; the last ones are the combinations themselves."""
    place = np.zeros(len(levels), dtype=np.intp)
    found = []
    for own in levels.T:
        count = int(own.max()) + 1
        pairs, place = np.unique(place * count + own, return_inverse=True)
        found.append(_Depth(pairs // count, pairs % count))
    return found


def _weights(
    attraction: list[Array], levels: Ints, dissimilarity: float, total: Callable[[Sequence[Array]], Array]
) -> tuple[list[Array], Array, list[Array] | None]:
    """b by member (types, L_m) and I^(lambda - 1) (L, types); or, where b would leave the range of numbers, the
    members' attractions (L, types) themselves."""
    largest = np.max([a.max(axis=1) for a in attraction], axis=0)
    unit = np.where(largest > 0.0, largest, 1.0)
    with np.errstate(under="ignore"):
        powers = [choice.nest_power(a, unit[:, None], dissimilarity) for a in attraction]
    sums = total(powers)
    low = sums < LEAST
    if low.any() and np.any(low & (total([(a > 0.0).astype(np.float64) for a in attraction]) > 0.0)):
        alone = np.stack([a.T[k] for a, k in zip(attraction, levels.T, strict=True)], axis=-1)
        together = choice.nested(alone, dissimilarity)
        return [], np.empty(0), list(np.ascontiguousarray(np.moveaxis(together, -1, 0)))
    return powers, choice.nest_factor(sums, unit, dissimilarity), None


def _reached(attraction: Sequence[Array]) -> slice:
    """From the first to the last type to whom some member is offered."""
    reached = np.flatnonzero(np.any([(a > 0.0).any(axis=1) for a in attraction], axis=0))
    return slice(0, 0) if not len(reached) else slice(int(reached[0]), int(reached[-1]) + 1)
