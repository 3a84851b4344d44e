"""A market month by month: customers decide anew bit by bit, and every figure of a month from the formulas alone.

The evaluator of paths. It works with what plans do per customer at the terms of every month and never sees the arrays
that a search over paths works with.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from optimizer.economics import choice, dynamics
from optimizer.economics.figures import LinearFigure, Selection
from optimizer.market.evaluate import Evaluation, MenuTerms, plan_selected
from optimizer.market.prepare import Prepared
from optimizer.typing import Array


@dataclass(frozen=True)
class Habits:
    """What those who decide have been with before: classes of origin, and what each makes of every plan."""

    origin: tuple[int, ...] = ()
    """Class of the alternatives and of every plan of the market; one for all where empty."""
    factors: tuple[tuple[float, ...], ...] = ()
    """By class, the factor of attraction of the alternatives and of every plan; 1 where empty."""

    def of(self, plans: int) -> tuple[Array, Array]:
        """(C, J+1) membership of the alternatives and the plans in classes, and (C, J+1) factors."""
        origin = np.array(self.origin or (0,) * (plans + 1))
        factors = np.array(self.factors) if self.factors else np.ones((int(origin.max()) + 1, plans + 1))
        return np.asarray(origin == np.arange(len(factors))[:, None], dtype=np.float64), factors


@dataclass(frozen=True)
class Month:
    """One month: its market, what is on offer, and who comes."""

    prepared: Prepared
    menu: MenuTerms
    enterprise_share: float
    """Of the go-to-market budget."""
    budget: float | None
    """usd/month, where its size is a choice."""
    entrants: Array
    """(I,) people who come and decide at once."""
    base: Array | None = None
    """(I,) people reached without word of mouth, where reach moves."""
    held: tuple[MenuTerms, ...] | None = None
    """Where customers keep terms: those of today and of every stage before this one, as this market has them."""
    shock: Array | None = None
    """(J,) share of every plan's customers who decide anew at once, as they move to changed terms; by no others."""


@dataclass(frozen=True)
class WordOfMouth:
    """How reach moves, see ``dynamics.newly_reached``."""

    speed: float
    """Share of the way to the reach aimed at that is gone in a month."""
    referral: Array
    """(J+1, I) people whom a customer brings in the long run."""


@dataclass(frozen=True)
class MonthEvaluation(Evaluation):
    """A market in a month of a path: all figures as they are after the month's decisions."""

    names: tuple[str, ...] = field(kw_only=True)
    """Plans on the menu, then those whose terms of before are kept, once for each of these."""
    held: Array = field(kw_only=True)
    """(I, J) customers over ``names``."""
    elsewhere_reached: Array = field(kw_only=True)
    """(I,) people who are reached and with the alternatives."""
    chosen_again: Array = field(kw_only=True)
    """(I, J) probability that a customer who decides in this month chooses the same plan."""

    @property
    def plans(self) -> tuple[str, ...]:
        """Plans on the menu, then those whose terms of before are kept, once for each of these."""
        return self.names

    @property
    def customers(self) -> Array:
        """(I, J) over ``plans``."""
        return self.held

    @property
    def staying(self) -> Array:
        """(I,) people who are reached and with the alternatives."""
        return self.elsewhere_reached

    @property
    def again(self) -> Array:
        """(I, J) probability that a customer who decides anew chooses the same plan."""
        return self.chosen_again

    @cached_property
    def reached(self) -> Array:
        """(I,) people reached."""
        return np.asarray(self.elsewhere_reached + self.held.sum(axis=1))

    def _summed(self, figure: LinearFigure, selection: Selection) -> float:
        """The fixed cost of plans is due for the menu alone."""
        total = super()._summed(figure, selection)
        if figure.fixed and selection.segment is None:
            offered = sum(self.menu.get(plan.name) is not None for plan in self.prepared.plans)
            for name in self.names[offered:]:
                if plan_selected(self.prepared, name, selection):
                    total -= figure.fixed * self.prepared.plans[self.prepared.plan_index(name)].fixed_cost
        return total


def outside_rate(prepared: Prepared) -> Array:
    """(I,) share of those with the alternatives who decide anew in a month: total attraction over total stock."""
    return np.asarray(prepared.outside_attraction / prepared.outside)


def start_of(today: Evaluation) -> Array:
    """(J+1, I) people reached today: with the alternatives, and on every plan of the market."""
    found = np.zeros((len(today.prepared.plans) + 1, today.prepared.population.size))
    found[0] = today.staying
    for name, held in zip(today.plans, today.customers.T, strict=True):
        found[today.prepared.plan_index(name) + 1] = held
    return found


def weights_of(prepared: Prepared, attraction: Array, factors: Array) -> Array:
    """(C, J+1, I) choice weights of deciders: habit multiplies attractions (J+1, I) before the sums of nests."""
    weights = np.asarray(factors[:, :, None] * attraction)
    for nest in prepared.nests:
        rows = [prepared.plan_index(name) + 1 for name in nest.plans]
        if nest.dissimilarity < 1.0:
            beside = np.moveaxis(weights[:, rows], 1, -1)
            weights[:, rows] = np.moveaxis(choice.nested(beside, nest.dissimilarity), -1, 1)
    return weights


