"""What can be said of the customers under every path of a box of menus: intervals, month by month.

Customers of a plan are told given the own column of its group, deciders per weight given the own column of one group.
A stage starts from the hull over the columns that may come before. Where terms are kept, there is a band of customers
for every stage in which they joined, each told given the column of that stage. Everyone together is known exactly
without ``Horizon.reach`` and an interval with it; it tells the most that the others leave over for the alternatives and
for any one plan.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from optimizer.horizon.instance import Horizon
from optimizer.typing import Array, Bools, Ints

SIDES = np.array([1.0, -1.0])
"""Intervals are held as (least, minus most): one operation serves both ends, and both hulls are minima."""


@dataclass(frozen=True)
class StageRanges:
    """Of the M months of a stage, over the n columns that it may take and their m entries; W types."""

    months: range
    columns: Ints
    """(n,)"""
    entries: Ints
    """(m,)"""
    begin: Ints
    """(n,) where each column's entries begin."""
    customers: Array
    """(M, 2, m, W) (least, minus most) on the entry's plan and terms before the month, if its group stands there in the
    stage; where terms are kept, those who joined in this stage."""
    per_weight: Array
    """(M, 2, C, n, W) (least, minus most) deciders per unit of choice weight, if the column's group stands there."""
    after: Array
    """(2, m, W) as ``customers``, after the last month."""


@dataclass(frozen=True)
class _Band:
    """Customers on the terms of a stage's menus."""

    entries: Ints
    begin: Ints
    """(n,) where each column's entries begin."""
    group: Ints
    """(n,) group of every column."""
    first: Ints
    """(G,) where each group's columns begin."""
    state: Array
    """(2, m, W) customers."""

    def by_column(self, array: Array) -> Array:
        """Sums over each column's entries of (..., m, W)."""
        return np.asarray(np.add.reduceat(array, self.begin, axis=-2))

    def hull(self, array: Array) -> Array:
        """Least over each group's columns of (..., n, W)."""
        return np.asarray(np.minimum.reduceat(array, self.first, axis=-2))


@dataclass(frozen=True)
class _Flows:
    """Of one band in a month: what its customers do, by column, (least, minus most)."""

    held: Array
    """(2, n, W)"""
    moving: Array
    """(2, C, n, W) deciders."""
    beyond: Array
    """(2, n, W) deciders of the alternatives' class, less what they would be at the alternatives' rate."""
    brought: Array
    """(2, n, W) people they bring, less what those with the alternatives bring, and 0 without reach."""


@dataclass(frozen=True)
class _Choice:
    """The menus of a stage to someone who decides."""

    columns: Ints
    column: Ints
    """(m,) place of every entry's column among the n."""
    weight: Array
    """(C, m, W)"""
    ours: Array
    """(2, C, W) choice weight of our plans together, (most, least): what (least, most) deciders are divided by."""
    given: Array
    """(2, C, n, W) the same, given the column of one group."""


@dataclass(frozen=True)
class _Others:
    """Customers of the alternatives, and everyone; (2, W), (least, minus most)."""

    outside: Array
    people: Array


def ranges(horizon: Horizon, box: Bools) -> Iterator[StageRanges]:
    """The intervals of every stage over a box (K, N) whose columns are all reachable (``paths.reachable``)."""
    h, old = horizon, _before(horizon)
    others = _Others(SIDES[:, None] * h.start[0], SIDES[:, None] * h.start.sum(axis=0))
    band = None
    for k, months in enumerate(h.months_of):
        if h.keeps and band is not None:
            old.append(band)
        band = _entering(h, k, np.flatnonzero(box[k]), band)
        choice = _choice(h, k, np.flatnonzero(box[k]), band)
        held, rates = [], []
        for t in months:
            held.append(band.state)
            rate, joined, others_after = _month(h, choice, t, [*old, band], others)
            rates.append(rate)
            most = np.minimum(others_after.people[1], 0.0) + np.minimum(others_after.outside[0], 0.0)
            old = [_after(h, k, b, np.zeros(1), most) for b in old]
            band, others = _after(h, k, band, joined, most), others_after
        yield StageRanges(months, choice.columns, band.entries, band.begin, np.stack(held), np.stack(rates), band.state)


