"""Answers over months: against every path evaluated, told, saved, verified, and refused where they are altered."""

from __future__ import annotations

import itertools
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from optimizer.answer.path import PathSolution
from optimizer.answer.path_document import path_document, path_files
from optimizer.answer.path_solving import evaluate_path, solve_path
from optimizer.answer.run import solve_case_model
from optimizer.answer.verify import verify_folder
from optimizer.economics.figures import Selection
from optimizer.errors import InfeasibleError, InputError
from optimizer.horizon.of_case import places
from optimizer.horizon.question import question_of
from optimizer.horizon.timeline import timeline_of
from optimizer.io.saving import write_folder_atomic
from optimizer.market.months import MonthEvaluation
from optimizer.optimise.outcome import Settings
from optimizer.typing import Verdict
from tests.support.market_factory import q
from tests.support.path_cases import path_case, path_market, path_model

STATED = {"stages": [1, 4], "steps": 1, "worlds": [{"month": 3, "set": {"alternatives.rival.price": {"times": 0.6}}}]}


@pytest.fixture(scope="module")
def solved() -> PathSolution:
    return solve_path(path_model(path_market(habit=True), path_case(STATED)), Settings())


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_best_of_all_paths(seed: int) -> None:
    """Every path evaluated month by month; steps looked at ladder by ladder."""
    m = path_model(path_market(seed, habit=seed == 2), path_case(STATED))
    found = solve_path(m, Settings(gap=1e-9))
    question = question_of(timeline_of(m))
    line, levels = question.timeline, question.timeline.m.choices.levels
    at = [places(own) for own in levels]
    off = [[level is None for level in own] for own in levels]

    def near(one: tuple[int, ...], other: tuple[int, ...]) -> bool:
        return all(
            off[j][a] or off[j][b] or np.abs(at[j][a] - at[j][b]).max() <= 1
            for j, (a, b) in enumerate(zip(one, other, strict=True))
        )

    menus = list(itertools.product(*(range(len(own)) for own in levels)))
    paths = [pair for pair in itertools.product(menus, menus) if near(*pair)]
    best = max(question.aim.value(line.follow(line.menus(path))) for path in paths)
    assert found.paths == len(paths) > 50, f"seed {seed}"
    assert found.objective.value == pytest.approx(best, rel=1e-9), f"seed {seed}"
    assert found.verdict is Verdict.PROVED
    assert found.objective.bound >= found.objective.value * (1 - 1e-12)


LIMITED = {
    "conditions": [
        {"figure": "gross_margin_rate", "at_least": 1.02, "relative_to": "today", "months": [5, 6]},
        {"figure": "customers", "at_least": 0.97, "relative_to": "today", "from": 5},
        {"figure": "revenue", "at_most": 1.1, "relative_to": "today", "at": [2]},
    ]
}


def test_the_best_of_the_paths_that_meet_conditions() -> None:
    """Every path evaluated, and conditions looked at month by month."""
    cash = {"have": q(300_000.0, "usd"), "spend": q(550_000.0, "usd/month"), "least": q(10_000.0, "usd")}
    m = path_model(path_market(habit=True), path_case({"stages": [1, 4], "cash": cash}, **LIMITED))
    found = solve_path(m, Settings(gap=1e-9))
    question = question_of(timeline_of(m))
    line, today = question.timeline, m.today
    margin, people, sold = (today.figure(name) for name in ("gross_margin_rate", "customers", "revenue"))

    def meets(months: Sequence[MonthEvaluation]) -> bool:
        rate = sum(months[t].figure("gross_margin") for t in (4, 5)) / sum(months[t].figure("revenue") for t in (4, 5))
        left = 300_000.0
        for month in months[:6]:
            left += month.figure("contribution_margin") - 550_000.0
            if left < 10_000.0 * (1 - 1e-6):
                return False
        kept = all(months[t].figure("customers") >= 0.97 * people for t in (4, 5))
        return rate >= 1.02 * margin * (1 - 1e-6) and kept and months[1].figure("revenue") <= 1.1 * sold

    menus = list(itertools.product(*(range(len(own)) for own in line.m.choices.levels)))
    worth = []
    for path in itertools.product(menus, menus):
        months = line.follow(line.menus(path))
        if meets(months):
            worth.append(question.aim.value(months))
    assert 0 < len(worth) < len(menus) ** 2
    assert found.objective.value == pytest.approx(max(worth), rel=1e-9)
    assert all(c.met for c in found.conditions)
    assert found.cash is not None and min(found.cash) >= 10_000.0 * (1 - 1e-6)


