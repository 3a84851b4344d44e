"""The demand side of a whole market, on a frozen one: what a copy of a plan earns, where those go who leave a plan,
and what a launch does, over the range of the dissimilarity of the paid plans.

The expected figures were measured by a program of its own that states the same nested logit from other terms.
"""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from optimizer.economics.figures import Selection
from optimizer.inputs.load import load_inputs
from optimizer.market.diversion import diversion
from optimizer.market.evaluate import Evaluation, evaluate_menu
from optimizer.model.case_model import CaseModel, case_model_of

FROZEN = Path(__file__).resolve().parent.parent / "frozen"
NEST = """
nests:
  own_paid:
    plans: [go, plus, pro]
    dissimilarity: {{value: {value}, unit: "1", assumption: test, low: 0.1, high: 1}}
"""
# per cent: a copy of Plus (contribution); of the customers a dearer Pro loses, those to Free and to Plus;
# Go at 8 usd (customers of Plus, million customers drawn, contribution)
EXPECTED = {
    1.0: (54.1, 62.6, 3.9, -56.3, 49.3, -8.9),
    0.7: (34.0, 49.4, 24.6, -72.9, 51.6, -36.1),
    0.5: (21.8, 39.6, 39.9, -84.5, 53.9, -53.8),
    0.3: (11.4, 30.8, 53.8, -95.1, 56.4, -69.0),
}


def frozen(folder: Path, dissimilarity: float) -> CaseModel:
    shutil.copytree(FROZEN / "openai-2025", folder / "openai-2025")
    with (folder / "openai-2025" / "market.yaml").open("a") as file:
        file.write(NEST.format(value=dissimilarity))
    shutil.copy(FROZEN / "margin.yaml", folder)
    return case_model_of(load_inputs(folder / "margin.yaml"), strict=False, believe=False)


def customers(evaluation: Evaluation, plan: str) -> float:
    return evaluation.figure("customers", Selection(plan=plan))


@pytest.mark.parametrize("dissimilarity", EXPECTED)
def test_copies_diversion_and_a_launch(dissimilarity: float, tmp_path: Path) -> None:
    m = frozen(tmp_path, dissimilarity)
    market, today = m.prepared, m.today
    contribution = today.figure("contribution_margin")
    plus = market.plans[market.plan_index("plus")]
    doubled = replace(
        market,
        plans=(*market.plans, replace(plus, name="copy")),
        terms={**market.terms, "copy": market.terms["plus"]},
        nests=tuple(replace(nest, plans=(*nest.plans, "copy")) for nest in market.nests),
    )
    menu = market.today_menu()
    copied = evaluate_menu(doubled, {**menu, "copy": market.terms["plus"]})
    launched = evaluate_menu(market, {**menu, "go": market.terms["go"]})
    lost = diversion(today, "pro")
    assert lost is not None
    measured = (
        100.0 * (copied.figure("contribution_margin") / contribution - 1.0),
        100.0 * lost.to["free"],
        100.0 * lost.to["plus"],
        100.0 * (customers(launched, "plus") / customers(today, "plus") - 1.0),
        customers(launched, "go") / 1e6,
        100.0 * (launched.figure("contribution_margin") / contribution - 1.0),
    )
    assert measured == pytest.approx(EXPECTED[dissimilarity], abs=0.06)
