"""A certificate proves its bound without the search; a tampered one does not."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from horizons import draw_arguments, draw_problem

from optimizer import HorizonProblem, NotTrustedError

Data = dict[str, Any]


def harder(seed: int = 8) -> HorizonProblem:
    """Enough levels that the search drops and splits."""
    g = np.random.default_rng(seed)
    types, plans, levels, months = 4, 3, 4, 6
    return HorizonProblem(
        g.random((plans + 1, types)), list(g.lognormal(0.0, 1.0, (plans, types, levels))),
        list(g.uniform(0.05, 0.9, (plans, types, levels))), list(g.normal(0.3, 1.0, (plans, types, levels))),
        np.ones(months), g.lognormal(0.0, 0.5, (months, types)), g.uniform(0.1, 0.5, types),
        entrants=g.random((months, types)) * 0.1, stage=np.arange(months) // 3,
    )  # fmt: skip


PROBLEM = harder()
SOLUTION = PROBLEM.solve(1e-6)


def nodes(certificate: Data) -> list[Data]:
    waiting, found = [certificate["root"]], []
    while waiting:
        node = waiting.pop()
        found.append(node)
        waiting += [node[side] for side in ("left", "right") if side in node]
    return found


def test_the_search_drops_splits_and_enumerates() -> None:
    found = nodes(dict(SOLUTION.certificate))
    assert any(step[2] for node in found for step in node.get("steps", ()))
    assert sum("split" in node for node in found) > 3
    assert any(node.get("enumerate") for node in found)


def test_it_proves_the_bound_as_json_too() -> None:
    plain = json.loads(json.dumps(SOLUTION.certificate, allow_nan=False))
    proven = PROBLEM.replay(plain)
    assert SOLUTION.value <= proven * (1.0 + 1e-12)
    assert proven == pytest.approx(SOLUTION.bound, rel=1e-5)
    assert proven <= SOLUTION.bound * (1.0 + 1e-9)


def test_certificates_of_random_horizons_hold() -> None:
    for seed in range(60):
        problem = draw_problem(seed)
        best, found = problem.enumerate(), problem.solve(1e-6)
        assert best.value - 1e-12 <= problem.replay(found.certificate) <= found.bound + 1e-10, seed
        assert problem.replay(best.certificate) == pytest.approx(best.value, rel=1e-12), seed


def test_a_search_that_was_stopped_leaves_a_certificate() -> None:
    found = PROBLEM.solve(0.0, time_limit=1e-3)
    assert found.verdict == "best_found" and np.isfinite(found.bound)
    assert found.bound >= SOLUTION.value
    assert SOLUTION.value <= PROBLEM.replay(found.certificate) <= found.bound * (1.0 + 1e-9)


def lower_claim(data: Data) -> None:
    data["bound"] = SOLUTION.value * (1.0 - 1e-3)


def drop_the_best(data: Data) -> None:
    stage, plan = 0, 0
    data["root"]["steps"][0][2].append([stage, plan, [int(SOLUTION.path[stage, plan])]])


def lose_a_half(data: Data) -> None:
    node = next(n for n in nodes(data) if "split" in n)
    del node["right"]


def cut_off_a_branch(data: Data) -> None:
    data["root"].pop("split")
    data["root"].pop("left")
    data["root"].pop("right")


def mix_beyond_one(data: Data) -> None:
    data["root"]["steps"][0][1] = 1.5


def mix_nan(data: Data) -> None:
    data["root"]["steps"][0][1] = float("nan")


def name_a_level_that_is_not_there(data: Data) -> None:
    data["root"]["steps"][0][2].append([0, 0, [99]])


def name_a_negative_level(data: Data) -> None:
    data["root"]["steps"][0][2].append([0, 0, [-1]])


def name_a_path_that_is_not_there(data: Data) -> None:
    data["root"]["steps"][0][0] = 10_000


def spoil_a_path(data: Data) -> None:
    data["paths"][0][0][0] = 99


def invent_an_ending(data: Data) -> None:
    data["root"]["closed"] = True


def enumerate_everything(data: Data) -> None:
    data["root"] = {"enumerate": "yes"}


def claim_nan(data: Data) -> None:
    data["bound"] = float("nan")


def no_root(data: Data) -> None:
    del data["root"]


TAMPERED: list[Callable[[Data], None]] = [
    lower_claim, drop_the_best, lose_a_half, cut_off_a_branch, mix_beyond_one, mix_nan, name_a_level_that_is_not_there,
    name_a_negative_level, name_a_path_that_is_not_there, spoil_a_path, invent_an_ending, enumerate_everything,
    claim_nan, no_root,
]  # fmt: skip


@pytest.mark.parametrize("tamper", TAMPERED, ids=lambda f: f.__name__)
def test_a_tampered_certificate_fails(tamper: Callable[[Data], None]) -> None:
    data = copy.deepcopy(dict(SOLUTION.certificate))
    tamper(data)
    with pytest.raises(NotTrustedError):
        PROBLEM.replay(data)


def test_another_horizon_is_not_proved() -> None:
    """The same certificate, where every reward is doubled."""
    for seed in range(5):
        given = draw_arguments(seed)
        found = HorizonProblem(**given).solve(1e-6)
        doubled = HorizonProblem(**{**given, "reward": [np.abs(r) * 2.0 + 1.0 for r in given["reward"]]})
        with pytest.raises(NotTrustedError):
            doubled.replay(found.certificate)
