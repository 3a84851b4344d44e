"""The search's own layout of an instance: all plans' levels below one another, one matrix a figure.

A *column* numbers a (plan, level) pair across plans. Within a plan columns follow rising mean attraction, so that
cutting a plan's columns in the middle separates strong levels from weak ones.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.errors import bad_argument
from optimizer.model.instance import Figure, Instance, Limit
from optimizer.search.tuning import DEFAULT
from optimizer.typing import Array, Bools, Ints, LevelIndices

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True)
class Box:
    """Allowed levels (sorted original indices) of every plan, at one mix level or, with None, at all of them."""

    levels: tuple[Ints, ...]
    mix: int | None = None

    @property
    def choices(self) -> int:
        """Menus in the box (a Python int), rules not counted."""
        count = 1
        for part in self.levels:
            count *= len(part)
        return count


@dataclass(frozen=True)
class Rows:
    """Q linear figures side by side; the burst parts are kept elsewhere."""

    matrix: Array
    """(Q, T, I) amount times numerator weight, per base-reached person on the alternatives."""
    outside: Array
    """(Q, I)."""
    fixed: Array
    """(Q, T)."""
    offset: Array
    """(Q, M) mix part plus constant."""
    again: tuple[Array | None, ...] = ()
    """Per figure (T, I) what stands before 1 / (1 + odds), times numerator weight; None where there is no such part.
    Empty where no figure has one: then all are linear."""


@dataclass(frozen=True)
class Origin:
    """What a merged problem was made of."""

    layout: Layout
    groups: tuple[tuple[int, ...], ...]
    """Plans of that problem in each merged plan."""
    parts: tuple[Ints, ...]
    """Per merged plan (levels, members) columns of that problem, by merged level."""


@dataclass(frozen=True)
class Layout:
    """One instance, one aim and its limits, laid out for the search. Figures: aim, limits, then use of each block."""

    instance: Instance
    customers: Array
    """(M, I)."""
    starts: Ints
    """(J + 1,) first column of each plan."""
    level: Ints
    """(T,) original level of a column."""
    column: tuple[Ints, ...]
    """Per plan (L_j,) column of an original level."""
    weight: Array
    """(T, I) denominator weights."""
    rows: Rows
    limits: int
    burst: Array
    """(1 + K, H) burst part of the aim and of each limit, per GPU."""
    reserved: Array
    """(H,) GPUs."""
    room: Array
    """(H,) burst limit with the tolerance of ``within_burst``, GPUs."""
    magnitude: Array
    """(Q, M) no choice's terms add up to more than this in absolute value."""
    rules: tuple[tuple[int, int, Bools], ...]
    """(first plan, second plan, allowed by rank)."""
    types: tuple[slice, ...]
    """Per plan a range of types outside which it neither weighs nor brings anything; told of plans with very many
    levels, all types for others."""
    origin: Origin | None = None
    exact: Rows | None = None
    """The figures as they are where some of them have an ``again`` part; ``rows`` then holds linear ones that they
    do not exceed over the columns ``stated``, see ``levels.again``. None where all are linear."""
    odds: Array | None = None
    """(T, I) attraction against the alternatives, where ``exact`` is given."""
    stated: tuple[Ints, ...] = ()

    @property
    def true_rows(self) -> Rows:
        """The figures as they are, for evaluation."""
        return self.rows if self.exact is None else self.exact

    @property
    def plans(self) -> int:
        return len(self.column)

    @property
    def depth(self) -> int:
        """How often plans were merged."""
        return 0 if self.origin is None else 1 + self.origin.layout.depth

    @property
    def blocks(self) -> int:
        return len(self.reserved)

    @cached_property
    def scales(self) -> Array:
        """(Q,) a positive size of every figure."""
        size = np.array(self.magnitude.max(axis=1))
        if self.blocks:
            k = 1 + self.limits
            size[k:] += np.abs(self.reserved)
            peak = size[k:] + np.abs(self.reserved)
            size[:k] += np.abs(self.burst) @ peak
        return np.where(size > 0.0, size, 1.0)

    @cached_property
    def has_multipliers(self) -> bool:
        """Whether there is anything to choose: a limit, a burst price or a burst limit."""
        return self.limits > 0 or bool(np.any(self.burst) or np.any(np.isfinite(self.room)))

    def menu(self, columns: Ints) -> LevelIndices:
        """Level indices of the instance of one column per plan."""
        if self.origin is None:
            return tuple(int(k) for k in self.level[columns])
        inner = np.empty(self.origin.layout.plans, dtype=np.intp)
        for group, part, level in zip(self.origin.groups, self.origin.parts, self.level[columns], strict=True):
            inner[list(group)] = part[level]
        return self.origin.layout.menu(inner)

    def columns(self, menu: Sequence[int]) -> Ints:
        """One column per plan of original level indices; of plans taken together the level that stands for most of
        them, where none stands for all."""
        if self.origin is not None:
            inner = self.origin.layout.columns(menu)
            pairs = zip(self.origin.groups, self.origin.parts, self.column, strict=True)
            near = [own[int((part == inner[list(group)]).sum(axis=1).argmax())] for group, part, own in pairs]
            return np.array(near, dtype=np.intp)
        return np.array([c[k] for c, k in zip(self.column, menu, strict=True)], dtype=np.intp)


