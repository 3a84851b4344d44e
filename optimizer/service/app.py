"""The web application: routes over ``jobs``; the guard stands in front of all of them."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import json
import time
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Annotated, Any

from fastapi import FastAPI, Query, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel
from starlette.exceptions import HTTPException

from optimizer.errors import InputError
from optimizer.io.plain import clean
from optimizer.service.asking import Ask, settled
from optimizer.service.guard import COOKIE, Guard
from optimizer.service.jobs import ENDED, AskedJob, Jobs, QueueFullError
from optimizer.service.kept import kept_routes
from optimizer.service.settings import ServiceSettings
from optimizer.service.store import RunStore
from optimizer.service.strict import StrictRoute
from optimizer.service.work import kinds
from optimizer.versions import versions

ALIVE = 10.0
"""Seconds after which a stream of events says that it is still there."""
MOST_WAIT = 60.0
"""Seconds that a request may wait for its job."""
Changed = Annotated[Sequence[str], Query()]

Page = Callable[[Ask, str | None], str]
"""The page for a case, and for the run that it came from."""


class JobSeen(BaseModel):
    """A job as clients see it."""

    id: str
    key: str
    kind: str
    state: str
    outcome: dict[str, Any] | None = None


def create_app(settings: ServiceSettings, page: Page | None = None) -> Any:
    """The ASGI application of a service; its workers start and end with it."""
    path = None if settings.workspace is None else settings.workspace / "runs.db"

    @contextlib.asynccontextmanager
    async def life(app: FastAPI) -> AsyncIterator[None]:
        store = RunStore(path)
        app.state.jobs, app.state.store = Jobs(settings, store), store
        yield
        await asyncio.to_thread(app.state.jobs.close)
        store.close()

    app = FastAPI(
        title="Pricing strategy optimizer",
        version=versions()["pricing-strategy-optimizer"],
        lifespan=life,
        docs_url=None,
        redoc_url=None,
        openapi_url="/v1/openapi.json",
    )
    app.router.route_class = StrictRoute
    app.exception_handler(RequestValidationError)(_invalid)
    app.exception_handler(InputError)(_bad_input)
    app.exception_handler(HTTPException)(_refused)
    _page_routes(app, settings, page)
    _job_routes(app, settings)
    app.include_router(kept_routes(settings))
    return Guard(app, settings)


def _page_routes(app: FastAPI, settings: ServiceSettings, page: Page | None) -> None:
    used = False

    @app.get("/", include_in_schema=False)
    async def first(
        ticket: str | None = None, case: str | None = None, run: str | None = None, change: Changed = ()
    ) -> Response:
        nonlocal used
        if ticket is not None:
            if used or not hmac.compare_digest(ticket.encode(), settings.ticket.encode()):
                raise HTTPException(401, "this address was used before: show the token, or start the service again")
            used = True
            answer = RedirectResponse("/", 303)
            answer.set_cookie(COOKIE, settings.token, httponly=True, samesite="strict")
            return answer
        if page is None:
            raise HTTPException(404, "this service has no page; ask /v1")
        ask = await asyncio.to_thread(_asked, app, settings, case, run, change)
        return HTMLResponse(await asyncio.to_thread(page, ask, run))


def _asked(app: FastAPI, settings: ServiceSettings, case: str | None, run: str | None, changes: Sequence[str]) -> Ask:
    """What a page is of: a case by name, or the question of a run; ``changes``: in place of the run's own."""
    kept = None if run is None else app.state.store.run(run)
    if run is not None and kept is None:
        raise HTTPException(404, "no such run is kept")
    ask = Ask(case=case or settings.first) if kept is None else Ask.model_validate(kept["question"])
    if not changes:
        return ask
    pairs = [text.partition("=") for text in changes if text]
    return ask.model_copy(update={"sets": {path.strip(): value.strip() for path, _, value in pairs}})


def _job_routes(app: FastAPI, settings: ServiceSettings) -> None:
    @app.get("/v1/jobs/{job_id}")
    async def read(job_id: str) -> JobSeen:
        """Where a job is, and its outcome."""
        return JobSeen(**_found(app, job_id).document())

    @app.delete("/v1/jobs/{job_id}")
    async def stop(job_id: str) -> JobSeen:
        """Stop a job: what it has found by then is its outcome, where it has found anything."""
        job = _found(app, job_id)
        job.stop.set()
        return JobSeen(**job.document())

    @app.get("/v1/jobs/{job_id}/events", response_class=StreamingResponse)
    async def events(job_id: str, request: Request) -> StreamingResponse:
        """Server-sent events: ``progress``, then ``done``, ``failed`` or ``stopped``. Goes on after Last-Event-ID."""
        job = _found(app, job_id)
        last = request.headers.get("last-event-id", "")
        start = int(last) + 1 if last.isdigit() and len(last) < 10 else 0
        return StreamingResponse(_events(job, start), media_type="text/event-stream")

    def route(kind: str) -> None:
        async def asked(ask: Ask, wait: float = 0.0) -> JSONResponse:
            question = settled(ask, settings.workspace).model_dump()
            try:
                job = await asyncio.to_thread(app.state.jobs.add, kind, question)
            except QueueFullError:
                raise HTTPException(429, "too many jobs wait", {"Retry-After": "1"}) from None
            await _ended(job, min(max(0.0, wait), MOST_WAIT))
            return JSONResponse(job.document(), 200 if job.state in ENDED else 202)

        asked.__doc__ = (
            f"Ask for {kind}: the job, ended where ``wait`` seconds were enough (200), else on its way (202)."
        )
        app.post(
            f"/v1/{kind}", name=kind, status_code=202, response_model=JobSeen, responses={200: {"model": JobSeen}}
        )(asked)

    for kind in kinds():
        route(kind)


async def _ended(job: AskedJob, seconds: float) -> None:
    """Wait for a job's end, but not longer."""
    end = time.monotonic() + seconds
    while job.state not in ENDED and time.monotonic() < end:
        await asyncio.sleep(0.01)


async def _events(job: AskedJob, start: int) -> AsyncIterator[str]:
    number, quiet = start, time.monotonic()
    while True:
        for kind, data in job.events[number:]:
            yield f"id: {number}\nevent: {kind}\ndata: {json.dumps(clean(data))}\n\n"
            number, quiet = number + 1, time.monotonic()
            if kind in ENDED:
                return
        if time.monotonic() - quiet > ALIVE:
            quiet = time.monotonic()
            yield ": still here\n\n"
        await asyncio.sleep(0.01)


def _told(status: int, message: str, headers: dict[str, str] | None = None) -> JSONResponse:
    return JSONResponse({"message": message}, status, headers)


def _found(app: FastAPI, job_id: str) -> AskedJob:
    job: AskedJob | None = app.state.jobs.find(job_id)
    if job is None:
        message = f"no job is called {job_id[:40]!r}: it never was, or is forgotten; its run may be kept"
        raise HTTPException(404, message)
    return job


async def _refused(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, HTTPException)
    return _told(error.status_code, str(error.detail), dict(error.headers or {}))


async def _invalid(request: Request, error: Exception) -> JSONResponse:
    """Field and message; the framework's own answer repeats the input, and fails on numbers that JSON does not have."""
    assert isinstance(error, RequestValidationError)
    errors = [{"field": ".".join(map(str, e["loc"])), "message": e["msg"]} for e in error.errors()[:20]]
    return JSONResponse({"message": "the request is not well formed", "errors": errors}, 422)


async def _bad_input(request: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, InputError)
    return JSONResponse({"message": str(error), "findings": [f.document() for f in error.findings]}, 422)
