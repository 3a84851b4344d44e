"""Cases over months over HTTP: what a job works out in its worker."""

from __future__ import annotations

from typing import Any

import pytest

from optimizer.service.work import work
from tests.support.market_factory import q
from tests.support.path_cases import path_case, path_market


def asked(**more: Any) -> dict[str, Any]:
    case = path_case({"stages": [1, 4], "cash": {"have": q(300_000.0, "usd"), "spend": q(550_000.0, "usd/month")}})
    return {"case": {**case, **more}, "market": path_market(habit=True)}


@pytest.mark.parametrize("kind", ["solve", "evaluate"])
def test_a_path_is_answered(kind: str) -> None:
    outcome = work(kind, asked(), None, 60.0)
    assert outcome["status"] == "answer", outcome
    document = outcome["document"]
    assert document["kind"] == "path" and len(document["stages"]) == 2
    assert len(document["path"]["revenue"]["values"]) == 6
    assert document["verdict"] == ("proved" if kind == "solve" else "evaluated")


def test_what_cannot_be_met_is_told() -> None:
    beyond = [{"figure": "market_share", "at_least": 3.0, "relative_to": "today", "at": [6]}]
    outcome = work("solve", asked(conditions=beyond), None, 60.0)
    assert outcome["status"] == "infeasible" and "market_share" in outcome["message"]


def test_studies_ask_for_the_long_run() -> None:
    outcome = work("explain", asked(), None, 60.0)
    assert outcome["status"] == "bad_input" and "over months" in outcome["message"]
