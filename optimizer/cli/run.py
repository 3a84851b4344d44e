"""The command that solves a case."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path
from typing import Any

import typer

from optimizer.cli import interrupts
from optimizer.cli.answers import checks_of, emit
from optimizer.cli.files import (
    ExcelOption,
    HtmlOption,
    ParquetOption,
    WithOption,
    WithStudies,
    read_studies,
    write_files,
)
from optimizer.cli.options import (
    CaseArgument,
    ChecksOption,
    ClusterOption,
    GapOption,
    JsonOption,
    NoChecksOption,
    OutOption,
    ScreenOption,
    SetOption,
    TimeOption,
    executor_at,
    read_changes,
    read_checks,
    read_folder,
    read_gap,
    read_limit,
)
from optimizer.errors import bad_argument


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
    checks: ChecksOption = None,
    no_checks: NoChecksOption = False,
    cluster: ClusterOption = None,
) -> None:
    """Solve a case: the best menu, proven, against today's."""
    from optimizer.answer.run import over_months, settings_of, solve_any
    from optimizer.execution.clock import limited
    from optimizer.model.case_model import prepare_case

    checked = read_checks(checks, no_checks, any((html, excel, parquet)))
    gap, time_limit, out = read_gap(gap), read_limit(time_limit), read_folder(out)
    began = interrupts.began()
    asked = any((html, excel, parquet))
    with limited(time_limit, began):
        case_model = prepare_case(case, sets=read_changes(sets))
        settings = settings_of(case_model, began, gap, time_limit, None if screen else False)
        if over_months(case_model):
            given = {"--parquet": parquet, "--with": studies, "--cluster": cluster}
            _only_long_run({**given, "--checks all": checks == "all", "--no-screen": not screen})
        wanted = read_studies(studies, case_model, settings, asked and not over_months(case_model))
    if cluster is not None and not wanted:
        raise bad_argument("--cluster", "only studies run there", "add --html, --excel or --parquet, or leave it out")
    with executor_at(cluster) as executor:
        with limited(time_limit, began):
            solution = solve_any(case_model, settings)
        files = partial(write_files, case_model, settings, html, excel, parquet, wanted, executor)
        if over_months(case_model):
            files = partial(_path_files, html, excel)
        told = None if over_months(case_model) else checks_of(case_model, settings, checked)
        emit(solution, json, out, files if asked else None, told)


def _path_files(html: Path | None, excel: Path | None, solution: Any) -> None:
    """The page and the workbook of an answer over months."""
    if excel is not None:
        from optimizer.report.path_excel import write_path_workbook

        write_path_workbook(excel, solution)
        print(f"saved to {excel}", file=sys.stderr)
    if html is None:
        return
    try:
        from optimizer.report.path_html import write_path_report
    except ModuleNotFoundError as error:
        cure = "pip install 'pricing-strategy-optimizer[report]'"
        raise bad_argument("--html", f"the report needs the package {error.name}", cure) from None
    write_path_report(html, solution)
    print(f"saved to {html}", file=sys.stderr)


def _only_long_run(options: dict[str, object]) -> None:
    """Raises InputError for options that an answer over months does not have."""
    for name, given in options.items():
        if given:
            raise bad_argument(name, "an answer over months does not have it", "leave it out; --out and --json do")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command(cls=WithStudies)(run)
