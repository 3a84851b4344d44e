"""Draws of a market: points that can be calibrated, balanced and weighed by the evidence, and those that cannot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import repeat
from typing import Any

import numpy as np

from optimizer.errors import InputError, bad_argument
from optimizer.execution.choice import borrowed
from optimizer.execution.executor import Executor
from optimizer.inputs.load import Inputs
from optimizer.inputs.moved import moved, quantity_at, with_values
from optimizer.market.calibrate import RetentionError, calibrate
from optimizer.market.check import check_inputs, quantities
from optimizer.market.credibility import measured, reported
from optimizer.market.evaluate import Evaluation
from optimizer.market.habit import constants_at_rest, entrants_of, habits_of
from optimizer.market.measured import Measured
from optimizer.market.months import start_of
from optimizer.model.case_model import CaseModel, evaluated
from optimizer.model.choices import own_menu
from optimizer.typing import Array
from optimizer.uncertainty.balancing import Balances, balances
from optimizer.uncertainty.sampling import drawn_groups, pert_above, sample

CHUNK = 8
"""Points tried in one task."""
MOST_TRIES = 40
"""Times as many points as draws are asked for, after which no more are tried."""
MOST_RAISED = 8
"""Times that a share of those who stay is drawn again for one point."""
FITS = 1e-9
"""Relative rounding of a load that fits."""
UNREST = "today would not be at rest with the habits drawn"
LEAST_WEIGHT = 1e-3
"""However much evidence a draw misses."""


@dataclass(frozen=True)
class Tried:
    """One point: a draw, or why there is none."""

    values: Mapping[str, float]
    """By path, after balancing."""
    weight: float
    missed: tuple[str, ...]
    """Evidence that it misses."""
    refused: str = ""
    """Why it is no draw; empty where it is one."""
    raised: tuple[str, ...] = ()
    """Shares of those who stay that were drawn again, above what the other numbers allow at least."""


@dataclass(frozen=True)
class MarketDraws:
    """Draws of one market: a value of every number that is drawn or balanced, and what each draw counts."""

    market: str
    hash: str
    """Of the market; empty where draws come from elsewhere."""
    seed: int | None
    paths: tuple[str, ...]
    units: tuple[str, ...]
    values: Array
    """(S, paths)."""
    weights: Array
    """(S,) above 0, at most 1: 1 where no evidence is missed."""
    missed: tuple[tuple[str, ...], ...]
    """By draw, evidence that it misses."""
    tried: int
    refused: Mapping[str, int]
    """Why points were no draws -> how many."""
    groups: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Numbers that moved together."""
    raised: Mapping[str, int] = field(default_factory=dict)
    """In how many draws a share of those who stay is from the part of its range that the other numbers allow."""

    @property
    def count(self) -> int:
        return len(self.values)

    @property
    def effective(self) -> float:
        """How many draws of equal weight say as much (Kish 1965)."""
        return float(self.weights.sum() ** 2 / (self.weights**2).sum()) if self.count else 0.0

    def at(self, draw: int) -> dict[str, float]:
        """The values of one draw by path."""
        return dict(zip(self.paths, self.values[draw].tolist(), strict=True))


def market_draws(
    m: CaseModel,
    count: int,
    seed: int,
    executor: Executor | None = None,
    cancelled: Callable[[], bool] | None = None,
    progress: Callable[[int], None] | None = None,
) -> MarketDraws:
    """So many accepted draws of a case's market; the same for the same seed, wherever they are worked out.

    Where ``cancelled`` says so, those that were done. Raises InputError where too few points can be accepted.
    """
    if count < 1:
        raise bad_argument("draws", f"is {count}", "1 or more")
    wanted = balances(m)
    found: list[Tried] = []
    tried: list[Tried] = []
    with borrowed(executor, 0.3 * count) as runner:
        shared, most = runner.share(m), max(MOST_TRIES * count, 200)
        for batch in range(math.ceil(most / count)):
            points = sample(m.inputs.market, count, (seed, batch))
            size = CHUNK * runner.workers
            for at in range(0, count, size):
                parts = [points.values[k : k + CHUNK] for k in range(at, min(at + size, count), CHUNK)]
                done = runner.gather(
                    tried_points, repeat(shared), repeat(wanted), repeat(points.paths), parts, cancelled=cancelled
                )
                for one in (one for part in done for one in part):
                    if len(found) < count:
                        tried.append(one)
                        found += [] if one.refused else [one]
                if progress is not None:
                    progress(len(found))
                if len(found) == count or (cancelled is not None and cancelled()):
                    return _gathered(m, seed, tried)
    raise _too_few(count, tried)


def tried_points(m: CaseModel, wanted: Balances, paths: Sequence[str], values: Array) -> list[Tried]:
    """Some points (B, paths), wherever this runs."""
    return [tried_point(m, wanted, dict(zip(paths, row.tolist(), strict=True))) for row in values]


def tried_point(m: CaseModel, wanted: Balances, values: Mapping[str, float]) -> Tried:
    """One point: calibrated, balanced, held against reported figures and evidence.

    A share of those who stay (retention, renewal) that cannot be with the other numbers as they are, as more would
    leave than come from everywhere else, is drawn again from the part of its range that can.
    """
    drawn, values, raised = values, dict(values), dict[str, float]()
    try:
        for _ in range(MOST_RAISED):
            try:
                values, today = _world(m, wanted, values)
                break
            except RetentionError as error:
                raised |= {path: max(x, raised.get(path, 0.0)) for path, x in error.least.items()}
                values |= _raised(m, drawn, raised, error)
        else:
            return Tried(values, 0.0, (), "retention is not given back")
    except InputError as error:
        first = error.findings[0]
        return Tried(values, 0.0, (), f"{first.code}: {first.field}" if first.field else first.code)
    full = overloaded(today)
    if full and not overloaded(m.today):
        return Tried(values, 0.0, (), f"today's load does not fit into the GPUs of {full[0]}")
    if m.inputs.case.horizon is not None and not _rests(m, today):
        return Tried(values, 0.0, (), UNREST)
    off = next((r for r in reported(today) if not r.passed), None)
    if off is not None:
        return Tried(values, 0.0, (), f"{off.check} of {off.of} is not given back")
    weight, missed = _weight(today, m)
    return Tried(values, weight, missed, raised=tuple(raised))


