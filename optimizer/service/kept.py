"""Routes over what is kept: cases, markets and runs; and the schemas of what can be asked."""

from __future__ import annotations

import asyncio
import json
from typing import Any

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, JSONResponse
from starlette.exceptions import HTTPException

from optimizer.io.library import list_markets
from optimizer.io.plain import clean
from optimizer.service.asking import Ask, saved_markets
from optimizer.service.saved import case_file, case_rows, save_case, whole_case
from optimizer.service.settings import ServiceSettings
from optimizer.service.strict import StrictRoute

LATEST = 100
"""Runs that are listed."""


def kept_routes(settings: ServiceSettings) -> APIRouter:
    """The routes of one service."""
    router = APIRouter(route_class=StrictRoute)
    _case_routes(router, settings)
    _run_routes(router)

    @router.get("/v1/schema")
    async def schema() -> dict[str, Any]:
        """JSON Schemas of a case and of a market, and the options of studies."""
        return await asyncio.to_thread(_schemas)

    @router.get("/v1/markets")
    async def markets() -> list[dict[str, Any]]:
        """Names of the markets: shipped, and saved here."""
        own = saved_markets(settings.workspace)
        shipped = [{"name": name, "saved": False} for name in list_markets() if name not in own]
        return [*({"name": name, "saved": True} for name in own), *shipped]

    return router


def _case_routes(router: APIRouter, settings: ServiceSettings) -> None:
    workspace = settings.workspace

    @router.get("/v1/cases")
    async def cases() -> list[dict[str, Any]]:
        """The cases with their titles: saved here, and shipped."""
        return await asyncio.to_thread(case_rows, workspace)

    @router.get("/v1/cases/{name}")
    async def case(name: str) -> dict[str, Any]:
        """A case as its file says it."""
        return {"name": name, "case": await asyncio.to_thread(whole_case, Ask(case=name), workspace)}

    @router.put("/v1/cases/{name}")
    async def save(name: str, ask: Ask) -> JSONResponse:
        """Save a case under a name; it must be one that could be asked."""
        if workspace is None:
            raise HTTPException(409, "this service has no workspace: start it with --workspace FOLDER")
        await asyncio.to_thread(save_case, name, ask, workspace)
        return JSONResponse({"name": name, "saved": True})

    @router.get("/v1/cases/{name}/file", response_class=Response)
    async def file(name: str, form: str = "yaml") -> Response:
        """A case as a file: ``yaml``, or ``xlsx`` with its market."""
        return await _file(form, Ask(case=name), settings)

    @router.post("/v1/file", response_class=Response)
    async def made(ask: Ask, form: str = "yaml") -> Response:
        """What is asked as a case file: ``yaml``, or ``xlsx`` with its market."""
        return await _file(form, ask, settings)


async def _file(form: str, ask: Ask, settings: ServiceSettings) -> Response:
    kind, content = await asyncio.to_thread(case_file, form, ask, settings.workspace)
    return Response(content, media_type=kind, headers={"content-disposition": f'attachment; filename="case.{form}"'})


def _run_routes(router: APIRouter) -> None:
    @router.get("/v1/runs")
    async def runs(request: Request) -> list[dict[str, Any]]:
        """The latest runs that are kept, with what came of them."""
        return list(await asyncio.to_thread(request.app.state.store.latest, LATEST))

    @router.get("/v1/runs/{key}")
    async def run(key: str, request: Request) -> dict[str, Any]:
        """A run with its question and its outcome."""
        found: dict[str, Any] | None = await asyncio.to_thread(request.app.state.store.run, key)
        if found is None:
            raise HTTPException(404, "no such run is kept")
        return found

    @router.get("/v1/runs/{key}/report", response_class=HTMLResponse)
    async def report(key: str, request: Request) -> HTMLResponse:
        """The page of a run that was asked for its report."""
        found: str | None = await asyncio.to_thread(request.app.state.store.report, key)
        if found is None:
            raise HTTPException(404, "no such report is kept")
        return HTMLResponse(found)


def _schemas() -> dict[str, Any]:
    from optimizer.schema.case import Case
    from optimizer.schema.market import Market
    from optimizer.studies.study import studies

    options = {
        study.verb: {
            "help": study.help,
            "options": {o.name: {"type": o.kind.__name__, "default": o.default, "help": o.help} for o in study.options},
        }
        for study in studies()
    }
    shown = {
        verb: {**told, "options": clean(json.loads(json.dumps(told["options"], default=str)))}
        for verb, told in options.items()
    }
    return {"case": Case.model_json_schema(), "market": Market.model_json_schema(), "studies": shown}
