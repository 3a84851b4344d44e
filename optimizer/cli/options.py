"""Options that the commands share, and how they are read."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any

import typer

from optimizer.errors import Finding, InputError, bad_argument
from optimizer.execution.arguments import checked_gap, checked_seconds

OK, INFEASIBLE, BAD_INPUT, TROUBLE, INTERRUPTED = 0, 1, 2, 3, 130


def named(option: str) -> Callable[[str | Path], Path]:
    """A reader of paths that refuses an empty one, which would be the working directory."""

    def read(value: str | Path) -> Path:
        if not os.fspath(value).strip():
            raise bad_argument(option, "the name is empty", "write a name; a shell variable that is not set is empty")
        return Path(value)

    return read


CaseArgument = Annotated[str, typer.Argument(metavar="CASE", help="A shipped case's name, or the path of a case file.")]
SetOption = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="PATH=VALUE",
        help="Change a number of the market: plans.plus.price=25, =x0.5 or =+5; "
        "recalibrate:PATH=25 for another belief about today.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document and nothing else.")]
OutOption = Annotated[
    Path | None,
    typer.Option("--out", metavar="DIR", parser=named("--out"), help="Save result.json and CSV tables there."),
]
GapOption = Annotated[
    float | None, typer.Option("--gap", help="Relative gap at which an answer is called optimal, 0 to 1.")
]
TimeOption = Annotated[
    float | None,
    typer.Option("--time-limit", metavar="SECONDS", help="Wall time after which the best menu so far is shown."),
]
ClusterOption = Annotated[
    str | None,
    typer.Option("--cluster", metavar="ADDRESS", help="Solve on the workers of a Dask scheduler: tcp://HOST:8786."),
]
ScreenOption = Annotated[
    bool, typer.Option("--screen/--no-screen", help="Screen first, or hand the whole program to HiGHS.")
]


ChecksOption = Annotated[
    str | None,
    typer.Option(
        "--checks",
        metavar="all|usual|none",
        help="Checks of the answer: what is quick (usual), or all; all where files are written.",
    ),
]
NoChecksOption = Annotated[bool, typer.Option("--no-checks", help="The same as --checks none.")]


def read_checks(word: str | None, none: bool, files: bool) -> str:
    """Which checks are asked for: all, usual or none. Raises InputError."""
    if word not in (None, "all", "usual", "none"):
        raise bad_argument("--checks", f"no set of checks is named {word!r}", "any of all, usual, none")
    if none and word not in (None, "none"):
        raise bad_argument("--no-checks", f"it contradicts --checks {word}", "keep one of the two")
    return "none" if none else word or ("all" if files else "usual")


def read_changes(sets: list[str] | None) -> dict[str, Any]:
    from optimizer.inputs.changes import parse_change

    changes: dict[str, Any] = {}
    findings: list[Finding] = []
    for text in sets or []:
        try:
            path, change = parse_change(text)
        except InputError as error:
            findings += error.findings
            continue
        if path in changes:
            findings += bad_argument("--set", f"{path!r} is changed twice", "keep one of the two").findings
        changes[path] = change
    if findings:
        raise InputError(findings)
    return changes


def read_limit(seconds: float | None) -> float | None:
    return checked_seconds(seconds, "--time-limit")


def read_gap(gap: float | None) -> float | None:
    return None if gap is None else checked_gap(gap, "--gap")


def read_folder(out: Path | None) -> Path | None:
    """A folder that can be saved to, found out before the work is done."""
    if out is not None:
        there = next((p for p in (out, *out.absolute().parents) if os.path.lexists(p)), out)
        if not there.is_dir():
            raise bad_argument("--out", f"{there} is a file, not a folder", "name another folder")
        if not os.access(there, os.W_OK | os.X_OK):
            raise bad_argument("--out", f"nothing may be written to {there}", "name another folder")
    return out


@contextmanager
def executor_at(cluster: str | None) -> Iterator[Any]:
    """The executor of a cluster, left again afterwards; None where none is named. Raises InputError."""
    if cluster is None:
        yield None
        return
    from optimizer.execution.choice import make_executor

    with make_executor(cluster=cluster) as made:
        yield made


def console() -> Any:
    from rich.console import Console

    class Page(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError

    # a pipe or a file gets room for whole lines
    return Page(width=None if sys.stdout.isatty() else 200, markup=False, emoji=False)
