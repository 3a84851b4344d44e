"""The levels of every plan: each complete setting that a case allows, and the rules between them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from optimizer.economics.figures import Selection
from optimizer.economics.population import Caps, Terms
from optimizer.economics.response import gives
from optimizer.errors import bad_argument
from optimizer.execution import clock
from optimizer.market.combinations import Combinations, combinations_of
from optimizer.market.ladders import allowed_prices, price_ladder
from optimizer.market.mixes import allowed_budgets, allowed_mixes, chosen_budget
from optimizer.market.prepare import WINDOW_ORDER, Prepared
from optimizer.market.unit_prices import Values, allowed_unit_prices, unit_price
from optimizer.model.composites import Composites, composites_of, connected, left_out
from optimizer.model.further import carried_further, never_dearer, same_further, with_further
from optimizer.model.instance import Rule
from optimizer.schema.case import Case, PlanLadders
from optimizer.schema.market import Market
from optimizer.typing import Array, Choice, Ints
from optimizer.units import same

ORDERED = "the order of the plans was worked out"
UNPRICED: dict[str, Any] = {"price": 0.0, "impressions": 0.0, "annual_discount": None, "regional": ()}
UNSOLD: dict[str, Any] = {"unit_prices": (), "prices_by_kind": ()}
"""Terms that say nothing of what a plan gives for its fee; unit prices only where it grants credits."""
Level = Terms | None
"""Terms of a plan, or None: the plan is not on the menu."""


@dataclass(frozen=True)
class Menu:
    """What is offered: the terms of every plan, and the go-to-market budget. Needs no levels to be read."""

    terms: Mapping[str, Level]
    """Plan -> its terms; None = off the menu."""
    enterprise_share: float
    """Share of the go-to-market budget for enterprise."""
    budget: float | None = None
    """The budget, usd/month, where its size is a choice."""


def own_menu(case: Case, prepared: Prepared) -> Menu:
    """Today's plans, split and budget as a market has them."""
    return Menu(prepared.today_menu(), prepared.today_mix, chosen_budget(case, prepared.market))


@dataclass(frozen=True)
class Choices:
    """What may be chosen."""

    plans: tuple[str, ...]
    levels: tuple[tuple[Level, ...], ...]
    mixes: tuple[float, ...]
    """Shares of the go-to-market budget for enterprise, by mix level."""
    rules: tuple[Rule, ...]
    """Between plans."""
    nests: tuple[tuple[int, ...], ...] = ()
    """Plans that are taken together, by position."""
    rules_within: bool = True
    """Whether what rules within a nest forbid is left out, or listed and forbidden by name."""
    sifted: Mapping[str, Combinations] = field(default_factory=dict)
    """Plans whose levels are those combinations of unit prices that no other one beats, see ``model.sifted``."""
    asked: frozenset[tuple[str, Selection]] = frozenset()
    """The figures that they were compared by; empty where nothing was left out."""
    aims: frozenset[tuple[str, int]] = frozenset()
    """Name and sense of the objectives among them."""
    budgets: tuple[float, ...] = ()
    """Sizes of the budget, usd/month, by mix level like ``mixes``; empty where the size is no choice."""

    @property
    def splits(self) -> tuple[tuple[float, float | None], ...]:
        """Share for enterprise and size of the budget, by mix level."""
        return tuple(zip(self.mixes, self.budgets or [None] * len(self.mixes), strict=True))

    def with_splits(self, splits: Sequence[tuple[float, float | None]]) -> Choices:
        """The same with other mix levels."""
        budgets = tuple(budget for _, budget in splits if budget is not None)
        return replace(self, mixes=tuple(share for share, _ in splits), budgets=budgets)

    @cached_property
    def composites(self) -> Composites:
        """The plans as the search sees them. Raises InputError where a nest has too many combinations of levels."""
        counts = [len(x) for x in self.levels]
        return composites_of(counts, self.nests, self.rules, leave_out=self.rules_within, names=self.plans)

    def listed(self) -> Choices:
        """The same with what rules within a nest forbid listed, so that the rules can be freed; itself where they
        leave nothing out, or too much to list."""
        counts = [len(x) for x in self.levels]
        return replace(self, rules_within=False) if left_out(counts, self.nests, self.rules) else self

    @property
    def menus(self) -> int:
        return math.prod(self.counts) * len(self.mixes)

    @property
    def counts(self) -> tuple[int, ...]:
        """Levels of each plan, those sifted out included."""
        own = {name: combinations.count for name, combinations in self.sifted.items()}
        pairs = zip(self.plans, self.levels, strict=True)
        return tuple(own[name] + (None in x) if name in own else len(x) for name, x in pairs)

    def allows(self, menu: Menu) -> bool:
        """Whether a menu may be chosen, be it among the levels or sifted out."""
        terms, own = dict(menu.terms), zip(self.plans, self.levels, strict=True)
        first = {name: next((x for x in levels if x is not None), None) for name, levels in own if name in self.sifted}
        for name, level in first.items():
            asked = terms.get(name)
            if asked is not None and self.sifted[name].holds(asked):
                terms[name] = level
        return self.choice(replace(menu, terms=terms)) is not None

    def check_asked(self, name: str, selection: Selection) -> None:
        """Raises InputError for a figure that combinations of unit prices were not compared by."""
        if self.asked and (name, selection) not in self.asked:
            message = (
                f"the case does not ask for {name}, and combinations of unit prices that only it wants are left out"
            )
            raise bad_argument(
                name, message, "make it a condition or the objective of the case, or shorten the ladders"
            )

    def menu(self, choice: Choice) -> Menu:
        """The terms behind level indices of the composites."""
        taken, mix = choice
        picks = self.composites.unpacked(taken)
        terms = {name: levels[k] for name, levels, k in zip(self.plans, self.levels, picks, strict=True)}
        return Menu(terms, *self.splits[mix])

    def choice(self, menu: Menu) -> Choice | None:
        """Where a menu's terms stand among the levels; None where they are not among them.

        Prices, caps and shares that agree to 1e-9 relative are the same.
        """
        picks = [_position(levels, menu.terms.get(name)) for name, levels in zip(self.plans, self.levels, strict=True)]
        wanted = menu.enterprise_share, menu.budget
        mix = next((k for k, split in enumerate(self.splits) if _same_split(split, wanted)), None)
        if mix is None or None in picks:
            return None
        taken = self.composites.packed([k for k in picks if k is not None])
        return None if taken is None else (taken, mix)


