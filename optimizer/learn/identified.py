"""What the tables identified: by number, by elasticity, and the test that would tell most next."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from optimizer.economics import trials
from optimizer.learn.fit import SILENT, Fitted
from optimizer.learn.numbers import NINETY, NumberPrior
from optimizer.learn.posterior import forward_slopes
from optimizer.learn.results import FittedFigure, LearnedNumber, NextTest, ResponseNumber
from optimizer.learn.simulator import FACTOR, FACTOR_SD, STEP
from optimizer.learn.worlds import MarketWorld, offered_to, take_up
from optimizer.market.check_patterns import named
from optimizer.market.credibility import own_price_elasticity
from optimizer.model.case_model import CaseModel, vary
from optimizer.typing import Array
from optimizer.uncertainty.sampling import uncertain_numbers

SPOKEN_OF = {
    "usage": ("segments.*.usage.*", "segments.*.usage.*.*", "ai_models.*.*_tokens", "ai_models.*.cached"),
    "price test": ("segments.*.price_*", "segments.*.decision_rate_sensitivity", "nests.*.dissimilarity"),
    "cap test": ("segments.*.value_of_use", "segments.*.decision_rate_sensitivity", "nests.*.dissimilarity"),
    "choices": ("segments.*.price_*",),
    "subscriptions": ("plans.*.decision_rate*", "plans.*.annual_share", "nests.*.dissimilarity", "today.plans.*.*"),
    "switching": ("nests.*.dissimilarity",),
    "survey": ("plans.*.referral", "go_to_market.*.*", "segments.*.potential"),
    "rivals": ("today.alternatives.*.*", "segments.*.potential"),
    "accounts": ("pools.*.*", "pools.*.capacity.*", "finance.*", "plans.*.support_cost"),
}  # fmt: skip
"""Table -> numbers that it speaks of directly; ``*`` stands for any one name."""
NO_TABLE = 1.02
"""A table without which a number is known less than so much worse is not what it was learned from."""
LOWER = 0.75
"""Price of the arm that a test is proposed with, against today's."""
PRICE_STEP = 0.05
"""Relative step of the elasticity of take-up."""


def figures_of(fitted: Fitted) -> tuple[FittedFigure, ...]:
    """Every figure as observed and as fitted."""
    told, r = fitted.simulator.predicted(fitted.posterior.z), fitted.posterior.residuals
    return tuple(
        FittedFigure(f.table, f.about, f.unit, f.observed, p, f.error, float(d))
        for f, p, d in zip(fitted.simulator.figures, told, r, strict=True)
    )


def numbers_learned(fitted: Fitted) -> tuple[LearnedNumber, ...]:
    """Every uncertain number of the market: learned, or as it was believed."""
    column = np.array([f.table for f in fitted.simulator.figures])
    without = {t: fitted.posterior.sd_without(column == t) for t in dict.fromkeys(column.tolist())}
    values, found = fitted.numbers.values(fitted.z), []
    for path, q in uncertain_numbers(fitted.m.inputs.market).items():
        if path in fitted.readings.known:
            continue
        k = fitted.numbers.place.get(path)
        if k is None:
            assert q.low is not None and q.high is not None
            before = (q.value, q.low, q.high)
            found.append(LearnedNumber(path, q.unit, before, *before, 0.0, "", 1.0, False))
            continue
        sd = float(fitted.sd[k])
        wider = {t: float(s[k]) / sd for t, s in without.items()}
        speak = np.isin(column, [t for t in wider if named(path, SPOKEN_OF.get(t, ()))])
        direct = bool(speak.any()) and float(fitted.posterior.sd_without(speak)[k]) > NO_TABLE * sd
        found.append(_learned(fitted.numbers.priors[k], float(fitted.z[k]), sd, values[path], wider, direct))
    return tuple(found)


def _learned(
    p: NumberPrior, z: float, sd: float, value: float, wider: Mapping[str, float], direct: bool
) -> LearnedNumber:
    """One number; of shares of one whole the interval moves with the share. ``wider``: without each table."""
    scale, learned = value / p.at(z), 1.0 - sd**2
    low, high = (p.at(z + side * NINETY * sd) * scale for side in (-1.0, 1.0))
    if learned < SILENT:
        low, high = p.low, p.high
    before, low, high = (p.value, p.low, p.high), min(low, value), max(high, value)
    most = max(wider, key=lambda t: wider[t])
    table = most if wider[most] > NO_TABLE else ""
    by_form = bool(table) and not direct
    return LearnedNumber(p.path, p.unit, before, value, low, high, learned, table, wider[most], by_form)


