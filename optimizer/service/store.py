"""Ended runs, kept in SQLite: what was asked before is answered at once, also after a restart."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any

COLUMNS = ("key", "kind", "at", "question", "status", "title", "verdict", "value", "figure", "report")
_TOLD = (
    "json_extract(outcome, '$.status')",
    "json_extract(outcome, '$.document.title')",
    "json_extract(outcome, '$.document.verdict')",
    "coalesce(json_extract(outcome, '$.document.objective.value'), json_extract(outcome, '$.document.value'))",
    "coalesce(json_extract(outcome, '$.document.objective.name'), json_extract(outcome, '$.document.figure'))",
    "exists (select 1 from reports where reports.key = runs.key)",
)
LATEST = f"select key, kind, at, question, {', '.join(_TOLD)} from runs"


class RunStore:
    """One table of runs by key; its connection is shared by the service's threads."""

    def __init__(self, path: Path | None) -> None:
        """``path``: the file; None: memory alone. Raises sqlite3.Error where it cannot be opened."""
        self._turn = threading.Lock()
        self._file = sqlite3.connect(
            ":memory:" if path is None else path, check_same_thread=False, isolation_level=None
        )
        self._file.execute("pragma journal_mode = wal")
        self._file.execute("pragma synchronous = full")  # what was told to be done stays done
        self._file.execute(
            "create table if not exists runs (key text primary key, kind text, at real, question text, outcome text)"
        )
        self._file.execute("create table if not exists reports (key text primary key, html text)")

    def get(self, key: str) -> dict[str, Any] | None:
        """The outcome of a run."""
        with self._turn:
            row = self._file.execute("select outcome from runs where key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(
        self, key: str, kind: str, question: dict[str, Any], outcome: dict[str, Any], report: str | None = None
    ) -> None:
        """Keep a run, and its report. It is on the disk when this returns."""
        row = (key, kind, time.time(), json.dumps(question), json.dumps(outcome))
        with self._turn:
            if report is not None:  # first: a run that is there has its report
                self._file.execute("insert or replace into reports values (?, ?)", (key, report))
            self._file.execute("insert or replace into runs values (?, ?, ?, ?, ?)", row)

    def run(self, key: str) -> dict[str, Any] | None:
        """Key, kind, time, question and outcome of a run."""
        with self._turn:
            row = self._file.execute("select kind, at, question, outcome from runs where key = ?", (key,)).fetchone()
        if row is None:
            return None
        kind, at, question, outcome = row
        return {"key": key, "kind": kind, "at": at, "question": json.loads(question), "outcome": json.loads(outcome)}

    def report(self, key: str) -> str | None:
        """The page of a run."""
        with self._turn:
            row = self._file.execute("select html from reports where key = ?", (key,)).fetchone()
        return None if row is None else str(row[0])

    def latest(self, count: int) -> list[dict[str, Any]]:
        """Keys, kinds, times (seconds since 1970), questions, and what came of them, the newest first."""
        with self._turn:
            rows = self._file.execute(f"{LATEST} order by at desc limit ?", (count,)).fetchall()
        return [
            dict(zip(COLUMNS, row, strict=True)) | {"question": json.loads(row[3]), "report": bool(row[-1])}
            for row in rows
        ]

    def close(self) -> None:
        """No more."""
        with self._turn:
            self._file.close()
