"""Usage within a customer and between customers, from counts of pairs of windows.

The count of a window is Poisson(exp(m + sigma e)), e standard normal, on a window with use, which has probability a;
m ~ N(M, S^2) between customers. Two windows of one customer that lie far apart share m alone, so the table of pairs of
bins, an early window and a late one, tells S from sigma. Windows without use are in it, but for pairs of them: what is
told by a pair is conditional on some use in it, so that nobody is missed who was not seen, and sleeping accounts do
not count. At a cap the wish is known from below.

Composite likelihood of pairs (Varin, Reid and Firth, 2011). Its standard errors come from the spread of the score
among customers simulated from the fit (sandwich).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from optimizer.economics.normal import quantile
from optimizer.learn.engine import missing
from optimizer.learn.stats import PlanCap, Stats, WindowCell
from optimizer.market.modes import MONTH_DAYS
from optimizer.typing import Array, Ints

NODES = 41
"""Values of m between customers."""
STEP = 0.06
"""Distance of the values of log demand at which counts are tabulated."""
SIMULATED = 3000
"""Customers simulated for the standard errors."""
FEWEST = 50
"""Customers from which anything is estimated."""
EARLY = 0.4
"""Part of the days whose windows are paired with those of as many late days."""
LENGTH = {"day": 1.0, "week": 7.0, "month": 30.0}
"""Days."""


@dataclass(frozen=True)
class UsageEstimate:
    """A number of usage, for the customers of one plan in one segment."""

    segment: str
    plan: str
    name: str
    """As in a market: requests, sigma, active_days, windows_per_day, window_sigmas.day, ai_models.large..."""
    value: float
    se: float
    basis: str
    """What it was estimated from."""


@dataclass(frozen=True)
class WindowFit:
    """The four numbers of counts in windows of one length."""

    log_mean: float
    """M."""
    between: float
    """S."""
    within: float
    """Sigma."""
    active: float
    """a, the probability that a window has use."""
    covariance: Array
    """(4, 4) of (M, ln S, ln sigma, logit a)."""
    customers: int

    @property
    def mean(self) -> float:
        """Requests wanted a window, windows without use included."""
        return self.active * math.exp(self.log_mean + 0.5 * self.between**2 + 0.5 * self.within**2)

    @property
    def errors(self) -> dict[str, float]:
        """Standard errors of mean, between, within, active."""
        gradient = {
            "mean": self.mean * np.array([1.0, self.between**2, self.within**2, 1.0 - self.active]),
            "between": np.array([0.0, self.between, 0.0, 0.0]),
            "within": np.array([0.0, 0.0, self.within, 0.0]),
            "active": np.array([0.0, 0.0, 0.0, self.active * (1.0 - self.active)]),
        }
        return {k: math.sqrt(max(float(g @ self.covariance @ g), 0.0)) for k, g in gradient.items()}


@dataclass(frozen=True)
class _PairTable:
    """Counts of pairs by two bins, bins in order."""

    low: Ints
    high: Array
    """inf where a cap was reached."""
    first: Ints
    second: Ints
    """Index of the bins of each cell."""
    pairs: Array
    rest: float
    """Pairs in cells of few customers."""
    spells: bool
    """Whether windows are spells, which have use by definition."""

    @cached_property
    def grid(self) -> Array:
        """Values of log demand."""
        top = float(np.max(np.where(np.isfinite(self.high), self.high, self.low)))
        return np.arange(-9.0, math.log(top + 1.0) + 6.0, STEP)

    @cached_property
    def counts(self) -> Array:
        """(grid, bins) probability of each bin at each value of log demand."""
        from scipy.special import pdtr

        rate = np.exp(self.grid)[:, None]
        below = np.where(self.low > 0, pdtr(np.maximum(self.low - 1, 0), rate), 0.0)
        return np.asarray(np.where(np.isfinite(self.high), pdtr(np.maximum(self.high - 1, 0), rate), 1.0) - below)


def _table(cells: Sequence[WindowCell]) -> _PairTable:
    """The cells as arrays; bins are cut at the cap, above which all is one bin."""
    shown = [c for c in cells if c.low is not None and c.other_low is not None]
    reached = [low for c in shown for low, high in ((c.low, c.high), (c.other_low, c.other_high)) if high is None]
    cap = min((low for low in reached if low is not None), default=None)

    def bin_of(low: int | None, high: int | None) -> tuple[int, float]:
        assert low is not None
        if cap is None:
            return low, math.inf if high is None else float(high)
        return (cap, math.inf) if low >= cap else (low, float(min(high or cap, cap)))

    keys = [(bin_of(c.low, c.high), bin_of(c.other_low, c.other_high)) for c in shown]
    bins = sorted({b for pair in keys for b in pair} | {(0, 1.0)})
    index = {b: k for k, b in enumerate(bins)}
    pairs: dict[tuple[int, int], float] = {}
    for (one, other), c in zip(keys, shown, strict=True):
        at = (min(index[one], index[other]), max(index[one], index[other]))
        pairs[at] = pairs.get(at, 0.0) + c.pairs
    first, second = (np.array([p[k] for p in pairs], np.intp) for k in (0, 1))
    return _PairTable(
        np.array([b[0] for b in bins]), np.array([b[1] for b in bins]), first, second, np.array(list(pairs.values())),
        float(sum(c.pairs for c in cells if c.low is None)), cells[0].time_window == "5h",
    )  # fmt: skip


def _normal(x: Array) -> Array:
    from scipy.special import ndtr

    return np.asarray(ndtr(x))


def _nodes() -> tuple[Array, Array]:
    """Values of a standard normal and their weights: the middles of equal steps."""
    g = np.linspace(-4.0, 4.0, NODES)
    w = np.exp(-0.5 * g * g)
    return g, w / w.sum()


def _bins(theta: Array, table: _PairTable) -> tuple[Array, Array]:
    """(nodes, bins) probability of a window's bin at each m, and the weights of the nodes."""
    g, w = _nodes()
    mean, between, within = theta[0], math.exp(min(theta[1], 3.0)), math.exp(min(max(theta[2], -4.0), 3.0))
    edges = np.r_[-np.inf, table.grid[:-1] + 0.5 * STEP, np.inf]
    mass = np.diff(_normal((edges[None, :] - (mean + between * g)[:, None]) / within), axis=1)
    q = mass @ table.counts
    if not table.spells:
        a = 1.0 / (1.0 + math.exp(-theta[3]))
        q = a * q
        q[:, 0] += 1.0 - a  # the first bin is [0, 1)
    return q, w


