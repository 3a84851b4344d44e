"""Draws' own best menus: the same wherever tasks run."""

from __future__ import annotations

import pickle
from collections.abc import Callable
from concurrent import futures
from typing import Any

import numpy as np
import pytest
import robust_draws

from optimizer import Condition, InfeasibleError, RobustProblem
from optimizer.execution.executor import Executor, opened
from optimizer.search.engine import Clock
from optimizer.uncertainty import own


class Elsewhere(Executor):
    """Runs tasks last first, on what arrives after pickling, as other processes would see it."""

    workers = 2

    def submit(self, task: Callable[..., Any], /, *args: Any, **kwargs: Any) -> futures.Future[Any]:
        raise NotImplementedError

    def gather(self, task: Callable[..., Any], *arguments: Any, **heard: Any) -> list[Any]:
        sent = [pickle.dumps((task, tuple(map(opened, args)))) for args in zip(*arguments, strict=False)]
        done = [(job := pickle.loads(one))[0](*job[1]) for one in reversed(sent)]
        return [pickle.loads(pickle.dumps(result)) for result in reversed(done)]


def test_regret_is_the_same_wherever_its_draws_are_solved() -> None:
    """Twelve draws are three tasks."""
    problem = robust_draws.big(12)
    here = problem.solve("money", risk="regret", gap=1e-2)
    there = problem.solve("money", risk="regret", gap=1e-2, executor=Elsewhere())
    assert (here.menu, here.value, here.bound, here.work) == (there.menu, there.value, there.bound, there.work)
    assert here.best_bounds is not None and there.best_bounds is not None
    np.testing.assert_array_equal(here.best_bounds, there.best_bounds)
    assert problem.recheck(there, "money", risk="regret") <= there.value


def test_own_bests_by_hand() -> None:
    """The best of each draw alone, seven draws of one plan."""
    values = [[1.0, 4.0, 9.0], [2.0, 3.0, 1.8], [10.0, 0.0, 1.4], [0.0, 1.0, 0.5], [5.0, 5.5, 6.0], [1.0, 0.0, 0.0],
              [0.0, 0.0, 7.0]]  # fmt: skip
    question = RobustProblem(robust_draws.worlds(values)).question("money")
    found = own.all_own(question, Clock(None), Elsewhere())
    np.testing.assert_allclose([best.value for best in found], [9.0, 3.0, 10.0, 1.0, 6.0, 1.0, 7.0], rtol=1e-12)
    assert [best.choice for best in found] == [((k,), 0) for k in (2, 1, 0, 1, 2, 0, 2)]


def test_a_draw_without_a_menu_is_named() -> None:
    """Level 1 alone brings 2 or more in draw 0, none does in draw 6."""
    values = [[1.0, 2.0]] * 6 + [[1.0, 1.5]]
    problem = RobustProblem(robust_draws.worlds(values, [Condition("money", at_least=2.0)]))
    with pytest.raises(InfeasibleError, match="in draw 6"):
        problem.solve("money", risk="regret", executor=Elsewhere())
