"""The study commands: each is made of what its study declares."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Annotated, Any

import typer

from optimizer.cli.files import HtmlOption, page_writer, write_page
from optimizer.cli.interrupts import began, print_document, stoppable
from optimizer.cli.options import (
    INTERRUPTED,
    CaseArgument,
    ClusterOption,
    GapOption,
    JsonOption,
    OutOption,
    SetOption,
    TimeOption,
    console,
    executor_at,
    named,
    read_changes,
    read_folder,
    read_gap,
    read_limit,
)
from optimizer.studies.study import Option, Study, studies

CasesArgument = Annotated[
    list[str], typer.Argument(metavar="CASE...", help="One case that names scenarios, or several cases.")
]
Parameters = dict[str, tuple[Any, Any]]
"""Name -> annotation and default."""
COMMON: Parameters = {
    "sets": (SetOption, None),
    "json": (JsonOption, False),
    "out": (OutOption, None),
    "gap": (GapOption, None),
}


def register(app: typer.Typer) -> None:
    """Add the study commands to the command line."""
    for study in studies():
        app.command(study.verb, help=study.help)(_command(study))


def _command(study: Study[Any]) -> Callable[..., None]:
    """A function whose parameters are those of the study, as typer wants it."""

    def command(**given: Any) -> None:
        _run(study, given)

    parameters = _parameters(study)
    kind = inspect.Parameter.KEYWORD_ONLY
    command.__annotations__ = {name: annotation for name, (annotation, _) in parameters.items()}
    made = [
        inspect.Parameter(name, kind, default=default, annotation=annotation)
        for name, (annotation, default) in parameters.items()
    ]
    command.__signature__ = inspect.Signature(made)  # type: ignore[attr-defined]
    return command


def _parameters(study: Study[Any]) -> Parameters:
    cases = {"cases": (CasesArgument, ...)} if study.several else {"case": (CaseArgument, ...)}
    own = {o.name: (_annotation(o), o.default) for o in study.options}
    found: Parameters = {**cases, **own, **COMMON, **_more(study)}
    return {name: (kind, inspect.Parameter.empty if d is ... else d) for name, (kind, d) in found.items()}


def _more(study: Study[Any]) -> Parameters:
    """What not all studies have."""
    limit: Parameters = {"time_limit": (TimeOption, None)} if study.limited else {}
    cluster: Parameters = {"cluster": (ClusterOption, None)} if study.spread else {}
    html: Parameters = {"html": (HtmlOption, None)} if study.paged else {}
    return {**limit, **cluster, **html}


def _annotation(o: Option) -> Any:
    """An option as typer knows it."""
    kind: Any = list[o.kind] if o.many else o.kind  # type: ignore[name-defined]
    more: dict[str, Any] = {"metavar": o.metavar} if o.metavar else {}
    more |= {"min": o.least} if o.least is not None else {}
    more |= {"max": o.most} if o.most is not None else {}
    more |= {"parser": named(o.flag)} if o.kind is Path else {}
    return Annotated[kind if o.default is not None else kind | None, typer.Option(o.flag, help=o.help, **more)]


def _run(study: Study[Any], given: dict[str, Any]) -> None:
    """Run a study of one case or several, and show and save what it found."""
    from dataclasses import replace

    from optimizer.errors import bad_argument
    from optimizer.execution.clock import limited
    from optimizer.studies.study import Setup

    gap, limit, out = read_gap(given["gap"]), read_limit(given.get("time_limit")), read_folder(given["out"])
    options, cluster = {o.name: given[o.name] for o in study.options}, given.get("cluster")
    with limited(limit, began()) if study.limited else nullcontext():
        first, *others = _case_models(given["cases"] if study.several else [given["case"]], given["sets"])
        setup = Setup(first, _settings(first, gap), options, others=tuple(others))
        study.check(setup)
        page = given.get("html")
        if page is not None:
            page_writer()  # what cannot be written is told before the work is done
        if cluster is not None and not study.spreads(setup):
            raise bad_argument("--cluster", "a single frontier is solved step by step", "add --family, or leave it out")
        with (
            executor_at(cluster) as executor,
            _listened(study, replace(setup, executor=executor), out, gap) as (heard, stopped),
        ):
            result = study.run(heard)
            ended = stopped()
        if page is not None:
            write_page(page, setup.case_model, study.answer(setup, result), **{study.word: result})
    _put_out(study, result, given["json"], out)
    if ended:
        raise typer.Exit(INTERRUPTED)


def _case_models(cases: list[str], sets: list[str] | None) -> list[Any]:
    from optimizer.model.case_model import prepare_case

    changes = read_changes(sets)
    return [prepare_case(case, sets=changes) for case in cases]


def _settings(case_model: Any, gap: float | None) -> Any:
    """How far to search, and until when where a time limit is in force."""
    from optimizer.execution import clock
    from optimizer.optimise.outcome import Settings

    return Settings(gap=case_model.inputs.case.options.gap if gap is None else gap, deadline=clock.deadline())


@contextmanager
def _listened(
    study: Study[Any], setup: Any, out: Path | None, gap: float | None
) -> Iterator[tuple[Any, Callable[[], bool]]]:
    """The setup with a progress bar, Ctrl-C where the study can stop, and steps in a file where it resumes."""
    from dataclasses import replace

    from optimizer.studies.resume import Steps

    interrupts = stoppable() if study.stoppable else nullcontext(lambda: False)
    with interrupts as cancelled, progress_bar(study.word) as show:
        heard = replace(setup, progress=show, cancelled=cancelled)
        if study.resumes and out is not None:
            tag = {o.flag.removeprefix("--"): setup.options[o.name] for o in study.options} | {"gap": gap}
            steps = Steps(out / f"{study.verb}-steps.json", setup.case_model.inputs.hash, tag)
            heard = replace(heard, known=steps.read(), keep=steps.keep)
        yield heard, cancelled


@contextmanager
def progress_bar(what: str) -> Iterator[Callable[[int, int | None], None]]:
    """A bar on stderr where that is a terminal; silent elsewhere."""
    if not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(what, total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _put_out(study: Study[Any], result: Any, as_json: bool, out: Path | None) -> None:
    """Print a study and, with ``out``, save it and its tables as one set."""
    from optimizer.io.plain import dumps

    text = dumps(study.document(result))
    if out is not None:
        from optimizer.io.saving import write_folder_atomic

        write_folder_atomic(out, {**study.files(result), f"{study.saved_as(result)}.json": text})
    if as_json:
        print_document(text)
        return
    from optimizer.report.pages import page

    console().print(page(study.sections(result), result.seconds), highlight=False)