def _before(horizon: Horizon) -> list[_Band]:
    """Those who keep the terms of today, if these are told."""
    if not horizon.keeps or horizon.today is None:
        return []
    band = _band(horizon, np.sort(horizon.today))
    return [replace(band, state=SIDES[:, None, None] * horizon.start[horizon.entry_row[band.entries]])]


def _band(horizon: Horizon, columns: Ints) -> _Band:
    """Nobody yet."""
    h, group = horizon, horizon.group[columns]
    width = h.widths[group]
    begin = np.cumsum(width) - width
    entries = np.repeat(h.entry_first[columns] - begin, width) + np.arange(width.sum())
    nobody = np.zeros((2, len(entries), h.types))
    return _Band(entries, begin, group, np.searchsorted(group, np.arange(h.groups)), nobody)


def _entering(horizon: Horizon, k: int, columns: Ints, before: _Band | None) -> _Band:
    """Customers on the terms of a stage at its start."""
    band, state = _band(horizon, columns), None
    if before is None and not (horizon.keeps and horizon.today is not None):
        state = SIDES[:, None, None] * horizon.start[horizon.entry_row[band.entries]]
    elif before is not None and not horizon.keeps:
        state = _moved_along(horizon, k, before.entries, band.entries, before.state)
    return band if state is None else replace(band, state=state)


def _moved_along(horizon: Horizon, k: int, before: Ints, entries: Ints, state: Array) -> Array:
    """Customers at the start of a stage: the hull over the columns before that a column may follow."""
    follows = horizon.came_from(k)
    full = np.full((2, len(horizon.entry_row) + 1, state.shape[2]), np.inf)
    full[:, before] = state
    sets, set_of = np.unique(follows.set_of[entries], return_inverse=True)
    size = np.diff(follows.first)
    used = np.repeat(np.isin(np.arange(len(size)), sets), size)
    hulls = np.minimum.reduceat(full[:, follows.columns[used]], np.cumsum(size[sets]) - size[sets], axis=1)
    return np.asarray(hulls[:, set_of.ravel()])


def _choice(horizon: Horizon, k: int, columns: Ints, band: _Band) -> _Choice:
    weight = horizon.at(horizon.choice_weight, k)[:, band.entries]
    summed = band.by_column(weight)
    hulls = np.stack([np.maximum.reduceat(summed, band.first, axis=1), np.minimum.reduceat(summed, band.first, axis=1)])
    others = (1.0 - np.eye(horizon.groups)) @ hulls  # differences would lose small weights beside large
    column = np.repeat(np.arange(len(columns)), horizon.widths[band.group])
    return _Choice(columns, column, weight, hulls.sum(axis=2), others[:, :, band.group] + summed)


def _flows(horizon: Horizon, k: int, band: _Band) -> _Flows:
    h, row = horizon, horizon.entry_row[band.entries]
    rate, own = h.at(h.decision_rate, k)[band.entries], h.members[:, row, None]
    beyond = _ends(own[h.origin[0]] * rate - h.outside_decision_rate, band.state)
    brought = np.zeros((2, 1, 1))
    if h.reach is not None:
        brought = band.by_column(_ends(h.reach.speed * (h.reach.referral[row] - h.reach.referral[0]), band.state))
    moving = band.by_column(own * (rate * band.state)[:, None])
    return _Flows(band.by_column(band.state), moving, band.by_column(beyond), brought)


def _ends(factor: Array, interval: Array) -> Array:
    """A factor of either sign times an interval."""
    ends = factor * interval
    return np.asarray(np.minimum(ends, -ends[::-1]))


