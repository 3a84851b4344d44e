"""The commands about cases and markets: check, list, copy."""

from __future__ import annotations

import json as json_module
import os
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from optimizer.cli.interrupts import print_document
from optimizer.cli.options import BAD_INPUT, OK, CaseArgument, JsonOption, SetOption, named, read_changes
from optimizer.errors import bad_argument

if TYPE_CHECKING:
    from optimizer.market.measured import Measured


def check(case: CaseArgument, sets: SetOption = None, json: JsonOption = False) -> None:
    """Check a case and its market, with the credibility checks, without solving."""
    from optimizer.io.plain import dumps
    from optimizer.market.diversion import diversions
    from optimizer.market.over_months import answers_over_months
    from optimizer.market.rise import payers_rise
    from optimizer.model.case_model import checked_case
    from optimizer.report.words import diversion_text, findings_text

    findings, case_model = checked_case(case, sets=read_changes(sets))
    errors = [f for f in findings if f.severity == "error"]
    believed = case_model is not None and not errors
    checks = case_model.checks if case_model is not None and believed else ()
    lost = diversions(case_model.today) if case_model is not None and believed else []
    later = answers_over_months(case_model.calibrated, case_model.today) if case_model is not None and believed else []
    rise = payers_rise(case_model.inputs.market, case_model.today) if case_model is not None and believed else None
    if json:
        body = {
            "schema_version": 1,
            "status": "bad_input" if errors else "ok",
            "verdict": None,
            "exit_code": BAD_INPUT if errors else OK,
            "message": "\n".join(str(f) for f in errors),
            "findings": [f.document() for f in findings],
            "credibility": [_check_row(c) for c in checks],
            "diversion": [asdict(d) for d in lost],
            "over_months": [asdict(a) for a in later],
            "payers_rise": None if rise is None else asdict(rise),
        }
        print_document(dumps(body))
    else:
        for c in checks:
            told = f"{c.value:.4g} (expected {c.low:.4g} to {c.high:.4g})"
            print(f"{'ok  ' if c.passed else 'MISS'} {c.check} of {c.of}: {told}")
        for d in lost:
            print(diversion_text(d))
        for a in later:
            told = ", ".join(f"{value:.2f} after {t} month{'s' if t > 1 else ''}" for t, value in a.elasticity.items())
            print(f"{a.plan}: own-price elasticity of customers {told}")
        if rise is not None:
            print(rise.text)
        print(findings_text(findings) if findings else "no findings")
    if errors:
        raise typer.Exit(BAD_INPUT)


def _check_row(c: Measured) -> dict[str, Any]:
    return {"check": c.check, "of": c.of, "value": c.value, "low": c.low, "high": c.high, "passed": c.passed}


def list_command(json: JsonOption = False) -> None:
    """The shipped cases and markets."""
    from optimizer.io.library import case_document, case_title, list_cases, list_markets

    if json:
        from optimizer.io.plain import dumps

        data = {name: case_document(name).data for name in list_cases()}
        rows = [{"case": n, **{key: d.get(key) for key in ("market", "title", "question")}} for n, d in data.items()]
        print_document(dumps({"cases": rows, "markets": list_markets()}))
        return
    for name in list_cases():
        print(f"{name:34} {case_title(name)}")
    print(f"\nmarkets: {', '.join(list_markets())}")


def copy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped case.")],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=named("DIR"), help="Where to put cases/ and models/.")
    ],
    json: JsonOption = False,
) -> None:
    """Copy a case with its market, to make your own."""
    from optimizer.io.formats import is_workbook

    if is_workbook(folder):
        from optimizer.inputs.load import load_case
        from optimizer.io.workbook import write_case_workbook

        target = folder if folder.suffix.lower() == ".xlsx" else folder.with_suffix(".xlsx")
        if os.path.lexists(target):
            raise bad_argument("dir", f"{target} exists already", "name another file, or remove it first")
        inputs = load_case(name)
        write_case_workbook(target, inputs.case_document, inputs.market_document)
    else:
        from optimizer.io.copying import copy_case

        target = copy_case(name, folder)
    if json:
        print_document(json_module.dumps({"case": str(target)}) + "\n")
    else:
        print(target)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(check)
    app.command("list")(list_command)
    app.command()(copy)
