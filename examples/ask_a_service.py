"""A planning job that asks a running service: posts a case, waits for the answer, keeps it.

Start a service with ``optimizer serve --workspace planning`` and a token in OPTIMIZER_TOKEN, then run this with the
same token. Standard library only, so it can be copied into any job.
"""

from __future__ import annotations

import json
import os
import sys
import time
import urllib.error
import urllib.request
from typing import Any

BASE = os.environ.get("OPTIMIZER_URL", "http://127.0.0.1:8765")
CASE = {
    "title": "Prices for next month",
    "question": "Which prices earn the most, with at least 95 % of today's customers?",
    "market": "assistant-startup",
    "objective": "contribution_margin",
    "plans": {"plus": {"price": [9, 10, 11, 12, 13, 14, 15]}, "team": {"price": [20, 22, 25, 28]}},
    "conditions": [{"figure": "customers", "at_least": 0.95, "relative_to": "today"}],
}


def request(path: str, body: dict[str, Any] | None = None, tries: int = 5) -> dict[str, Any]:
    """One request; a full queue is waited for. Raises RuntimeError with what the service says."""
    headers = {"Authorization": f"Bearer {os.environ['OPTIMIZER_TOKEN']}", "Content-Type": "application/json"}
    data = None if body is None else json.dumps(body).encode()
    for _ in range(tries):
        try:
            with urllib.request.urlopen(urllib.request.Request(BASE + path, data, headers), timeout=90) as answer:
                found: dict[str, Any] = json.load(answer)
                return found
        except urllib.error.HTTPError as error:
            if error.code != 429:
                raise RuntimeError(f"{error.code}: {error.read().decode()}") from None
            time.sleep(float(error.headers.get("Retry-After", 1)))
    raise RuntimeError("the service stays busy")


def answer_of(case: dict[str, Any]) -> dict[str, Any]:
    """The document of a case's answer. Raises RuntimeError where there is none."""
    job = request("/v1/solve?wait=30", {"case": case, "time_limit": 120})
    while job["state"] in ("waiting", "running"):
        time.sleep(1.0)
        job = request(f"/v1/jobs/{job['id']}")
    outcome = job["outcome"]
    if outcome["status"] != "answer":
        raise RuntimeError(f"{outcome['status']}: {outcome['message']}")
    document: dict[str, Any] = outcome["document"]
    return document


def main() -> int:
    """Print the menu and what it brings."""
    found = answer_of(CASE)
    for plan, terms in found["menu"].items():
        print(f"{plan:6} {terms['today_price']:6.2f} -> {terms['price']:6.2f} usd/month")
    value, bound = found["objective"]["value"], found["objective"]["bound"]
    print(f"{found['verdict']}: {value:,.0f} usd a month, no menu of the case brings more than {bound:,.0f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
