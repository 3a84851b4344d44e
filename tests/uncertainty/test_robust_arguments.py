"""Every wrong argument of a robust problem is refused by its name and the place in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from robust_draws import worlds

from optimizer import Condition, InputError, MenuProblem, Ratio, RobustProblem

RICH = Condition("money", at_least=1.0)
PROBLEMS: list[tuple[Any, str]] = [
    (3.0, "problems"),
    ([], "problems"),
    ([worlds([[1.0, 2.0]])[0], "x"], "problems[1]"),
    ([worlds([[1.0, 2.0]])[0], worlds([[1.0, 2.0, 3.0]])[0]], "problems[1]"),
    ([worlds([[1.0, 2.0]])[0], worlds([[1.0, 2.0]], [RICH])[0]], "problems[1]"),
]
ASKED: list[tuple[dict[str, Any], str]] = [
    ({"aim": "nothing"}, "aim"),
    ({"aim": Ratio("money", "count")}, "aim"),
    ({"risk": "median"}, "risk"),
    ({"risk": None}, "risk"),
    ({"tail": 0.0}, "tail"),
    ({"tail": 1.5}, "tail"),
    ({"tail": "x"}, "tail"),
    ({"chance": 3}, "chance"),
    ({"chance": [RICH]}, "chance[0]"),
    ({"chance": [("money", 0.9)]}, "chance[0][0]"),
    ({"chance": [(RICH, 0.9), (Condition("nothing", at_least=1.0), 0.9)]}, "chance[1][0]"),
    ({"chance": [(RICH, 90)]}, "chance[0][1]"),
    ({"chance": [(RICH, 0.0)]}, "chance[0][1]"),
    ({"on_mean": RICH}, "on_mean"),
    ({"on_mean": [RICH, Condition("money")]}, "on_mean[1]"),
    ({"on_mean": [Condition("money", at_least=float("nan"))]}, "on_mean[0].at_least"),
    ({"gap": -1.0}, "gap"),
    ({"time_limit": 0.0}, "time_limit"),
]


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(InputError) as caught:
        call()
    return caught.value.findings[0].field


@pytest.mark.parametrize(("problems", "field"), PROBLEMS)
def test_wrong_problems_are_named(problems: Any, field: str) -> None:
    assert refused(lambda: RobustProblem(problems)) == field


@pytest.mark.parametrize(
    ("weights", "field"),
    [("x", "weights"), ([1.0], "weights"), ([1.0, 0.0], "weights[1]"), ([-1.0, 1.0], "weights[0]")],
)
def test_wrong_weights_are_named(weights: Any, field: str) -> None:
    assert refused(lambda: RobustProblem(worlds([[1.0], [2.0]]), weights)) == field


@pytest.mark.parametrize(("asked", "field"), ASKED)
def test_wrong_questions_are_named(asked: dict[str, Any], field: str) -> None:
    problem = RobustProblem(worlds([[1.0, 2.0], [2.0, 1.0]]))
    assert refused(lambda: problem.solve(**{"aim": "money", **asked})) == field


def test_draws_with_other_rules_are_refused() -> None:
    ones = np.ones((1, 2))
    allowed = [np.array([[True, True], [True, other]]) for other in (True, False)]
    problems = [MenuProblem([1.0], [ones, ones], {"m": [ones, ones]}, rules=[(0, 1, table)]) for table in allowed]
    assert refused(lambda: RobustProblem(problems)) == "problems[1]"