def prepare(instance: Instance, aim: Figure, limits: Sequence[Limit] = ()) -> Layout:
    """Check every number and lay the problem out. Raises InputError for NaN, infinite or mis-shaped input."""
    check_instance(instance)
    figures = [aim, *(limit.figure for limit in limits), *(block.use for block in instance.blocks)]
    names = ["aim", *(f"limit {k.name}" for k in limits), *(f"use of block {b.name}" for b in instance.blocks)]
    for name, figure in zip(names, figures, strict=True):
        check_figure(instance, figure, name)
    order = tuple(_by_attraction(instance, j) for j in range(instance.plans))
    starts = np.concatenate([[0], np.cumsum(instance.levels)]).astype(np.intp)
    weight = stack(instance.denominators, order)
    rows = lay_rows(instance, figures, order)
    types = tuple(_types(instance, j) for j in range(instance.plans))
    rank = tuple(np.argsort(o, kind="stable").astype(np.intp) for o in order)
    priced = figures[: 1 + len(limits)]
    twofold = bool(rows.again)
    return Layout(
        instance=instance,
        customers=np.ascontiguousarray(instance.customers, dtype=np.float64),
        starts=starts,
        level=np.concatenate(order).astype(np.intp),
        column=tuple(r + s for r, s in zip(rank, starts[:-1], strict=True)),
        weight=weight,
        rows=rows,
        limits=len(limits),
        burst=np.array([f.burst for f in priced], dtype=np.float64).reshape(len(priced), len(instance.blocks)),
        reserved=np.array([b.reserved for b in instance.blocks], dtype=np.float64),
        room=np.array([b.limit + 1e-9 * (b.reserved + b.limit) for b in instance.blocks], dtype=np.float64),
        magnitude=_magnitude(instance.customers, starts, weight, rows, types),
        rules=tuple((r.first, r.second, r.allowed[np.ix_(order[r.first], order[r.second])]) for r in instance.rules),
        types=types,
        exact=rows if twofold else None,
        odds=stack(instance.odds, order) if twofold else None,
    )


def stack(parts: Sequence[Array], order: Sequence[Ints]) -> Array:
    """(I, L_j) per plan to one C-contiguous (T, I)."""
    return np.ascontiguousarray(np.concatenate([p.T[o] for p, o in zip(parts, order, strict=True)]), dtype=np.float64)


def lay_rows(instance: Instance, figures: Sequence[Figure], order: Sequence[Ints] | None = None) -> Rows:
    """Figures as rows; ``order`` lists the original levels of each plan in column order (default: as they are)."""
    if order is None:
        order = [np.arange(n, dtype=np.intp) for n in instance.levels]
    total, types = sum(instance.levels), instance.types
    matrix = np.empty((len(figures), total, types))
    at = 0
    for j, (w, o) in enumerate(zip(instance.attraction, order, strict=True)):
        weight = w.T[o]
        for q, figure in enumerate(figures):
            np.multiply(figure.amounts[j].T[o], weight, out=matrix[q, at : at + len(o)])
        at += len(o)
    fixed = np.array([np.concatenate([g[o] for g, o in zip(f.fixed, order, strict=True)]) for f in figures])
    outside = np.array([f.outside for f in figures], dtype=np.float64)
    offset = np.array([f.mix + f.constant for f in figures], dtype=np.float64)
    shape = len(figures)
    again = tuple(_laid_again(instance, figure, order) for figure in figures)
    again = again if any(part is not None for part in again) else ()
    return Rows(matrix, outside.reshape(shape, types), fixed.reshape(shape, total), offset.reshape(shape, -1), again)


def _laid_again(instance: Instance, figure: Figure, order: Sequence[Ints]) -> Array | None:
    """(T, I) of one figure; None where it has no such part."""
    if not figure.again:
        return None
    own = [a.T[o] * w.T[o] for a, w, o in zip(figure.again, instance.attraction, order, strict=True)]
    return np.ascontiguousarray(np.concatenate(own))


def whole(instance: Instance) -> Box:
    """Every level at every mix level."""
    return Box(tuple(np.arange(n, dtype=np.intp) for n in instance.levels))


def checked_box(instance: Instance, box: Box | None) -> Box:
    """The box with its levels sorted and unique; the whole instance for None."""
    if box is None:
        return whole(instance)
    if len(box.levels) != instance.plans:
        raise bad_argument("box", f"has levels for {len(box.levels)} plans, the instance has {instance.plans}")
    levels = tuple(np.unique(np.asarray(part, dtype=np.intp)) for part in box.levels)
    for j, (part, n) in enumerate(zip(levels, instance.levels, strict=True)):
        if len(part) and (part[0] < 0 or part[-1] >= n):
            raise bad_argument(f"box.levels[{j}]", f"has a level outside 0..{n - 1}")
    if box.mix is not None and not 0 <= box.mix < instance.mixes:
        raise bad_argument("box.mix", f"is {box.mix}, there are {instance.mixes} mix levels")
    return Box(levels, box.mix)


