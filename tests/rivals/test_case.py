"""The game of a case equals the evaluator at every menu and every profile; the study tells it, and stops well."""

from __future__ import annotations

import itertools
import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from rival_cases import PRICES, case_model, number, rivals

from optimizer.answer.run import solve_case_model
from optimizer.cli.main import main
from optimizer.errors import InputError, NotTrustedError, SolverError
from optimizer.market.check import check_inputs
from optimizer.model.case_model import CaseModel, with_changes
from optimizer.optimise.outcome import Settings
from optimizer.report.html import report_html
from optimizer.rivals.of_case import game_of
from optimizer.schema.case import Change
from optimizer.studies.rivalry import RivalAnswer, _ends, prices_text, recheck_rivalry, rivalry_of
from optimizer.studies.rivals import rivals_document
from optimizer.studies.study import Setup, studies

SETTINGS = Settings(gap=1e-9, cross_check=False)


def by_evaluator(factory: ModuleType, m: CaseModel) -> tuple[float, dict[Any, dict[Any, list[float]]]]:
    """The most contribution over menus and stable profiles that keep the condition; rivals' margins at all of them."""
    best, told = -np.inf, {}
    share = 0.9 * m.today.figure("market_share") * (1 - 1e-6)
    profiles = list(itertools.product(range(3), range(2)))
    worlds = {
        (a, b): with_changes(m, {"alternatives.rival.price": Change(to=PRICES["rival"][a]),
                                 "alternatives.open.price": Change(times=PRICES["open"][b])})
        for a, b in profiles
    }  # fmt: skip
    for choice in factory.every_choice(m):
        menu = m.choices.menu(choice)
        here = {profile: worlds[profile].evaluate(menu) for profile in profiles}
        table = {}
        for profile, e in here.items():
            shares, bills = e.prepared.alternative_share, e.prepared.alternative_bill
            held = e.prepared.population.potential - e.customers.sum(axis=1)
            table[profile] = [
                float((held * shares[:, 0] * (0.8 * bills[:, 0] - 3.0)).sum()),
                float((held * shares[:, 1] * (bills[:, 1] - 3.0)).sum()),
            ]
        told[choice] = table
        for a, b in profiles:
            first = all(table[a, b][0] >= table[p, b][0] - 1e-6 for p in range(3))
            second = all(table[a, b][1] >= table[a, p][1] - 1e-6 for p in range(2))
            e = here[a, b]
            if first and second and e.figure("market_share") >= share and (e.burst <= 400.0)[0].all():
                best = max(best, e.figure("contribution_margin"))
    return best, told


@pytest.mark.parametrize("nested", [False, True])
def test_the_game_of_a_case_is_the_evaluators(factory: ModuleType, nested: bool) -> None:
    m = case_model(factory, nested)
    truth, told = by_evaluator(factory, m)
    game, _ = game_of(m)
    assert game.shape == (3, 2) and game.nearest[0] == 1
    for choice, table in told.items():
        np.testing.assert_allclose(game.margins(game.start, choice), list(table.values()), rtol=1e-10)
    found = rivalry_of(m, SETTINGS)
    assert (found.verdict, found.status) == ("proved", "optimal")
    assert found.value == pytest.approx(truth, rel=1e-9)
    assert found.evaluation.figure("contribution_margin") == found.value
    assert found.bound == pytest.approx(truth, rel=1e-8) and found.bound >= truth * (1 - 1e-12)
    assert recheck_rivalry(m, found.certificate) == pytest.approx(found.bound, rel=1e-9)
    with pytest.raises(NotTrustedError, match="leaves out"):
        recheck_rivalry(m, found.certificate[:-1])


def test_what_is_told(factory: ModuleType) -> None:
    m = case_model(factory)
    found = rivalry_of(m, SETTINGS)
    told = json.loads(json.dumps(rivals_document(found)))
    for key in (
        "menu",
        "value",
        "bound",
        "gap",
        "verdict",
        "profile",
        "without_reaction",
        "path",
        "equilibrium",
        "notes",
    ):
        assert key in told
    assert told["verdict"] == "proved" and told["bound"] >= told["value"] > told["gap"] >= 0.0
    assert set(told["profile"]) == {"big", "hosts"} and told["profile"]["big"]["title"] == "Big"
    assert told["profile"]["big"]["prices"]["rival.price"] in PRICES["rival"]
    assert told["profile"]["hosts"]["prices"]["open.price"] in (6.0, 18.0)
    # a ladder of two has nothing but ends
    assert told["profile"]["hosts"]["at_end_of_ladder"] == ["open.price"]
    assert any("hosts answers with open.price at the end of the ladder" in note for note in told["notes"])
    assert told["without_reaction"]["rivals"]["big"]["prices"] == {"rival.price": 20.0}
    assert told["without_reaction"] == told["path"][0]
    lone = solve_case_model(m, SETTINGS)
    assert told["without_reaction"]["expected"] == pytest.approx(lone.objective.value, rel=1e-9)
    assert told["stable"][0]["value"] == pytest.approx(found.value, rel=1e-12)
    assert set(told["costs"]) == {"low", "high"}
    for step, following in itertools.pairwise(told["path"]):
        assert {n: a["prices"] for n, a in step["answer"]["profile"].items()} == {
            n: a["prices"] for n, a in following["rivals"].items()
        }
    page = report_html(lone, rivals=found)
    assert "If rivals answer" in page and "Big" in page


