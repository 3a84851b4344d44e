"""``RobustHorizonProblem``: one path of menus for many draws of what is not known, from plain arrays."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from optimizer.errors import InfeasibleError, bad_argument
from optimizer.execution.arguments import checked_gap, checked_seconds
from optimizer.execution.arrays import each
from optimizer.execution.executor import Executor
from optimizer.horizon.arguments import path_of
from optimizer.horizon.bounds import whole_box
from optimizer.horizon.draws import PathDraws, check_alike
from optimizer.horizon.paths import all_paths, count_paths
from optimizer.horizon.problem import MOST_PATHS, HorizonProblem
from optimizer.horizon.robust import SolvedPaths, recheck_draws, solve_draws
from optimizer.horizon.search import YARDSTICK
from optimizer.horizon.simulate import NUMBERS
from optimizer.optimise.outcome import reached, relative_gap
from optimizer.optimise.risks import Risk, caps_of, checked_risk, checked_weights, least_weighted
from optimizer.search.engine import Clock, SearchStatus
from optimizer.typing import Array, Ints, Verdict


@dataclass(frozen=True)
class RobustHorizonSolution:
    """The best path found over all draws and what is proven of it."""

    path: Ints
    """(stages, plans) level of every plan in every stage."""
    value: float
    """Mean, mean of the worst tail, or worst value over the draws; for regret the largest, never shown too small."""
    bound: float
    """No path that keeps the limits does better: at most this, for regret at least this; finite."""
    gap: float
    """As ``HorizonSolution.gap``, by the draws' weights."""
    verdict: Verdict
    """proved, or best_found where time ran out."""
    seconds: float
    boxes: int
    values: Array
    """(S,) of the path in every draw."""
    best_values: Array | None
    """(S,) for regret: the best value found in every draw alone."""
    best_bounds: Array | None
    """(S,) for regret: what no path exceeds in the draw alone."""
    certificate: Mapping[str, Any] = field(repr=False, compare=False)
    """Plain data that ``RobustHorizonProblem.recheck`` verifies."""


