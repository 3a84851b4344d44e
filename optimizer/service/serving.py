"""Runs a service until it is told to end."""

from __future__ import annotations

import contextlib
import socket
import sys
import threading
import webbrowser
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from optimizer.answer.run import over_months
from optimizer.errors import bad_argument
from optimizer.service.asking import Ask, case_model
from optimizer.service.settings import FIRST, ServiceSettings

GRACE_SECONDS = 2
"""How long open streams may keep the service from ending."""


POLL = 0.05


def serve(
    settings: ServiceSettings,
    case: str = FIRST,
    open_browser: bool = False,
    told: Callable[[str], None] = print,
    ended: Callable[[], bool] = lambda: False,
) -> None:
    """Serve until ``ended`` says so, or uvicorn gets a signal.

    ``case``: whose page comes first, a shipped or saved name. ``told`` gets the lines for a person.

    Raises InputError where the web packages are not installed, the workspace cannot be written, or the port is taken.
    """
    try:
        import uvicorn

        from optimizer.service.app import create_app
    except ImportError as error:
        if (error.name or "").split(".")[0] not in ("fastapi", "uvicorn", "starlette"):
            raise
        raise bad_argument(
            "serve", f"{error.name} is not installed", "pip install 'pricing-strategy-optimizer[serve]'"
        ) from None
    if settings.workspace is not None:
        _prepare(settings)
    listening = _listening(settings)
    settings = replace(settings, port=listening.getsockname()[1], first=case)
    with contextlib.closing(listening):
        app = create_app(settings, partial(page_of, settings))
        told(f"open {settings.address}")
        told("programs show the token: Authorization: Bearer TOKEN; Ctrl-C ends the service")
        if open_browser:
            webbrowser.open(settings.address)
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, timeout_graceful_shutdown=GRACE_SECONDS, server_header=False
        )
        server, over = uvicorn.Server(config), threading.Event()
        threading.Thread(target=_end, args=(server, ended, over), daemon=True).start()
        try:
            server.run(sockets=[listening])
        finally:
            over.set()


def _end(server: Any, ended: Callable[[], bool], over: threading.Event) -> None:
    while not over.wait(POLL):
        if ended():
            server.should_exit = True
            return


def page_of(settings: ServiceSettings, ask: Ask, run: str | None) -> str:
    """The live page of a case, with this service behind it; ``run``: the one that the case came from.

    A case over months has no such page: it stands on that of the first case, or of one that is shipped.

    Raises InputError.
    """
    from optimizer.page.write import page_html

    workspace, months = settings.workspace, None
    found = case_model(ask, workspace)
    if over_months(found):
        months, ask = ask, Ask(case=settings.first)
        if over_months(case_model(ask, workspace)):
            ask = Ask(case=FIRST)
        found = case_model(ask, workspace)
    served = {
        "ask": ask.model_dump(mode="json", exclude_defaults=True),
        "run": run,
        "months": None if months is None else months.model_dump(mode="json", exclude_defaults=True),
        "workspace": workspace is not None,
        "scenarios": bool(found.inputs.case.scenarios or found.inputs.case.grid),
    }
    return page_html(found, served=served)


def _prepare(settings: ServiceSettings) -> None:
    assert settings.workspace is not None
    try:
        settings.workspace.mkdir(parents=True, exist_ok=True)
        (settings.workspace / "runs.db").touch()
    except OSError as error:
        raise bad_argument(
            "--workspace", f"{settings.workspace}: {error.strerror}", "name a folder that can be written"
        ) from None


def _listening(settings: ServiceSettings) -> socket.socket:
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    if sys.platform != "win32":
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((settings.host, settings.port))
        listening.listen(128)  # whoever is told the address may come at once
    except OSError as error:
        listening.close()
        message = f"{settings.host}:{settings.port}: {error.strerror or error}"
        raise bad_argument("--port", message, "name another port, or 0 for any that is free") from None
    return listening