def test_ends_of_ladders_are_told_for_other_costs_too(factory: ModuleType) -> None:
    found = rivalry_of(case_model(factory), SETTINGS)
    big, hosts = found.asks["big"], found.asks["hosts"]
    inside = replace(found, asks={"big": replace(big, at_end=()), "hosts": replace(hosts, at_end=())}, costs={})
    assert _ends(inside) == []
    far = {"big": replace(big, prices={"rival.price": 26.0}, at_end=("rival.price",)), "hosts": inside.asks["hosts"]}
    (told,) = _ends(replace(inside, costs={"low": (), "high": (RivalAnswer(far, 1.0),)}))
    assert told.startswith("With rivals' costs at their high the answer is at the end of a ladder (A rival's plan 26)")


def test_prices_are_told_by_the_titles_of_what_is_sold() -> None:
    titles = {"pro": "Some Pro", "api": "Some API"}
    asked = {"pro.price": 20.0, "api.unit_prices.big.input": 1.5, "free.price": 0.0}
    assert prices_text(asked, titles) == "Some Pro 20, Some API big input 1.5, free 0"
    assert prices_text({"pro.price": 60.0}, titles, ["pro.price"]) == "Some Pro 60 (end of its ladder)"


def test_a_rival_without_a_ladder_keeps_its_prices(factory: ModuleType) -> None:
    stated = rivals()
    del stated["hosts"]["alternatives"]["open"]["times"]
    found = rivalry_of(case_model(factory, rivals=stated), SETTINGS)
    assert found.profiles == 3 and found.asks["hosts"].prices == {"open.price": 12.0}
    assert "hosts has no ladder and keeps its prices." in found.notes
    assert found.asks["hosts"].at_end == ()


@pytest.mark.parametrize(
    ("path", "value", "code"),
    [
        ("big.alternatives.nobody", {"cost_share": number(0.1, 0.1, 0.1, "fraction")}, "unknown-name"),
        ("hosts.alternatives.rival", {"cost_share": number(0.1, 0.1, 0.1, "fraction")}, "rival-owner"),
        ("big.alternatives.rival.price", [-1.0, 5.0], "range"),
        ("big.alternatives.rival.unit_prices", {"big": [1.0]}, "unknown-name"),
        ("big.alternatives.rival.price", [float(k) for k in range(5001)], "rival-prices"),
    ],
)
def test_wrong_rivals_are_refused(factory: ModuleType, path: str, value: Any, code: str) -> None:
    case = factory.case(rivals=factory.changed(rivals(), path, value))
    found = [f for f in check_inputs(factory.inputs(None, case)) if f.severity == "error"]
    assert [f.code for f in found] == [code] and found[0].field.startswith("rivals")


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"rivals": {}}, "names no rivals"),
        ({"objective": "gross_margin_rate"}, "in one stage"),
        ({"plans": {"plus": {"price": {"least": 15, "most": 25}}}}, "ranges"),
    ],
)
def test_what_cannot_be_proven_is_refused(factory: ModuleType, asked: dict[str, Any], words: str) -> None:
    study = next(s for s in studies() if s.verb == "rivals")
    m = factory.problem(None, factory.case(**{"rivals": rivals(), **asked}))
    with pytest.raises(InputError, match=words):
        study.check(Setup(m, SETTINGS, {}))


def test_the_command(factory: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = str(factory.write(tmp_path, factory.market(), factory.case(rivals=rivals())))
    assert main(["rivals", path, "--json", "--out", str(tmp_path / "out")]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["verdict"] == "proved"
    assert json.loads((tmp_path / "out" / "rivals.json").read_text())["value"] == told["value"]
    certificate = json.loads((tmp_path / "out" / "rivals-certificate.json").read_text())
    m = factory.problem(None, factory.case(rivals=rivals()))
    assert recheck_rivalry(m, certificate["profiles"]) == pytest.approx(told["bound"], rel=1e-9)
    assert main(["rivals", path]) == 0
    assert "What rivals ask" in capsys.readouterr().out
    assert main(["rivals", "assistant-startup-margin", "--json"]) == 2
    assert json.loads(capsys.readouterr().out)["status"] == "bad_input"


def test_stops_keep_the_contract(factory: ModuleType) -> None:
    m = case_model(factory)
    truth = by_evaluator(factory, m)[0]
    count = [0]

    def soon() -> bool:
        count[0] += 1
        return count[0] > 40

    reached = 0
    for cancelled in (soon, lambda: True):
        try:
            found = rivalry_of(m, Settings(gap=0.0, cross_check=False, cancelled=cancelled))
        except KeyboardInterrupt:
            continue
        reached += 1
        assert found.bound >= truth * (1 - 1e-9) and np.isfinite(found.bound)
        assert found.value <= truth * (1 + 1e-9)
        assert found.status in ("optimal", "interrupted")
    assert reached
    try:
        late = rivalry_of(m, Settings(gap=0.0, cross_check=False, deadline=0.0))
    except SolverError as error:
        assert "time limit" in str(error)
    else:
        assert late.bound >= truth and np.isfinite(late.bound)
