"""A case over months: eras of one menu and one world, who is there at the start, and who comes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from optimizer.errors import bad_argument
from optimizer.horizon.fleet import Fleet
from optimizer.horizon.gpus import Supply, fleet_of, pool_of, under_contract
from optimizer.market.evaluate import MenuTerms
from optimizer.market.habit import constants_at_rest, entrants_of, habits_of
from optimizer.market.months import Habits, Month, MonthEvaluation, WordOfMouth, outside_rate, start_of, walk
from optimizer.market.prepare import Prepared, prepare, with_constants
from optimizer.model.case_model import CaseModel, with_changes
from optimizer.model.choices import Level, Menu, carried, same_level
from optimizer.schema.horizon import CaseHorizon
from optimizer.typing import Array

YEAR = 12
"""Months."""


@dataclass(frozen=True)
class Era:
    """Months of one stage in one world."""

    stage: int
    """Of the case: the menu is the same in all eras of a stage."""
    months: range
    """From 0; the last era has the tail."""
    m: CaseModel
    """The case in the era's world."""
    levels: tuple[tuple[Level, ...], ...]
    """By plan, the terms of each of the case's levels there."""


@dataclass(frozen=True)
class Timeline:
    """A case over months."""

    m: CaseModel
    eras: tuple[Era, ...]
    start: Array
    """(J+1, I) people reached today: with the alternatives, and on every plan of the market."""
    entrants: Array
    """(T, I) people who come in a month and decide at once, the tail included."""
    rate_outside: Array
    """(I,) share of those with the alternatives who decide anew in a month."""
    habits: Habits
    word: WordOfMouth | None = None
    """None: nobody is reached or lost to sight."""
    pool: int | None = None
    """Whose GPUs stand under a contract or are ordered ahead."""
    mix: int = 0
    """Number of the go-to-market split and budget, which are the same in all months."""

    @property
    def asked(self) -> CaseHorizon:
        """What the case says."""
        asked = self.m.inputs.case.horizon
        assert asked is not None
        return asked

    @property
    def budget(self) -> float | None:
        """The go-to-market budget, usd/month, where the case names it."""
        return self.split[1]

    @property
    def split(self) -> tuple[float, float | None]:
        """Share of the go-to-market budget for enterprise, and the budget where the case names it."""
        return self.m.choices.splits[self.mix]

    @property
    def months(self) -> int:
        """Without the tail."""
        return self.asked.months

    @property
    def length(self) -> int:
        """With the tail."""
        return len(self.entrants)

    @cached_property
    def stages(self) -> tuple[range, ...]:
        """The months of every stage, from 0."""
        firsts = [era.months for era in self.eras]
        return tuple(
            range(min(r.start for r in own), max(r.stop for r in own))
            for own in ([r for r, e in zip(firsts, self.eras, strict=True) if e.stage == k] for k in self.numbers)
        )

    @property
    def numbers(self) -> range:
        """Of the stages."""
        return range(self.eras[-1].stage + 1)

    @cached_property
    def discount(self) -> Array:
        """(T,) weight of a month's money."""
        rate = 0.0 if self.asked.discount_rate is None else self.asked.discount_rate.value
        return np.asarray((1.0 + rate) ** (-np.arange(self.length) / YEAR))

    @cached_property
    def gpu_time(self) -> Array:
        """(T,) GPU time of a request against today's."""
        fall = 0.0 if self.asked.efficiency is None else self.asked.efficiency.value
        return np.asarray((1.0 - fall) ** (np.arange(self.length) / YEAR))

    @cached_property
    def fleet(self) -> Fleet | None:
        """GPUs that stand and may be ordered; None where they are paid as used."""
        if self.pool is None:
            return None
        months = [era.m.prepared for era in self.eras for _ in era.months]
        return fleet_of(self.asked.gpus, self.pool, months, self.discount)

    @cached_property
    def base(self) -> Array:
        """(T, I) people reached without word of mouth: by go-to-market, and those who have come since today."""
        return self.base_at([self.split] * len(self.eras))

    def base_at(self, splits: Sequence[tuple[float, float | None]]) -> Array:
        """(T, I) the same at a split and budget for every era."""
        pairs = zip(self.eras, splits, strict=True)
        by_era = [np.tile(era.m.prepared.base_reach(*split), (len(era.months), 1)) for era, split in pairs]
        come = np.cumsum(self.entrants, axis=0) - self.entrants
        return np.asarray(np.concatenate(by_era) + come)

    def menus(self, levels: Sequence[Sequence[int]]) -> tuple[Menu, ...]:
        """The menu of every era, from levels by stage and plan."""
        made = []
        for era in self.eras:
            chosen = zip(self.m.choices.plans, era.levels, levels[era.stage], strict=True)
            made.append(Menu({name: own[k] for name, own, k in chosen}, *self.split))
        return tuple(made)

    def follow(self, menus: Sequence[Menu], supply: Supply | None = None) -> tuple[MonthEvaluation, ...]:
        """Every month under a menu for every era, by the evaluator; with the GPUs that were ordered."""
        months: list[Month] = []
        base = self.base_at([(menu.enterprise_share, menu.budget) for menu in menus])
        for k, (era, menu) in enumerate(zip(self.eras, menus, strict=True)):
            market, terms, held = era.m.prepared, dict(menu.terms), self._held(k, menus)
            split, shock = (menu.enterprise_share, menu.budget), self._shock(k, menus)
            months += [
                Month(self._later(market, t, supply), terms, *split, self.entrants[t], base[t], held,
                      shock if t == era.months.start else None)
                for t in era.months
            ]  # fmt: skip
        return tuple(walk(self.start, self.rate_outside, months, self.habits, self.word))

    def _shock(self, era: int, menus: Sequence[Menu]) -> Array | None:
        """(J,) who decide anew at once by plan as an era begins: where its terms are others than before."""
        if self.asked.shock is None:
            return None
        market = self.m.calibrated.prepared
        before = market.today_menu() if era == 0 else menus[era - 1].terms
        now = menus[era].terms
        moved = [not same_level(before.get(plan.name), now.get(plan.name)) for plan in market.plans]
        return np.where(moved, self.asked.shock.value, 0.0)

    def _held(self, era: int, menus: Sequence[Menu]) -> tuple[MenuTerms, ...] | None:
        """Where customers keep terms, those of today and of every era before, as an era's market has them."""
        if self.asked.holders == "migrate":
            return None
        here = self.eras[era]
        today = here.m.prepared.today_menu()
        return today, *(self._carried(k, menus[k], here) for k in range(era))

    def _carried(self, era: int, menu: Menu, here: Era) -> MenuTerms:
        """The terms of an era's menu in a later one's world."""
        found = {}
        for name, own, there in zip(self.m.choices.plans, self.eras[era].levels, here.levels, strict=True):
            level = menu.terms[name]
            found[name] = there[own.index(level)] if level in own else here.m.prepared.today_menu()[name]
        return found

    def _later(self, prepared: Prepared, month: int, supply: Supply | None) -> Prepared:
        """The market with the GPU time that a request takes in a month, and with the GPUs at hand."""
        if supply is not None:
            prepared = supply.at(prepared, month)
        if self.asked.efficiency is None or month == 0:
            return prepared
        faster = replace(prepared.ai_models, gpu_hours=prepared.ai_models.gpu_hours * self.gpu_time[month])
        return replace(prepared, ai_models=faster)


