"""The small linear program behind a bound: weights of draws and limits at which the bound is least.

With tables c (n,) and C (n, columns), the bound is c.y + sum_j max_l C_l.y + charges; the largest columns are added to
the program as they turn up (Kelley 1960). Any allowed y gives a valid bound, whatever the solver's tolerance.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from optimizer.solve.session import quiet_solver
from optimizer.typing import Array, Bools, Ints
from optimizer.uncertainty.multipliers import Space, charge
from optimizer.uncertainty.question import Holds, Requirement

INFINITY = float("inf")
LARGEST = 1e4
"""A multiplier is at most this, in units of the aim's size per size of the limit."""


@dataclass(frozen=True)
class Missing:
    """What missing one chance requirement can add: how far each limit can be missed, and who misses it surely."""

    requirement: Requirement
    most: Array
    """(S, limits of the requirement) largest shortfall over the box."""
    dead: Bools
    """(S,)."""

    def charge(self, space: Space, y: Array) -> float:
        """See ``multipliers.charge``."""
        held = space.rows(y)[:, [1 + k for k in self.requirement.limits]]
        return charge(space.question, self.requirement, (held * self.most).sum(axis=1), self.dead)


@dataclass(frozen=True)
class Outer:
    """The tables of one box."""

    space: Space
    constant: Array
    """(n,)."""
    columns: Array
    """(n, columns)."""
    first: Ints
    """(J + 1,) where each plan begins."""
    missing: tuple[Missing, ...]
    aim: bool
    """False: a proof that nothing meets the requirements; then the multipliers add up to 1 in units of their sizes."""

    def total(self, y: Array) -> tuple[float, Ints]:
        """The bound by the tables, and (J,) the largest column of each plan."""
        worth = y @ self.columns
        top = np.maximum.reduceat(worth, self.first[:-1])
        pick = np.array([a + int(worth[a:b].argmax()) for a, b in zip(self.first[:-1], self.first[1:], strict=True)])
        charges = sum(m.charge(self.space, y) for m in self.missing)
        return float(y @ self.constant + top.sum() + charges), pick


def lowered(outer: Outer, start: Array, rounds: int, enough: float, tolerance: float) -> Array:
    """The best vector found; stops at a bound of ``enough``, or ``tolerance`` above the least one."""
    y = start.copy()
    for missing in outer.missing:
        for k in missing.requirement.limits:
            y[outer.space.parts[1 + k]][missing.dead] = 0.0
    best = (np.inf, y)
    program = _Program(outer)
    for number in range(rounds):
        total, pick = outer.total(y)
        best = min(best, (total, y), key=lambda pair: pair[0])
        if best[0] <= enough or not program.add(pick) or number == rounds - 1:
            break
        found = program.solve()
        if found is None:
            break
        y, least = found
        if best[0] - least <= tolerance:
            total, _ = outer.total(y)
            return y if total < best[0] else best[1]
    return best[1]


