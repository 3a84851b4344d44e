"""Answers over draws to cases over months: against every path in every draw, verified, told, refused."""

from __future__ import annotations

import io
import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimizer.answer.path import PathSolution
from optimizer.answer.path_draws import asked_in
from optimizer.answer.path_robustness import RobustPathAnswer
from optimizer.answer.run import solve_any
from optimizer.errors import InfeasibleError, InputError
from optimizer.horizon.question import over
from optimizer.io.plain import dumps
from optimizer.io.saving import write_folder_atomic
from optimizer.model.case_model import CaseModel, case_model_of
from optimizer.optimise.outcome import Settings
from optimizer.report.charts.path_frontier import path_frontier_chart
from optimizer.report.pages import page
from optimizer.studies.frontier_paths import frontier_over_months
from optimizer.studies.robust import RobustStudy, robust
from optimizer.studies.robust_menus import RobustAsk, RobustRun
from optimizer.studies.robust_saved import verify_robust
from optimizer.studies.study import Setup, studies
from optimizer.uncertainty.case_draws import varied_draw
from optimizer.uncertainty.drawing import MarketDraws
from tests.support.market_factory import inputs, q
from tests.support.path_cases import path_case
from tests.support.uncertain import uncertain_market

EXACT = Settings(gap=1e-9, cross_check=False)
STUDY = RobustStudy()
LEAST = 1.01
"""Customers in the last month against today's; a third of the paths keeps as many."""
MEAN = {"figure": "customers", "at_least": 1.01, "relative_to": "today", "at": [6], "on": "mean"}
EVERY = {"figure": "customers", "at_least": LEAST, "relative_to": "today", "at": [6]}


def drawn_model(*conditions: dict[str, Any], habit: bool = True, **horizon: Any) -> CaseModel:
    """The small market, numbers assumed, over six months in two stages."""
    data = uncertain_market()
    data["pools"]["main"].pop("capacity")
    if habit:
        data["dynamics"] = {"habit": {"familiarity": {**q(0.8, "utility"), "low": 0.4, "high": 1.0}}}
        data["dynamics"]["habit"]["familiarity"].pop("source")
        data["dynamics"]["habit"]["familiarity"]["assumption"] = "test"
    case = path_case({"stages": [1, 4], **horizon}, conditions=list(conditions))
    return case_model_of(inputs(data, case))


def answer(m: CaseModel, risk: str = "mean", draws: int = 3, fresh: int = 2, **more: Any) -> RobustPathAnswer:
    ask = RobustAsk(risk, 0.5, draws, 1, True, fresh, **more)
    found = robust(m, EXACT, ask, RobustRun(lambda done, total: None, lambda: False, None))
    assert isinstance(found, RobustPathAnswer)
    return found


def every_path(m: CaseModel, a: RobustPathAnswer) -> tuple[np.ndarray, np.ndarray, list[Any]]:
    """(S, B) values and customers against today's in the last month, of all B paths, by the evaluator."""
    questions = [asked_in(varied_draw(m, a.draws, s)) for s in range(a.draws.count)]
    menus = list(itertools.product(*(range(len(own)) for own in m.choices.levels)))
    paths = list(itertools.product(menus, repeat=2))
    assert len(paths) > 30
    values, share = np.empty((2, len(questions), len(paths)))
    for s, question in enumerate(questions):
        for b, path in enumerate(paths):
            months = question.timeline.follow(question.timeline.menus(path))
            values[s, b] = question.aim.value(months)
            share[s, b] = over(months, range(5, 6), "customers") / question.timeline.m.today.figure("customers")
    return values, share, paths


def risk_of(values: np.ndarray, weights: np.ndarray, risk: str, own: np.ndarray) -> np.ndarray:
    """(B,) more is better, stated plainly; the tail is the worst half."""
    if risk == "mean":
        return weights @ values
    if risk == "worst":
        return values.min(axis=0)
    if risk == "regret":
        return -(own[:, None] - values).max(axis=0)
    found = []
    for column in values.T:
        left, total = 0.5, 0.0
        for s in np.argsort(column):
            share = min(left, weights[s])
            total, left = total + share * column[s], left - share
        found.append(total / 0.5)
    return np.array(found)


