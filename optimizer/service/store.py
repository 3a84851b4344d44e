"""Ended runs, kept in SQLite: what was asked before is answered at once, also after a restart."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from pathlib import Path
from typing import Any


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

    def get(self, key: str) -> dict[str, Any] | None:
        """The outcome of a run."""
        with self._turn:
            row = self._file.execute("select outcome from runs where key = ?", (key,)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, key: str, kind: str, question: dict[str, Any], outcome: dict[str, Any]) -> None:
        """Keep a run. It is on the disk when this returns."""
        row = (key, kind, time.time(), json.dumps(question), json.dumps(outcome))
        with self._turn:
            self._file.execute("insert or replace into runs values (?, ?, ?, ?, ?)", row)

    def latest(self, count: int) -> list[dict[str, Any]]:
        """Keys, kinds, times (seconds since 1970) and questions, the newest first."""
        with self._turn:
            rows = self._file.execute("select key, kind, at, question from runs order by at desc limit ?", (count,))
            return [{"key": k, "kind": kind, "at": at, "question": json.loads(q)} for k, kind, at, q in rows]

    def close(self) -> None:
        """No more."""
        with self._turn:
            self._file.close()
