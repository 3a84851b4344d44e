"""Questions over HTTP are answered as the command answers them, once, whatever is killed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import optimizer

HARD = {"case": "openai-2025-margin", "gap": 1e-12, "checks": "all"}
"""Takes seconds."""


def until(done: Callable[[], Any], seconds: float = 30.0) -> Any:
    """What is waited for."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := done():
            return found
        time.sleep(0.02)
    pytest.fail(f"not within {seconds} s")


def children(service: Any) -> list[int]:
    told = subprocess.run(["pgrep", "-P", str(service.process.pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in told.stdout.split()]


def state(service: Any, job: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = service.client.get(f"/v1/jobs/{job['id']}").json()
    return found


def test_answers_are_those_of_python(service: Any) -> None:
    told = service.ask(case="assistant-startup-margin")["outcome"]
    solution = optimizer.solve_case("assistant-startup-margin", checks="none")
    assert told["status"] == "answer"
    document = told["document"]
    assert document["verdict"] == "proved"
    assert document["objective"]["value"] == pytest.approx(solution.objective.value, rel=1e-12)
    assert document["input_hash"] == solution.input_hash


def test_a_case_and_a_market_in_the_body(service: Any) -> None:
    """The market that is sent counts: where each customer of Plus costs a dollar more, contribution is lower."""
    from optimizer.inputs.load import read_market
    from optimizer.io.library import market_path

    market = read_market(market_path("assistant-startup")).data
    plain = service.ask(market=market)["outcome"]["document"]
    named = service.ask()["outcome"]["document"]
    assert plain["objective"]["value"] == pytest.approx(named["objective"]["value"], rel=1e-12)
    market["plans"]["plus"]["support_cost"] = {
        "value": 2.0,
        "unit": "usd/month",
        "assumption": "for the test",
        "low": 1,
        "high": 3,
    }
    dear = service.ask(market=market)["outcome"]["document"]
    assert dear["objective"]["value"] < plain["objective"]["value"]


def test_locks_hold(service: Any) -> None:
    free = service.ask(case="assistant-startup-margin")["outcome"]["document"]
    at_eleven = service.ask(case="assistant-startup-margin", locks={"plus": {"price": [11]}})["outcome"]["document"]
    assert at_eleven["menu"]["plus"]["price"] == 11
    assert at_eleven["objective"]["value"] <= free["objective"]["value"]
    gone = service.ask(case="assistant-startup-margin", locks={"plus": {"off": True}})["outcome"]["document"]
    assert gone["menu"]["plus"]["offered"] is False
    as_today = service.ask(case="assistant-startup-margin", locks={"plus": {}})["outcome"]["document"]
    assert as_today["menu"]["plus"]["price"] == 12


def test_a_lock_may_stand_off_the_ladder(service: Any) -> None:
    """A price that no ladder has is the level that is proven around; the figures are the evaluator's."""
    told = service.ask(case="assistant-startup-margin", locks={"plus": {"price": [11.37]}})["outcome"]["document"]
    assert told["menu"]["plus"]["price"] == 11.37 and told["verdict"] == "proved"
    case = {**optimizer.load_case("assistant-startup-margin").case.model_dump(mode="json", exclude_none=True)}
    case["plans"] = {**case["plans"], "plus": {"price": [11.37]}}
    alone = service.ask(case=case)["outcome"]["document"]
    assert told["objective"]["value"] == pytest.approx(alone["objective"]["value"], rel=1e-12)


def test_split_and_conditions_are_asked_otherwise(service: Any) -> None:
    asked = {"case": "assistant-startup-margin", "mix": {"enterprise_share": [0.37]},
             "conditions": [{"figure": "revenue", "at_least": 150_000.0}]}  # fmt: skip
    told = service.ask(**asked)["outcome"]["document"]
    assert told["mix"]["enterprise_share"] == 0.37
    assert [c["bound"] for c in told["audit"]["conditions"]] == [150_000.0]
    assert told["figures"]["revenue"]["value"] >= 150_000.0 * (1 - 1e-6)


def test_scenarios_are_compared_beside_the_case(service: Any) -> None:
    worlds = {"dear": {"changes": {"pools.main.price": {"times": 1.5}}}}
    told = service.ask("compare", scenarios=worlds)["outcome"]
    assert told["status"] == "answer", told
    assert set(told["document"]["scenarios"]) == {"as stated", "dear"}
    assert [menu["name"] for menu in told["menus"]] == list(told["document"]["menus"])


def test_menus_of_a_result_are_those_of_its_document(service: Any) -> None:
    told = service.ask("frontier", case="assistant-startup-margin", options={"points": 3})["outcome"]
    points, plans = told["document"]["points"], list(optimizer.load_case("assistant-startup-margin").market.plans)
    assert len(points) == len(told["menus"]) > 1
    for point, menu in zip(points, told["menus"], strict=True):
        assert menu["state"]["share"] == point["enterprise_share"]
        for plan, terms in zip(plans, menu["state"]["menu"], strict=True):
            assert (terms and terms["price"]) == (point["menu"][plan]["price"] if terms else None), plan


def test_runs_tell_what_came_of_them(service: Any) -> None:
    job = service.ask("report", gap=7e-4)
    assert "html" not in job["outcome"] and job["outcome"]["document"]["verdict"] == "proved"
    row = next(row for row in service.client.get("/v1/runs").json() if row["key"] == job["key"])
    assert row["kind"] == "report" and row["verdict"] == "proved" and row["title"] == "Small" and row["report"]
    assert row["value"] == job["outcome"]["document"]["objective"]["value"] and row["figure"] == "contribution_margin"
    kept = service.client.get(f"/v1/runs/{job['key']}").json()
    assert kept["outcome"] == job["outcome"] and kept["question"]["gap"] == 7e-4
    page = service.client.get(f"/v1/runs/{job['key']}/report")
    assert page.headers["content-type"].startswith("text/html") and "Small" in page.text


def test_other_outcomes(service: Any) -> None:
    case = {"title": "x", "question": "y?", "market": "assistant-startup", "objective": "revenue",
            "plans": {"plus": {"price": [8, 10]}}}  # fmt: skip
    impossible = {**case, "conditions": [{"figure": "market_share", "at_least": 0.9}]}
    told = service.ask(case=impossible)["outcome"]
    assert told["status"] == "infeasible" and told["diagnosis"]
    told = service.ask(case={**case, "objectve": "revenue"})["outcome"]
    assert told["status"] == "bad_input" and any("objectve" in f["field"] for f in told["findings"])
    told = service.ask("evaluate", case="assistant-startup-today", sets={"plans.plus.price": 15})["outcome"]
    assert told["document"]["verdict"] == "evaluated"


def test_studies_take_their_options(service: Any) -> None:
    told = service.ask("frontier", case="assistant-startup-margin", options={"points": 3})["outcome"]
    assert told["status"] == "answer" and told["document"]
    for wrong in ({"points": 1}, {"points": "3"}, {"points": True}, {"pionts": 3}):
        told = service.ask("frontier", case="assistant-startup-margin", options=wrong)["outcome"]
        assert told["status"] == "bad_input" and "options." in told["findings"][0]["field"], wrong


def test_events_come_in_order_and_go_on_where_they_stopped(service: Any) -> None:
    job = service.ask(sets={"plans.plus.price": 13.5})
    lines = service.client.get(f"/v1/jobs/{job['id']}/events").text.splitlines()
    numbers = [int(line.removeprefix("id: ")) for line in lines if line.startswith("id: ")]
    assert numbers == list(range(len(numbers)))
    assert [line for line in lines if line.startswith("event: ")][-1] == "event: done"
    rest = service.client.get(f"/v1/jobs/{job['id']}/events", headers={"last-event-id": str(numbers[-1] - 1)}).text
    assert json.loads(rest.split("data: ")[1]) == job["outcome"]


def test_the_same_question_is_one_job(service: Any) -> None:
    first, again = service.ask(gap=2e-4), service.ask(gap=2e-4)
    assert first["id"] == again["id"]
    assert service.ask(gap=3e-4)["id"] != first["id"]


def test_a_job_that_is_not_wanted_stops(service: Any) -> None:
    job = service.ask(wait=0, **HARD, sets={"plans.plus.price": 21})
    until(lambda: state(service, job)["state"] == "running")
    service.client.delete(f"/v1/jobs/{job['id']}")
    ended = until(lambda: (found := state(service, job))["state"] not in ("waiting", "running") and found, 5.0)
    assert ended["state"] in ("stopped", "done")
    assert service.ask(gap=5e-4)["state"] == "done"  # the next one is served


def test_saved_cases_are_asked_by_name_and_change(service: Any) -> None:
    def saved(prices: list[float]) -> Any:
        case = {**service.small, "plans": {"plus": {"price": prices}}}
        return service.client.put("/v1/cases/mine", json={"case": case})

    assert saved([9]).json() == {"name": "mine", "saved": True}
    row = next(row for row in service.client.get("/v1/cases").json() if row["name"] == "mine")
    assert row["saved"] and row["title"] == "Small" and not row["months"]
    assert service.client.get("/v1/cases/mine").json()["case"]["plans"] == {"plus": {"price": [9.0]}}
    assert service.ask(case="mine")["outcome"]["document"]["menu"]["plus"]["price"] == 9
    assert saved([10]).status_code == 200
    assert service.ask(case="mine")["outcome"]["document"]["menu"]["plus"]["price"] == 10
    assert saved([-1]).status_code == 422  # what could not be asked is not saved
    assert service.ask(case="mine")["outcome"]["document"]["menu"]["plus"]["price"] == 10


def test_schema_tells_what_can_be_asked(service: Any) -> None:
    told = service.client.get("/v1/schema").json()
    assert "objective" in told["case"]["properties"] and "segments" in told["market"]["properties"]
    assert {"frontier", "compare", "explain", "sensitivity", "robust"} <= set(told["studies"])
    paths = service.client.get("/v1/openapi.json").json()["paths"]
    assert {"/v1/solve", "/v1/evaluate", "/v1/frontier", "/v1/robust", "/v1/jobs/{job_id}/events"} <= set(paths)


def test_kills_lose_no_finished_run(start: Callable[..., Any], tmp_path: Path) -> None:
    """A worker is killed under one job, then the server under the next: what ended before is there and whole."""
    service = start(tmp_path / "w")
    done = [service.ask(gap=gap) for gap in (1e-3, 2e-3)]
    lost = service.ask(wait=0, **HARD)
    until(lambda: state(service, lost)["state"] == "running")
    for child in children(service):
        os.kill(child, signal.SIGKILL)
    until(lambda: state(service, lost)["state"] == "failed")
    done.append(service.ask(gap=3e-3))
    last = service.ask(wait=0, **HARD, sets={"plans.plus.price": 21})
    until(lambda: state(service, last)["state"] == "running")
    workers = children(service)
    service.process.kill()
    service.process.wait()
    until(lambda: not any(Path(f"/proc/{worker}").exists() for worker in workers))  # nothing is left running
    again = start(tmp_path / "w")
    rows = again.client.get("/v1/runs").json()
    assert [row["key"] for row in rows] == [job["key"] for job in reversed(done)]
    for job in done:
        assert again.client.get(f"/v1/runs/{job['key']}").json()["outcome"] == job["outcome"]


@pytest.mark.full
def test_a_killed_worker_fails_its_job_alone(start: Callable[..., Any], tmp_path: Path) -> None:
    service = start(tmp_path / "w")
    service.ask(gap=1e-3)  # the worker is there
    job = service.ask(wait=0, **HARD)
    until(lambda: state(service, job)["state"] == "running")
    for child in children(service):
        os.kill(child, signal.SIGKILL)
    ended = until(lambda: (found := state(service, job))["state"] == "failed" and found)
    assert "ended under it" in ended["outcome"]["message"]
    assert service.ask(gap=2e-3)["outcome"]["status"] == "answer"


def test_finished_runs_outlive_the_service(start: Callable[..., Any], tmp_path: Path) -> None:
    """Killed, not ended: what was told to be done is there."""
    service = start(tmp_path / "w")
    told = service.ask()["outcome"]
    service.process.kill()
    service.process.wait()
    again = start(tmp_path / "w")
    began = time.monotonic()
    job = again.ask()
    assert time.monotonic() - began < 3.0
    assert job["outcome"] == told
    assert [run["kind"] for run in again.client.get("/v1/runs").json()] == ["solve"]


def test_too_many_jobs_are_refused(start: Callable[..., Any], tmp_path: Path) -> None:
    service = start(tmp_path / "w")
    answers = [
        service.client.post("/v1/solve", json={**HARD, "sets": {"plans.plus.price": 20 + k / 10}}) for k in range(25)
    ]
    codes = [a.status_code for a in answers]
    assert codes.count(429) == 5 and set(codes) == {202, 429}
    assert answers[-1].headers["retry-after"] == "1"
    service.process.send_signal(signal.SIGTERM)
    assert service.process.wait(15) == 143
    assert not children(service)


def test_the_page_of_a_case(service: Any) -> None:
    told = service.client.get("/", params={"case": "assistant-startup-margin"})
    assert told.status_code == 200 and told.headers["content-type"].startswith("text/html")
    assert "Content-Security-Policy" in told.text and "unsafe-inline" not in told.text
    assert f"<title>{optimizer.load_case('assistant-startup-margin').case.title}" in told.text
    wrong = service.client.get("/", params={"case": "../x"})
    assert wrong.status_code == 422 and "no case is named" in wrong.json()["message"]
