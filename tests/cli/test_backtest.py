"""The command backtest."""

from __future__ import annotations

from typing import Any

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