class RobustHorizonProblem:
    """Choose one path of levels that does best over many draws.

    Args:
        problems: a ``HorizonProblem`` a draw. They share plans, levels, nests, stages, steps and how many limits there
            are; customers, attractions, rates, rewards and bounds of limits may differ.
        weights: (S,) how much each draw counts, > 0; equal where absent. They are scaled to a sum of 1.
        on_mean: limits, by their places, that need hold on the mean over the draws alone; all others hold in every
            draw. One with ``at_least`` and ``at_most`` counts as two.

    Raises:
        InputError: names the argument and the place in it.
    """

    def __init__(
        self, problems: Sequence[HorizonProblem], weights: ArrayLike | None = None, on_mean: Sequence[int] = ()
    ) -> None:
        found = each(problems, None, "problems", "draw")
        for s, problem in enumerate(found):
            if not isinstance(problem, HorizonProblem):
                raise bad_argument(f"problems[{s}]", f"is not a HorizonProblem, but {type(problem).__name__}")
        if not found:
            raise bad_argument("problems", "has no draw")
        self.problems: tuple[HorizonProblem, ...] = tuple(found)
        horizons = tuple(problem.horizon for problem in self.problems)
        check_alike(horizons)
        counts = [len(problem.limits) for problem in self.problems]
        if len(set(counts)) > 1:
            raise bad_argument("problems", "differ in how many limits they have")
        for k, place in enumerate(each(on_mean, None, "on_mean", "limit")):
            if not isinstance(place, int | np.integer) or not 0 <= place < counts[0]:
                raise bad_argument(f"on_mean[{k}]", f"is no limit: {place!r}", f"0 to {counts[0] - 1}")
        held = checked_weights(weights, len(found))
        limits = tuple(problem.limits for problem in self.problems)
        self.draws = PathDraws(horizons, limits, np.zeros(len(found)), held, frozenset(int(k) for k in on_mean))

    def solve(
        self,
        risk: str = "mean",
        tail: float = 0.1,
        gap: float = 1e-4,
        time_limit: float | None = None,
        executor: Executor | None = None,
    ) -> RobustHorizonSolution:
        """The path that does best over the draws, proven within ``gap``.

        ``risk``: ``mean``; ``cvar``, the mean of the worst ``tail`` of the draws by weight; ``worst``; ``regret``, the
        largest loss against what each draw alone allows under the limits that hold in every draw: less is better.
        ``executor``: where draws' own best paths are found, for regret.

        Raises:
            InputError; InfeasibleError where no path keeps the limits; SolverError where time ran out without one.
        """
        wanted, kind, seconds = checked_gap(gap), checked_risk(risk), checked_seconds(time_limit)
        caps, began = caps_of(kind, self.draws.weights, tail), time.perf_counter()
        clock = Clock(None if seconds is None else time.monotonic() + seconds)
        found = solve_draws(self.draws, kind, caps, wanted, clock, executor)
        return self._solution(found, kind, wanted, began)

    def enumerate(self, risk: str = "mean", tail: float = 0.1) -> RobustHorizonSolution:
        """The same by following every path in every draw, one draw after the other. InputError beyond 100 million."""
        began, kind = time.perf_counter(), checked_risk(risk)
        caps, h = caps_of(kind, self.draws.weights, tail), self.draws.horizons[0]
        if (count := count_paths(h, whole_box(h))) > MOST_PATHS:
            raise bad_argument("problems", f"make {count:.3g} paths, too many to enumerate", "solve proves as much")
        alone = np.array([p.enumerate().value for p in self._alone()]) if kind is Risk.REGRET else np.zeros(len(caps))
        best, path = -np.inf, None
        for paths in all_paths(h, whole_box(h), max(1, NUMBERS // h.start.size)):
            values, missed = self.draws.assess(paths)
            risks = values @ self.draws.weights if kind is Risk.MEAN else least_weighted(values - alone, caps)
            worth = np.where(missed <= 0.0, risks, -np.inf)
            if worth.max() > best:
                best, path = float(worth.max()), paths[int(worth.argmax())]
        if path is None:
            raise InfeasibleError("no path keeps the limits over the draws")
        value = max(0.0, -best) if kind is Risk.REGRET else best
        return self._solution(SolvedPaths(path, value, value, SearchStatus.CLOSED, 0, (), {}), kind, 0.0, began)

    def _alone(self) -> list[HorizonProblem]:
        """Draws with the limits that hold in every one."""
        if self.draws.on_mean and any(len(own) for own in self.draws.limits):
            raise bad_argument("risk", "regret with limits on the mean is not enumerated", "use solve")
        return list(self.problems)

    def values(self, path: ArrayLike) -> Array:
        """(S,) of a path of levels in every draw. Raises InputError for a level that is not there."""
        return np.array([problem.value(path) for problem in self.problems])

    def recheck(self, solution: RobustHorizonSolution, risk: str = "mean", tail: float = 0.1) -> float:
        """The bound that a solution's certificate proves, in the terms of ``solution.bound``, without searching.

        Raises NotTrustedError where the path breaks a limit, a step of the certificate does not hold, or value or bound
        are not what it shows.
        """
        kind, first = checked_risk(risk), self.problems[0]
        path = path_of(first.horizon, first.layout, solution.path)
        claim = SolvedPaths(path, solution.value, solution.bound, SearchStatus.CLOSED, 0, (),
                            dict(solution.certificate))  # fmt: skip
        return recheck_draws(self.draws, kind, caps_of(kind, self.draws.weights, tail), path, claim)

    def _solution(self, found: SolvedPaths, risk: Risk, wanted: float, began: float) -> RobustHorizonSolution:
        sense = -1.0 if risk is Risk.REGRET else 1.0
        gap = relative_gap(sense * found.value, sense * found.bound, YARDSTICK * self.draws.stacked.magnitude)
        closed = found.status is SearchStatus.CLOSED and reached(gap, wanted)
        return RobustHorizonSolution(
            path=self.draws.horizons[0].levels(found.path),
            value=found.value,
            bound=found.bound,
            gap=gap,
            verdict=Verdict.PROVED if closed else Verdict.BEST_FOUND,
            seconds=time.perf_counter() - began,
            boxes=found.boxes,
            values=self.draws.assess(found.path[None])[0][0],
            best_values=np.array([one.value for one in found.own]) if found.own else None,
            best_bounds=np.array([one.bound for one in found.own]) if found.own else None,
            certificate=found.certificate,
        )
