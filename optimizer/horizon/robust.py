"""The best path of menus over draws: mean, worst tail and worst draw in one search; regret with draws' own bests."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import repeat
from typing import Any

import numpy as np

from optimizer.errors import InfeasibleError, NotTrustedError, SolverError
from optimizer.execution.clock import GRACE
from optimizer.execution.executor import Executor, SerialExecutor
from optimizer.horizon.draws import PathDraws
from optimizer.horizon.instance import Horizon
from optimizer.horizon.limits import Limited, PathLimit
from optimizer.horizon.limits import limited as limited_to
from optimizer.horizon.paths import stepping
from optimizer.horizon.replay import replay
from optimizer.horizon.search import YARDSTICK, SearchedPath, search_paths
from optimizer.optimise.risks import Risk
from optimizer.search.engine import Clock, SearchStatus
from optimizer.typing import Array, Ints

COARSE = 1e-4
"""Relative gap of draws' own best paths at first; only those are refined that stand in the way of the answer."""
FINER = 0.1
"""Factor of the gap where one is refined."""
REPEATS = 5
"""Times that regret is solved anew after draws' own bests were refined."""
LOOKED_AT = 20.0
"""Seconds in which draws without any path are looked for, where no path meets the conditions in all."""


@dataclass(frozen=True)
class OwnPath:
    """One draw's best path, were its numbers known; without the draw's constant."""

    path: Ints
    """(K, G) columns."""
    value: float
    bound: float
    gap: float
    """That was asked for."""
    certificate: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class SolvedPaths:
    """A path over draws, and what is proven of it: value and bound in the terms of the risk, of regret positive."""

    path: Ints
    """(K, G) columns."""
    value: float
    bound: float
    status: SearchStatus
    boxes: int
    own: tuple[OwnPath, ...]
    """Of every draw, for regret."""
    certificate: dict[str, Any] = field(repr=False)


def solve_draws(
    draws: PathDraws, risk: Risk, caps: Array, gap: float, clock: Clock, executor: Executor | None = None,
    seed: Ints | None = None,
) -> SolvedPaths:  # fmt: skip
    """The path that does best over the draws.

    Raises InfeasibleError where no path meets the conditions; SolverError where time ran out without one.
    """
    if risk is Risk.REGRET:
        return _least_regret(draws, caps, gap, clock, executor)
    offsets = np.zeros(draws.count)
    found = _searched(draws, draws.asked(risk, caps, offsets), gap, clock, seed)
    assert found.incumbent is not None
    more = draws.constant(risk, offsets)
    return SolvedPaths(found.incumbent.path, found.incumbent.value + more, found.bound + more, found.status,
                       found.boxes, (), found.certificate)  # fmt: skip


def _searched(draws: PathDraws, asked: Limited, gap: float, clock: Clock, seed: Ints | None) -> SearchedPath:
    found = search_paths(asked.horizon, gap, clock, limits=asked.limits, seed=seed, risk=asked.risk)
    if found.status is SearchStatus.INFEASIBLE:
        raise InfeasibleError(f"No path meets the conditions over the draws (proven): {_why(draws, clock)}.")
    if found.incumbent is None:
        raise SolverError("no path that meets the conditions over the draws was found in time")
    return found


def _why(draws: PathDraws, clock: Clock) -> str:
    """Draws in which no path meets the conditions alone, as far as that is soon seen."""
    ends, alone = time.monotonic() + LOOKED_AT, []
    for s, horizon in enumerate(draws.horizons):
        quick = Clock(min(ends, time.monotonic() + LOOKED_AT / draws.count), clock.cancelled)
        if search_paths(horizon, 1.0, quick, limits=draws.own_limits(s)).status is SearchStatus.INFEASIBLE:
            alone.append(str(s + 1))
    if not alone:
        names = dict.fromkeys(limit.name for limit in draws.limits[0])
        return "what is asked together is too much for one path: " + "; ".join(names)
    return f"in {len(alone)} of {draws.count} draws none meets them even alone (draw {', '.join(alone[:8])})"


def _least_regret(draws: PathDraws, caps: Array, gap: float, clock: Clock, executor: Executor | None) -> SolvedPaths:
    """Values found in draws alone give its bound, bounds on them the regret that is shown."""
    own, seed, boxes = all_own(draws, min(COARSE, gap), clock, executor), None, 0
    for turn in range(REPEATS):
        alone = np.array([one.value for one in own]) + draws.constants
        asked = draws.asked(Risk.REGRET, caps, alone)
        found = _searched(draws, asked, 0.5 * gap, clock, seed)
        assert found.incumbent is not None
        seed, boxes = found.incumbent.path, boxes + found.boxes
        value, bound = shown_regret(draws, own, seed), max(0.0, -found.bound)
        room = 0.25 * gap * max(value, YARDSTICK * asked.horizon.magnitude)
        close = value <= bound + room or turn + 1 == REPEATS or clock.stop() is not None
        closer = own if close else _refined(draws, own, seed, bound + room, clock)
        if all(a is b for a, b in zip(closer, own, strict=True)):
            proof = {**found.certificate, "own": [_packed(draws.horizons[0], one) for one in own]}
            return SolvedPaths(seed, value, bound, found.status, boxes, own, proof)
        own = closer
    raise AssertionError("the last turn returns")


def shown_regret(draws: PathDraws, own: Sequence[OwnPath], path: Ints) -> float:
    """The largest regret of a path, never too small."""
    values = draws.assess(path[None])[0][0] - draws.constants
    return max(0.0, float((np.array([one.bound for one in own]) - values).max()))


