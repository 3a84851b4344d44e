"""Reports and workbooks of an answer."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from optimizer.cli.options import named
from optimizer.errors import bad_argument

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
WithOption = Annotated[
    str | None,
    typer.Option(
        "--with",
        metavar="STUDIES",
        help="Studies in the report: explanation,frontier,scenarios,tornado or none; by default all but the tornado.",
    ),
]


def write_files(
    case_model: Any,
    solution: Any,
    settings: Any,
    html: Path | None,
    excel: Path | None,
    parquet: Path | None,
    studies: str | None,
) -> None:
    """Run the studies once and write every file that was asked for; each is told on stderr."""
    from optimizer.studies.bundle import read_studies, study

    wanted = read_studies(studies)
    found = study(
        case_model, solution, wanted, settings, progress=lambda name: print(f"study: {name}", file=sys.stderr)
    )
    parts: dict[str, Any] = {
        "frontier": found.frontier,
        "comparison": found.comparison,
        "tornado": found.tornado,
        "explanation": found.explanation,
    }
    if html is not None:
        try:
            from optimizer.report.html import write_report
        except ModuleNotFoundError as error:
            cure = "pip install 'pricing-strategy-optimizer[report]'"
            raise bad_argument("--html", f"the report needs the package {error.name}", cure) from None
        write_report(html, solution, **parts)
    if excel is not None:
        from optimizer.report.excel import write_workbook

        write_workbook(excel, solution, **parts)
    if parquet is not None:
        from optimizer.report.tables import write_tables

        write_tables(parquet, solution, **parts, kind="parquet")
    for path in (html, excel, parquet):
        if path is not None:
            print(f"saved to {path}", file=sys.stderr)
