"""One path over draws: against every path in every draw, bounds at any weights, certificates, wrong arguments."""

from __future__ import annotations

import copy
import json
from typing import Any

import numpy as np
import pytest
from horizons import draw_arguments
from robust_horizons import RISKS, draw_robust

from optimizer import (
    HorizonLimit,
    HorizonProblem,
    InfeasibleError,
    InputError,
    NotTrustedError,
    RobustHorizonProblem,
    SolverError,
)
from optimizer.horizon.bounds import Parted, bound_box, numpy_potentials, told, whole_box
from optimizer.horizon.paths import all_paths, count_paths
from optimizer.horizon.robust_problem import RobustHorizonSolution
from optimizer.horizon.shares import pure
from optimizer.optimise.risks import Risk, caps_of, within_caps

GAP = 1e-4


def checked(seed: int) -> str:
    """What was compared: the risk, or none where no path keeps the limits."""
    problem, risk, tail = draw_robust(seed)
    try:
        best = problem.enumerate(risk, tail)
    except InfeasibleError:
        with pytest.raises(InfeasibleError):
            problem.solve(risk, tail, GAP)
        return "none"
    found = problem.solve(risk, tail, GAP)
    size = max(abs(best.value), 1e-6 * problem.draws.stacked.magnitude)
    sense = -1.0 if risk == "regret" else 1.0
    assert found.verdict == "proved", seed
    assert sense * found.bound >= sense * best.value - 1e-9 * size, (seed, found.bound, best.value)
    assert sense * found.value <= sense * best.value + 1e-9 * size, (seed, found.value, best.value)
    assert abs(found.value - best.value) <= 1.01 * GAP * size, (seed, found.value, best.value)
    assert found.values == pytest.approx(problem.values(found.path), rel=1e-12, abs=1e-12 * size), seed
    proven = problem.recheck(found, risk, tail)
    assert sense * best.value - 1e-9 * size <= sense * proven <= sense * found.bound + 1e-8 * size, seed
    return risk


@pytest.mark.parametrize("part", range(4))
def test_48_instances_against_every_path_in_every_draw(part: int) -> None:
    seen = [checked(seed) for seed in range(12 * part, 12 * (part + 1))]
    assert all(seen.count(risk) > 1 for risk in RISKS)


@pytest.mark.full
@pytest.mark.parametrize("part", range(12))
def test_480_instances_against_every_path_in_every_draw(part: int) -> None:
    seen = [checked(seed) for seed in range(1000 + 40 * part, 1000 + 40 * (part + 1))]
    assert all(seen.count(risk) > 5 for risk in RISKS)


def check_boxes(seeds: range) -> int:
    """Number of paths below the bound of their box, at weights of the draws that the risk allows."""
    below, checked_boxes = 0, 0
    for seed in seeds:
        problem, risk, tail = draw_robust(seed)
        draws, g = problem.draws, np.random.default_rng([seed, 5])
        kind = Risk(risk)
        asked = draws.asked(kind, caps_of(kind, draws.weights, tail), g.normal(size=draws.count))
        h = asked.horizon
        if count_paths(h, whole_box(h)) > 20_000:
            continue
        checked_boxes += 1
        paths = np.concatenate(list(all_paths(h, whole_box(h), 512)))
        assessed = asked.assess(paths)
        worth = asked.worth(assessed)
        limits = g.random(len(asked.limits)) * (g.random(len(asked.limits)) < 0.5)
        aims = within_caps(g.random(asked.aims), asked.most_rows[: asked.aims])
        rows = np.concatenate([aims, limits])
        assert asked.proves(rows), seed
        priced, constant = asked.priced(rows), asked.constant(rows)
        around = pure(h, paths[g.integers(len(paths))])
        said = told(h, bound_box(Parted(priced, 10**9, 1), whole_box(h), around, numpy_potentials))
        bound = constant + said.through[np.arange(h.stages)[:, None], paths].min(axis=(1, 2))
        good = asked.kept(assessed)
        assert (worth[good] <= bound[good]).all(), seed
        assert (assessed @ rows <= bound + 1e-9 * np.abs(bound)).all(), seed
        below += len(paths)
    assert checked_boxes > 0
    return below


def test_bounds_over_draws_against_every_path() -> None:
    assert check_boxes(range(40)) > 1000


@pytest.mark.full
def test_bounds_over_draws_against_every_path_of_many() -> None:
    assert check_boxes(range(2000, 2600)) > 20_000


def two(values: list[list[float]], weights: Any = None, **more: Any) -> RobustHorizonProblem:
    """A draw a row: a plan that everybody has and keeps; its levels bring the row's money in the one month."""
    ones = np.ones((1, len(values[0])))
    return RobustHorizonProblem([
        HorizonProblem([[0.0], [1.0]], [ones], [0.0 * ones], [[row]], [1.0], [[1.0]], [0.0], **more) for row in values
    ], weights)  # fmt: skip


@pytest.mark.parametrize(
    ("risk", "level", "value"),
    [("mean", 0, 5.0), ("worst", 1, 3.0), ("cvar", 1, 3.0), ("regret", 0, 3.0)],
)
def test_risks_by_hand(risk: str, level: int, value: float) -> None:
    """Levels bring 10 and 0, or 4 and 3, or 5 and -2: means 5, 3.5 and 1.5; against 10 and 3, regrets of 3, 6 and 5."""
    made = two([[10.0, 4.0, 5.0], [0.0, 3.0, -2.0]])
    found = made.solve(risk, 0.5)
    assert found.path.tolist() == [[level]]
    assert found.value == pytest.approx(value, rel=1e-9)
    assert found.bound == pytest.approx(value, rel=1e-3)


