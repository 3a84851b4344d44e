"""Plans with very many levels: the bound of ``levels.bounds`` without copies of what they bring.

A nest taken together has thousands of levels, and only the types of one channel meet it. So a bound reads the layout's
rows where they lie and only those types; and what it reads is kept for the other mix levels, whose first bounds differ
in the number of people alone.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from optimizer.search.levels.bounds import (
    BoxBound,
    Form,
    Reference,
    around_reference,
    combine_rows,
    cut_of,
    others,
    plan_rates,
    slack_of,
)
from optimizer.search.levels.layout import Layout
from optimizer.typing import Array, Ints


def is_wide(box: tuple[Ints, ...], least: int) -> bool:
    """Whether some plan of a box has very many levels, so many at least."""
    return max(map(len, box)) >= least


def thinned(layout: Layout, box: tuple[Ints, ...], most: int) -> tuple[Ints, ...]:
    """The box with at most so many levels a plan, evenly by original level."""

    def few(columns: Ints) -> Ints:
        if len(columns) <= most:
            return columns
        ordered = columns[np.argsort(layout.level[columns], kind="stable")]
        return np.sort(ordered[np.linspace(0, len(ordered) - 1, most).astype(np.intp)])

    return tuple(few(columns) for columns in box)


def picked(table: Array, columns: Ints, types: slice) -> Array:
    """(n, types) rows of a table (T, I): a view where the columns are neighbours."""
    first, last = int(columns[0]), int(columns[-1])
    return table[first : last + 1, types] if last - first + 1 == len(columns) else table[columns, types]


@dataclass(frozen=True)
class _Tables:
    """What a bound reads, whatever the number of people."""

    box: tuple[Ints, ...]
    least: Array
    """(J, I) least and largest weights of each plan in the box."""
    most: Array
    rates: tuple[Array, ...]
    """Per plan (L_j, types of the plan) D per person."""
    rest: tuple[Array, ...]
    """Per plan (I,) the same for the other types, at whatever level; 0 for the plan's own."""
    largest: Array
    """(J, I) largest absolute value."""


@dataclass
class WideBounds:
    """The bound, and the tables kept: so many."""

    most: int
    _kept: dict[tuple[object, ...], _Tables] = field(default_factory=dict)
    _layout: Layout | None = None

    def bound(self, layout: Layout, form: Form, box: tuple[Ints, ...], mix: int, reference: Reference) -> BoxBound:
        """As ``bounds.bound_box``, up to rounding."""
        weight, rows, people = layout.weight, layout.rows, layout.customers[mix]
        center = reference.columns
        at_rows = rows.matrix[:, center]
        value_at = combine_rows(form.weights, at_rows)
        outside = form.weights @ rows.outside
        size, unit, base = around_reference(weight[center], value_at, outside, reference.shift)
        tables = self._tables(layout, form, box, reference, unit, base)
        around = (others(tables.least), others(tables.most))
        level = form.weights @ rows.fixed
        potential = tuple(
            rates @ people[types] + float(rest @ people) + (level[columns] - level[at])
            for rates, rest, types, columns, at in zip(
                tables.rates, tables.rest, layout.types, box, center, strict=True
            )
        )
        best = np.array([columns[int(p.argmax())] for columns, p in zip(box, potential, strict=True)], dtype=np.intp)
        top = np.array([float(p.max()) for p in potential])
        own, value = weight[best], combine_rows(form.weights, rows.matrix[:, best])
        at_value = float(people @ unit + level[center].sum() + form.weights @ rows.offset[:, mix] + form.shift)
        reach = people / (around[0][0] + tables.least[0])
        terms = float((tables.largest @ reach).sum()) + 2.0 * float((tables.most @ (np.abs(unit) * reach)).sum())
        terms += 2.0 * ((np.abs(base) + np.abs(value_at)).sum(axis=0) + np.abs(outside) + np.abs(unit)) @ reach
        slack = slack_of(layout, form, mix, len(box), float(terms))
        reached = people / (np.where(value - unit * own > base, *around) + own)
        cut, rest, at_best = cut_of(layout, mix, reference, best, at_rows, size, reached)
        gradient = people - (own * reached).sum(axis=0) - reached
        fall = float(max(t - p.min() for t, p in zip(top, potential, strict=True)))
        total = at_value + float(top.sum()) + slack
        return BoxBound(total, potential, top, best, at_value, cut, rest, gradient, at_best, fall)

    def _tables(
        self, layout: Layout, form: Form, box: tuple[Ints, ...], reference: Reference, unit: Array, base: Array
    ) -> _Tables:
        """Those of a question asked before for another number of people, or new ones."""
        if layout is not self._layout:
            self._kept, self._layout = {}, layout
        key = (tuple(map(id, box)), form.weights.tobytes(), reference.columns.tobytes())
        found = self._kept.get(key) if reference.shift is None else None
        if found is None:
            found = _made(layout, form, box, unit, base)
            if reference.shift is None:
                self._kept[key] = found
                if len(self._kept) > self.most:
                    del self._kept[next(iter(self._kept))]
        return found


def _made(layout: Layout, form: Form, box: tuple[Ints, ...], unit: Array, base: Array) -> _Tables:
    plans, count = len(box), layout.weight.shape[1]
    least, most, largest = np.zeros((3, plans, count))
    values = []
    for j, (columns, types) in enumerate(zip(box, layout.types, strict=True)):
        own = picked(layout.weight, columns, types)
        least[j, types], most[j, types] = own.min(axis=0), own.max(axis=0)
        values.append(_value(layout, form, columns, types))
        largest[j, types] = np.maximum(values[j].max(axis=0), -values[j].min(axis=0))
    low, high = others(least), others(most)
    rates, rest = [], []
    for j, (columns, types) in enumerate(zip(box, layout.types, strict=True)):
        own = picked(layout.weight, columns, types)
        rates.append(plan_rates(own, values[j], unit[types], base[j, types], low[j, types], high[j, types]))
        beyond = -base[j] / np.where(base[j] < 0.0, low[j], high[j])
        beyond[types] = 0.0
        rest.append(beyond)
    return _Tables(box, least, most, tuple(rates), tuple(rest), largest)


def _value(layout: Layout, form: Form, columns: Ints, types: slice) -> Array:
    """(n, types) rows weighted; those of weight 0 are not read."""
    total: Array | None = None
    for q in np.flatnonzero(form.weights):
        part = form.weights[q] * picked(layout.rows.matrix[q], columns, types)
        total = part if total is None else np.add(total, part, out=total)
    return np.zeros((len(columns), len(layout.weight[0, types]))) if total is None else total
