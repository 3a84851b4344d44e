"""The command that writes the live page of a case."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from optimizer.cli.options import CaseArgument, SetOption, named, read_changes
from optimizer.errors import bad_argument

FileArgument = Annotated[
    Path, typer.Argument(metavar="FILE", parser=named("FILE"), help="Where to write it, e.g. page.html.")
]
SolveOption = Annotated[bool, typer.Option("--solve", help="Solve the case too, and put its proven menu on the page.")]


def page(case: CaseArgument, file: FileArgument, sets: SetOption = None, solve: SolveOption = False) -> None:
    """Write the live page of a case: one file in which every price, cap and split can be dragged, without a server."""
    from optimizer.model.case_model import prepare_case

    try:
        from optimizer.page.write import write_page
    except ModuleNotFoundError as error:
        cure = "pip install 'pricing-strategy-optimizer[report]'"
        raise bad_argument("page", f"the page needs the package {error.name}", cure) from None
    case_model = prepare_case(case, sets=read_changes(sets))
    best = None
    if solve:
        import time

        from optimizer.answer.run import settings_of, solve_case_model

        best = solve_case_model(case_model, settings_of(case_model, time.monotonic()))
    print(f"saved to {write_page(file, case_model, best)}")


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(page)