@pytest.mark.parametrize("more", [{}, {"holders": "keep"}, {"shock": q(0.3, "fraction")}])
def test_the_best_of_the_paths_with_few_who_leave(more: dict[str, object]) -> None:
    """Every path evaluated; leavers over customers of the window, and of one plan at a date."""
    conditions = [
        {"figure": "leave_rate", "at_most": 0.965, "relative_to": "today", "months": [3, 6]},
        {"figure": "leave_rate", "plan": "plus", "at_most": 1.02, "relative_to": "today", "at": [6]},
    ]
    m = path_model(path_market(habit=True), path_case({"stages": [1, 4], **more}, conditions=conditions))
    found = solve_path(m, Settings(gap=1e-9))
    question = question_of(timeline_of(m))
    line, plus = question.timeline, Selection("plus")
    rates = 0.965 * m.today.figure("leave_rate"), 1.02 * m.today.figure("leave_rate", plus)

    def meets(months: Sequence[MonthEvaluation]) -> bool:
        span = months[2:6]
        rate = sum(o.figure("churned_customers") for o in span) / sum(o.figure("customers") for o in span)
        return rate <= rates[0] * (1 + 1e-6) and months[5].figure("leave_rate", plus) <= rates[1] * (1 + 1e-6)

    menus = list(itertools.product(*(range(len(own)) for own in line.m.choices.levels)))
    paths = [line.follow(line.menus(path)) for path in itertools.product(menus, menus)]
    worth = [question.aim.value(months) for months in paths if meets(months)]
    assert 0 < len(worth) < len(paths) and max(worth) < max(question.aim.value(months) for months in paths) * (1 - 1e-6)
    assert found.objective.value == pytest.approx(max(worth), rel=1e-9)
    assert found.largest_difference < 1e-9 and all(c.met for c in found.conditions)


def test_few_who_leave_as_the_aim() -> None:
    """The fewest billed customers who leave in the last month, against every path."""
    asked = path_case({"stages": [1, 4]}, objective={"minimise": "churned_payers", "months": [6, 6]})
    m = path_model(path_market(habit=True), asked)
    found = solve_path(m, Settings(gap=1e-9))
    question = question_of(timeline_of(m))
    line = question.timeline
    menus = list(itertools.product(*(range(len(own)) for own in line.m.choices.levels)))
    least = min(question.aim.value(line.follow(line.menus(p))) for p in itertools.product(menus, menus))
    assert found.objective.value == pytest.approx(least, rel=1e-9)


def test_what_cannot_be_met_is_proven() -> None:
    asked = path_case({}, conditions=[{"figure": "market_share", "at_least": 3.0, "relative_to": "today", "at": [6]}])
    with pytest.raises(InfeasibleError, match="market_share"):
        solve_path(path_model(path_market(), asked), Settings())


def test_what_is_told_adds_up(solved: PathSolution) -> None:
    document = path_document(solved)
    assert len(document["stages"]) == 2
    assert (document["stages"][0]["first_month"], document["stages"][1]["last_month"]) == (1, 6)
    values = document["path"]["contribution_margin"]["values"]
    assert len(values) == 6
    discount = [1.12 ** (-t / 12) for t in range(10)]
    months = [*values, *(solved.figure("contribution_margin", t) for t in range(7, 11))]
    assert solved.objective.value == pytest.approx(sum(d * v for d, v in zip(discount, months, strict=True)), rel=1e-12)
    plans = document["customers"]
    total = document["path"]["customers"]["values"]
    assert [sum(own[t] for own in plans.values()) for t in range(6)] == pytest.approx(total)


