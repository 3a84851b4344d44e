"""A case over months as arrays: what the search over paths works with."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimizer.economics import dynamics
from optimizer.economics.figures import Selection
from optimizer.economics.population import Terms
from optimizer.economics.response import PerCustomer
from optimizer.errors import bad_argument
from optimizer.horizon.building import MOST_COLUMNS
from optimizer.horizon.instance import Horizon, Reach
from optimizer.horizon.moves import Moves, moves_of
from optimizer.horizon.shock import with_shock
from optimizer.horizon.shock_of_case import shock_of
from optimizer.horizon.streams import Stream, busy_streams, per_level, stream_of
from optimizer.horizon.timeline import Era, Timeline
from optimizer.model.choices import Level, same_level
from optimizer.model.composites import Composite
from optimizer.typing import Array, Bools, Ints
from optimizer.units import same

Tables = tuple[tuple[PerCustomer | None, ...], ...]
"""By plan and level."""
NEVER = 1e-30
"""Weight of the alternatives for those who stand for what is due, whom they never get."""


@dataclass(frozen=True)
class PosedPath:
    """A timeline as arrays. An era is a stage of the arrays."""

    timeline: Timeline
    streams: tuple[Stream, ...]
    per: tuple[Tables, ...]
    """By era."""

    @cached_property
    def parts(self) -> tuple[Composite, ...]:
        """The groups of plans."""
        return self.timeline.m.choices.composites.parts

    @cached_property
    def same(self) -> bool:
        """Whether all eras have one world."""
        return all(era.m is self.timeline.eras[0].m for era in self.timeline.eras)

    @cached_property
    def due(self) -> tuple[int, ...]:
        """Plans for which a stream has something due whoever takes them."""
        plans = range(len(self.timeline.m.choices.plans))
        return tuple(j for j in plans if any(own[j].any() for s in self.streams for own in s.fixed))

    @cached_property
    def horizon(self) -> Horizon:
        """The arrays; rows of weight are those of ``streams``, twice: without GPU time, and with it."""
        timeline, eras = self.timeline, self.timeline.eras[:1] if self.same else self.timeline.eras
        tables = [_entries(self, k) for k in range(len(eras))]
        stage = np.repeat(np.arange(len(timeline.eras)), [len(era.months) for era in timeline.eras])
        sizes = [len(part.levels) for part in self.parts]
        group_of = np.empty(len(timeline.m.choices.plans), dtype=np.intp)
        for g, part in enumerate(self.parts):
            group_of[list(part.plans)] = g
        extra = len(self.due)
        members, _ = timeline.habits.of(len(group_of))
        start = np.zeros((len(group_of) + 1, extra))
        for at, j in enumerate(self.due):
            start[j + 1, at] = 1.0
        zero = np.zeros((2 * len(self.streams), timeline.length))
        made = Horizon(
            start=np.concatenate([timeline.start, start], axis=1),
            choice_weight=np.stack([t[0] for t in tables]),
            decision_rate=np.stack([t[1] for t in tables]),
            reward=np.stack([t[2] for t in tables]),
            weight=zero,
            outside_weight=_outside(self),
            outside_decision_rate=np.concatenate([timeline.rate_outside, np.zeros(extra)]),
            entrants=np.concatenate([timeline.entrants, np.zeros((timeline.length, extra))], axis=1),
            stage=stage.astype(np.intp),
            first=np.concatenate([[0], np.cumsum(sizes)]).astype(np.intp),
            group_of=group_of,
            level=np.concatenate([part.levels.ravel() for part in self.parts]).astype(np.intp),
            moves=_moves(self),
            origin=members.argmax(axis=0).astype(np.intp),
            allowed=_allowed(self),
            reach=_reach(self),
            keeps=timeline.asked.holders == "keep",
            today=_today(self),
        )  # fmt: skip
        if any(stream.again is not None for stream in self.streams):
            made = replace(made, again=np.stack([_again(self, k) for k in range(len(eras))]))
        return made if timeline.asked.shock is None else with_shock(made, shock_of(timeline))

    def weight(self, values: Sequence[tuple[int, Array]]) -> Array:
        """(Q, T) of streams by position, each with its (T,) weight."""
        found = np.zeros((2 * len(self.streams), self.timeline.length))
        for at, own in values:
            found[2 * at] += own
            found[2 * at + 1] += own * self.timeline.gpu_time
        return found

    @cached_property
    def use(self) -> Array:
        """(H, Q, T) GPUs in a block of hours per unit of a stream; of the pool whose GPUs are ordered."""
        blocks = len(self.timeline.m.prepared.pools.blocks)
        found = np.zeros((blocks, 2 * len(self.streams), self.timeline.length))
        for h in range(blocks):
            found[h, 2 * (len(self.streams) - blocks + h) + 1] = self.timeline.gpu_time
        return found

    def levels(self, path: Ints) -> tuple[tuple[int, ...], ...]:
        """Levels by stage and plan, of a path of columns by era and group."""
        seen, choices = {era.stage: k for k, era in enumerate(self.timeline.eras)}, self.timeline.m.choices.composites
        if self.horizon.spelling is not None:
            path = self.horizon.spelling.plain(path)
        return tuple(choices.unpacked([int(c) for c in path[k] - self._first]) for _, k in sorted(seen.items()))

    def path(self, levels: Sequence[Sequence[int]]) -> Ints:
        """(K, G) columns by era and group, of levels by stage and plan. Raises KeyError where rules forbid them."""
        made = []
        for era in self.timeline.eras:
            packed = self.timeline.m.choices.composites.packed(levels[era.stage])
            if packed is None:
                raise KeyError("a rule within a nest forbids these levels")
            made.append(np.array(packed) + self._first)
        path, spelling = np.stack(made).astype(np.intp), self.horizon.spelling
        return path if spelling is None else spelling.spelled(path)

    @cached_property
    def _first(self) -> Ints:
        """(G,) first column of every group, as the case has them."""
        return np.cumsum([0, *(len(part.levels) for part in self.parts)])[:-1]


def posed(timeline: Timeline, figures: Sequence[tuple[str, Selection]]) -> PosedPath:
    """The arrays of a timeline with streams for some figures, each with its selection."""
    _check(timeline)
    known: dict[int, Tables] = {}
    per = []
    for era in timeline.eras:
        if id(era.m) not in known:
            known[id(era.m)] = per_level(era)
        per.append(known[id(era.m)])
    streams = tuple(stream_of(timeline, per, name, selection) for name, selection in figures)
    return PosedPath(timeline, (*streams, *busy_streams(timeline, per)), tuple(per))


def _check(timeline: Timeline) -> None:
    """Raises InputError, with a cure, for rules and costs that a path of menus does not know."""
    m = timeline.m
    if any(not part.plans for part in m.choices.composites.parts):
        raise bad_argument("rules", "a rule forbids combinations that had to be listed", "shorten the ladders")
    wide = max(len(part.levels) for part in m.choices.composites.parts)
    if wide > MOST_COLUMNS:
        message = f"the plans of one nest have {wide:,} combinations of levels, over months at most {MOST_COLUMNS:,}"
        raise bad_argument("plans", message, "shorten their ladders to six or eight points a plan")
    part_of = {j: g for g, part in enumerate(m.choices.composites.parts) for j in part.plans}
    for rule in m.choices.rules:
        if part_of[rule.first] != part_of[rule.second] and not rule.allowed.all():
            cure = "choose ladders that keep the order anyway, or put the plans into a nest"
            raise bad_argument("rules.plan_order", f"{rule.name}: over months only plans of one nest are ordered", cure)


def _entries(posed: PosedPath, era: int) -> tuple[Array, Array, Array]:
    """(C, E, I) choice weights, (E, I) decision rates, (Q, E, I) rewards in an era."""
    weights, rates, rewards = [], [], []
    for part in posed.parts:
        w, rate, reward = _of_group(posed, era, part)
        weights.append(w)
        rates.append(rate)
        rewards.append(reward)
    made = np.concatenate(weights, axis=1), np.concatenate(rates), np.concatenate(rewards, axis=1)
    return made if not posed.due else _with_due(posed, era, *made)


def _of_group(posed: PosedPath, era: int, part: Composite) -> tuple[Array, Array, Array]:
    """The same of one group; entries column after column, members in order."""
    prepared = posed.timeline.eras[era].m.prepared
    _, factors = posed.timeline.habits.of(len(prepared.plans))
    columns, size = len(part.levels), prepared.population.size
    attraction = np.zeros((columns, len(part.plans), size))
    rate, reward = np.ones_like(attraction), np.zeros((2 * len(posed.streams), *attraction.shape))
    for at, j in enumerate(part.plans):
        own, picked = posed.per[era][j], part.levels[:, at]
        off = np.zeros(size)
        attraction[:, at] = np.stack([off if p is None else p.attraction for p in own])[picked]
        rate[:, at] = np.stack([off + 1.0 if p is None else p.decision_rate for p in own])[picked]
        for s, stream in enumerate(posed.streams):
            reward[2 * s : 2 * s + 2, :, at] = stream.rows[era][j][:, picked]
    lambdas = {name: nest.dissimilarity for nest in prepared.nests for name in nest.plans}
    alike = lambdas[prepared.plans[part.plans[0]].name] if len(part.plans) > 1 else 1.0
    habit = factors[:, [j + 1 for j in part.plans]]
    weight = dynamics.choice_weights(attraction, habit, alike)
    flat = columns * len(part.plans)
    return weight.reshape(len(factors), flat, size), rate.reshape(flat, size), reward.reshape(-1, flat, size)


def _again(posed: PosedPath, era: int) -> Array:
    """(Q, E, I) rewards of those who choose the same plan again."""
    size, parts = posed.timeline.eras[era].m.prepared.population.size, []
    for part in posed.parts:
        own = np.zeros((2 * len(posed.streams), len(part.levels), len(part.plans), size + len(posed.due)))
        for s, stream in enumerate(posed.streams):
            for at, j in enumerate(part.plans):
                if stream.again is not None:
                    own[2 * s, :, at, :size] = stream.again[era][j][part.levels[:, at]]
        parts.append(own.reshape(len(own), -1, own.shape[-1]))
    return np.concatenate(parts, axis=1)


def _with_due(posed: PosedPath, era: int, weight: Array, rate: Array, reward: Array) -> tuple[Array, Array, Array]:
    """One more type for every plan with something due: one person who takes that plan anew every month, and pays it."""
    rows = np.concatenate([np.tile(part.plans, len(part.levels)) for part in posed.parts])
    level = np.concatenate([part.levels.ravel() for part in posed.parts])
    shape = len(rows), len(posed.due)
    own = np.asarray(rows[:, None] == np.array(posed.due), dtype=np.float64)
    paid = np.zeros((len(reward), *shape))
    for s, stream in enumerate(posed.streams):
        for at, j in enumerate(posed.due):
            paid[2 * s, rows == j, at] = stream.fixed[era][j][level[rows == j]]
    return (
        np.concatenate([weight, np.broadcast_to(own, (len(weight), *shape))], axis=2),
        np.concatenate([rate, np.ones(shape)], axis=1),
        np.concatenate([reward, paid], axis=2),
    )


def _outside(posed: PosedPath) -> Array:
    """(T, C, I) choice weight of the alternatives."""
    timeline = posed.timeline
    _, factors = timeline.habits.of(len(timeline.m.choices.plans))
    months = []
    for era in timeline.eras:
        own = factors[:, :1] * (timeline.rate_outside * era.m.prepared.outside)
        full = np.concatenate([own, np.full((len(own), len(posed.due)), NEVER)], axis=1)
        months.append(np.repeat(full[None], len(era.months), axis=0))
    return np.concatenate(months)


def _today(posed: PosedPath) -> Ints | None:
    """(G,) the columns of today's terms, where customers keep them. Raises InputError where a ladder has them not."""
    if posed.timeline.asked.holders == "migrate":
        return None
    m = posed.timeline.m
    now, levels = m.prepared.today_menu(), []
    for name, own in zip(m.choices.plans, m.choices.levels, strict=True):
        place = next((k for k, level in enumerate(own) if same_level(level, now[name])), None)
        if place is None and now[name] is not None:
            cure = "put today's price and limits on its ladders, or let customers migrate"
            raise bad_argument("horizon.holders", f"customers of {name} cannot keep terms that no ladder has", cure)
        levels.append(0 if place is None else place)
    packed = m.choices.composites.packed(levels)
    if packed is None:
        raise bad_argument("horizon.holders", "a rule forbids the terms that customers keep", "leave the rule out")
    before = np.cumsum([0, *(len(part.levels) for part in posed.parts)])[:-1]
    return np.asarray(np.array(packed) + before, dtype=np.intp)