def _cells(theta: Array, table: _PairTable) -> tuple[Array, float]:
    """Probability of each cell and of all others, of pairs that are not both without use."""
    q, w = _bins(theta, table)
    joint = (q * w[:, None]).T @ q
    p = joint[table.first, table.second] * np.where(table.first == table.second, 1.0, 2.0)
    some = _some(table, q, w)
    p = np.maximum(p / some, 1e-300)
    return p, max(1.0 - float(p.sum()), 1e-12)


def _some(table: _PairTable, q: Array, w: Array) -> float:
    """Probability that a pair counts: use in both, of spells; use in one of them, of other windows."""
    none = q[:, 0]
    return max(float(w @ (1.0 - none) ** 2) if table.spells else 1.0 - float(w @ none**2), 1e-300)


def _negative(theta: Array, table: _PairTable) -> float:
    """Minus the log-likelihood of a pair, on average."""
    p, rest = _cells(_full(theta), table)
    return -float(table.pairs @ np.log(p) + table.rest * math.log(rest)) / float(table.pairs.sum() + table.rest)


def _full(theta: Array) -> Array:
    """All four parameters; spells have no probability of use."""
    return theta if len(theta) == 4 else np.r_[theta, 30.0]


def fit_windows(cells: Sequence[WindowCell], customers: int, windows: float, seed: int = 0) -> WindowFit:
    """The four numbers from the cells of one plan, window and AI model.

    ``windows``: early (or late) windows of a customer, on average; for standard errors alone. Raises InputError without
    scipy.
    """
    try:
        from scipy.optimize import minimize
    except ModuleNotFoundError as error:
        raise missing(error) from None
    table = _table(cells)
    start = np.array([*_start(table), -0.3, -0.5, 0.0])[: 3 if table.spells else 4]
    found = minimize(_negative, start, args=(table,), method="BFGS", options={"gtol": 1e-6})
    theta = np.asarray(found.x)
    cov = np.zeros((4, 4))
    size = len(theta)
    cov[:size, :size] = _sandwich(theta, table, customers, windows, np.random.default_rng(seed))
    full = _full(theta)
    return WindowFit(
        float(full[0]), math.exp(full[1]), math.exp(full[2]), 1.0 / (1.0 + math.exp(-full[3])), cov, customers
    )


def _start(table: _PairTable) -> tuple[float]:
    """Log of about the mean count of windows with use."""
    weight = np.bincount(table.second, table.pairs, len(table.low))
    weight[0] = 0.0
    middle = np.where(np.isfinite(table.high), 0.5 * (table.low + table.high - 1.0), table.low)
    return (math.log(max(float(weight @ middle) / max(float(weight.sum()), 1.0), 0.5)) - 0.5,)


