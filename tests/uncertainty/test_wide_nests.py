"""Very wide nests over draws: passes over levels that are not built equal enumeration; certificates hold."""

from __future__ import annotations

import numpy as np
import pytest
import robust_draws
from amount import few, some

from optimizer import InfeasibleError, RobustProblem, SolverError
from optimizer.search.engine import Clock
from optimizer.uncertainty import asking, passes, search, solving, wide_search
from optimizer.uncertainty import problem as api
from optimizer.uncertainty.arrays import draws_of
from optimizer.uncertainty.multipliers import Space
from optimizer.uncertainty.sweep import sweep
from optimizer.uncertainty.wide_question import WideQuestion

SAMPLE, ALL = few(150), 1000
SEARCHED = search.RobustTuning(whole_numbers=0.0, box_numbers=0.0, most_menus=3, box_menus=2)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nests of any size are held by their members, and few of their levels are searched first."""
    monkeypatch.setattr(asking, "WIDE_LEVELS", 1)
    monkeypatch.setattr(wide_search, "PROMISING", 1)
    monkeypatch.setattr(wide_search, "ENOUGH", 0.0)
    monkeypatch.setattr(wide_search, "FEW", 1)
    monkeypatch.setattr(passes, "LOT", 1.0)
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
    return robust_draws.equals_enumeration(problem, plain, asked, drawn.gap, seed, recheck)


@pytest.mark.parametrize("risk", range(4), ids=robust_draws.RISKS)
def test_wide_nests_equal_enumeration(wide: None, risk: int) -> None:
    seeds = range(risk, SAMPLE, 4)
    assert sum(check(seed, recheck=seed % 3 == 0) for seed in seeds) > len(seeds) / 3


@pytest.mark.full
@pytest.mark.parametrize("part", range(10))
def test_all_wide_nests_equal_enumeration(wide: None, part: int) -> None:
    seeds = range(SAMPLE + part, SAMPLE + ALL, 10)
    assert sum(check(seed) for seed in seeds) > len(seeds) / 2


def drawn_wide(seed: int) -> tuple[RobustProblem, WideQuestion, RobustProblem]:
    """A problem by its members, what is asked of it without conditions, and the same problem with everything built."""
    plain = robust_draws.draw(seed, nests=True).problem
    problem = RobustProblem([robust_draws.by_members(one) for one in plain.problems], plain.weights)
    question = problem.question("margin", "worst")
    assert isinstance(question, WideQuestion)
    return problem, question, plain


def test_a_menu_is_worth_the_same_by_members(wide: None) -> None:
    """Values of menus, and their terms in absolute value never above what is said of them."""
    seen = 0
    for seed in range(20):
        _, question, plain = drawn_wide(seed)
        built = plain.question("margin", "worst")
        for level in range(built.instances[0].levels[0]):
            menu = (level, *(0 for _ in built.instances[0].levels[1:]))
            np.testing.assert_allclose(
                question.truth(menu, 0)[0], built.truth(menu, 0)[0], rtol=1e-11, err_msg=str(seed)
            )
            seen += 1
        assert (question.sizes >= built.sizes * (1.0 - 1e-12)).all(), seed
    assert seen > 40


def test_no_menu_exceeds_the_bound_of_a_pass(wide: None) -> None:
    """Any weights around any menu: a bound on every menu with a level, at every mix level; of one menu its worth."""
    seen = 0
    for seed in some(range(60)):
        _, question, plain = drawn_wide(seed)
        g = np.random.default_rng(seed)
        levels = [n // 2 for n in question.levels]
        near = question.narrowed(question.whole())
        space = Space(question.plain, draws_of(near.question))
        weights = g.uniform(0, 1, question.draws)
        y = space.start(weights / weights.sum())
        found = sweep(question, space, question.whole(), tuple(levels), y, Clock(None))
        assert found is not None
        built = plain.question("margin", "worst")
        assert np.isfinite(found.total).all(), seed
        for menu in np.ndindex(*question.levels):
            for mix in range(built.instances[0].mixes):
                value = built.value(menu, mix)
                if value is None:
                    continue
                seen += 1
                least = min(float(own[k, mix]) for own, k in zip(found.levels, menu, strict=True))
                assert value <= least + 1e-9 * float(built.sizes[:, 0].max()), (seed, menu, mix)
        if built.instances[0].blocks:
            continue  # burst is paid beyond the bound of one menu
        one = tuple(np.array([k]) for k in levels)
        exact = sweep(question, space, one, tuple(levels), y, Clock(None))
        assert exact is not None
        wanted = float(y[: question.draws] @ built.truth(tuple(levels), 0)[0])
        assert exact.total[0] == pytest.approx(wanted, rel=1e-9, abs=1e-9), seed
    assert seen > few(300)


def test_time_that_is_up_leaves_a_valid_bound(wide: None) -> None:
    seen = 0
    for seed in range(0, 60, 4):
        problem, _, plain = drawn_wide(seed)
        try:
            truth = plain.enumerate("margin", "mean").value
            found = problem.solve("margin", "mean", time_limit=1e-3)
        except (InfeasibleError, SolverError):
            continue
        seen += 1
        assert np.isfinite(found.bound), seed
        assert found.value - 1e-9 * abs(truth) <= truth <= found.bound + 1e-9 * abs(truth), seed
        assert problem.recheck(found, "margin", "mean") <= found.bound + 1e-9 * abs(truth), seed
    assert seen > 5
