"""Jobs: a queue in front of a few worker processes. A worker that dies takes no other job with it."""

from __future__ import annotations

import contextlib
import hashlib
import json
import queue
import threading
import time
import uuid
from collections import OrderedDict
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from optimizer.execution.ending import at_end
from optimizer.execution.worker_process import WorkerEndedError, WorkerProcess, job_of, opened_answer
from optimizer.service import work
from optimizer.service.settings import ServiceSettings
from optimizer.service.store import RunStore
from optimizer.versions import versions

State = Literal["waiting", "running", "done", "failed", "stopped"]
ENDED = ("done", "failed", "stopped")
GRACE = 1.0
"""Seconds that a job has to end after it was asked to, or after its time was up."""
KEPT = ("answer", "infeasible")
"""Outcomes that another run of the same question would have, too."""


class QueueFullError(Exception):
    """Too many jobs wait."""


@dataclass(eq=False)
class AskedJob:
    """One question on its way."""

    id: str
    key: str
    kind: str
    question: dict[str, Any]
    seconds: float
    """Its time limit."""
    state: State = "waiting"
    outcome: dict[str, Any] | None = None
    events: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    """Kind and data, in order: ``progress``, and at last its state."""
    stop: threading.Event = field(default_factory=threading.Event)

    def tell(self, kind: str, data: dict[str, Any]) -> None:
        """One more event."""
        self.events.append((kind, data))

    def end(self, state: State, outcome: dict[str, Any]) -> None:
        """The last event."""
        self.state, self.outcome = state, outcome
        self.tell(state, outcome)

    def document(self) -> dict[str, Any]:
        """As clients see it."""
        return {"id": self.id, "key": self.key, "kind": self.kind, "state": self.state, "outcome": self.outcome}


class Jobs:
    """Takes questions, runs them, remembers what came of them. Threads of its own; end them with ``close``."""

    def __init__(self, settings: ServiceSettings, store: RunStore) -> None:
        self._settings, self._store = settings, store
        self._workspace = None if settings.workspace is None else str(settings.workspace)
        self._jobs: OrderedDict[str, AskedJob] = OrderedDict()
        self._turn, self._starting = threading.Lock(), threading.Lock()
        self._waiting: queue.SimpleQueue[AskedJob | None] = queue.SimpleQueue()
        self._workers: set[WorkerProcess] = set()
        self._closed = False
        self._threads = [
            threading.Thread(target=self._serve, name=f"optimizer-jobs-{k}", daemon=True)
            for k in range(settings.workers)
        ]
        for thread in self._threads:
            thread.start()
        at_end(self.close)

    def add(self, kind: str, question: dict[str, Any]) -> AskedJob:
        """The job of a question: a new one, or the one that runs it or has run it. Raises QueueFullError."""
        key = key_of(kind, question)
        with self._turn:
            for job in reversed(self._jobs.values()):
                if job.key == key and not job.stop.is_set() and job.state in ("waiting", "running", "done"):
                    return job
            kept = self._store.get(key)
            busy = sum(job.state not in ENDED for job in self._jobs.values())
            if kept is None and busy >= self._settings.most_waiting:
                raise QueueFullError
            limit = question.get("time_limit") or self._settings.most_seconds
            job = AskedJob(uuid.uuid4().hex, key, kind, question, min(limit, self._settings.most_seconds))
            self._jobs[job.id] = job
            self._forget()
        if kept is not None:
            job.end("done", kept)
        else:
            self._waiting.put(job)
        return job

    def find(self, name: str) -> AskedJob | None:
        """A job by id."""
        with self._turn:
            return self._jobs.get(name)

    def close(self) -> None:
        """End the workers; jobs that run are lost."""
        self._closed = True
        for _ in self._threads:
            self._waiting.put(None)
        for worker in list(self._workers):
            worker.end(at_once=True)

    def _forget(self) -> None:
        """Only so many ended jobs are remembered."""
        ended = [job.id for job in self._jobs.values() if job.state in ENDED]
        for name in ended[: max(0, len(ended) - self._settings.most_jobs)]:
            del self._jobs[name]

    def _serve(self) -> None:
        """One worker process after another, for one job after another."""
        worker = self._started()
        while not self._closed:
            job = self._waiting.get()
            if job is None:
                break
            if job.stop.is_set():
                job.end("stopped", {"status": "stopped", "message": "the job was stopped before it began"})
                continue
            if not worker.alive:  # died while idle: nobody's job is lost
                worker = self._replaced(worker)
            self._run(job, worker)
            if not worker.alive and not self._closed:
                worker = self._replaced(worker)
        worker.end(at_once=True)

    def _started(self) -> WorkerProcess:
        worker = WorkerProcess({"OPENBLAS_NUM_THREADS": "1"})
        self._workers.add(worker)
        with self._starting, contextlib.suppress(WorkerEndedError):  # one after another: the first is ready sooner
            worker.ask(job_of(work.warm, (self._settings.first, self._workspace), {}))
        return worker

    def _replaced(self, worker: WorkerProcess) -> WorkerProcess:
        self._workers.discard(worker)
        worker.end(at_once=True)
        return self._started()

    def _run(self, job: AskedJob, worker: WorkerProcess) -> None:
        job.state = "running"
        over = threading.Event()
        threading.Thread(target=_watch, args=(job, worker, over), daemon=True).start()
        try:
            task = job_of(work.work, (job.kind, job.question, self._workspace, job.seconds), {})
            outcome = opened_answer(worker.ask(task, lambda news: job.tell("progress", news)))
        except WorkerEndedError:
            if job.stop.is_set():
                job.end("stopped", {"status": "stopped", "message": "the job was stopped"})
            else:
                job.end("failed", {"status": "error", "message": "the process that ran the job ended under it"})
            return
        except Exception as error:
            job.end("failed", {"status": "error", "message": f"unexpected {type(error).__name__}: {error}"[:2000]})
            return
        finally:
            over.set()
        page = outcome.pop(work.HTML, None)
        if outcome["status"] in KEPT and not outcome["stopped"]:
            self._store.put(job.key, job.kind, job.question, outcome, page)
        state: State = "stopped" if outcome["status"] == "stopped" else "done"
        job.end("failed" if outcome["status"] == "error" else state, outcome)


_versions = cache(versions)
"""Looked up once: they are read from files, and stay while a service runs."""


def key_of(kind: str, question: dict[str, Any]) -> str:
    """What makes two questions the same: all that is asked, and the versions that answer."""
    text = json.dumps([kind, question, _versions()], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def _watch(job: AskedJob, worker: WorkerProcess, over: threading.Event) -> None:
    """Ask the job to stop when it is no longer wanted, and end the process of one that does not."""
    end = time.monotonic() + job.seconds + 2.0 * GRACE
    while True:
        if over.wait(0.02):
            return
        if job.stop.is_set():
            worker.stop()
            end = min(end, time.monotonic() + GRACE)
            break
        if time.monotonic() > end:
            break
    if not over.wait(max(0.0, end - time.monotonic())):
        worker.end(at_once=True)
