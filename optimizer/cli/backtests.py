"""The command that scores dated events."""

from __future__ import annotations

from typing import Annotated

import typer

from optimizer.cli.interrupts import print_document, stoppable
from optimizer.cli.options import INTERRUPTED, OK, ClusterOption, JsonOption, console, executor_at

NameArgument = Annotated[str | None, typer.Argument(metavar="[NAME]", help="One event, or a file; all where absent.")]


def backtest(
    name: NameArgument = None,
    json: JsonOption = False,
    cluster: ClusterOption = None,
) -> None:
    """Dated events: would the model have known? Prediction, observation, score and skill of each."""
    from optimizer.answer.backtest import backtest as scored
    from optimizer.io.plain import dumps

    with executor_at(cluster) as executor, stoppable() as cancelled:
        result = scored(name, executor=executor, cancelled=cancelled)
        code = INTERRUPTED if cancelled() else OK
    if json:
        status = "interrupted" if code else "ok"
        head = {"schema_version": 1, "status": status, "verdict": None, "exit_code": code}
        print_document(dumps({**head, **result.document()}))
    else:
        from optimizer.report.backtests import backtests_page

        console().print(backtests_page(result), highlight=False)
    if code:
        raise typer.Exit(code)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(backtest)
