"""Small random instances and a brute force in plain loops, from the definition alone (loaded by path, see conftest)."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from optimizer.formulation.box import make_shares
from optimizer.model.instance import Block, Figure, Instance, Limit, Rule
from optimizer.typing import Choice


@dataclass(frozen=True)
class Case:
    instance: Instance
    aim: Figure
    limits: tuple[Limit, ...]


def figure(
    instance: Instance,
    *,
    amounts: Sequence[object] | None = None,
    outside: object = 0.0,
    fixed: Sequence[object] | None = None,
    mix: object = 0.0,
    constant: float = 0.0,
    burst: object = 0.0,
) -> Figure:
    """A figure from whatever broadcasts to the instance's shapes."""
    per = amounts if amounts is not None else [0.0] * instance.plans
    due = fixed if fixed is not None else [0.0] * instance.plans
    return Figure(
        tuple(
            np.broadcast_to(np.asarray(a, float), w.shape).copy() for a, w in zip(per, instance.attraction, strict=True)
        ),
        np.broadcast_to(np.asarray(outside, float), instance.types).copy(),
        tuple(np.broadcast_to(np.asarray(g, float), n).copy() for g, n in zip(due, instance.levels, strict=True)),
        np.broadcast_to(np.asarray(mix, float), instance.mixes).copy(),
        constant,
        np.broadcast_to(np.asarray(burst, float), len(instance.blocks)).copy(),
    )


def value(instance: Instance, f: Figure, menu: Sequence[int], mix: int, with_burst: bool = True) -> float:
    """A figure at a choice, in loops."""
    total = f.constant + f.mix[mix] + sum(f.fixed[j][k] for j, k in enumerate(menu))
    for i in range(instance.types):
        s = 1.0 + sum(instance.denominators[j][i, k] for j, k in enumerate(menu))
        y = instance.customers[mix, i] / s
        total += f.outside[i] * y
        for j, k in enumerate(menu):
            total += f.amounts[j][i, k] * instance.attraction[j][i, k] * y
    if with_burst:
        for h, b in enumerate(instance.blocks):
            total += f.burst[h] * max(0.0, value(instance, b.use, menu, mix, False) - b.reserved)
    return float(total)


def allowed(instance: Instance, limits: Sequence[Limit], menu: Sequence[int], mix: int) -> bool:
    if any(not r.allowed[menu[r.first], menu[r.second]] for r in instance.rules):
        return False
    for b in instance.blocks:
        over = max(0.0, value(instance, b.use, menu, mix, False) - b.reserved)
        if math.isfinite(b.limit) and over > b.limit + 1e-9 * (b.reserved + b.limit):
            return False
    return all(value(instance, c.figure, menu, mix) >= 0.0 for c in limits)


def choices(instance: Instance, box: object = None, mixes: object = None) -> Iterator[Choice]:
    levels = [range(n) for n in instance.levels] if box is None else box
    for mix in range(instance.mixes) if mixes is None else mixes:  # type: ignore[attr-defined]
        for menu in itertools.product(*levels):  # type: ignore[misc]
            yield menu, mix


def brute(
    case: Case, box: object = None, mixes: object = None, excluded: Sequence[Choice] = ()
) -> tuple[float, Choice | None]:
    """The best value and choice by trying all; (-inf, None) where none is allowed."""
    best: tuple[float, Choice | None] = (-math.inf, None)
    for choice in choices(case.instance, box, mixes):
        if choice not in excluded and allowed(case.instance, case.limits, *choice):
            v = value(case.instance, case.aim, *choice)
            if v > best[0]:
                best = v, choice
    return best


