"""Simulated use: what customers ask for by day, spell and AI model, and what the caps of their plan let through."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from optimizer.economics.population import Caps
from optimizer.market.modes import MONTH_DAYS
from optimizer.schema.market import Usage
from optimizer.typing import Array, Bools, Ints

MORNING = 8
"""Hour at which the first block of hours begins."""
WINDOW_HOURS = {"3h": 3, "5h": 5}


@dataclass(frozen=True)
class Habit:
    """How a segment uses the service."""

    active: float
    """Probability of use on a day."""
    a_day: float
    """Requests wanted on a day of use are those of a month divided by this."""
    spells: float
    short: float
    day: float
    week: float
    month: float
    split: Array
    """(A,) share of the requests by AI model."""
    hours: Array
    """(24,) probability that a spell begins in an hour."""


def habit_of(usage: Usage, ai_models: Sequence[str], blocks: Mapping[str, float]) -> Habit:
    """A segment's habit; ``blocks`` are the hours a month of each block, which follow each other through the day."""
    sigmas = usage.window_sigmas
    days = min(usage.active_days.value, MONTH_DAYS)
    return Habit(
        active=days / MONTH_DAYS,
        a_day=days,
        spells=max(usage.windows_per_day.value, 1.0),
        short=sigmas.short.value,
        day=sigmas.day.value,
        week=sigmas.week.value,
        month=sigmas.month.value,
        split=np.array([usage.ai_models[a].value if a in usage.ai_models else 0.0 for a in ai_models]),
        hours=_clock({b: usage.hours[b].value if b in usage.hours else 0.0 for b in blocks}, blocks),
    )


def _clock(shares: Mapping[str, float], blocks: Mapping[str, float]) -> Array:
    """(24,) share of each hour of the day."""
    edges = np.cumsum([0.0, *(h / sum(blocks.values()) * 24.0 for h in blocks.values())])
    found = np.zeros(24)
    for share, start, end in zip(shares.values(), edges, edges[1:], strict=False):
        hours = np.arange(round(start), max(round(end), round(start) + 1)) + MORNING
        found[hours % 24] += share / len(hours)
    return np.asarray(found / found.sum())


@dataclass(frozen=True)
class Wishes:
    """Requests wanted, one row a spell, in order of customer, day and hour."""

    customer: Ints
    day: Ints
    hour: Ints
    requests: Ints
    """(n, A)."""


def wishes(habit: Habit, monthly: Array, days: int, present: Bools, rng: np.random.Generator) -> Wishes:
    """What customers with ``monthly`` (C,) wishes a month ask for on the days (C, D) on which they are customers.

    Demand on a day of use is lognormal about a customer's mean, with parts that last a week and a month; it is spread
    over spells of use, and counts are Poisson.
    """
    size = len(monthly)
    week = math.sqrt(max(habit.week**2 - habit.month**2, 0.0))
    rest = math.sqrt(max(habit.day**2 - habit.week**2, 0.0))
    months = habit.month * rng.standard_normal((size, days // 30 + 1))
    weeks = week * rng.standard_normal((size, days // 7 + 1))
    customer, day = np.nonzero(present & (rng.random((size, days)) < habit.active))
    log = months[customer, day // 30] + weeks[customer, day // 7] + rest * rng.standard_normal(len(customer))
    wanted = monthly[customer] / habit.a_day * np.exp(log - 0.5 * habit.day**2)
    spells = 1 + rng.poisson(habit.spells - 1.0, len(customer))
    of = np.repeat(np.arange(len(customer)), spells)
    uneven = math.sqrt(max(habit.short**2 - habit.day**2, 0.0))
    weight = np.exp(uneven * rng.standard_normal(len(of)))
    mean = wanted[of] * weight / np.bincount(of, weight, len(customer))[of]
    hour = rng.choice(24, len(of), p=habit.hours)
    count = rng.poisson(np.minimum(mean, 1e15))
    keep = np.flatnonzero(count)
    keep = keep[np.lexsort((hour[keep], of[keep]))]
    requests = _split(count[keep], habit.split, rng)
    return Wishes(customer[of[keep]], day[of[keep]], hour[keep], requests)


def _split(count: Ints, split: Array, rng: np.random.Generator) -> Ints:
    """(n, A) multinomial."""
    left, rest, parts = count, 1.0, []
    for share in split[:-1]:
        part = rng.binomial(left, min(max(share / rest, 0.0), 1.0) if rest > 1e-12 else 0.0)
        parts.append(part)
        left, rest = left - part, rest - share
    return np.stack([*parts, left], axis=1).astype(np.intp)


def served(
    asked: Wishes, caps: Sequence[Caps | None], fallback: int | None, limit: float, sold: Sequence[bool]
) -> Ints:
    """(n, A) requests that a plan serves: within its caps, in order of time; what is refused falls back or is lost.

    ``caps`` by AI model, None = not included; ``sold`` whether more is bought by the request.
    """
    got = np.zeros_like(asked.requests)
    refused = np.zeros(len(asked.day), np.intp)
    for a, limits in enumerate(caps):
        wanted = asked.requests[:, a]
        if a == fallback and limits is None:
            taken = wanted  # what others fall back to is there for its own wishes too
        elif limits is None:
            taken = wanted if sold[a] else np.zeros_like(wanted)
        else:
            taken = wanted if sold[a] else _capped(asked, wanted, limits)
        got[:, a] += taken
        refused += wanted - taken
    if fallback is not None:
        got[:, fallback] += refused if not np.isfinite(limit) else _within(_key(asked, asked.day), refused, limit)
    return got


def _capped(asked: Wishes, wanted: Ints, limits: Caps) -> Ints:
    """Requests within every cap, the shorter window first."""
    for window, cap in limits:
        if window in WINDOW_HOURS:
            key = _rolling(asked, WINDOW_HOURS[window])
        else:
            length = {"day": 1, "week": 7, "month": 30}[window]
            key = _key(asked, asked.day // length)
        wanted = _within(key, wanted, cap)
    return wanted


def _key(asked: Wishes, period: Ints) -> Ints:
    """A number for each customer and period, rising."""
    return np.asarray(asked.customer * (int(asked.day.max(initial=0)) + 2) + period)


def _within(key: Ints, wanted: Ints, cap: float) -> Ints:
    """What is served of each row when a key's rows, in order, share a cap."""
    total = np.cumsum(wanted) - wanted
    first = np.r_[True, key[1:] != key[:-1]] if len(key) else np.zeros(0, bool)
    before = total - np.maximum.accumulate(np.where(first, total, 0))
    return np.asarray(np.clip(math.floor(cap) - before, 0, wanted).astype(np.intp))


def _rolling(asked: Wishes, length: int) -> Ints:
    """A number for each window of some hours, the next of which opens at the first request after it."""
    key = _key(asked, asked.day)
    _, of = np.unique(key, return_inverse=True)
    size = int(of.max(initial=-1)) + 1
    opened, window = np.full(size, -99), np.zeros(len(of), np.intp)
    late = np.ones(len(of), bool)
    while late.any():
        following = np.full(size, 99)
        np.minimum.at(following, of[late], asked.hour[late])
        opened = np.where(following < 99, following, opened)
        late &= asked.hour >= (opened + length)[of]
        window[late] += 1
    return np.asarray(of * 25 + window)