def walk(
    start: Array, rate_outside: Array, months: Sequence[Month], habits: Habits, word: WordOfMouth | None = None
) -> Iterator[MonthEvaluation]:
    """Every month of a path, from the people (J+1, I) before the first one on.

    Those with the alternatives decide anew at a rate (I,) of their own; the alternatives attract them by that rate
    times their stock, so that the long run is that of the market. Customers are on the month's menu, and a plan that is
    off it loses them all: they decide anew. Or, where a month tells ``held``, they are on the terms under which they
    last decided.
    """
    members, factors = habits.of(len(start) - 1)
    outside, bands, known = start[0], [start[1:]], None
    for month in months:
        if known is None or not known.serves(month):
            known = _offers(month, rate_outside, factors)
        if month.held is None:
            people = np.concatenate([outside[None], bands[0]])
        else:
            bands += [np.zeros_like(bands[0])] * (len(month.held) + 1 - len(bands))
            people = np.concatenate([outside[None], *bands])
        rate = known.rate
        if month.shock is not None:
            rate = np.concatenate([rate[:1], dynamics.rate_at_once(rate[1:], month.shock[:, None])])
        own = np.hstack([members[:, :1], np.tile(members[:, 1:], len(bands))])
        joined, per = np.zeros_like(people), dynamics.per_weight(
            dynamics.deciders(people, rate, own, month.entrants), known.weights
        )  # fmt: skip
        arriving = dynamics.joining(known.weights, per)
        joined[0], joined[-len(arriving) + 1 :] = arriving[0], arriving[1:]
        if word is not None and month.base is not None:
            everyone = np.concatenate([outside[None], sum(bands[1:], bands[0])])
            joined[0] += dynamics.newly_reached(everyone, np.array(word.speed), month.base, word.referral)
        people = dynamics.after_decisions(people, rate, joined)
        outside, bands = people[0], list(people[1:].reshape(len(bands), -1, people.shape[1]))
        yield _evaluation(known, outside, bands, members)


@dataclass(frozen=True)
class _Offers:
    """The terms that customers are on in a month, the month's menu last."""

    prepared: Prepared
    menus: tuple[MenuTerms, ...]
    offers: tuple[Evaluation, ...]
    rate: Array
    """(1 + bands x J, I) share of those with the alternatives, and of every plan's customers, who decide anew."""
    weights: Array
    """(C, J+1, I) choice weights of deciders."""

    def serves(self, month: Month) -> bool:
        """Whether a month has the same market and terms."""
        menus = (*(month.held or ()), month.menu)
        same = len(menus) == len(self.menus) and all(a is b for a, b in zip(menus, self.menus, strict=True))
        return same and month.prepared is self.prepared


def _offers(month: Month, rate_outside: Array, factors: Array) -> _Offers:
    prepared, menus = month.prepared, (*(month.held or ()), month.menu)
    offers = tuple(Evaluation(prepared, menu, month.enterprise_share, month.budget) for menu in menus)
    size = len(prepared.plans), prepared.population.size
    attraction, rates = np.zeros((size[0] + 1, size[1])), []
    attraction[0] = rate_outside * prepared.outside
    for offer in offers:
        rate = np.ones(size)
        for name, p in zip(offer.plans, offer.per, strict=True):
            rate[prepared.plan_index(name)] = p.decision_rate
        rates.append(rate)
    for name, p in zip(offers[-1].plans, offers[-1].per, strict=True):
        attraction[prepared.plan_index(name) + 1] = p.attraction
    rate = np.concatenate([rate_outside[None], *rates])
    return _Offers(prepared, menus, offers, rate, weights_of(prepared, attraction, factors))


def _evaluation(known: _Offers, outside: Array, bands: Sequence[Array], members: Array) -> MonthEvaluation:
    """What the people after a month's decisions make of the terms that they are on; those of the menu come first."""
    offer, again = known.offers[-1], members.T @ (known.weights / known.weights.sum(axis=1)[:, None]).reshape(
        len(members), -1
    )  # fmt: skip
    same = again.reshape(-1, *known.weights.shape[1:])
    names, per, held, chosen = [], [], [], []
    for own, customers in zip(reversed(known.offers), reversed(bands), strict=True):
        for name, p in zip(own.plans, own.per, strict=True):
            j = known.prepared.plan_index(name)
            if own is offer or customers[j].any():
                names.append(name)
                per.append(p)
                held.append(customers[j])
                chosen.append(same[j + 1, j + 1])
    size = len(outside), 0
    made = MonthEvaluation(
        offer.prepared, offer.menu, offer.enterprise_share, offer.budget, names=tuple(names),
        held=np.stack(held, axis=1) if held else np.zeros(size), elsewhere_reached=outside,
        chosen_again=np.stack(chosen, axis=1) if held else np.zeros(size),
    )  # fmt: skip
    made.__dict__["per"] = tuple(per)
    return made
