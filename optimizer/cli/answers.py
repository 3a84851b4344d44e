"""The command that evaluates today's menu, and how an answer is saved and shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import typer

from optimizer.cli.interrupts import print_document
from optimizer.cli.options import (
    CaseArgument,
    JsonOption,
    OutOption,
    SetOption,
    console,
    read_changes,
    read_folder,
)


def emit(solution: Any, as_json: bool, out: Path | None, files: Callable[[], None] | None = None) -> None:
    """Save and show a solution; further ``files`` come after a text, and before the one document, which is the last."""
    from optimizer.answer.document import solution_document, solution_files
    from optimizer.io.plain import dumps

    if out is not None:
        from optimizer.io.saving import write_folder_atomic

        write_folder_atomic(out, solution_files(solution))
    if not as_json:
        from optimizer.report.text import show

        show(console(), solution)
        if out is not None:
            print(f"saved to {out}", file=sys.stderr)
    if files is not None:
        files()
    if as_json:
        print_document(dumps(solution_document(solution)))


def evaluate(case: CaseArgument, sets: SetOption = None, json: JsonOption = False, out: OutOption = None) -> None:
    """Today's menu with changes, nothing optimised: this menu, what then?"""
    from optimizer.answer.run import evaluate_case

    out = read_folder(out)
    emit(evaluate_case(case, sets=read_changes(sets)), json, out)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(evaluate)
