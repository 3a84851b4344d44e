"""A ratio means one thing everywhere: solve, enumerate, conditions and frontiers against complete enumeration."""

from __future__ import annotations

from functools import partial

import numpy as np
import pytest
import ratio_problems
from ratio_problems import Drawn

from optimizer import InfeasibleError, MenuProblem, Ratio, search
from optimizer.optimise import frontier as tracing

SAMPLE, ALL = 100, 2000
CLOSE = 1e-6
"""Where rounding may decide between neighbours."""


def room(drawn: Drawn, wanted: float) -> float:
    """Numbers that differ by less are the same."""
    return 1e-9 * (1.0 + abs(wanted) + 1.0 / drawn.problem.floor(drawn.ratio))


def check_objective(seed: int) -> bool:
    """Whether there was an answer."""
    drawn = ratio_problems.draw(seed)
    sense = 1 if seed % 2 else -1
    wanted = ratio_problems.best(drawn, drawn.ratio, sense)
    for solve in (drawn.problem.solve, drawn.problem.enumerate):
        if wanted is None:
            with pytest.raises(InfeasibleError):
                solve(drawn.ratio, minimise=sense < 0)
            continue
        found = solve(drawn.ratio, minimise=sense < 0)
        tiny = room(drawn, wanted)
        loose = tiny if solve == drawn.problem.enumerate else tiny + 1.001e-4 * max(abs(wanted), abs(found.value), 1e-3)
        assert found.verdict == "proved", seed
        assert sense * (found.value - wanted) <= tiny, (seed, found.value, wanted)
        assert sense * (found.value - wanted) >= -loose, (seed, found.value, wanted)
        assert sense * (found.bound - wanted) >= -tiny, (seed, found.bound, wanted)
        assert np.isfinite(found.bound), seed
        assert ratio_problems.value(drawn, drawn.ratio, dict(found.figures)) == pytest.approx(found.value), seed
        assert ratio_problems.meets(drawn, dict(found.figures)), seed
    return wanted is not None


def check_condition(seed: int) -> bool:
    """A figure under the conditions, by solve, and every menu by ``feasible``."""
    drawn = ratio_problems.draw(seed)
    allowed = ratio_problems.menus(drawn)
    instance = drawn.problem.instance
    for mix in range(instance.mixes):
        for menu in np.ndindex(*instance.levels):
            assert drawn.problem.feasible(menu, mix) == ((menu, mix) in allowed), (seed, menu, mix)
    if not allowed:
        with pytest.raises(InfeasibleError) as caught:
            drawn.problem.solve("v")
        assert caught.value.diagnosis is not None, seed
        return False
    wanted = max(there["v"] for there in allowed.values())
    found = drawn.problem.solve("v")
    assert wanted - 1.001e-4 * max(abs(wanted), 1e-3) <= found.value <= wanted + 1e-9 * (1 + abs(wanted)), seed
    assert found.bound >= wanted - 1e-9 * (1 + abs(wanted)), seed
    assert (found.menu, found.mix) in allowed, seed
    return True


AXES = ((Ratio, str), (str, Ratio), (Ratio, Ratio))


def check_frontier(seed: int) -> bool:
    """All efficient menus, where an axis or both are ratios."""
    drawn = ratio_problems.draw(seed)
    kinds = AXES[seed % 3]
    other = Ratio("v", "d", drawn.ratio.floor)
    x = drawn.ratio if kinds[0] is Ratio else "v"
    y = (other if kinds[0] is Ratio else drawn.ratio) if kinds[1] is Ratio else "v"
    less = (seed % 5 == 0, seed % 7 == 0)
    wanted = ratio_problems.efficient(drawn, x, y, *less)
    if not wanted:
        with pytest.raises(InfeasibleError):
            drawn.problem.frontier(x, y, less_x=less[0], less_y=less[1], everything=True)
        return False
    found = drawn.problem.frontier(x, y, less_x=less[0], less_y=less[1], everything=True)
    got = [((1 - 2 * less[0]) * p.x, (1 - 2 * less[1]) * p.y) for p in found.points]
    for a, b in wanted:
        near = CLOSE * (1.0 + np.abs([a, b]))
        assert any(p >= a - near[0] and q >= b - near[1] for p, q in got), (seed, (a, b), got)
    for p, q in got:
        near = CLOSE * (1.0 + np.abs([p, q]))
        assert any(abs(p - a) <= near[0] and abs(q - b) <= near[1] for a, b in wanted), (seed, (p, q), wanted)
    return True


CHECKS = {"objective": check_objective, "condition": check_condition, "frontier": check_frontier}


def run(what: str, seeds: range) -> None:
    answers = [CHECKS[what](seed) for seed in seeds]
    assert sum(answers) >= len(answers) // 3 and answers.count(False) >= len(answers) // 50, answers


@pytest.mark.parametrize("what", CHECKS)
def test_against_enumeration(what: str) -> None:
    run(what, range(SAMPLE))


def test_points_that_tie_but_for_rounding_are_one() -> None:
    assert [check_frontier(seed) for seed in (225, 489, 1002)] == [True] * 3


@pytest.mark.parametrize("what", CHECKS)
def test_by_search_alone(what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """No box is small enough to be enumerated, and frontiers are traced step by step."""
    shut(monkeypatch)
    run(what, range(SAMPLE, SAMPLE + (10 if what == "frontier" else 30)))


def shut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tracing, "ENUMERATED", 0)
    tuned = search.Tuning(whole_choices=0, box_menus=1, left_menus=1)
    monkeypatch.setattr(search, "maximise", partial(search.maximise, tuning=tuned))


@pytest.mark.full
@pytest.mark.parametrize("start", range(0, ALL, 200))
@pytest.mark.parametrize("what", CHECKS)
def test_two_thousand_against_enumeration(what: str, start: int) -> None:
    run(what, range(start, start + 200))


@pytest.mark.full
@pytest.mark.parametrize("start", range(0, 400, 100))
@pytest.mark.parametrize("what", CHECKS)
def test_four_hundred_by_search_alone(what: str, start: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shut(monkeypatch)
    run(what, range(start, start + 100))


@pytest.mark.parametrize(
    ("above", "below", "minimise", "wanted"),
    [
        # n / d = -3/2, -4/0, -2/-3, -1/-1: only the first counts
        ([-3.0, -4.0, -2.0, -1.0], [2.0, 0.0, -3.0, -1.0], False, -1.5),
        # none counts
        ([2.0, 0.0, -3.0, -2.0], [-3.0, -3.0, -3.0, -2.0], True, None),
        # 0/0 beside 6/3
        ([0.0, 6.0], [0.0, 3.0], False, 2.0),
    ],
)
def test_by_hand(above: list[float], below: list[float], minimise: bool, wanted: float | None) -> None:
    problem = MenuProblem([2.0], [np.ones((1, len(above)))], {"n": [[above]], "d": [[below]]})
    for solve in (problem.solve, problem.enumerate):
        if wanted is None:
            with pytest.raises(InfeasibleError, match="does not count"):
                solve(Ratio("n", "d"), minimise=minimise)
        else:
            assert solve(Ratio("n", "d"), minimise=minimise).value == pytest.approx(wanted, rel=1e-12)
