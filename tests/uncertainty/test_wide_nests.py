"""Very wide nests over draws: passes over levels that are not built equal enumeration; certificates hold."""

from __future__ import annotations

import numpy as np
import pytest
import robust_draws

from optimizer import InfeasibleError, RobustProblem
from optimizer.uncertainty import asking, search, solving, wide_search
from optimizer.uncertainty import problem as api
from optimizer.uncertainty.wide_question import WideQuestion

SAMPLE, ALL = 100, 1000
SEARCHED = search.RobustTuning(whole_numbers=0.0, box_numbers=0.0, most_menus=3, box_menus=2)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nests of any size are held by their members, and few of their levels are searched first."""
    monkeypatch.setattr(asking, "WIDE_LEVELS", 1)
    monkeypatch.setattr(wide_search, "PROMISING", 1)
    monkeypatch.setattr(wide_search, "ENOUGH", 0.0)
    monkeypatch.setattr(wide_search, "FEW", 1)
    monkeypatch.setattr(api, "solve_risk", lambda q, gap, clock: solving.solve_risk(q, gap, clock, SEARCHED))
    monkeypatch.setattr(
        api, "solve_regret", lambda q, gap, clock, **more: solving.solve_regret(q, gap, clock, SEARCHED, **more)
    )


def check(seed: int, recheck: bool = True) -> int:
    """1 where a menu was there, 0 where none meets the conditions."""
    drawn = robust_draws.draw(seed, nests=True)
    asked = drawn.asked
    plain = drawn.problem
    problem = RobustProblem([robust_draws.by_members(one) for one in plain.problems], plain.weights)
    assert isinstance(problem.question("margin", **asked), WideQuestion), seed
    try:
        truth = plain.enumerate("margin", **asked).value
    except InfeasibleError:
        with pytest.raises(InfeasibleError):
            problem.solve("margin", gap=drawn.gap, **asked)
        return 0
    found = problem.solve("margin", gap=drawn.gap, **asked)
    sense, size = (-1.0 if asked["risk"] == "regret" else 1.0), 1e-9 * max(1.0, abs(truth))
    assert found.verdict == "proved", seed
    assert np.isfinite(found.bound), seed
    assert sense * found.bound >= sense * truth - size, (seed, found.bound, truth)
    assert sense * found.value <= sense * truth + size, (seed, found.value, truth)
    assert abs(found.value - truth) <= drawn.gap * abs(found.value) + size, (seed, found.value, truth)
    if recheck:
        bound = problem.recheck(found, "margin", **asked)
        assert sense * bound >= sense * truth - size, (seed, bound, truth)
        assert sense * bound <= sense * found.bound + size, (seed, bound, found.bound)
    return 1


@pytest.mark.parametrize("risk", range(4), ids=robust_draws.RISKS)
def test_wide_nests_equal_enumeration(wide: None, risk: int) -> None:
    seeds = range(risk, SAMPLE, 4)
    assert sum(check(seed, recheck=seed % 3 == 0) for seed in seeds) > len(seeds) / 2


@pytest.mark.full
@pytest.mark.parametrize("part", range(10))
def test_all_wide_nests_equal_enumeration(wide: None, part: int) -> None:
    seeds = range(SAMPLE + part, SAMPLE + ALL, 10)
    assert sum(check(seed) for seed in seeds) > len(seeds) / 2
