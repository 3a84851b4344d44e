"""Random small paths over draws for tests, each a pure function of its seed."""

from __future__ import annotations

from typing import Any

import numpy as np
from horizons import draw_arguments, draw_wide_arguments, with_drawn_limits

from optimizer import HorizonLimit, HorizonProblem, RobustHorizonProblem

RISKS = ("mean", "cvar", "worst", "regret")


def redrawn(given: dict[str, Any], g: np.random.Generator, spread: float) -> dict[str, Any]:
    """The same plans, levels, stages and steps with other customers, attractions, rates, rewards and months."""
    found = dict(given)
    for name in ("attraction", "reward", "decision_rate"):
        found[name] = [a * np.exp(spread * g.normal(size=a.shape)) for a in given[name]]
    found["decision_rate"] = [np.minimum(a, 1.0) for a in found["decision_rate"]]
    for name in ("start", "outside_attraction", "entrants"):
        found[name] = given[name] * np.exp(spread * g.normal(size=given[name].shape))
    found["habit"] = given["habit"] * np.exp(spread * g.normal(size=given["habit"].shape))
    if "referral" in given:
        found["referral"] = given["referral"] * np.exp(spread * g.normal(size=given["referral"].shape))
    return found


def draw_robust(seed: int) -> tuple[RobustHorizonProblem, str, float]:
    """One to four draws, up to three stages, plans and levels; half of them with limits, some on the mean; every fifth
    with nests, word of mouth or kept terms. The problem, the risk and the tail."""
    g = np.random.default_rng([seed, 41])
    base = draw_wide_arguments(seed) if seed % 5 == 4 else draw_arguments(seed, types=4, plans=3, levels=3)
    draws, spread = int(g.integers(1, 5)), float(g.choice([0.1, 0.5, 1.0]))
    given = [redrawn(base, g, spread) for _ in range(draws)]
    risk, on_mean = RISKS[seed % 4], []
    limits: list[HorizonLimit] = []
    if g.random() < 0.5:
        asked = with_drawn_limits(seed, base)
        limits = [_eased(limit, base, asked, g) for limit in _stated(asked, base)][:2]
        on_mean = [k for k in range(len(limits)) if g.random() < 0.3] if risk != "regret" else []
    problems = [HorizonProblem(**one, limits=limits) for one in given]
    weights = None if g.random() < 0.5 else g.uniform(0.1, 1.0, draws)
    return RobustHorizonProblem(problems, weights, on_mean), risk, float(g.choice([0.1, 0.3, 0.6]))


def _stated(problem: HorizonProblem, given: dict[str, Any]) -> list[HorizonLimit]:
    """Limits of a random problem, on its own reward, as arguments for another one."""
    months = problem.horizon.months
    return [HorizonLimit(np.ones(months), at_least=limit.at_least, name=limit.name) for limit in problem.limits]


def _eased(limit: HorizonLimit, given: dict[str, Any], problem: HorizonProblem, g: np.random.Generator) -> HorizonLimit:
    """At least what a random path of the base reaches, less some of it, in a random window."""
    free = HorizonProblem(**given)
    months = free.horizon.months
    first, last = np.sort(g.integers(0, months, 2))
    window = np.where((np.arange(months) >= first) & (np.arange(months) <= last), 1.0, 0.0)
    alone = HorizonProblem(**{**given, "weight": window})
    path = g.integers(0, free.layout.levels, (free.horizon.stages, free.horizon.plans))
    reached = alone.value(path)
    return HorizonLimit(window, at_least=reached - abs(reached) * float(g.choice([0.1, 0.5, 1.0])), name=limit.name)
