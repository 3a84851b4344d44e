"""The commands that answer a case: run, evaluate."""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import typer

from optimizer.cli import interrupts
from optimizer.cli.files import ExcelOption, HtmlOption, ParquetOption, WithOption, read_studies, write_files
from optimizer.cli.interrupts import print_document
from optimizer.cli.options import (
    CaseArgument,
    GapOption,
    JsonOption,
    OutOption,
    ScreenOption,
    SetOption,
    TimeOption,
    console,
    read_changes,
    read_folder,
    read_gap,
    read_limit,
)


def _emit(solution: Any, as_json: bool, out: Path | None, files: Callable[[], None] | None = None) -> None:
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


def run(
    case: CaseArgument,
    sets: SetOption = None,
    json: JsonOption = False,
    out: OutOption = None,
    gap: GapOption = None,
    time_limit: TimeOption = None,
    screen: ScreenOption = True,
    html: HtmlOption = None,
    excel: ExcelOption = None,
    parquet: ParquetOption = None,
    studies: WithOption = None,
) -> None:
    """Solve a case: the best menu, proven, against today's."""
    from optimizer.answer.run import settings_of, solve_case_model
    from optimizer.execution.clock import limited
    from optimizer.model.case_model import prepare_case

    gap, time_limit, out = read_gap(gap), read_limit(time_limit), read_folder(out)
    began = interrupts.began()
    with limited(time_limit, began):
        case_model = prepare_case(case, sets=read_changes(sets))
        settings = settings_of(case_model, began, gap, time_limit, None if screen else False)
        asked = any((html, excel, parquet))
        wanted = read_studies(studies, case_model, settings, asked)
        solution = solve_case_model(case_model, settings)
    files = partial(write_files, case_model, solution, settings, html, excel, parquet, wanted)
    _emit(solution, json, out, files if asked else None)


def evaluate(case: CaseArgument, sets: SetOption = None, json: JsonOption = False, out: OutOption = None) -> None:
    """Today's menu with changes, nothing optimised: this menu, what then?"""
    from optimizer.answer.run import evaluate_case

    out = read_folder(out)
    _emit(evaluate_case(case, sets=read_changes(sets)), json, out)


def register(app: typer.Typer) -> None:
    """Add these commands to the command line."""
    app.command()(run)
    app.command()(evaluate)
