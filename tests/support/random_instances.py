"""Random small instances for tests, each a pure function of its seed."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from optimizer.model.instance import Block, Figure, Instance, Limit, Rule, combine, zero_figure
from optimizer.typing import Array


@dataclass(frozen=True)
class Drawn:
    """An instance with the figure to maximise and its limits."""

    instance: Instance
    aim: Figure
    limits: tuple[Limit, ...]


def draw_figure(
    generator: np.random.Generator, instance: Instance, low: float = -1.0, high: float = 3.0, fixed: float = 5.0
) -> Figure:
    """Amounts uniform in [low, high], fixed parts of either sign, amounts on the alternatives; no burst."""
    return Figure(
        amounts=tuple(generator.uniform(low, high, w.shape) for w in instance.attraction),
        outside=generator.uniform(low, high, instance.types) * 0.2,
        fixed=tuple(generator.uniform(-fixed, fixed, n) for n in instance.levels),
        mix=generator.uniform(-fixed, fixed, instance.mixes),
        constant=float(generator.uniform(-fixed, fixed)),
        burst=np.zeros(len(instance.blocks)),
    )


def draw_instance(
    seed: int, types: int = 4, plans: int = 3, levels: int = 5, mixes: int = 2, blocks: int = 0, rules: int = 0,
    spread: float = 2.0,
) -> Instance:  # fmt: skip
    """Attractions e^(spread x normal), some zero; a last level of zero attraction (withdrawn) in some plans."""
    g = np.random.default_rng([seed, 1])
    counts = [int(g.integers(2, levels + 1)) for _ in range(plans)]
    attraction = []
    for n in counts:
        w = np.exp(spread * g.normal(size=(types, n)))
        w[g.random((types, n)) < 0.1] = 0.0
        if g.random() < 0.5:
            w[:, n - 1] = 0.0
        attraction.append(w)
    psi = g.uniform(0.0, 0.6, (types, plans)) * (g.random() < 0.7)
    denominators = tuple(w * (1.0 - psi[:, [j]]) for j, w in enumerate(attraction))
    bare = Instance(g.uniform(1.0, 20.0, (mixes, types)), tuple(attraction), denominators)
    return Instance(
        bare.customers,
        bare.attraction,
        bare.denominators,
        tuple(_draw_block(g, bare, h, blocks) for h in range(blocks)),
        tuple(_draw_rule(g, counts, k) for k in range(rules)) if plans > 1 else (),
    )


def draw(
    seed: int, types: int = 4, plans: int = 3, levels: int = 5, mixes: int = 2, blocks: int = 0, rules: int = 0,
    limits: str = "", spread: float = 2.0,
) -> Drawn:  # fmt: skip
    """An instance, an aim and limits. ``limits``: one letter each, r ratio (empty at zero revenue), c churn-like,
    f a floor on a figure of its own, b a floor on a figure with a burst cost, g on one that gains from burst.
    """
    instance = draw_instance(seed, types, plans, levels, mixes, blocks, rules, spread)
    g = np.random.default_rng([seed, 2])
    aim = draw_figure(g, instance)
    if blocks:
        price = -g.uniform(0.1, 3.0, blocks) * (g.random(blocks) < 0.8)
        aim = Figure(aim.amounts, aim.outside, aim.fixed, aim.mix, aim.constant, price)
    made = [Limit(f"{letter}{k}", _draw_limit(g, instance, letter)) for k, letter in enumerate(limits)]
    return Drawn(instance, aim, tuple(made))


def with_again(drawn: Drawn, seed: int) -> Drawn:
    """The same with odds, and with an ``again`` part of either sign in some figures, one at least."""
    g = np.random.default_rng([seed, 3])
    instance = drawn.instance
    odds = tuple(w * g.uniform(0.1, 3.0, (instance.types, 1)) * g.uniform(0.5, 2.0, w.shape[1])
                 for w in instance.attraction)  # fmt: skip
    instance = replace(instance, odds=odds)
    which = g.random(1 + len(drawn.limits)) < 0.6
    which[int(g.integers(len(which)))] = True
    figures = [
        replace(f, again=_draw_again(g, instance)) if own else f
        for f, own in zip([drawn.aim, *(limit.figure for limit in drawn.limits)], which, strict=True)
    ]
    limits = tuple(replace(limit, figure=f) for limit, f in zip(drawn.limits, figures[1:], strict=True))
    return Drawn(instance, figures[0], limits)


def _draw_again(g: np.random.Generator, instance: Instance) -> tuple[Array, ...]:
    """Of one sign or of both."""
    low, high = ((-3.0, 0.0), (0.0, 3.0), (-3.0, 3.0))[int(g.integers(3))]
    return tuple(g.uniform(low, high, w.shape) * o for w, o in zip(instance.attraction, instance.odds, strict=True))


def _draw_limit(g: np.random.Generator, instance: Instance, letter: str) -> Figure:
    if letter == "r":
        revenue, cost = _bare(g, instance, 0.0, 4.0), _bare(g, instance, 0.0, 2.0)
        return combine([(float(g.uniform(0.2, 0.7)), revenue), (-1.0, cost)])
    if letter == "c":
        churned, customers = _bare(g, instance, 0.01, 0.1), _bare(g, instance, 1.0, 1.0)
        return combine([(float(g.uniform(0.03, 0.07)), customers), (-1.0, churned)])
    figure = draw_figure(g, instance)
    if letter == "f":
        return combine([(1.0, figure)], constant=float(g.uniform(-20.0, 10.0)))
    sign = -1.0 if letter == "b" else 1.0
    burst = sign * g.uniform(0.0, 2.0, len(instance.blocks))
    return Figure(figure.amounts, figure.outside, figure.fixed, figure.mix, float(g.uniform(-10.0, 10.0)), burst)


def _bare(g: np.random.Generator, instance: Instance, low: float, high: float) -> Figure:
    """Per-customer amounts only."""
    zero = zero_figure(instance)
    amounts = tuple(g.uniform(low, high, w.shape) for w in instance.attraction)
    return Figure(amounts, zero.outside, zero.fixed, zero.mix, 0.0, zero.burst)


def _draw_block(g: np.random.Generator, bare: Instance, number: int, blocks: int) -> Block:
    drawn = _bare(g, bare, 0.0, 1.0)
    use = Figure(drawn.amounts, drawn.outside, drawn.fixed, drawn.mix, 0.0, np.zeros(blocks))
    people = float(bare.customers.mean(axis=0).sum())
    limit = float("inf") if g.random() < 0.3 else float(g.uniform(0.0, 0.3) * people)
    return Block(f"hour {number}", use, float(g.uniform(0.0, 0.5) * people), limit)


def _draw_rule(g: np.random.Generator, counts: list[int], number: int) -> Rule:
    first, second = (int(k) for k in g.choice(len(counts), 2, replace=False))
    return Rule(f"rule {number}", first, second, g.random((counts[first], counts[second])) < 0.7)
