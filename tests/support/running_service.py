"""A service in a process of its own, and what asks it."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx

TOKEN = "a-token-for-tests-only"
SMALL: dict[str, Any] = {
    "title": "Small",
    "question": "Which price of Plus?",
    "market": "assistant-startup",
    "objective": "contribution_margin",
    "plans": {"plus": {"price": [8, 10, 12]}},
}


class Service:
    """A service in a process of its own."""

    small = SMALL

    def __init__(self, workspace: Path, *more: str) -> None:
        self.workspace = workspace
        command = [sys.executable, "-m", "optimizer", "serve", "--port", "0", "--workers", "1"]
        self.process = subprocess.Popen(
            [*command, "--workspace", str(workspace), *more],
            env={**os.environ, "OPTIMIZER_TOKEN": TOKEN},
            stderr=subprocess.PIPE,
            text=True,
        )
        assert self.process.stderr is not None
        self.told = self.process.stderr.readline()
        found = re.fullmatch(r"open (http://127\.0\.0\.1:(\d+))/\?ticket=(\S+)\n", self.told)
        assert found, self.told
        self.base, self.port, self.ticket = found[1], int(found[2]), found[3]
        self.client = httpx.Client(
            base_url=self.base, headers={"authorization": f"Bearer {TOKEN}"}, trust_env=False, timeout=60.0
        )

    def ask(self, kind: str = "solve", wait: float = 60.0, **body: Any) -> dict[str, Any]:
        """The job of a question."""
        answer = self.client.post(f"/v1/{kind}", params={"wait": wait}, json={"case": SMALL, **body})
        assert answer.status_code in (200, 202), answer.text
        found: dict[str, Any] = answer.json()
        return found

    def end(self) -> None:
        self.client.close()
        self.process.kill()
        self.process.wait()
        assert self.process.stderr is not None
        self.process.stderr.close()