def _month(
    horizon: Horizon, choice: _Choice, t: int, bands: list[_Band], others: _Others
) -> tuple[Array, Array, _Others]:
    """Deciders per weight (2, C, n, W), who joins every entry (2, m, W), and the others after the month.

    Deciders of the alternatives' class are told twice, the second time with n_0 written as everyone less the plans'
    customers; what is better holds. The last band is that of the month's menus: of it the own column is known.
    """
    h, zero, rho, k = horizon, horizon.origin[0], horizon.outside_decision_rate, int(horizon.stage[t])
    entrants, band = SIDES[:, None] * h.entrants[t], bands[-1]
    flows = [_flows(h, k, b) for b in bands]
    held = sum(b.hull(f.held).sum(axis=1) for b, f in zip(bands, flows, strict=True))
    outside = np.maximum(others.outside, others.people + held[::-1])
    sums = sum(b.hull(f.moving).sum(axis=2) for b, f in zip(bands, flows, strict=True))
    sums[:, zero] += rho * outside + entrants
    given = sums[:, :, None] + (flows[-1].moving - band.hull(flows[-1].moving)[:, :, band.group])
    total = rho * others.people + entrants
    total = total + sum(b.hull(f.beyond).sum(axis=1) for b, f in zip(bands, flows, strict=True))
    own = flows[-1].beyond - band.hull(flows[-1].beyond)[:, band.group]
    sums[:, zero] = np.maximum(sums[:, zero], total)
    given[:, zero] = np.maximum(given[:, zero], total[:, None] + own)
    away = h.outside_weight[t]
    rates = _divided(h, given, choice.given + away[:, None])
    chosen = (_divided(h, sums, choice.ours + away) * away).sum(axis=1)
    joined = (choice.weight * rates[:, :, choice.column]).sum(axis=1)
    return rates, joined, _others_after(h, t, bands, flows, _Others(outside, others.people), chosen)


def _divided(horizon: Horizon, deciders: Array, weight: Array) -> Array:
    """Deciders (least, minus most) by weight (most, least); fewer than none only where people are lost to sight."""
    if horizon.reach is None:
        found = deciders / weight
        np.maximum(found[0], 0.0, out=found[0])
        return np.asarray(found)
    return np.minimum(deciders / weight, deciders / weight[::-1])


def _others_after(
    horizon: Horizon, t: int, bands: list[_Band], flows: list[_Flows], others: _Others, chosen: Array
) -> _Others:
    """After those who choose the alternatives, who enter, and who are reached or lost to sight.

    The last are omega (base - n_0 (1 - psi_0) - sum over plans of (1 - psi_j) n_j), or with n_0 written as everyone
    less the plans' customers omega (base - everyone (1 - psi_0) + sum of (psi_j - psi_0) n_j); what is better holds.
    """
    h, rho = horizon, horizon.outside_decision_rate
    if h.reach is None:
        return _Others((1.0 - rho) * others.outside + chosen, SIDES[:, None] * h.people[t + 1])
    speed, referral = h.reach.speed, h.reach.referral
    base, lost = SIDES[:, None] * speed * h.reach.base[t], speed * (referral[0] - 1.0)
    brought, plans = np.zeros_like(base), np.zeros_like(base)
    for b, f in zip(bands, flows, strict=True):
        brought += b.hull(f.brought).sum(axis=1)
        factor = speed * (referral[h.entry_row[b.entries]] - 1.0)
        plans += b.hull(b.by_column(_ends(factor, b.state))).sum(axis=1)
    direct = _ends(1.0 - rho + lost, others.outside) + plans
    by_everyone = (1.0 - rho) * others.outside + _ends(lost, others.people) + brought
    people = _ends(1.0 + lost, others.people) + brought + base + SIDES[:, None] * h.entrants[t]
    return _Others(np.maximum(direct, by_everyone) + base + chosen, people)


def _after(horizon: Horizon, k: int, band: _Band, joined: Array, most: Array) -> _Band:
    """A band after a month; nobody's plan has more than everyone."""
    stays = 1.0 - horizon.at(horizon.decision_rate, k)[band.entries]
    state = stays * band.state + joined
    np.maximum(state[1], most, out=state[1])
    return replace(band, state=state)