@pytest.fixture(scope="module")
def tried() -> tuple[MarketDraws, np.ndarray, np.ndarray, list[Any]]:
    """The draws that every risk is asked over, and what ``every_path`` finds in them; nothing of it may be written."""
    m = drawn_model(EVERY)
    a = answer(m, beside=False, fresh=0)
    values, share, paths = every_path(m, a)
    for array in (values, share):
        array.flags.writeable = False
    return a.draws, values, share, paths


@pytest.mark.parametrize("risk", ["mean", "cvar", "worst", "regret"])
def test_the_path_of_every_risk_is_that_of_trying_all(risk: str, tried: Any) -> None:
    a = answer(drawn_model(EVERY), risk, beside=False, fresh=0)
    draws, values, share, paths = tried
    assert [a.draws.at(s) for s in range(a.draws.count)] == [draws.at(s) for s in range(draws.count)]
    good = (share >= LEAST * (1.0 - 1e-6)).all(axis=0)
    own = np.where(share >= LEAST * (1.0 - 1e-6), values, -np.inf).max(axis=1)
    weights = a.draws.weights / a.draws.weights.sum()
    worth = np.where(good, risk_of(values, weights, risk, own), -np.inf)
    assert 0 < good.sum() < len(paths)
    best = -worth.max() if risk == "regret" else worth.max()
    assert a.verdict == "proved"
    assert a.value == pytest.approx(best, rel=1e-7)
    assert a.bound == pytest.approx(best, rel=1e-6)
    at = paths.index(tuple(map(tuple, a.asked.levels)))
    assert worth[at] == pytest.approx(worth.max(), rel=1e-7)
    assert a.asked.proven.aim.mean == pytest.approx(float(weights @ values[:, at]), rel=1e-9)
    assert a.asked.proven.worst == pytest.approx(float(values[:, at].min()), rel=1e-9)
    assert a.asked.proven.conditions[0] == 1.0


def test_a_condition_on_the_mean_is_kept_on_the_mean() -> None:
    m = drawn_model(MEAN)
    a = answer(m, beside=False, fresh=0)
    values, _, paths = every_path(m, a)
    weights = a.draws.weights / a.draws.weights.sum()
    customers = np.empty(len(paths))
    slack = np.zeros(len(paths))
    for s in range(a.draws.count):
        question = asked_in(varied_draw(m, a.draws, s))
        for b, path in enumerate(paths):
            months = question.timeline.follow(question.timeline.menus(path))
            customers[b] = over(months, range(5, 6), "customers")
        today = question.timeline.m.today.figure("customers")
        slack += weights[s] * (customers - 1.01 * today * (1.0 - 1e-6))
    good = slack >= 0.0
    assert 0 < good.sum() < len(paths)
    assert a.value == pytest.approx(float((weights @ values)[good].max()), rel=1e-7)
    assert not a.paths[1:] and a.asked.fresh is None


@pytest.mark.parametrize("risk", ["mean", "worst", "regret"])
def test_a_saved_answer_is_verified_and_a_changed_one_is_not(tmp_path: Path, risk: str) -> None:
    a = answer(drawn_model(EVERY), risk, beside=False, fresh=0)
    files = {**STUDY.files(a), "robust.json": dumps(STUDY.document(a))}
    write_folder_atomic(tmp_path / "told", files)
    report = verify_robust(tmp_path / "told")
    assert report["passed"], report
    assert {"stages", "evaluator", "bound", "value", "figures over the draws", "verdict"} <= {
        row["what"] for row in report["checks"]
    }
    told = json.loads(files["robust.json"])
    much = 0.01 * told["paths"][0]["proven_draws"]["aim"]["mean"]
    for name, more in (("value", much), ("bound", much if risk == "regret" else -much)):
        made = {**told, name: told[name] + more}
        write_folder_atomic(tmp_path / name, {**files, "robust.json": dumps(made)})
        assert not verify_robust(tmp_path / name)["passed"], name
    made = json.loads(files["robust.json"])
    made["stages"][0]["menu"]["plus"]["price"] += 1.0
    write_folder_atomic(tmp_path / "menu", {**files, "robust.json": dumps(made)})
    assert not verify_robust(tmp_path / "menu")["passed"]


