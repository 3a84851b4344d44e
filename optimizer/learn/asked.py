"""Surveys of a company that does not exist: who has heard of it, whom rivals serve, which offers people would choose.

What people say differs from what they do: the scale of utility in each segment's choices is off by chance.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from optimizer.learn.readings import STATED
from optimizer.learn.truth import KnownTruth
from optimizer.learn.worlds import reached_share, referred_share, rival_share, rows_of
from optimizer.market.evaluate import Evaluation
from optimizer.market.prepare import Prepared
from optimizer.typing import Array, Bools

TASKS = 8
"""Tasks of a person; in each two offers, or none of them."""
LEVELS = (0.4, 0.7, 1.0, 1.6, 2.5)
"""Prices of offers against the one that matters to the middle of what was believed."""
MATTERS = 1.5
"""What that price takes from an offer, utility."""
OFFER, OFFER_SPREAD = 1.5, 1.0
"""What an offer without a price is worth against none: mean and spread among people."""
WIDE, WIDE_SPREAD = 0.8, 0.4
"""What wide limits are worth against tight ones."""

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class SimulatedWorld:
    """The truth at today's menu."""

    today: Evaluation

    @property
    def prepared(self) -> Prepared:
        return self.today.prepared

    @cached_property
    def _rows(self) -> Mapping[str, Bools]:
        return rows_of(self.prepared)

    def rows(self, segment: str) -> Bools:
        """(I,) types of a segment."""
        return self._rows[segment]


def asked(truth: KnownTruth, today: Evaluation, people: int, rng: np.random.Generator) -> dict[str, Columns]:
    """The tables survey, rivals and choices: so many people of each segment were asked."""
    world, segments = SimulatedWorld(today), tuple(truth.market.segments)
    survey = [
        (question, "yes", s, int(rng.binomial(people, share(s, world))), people)
        for s in segments
        for question, share in (("reached", reached_share), ("referred", referred_share))
    ]
    shares = [(a.name, s, rival_share(a.name, s, world)) for a in world.prepared.alternatives for s in segments]
    rivals = [(a, s, int(rng.binomial(people, min(share, 1.0))), people) for a, s, share in shares if share > 0.0]
    return {
        "survey": _columns(("question", "answer", "segment", "count", "n"), survey),
        "rivals": _columns(("alternative", "segment", "count", "n"), rivals),
        "choices": _joined([_choices(truth, s, people, rng) for s in segments]),
    }


def _columns(names: tuple[str, ...], rows: list[tuple[Any, ...]]) -> Columns:
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {name: [] for name in names}


def _joined(parts: list[Columns]) -> Columns:
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}


def _choices(truth: KnownTruth, segment: str, people: int, rng: np.random.Generator) -> Columns:
    """One row an alternative: logit choices of people whose price coefficient is lognormal."""
    facts = truth.market.segments[segment]
    size = (people, TASKS, 2)
    price = np.round(_usual_price(truth, segment) * rng.choice(LEVELS, size), 2)
    wide = rng.random(size) < 0.5
    scale = np.exp(STATED * rng.standard_normal())
    coefficient, offer, limits = scale * np.array([
        facts.price_coefficient.value * np.exp(facts.price_sigma.value * rng.standard_normal(people)),
        OFFER + OFFER_SPREAD * rng.standard_normal(people),
        WIDE + WIDE_SPREAD * rng.standard_normal(people),
    ])  # fmt: skip
    utility = offer[:, None, None] + limits[:, None, None] * wide - coefficient[:, None, None] * price
    none = np.zeros((people, TASKS, 1))
    chosen = (np.concatenate([utility, none], axis=2) + rng.gumbel(size=(people, TASKS, 3))).argmax(axis=2)
    return dict(_rows_of(segment, price, wide, chosen))


def _usual_price(truth: KnownTruth, segment: str) -> float:
    """A price that matters to whoever is in the middle of what was believed before."""
    (q,) = [t for t in truth.numbers if t.path == f"segments.{segment}.price_coefficient"]
    middle = (q.low * q.high) ** 0.5 if q.low and q.high else q.value
    return MATTERS / middle


def _rows_of(segment: str, price: Array, wide: Bools, chosen: Any) -> Iterator[tuple[str, Any]]:
    """Columns of the table; the third alternative of a task is to take none."""
    people, tasks, offers = price.shape
    shape = (people, tasks, offers + 1)
    who, task, offer = (k.ravel() for k in np.indices(shape))
    none = offer == offers
    yield "person", np.array([f"{segment}-{k}" for k in range(people)], object)[who]
    yield "segment", np.full(len(who), segment, object)
    yield "task", task
    yield "alternative", offer
    yield "price", np.concatenate([price, np.zeros((people, tasks, 1))], axis=2).ravel()
    yield "currency", np.full(len(who), "USD", object)
    yield "chosen", (np.arange(offers + 1) == chosen[..., None]).astype(int).ravel()
    yield "outside", none.astype(int)
    limits = np.where(np.concatenate([wide, np.zeros((people, tasks, 1), bool)], axis=2), "wide", "tight").ravel()
    yield "limits", np.where(none, "", limits)
