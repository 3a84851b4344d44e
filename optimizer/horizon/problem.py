"""``HorizonProblem``: a path of menus over months, among customers who decide anew bit by bit, from plain arrays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from optimizer.errors import InfeasibleError, SolverError, bad_argument
from optimizer.execution.arguments import checked_gap, checked_seconds
from optimizer.horizon.arguments import horizon_of, levels_of, path_of, shocked
from optimizer.horizon.asked import HorizonLimit, with_limits
from optimizer.horizon.bounds import whole_box
from optimizer.horizon.diagnosis import PathDiagnosis, diagnosed
from optimizer.horizon.limits import best_of, kept, limited
from optimizer.horizon.paths import all_paths, count_paths, stepping
from optimizer.horizon.replay import replay
from optimizer.horizon.search import YARDSTICK, search_paths
from optimizer.horizon.simulate import NUMBERS, simulate, values
from optimizer.model.composites import Nest
from optimizer.optimise.outcome import reached, relative_gap
from optimizer.search.engine import Clock, SearchStatus
from optimizer.typing import Array, Ints, Verdict

__all__ = ["HorizonLimit", "HorizonProblem", "HorizonSolution", "PathDiagnosis"]
MOST_PATHS = 100_000_000
"""Paths that ``enumerate`` looks at."""


@dataclass(frozen=True)
class HorizonSolution:
    """The best path found and what is proven of it."""

    path: Ints
    """(stages, plans) level of every plan in every stage."""
    value: float
    """By the simulation."""
    bound: float
    """No path is worth more; finite."""
    gap: float
    """(bound - value) / max(|value|, yardstick); the yardstick is 1e-6 of the most that a path could be worth if every
    person were a customer at the best reward."""
    verdict: Verdict
    """proved, or best_found where time ran out."""
    seconds: float
    boxes: int
    """Boxes that the search cut."""
    certificate: Mapping[str, Any] = field(repr=False, compare=False)
    """What was removed by which bound, as plain data: ``HorizonProblem.replay`` proves the bound from it."""
    limits: Mapping[str, float] = field(default_factory=dict)
    """What every limit bounds, at the path; of an ``at_most`` the negative."""


class HorizonProblem:
    """Choose a level for every plan in every stage of T months, for the most value.

    Every month a share of the customers decides anew, with those who enter, and is then billed. Row 0 of ``start`` and
    ``origin`` and column 0 of ``habit`` are the alternatives; plans follow. With ``n`` customers before a month,
    ``rho`` decision rates and ``a`` attractions at the levels of the month's stage, a decider of class ``c`` takes
    alternative ``j`` with probability ``habit[c, j] a_j / sum_k habit[c, k] a_k``. A path is worth the sum over months
    of ``weight`` x ``reward`` x customers after the month's decisions.

    Args:
        start: (J+1, I) customers before the first month, >= 0.
        attraction: per plan (I, L_j) at a decision, >= 0; 0 where a level is not offered. Stands before habit.
        decision_rate: per plan (I, L_j) share of the plan's customers who decide anew in a month, 0 to 1.
        reward: per plan (I, L_j) per customer and month; either sign.
        weight: (T,) of every month, as for discount; either sign.
        outside_attraction: (T, I) of the alternatives, >= 1e-30.
        outside_decision_rate: (I,) as ``decision_rate``, of those with the alternatives.
        entrants: (T, I) who come in a month and decide in it, >= 0, with the class of row 0; nobody where absent.
        stage: (T,) of every month, from 0, the same or one more than the month before; one stage where absent.
        steps: (J,) most levels that a plan may move between neighbouring stages, or one number for all; no limit where
            absent.
        origin: (J+1,) class of those who decide while with the alternatives or on a plan: a row of ``habit``. One
            class for all where absent.
        habit: (C, J+1) factor of attraction by class, >= 0 (alternatives 1e-30); 1 where absent.
        nests: plans that customers see as variants of one thing, as for ``MenuProblem``; none where absent. Then
            ``attraction`` is that of the plan alone; habit multiplies it before the nest's sum.
        base_reach: (T, I) people reached without word of mouth, >= 0.
        reach_speed: (I,) or one number, 0 to 1: with ``n`` before a month, reach_speed x (base_reach + sum of referral
            x n - sum of n) people more (fewer below 0) are with the alternatives after it. Nobody where absent.
        referral: (J+1, I) people whom a customer brings, >= 0; none where absent.
        holders: "migrate": customers move to the terms of the month's menu; "keep": they keep the terms of the stage in
            which they joined or last decided until they decide anew.
        today: (J,) levels whose terms customers of ``start`` keep, or with a shock are on; those of the first stage
            where absent.
        shock: (J,) or one number, 0 to 1: share of a plan's customers who do not decide anyway that decides at once in
            the first month of a stage in which they move to another level of their plan; none where absent.
        limits: what a path must keep over the months, linear in customers: :class:`HorizonLimit`.

    Raises:
        InputError: names the argument and the place in it: shapes, signs, nan, numbers beyond 1e30.

    Source: multinomial logit in discrete months; bounds by the performance difference of two paths, told in
    ``horizon.bounds``.
    """

    def __init__(
        self,
        start: ArrayLike,
        attraction: Sequence[ArrayLike],
        decision_rate: Sequence[ArrayLike],
        reward: Sequence[ArrayLike],
        weight: ArrayLike,
        outside_attraction: ArrayLike,
        outside_decision_rate: ArrayLike,
        entrants: ArrayLike | None = None,
        stage: ArrayLike | None = None,
        steps: ArrayLike | None = None,
        origin: ArrayLike | None = None,
        habit: ArrayLike | None = None,
        nests: Sequence[Nest] | None = None,
        base_reach: ArrayLike | None = None,
        reach_speed: ArrayLike | None = None,
        referral: ArrayLike | None = None,
        holders: str = "migrate",
        today: ArrayLike | None = None,
        shock: ArrayLike | None = None,
        *,
        limits: Sequence[HorizonLimit] = (),
    ) -> None:
        horizon, self.layout = horizon_of(
            start, attraction, decision_rate, reward, weight, outside_attraction, outside_decision_rate, entrants,
            stage, steps, origin, habit, nests, (base_reach, reach_speed, referral), holders, today, shock,
        )  # fmt: skip
        horizon, self.limits = with_limits(horizon, self.layout, limits)
        self.horizon = shocked(horizon, shock, self.layout)
        self._limited = limited(self.horizon, self.limits)

    def simulate(self, path: ArrayLike) -> Array:
        """(T, J+1, I) customers after every month's decisions under any path of levels, (stages, plans).

        Limits on steps do not matter here. Raises InputError for a level that is not there.
        """
        return simulate(self.horizon, path_of(self.horizon, self.layout, path))

    def value(self, path: ArrayLike) -> float:
        """Sum over months of weight x reward x customers. Raises InputError as ``simulate``."""
        return float(values(self.horizon, path_of(self.horizon, self.layout, path)[None])[0])

    def feasible(self, path: ArrayLike) -> bool:
        """Whether a path keeps the limits and the steps. Raises InputError as ``simulate``."""
        columns = path_of(self.horizon, self.layout, path)
        stepped = bool(stepping(self.horizon, columns[None])[0])
        return stepped and bool(kept(self._limited.assess(columns[None]))[0])

    def solve(self, gap: float = 1e-4, time_limit: float | None = None) -> HorizonSolution:
        """The best path that keeps the limits, proven within ``gap`` (see ``HorizonSolution.gap``) unless
        ``time_limit`` seconds run out.

        The bound holds also when time runs out, rounding included.

        Raises InputError for a gap outside 0 to 1 or a time limit that is not above 0; InfeasibleError where it is
        proven that no path keeps the limits, with a ``PathDiagnosis``; SolverError where time ran out without one.
        """
        asked, seconds, began = checked_gap(gap), checked_seconds(time_limit), time.perf_counter()
        clock = Clock(None if seconds is None else time.monotonic() + seconds)
        found = search_paths(self.horizon, asked, clock, limits=self.limits)
        if found.status is SearchStatus.INFEASIBLE:
            raise self._infeasible(found.certificate)
        if found.incumbent is None:
            raise SolverError("no path that keeps the limits was found in time")
        return self._solution(
            found.incumbent.path, found.incumbent.value, found.bound, asked, began, found.boxes, found.certificate
        )

    def enumerate(self) -> HorizonSolution:
        """The same by simulating every path that keeps the limits on steps. InputError beyond 100 million paths."""
        began, h, box = time.perf_counter(), self.horizon, whole_box(self.horizon)
        count = count_paths(h, box)
        if count > MOST_PATHS:
            raise bad_argument("attraction", f"makes {count:.3g} paths, too many to enumerate", "solve proves as much")
        value, path = -np.inf, None
        for paths in all_paths(h, box, max(1, NUMBERS // h.start.size)):
            found = self._limited.assess(paths)
            best = best_of(found)
            if best is not None and (path is None or found[best, 0] > value):
                value, path = float(found[best, 0]), paths[best]
        certificate: dict[str, Any] = {"bound": value, "paths": [], "root": {"enumerate": True}}
        if path is None:
            raise self._infeasible({**certificate, "bound": None})
        return self._solution(path, value, value, 0.0, began, 0, certificate)

    def replay(self, certificate: Mapping[str, Any]) -> float:
        """The bound that a certificate proves, worked out without searching, in numpy; -inf: no path keeps the limits.

        Raises NotTrustedError where it is not well formed or proves less than it claims.
        """
        return replay(self.horizon, certificate, self.limits)

    def _infeasible(self, certificate: Mapping[str, Any]) -> InfeasibleError:
        found = diagnosed(self._limited, certificate)
        return InfeasibleError(found.text, found)

    def _solution(
        self, path: Ints, value: float, bound: float, asked: float, began: float, boxes: int,
        certificate: Mapping[str, Any],
    ) -> HorizonSolution:  # fmt: skip
        gap = relative_gap(value, bound, YARDSTICK * self.horizon.magnitude)
        verdict = Verdict.PROVED if reached(gap, asked) else Verdict.BEST_FOUND
        levels = levels_of(self.horizon, path)
        sums = self._limited.assess(path[None])[0, 1:] + self._limited.least
        told = {limit.name: float(total) for limit, total in zip(self.limits, sums, strict=True)}
        return HorizonSolution(
            levels, value, bound, gap, verdict, time.perf_counter() - began, boxes, certificate, told
        )  # fmt: skip
