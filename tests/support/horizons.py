"""Random small horizons for tests, each a pure function of its seed."""

from __future__ import annotations

from typing import Any

import numpy as np

from optimizer import HorizonLimit, HorizonProblem, Nest


def draw_arguments(seed: int, types: int = 5, plans: int = 3, levels: int = 4, stages: int = 3) -> dict[str, Any]:
    """Up to so many of each; some levels not offered, some plans empty, habit by up to three classes, rewards of either
    sign, limits on steps."""
    g = np.random.default_rng([seed, 13])
    i, j, k = (int(g.integers(1, most + 1)) for most in (types, plans, stages))
    months, classes = int(g.integers(k, 11)), int(g.integers(1, 4))
    counts = [int(n) for n in g.integers(1, levels + 1, j)]
    away = np.exp(g.normal(0.0, 0.5, (months, i)))
    return {
        "start": g.random((j + 1, i)) * (g.random((j + 1, i)) < 0.9),
        "attraction": [np.exp(g.normal(0.0, 1.0, (i, n))) * (g.random((i, n)) < 0.9) for n in counts],
        "decision_rate": [g.uniform(0.0, 0.9, (i, n)) for n in counts],
        "reward": [g.normal(0.3, 1.0, (i, n)) for n in counts],
        "weight": 0.95 ** np.arange(months) * (g.random(months) < 0.9),
        "outside_attraction": away,
        "outside_decision_rate": g.uniform(0.0, 0.5, i),
        "entrants": g.random((months, i)) * 0.1,
        "stage": np.sort(np.concatenate([np.arange(k), g.integers(0, k, months - k)])),
        "steps": None if g.random() < 0.4 else g.integers(0, 3, j),
        "origin": np.concatenate([[0], g.integers(0, classes, j)]),
        "habit": np.exp(g.normal(0.0, 0.7, (classes, j + 1))),
    }


def draw_problem(seed: int, **sizes: int) -> HorizonProblem:
    """See ``draw_arguments``."""
    return HorizonProblem(**draw_arguments(seed, **sizes))


def draw_nested_arguments(seed: int) -> dict[str, Any]:
    """``draw_arguments`` with two to four plans, the most of them in one or two nests."""
    for more in range(100):
        given = draw_arguments(1000 * seed + 10_000_000 + more, plans=4, levels=3, stages=2)
        plans = len(given["attraction"])
        if plans > 1:
            break
    g = np.random.default_rng([seed, 14])
    order = g.permutation(plans).tolist()
    cut = 2 if plans == 4 and g.random() < 0.5 else int(g.integers(2, plans + 1))
    members = [order[:cut], order[cut:]] if plans - cut > 1 else [order[:cut]]
    return {**given, "nests": [Nest(tuple(nest), float(g.choice([0.2, 0.5, 0.9, 1.0]))) for nest in members]}


def draw_wide_arguments(seed: int) -> dict[str, Any]:
    """Every third with nests, half of them with word of mouth, half with terms that are kept, some those of today."""
    given = draw_nested_arguments(seed) if seed % 3 == 2 else draw_arguments(seed)
    g = np.random.default_rng([seed, 15])
    rows, types = given["start"].shape
    months = len(given["weight"])
    if g.random() < 0.6:
        given["base_reach"] = g.random((months, types)) * g.choice([0.5, 3.0]) * rows
        given["reach_speed"] = g.uniform(0.0, 0.6, types)
        given["referral"] = g.uniform(0.0, 1.3, (rows, types))
    if g.random() < 0.6:
        given["holders"] = "keep"
        if g.random() < 0.5:
            given["today"] = [int(g.integers(0, a.shape[1])) for a in given["attraction"]]
    return given


def draw_limited(seed: int, **sizes: int) -> HorizonProblem:
    """``draw_problem`` with up to three limits at values that random paths reach: some cannot be kept together."""
    return with_drawn_limits(seed, draw_arguments(seed, **sizes))


def draw_wide_limited(seed: int) -> HorizonProblem:
    """The same of ``draw_wide_arguments``."""
    return with_drawn_limits(seed, draw_wide_arguments(seed))


def with_drawn_limits(seed: int, given: dict[str, Any]) -> HorizonProblem:
    """Up to three limits."""
    free, g = HorizonProblem(**given), np.random.default_rng([seed, 31])
    h, levels, months = free.horizon, free.layout.levels, free.horizon.months
    paths = [g.integers(0, levels, (int(given["stage"][-1]) + 1, h.plans)) for _ in range(9)]
    made = []
    for k in range(int(g.integers(1, 4))):
        reward = None if g.random() < 0.3 else [g.normal(0.2, 1.0, (h.types, n)) for n in levels]
        first, last = np.sort(g.integers(0, months, 2))
        window = (np.arange(months) >= first) & (np.arange(months) <= last)
        weight = np.where(window, g.uniform(0.5, 1.5, months), 0.0)
        alone = HorizonProblem(**{**given, "weight": weight, "reward": given["reward"] if reward is None else reward})
        reached = np.sort([alone.value(path) for path in paths])
        side, at = ("at_least", g.integers(3, 9)) if g.random() < 0.6 else ("at_most", g.integers(0, 6))
        edge = float(reached[at]) * (1.02 if g.random() < 0.3 else 1.0)
        made.append(HorizonLimit(weight, reward=reward, name=f"w{k}", **{side: edge}))
    return HorizonProblem(**given, limits=made)
