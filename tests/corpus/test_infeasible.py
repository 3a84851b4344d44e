"""Planted infeasible cases: the planted condition is named, and every correction that is suggested solves.

What can be attained is known from evaluating every menu, without the search and its bounds.
"""

from __future__ import annotations

import itertools
import json
import math
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from market_factory import evaluate_choice

from optimizer.economics.figures import Selection
from optimizer.model.case_model import prepare_case

MARKET = Path(__file__).parent / "market"
TOLERANCE = 1e-6
BASE = """\
title: Planted
question: Can it be done?
market: small
plans:
  free: {allowances: {large: {day: [6, 12]}}}
  plus: {price: [10, 12, 15]}
  team: {price: [20, 25, 30]}
mix: {enterprise_share: [0.3, 0.5]}
objective: contribution_margin
"""
Condition = dict[str, Any]


@dataclass(frozen=True)
class World:
    """Every menu of the base case with its figures."""

    folder: Path
    evaluations: tuple[Any, ...]
    today: Any

    def values(self, condition: Condition) -> np.ndarray:
        part = {k: condition[k] for k in ("plan", "segment") if k in condition}
        selection = Selection(**part, channels=(condition["channel"],) if "channel" in condition else None)
        return np.array([e.figure(condition["figure"], selection) for e in self.evaluations])

    def best(self, condition: Condition, sense: int) -> float:
        return float(sense * np.nanmax(sense * self.values(condition)))

    def met(self, conditions: list[Condition], slack: float = TOLERANCE) -> np.ndarray:
        """Which menus meet all conditions; ``slack`` relative."""
        found = np.ones(len(self.evaluations), dtype=bool)
        for c in conditions:
            values = self.values(c)
            for key, sense in (("at_least", 1), ("at_most", -1)):
                if key in c:
                    found &= sense * (values - c[key]) >= -slack * abs(c[key])
        return found

    def case(self, conditions: list[Condition], more: str = "") -> Path:
        path = self.folder / "cases" / f"planted-{len(list((self.folder / 'cases').iterdir()))}.yaml"
        lines = "".join(f"  - {json.dumps(c)}\n" for c in conditions)
        path.write_text(BASE + more + ("conditions:\n" + lines if conditions else ""), encoding="utf-8")
        return path


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    (folder / "cases").mkdir()
    shutil.copytree(MARKET, folder / "models" / "small")
    empty = World(folder, (), None)
    problem = prepare_case(empty.case([]))
    menus = itertools.product(*(range(len(x)) for x in problem.choices.levels))
    choices = itertools.product(menus, range(len(problem.choices.mixes)))
    return World(folder, tuple(evaluate_choice(problem, c) for c in choices), problem.today)


PARTS: tuple[Condition, ...] = (
    {"figure": "gross_margin_rate"},
    {"figure": "contribution_margin"},
    {"figure": "revenue"},
    {"figure": "market_share"},
    {"figure": "market_share_served"},
    {"figure": "enterprise_revenue_share"},
    {"figure": "paying_customers"},
    {"figure": "revenue", "plan": "plus"},
    {"figure": "customers", "plan": "team"},
    {"figure": "gross_margin_rate", "plan": "plus"},
    {"figure": "revenue", "segment": "teams"},
    {"figure": "contribution_margin", "segment": "individuals"},
    {"figure": "revenue", "channel": "consumer"},
    {"figure": "gross_margin_rate", "channel": "enterprise"},
)
LEAST: tuple[Condition, ...] = (
    {"figure": "churn_rate"},
    {"figure": "churn_rate", "plan": "plus"},
    {"figure": "gpu_hours"},
    {"figure": "free_share"},
    {"figure": "serving_cost"},
    {"figure": "customers", "channel": "consumer"},
)
PLANTED = [(p, 1) for p in PARTS] + [(p, -1) for p in LEAST]


def label(planted: tuple[Condition, int]) -> str:
    return "-".join([*planted[0].values(), "least" if planted[1] > 0 else "most"])