def test_what_is_told_stands_side_by_side_within_80_columns() -> None:
    from rich.console import Console

    a = answer(drawn_model(EVERY, cash={"have": q(1e9, "usd"), "spend": q(1e3, "usd/month")}), "worst")
    assert [path.name for path in a.paths][:2] == ["worst", "point"]
    for path in a.paths:
        assert path.fresh is not None and path.fresh.draws == 2 and path.proven.draws == 3
        assert {"contribution_margin, discounted", "market_share, month 6", "lowest cash"} <= set(path.proven.figures)
    assert [where for _, where in a.conditions][:2] == ["in every draw"] * 2
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(page(STUDY.sections(a), a.seconds))
    text = console.export_text()
    for told in ("worst draw", "middle values", "lowest cash", "3 draws of the proof", "2 fresh draws", "cash"):
        assert told in text, told
    assert max(map(len, text.splitlines())) <= 80
    document = json.loads(dumps(STUDY.document(a)))
    assert document["kind"] == "paths" and document["stages"][1]["first_month"] == 4
    assert all(len(row) == len(t.columns) for t in STUDY.tables(a) for row in t.rows)
    assert len(a.to_frame()) == len(a.paths)


def test_what_no_path_meets_in_every_draw_is_told() -> None:
    much = {"figure": "customers", "at_least": 3.0, "relative_to": "today", "at": [6]}
    with pytest.raises(InfeasibleError, match="in 3 of 3 draws none meets them even alone"):
        answer(drawn_model(much), beside=False)


@pytest.mark.parametrize(
    ("m", "ask", "field"),
    [
        (lambda: drawn_model({**EVERY, "in": 0.9}), RobustAsk(), "conditions"),
        (lambda: drawn_model(MEAN), RobustAsk("regret"), "conditions"),
        (lambda: drawn_model(EVERY), RobustAsk("median"), "risk"),
        (lambda: drawn_model(EVERY), RobustAsk(draws=10**9), "--draws"),
        (lambda: drawn_model(shock=q(0.1, "fraction")), RobustAsk(), "horizon.shock"),
    ],
)
def test_what_cannot_be_asked_is_refused(m: Any, ask: RobustAsk, field: str) -> None:
    with pytest.raises(InputError) as caught:
        robust(m(), EXACT, ask, RobustRun(lambda done, total: None, lambda: False, None))
    assert caught.value.findings[0].field == field


def test_studies_stand_in_the_page_of_a_path(tmp_path: Path) -> None:
    """Frontier and draws between the path's own sections; the page of an answer over draws is about its path."""
    from optimizer.cli.files import write_page
    from optimizer.report.path_html import path_html

    m = drawn_model(habit=False)
    solution = solve_any(m, EXACT)
    assert isinstance(solution, PathSolution)
    x = frontier_over_months(m, "market_share@6", "contribution_margin", EXACT, 3)
    a = answer(m, draws=2, fresh=0)
    bare, whole = path_html(solution), path_html(solution, frontier=x, robust=a)
    for told in ("Over all that is not known", "Efficient paths of", "efficient paths by"):
        assert told in whole and told not in bare, told
    assert "held" in path_frontier_chart(x).to_json()
    shown = STUDY.answer(Setup(m, EXACT, STUDY.defaults()), a)
    assert isinstance(shown, PathSolution) and shown.levels == a.asked.levels
    assert "Proven best for these 2 draws" in shown.verdict_text
    write_page(tmp_path / "page.html", m, shown, robust=a)
    assert "Over all that is not known" in (tmp_path / "page.html").read_text()


@pytest.mark.parametrize("verb", ["explain", "rivals"])
def test_studies_of_the_long_run_name_those_that_know_months(verb: str) -> None:
    study = next(s for s in studies() if s.verb == verb)
    with pytest.raises(InputError, match="ask compare, sensitivity, frontier or robust"):
        study.check(Setup(drawn_model(), EXACT, study.defaults()))