def _sandwich(theta: Array, table: _PairTable, customers: int, windows: float, rng: np.random.Generator) -> Array:
    """Covariance of the estimate: inverse Hessian, spread of the customers' scores, inverse Hessian."""
    slopes, weight = _slopes(theta, table)
    q, w = _bins(_full(theta), table)
    node = rng.choice(len(w), SIMULATED, p=w)
    early, late = (_simulated_counts(node, q, table, windows, rng) for _ in range(2))
    score = np.stack([np.einsum("cb,bd,cd->c", early, slope, late, optimize=True) for slope in slopes], axis=1)
    information = np.einsum("kbd,lbd,bd->kl", slopes, slopes, weight / float(weight.sum()), optimize=True)
    seen = (early.sum(axis=1) * late.sum(axis=1)).mean()
    seen -= 0.0 if table.spells else (early[:, 0] * late[:, 0]).mean()
    inverse = np.linalg.pinv(information * seen)
    return np.asarray(inverse @ np.cov(score.T) @ inverse / customers)


def _slopes(theta: Array, table: _PairTable, step: float = 1e-4) -> tuple[Array, Array]:
    """(parameters, bins, bins) slope of the log probability of every pair of bins, and the pairs' probabilities.

    Pairs in no cell of their own have the slope of all others together; pairs that do not count have none.
    """
    bins = len(table.low)
    of = np.full((bins, bins), -1)
    of[table.first, table.second] = of[table.second, table.first] = np.arange(len(table.first))
    q, w = _bins(_full(theta), table)
    weight = (q * w[:, None]).T @ q
    skipped = np.zeros((bins, bins), bool)
    skipped[0, 0] = True
    if table.spells:
        skipped[0] = skipped[:, 0] = True
    weight[skipped] = 0.0
    slopes = []
    for move in np.eye(len(theta)) * step:
        up, down = (_cells(_full(theta + sign * move), table) for sign in (1.0, -1.0))
        each = (np.log(up[0]) - np.log(down[0])) / (2.0 * step)
        others = (math.log(up[1]) - math.log(down[1])) / (2.0 * step)
        slopes.append(np.where(skipped, 0.0, np.where(of >= 0, np.r_[each, 0.0][of], others)))
    return np.array(slopes), weight


def _simulated_counts(node: Ints, q: Array, table: _PairTable, windows: float, rng: np.random.Generator) -> Array:
    """(customers, bins) windows in each bin of customers at the nodes; spells without use are not seen."""
    q = np.maximum(q, 0.0) / np.maximum(q.sum(axis=1, keepdims=True), 1e-300)
    number = windows / max(1.0 - float(q[node, 0].mean()), 0.05) if table.spells else windows
    counts = rng.multinomial(max(round(number), 1), q[node]).astype(float)
    if table.spells:
        counts[:, 0] = 0.0
    return counts


WINDOW_NAMES = {"day": "day", "week": "week", "month": "month", "5h": "short"}
"""Windows of the statistics, and what a market calls the spread from one to the next."""


def estimate_usage(stats: Stats, windows: Sequence[str] = tuple(WINDOW_NAMES)) -> tuple[UsageEstimate, ...]:
    """Every number of usage that the log tells, by segment and plan; ``windows``: from which windows' counts.

    Windows whose wish the caps hide are left out: what is not told stays as it was believed. Raises InputError.
    """
    found: list[UsageEstimate] = []
    for activity in stats.activity:
        if activity.customers < FEWEST:
            continue
        unit = (activity.segment, activity.plan)
        days = activity.days / activity.customers
        found += _sizes(stats, unit, activity.customers, days, windows)
        found += _mix(stats, unit)
    return tuple(found)


def _sizes(
    stats: Stats, unit: tuple[str, str], customers: int, days: float, windows: Sequence[str]
) -> list[UsageEstimate]:
    """Requests, spread between customers, and spread from window to window."""
    found: list[UsageEstimate] = []
    fits: dict[str, WindowFit] = {}
    for window, name in ((window, WINDOW_NAMES[window]) for window in windows):
        cells = [c for c in stats.windows if (c.segment, c.plan, c.time_window, c.ai_model) == (*unit, window, "")]
        told = told_by(stats.caps, unit[1], window, "")
        if not told or sum(c.low is not None for c in cells) < 10:
            continue
        number = days / LENGTH[window] if window in LENGTH else _spells(stats, unit)
        if number < 2.0:
            continue
        fit = fit_windows(cells, customers, max(EARLY * number, 1.0))
        fits[window], errors = fit, fit.errors
        found.append(UsageEstimate(*unit, f"window_sigmas.{name}", fit.within, errors["within"], told))
        if window == "day":
            mean = fit.mean * MONTH_DAYS
            found.append(UsageEstimate(*unit, "requests", mean, errors["mean"] * MONTH_DAYS, told))
            found.append(UsageEstimate(*unit, "sigma", fit.between, errors["between"], told))
            a = fit.active * MONTH_DAYS
            found.append(UsageEstimate(*unit, "active_days", a, errors["active"] * MONTH_DAYS, told))
    return found + _spells_a_day(unit, fits)


