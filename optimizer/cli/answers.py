"""The command that evaluates today's menu, and how an answer is saved and shown."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Checks:
    """How an answer is told before its checks are done, and after."""

    before: Callable[[Any], Any]
    after: Callable[[Any], Any]


def emit(
    solution: Any,
    as_json: bool,
    out: Path | None,
    files: Callable[[Any], None] | None = None,
    checks: Checks | None = None,
) -> None:
    """Save and show a solution; further ``files`` come after a text, and before the one document, which is the last.

    With ``checks`` a text begins with what is known before they are done.
    """
    from optimizer.io.plain import dumps

    document, saved = _documents(solution)

    if checks is not None:
        if not as_json:
            from optimizer.report.text import show_head

            show_head(console(), checks.before(solution))
            sys.stdout.flush()
        solution = checks.after(solution)
    if out is not None:
        from optimizer.io.saving import write_folder_atomic

        write_folder_atomic(out, saved(solution))
    if not as_json:
        _show(solution, checks is not None)
        if out is not None:
            print(f"saved to {out}", file=sys.stderr)
    if files is not None:
        files(solution)
    if as_json:
        print_document(dumps(document(solution)))


def _documents(solution: Any) -> tuple[Callable[[Any], dict[str, Any]], Callable[[Any], dict[str, bytes]]]:
    """How an answer, in the long run or over months, is told as plain data and as files."""
    if hasattr(solution, "timeline"):
        from optimizer.answer.path_document import path_document, path_files

        return path_document, path_files
    from optimizer.answer.document import solution_document, solution_files

    return solution_document, solution_files


def _show(solution: Any, begun: bool) -> None:
    """Print an answer; what was ``begun`` has its head already."""
    if hasattr(solution, "timeline"):
        from optimizer.report.path_text import show_path

        show_path(console(), solution)
        return
    from optimizer.report.text import show, show_rest

    (show_rest if begun else show)(console(), solution)


def checks_of(case_model: Any, settings: Any, word: str) -> Checks | None:
    """The checks that a word names, of a case; None for none of them."""
    from optimizer.answer.checks.running import before_checks, check_answer, checks_named

    wanted = checks_named(word)
    if not wanted:
        return None
    return Checks(
        lambda solution: before_checks(case_model, solution, settings),
        lambda solution: check_answer(case_model, solution, settings, wanted),
    )


def evaluate(case: CaseArgument, sets: SetOption = None, json: JsonOption = False, out: OutOption = None) -> None:
    """Today's menu with changes, nothing optimised: this menu, what then?"""
    from optimizer.answer.run import evaluate_case

    out = read_folder(out)
    emit(evaluate_case(case, sets=read_changes(sets)), json, out)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(evaluate)