def same_level(one: Level, other: Level) -> bool:
    """Whether two levels of a plan are the same up to rounding in unit conversion."""
    if one is None or other is None:
        return one is other
    return one == other or (
        same(one.price, other.price)
        and _same_caps(one, other)
        and all(_same_price(a, b) for a, b in zip(one.unit_prices, other.unit_prices, strict=True))
        and one.fallback == other.fallback
        and same(one.fallback_limit, other.fallback_limit)
        and same(one.least_spend, other.least_spend)
        and same(one.included_spend, other.included_spend)
        and _same_prices_by_kind(one, other)
        and same(one.impressions, other.impressions)
        and same_further(one, other)
    )


def same_menu(one: Menu, other: Menu) -> bool:
    """Whether two menus are the same up to rounding in unit conversion."""
    plans = one.terms.keys() == other.terms.keys()
    return (
        plans
        and _same_split((one.enterprise_share, one.budget), (other.enterprise_share, other.budget))
        and all(same_level(level, other.terms[name]) for name, level in one.terms.items())
    )


def _same_caps(one: Terms, other: Terms) -> bool:
    for a, b in zip(one.caps, other.caps, strict=True):
        if a is None or b is None:
            if a is not b:
                return False
        elif len(a) != len(b) or any(v != w or not same(c, d) for (v, c), (w, d) in zip(a, b, strict=True)):
            return False
    return True


def _same_split(one: tuple[float, float | None], other: tuple[float, float | None]) -> bool:
    return same(one[0], other[0]) and _same_price(one[1], other[1])


def _same_price(one: float | None, other: float | None) -> bool:
    return one is other if one is None or other is None else same(one, other)


def _same_prices_by_kind(one: Terms, other: Terms) -> bool:
    pairs = zip(one.prices_by_kind or other.prices_by_kind, other.prices_by_kind or one.prices_by_kind, strict=True)
    return all(a is b if a is None or b is None else all(map(same, a, b)) for a, b in pairs)


