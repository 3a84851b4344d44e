"""Draws of a market: points that can be calibrated, balanced and weighed by the evidence, and those that cannot."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

import numpy as np

from optimizer.economics.figures import Selection, unit_of
from optimizer.errors import InputError, bad_argument
from optimizer.execution.choice import borrowed
from optimizer.execution.executor import Executor
from optimizer.market.check import quantities
from optimizer.market.credibility import measured, reported
from optimizer.market.measured import Measured
from optimizer.model.case_model import CaseModel, vary
from optimizer.schema.market import Observed
from optimizer.typing import Array
from optimizer.uncertainty.sampling import drawn_groups, named, sample
from optimizer.units import convert

CHUNK = 8
"""Points tried in one task."""
MOST_TRIES = 40
"""Times as many points as draws are asked for, after which no more are tried."""
STEPS = 8
"""Steps in which a figure is balanced."""
BALANCED = 1e-3
"""Relative difference at which a figure counts as balanced; reported figures are known to a hundredth at best."""
TRIAL = 0.02
"""Relative step from which the first slope is taken."""
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


def tried_points(m: CaseModel, wanted: Sequence[Balance], paths: Sequence[str], values: Array) -> list[Tried]:
    """Some points (B, paths), wherever this runs."""
    return [tried_point(m, wanted, dict(zip(paths, row.tolist(), strict=True))) for row in values]


def tried_point(m: CaseModel, wanted: Sequence[Balance], values: Mapping[str, float]) -> Tried:
    """One point: calibrated, balanced, held against reported figures and evidence."""
    try:
        varied, values = _balanced(vary(m, values), dict(values), wanted)
        weight, missed = _weight(varied, m)
    except InputError as error:
        first = error.findings[0]
        return Tried(values, 0.0, (), f"{first.code}: {first.field}" if first.field else first.code)
    off = next((r for r in reported(varied.today) if not r.passed), None)
    refused = "" if off is None else f"{off.check} of {off.of} is not given back"
    return Tried(values, weight, missed, refused)


@dataclass(frozen=True)
class Balance:
    """A reported figure and the free numbers behind it."""

    stated: Observed
    wanted: float
    """In the figure's unit."""
    start: Mapping[str, float]
    """Values of the free numbers in the market as stated, by path."""
    slope: float
    """What the figure does, in logs, as all of them grow."""

    def off(self, varied: CaseModel) -> float:
        """By how much the figure is too large, in logs; nan where it has no log."""
        stated = self.stated
        selection = Selection(stated.plan, None, (stated.channel,) if stated.channel else None)
        value = varied.today.figure(stated.figure, selection)
        return math.log(value / self.wanted) if value > 0.0 and self.wanted > 0.0 else math.nan


def balances(m: CaseModel) -> tuple[Balance, ...]:
    """What draws of a market are balanced by. Raises InputError for a path that names no number, or does nothing."""
    numbers, found = quantities(m.inputs.market), []
    for k, stated in enumerate(m.inputs.market.today.observed):
        if not stated.balanced_by:
            continue
        where = f"today.observed.{k}.balanced_by"
        start = {path: q.value for path, q in numbers.items() if named(path, stated.balanced_by)}
        if not start:
            raise bad_argument(where, "names no number of the market", "name paths; * stands for any one name")
        wanted = stated.value.value * convert(1.0, stated.value.unit, unit_of(stated.figure))
        bare = Balance(stated, wanted, start, 0.0)
        moved = vary(m, {path: x * math.exp(TRIAL) for path, x in start.items()})
        slope = (bare.off(moved) - bare.off(m)) / TRIAL
        if not abs(slope) > BALANCED:
            raise bad_argument(where, f"{stated.figure} does not answer to these numbers", "name others")
        found.append(replace(bare, slope=slope))
    return tuple(found)


def _balanced(
    varied: CaseModel, values: dict[str, float], wanted: Sequence[Balance]
) -> tuple[CaseModel, dict[str, float]]:
    """The draw with free numbers scaled until the figures that they stand behind come out as reported."""
    for balance in wanted:
        varied, values = _scaled(varied, values, balance)
    return varied, values


def _scaled(varied: CaseModel, values: dict[str, float], balance: Balance) -> tuple[CaseModel, dict[str, float]]:
    """One figure, by secant steps in logs."""
    start = {path: values.get(path, stated) for path, stated in balance.start.items()}
    at, gap, slope = 0.0, balance.off(varied), balance.slope
    for _ in range(STEPS):
        if not abs(gap) > BALANCED:
            break
        move = float(np.clip(-gap / slope, -1.0, 1.0))
        values = {**values, **{path: x * math.exp(at + move) for path, x in start.items()}}
        varied = vary(varied, {path: values[path] for path in start})
        before, gap = gap, balance.off(varied)
        at, slope = at + move, (gap - before) / move or slope
    return varied, values


def _weight(varied: CaseModel, m: CaseModel) -> tuple[float, tuple[str, ...]]:
    """What evidence makes of a draw: a normal density of the miss, in half widths of the range asked for.

    Evidence that the market misses as stated says nothing about draws.
    """
    misses = [row for row in measured(varied.today) if row.blocks and not row.passed]
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
