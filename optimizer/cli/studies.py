"""The study commands: frontier, compare, explain, sensitivity."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from optimizer.cli.interrupts import began, print_document, stoppable
from optimizer.cli.options import (
    INTERRUPTED,
    CaseArgument,
    GapOption,
    JsonOption,
    OutOption,
    SetOption,
    TimeOption,
    console,
    named,
    read_changes,
    read_limit,
)
from optimizer.errors import bad_argument

STATE = "frontier-steps.json"


@contextmanager
def progress_bar(what: str, total: int | None) -> Iterator[Callable[[int], None]]:
    """A bar on stderr where that is a terminal; silent elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)


def _put_out(
    document: dict[str, Any], page: Any, as_json: bool, out: Path | None, name: str, tables: Mapping[str, str] = {}
) -> None:
    """Print a study and, with ``out``, save it and its tables as one set."""
    from optimizer.io.plain import dumps

    text = dumps(document)
    if out is not None:
        from optimizer.io.saving import write_folder_atomic

        write_folder_atomic(out, {**tables, name: text})
    if as_json:
        print_document(text)
    else:
        console().print(page, highlight=False)


def frontier(
    case: CaseArgument,
    x: Annotated[
        str, typer.Option("--x", metavar="FIGURE", help="Horizontal figure; -FIGURE asks for less of it.")
    ] = "market_share",
    y: Annotated[str, typer.Option("--y", metavar="FIGURE", help="Vertical figure.")] = "contribution_margin",
    points: Annotated[int, typer.Option("--points", min=2, max=1000, help="How many solves to spend.")] = 21,
    even: Annotated[bool, typer.Option("--even", help="Even steps instead of the widest gaps.")] = False,
    everything: Annotated[bool, typer.Option("--all", help="All efficient menus.")] = False,
    family: Annotated[
        str | None, typer.Option("--family", metavar="PATH=V1,V2,...", help="A frontier for each value of a number.")
    ] = None,
    sets: SetOption = None,
    json: JsonOption = False,
    out: OutOption = None,
    gap: GapOption = None,
    time_limit: TimeOption = None,
) -> None:
    """The trade-off between two figures, every point proven; with --out a stopped study goes on where it was."""
    from optimizer.report.studies import frontier_document, frontier_page

    if family is not None:
        _family(case, x, y, points, family, sets, json, out)
        return
    from optimizer.execution.clock import limited
    from optimizer.studies.frontier import frontier_case, load_steps, save_steps

    changes = read_changes(sets)
    tag = {"x": x, "y": y, "points": points, "even": even, "all": everything, "gap": gap}
    known = load_steps(out / STATE, case, changes, tag) if out is not None else ()
    done = list(known)
    limit = limited(read_limit(time_limit), began())
    with limit, stoppable() as cancelled, progress_bar("frontier", None if everything else points) as show:

        def told(step: Any, count: int) -> None:
            done.append(step)
            show(count)
            if out is not None:
                save_steps(out / STATE, case, changes, tag, done)

        found = frontier_case(
            case,
            x,
            y,
            points=points,
            even=even,
            everything=everything,
            sets=changes,
            gap=gap,
            time_limit=time_limit,
            cancelled=cancelled,
            progress=told,
            known=known,
        )
        stopped = cancelled()
    tables = {} if out is None else {"frontier.csv": found.to_frame().to_csv(index=False)}
    _put_out(frontier_document(found), frontier_page(found), json, out, "frontier.json", tables)
    if stopped:
        raise typer.Exit(INTERRUPTED)


def _family(
    case: str, x: str, y: str, points: int, family: str, sets: list[str] | None, json: bool, out: Path | None
) -> None:
    from rich.console import Group

    from optimizer.inputs.changes import as_change
    from optimizer.model.case_model import prepare_case, with_changes
    from optimizer.optimise.outcome import Settings
    from optimizer.report.studies import frontier_document, frontier_page
    from optimizer.studies.frontier import family as frontiers

    path, sign, values = family.partition("=")
    if not sign or not values:
        raise bad_argument(
            "--family", f"cannot read {family!r}", "write PATH=V1,V2,... e.g. pools.main.price=1.7,2.5,3.5"
        )
    case_model = prepare_case(case, sets=read_changes(sets))
    case_models = {f"{path} = {v}": with_changes(case_model, {path: as_change(path, v)}) for v in values.split(",")}
    found = frontiers(case_models, x, y, Settings(gap=case_model.inputs.case.options.gap), points)
    document = {"schema_version": 1, "case": case_model.inputs.name, "family": [frontier_document(f) for f in found]}
    _put_out(document, Group(*(frontier_page(f) for f in found)), json, out, "frontiers.json")


def compare(
    cases: Annotated[
        list[str], typer.Argument(metavar="CASE...", help="One case that names scenarios, or several cases.")
    ],
    scenarios: Annotated[
        Path | None,
        typer.Option(
            "--scenarios",
            metavar="FILE",
            parser=named("--scenarios"),
            help="YAML file with scenarios: (and grid:) for one case.",
        ),
    ] = None,
    sets: SetOption = None,
    json: JsonOption = False,
    out: OutOption = None,
    gap: GapOption = None,
) -> None:
    """Each scenario's best menu in every other scenario: values, regret, the menu to regret least."""
    from optimizer.report.studies import comparison_document, comparison_page
    from optimizer.studies.compare import compare_case, compare_cases, read_scenarios

    changes = read_changes(sets)
    with progress_bar("scenarios", None) as show:

        def told(_name: str, count: int, _total: int) -> None:
            show(count)

        if len(cases) > 1:
            found = compare_cases(cases, sets=changes, gap=gap, progress=told)
        else:
            given = None if scenarios is None else read_scenarios(scenarios)
            found = compare_case(cases[0], scenarios=given, sets=changes, gap=gap, progress=told)
    _put_out(comparison_document(found), comparison_page(found), json, out, "comparison.json")


def explain(
    case: CaseArgument, sets: SetOption = None, json: JsonOption = False, out: OutOption = None, gap: GapOption = None
) -> None:
    """Why this menu: price responses, what conditions cost, runners-up, who gains and loses, the free tier."""
    from optimizer.report.studies import explanation_document, explanation_page
    from optimizer.studies.explain import explain_case

    found = explain_case(case, sets=read_changes(sets), gap=gap)
    _put_out(explanation_document(found), explanation_page(found), json, out, "explanation.json")


def sensitivity(
    case: CaseArgument,
    top: Annotated[
        int, typer.Option("--top", min=0, help="How many numbers to re-optimise at their low and high.")
    ] = 12,
    paths: Annotated[
        list[str] | None, typer.Option("--path", metavar="PATH", help="Only this number; may be repeated.")
    ] = None,
    sets: SetOption = None,
    json: JsonOption = False,
    out: OutOption = None,
    gap: GapOption = None,
) -> None:
    """The tornado: the objective at each number's low and high, the menu kept and re-optimised."""
    from optimizer.report.studies import tornado_document, tornado_page
    from optimizer.studies.sensitivity import sensitivity_case

    with stoppable() as cancelled, progress_bar("numbers", None) as show:
        found = sensitivity_case(
            case,
            top=top,
            paths=paths,
            sets=read_changes(sets),
            gap=gap,
            cancelled=cancelled,
            progress=lambda done, total: show(done),
        )
    _put_out(tornado_document(found), tornado_page(found), json, out, "sensitivity.json")
    if not found.complete:
        raise typer.Exit(INTERRUPTED)


def register(app: typer.Typer) -> None:
    """Add the study commands to the command line."""
    for command in (frontier, compare, explain, sensitivity):
        app.command()(command)