def _position(levels: Sequence[Level], wanted: Level) -> int | None:
    """Where a level stands; an exact one before one that is the same up to rounding."""
    if wanted in levels:
        return levels.index(wanted)
    return next((k for k, level in enumerate(levels) if same_level(level, wanted)), None)


def _with_cap(caps: Caps | None, window: str, cap: float) -> Caps:
    """The caps with one window's cap replaced; infinite = no cap in that window."""
    kept = dict(() if caps is None else caps)
    kept.pop(window, None)
    if math.isfinite(cap):
        kept[window] = cap
    return tuple((w, kept[w]) for w in WINDOW_ORDER if w in kept)


def carried(level: Level, ladders: PlanLadders | None, plan: str, origin: Market, market: Market, own: Terms) -> Level:
    """A level chosen in one market as it is in another: what ladders set is kept, all else as in its ``own`` terms."""
    if level is None or ladders is None:
        return None if level is None else own
    models, own = list(market.ai_models), carried_further(level, ladders, plan, origin, market, own)
    caps, units, told = list(own.caps), list(own.unit_prices), list(own.prices_by_kind)
    for ai_model, windows in ladders.allowances.items():
        a = models.index(ai_model)
        for window in windows:
            caps[a] = _with_cap(caps[a], window, dict(level.caps[a] or ()).get(window, math.inf))
    for ai_model in ladders.unit_prices:
        a = models.index(ai_model)
        values = _stated_values(level, a, origin, ai_model, plan)
        if values is not None:
            units[a] = unit_price(market, ai_model, market.plans[plan].unit_prices[ai_model], values)
            if told and told[a] is not None:
                told[a] = values
    fee = own.price if ladders.price is None else level.price
    ads = own.impressions if ladders.impressions is None else level.impressions
    return replace(
        own, price=fee, caps=tuple(caps), unit_prices=tuple(units), prices_by_kind=tuple(told), impressions=ads
    )


def _stated_values(level: Terms, a: int, market: Market, ai_model: str, plan: str) -> Values | None:
    """A unit price of a level as the case states it; None where the AI model is not sold."""
    price = level.unit_prices[a]
    if price is None:
        return None
    if level.prices_by_kind and level.prices_by_kind[a] is not None:
        return level.prices_by_kind[a]
    one = unit_price(market, ai_model, market.plans[plan].unit_prices[ai_model], (1.0,))
    return (float(f"{price / one:.12g}"),)  # twelve digits undo the rounding of units


def plan_levels(
    market: Market, name: str, terms: Terms, ladders: PlanLadders, prices: tuple[float, ...],
    unit_prices: Mapping[str, tuple[Values, ...]],
) -> tuple[Terms, ...]:  # fmt: skip
    """Every combination of a plan's ladders; what has no ladder stays at ``terms``."""
    models = list(market.ai_models)
    options: list[list[tuple[str, int, str, float, Values | None]]] = []
    for ai_model, windows in ladders.allowances.items():
        for window, caps_allowed in windows.items():
            a = models.index(ai_model)
            options.append([("cap", a, window, math.inf if s == "unlimited" else float(s), None) for s in caps_allowed])
    for ai_model, stated in unit_prices.items():
        a, own = models.index(ai_model), market.plans[name].unit_prices[ai_model]
        options.append([("unit", a, "", unit_price(market, ai_model, own, values), values) for values in stated])
    shown = ladders.impressions or (terms.impressions,)
    found: list[Terms] = []
    for price, ads in itertools.product(prices, shown):
        clock.check("all combinations of prices and limits were listed")
        for combination in itertools.product(*options):
            caps, units, told = list(terms.caps), list(terms.unit_prices), list(terms.prices_by_kind)
            for kind, position, window_name, value, values in combination:
                if kind == "cap":
                    caps[position] = _with_cap(caps[position], window_name, value)
                    continue
                units[position] = value
                if told and told[position] is not None:
                    told[position] = values
            set_to = replace(terms, price=price, caps=tuple(caps), impressions=ads)
            found.append(replace(set_to, unit_prices=tuple(units), prices_by_kind=tuple(told)))
    return tuple(dict.fromkeys(found))