def bounded(condition: Condition, sense: int, value: float, name: str = "") -> Condition:
    return {**condition, ("at_least" if sense > 0 else "at_most"): value, **({"name": name} if name else {})}


def corrected(conditions: list[Condition], moves: list[dict[str, Any]]) -> list[Condition]:
    """The conditions with the moves of one correction applied."""
    new = [dict(c) for c in conditions]
    for move in moves:
        key = move["sense"].replace(" ", "_")
        hit = [c for c in new if c.get("name") == move["name"] and key in c]
        for c in hit:
            c[key] = move["needed"]
            c.pop("relative_to", None)
        assert hit, (move, conditions)
    return new


def shown_moves(message: str) -> list[list[dict[str, Any]]]:
    """The corrections as the page words them."""
    found = []
    for line in message.splitlines():
        if line.startswith("  - "):
            moves = re.findall(r"(\S+) (at least|at most) (\S+) instead of", line)
            found.append([{"name": n, "sense": s, "needed": float(v)} for n, s, v in moves])
    return found


@pytest.fixture
def refused(world: World, call: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Run a planted case; it is infeasible, the named conditions clash, and every correction solves."""

    def run(conditions: list[Condition], named: set[str], of_these: bool = False) -> dict[str, Any]:
        assert not world.met(conditions).any()
        told = call("run", world.case(conditions), "--json")
        body = told.json
        assert (told.code, body["status"], body["exit_code"], body["verdict"]) == (1, "infeasible", 1, None)
        diagnosis = body["diagnosis"]
        clashing = set(diagnosis["clashing"])
        assert (clashing <= named and clashing) if of_these else named <= clashing
        assert diagnosis["corrections"]
        for moves in [*diagnosis["corrections"], *shown_moves(body["message"])]:
            assert moves
            mended = corrected(conditions, moves)
            assert world.met(mended, 2 * TOLERANCE).any(), moves
            again = call("run", world.case(mended), "--json")
            assert again.code == 0, (moves, again.json["message"])
            assert all(c["met"] for c in again.json["audit"]["conditions"])
        return diagnosis

    return run


@pytest.mark.parametrize("planted", PLANTED, ids=label)
def test_one_condition_out_of_reach(planted: tuple[Condition, int], world: World, refused: Any) -> None:
    part, sense = planted
    best = world.best(part, sense)
    asked = best + sense * 0.03 * abs(best)
    diagnosis = refused([bounded(part, sense, asked, "planted")], {"planted"})
    (moves,) = diagnosis["corrections"]
    assert moves[0]["needed"] == pytest.approx(best, rel=2e-6)


@pytest.mark.parametrize("planted", PLANTED[:8:2], ids=label)
def test_the_planted_one_among_others_that_hold(planted: tuple[Condition, int], world: World, refused: Any) -> None:
    part, sense = planted
    best = world.best(part, sense)
    easy = bounded({"figure": "customers"}, 1, 0.5 * world.best({"figure": "customers"}, -1), "easy")
    diagnosis = refused([easy, bounded(part, sense, best + sense * 0.1 * abs(best), "planted")], {"planted"})
    assert diagnosis["clashing"] == ["planted"]


PAIRS = [
    ({"figure": "market_share"}, 1, {"figure": "gross_margin_rate"}, 1),
    ({"figure": "market_share"}, 1, {"figure": "gpu_hours"}, -1),
    ({"figure": "revenue", "plan": "plus"}, 1, {"figure": "customers", "plan": "plus"}, 1),
    ({"figure": "enterprise_revenue_share"}, 1, {"figure": "revenue", "channel": "consumer"}, 1),
    ({"figure": "churn_rate"}, -1, {"figure": "gpu_hours"}, -1),
    ({"figure": "customers", "segment": "teams"}, 1, {"figure": "contribution_margin", "segment": "teams"}, 1),
]


@pytest.mark.parametrize("pair", PAIRS, ids=lambda p: "-".join([*p[0].values(), "and", *p[2].values()]))
def test_two_conditions_in_conflict(pair: Any, world: World, refused: Any) -> None:
    """Each can be met alone, both together cannot."""
    first, s1, second, s2 = pair
    a = bounded(first, s1, world.best(first, s1) - s1 * 1e-5 * abs(world.best(first, s1)), "first")
    left = world.values(second)[world.met([a])]
    within, overall = float(s2 * np.nanmax(s2 * left)), world.best(second, s2)
    if s2 * (overall - within) <= 1e-3 * abs(overall):
        pytest.fail("the two do not clash in this market; choose another pair")
    b = bounded(second, s2, 0.5 * (within + overall), "second")
    assert world.met([a]).any() and world.met([b]).any()
    diagnosis = refused([a, b], {"first", "second"})
    assert len(diagnosis["corrections"]) == 2
    assert all(len(moves) == 1 for moves in diagnosis["corrections"])


def three_in_conflict(world: World, draw: int) -> list[Condition]:
    """Three conditions of which any two can be met and all three cannot."""
    pool: list[tuple[Condition, int]] = [*((p, 1) for p in PARTS), *((p, -1) for p in LEAST)]
    random = np.random.default_rng(draw)
    for _ in range(20_000):
        made = []
        for k in random.choice(len(pool), 3, replace=False):
            part, sense = pool[k]
            values = np.unique(world.values(part))
            if len(values) < 4 or np.isnan(values).any():
                break
            cut = float(np.quantile(values, random.uniform(0.2, 0.95)))
            made.append(bounded(part, sense, cut, f"condition-{len(made)}"))
        if len(made) < 3 or world.met(made, 1e-4).any():
            continue
        if all(world.met(list(pair), -1e-4).any() for pair in itertools.combinations(made, 2)):
            return made
    raise AssertionError("no three found")


@pytest.mark.parametrize("draw", range(2))
def test_three_conditions_in_conflict(draw: int, world: World, refused: Any) -> None:
    conditions = three_in_conflict(world, draw)
    diagnosis = refused(conditions, {c["name"] for c in conditions})
    assert [len(moves) for moves in diagnosis["corrections"]] == [1, 1, 1]


@pytest.mark.parametrize("count", [2, 3, 5])
def test_several_that_are_each_out_of_reach(count: int, world: World, refused: Any) -> None:
    """All of them have to move at once, however many they are."""
    chosen = PLANTED[:count]
    conditions = [
        bounded(part, sense, (b := world.best(part, sense)) + sense * 0.1 * abs(b), f"planted-{n}")
        for n, (part, sense) in enumerate(chosen)
    ]
    diagnosis = refused(conditions, {c["name"] for c in conditions})
    assert all(len(moves) == count for moves in diagnosis["corrections"])


@pytest.mark.full
@pytest.mark.parametrize("draw", range(100, 170))
def test_more_conditions_in_conflict(draw: int, world: World, refused: Any) -> None:
    """Drawn: two to four conditions that no menu meets."""
    random = np.random.default_rng(draw)
    conditions: list[Condition] = []
    pool: list[tuple[Condition, int]] = [*((p, 1) for p in PARTS), *((p, -1) for p in LEAST)]
    while not conditions or world.met(conditions, 1e-4).any():
        conditions = []
        for n, k in enumerate(random.choice(len(pool), int(random.integers(2, 5)), replace=False)):
            part, sense = pool[k]
            cut = float(np.nanquantile(world.values(part), random.uniform(0.3, 1.0)))
            conditions.append(bounded(part, sense, cut + sense * 0.002 * abs(cut), f"condition-{n}"))
    refused(conditions, {c["name"] for c in conditions}, of_these=True)


@pytest.mark.parametrize("figure", ["revenue", "market_share", "contribution_margin"])
def test_relative_to_today(figure: str, world: World, refused: Any, call: Any) -> None:
    asked = 1.05 * world.best({"figure": figure}, 1) / world.today.figure(figure)
    relative = {"figure": figure, "at_least": asked, "relative_to": "today", "name": "planted"}
    told = call("run", world.case([relative]), "--json")
    assert told.code == 1
    (moves,) = told.json["diagnosis"]["corrections"]
    assert moves[0]["asked"] == pytest.approx(asked * world.today.figure(figure))
    assert call("run", world.case(corrected([relative], moves)), "--json").code == 0


@pytest.mark.parametrize("limit", [0, 2, 4])
def test_too_little_compute(limit: int, world: World, call: Any) -> None:
    """The pool's burst limit is named as a compute limit, with what would be needed."""
    changes = "changes:\n  pools.main.capacity.reserved: {{to: 8}}\n  pools.main.capacity.burst_limit: {{to: {0!r}}}\n"
    told = call("run", world.case([], changes.format(limit)), "--json")
    assert told.code == 1
    diagnosis = told.json["diagnosis"]
    assert diagnosis["clashing"]
    assert all("compute limit" in name for name in diagnosis["clashing"])
    for moves in diagnosis["corrections"]:
        needed = max(move["needed"] - 8 for move in moves)
        assert call("run", world.case([], changes.format(needed)), "--json").code == 0


def test_compute_against_share(world: World, call: Any) -> None:
    """A share that needs more compute than there is: either would have to give."""
    changes = "changes:\n  pools.main.capacity.burst_limit: {{to: {0!r}}}\n"
    share = bounded({"figure": "market_share"}, 1, world.best({"figure": "market_share"}, 1) * (1 - 1e-5), "share")
    told = call("run", world.case([share], changes.format(3)), "--json")
    assert told.code == 1
    diagnosis = told.json["diagnosis"]
    assert "share" in diagnosis["clashing"]
    assert any("compute limit" in name for name in diagnosis["clashing"])
    for moves in diagnosis["corrections"]:
        limit = max((m["needed"] - 22 for m in moves if "compute" in m["name"]), default=3)
        mended = corrected([share], [m for m in moves if "compute" not in m["name"]])
        assert call("run", world.case(mended, changes.format(limit)), "--json").code == 0


@pytest.mark.parametrize("order", ["[team, plus]", "[team, free]", "[plus, free]"])
def test_plan_order_leaves_no_menu(order: str, world: World, call: Any) -> None:
    """Where only a rule between plans is to blame, the rule is named."""
    told = call("run", world.case([], f"rules: {{plan_order: [{order}]}}\n"), "--json")
    assert told.code == 1
    small, large = order[1:-1].split(", ")
    assert any(f"{small} before {large}" in name for name in told.json["diagnosis"]["clashing"])
    assert f"without the rule {small} before {large}" in told.json["message"]


BOUNDARY = [PLANTED[k] for k in (0, 3, 14)]
STEPS = (-1e-5, -2e-6, -1e-6, -1e-7, 0.0, 1e-7, 9e-7, 1.1e-6, 2e-6, 1e-5)
"""Beyond the best attainable value where positive."""


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("planted", BOUNDARY, ids=label)
def test_conditions_at_the_best_attainable_value(
    planted: tuple[Condition, int], step: float, world: World, call: Any
) -> None:
    at_the_boundary(planted, step, world, call)


@pytest.mark.full
@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("planted", PLANTED, ids=label)
def test_every_condition_at_the_best_attainable_value(
    planted: tuple[Condition, int], step: float, world: World, call: Any
) -> None:
    at_the_boundary(planted, step, world, call)


def at_the_boundary(planted: tuple[Condition, int], step: float, world: World, call: Any) -> None:
    """Not called infeasible within the tolerance, and never called met when it is missed by more."""
    part, sense = planted
    best = world.best(part, sense)
    asked = best + sense * step * abs(best)
    told = call("run", world.case([bounded(part, sense, asked, "edge")]), "--json")
    body = told.json
    if step <= TOLERANCE * 0.95:
        assert told.code == 0, body["message"]
    elif step >= TOLERANCE * 1.05:
        assert told.code == 1
    if told.code == 0:
        (checked,) = body["audit"]["conditions"]
        assert checked["met"]
        assert sense * (checked["value"] - asked) >= -1.0001 * TOLERANCE * abs(asked)
        assert math.isclose(checked["bound"], asked, rel_tol=1e-12)


def test_the_corpus_is_large() -> None:
    assert len(PLANTED) + len(PAIRS) >= 20
