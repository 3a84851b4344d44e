"""The commands that say what words mean: schema, equations."""

from __future__ import annotations

import json as json_module
import sys
from collections.abc import Callable
from typing import Annotated, Any

import typer

from optimizer.cli.interrupts import print_document
from optimizer.cli.options import JsonOption
from optimizer.errors import bad_argument


def _case() -> dict[str, Any]:
    from optimizer.schema.case import Case

    return Case.model_json_schema()


def _backtest() -> dict[str, Any]:
    from optimizer.schema.backtest import Backtest

    return Backtest.model_json_schema()


def _market() -> dict[str, Any]:
    from optimizer.schema.market import Market

    return Market.model_json_schema()


def _figures() -> dict[str, Any]:
    from optimizer.report.figures import figure_rows

    return figure_rows()


SCHEMAS: dict[str, Callable[[], dict[str, Any]]] = {
    "case": _case, "market": _market, "figures": _figures, "backtest": _backtest,
}  # fmt: skip


def schema(
    what: Annotated[str, typer.Argument(metavar="[case|market|figures|backtest]")] = "",
    json: Annotated[bool, typer.Option("--json", help="Changes nothing: the schema is JSON.")] = False,
) -> None:
    """The data dictionary: case, market and back-test as JSON Schema, and what every figure is."""
    if what and what not in SCHEMAS:
        raise bad_argument("schema", f"no schema is named {what!r}", "case, market, figures or backtest")
    body = {name: made() for name, made in SCHEMAS.items() if what in ("", name)}
    print_document(json_module.dumps(body[what] if what else body, indent=2) + "\n")


def equations(json: JsonOption = False) -> None:
    """Every equation of the model: formula, index, unit, source."""
    from optimizer.report.equations import equation_rows, equations_text

    rows = equation_rows()
    if json:
        from optimizer.io.plain import dumps

        print_document(dumps({"equations": rows}))
    else:
        sys.stdout.write(equations_text(rows))


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(schema)
    app.command()(equations)
