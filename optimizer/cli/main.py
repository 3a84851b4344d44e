"""The command ``optimizer``. Data goes to stdout, everything else to stderr.

Exit codes: 0 answer; 1 proven infeasible; 2 bad input; 3 solver trouble, no answer in time, a refused
evaluation or any unexpected exception; 130 interrupted; 143 terminated.
"""

from __future__ import annotations

import contextlib
import json as json_module
import logging
import os
import re
import sys
import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from optimizer.cli import interrupts
from optimizer.cli import studies as cli_studies
from optimizer.cli.files import ExcelOption, HtmlOption, ParquetOption, WithOption, write_files
from optimizer.cli.interrupts import print_document
from optimizer.cli.options import (
    BAD_INPUT,
    INFEASIBLE,
    INTERRUPTED,
    OK,
    TROUBLE,
    CaseArgument,
    GapOption,
    JsonOption,
    OutOption,
    ScreenOption,
    SetOption,
    TimeOption,
    console,
    named,
    read_changes,
    read_folder,
    read_gap,
    read_limit,
)
from optimizer.errors import Finding, InfeasibleError, InputError, NotTrustedError, OptimizerError, bad_argument

app = typer.Typer(
    name="optimizer",
    help="Choose free-tier limits, prices and the consumer/enterprise mix, proven best.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
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


@app.command()
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
        solution = solve_case_model(case_model, settings)
    files = partial(write_files, case_model, solution, settings, html, excel, parquet, studies)
    _emit(solution, json, out, files if html or excel or parquet else None)


@app.command()
def evaluate(case: CaseArgument, sets: SetOption = None, json: JsonOption = False, out: OutOption = None) -> None:
    """Today's menu with changes, nothing optimised: this menu, what then?"""
    from optimizer.answer.run import evaluate_case

    out = read_folder(out)
    _emit(evaluate_case(case, sets=read_changes(sets)), json, out)


@app.command()
def check(case: CaseArgument, sets: SetOption = None, json: JsonOption = False) -> None:
    """Check a case and its market, with the credibility checks, without solving."""
    from optimizer.io.plain import dumps
    from optimizer.model.case_model import check_case, credibility_rows
    from optimizer.report.text import findings_text

    findings = check_case(case, sets=read_changes(sets))
    errors = [f for f in findings if f.severity == "error"]
    rows = [] if errors else credibility_rows(case, sets=read_changes(sets))
    if json:
        body = {
            "schema_version": 1,
            "status": "bad_input" if errors else "ok",
            "verdict": None,
            "exit_code": BAD_INPUT if errors else OK,
            "message": "\n".join(str(f) for f in errors),
            "findings": [f.document() for f in findings],
            "credibility": rows,
        }
        print_document(dumps(body))
    else:
        for row in rows:
            mark = "ok  " if row["passed"] else "MISS"
            told = f"{row['value']:.4g} (expected {row['low']:.4g} to {row['high']:.4g})"
            print(f"{mark} {row['check']} of {row['of']}: {told}")
        print(findings_text(findings) if findings else "no findings")
    if errors:
        raise typer.Exit(BAD_INPUT)


@app.command("list")
def list_command(json: JsonOption = False) -> None:
    """The shipped cases and markets."""
    from optimizer.io.library import case_document, list_cases, list_markets

    rows = []
    for name in list_cases():
        data = case_document(name).data
        rows.append(
            {"case": name, "market": data.get("market"), "title": data.get("title"), "question": data.get("question")}
        )
    if json:
        from optimizer.io.plain import dumps

        print_document(dumps({"cases": rows, "markets": list_markets()}))
        return
    for row in rows:
        print(f"{row['case']:34} {row['title']}")
    print(f"\nmarkets: {', '.join(list_markets())}")


@app.command()
def copy(
    name: Annotated[str, typer.Argument(metavar="NAME", help="A shipped case.")],
    folder: Annotated[
        Path, typer.Argument(metavar="DIR", parser=named("DIR"), help="Where to put cases/ and models/.")
    ],
    json: JsonOption = False,
) -> None:
    """Copy a case with its market, to make your own."""
    from optimizer.io.library import copy_case
    from optimizer.io.workbook import is_workbook, write_case_workbook

    if is_workbook(folder):
        from optimizer.inputs.load import load_case

        target = folder if folder.suffix.lower() == ".xlsx" else folder.with_suffix(".xlsx")
        if os.path.lexists(target):
            raise bad_argument("dir", f"{target} exists already", "name another file, or remove it first")
        inputs = load_case(name)
        write_case_workbook(target, inputs.case_document, inputs.market_document)
    else:
        target = copy_case(name, folder)
    if json:
        print_document(json_module.dumps({"case": str(target)}) + "\n")
    else:
        print(target)


@app.command()
def schema(
    what: Annotated[str, typer.Argument(metavar="[case|market|figures]")] = "",
    json: Annotated[bool, typer.Option("--json", help="Changes nothing: the schema is JSON.")] = False,
) -> None:
    """The data dictionary: case and market as JSON Schema, and what every figure is."""
    from optimizer.report.figures import figure_rows
    from optimizer.schema.case import Case
    from optimizer.schema.market import Market

    known: dict[str, Callable[[], dict[str, Any]]] = {
        "case": Case.model_json_schema,
        "market": Market.model_json_schema,
        "figures": figure_rows,
    }
    if what and what not in known:
        raise bad_argument("schema", f"no schema is named {what!r}", "case, market or figures")
    body = {name: made() for name, made in known.items() if what in ("", name)}
    print_document(json_module.dumps(body[what] if what else body, indent=2) + "\n")


@app.command()
def equations(json: JsonOption = False) -> None:
    """Every equation of the model: formula, index, unit, source."""
    from optimizer.report.equations import equation_rows, equations_text

    rows = equation_rows()
    if json:
        from optimizer.io.plain import dumps

        print_document(dumps({"equations": rows}))
    else:
        sys.stdout.write(equations_text(rows))


@app.command()
def verify(
    folder: Annotated[Path, typer.Argument(metavar="DIR", parser=named("DIR"), help="A folder that --out made.")],
    json: JsonOption = False,
) -> None:
    """Recompute a saved result from its inputs, without a solver."""
    from optimizer.answer.verify import verify_folder
    from optimizer.io.plain import dumps

    report = verify_folder(folder)
    if json:
        print_document(dumps(report))
    else:
        for row in report["checks"]:
            print(f"{'ok  ' if row['passed'] else 'FAIL'} {row['what']}: {row['detail']}")
    if not report["passed"]:
        raise typer.Exit(TROUBLE)


cli_studies.register(app)


def _version(value: bool) -> None:
    if value:
        from optimizer.versions import package_version

        print(package_version())
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Choose free-tier limits, prices and the consumer/enterprise mix, proven best."""


def _fail(as_json: bool, status: str, code: int, message: str, **more: Any) -> int:
    """One JSON object on stdout, or a message on stderr where the one object is out already."""
    if as_json and not interrupts.printed():
        from optimizer.io.plain import dumps

        body = {"schema_version": 1, "status": status, "verdict": more.pop("verdict", None), "exit_code": code}
        print_document(dumps({**body, "message": message, **more}))
    else:
        from optimizer.report.words import printable

        print(printable(message), file=sys.stderr)
    return code


def _usage(as_json: bool, error: Any) -> int:
    """A command line that cannot be read."""

    format_message = getattr(error, "format_message", None)
    message = str(format_message() if format_message else error).strip()
    message = message.replace("Input should be a valid number, unable to parse string as a number", "must be a number")
    if type(error).__name__ == "NoArgsIsHelpError":
        return _fail(as_json, "bad_input", BAD_INPUT, message)
    path = getattr(getattr(error, "ctx", None), "command_path", None) or "optimizer"
    parameter = getattr(error, "param", None)
    field = getattr(error, "option_name", None) or (parameter.opts[0] if parameter is not None else "")
    field = field or next((word for word in re.findall(r"'(-[^']*)'", message)), "")
    finding = Finding("usage", "error", "", None, str(field), message, f"see {path} --help")
    shown = f"{message} ({finding.cure})"
    return _fail(as_json, "bad_input", BAD_INPUT, shown, findings=[finding.document()])


def _guarded(arguments: list[str] | None, as_json: bool) -> int:

    try:
        result = app(args=arguments, standalone_mode=False, prog_name="optimizer")
        if result == INTERRUPTED:  # what typer makes of Ctrl-C, or a study that was stopped and told what it has
            return _fail(as_json, "interrupted", INTERRUPTED, "interrupted")
        return result if isinstance(result, int) else OK
    except SystemExit:  # what typer makes of a reader that is gone
        raise BrokenPipeError from None
    except InfeasibleError as error:
        return _fail(
            as_json,
            "infeasible",
            INFEASIBLE,
            str(error),
            diagnosis=error.diagnosis.document() if error.diagnosis else None,
        )
    except InputError as error:
        return _fail(as_json, "bad_input", BAD_INPUT, str(error), findings=[f.document() for f in error.findings])
    except typer.Exit as error:
        return int(error.exit_code)
    except (typer.Abort, KeyboardInterrupt):
        return _fail(as_json, "interrupted", INTERRUPTED, "interrupted")
    except typer.TyperException as error:
        return _usage(as_json, error)
    except NotTrustedError as error:
        return _fail(as_json, "error", TROUBLE, f"not trusted: {error}", verdict="not_trusted")
    except OptimizerError as error:
        return _fail(as_json, "no_answer", TROUBLE, str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        named = f"{error.filename}: " if error.filename else ""
        return _fail(as_json, "error", TROUBLE, f"{named}{error.strerror or error}")
    except Exception as error:
        return _fail(as_json, "error", TROUBLE, f"unexpected {type(error).__name__}: {error}")


def _mute() -> None:
    """Send what is still to be printed nowhere: the reader is gone, or there is no room."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def main(arguments: list[str] | None = None) -> int:
    """Run the command; the exit code. Never a traceback."""
    if arguments is None and not interrupts.running():
        return interrupts.run(main)
    interrupts.begin()
    given = sys.argv[1:] if arguments is None else arguments
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
    if arguments is None:
        logging.disable(logging.CRITICAL)  # pyomo logs to stdout
        if not sys.warnoptions:
            warnings.simplefilter("ignore")  # what is worth telling is a finding
    try:
        code = _guarded(arguments, "--json" in given)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        _mute()
        return OK
    except OSError as error:
        _mute()
        with contextlib.suppress(OSError):
            print(f"cannot print the answer: {error.strerror or error}", file=sys.stderr)
        return TROUBLE
    except KeyboardInterrupt:
        _mute()
        return INTERRUPTED
