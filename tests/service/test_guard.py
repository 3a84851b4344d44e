"""Who is let in, and in which form; each refusal with its status."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

JSON = {"content-type": "application/json"}
DEEP = "[" * 100_000 + "]" * 100_000

CASES: list[tuple[str, int, dict[str, Any]]] = [
    ("no token", 401, {"method": "GET", "url": "/v1/cases", "headers": {"authorization": ""}}),
    ("a wrong token", 401, {"method": "GET", "url": "/v1/cases", "headers": {"authorization": "Bearer x"}}),
    ("a cookie that is none", 401, {"method": "GET", "url": "/v1/cases",
                                    "headers": {"authorization": "", "cookie": "optimizer=x; ="}}),
    ("a foreign host", 421, {"method": "GET", "url": "/v1/cases", "headers": {"host": "evil.example:8765"}}),
    ("our host at another port", 421, {"method": "GET", "url": "/v1/cases", "headers": {"host": "127.0.0.1:1"}}),
    ("a foreign origin", 403, {"method": "POST", "url": "/v1/solve", "json": {},
                               "headers": {"origin": "https://evil.example"}}),
    ("no origin at all, as files say it", 403, {"method": "POST", "url": "/v1/solve", "json": {},
                                                "headers": {"origin": "null"}}),
    ("another site", 403, {"method": "GET", "url": "/v1/cases", "headers": {"sec-fetch-site": "cross-site"}}),
    ("a form", 415, {"method": "POST", "url": "/v1/solve", "data": {"case": "x"}}),
    ("text", 415, {"method": "POST", "url": "/v1/solve", "content": "{}", "headers": {"content-type": "text/plain"}}),
    ("a large body", 413, {"method": "POST", "url": "/v1/solve", "content": b" " * (2 << 20), "headers": JSON}),
    ("no JSON", 422, {"method": "POST", "url": "/v1/solve", "content": b"{", "headers": JSON}),
    ("too deep", 422, {"method": "POST", "url": "/v1/solve", "content": DEEP.encode(), "headers": JSON}),
    ("not a number", 422, {"method": "POST", "url": "/v1/solve", "headers": JSON,
                           "content": b'{"case": "assistant-startup-margin", "gap": NaN}'}),
    ("infinity inside a case", 422, {"method": "POST", "url": "/v1/solve", "headers": JSON,
                                     "content": b'{"case": {"title": Infinity}}'}),
    ("a number that overflows", 422, {"method": "POST", "url": "/v1/solve", "headers": JSON,
                                      "content": b'{"case": "assistant-startup-margin", "gap": 1e999}'}),
    ("a field that is none", 422, {"method": "POST", "url": "/v1/solve", "json": {"case": "x", "extra": 1}}),
    ("no case", 422, {"method": "POST", "url": "/v1/solve", "json": {}}),
    ("a time limit below 0", 422, {"method": "POST", "url": "/v1/solve", "json": {"case": "x", "time_limit": -1}}),
    ("a path out of the workspace", 422, {"method": "PUT", "url": "/v1/cases/..%2f..%2fx", "json": {"case": "x"}}),
    ("a hidden name", 422, {"method": "PUT", "url": "/v1/cases/.x", "json": {"case": "assistant-startup-margin"}}),
    ("a case out of the workspace", 422, {"method": "GET", "url": "/v1/cases/.hidden"}),
    ("a file out of the workspace", 422, {"method": "GET", "url": "/v1/cases/.hidden/file"}),
    ("a file of another kind", 422, {"method": "GET", "url": "/v1/cases/assistant-startup-margin/file?form=exe"}),
    ("a run that is none", 404, {"method": "GET", "url": "/v1/runs/x"}),
    ("a report that is none", 404, {"method": "GET", "url": "/v1/runs/x/report"}),
    ("a page of a run that is none", 404, {"method": "GET", "url": "/?run=x"}),
    ("a page of no case", 422, {"method": "GET", "url": "/?case=..%2f..%2fetc%2fpasswd"}),
    ("a page with a change that is none", 422, {"method": "GET", "url": "/?change=plans.plus.price%3DNaN"}),
    ("an export with infinity", 422, {"method": "POST", "url": "/v1/file", "headers": JSON,
                                      "content": b'{"case": "assistant-startup-margin", "sets": {"x": Infinity}}'}),
    ("an export from another site", 403, {"method": "POST", "url": "/v1/file", "json": {},
                                          "headers": {"origin": "https://evil.example"}}),
    ("saving from another site", 403, {"method": "PUT", "url": "/v1/cases/x", "json": {},
                                       "headers": {"sec-fetch-site": "same-site"}}),
    ("stopping from another site", 403, {"method": "DELETE", "url": "/v1/jobs/x",
                                         "headers": {"origin": "https://evil.example"}}),
    ("runs without a token", 401, {"method": "GET", "url": "/v1/runs", "headers": {"authorization": ""}}),
    ("the page without a token", 401, {"method": "GET", "url": "/?run=x", "headers": {"authorization": ""}}),
    ("saving a form", 415, {"method": "PUT", "url": "/v1/cases/x", "content": "{}",
                            "headers": {"content-type": "application/x-www-form-urlencoded"}}),
    ("a job that is none", 404, {"method": "GET", "url": "/v1/jobs/x"}),
    ("events of a job that is none", 404, {"method": "GET", "url": "/v1/jobs/x/events"}),
    ("an address that is none", 404, {"method": "GET", "url": "/v1/..%2f..%2fetc%2fpasswd"}),
    ("another verb", 405, {"method": "PATCH", "url": "/v1/solve", "json": {}}),
]  # fmt: skip


@pytest.mark.parametrize(("status", "asked"), [(s, a) for _, s, a in CASES], ids=[name for name, _, _ in CASES])
def test_refusals(service: Any, status: int, asked: dict[str, Any]) -> None:
    answer = service.client.request(**asked)
    if status == 422 and asked["url"].startswith("/v1/cases/..%2f"):
        status = answer.status_code if answer.status_code in (404, 405, 422) else 422  # routers differ on %2f
    assert answer.status_code == status, answer.text
    told = answer.json()
    assert told["message"] if "message" in told else told["detail"]
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_a_body_whose_length_is_not_said(service: Any) -> None:
    def parts() -> Iterator[bytes]:
        for _ in range(5):
            yield b" " * (1 << 19)

    try:
        answer = service.client.post("/v1/solve", content=parts(), headers=JSON)
    except httpx.TransportError:
        return  # the connection was closed on it
    assert answer.status_code == 413


def test_the_ticket_opens_once_and_leaves_a_cookie_that_scripts_cannot_read(service: Any) -> None:
    with httpx.Client(base_url=service.base, trust_env=False) as browser:
        assert browser.get("/v1/cases").status_code == 401
        assert browser.get("/", params={"ticket": "wrong"}).status_code == 401
        first = browser.get("/", params={"ticket": service.ticket})
        assert first.status_code == 303 and first.headers["location"] == "/"
        cookie = first.headers["set-cookie"].lower()
        assert "httponly" in cookie and "samesite=strict" in cookie
        assert service.ticket not in cookie
        assert browser.get("/v1/cases").status_code == 200
    with httpx.Client(base_url=service.base, trust_env=False) as other:
        assert other.get("/", params={"ticket": service.ticket}).status_code == 401
        assert other.get("/v1/cases").status_code == 401


def test_files_of_this_machine_are_not_read(service: Any, tmp_path: Any) -> None:
    """Neither as a case, nor as a market, nor by an option of a study."""
    secret = tmp_path / "secret.yaml"
    secret.write_text("title: secret words\n")
    questions = [
        ("solve", {"case": str(secret)}),
        ("solve", {"case": {"title": "x", "question": "y?", "market": str(tmp_path), "objective": "revenue"}}),
        ("compare", {"options": {"scenarios": str(secret)}}),
        ("robust", {"options": {"draws": str(secret)}}),
    ]
    for kind, body in questions:
        job = service.ask(kind, **body)
        assert job["outcome"]["status"] == "bad_input", (kind, body)
        assert "secret words" not in json.dumps(job["outcome"])
