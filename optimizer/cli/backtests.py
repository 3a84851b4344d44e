"""The command that scores dated events."""

from __future__ import annotations

from typing import Annotated

import typer

from optimizer.cli.interrupts import print_document
from optimizer.cli.options import OK, JsonOption, console

NameArgument = Annotated[str | None, typer.Argument(metavar="[NAME]", help="One event, or a file; all where absent.")]


def backtest(
    name: NameArgument = None,
    json: JsonOption = False,
) -> None:
    """Dated events: would the model have known? Prediction, observation, score and skill of each."""
    from optimizer.answer.backtest import backtest as scored
    from optimizer.io.plain import dumps

    result = scored(name)
    if json:
        head = {"schema_version": 1, "status": "ok", "verdict": None, "exit_code": OK}
        print_document(dumps({**head, **result.document()}))
        return
    from optimizer.report.backtests import backtests_page

    console().print(backtests_page(result), highlight=False)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(backtest)
