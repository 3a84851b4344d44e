"""Reports and workbooks of an answer."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from optimizer.cli.options import named
from optimizer.errors import bad_argument

if TYPE_CHECKING:
    from optimizer.studies.study import Study

HtmlOption = Annotated[
    Path | None,
    typer.Option("--html", metavar="FILE", parser=named("--html"), help="Write a self-contained report with charts."),
]
ExcelOption = Annotated[
    Path | None,
    typer.Option("--excel", metavar="FILE", parser=named("--excel"), help="Write a workbook with all tables."),
]
ParquetOption = Annotated[
    Path | None,
    typer.Option("--parquet", metavar="DIR", parser=named("--parquet"), help="Write all tables as parquet files."),
]
WithOption = Annotated[str | None, typer.Option("--with", metavar="STUDIES")]


class WithStudies(TyperCommand):
    """A command with ``--with``; which studies there are is looked up only for its help."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        from optimizer.studies.study import studies

        words = ",".join(sorted(study.word for study in studies()))
        left_out = ", ".join(study.word for study in studies() if not study.in_report)
        option: Any = next(p for p in self.params if "--with" in p.opts)
        option.help = f"Studies in the report: {words} or none; by default all but {left_out}."
        super().format_help(ctx, formatter)


def read_studies(text: str | None, case_model: Any, settings: Any, files: bool) -> tuple[Study[Any], ...]:
    """The studies that the files are to hold, before the work is done; those left out are told. Raises InputError."""
    if text is None and not files:
        return ()
    from optimizer.studies.bundle import wanted_studies

    wanted, told = wanted_studies(text, case_model, settings)
    if text is not None and wanted and not files:
        raise bad_argument("--with", "there is no file to put studies in", "add --html, --excel or --parquet")
    for finding in told:
        print(f"warning: {finding}", file=sys.stderr)
    return wanted if files else ()


def write_files(
    case_model: Any,
    settings: Any,
    html: Path | None,
    excel: Path | None,
    parquet: Path | None,
    studies: tuple[Study[Any], ...],
    executor: Any,
    solution: Any,
) -> None:
    """Run the studies once and write every file that was asked for; each is told on stderr."""
    from optimizer.studies.bundle import run_studies

    def told(name: str) -> None:
        print(f"study: {name}", file=sys.stderr)

    found = run_studies(studies, case_model, solution, settings, told, executor)
    if html is not None:
        write_page(html, case_model, solution, **found)
    if excel is not None:
        write_book(excel, solution, **found)
    if parquet is not None:
        from optimizer.report.tables import write_tables

        write_tables(parquet, solution, kind="parquet", **found)
    for path in (excel, parquet):
        if path is not None:
            print(f"saved to {path}", file=sys.stderr)


def write_page(path: Path, case_model: Any, solution: Any, **results: Any) -> None:
    """Write the page of an answer; it is told on stderr. Raises InputError where the packages for it are not there."""
    write = page_writer()
    from optimizer.answer.path import PathSolution
    from optimizer.report.path_html import write_path_report

    if isinstance(solution, PathSolution):
        write_path_report(path, solution, **results)
    else:
        write(path, case_model, solution, **results)
    print(f"saved to {path}", file=sys.stderr)


def write_book(path: Path, solution: Any, **results: Any) -> None:
    """Write the workbook of an answer; that of a path holds no studies."""
    from optimizer.answer.path import PathSolution

    if isinstance(solution, PathSolution):
        from optimizer.report.path_excel import write_path_workbook

        write_path_workbook(path, solution)
    else:
        from optimizer.report.excel import write_workbook

        write_workbook(path, solution, **results)


def page_writer() -> Callable[..., Any]:
    """What writes the page of an answer. Raises InputError where the packages for it are not installed."""
    try:
        from optimizer.page.write import write_answer
        from optimizer.report import html as _  # noqa: F401
    except ModuleNotFoundError as error:
        cure = "pip install 'pricing-strategy-optimizer[report]'"
        raise bad_argument("--html", f"the report needs the package {error.name}", cure) from None
    return write_answer