@dataclass(frozen=True)
class Answers:
    """How plans with a fee answer to their price, in the market fitted."""

    plans: tuple[str, ...]
    segments: tuple[str, ...]
    """Whose take-up of each plan is meant: the segment that most of its customers are of; empty where there is none."""
    value: Array
    """(2 P,) own-price elasticities in the long run, then those of take-up."""
    slopes: Array
    """(2 P, N) by numbers that were learned, and nuisances."""
    silent: Array
    """(2 P, numbers of which nothing was learned)."""

    def spread(self, covariance: Array) -> Array:
        """(2 P,) standard deviations by the delta method: sqrt(g' C g); what was not learned is as it was believed."""
        learned = np.einsum("mk,kl,ml->m", self.slopes, covariance, self.slopes)
        return np.asarray(np.sqrt(learned + (self.silent**2).sum(axis=1)))


def answers_of(fitted: Fitted) -> Answers:
    """Elasticities at the market fitted, and how they move with the numbers."""
    plans = tuple(p for p in fitted.m.today.plans if fitted.m.today.prepared.terms[p].price > 0.0)
    segments = tuple(_main_segment(fitted.m, plan) for plan in plans)
    told = partial(elasticities, plans, segments)
    value = told(fitted.m)

    def moved(z: Array, k: int) -> Array:
        return told(fitted.simulator.nearby(z, k)) if k < len(fitted.numbers.priors) else value

    def believed(z: Array, k: int) -> Array:
        p = fitted.silent.priors[k]
        return told(vary(fitted.m, {p.path: p.at(float(z[k]))}))

    fitted.simulator.residuals(fitted.posterior.z)
    slopes = forward_slopes(moved, fitted.posterior.z, value, STEP)
    silent = forward_slopes(believed, np.zeros(len(fitted.silent.priors)), value, STEP)
    return Answers(plans, segments, value, slopes, silent)


def elasticities(plans: Sequence[str], segments: Sequence[str], m: CaseModel) -> Array:
    """(2 P,) of customers to the own price, and of the take-up of those who decide; 0 where there is no segment."""
    world, prepared = MarketWorld(m), m.today.prepared

    def rate(plan: str, segment: str, factor: float) -> float:
        price = prepared.terms[plan].price * factor
        return take_up(segment, ((f"plans.{plan}.price", price),), plan, world)

    up, down = 1.0 + PRICE_STEP, 1.0 - PRICE_STEP
    short = [
        math.log(rate(plan, s, up) / rate(plan, s, down)) / math.log(up / down) if s else 0.0
        for plan, s in zip(plans, segments, strict=True)
    ]
    return np.array([*(own_price_elasticity(m.today, plan) for plan in plans), *short])


def responses_of(fitted: Fitted, answers: Answers) -> tuple[ResponseNumber, ...]:
    """Own-price elasticities of plans with a fee, before and after; spreads about what was fitted."""
    if not answers.plans:
        return ()
    before = elasticities(answers.plans, answers.segments, fitted.simulator.market_at(np.zeros(fitted.simulator.size)))
    spreads = (answers.spread(c) for c in (np.eye(fitted.simulator.size), fitted.posterior.covariance))
    return tuple(
        ResponseNumber("own_price_elasticity", plan, *map(float, row))
        for plan, *row in zip(answers.plans, before, answers.value, *spreads, strict=False)
    )


def next_tests(fitted: Fitted, answers: Answers) -> tuple[NextTest, ...]:
    """For each plan with a fee, the price test that halves what is not known of how its take-up answers."""
    world, found = MarketWorld(fitted.m), []
    spreads = answers.spread(fitted.posterior.covariance)[len(answers.plans) :].tolist()
    for plan, segment, spread in zip(answers.plans, answers.segments, spreads, strict=True):
        share = _sign_up(fitted, segment) * take_up(segment, (), plan, world) if segment else 0.0
        if spread > 0.0 and share > 0.0:
            visitors, price = trials.visitors_needed(share, 1.0 / LOWER, spread), world.prepared.terms[plan].price
            test = NextTest(plan, price, round(price * LOWER, 2), share, visitors, visitors * share, spread)
            found.append(test)
    return tuple(found)


def _sign_up(fitted: Fitted, segment: str) -> float:
    """Part of a test's visitors who decide at all, as fitted; as believed where there was no test."""
    names = fitted.simulator.factors
    for name in (f"sign_up.{segment}", "sign_up.all"):
        if name in names:
            z = float(fitted.posterior.z[len(fitted.numbers.priors) + names.index(name)])
            return math.exp(FACTOR + FACTOR_SD * z)
    return math.exp(FACTOR)


def _main_segment(m: CaseModel, plan: str) -> str:
    """The segment that most of a plan's customers are of; empty where its price is stated by region."""
    if m.today.prepared.terms[plan].regional:
        return ""
    held = {s: float(MarketWorld(m).held(s, plan).sum()) for s in m.inputs.market.segments}
    best = max(held, key=lambda s: held[s])
    return best if offered_to(m.today.prepared, plan, best) else ""
