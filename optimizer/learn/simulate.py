"""Tables of a company that does not exist, from a truth that is known: a dry run, a tutorial, a test of the rest.

Customers choose, decide anew and leave as the market's evaluator says; they use the service by their habits, within
the caps of their plan. Annual subscriptions are told as such, but end like others.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from os import PathLike
from typing import Any

import numpy as np

from optimizer.economics.normal import cdf
from optimizer.errors import bad_argument
from optimizer.learn.arms import SIGN_UP, experiments
from optimizer.learn.asked import asked
from optimizer.learn.habits import habit_of, served, wishes
from optimizer.learn.truth import KnownTruth, TrueNumber, draw_truth, ledger_of
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.market.modes import MONTH_DAYS
from optimizer.typing import Array, Ints

FIRST_DAY = date(2025, 1, 6)
"""A Monday, so that weeks are whole."""
VISITORS = 8000
"""Visitors that an arm of a test is shown to."""
MOST_VISITORS = 1_000_000_000
MOST_ASKED = 100_000
"""People of a segment who answer surveys."""
LONGEST = 1500.0
"""Days that a subscription can have lasted before the first day."""

Columns = Mapping[str, Any]


@dataclass(frozen=True)
class Simulation:
    """Tables by name, each a mapping of columns, and the truth they were made from."""

    tables: Mapping[str, Columns]
    truth: tuple[TrueNumber, ...]


@dataclass(frozen=True)
class _Held:
    """Times that customers hold a plan, in days from the first; one row each."""

    customer: Ints
    type: Ints
    plan: Ints
    start: Array
    end: Array


def simulate(
    case: str | PathLike[str], customers: int, days: int, seed: int, visitors: int = VISITORS, people: int = 0,
    ledger: bool = False,
) -> Simulation:  # fmt: skip
    """A company with so many customers on the first day, watched for some days. Raises InputError.

    visitors: how many each arm of its tests is shown to; 0: it makes no tests. people: how many of each segment answer
    its surveys; 0: it asks nobody. ledger: whether its books are among the tables.
    """
    if not 10 <= customers <= 5_000_000:
        raise bad_argument("--customers", f"{customers} is not between 10 and 5,000,000", "give e.g. 8000")
    if not 14 <= days <= 1000:
        raise bad_argument("--days", f"{days} is not between 14 and 1000", "give e.g. 90")
    if not 0 <= visitors <= MOST_VISITORS:
        raise bad_argument("--visitors", f"{visitors} is not between 0 and {MOST_VISITORS:,}", "give e.g. 8000")
    if not 0 <= people <= MOST_ASKED:
        raise bad_argument("--asked", f"{people} is not between 0 and {MOST_ASKED:,}", "give e.g. 300")
    if seed < 0:
        raise bad_argument("--seed", "a seed cannot be negative", "give 0 or more")
    truth = draw_truth(case, seed)
    prepared = truth.calibrated.prepared
    today = evaluate_menu(prepared, prepared.today_menu())
    rng = np.random.default_rng([seed, 1_000_003])
    held = _histories(today, customers, days, rng)
    tables: dict[str, Columns] = {
        "subscriptions": _subscriptions(today, held, days, rng),
        "usage": _usage(truth, today, held, days, rng),
        "caps": _caps(today),
        "experiments": experiments(today, visitors, rng),
    }
    if people:
        tables |= asked(truth, today, people, np.random.default_rng([seed, 1_000_004]))
    if ledger:
        tables["ledger"] = ledger_of(truth)
    total = float(today.customers.sum())
    more = TrueNumber("simulated.customers", float(customers), "customers", None, None)
    scale = TrueNumber("simulated.scale", customers / total, "fraction", None, None)
    sign_up = TrueNumber("simulated.sign_up", SIGN_UP, "fraction", None, None)
    return Simulation(tables, (*truth.numbers, more, scale, sign_up))


def _histories(today: Evaluation, customers: int, days: int, rng: np.random.Generator) -> _Held:
    """Who holds which plan when: those of the first day, those who come, and where they go from there."""
    stock, leave = today.customers, today.leaving * (1.0 / MONTH_DAYS)
    size = len(today.plans)
    count = rng.multinomial(customers, (stock / stock.sum()).ravel())
    of = np.repeat(np.arange(stock.size), count)
    start = -np.minimum(rng.exponential(1.0, len(of)) / leave.ravel()[of], LONGEST)
    outside = _from_outside(today) * (customers / stock.sum()) / MONTH_DAYS
    came = rng.poisson(np.maximum(outside * days, 0.0)).ravel()
    new = np.repeat(np.arange(stock.size), came)
    kinds, starts = np.r_[of, new], np.r_[start, rng.uniform(0.0, days, len(new))]
    person, rows = np.arange(len(kinds)), []
    while len(kinds):
        type_, plan = kinds // size, kinds % size
        end = np.maximum(starts, 0.0) + rng.exponential(1.0, len(kinds)) / leave[type_, plan]
        rows.append((person, type_, plan, starts, end))
        goes = end < days
        following = _next_plan(today, type_[goes], plan[goes], rng)
        stays = following >= 0
        person, starts = person[goes][stays], end[goes][stays]
        kinds = type_[goes][stays] * size + following[stays]
    person, type_, plan, starts, end = (np.concatenate(column) for column in zip(*rows, strict=True))
    return _Held(person, type_, plan, starts, end)


def _moves(today: Evaluation) -> Array:
    """(I, J, J) probability that someone who leaves a plan goes to another of ours; the rest leave us."""
    again = today.again
    moves = again[:, None, :] / np.maximum(1.0 - again[:, :, None], 1e-12)
    moves[:, np.arange(again.shape[1]), np.arange(again.shape[1])] = 0.0
    return np.asarray(moves)


def _from_outside(today: Evaluation) -> Array:
    """(I, J) people a month who come from elsewhere: as many as leave, less those who come from our other plans."""
    leaving = today.customers * today.leaving
    return np.asarray(np.maximum(leaving - np.einsum("ij,ijk->ik", leaving, _moves(today)), 0.0))


def _next_plan(today: Evaluation, types: Ints, plans: Ints, rng: np.random.Generator) -> Ints:
    """The plan each goes to, -1 for none of ours."""
    sums = np.cumsum(_moves(today)[types, plans], axis=1)
    u = rng.random(len(types))
    found = (u[:, None] >= sums).sum(axis=1)
    return np.where(found < sums.shape[1], found, -1)


def _day(days: Array) -> list[str]:
    """Dates as text."""
    first = np.datetime64(FIRST_DAY, "D")
    return [str(d) for d in first + np.floor(days).astype("timedelta64[D]")]


def _subscriptions(today: Evaluation, held: _Held, days: int, rng: np.random.Generator) -> Columns:
    prepared = today.prepared
    facts = {f.name: f for f in prepared.plans}
    prices = np.array([prepared.terms[p].price for p in today.plans])
    share = np.array([facts[p].annual_share for p in today.plans])[held.plan]
    discount = np.array([facts[p].annual_discount for p in today.plans])[held.plan]
    price = prices[held.plan]
    annual = (rng.random(len(price)) < share) & (price > 0.0)
    ended = held.end < days
    dates = np.array(_day(np.minimum(held.end, days)), dtype=object)
    keep = np.floor(held.start) < np.where(ended, np.floor(held.end), np.inf)
    columns = {
        "customer": _ids(held.customer),
        "segment": np.array(prepared.population.segments, object)[prepared.population.segment[held.type]],
        "plan": np.array(today.plans, object)[held.plan],
        "started": np.array(_day(held.start), object),
        "ended": np.where(ended, dates, ""),
        "price": np.round(np.where(annual, price * 12.0 * (1.0 - discount), price), 2),
        "currency": np.full(len(price), "USD", object),
        "interval": np.where(annual, "year", "month"),
    }
    return {name: column[keep] for name, column in columns.items()}


def _ids(customer: Ints) -> Any:
    return np.array([f"c{k:07d}" for k in range(int(customer.max()) + 1)], object)[customer]


def _usage(truth: KnownTruth, today: Evaluation, held: _Held, days: int, rng: np.random.Generator) -> Columns:
    """The log: requests and tokens by customer, day, hour and AI model."""
    market, pop = truth.market, today.prepared.population
    names = tuple(market.ai_models)
    blocks = {name: q.value for name, q in market.hours.items()}
    monthly = _monthly(truth, today, held, rng)
    parts = []
    for s, segment in enumerate(market.segments.values()):
        habit = habit_of(segment.usage, names, blocks)
        for j, plan in enumerate(today.plans):
            rows = np.flatnonzero((pop.segment[held.type] == s) & (held.plan == j))
            if not len(rows):
                continue
            present = _present(held.start[rows], held.end[rows], days)
            asked = wishes(habit, monthly[held.customer[rows]], days, present, rng)
            terms = today.prepared.terms[plan]
            sold = [price is not None for price in terms.unit_prices]
            got = served(asked, terms.caps, terms.fallback, terms.fallback_limit, sold)
            parts += [
                (held.customer[rows][asked.customer], asked.day, asked.hour, a, got[:, a]) for a in range(len(names))
            ]
    return _log(truth, parts, rng)


def _present(start: Array, end: Array, days: int) -> Any:
    """(C, D) days on which each is a customer, in whole days as the subscriptions say."""
    day = np.arange(days)
    return (day >= np.floor(start)[:, None]) & (day < np.floor(end)[:, None])


def _monthly(truth: KnownTruth, today: Evaluation, held: _Held, rng: np.random.Generator) -> Array:
    """(customers,) requests a month each wishes for: lognormal in the segment, within the customer's usage class."""
    pop, edges = today.prepared.population, np.array(truth.market.classes.usage)
    size = int(held.customer.max()) + 1
    type_ = np.zeros(size, np.intp)
    type_[held.customer] = held.type
    usage = [s.usage for s in truth.market.segments.values()]
    mean = np.array([u.requests.value for u in usage])[pop.segment[type_]]
    sigma = np.array([u.sigma.value for u in usage])[pop.segment[type_]]
    low, high = edges[pop.usage_class[type_]], edges[pop.usage_class[type_] + 1]
    u = np.clip(low + (high - low) * rng.random(size), 1e-9, 1.0 - 1e-9)
    z = np.interp(u, *_quantiles())
    return np.asarray(mean * np.exp(sigma * z - 0.5 * sigma**2))


