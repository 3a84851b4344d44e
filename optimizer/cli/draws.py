"""The command that draws the uncertain numbers of a case's market: draws."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from optimizer.cli.interrupts import print_document, stoppable
from optimizer.cli.options import (
    INTERRUPTED,
    CaseArgument,
    ClusterOption,
    JsonOption,
    SetOption,
    console,
    executor_at,
    named,
    read_changes,
)
from optimizer.errors import bad_argument

OutFile = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", parser=named("--out"), help="Write the draws: .json or .csv."),
]


def draws(
    case: CaseArgument,
    count: Annotated[int, typer.Option("--draws", min=1, help="How many accepted draws.")] = 100,
    seed: Annotated[int, typer.Option("--seed", min=0, help="One seed gives one file.")] = 1,
    sets: SetOption = None,
    json: JsonOption = False,
    out: OutFile = None,
    cluster: ClusterOption = None,
) -> None:
    """Draw every uncertain number of the market, recalibrated; what is refused is told with the reason."""
    from optimizer.cli.studies import progress_bar
    from optimizer.io.plain import dumps
    from optimizer.model.case_model import prepare_case
    from optimizer.uncertainty.drawing import market_draws
    from optimizer.uncertainty.draws_file import draws_document, draws_text

    _check_out(out)
    m = prepare_case(case, sets=read_changes(sets))
    with executor_at(cluster) as executor, stoppable() as cancelled, progress_bar("draws") as show:
        found = market_draws(m, count, seed, executor, cancelled, lambda done: show(done, count))
        stopped = cancelled()
    if out is not None:
        from optimizer.io.saving import write_atomic

        write_atomic(out, draws_text(found, out.name))
        print(f"saved to {out}", file=sys.stderr)
    if json:
        document = draws_document(found)
        print_document(dumps({**document, "status": "interrupted" if stopped else "ok"}))
    else:
        _show(found)
    if stopped:
        raise typer.Exit(INTERRUPTED)


def _check_out(out: Path | None) -> None:
    if out is not None and (out.is_dir() or not out.absolute().parent.is_dir()):
        raise bad_argument("--out", f"{out} is no file in a folder that is there", "name a file, e.g. draws.json")


def _show(found: Any) -> None:
    from collections import Counter

    out = console()
    told = f"{found.count} draws of {len(found.paths)} numbers, of {found.tried} points tried (seed {found.seed})"
    out.print(told, highlight=False, markup=False)
    for reason, count in found.refused.items():
        out.print(f"  refused {count}: {reason}", highlight=False, markup=False)
    for path, count in found.raised.items():
        why = "drawn above what the other numbers allow at least: fewer come than would leave"
        out.print(f"  in {count}: {path} {why}", highlight=False, markup=False)
    for reason, count in Counter(r for reasons in found.missed for r in reasons).most_common():
        out.print(f"  weighed down {count}: {reason} misses the evidence", highlight=False, markup=False)
    out.print(f"  by their weights they are worth {found.effective:.3g} draws", highlight=False, markup=False)


def register(app: typer.Typer) -> None:
    """Add this command to the command line."""
    app.command()(draws)
