"""The command that serves."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from optimizer.cli.interrupts import stoppable
from optimizer.errors import bad_argument

LEAST_TOKEN = 16


def serve(
    case: Annotated[
        str, typer.Argument(metavar="[CASE]", help="Whose page comes first: a shipped or saved case.")
    ] = "",
    open_browser: Annotated[bool, typer.Option("--open", help="Open the page in a browser.")] = False,
    host: Annotated[str, typer.Option("--host", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", help="0: any that is free.", min=0, max=65535)] = 8765,
    token: Annotated[
        str | None,
        typer.Option("--token", help="What clients show; else OPTIMIZER_TOKEN, else a new one.", metavar="TEXT"),
    ] = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", help="A further name of this machine, as browsers write it. May be repeated."),
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option("--workspace", help="Folder for saved cases, markets and runs.", metavar="FOLDER")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", help="Jobs that run at once.", min=1, max=64)] = 2,
) -> None:
    """Serve the optimizer over HTTP: the page, and /v1 for programs."""
    from optimizer.service.serving import serve as served
    from optimizer.service.settings import FIRST, ServiceSettings

    given = token or os.environ.get("OPTIMIZER_TOKEN")
    if given is not None and (
        len(given) < LEAST_TOKEN or not given.isascii() or not given.isprintable() or " " in given
    ):
        cure = f"at least {LEAST_TOKEN} letters and digits"
        raise bad_argument("--token", "it is too short, or has characters that a header cannot carry", cure)
    shown = {"host": host, "port": port, "names": tuple(names or ()), "workspace": workspace, "workers": workers}
    settings = ServiceSettings(**shown, **({} if given is None else {"token": given}))  # type: ignore[arg-type]
    with stoppable() as ended:
        served(settings, case or FIRST, open_browser, lambda line: print(line, file=sys.stderr, flush=True), ended)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(serve)