def timeline_of(m: CaseModel, mix: int | None = None) -> Timeline:
    """The case over months, with one of its splits and budgets; the only one where none is named.

    Raises InputError, with a cure, for what a horizon cannot be asked.
    """
    asked = m.inputs.case.horizon
    if asked is None:
        raise bad_argument("horizon", "the case has none", "add horizon: {months: 24}")
    refuse(m)
    if mix is None and len(m.choices.splits) > 1:
        message = "over months only the best path is searched with a choice of the go-to-market split and budget"
        raise bad_argument("mix", message, "name one of each, or ask 'optimizer run'")
    length, market, before = asked.months + asked.tail, m.inputs.changed, m.calibrated.prepared
    start, habits = start_of(m.today), habits_of(market, before)
    entrants = entrants_of(market, before, start.sum(axis=0), length)
    m = at_rest(m, habits, entrants[0])
    edges = sorted({first - 1 for first in asked.firsts} | {world.month - 1 for world in asked.worlds})
    worlds, eras, now = {w.month - 1: w.changes for w in asked.worlds}, [], m
    for begin, end in zip(edges, [*edges[1:], length], strict=True):
        now = with_changes(now, worlds[begin]) if begin in worlds else now
        stage = sum(first - 1 <= begin for first in asked.firsts) - 1
        eras.append(Era(stage, range(begin, end), now, levels_in(m, now)))
    pool = pool_of([era.m.prepared for era in eras], asked.gpus)
    if pool is not None and asked.gpus is not None:
        held = {id(era.m): replace(era.m, prepared=under_contract(era.m.prepared, pool, asked.gpus)) for era in eras}
        eras = [replace(era, m=held[id(era.m)]) for era in eras]
    return Timeline(m, tuple(eras), start, entrants, outside_rate(before), habits, word_of_mouth(m), pool, mix or 0)