def _spells_a_day(unit: tuple[str, str], fits: Mapping[str, WindowFit]) -> list[UsageEstimate]:
    """Spells on a day of use: what is wanted a day over what is wanted a spell, those without a request included."""
    if not {"day", "5h"} <= set(fits):
        return []
    day, spell = fits["day"], fits["5h"]
    value = max(day.mean / day.active / spell.mean, 1.0)
    se = value * math.hypot(*(f.errors["mean"] / f.mean for f in (day, spell)))
    return [UsageEstimate(*unit, "windows_per_day", value, se, "requests a day of use over requests a spell")]


def _spells(stats: Stats, unit: tuple[str, str]) -> float:
    """Spells of use of a customer while watched."""
    rows = [a for a in stats.activity if (a.segment, a.plan) == unit]
    return sum((a.spells or 0) / a.customers for a in rows)


def told_by(caps: Sequence[PlanCap], plan: str, window: str, ai_model: str) -> str:
    """What makes the counts of a window tell the wish; empty where caps hide it.

    Without caps they do. The sum of all AI models does where something takes over what a cap refuses. One AI model's
    count does at the very window of its only cap.
    """
    ours = [c for c in caps if c.plan == plan]
    if not ours:
        return "counts without a cap"
    if not ai_model:
        return "all requests: what caps refuse is served by a fallback" if all(c.fallback for c in ours) else ""
    own = [c for c in ours if c.ai_model == ai_model]
    at = {"3h": "5h"}.get(own[0].cap_window, own[0].cap_window) if len(own) == 1 else ""
    return "counts known from below at the cap" if at == window else ""


def _mix(stats: Stats, unit: tuple[str, str]) -> list[UsageEstimate]:
    """Share of the requests wanted from each AI model."""
    rows = [t for t in stats.totals if (t.segment, t.plan) == unit]
    total = sum(t.requests for t in rows)
    if not any(c.plan == unit[1] for c in stats.caps) and total:
        shares = [(t.ai_model, t.requests / total, t.customers) for t in rows]
        told = "requests without a cap"
        return [UsageEstimate(*unit, f"ai_models.{a}", p, _share_error(p, n), told) for a, p, n in shares]
    return _capped_mix(stats, unit)


def _capped_mix(stats: Stats, unit: tuple[str, str]) -> list[UsageEstimate]:
    """Share of a capped AI model: its wish, known from below, against that of all together."""
    found = []
    customers = sum(a.customers for a in stats.activity if (a.segment, a.plan) == unit)
    days = sum(a.days for a in stats.activity if (a.segment, a.plan) == unit) / max(customers, 1)
    for cap in stats.caps:
        told = told_by(stats.caps, unit[1], "day", cap.ai_model)
        if cap.plan != unit[1] or cap.cap_window != "day" or not told or not told_by(stats.caps, unit[1], "day", ""):
            continue
        fits = []
        for name in (cap.ai_model, ""):
            cells = [c for c in stats.windows if (c.segment, c.plan, c.time_window, c.ai_model) == (*unit, "day", name)]
            if sum(c.low is not None for c in cells) >= 10:
                fits.append(fit_windows(cells, customers, EARLY * days))
        if len(fits) == 2:
            share = min(fits[0].mean / fits[1].mean, 1.0)
            se = share * math.hypot(*(f.errors["mean"] / f.mean for f in fits))
            found.append(UsageEstimate(*unit, f"ai_models.{cap.ai_model}", share, se, told))
    return found


def _share_error(share: float, customers: int) -> float:
    return math.sqrt(max(share * (1.0 - share), 1e-6) / max(customers, 1))


def interval(estimate: UsageEstimate, level: float = 0.9) -> tuple[float, float]:
    """Where the number lies with that probability."""
    half = quantile(0.5 + 0.5 * level) * estimate.se
    return estimate.value - half, estimate.value + half
