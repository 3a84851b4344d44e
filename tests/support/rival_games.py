"""Random small games of rivals who answer, as arrays, and a brute force in plain loops."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np

from optimizer.model.instance import Figure, Instance, Limit, evaluate, zero_figure
from optimizer.rivals.game import Game, Profile, ProfileQuestion
from optimizer.typing import Array, Choice

SHAPES = ((3,), (4,), (3, 3), (2, 4), (2, 1, 3))


def game_of(
    base: Instance, aim: Figure, limits: tuple[Limit, ...], rest: Array, stocks: list[list[Array]],
    margins: list[list[Array]], potential: Array,
) -> Game:  # fmt: skip
    """A game whose ``base`` states stocks (attractions not yet divided); rival k at price p has ``stocks[k][p]``."""
    shape = tuple(len(prices) for prices in stocks)
    profiles = list(itertools.product(*map(range, shape)))
    outside = np.array([rest + sum(stocks[k][p] for k, p in enumerate(q)) for q in profiles])
    per = np.array(
        [[margins[k][p] * stocks[k][p] / outside[at] for k, p in enumerate(q)] for at, q in enumerate(profiles)]
    )

    def question(profile: Profile) -> ProfileQuestion:
        there = outside[profiles.index(profile)]

        def divided(parts: tuple[Array, ...]) -> tuple[Array, ...]:
            return tuple(part / there[:, None] for part in parts)

        made = replace(base, attraction=divided(base.attraction), denominators=divided(base.denominators))
        return ProfileQuestion(made, aim, limits, there)

    first = profiles[0]
    return Game(shape, potential, outside, per, question, question(first), first)


def draw(seed: int) -> Game:
    """A game of 1 to 3 rivals; every third has a condition on our customers, every second offers of any kind."""
    g = np.random.default_rng([seed, 41])
    types, plans, levels = int(g.integers(2, 7)), int(g.integers(2, 4)), int(g.integers(3, 7))
    shape = SHAPES[seed % len(SHAPES)]
    slope, cost = g.lognormal(-2.3, 0.6, types), g.uniform(0, 4, types)
    prices = [np.sort(g.uniform(2, 25, levels)) for _ in range(plans)]
    taste = g.normal(0, 1, plans)[:, None, None] + g.normal(0, 0.8, (plans, types, 1))
    weights = tuple(np.exp(t - slope[:, None] * p) for t, p in zip(taste, prices, strict=True))
    people = np.array([g.uniform(0.5, 2, types), g.uniform(0.5, 2, types)])[: 1 + seed % 2]
    kept = g.uniform(0.6, 1.0, (types, 1))
    base = Instance(people, weights, tuple(w * kept for w in weights))
    aim = replace(zero_figure(base), amounts=tuple(p[None, :] - cost[:, None] for p in prices))
    stocks, margins = [], []
    for count in shape:
        asked, spent = np.sort(g.uniform(2, 25, count)), g.uniform(0, 4)
        utility = g.normal(0.5, 1.0) + g.normal(0, 0.8, types)
        served = (g.random(types) < 0.8) | (np.arange(types) == 0)
        if seed % 2:  # offers that differ by more than a price: rivals may rest in several places
            stocks.append([np.exp(g.normal(0.5, 1.5, types)) for _ in asked])
            margins.append([g.uniform(-2, 10, types) for _ in asked])
            continue
        stocks.append([np.where(served, np.exp(utility - slope * x), 0.0) for x in asked])
        margins.append([np.full(types, x - spent) for x in asked])
    limits: tuple[Limit, ...] = ()
    if seed % 3 == 0:
        ones = replace(zero_figure(base), amounts=tuple(np.ones_like(w) for w in weights))
        limits = (Limit("customers", replace(ones, constant=-float(g.uniform(0.1, 0.5) * people.sum() / len(people)))),)
    made = game_of(base, aim, limits, np.ones(types), stocks, margins, people.max(axis=0) * g.uniform(1, 1.5, types))
    # margins of no market at all, so that rivals may never rest
    return replace(made, per_person=g.normal(2, 1, made.per_person.shape)) if seed % 4 == 1 else made


def choices(game: Game) -> list[Choice]:
    """All our menus and mixes."""
    instance = game.start.instance
    menus = itertools.product(*map(range, instance.levels))
    return [(menu, mix) for menu in menus for mix in range(instance.mixes)]


def earned(game: Game, profile: Profile, choice: Choice) -> list[float]:
    """What each rival earns, type by type from the definition."""
    there = game.question(profile).instance
    (menu, mix), at = choice, game.place(profile)
    totals = [0.0] * len(game.shape)
    for i in range(there.types):
        weight = sum(float(w[i, k]) for w, k in zip(there.attraction, menu, strict=True))
        below = sum(float(e[i, k]) for e, k in zip(there.denominators, menu, strict=True))
        held = weight * float(there.customers[mix, i]) / (1.0 + below)
        for k in range(len(totals)):
            totals[k] += float(game.per_person[at, k, i]) * (float(game.potential[i]) - held)
    return totals


def brute_force(game: Game) -> tuple[float, int, int]:
    """The most of the aim over menus and the profiles that are answers to them; menus with none, and with several."""
    best, none, several = -np.inf, 0, 0
    questions = {profile: game.question(profile) for profile in game.profiles()}
    for choice in choices(game):
        table = {profile: earned(game, profile, choice) for profile in questions}
        stable = [
            profile
            for profile in questions
            if all(
                table[profile][k] >= table[other][k] - game.ties[k]
                for k in range(len(game.shape))
                for other in game.deviations(profile, k)
            )
        ]
        none, several = none + (not stable), several + (len(stable) > 1)
        for profile in stable:
            asked = questions[profile]
            figures = {"aim": asked.aim} | {str(k): limit.figure for k, limit in enumerate(asked.limits)}
            values = evaluate(asked.instance, figures, *choice)
            if all(values[str(k)] >= 0.0 for k in range(len(asked.limits))):
                best = max(best, values["aim"])
    return best, none, several