def _quantiles() -> tuple[Array, Array]:
    """Probabilities, fine in the tails, and their standard normal quantiles."""
    z = np.linspace(-6.5, 6.5, 4001)
    return cdf(z), z


def _log(truth: KnownTruth, parts: list[tuple[Ints, Ints, Ints, int, Ints]], rng: np.random.Generator) -> Columns:
    names = tuple(truth.market.ai_models)
    customer, day, hour, requests = (np.concatenate([p[k] for p in parts]) for k in (0, 1, 2, 4))
    of = np.concatenate([np.full(len(p[0]), p[3]) for p in parts])
    kept = np.flatnonzero(requests)
    kept = kept[np.argsort(day[kept] * 24 + hour[kept], kind="stable")]
    customer, day, hour, of, requests = customer[kept], day[kept], hour[kept], of[kept], requests[kept]
    models = list(truth.market.ai_models.values())
    tokens, cached, answers = (
        np.array(values)[of]
        for values in zip(*((m.input_tokens.value, m.cached.value, m.output_tokens.value) for m in models), strict=True)
    )
    spread = np.exp(0.5 * rng.standard_normal(len(of)) - 0.125)
    read = np.rint(requests * tokens * spread)
    dates = np.array([str(FIRST_DAY + timedelta(days=k)) for k in range(int(day.max(initial=0)) + 1)], object)
    return {
        "customer": _ids(customer) if len(customer) else customer,
        "day": dates[day],
        "hour": hour,
        "ai_model": np.array(names, object)[of],
        "requests": requests,
        "input_tokens": read.astype(np.int64),
        "cached_tokens": np.floor(read * cached).astype(np.int64),
        "output_tokens": np.rint(requests * answers * np.exp(0.5 * rng.standard_normal(len(of)) - 0.125)).astype(
            np.int64
        ),
    }


def _caps(today: Evaluation) -> Columns:
    """The caps of today's plans."""
    rows = []
    for plan in today.plans:
        terms = today.prepared.terms[plan]
        for name, caps in zip(today.prepared.ai_models.names, terms.caps, strict=True):
            rows += [(plan, name, window, cap, str(terms.fallback is not None).lower()) for window, cap in caps or ()]
    names = ("plan", "ai_model", "window", "cap", "fallback")
    return dict(zip(names, map(list, zip(*rows, strict=True)), strict=True)) if rows else {n: [] for n in names}


def table_files_of(made: Simulation) -> dict[str, bytes | str]:
    """The tables as CSV files by name."""
    import pandas as pd

    return {f"{name}.csv": pd.DataFrame(dict(columns)).to_csv(index=False) for name, columns in made.tables.items()}


def truth_text(made: Simulation) -> str:
    """The truth as a table: path, value, unit, and the low and high it was drawn within."""
    from optimizer.io.plain import csv_table

    return csv_table([vars(number) for number in made.truth])
