"""The game of a case: rivals' prices change the market after calibration, and every profile is a world of its own."""

from __future__ import annotations

import itertools
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from pydantic import BaseModel

from optimizer.economics.figures import TOTAL
from optimizer.errors import bad_argument
from optimizer.market.rivals import RivalPrices, asked_prices, weighs
from optimizer.model.case_model import CaseModel, with_changes
from optimizer.model.instance import combine
from optimizer.model.measures import measure
from optimizer.optimise.objectives import FigureObjective, Objective, RatioObjective, objective_of
from optimizer.optimise.price_ranges import has_ranges
from optimizer.rivals.game import Game, Profile, ProfileQuestion
from optimizer.schema.base import Quantity
from optimizer.typing import Array

KEPT = 3
"""Worlds whose instances are kept; a wide nest makes them large."""


@dataclass
class Worlds:
    """The case at every profile of its rivals' prices."""

    case_model: CaseModel
    """At the prices that the market states."""
    asked: tuple[tuple[RivalPrices, ...], ...]
    """Per rival."""
    objective: Objective
    _kept: OrderedDict[Profile, tuple[CaseModel, ProfileQuestion]] = field(default_factory=OrderedDict)

    def prices(self, profile: Profile) -> dict[str, RivalPrices]:
        """What each rival asks at a profile."""
        names = self.case_model.inputs.case.rivals
        return {name: own[k] for name, own, k in zip(names, self.asked, profile, strict=True)}

    def world(self, profile: Profile) -> CaseModel:
        """The case where rivals ask these prices."""
        return self._at(profile)[0]

    def question(self, profile: Profile) -> ProfileQuestion:
        """What we ask there, as arrays."""
        return self._at(profile)[1]

    def _at(self, profile: Profile) -> tuple[CaseModel, ProfileQuestion]:
        if profile not in self._kept:
            while len(self._kept) >= KEPT:
                self._kept.popitem(last=False)
            changes = {path: c for asked in self.prices(profile).values() for path, c in asked.changes.items()}
            there = with_changes(self.case_model, changes)
            # alternatives' prices move no level of ours
            there = replace(there, other_choices=self.case_model.choices)
            self._kept[profile] = there, question_of(there, self.objective)
        self._kept.move_to_end(profile)
        return self._kept[profile]


def question_of(m: CaseModel, objective: Objective) -> ProfileQuestion:
    """What a case asks, as arrays; the aim is the objective in the sense that more is better."""
    numerator = measure(m.built, objective.name, TOTAL, m.today.figure).numerator
    aim = combine([(float(objective.sense), numerator)])
    return ProfileQuestion(m.built.instance, aim, m.limits, m.prepared.outside)


def single_objective(m: CaseModel) -> Objective:
    """The case's objective where rivals can be answered for it. Raises InputError, with a cure."""
    wanted = objective_of(m.inputs.case.objective, m.today)
    plain = isinstance(wanted.last, FigureObjective) and not isinstance(wanted.last, RatioObjective)
    if len(wanted.stages) > 1 or not plain:
        cure = "name one figure that adds up over customers, e.g. contribution_margin, and make the others conditions"
        raise bad_argument("objective", "with rivals who answer it must be one such figure in one stage", cure)
    if has_ranges(m):
        cure = "write the prices as a ladder, e.g. price: [15, 18, 20]"
        raise bad_argument("rivals", "the case gives prices as ranges, and rivals answer menus of ladders", cure)
    return wanted.last


def refuse(m: CaseModel) -> None:
    """Raises InputError, with a cure, where the case names no rivals, or asks for what cannot be proven."""
    if not m.inputs.case.rivals:
        cure = "add rivals: with their alternatives, price ladders and costs"
        raise bad_argument("rivals", "the case names no rivals who answer", cure)
    single_objective(m)


def game_of(m: CaseModel) -> tuple[Game, Worlds]:
    """The game of a case. Raises InputError like :func:`refuse`."""
    refuse(m)
    rivals, document = m.inputs.case.rivals, m.inputs.changed_document
    asked = tuple(asked_prices(rival, document) for rival in rivals.values())
    worlds = Worlds(m, asked, single_objective(m))
    shape = tuple(len(own) for own in worlds.asked)
    outside, per_person = _tables(worlds, "value")
    nearest = tuple(min(range(len(own)), key=lambda k: own[k].far) for own in worlds.asked)
    people, start = m.prepared.population.potential, question_of(m, worlds.objective)
    return Game(shape, people, outside, per_person, worlds.question, start, nearest), worlds


def _tables(worlds: Worlds, cost: str) -> tuple[Array, Array]:
    """(Q, I) stock of all alternatives and (Q, K, I) rivals' margins per person who is not ours, at every profile."""
    m = worlds.case_model
    rivals = list(m.inputs.case.rivals.values())
    rest = m.prepared.outside - sum(weighs(rival, m.prepared)[0] for rival in rivals)
    made = [
        [weighs(rival, with_changes(m, asked.changes).prepared, cost) for asked in own]
        for rival, own in zip(rivals, worlds.asked, strict=True)
    ]
    profiles = list(itertools.product(*(range(len(own)) for own in worlds.asked)))
    outside = np.array([rest + sum(made[k][p][0] for k, p in enumerate(q)) for q in profiles])
    earned = np.array([[made[k][p][1] for k, p in enumerate(q)] for q in profiles])
    return outside, earned / outside[:, None, :]


def at_cost(game: Game, worlds: Worlds, cost: str) -> Game:
    """The same game where rivals' costs are at their low or high."""
    return replace(game, per_person=_tables(worlds, cost)[1])


def told_prices(there: CaseModel, rival: str) -> Mapping[str, float]:
    """What a rival asks in a world: path below its alternatives -> price, in the market's unit."""
    found: dict[str, float] = {}
    for name in there.inputs.case.rivals[rival].alternatives:
        stated = there.inputs.changed.alternatives[name]
        found[f"{name}.price"] = stated.price.value
        found |= {f"{name}.unit_prices.{path}": price for path, price in _unit_prices(stated.unit_prices)}
    return found


def _unit_prices(stated: Mapping[str, Quantity | BaseModel]) -> Iterator[tuple[str, float]]:
    """Path and price of every unit price, by kind of token where they are stated so."""
    for name, price in stated.items():
        if isinstance(price, Quantity):
            yield name, price.value
        elif isinstance(price, BaseModel):
            below = {key: getattr(price, key) for key in type(price).model_fields if key != "tokens"}
            yield from ((f"{name}.{path}", value) for path, value in _unit_prices(below))