def all_own(draws: PathDraws, gap: float, clock: Clock, executor: Executor | None = None) -> tuple[OwnPath, ...]:
    """Every draw's own best path, a draw a task. Raises as ``solve_draws``."""
    runner = SerialExecutor() if executor is None else executor
    limits = [draws.own_limits(s) for s in range(draws.count)]
    seconds = (_share(clock, draws.count - s, runner.workers) for s in range(draws.count))
    done = runner.gather(own_path, draws.horizons, limits, repeat(gap), seconds, cancelled=clock.cancelled)
    if len(done) < draws.count:
        raise SolverError("cancelled before every draw's own best path was found")
    for s, one in enumerate(done):
        if isinstance(one, str):
            raise (InfeasibleError if one == NONE else SolverError)(f"{one} in draw {s + 1} alone")
    return tuple(one for one in done if isinstance(one, OwnPath))


NONE = "no path meets the conditions"
LATE = "no path that meets the conditions was found in time"


def own_path(
    horizon: Horizon, limits: tuple[PathLimit, ...], gap: float, seconds: float | None, seed: Ints | None = None
) -> OwnPath | str:
    """The best path of one draw, wherever this runs; why there is none."""
    clock = Clock(None if seconds is None else time.monotonic() + seconds)
    found = search_paths(horizon, gap, clock, limits=limits, seed=seed)
    if found.incumbent is None:
        return NONE if found.status is SearchStatus.INFEASIBLE else LATE
    return OwnPath(found.incumbent.path, found.incumbent.value, found.bound, gap, found.certificate)


def _share(clock: Clock, left: int, workers: int) -> float | None:
    """Seconds of one task, with so many left."""
    if clock.deadline is None:
        return None
    return max(GRACE, (clock.deadline - time.monotonic()) * min(1.0, workers / (left + workers)))


def _refined(draws: PathDraws, own: tuple[OwnPath, ...], path: Ints, most: float, clock: Clock) -> tuple[OwnPath, ...]:
    """The same with those draws solved closer whose regret may exceed what is proven by too much."""
    values = draws.assess(path[None])[0][0] - draws.constants
    made = list(own)
    for s, one in enumerate(own):
        if one.bound - values[s] <= most or not one.bound > one.value or clock.stop() is not None:
            continue
        gap = FINER * one.gap
        found = own_path(draws.horizons[s], draws.own_limits(s), gap, _share(clock, 1, 1), one.path)
        if isinstance(found, OwnPath):
            better = found if found.value >= one.value else one
            closer = found if found.bound <= one.bound else one
            made[s] = OwnPath(better.path, better.value, closer.bound, gap, closer.certificate)
    return tuple(made)


def _packed(horizon: Horizon, one: OwnPath) -> dict[str, Any]:
    levels = (one.path - horizon.first[:-1]).tolist()
    return {"path": levels, "value": one.value, "bound": one.bound, "certificate": one.certificate}


def recheck_draws(draws: PathDraws, risk: Risk, caps: Array, path: Ints, claim: SolvedPaths) -> float:
    """The bound that a certificate proves, in the terms of ``SolvedPaths.bound``, without searching.

    Raises NotTrustedError where the path is not worth what is said or breaks a condition, or the certificate does not
    hold.
    """
    offsets, own = np.zeros(draws.count), tuple[OwnPath, ...]()
    if risk is Risk.REGRET:
        own = tuple(_rechecked_own(draws, s, one) for s, one in enumerate(claim.certificate["own"]))
        if len(own) != draws.count:
            raise NotTrustedError("the certificate has not every draw's own best path")
        offsets = np.array([one.value for one in own]) + draws.constants
    asked = draws.asked(risk, caps, offsets)
    room = 1e-9 * max(abs(claim.value), YARDSTICK * asked.horizon.magnitude)
    assessed = asked.assess(path[None])[0]
    if not stepping(asked.horizon, path[None])[0] or not asked.kept(assessed):
        raise NotTrustedError("the path is none that the conditions and steps allow")
    value = float(asked.worth(assessed)) + draws.constant(risk, offsets)
    value = shown_regret(draws, own, path) if risk is Risk.REGRET else value
    if abs(value - claim.value) > room:
        raise NotTrustedError(f"the path is worth {value!r}, not {claim.value!r}")
    proof = {name: part for name, part in claim.certificate.items() if name != "own"}
    proven = replay(asked.horizon, proof, asked.limits, asked.risk) + draws.constant(risk, offsets)
    bound = max(0.0, -proven) if risk is Risk.REGRET else proven
    sense = -1.0 if risk is Risk.REGRET else 1.0
    if sense * bound > sense * claim.bound + room:
        raise NotTrustedError(f"the certificate proves {bound!r}, not {claim.bound!r}")
    return bound


def _rechecked_own(draws: PathDraws, draw: int, told: Mapping[str, Any]) -> OwnPath:
    """Raises NotTrustedError where a draw's own best path is not what is said."""
    h, limits = draws.horizons[draw], draws.own_limits(draw)
    path = np.array(told["path"], dtype=np.intp) + h.first[:-1]
    if path.shape != (h.stages, h.groups) or not stepping(h, path[None])[0]:
        raise NotTrustedError(f"the best path of draw {draw + 1} alone is none that it allows")
    asked, size = limited_to(h, limits), 1e-9 * h.magnitude
    assessed = asked.assess(path[None])[0]
    own = OwnPath(path, float(told["value"]), float(told["bound"]), 0.0, told["certificate"])
    if not asked.kept(assessed) or abs(float(assessed[0]) - own.value) > size:
        raise NotTrustedError(f"the best path of draw {draw + 1} alone is not worth what is said")
    if replay(h, own.certificate, limits) > own.bound + size:
        raise NotTrustedError(f"the bound of draw {draw + 1} alone is not shown")
    return replace(own, value=float(assessed[0]))