def test_a_limit_on_the_mean_is_kept_where_a_draw_misses_it() -> None:
    """At least 4 in every draw leaves nothing, on the mean the first two levels: 5 and 4.5."""
    asked = HorizonLimit([1.0], at_least=4.0)
    rows = [[10.0, 6.0, 5.0], [0.0, 3.0, -2.0]]
    with pytest.raises(InfeasibleError, match=r"in 1 of 2 draws none meets them even alone \(draw 2\)"):
        two(rows, limits=[asked]).solve()
    ones = np.ones((1, 3))
    problems = [
        HorizonProblem([[0.0], [1.0]], [ones], [0.0 * ones], [[row]], [1.0], [[1.0]], [0.0], limits=[asked])
        for row in rows
    ]
    made = RobustHorizonProblem(problems, on_mean=[0])
    assert made.solve("worst").path.tolist() == [[1]]
    assert made.solve("worst").value == pytest.approx(3.0)
    assert made.solve("mean").path.tolist() == [[0]]


def test_weights_of_draws_are_shares() -> None:
    """One draw of three counts nine tenths: its best level is the best of all."""
    made = two([[1.0, 0.0], [0.0, 5.0], [0.0, 0.1]], [18.0, 1.0, 1.0])
    assert made.solve().path.tolist() == [[0]]
    assert made.solve().value == pytest.approx(0.9)
    assert two([[1.0, 0.0], [0.0, 5.0], [0.0, 0.1]]).solve().path.tolist() == [[1]]


@pytest.mark.parametrize("risk", RISKS)
def test_a_certificate_that_proves_less_is_refused(risk: str) -> None:
    seeds = (s for s in range(RISKS.index(risk), 200, 4) if draw_robust(s)[0].draws.count > 1)
    found, problem, tail = None, None, 0.0
    for seed in seeds:
        problem, _, tail = draw_robust(seed)
        try:
            found = problem.solve(risk, tail, GAP)
        except InfeasibleError:
            continue
        if found.boxes and abs(found.value) > 1e-3:
            break
    assert found is not None and problem is not None
    told = json.loads(json.dumps(found.certificate))
    sense = -1.0 if risk == "regret" else 1.0
    assert problem.recheck(_with(found, certificate=told), risk, tail) == pytest.approx(found.bound, rel=1e-6)
    with pytest.raises(NotTrustedError):
        problem.recheck(_with(found, bound=found.value - sense * 0.1 * abs(found.value)), risk, tail)
    with pytest.raises(NotTrustedError):
        problem.recheck(_with(found, value=found.value + sense * 0.1 * abs(found.value)), risk, tail)
    if "rows" in told and risk != "mean":
        worse = copy.deepcopy(told)
        worse["rows"] = [[2.0 * x for x in row] for row in worse["rows"]]
        with pytest.raises(NotTrustedError):
            problem.recheck(_with(found, certificate=worse), risk, tail)
    if risk == "regret":
        worse = copy.deepcopy(told)
        worse["own"][0]["value"] += 1.0
        with pytest.raises(NotTrustedError):
            problem.recheck(_with(found, certificate=worse), risk, tail)


def _with(found: RobustHorizonSolution, **more: Any) -> RobustHorizonSolution:
    return RobustHorizonSolution(**{**vars(found), **more})


def test_time_that_is_up_leaves_a_path_and_a_bound() -> None:
    found = 0
    for seed in range(0, 40, 4):
        problem, _, _ = draw_robust(seed)
        try:
            best, hurried = problem.enumerate(), problem.solve(time_limit=1e-9)
        except (InfeasibleError, SolverError):  # no path keeps the limits, or none was found in time
            continue
        assert hurried.value <= best.value + 1e-9 <= hurried.bound + 2e-9, seed
        found += 1
    assert found > 3


def problems(**more: Any) -> list[HorizonProblem]:
    given = draw_arguments(3)
    return [HorizonProblem(**given), HorizonProblem(**{**given, **more})]


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: RobustHorizonProblem([]), "problems"),
        (lambda: RobustHorizonProblem([3]), "problems[0]"),  # type: ignore[list-item]
        (lambda: RobustHorizonProblem(problems(), [1.0]), "weights"),
        (lambda: RobustHorizonProblem(problems(), [1.0, 0.0]), "weights[1]"),
        (lambda: RobustHorizonProblem(problems(steps=0)), "problems[1]"),
        (lambda: RobustHorizonProblem([problems()[0], HorizonProblem(**draw_arguments(4))]), "problems[1]"),
        (lambda: RobustHorizonProblem(problems(), on_mean=[0]), "on_mean[0]"),
        (lambda: RobustHorizonProblem(problems()).solve("median"), "risk"),
        (lambda: RobustHorizonProblem(problems()).solve("cvar", 0.0), "tail"),
        (lambda: RobustHorizonProblem(problems()).solve("cvar", 2.0), "tail"),
        (lambda: RobustHorizonProblem(problems()).solve(gap=-1.0), "gap"),
        (lambda: RobustHorizonProblem(problems(limits=[HorizonLimit(1.0, at_least=0.0)])), "limits[0].weight"),
        (lambda: RobustHorizonProblem(problems(limits=[_limit()])), "problems"),
    ],
)  # fmt: skip
def test_wrong_arguments_are_named(call: Any, field: str) -> None:
    with pytest.raises(InputError) as caught:
        call()
    assert caught.value.findings[0].field == field


def _limit() -> HorizonLimit:
    return HorizonLimit(np.ones(len(draw_arguments(3)["weight"])), at_least=0.0)
