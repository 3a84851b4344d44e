"""A certificate over draws is checked without searching, and fails where it was tampered with."""

from __future__ import annotations

import base64
import copy
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import robust_draws

from optimizer import NotTrustedError


def spoilt(certificate: dict[str, Any], how: str) -> dict[str, Any]:
    made = copy.deepcopy(certificate)
    node = made["roots"][0]["node"]
    if how == "root left out":
        made["roots"] = made["roots"][1:]
    elif how == "called empty":
        made["roots"][0]["node"] = {"empty": True}
    elif how == "no ending":
        made["roots"][0]["node"] = {}
    elif how == "level dropped":
        node.setdefault("steps", []).insert(0, [[[0] * 6], [[0, list(range(30))]]])
    else:
        entries = [np.frombuffer(base64.b64decode(y), dtype="<f8") for y in made["multipliers"]]
        factor = -1.0 if how == "negative weights" else 0.5
        made["multipliers"] = [base64.b64encode((factor * y).tobytes()).decode("ascii") for y in entries]
    return made


HOW = ["root left out", "called empty", "no ending", "level dropped", "weights halved", "negative weights"]


@pytest.mark.parametrize("how", HOW)
def test_a_certificate_that_was_tampered_with_fails(how: str) -> None:
    problem = robust_draws.big(3)
    found = problem.solve("money", risk="worst", gap=1e-2)
    bound = problem.recheck(found, "money", risk="worst")
    assert found.value <= bound <= found.bound * (1.0 + 1e-9)
    with pytest.raises(NotTrustedError):
        problem.recheck(replace(found, certificate=spoilt(dict(found.certificate), how)), "money", risk="worst")


def test_a_certificate_of_another_risk_fails() -> None:
    problem = robust_draws.big(3)
    found = problem.solve("money", risk="worst", gap=1e-2)
    with pytest.raises(NotTrustedError):
        problem.recheck(found, "money", risk="mean")


def test_a_better_value_or_bound_than_is_shown_fails() -> None:
    problem = robust_draws.big(3)
    found = problem.solve("money", risk="regret", gap=1e-2)
    assert problem.recheck(found, "money", risk="regret") <= found.value
    own = [{**one, "bound": one["bound"] - 1.0} for one in found.certificate["own"]]
    high = [{**one, "value": one["value"] + 1.0} for one in found.certificate["own"]]
    wrong = [
        replace(found, value=0.5 * found.value),
        replace(found, bound=found.bound + 0.1),
        replace(found, certificate={**found.certificate, "own": own}),
        replace(found, certificate={**found.certificate, "own": high}),
    ]
    for solution in wrong:
        with pytest.raises(NotTrustedError):
            problem.recheck(solution, "money", risk="regret")
