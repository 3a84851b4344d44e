"""The command backtest."""

from __future__ import annotations

from typing import Any

from optimizer.io.library import backtest_path

KEYS = {
    "name", "date", "prediction", "observation", "low", "high", "kind", "score", "score_kind", "skill_no_change",
    "skill_proportional", "expressed", "tuned_on", "words",
}  # fmt: skip


def test_json(call: Any) -> None:
    told = call("backtest", "--json")
    assert told.code == 0
    body = told.json
    assert {"schema_version", "status", "exit_code", "events", "summary"} <= set(body)
    assert len(body["events"]) == 13
    for event in body["events"]:
        assert set(event) >= KEYS
        assert isinstance(event["tuned_on"], list) and isinstance(event["prediction"], float)


def test_the_table_has_every_event_and_its_words(call: Any) -> None:
    events = call("backtest", "--json").json["events"]
    told = call("backtest")
    assert told.code == 0
    text = " ".join(told.out.split())
    for event in events:
        assert event["name"] in text
        assert (event["why_not"] or event["words"]) in text


def test_one_event(call: Any) -> None:
    body = call("backtest", "business-cut-2026-04", "--json").json
    assert [e["name"] for e in body["events"]] == ["business-cut-2026-04"]


def test_an_unknown_event(call: Any) -> None:
    told = call("backtest", "nothing-of-the-kind")
    assert told.code == 2
    assert "go-launch-2026-01" in told.err
    assert call("backtest", "nothing-of-the-kind", "--json").json["findings"]


def test_a_back_test_is_no_case(call: Any) -> None:
    told = call("run", backtest_path("go-launch-2026-01"))
    assert told.code == 2
    assert "a back-test" in told.err and "optimizer backtest" in told.err


def test_a_case_is_no_back_test(call: Any, case: Any) -> None:
    told = call("backtest", case)
    assert told.code == 2
    assert "predicted" in told.err and "question.yaml" in told.err