class _Program:
    """The program in HiGHS; entries of y in units of ``unit``, money in units of ``size``."""

    def __init__(self, outer: Outer) -> None:
        self.outer, self.space = outer, outer.space
        question, parts = self.space.question, self.space.parts
        aim = parts[0]
        spread = np.maximum(np.abs(outer.columns).max(axis=1, initial=0.0), np.abs(outer.constant))
        self.size = float(spread[aim].max()) if outer.aim else 1.0
        self.size = self.size if self.size > 0.0 else 1.0
        self.unit = self.size / np.where(spread > 0.0, spread, 1.0)
        self.unit[aim] = 1.0
        self.plans = len(outer.first) - 1
        n, self.rows = self.space.size, set[int]()
        high = np.full(n, LARGEST if outer.aim else 1.0)
        high[aim] = question.caps if outer.aim else 0.0
        low = np.zeros(n)
        if self.space.mean and outer.aim:
            low[aim] = high[aim] = question.weights
        for missing in outer.missing:
            for k in missing.requirement.limits:
                high[parts[1 + k]][missing.dead] = 0.0
        self.highs = quiet_solver()
        for option, value in (("threads", 1), ("presolve", "off")):
            self.highs.setOptionValue(option, value)
        endless = np.full(self.plans, INFINITY)
        self._columns(np.concatenate([low, -endless]), np.concatenate([high, endless]),
                      np.concatenate([outer.constant * self.unit / self.size, np.ones(self.plans)]))  # fmt: skip
        self._normalise()
        self._capacity()
        for missing in outer.missing:
            self._chance(missing)

    def _columns(self, low: Array, high: Array, cost: Array) -> int:
        """Add columns; returns the number of the first."""
        at = int(self.highs.getNumCol())
        self.highs.addVars(len(low), low, high)
        self.highs.changeColsCost(len(low), np.arange(at, at + len(low), dtype=np.int32), cost)
        return at

    def _row(self, low: float, high: float, columns: Array | Ints, values: Array) -> None:
        kept = np.flatnonzero(values)
        self.highs.addRow(low, high, len(kept), np.asarray(columns)[kept].astype(np.int32), values[kept])

    def _normalise(self) -> None:
        aim = self.space.parts[0]
        summed = np.arange(aim.stop) if self.outer.aim else np.arange(aim.stop, self.space.parts[-1].start)
        self._row(1.0, 1.0, summed, np.ones(len(summed)))

    def _capacity(self) -> None:
        """A price of capacity is at most what burst costs the aim and the limits, by their weights."""
        prices, cost = self.space.parts[-1], np.maximum(self.space.draws.cost, 0.0)
        blocks = cost.shape[2]
        for at in range(prices.start, prices.stop):
            s, h = divmod(at - prices.start, blocks)
            terms = [(s, cost[s, 0, h])]
            for k, mean in enumerate(self.space.on_mean):
                part = self.space.parts[1 + k].start
                terms.append((part, self.space.question.weights[s] * cost[s, 1 + k, h]) if mean
                             else (part + s, cost[s, 1 + k, h]))  # fmt: skip
            columns = np.array([at, *(c for c, _ in terms)])
            values = np.array([1.0, *(-v for _, v in terms)]) * self.unit[columns]
            self._row(-INFINITY, 0.0, columns, values)

    def _chance(self, missing: Missing) -> None:
        """The charge of draws that may be missed, by the dual of filling them in: room t + sum r, r + p t >= missed."""
        question, dead = self.space.question, missing.dead
        room = question.allowed(missing.requirement) - float(question.weights[dead].sum())
        draws = np.flatnonzero(~dead & (question.weights <= room))
        if not len(draws):
            return
        endless = np.full(1 + len(draws), INFINITY)
        at = self._columns(np.zeros(1 + len(draws)), endless, np.array([max(0.0, room), *np.ones(len(draws))]))
        for k, s in enumerate(draws):
            own = np.array([self.space.parts[1 + limit].start + s for limit in missing.requirement.limits])
            worth = missing.most[s] * self.unit[own] / self.size
            columns = np.concatenate([[at + 1 + k, at], own])
            self._row(0.0, INFINITY, columns, np.concatenate([[1.0, question.weights[s]], -worth]))

    def add(self, pick: Ints) -> bool:
        """Add the columns (one a plan) that the bound takes; False where all are there."""
        n, found = self.space.size, False
        for j, column in enumerate(pick.tolist()):
            if column not in self.rows:
                self.rows.add(column)
                found = True
                values = np.append(-self.outer.columns[:, column] * self.unit / self.size, 1.0)
                self._row(0.0, INFINITY, np.append(np.arange(n), n + j), values)
        return found

    def solve(self) -> tuple[Array, float] | None:
        """The best vector, made allowed, and the program's value; None where HiGHS has none."""
        self.highs.run()
        if str(self.highs.getModelStatus()).rpartition(".")[2] != "kOptimal":
            return None
        y = np.array(self.highs.getSolution().col_value[: self.space.size]) * self.unit
        least = float(self.highs.getInfo().objective_function_value) * self.size
        return (self.space.repaired(y), least) if np.isfinite(y).all() else None


def chances(requirements: tuple[Requirement, ...]) -> list[Requirement]:
    """The chance requirements."""
    return [requirement for requirement in requirements if requirement.holds is Holds.CHANCE]
