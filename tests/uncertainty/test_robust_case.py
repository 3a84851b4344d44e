"""Answers over draws of a market against every menu evaluated in every draw, their documents and saved folders."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from optimizer import robust_case
from optimizer.errors import InfeasibleError, InputError
from optimizer.execution.executor import SerialExecutor
from optimizer.inputs.load import load_inputs
from optimizer.io.plain import dumps
from optimizer.io.saving import write_folder_atomic
from optimizer.model.case_model import CaseModel, case_model_of, vary
from optimizer.model.choices import Menu
from optimizer.studies.robust_saved import is_robust, verify_robust
from optimizer.studies.robust_told import robust_document, robust_files, robust_sections
from optimizer.typing import Array
from optimizer.uncertainty.drawing import MarketDraws, market_draws
from optimizer.uncertainty.worth import worths
from tests.support import market_factory as factory
from tests.support.uncertain import uncertain_market

DRAWS = 7
SERIAL = SerialExecutor()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("robust")


def prepared(folder: Path, **more: Any) -> tuple[Path, CaseModel]:
    path = factory.write(folder, uncertain_market(), factory.case(**more))
    return path, case_model_of(load_inputs(path), strict=False, believe=False)


@pytest.fixture(scope="module")
def drawn(folder: Path) -> MarketDraws:
    return market_draws(prepared(folder)[1], DRAWS, 2, SERIAL)


class Table:
    """Every menu that the rules allow, evaluated in every draw; conditions by hand."""

    def __init__(self, m: CaseModel, draws: MarketDraws) -> None:
        self.worlds = [vary(m, draws.at(s)) for s in range(draws.count)]
        self.menus: list[Menu] = []
        rules = m.built.instance.rules
        for choice in factory.every_choice(m):
            if all(rule.allowed[choice[0][rule.first], choice[0][rule.second]] for rule in rules):
                self.menus.append(m.choices.menu(choice))
        self.told = [[world.evaluate(menu) for menu in self.menus] for world in self.worlds]
        self.weights = draws.weights / draws.weights.sum()

    def figure(self, name: str) -> Array:
        return np.array([[e.figure(name) for e in row] for row in self.told])

    def over_today(self, name: str) -> Array:
        today = np.array([world.today.figure(name) for world in self.worlds])
        return self.figure(name) / today[:, None]

    def risk(self, values: Array, risk: str, tail: float, allowed: Array) -> Array:
        if risk == "mean":
            return self.weights @ values
        if risk == "regret":
            own = np.where(allowed, values, -np.inf).max(axis=1)
            return -(own[:, None] - values).max(axis=0)
        if risk == "worst":
            return values.min(axis=0)
        found = []
        for column in values.T:
            left, total = tail, 0.0
            for s in np.argsort(column):
                taken = min(left, self.weights[s])
                total, left = total + taken * column[s], left - taken
            found.append(total / tail)
        return np.array(found)


@pytest.fixture(scope="module")
def table(folder: Path, drawn: MarketDraws) -> Table:
    """What menus do in the draws, whatever is asked of them."""
    return Table(prepared(folder)[1], drawn)


CONDITIONS = {
    "every": [{"figure": "customers", "at_least": 0.95, "relative_to": "today"}],
    "in": [{"figure": "customers", "at_least": 1.0, "relative_to": "today", "in": 0.7}],
    "on": [{"figure": "customers", "at_least": 1.0, "relative_to": "today", "on": "mean"}],
    "none": [],
}


def asked_for(table: Table, kind: str) -> tuple[Array, Array]:
    """Menus (B,) that meet the condition over the draws, and (S, B) what holds in a draw alone."""
    share = table.over_today("customers") if kind != "none" else np.full((DRAWS, len(table.menus)), 2.0)
    least = 0.95 if kind == "every" else 1.0
    met = share >= least * (1.0 - 1e-6)
    if kind == "in":
        return table.weights @ met >= 0.7 - 1e-9, np.ones_like(met)
    if kind == "on":
        gained = table.figure("customers") - (1.0 - 1e-6) * table.figure("customers") / share
        return table.weights @ gained >= 0.0, np.ones_like(met)
    return met.all(axis=0), met


@pytest.mark.parametrize(("kind", "risk"), list(itertools.product(CONDITIONS, ("mean", "cvar", "worst", "regret"))))
def test_answers_equal_enumeration(folder: Path, drawn: MarketDraws, table: Table, kind: str, risk: str) -> None:
    path, _ = prepared(folder, conditions=CONDITIONS[kind])
    values = table.figure("contribution_margin")
    allowed, alone = asked_for(table, kind)
    assert allowed.sum() > 0 and (kind == "none" or not allowed.all())
    best = np.where(allowed, table.risk(values, risk, 0.3, alone), -np.inf)
    a = robust_case(path, draws=drawn, risk=risk, tail=0.3, beside=False, fresh=0, gap=0.0, executor=SERIAL)
    wanted = -best.max() if risk == "regret" else best.max()
    assert a.verdict == "proved"
    assert a.value == pytest.approx(wanted, rel=1e-8, abs=1e-6)
    assert a.bound == pytest.approx(wanted, rel=1e-8, abs=1e-6)
    chosen = next(k for k, menu in enumerate(table.menus) if np.isclose(best[k], best.max(), rtol=1e-9))
    assert a.asked.proven.aim.mean == pytest.approx(float(table.weights @ values[:, chosen]), rel=1e-8)


def test_least_of_a_figure(folder: Path, drawn: MarketDraws, table: Table) -> None:
    path, _ = prepared(folder, objective={"minimise": "serving_cost"}, conditions=CONDITIONS["every"])
    allowed, _ = asked_for(table, "every")
    least = (table.weights @ table.figure("serving_cost"))[allowed].min()
    a = robust_case(path, draws=drawn, beside=False, fresh=0, gap=0.0, executor=SERIAL)
    assert a.value == pytest.approx(least, rel=1e-8)


def test_what_cannot_be_asked_is_refused(folder: Path, drawn: MarketDraws) -> None:
    path, _ = prepared(folder, objective={"maximise": "gross_margin_rate"})
    with pytest.raises(InputError, match="one figure"):
        robust_case(path, draws=drawn)
    path, _ = prepared(folder, conditions=[{"figure": "customers", "at_least": 9.0, "relative_to": "today"}])
    with pytest.raises(InfeasibleError, match="in every draw"):
        robust_case(path, draws=drawn, executor=SERIAL)
    path, _ = prepared(folder)
    for wrong, word in (({"risk": "most"}, "risk"), ({"tail": 0.0}, "tail"), ({"fresh": -1}, "fresh")):
        with pytest.raises(InputError, match=word):
            robust_case(path, draws=drawn, **wrong)
    with pytest.raises(InputError, match="cannot read"):
        robust_case(path, draws=str(folder / "none.json"))
    with pytest.raises(InputError, match="at most one of in, on"):
        both = [{"figure": "customers", "at_least": 1.0, "in": 0.5, "on": "mean"}]
        robust_case(factory.write(folder, uncertain_market(), factory.case(conditions=both)))


@pytest.fixture(scope="module")
def told(folder: Path) -> Any:
    path, _ = prepared(folder, conditions=CONDITIONS["in"])
    return robust_case(path, draws=DRAWS, seed=2, risk="cvar", tail=0.3, fresh=5, executor=SERIAL)


def test_what_is_told_beside_the_answer(folder: Path, told: Any) -> None:
    names = {menu.name: menu for menu in told.menus}
    assert {"point", "mean", "cvar", "regret"} <= set(names)
    assert [menu.name for menu in told.menus if menu.asked] == ["cvar"]
    assert names["mean"].proven.aim.mean >= names["cvar"].proven.aim.mean * (1.0 - 1e-4)
    assert names["cvar"].proven.tail >= names["mean"].proven.tail * (1.0 - 1e-4)
    assert names["cvar"].value == pytest.approx(names["cvar"].proven.tail, rel=1e-9)
    assert names["cvar"].fresh.draws == 5
    # one meaning: the menu of least regret has in the table what is proven of it, and no other that meets has less
    assert names["regret"].regret == pytest.approx(names["regret"].value, rel=1e-9)
    assert all(menu.regret >= names["regret"].bound * (1.0 - 1e-9) for menu in told.menus if menu.meets)
    assert sum(menu.meets for menu in told.menus) >= 3
    shares: dict[tuple[str, str], float] = {}
    for row in told.levers:
        shares[row.plan, row.lever] = shares.get((row.plan, row.lever), 0.0) + row.share
    assert shares and all(share <= 1.0 + 1e-9 for share in shares.values())
    assert told.worth.perfect is not None
    assert told.worth.control.name.startswith("control")
    text = str(robust_sections(told))
    assert "fresh draws" in text and "What to measure first" in text
    # the menus among which is chosen are few draws' own best: all that can be known of them is worth no less than one
    assert told.worth.among >= told.worth.numbers[0].value * (1.0 - 1e-9)


def test_the_same_wherever_it_is_worked_out(folder: Path, told: Any) -> None:
    path, _ = prepared(folder, conditions=CONDITIONS["in"])
    again = robust_case(path, draws=DRAWS, seed=2, risk="cvar", tail=0.3, fresh=5)
    one, other = ({**robust_document(a), "seconds": {}} for a in (told, again))
    assert one == other


def test_document_has_the_answer_at_its_top(told: Any) -> None:
    document = json.loads(dumps(robust_document(told)))
    assert {"menu", "mix", "value", "bound", "gap", "verdict", "status"} <= set(document)
    assert document["verdict"] == "proved" and document["risk"] == "cvar"
    assert document["gap"] <= document["gap_asked"] == 1e-4
    conditions = next(menu for menu in document["menus"] if menu["asked"])["proven_draws"]["conditions"]
    assert conditions == [{"name": "customers", "asked": "in 70% of the draws", "met_in": conditions[0]["met_in"]}]
    assert conditions[0]["met_in"] >= 0.7 - 1e-9


def save(a: Any, folder: Path) -> Path:
    write_folder_atomic(folder, {**robust_files(a), "robust.json": dumps(robust_document(a))})
    return folder


@pytest.mark.parametrize("risk", ["cvar", "regret"])
def test_a_saved_answer_is_verified(folder: Path, drawn: MarketDraws, tmp_path: Path, risk: str) -> None:
    path, _ = prepared(folder, conditions=CONDITIONS["in"])
    saved = save(robust_case(path, draws=drawn, risk=risk, beside=False, fresh=0, executor=SERIAL), tmp_path / "saved")
    assert is_robust(saved)
    report = verify_robust(saved)
    assert report["passed"], report


@pytest.fixture(scope="module")
def honest(folder: Path, drawn: MarketDraws) -> Path:
    """A saved answer that is verified; tests forge copies of it."""
    path, _ = prepared(folder, conditions=CONDITIONS["every"])
    saved = save(robust_case(path, draws=drawn, beside=False, fresh=0, gap=0.0, executor=SERIAL), folder / "honest")
    assert verify_robust(saved)["passed"]
    return saved


def _forge(saved: Path, forged: Path, name: str, change: Any) -> Path:
    """A copy with one file changed, its manifest made anew."""
    files = {p.name: p.read_text() for p in saved.iterdir() if p.name != "manifest.json" and p.suffix == ".json"}
    document = json.loads(files[name])
    change(document)
    write_folder_atomic(forged, {**files, name: json.dumps(document)})
    return forged


def _value(document: Any) -> None:
    document["value"] *= 1.01
    document["bound"] *= 1.01


def _bound(document: Any) -> None:
    document["bound"] *= 1.0 - 1e-5


def _menu(document: Any) -> None:
    document["menu"]["plus"]["price"] = 1.0


def _levels(document: Any) -> None:
    document["mix"] = 1 - document["mix"]


def _weights(document: Any) -> None:
    document["weights"] = [0.1, *document["weights"][1:]]


def _draw(document: Any) -> None:
    row = next(row for row in document["paths"] if row["path"].endswith("price_coefficient"))
    row["values"][0] *= 1.05


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("robust.json", _value),
        ("robust.json", _bound),
        ("robust.json", _menu),
        ("robust-certificate.json", _levels),
        ("draws.json", _weights),
        ("draws.json", _draw),
    ],
)
def test_a_forged_answer_is_found_out(honest: Path, tmp_path: Path, name: str, change: Any) -> None:
    assert not verify_robust(_forge(honest, tmp_path / "forged", name, change))["passed"], change


def test_a_stop_before_the_answer_is_an_interrupt(folder: Path) -> None:
    path, _ = prepared(folder)
    with pytest.raises(KeyboardInterrupt):
        robust_case(path, draws=50, cancelled=lambda: True, executor=SERIAL)


def test_a_stop_after_the_answer_keeps_it(folder: Path, drawn: MarketDraws) -> None:
    path, _ = prepared(folder)
    a = robust_case(path, draws=drawn, cancelled=lambda: True, executor=SERIAL)
    assert a.verdict == "proved" and not a.complete
    assert robust_document(a)["status"] == "interrupted"


def test_worth_of_a_number_that_decides_everything() -> None:
    rng = np.random.default_rng(4)
    x, weights = rng.normal(size=400), np.full(400, 1.0 / 400)
    values = np.stack([np.zeros(400), x], axis=1)  # the second menu is worth x
    found = worths(values, weights, {"x": x, "other": rng.normal(size=400)}, None, 0)
    best = max(0.0, float(x.mean()))
    assert found.numbers[0].name == "x" and found.numbers[0].above_null
    assert found.numbers[0].value == pytest.approx(float(np.maximum(x, 0.0).mean()) - best, rel=0.05)
    assert not found.numbers[1].above_null and not found.control.above_null
