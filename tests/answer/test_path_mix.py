"""The go-to-market split and budget of a case over months: the best of all against every path at every one of them."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import pytest

from optimizer.answer.path_document import path_files
from optimizer.answer.path_mixes import questions_of
from optimizer.answer.path_solving import evaluate_path, solve_path
from optimizer.answer.verify import verify_folder
from optimizer.errors import InfeasibleError, InputError
from optimizer.horizon.question import question_of
from optimizer.horizon.timeline import timeline_of
from optimizer.io.saving import write_folder_atomic
from optimizer.model.case_model import CaseModel
from optimizer.optimise.outcome import Settings
from optimizer.typing import Verdict
from tests.support.market_factory import q
from tests.support.path_cases import path_case, path_market, path_model

KEPT = {"figure": "customers", "at_least": 1.0, "relative_to": "today", "at": [6]}
MIX = {"enterprise_share": [0.2, 0.5], "budget": [200_000, 600_000]}


def model(seed: int | None = None, **more: Any) -> CaseModel:
    case = path_case({"stages": [1, 4], "tail": 0}, mix=MIX, **more)
    case["plans"] = {**case["plans"], "free": {"allowances": {"big": {"day": [1, 3]}}}, "plus": {"price": [15, 25]}}
    return path_model(path_market(seed, reach=0.2), case)


@pytest.mark.parametrize("seed", [None, 2])
@pytest.mark.parametrize("conditions", [[], [KEPT]])
def test_the_best_of_all(seed: int | None, conditions: list[dict[str, Any]], tmp_path: Path) -> None:
    m = model(seed, conditions=conditions)
    try:
        found = solve_path(m, Settings(gap=1e-9))
    except InfeasibleError:
        found = None
    best, best_split, count = -1e300, None, 0
    for question in questions_of(m):
        line = question.timeline
        menus = list(itertools.product(*(range(len(own)) for own in line.m.choices.levels)))
        for path in itertools.product(menus, menus):
            months, count = line.follow(line.menus(path)), count + 1
            if conditions and months[5].figure("customers") < m.today.figure("customers") * (1 - 1e-6):
                continue
            value = question.aim.value(months)
            best, best_split = max((best, best_split), (value, line.split))
    assert count > 50
    if found is None:
        assert best == -1e300
        return
    assert found.paths == count and found.verdict is Verdict.PROVED
    assert found.objective.value == pytest.approx(best, rel=1e-9)
    assert found.objective.bound >= best - 1e-12 * abs(best)
    assert (found.stages[0].chosen.enterprise_share, found.stages[0].chosen.budget) == best_split
    write_folder_atomic(tmp_path / "out", path_files(found))
    report = verify_folder(tmp_path / "out")
    assert report["passed"], [row for row in report["checks"] if not row["passed"]]
    proof = json.loads((tmp_path / "out" / "certificate.json").read_text())
    proof["proof"]["mixes"].pop()
    (tmp_path / "out" / "certificate.json").write_text(json.dumps(proof))
    assert not verify_folder(tmp_path / "out")["passed"]


def test_the_budget_is_spent_and_paid_for() -> None:
    """By the evaluator: 400,000 usd more are a cost of every month, and reach goes a fifth of the way to more."""
    less, more = [question_of(timeline_of(model(), k)).timeline for k in (0, 1)]
    levels = ((0,) * len(less.m.choices.levels),) * 2
    one, other = (line.follow(line.menus(levels)) for line in (less, more))
    assert [o.figure("marketing_cost") for o in (one[0], other[5])] == [200_000.0, 600_000.0]
    gained = (other[0].reached - one[0].reached).sum()
    assert gained == pytest.approx(0.2 * (more.base[0] - less.base[0]).sum())
    assert gained > 0.0


def test_todays_split_is_held_where_it_is_a_choice() -> None:
    m = model()
    found = evaluate_path(m)
    assert found.months[0].enterprise_share == m.prepared.today_mix
    assert found.months[0].budget == m.inputs.market.go_to_market.budget.value
    assert found.series("customers") == pytest.approx([m.today.figure("customers")] * 6)


def test_what_knows_no_choice_of_it_says_so() -> None:
    with pytest.raises(InputError, match="go-to-market"):
        timeline_of(model())
    offer = {"lead": 1, "lot": q(10.0, "GPU"), "most": 2, "rent": q(3000.0, "usd/GPU/month"), "months": [1]}
    gpus = {"pool": "main", "standing": q(60.0, "GPU"), "burst_factor": 1.5, "offers": {"lease": offer}}
    with pytest.raises(InputError, match="GPUs ordered or reserved"):
        solve_path(path_model(path_market(), path_case({"gpus": gpus}, mix=MIX)), Settings())