def _rests(m: CaseModel, today: Evaluation) -> bool:
    """Whether there are constants at which today is at rest, or grows as people come: months begin there."""
    market, before = today.prepared.market, today.prepared
    habits = habits_of(market, before)
    entrants = entrants_of(market, before, start_of(today).sum(axis=0), 1)[0]
    if not habits.origin and not entrants.any():
        return True
    try:
        constants_at_rest(today, m.calibrated.constants, habits, entrants)
    except InputError:
        return False
    return True


def _world(m: CaseModel, wanted: Balances, values: dict[str, float]) -> tuple[dict[str, float], Evaluation]:
    """The values balanced, and today's menu in their market. Raises InputError."""
    inputs, near = _checked(m.inputs, values), m.calibrated

    def world(moved_on: Mapping[str, float]) -> Evaluation:
        nonlocal near
        near = calibrate(with_values(inputs.market, moved_on), near)
        return evaluated(near.prepared, own_menu(inputs.case, near.prepared))

    balanced, today = wanted.balanced(values, world)
    _checked(inputs, {path: x for path, x in balanced.items() if x != values.get(path)})
    return balanced, today


def overloaded(today: Evaluation) -> list[str]:
    """Pools that would need more GPUs than are to be had."""
    pools = today.prepared.pools
    over = pools.contracted & (today.burst > (1.0 + FITS) * np.nan_to_num(pools.burst_limit)[:, None]).any(axis=1)
    return [pools.names[p] for p in np.flatnonzero(over)]


def _checked(inputs: Inputs, values: Mapping[str, float]) -> Inputs:
    """The markets at the values, their documents as they were. Raises InputError for what cannot be."""
    made = moved(inputs, values, documents=False)
    errors = [f for f in check_inputs(made, tuple(values)) if f.severity == "error"]
    if errors:
        raise InputError(errors)
    return made


def _raised(
    m: CaseModel, drawn: Mapping[str, float], least: Mapping[str, float], error: InputError
) -> dict[str, float]:
    """Shares of those who stay, drawn again above the least. Raises the error where the range ends below that."""
    made = {}
    for path, x in least.items():
        q = quantity_at(m.inputs.market, path)
        if path not in drawn or q.low is None or q.high is None or x >= q.high:
            raise error
        made[path] = pert_above(drawn[path], x, q.low, q.value, q.high)
    return made


def _weight(today: Evaluation, m: CaseModel) -> tuple[float, tuple[str, ...]]:
    """What evidence makes of a draw: a normal density of the miss, in half widths of the range asked for.

    Evidence that the market misses as stated says nothing about draws.
    """
    misses = [row for row in measured(today, only_blocking=True) if not row.passed]
    stated = {(row.check, row.of) for row in measured_once(m) if row.passed}
    misses = [row for row in misses if (row.check, row.of) in stated]
    weight = math.prod(math.exp(-0.5 * _distance(row) ** 2) for row in misses)
    return max(weight, LEAST_WEIGHT), tuple(f"{row.check} of {row.of}" for row in misses)


def measured_once(m: CaseModel) -> Sequence[Measured]:
    """The checks of the market as stated; measured where the case model brings none."""
    return m.checks or measured(m.today)


def _distance(row: Measured) -> float:
    half = 0.5 * (row.high - row.low) or abs(row.high) or 1.0
    return max(row.low - row.value, row.value - row.high) / half


def _gathered(m: CaseModel, seed: int, tried: Sequence[Tried]) -> MarketDraws:
    kept = [one for one in tried if not one.refused]
    numbers = quantities(m.inputs.market)
    paths = tuple(path for path in numbers if any(path in one.values for one in kept))
    values = [[one.values.get(path, numbers[path].value) for path in paths] for one in kept]
    return MarketDraws(
        market=m.inputs.case.market,
        hash=market_hash(m),
        seed=seed,
        paths=paths,
        units=tuple(numbers[path].unit for path in paths),
        values=np.array(values).reshape(len(kept), len(paths)),
        weights=np.array([one.weight for one in kept]),
        missed=tuple(one.missed for one in kept),
        tried=len(tried),
        refused=dict(Counter(one.refused for one in tried if one.refused).most_common()),
        groups=drawn_groups(m.inputs.market),
        raised=dict(Counter(path for one in kept for path in one.raised).most_common()),
    )


def _too_few(count: int, tried: Sequence[Tried]) -> InputError:
    why = Counter(one.refused for one in tried if one.refused).most_common(3)
    kept = sum(not one.refused for one in tried)
    told = "; ".join(f"{reason} ({n})" for reason, n in why)
    message = f"{kept} of {len(tried)} points are draws, and {count} are asked for; most often: {told}"
    return bad_argument("draws", message, "narrow the ranges, or name what balances a reported figure (balanced_by)")


def market_hash(m: CaseModel) -> str:
    """SHA-256 of the market as it is believed today, whatever the case changes of it."""
    import hashlib
    import json

    stated: Any = m.inputs.market.model_dump(mode="json", exclude_none=True)
    return hashlib.sha256(json.dumps(stated, sort_keys=True).encode()).hexdigest()
