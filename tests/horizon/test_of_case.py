"""The arrays of a case over months against the evaluator, which never sees them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from optimizer.economics.figures import TOTAL, Selection
from optimizer.errors import InputError
from optimizer.horizon.of_case import places, posed
from optimizer.horizon.question import question_of
from optimizer.horizon.simulate import values
from optimizer.horizon.timeline import Timeline, timeline_of
from tests.support.market_factory import market, q
from tests.support.path_cases import path_case, path_market, path_model

WORLDS = [
    {"month": 3, "set": {"alternatives.rival.price": {"times": 0.5}}},
    {"month": 4, "set": {"pools.main.price": {"times": 0.7}, "plans.plus.support_cost": {"to": 0.5}}},
]
FALL = {"value": 0.5, "unit": "1/year", "source": "test"}
FIGURES = [
    ("contribution_margin", TOTAL), ("customers", TOTAL), ("gpu_hours", TOTAL), ("serving_cost", TOTAL),
    ("revenue", Selection("plus")), ("gross_margin", Selection(segment="pros")), ("rival_revenue", TOTAL),
    ("accounting_margin", TOTAL), ("business_revenue", TOTAL), ("plan_cost", TOTAL),
]  # fmt: skip


def some_levels(line: Timeline, rng: np.random.Generator) -> list[list[int]]:
    return [[int(rng.integers(len(own))) for own in line.m.choices.levels] for _ in line.stages]


@pytest.mark.parametrize("name,selection", FIGURES)
def test_figures_are_those_of_the_evaluator(name: str, selection: Selection) -> None:
    tried = 0
    for seed in range(5):
        keep = seed > 2
        stated = {"stages": [1, 3, 6], "worlds": WORLDS, "efficiency": FALL, "holders": "keep" if keep else "migrate"}
        moved = {"habit": bool(seed % 2), "nest": seed > 1, "growth": 0.01 * (seed % 3), "reach": 0.1 * (seed % 3)}
        moved["hired"] = seed in (1, 4)
        data = path_market(None if keep else seed, **moved)
        line = timeline_of(path_model(data, path_case(stated)))
        arrays = posed(line, [(name, selection)])
        rng = np.random.default_rng(seed)
        for _ in range(3):
            levels = some_levels(line, rng)
            months = line.follow(line.menus(levels))
            own = rng.uniform(0.2, 1.0, line.length)
            horizon = replace(arrays.horizon, weight=arrays.weight([(0, own)]))
            found = float(values(horizon, arrays.path(levels)[None])[0]) + float(own @ arrays.streams[0].constant)
            wanted = sum(w * month.figure(name, selection) for w, month in zip(own, months, strict=True))
            assert found == pytest.approx(wanted, rel=1e-10, abs=1e-6), f"seed {seed}, levels {levels}"
            tried += 1
    assert tried == 15


def test_what_was_announced_leaves_no_other_price() -> None:
    stated: dict[str, Any] = {"stages": [1, 3, 5], "steps": 1, "announced": [{"plan": "plus", "month": 5, "price": 25}]}
    line = timeline_of(path_model(path_market(), path_case(stated)))
    horizon = posed(line, [("revenue", TOTAL)]).horizon
    kept = {tuple(sorted(line.m.choices.levels[1][k].price for k in _levels(line, horizon, era, 1))) for era in (0, 1)}
    assert kept == {(15.0, 20.0, 25.0)}
    assert [line.m.choices.levels[1][k].price for k in _levels(line, horizon, 2, 1)] == [25.0]


def _levels(line: Timeline, horizon: Any, era: int, plan: int) -> list[int]:
    group = next(g for g, part in enumerate(line.m.choices.composites.parts) if plan in part.plans)
    part = line.m.choices.composites.parts[group]
    allowed = horizon.allowed[era, horizon.first[group] : horizon.first[group + 1]]
    return sorted(set(part.levels[allowed, part.plans.index(plan)].tolist()))


def test_steps_are_points_of_each_ladder() -> None:
    line = timeline_of(path_model(path_market(), path_case({"stages": [1, 4], "steps": 1})))
    plus, lite = (line.m.choices.levels[line.m.choices.plans.index(name)] for name in ("plus", "lite"))
    price = places(plus)[:, 0]
    assert sorted(price) == [0.0, 1.0, 2.0]
    assert [level.price for level in plus if level is not None] == [15.0, 20.0, 25.0]
    horizon = posed(line, [("revenue", TOTAL)]).horizon
    part = next(p for p in line.m.choices.composites.parts if len(p.plans) == 2)
    first = horizon.first[line.m.choices.composites.parts.index(part)]
    follows = horizon.between(0).after.table[first : first + len(part.levels), first : first + len(part.levels)]
    for one, before in enumerate(part.levels):
        for other, after in enumerate(part.levels):
            assert follows[one, other] == (abs(int(before[0]) - int(after[0])) <= 1), (before, after)
    assert None in lite  # launched and withdrawn from anywhere


REFUSED = [
    ({"objective": "gross_margin_rate"}, {}, "objective"),
    ({"objective": {"blend": {"revenue": 1.0}}}, {}, "objective"),
    ({"objective": {"maximise": "market_share"}}, {}, "objective"),
    ({"conditions": [{"figure": "gross_margin_rate", "at_least": 0.1, "at": [9]}]}, {}, "conditions"),
    ({}, {"announced": [{"plan": "plus", "month": 1, "price": 21}]}, "horizon.announced"),
    ({}, {"announced": [{"plan": "plus", "month": 2, "price": 20}]}, "horizon.announced"),
    ({}, {"announced": [{"plan": "pluss", "month": 1, "price": 20}]}, "horizon.announced"),
    ({}, {"steps": {"pluss": 1}}, "horizon.steps"),
    ({"mix": {"enterprise_share": [0.3, 0.5]}}, {}, "mix"),
    ({"plans": {"plus": {"price": {"least": 10, "most": 20}}}}, {}, "plans"),
]


@pytest.mark.parametrize("more,horizon,field", REFUSED)
def test_what_months_do_not_know_is_refused_with_a_cure(more: Any, horizon: Any, field: str) -> None:
    data = path_case(horizon)
    data.update(more)
    with pytest.raises(InputError) as error:
        question = question_of(timeline_of(path_model(path_market(), data)))
        _ = question.posed.horizon
    assert error.value.findings[0].field.startswith(field)
    assert error.value.findings[0].cure


def test_reserved_gpus_of_two_pools_are_refused() -> None:
    """Those of one pool stand in the months; those of a second do not add up."""
    data = market()
    assert timeline_of(path_model(data, path_case({}))).pool == 0
    other = next(name for name in data["pools"] if name != "main")
    data["pools"][other]["capacity"] = {**data["pools"]["main"]["capacity"], "reserved": q(3.0, "GPU")}
    line = timeline_of(path_model(data, path_case({})))
    with pytest.raises(InputError, match="reserved GPUs"):
        posed(line, [("contribution_margin", TOTAL)])
