"""The example client against a running service."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "ask_a_service.py"


def run(base: str, token: str) -> subprocess.CompletedProcess[str]:
    kept = {k: v for k, v in os.environ.items() if not k.lower().endswith("_proxy")}
    variables = {**kept, "OPTIMIZER_URL": base, "OPTIMIZER_TOKEN": token, "NO_PROXY": "*"}
    return subprocess.run([sys.executable, str(EXAMPLE)], env=variables, capture_output=True, text=True, timeout=120)


def test_the_planning_job_prints_a_proven_menu(service: Any) -> None:
    told = run(service.base, service.client.headers["authorization"].removeprefix("Bearer "))
    assert told.returncode == 0, told.stderr
    assert told.stdout.splitlines()[-1].startswith("proved: ")
    assert any(line.startswith("plus ") for line in told.stdout.splitlines())


def test_it_says_what_the_service_says(service: Any) -> None:
    told = run(service.base, "another-token-altogether")
    assert told.returncode != 0 and "401" in told.stderr and "Bearer" in told.stderr