def word_of_mouth(m: CaseModel) -> WordOfMouth | None:
    """How customers bring others, where the market says how fast."""
    dynamics = m.inputs.changed.dynamics
    if dynamics is None or dynamics.reach_speed is None:
        return None
    rows = [np.zeros(m.prepared.population.size), *(plan.referral for plan in m.prepared.plans)]
    return WordOfMouth(dynamics.reach_speed.value, np.stack(rows))


def at_rest(m: CaseModel, habits: Habits, entrants: Array) -> CaseModel:
    """The case with constants at which today is at rest, or grows as people (I,) come; itself where it is already."""
    if not habits.origin and not entrants.any():
        return m
    constants = constants_at_rest(m.today, m.calibrated.constants, habits, entrants)
    calibrated = replace(
        m.calibrated, constants=constants, prepared=with_constants(prepare(m.inputs.market), constants)
    )
    choices = m.choices  # what may be chosen hangs on no constant
    found = replace(m, calibrated=calibrated, prepared=prepare(m.inputs.changed, constants))
    return replace(found, other_choices=choices)


def levels_in(m: CaseModel, there: CaseModel) -> tuple[tuple[Level, ...], ...]:
    """The case's levels in another of its worlds: what no ladder sets is as that world has it."""
    if there is m:
        return m.choices.levels
    case, before, after = m.inputs.case, m.inputs.changed, there.inputs.changed
    return tuple(
        tuple(carried(level, case.plans.get(name), name, before, after, there.prepared.terms[name]) for level in own)
        for name, own in zip(m.choices.plans, m.choices.levels, strict=True)
    )


def refuse(m: CaseModel) -> None:
    """Raises InputError, with a cure, where a case asks for what months do not know."""
    case = m.inputs.case
    if m.choices.sifted:
        message = "a plan has too many combinations of unit prices for a path of menus"
        raise bad_argument("plans", message, "shorten the ladders of unit prices to a few points")
    if any(not isinstance(ladders.price, tuple | None) for ladders in case.plans.values()):
        raise bad_argument("plans", "over months prices are ladders, not ranges", "write price: [15, 18, 20]")
    if case.rivals:
        message = "rivals who answer are not asked over months"
        raise bad_argument("rivals", message, "state their prices as worlds: of the horizon, or ask without a horizon")
    if case.objective.blend or case.objective.lexicographic:
        message = "over months it must be one figure in one stage"
        raise bad_argument("objective", message, "name one figure, and make the others conditions")