def test_worth_adds_up_to_the_path(solved: PathSolution) -> None:
    """Customers x worth, and the same people x what they would be worth elsewhere, are the value of the path."""
    for worth in solved.worth:
        parts = worth.fees + worth.advertising + worth.cost + worth.later
        assert parts == pytest.approx(worth.value, rel=1e-9)
    whole = {w.plan: w for w in solved.worth if w.segment is None}
    for name in ("free", "plus"):
        own = [w for w in solved.worth if w.plan == name and w.segment is not None]
        assert sum(w.customers for w in own) == pytest.approx(whole[name].customers)
        assert sum(w.customers * w.value for w in own) == pytest.approx(whole[name].customers * whole[name].value)
    assert whole["free"].fees == pytest.approx(0.0, abs=1e-12)


def test_one_customer_more_is_worth_it(solved: PathSolution) -> None:
    """A hundred people of each type from the alternatives on plus, followed month by month."""
    from dataclasses import replace

    line = solved.timeline
    row, share = line.m.choices.plans.index("plus") + 1, line.start[line.m.choices.plans.index("plus") + 1]
    moved = line.start.copy()
    moved[row] += 1e-4 * share
    moved[0] -= 1e-4 * share
    discount = line.discount

    def total(start: object) -> float:
        months = replace(line, start=start).follow(line.menus(solved.levels))  # type: ignore[arg-type]
        return float(sum(d * e.figure("contribution_margin") for d, e in zip(discount, months, strict=True)))

    worth = next(w for w in solved.worth if w.plan == "plus" and w.segment is None)
    gained = (total(moved) - total(line.start)) / (1e-4 * float(share.sum()))
    assert gained == pytest.approx(worth.value, rel=1e-5)


def saved(solution: PathSolution, folder: Path) -> Path:
    write_folder_atomic(folder, path_files(solution))
    return folder


def test_a_saved_answer_is_verified(solved: PathSolution, tmp_path: Path) -> None:
    report = verify_folder(saved(solved, tmp_path / "out"))
    assert report["passed"], [row for row in report["checks"] if not row["passed"]]
    assert any(row["what"] == "bound" for row in report["checks"])


@pytest.mark.parametrize("part", ["path", "bound", "menu", "proof"])
def test_an_altered_answer_is_not(solved: PathSolution, tmp_path: Path, part: str) -> None:
    files = path_files(solved)
    result, proof = json.loads(files["result.json"]), json.loads(files["certificate.json"])
    if part == "path":
        result["path"]["revenue"]["values"][2] *= 1.001
    elif part == "bound":
        result["objective"]["bound"] *= 0.99
        result["objective"]["gap"] = 0.0
    elif part == "menu":
        result["stages"][1]["menu"]["plus"]["price"] = 21.0
    else:
        proof["proof"]["bound"] *= 0.5
    files |= {"result.json": json.dumps(result).encode(), "certificate.json": json.dumps(proof).encode()}
    write_folder_atomic(tmp_path / "out", files)
    assert not verify_folder(tmp_path / "out")["passed"]


def test_todays_menu_held(tmp_path: Path) -> None:
    found = evaluate_path(path_model(path_market(), path_case({})))
    assert found.verdict is Verdict.EVALUATED
    assert found.objective.value == pytest.approx(found.held_value)
    assert found.series("customers") == pytest.approx([found.today.figure("customers")] * 6)
    assert verify_folder(saved(found, tmp_path / "out"))["passed"]


def test_the_long_run_is_not_asked_of_a_case_over_months() -> None:
    with pytest.raises(InputError, match="over months"):
        solve_case_model(path_model(path_market(), path_case({})), Settings())