def draw(seed: int, *, plans: int = 3, levels: int = 4, types: int = 4, mixes: int = 2, spread: float = 1.5) -> Case:
    """Everything at once: mix, referral, unoffered levels, fixed and outside amounts, ratio limits, burst, rules."""
    g = np.random.default_rng(seed)
    sizes = [int(g.integers(1, levels + 1)) for _ in range(plans)]
    customers = g.uniform(10.0, 1000.0, (mixes, types))
    w = [np.exp(g.normal(-0.5, spread, (types, n))) * (g.random((types, n)) > 0.1) for n in sizes]
    e = [a * g.uniform(0.3, 1.0, (types, 1)) for a in w]
    bare = Instance(customers, tuple(w), tuple(e))
    price = [np.sort(g.uniform(1.0, 50.0, n)) for n in sizes]
    gpu = [g.uniform(0.01, 0.2, (types, 1)) * np.linspace(1.0, 2.0, n) for n in sizes]
    typical = [value(bare, figure(bare, amounts=gpu), menu, mix) for menu, mix in choices(bare)]
    blocks = []
    count = int(g.integers(0, 3))
    for _ in range(count):
        use = figure(bare, amounts=[a * g.uniform(0.5, 1.5) for a in gpu], outside=0.001)
        use = replace(use, burst=np.zeros(count))
        limit = math.inf if g.random() < 0.4 else float(g.uniform(0.2, 1.0) * np.ptp(typical))
        blocks.append(Block("block", use, float(np.quantile(typical, g.uniform(0.1, 0.9))), limit))
    rules = []
    if plans > 1 and g.random() < 0.5:
        rules.append(Rule("order", 0, 1, g.random((sizes[0], sizes[1])) < 0.7))
    instance = Instance(customers, tuple(w), tuple(e), tuple(blocks), tuple(rules))
    burst = g.uniform(-5.0, 0.0, len(blocks)) if g.random() < 0.7 else g.uniform(-2.0, 5.0, len(blocks))
    revenue = figure(instance, amounts=price)
    aim = figure(
        instance,
        amounts=[p - 20.0 * u for p, u in zip(price, gpu, strict=True)],
        outside=g.normal(0.0, 0.5, types),
        fixed=[g.normal(0.0, 500.0, n) for n in sizes],
        mix=g.normal(0.0, 300.0, mixes),
        constant=float(g.normal(0.0, 1000.0)),
        burst=burst,
    )
    limits = []
    if g.random() < 0.7:
        # cost <= share of revenue, and revenue above a floor: the ratio is not met by an empty menu
        share = float(g.uniform(0.1, 0.5))
        profit = [share * p - 20.0 * u for p, u in zip(price, gpu, strict=True)]
        ratio = figure(instance, amounts=profit, burst=g.uniform(-3.0, 1.0))
        # a hair below: a floor that a menu meets exactly is a matter of rounding
        floor = 0.9999 * float(np.quantile([value(instance, revenue, *c) for c in choices(instance)], 0.2))
        limits = [Limit("ratio", ratio), Limit("floor", figure(instance, amounts=price, constant=-floor))]
    return Case(instance, aim, tuple(limits))


def point(case: Case, model: object, program: object, choice: Choice) -> np.ndarray:
    """The exact point of a choice in a program's columns, from the logit formula (not from any solver)."""
    menu, mix = choice
    instance = case.instance
    record = model.record  # type: ignore[attr-defined]
    shares = make_shares(instance, record.box)
    total = 1.0 + sum(e[:, k] for e, k in zip(instance.denominators, menu, strict=True))
    y = instance.customers[mix] / total
    columns = program.columns  # type: ignore[attr-defined]
    values = np.zeros(program.shape[1])  # type: ignore[attr-defined]
    for (j, level), k in columns["x"].items():
        values[k] = float(menu[j] == level)
    values[columns["v"][mix]] = 1.0
    for i, k in columns["y"].items():
        values[k] = y[i] / shares.unit[i]
    for (i, j, level), k in columns["r"].items():
        if menu[j] == level:
            at = record.box.levels[j].index(level)
            low, high = shares.low[j][i, at], shares.high[j][i, at]
            values[k] = (y[i] - low) / (high - low)
    for h, k in columns.get("b", {}).items():
        over = max(0.0, value(instance, instance.blocks[h].use, menu, mix, False) - instance.blocks[h].reserved)
        values[k] = over / record.burst_units[h]
    for h, k in columns.get("d", {}).items():
        values[k] = float(values[columns["b"][h]] > 0.0)
    return values


def violation(program: object, values: np.ndarray) -> float:
    """The largest amount by which a point leaves rows or bounds; 0 or less where it keeps all."""
    p: Any = program
    activity, _ = p.activity(values)
    parts = [p.row_lower - activity, activity - p.row_upper, p.lower - values, values - p.upper]
    return max(float(part.max(initial=-np.inf)) for part in parts)