def _reach(posed: PosedPath) -> Reach | None:
    """Word of mouth; nobody is reached among those who stand for what is due."""
    timeline, extra = posed.timeline, len(posed.due)
    if timeline.word is None:
        return None
    speed = np.full(len(timeline.rate_outside), timeline.word.speed)
    return Reach(*(np.concatenate([own, np.zeros((*own.shape[:-1], extra))], axis=-1)
                   for own in (speed, timeline.base, timeline.word.referral)))  # fmt: skip


def _allowed(posed: PosedPath) -> Bools:
    """(K, N) the columns that an era may have: what was announced leaves no other."""
    timeline = posed.timeline
    pinned = [_pinned(timeline, era) for era in timeline.eras]
    return np.stack([
        np.concatenate([
            np.all([own[j][part.levels[:, at]] for at, j in enumerate(part.plans)], axis=0) for part in posed.parts
        ])
        for own in pinned
    ])  # fmt: skip


def _pinned(timeline: Timeline, era: Era) -> list[Bools]:
    """By plan, (L,) the levels that an era may have. Raises InputError for a price that is on no ladder."""
    found = []
    for name, levels in zip(timeline.m.choices.plans, timeline.m.choices.levels, strict=True):
        own = [a for a in timeline.asked.announced if a.plan == name and a.month <= era.months.start + 1]
        if not own:
            found.append(np.ones(len(levels), dtype=np.bool_))
            continue
        kept = np.array([level is not None and same(level.price, own[-1].price) for level in levels])
        if not kept.any():
            cure = "put it on the plan's ladder"
            raise bad_argument("horizon.announced", f"{own[-1].price:g} is no price of {name}", cure)
        found.append(kept)
    return found


