"""The command about saved results: verify."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optimizer.cli.interrupts import print_document
from optimizer.cli.options import TROUBLE, JsonOption, named


def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", parser=named("DIR"), help="A folder that --out made.")],
    json: JsonOption = False,
) -> None:
    """Recompute a saved result from its inputs, without a solver."""
    from optimizer.answer.verify import verify_folder
    from optimizer.io.plain import dumps
    from optimizer.studies.rivals_saved import is_rivals, verify_rivals
    from optimizer.studies.robust_saved import is_robust, verify_robust

    kinds = ((is_robust, verify_robust), (is_rivals, verify_rivals))
    report = next((check for holds, check in kinds if holds(folder)), verify_folder)(folder)
    if json:
        print_document(dumps(report))
    else:
        for row in report["checks"]:
            print(f"{'ok  ' if row['passed'] else 'FAIL'} {row['what']}: {row['detail']}")
    if not report["passed"]:
        raise typer.Exit(TROUBLE)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(verify)