def check_instance(instance: Instance) -> None:
    """Refuse what no bound could be computed from."""
    _finite("customers", instance.customers)
    if instance.customers.ndim != 2 or not instance.customers.size or np.any(instance.customers <= 0.0):
        raise bad_argument("instance.customers", "must be positive, one row a mix level")
    if not instance.attraction or min(instance.levels) < 1:
        raise bad_argument("instance.attraction", "needs at least one plan, and one level a plan")
    for j, (w, e) in enumerate(zip(instance.attraction, instance.denominators, strict=True)):
        _finite(f"attraction[{j}]", w)
        _finite(f"denominators[{j}]", e)
        if w.shape != e.shape or w.shape[0] != instance.types:
            raise bad_argument(f"instance.attraction[{j}]", "and denominators must both be (types, levels)")
        if np.any(e < 0.0) or np.any(w < 0.0):
            raise bad_argument(f"instance.denominators[{j}]", "and attractions must not be negative")
    for block in instance.blocks:
        if not np.isfinite(block.reserved) or np.isnan(block.limit):
            raise bad_argument(f"blocks.{block.name}", "reserved must be finite and the limit a number")
        if np.any(block.use.burst != 0.0) or block.use.again:
            raise bad_argument(f"blocks.{block.name}.use", "must have no burst part and no again part of its own")
    for j, (o, w) in enumerate(zip(instance.odds, instance.attraction, strict=bool(instance.odds))):
        _finite(f"odds[{j}]", o)
        if o.shape != w.shape or np.any(o < 0.0):
            raise bad_argument(f"instance.odds[{j}]", "must be (types, levels) and not negative")


def check_figure(instance: Instance, figure: Figure, name: str) -> None:
    """Refuse NaN, infinities and wrong shapes."""
    shapes = [(a.shape, w.shape) for a, w in zip(figure.amounts, instance.attraction, strict=True)]
    shapes += [(g.shape, (n,)) for g, n in zip(figure.fixed, instance.levels, strict=True)]
    shapes += [(figure.outside.shape, (instance.types,)), (figure.mix.shape, (instance.mixes,))]
    shapes += [(figure.burst.shape, (len(instance.blocks),))]
    if figure.again and not instance.odds:
        raise bad_argument(name, "has an again part, and the instance gives no odds")
    shapes += [(a.shape, w.shape) for a, w in zip(figure.again, instance.attraction, strict=bool(figure.again))]
    for got, wanted in shapes:
        if got != wanted:
            raise bad_argument(name, f"has an array of shape {got} where {wanted} is needed")
    for part in (
        *figure.amounts,
        *figure.again,
        *figure.fixed,
        figure.outside,
        figure.mix,
        np.array(figure.constant),
        figure.burst,
    ):
        _finite(name, part)


def _finite(name: str, values: Array) -> None:
    if not np.all(np.isfinite(values)):
        raise bad_argument(name, "holds NaN or infinite numbers", "find and correct them in the input")


def _by_attraction(instance: Instance, plan: int) -> Ints:
    """Levels of a plan by rising share they would take alone, over all types; ties by index."""
    e = instance.denominators[plan]
    share = instance.customers.mean(axis=0) @ (e / (1.0 + e))
    return np.argsort(share, kind="stable").astype(np.intp)


def _types(instance: Instance, plan: int) -> slice:
    """See ``Layout.types``."""
    w, e = instance.attraction[plan], instance.denominators[plan]
    if w.shape[1] < DEFAULT.wide_levels:
        return slice(None)
    met = np.flatnonzero((w.max(axis=1) > 0.0) | (e.max(axis=1) > 0.0))
    return slice(int(met[0]), int(met[-1]) + 1) if len(met) else slice(0, 1)


def _magnitude(customers: Array, starts: Ints, weight: Array, rows: Rows, types: Sequence[slice]) -> Array:
    """(Q, M): |offset| + n|outside| + per plan the largest n|amount w| / (1 + e) + |fixed|, as y <= n / (1 + e).

    Nothing that is divided by 1 + odds is larger for that.
    """
    out = np.abs(rows.offset) + np.abs(rows.outside) @ customers.T
    for first, end, own in zip(starts[:-1], starts[1:], types, strict=True):
        alone = 1.0 / (1.0 + weight[first:end, own])
        for q in range(len(rows.fixed)):
            size = np.abs(rows.matrix[q, first:end, own])
            more = rows.again[q] if rows.again else None
            if more is not None:
                size += np.abs(more[first:end, own])
            size *= alone
            level = size @ customers[:, own].T + np.abs(rows.fixed[q, first:end])[:, None]
            out[q] += level.max(axis=0)
    return np.asarray(out)