def _moves(posed: PosedPath) -> tuple[Moves, ...]:
    """Between every pair of eras."""
    eras = posed.timeline.eras
    known: dict[tuple[int, int], Moves] = {}
    found = []
    for before, after in itertools.pairwise(eras):
        blocks = [_block(posed, part, before, after) for part in posed.parts]
        key = hash(tuple(block.tobytes() for block in blocks)), len(blocks)
        known.setdefault(key, moves_of(blocks))
        found.append(known[key])
    return tuple(found) or (moves_of([np.ones((len(p.levels),) * 2, dtype=np.bool_) for p in posed.parts]),)


def _block(posed: PosedPath, part: Composite, before: Era, after: Era) -> Bools:
    """(L, L) which column of a group may follow which."""
    if before.stage == after.stage:
        return np.eye(len(part.levels), dtype=np.bool_)
    allowed = np.ones((len(part.levels),) * 2, dtype=np.bool_)
    for at, j in enumerate(part.plans):
        picked = part.levels[:, at]
        allowed &= _between(posed.timeline, j, before, after)[np.ix_(picked, picked)]
    return allowed


def _between(timeline: Timeline, plan: int, before: Era, after: Era) -> Bools:
    """(L, L) which level of a plan may follow which when a stage begins; to what is announced from anywhere."""
    name, levels, steps = timeline.m.choices.plans[plan], timeline.m.choices.levels[plan], timeline.asked.steps
    most = steps.get(name) if isinstance(steps, dict) else steps
    allowed = np.ones((len(levels),) * 2, dtype=np.bool_)
    if most is not None:
        place = places(levels)
        near = (np.abs(place[:, None] - place) <= most).all(axis=2)
        off = np.array([level is None for level in levels])
        allowed = near | off[:, None] | off
        if not _pinned(timeline, after)[plan].all() and _pinned(timeline, before)[plan].all():
            allowed |= _pinned(timeline, after)[plan]
    return allowed


def places(levels: Sequence[Level]) -> Array:
    """(L, D) where a level stands on each of its plan's ladders; a plan may be launched or withdrawn from anywhere."""
    told = [() if level is None else _terms(level) for level in levels]
    width = max(len(own) for own in told)
    if not width:  # never on the menu
        return np.zeros((len(levels), 1))
    rows = np.array([own or (0.0,) * width for own in told], dtype=float).reshape(len(levels), width)
    on = np.array([level is not None for level in levels])
    return np.stack([np.searchsorted(np.unique(column[on]), column) for column in rows.T], axis=1).astype(float)


def _terms(level: Terms) -> tuple[float, ...]:
    """The numbers of a level that ladders may set, always in the same order."""
    caps = [dict(own or ()).get(w, np.inf) for own in level.caps for w in ("3h", "5h", "day", "week", "month")]
    discount = 0.0 if level.annual_discount is None else level.annual_discount
    unit = [0.0 if p is None else p for p in level.unit_prices]
    return (level.price, *caps, *unit, level.impressions, discount, *(p for _, p in level.regional), level.credits)
