"""A market that states costs, advertising and use by agents, and a case that chooses among them, as a workbook."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Any

from optimizer.inputs.load import assemble, load_case, validate
from optimizer.io.workbook import workbook_documents, write_case_workbook
from optimizer.schema.case import Case


def data(factory: ModuleType) -> tuple[dict[str, Any], dict[str, Any]]:
    q = factory.q
    market, case = factory.market(), factory.case()
    usd = {"input": 2.0, "cached": 0.2, "output": 10.0}
    mini = market["ai_models"]["mini"]
    for field in ("pool", "prefill", "decode"):
        del mini[field]
    mini |= {"token_prices": {k: q(v, "usd/Mtok") for k, v in usd.items()}, "impressions": q(50, "percent")}
    del market["pools"]["spot"]
    unattended = {"share": q(5, "percent"), "requests": q(3000, "requests/month"), "sigma": q(1.0)}
    market["segments"]["pros"]["usage"]["unattended"] = unattended
    market["segments"]["pros"]["impression_disutility"] = q(0.004, "utility/impression")
    market["plans"]["free"] |= {
        "impressions": q(0, "impressions/request"), "advertising_price": q(25, "usd/thousand impressions")
    }  # fmt: skip
    market["today"]["usage"] = {"plans": {"plus": q(150, "requests/month")}, "segments": {}, "tolerance": 0.9}
    case["plans"]["free"]["impressions"] = [0, 0.2]
    case["mix"]["budget"] = [400_000, 600_000]
    return market, case


def test_copy_and_read_gives_the_same_inputs(factory: ModuleType, tmp_path: Path) -> None:
    inputs = load_case(factory.write(tmp_path, *data(factory)))
    path = tmp_path / "x.xlsx"
    write_case_workbook(path, inputs.case_document, inputs.market_document)
    case, market = workbook_documents(path)
    again = assemble(inputs.name, validate(Case, case), case, market, {})
    assert again.market_document.data == inputs.market_document.data
    assert again.case == inputs.case and again.market == inputs.market
    assert again.case.mix is not None and again.case.mix.budget == (400_000.0, 600_000.0)
    assert again.market.ai_models["mini"].token_prices is not None