def choices(case: Case, base: Market, changed: Market, prepared: Prepared) -> Choices:
    """Levels of all plans, in the market's order, and the rules. An empty ladder is reported by ``check``.

    Of plans that are to be sifted a few levels are listed for a start.
    """
    levels: list[tuple[Level, ...]] = []
    sifted: dict[str, Combinations] = {}
    for plan in prepared.plans:
        terms, sold = prepared.terms[plan.name], plan.name in base.today.plans
        ladders = case.plans.get(plan.name)
        if ladders is None:
            levels.append((terms if sold else None,))
            continue
        prices = allowed_prices(case, base, plan.name, price_ladder(ladders, terms.price))
        units = allowed_unit_prices(case, base, plan.name)
        combinations = combinations_of(case, base, changed, plan.name, terms)
        if combinations is not None:
            sifted[plan.name] = combinations
            units = {ai_model: stated[:1] for ai_model, stated in units.items()}
        plain = plan_levels(changed, plan.name, terms, ladders, prices, units)
        built: tuple[Level, ...] = tuple(dict.fromkeys(with_further(plain, case, base, changed, plan.name, ladders)))
        withdraw = (not sold) if ladders.withdraw is None else ladders.withdraw
        levels.append((*built, None) if withdraw else built)
    shares = allowed_mixes(case, base) if case.mix and case.mix.enterprise_share else (prepared.today_mix,)
    names = tuple(p.name for p in prepared.plans)
    rules = order_rules(case, names, levels, prepared)
    made = Choices(names, tuple(levels), (), rules, nests_of(prepared), sifted=sifted)
    return made.with_splits(tuple(itertools.product(shares, allowed_budgets(case))))


def nests_of(prepared: Prepared) -> tuple[tuple[int, ...], ...]:
    """Plans that have to be taken together: those of a nest that can be offered to the same customer."""
    offered = [plan.offered for plan in prepared.plans]

    def meet(one: int, other: int) -> bool:
        return bool((offered[one] & offered[other]).any())

    lots = [
        lot
        for nest in prepared.nests
        if nest.dissimilarity < 1.0
        for lot in connected([prepared.plan_index(name) for name in nest.plans], meet)
    ]
    return tuple(lot for lot in lots if len(lot) > 1)


@dataclass(frozen=True)
class _Worth:
    """What the levels of a plan give."""

    shows: Array
    """(L,) advertisements a request; nan off the menu."""
    gives: Array
    """(U, C) quality-weighted requests a month to each cell of customers, for every different allowance."""
    which: Ints
    """(L,) the allowance of each level."""


def _worth(levels: tuple[Level, ...], prepared: Prepared) -> _Worth:
    known: dict[object, int] = {}
    found, which = [], []
    for terms in levels:
        key = None if terms is None else replace(terms, **UNPRICED, **({} if terms.credits else UNSOLD))
        if key not in known:
            clock.check(ORDERED)
            known[key] = len(known)
            pop, quality = prepared.population, prepared.ai_models.quality
            found.append(np.zeros(pop.requests.size) if terms is None else gives(pop, quality, terms))
        which.append(known[key])
    shows = np.array([math.nan if terms is None else terms.impressions for terms in levels])
    return _Worth(shows, np.stack(found), np.array(which, dtype=np.intp))


def order_rules(
    case: Case, names: tuple[str, ...], levels: list[tuple[Level, ...]], prepared: Prepared, by_price: bool = True
) -> tuple[Rule, ...]:
    """In a plan order the larger plan costs at least as much, shows no more advertising and gives no customers less.

    by_price: False: what they cost is left out.
    """
    rules = []
    ordered = dict.fromkeys(name for order in case.rules.plan_order for name in order)
    worth = {name: _worth(levels[names.index(name)], prepared) for name in ordered}
    for order in case.rules.plan_order:
        for small, large in itertools.combinations(order, 2):
            clock.check(ORDERED)
            less, more = worth[small], worth[large]
            fewer = more.shows[None, :] <= less.shows[:, None]
            first, second = levels[names.index(small)], levels[names.index(large)]
            off = np.array([x is None for x in first])[:, None] | np.array([x is None for x in second])[None, :]
            enough = np.array([(more.gives >= given * (1.0 - 1e-9)).all(axis=1) for given in less.gives])
            allowed = fewer & enough[np.ix_(less.which, more.which)]
            if by_price:
                allowed = allowed & never_dearer(first, second)
            allowed = off | allowed
            rules.append(Rule(f"{small} before {large}", names.index(small), names.index(large), allowed))
    return tuple(rules)
